//! What must be on the screen, from a fixed state.

use super::Player;
use super::state::{Notice, State, may_return};
use super::theme::Theme;
use super::view::{Scene, draw};
use crate::ending::Ending;
use crate::player::{Answer, answer};
use crate::solo::News;
use crate::view::Pool;
use downbeat_protocol::arena::{
    ArenaWire, Blip, Entity, Event, Name, POSITION_ONE, Pickup, PickupKind, Row, Rules, SPEED_ONE,
    Ship, Shot, Status, effects,
};
use downbeat_protocol::message::Welcome;
use downbeat_protocol::reason::Comeback;
use downbeat_protocol::snapshot::CellChange;
use downbeat_protocol::{
    EntityId, Pace, PlayerId, Reason, ResumeToken, Seq, ServerMessage, Snapshot, Tick, codec,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::time::{Duration, Instant};

const ME: PlayerId = PlayerId(7);
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
fn player(status: Status) -> Player {
    let welcome = ServerMessage::<ArenaWire>::Welcome(Welcome {
        player: ME,
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
        own: Some(downbeat_protocol::arena::Own {
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

fn flying() -> Player {
    player(Status::Flying { ship: SHIP })
}

/// What he remembers after a snapshot and some news.
fn state(player: &Player, now: Instant) -> State {
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

/// The screen, and the colours on it.
fn screen(
    size: (u16, u16),
    player: &Player,
    state: &State,
    notice: Option<&Notice>,
    theme: Theme,
) -> (String, Vec<Color>) {
    let now = Instant::now();
    let scene = Scene {
        player,
        state,
        title: "ws://127.0.0.1:4000/ws",
        pilot: "ada",
        by_hand: true,
        arrival: None,
        now,
        notice,
        theme,
    };
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(size.0));
    let rows = rows.map(|row| {
        let row: String = row.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned() + "\n"
    });
    let text = rows.collect();
    (text, buffer.content.iter().map(|cell| cell.fg).collect())
}

fn text(size: (u16, u16), player: &Player, notice: Option<&Notice>) -> String {
    let state = state(player, Instant::now());
    screen(size, player, &state, notice, Theme::new(false)).0
}

fn assert_shows(screen: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(
            screen.contains(wanted),
            "{wanted:?} is missing in\n{screen}"
        );
    }
}

#[test]
fn a_usual_terminal_looks_like_this() {
    let screen = text((100, 30), &flying(), None);
    let golden = include_str!("golden.txt");
    assert!(screen == golden, "it is\n{screen}\ninstead of\n{golden}");
}

#[test]
fn everything_one_wants_to_know_is_there() {
    let screen = text((120, 40), &flying(), None);
    assert_shows(
        &screen,
        &[
            "ws://127.0.0.1:4000/ws",
            "space fire",
            "health ██████████░░░░░░ 60",
            "score         1234",
            "kills, deaths 5, 2",
            "tick rate     30 Hz",
            "snapshots     1/s",
            "round trip    1.23 ms",
            "received      4.0 kB/s",
            "sent          300 B/s",
            "in sight      7",
            "checksums     ✓ 1 right",
            "12 players",
            " 1 bob",
            "▸ 2 ada",
            "radar",
            "◉",
            "you destroyed eve",
            "bob",
            "✚",
            "»",
            "◯",
        ],
    );
}

#[test]
fn a_small_terminal_still_shows_the_most_important() {
    let screen = text((50, 12), &flying(), None);
    assert_shows(
        &screen,
        &[
            "health █████░░░ 60",
            "score 1234",
            "✓ 1.23 ms",
            "4.0 kB/s",
            "✚",
        ],
    );
    assert_shows(&text((20, 5), &flying(), None), &["too small"]);
}

#[test]
fn no_size_is_too_odd_to_draw() {
    let player = flying();
    let state = state(&player, Instant::now());
    let notice = Notice::over(&Ending::from_code(Reason::Kicked.code(), ""));
    for width in (1..140).step_by(9) {
        for height in (1..60).step_by(4) {
            for notice in [None, Some(&notice)] {
                screen((width, height), &player, &state, notice, Theme::new(true));
            }
        }
    }
}

#[test]
fn his_own_ship_is_in_the_middle_of_what_he_sees() {
    let screen = text((100, 31), &flying(), None);
    let middle: String = screen
        .lines()
        .nth(15)
        .unwrap()
        .chars()
        .skip(31)
        .take(7)
        .collect();
    let dots = middle.chars().filter(|sign| ('⠁'..='⣿').contains(sign));
    assert!(dots.count() >= 2, "{middle:?} in\n{screen}");
}

#[test]
fn who_waits_for_a_ship_is_told_why_and_how_long() {
    let player = player(Status::Waiting { until: Tick(146) });
    let now = Instant::now();
    let mut state = state(&player, now);
    let by = Name::new("bob");
    state.take(News::Event(Event::Death { by }), &player, now);
    let (screen, _) = screen((100, 30), &player, &state, None, Theme::new(false));
    assert_shows(
        &screen,
        &[
            "destroyed by bob",
            "a new ship in 1.5 s",
            "bob destroyed you",
            "░ 0",
        ],
    );
}

#[test]
fn each_ending_has_its_words_and_says_whether_it_comes_back() {
    for reason in Reason::ALL {
        let ending = Ending::from_code(reason.code(), "");
        let returns = may_return(&ending);
        assert_eq!(returns, reason.comeback() == Comeback::Retry, "{reason}");
        let notice = match returns {
            true => Notice::lost(&ending, 0, Duration::ZERO),
            false => Notice::over(&ending),
        };
        let what = if returns {
            "coming back"
        } else {
            "enter plays again"
        };
        let title = reason.label().replace('_', " ");
        let screen = text((100, 30), &flying(), Some(&notice));
        assert_shows(&screen, &[&title, reason.text(), what, "q leaves"]);
    }
    for (label, words) in [
        ("connection_refused", "the server does not answer"),
        ("http_503", "the server does not let anybody in"),
        ("desync", "what the server said cannot be right"),
    ] {
        let ending = Ending::new(label, "the detail");
        assert!(may_return(&ending), "{label}");
        let screen = text(
            (100, 30),
            &flying(),
            Some(&Notice::lost(&ending, 3, Duration::from_secs(2))),
        );
        assert_shows(
            &screen,
            &[words, "the detail", "coming back after 2 s, try 4"],
        );
    }
}

#[test]
fn a_server_with_too_much_to_do_is_shown_as_one() {
    let player = flying();
    let mut state = state(&player, Instant::now());
    state.figures.pace = Some(Pace { ticks: 4, step: 2 });
    let (screen, _) = screen((100, 40), &player, &state, None, Theme::new(false));
    assert_shows(
        &screen,
        &["far things    each 4 ticks", "overload      step 2"],
    );
}

#[test]
fn a_wrong_checksum_is_marked_by_more_than_a_colour() {
    let player = flying();
    let mut state = state(&player, Instant::now());
    state.figures.desyncs = 2;
    let (screen, _) = screen((100, 30), &player, &state, None, Theme::new(false));
    assert_shows(&screen, &["✗ 2 wrong"]);
}

#[test]
fn without_colours_there_are_none_and_nothing_is_lost() {
    let player = flying();
    let state = state(&player, Instant::now());
    let (plain, colours) = screen((100, 30), &player, &state, None, Theme::new(false));
    assert!(colours.iter().all(|colour| *colour == Color::Reset));
    let (coloured, colours) = screen((100, 30), &player, &state, None, Theme::new(true));
    assert_eq!(plain, coloured);
    let theme = Theme::new(true);
    for colour in [
        theme.own,
        theme.other,
        theme.drone,
        theme.pickup,
        theme.good,
    ] {
        assert!(colours.contains(&colour), "{colour:?}");
    }
}
