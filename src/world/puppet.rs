//! A client without a network, for the tests of a room: it keeps a mirror,
//! verifies what it is told and acknowledges.

use super::core::{Core, CoreConfig};
use super::inbox::Arrived;
use super::link::{LinkLimits, OutgoingStream, SessionLink, link};
use super::member::{Join, Role};
use super::outlet::{End, Outgoing};
use super::overload::Step;
use crate::game::{Entity, Event, Game, Input, Own, Profile};
use crate::post::Place;
use downbeat_protocol::message::Welcome;
use downbeat_protocol::{Mirror, Pace, ResumeToken, Seq, ServerMessage, Tick, codec};
use futures_util::{FutureExt, StreamExt};
use std::net::{IpAddr, Ipv4Addr};

pub(super) struct Puppet<G: Game> {
    pub(super) session: SessionLink<Input<G>>,
    outgoing: OutgoingStream,
    pub(super) welcome: Option<Welcome<G::Wire>>,
    pub(super) mirror: Option<Mirror<Entity<G>>>,
    pub(super) own: Option<Own<G>>,
    pub(super) applied: Seq,
    pub(super) waiting: u32,
    pub(super) pace: Option<Pace>,
    pub(super) events: Vec<Event<G>>,
    pub(super) end: Option<End>,
    pub(super) snapshots: u32,
    pub(super) resets: u32,
    pub(super) checksums: u32,
    pub(super) bytes: usize,
    next: Seq,
}

pub(super) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(super) const LIMITS: LinkLimits = LinkLimits {
    inputs: 16,
    events: 64,
};

pub(super) fn config() -> CoreConfig {
    CoreConfig {
        room: "test".into(),
        tick_rate: 30,
        snapshot_interval: 1,
        checksum_interval: 1,
        max_players: 1000,
        max_pending: 16,
        byte_rate: 0,
        overload: Step::NoJoins,
        in_flight: 30,
        behind: 150,
        idle: 600,
        limbo: 450,
        start: Tick(0),
    }
}

fn named(name: &str) -> Profile {
    Profile {
        name: name.into(),
        ..Profile::default()
    }
}

impl<G: Game> Puppet<G> {
    pub(super) fn join(core: &mut Core<G>, name: &str) -> Self {
        Self::join_with(core, name, None, name)
    }

    /// `draw` stands for the randomness of the new token.
    pub(super) fn join_with(
        core: &mut Core<G>,
        name: &str,
        resume: Option<ResumeToken>,
        draw: &str,
    ) -> Self {
        let profile = named(name);
        Self::knock(core, profile, resume, draw, Role::Player, None)
    }

    /// The same over a connection, to which snapshots are carried.
    pub(super) fn join_at(
        core: &mut Core<G>,
        name: &str,
        resume: Option<ResumeToken>,
        place: &Place,
    ) -> Self {
        let profile = named(name);
        let place = Some(place.clone());
        Self::knock(core, profile, resume, name, Role::Player, place)
    }

    /// The same for somebody in particular.
    pub(super) fn join_as(
        core: &mut Core<G>,
        profile: Profile,
        resume: Option<ResumeToken>,
        draw: &str,
    ) -> Self {
        Self::knock(core, profile, resume, draw, Role::Player, None)
    }

    /// Looks on.
    pub(super) fn watch(core: &mut Core<G>) -> Self {
        let profile = Profile::default();
        Self::knock(core, profile, None, "watcher", Role::Spectator, None)
    }

    fn knock(
        core: &mut Core<G>,
        profile: Profile,
        resume: Option<ResumeToken>,
        draw: &str,
        role: Role,
        place: Option<Place>,
    ) -> Self {
        let (session, member) = link(LIMITS, place);
        let mut token = [0; 16];
        for (byte, from) in token.iter_mut().zip(draw.bytes()) {
            *byte = from;
        }
        core.join(Join {
            profile,
            resume,
            role,
            address: ADDRESS,
            body: None,
            token: ResumeToken(token),
            link: member,
        });
        Self {
            outgoing: session.outgoing(),
            session,
            welcome: None,
            mirror: None,
            own: None,
            applied: Seq(0),
            waiting: 0,
            pace: None,
            events: Vec::new(),
            end: None,
            snapshots: 0,
            resets: 0,
            checksums: 0,
            bytes: 0,
            next: Seq(0),
        }
    }

    /// Takes all there is; panics if it does not fit.
    pub(super) fn take(&mut self) {
        while let Some(Some(outgoing)) = self.outgoing.next().now_or_never() {
            match outgoing {
                Outgoing::Message(bytes) => {
                    self.bytes += bytes.len();
                    self.read(codec::decode(&bytes).expect("a server's message"));
                }
                Outgoing::End(end) => self.end = Some(end),
            }
        }
    }

    /// Takes a message that was carried here; if it is to come behind others it is laid
    /// behind them first. Whether it was.
    pub(super) fn carried(&mut self, message: &[u8], is_behind: bool) -> bool {
        if is_behind {
            self.lay(message);
            self.take();
        } else {
            self.bytes += message.len();
            self.read(codec::decode(message).expect("a server's message"));
        }
        is_behind
    }

    /// Lays a message that was carried here behind others.
    pub(super) fn lay(&self, message: &[u8]) {
        self.outgoing.keep(message);
    }

    /// Takes all there is, and says so.
    pub(super) fn take_and_acknowledge(&mut self) {
        self.take();
        if let Some(mirror) = &self.mirror {
            self.session.ping(mirror.tick());
        }
    }

    /// Sends the next input.
    pub(super) fn send(&mut self, input: Input<G>) {
        let received = self.mirror.as_ref().expect("welcomed").tick();
        self.next = self.next.next();
        let arrived = Arrived {
            seq: self.next,
            tick: received.plus(2),
            input,
        };
        self.session.input(received, arrived);
    }

    fn read(&mut self, message: ServerMessage<G::Wire>) {
        match message {
            ServerMessage::Welcome(welcome) => {
                self.mirror = Some(Mirror::new(welcome.tick, welcome.rules.clone()));
                self.applied = welcome.applied;
                self.next = welcome.applied;
                self.welcome = Some(welcome);
            }
            ServerMessage::Snapshot(mut snapshot) => {
                self.snapshots += 1;
                self.resets += u32::from(snapshot.reset);
                self.checksums += u32::from(snapshot.checksum.is_some());
                self.applied = self.applied.plus(snapshot.applied);
                self.waiting = snapshot.waiting;
                self.pace = snapshot.pace.or(self.pace);
                if let Some(own) = snapshot.own.take() {
                    self.own = Some(own);
                }
                let mirror = self.mirror.as_mut().expect("a welcome comes first");
                mirror.apply(snapshot).expect("a snapshot that fits");
            }
            ServerMessage::Event(event) => self.events.push(event),
            ServerMessage::Pong { .. } | ServerMessage::Bye { .. } => {
                panic!("a room says neither pong nor bye")
            }
        }
    }
}
