//! A server that is drained and started again, as a process: who comes back is who he
//! was, a save is used once, and what is no save harms nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use downbeat_protocol::arena::{ArenaWire, Entity, Input, Own, Status, controls};
use downbeat_protocol::message::{Hello, Welcome};
use downbeat_protocol::{ClientMessage, EntityId, Mirror, PlayerId, Seq, ServerMessage};
use harness::client::hello;
use harness::{Binary, Client, soon};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A small plane full of things to pick up, and everything verified.
const CALM: [&str; 8] = [
    "--checksum-interval",
    "1",
    "--game",
    "size=1024",
    "--game",
    "pickups=1000",
    "--game",
    "drones=0",
];

/// An empty folder of this name.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

fn start(saves: Option<&Path>, flags: &[&str]) -> Binary {
    let mut all = CALM.to_vec();
    if let Some(saves) = saves {
        all.extend(["--save-dir", saves.to_str().unwrap()]);
    }
    all.extend(flags);
    Binary::start(&all, &[])
}

/// A pilot who verifies all he sees.
struct Pilot {
    client: Client,
    welcome: Welcome<ArenaWire>,
    mirror: Mirror<Entity>,
    own: Option<Own>,
    sent: Seq,
    resets: u32,
}

impl Pilot {
    /// Comes in; with the `before` as the one he was.
    async fn join(address: SocketAddr, before: Option<&Self>) -> Self {
        let mut client = Client::connect(address, "/ws").await;
        let hello = Hello {
            resume: before.map(|pilot| pilot.welcome.resume),
            ..hello("ada")
        };
        client.say(&ClientMessage::Hello(hello)).await;
        let welcome = client.welcome().await;
        Self {
            client,
            mirror: Mirror::new(welcome.tick, welcome.rules),
            sent: welcome.applied,
            welcome,
            own: None,
            resets: 0,
        }
    }

    /// Takes the next message; `false` if it was the bye.
    async fn hear(&mut self) -> bool {
        match self.client.hear().await {
            ServerMessage::Snapshot(mut snapshot) => {
                self.resets += u32::from(snapshot.reset);
                assert!(snapshot.checksum.is_some());
                self.own = snapshot.own.take().or(self.own.take());
                self.mirror.apply(snapshot).expect("what he sees is right");
                true
            }
            ServerMessage::Bye { code, .. } => {
                assert_eq!(code, 1012);
                false
            }
            _ => true,
        }
    }

    async fn steer(&mut self, controls: u8) {
        self.sent = self.sent.next();
        let received = self.mirror.tick();
        let message = ClientMessage::Input {
            seq: self.sent,
            tick: received,
            received,
            input: Input { controls, aim: 0 },
        };
        self.client.say(&message).await;
    }

    fn score(&self) -> u32 {
        self.own.as_ref().map_or(0, |own| own.score)
    }

    /// His ship's number and whose it is.
    fn ship(&self) -> Option<(EntityId, PlayerId)> {
        let Status::Flying { ship } = self.own.as_ref()?.status else {
            return None;
        };
        let mut all = self.mirror.entities();
        all.find_map(|(id, entity)| match entity {
            Entity::Ship(it) if *id == ship => Some((*id, it.player)),
            _ => None,
        })
    }

    /// Flies in circles until he has points.
    async fn earn(&mut self) {
        while self.score() == 0 {
            assert!(self.hear().await);
            self.steer(controls::THRUST | controls::LEFT).await;
        }
    }

    /// Plays while the server drains; its exit code and its log.
    async fn see_it_end(&mut self, server: Binary) -> (Option<i32>, String) {
        server.signal("TERM");
        while self.hear().await {}
        self.client.end().await;
        let (status, log) = soon("its end", async { server.end() }).await;
        (status.code(), log)
    }

    /// Plays on for so many snapshots.
    async fn play(&mut self, snapshots: u32) {
        for _ in 0..snapshots {
            assert!(self.hear().await);
            self.steer(0).await;
        }
    }
}

/// A room on disk in which one has played, and the one.
async fn saved(saves: &Path) -> Pilot {
    let server = start(Some(saves), &[]);
    let mut pilot = Pilot::join(server.address, None).await;
    soon("points", pilot.earn()).await;
    let (code, log) = pilot.see_it_end(server).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("room saved"), "{log}");
    pilot
}

#[actix_rt::test]
async fn who_comes_back_is_who_he_was() {
    let saves = folder("restart_same");
    let before = saved(&saves).await;
    let file = saves.join("main.room");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&saves), mode(&file)), (0o700, 0o600));

    let server = start(Some(&saves), &[]);
    assert!(server.head.contains("room restored"), "{}", server.head);
    let mut back = Pilot::join(server.address, Some(&before)).await;
    assert_eq!(back.welcome.player, before.welcome.player);
    assert!(back.welcome.tick.is_after(before.mirror.tick()));
    let used = back.welcome.applied;
    assert!(
        used != Seq(0) && !used.is_after(before.sent),
        "inputs go on"
    );
    assert_ne!(back.welcome.resume, before.welcome.resume);
    while back.own.is_none() {
        back.hear().await;
    }
    assert_eq!(back.resets, 1, "the first snapshot is whole");
    back.play(30).await;
    assert!(back.ship().is_some());
    assert_eq!(back.ship(), before.ship(), "the same ship");
    assert!(back.score() >= before.score() && before.score() > 0);
    assert!(!file.exists(), "a save is used once");

    let thief = Pilot::join(server.address, Some(&before)).await;
    assert_eq!(thief.welcome.player, PlayerId(2), "a token is, too");
}

#[actix_rt::test]
async fn without_a_folder_everybody_is_new() {
    let server = start(None, &[]);
    let mut before = Pilot::join(server.address, None).await;
    soon("points", before.earn()).await;
    let (code, log) = before.see_it_end(server).await;
    assert_eq!(code, Some(0), "{log}");

    let server = start(None, &[]);
    let back = Pilot::join(server.address, Some(&before)).await;
    assert_eq!(back.welcome.applied, Seq(0), "a new game");
    assert!(before.mirror.tick().is_after(back.welcome.tick));
}

#[actix_rt::test]
async fn a_crash_brings_no_old_world_back() {
    let saves = folder("restart_crash");
    let before = saved(&saves).await;
    let server = start(Some(&saves), &[]);
    Pilot::join(server.address, Some(&before)).await;
    server.signal("KILL");
    let (status, _) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), None, "by the signal");

    let server = start(Some(&saves), &[]);
    assert!(!server.head.contains("restored"), "{}", server.head);
    let back = Pilot::join(server.address, Some(&before)).await;
    assert_eq!(back.welcome.applied, Seq(0), "a new world");
}

#[actix_rt::test]
async fn a_server_without_a_port_leaves_the_saves_where_they_are() {
    let saves = folder("restart_port");
    let before = saved(&saves).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Binary::command()
        .args(CALM)
        .args(["--bind", &address, "--save-dir"])
        .arg(&saves)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));

    let server = start(Some(&saves), &[]);
    let back = Pilot::join(server.address, Some(&before)).await;
    assert_eq!(back.welcome.player, before.welcome.player);
    assert_ne!(back.welcome.applied, Seq(0), "as before");
}

#[actix_rt::test]
async fn each_bad_file_is_named_and_set_aside_and_the_server_starts() {
    let origin = folder("restart_good");
    saved(&origin).await;
    let good = fs::read(origin.join("main.room")).unwrap();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let cases: [(&str, Vec<u8>, &[&str], &str); 8] = [
        ("empty", Vec::new(), &[], "it is no save of a room"),
        (
            "foreign",
            b"#!/bin/sh".into(),
            &[],
            "it is no save of a room",
        ),
        (
            "cut",
            with(|bytes| bytes.truncate(100)),
            &[],
            "it is cut off: 100 of",
        ),
        (
            "damaged",
            with(|bytes| bytes[200] ^= 1),
            &[],
            "its checksum is wrong",
        ),
        (
            "newer",
            with(|bytes| bytes[8] += 1),
            &[],
            "its format has version 2, this server reads version 1",
        ),
        (
            "longer",
            with(|bytes| bytes.push(0)),
            &[],
            "1 bytes too many",
        ),
        (
            "rate",
            good.clone(),
            &["--tick-rate", "20"],
            "tick_rate was 30 and is 20",
        ),
        (
            "settings",
            good.clone(),
            &["--game", "pickups=3"],
            "game.pickups was 1000 and is 3",
        ),
    ];
    for (name, bytes, flags, cause) in cases {
        let saves = folder(&format!("restart_bad_{name}"));
        fs::create_dir(&saves).unwrap();
        let (file, aside) = (saves.join("main.room"), saves.join("main.room.bad-2"));
        // One was set aside before.
        fs::write(saves.join("main.room.bad-1"), "bad").unwrap();
        fs::write(&file, &bytes).unwrap();
        let server = start(Some(&saves), flags);
        let told = |line: &&str| line.contains(file.to_str().unwrap()) && line.contains(cause);
        let lines = server.head.lines().filter(told);
        assert_eq!(lines.count(), 1, "{name}: {}", server.head);
        let there = (file.exists(), fs::read(&aside).ok());
        assert_eq!(there, (false, Some(bytes)), "{name}");
        let pilot = Pilot::join(server.address, None).await;
        assert_eq!(pilot.welcome.player, PlayerId(1), "{name}: a new room");
    }
}

#[actix_rt::test]
async fn a_save_under_another_name_is_no_room() {
    let saves = folder("restart_name");
    saved(&saves).await;
    fs::rename(saves.join("main.room"), saves.join("duel.room")).unwrap();
    fs::create_dir(saves.join("main.room")).unwrap();
    let server = start(Some(&saves), &[]);
    for told in ["the room was main and is duel", "it is no file"] {
        assert!(server.head.contains(told), "{}", server.head);
    }
    for aside in ["duel.room.bad-1", "main.room.bad-1"] {
        assert!(saves.join(aside).exists(), "{aside}");
    }
}

#[actix_rt::test]
async fn a_room_that_cannot_be_saved_is_told_and_gives_3() {
    let saves = folder("restart_full");
    let server = start(Some(&saves), &[]);
    let mut pilot = Pilot::join(server.address, None).await;
    assert!(pilot.hear().await);
    // Nothing can be renamed to it.
    let file = saves.join("main.room");
    fs::create_dir(&file).unwrap();
    let (code, log) = pilot.see_it_end(server).await;
    assert_eq!(code, Some(3), "{log}");
    let told =
        |line: &str| line.contains("room not saved") && line.contains(file.to_str().unwrap());
    assert!(log.lines().any(told), "{log}");
    assert!(log.contains("downbeat: rooms could not be saved"), "{log}");
    assert!(
        !saves.join("main.room.new").exists(),
        "nothing is left of it"
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_one_line_and_2() {
    let refused = |path: &Path| {
        let output = Binary::command()
            .args(["--bind", "127.0.0.1:0", "--save-dir"])
            .arg(path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        // The log may have something to say of the machine.
        let lines: Vec<_> = told
            .lines()
            .filter(|line| line.starts_with("downbeat: "))
            .collect();
        assert_eq!(lines.len(), 1, "{told}");
        lines[0].to_owned()
    };
    let path = folder("restart_file");
    fs::write(&path, "").unwrap();
    assert!(refused(&path).contains("save_dir: "), "a file");
    fs::remove_file(&path).unwrap();

    let _server = start(Some(&path), &[]);
    assert!(refused(&path).contains("is in use by another server"));
}

#[actix_rt::test]
async fn an_empty_room_is_not_saved_nor_is_what_was_half_written_kept() {
    let saves = folder("restart_empty");
    fs::create_dir(&saves).unwrap();
    fs::write(saves.join("main.room.new"), "half").unwrap();
    let server = start(Some(&saves), &[]);
    assert!(!saves.join("main.room.new").exists());
    let mut pilot = Pilot::join(server.address, None).await;
    assert!(pilot.hear().await);
    pilot.client.close(1000).await;
    server.signal("TERM");
    let (status, log) = soon("its end", async { server.end() }).await;
    assert_eq!(status.code(), Some(0), "{log}");
    let left = fs::read_dir(&saves).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}
