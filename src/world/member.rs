//! One player of a room, as the room knows him.
//!
//! Owns his pending inputs and what he was last told. His life:
//!
//! ```text
//!  join ──► Live ──link lost, too slow, silent──► Limbo ──time is over──► gone
//!            ▲ └──────────────left───────────────────────────────────────► gone
//!            └──────────────resume───────────────── Limbo
//! ```
//!
//! When the server goes everybody is in limbo, and whoever is when the room is saved
//! is in limbo again when it is loaded, for its whole time.

use super::inbox::Arrived;
use super::link::MemberLink;
use super::outlet::Ring;
use super::overload::Step;
use super::pace::Sight;
use crate::game::{Game, Input, Own, Profile};
use crate::guard::Permit;
use bytes::Bytes;
use downbeat_protocol::{CellId, Pace, PlayerId, ResumeToken, Seq, Tick};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;

/// A wish to be a member: what the room needs of it.
#[derive(Debug)]
pub struct Join<I> {
    /// Who wants in.
    pub profile: Profile,
    /// The right to a player left behind.
    pub resume: Option<ResumeToken>,
    /// Whether he plays or looks on.
    pub role: Role,
    /// Where he comes from.
    pub address: IpAddr,
    /// The place of his body, given back when it leaves the room.
    pub body: Option<Permit>,
    /// The token the player gets for his next return. The caller draws it: a
    /// room has no randomness of its own.
    pub token: ResumeToken,
    /// The room's end of his link.
    pub link: MemberLink<I>,
}

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// He plays.
    Player,
    /// He looks on: the game does not know of him, and without a link he is gone.
    Spectator,
}

/// Whether a member's session is there.
#[derive(Debug)]
pub(super) enum Presence<I> {
    /// It is: he is sent snapshots, and his inputs are used.
    Live(MemberLink<I>),
    /// It is not, since this tick: the body stays in the game, and the token
    /// brings the player back to it.
    Limbo(Tick),
}

impl<I> Presence<I> {
    pub(super) fn link(&self) -> Option<&MemberLink<I>> {
        match self {
            Self::Live(link) => Some(link),
            Self::Limbo(_) => None,
        }
    }
}

/// One player of a room, or a spectator.
pub(super) struct Member<G: Game> {
    pub(super) id: PlayerId,
    pub(super) role: Role,
    /// Whose view a spectator has; everything if nobody's.
    pub(super) follows: Option<PlayerId>,
    pub(super) name: String,
    pub(super) account: Option<String>,
    /// Where he came from last.
    pub(super) address: IpAddr,
    /// The place of his body, held as long as he is here.
    pub(super) _body: Option<Permit>,
    /// The tick he came in with.
    pub(super) joined: Tick,
    pub(super) presence: Presence<Input<G>>,
    pub(super) token: ResumeToken,
    pub(super) pending: Pending<Input<G>>,
    pub(super) told: Told<G>,
    /// The last tick anything came from him.
    pub(super) heard: Tick,
    /// The last snapshot he says he has.
    pub(super) acknowledged: Tick,
    /// Ticks since then in which the server itself was late: they do not count as his.
    pub(super) excused: u32,
    /// How old, in ticks, the last snapshot he acknowledged was when he did.
    pub(super) round_trip: Option<u32>,
    /// Set when the server goes and has told him so: he leaves his body with the next
    /// tick, whatever his session does.
    pub(super) is_dismissed: bool,
    /// Set when an operator has ended his session: he leaves with the next tick.
    pub(super) is_evicted: bool,
    /// Set when he leaves the room with the tick in the making.
    pub(super) is_gone: bool,
}

/// What a player was told last: the baseline of his next snapshot.
pub(super) struct Told<G: Game> {
    /// The tick of his last snapshot, or of the welcome.
    pub(super) tick: Tick,
    /// The last applied input he knows of.
    pub(super) applied: Seq,
    /// The cells he sees, ascending, and the level he holds each at.
    pub(super) view: Vec<Sight>,
    /// The same as of the snapshot in the making, unless it `stays`.
    pub(super) next_view: Vec<Sight>,
    /// Whether the snapshot in the making is of the same view as the last.
    pub(super) stays: bool,
    /// The cells the game gave him last, the nearest first.
    pub(super) seen: Vec<CellId>,
    /// The step at which he holds each of them as often as that step alone allows, so
    /// that nothing is to be decided while it stays and so do they.
    pub(super) settled: Option<Step>,
    /// The cell that is nearest to him.
    pub(super) home: Option<CellId>,
    /// Whether the snapshot in the making tells what changed there, or he came there
    /// just now: then he sees what his inputs did.
    pub(super) is_home_told: bool,
    /// How often he knows that he is told.
    pub(super) pace: Option<Pace>,
    /// His own part.
    pub(super) own: Option<Own<G>>,
    /// Whether the next snapshot cannot build on the last: the first one, or one
    /// was skipped.
    pub(super) broken: bool,
    /// Where his last snapshot is.
    pub(super) parcel: Parcel,
    /// Bytes of snapshots that were carried to his socket.
    pub(super) carried: u64,
    /// Whether events were laid down that his next snapshot must not overtake.
    pub(super) has_news: bool,
    /// Whether he has taken his last snapshot, as of the last look.
    pub(super) is_free: bool,
    /// Whether the snapshot in the making goes to him.
    pub(super) due: bool,
}

/// Where a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    /// His socket has it, or there was none.
    Taken,
    /// On its way, in a batch that is not yet back.
    Carried,
    /// At his end of the link, until the session takes it.
    Laid,
}

/// What is kept of a player when his room is saved. Its token is a secret.
#[derive(Serialize, Deserialize)]
pub(super) struct Keepsake {
    pub(super) id: PlayerId,
    profile: Profile,
    address: IpAddr,
    joined: Tick,
    token: ResumeToken,
    /// The last input used.
    applied: Seq,
}

impl<G: Game> Member<G> {
    pub(super) fn new(id: PlayerId, join: Join<Input<G>>, now: Tick) -> Self {
        let keepsake = Keepsake {
            id,
            profile: join.profile,
            address: join.address,
            joined: now,
            token: join.token,
            applied: Seq(0),
        };
        Self {
            role: join.role,
            _body: join.body,
            ..Self::of(keepsake, Presence::Live(join.link), now)
        }
    }

    /// The player of whom this was kept, as if he had come `now`.
    pub(super) fn of(keepsake: Keepsake, presence: Presence<Input<G>>, now: Tick) -> Self {
        let Keepsake {
            id,
            profile,
            address,
            joined,
            token,
            applied,
        } = keepsake;
        Self {
            id,
            role: Role::Player,
            follows: None,
            name: profile.name,
            account: profile.account,
            address,
            _body: None,
            joined,
            presence,
            token,
            pending: Pending {
                applied,
                ..Pending::default()
            },
            told: Told::nothing(now, applied),
            heard: now,
            acknowledged: now,
            excused: 0,
            round_trip: None,
            is_dismissed: false,
            is_evicted: false,
            is_gone: false,
        }
    }

    /// What is to be kept of him.
    pub(super) fn keepsake(&self) -> Keepsake {
        Keepsake {
            id: self.id,
            profile: Profile {
                name: self.name.clone(),
                account: self.account.clone(),
            },
            address: self.address,
            joined: self.joined,
            token: self.token,
            applied: self.pending.applied,
        }
    }

    /// A new link takes the place of the old one; the player stays.
    pub(super) fn resume(&mut self, join: Join<Input<G>>, now: Tick) -> Presence<Input<G>> {
        self.token = join.token;
        self.address = join.address;
        self._body = join.body;
        self.round_trip = None;
        self.pending.forget_waiting();
        self.told = Told::nothing(now, self.pending.applied);
        self.heard = now;
        self.acknowledged = now;
        self.excused = 0;
        std::mem::replace(&mut self.presence, Presence::Live(join.link))
    }

    pub(super) fn is_player(&self) -> bool {
        self.role == Role::Player
    }

    pub(super) fn link(&self) -> Option<&MemberLink<Input<G>>> {
        self.presence.link()
    }

    /// Lays down a message that he must not miss; his next snapshot comes after it.
    pub(super) fn tell(&mut self, message: Bytes) -> Option<Ring> {
        let ring = self.presence.link()?.event(message);
        self.told.has_news = true;
        Some(ring)
    }

    /// Whether he has taken his last snapshot; `None` if he has no link.
    pub(super) fn is_free(&self) -> Option<bool> {
        let link = self.presence.link()?;
        Some(match self.told.parcel {
            Parcel::Taken => true,
            Parcel::Carried => false,
            Parcel::Laid => link.is_free(),
        })
    }

    /// How many ticks the oldest snapshot not yet acknowledged is old, without those
    /// in which the server was late; 0 if he has them all.
    pub(super) fn lag(&self, now: Tick) -> u32 {
        if self.acknowledged == self.told.tick {
            0
        } else {
            now.since(self.acknowledged).saturating_sub(self.excused)
        }
    }

    /// Takes an acknowledgement; one of a snapshot never sent is ignored.
    pub(super) fn acknowledge(&mut self, received: Tick, now: Tick) {
        if received.is_after(self.acknowledged) && !received.is_after(self.told.tick) {
            self.acknowledged = received;
            self.excused = self.excused.min(now.since(received));
            self.round_trip = Some(now.since(received));
        }
    }
}

impl<G: Game> Told<G> {
    fn nothing(now: Tick, applied: Seq) -> Self {
        Self {
            tick: now,
            applied,
            view: Vec::new(),
            next_view: Vec::new(),
            stays: false,
            seen: Vec::new(),
            settled: None,
            home: None,
            is_home_told: false,
            pace: None,
            own: None,
            broken: true,
            parcel: Parcel::Taken,
            carried: 0,
            has_news: false,
            is_free: true,
            due: false,
        }
    }
}

/// A player's inputs that wait to be used, one per tick, in the order of their
/// numbers.
#[derive(Debug)]
pub(super) struct Pending<I> {
    /// Ordered by number, all after `applied`.
    waiting: VecDeque<Arrived<I>>,
    /// The last one used.
    pub(super) applied: Seq,
}

/// What became of an input on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It waits.
    Waits,
    /// It was seen before, or a later one was already used.
    Duplicate,
}

impl<I> Default for Pending<I> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            applied: Seq(0),
        }
    }
}

impl<I> Pending<I> {
    /// Puts an input in its place.
    pub(super) fn arrive(&mut self, arrived: Arrived<I>) -> Arrival {
        if !arrived.seq.is_after(self.applied) {
            return Arrival::Duplicate;
        }
        // Nearly always the newest: look from the back.
        let place = self
            .waiting
            .iter()
            .rposition(|other| !other.seq.is_after(arrived.seq))
            .map_or(0, |before| before + 1);
        let is_known = place
            .checked_sub(1)
            .is_some_and(|i| self.waiting[i].seq == arrived.seq);
        if is_known {
            return Arrival::Duplicate;
        }
        self.waiting.insert(place, arrived);
        Arrival::Waits
    }

    /// Drops the oldest until at most `capacity` wait; says how many.
    pub(super) fn bound(&mut self, capacity: usize) -> u32 {
        let excess = self.waiting.len().saturating_sub(capacity);
        self.waiting.drain(..excess);
        excess as u32
    }

    /// The next one to use.
    pub(super) fn next(&mut self) -> Option<I> {
        let arrived = self.waiting.pop_front()?;
        self.applied = arrived.seq;
        Some(arrived.input)
    }

    /// How many wait.
    pub(super) fn len(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// Drops what waits; what was used stays used.
    fn forget_waiting(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(seq: u32) -> Arrived<u32> {
        Arrived {
            seq: Seq(seq),
            tick: Tick(0),
            input: seq,
        }
    }

    #[test]
    fn inputs_are_used_in_the_order_of_their_numbers() {
        let mut pending = Pending::default();
        for seq in [3, 1, 2] {
            assert_eq!(pending.arrive(arrived(seq)), Arrival::Waits);
        }
        assert_eq!(
            [pending.next(), pending.next(), pending.next()],
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(pending.next(), None);
    }

    #[test]
    fn what_was_seen_or_overtaken_is_a_duplicate() {
        let mut pending = Pending::default();
        pending.arrive(arrived(2));
        assert_eq!(
            pending.arrive(arrived(2)),
            Arrival::Duplicate,
            "waits already"
        );
        pending.next();
        assert_eq!(pending.arrive(arrived(2)), Arrival::Duplicate, "was used");
        assert_eq!(
            pending.arrive(arrived(1)),
            Arrival::Duplicate,
            "a later one was used"
        );
        assert_eq!(
            pending.arrive(arrived(0)),
            Arrival::Duplicate,
            "zero is before the first"
        );
    }

    #[test]
    fn the_oldest_goes_when_too_many_wait() {
        let mut pending = Pending::default();
        for seq in 1..=5 {
            pending.arrive(arrived(seq));
        }
        assert_eq!(pending.bound(3), 2);
        assert_eq!(pending.next(), Some(3));
    }

    #[test]
    fn numbers_may_wrap() {
        let mut pending = Pending {
            applied: Seq(u32::MAX - 1),
            ..Pending::default()
        };
        pending.arrive(arrived(0));
        pending.arrive(arrived(u32::MAX));
        assert_eq!([pending.next(), pending.next()], [Some(u32::MAX), Some(0)]);
    }
}
