//! The one port: sockets, and every other route behind them.
//!
//! Gives every worker the door, the upgrade hook and the ordinary actix-web `App`. What is
//! behind it, the rooms and the routes, are arguments; so tests open a front of their own.

use super::listening::{BindError, Listening, listen};
use super::running::{Running, renew};
use crate::config::Settings;
use crate::guard::{Admission, Permits, Readiness, Tls};
use crate::lobby::{Drain, Enter};
use crate::session::{self, Door, Entrance, Judge};
use crate::telemetry::Telemetry;
use crate::websocket::{Hub, Io};
use actix::Recipient;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{Service, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;
use downbeat_protocol::Wire;
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;

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
        let entrance = Entrance {
            settings: Arc::clone(&settings),
            telemetry: Arc::new(self.telemetry.clone()),
            admission: Arc::new(self.admission),
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
        let renewal = actix_rt::spawn(renew(self.tls, Arc::clone(&entrance.admission)));
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
