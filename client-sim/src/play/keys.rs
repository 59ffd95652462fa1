//! Keys: what is held, and what is asked for once.
//!
//! A terminal says that a key is pressed and, while it is held, again and again;
//! that it is let go only the few say that know the kitty keyboard protocol. Until
//! one has said so, a key counts as held for a moment after it was last heard of.
//! Sans-IO: events and moments come in, an [`Input`] goes out. Called by `play`.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use downbeat_protocol::arena::{Input, controls};
use std::time::{Duration, Instant};

/// How long a key counts as held in a terminal that tells no release.
const HELD: Duration = Duration::from_millis(150);

/// What is asked for once, by a key or else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The next picture.
    Draw,
    Quit,
    /// After an ending: play again.
    Again,
    /// Of a spectator: follow the next player.
    Next,
}

/// The keys that fly, by the control they hold.
const CONTROLS: [u8; 5] = [
    controls::THRUST,
    controls::LEFT,
    controls::RIGHT,
    controls::BRAKE,
    controls::FIRE,
];

/// What is held.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// When each control was heard of last, if it is held.
    held: [Option<Instant>; CONTROLS.len()],
    /// Whether this terminal tells when a key is let go.
    tells_release: bool,
}

impl Keys {
    /// Takes a key event.
    pub(super) fn take(&mut self, event: KeyEvent, now: Instant) -> Option<Wish> {
        let is_release = event.kind == KeyEventKind::Release;
        self.tells_release |= is_release;
        if let Some(place) = control(event.code) {
            // Ctrl-W and the like are not for flying.
            let is_plain = !event
                .modifiers
                .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
            if is_release || is_plain {
                self.held[place] = (!is_release).then_some(now);
            }
            return None;
        }
        if is_release {
            return None;
        }
        match event.code {
            KeyCode::Char('c' | 'C') if event.modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Wish::Quit)
            }
            KeyCode::Esc | KeyCode::Char('q' | 'Q') => Some(Wish::Quit),
            KeyCode::Enter | KeyCode::Char('r' | 'R') => Some(Wish::Again),
            KeyCode::Tab => Some(Wish::Next),
            _ => None,
        }
    }

    /// Lets go of everything: the terminal has lost its focus, and would not tell.
    pub(super) fn release(&mut self) {
        self.held = Default::default();
    }

    /// What the held keys mean now.
    pub(super) fn input(&self, now: Instant) -> Input {
        let is_held = |at: &Instant| self.tells_release || now.duration_since(*at) < HELD;
        let held = CONTROLS.iter().zip(&self.held);
        let held = held.filter(|(_, at)| at.as_ref().is_some_and(is_held));
        Input {
            controls: held.fold(0, |all, (control, _)| all | control),
            aim: 0,
        }
    }
}

/// The place of the control that this key holds.
fn control(key: KeyCode) -> Option<usize> {
    Some(match key {
        KeyCode::Up | KeyCode::Char('w' | 'W') => 0,
        KeyCode::Left | KeyCode::Char('a' | 'A') => 1,
        KeyCode::Right | KeyCode::Char('d' | 'D') => 2,
        KeyCode::Down | KeyCode::Char('s' | 'S') => 3,
        KeyCode::Char(' ') => 4,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn key(code: KeyCode, kind: KeyEventKind) -> KeyEvent {
        KeyEvent::new_with_kind(code, KeyModifiers::NONE, kind)
    }

    #[test]
    fn without_releases_a_key_is_held_for_a_moment_after_each_press() {
        let (mut keys, start) = (Keys::default(), Instant::now());
        let fire = KeyCode::Char(' ');
        assert_eq!(keys.take(key(fire, KeyEventKind::Press), start), None);
        for (ms, held) in [(0, true), (149, true), (150, false), (400, false)] {
            let controls = keys.input(start + ms * MS).controls;
            assert_eq!(controls == controls::FIRE, held, "after {ms} ms");
        }
        keys.take(key(fire, KeyEventKind::Press), start + 400 * MS);
        assert_eq!(keys.input(start + 500 * MS).controls, controls::FIRE);
    }

    #[test]
    fn a_terminal_that_tells_releases_is_believed() {
        let (mut keys, start) = (Keys::default(), Instant::now());
        keys.take(key(KeyCode::Up, KeyEventKind::Press), start);
        keys.take(key(KeyCode::Left, KeyEventKind::Press), start);
        keys.take(key(KeyCode::Left, KeyEventKind::Release), start + 50 * MS);
        let later = start + 5000 * MS;
        assert_eq!(keys.input(later).controls, controls::THRUST);
        keys.take(key(KeyCode::Up, KeyEventKind::Release), later);
        assert_eq!(keys.input(later).controls, 0);

        keys.take(key(KeyCode::Up, KeyEventKind::Press), later);
        keys.release();
        assert_eq!(keys.input(later).controls, 0, "out of sight, out of hand");
    }

    #[test]
    fn letters_and_arrows_hold_the_same_controls() {
        for (arrow, letter, control) in [
            (KeyCode::Up, 'w', controls::THRUST),
            (KeyCode::Left, 'a', controls::LEFT),
            (KeyCode::Right, 'd', controls::RIGHT),
            (KeyCode::Down, 's', controls::BRAKE),
        ] {
            for code in [
                arrow,
                KeyCode::Char(letter),
                KeyCode::Char(letter.to_ascii_uppercase()),
            ] {
                let (mut keys, now) = (Keys::default(), Instant::now());
                keys.take(key(code, KeyEventKind::Press), now);
                assert_eq!(keys.input(now).controls, control, "{code:?}");
            }
        }
    }

    #[test]
    fn tab_asks_for_the_next_player_and_flies_nothing() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        let press = key(KeyCode::Tab, KeyEventKind::Press);
        assert_eq!(keys.take(press, now), Some(Wish::Next));
        let release = key(KeyCode::Tab, KeyEventKind::Release);
        assert_eq!(keys.take(release, now), None, "once for each press");
        assert_eq!(keys.input(now), Input::default());
    }

    #[test]
    fn three_ways_to_leave_and_none_by_letting_go() {
        let now = Instant::now();
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for event in [
            key(KeyCode::Char('q'), KeyEventKind::Press),
            key(KeyCode::Esc, KeyEventKind::Press),
            ctrl_c,
        ] {
            assert_eq!(
                Keys::default().take(event, now),
                Some(Wish::Quit),
                "{event:?}"
            );
        }
        for event in [
            key(KeyCode::Char('q'), KeyEventKind::Release),
            key(KeyCode::Char('c'), KeyEventKind::Press),
            KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL),
        ] {
            let mut keys = Keys::default();
            assert_eq!(keys.take(event, now), None, "{event:?}");
            assert_eq!(keys.input(now), Input::default(), "{event:?}");
        }
    }
}
