//! What makes a thing of a game fit for the wire.
//!
//! Owns the contract between a game's entity type and the two sides that keep
//! copies of it: the server, which finds out what a client cannot know by itself,
//! and the [`Mirror`](crate::Mirror), which applies it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// One kind of thing that clients see.
///
/// Both sides hold the same value, advance it by [`predict`](Self::predict), and
/// only what turned out differently crosses the wire. Everything here must give
/// the same bits on every machine: integers, no clock, no randomness.
///
/// A game that wants neither prediction nor small differences implements two
/// types and no method:
///
/// ```
/// # use downbeat_protocol::{NoDiff, Replicate};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Card { suit: u8, rank: u8 }
///
/// impl Replicate for Card {
///     type Rules = ();
///     type Diff = NoDiff;
/// }
/// ```
pub trait Replicate:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static
{
    /// What prediction needs to know of the game, constant for the room's life;
    /// clients receive it in the welcome. `()` if it needs nothing.
    type Rules: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static;

    /// The difference between two values; [`NoDiff`] to always send the whole.
    type Diff: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + 'static;

    /// One tick further without any input, exactly as a client does it alone.
    /// Default: it stays as it is.
    fn predict(&mut self, rules: &Self::Rules) {
        let _ = rules;
    }

    /// What leads from `predicted` to `self`.
    /// Default: the whole value, unless they are equal.
    fn diff(&self, predicted: &Self) -> Change<Self::Diff> {
        if self == predicted {
            Change::None
        } else {
            Change::Replace
        }
    }

    /// Makes the predicted value the true one: after `Change::Diff(d)` came from
    /// `truth.diff(&predicted)`, `predicted.apply(&d)` makes it equal `truth`.
    /// Default: there is no difference to apply.
    ///
    /// # Errors
    /// [`BadDiff`] if the difference does not fit this value, which only a
    /// broken or hostile peer sends. The value is then unspecified but valid.
    fn apply(&mut self, diff: &Self::Diff) -> Result<(), BadDiff> {
        let _ = diff;
        Err(BadDiff)
    }
}

/// The outcome of [`Replicate::diff`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<D> {
    /// The prediction was right; nothing is sent.
    None,
    /// The prediction was wrong by this much.
    Diff(D),
    /// No difference expresses it; the whole value is sent.
    Replace,
}

/// A difference that does not fit the value it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the difference does not fit the entity")]
pub struct BadDiff;

/// The difference type of things that are always sent whole. It has no values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoDiff {}
