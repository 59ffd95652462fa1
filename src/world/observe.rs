//! What a tick lets be seen of itself: its steps as they end, and what it did in sum.
//!
//! The core names its steps and counts; what is made of both is the business of whoever
//! looks on.

use crate::game::TickInput;

/// The steps of a tick, as they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Inboxes become the tick's input.
    Drain,
    /// What the game will see is written down.
    Journal,
    /// The game moves on.
    Step,
    /// Who sees which cells.
    View,
    /// Each cell once.
    Encode,
    /// Each player's snapshot and events.
    Send,
    /// Who is silent or too slow.
    Watch,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Drain,
        Self::Journal,
        Self::Step,
        Self::View,
        Self::Encode,
        Self::Send,
        Self::Watch,
    ];

    /// A metric's label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Journal => "journal",
            Self::Step => "step",
            Self::View => "view",
            Self::Encode => "encode",
            Self::Send => "send",
            Self::Watch => "watch",
        }
    }
}

/// Who looks on while a tick is made: a journal, a stopwatch, a test.
pub trait Observer<I> {
    /// This is what the game is about to see.
    fn input(&mut self, input: &TickInput<I>) {
        let _ = input;
    }

    /// This step is over.
    fn done(&mut self, phase: Phase) {
        let _ = phase;
    }
}

/// Nobody looks.
impl<I> Observer<I> for () {}

/// What one tick did, to be added to the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs used.
    pub applied: u32,
    /// Inputs the game rejected.
    pub rejected: u32,
    /// Inputs seen before, or overtaken.
    pub duplicate: u32,
    /// Inputs that came after the tick they were meant for; used all the same.
    pub late: u32,
    /// Inputs lost because too many waited.
    pub dropped: u32,
    /// Snapshots handed out.
    pub snapshots: u32,
    /// Snapshots due but not built.
    pub skipped: u32,
    /// Whether the snapshots due were put off, because the sockets' threads are late.
    pub postponed: u32,
    /// Events handed out.
    pub events: u32,
}
