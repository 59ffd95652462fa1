//! Who somebody is and whether he may play: what the hello is checked against.
//!
//! One per server, shared by its sessions. It holds the keys; the wall clock, which
//! tokens need, is given at its making.

use super::bans::Bans;
use super::token::{Identity, Rejected, Tokens};
use std::time::SystemTime;

/// See the module's doc. The default knows nobody and lets everybody in.
#[derive(Debug)]
pub struct Admission {
    tokens: Option<Tokens>,
    clock: fn() -> SystemTime,
    bans: Bans,
}

impl Default for Admission {
    fn default() -> Self {
        Self::new(None, SystemTime::now)
    }
}

impl Admission {
    /// With keys every player needs a token; without, tokens are not looked at.
    #[must_use]
    pub fn new(tokens: Option<Tokens>, clock: fn() -> SystemTime) -> Self {
        Self {
            tokens,
            clock,
            bans: Bans::default(),
        }
    }

    /// Who may not come in, whoever he is.
    #[must_use]
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Who wants into `room`; `None` if nobody needs to say.
    ///
    /// # Errors
    /// [`Rejected`], if he must say and cannot.
    pub fn identify(&self, token: Option<&str>, room: &str) -> Result<Option<Identity>, Rejected> {
        let Some(tokens) = &self.tokens else {
            return Ok(None);
        };
        let token = token.ok_or(Rejected::Missing)?;
        tokens.verify(token, room, (self.clock)()).map(Some)
    }
}
