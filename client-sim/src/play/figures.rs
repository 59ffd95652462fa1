//! What the panel says about the connection.
//!
//! Owns the figures of the last second and the counts since the beginning. Sans-IO:
//! called by `play` with the time as an argument.

use downbeat_protocol::Pace;
use std::time::{Duration, Instant};

/// How long figures are gathered before they are shown.
const SPAN: Duration = Duration::from_secs(1);

/// The connection in figures.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// The last ping's.
    pub(super) round_trip: Option<Duration>,
    /// How often far things are told, if the server has said so.
    pub(super) pace: Option<Pace>,
    /// Checksums that were right. A wrong one ends the connection.
    pub(super) verified: u64,
    /// Connections that ended because something was wrong.
    pub(super) desyncs: u32,
    /// Times that the player came back.
    pub(super) returns: u32,
    /// The last whole second.
    pub(super) second: Second,
    now: Second,
    since: Instant,
    arrival: Option<Instant>,
    /// Bytes up and down at the second's beginning.
    counted: (u64, u64),
}

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Second {
    /// Snapshots.
    pub(super) snapshots: u32,
    /// The longest wait for one.
    pub(super) gap: Duration,
    /// Bytes of messages per second.
    pub(super) up: f64,
    pub(super) down: f64,
    /// Pictures drawn.
    pub(super) frames: u32,
}

impl Figures {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            round_trip: None,
            pace: None,
            verified: 0,
            desyncs: 0,
            returns: 0,
            second: Second::default(),
            now: Second::default(),
            since: now,
            arrival: None,
            counted: (0, 0),
        }
    }

    /// A snapshot came.
    pub(super) fn snapshot(&mut self, now: Instant, verified: bool) {
        self.verified += u64::from(verified);
        self.now.snapshots += 1;
        if let Some(before) = self.arrival.replace(now) {
            self.now.gap = self.now.gap.max(now - before);
        }
    }

    /// A picture is drawn; `bytes` are those of the connection so far.
    pub(super) fn frame(&mut self, now: Instant, bytes: (u64, u64)) {
        self.now.frames += 1;
        let took = now.duration_since(self.since);
        if took < SPAN {
            return;
        }
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / took.as_secs_f64();
        self.now.up = rate(bytes.0, self.counted.0);
        self.now.down = rate(bytes.1, self.counted.1);
        // A gap that has not ended yet is one, too.
        if let Some(arrival) = self.arrival {
            self.now.gap = self.now.gap.max(now - arrival);
        }
        self.second = std::mem::take(&mut self.now);
        self.counted = bytes;
        self.since = now;
    }

    /// A new connection begins: its bytes count from zero.
    pub(super) fn connected(&mut self) {
        self.counted = (0, 0);
        self.arrival = None;
        self.round_trip = None;
        self.pace = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_shown_when_it_is_over() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut figures = Figures::new(start);
        figures.snapshot(at(100), true);
        figures.snapshot(at(350), false);
        figures.frame(at(500), (40, 400));
        assert_eq!(figures.second, Second::default(), "not yet");
        figures.snapshot(at(450), false);
        figures.frame(at(2000), (100, 4000));
        let expected = Second {
            snapshots: 3,
            gap: Duration::from_millis(1550),
            up: 50.0,
            down: 2000.0,
            frames: 2,
        };
        assert_eq!(figures.second, expected);
        assert_eq!(figures.verified, 1);
        figures.frame(at(3000), (100, 4500));
        assert_eq!(figures.second.down, 500.0);
    }
}
