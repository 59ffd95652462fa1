//! A room of the arena without sockets: what a world thread does, and nothing else.
//!
//! Owns players that send an input per tick, take what the room lays down and
//! acknowledge it. Used by the comparison of bytes and by the microbenchmarks.

use crate::load::pilot::Pilot;
use downbeat::game::arena::{Arena, Config};
use downbeat::game::{Game, Profile};
use downbeat::post::{HEADROOM, Item, Place, Post};
use downbeat::world::{
    Arrived, Core, CoreConfig, Join, LinkLimits, Outgoing, OutgoingStream, Role, SessionLink, Step,
    Tally, link,
};
use downbeat_protocol::arena::Input;
use downbeat_protocol::codec::EncodeError;
use downbeat_protocol::{ResumeToken, Seq, Tick};
use futures_util::{FutureExt, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

/// Ticks, snapshots and inputs per second.
pub const TICK_RATE: u32 = 20;

/// See the module's doc.
pub struct Room {
    core: Core<Arena>,
    /// Where the room leaves all snapshots of a tick.
    post: Arc<Post>,
    players: Vec<Player>,
}

/// One player: his end of the link.
struct Player {
    link: SessionLink<Input>,
    outgoing: OutgoingStream,
    pilot: Pilot,
    seq: Seq,
}

impl Room {
    /// A room with `players` in it, on a plane of `size` units (1024–60000), that
    /// has ticked once.
    ///
    /// # Errors
    /// None; the types of the arena can all be encoded.
    pub fn new(players: usize, size: u32) -> Result<Self, EncodeError> {
        let config = Config {
            size,
            drones: 0,
            pickups: 0,
        };
        let game = Arena::new(&config, TICK_RATE, 1);
        let mut core = Core::new(core_config(), game);
        let post = Arc::default();
        let players = (0..players).map(|number| {
            let limits = LinkLimits {
                inputs: 16,
                events: 64,
            };
            let place = Place::new(Arc::clone(&post), number);
            let (session, member) = link(limits, Some(place));
            core.join(Join {
                profile: Profile {
                    name: format!("pilot {number}"),
                    account: None,
                },
                resume: None,
                role: Role::Player,
                address: std::net::Ipv4Addr::LOCALHOST.into(),
                body: None,
                token: ResumeToken((number as u128).to_le_bytes()),
                link: member,
            });
            Player {
                outgoing: session.outgoing(),
                link: session,
                pilot: Pilot::new(1, number),
                seq: Seq(0),
            }
        });
        let mut room = Self {
            players: players.collect(),
            post,
            core,
        };
        room.core.tick(&mut ())?;
        Ok(room)
    }

    /// Every player's next input arrives, and the acknowledgement of all that the
    /// room has made.
    pub fn speak(&mut self) {
        let now = self.core.now();
        for player in &mut self.players {
            player.seq = player.seq.next();
            let arrived = Arrived {
                seq: player.seq,
                tick: now.next(),
                input: player.pilot.next(),
            };
            player.link.input(now, arrived);
        }
    }

    /// The room's next tick.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn tick(&mut self) -> Result<Tally, EncodeError> {
        self.core.tick(&mut ())
    }

    /// The tick made last.
    #[must_use]
    pub const fn now(&self) -> Tick {
        self.core.now()
    }

    /// Takes what the room has for each player: his number, and a message.
    pub fn take(&mut self, mut each: impl FnMut(usize, &[u8])) {
        for (number, player) in self.players.iter_mut().enumerate() {
            while let Some(Some(Outgoing::Message(bytes))) = player.outgoing.next().now_or_never() {
                each(number, &bytes);
            }
        }
        let mut items = VecDeque::new();
        self.post.take(&mut items, Waker::noop());
        for item in items {
            let Item::Batch(mut batch) = item else {
                continue;
            };
            let mut index = 0;
            while let Some((letter, bytes)) = batch.letter(index) {
                each(letter.key, &bytes[HEADROOM..]);
                index += 1;
            }
            batch.go_home();
        }
    }
}

fn core_config() -> CoreConfig {
    CoreConfig {
        room: "bench".into(),
        tick_rate: TICK_RATE,
        snapshot_interval: 1,
        checksum_interval: TICK_RATE,
        max_players: 100_000,
        max_pending: 16,
        byte_rate: 0,
        overload: Step::Normal,
        in_flight: TICK_RATE,
        behind: 5 * TICK_RATE,
        idle: u32::MAX,
        limbo: 0,
        start: Tick(0),
    }
}
