//! A load that costs little: thousands of players on one thread and one epoll.
//!
//! Drives downbeat and the floor alike. A player sends one input per tick, in a
//! phase of his own, acknowledges what he has truly received, and reads of a
//! snapshot only how many ticks it goes on; what he sees he does not look at (the
//! bots of `client-sim` do, and verify it). It refuses to go on when a connection
//! ends: a measurement with fewer players than it says is none.

mod peer;
pub(crate) mod pilot;

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Poll, Token};
use peer::Peer;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What a load does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// What answers there.
    pub target: Target,
    /// Sockets, at least 1.
    pub players: usize,
    /// Inputs per second and socket; what an idle player sends instead are pings,
    /// two per second.
    pub rate: u32,
    /// Whether players do nothing but acknowledge.
    pub is_idle: bool,
    /// From the last join to the beginning of the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub window: Duration,
    /// What pilots draw their wishes from.
    pub seed: u64,
}

/// What is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A downbeat server; players are dealt out to this many rooms.
    Downbeat {
        /// At least 1.
        rooms: usize,
    },
    /// The floor, which knows no hello and no welcome.
    Floor,
}

/// The ends of the measurement: what else is read, is read here. The first call
/// comes before the first snapshot that counts, the second after the last.
pub trait Marks {
    /// The measurement begins or ends now.
    ///
    /// # Errors
    /// Ends the load.
    fn mark(&mut self) -> Result<()>;
}

impl Marks for () {
    fn mark(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What the load saw within its window.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The window's true length, in seconds.
    pub seconds: f64,
    /// Snapshots received.
    pub snapshots: u64,
    /// Bytes received, frame headers included.
    pub bytes: u64,
    /// Inputs (or pings) sent.
    pub inputs: u64,
    /// Bytes of one input at the mean, frame header included.
    pub input_bytes: f64,
    /// Between two snapshots to the same player, in milliseconds: median, 99th
    /// percentile and largest.
    pub gap_ms: [f64; 3],
    /// The distribution of bytes per snapshot (what else came before it included)
    /// as [`SIZES`] samples of equal weight, ascending.
    pub sizes: Vec<usize>,
    /// CPU time of the load's own thread, in seconds.
    pub cpu_seconds: f64,
}

/// How many samples stand for a distribution of sizes.
pub const SIZES: usize = 251;

/// How long everyone may take to come in, and again how long the window may be
/// overdrawn.
const PATIENCE: Duration = Duration::from_secs(60);
/// Players that come in at the same time.
const RAMP: usize = 64;
/// Idle players ping so often, per second: half of what downbeat lets
/// acknowledgements lag.
const PINGS: u32 = 2;

/// Runs a load from its first connection to its last snapshot.
///
/// # Errors
/// If a player cannot come in or loses his connection.
pub fn run(plan: &Plan, marks: &mut impl Marks) -> Result<Seen> {
    let mut load = Load::new(plan)?;
    load.gather()?;
    load.play(plan.warm_up)?;
    marks.mark()?;
    load.counts = Some(Counts::new()?);
    for peer in &mut load.peers {
        peer.forget_arrival();
    }
    let begin = (Instant::now(), own_cpu()?);
    load.play(plan.window)?;
    let seconds = begin.0.elapsed().as_secs_f64();
    let cpu_seconds = own_cpu()? - begin.1;
    let counts = load.counts.take().context("no measurement")?;
    marks.mark()?;
    Ok(counts.seen(seconds, cpu_seconds))
}

/// What is counted within the window.
struct Counts {
    snapshots: u64,
    bytes: u64,
    inputs: u64,
    input_bytes: u64,
    /// In microseconds.
    gaps: Histogram<u64>,
    /// Bytes per snapshot.
    sizes: Histogram<u64>,
}

impl Counts {
    fn new() -> Result<Self> {
        Ok(Self {
            snapshots: 0,
            bytes: 0,
            inputs: 0,
            input_bytes: 0,
            gaps: Histogram::new(3)?,
            sizes: Histogram::new(3)?,
        })
    }

    fn seen(&self, seconds: f64, cpu_seconds: f64) -> Seen {
        let gap = |quantile| self.gaps.value_at_quantile(quantile) as f64 / 1000.0;
        let size = |sample: usize| {
            let quantile = (sample as f64 + 0.5) / SIZES as f64;
            self.sizes.value_at_quantile(quantile) as usize
        };
        Seen {
            seconds,
            snapshots: self.snapshots,
            bytes: self.bytes,
            inputs: self.inputs,
            input_bytes: self.input_bytes as f64 / self.inputs.max(1) as f64,
            gap_ms: [gap(0.5), gap(0.99), self.gaps.max() as f64 / 1000.0],
            sizes: (0..SIZES).map(size).collect(),
            cpu_seconds,
        }
    }
}

struct Load<'a> {
    plan: &'a Plan,
    poll: Poll,
    events: Events,
    peers: Vec<Peer>,
    playing: usize,
    /// What all players read into.
    scratch: Box<[u8]>,
    counts: Option<Counts>,
    start: Instant,
    /// How many inputs all players together have been due for.
    turns: u64,
}

impl<'a> Load<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        ensure!(plan.players > 0, "no players");
        Ok(Self {
            plan,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            peers: Vec::new(),
            playing: 0,
            scratch: vec![0; 256 << 10].into_boxed_slice(),
            counts: None,
            start: Instant::now(),
            turns: 0,
        })
    }

    /// Brings everyone in, and lets those who are in play.
    fn gather(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.playing < self.plan.players {
            while self.peers.len() < self.plan.players && self.peers.len() - self.playing < RAMP {
                let index = self.peers.len();
                let peer = Peer::connect(self.plan, index, self.poll.registry(), Token(index))?;
                self.peers.push(peer);
            }
            let in_time = Instant::now() < deadline;
            ensure!(in_time, "only {} players came in", self.playing);
            self.turn()?;
        }
        Ok(())
    }

    /// Plays for a while.
    fn play(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn()?;
            ensure!(
                Instant::now() < end + PATIENCE,
                "the load cannot keep its pace"
            );
        }
        Ok(())
    }

    /// Waits for the next input that is due, handles what came meanwhile, sends all
    /// inputs due.
    fn turn(&mut self) -> Result<()> {
        let wait = self
            .due(self.turns)
            .saturating_duration_since(Instant::now());
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        let now = Instant::now();
        for event in &self.events {
            let Token(index) = event.token();
            let peer = &mut self.peers[index];
            let was_playing = peer.is_playing();
            let counts = self.counts.as_mut();
            peer.ready(&mut self.scratch, now, counts)
                .with_context(|| format!("player {index}"))?;
            self.playing += usize::from(peer.is_playing() && !was_playing);
        }
        let now = Instant::now();
        while self.due(self.turns) <= now {
            let index = (self.turns % self.plan.players as u64) as usize;
            self.turns += 1;
            if let Some(peer) = self.peers.get_mut(index) {
                peer.speak(self.plan, self.counts.as_mut())
                    .with_context(|| format!("player {index}"))?;
            }
        }
        Ok(())
    }

    /// Players take turns evenly over the period, so that each has his own phase.
    fn due(&self, turn: u64) -> Instant {
        let rate = if self.plan.is_idle {
            PINGS
        } else {
            self.plan.rate
        };
        let per_second = u128::from(rate.max(1)) * self.plan.players as u128;
        let nanos = u128::from(turn) * 1_000_000_000 / per_second;
        self.start + Duration::from_nanos(nanos as u64)
    }
}

/// CPU time of this thread so far, in seconds.
fn own_cpu() -> Result<f64> {
    let task = procfs::process::Process::myself()?.task_main_thread();
    match task.and_then(|task| task.schedstat()) {
        Ok(stat) => Ok(stat.sum_exec_runtime as f64 / 1e9),
        Err(error) => bail!("no cpu time: {error}"),
    }
}
