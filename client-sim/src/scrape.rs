//! The server's own figures, from its `/metrics`.
//!
//! Owns one small HTTP request and what two answers to it say together. Asks in
//! HTTP/1.0, so that the answer comes in one piece and the connection ends with
//! it. Called by the swarm at both ends of the measured window, and once a second
//! between them for the memory alone.

use crate::prometheus::{Histogram, Page};
use crate::target::Target;
use anyhow::Context;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// How long a reading may take: a server under load answers late.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The largest page that is read.
const PAGE_LIMIT: u64 = 4 << 20;

/// The server's resident memory.
pub(crate) const MEMORY: &str = "process_resident_memory_bytes";
/// How long ticks take.
const TICK: &str = "downbeat_tick_seconds";
/// The phases of a tick, in their order.
const PHASES: [&str; 7] = [
    "drain", "journal", "step", "view", "encode", "send", "watch",
];
/// From one look at it to the next.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at the server's memory once a second, and keeps the most there was, until
/// it is dropped. A reading that fails is left out: the others count.
pub(crate) async fn watch_memory(target: &Target, address: SocketAddr, most: &mut Option<f64>) {
    let mut looks = interval_at(Instant::now() + LOOK, LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let now = read(target, address).await.ok();
        let bytes = now.and_then(|page| page.value(MEMORY));
        *most = [*most, bytes].into_iter().flatten().reduce(f64::max);
    }
}

/// One reading of the server's metrics.
///
/// # Errors
/// If the server does not answer in time, or not with a page.
pub(crate) async fn read(target: &Target, address: SocketAddr) -> anyhow::Result<Page> {
    timeout(TIMEOUT, fetch(target, address))
        .await
        .context("no answer in time")?
}

async fn fetch(target: &Target, address: SocketAddr) -> anyhow::Result<Page> {
    let mut stream = target.open(address, None).await?;
    let request = format!(
        "GET /metrics HTTP/1.0\r\nHost: {}\r\nAccept: text/plain\r\n\r\n",
        target.authority()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(PAGE_LIMIT).read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no http answer")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    anyhow::ensure!(status == "200", "answered with {status}");
    Ok(Page::parse(body))
}

/// What the server did between two readings.
#[derive(Clone, Debug)]
pub(crate) struct ServerDelta {
    pub(crate) cpu_s: Option<f64>,
    pub(crate) snapshots: Option<f64>,
    pub(crate) snapshots_skipped: Option<f64>,
    pub(crate) ticks: Option<f64>,
    pub(crate) ticks_skipped: Option<f64>,
    /// Resident memory at the end, not between.
    pub(crate) rss_bytes: Option<f64>,
    /// The same at the start.
    pub(crate) rss_start: Option<f64>,
    /// In seconds.
    pub(crate) tick: Histogram,
    /// The same by phase, in the tick's order.
    pub(crate) phases: Vec<(String, Histogram)>,
    /// In seconds.
    pub(crate) lateness: Histogram,
}

impl ServerDelta {
    pub(crate) fn between(start: &Page, end: &Page) -> Self {
        let counted = |name: &str| Some(end.value(name)? - start.value(name)?);
        let histogram = |name: &str, label: &str| {
            let before = start.histogram(name, label);
            end.histogram(name, label).since(&before)
        };
        let phases = PHASES.iter().map(|phase| {
            let label = format!("phase=\"{phase}\"");
            ((*phase).to_owned(), histogram(TICK, &label))
        });
        Self {
            phases: phases.filter(|(_, times)| times.mean().is_some()).collect(),
            cpu_s: counted("process_cpu_seconds_total"),
            snapshots: counted("downbeat_snapshots_total"),
            snapshots_skipped: counted("downbeat_snapshots_skipped_total"),
            ticks: counted("downbeat_ticks_total"),
            ticks_skipped: counted("downbeat_ticks_skipped_total"),
            rss_bytes: end.value(MEMORY),
            rss_start: start.value(MEMORY),
            tick: histogram(TICK, "phase=\"total\""),
            lateness: histogram("downbeat_tick_lateness_seconds", ""),
        }
    }
}
