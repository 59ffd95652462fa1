//! A server on a free port, with the test lobby behind it.

use super::eventually;
use super::lobby::{Desk, TestLobby};
use actix::Actor;
use actix_web::web;
use downbeat::config::Settings;
use downbeat::guard::{Admission, Readiness, Tls};
use downbeat::server::{Front, Rooms, Running};
use downbeat::telemetry::Telemetry;
use downbeat_protocol::Reason;
use downbeat_protocol::arena::ArenaWire;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// See the module's doc. Every test ends it with [`finish`](Self::finish).
pub struct TestServer {
    pub address: SocketAddr,
    pub telemetry: Telemetry,
    pub desk: Arc<Mutex<Desk>>,
    pub running: Running,
}

impl TestServer {
    /// Waits until a player in the room, who does not read, takes no more bytes.
    pub async fn is_stuck(&self) {
        let sent = &self.telemetry.bytes_out;
        let mut last = (sent.get(), Instant::now());
        eventually("he takes no more", || {
            if last.0 != sent.get() {
                last = (sent.get(), Instant::now());
            }
            last.0 > 4000 && last.1.elapsed() > Duration::from_millis(50)
        })
        .await;
    }

    /// With the default settings, but for what `change` does to them.
    pub fn start(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(Admission::default(), change)
    }

    /// The same for players who must be somebody.
    pub fn start_with(admission: Admission, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Settings::default()
        };
        change(&mut settings);
        let files = settings.tls_cert.as_ref().zip(settings.tls_key.as_ref());
        let tls = files.map(|(certificate, key)| Tls::new(certificate, key).unwrap());
        let telemetry = Telemetry::new().unwrap();
        let desk = Arc::<Mutex<Desk>>::default();
        let lobby = TestLobby::new(Arc::clone(&desk)).start();
        let front = Front::<ArenaWire> {
            settings,
            telemetry: telemetry.clone(),
            readiness: Readiness::default(),
            tls,
            admission,
            rooms: Rooms {
                enter: lobby.clone().recipient(),
                drain: lobby.recipient(),
            },
        };
        let running = front
            .open(|routes| {
                routes.route("/hello", web::get().to(|| async { "hello" }));
            })
            .unwrap();
        Self {
            address: running.address(),
            telemetry,
            desk,
            running,
        }
    }

    /// Changes or reads the lobby's desk.
    pub fn desk<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        look(&mut self.desk.lock().unwrap())
    }

    /// How many connections ended for this reason.
    pub fn ends(&self, reason: Reason) -> u64 {
        self.telemetry.ends(reason)
    }

    /// How many connections ended.
    pub fn all_ends(&self) -> u64 {
        Reason::ALL.iter().map(|reason| self.ends(*reason)).sum()
    }

    /// Waits until nothing is left of any connection.
    pub async fn empty(&self) {
        eventually("no sockets, no sessions, no members", || {
            let gauges = [&self.telemetry.sockets, &self.telemetry.sessions];
            gauges.iter().all(|gauge| gauge.get() == 0) && self.desk(|desk| desk.members) == 0
        })
        .await;
    }

    /// Waits until nothing is left, and checks that each of the `connections` there
    /// were has ended exactly once.
    pub async fn finish(self, connections: u64) {
        eventually("every connection has ended", || {
            self.all_ends() >= connections
        })
        .await;
        self.empty().await;
        assert_eq!(self.all_ends(), connections, "each connection ends once");
        self.running.stop().await;
    }
}
