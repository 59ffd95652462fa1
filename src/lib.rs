//! downbeat: an actor-based, real-time game state server.

pub mod cli;
pub mod config;
pub mod game;
pub mod guard;
pub mod lobby;
pub mod ops;
pub mod server;
pub mod session;
pub mod telemetry;
pub mod websocket;
pub mod world;

pub use downbeat_protocol as protocol;
pub use server::Server;
