//! The command line: one for every game.
//!
//! A server for a game of your own is one line, with the whole command line, config
//! file, environment, signals and logs of the arena's:
//!
//! ```no_run
//! # use downbeat::game::Game;
//! # fn my_main<MyGame: Game>() -> std::process::ExitCode {
//! downbeat::cli::main::<MyGame>()
//! # }
//! ```
//!
//! `downbeat token` makes a token for a player instead. Ends with exit code 0 after a
//! drain, 2 if the configuration cannot be used or the address is taken, 3 if rooms could
//! not be saved in the drain, 1 if the server failed or the drain ran out of time.

mod arguments;
mod logging;
mod signals;
mod token;

use crate::config::{self, Problems, Secrets, Settings};
use crate::game::Game;
use crate::lobby::NotStarted;
use crate::protocol::{Reason, Wire};
use crate::server::{BindError, DrainError, Server, StartError};
use crate::web::Site;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tracing::{info, warn};

/// Runs a server of the game `G`, without web pages, as the command line, the
/// environment and the config file say, until a signal ends it.
#[must_use]
pub fn main<G: Game>() -> ExitCode {
    main_with::<G>(Site::none())
}

/// The same, with the pages of `site`.
#[must_use]
pub fn main_with<G: Game>(site: Site) -> ExitCode {
    let arguments = arguments::parse::<G>();
    let (settings, game) = match config::load(&arguments.layers, G::check) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&Failure::Config(problems)),
    };
    if arguments.print_config {
        let text = config::print(&settings, &game);
        // Not `print!`, which panics if the reader has gone, as `head` does.
        return match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let secrets = match Secrets::read(&settings, &arguments.layers) {
        Ok(secrets) => secrets,
        Err(problems) => return refuse(&Failure::Config(problems)),
    };
    let outcome = match arguments.token {
        Some(wish) => token::print(wish, &settings, &secrets),
        None => run::<G>(settings, secrets, game, site),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => refuse(&failure),
    }
}

/// Why there is no server, or no longer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Config(Problems),
    #[error("{0}")]
    Unusable(String),
    #[error("{0}: {1} is already in use; choose another with --{flag} ADDRESS:PORT", flag = .0.replace('_', "-"))]
    InUse(&'static str, SocketAddr),
    #[error("{0}")]
    Listen(BindError),
    #[error("the drain ran out of time: sessions were still open after {0:?}")]
    Undrained(Duration),
    #[error("rooms could not be saved: their games are lost, the log says why")]
    Unsaved,
    #[error("the server failed: {0}")]
    Failed(String),
}

/// Says on stderr what is wrong, a line per problem, and gives the exit code.
fn refuse(failure: &Failure) -> ExitCode {
    for line in failure.to_string().lines() {
        eprintln!("downbeat: {line}");
    }
    match failure {
        Failure::Config(_) | Failure::Unusable(_) | Failure::InUse(..) | Failure::Listen(_) => {
            ExitCode::from(2)
        }
        Failure::Unsaved => ExitCode::from(3),
        Failure::Undrained(_) | Failure::Failed(_) => ExitCode::FAILURE,
    }
}

fn run<G: Game>(
    mut settings: Settings,
    secrets: Secrets,
    game: G::Config,
    site: Site,
) -> Result<(), Failure> {
    logging::start(&settings).map_err(|error| Failure::Failed(error.to_string()))?;
    // A socket is a file: without this a server ends at the usual 1,024.
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < needed_files(&settings) => {
            let needed = needed_files(&settings);
            warn!(limit, needed, "fewer open files than connections allowed");
        }
        Ok(limit) => tracing::debug!(limit, "open files"),
        Err(error) => warn!(%error, "cannot raise the limit of open files"),
    }
    // Chosen here, so that the start line can say it and a game can be repeated.
    settings
        .seed
        .get_or_insert_with(|| rand::random::<u64>() >> 1);
    actix_rt::System::new().block_on(serve::<G>(settings, secrets, game, site))
}

/// A socket each, and some for the server itself.
fn needed_files(settings: &Settings) -> u64 {
    const OWN: usize = 64;
    let sockets = settings.max_sessions.saturating_add(settings.max_http);
    u64::try_from(sockets.saturating_add(OWN)).unwrap_or(u64::MAX)
}

/// Starts the server, announces it, and runs to the end of the drain.
async fn serve<G: Game>(
    settings: Settings,
    secrets: Secrets,
    game: G::Config,
    site: Site,
) -> Result<(), Failure> {
    // Before the start line, so that a signal after it always drains.
    let mut signals = signals::Signals::new().map_err(|e| Failure::Failed(e.to_string()))?;
    let server =
        Server::<G>::start_with(settings.clone(), secrets, game, site).map_err(not_started)?;
    if let Some(address) = server.admin_address() {
        info!("operators at http://{address}/admin/");
    }
    announce::<G>(&settings, server.address());

    let signal = signals.next().await;
    let drain = settings.drain;
    info!(%signal, ?drain, "draining");
    signals::end_at_the_next(signals, drain);
    let drained = server.drain(Reason::Restarting).await;
    info!("stopped");
    drained.map_err(|error| match error {
        DrainError::Sockets => Failure::Undrained(drain),
        DrainError::Rooms => Failure::Unsaved,
    })
}

fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Bind(error) => match error.source.kind() {
            ErrorKind::AddrInUse => Failure::InUse(error.key, error.address),
            _ => Failure::Listen(error),
        },
        StartError::Keys(_)
        | StartError::Certificate(_)
        | StartError::Bans(_)
        | StartError::Rooms(NotStarted::Shelf(_)) => Failure::Unusable(error.to_string()),
        error => Failure::Failed(error.to_string()),
    }
}

/// The start line. Scripts wait for `listening on ws://ADDRESS:PORT/ws` in it
/// (`wss` with TLS).
fn announce<G: Game>(settings: &Settings, bound: SocketAddr) {
    let scheme = match settings.tls_cert {
        Some(_) => "wss",
        None => "ws",
    };
    info!(
        game = G::Wire::SCHEMA,
        tick_rate = settings.tick_rate,
        snapshot_rate = settings.snapshots_per_second(),
        seed = settings.seed,
        workers = settings.workers,
        world_threads = settings.world_threads,
        "listening on {scheme}://{bound}/ws"
    );
}
