//! What plays: the trait that a bot for a game of your own implements.
//!
//! Everything else is the same for every game: joining, verifying what is seen,
//! pacing, acknowledging, misbehaviour, measuring. A bot is deterministic: the same
//! seed and the same sights give the same inputs. It knows no socket and no clock;
//! its time is the tick it sees. `docs/writing-a-game.md` builds one.

use crate::view::View;
use downbeat_protocol::PlayerId;
use downbeat_protocol::message::Wire;
use serde::{Deserialize, Serialize};

/// A player of one game, flown by the machine.
pub trait Bot: Sized + 'static {
    /// The game's types on the wire.
    type Wire: Wire;

    /// The ways to play it, the default first. Besides them there always is
    /// [`IDLE`], for which no bot is made.
    const WAYS: &'static [Way];

    /// A new player; `way` is the name of one of [`WAYS`](Self::WAYS).
    fn new(way: &'static str, seed: u64) -> Self;

    /// What to do now; `None` to say nothing. Called as often as inputs are due, by
    /// default once per tick.
    fn decide(&mut self, sight: Sight<'_, Self::Wire>) -> Option<Input<Self::Wire>>;

    /// Something was told that is told once. By default nobody listens.
    fn hear(&mut self, event: &<Self::Wire as Wire>::Event) {
        let _ = event;
    }

    /// How well it does, for the report. By default there are no points.
    fn points(own: &<Self::Wire as Wire>::Own) -> Points {
        let _ = own;
        Points::default()
    }
}

/// What a player of this game says.
pub type Input<W> = <W as Wire>::Input;

/// A way to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its name on the command line, in scenarios and in the report.
    pub name: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
}

/// The way of those who send no inputs and only acknowledge; there is one in every
/// game.
pub const IDLE: Way = Way {
    name: "idle",
    help: "Sends no inputs, only acknowledges",
};

/// How well a player does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// Points.
    pub score: u32,
    /// Opponents beaten.
    pub kills: u32,
}

/// What a bot knows: what its player sees, and nothing else.
#[derive(Debug)]
pub struct Sight<'a, W: Wire> {
    /// Who it is.
    pub me: PlayerId,
    /// What only it sees, once it was told.
    pub own: Option<&'a W::Own>,
    /// What everybody there sees, as of the last snapshot.
    pub view: &'a View<W::Entity>,
}

// Not derived: that would ask the same of the game's types.
impl<W: Wire> Clone for Sight<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W: Wire> Copy for Sight<'_, W> {}

/// All ways to play a bot's game, the default first.
pub(crate) fn ways<B: Bot>() -> impl Iterator<Item = Way> {
    B::WAYS.iter().copied().chain([IDLE])
}
