//! The process's own metrics, read from `/proc/self` at each scrape.
//!
//! Names and meanings are those every Prometheus client library uses. CPU time has
//! the resolution of the kernel's clock ticks (10 ms); the `prometheus` crate's own
//! collector would round it to seconds, too coarse for a cost per snapshot.

use procfs::WithCurrentSystemInfo;
use procfs::process::{LimitValue, Process};
use std::fmt::Write;

/// Name, type and meaning of each, in the order in which they are written.
pub const METRICS: [(&str, &str, &str); 7] = [
    (
        "process_cpu_seconds_total",
        "counter",
        "User and system CPU time spent, in seconds.",
    ),
    (
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory, in bytes.",
    ),
    (
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory, in bytes.",
    ),
    ("process_open_fds", "gauge", "Open file descriptors."),
    ("process_max_fds", "gauge", "Open file descriptors allowed."),
    (
        "process_start_time_seconds",
        "gauge",
        "Start of the process, in seconds after 1970 (UTC).",
    ),
    ("process_threads", "gauge", "Threads of the process."),
];

/// Appends them to `text`. Where `/proc` cannot be read they are left out: a scrape
/// without them is worth more than none.
pub(super) fn write(text: &mut String) {
    match read() {
        Ok(values) => {
            for ((name, kind, help), value) in METRICS.iter().zip(values) {
                let _ = writeln!(
                    text,
                    "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
                );
            }
        }
        Err(error) => tracing::debug!(%error, "process metrics unavailable"),
    }
}

/// The values, in the order of [`METRICS`].
fn read() -> procfs::ProcResult<[f64; METRICS.len()]> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let ticks = procfs::ticks_per_second() as f64;
    let max_fds = match process.limits()?.max_open_files.soft_limit {
        LimitValue::Unlimited => f64::INFINITY,
        LimitValue::Value(limit) => limit as f64,
    };
    Ok([
        (stat.utime + stat.stime) as f64 / ticks,
        stat.rss_bytes().get() as f64,
        stat.vsize as f64,
        process.fd_count()? as f64,
        max_fds,
        procfs::boot_time_secs()? as f64 + stat.starttime as f64 / ticks,
        stat.num_threads as f64,
    ])
}
