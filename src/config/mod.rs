//! Every setting of the server: its default, its bounds, and where it may come from.
//!
//! A setting stands once, as a row of the table in `settings.rs`; the struct, the
//! TOML key, the environment variable, the flag, the check, `--print-config` and the
//! table in `docs/operations.md` come from that row. [`load`] lays the four layers
//! on top of each other (defaults, file, environment, flags) and reports all
//! problems at once. The game's own config is a table beside it that only the game's
//! type knows. Secrets are no settings: they have files or variables of their own and
//! are never shown. Read by the command line; everyone else gets a finished [`Settings`].

mod game;
mod kind;
mod layers;
mod load;
mod network;
mod origins;
mod row;
mod secret;
mod settings;
mod show;

pub use kind::{Auth, LogFormat};
pub use layers::{Layers, Origin};
pub use load::{Problems, load};
pub use network::Network;
pub use origins::OriginRule;
pub use row::Row;
pub use secret::{Secret, Secrets};
pub use settings::{ROWS, Settings};
pub use show::{game_settings, markdown, print};

use downbeat_protocol::Reason;
use std::time::Duration;

impl Settings {
    /// Snapshots per second.
    #[must_use]
    pub fn snapshots_per_second(&self) -> u32 {
        self.snapshot_rate.unwrap_or(self.tick_rate)
    }

    /// When who is sent away for this reason should come back, in milliseconds, if the
    /// server goes after `drain`; `None` if it cannot say.
    #[must_use]
    pub fn retry_after_ms(&self, reason: Reason, drain: Duration) -> Option<u32> {
        if reason != Reason::Restarting || self.restart_hint.is_zero() {
            return None;
        }
        u32::try_from((self.restart_hint + drain).as_millis()).ok()
    }

    /// Messages per second a session may sustain.
    #[must_use]
    pub fn messages_per_second(&self) -> u32 {
        self.message_rate.unwrap_or(2 * self.tick_rate)
    }

    /// How long the kernel may try to reach a peer before it gives up: longer than
    /// our own patience, since it knows no reasons.
    #[must_use]
    pub fn kernel_timeout(&self) -> std::time::Duration {
        2 * self.write_timeout.max(self.behind_timeout)
    }

    /// Whether a connection from this address is a proxy's.
    #[must_use]
    pub fn is_proxy(&self, address: std::net::IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }
}
