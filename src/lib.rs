//! An actor-based, real-time game state server.
//!
//! Clients speak binary WebSocket. Each socket is an actix actor that forwards
//! inputs to the actor of its room, which ticks at a fixed rate and tells every
//! player what he sees. Bring your own game by implementing [`game::Game`]; the
//! built-in one is the [`game::arena`].
//!
//! ```text
//!  bytes in                                                          bytes out
//!     │                                                                  ▲
//!  session   one actor per socket: upgrade, frames, hello, limits     session
//!     │      inbox: inputs, bounded          post: the tick's snapshots  │
//!     ▼                                                                  │
//!  world     one actor per room: drain → journal → step → view → encode → send → watch
//!     │                                                                  ▲
//!     ▼      TickInput: the single entrance                              │
//!  game      join, input, leave, step                    scene, own, view
//! ```
//!
//! In the order of the road:
//!
//! * [`server`] binds one port for sockets and everything else;
//! * [`websocket`] turns bytes into whole messages, [`session`] is what a peer makes of
//!   them, [`guard`] the checks at the door;
//! * [`lobby`] knows the rooms, [`world`] is one of them, [`post`] carries what they tell;
//! * [`game`] is what is played;
//! * [`protocol`] is every byte on the wire;
//! * [`web`] has the pages, [`ops`] answers operators, [`telemetry`] counts, [`config`] holds every setting,
//!   [`cli`] is the command line.
//!
//! A server of a game of your own is one line:
//!
//! ```no_run
//! # use downbeat::game::arena::Arena as MyGame;
//! fn main() -> std::process::ExitCode {
//!     downbeat::cli::main::<MyGame>()
//! }
//! ```

pub mod server;
pub mod session;

pub mod guard;
pub mod lobby;
pub mod world;

pub mod game;

pub mod cli;
pub mod config;
pub mod ops;
pub mod post;
pub mod telemetry;
pub mod web;
pub mod websocket;

pub use downbeat_protocol as protocol;
pub use server::Server;
