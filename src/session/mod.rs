//! One connection: from the upgrade to its one reason to end.
//!
//! ```text
//!  door ──► head ──► upgrade ──► websocket         may this peer enter?
//!                        │ ▲
//!                        ▼ │
//!                      actor        lane           one actor per socket
//!                        │ ▲         │ ▲
//!                        ▼ │         ▼ │
//!                         conduct ◄─── inbound     what a message means and leads to
//!                           │ ▲
//!                           ▼ │
//!                       SessionLink                the room
//! ```
//!
//! * `door`, `head`: connections before they are sessions;
//! * `upgrade`: who may enter;
//! * `actor`: the actor of one socket, a thin shell;
//! * `lane`: inputs and snapshots, which need no actor;
//! * `inbound`, `newcomer`, `conduct`: sans-IO, time is an argument;
//! * `rules`: what all sessions are judged by.
//!
//! Bytes, frames and the socket's life are the business of
//! [`websocket`](crate::websocket), which knows no game.

mod actor;
mod conduct;
mod door;
mod head;
pub mod inbound;
mod lane;
mod newcomer;
mod rules;
mod upgrade;

pub use door::{Door, Place};
pub use head::Judge;
pub use rules::Rules;
pub use upgrade::{Entrance, upgrade};
