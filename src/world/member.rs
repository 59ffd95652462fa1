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

use super::link::MemberLink;
use super::outlet::Ring;
use super::pending::Pending;
use super::told::{Parcel, Told};
use crate::game::{Game, Input, Profile};
use crate::guard::Permit;
use bytes::Bytes;
use downbeat_protocol::{PlayerId, ResumeToken, Seq, Tick};
use serde::{Deserialize, Serialize};
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
            pending: Pending::after(applied),
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
