//! What a game is, and the built-in one.
//!
//! Knows neither actix nor tokio, no clock, no socket, and no randomness but a
//! game's own: everything here runs the same on every machine.

pub mod arena;
mod contract;
mod tick_input;

pub use contract::{
    Audience, Entity, Event, Game, Input, Leave, MAX_CELL, Own, Profile, Refusal, Rejected, Scene,
};
pub use tick_input::{Outcome, TickInput};
