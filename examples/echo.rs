//! An echo over exactly the layer that sessions stand on: the same handshake, driver,
//! frames and assembler, and no game.
//!
//! For conformance suites, which want a peer that says back whatever is said, in text
//! and binary: `cargo run --release --example echo -- --bind 127.0.0.1:9001`.

use actix::{Actor, ActorContext, StreamHandler};
use actix_codec::Framed;
use actix_http::ws::{Message, ProtocolError};
use actix_http::{HttpService, Request, Response, h1};
use actix_service::fn_service;
use clap::Parser;
use downbeat::guard::Permits;
use downbeat::protocol::Reason;
use downbeat::telemetry::Telemetry;
use downbeat::websocket::{self, Assembler, Context, Hub, Limits, Line, Texts, Whole};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// One connection's echo.
struct Echo {
    assembler: Assembler,
    line: Rc<Line>,
    is_over: bool,
}

impl Echo {
    fn end(&mut self, reason: Reason, last: Option<Message>, context: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.line.end(reason);
        if let Some(last) = last {
            context.write_raw(last);
        }
        context.stop();
    }
}

impl Actor for Echo {
    type Context = Context<Self>;
}

impl StreamHandler<Result<Message, ProtocolError>> for Echo {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, context: &mut Self::Context) {
        if self.is_over {
            return;
        }
        let heard = match frame {
            Ok(frame) => self.assembler.push(frame),
            Err(_) => Err(self.line.violation().unwrap_or(Reason::ProtocolError)),
        };
        match heard {
            Ok(None | Some(Whole::Pong)) => {}
            Ok(Some(Whole::Binary(bytes))) => context.binary(bytes),
            Ok(Some(Whole::Text(text))) => context.text(text),
            Ok(Some(Whole::Ping(bytes))) => context.pong(&bytes),
            Ok(Some(Whole::Close(heard))) => {
                let answer = websocket::close_answer(heard);
                self.end(Reason::Left, Some(answer), context);
            }
            Err(reason) => {
                let last = websocket::close(reason, reason.text());
                self.end(reason, Some(last), context);
            }
        }
    }

    fn finished(&mut self, context: &mut Self::Context) {
        self.end(Reason::LinkLost, None, context);
    }
}

/// What all connections of one echo server share.
#[derive(Clone)]
struct Entrance {
    limit: usize,
    telemetry: Arc<Telemetry>,
    permits: Permits,
}

impl Entrance {
    async fn upgrade(
        self,
        hub: Hub,
        request: Request,
        framed: Framed<TcpStream, h1::Codec>,
    ) -> io::Result<()> {
        let response = match websocket::check(request.head()) {
            Ok(response) => response,
            Err(refusal) => return websocket::refuse(framed, refusal).await,
        };
        let peer = framed.io_ref().peer_addr()?;
        let permit = self.permits.acquire(peer.ip()).map_err(io::Error::other)?;
        let raw = websocket::accept(framed, response).await?;
        let limits = Limits {
            max_message: self.limit,
            texts: Texts::Taken,
            reads_while_stuck: false,
            write_timeout: Duration::from_secs(10),
            kernel_timeout: Duration::from_secs(20),
            send_buffer: 0,
        };
        websocket::open(
            &hub,
            raw,
            self.telemetry,
            limits,
            permit,
            |line, inlet, _| {
                let echo = Echo {
                    assembler: Assembler::new(self.limit),
                    line,
                    is_over: false,
                };
                (websocket::outlet(echo, inlet, self.limit), None)
            },
        )
    }
}

/// Starts an echo server within the current actix system, for messages of at most
/// `limit` bytes. Where it listens, what it counts, and its handle.
///
/// # Errors
/// If the address cannot be listened on.
pub fn serve(
    bind: SocketAddr,
    limit: usize,
) -> io::Result<(SocketAddr, Arc<Telemetry>, actix_server::ServerHandle)> {
    let telemetry = Arc::new(Telemetry::new().map_err(io::Error::other)?);
    let entrance = Entrance {
        limit,
        telemetry: Arc::clone(&telemetry),
        permits: Permits::new(1000, 1000),
    };
    let listener = TcpListener::bind(bind)?;
    let address = listener.local_addr()?;
    let service = move || {
        let entrance = entrance.clone();
        let hub = Hub::default();
        let upgrade = fn_service(move |(request, framed)| {
            let (entrance, hub) = (entrance.clone(), hub.clone());
            async move {
                let answered = entrance.upgrade(hub, request, framed).await;
                answered.map_err(actix_web::Error::from)
            }
        });
        let not_found = |_: Request| async { Ok::<_, Infallible>(Response::not_found()) };
        HttpService::build()
            .tcp_nodelay(true)
            .upgrade(upgrade)
            .finish(not_found)
            .tcp()
    };
    let server = actix_server::Server::build()
        .workers(1)
        .disable_signals()
        .listen("echo", listener, service)?
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok((address, telemetry, handle))
}

/// Says back whatever is said, over downbeat's WebSocket layer.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    bind: SocketAddr,
    /// Bytes of one message at most.
    #[arg(long, default_value_t = 16 << 20)]
    limit: usize,
}

#[actix_rt::main]
async fn main() -> io::Result<()> {
    let Arguments { bind, limit } = Arguments::parse();
    let (address, ..) = serve(bind, limit)?;
    println!("echo at ws://{address}, messages up to {limit} bytes");
    actix_rt::signal::ctrl_c().await
}
