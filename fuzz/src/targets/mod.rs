//! What is tried out, a file each.

// A target says that something is wrong by panicking.
#![allow(clippy::expect_used)]

mod arena;
mod frames;
mod messages;
mod mirror;

use anyhow::Result;

/// What a target makes of a case; it panics if that is wrong.
pub type Check = Box<dyn FnMut(&[u8])>;

/// A target's corpus, and what is done with each case.
pub type Start = (Vec<Vec<u8>>, Check);

/// Something that reads bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its corpus, and what is done with each case.
    pub start: fn() -> Result<Start>,
}

/// All targets.
pub const TARGETS: [Target; 4] = [
    Target {
        name: "frames",
        about: "bytes of a socket: scanner, codec, assembler",
        start: frames::start,
    },
    Target {
        name: "messages",
        about: "a client's message: decoding, hello, names",
        start: messages::start,
    },
    Target {
        name: "mirror",
        about: "a server's message: decoding, a snapshot onto a mirror",
        start: mirror::start,
    },
    Target {
        name: "arena",
        about: "games of joins, leaves and inputs, saved and loaded",
        start: arena::start,
    },
];
