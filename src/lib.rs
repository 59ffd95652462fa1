//! downbeat: an actor-based, real-time game state server.

pub mod cli;
pub mod config;
pub mod game;
pub mod lobby;
pub mod ops;
pub mod telemetry;
pub mod world;

pub use downbeat_protocol as protocol;
