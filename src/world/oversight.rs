//! What an operator sees of a room and does to it, between ticks.
//!
//! The lobby passes his messages on; the core answers them without actix.

use super::actor::World;
use super::core::Core;
use super::member::{Presence, Role};
use super::outlet::End;
use crate::game::Game;
use crate::guard::Culprit;
use actix::{Context, Handler, Message, MessageResult};
use downbeat_protocol::{PlayerId, Tick};
use std::net::IpAddr;

/// Who is in the room?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Inspection")]
pub struct Inspect;

/// Ends sessions for good, limbo included; answers how many.
#[derive(Clone, Debug, Message)]
#[rtype(result = "usize")]
pub struct Evict {
    /// Whose.
    pub whom: Whom,
    /// What they are told.
    pub end: End,
}

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// One player of this room, or one who looks on.
    Player(PlayerId),
    /// Everybody with this address or account.
    Culprit(Culprit),
}

impl Whom {
    fn is(&self, player: PlayerId, address: IpAddr, account: Option<&str>) -> bool {
        match self {
            Self::Player(theirs) => *theirs == player,
            Self::Culprit(culprit) => culprit.is(address, account),
        }
    }
}

/// A room as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The tick made last.
    pub tick: Tick,
    /// Ticks per second.
    pub tick_rate: u32,
    /// Its members, by id.
    pub members: Vec<MemberStatus>,
}

/// One member of a room as an operator sees him. Times are in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// His id in this room.
    pub player: PlayerId,
    /// Whether he plays or looks on.
    pub role: Role,
    /// His name.
    pub name: String,
    /// Who he is, if players prove it.
    pub account: Option<String>,
    /// Where he came from last.
    pub address: IpAddr,
    /// Whether his session is there; otherwise he is in limbo.
    pub is_live: bool,
    /// For how long he has been in the room.
    pub age: u32,
    /// How old the last snapshot he acknowledged was by then: his round trip and up
    /// to a tick more. `None` before the first.
    pub round_trip: Option<u32>,
    /// How old the oldest snapshot is that he has not acknowledged.
    pub lag: u32,
    /// His inputs that wait.
    pub waiting: u32,
    /// Bytes of messages that his session took for him, since it came.
    pub bytes_out: u64,
}

impl<G: Game> Core<G> {
    /// Everybody in the room.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let members = self.members.iter().map(|member| MemberStatus {
            player: member.id,
            role: member.role,
            name: member.name.clone(),
            account: member.account.clone(),
            address: member.address,
            is_live: matches!(member.presence, Presence::Live(_)),
            age: self.tick.since(member.joined),
            round_trip: member.round_trip,
            lag: member.lag(self.tick),
            waiting: member.pending.len(),
            bytes_out: member
                .link()
                .map_or(0, |link| link.bytes_taken() + member.told.carried),
        });
        Inspection {
            tick: self.tick,
            tick_rate: self.config.tick_rate,
            members: members.collect(),
        }
    }

    /// Ends the sessions of those who are meant, and says how many there were. With
    /// the next tick they are gone, and no token brings them back.
    pub fn evict(&mut self, whom: &Whom, end: &End) -> usize {
        let mut evicted = 0;
        self.knocking.retain(|join| {
            let account = join.profile.account.as_deref();
            // Who is not in yet has no id.
            let is_meant = whom.is(PlayerId(0), join.address, account);
            if is_meant {
                join.link.end(end.clone());
                evicted += 1;
            }
            !is_meant
        });
        for member in &mut self.members {
            let account = member.account.as_deref();
            if !member.is_evicted && whom.is(member.id, member.address, account) {
                if let Presence::Live(link) = &member.presence {
                    link.end(end.clone());
                }
                member.is_evicted = true;
                evicted += 1;
            }
        }
        evicted
    }
}

impl<G: Game> Handler<Inspect> for World<G> {
    type Result = MessageResult<Inspect>;

    fn handle(&mut self, Inspect: Inspect, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.core().inspect())
    }
}

impl<G: Game> Handler<Evict> for World<G> {
    type Result = usize;

    fn handle(&mut self, Evict { whom, end }: Evict, _: &mut Context<Self>) -> usize {
        self.core_mut().evict(&whom, &end)
    }
}
