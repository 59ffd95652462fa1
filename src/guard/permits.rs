//! How many connections there may be, in all and per address.
//!
//! A [`Permit`] is held by whoever owns the socket and gives its place back when it
//! is dropped, so the count cannot drift from the sockets.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// As many sessions as the server takes.
    #[error("the server is full, try again later")]
    Full,
    /// As many sessions as one address may have.
    #[error("too many connections from this address")]
    Address,
}

/// The places of one server; clones share them.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    in_all: usize,
    per_address: usize,
    taken: Mutex<Taken>,
    all_back: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    /// Only addresses that hold a place; so it is never larger than `in_all`.
    by_address: BTreeMap<IpAddr, usize>,
}

impl Permits {
    /// Places for `in_all` sessions, and for `per_address` from one address.
    #[must_use]
    pub fn new(in_all: usize, per_address: usize) -> Self {
        Self(Arc::new(Shared {
            in_all,
            per_address,
            taken: Mutex::default(),
            all_back: Notify::new(),
        }))
    }

    /// A place for a session from `address`. Loopback is exempt from the limit per
    /// address; IPv6 addresses count by their /64, which is one customer's.
    ///
    /// # Errors
    /// [`Denied`], if there is none.
    pub fn acquire(&self, address: IpAddr) -> Result<Permit, Denied> {
        self.take(key(address))
    }

    /// A place for a connection that may be anybody's, such as a proxy's: it counts
    /// in all only.
    ///
    /// # Errors
    /// [`Denied::Full`], if there is none.
    pub fn acquire_unnamed(&self) -> Result<Permit, Denied> {
        self.take(None)
    }

    fn take(&self, key: Option<IpAddr>) -> Result<Permit, Denied> {
        let mut taken = self.0.lock();
        if taken.in_all >= self.0.in_all {
            return Err(Denied::Full);
        }
        if let Some(key) = key {
            let held = taken.by_address.entry(key).or_insert(0);
            if *held >= self.0.per_address {
                return Err(Denied::Address);
            }
            *held += 1;
        }
        taken.in_all += 1;
        Ok(Permit {
            permits: self.clone(),
            key,
        })
    }

    /// How many places are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.lock().in_all
    }

    /// Waits until every place has been given back.
    pub async fn all_back(&self) {
        loop {
            let notified = self.0.all_back.notified();
            tokio::pin!(notified);
            // Listen before looking, or the last permit may come back in between.
            notified.as_mut().enable();
            if self.taken() == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing under the lock can panic half way; a poisoned one is whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one session.
#[derive(Debug)]
pub struct Permit {
    permits: Permits,
    key: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let shared = &self.permits.0;
        let mut taken = shared.lock();
        taken.in_all -= 1;
        if let Some(key) = self.key
            && let Entry::Occupied(mut held) = taken.by_address.entry(key)
        {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
        if taken.in_all == 0 {
            shared.all_back.notify_waiters();
        }
    }
}

/// What an address is counted as; `None` if it is not counted.
fn key(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            Some(Ipv6Addr::from_bits(network).into())
        }
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_limit_in_all_holds_and_dropping_gives_back() {
        let permits = Permits::new(2, 9);
        let first = permits.acquire(ip("127.0.0.1")).unwrap();
        let _second = permits.acquire(ip("192.0.2.1")).unwrap();
        assert_eq!(permits.acquire(ip("192.0.2.2")).unwrap_err(), Denied::Full);
        drop(first);
        assert!(permits.acquire(ip("192.0.2.2")).is_ok(), "a place is back");
    }

    #[test]
    fn addresses_count_apart_and_are_forgotten() {
        let permits = Permits::new(9, 1);
        let held = permits.acquire(ip("192.0.2.1")).unwrap();
        for (address, allowed) in [
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("192.0.2.2", true),
            ("127.0.0.1", true),
            ("::1", true),
        ] {
            assert_eq!(permits.acquire(ip(address)).is_ok(), allowed, "{address}");
        }
        drop(held);
        assert!(
            permits.0.lock().by_address.is_empty(),
            "nothing stays behind"
        );
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let permits = Permits::new(9, 1);
        let _held = permits.acquire(ip("2001:db8::1")).unwrap();
        assert_eq!(
            permits.acquire(ip("2001:db8::2")).unwrap_err(),
            Denied::Address
        );
        assert!(
            permits.acquire(ip("2001:db8:0:1::1")).is_ok(),
            "another /64"
        );
    }

    #[test]
    fn waiting_ends_with_the_last_permit() {
        let permits = Permits::new(9, 9);
        let held = permits.acquire(ip("127.0.0.1")).unwrap();
        let mut wait = Box::pin(permits.all_back());
        assert!(wait.as_mut().now_or_never().is_none(), "one is still out");
        drop(held);
        assert!(wait.as_mut().now_or_never().is_some(), "all are back");
    }
}
