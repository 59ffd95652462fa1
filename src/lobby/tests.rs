//! The lobby and its rooms as actors, without a socket.

use super::*;
use crate::game::arena::{Arena, Config};
use crate::world::{Arrived, LinkLimits, Outgoing, OutgoingStream, SessionLink, link};
use downbeat_protocol::arena::{ArenaWire, Input as Wish};
use downbeat_protocol::message::Welcome;
use downbeat_protocol::{Seq, ServerMessage, codec};
use futures_util::StreamExt;
use std::net::Ipv4Addr;

struct Visitor {
    session: SessionLink<Wish>,
    outgoing: OutgoingStream,
}

fn settings() -> Settings {
    Settings {
        tick_rate: 100,
        seed: Some(1),
        world_threads: 2,
        ..Settings::default()
    }
}

struct House {
    lobby: Addr<Lobby<Arena>>,
    telemetry: Telemetry,
    board: RoomBoard,
}

impl House {
    fn new(settings: &Settings) -> Self {
        let telemetry = Telemetry::new().unwrap();
        let board = RoomBoard::new(Instant::now());
        let lobby = Lobby::start(
            settings,
            Config::default(),
            telemetry.clone(),
            board.clone(),
        )
        .unwrap();
        Self {
            lobby,
            telemetry,
            board,
        }
    }

    fn enter(&self, room: &str) -> Visitor {
        let limits = LinkLimits {
            inputs: 16,
            events: 64,
        };
        let (session, member) = link(limits, None);
        self.lobby.do_send(Enter {
            room: room.into(),
            profile: Profile {
                name: "visitor".into(),
                ..Profile::default()
            },
            resume: None,
            role: Role::Player,
            address: Ipv4Addr::LOCALHOST.into(),
            body: None,
            link: member,
        });
        Visitor {
            outgoing: session.outgoing(),
            session,
        }
    }

    fn rooms(&self) -> Vec<String> {
        self.board
            .rooms(Instant::now())
            .into_iter()
            .map(|room| room.name)
            .collect()
    }

    /// Waits until something is true; the deadline only ends a failed test.
    async fn until(&self, what: &str, mut is_true: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_true(self) {
            assert!(Instant::now() < deadline, "{what}");
            actix::clock::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Visitor {
    async fn message(&mut self) -> ServerMessage<ArenaWire> {
        match self.outgoing.next().await {
            Some(Outgoing::Message(bytes)) => codec::decode(&bytes).unwrap(),
            other => panic!("a message, not {other:?}"),
        }
    }

    async fn welcome(&mut self) -> Welcome<ArenaWire> {
        match self.message().await {
            ServerMessage::Welcome(welcome) => welcome,
            other => panic!("a welcome, not {other:?}"),
        }
    }

    async fn end(&mut self) -> Reason {
        loop {
            match self.outgoing.next().await {
                Some(Outgoing::Message(_)) => {}
                Some(Outgoing::End(end)) => return end.reason,
                None => panic!("an end comes first"),
            }
        }
    }
}

#[actix::test]
async fn rooms_are_made_on_demand_up_to_the_limit() {
    let house = House::new(&Settings {
        max_rooms: 2,
        ..settings()
    });
    let (mut a, mut b, mut c, mut d) = (
        house.enter(""),
        house.enter("other"),
        house.enter("third"),
        house.enter("main"),
    );
    assert_eq!(a.welcome().await.room, "main", "the default room");
    assert_eq!(b.welcome().await.room, "other");
    assert_eq!(c.end().await, Reason::Full);
    assert_eq!(d.welcome().await.room, "main", "the same room by its name");
    assert_eq!(house.rooms(), ["main", "other"]);
    house
        .until("four minus one are in", |house| {
            house.telemetry.members.get() == 3
        })
        .await;
}

#[actix::test]
async fn inputs_are_applied_one_per_tick() {
    let house = House::new(&settings());
    let mut visitor = house.enter("");
    let welcome = visitor.welcome().await;
    for seq in 1..=10 {
        let (tick, input) = (welcome.tick, Wish::default());
        visitor.session.input(
            tick,
            Arrived {
                seq: Seq(seq),
                tick,
                input,
            },
        );
    }
    let (mut applied, mut ticks) = (0, 0);
    while applied < 10 {
        if let ServerMessage::Snapshot(snapshot) = visitor.message().await {
            applied += snapshot.applied;
            // Not one per snapshot: a test that is slow to take them is skipped.
            ticks += snapshot.elapsed;
        }
    }
    assert!(
        ticks >= 10,
        "one input per tick, so ten take ten ticks: {ticks}"
    );
    assert!(house.telemetry.ticks.get() >= 10);
}

#[actix::test]
async fn an_empty_room_goes_after_its_time_and_comes_again() {
    let linger = Duration::from_millis(50);
    let house = House::new(&Settings {
        room_linger: linger,
        limbo: Duration::ZERO,
        ..settings()
    });
    let mut visitor = house.enter("");
    visitor.welcome().await;
    drop(visitor);
    house
        .until("the room goes", |house| house.rooms().is_empty())
        .await;
    house
        .until("its gauges go", |house| house.telemetry.rooms.get() == 0)
        .await;
    assert_eq!(house.telemetry.members.get(), 0);
    assert_eq!(house.enter("").welcome().await.room, "main");
}

#[actix::test]
async fn a_drain_ends_everyone_and_lets_nobody_in() {
    let house = House::new(&settings());
    let mut inside = house.enter("");
    inside.welcome().await;
    house.lobby.do_send(Drain(Reason::Restarting));
    assert_eq!(inside.end().await, Reason::Restarting);
    assert_eq!(house.enter("").end().await, Reason::Restarting);
    house
        .until("the rooms go", |house| house.rooms().is_empty())
        .await;
}

/// A game that panics when somebody wants it to.
#[derive(serde::Serialize, serde::Deserialize)]
struct Bomb {
    is_lit: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct BombWire;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Nothing;

impl downbeat_protocol::Replicate for Nothing {
    type Rules = ();
    type Diff = downbeat_protocol::NoDiff;
}

impl downbeat_protocol::Wire for BombWire {
    const SCHEMA: &'static str = "bomb/1";
    type Input = ();
    type Entity = Nothing;
    type Own = ();
    type Event = ();
}

impl Game for Bomb {
    type Wire = BombWire;
    type Config = ();

    fn new((): &(), _: u32, _: u64) -> Self {
        Self { is_lit: false }
    }

    fn rules(&self) {}

    fn join(
        &mut self,
        _: downbeat_protocol::PlayerId,
        profile: &Profile,
    ) -> Result<(), crate::game::Refusal> {
        self.is_lit = profile.name == "match";
        Ok(())
    }

    fn input(
        &mut self,
        _: downbeat_protocol::PlayerId,
        (): &(),
    ) -> Result<(), crate::game::Rejected> {
        Ok(())
    }

    fn leave(&mut self, _: downbeat_protocol::PlayerId, _: crate::game::Leave) {}

    fn step(&mut self, _: Tick) {
        assert!(!self.is_lit, "the bomb went off, as this test wants it to");
    }

    fn scene(&self, _: &mut impl crate::game::Scene<Nothing>) {}

    fn own(&self, _: downbeat_protocol::PlayerId) {}
}

#[actix::test]
async fn a_panic_ends_its_room_and_leaves_the_others_alone() {
    let telemetry = Telemetry::new().unwrap();
    let board = RoomBoard::new(Instant::now());
    // One thread: the other room shares it with the one that panics.
    let settings = Settings {
        world_threads: 1,
        ..settings()
    };
    let lobby = Lobby::<Bomb>::start(&settings, (), telemetry.clone(), board.clone()).unwrap();
    let enter = |room: &str, name: &str| {
        let limits = LinkLimits {
            inputs: 16,
            events: 64,
        };
        let (session, member) = link::<()>(limits, None);
        let profile = Profile {
            name: name.into(),
            ..Profile::default()
        };
        lobby.do_send(Enter {
            room: room.into(),
            profile,
            resume: None,
            role: Role::Player,
            address: Ipv4Addr::LOCALHOST.into(),
            body: None,
            link: member,
        });
        (session.outgoing(), session)
    };
    let mut safe = enter("safe", "a");
    let mut doomed = enter("doomed", "b");
    assert!(
        matches!(safe.0.next().await, Some(Outgoing::Message(_))),
        "welcome"
    );
    assert!(
        matches!(doomed.0.next().await, Some(Outgoing::Message(_))),
        "welcome"
    );

    let mut lighter = enter("doomed", "match");
    let reason = |outgoing| match outgoing {
        Some(Outgoing::End(end)) => Some(end.reason),
        _ => None,
    };
    assert_eq!(reason(lighter.0.next().await), Some(Reason::RoomFailed));
    let end = loop {
        if let Some(end) = reason(doomed.0.next().await) {
            break end;
        }
    };
    assert_eq!(end, Reason::RoomFailed);
    assert_eq!(telemetry.rooms_failed.get(), 1);

    let before = board
        .rooms(Instant::now())
        .iter()
        .find(|room| room.name == "safe")
        .unwrap()
        .tick;
    for _ in 0..3 {
        assert!(
            matches!(safe.0.next().await, Some(Outgoing::Message(_))),
            "it plays on"
        );
    }
    let mut again = enter("doomed", "c");
    assert!(
        matches!(again.0.next().await, Some(Outgoing::Message(_))),
        "a new room of that name"
    );
    let after = board
        .rooms(Instant::now())
        .iter()
        .find(|room| room.name == "safe")
        .unwrap()
        .tick;
    assert!(after.is_after(before));
}
