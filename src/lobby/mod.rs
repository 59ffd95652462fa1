//! Which rooms exist and where their worlds run.
//!
//! One actor per server. Rooms are created when somebody asks for them, up to a
//! limit, and spread over the world threads; the lobby alone lets players in, so
//! that it alone decides when an empty room may go.

mod keeping;
mod oversight;
mod pool;
mod shelf;

pub use keeping::{Drain, Settle, Unsaved};
pub use oversight::{CloseRoom, EvictFrom, InspectRoom};
pub use shelf::ShelfError;

use crate::config::{Settings, game_settings};
use crate::game::{Game, Input, Profile};
use crate::guard::Permit;
use crate::telemetry::Telemetry;
use crate::world::{
    Admit, Close, CoreConfig, End, Join, MemberLink, Metronome, Role, Room, RoomBoard, Saved,
    Stamp, Step, Surroundings, Vacant, World,
};
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use downbeat_protocol::codec::{FNV_START, fnv1a};
use downbeat_protocol::{Reason, ResumeToken, Tick};
use pool::Pool;
use shelf::Shelf;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// A session's wish to enter a room. The answer comes through the link: a welcome,
/// or an end with a reason.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Enter<I> {
    /// The room's name; empty for the default room.
    pub room: String,
    /// Who wants in.
    pub profile: Profile,
    /// The right to a player left behind.
    pub resume: Option<ResumeToken>,
    /// Whether he plays or looks on.
    pub role: Role,
    /// Where he comes from.
    pub address: IpAddr,
    /// The place of his body, if he is to have one.
    pub body: Option<Permit>,
    /// The room's end of the link.
    pub link: MemberLink<I>,
}

/// The actor that knows the rooms.
pub struct Lobby<G: Game> {
    settings: Settings,
    game: G::Config,
    seed: u64,
    telemetry: Telemetry,
    board: RoomBoard,
    metronome: Metronome,
    pool: Pool,
    rooms: HashMap<String, Entry<G>>,
    last_number: u64,
    /// What everybody is told who still wants in.
    draining: Option<End>,
    /// Where rooms outlive the process.
    shelf: Option<Shelf>,
    /// Rooms that run and still lie on the shelf.
    restored: Vec<String>,
}

/// The rooms cannot be.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
    /// Rooms can be neither saved nor restored.
    #[error("save_dir: {0}")]
    Shelf(#[from] ShelfError),
}

/// A room as the lobby knows it.
struct Entry<G: Game> {
    number: u64,
    world: Addr<World<G>>,
    /// Which of the pool's threads it runs on.
    thread: usize,
    /// How many were sent to it.
    sent: u64,
}

impl<G: Game> Lobby<G> {
    /// Starts the lobby on this thread and the world threads beside it, with the rooms
    /// that a drain saved. Without `settings.seed` a seed is drawn.
    ///
    /// # Errors
    /// [`NotStarted`] if the system gives no thread, or the folder of saved rooms
    /// cannot be used.
    pub fn start(
        settings: &Settings,
        game: G::Config,
        telemetry: Telemetry,
        board: RoomBoard,
    ) -> Result<Addr<Self>, NotStarted> {
        let shelf = settings.save_dir.as_deref().map(Shelf::open).transpose()?;
        let mut lobby = Self {
            seed: settings.seed.unwrap_or_else(rand::random),
            settings: settings.clone(),
            game,
            telemetry,
            board,
            metronome: Metronome::start()?,
            pool: Pool::new(settings.world_threads),
            rooms: HashMap::new(),
            last_number: 0,
            draining: None,
            shelf,
            restored: Vec::new(),
        };
        Ok(Self::create(|context| {
            lobby.restore(&context.address());
            lobby
        }))
    }

    /// What a room of this name is saved with, and must have been saved with.
    fn stamp(&self, name: &str) -> Stamp {
        let settings = game_settings(&self.game);
        Stamp::of::<G>(name, self.settings.tick_rate, settings)
    }

    /// Opens a room: a new one, or one that was saved.
    fn open(&mut self, name: &str, saved: Option<Saved<G>>, me: &Addr<Self>) -> Entry<G> {
        self.last_number += 1;
        let number = self.last_number;
        let around = Surroundings {
            room: Room {
                name: name.to_owned(),
                number,
            },
            core: core_config(&self.settings, name),
            linger: self.settings.room_linger,
            metronome: self.metronome.clone(),
            telemetry: self.telemetry.clone(),
            posting: self
                .board
                .post(name, self.settings.tick_rate, Instant::now()),
            lobby: me.clone().recipient(),
            stamp: self.shelf.is_some().then(|| self.stamp(name)),
        };
        let config = self.game.clone();
        // Rooms of one server differ, and the same room starts alike each time.
        let seed = self.seed ^ u64::from(fnv1a(FNV_START, name.as_bytes()));
        let tick_rate = self.settings.tick_rate;
        let thread = self.pool.least_busy();
        let arbiter = self.pool.arbiter(thread);
        let world = World::start_in_arbiter(arbiter, move |_| match saved {
            Some(saved) => World::restored(saved, around),
            None => World::new(G::new(&config, tick_rate, seed), around),
        });
        Entry {
            number,
            world,
            thread,
            sent: 0,
        }
    }

    fn forget(&mut self, name: &str) -> Option<Entry<G>> {
        let entry = self.rooms.remove(name)?;
        self.pool.free(entry.thread);
        Some(entry)
    }
}

impl<G: Game> Actor for Lobby<G> {
    type Context = Context<Self>;
}

impl<G: Game> Handler<Enter<Input<G>>> for Lobby<G> {
    type Result = ();

    fn handle(&mut self, enter: Enter<Input<G>>, context: &mut Self::Context) {
        let Enter {
            room,
            profile,
            resume,
            role,
            address,
            body,
            link,
        } = enter;
        if let Some(end) = &self.draining {
            return link.end(end.clone());
        }
        let name = if room.is_empty() {
            self.settings.default_room.clone()
        } else {
            room
        };
        // A world that died before it could say so.
        if self
            .rooms
            .get(&name)
            .is_some_and(|entry| !entry.world.connected())
        {
            self.forget(&name);
        }
        if !self.rooms.contains_key(&name) {
            if self.rooms.len() >= self.settings.max_rooms {
                let text = Some("no more rooms, try again later".into());
                return link.end(End {
                    text,
                    ..Reason::Full.into()
                });
            }
            let entry = self.open(&name, None, &context.address());
            self.rooms.insert(name.clone(), entry);
        }
        let Some(entry) = self.rooms.get_mut(&name) else {
            return;
        };
        entry.sent += 1;
        let token = ResumeToken(rand::random());
        entry.world.do_send(Admit(Join {
            profile,
            resume,
            role,
            address,
            body,
            token,
            link,
        }));
    }
}

impl<G: Game> Handler<Vacant> for Lobby<G> {
    type Result = ();

    fn handle(&mut self, vacant: Vacant, _: &mut Self::Context) {
        let Vacant { room, admitted } = vacant;
        let Some(entry) = self.rooms.get(&room.name) else {
            return;
        };
        let is_meant = entry.number == room.number;
        let is_over = admitted.is_none_or(|admitted| admitted == entry.sent);
        if is_meant
            && is_over
            && let Some(entry) = self.forget(&room.name)
        {
            entry.world.do_send(Close(Reason::RoomClosed.into()));
        }
    }
}

/// The settings as a room's core needs them: times in ticks.
fn core_config(settings: &Settings, room: &str) -> CoreConfig {
    let rate = settings.tick_rate.max(1);
    let ticks = |time: Duration| {
        let ticks = (time.as_nanos() * u128::from(rate)).div_ceil(1_000_000_000);
        u32::try_from(ticks).unwrap_or(u32::MAX)
    };
    let snapshot_interval = (rate / settings.snapshots_per_second().max(1)).max(1);
    CoreConfig {
        room: room.to_owned(),
        tick_rate: rate,
        snapshot_interval,
        checksum_interval: settings.checksum_interval.div_ceil(snapshot_interval),
        max_players: settings.max_players,
        max_pending: settings.inbox,
        byte_rate: settings.snapshot_byte_rate,
        overload: Step::numbered(settings.overload_steps),
        in_flight: ticks(settings.in_flight),
        behind: ticks(settings.behind_timeout),
        idle: ticks(settings.idle_timeout),
        limbo: ticks(settings.limbo),
        start: Tick(0),
    }
}

#[cfg(test)]
mod tests;
