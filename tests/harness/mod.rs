//! What every test over real sockets needs: conditions with a deadline, a good
//! client, a client without manners, and a server with a small lobby.
//!
//! Nothing here sleeps as a way to synchronise: what is waited for is a condition.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code, unused_imports, unreachable_pub)]

pub mod binary;
pub mod client;
pub mod lobby;
pub mod raw;
pub mod server;
pub mod tls;

pub use binary::Binary;
pub use client::{Client, Ended};
pub use raw::Raw;
pub use server::TestServer;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until `condition` holds; panics with `what` if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits for `future`; panics with `what` if it takes too long.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("never happened: {what}"),
    }
}
