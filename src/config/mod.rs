//! Every setting of the server, with its default and its bounds.

use std::net::SocketAddr;
use std::time::Duration;

/// The settings of a server. All limits per session unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Ticks per second of every room, 1–240.
    pub tick_rate: u32,
    /// Snapshots per second; divides the tick rate. `None`: one per tick.
    pub snapshot_rate: Option<u32>,
    /// The seed of every room's game; `None`: a different one each time.
    pub seed: Option<u64>,
    /// Threads that own sockets.
    pub workers: usize,
    /// Threads that run rooms.
    pub world_threads: usize,
    /// Ticks from one checksum to the next; 0: none.
    pub checksum_interval: u32,

    /// The room of those who name none.
    pub default_room: String,
    /// Rooms at most.
    pub max_rooms: usize,
    /// How long an empty room stays.
    pub room_linger: Duration,
    /// Players of one room at most, limbo included.
    pub max_players: usize,
    /// Sessions in all at most.
    pub max_sessions: usize,
    /// Sessions per address at most; loopback is exempt.
    pub max_sessions_per_address: usize,

    /// Bytes of one message (all its frames) at most.
    pub max_message: usize,
    /// Messages per second, sustained; `None`: twice the tick rate.
    pub message_rate: Option<u32>,
    /// Messages at once beyond that.
    pub message_burst: u32,
    /// Inputs waiting for the world; the oldest is dropped.
    pub inbox: usize,
    /// Events waiting for a session; one more ends it.
    pub outbox: usize,

    /// From the upgrade to the hello.
    pub hello_timeout: Duration,
    /// Without any message: the session ends as silent.
    pub idle_timeout: Duration,
    /// How far a player's acknowledgements may lag before his snapshots are skipped.
    pub in_flight: Duration,
    /// How far they may lag before his session ends as too slow.
    pub behind_timeout: Duration,
    /// A socket that takes no bytes for this long is cut.
    pub write_timeout: Duration,
    /// How long a player whose link is lost may come back.
    pub limbo: Duration,
    /// How long a drain may take.
    pub drain: Duration,
    /// The kernel's send buffer per socket, in bytes; 0: as the system has it.
    pub send_buffer: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 4000)),
            tick_rate: 30,
            snapshot_rate: None,
            seed: None,
            workers: 1,
            world_threads: 1,
            checksum_interval: 30,
            default_room: "main".into(),
            max_rooms: 100,
            room_linger: Duration::from_secs(30),
            max_players: 10_000,
            max_sessions: 20_000,
            max_sessions_per_address: 64,
            max_message: 16 << 10,
            message_rate: None,
            message_burst: 20,
            inbox: 16,
            outbox: 64,
            hello_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(20),
            in_flight: Duration::from_secs(1),
            behind_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(5),
            limbo: Duration::from_secs(15),
            drain: Duration::from_secs(5),
            send_buffer: 64 << 10,
        }
    }
}

impl Settings {
    /// Snapshots per second.
    #[must_use]
    pub fn snapshots_per_second(&self) -> u32 {
        self.snapshot_rate.unwrap_or(self.tick_rate)
    }

    /// Messages per second a session may sustain.
    #[must_use]
    pub fn messages_per_second(&self) -> u32 {
        self.message_rate.unwrap_or(2 * self.tick_rate)
    }
}
