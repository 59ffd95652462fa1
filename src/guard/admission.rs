//! Who somebody is and whether he may play: what the hello is checked against.
//!
//! One per server, shared by its sessions. It holds the keys; the wall clock, which
//! tokens need, is given at its making.

use super::bans::Bans;
use super::keys::Keys;
use super::token::{Identity, Rejected, Tokens};
use std::time::SystemTime;

/// See the module's doc. The default knows nobody and lets everybody in.
#[derive(Debug)]
pub struct Admission {
    keys: Option<Keys>,
    clock: fn() -> SystemTime,
    bans: Bans,
}

impl Default for Admission {
    fn default() -> Self {
        Self::new(None::<Tokens>, SystemTime::now)
    }
}

impl Admission {
    /// With keys every player needs a token; without, tokens are not looked at.
    #[must_use]
    pub fn new(keys: Option<impl Into<Keys>>, clock: fn() -> SystemTime) -> Self {
        Self {
            keys: keys.map(Into::into),
            clock,
            bans: Bans::default(),
        }
    }

    /// The same with these bans.
    #[must_use]
    pub fn with_bans(self, bans: Bans) -> Self {
        Self { bans, ..self }
    }

    /// What tokens are verified with, if they are.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
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
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let token = token.ok_or(Rejected::Missing)?;
        let tokens = keys.current();
        tokens.verify(token, room, (self.clock)()).map(Some)
    }
}
