//! The table of settings: each stands here once, and nowhere else.

use super::kind::{
    Address, Auth, FORMAT, File, Folder, Kind, List, LogFilter, LogFormat, Maybe, PROOF, RoomName,
    Text, Time, Whole,
};
use super::network::{Cidr, Network};
use super::origins::{OriginRule, PageOrigin};
use super::row::{Row, settings};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

settings! {
    "Listening": {
        /// Where to listen.
        bind: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 4000)), Address;
        /// The certificate chain, in PEM: with it and a key the port speaks TLS
        /// (wss:// and https://). Read again when it changes.
        tls_cert: Option<PathBuf> = None => "none: no TLS", Maybe(File);
        /// The private key of the certificate, in PEM.
        tls_key: Option<PathBuf> = None => "none: no TLS", Maybe(File);
        /// Sessions in all at most; more are refused with HTTP status 503.
        max_sessions: usize = 20_000, Whole(1..=1_000_000, "sessions");
        /// Sessions from one address at most; more are refused with HTTP status 429.
        /// And twice as many players, those whose link is lost included; more are told
        /// 1013. Loopback is exempt.
        max_sessions_per_address: usize = 64, Whole(1..=1_000_000, "sessions");
        /// Connections at most that are no sessions: HTTP requests, and whoever takes
        /// his time over one; more are refused with HTTP status 503.
        max_http: usize = 4096, Whole(1..=1_000_000, "connections");
        /// Such connections from one address at most; more are refused with HTTP status
        /// 429. Loopback and the proxies are exempt.
        max_http_per_address: usize = 64, Whole(1..=1_000_000, "connections");
        /// Reverse proxies: only they are believed when they say, in X-Forwarded-For or
        /// Forwarded, whom a connection is from.
        proxies: Vec<Network> = Vec::new() => "none", List(Cidr);
        /// Whose web pages may open a socket; others are refused with HTTP status 403.
        origins: Vec<OriginRule> = vec![OriginRule::SameHost, OriginRule::Loopback]
            => "same-host, loopback", List(PageOrigin);
        /// Threads that own sockets.
        workers: usize = half_the_cores() => "half the cores, at least 1", Whole(1..=256, "threads");
    }
    "Operators": {
        /// Where the operators' routes (/admin/…) are; they exist only with a token.
        admin_bind: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 4001)), Address;
        /// The token that operators' requests must carry, in a file; or the token
        /// itself in the variable DOWNBEAT_ADMIN_TOKEN.
        admin_token_file: Option<PathBuf> = None => "none: no operators' routes", Maybe(File);
        /// Where bans are kept, as JSON; the server writes it.
        ban_file: Option<PathBuf> = None => "none: bans end with the server", Maybe(File);
    }
    "Players": {
        /// How players prove who they are: not at all, or by a signed token (JWT) in
        /// their hello.
        auth: Auth = Auth::None, PROOF;
        /// The keys that tokens are signed with, as a JSON Web Key Set; read again when
        /// it changes. Or the keys themselves in the variable DOWNBEAT_AUTH_KEYS.
        auth_key_file: Option<PathBuf> = None => "none", Maybe(File);
        /// The audience that a token must be meant for (its claim `aud`).
        auth_audience: Option<String> = None => "none: a token must name none", Maybe(Text);
    }
    "Time": {
        /// Ticks per second of every room.
        tick_rate: u32 = 30, Whole(1..=240, "Hz");
        /// Snapshots per second to each player; divides the tick rate.
        snapshot_rate: Option<u32> = None => "the tick rate", Maybe(Whole(1..=240, "Hz"));
        /// The seed of every room's game: the same seed and inputs give the same game.
        seed: Option<u64> = None => "a different one at each start",
            Maybe(Whole(0..=i64::MAX.unsigned_abs(), "no unit"));
        /// Ticks from one checksum to the next, by which clients verify what they
        /// see; 0: none.
        checksum_interval: u32 = 30, Whole(0..=100_000, "ticks");
        /// Threads that run rooms.
        world_threads: usize = half_the_cores() => "half the cores, at least 1", Whole(1..=256, "threads");
    }
    "Overload": {
        /// How far a room may degrade when it has more to do than time, and come back
        /// by itself: 1 far cells are told less often, 2 snapshots come half as often,
        /// 3 less is in sight, 4 nobody new comes in; 0: not at all.
        overload_steps: u32 = 4, Whole(0..=4, "steps");
    }
    "Rooms": {
        /// The room of those who name none.
        default_room: String = "main".to_owned(), RoomName;
        /// Rooms at most; who asks for one more is told that the server is full.
        max_rooms: usize = 100, Whole(1..=100_000, "rooms");
        /// How long an empty room stays.
        room_linger: Duration = Duration::from_secs(30), Time(0..=86_400_000);
        /// Players of one room at most, those whose link is lost included.
        max_players: usize = 10_000, Whole(1..=100_000, "players");
        /// How long a player whose link is lost may come back.
        limbo: Duration = Duration::from_secs(15), Time(0..=3_600_000);
        /// Where rooms are saved when the server drains, a file each, and restored from at
        /// the next start; made if it is not there, and one server's alone.
        save_dir: Option<PathBuf> = None => "none: rooms end with the process", Maybe(Folder);
    }
    "Messages": {
        /// Bytes of one message (all its frames) at most; a larger one ends the
        /// session with 1009.
        max_message: usize = 16 << 10, Whole(64..=1 << 20, "bytes");
        /// Messages per second that a session may sustain; more are dropped and
        /// counted, and end it with 4010 if it goes on.
        message_rate: Option<u32> = None => "twice the tick rate",
            Maybe(Whole(1..=10_000, "messages per second"));
        /// Messages at once beyond that.
        message_burst: u32 = 20, Whole(1..=10_000, "messages");
        /// Bytes of messages per second that a session may sustain, and one message of
        /// the largest size at once beyond that; more are dropped as well.
        byte_rate: u32 = 64 << 10, Whole(64..=1 << 26, "bytes per second");
        /// Inputs of a player that wait for the world; one more drops the oldest.
        inbox: usize = 16, Whole(1..=1_000, "inputs");
        /// Events that wait for a session; one more ends it with 4008.
        outbox: usize = 64, Whole(1..=10_000, "events");
        /// Bytes per second of snapshots that a player is to be sent on average; where more
        /// is in sight, cells are told less often, the farthest first; 0: no limit.
        snapshot_byte_rate: u32 = 64 << 10, Whole(0..=1 << 26, "bytes per second");
        /// The kernel's send buffer per socket, which bounds how much stale state can
        /// queue there; 0: as the system has it.
        send_buffer: usize = 64 << 10, Whole(0..=16 << 20, "bytes");
    }
    "Patience": {
        /// How long a client may take over the head of an HTTP request, and as long
        /// before that over the TLS handshake.
        request_timeout: Duration = Duration::from_secs(5), Time(100..=600_000);
        /// How long a connection may live that does not become a session.
        http_lifetime: Duration = Duration::from_secs(60), Time(1_000..=3_600_000);
        /// How long a client may take from the upgrade to its hello.
        hello_timeout: Duration = Duration::from_secs(5), Time(100..=600_000);
        /// A session that sends nothing for this long ends with 4009.
        idle_timeout: Duration = Duration::from_secs(20), Time(1_000..=3_600_000);
        /// How far a player's acknowledgements may lag before snapshots to him are
        /// skipped.
        in_flight: Duration = Duration::from_secs(1), Time(10..=60_000);
        /// How far they may lag before his session ends with 4008; more than
        /// in_flight.
        behind_timeout: Duration = Duration::from_secs(5), Time(100..=600_000);
        /// A session that sends more than its rates for this long ends with 4010; one
        /// that sends many times as much ends at once.
        flood_timeout: Duration = Duration::from_secs(3), Time(0..=60_000);
        /// A socket that takes no bytes for this long is cut.
        write_timeout: Duration = Duration::from_secs(5), Time(100..=600_000);
        /// How long a drain may take: from SIGTERM to the end of the process. Within
        /// its first half sessions are sent away one after the other.
        drain: Duration = Duration::from_secs(10), Time(0..=600_000);
        /// How long a restart takes: who is sent away by a drain is told to wait for
        /// it; 0s: he is told nothing.
        restart_hint: Duration = Duration::from_secs(3), Time(0..=600_000);
        /// A room whose last tick is older than this makes /healthz answer 503.
        stall_timeout: Duration = Duration::from_secs(2), Time(100..=600_000);
    }
    "Log": {
        /// What is logged, to stderr.
        log: String = "info,actix_server=warn".to_owned(), LogFilter;
        /// How log lines are written: for people, or as a JSON object each.
        log_format: LogFormat = LogFormat::Human, FORMAT;
    }
}

/// A second socket thread beside a busy world thread costs more than it brings on
/// two cores, so sockets and rooms share the cores half and half.
fn half_the_cores() -> usize {
    available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed_and_comes_back() {
        let defaults = Settings::default();
        for row in ROWS {
            let Some(value) = (row.get)(&defaults) else {
                assert!(row.default.is_some(), "{} has no words", row.key);
                continue;
            };
            let mut settings = Settings::default();
            assert_eq!((row.set)(&mut settings, &value), Some(()), "{}", row.key);
            assert_eq!(settings, defaults, "{} comes back as it was", row.key);
        }
    }

    #[test]
    fn keys_are_unique_and_leave_the_games_prefix_alone() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(!row.key.starts_with("game"), "{}", row.key);
            assert!(!ROWS[..at].iter().any(|r| r.key == row.key), "{}", row.key);
        }
    }
}
