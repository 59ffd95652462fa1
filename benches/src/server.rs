//! A server under test: its process, and what can be read of it from outside.
//!
//! Starts downbeat or the floor as a process of its own on a free port and ends it
//! when dropped. Owns the reading of CPU time by thread, of memory, and of
//! downbeat's `/metrics`.

use crate::prometheus::{Histogram, Page};
use anyhow::{Context, Result, ensure};
use procfs::process::Process;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long an answer to a request for the metrics may take.
const ANSWER: Duration = Duration::from_secs(10);

/// See the module's doc.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts downbeat with these arguments.
    ///
    /// # Errors
    /// If it does not start, or ends before it listens.
    pub(crate) fn downbeat(arguments: &[String]) -> Result<Self> {
        let mut command = Command::new(beside_me("downbeat")?);
        command.args(["--bind", "127.0.0.1:0", "--seed", "1"]);
        command.args(arguments);
        Self::start(command)
    }

    /// Starts the floor: frames of `sizes` bytes, `rate` times per second.
    ///
    /// # Errors
    /// As [`Self::downbeat`].
    pub(crate) fn floor(rate: u32, sizes: &[usize]) -> Result<Self> {
        let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["floor", "--rate", &rate.to_string()]);
        command.args(["--sizes", &sizes.join(",")]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let log = child.stderr.take().context("no log")?;
        let mut lines = BufReader::new(log).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            let rest = rest.trim_start_matches("ws://");
            let end = rest.find(['/', ' ']).unwrap_or(rest.len());
            rest[..end].parse().ok()
        });
        // Whoever writes a log wants it read; there is nothing in it for us.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            // Both fail if it has ended, which is why there is no address.
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!("{program} did not begin to listen");
        };
        Ok(Self { child, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU time so far.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        let process = Process::new(self.child.id() as i32)?;
        let per_second = procfs::ticks_per_second() as f64;
        let stat = process.stat()?;
        // In the order of their starts; several may have one name.
        let mut threads = BTreeMap::new();
        for task in process.tasks()? {
            let task = task?;
            let name = format!("{} {}", task.tid, task.stat()?.comm);
            let cpu = task.schedstat()?.sum_exec_runtime as f64 / 1e9;
            threads.insert(name, cpu);
        }
        Ok(Cpu {
            user: stat.utime as f64 / per_second,
            system: stat.stime as f64 / per_second,
            threads,
        })
    }

    /// Resident memory, in bytes.
    ///
    /// # Errors
    /// If the process is gone.
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = Process::new(self.child.id() as i32)?.status()?;
        let kib = status.vmrss.context("no resident memory")?;
        Ok(kib as f64 * 1024.0)
    }

    /// Downbeat's metrics.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) fn metrics(&self) -> Result<Page> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: bench\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no http answer")?;
        ensure!(head.contains(" 200 "), "no metrics: {head}");
        Ok(Page::parse(body))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that the same build put beside this one.
fn beside_me(program: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(program))
}

/// CPU time, in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu {
    /// In the program; to a hundredth of a second, as the kernel counts it.
    pub(crate) user: f64,
    /// In the kernel, likewise.
    pub(crate) system: f64,
    /// By thread, to the nanosecond.
    pub(crate) threads: BTreeMap<String, f64>,
}

impl Cpu {
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = |name: &String| earlier.threads.get(name).copied().unwrap_or_default();
        let threads = self.threads.iter();
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
            threads: threads
                .map(|(name, cpu)| (name.clone(), cpu - before(name)))
                .collect(),
        }
    }

    /// All threads together, in seconds.
    pub(crate) fn total(&self) -> f64 {
        self.threads.values().sum()
    }
}

/// What downbeat did between two readings of its metrics.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// Ticks left out.
    pub(crate) ticks_skipped: f64,
    /// Snapshots due but not built.
    pub(crate) snapshots_skipped: f64,
    /// In milliseconds: 50th and 99th percentile of each phase, `total` at last.
    pub(crate) phases: Vec<(&'static str, [f64; 2])>,
    /// Milliseconds per tick at the mean, likewise.
    pub(crate) means: Vec<(&'static str, f64)>,
    /// In milliseconds: 50th and 99th percentile.
    pub(crate) lateness: [f64; 2],
}

/// The tick's phases as the metrics name them, and all together.
const PHASES: [&str; 8] = [
    "drain", "journal", "step", "view", "encode", "send", "watch", "total",
];

impl Served {
    pub(crate) fn between(start: &Page, end: &Page) -> Self {
        let counted = |name: &str| {
            let value = |page: &Page| page.value(name).unwrap_or_default();
            value(end) - value(start)
        };
        let histogram = |name: &str, label: &str| {
            end.histogram(name, label)
                .since(&start.histogram(name, label))
        };
        let both = |histogram: &Histogram| {
            [0.5, 0.99].map(|part| histogram.quantile(part).unwrap_or_default() * 1000.0)
        };
        let phase = |phase: &'static str| {
            let label = format!("phase=\"{phase}\"");
            (phase, both(&histogram("downbeat_tick_seconds", &label)))
        };
        let mean = |phase: &'static str| {
            let label = format!("{{phase=\"{phase}\"}}");
            let seconds = counted(&format!("downbeat_tick_seconds_sum{label}"));
            let ticks = counted(&format!("downbeat_tick_seconds_count{label}"));
            (phase, seconds * 1000.0 / ticks.max(1.0))
        };
        Self {
            ticks_skipped: counted("downbeat_ticks_skipped_total"),
            snapshots_skipped: counted("downbeat_snapshots_skipped_total"),
            phases: PHASES.map(phase).to_vec(),
            means: PHASES.map(mean).to_vec(),
            lateness: both(&histogram("downbeat_tick_lateness_seconds", "")),
        }
    }
}
