//! Peers that read too slowly, not at all, or are no longer there, in a real arena:
//! each is found by what it last acknowledged, costs nobody else anything, and is
//! gone in time, down to the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat::Server;
use downbeat::config::Settings;
use downbeat::game::arena::{Arena, Config};
use downbeat::server::Running;
use downbeat_protocol::arena::{Entity, Input};
use downbeat_protocol::{ClientMessage, Mirror, Reason, Seq, ServerMessage, codec};
use futures_util::future::{Either, select};
use harness::client::hello;
use harness::raw::{BINARY, FIN, frame};
use harness::{Client, PATIENCE, Raw, eventually, soon};
use std::pin::pin;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const IN_FLIGHT: Duration = Duration::from_millis(150);
const BEHIND: Duration = Duration::from_millis(700);

fn start() -> Running {
    let settings = Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        tick_rate: 60,
        checksum_interval: 1,
        in_flight: IN_FLIGHT,
        behind_timeout: BEHIND,
        write_timeout: BEHIND,
        send_buffer: 8 << 10,
        ..Settings::default()
    };
    Server::<Arena>::start(settings, Config::default()).unwrap()
}

fn encoded(message: &ClientMessage<Input>) -> Vec<u8> {
    codec::encode(message).unwrap()
}

/// A player over a socket without manners, whose kernel takes little for him.
async fn raw_player(server: &Running) -> Raw {
    let mut raw = Raw::open(server.address(), Some(4096))
        .await
        .upgraded()
        .await;
    let hello = encoded(&ClientMessage::Hello(hello("slow")));
    raw.frame(FIN | BINARY, &hello).await;
    raw
}

/// A player who keeps up.
struct Player {
    client: Client,
    mirror: Mirror<Entity>,
    seq: u32,
    resets: u32,
    longest: u32,
}

impl Player {
    async fn join(server: &Running) -> Self {
        let mut client = Client::connect(server.address(), "/ws").await;
        client.say(&ClientMessage::Hello(hello("ada"))).await;
        let welcome = client.welcome().await;
        Self {
            client,
            mirror: Mirror::new(welcome.tick, welcome.rules),
            seq: 0,
            resets: 0,
            longest: 0,
        }
    }

    /// Takes one message, and acknowledges it if it is a snapshot.
    async fn hear(&mut self) {
        match self.client.hear().await {
            ServerMessage::Snapshot(snapshot) => {
                self.resets += u32::from(snapshot.reset);
                self.longest = self.longest.max(snapshot.elapsed);
                self.mirror.apply(snapshot).expect("what was sent fits");
                self.acknowledge().await;
            }
            ServerMessage::Event(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    async fn acknowledge(&mut self) {
        self.seq += 1;
        let input = ClientMessage::Input {
            seq: Seq(self.seq),
            tick: self.mirror.tick().plus(2),
            received: self.mirror.tick(),
            input: Input::default(),
        };
        self.client.say(&input).await;
    }

    /// He was told of every moment; on a busy machine not of every tick.
    fn undisturbed(&self) {
        assert!(self.longest <= 15, "{} ticks without a word", self.longest);
    }

    /// Plays until `done` is.
    async fn play_until<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut done = pin!(done);
        loop {
            done = match select(done, pin!(self.hear())).await {
                Either::Left((value, _)) => return value,
                Either::Right(((), done)) => done,
            };
        }
    }
}

/// Whether the kernel of the server's side still holds a connection with this peer
/// that has something to deliver, from `/proc/net/tcp`.
fn is_held(server: &Running, peer_port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let port = |address: &str| u16::from_str_radix(address.rsplit_once(':').unwrap().1, 16);
        let is_it =
            port(fields[1]) == Ok(server.address().port()) && port(fields[2]) == Ok(peer_port);
        // FIN_WAIT2 and TIME_WAIT: the peer's kernel has everything, the end included.
        is_it && !matches!(fields[3], "05" | "06")
    })
}

/// Waits until the only one left is the honest player, and nothing of the other.
async fn gone(server: &Running, reason: Reason, peer_port: u16, within: Duration) {
    let start = Instant::now();
    let telemetry = server.telemetry();
    eventually("he is ended", || telemetry.ends(reason) == 1).await;
    let took = start.elapsed();
    assert!(took < within, "{reason} took {took:?}");
    eventually("his session and socket are dropped", || {
        telemetry.sessions.get() == 1 && telemetry.sockets.get() == 1
    })
    .await;
    eventually("the kernel lets go", || !is_held(server, peer_port)).await;
}

#[actix_rt::test]
async fn who_stops_reading_is_skipped_then_ended_and_nobody_else_notices() {
    let server = start();
    let mut honest = Player::join(&server).await;
    let raw = raw_player(&server).await;
    let port = raw.stream.local_addr().unwrap().port();
    let within = BEHIND + Duration::from_secs(2);
    honest
        .play_until(gone(&server, Reason::TooSlow, port, within))
        .await;
    assert!(server.telemetry().snapshots_skipped.get() > 0);
    honest.undisturbed();
    assert_eq!(server.telemetry().limbo.get(), 1, "he may come back");
    server.stop().await;
}

#[actix_rt::test]
async fn who_trickles_is_ended_as_well() {
    let server = start();
    let mut honest = Player::join(&server).await;
    let mut raw = raw_player(&server).await;
    let port = raw.stream.local_addr().unwrap().port();
    let trickle = async move {
        // An acknowledgement of which one byte is sent for one that is read.
        let bytes = frame(FIN | BINARY, &[7; 4000]);
        for byte in bytes {
            let mut one = [0];
            if raw.stream.read(&mut one).await.unwrap_or(0) == 0
                || raw.stream.write_all(&[byte]).await.is_err()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let trickle = actix_rt::spawn(trickle);
    let within = BEHIND + Duration::from_secs(2);
    honest
        .play_until(gone(&server, Reason::TooSlow, port, within))
        .await;
    honest
        .play_until(soon("he notices", trickle))
        .await
        .unwrap();
    honest.undisturbed();
    server.stop().await;
}

#[actix_rt::test]
async fn who_catches_up_in_time_goes_on_with_a_reset() {
    let server = start();
    let mut player = Player::join(&server).await;
    for _ in 0..20 {
        player.hear().await;
    }
    let first = player.resets;
    let skipped = &server.telemetry().snapshots_skipped;
    let before = skipped.get();
    // He hangs until he is behind, and a little longer.
    eventually("snapshots are skipped", || skipped.get() > before + 3).await;
    let reset = async {
        while player.resets == first {
            player.hear().await;
        }
        for _ in 0..20 {
            player.hear().await;
        }
    };
    soon("he catches up", reset).await;
    assert_eq!(server.telemetry().ends(Reason::TooSlow), 0);
    assert_eq!(server.telemetry().sessions.get(), 1);
    server.stop().await;
}

#[actix_rt::test]
async fn who_half_closes_has_lost_his_link_at_once() {
    let server = start();
    let mut honest = Player::join(&server).await;
    let mut raw = raw_player(&server).await;
    let port = raw.stream.local_addr().unwrap().port();
    raw.stream.shutdown().await.unwrap();
    honest
        .play_until(gone(&server, Reason::LinkLost, port, BEHIND))
        .await;
    server.stop().await;
}

/// Runs the test below in a network of its own, where the link can be cut.
#[test]
fn who_vanishes_without_a_word_is_gone_from_the_kernel_too() {
    let alone = |program: &std::ffi::OsStr, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--net"])
            .arg(program)
            .args(arguments);
        command.output()
    };
    if !alone("true".as_ref(), &[]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network namespaces here");
        return;
    }
    let me = std::env::current_exe().unwrap();
    let name = "in_a_network_of_its_own";
    let output = alone(
        me.as_os_str(),
        &["--exact", name, "--ignored", "--nocapture"],
    )
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

fn link(state: &str) {
    let mut command = Command::new("ip");
    let status = command.args(["link", "set", "lo", state]).status().unwrap();
    assert!(status.success(), "lo {state}");
}

#[actix_rt::test]
#[ignore = "cuts the loopback device: only within a network namespace of its own"]
async fn in_a_network_of_its_own() {
    link("up");
    let server = start();
    let mut raw = raw_player(&server).await;
    raw.next().await.expect("a welcome");
    let port = raw.stream.local_addr().unwrap().port();
    assert!(is_held(&server, port));
    link("down");
    let (cut, telemetry) = (Instant::now(), server.telemetry());
    eventually("he is ended", || telemetry.ends(Reason::TooSlow) == 1).await;
    assert!(
        cut.elapsed() < BEHIND + Duration::from_secs(1),
        "{:?}",
        cut.elapsed()
    );
    eventually("his session and socket are dropped", || {
        telemetry.sessions.get() == 0 && telemetry.sockets.get() == 0
    })
    .await;
    // The kernel could still hope to deliver the last words; it may not for long.
    eventually("the kernel lets go", || !is_held(&server, port)).await;
    assert!(cut.elapsed() < PATIENCE);
    server.stop().await;
}
