//! What a player remembers of what he heard: the leaderboard, the radar, the last
//! fights, where he looked, and how his connection ended.
//!
//! Sans-IO: called by `play` with the time as an argument, read by the view.

use super::Player;
use super::figures::Figures;
use super::map::{Point, place};
use crate::ending::Ending;
use crate::solo::News;
use downbeat_protocol::arena::{Blip, Entity, Event, Row, Ship, Status};
use downbeat_protocol::reason::Comeback;
use downbeat_protocol::{PlayerId, Reason, Tick};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a fight is told of.
const TOLD: Duration = Duration::from_secs(4);
/// How many are, at most.
const FIGHTS: usize = 4;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) figures: Figures,
    pub(super) board: Vec<Row>,
    /// Players in the room.
    pub(super) players: Option<u32>,
    pub(super) blips: Vec<Blip>,
    /// Where the player looked last, or the one a spectator follows; `None`: at
    /// everything.
    pub(super) eye: Option<Point>,
    /// Whom a spectator follows.
    pub(super) followed: Option<PlayerId>,
    fights: VecDeque<(Instant, String)>,
    /// Who destroyed the player last.
    killer: Option<String>,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            figures: Figures::new(now),
            board: Vec::new(),
            players: None,
            blips: Vec::new(),
            eye: None,
            followed: None,
            fights: VecDeque::new(),
            killer: None,
        }
    }

    /// Takes what came; `player` has it already.
    pub(super) fn take(&mut self, news: News<Event>, player: &Player, now: Instant) {
        match news {
            News::Snapshot { verified, pace } => {
                self.figures.snapshot(now, verified);
                self.figures.pace = pace.or(self.figures.pace);
                if let Some(ship) = self.ship(player) {
                    self.eye = Some(place(ship.x, ship.y));
                }
            }
            News::Event(Event::Leaderboard { players, rows }) => {
                (self.players, self.board) = (Some(players), rows);
            }
            News::Event(Event::Radar { blips }) => self.blips = blips,
            News::Event(Event::Kill { victim }) => {
                self.fight(format!("you destroyed {victim}"), now);
            }
            News::Event(Event::Death { by }) => {
                self.fight(format!("{by} destroyed you"), now);
                self.killer = Some(by.to_string());
            }
            News::Pong(after) => self.figures.round_trip = Some(after),
            News::Spoke => {}
        }
    }

    /// Whom a spectator follows from now on: the next of the leaderboard, and nobody
    /// after its last.
    pub(super) fn follow_next(&mut self) -> Option<PlayerId> {
        let place = self.place_of(self.followed);
        let next = place.map_or(0, |place| place + 1);
        self.followed = self.board.get(next).map(|row| row.player);
        if self.followed.is_none() {
            self.eye = None;
        }
        self.followed
    }

    /// The name of the one followed; empty if he is not on the leaderboard any more.
    pub(super) fn followed_name(&self) -> &str {
        let place = self.place_of(self.followed);
        place.map_or("", |place| self.board[place].name.as_str())
    }

    fn place_of(&self, player: Option<PlayerId>) -> Option<usize> {
        self.board.iter().position(|row| Some(row.player) == player)
    }

    /// Whose ship is shown as one's own: the player's, or that of the one followed.
    pub(super) fn me(&self, player: &Player) -> PlayerId {
        self.followed.unwrap_or(player.id())
    }

    /// That ship, if it flies and is in sight.
    fn ship<'a>(&self, player: &'a Player) -> Option<&'a Ship> {
        let Some(followed) = self.followed else {
            return ship(player);
        };
        let mut entities = player.sight().view.entities();
        entities.find_map(|(_, entity)| match entity {
            Entity::Ship(ship) if ship.player == followed => Some(ship),
            _ => None,
        })
    }

    fn fight(&mut self, words: String, now: Instant) {
        if self.fights.len() == FIGHTS {
            self.fights.pop_front();
        }
        self.fights.push_back((now, words));
    }

    /// The last fights, oldest first.
    pub(super) fn fights(&self, now: Instant) -> impl Iterator<Item = &str> {
        let fresh = move |(at, _): &&(Instant, String)| now.duration_since(*at) < TOLD;
        self.fights
            .iter()
            .filter(fresh)
            .map(|(_, words)| words.as_str())
    }

    /// While the player waits for a new ship: why, and how many seconds more.
    pub(super) fn waits(&self, player: &Player) -> Option<(String, f64)> {
        let Status::Waiting { until } = player.own()?.status else {
            return None;
        };
        let why = match &self.killer {
            Some(killer) => format!("destroyed by {killer}"),
            None => "no ship yet".into(),
        };
        Some((why, seconds_to(until, player)))
    }
}

fn seconds_to(until: Tick, player: &Player) -> f64 {
    let now = player.sight().view.tick();
    let ticks = if until.is_after(now) {
        until.since(now)
    } else {
        0
    };
    f64::from(ticks) / f64::from(player.tick_rate())
}

/// The player's own ship, if he flies and sees it.
pub(super) fn ship(player: &Player) -> Option<&Ship> {
    let Status::Flying { ship } = player.own()?.status else {
        return None;
    };
    match player.sight().view.get(ship)? {
        Entity::Ship(ship) => Some(ship),
        _ => None,
    }
}

/// Words over the map, while there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

impl Notice {
    /// It is over for good.
    pub(super) fn over(ending: &Ending) -> Self {
        Self {
            title: title(ending),
            lines: vec![
                ending.detail.clone(),
                String::new(),
                "enter plays again, q leaves".into(),
            ],
        }
    }

    /// It goes on in a moment, after so many tries.
    pub(super) fn lost(ending: &Ending, tries: u32, pause: Duration) -> Self {
        let mut what = "coming back".to_owned();
        if pause >= Duration::from_secs(1) {
            what.push_str(&format!(" after {:.0} s", pause.as_secs_f64()));
        }
        if tries > 0 {
            what.push_str(&format!(", try {}", tries + 1));
        }
        Self {
            title: title(ending),
            lines: vec![
                ending.detail.clone(),
                String::new(),
                format!("{what}; q leaves"),
            ],
        }
    }
}

/// What happened, in a few words.
fn title(ending: &Ending) -> String {
    match &*ending.label {
        "connection_refused" | "connect_timeout" | "join_timeout" => "the server does not answer",
        "desync" | "undecodable" | "unexpected" => "what the server said cannot be right",
        "no_code" => "the server closed the connection",
        label if label.starts_with("http_") => "the server does not let anybody in",
        label => return label.replace('_', " "),
    }
    .into()
}

/// Whether a client should come back by itself: as the protocol says of its
/// reasons, and from whatever may pass.
pub(super) fn may_return(ending: &Ending) -> bool {
    match Reason::ALL
        .iter()
        .find(|reason| reason.label() == ending.label)
    {
        Some(reason) => reason.comeback() == Comeback::Retry,
        None => true,
    }
}
