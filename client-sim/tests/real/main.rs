//! `client-sim` against a real server: what the two of them only show together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../examples/tug_bot.rs"]
#[allow(unreachable_pub, reason = "public in the example")]
mod tug_bot;

use client_sim::Bot;
use client_sim::arena::Pilot;
use downbeat::config::{Secret, Secrets, Settings};
use downbeat::game::Game;
use downbeat::game::arena::Arena;
use downbeat::guard::{Grant, Tokens};
use downbeat::protocol::Reason;
use downbeat::server::Server;
use downbeat::web::Site;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// A server in a thread of its own, gone when this is dropped.
struct Real {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Real {
    fn start<G: Game>(secrets: Secrets, change: impl FnOnce(&mut Settings)) -> Self
    where
        G::Config: Default,
    {
        let mut settings = Settings {
            bind: "127.0.0.1:0".parse().unwrap(),
            seed: Some(7),
            ..Settings::default()
        };
        change(&mut settings);
        let (tell, told) = channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let game = G::Config::default();
                let server =
                    Server::<G>::start_with(settings, secrets, game, Site::none()).unwrap();
                tell.send(server.address()).unwrap();
                // Also if the test has failed and dropped its end.
                let _ = stopped.await;
                server.drain(Reason::Restarting).await.unwrap();
            });
        });
        Self {
            address: told.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The exit code and the report of a run with bots of this kind.
fn run<B: Bot>(test: &str, arguments: &[&str]) -> (u8, Value) {
    let file = folder(test).join("report.json");
    // An earlier run's must not be taken for this one's.
    let _ = fs::remove_file(&file);
    let common = ["client-sim", arguments[0], "--json", file.to_str().unwrap()];
    let code = client_sim::cli::run::<B>(common.iter().chain(&arguments[1..]));
    let text = fs::read(&file).unwrap_or_default();
    (code, serde_json::from_slice(&text).unwrap_or_default())
}

fn number(report: &Value, path: &str) -> f64 {
    let value = report.pointer(path).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("{path} is no number in {report:#}"))
}

#[test]
fn an_example_scenario_is_played_and_reported_by_group() {
    let server = Real::start::<Arena>(Secrets::default(), |_| {});
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/small.toml");
    let arguments = ["swarm", "--url", &server.url(), "--scenario", scenario];
    let (code, report) = run::<Pilot>("scenario", &arguments);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(number(&report, "/bots"), 32.0);
    assert_eq!(number(&report, "/joined"), 32.0);
    let group = |name: &str| {
        let groups = report["groups"].as_array().unwrap();
        let found = groups.iter().find(|group| group["name"] == name);
        found
            .unwrap_or_else(|| panic!("no group {name} in {report:#}"))
            .clone()
    };
    for (name, key, expected) in [
        ("hunters", "joined", 10.0),
        ("lurkers", "joined", 5.0),
        ("storm", "joined", 10.0),
        ("storm", "cuts", 10.0),
        ("storm", "resumes", 10.0),
        ("storm", "leaves", 10.0),
        ("hunters", "cuts", 0.0),
        ("train", "disconnects", 0.0),
    ] {
        let group = group(name);
        assert_eq!(group[key].as_f64(), Some(expected), "{key} of {group:#}");
    }
    // There and back again over the line, and a tick.
    let train = number(&group("train"), "/input_to_snapshot_ms/p50");
    assert!(train >= 90.0, "{train} ms over a line of 60 ms each way");
    assert_eq!(group("lurkers")["input_to_snapshot_ms"]["p50"], Value::Null);
}

#[test]
fn a_scenario_is_played_with_as_many_bots_as_flags_say() {
    let server = Real::start::<Arena>(Secrets::default(), |_| {});
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/steady.toml");
    let url = server.url();
    let arguments = [
        "swarm",
        "--url",
        &url,
        "--scenario",
        scenario,
        "--bots",
        "10",
    ];
    let arguments = [&arguments[..], &["--duration", "1s", "--ramp", "1000/s"]].concat();
    let (code, report) = run::<Pilot>("scaled", &arguments);
    assert_eq!(code, 0, "{report:#}");
    let bots = [0, 1, 2].map(|group| number(&report, &format!("/groups/{group}/bots")));
    assert_eq!(bots, [6.0, 3.0, 1.0]);
    assert_eq!(
        number(&report, "/duration_s").round(),
        1.0,
        "flags override"
    );
}

#[test]
fn a_delay_shows_in_every_answer_and_nothing_is_lost() {
    let server = Real::start::<Arena>(Secrets::default(), |_| {});
    let arguments = [
        "swarm",
        "--url",
        &server.url(),
        "--bots",
        "10",
        "--duration",
        "3s",
        "--net",
        "delay=100ms,jitter=20ms",
    ];
    let (code, report) = run::<Pilot>("delay", &arguments);
    assert_eq!(code, 0, "{report:#}");
    let p50 = number(&report, "/input_to_snapshot_ms/p50");
    assert!(p50 >= 190.0, "{p50} ms over 100 ms each way");
}

const KEYS: &str = r#"{"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E"}]}"#;

#[test]
fn bots_prove_who_they_are_where_that_is_asked() {
    let secrets = Secrets {
        auth_keys: Some(Secret::new(KEYS.to_owned())),
        ..Secrets::default()
    };
    let server = Real::start::<Arena>(secrets, |settings| {
        settings.auth = downbeat::config::Auth::Jwt;
    });
    let keys = folder("tokens").join("keys.json");
    fs::write(&keys, KEYS).unwrap();
    let url = server.url();
    let swarm = [
        "swarm",
        "--url",
        &url,
        "--bots",
        "5",
        "--duration",
        "2s",
        "--cut",
        "30/min",
    ];

    let with = [&swarm[..], &["--token-key", keys.to_str().unwrap()]].concat();
    let (code, report) = run::<Pilot>("tokens", &with);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(number(&report, "/joined"), 5.0);
    assert_eq!(
        report["cuts"], report["resumes"],
        "each with its own account"
    );

    let (code, report) = run::<Pilot>("tokens", &swarm);
    assert_eq!(code, 1);
    assert_eq!(report["ends"], serde_json::json!({ "unauthorized": 5 }));
}

#[test]
fn each_bot_hands_in_a_token_made_elsewhere() {
    let keys = Secret::new(KEYS.to_owned());
    let signer = Tokens::new(&keys, None).unwrap();
    let token = |number: u32| {
        let grant = Grant {
            account: format!("player-{number}"),
            name: None,
            // The last one admits to another room.
            rooms: (number == 4)
                .then(|| "elsewhere".to_owned())
                .into_iter()
                .collect(),
            ttl: Duration::from_secs(600),
        };
        signer.sign(grant, None, SystemTime::now()).unwrap() + "\n"
    };
    let file = folder("tokens-made").join("tokens");
    fs::write(&file, (0..5).map(token).collect::<String>()).unwrap();
    let secrets = Secrets {
        auth_keys: Some(keys),
        ..Secrets::default()
    };
    let server = Real::start::<Arena>(secrets, |settings| {
        settings.auth = downbeat::config::Auth::Jwt;
    });
    let url = server.url();
    let file = file.to_str().unwrap();
    let swarm = ["swarm", "--url", &url, "--tokens", file];

    let four = [&swarm[..], &["--bots", "4", "--duration", "1s"]].concat();
    let (code, report) = run::<Pilot>("tokens-made", &four);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(number(&report, "/joined"), 4.0);

    let five = [&swarm[..], &["--bots", "5", "--duration", "1s"]].concat();
    let (code, report) = run::<Pilot>("tokens-made", &five);
    assert_eq!(code, 1);
    assert_eq!(number(&report, "/joined"), 4.0, "the fifth is not for here");

    let six = [&swarm[..], &["--bots", "6", "--duration", "1s"]].concat();
    let (code, _) = run::<Pilot>("tokens-made", &six);
    assert_eq!(code, 2, "too few tokens");
}

#[test]
fn bots_speak_tls_with_whom_they_trust() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = folder("tls");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Real::start::<Arena>(Secrets::default(), |settings| {
        settings.tls_cert = Some(cert.clone());
        settings.tls_key = Some(key);
    });
    let url = format!("wss://localhost:{}/ws", server.address.port());
    let swarm = ["swarm", "--url", &url, "--bots", "5", "--duration", "1s"];
    for trust in [&["--ca", cert.to_str().unwrap()][..], &["--insecure"]] {
        let (code, report) = run::<Pilot>("tls", &[&swarm[..], trust].concat());
        assert_eq!(code, 0, "{trust:?}: {report:#}");
        assert_eq!(number(&report, "/joined"), 5.0);
        assert!(
            number(&report, "/server/ticks") > 0.0,
            "metrics, too, under TLS"
        );
    }

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let stranger = folder.join("stranger.pem");
    fs::write(&stranger, other.cert.pem()).unwrap();
    let distrust = [&swarm[..], &["--ca", stranger.to_str().unwrap()]].concat();
    let (code, report) = run::<Pilot>("tls", &distrust);
    assert_eq!(code, 1, "a stranger's certificate");
    assert_eq!(number(&report, "/joined"), 0.0);
    let (code, _) = run::<Pilot>("tls", &swarm);
    assert_eq!(code, 2, "nobody said whom to trust");
}

#[test]
fn a_short_soak_counts_what_left_and_finds_nothing_leaked() {
    let server = Real::start::<Arena>(Secrets::default(), |settings| {
        settings.limbo = Duration::from_secs(2);
    });
    let url = server.url();
    let arguments = [
        "soak",
        "--minutes",
        "0.1",
        "--bots",
        "8",
        "--url",
        &url,
        "--leave",
        "30/min",
        "--cut",
        "30/min",
        "--every",
        "200ms",
    ];
    let (code, report) = run::<Pilot>("soak", &arguments);
    // Memory is not judged: a server six seconds old in a test's own process grows.
    assert!(code <= 1, "{code}");
    let failures = report["failures"].as_array().unwrap();
    let others = failures.iter().filter(|failure| {
        let text = failure.as_str().unwrap();
        !text.starts_with("memory")
    });
    assert_eq!(others.count(), 0, "{report:#}");
    assert!(number(&report, "/readings") >= 10.0, "{report:#}");
    assert!(
        number(&report, "/swarm/groups/0/leaves") >= 16.0,
        "{report:#}"
    );
    assert!(number(&report, "/ticks/made") > 60.0, "{report:#}");
    assert_eq!(number(&report, "/sessions/left_behind"), 0.0);
}

#[test]
fn a_bot_of_another_game_plays_it() {
    let server = Real::start::<tug_bot::tug::Tug>(Secrets::default(), |_| {});
    let url = server.url();
    let arguments = [
        "swarm",
        "--url",
        &url,
        "--bots",
        "7",
        "--duration",
        "2s",
        "--behaviour",
        "eager",
    ];
    let (code, report) = run::<tug_bot::Puller>("tug", &arguments);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(number(&report, "/joined"), 7.0);
    assert_eq!(number(&report, "/visible_entities/max"), 1.0, "the rope");
    assert_eq!(number(&report, "/scores/min"), 1.0, "all are on a side");
    assert!(number(&report, "/inputs/sent") > 20.0, "{report:#}");
}
