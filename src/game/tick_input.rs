//! The single entrance to a game.
//!
//! Owns the order in which a tick's joins, inputs and leaves reach a [`Game`].
//! Whoever has the config, the seed and every [`TickInput`] has the whole game:
//! it is what a journal writes and what a replay reads.

use super::contract::{Game, Leave, Profile, Refusal};
use downbeat_protocol::{PlayerId, Tick, Wire};
use serde::{Deserialize, Serialize};

/// Everything that reaches a game in one tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TickInput<I> {
    /// The tick that is being made.
    pub tick: Tick,
    /// Who leaves, and how.
    pub leaves: Vec<(PlayerId, Leave)>,
    /// Who comes in, in the order of arrival.
    pub joins: Vec<(PlayerId, Profile)>,
    /// Whose link is back.
    pub rejoins: Vec<PlayerId>,
    /// What players want, in the order of their ids, one per player at most.
    pub inputs: Vec<(PlayerId, I)>,
}

/// What a game said to a [`TickInput`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Joins it refused.
    pub refused: Vec<(PlayerId, Refusal)>,
    /// Inputs it rejected.
    pub rejected: u32,
}

impl<I> Default for TickInput<I> {
    fn default() -> Self {
        Self {
            tick: Tick(0),
            leaves: Vec::new(),
            joins: Vec::new(),
            rejoins: Vec::new(),
            inputs: Vec::new(),
        }
    }
}

impl<I> TickInput<I> {
    /// Empties it for the next tick, keeping its memory.
    pub fn clear(&mut self, tick: Tick) {
        self.tick = tick;
        self.leaves.clear();
        self.joins.clear();
        self.rejoins.clear();
        self.inputs.clear();
    }

    /// Makes the tick: leaves, joins, rejoins, inputs, step. Leaves come first, so
    /// that a link lost and found within one tick is found.
    pub fn apply<G>(&self, game: &mut G) -> Outcome
    where
        G: Game,
        G::Wire: Wire<Input = I>,
    {
        let mut outcome = Outcome::default();
        for (player, leave) in &self.leaves {
            game.leave(*player, *leave);
        }
        for (player, profile) in &self.joins {
            if let Err(refusal) = game.join(*player, profile) {
                outcome.refused.push((*player, refusal));
            }
        }
        for player in &self.rejoins {
            game.rejoin(*player);
        }
        for (player, input) in &self.inputs {
            if game.input(*player, input).is_err() {
                outcome.rejected += 1;
            }
        }
        game.step(self.tick);
        outcome
    }
}
