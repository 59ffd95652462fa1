//! Who somebody is and whether he may play: what the hello is checked against.
//!
//! One per server, shared by its sessions. It holds the keys; the wall clock, which
//! tokens need, is given at its making.

use super::bans::Bans;
use super::keys::Keys;
use super::permits::{Denied, Permit, Permits};
use super::rate::{Bucket, Rate};
use super::token::{Identity, Rejected, Tokens};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// Warnings at once, beyond one a second.
const WARNINGS: u32 = 9;

/// See the module's doc. The default knows nobody and lets everybody in.
#[derive(Debug)]
pub struct Admission {
    keys: Option<Keys>,
    clock: fn() -> SystemTime,
    bans: Bans,
    bodies: Permits,
    warnings: Mutex<Bucket>,
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
            bodies: Permits::new(usize::MAX, usize::MAX),
            warnings: Mutex::new(Bucket::new(Instant::now())),
        }
    }

    /// The same with these bans.
    #[must_use]
    pub fn with_bans(self, bans: Bans) -> Self {
        Self { bans, ..self }
    }

    /// The same with these places for players' bodies.
    #[must_use]
    pub fn with_bodies(self, bodies: Permits) -> Self {
        Self { bodies, ..self }
    }

    /// A place for a player's body, to be held as long as it is in a room: longer than
    /// his session, if he loses his link. Otherwise who comes and vanishes again and
    /// again would fill a room with bodies all by himself.
    ///
    /// # Errors
    /// [`Denied`], if he has as many already.
    pub fn body(&self, address: IpAddr) -> Result<Permit, Denied> {
        self.bodies.acquire(address)
    }

    /// Whether one more peer's misconduct may be a warning in the log: one a second may,
    /// and some at once, so that nobody floods it by coming again and again.
    #[must_use]
    pub fn may_warn(&self, now: Instant) -> bool {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.take(Rate::new(1, WARNINGS), 1, now)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn warnings_come_one_a_second_after_the_first_few() {
        let admission = Admission::default();
        let start = Instant::now() + Duration::from_secs(60);
        let within = |seconds: u64| {
            let all = (0..1000 * seconds).map(|n| start + Duration::from_millis(n));
            all.filter(|now| admission.may_warn(*now)).count()
        };
        let first = within(1);
        assert!((10..=11).contains(&first), "{first} in the first second");
        let later = start + Duration::from_secs(30);
        assert!(admission.may_warn(later), "forgiven");
    }
}
