//! The contract between the server and a game.
//!
//! A game is a type that implements [`Game`]: rules without a clock, a socket, a
//! thread or any randomness but its own. The server calls its verbs from one place
//! only, [`TickInput::apply`](super::TickInput::apply), so that the same inputs
//! always lead to the same game.

use downbeat_protocol::codec::{self, FNV_START, fnv1a};
use downbeat_protocol::message::{Rules, Wire};
use downbeat_protocol::{CellId, EntityId, PlayerId, Tick};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// The rules of a game.
///
/// Everything must be deterministic: the same config, seed and calls give the same
/// state on every machine. Use ordered maps or sorted vectors, integers for what is
/// simulated, and a generator named after its algorithm.
///
/// The game itself is what is saved: after `load(save(x))`, that is through serde,
/// the same inputs give the same [`checksum`](Self::checksum)s.
pub trait Game: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// The types that cross the wire.
    type Wire: Wire;

    /// The game's own settings, the `[game]` table of the config file.
    type Config: Clone
        + Debug
        + Default
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + Unpin
        + 'static;

    /// The version of the saved state. Change it whenever a field of the game changes,
    /// or what it means: a room that was saved with another version is not restored.
    const STATE_VERSION: u32 = 1;

    /// Whether a config is usable; called once at start.
    ///
    /// # Errors
    /// One line per problem: the key and what is allowed.
    fn check(config: &Self::Config) -> Result<(), Vec<String>> {
        let _ = config;
        Ok(())
    }

    /// A new game. `tick_rate` is in Hz; all randomness comes from `seed`.
    fn new(config: &Self::Config, tick_rate: u32, seed: u64) -> Self;

    /// What clients need to know to predict; constant for the game's life.
    fn rules(&self) -> Rules<Self::Wire>;

    /// A player comes in.
    ///
    /// # Errors
    /// A [`Refusal`], with a reason for the player. He is then not in the game.
    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), Refusal>;

    /// What a player wants; at most one per player and tick. Clamps what can be
    /// clamped.
    ///
    /// # Errors
    /// [`Rejected`] if the input makes no sense now; it is counted, nothing else.
    fn input(&mut self, player: PlayerId, input: &Input<Self>) -> Result<(), Rejected>;

    /// A player's link is lost, or he is gone for good.
    fn leave(&mut self, player: PlayerId, leave: Leave);

    /// A player whose link was lost is back.
    fn rejoin(&mut self, player: PlayerId) {
        let _ = player;
    }

    /// One tick of fixed length.
    fn step(&mut self, tick: Tick);

    /// Shows everything that exists.
    fn scene(&self, scene: &mut impl Scene<Entity<Self>>);

    /// The player's own part.
    fn own(&self, player: PlayerId) -> Own<Self>;

    /// The cells a player sees, the nearest first: his own, in which his body is, then
    /// by distance. Where not everything can be told at every snapshot, the end of the
    /// list is told less often. [`CellId::EVERYWHERE`] is added by itself. Default: only
    /// that.
    fn view(&self, player: PlayerId, cells: &mut Vec<CellId>) {
        let _ = (player, cells);
    }

    /// Takes out what happened since the last call, in order.
    fn events(&mut self, tell: &mut dyn FnMut(Audience, Event<Self>)) {
        let _ = tell;
    }

    /// A sum over the whole state: equal states give equal sums on every machine.
    /// Default: over the saved bytes.
    fn checksum(&self) -> u32 {
        codec::encode(self).map_or(0, |bytes| fnv1a(FNV_START, &bytes))
    }
}

/// The input type of a game.
pub type Input<G> = <<G as Game>::Wire as Wire>::Input;
/// The entity type of a game.
pub type Entity<G> = <<G as Game>::Wire as Wire>::Entity;
/// The own part of a game.
pub type Own<G> = <<G as Game>::Wire as Wire>::Own;
/// The event type of a game.
pub type Event<G> = <<G as Game>::Wire as Wire>::Event;

/// Where a game shows its entities.
pub trait Scene<E> {
    /// Shows a thing that only those see who see `cell`. Cells are numbered from 1
    /// and at most [`MAX_CELL`]; a larger number counts as everywhere.
    fn show_in(&mut self, cell: CellId, id: EntityId, entity: E);

    /// Shows a thing that everyone sees.
    fn show(&mut self, id: EntityId, entity: E) {
        self.show_in(CellId::EVERYWHERE, id, entity);
    }
}

/// The largest number of a cell: the server keeps a table by number.
pub const MAX_CELL: u32 = 65_535;

/// Who a player is, as far as a game is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name he asked for, at most 32 bytes, without control characters; may
    /// be empty, need not be unique.
    pub name: String,
    /// Who he is, the same in every session, if players prove it; at most 128 bytes.
    pub account: Option<String>,
}

/// How a player leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leave {
    /// The link is lost; the body stays and the player may come back.
    Quiet,
    /// He will not come back.
    Gone,
}

/// To whom an event is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone in the room; encoded once.
    All,
    /// One player.
    Player(PlayerId),
}

/// Why a game does not take a player; the text is shown to him.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// An input that makes no sense now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input makes no sense now")]
pub struct Rejected;
