//! What must be on the screen, from a fixed state.

mod fixed;

use super::state::{Notice, may_return};
use super::theme::Theme;
use super::view::draw;
use crate::ending::Ending;
use crate::solo::News;
use downbeat_protocol::arena::{Event, Name, Status};
use downbeat_protocol::reason::Comeback;
use downbeat_protocol::{Pace, PlayerId, Reason, Tick};
use fixed::{ME, flying, player, scene, screen, spectator, state, text, written};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::time::{Duration, Instant};

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
fn a_terminal_that_changes_its_size_is_drawn_anew_and_whole() {
    let player = flying();
    let state = state(&player, Instant::now());
    let scene = scene(&player, &state, None, Theme::new(false));
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    // Smaller, larger in one direction, too small for anything, and as it was.
    for (width, height) in [
        (100, 30),
        (50, 12),
        (120, 12),
        (10, 3),
        (140, 50),
        (100, 30),
    ] {
        terminal.backend_mut().resize(width, height);
        terminal.draw(|frame| draw(frame, &scene)).unwrap();
        let fresh = text((width, height), &player, None);
        assert_eq!(written(&terminal), fresh, "{width} × {height}");
    }
}

#[test]
fn a_spectator_follows_one_after_the_other_and_then_sees_everything() {
    let player = spectator();
    let mut state = state(&player, Instant::now());
    for (name, x) in [
        ("everything", None),
        ("bob", Some(1150.0)),
        ("ada", Some(1000.0)),
        ("everything", None),
    ] {
        let seen = News::Snapshot {
            verified: false,
            pace: None,
        };
        state.take(seen, &player, Instant::now());
        assert_eq!(state.eye.map(|(x, _)| x), x, "{name}");
        let (screen, _) = screen((100, 30), &player, &state, None, Theme::new(false));
        match name {
            "everything" => assert_shows(&screen, &["looks on", "sees everything", "  1 bob"]),
            name => {
                assert_shows(&screen, &[&format!("follows {name}"), &format!(" {name} ")]);
                let marked = screen.lines().find(|line| line.contains('▸')).unwrap();
                assert!(marked.contains(name), "{marked}");
            }
        }
        state.follow_next();
    }
    // Whoever is not among the best any more is followed until somebody asks for more.
    state.board.remove(0);
    assert_eq!(state.followed, Some(PlayerId(8)));
    let (screen, _) = screen((100, 30), &player, &state, None, Theme::new(false));
    assert_shows(&screen, &["follows p8"]);
    assert_eq!(state.follow_next(), Some(ME), "and then the first");
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
