//! One measured run: a fresh server, a load, and what both say.
//!
//! A run of downbeat is followed by one of the floor that sends the same number of
//! bytes to the same number of sockets; the two make a pair, and a figure is the
//! median over pairs, so that what else the machine does meets both alike.

use crate::prometheus::Page;
use crate::server::{Cpu, Served, Server};
use anyhow::{Context, Result};
use downbeat_bench::load::{self, Marks, Plan, Seen, Target};
use std::time::Duration;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) players: usize,
    pub(crate) rooms: usize,
    /// Hz.
    pub(crate) tick_rate: u32,
    /// The side of each room's plane, in units.
    pub(crate) plane: u32,
    /// Bytes of snapshots per second and player; 0: no limit.
    pub(crate) byte_rate: u32,
    /// Whether players only acknowledge.
    pub(crate) is_idle: bool,
}

/// The server's own budget, where no other is measured.
const BYTE_RATE: u32 = 64 << 10;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    /// Pairs per figure.
    pub(crate) pairs: usize,
}

/// How often a measurement is tried.
const TRIES: u32 = 3;

/// The area that one player sees at the mean: the cells of 512 units that a
/// rectangle of 1440 × 960 units touches.
const SIGHT: f64 = (1440.0 + 512.0) * (960.0 + 512.0);

impl Case {
    /// A case at 20 Hz on a plane where everyone sees about `visible` players.
    pub(crate) fn seeing(players: usize, rooms: usize, visible: f64) -> Self {
        let area = (players / rooms) as f64 / visible * SIGHT;
        Self {
            players,
            rooms,
            tick_rate: 20,
            plane: (area.sqrt() as u32).clamp(1024, 60_000),
            byte_rate: BYTE_RATE,
            is_idle: false,
        }
    }

    /// Downbeat's arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self {
            tick_rate,
            plane,
            byte_rate,
            ..
        } = self;
        let words = format!(
            "--tick-rate {tick_rate} --game size={plane} --game drones=0 --game pickups=0 \
             --snapshot-byte-rate {byte_rate} --message-rate 1000 --log warn,downbeat=info"
        );
        words.split_whitespace().map(Into::into).collect()
    }

    fn plan(&self, server: &Server, target: Target, pace: Pace) -> Plan {
        Plan {
            address: server.address(),
            target,
            players: self.players,
            rate: self.tick_rate,
            is_idle: self.is_idle,
            warm_up: pace.warm_up,
            window: pace.window,
            seed: 1,
        }
    }
}

/// What one run gave.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) seen: Seen,
    pub(crate) cpu: Cpu,
    /// Of downbeat only.
    pub(crate) served: Option<Served>,
    /// Resident memory at the window's end less that before the first player, per
    /// player, in bytes.
    pub(crate) memory: f64,
}

impl Run {
    /// CPU µs of the server per snapshot that arrived, its input included.
    pub(crate) fn cost(&self) -> f64 {
        self.per_snapshot(self.cpu.total())
    }

    /// Seconds as µs per snapshot.
    pub(crate) fn per_snapshot(&self, seconds: f64) -> f64 {
        seconds * 1e6 / self.seen.snapshots.max(1) as f64
    }

    pub(crate) fn bytes(&self) -> f64 {
        self.seen.bytes as f64 / self.seen.snapshots.max(1) as f64
    }
}

/// A run of downbeat and one of the floor after it.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) downbeat: Run,
    pub(crate) floor: Run,
}

impl Pair {
    pub(crate) fn ratio(&self) -> f64 {
        self.downbeat.cost() / self.floor.cost()
    }
}

/// Measures the pairs of a case.
///
/// # Errors
/// If a server does not start or a player is lost.
pub(crate) fn pairs(case: &Case, pace: Pace) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for number in 1..=pace.pairs {
        let pair = patiently(|| {
            let downbeat = downbeat(case, pace)?;
            let floor = floor(case, pace, &downbeat.seen.sizes)?;
            Ok(Pair { downbeat, floor })
        })?;
        eprintln!(
            "  {} players, {} rooms, {} Hz, plane {}: pair {number}: {:.2} µs against {:.2}, {:.2} ×, {:.0} bytes",
            case.players,
            case.rooms,
            case.tick_rate,
            case.plane,
            pair.downbeat.cost(),
            pair.floor.cost(),
            pair.ratio(),
            pair.downbeat.bytes(),
        );
        pairs.push(pair);
    }
    Ok(pairs)
}

/// Tries up to three times: on a machine with other work a load may starve, and then
/// the server rightly ends its sessions as too slow.
///
/// # Errors
/// The last try's.
pub(crate) fn patiently<T>(measure: impl Fn() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match measure() {
            Ok(measured) => return Ok(measured),
            Err(error) => eprintln!("  once more: {error:#}"),
        }
    }
    measure()
}

/// Measures downbeat once.
///
/// # Errors
/// As [`pairs`].
pub(crate) fn downbeat(case: &Case, pace: Pace) -> Result<Run> {
    let server = Server::downbeat(&case.arguments())?;
    let target = Target::Downbeat { rooms: case.rooms };
    measure(&server, &case.plan(&server, target, pace))
}

fn floor(case: &Case, pace: Pace, sizes: &[usize]) -> Result<Run> {
    let server = Server::floor(case.tick_rate, sizes)?;
    measure(&server, &case.plan(&server, Target::Floor, pace))
}

fn measure(server: &Server, plan: &Plan) -> Result<Run> {
    let before = server.memory()?;
    let mut readings = Readings {
        server,
        has_metrics: plan.target != Target::Floor,
        taken: Vec::new(),
    };
    let seen = load::run(plan, &mut readings)?;
    let mut taken = readings.taken.into_iter();
    let (Some(start), Some(end)) = (taken.next(), taken.next()) else {
        anyhow::bail!("the load did not mark its window");
    };
    let served = start.1.zip(end.1);
    Ok(Run {
        seen,
        cpu: end.0.since(&start.0),
        served: served.map(|(start, end)| Served::between(&start, &end)),
        memory: (server.memory()? - before) / plan.players as f64,
    })
}

/// What is read at the ends of the window.
struct Readings<'a> {
    server: &'a Server,
    has_metrics: bool,
    taken: Vec<(Cpu, Option<Page>)>,
}

impl Marks for Readings<'_> {
    fn mark(&mut self) -> Result<()> {
        // The metrics lie outside: what their reading costs does not count.
        let is_end = !self.taken.is_empty();
        let read = || {
            let page = self.has_metrics.then(|| self.server.metrics());
            page.transpose().context("the server's metrics")
        };
        let (cpu, page) = if is_end {
            let cpu = self.server.cpu()?;
            (cpu, read()?)
        } else {
            let page = read()?;
            (self.server.cpu()?, page)
        };
        self.taken.push((cpu, page));
        Ok(())
    }
}

/// The median of `figures`, which are not empty and not NaN.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}
