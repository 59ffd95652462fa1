//! What every room says about itself, for those who look from outside.
//!
//! A world posts its room once and then notes each tick with a few relaxed stores;
//! health checks and the list of rooms read whenever they like and never make a
//! world wait. It reads no clock: instants are arguments. Written by the world's
//! actor, read by `ops`.

use super::overload::Step;
use downbeat_protocol::Tick;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The board: one per server, shared by cloning.
#[derive(Clone, Debug)]
pub struct RoomBoard(Arc<Board>);

#[derive(Debug)]
struct Board {
    /// What ages are counted from.
    epoch: Instant,
    /// By the order of posting, so that a room that failed and its successor of the
    /// same name do not mix. Locked only when a room comes, goes, or is looked at.
    rooms: Mutex<(u64, BTreeMap<u64, Arc<Room>>)>,
}

#[derive(Debug)]
struct Room {
    name: String,
    tick_rate: u32,
    tick: AtomicU32,
    players: AtomicU32,
    /// When the last tick ended, in nanoseconds after the board's epoch.
    ticked: AtomicU64,
    /// The number of its step of overload.
    step: AtomicU32,
    /// The bits of an `f32`; only the room's own world writes it.
    load: AtomicU32,
}

/// What a room said last.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomStatus {
    /// Its name.
    pub name: String,
    /// Players in it, those whose link is lost included.
    pub players: u32,
    /// The last tick made.
    pub tick: Tick,
    /// Ticks per second.
    pub tick_rate: u32,
    /// How long ago the last tick ended.
    pub age: Duration,
    /// How far it has degraded under overload.
    pub step: Step,
    /// The share of its time that ticks take, smoothed over about 16 of them; 1 is
    /// all there is.
    pub load: f32,
}

impl RoomBoard {
    /// An empty board. Ages are counted from `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self(Arc::new(Board {
            epoch: now,
            rooms: Mutex::default(),
        }))
    }

    /// Posts a room. It stays until the posting is dropped, and counts as having
    /// ticked at `now`. `tick_rate` is in Hz.
    #[must_use]
    pub fn post(&self, name: &str, tick_rate: u32, now: Instant) -> RoomPosting {
        let room = Arc::new(Room {
            name: name.to_owned(),
            tick_rate,
            tick: AtomicU32::new(0),
            players: AtomicU32::new(0),
            ticked: AtomicU64::new(self.0.since_epoch(now)),
            step: AtomicU32::new(0),
            load: AtomicU32::new(0f32.to_bits()),
        });
        let mut rooms = self.0.lock();
        rooms.0 += 1;
        let number = rooms.0;
        rooms.1.insert(number, Arc::clone(&room));
        drop(rooms);
        RoomPosting {
            board: self.clone(),
            number,
            room,
        }
    }

    /// All rooms, by name.
    #[must_use]
    pub fn rooms(&self, now: Instant) -> Vec<RoomStatus> {
        let now = self.0.since_epoch(now);
        let mut rooms: Vec<_> = self.0.lock().1.values().map(|r| r.status(now)).collect();
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }
}

impl Board {
    fn since_epoch(&self, now: Instant) -> u64 {
        // 2⁶⁴ nanoseconds are 584 years.
        let nanoseconds = now.saturating_duration_since(self.epoch).as_nanos();
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Room>>)> {
        // Nothing under the lock can panic half way; a poisoned one is whole.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn status(&self, now: u64) -> RoomStatus {
        RoomStatus {
            name: self.name.clone(),
            players: self.players.load(Relaxed),
            tick: Tick(self.tick.load(Relaxed)),
            tick_rate: self.tick_rate,
            age: Duration::from_nanos(now.saturating_sub(self.ticked.load(Relaxed))),
            step: Step::numbered(self.step.load(Relaxed)),
            load: f32::from_bits(self.load.load(Relaxed)),
        }
    }
}

/// A room's place on the board, held by its world; dropping it takes the room off.
#[derive(Debug)]
pub struct RoomPosting {
    board: RoomBoard,
    number: u64,
    room: Arc<Room>,
}

impl RoomPosting {
    /// Notes how far the room has degraded.
    pub fn degraded(&self, step: Step) {
        self.room.step.store(step.number(), Relaxed);
    }

    /// Notes a tick that ended at `now` and took `busy`.
    pub fn ticked(&self, tick: Tick, players: usize, now: Instant, busy: Duration) {
        let room = &self.room;
        let share = busy.as_secs_f32() * room.tick_rate as f32;
        let load = f32::from_bits(room.load.load(Relaxed));
        room.load
            .store((load + (share - load) / 16.0).to_bits(), Relaxed);
        room.tick.store(tick.0, Relaxed);
        room.players
            .store(u32::try_from(players).unwrap_or(u32::MAX), Relaxed);
        room.ticked.store(self.board.0.since_epoch(now), Relaxed);
    }
}

impl Drop for RoomPosting {
    fn drop(&mut self) {
        self.board.0.lock().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posting_is_seen_until_it_is_dropped() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let board = RoomBoard::new(start);
        let second = board.post("b", 30, at(0));
        let first = board.post("a", 20, at(0));
        first.ticked(Tick(7), 3, at(50), Duration::from_millis(50));

        let rooms = board.rooms(at(150));
        assert_eq!(rooms.len(), 2);
        assert_eq!((rooms[0].name.as_str(), rooms[1].name.as_str()), ("a", "b"));
        assert_eq!((rooms[0].tick, rooms[0].players), (Tick(7), 3));
        assert_eq!(rooms[0].age, Duration::from_millis(100));
        assert_eq!(rooms[1].age, Duration::from_millis(150), "since posted");

        drop(second);
        assert_eq!(board.rooms(at(150)).len(), 1, "only its own place is freed");
        drop(first);
        assert_eq!(board.rooms(at(150)), []);
    }

    #[test]
    fn load_settles_at_the_share_of_the_period() {
        let start = Instant::now();
        let posting = RoomBoard::new(start).post("a", 50, start);
        for tick in 0..200 {
            posting.ticked(Tick(tick), 0, start, Duration::from_millis(5));
        }
        let load = posting.board.rooms(start)[0].load;
        assert!((load - 0.25).abs() < 0.001, "5 ms of 20 ms, not {load}");
    }

    #[test]
    fn a_successor_survives_the_end_of_the_room_before() {
        let start = Instant::now();
        let board = RoomBoard::new(start);
        let failed = board.post("a", 30, start);
        let successor = board.post("a", 30, start);
        drop(failed);
        assert_eq!(board.rooms(start).len(), 1);
        drop(successor);
    }
}
