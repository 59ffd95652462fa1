//! A fixed state, and the screen that shows it.

use crate::play::Player;
use crate::play::hands::Hands;
use crate::play::keys::Keys;
use crate::play::state::{Notice, State};
use crate::play::theme::Theme;
use crate::play::view::{Scene, draw};
use crate::player::{Answer, answer};
use crate::solo::News;
use crate::view::Pool;
use downbeat_protocol::arena::{
    ArenaWire, Blip, Entity, Event, Name, Own, POSITION_ONE, Pickup, PickupKind, Row, Rules,
    SPEED_ONE, Ship, Shot, Status, effects,
};
use downbeat_protocol::message::Welcome;
use downbeat_protocol::snapshot::CellChange;
use downbeat_protocol::{
    EntityId, PlayerId, ResumeToken, Seq, ServerMessage, Snapshot, Tick, codec,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::time::{Duration, Instant};

pub(super) const ME: PlayerId = PlayerId(7);
const SHIP: EntityId = EntityId(1);

fn ship(player: u32, x: i32, y: i32, name: &str) -> Ship {
    Ship {
        x: x * POSITION_ONE,
        y: y * POSITION_ONE,
        vx: 0,
        vy: 0,
        heading: 0,
        aim: 0,
        controls: 0,
        health: 60,
        effects: 0,
        player: PlayerId(player),
        name: Name::new(name),
    }
}

/// He flies at (1000, 1000); around him are another player, a drone, a shot and all
/// kinds of pickups.
pub(super) fn player(status: Status) -> Player {
    client(ME, Some(status))
}

/// He sees the same and plays nobody.
pub(super) fn spectator() -> Player {
    client(PlayerId(0), None)
}

fn client(me: PlayerId, status: Option<Status>) -> Player {
    let welcome = ServerMessage::<ArenaWire>::Welcome(Welcome {
        player: me,
        tick: Tick(100),
        applied: Seq(0),
        tick_rate: 30,
        snapshot_rate: 30,
        room: "main".into(),
        name: "ada".into(),
        resume: ResumeToken([0; 16]),
        rules: Rules::new(30, 4000),
    });
    let Ok(Answer::Welcome(mut player)) =
        answer::<ArenaWire>(&codec::encode(&welcome).unwrap(), Pool::default())
    else {
        panic!("a welcome is one");
    };
    let drone = Ship {
        effects: effects::DRONE,
        ..ship(0, 850, 900, "drone")
    };
    let shot = Shot {
        x: 1100 * POSITION_ONE,
        y: 1000 * POSITION_ONE,
        vx: 600 * SPEED_ONE,
        vy: 0,
        player: ME,
    };
    let pickup = |x: i32, kind| {
        Entity::Pickup(Pickup {
            x: x * POSITION_ONE,
            y: 1150 * POSITION_ONE,
            kind,
        })
    };
    let entities = [
        Entity::Ship(ship(ME.0, 1000, 1000, "ada")),
        Entity::Ship(ship(8, 1150, 900, "bob")),
        Entity::Ship(drone),
        Entity::Shot(shot),
        pickup(900, PickupKind::Repair),
        pickup(1000, PickupKind::Rapid),
        pickup(1100, PickupKind::Shield),
    ];
    let snapshot = ServerMessage::<ArenaWire>::Snapshot(Snapshot {
        elapsed: 1,
        applied: 0,
        waiting: 0,
        pace: None,
        own: status.map(|status| Own {
            score: 1234,
            kills: 5,
            deaths: 2,
            status,
        }),
        checksum: None,
        reset: true,
        hidden: vec![],
        cells: vec![(
            4,
            CellChange::Keyframe(entities.into_iter().map(|entity| (1, entity)).collect()),
        )],
    });
    player
        .hear(&codec::encode(&snapshot).unwrap(), |_| ())
        .unwrap();
    *player
}

pub(super) fn flying() -> Player {
    player(Status::Flying { ship: SHIP })
}

/// What he remembers after a snapshot and some news.
pub(super) fn state(player: &Player, now: Instant) -> State {
    let mut state = State::new(now);
    let row = |player: u32, name: &str, score| Row {
        player: PlayerId(player),
        name: Name::new(name),
        score,
    };
    let board = Event::Leaderboard {
        players: 12,
        rows: vec![row(8, "bob", 2000), row(ME.0, "ada", 1234)],
    };
    let radar = Event::Radar {
        blips: vec![
            Blip {
                x: 64,
                y: 64,
                drone: false,
            },
            Blip {
                x: 200,
                y: 128,
                drone: true,
            },
        ],
    };
    let kill = Event::Kill {
        victim: Name::new("eve"),
    };
    for news in [
        News::Event(board),
        News::Event(radar),
        News::Event(kill),
        News::Pong(Duration::from_micros(1234)),
        News::Snapshot {
            verified: true,
            pace: None,
        },
    ] {
        state.take(news, player, now);
    }
    state
        .figures
        .frame(now + Duration::from_secs(1), (300, 4000));
    state
}

/// What is drawn, with `notice` over it.
pub(super) fn scene<'a>(
    player: &'a Player,
    state: &'a State,
    notice: Option<&'a Notice>,
    theme: Theme,
) -> Scene<'a> {
    Scene {
        player,
        state,
        title: "ws://127.0.0.1:4000/ws",
        pilot: "ada",
        help: Hands::Person(Keys::default()).help(),
        arrival: None,
        now: Instant::now(),
        notice,
        theme,
    }
}

/// The screen, and the colours on it.
pub(super) fn screen(
    size: (u16, u16),
    player: &Player,
    state: &State,
    notice: Option<&Notice>,
    theme: Theme,
) -> (String, Vec<Color>) {
    let scene = scene(player, state, notice, theme);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    let buffer = terminal.backend().buffer();
    let colours = buffer.content.iter().map(|cell| cell.fg).collect();
    (written(&terminal), colours)
}

/// What stands on the screen now.
pub(super) fn written(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(buffer.area.width.max(1)));
    let rows = rows.map(|row| {
        let row: String = row.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned() + "\n"
    });
    rows.collect()
}

pub(super) fn text(size: (u16, u16), player: &Player, notice: Option<&Notice>) -> String {
    let state = state(player, Instant::now());
    screen(size, player, &state, notice, Theme::new(false)).0
}
