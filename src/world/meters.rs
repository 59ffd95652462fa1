//! Where a room counts: the counters, the times of a tick's steps, its part of the gauges.
//!
//! Owned by the room's actor. What a room has added to a gauge goes with it.

use super::observe::{Observer, Phase, Tally};
use super::overload::Step;
use crate::telemetry::Telemetry;
use prometheus::Histogram;
use std::time::{Duration, Instant};

/// Adds a tick's tally to the counters.
pub(super) fn count(telemetry: &Telemetry, tally: &Tally) {
    telemetry.ticks.inc();
    let Tally {
        applied,
        rejected,
        duplicate,
        late,
        dropped,
        snapshots,
        skipped,
        postponed,
        events,
    } = *tally;
    for (counter, number) in [
        (&telemetry.inputs_applied, applied),
        (&telemetry.inputs_rejected, rejected),
        (&telemetry.inputs_duplicate, duplicate),
        (&telemetry.inputs_late, late),
        (&telemetry.inputs_dropped, dropped),
        (&telemetry.snapshots, snapshots),
        (&telemetry.snapshots_skipped, skipped),
        (&telemetry.snapshots_postponed, postponed),
        (&telemetry.events, events),
    ] {
        if number > 0 {
            counter.inc_by(u64::from(number));
        }
    }
}

/// Measures the steps of a tick.
pub(super) struct Stopwatch {
    last: Instant,
    phases: [Histogram; Phase::ALL.len()],
    total: Histogram,
}

impl Stopwatch {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let histogram = |label| telemetry.tick_seconds.with_label_values(&[label]);
        Self {
            last: Instant::now(),
            phases: Phase::ALL.map(|phase| histogram(phase.label())),
            total: histogram("total"),
        }
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.last = now;
    }

    /// The whole tick has taken this long.
    pub(super) fn took(&self, whole: Duration) {
        self.total.observe(whole.as_secs_f64());
    }
}

impl<I> Observer<I> for Stopwatch {
    fn done(&mut self, phase: Phase) {
        let now = Instant::now();
        self.phases[phase as usize].observe((now - self.last).as_secs_f64());
        self.last = now;
    }
}

/// This room's part of the gauges; given back when the room ends.
pub(super) struct Gauges {
    telemetry: Telemetry,
    members: i64,
    limbo: i64,
    step: Step,
}

impl Gauges {
    pub(super) fn new(telemetry: Telemetry) -> Self {
        telemetry.rooms.inc();
        // So that each step is seen before it is taken.
        for step in Step::ALL {
            telemetry.rooms_by_step.with_label_values(&[step.label()]);
        }
        let step = Step::default();
        telemetry
            .rooms_by_step
            .with_label_values(&[step.label()])
            .inc();
        Self {
            telemetry,
            members: 0,
            limbo: 0,
            step,
        }
    }

    /// Gives back the step before.
    pub(super) fn set_step(&mut self, step: Step) -> Step {
        if step != self.step {
            self.telemetry
                .rooms_by_step
                .with_label_values(&[self.step.label()])
                .dec();
            self.telemetry
                .rooms_by_step
                .with_label_values(&[step.label()])
                .inc();
        }
        std::mem::replace(&mut self.step, step)
    }

    pub(super) fn set(&mut self, members: usize, limbo: usize) {
        let (members, limbo) = (members as i64, limbo as i64);
        self.telemetry.members.add(members - self.members);
        self.telemetry.limbo.add(limbo - self.limbo);
        (self.members, self.limbo) = (members, limbo);
    }
}

impl Drop for Gauges {
    fn drop(&mut self) {
        self.set(0, 0);
        self.telemetry.rooms.dec();
        self.telemetry
            .rooms_by_step
            .with_label_values(&[self.step.label()])
            .dec();
    }
}
