//! The composition root: one port for sockets and for everything else, and its end.
//!
//! Puts rooms, operators' routes and pages together and binds; gives every worker the
//! upgrade hook and the ordinary actix-web `App` behind it (`front`); and drains: no new
//! sessions, every session told, every socket gone, and only then the workers stopped
//! (`running`). It installs no signal handlers; whoever runs it decides when to drain.

mod front;
mod listening;
mod running;

pub use front::{Front, Rooms};
pub use listening::BindError;
pub use running::{DrainError, Running};

use crate::config::{Auth, Secret, Secrets, Settings};
use crate::game::Game;
use crate::guard::{
    Admission, BadBans, BadCertificate, BadKeys, Bans, Keys, Moment, Permits, Readiness, Tls,
    Tokens,
};
use crate::lobby::{Lobby, NotStarted, Settle};
use crate::ops::{self, Admin, Ops, Overseer};
use crate::telemetry::Telemetry;
use crate::web::{self, Site};
use crate::world::RoomBoard;
use actix_web::{App, HttpServer};
use listening::{Listening, listen};
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

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
