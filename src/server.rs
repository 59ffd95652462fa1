//! The composition root: one port for sockets and for everything else, and its end.
//!
//! Binds, gives every worker the upgrade hook and the ordinary actix-web `App` behind
//! it, and drains: no new sessions, every session told, every socket gone, and only
//! then the workers stopped. It installs no signal handlers; whoever runs it decides
//! when to drain.

use crate::config::{Auth, Secret, Secrets, Settings};
use crate::game::Game;
use crate::guard::{
    Admission, BadBans, BadCertificate, BadKeys, Bans, Keys, Moment, Permits, Readiness, Tls,
    Tokens,
};
use crate::lobby::{Drain, Enter, Lobby, NotStarted, Settle};
use crate::ops::{self, Admin, Ops, Overseer};
use crate::session::{self, Door, Entrance, Judge, Rules};
use crate::telemetry::Telemetry;
use crate::web::{self, Site};
use crate::websocket::{Hub, Io};
use crate::world::RoomBoard;
use actix::Recipient;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{Service, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use downbeat_protocol::{Reason, Wire};
use futures_util::FutureExt;
use std::io;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{key}: cannot listen on {address}: {source}")]
pub struct BindError {
    /// The setting that says so.
    pub key: &'static str,
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// A server of the game `G`: its rooms, its sockets and its operators' routes.
#[derive(Debug)]
pub struct Server<G>(PhantomData<G>);

/// A server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The rooms cannot be.
    #[error(transparent)]
    Rooms(#[from] NotStarted),
    /// The keys that tokens are verified with cannot be used.
    #[error("auth_key_file: {0}")]
    Keys(#[from] BadKeys),
    /// The certificate that TLS needs cannot be used.
    #[error("tls: {0}")]
    Certificate(#[from] BadCertificate),
    /// The bans of the last time cannot be used.
    #[error("ban_file: {0}")]
    Bans(#[from] BadBans),
    /// Two metrics have one name.
    #[error("cannot count: {0}")]
    Telemetry(#[from] prometheus::Error),
}

impl<G: Game> Server<G> {
    /// Starts everything but pages, within the current actix system: rooms of the game,
    /// sockets, the operators' routes. Without secrets.
    ///
    /// # Errors
    /// [`StartError`], if the address is taken or the system refuses a thread.
    pub fn start(settings: Settings, game: G::Config) -> Result<Running, StartError> {
        Self::start_with(settings, Secrets::default(), game, Site::none())
    }

    /// The same, with the pages of `site` and with secrets.
    ///
    /// # Errors
    /// [`StartError`], if an address is taken, a secret cannot be used or the system
    /// refuses a thread.
    pub fn start_with(
        settings: Settings,
        secrets: Secrets,
        game: G::Config,
        site: Site,
    ) -> Result<Running, StartError> {
        let admission = admission(&settings, secrets.auth_keys)?;
        let tls = match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::new(certificate, key)?),
            _ => None,
        };
        let telemetry = Telemetry::new()?;
        let board = RoomBoard::new(Instant::now());
        let readiness = Readiness::default();
        let ops = Ops::new(
            telemetry.clone(),
            board.clone(),
            readiness.clone(),
            settings.stall_timeout,
        );
        let lobby = Lobby::<G>::start(&settings, game, telemetry.clone(), board.clone())?;
        // Before anybody can play: a server without its operators does not start.
        let admin = match secrets.admin_token {
            Some(token) => {
                let admin = Admin {
                    token: Arc::new(token),
                    board,
                    bans: admission.bans().clone(),
                    rooms: Overseer {
                        inspect: lobby.clone().recipient(),
                        evict: lobby.clone().recipient(),
                        close: lobby.clone().recipient(),
                    },
                };
                Some(open_admin(settings.admin_bind, admin)?)
            }
            None => None,
        };
        let front = Front::<G::Wire> {
            settings,
            telemetry,
            readiness,
            admission,
            tls,
            rooms: Rooms {
                enter: lobby.clone().recipient(),
                drain: lobby.clone().recipient(),
            },
        };
        let running = front.open(move |config| {
            web::configure(config, &site);
            ops::configure(config, &ops);
        })?;
        // Not before: without a port the saved rooms must stay where they are.
        lobby.do_send(Settle);
        Ok(Running { admin, ..running })
    }
}

/// Binds and starts the operators' routes: one worker is plenty.
fn open_admin(bind: SocketAddr, admin: Admin) -> Result<Listening, BindError> {
    let failed = |source| BindError {
        key: "admin_bind",
        address: bind,
        source,
    };
    let listener = listen(bind).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let service = move || {
        let admin = admin.clone();
        App::new().configure(move |config| ops::configure_admin(config, &admin))
    };
    let server = HttpServer::new(service)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)
        .map_err(failed)?
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok(Listening { address, handle })
}

/// A listener at work.
#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    handle: actix_server::ServerHandle,
}

fn admission(settings: &Settings, keys: Option<Secret>) -> Result<Admission, StartError> {
    let audience = settings.auth_audience.clone();
    let keys = match (settings.auth, keys, &settings.auth_key_file) {
        (Auth::None, ..) => None,
        (Auth::Jwt, Some(keys), Some(file)) => Some(Keys::watched(file.clone(), keys, audience)?),
        (Auth::Jwt, Some(keys), None) => Some(Tokens::new(&keys, audience)?.into()),
        // Not to be mistaken for "everybody": without keys nobody could come in.
        (Auth::Jwt, None, _) => return Err(BadKeys::Empty.into()),
    };
    let bans = match &settings.ban_file {
        Some(file) => Bans::open(file.clone(), Moment::now())?,
        None => Bans::default(),
    };
    // Enough for everybody to come back while all they left behind is still there.
    let bodies = 2 * settings.max_sessions_per_address;
    Ok(Admission::new(keys, SystemTime::now)
        .with_bans(bans)
        .with_bodies(Permits::new(usize::MAX, bodies)))
}

/// Who answers for the rooms.
#[derive(Clone, Debug)]
pub struct Rooms<I: Send + 'static> {
    /// Takes sessions in.
    pub enter: Recipient<Enter<I>>,
    /// Ends them all.
    pub drain: Recipient<Drain>,
}

/// Everything a server is made of but its rooms' inside.
#[derive(Debug)]
pub struct Front<W: Wire> {
    /// Limits, the address (port 0: any free one), the number of workers.
    pub settings: Settings,
    /// Where things are counted.
    pub telemetry: Telemetry,
    /// Whether it takes sessions; for whoever reports it.
    pub readiness: Readiness,
    /// Who players must be.
    pub admission: Admission,
    /// What its connections are encrypted with, if they are.
    pub tls: Option<Tls>,
    /// The rooms.
    pub rooms: Rooms<W::Input>,
}

impl<W: Wire> Front<W> {
    /// Binds and starts the workers, within the current actix system. `routes` adds
    /// all routes but the sockets', and is called once per worker.
    ///
    /// # Errors
    /// [`BindError`], if the address cannot be listened on.
    pub fn open<F>(self, routes: F) -> Result<Running, BindError>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let bind = self.settings.bind;
        let failed = |source| BindError {
            key: "bind",
            address: bind,
            source,
        };
        let settings = Arc::new(self.settings);
        let permits = Permits::new(settings.max_sessions, settings.max_sessions_per_address);
        let rules = Arc::new(Rules::new(Arc::clone(&settings), self.admission));
        let entrance = Entrance {
            rules: Arc::clone(&rules),
            telemetry: Arc::new(self.telemetry.clone()),
            permits: permits.clone(),
            readiness: self.readiness.clone(),
            lobby: self.rooms.enter,
        };

        let door = Door::new(
            Arc::clone(&settings),
            Arc::clone(&entrance.telemetry),
            self.tls.clone(),
        );
        let request_timeout = settings.request_timeout;

        let listener = listen(bind).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let renewal = actix_rt::spawn(renew(self.tls, rules));
        let service = move || {
            let entrance = Rc::new(entrance.clone());
            let routes = routes.clone();
            let door = door.clone();
            // This is called once per worker, on its thread: there is one hub each.
            let hub = Hub::default();
            // For whoever reads profiles; it does not matter if it has no name.
            let _ = rustix::thread::set_name(c"sockets");
            let upgrade = fn_service(move |(request, framed)| {
                let entrance = Rc::clone(&entrance);
                let answered = session::upgrade::<W>(entrance, hub.clone(), request, framed);
                answered.map(Ok::<(), actix_web::Error>)
            });
            let app = App::new().configure(routes);
            let http = HttpService::build()
                .client_request_timeout(request_timeout)
                .upgrade(upgrade)
                .finish(map_config(app, |()| AppConfig::default()));
            let (opener, judge) = (door.clone(), Judge::default());
            let http =
                fn_service(move |io| begin(opener.clone(), judge.clone(), io)).and_then(http);
            apply_fn_factory(http, move |io: TcpStream, http: &_| {
                let door = door.clone();
                let served = match door.admit(&io) {
                    Ok(place) => Ok((place, Service::call(http, io))),
                    Err(refusal) => Err((refusal, io)),
                };
                async move {
                    match served {
                        Ok((place, served)) => door.hold(place, served).await,
                        Err((refusal, io)) => {
                            door.turn_away(io, refusal).await;
                            Ok(())
                        }
                    }
                }
            })
        };
        let server = actix_server::Server::build()
            .workers(settings.workers.max(1))
            .disable_signals()
            .shutdown_timeout(0)
            .listen("downbeat", listener, service)
            .map_err(failed)?
            .run();
        let handle = server.handle();
        actix_rt::spawn(server);

        Ok(Running {
            listening: Listening { address, handle },
            admin: None,
            renewal,
            telemetry: self.telemetry,
            readiness: self.readiness,
            permits,
            drain: self.rooms.drain,
            drain_time: settings.drain,
        })
    }
}

/// What a connection goes through before HTTP.
async fn begin(
    door: Door,
    judge: Judge,
    io: TcpStream,
) -> Result<(Io, Protocol, Option<SocketAddr>), DispatchError> {
    let peer = io.peer_addr().ok();
    let io = door.open(io, &judge).await;
    // The door has said what there was to say; nobody looks at the error.
    let io = io.ok_or(DispatchError::DisconnectTimeout)?;
    Ok((io, Protocol::Http1, peer))
}

/// Takes a new certificate and new keys when there are any, and says when a
/// certificate's time is over.
async fn renew(tls: Option<Tls>, rules: Arc<Rules>) {
    let mut known = None;
    loop {
        if let Some(tls) = &tls {
            match tls.reload() {
                Ok(true) => tracing::info!("new certificate"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the old certificate stays"),
            }
            let fault = tls.fault(SystemTime::now());
            if fault != known {
                if let Some(fault) = &fault {
                    tracing::warn!(fault, "clients will not take the certificate");
                }
                known = fault;
            }
        }
        if let Some(keys) = rules.admission.keys() {
            match keys.reload() {
                Ok(true) => tracing::info!("new keys"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the old keys stay"),
            }
        }
        tokio::time::sleep(RENEWAL).await;
    }
}

/// How often the files of certificate and keys are looked at.
const RENEWAL: Duration = Duration::from_secs(2);

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // A restarted server finds its port still in the grace of the old sockets.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that the kernel may hold for us before we take them.
const BACKLOG: i32 = 1024;

/// A drain did not go as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// It ran out of time while there still were sockets.
    #[error("sessions were still open")]
    Sockets,
    /// Rooms could not be saved, or not in time; the log says which and why.
    #[error("rooms could not be saved")]
    Rooms,
}

/// A server at work. Dropping it does not stop the server.
#[derive(Debug)]
pub struct Running {
    listening: Listening,
    admin: Option<Listening>,
    renewal: JoinHandle<()>,
    telemetry: Telemetry,
    readiness: Readiness,
    permits: Permits,
    drain: Recipient<Drain>,
    drain_time: Duration,
}

impl Running {
    /// Where it listens, with the port it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Where its operators' routes are, if it has any.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// What it counts.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether it takes sessions.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Ends every session with `reason`, waits until rooms are saved (if they are) and
    /// sockets gone, or the drain time is over, and stops. Other routes answer until
    /// then.
    ///
    /// # Errors
    /// [`DrainError`] if something was lost or left.
    pub async fn drain(self, reason: Reason) -> Result<(), DrainError> {
        self.readiness.drain(reason);
        let end = tokio::time::Instant::now() + self.drain_time;
        let saved = timeout_at(end, self.drain.send(Drain(reason))).await;
        let gone = timeout_at(end, self.permits.all_back()).await;
        if gone.is_err() {
            tracing::warn!(sockets = self.permits.taken(), "drain time is over");
        }
        self.stop().await;
        match (saved, gone) {
            (Ok(Ok(Ok(()))), Ok(())) => Ok(()),
            (Ok(Ok(Ok(()))), Err(_)) => Err(DrainError::Sockets),
            // Some were not, or there was no time left for them, or nobody is there who
            // would have done it.
            _ => Err(DrainError::Rooms),
        }
    }

    /// Stops at once; sessions lose their links.
    pub async fn stop(self) {
        self.readiness.drain(Reason::GoingAway);
        self.renewal.abort();
        self.listening.handle.stop(false).await;
        if let Some(admin) = self.admin {
            admin.handle.stop(false).await;
        }
    }
}
