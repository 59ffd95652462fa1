//! How far a room degrades when it has more to do than time, and when it comes back.
//!
//! Owns the steps and the rule that leads from one to the next: a pure state machine,
//! fed once per tick by the core with how strained the tick before was. It goes up
//! after a second of strain and down after a longer calm; to turn people away only once
//! the strain has outlasted a wave of joins that may have made it. The two thresholds lie more
//! than a factor of two apart, since a step may halve the load: going back must not
//! bring the strain back. Where it does all the same, the next calm must be twice as
//! long.

/// A step of degradation; each holds those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Everything is as configured.
    #[default]
    Normal,
    /// The farther half of what a player sees is told at every second snapshot.
    FarSlower,
    /// Snapshots come half as often.
    AllSlower,
    /// The farther half of what a player sees is not told at all.
    SmallerView,
    /// Nobody new comes in.
    NoJoins,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Normal,
        Self::FarSlower,
        Self::AllSlower,
        Self::SmallerView,
        Self::NoJoins,
    ];

    /// The step with this number, 0–4; beyond, the last.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        match number {
            0 => Self::Normal,
            1 => Self::FarSlower,
            2 => Self::AllSlower,
            3 => Self::SmallerView,
            _ => Self::NoJoins,
        }
    }

    /// Its number, 0–4.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// A short name in snake case, for metrics and lists.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::FarSlower => "far_slower",
            Self::AllSlower => "all_slower",
            Self::SmallerView => "smaller_view",
            Self::NoJoins => "no_joins",
        }
    }
}

/// Above this strain a room is overloaded.
const HIGH: f32 = 0.8;
/// Below this one it may go a step back.
const LOW: f32 = 0.35;
/// A single tick counts as no more than this, however late it was.
const MOST: f32 = 2.0;
/// The strain before nobody new comes in, in seconds; before each other step it is one.
const WAVE: u32 = 5;
/// The calm before a step back, in seconds, at first and at most.
const CALM: (u32, u32) = (5, 80);

/// The state of one room.
#[derive(Clone, Debug)]
pub(super) struct Overload {
    /// Ticks per second.
    rate: u32,
    /// How far it may go.
    limit: Step,
    step: Step,
    /// The strain, smoothed over a quarter of a second.
    strain: f32,
    /// For how many ticks it has been high.
    high: u32,
    /// For how many ticks it has been low.
    low: u32,
    /// How many of those lead a step back.
    patience: u32,
    /// Ticks since the last step back.
    since_back: u32,
}

impl Overload {
    /// A calm room of `rate` ticks per second that degrades as far as `limit`.
    pub(super) fn new(rate: u32, limit: Step) -> Self {
        let rate = rate.max(1);
        Self {
            rate,
            limit,
            step: Step::Normal,
            strain: 0.0,
            high: 0,
            low: 0,
            patience: CALM.0 * rate,
            since_back: u32::MAX,
        }
    }

    /// The step it is at.
    pub(super) const fn step(&self) -> Step {
        self.step
    }

    /// Takes one tick's strain: 0 is none, 1 all that there is time for.
    pub(super) fn observe(&mut self, strain: f32) {
        let span = (self.rate as f32 / 4.0).max(1.0);
        self.strain += (strain.clamp(0.0, MOST) - self.strain) / span;
        self.since_back = self.since_back.saturating_add(1);
        (self.high, self.low) = match self.strain {
            strain if strain > HIGH => (self.high + 1, 0),
            strain if strain < LOW => (0, self.low + 1),
            _ => (0, 0),
        };
        let next = Step::numbered(self.step.number() + 1);
        let endurance = if next == Step::NoJoins { WAVE } else { 1 } * self.rate;
        if self.high >= endurance && self.step < self.limit {
            self.step = next;
            self.high = 0;
            let is_relapse = self.since_back < self.patience;
            self.patience = if is_relapse {
                (2 * self.patience).min(CALM.1 * self.rate)
            } else {
                CALM.0 * self.rate
            };
        }
        if self.low >= self.patience && self.step > Step::Normal {
            self.step = Step::numbered(self.step.number() - 1);
            self.low = 0;
            self.since_back = 0;
        }
        // Neither count says more than that it is reached.
        self.high = self.high.min(endurance);
        self.low = self.low.min(self.patience);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{AllSlower, FarSlower, NoJoins, Normal, SmallerView};

    const RATE: u32 = 20;

    /// So many seconds at this strain, and the step after them.
    fn follow(overload: &mut Overload, table: &[(u32, f32, Step)]) {
        for (line, &(seconds, strain, expected)) in table.iter().enumerate() {
            for _ in 0..seconds * RATE {
                overload.observe(strain);
            }
            assert_eq!(overload.step(), expected, "line {line}");
        }
    }

    #[test]
    fn strain_leads_up_step_by_step_and_calm_down_again() {
        let table = [
            (60, 0.79, Normal),
            (1, 1.0, FarSlower),
            (1, 1.0, AllSlower),
            (1, 1.0, SmallerView),
            (4, 1.0, SmallerView),
            (1, 1.0, NoJoins),
            (60, 1.0, NoJoins),
            (60, 0.5, NoJoins),
            (6, 0.2, SmallerView),
            (5, 0.2, AllSlower),
            (5, 0.2, FarSlower),
            (5, 0.2, Normal),
            (60, 0.2, Normal),
        ];
        follow(&mut Overload::new(RATE, NoJoins), &table);
    }

    #[test]
    fn it_goes_no_further_than_it_may() {
        let table = [(60, 2.0, AllSlower), (11, 0.0, Normal)];
        follow(&mut Overload::new(RATE, AllSlower), &table);
        follow(&mut Overload::new(RATE, Normal), &[(60, 2.0, Normal)]);
    }

    #[test]
    fn one_hiccup_changes_nothing() {
        let mut overload = Overload::new(RATE, NoJoins);
        for strain in [0.1, 200.0, 199.0, 198.0] {
            overload.observe(strain);
        }
        follow(&mut overload, &[(10, 0.1, Normal)]);
    }

    /// A room in which each step takes a part of the load away.
    fn changes(load: f32, left: f32, seconds: u32) -> (u32, Step) {
        let mut overload = Overload::new(RATE, NoJoins);
        let mut changes = 0;
        for _ in 0..seconds * RATE {
            let before = overload.step();
            overload.observe(load * left.powi(before.number() as i32));
            changes += u32::from(overload.step() != before);
        }
        (changes, overload.step())
    }

    #[test]
    fn a_step_that_halves_the_load_is_not_taken_back() {
        assert_eq!(changes(0.9, 0.5, 3600), (1, FarSlower));
        assert_eq!(changes(3.0, 0.5, 3600), (2, AllSlower));
        assert_eq!(changes(1.0, 0.7, 3600), (1, FarSlower));
    }

    #[test]
    fn a_step_that_takes_more_is_tried_ever_less_often() {
        let (ten, _) = changes(1.0, 0.2, 10);
        let (hour, _) = changes(1.0, 0.2, 3600);
        assert!(ten >= 2, "it comes back: {ten}");
        assert!(hour < 110, "{hour} changes in an hour");
    }
}
