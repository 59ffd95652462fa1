//! Who may not come in for a while, by address or by account.
//!
//! Kept in memory, and in a file if there is one to be: without it a ban ends with
//! the server at the latest. Time is an argument. The operators' routes write it; the
//! upgrade asks for addresses, the hello for both.

use super::ban_file::{self, BadBans, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bans at most.
pub const MAX_BANS: usize = 10_000;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// Everybody from there; of an IPv6 address its /64, which is one customer's.
    Address(IpAddr),
    /// Whoever proves to be this.
    Account(String),
}

impl Culprit {
    /// As it is looked for: an address as its network.
    fn canonical(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(network(address)),
            account => account,
        }
    }

    /// Whether somebody with this address and account is meant.
    #[must_use]
    pub fn is(&self, address: IpAddr, account: Option<&str>) -> bool {
        match self {
            Self::Address(theirs) => network(*theirs) == network(address),
            Self::Account(theirs) => account == Some(theirs),
        }
    }
}

/// One ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// By which it can be lifted.
    pub id: u64,
    /// Who.
    pub culprit: Culprit,
    /// What he is told.
    pub text: Option<String>,
    /// Until when.
    pub until: Instant,
}

/// The bans of a server; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Bans(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Whoever writes holds it, so that what was changed last is written last.
    file: Option<Mutex<PathBuf>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// By culprit, an address as its network.
    bans: BTreeMap<Culprit, Ban>,
}

impl Bans {
    /// With those in this file, and kept there from now on.
    ///
    /// # Errors
    /// [`BadBans`], if there is such a file and it cannot be used.
    pub fn open(path: PathBuf, moment: Moment) -> Result<Self, BadBans> {
        let mut state = State::default();
        for ban in ban_file::read(&path, moment)? {
            state.last = state.last.max(ban.id);
            let culprit = ban.culprit.clone().canonical();
            state.bans.insert(culprit, ban);
        }
        Ok(Self(Arc::new(Shared {
            state: Mutex::new(state),
            file: Some(Mutex::new(path)),
        })))
    }

    /// Writes them to their file, if they have one. Waits for the disk.
    ///
    /// # Errors
    /// What the system says; they are in force all the same.
    pub fn keep(&self, moment: Moment) -> io::Result<()> {
        let Some(file) = &self.0.file else {
            return Ok(());
        };
        let path = file.lock().unwrap_or_else(PoisonError::into_inner);
        ban_file::write(&path, self.list(moment.now), moment)
    }

    /// Bans somebody for a time, in place of a ban he already has. `None` if there
    /// are [`MAX_BANS`], or for a time that never ends.
    #[must_use]
    pub fn ban(
        &self,
        culprit: Culprit,
        text: Option<String>,
        time: Duration,
        now: Instant,
    ) -> Option<Ban> {
        let until = now.checked_add(time)?;
        let culprit = culprit.canonical();
        let mut state = self.lock();
        state.forget_past(now);
        if state.bans.len() >= MAX_BANS && !state.bans.contains_key(&culprit) {
            return None;
        }
        state.last += 1;
        let ban = Ban {
            id: state.last,
            culprit: culprit.clone(),
            text,
            until,
        };
        state.bans.insert(culprit, ban.clone());
        Some(ban)
    }

    /// Lifts a ban; `false` if there is none with this id.
    pub fn lift(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.bans.len();
        state.bans.retain(|_, ban| ban.id != id);
        state.bans.len() < before
    }

    /// All bans, the oldest first.
    #[must_use]
    pub fn list(&self, now: Instant) -> Vec<Ban> {
        let mut state = self.lock();
        state.forget_past(now);
        let mut bans: Vec<_> = state.bans.values().cloned().collect();
        bans.sort_by_key(|ban| ban.id);
        bans
    }

    /// The ban that keeps somebody out, if there is one.
    #[must_use]
    pub fn find(&self, address: IpAddr, account: Option<&str>, now: Instant) -> Option<Ban> {
        let state = self.lock();
        if state.bans.is_empty() {
            return None;
        }
        let valid = |culprit| state.bans.get(&culprit).filter(|ban| ban.until > now);
        valid(Culprit::Address(network(address)))
            .or_else(|| valid(Culprit::Account(account?.to_owned())))
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic half way; a poisoned one is whole.
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_past(&mut self, now: Instant) {
        self.bans.retain(|_, ban| ban.until > now);
    }
}

/// What an address is banned as.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    const HOUR: Duration = Duration::from_secs(3600);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_ban_keeps_out_whom_it_means_for_its_time() {
        let (bans, now) = (Bans::default(), Instant::now());
        let v4 = bans.ban(Culprit::Address(ip("192.0.2.1")), None, HOUR, now);
        let v6 = bans.ban(Culprit::Address(ip("2001:db8::1")), None, HOUR, now);
        let ada = bans.ban(Culprit::Account("ada".into()), None, HOUR, now);
        for (address, account, found) in [
            ("192.0.2.1", None, &v4),
            ("::ffff:192.0.2.1", None, &v4),
            ("192.0.2.2", None, &None),
            ("2001:db8::2", None, &v6),
            ("2001:db8:0:1::1", None, &None),
            ("192.0.2.2", Some("ada"), &ada),
            ("192.0.2.2", Some("eve"), &None),
            ("192.0.2.1", Some("ada"), &v4),
        ] {
            let ban = bans.find(ip(address), account, now);
            assert_eq!(ban, *found, "{address} {account:?}");
            let culprits = [&v4, &v6, &ada].map(|ban| ban.as_ref().unwrap().culprit.clone());
            let is_meant = culprits.iter().any(|c| c.is(ip(address), account));
            assert_eq!(is_meant, found.is_some(), "{address} {account:?}");
        }
        assert_eq!(bans.find(ip("192.0.2.1"), Some("ada"), now + HOUR), None);
        assert_eq!(bans.list(now).len(), 3);
        assert_eq!(bans.list(now + HOUR), [], "forgotten");
    }

    #[test]
    fn a_ban_can_be_lifted_and_replaced() {
        let (bans, now) = (Bans::default(), Instant::now());
        let ada = Culprit::Account("ada".into());
        let first = bans.ban(ada.clone(), None, HOUR, now).unwrap();
        let text = Some("again".to_owned());
        let second = bans.ban(ada, text, 2 * HOUR, now).unwrap();
        assert_eq!(bans.list(now), std::slice::from_ref(&second));
        assert!(!bans.lift(first.id), "it was replaced");
        assert!(bans.lift(second.id));
        assert_eq!(bans.find(ip("192.0.2.1"), Some("ada"), now), None);
    }

    #[test]
    fn bans_outlast_the_server_in_a_file() {
        let folder = std::env::temp_dir().join(format!("downbeat-bans-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("bans.json");
        let at = |seconds: u64| Moment {
            // The machine has started anew since; only the wall's clock has gone on.
            now: Instant::now(),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds),
        };
        let bans = Bans::open(path.clone(), at(0)).unwrap();
        let first = at(0);
        let ada = Culprit::Account("ada".into());
        let text = Some("see you".to_owned());
        bans.ban(ada, text.clone(), HOUR, first.now).unwrap();
        let v6 = Culprit::Address(ip("2001:db8::1"));
        bans.ban(v6, None, 2 * HOUR, first.now).unwrap();
        bans.keep(first).unwrap();

        let later = at(3000);
        let again = Bans::open(path.clone(), later).unwrap();
        let found = again.find(ip("192.0.2.1"), Some("ada"), later.now).unwrap();
        assert_eq!((found.id, &found.text), (1, &text));
        let left = found.until - later.now;
        assert!((600..=602).contains(&left.as_secs()), "{left:?}");
        assert!(again.find(ip("2001:db8::2"), None, later.now).is_some());
        let next = again.ban(Culprit::Account("eve".into()), None, HOUR, later.now);
        assert_eq!(next.unwrap().id, 3, "no number twice");
        assert!(again.lift(3));

        let over = at(3700);
        let again = Bans::open(path.clone(), over).unwrap();
        assert_eq!(again.find(ip("192.0.2.1"), Some("ada"), over.now), None);
        assert_eq!(again.list(over.now).len(), 1);

        std::fs::write(&path, "{}").unwrap();
        let told = Bans::open(path.clone(), over).unwrap_err().to_string();
        assert!(told.contains("bans.json: missing field"), "{told}");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(again.keep(over).is_err(), "nowhere to write to");
        assert!(Bans::open(path, over).unwrap().list(over.now).is_empty());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let (bans, now) = (Bans::default(), Instant::now());
        let culprit = |n: usize| Culprit::Account(n.to_string());
        for n in 0..MAX_BANS {
            assert!(bans.ban(culprit(n), None, HOUR, now).is_some());
        }
        assert_eq!(bans.ban(culprit(MAX_BANS), None, HOUR, now), None);
        assert!(bans.ban(culprit(7), None, HOUR, now).is_some(), "replaces");
        let later = now + HOUR;
        assert!(bans.ban(culprit(MAX_BANS), None, HOUR, later).is_some());
        let endless = bans.ban(culprit(1), None, Duration::MAX, now);
        assert_eq!(endless, None, "for ever");
    }
}
