//! What a player was told last, and where that is on its way.
//!
//! The baseline of his next snapshot: [`snapshot`](super::snapshot) brings it up to date, and
//! who comes back over a new connection begins with nothing.

use super::overload::Step;
use super::pace::Sight;
use crate::game::{Game, Own};
use downbeat_protocol::{CellId, Pace, Seq, Tick};

/// What a player was told last: the baseline of his next snapshot.
pub(super) struct Told<G: Game> {
    /// The tick of his last snapshot, or of the welcome.
    pub(super) tick: Tick,
    /// The last applied input he knows of.
    pub(super) applied: Seq,
    /// The cells he sees, ascending, and the level he holds each at.
    pub(super) view: Vec<Sight>,
    /// The same as of the snapshot in the making, unless it `stays`.
    pub(super) next_view: Vec<Sight>,
    /// Whether the snapshot in the making is of the same view as the last.
    pub(super) stays: bool,
    /// The cells the game gave him last, the nearest first.
    pub(super) seen: Vec<CellId>,
    /// The step at which he holds each of them as often as that step alone allows, so
    /// that nothing is to be decided while it stays and so do they.
    pub(super) settled: Option<Step>,
    /// The cell that is nearest to him.
    pub(super) home: Option<CellId>,
    /// Whether the snapshot in the making tells what changed there, or he came there
    /// just now: then he sees what his inputs did.
    pub(super) is_home_told: bool,
    /// How often he knows that he is told.
    pub(super) pace: Option<Pace>,
    /// His own part.
    pub(super) own: Option<Own<G>>,
    /// Whether the next snapshot cannot build on the last: the first one, or one
    /// was skipped.
    pub(super) broken: bool,
    /// Where his last snapshot is.
    pub(super) parcel: Parcel,
    /// Bytes of snapshots that were carried to his socket.
    pub(super) carried: u64,
    /// Whether events were laid down that his next snapshot must not overtake.
    pub(super) has_news: bool,
    /// Whether he has taken his last snapshot, as of the last look.
    pub(super) is_free: bool,
    /// Whether the snapshot in the making goes to him.
    pub(super) due: bool,
}

/// Where a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    /// His socket has it, or there was none.
    Taken,
    /// On its way, in a batch that is not yet back.
    Carried,
    /// At his end of the link, until the session takes it.
    Laid,
}

impl<G: Game> Told<G> {
    pub(super) fn nothing(now: Tick, applied: Seq) -> Self {
        Self {
            tick: now,
            applied,
            view: Vec::new(),
            next_view: Vec::new(),
            stays: false,
            seen: Vec::new(),
            settled: None,
            home: None,
            is_home_told: false,
            pace: None,
            own: None,
            broken: true,
            parcel: Parcel::Taken,
            carried: 0,
            has_news: false,
            is_free: true,
            due: false,
        }
    }
}
