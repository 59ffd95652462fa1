//! The operators' routes: who plays, and who no longer does.
//!
//! On a listener of their own, for who carries the token. Unlike the routes beside
//! them they ask rooms, and say so if one does not answer in time. Nothing here
//! logs a token, right or wrong.

use super::rooms::Rooms;
use crate::config::Secret;
use crate::guard::{Ban, Bans, Culprit, Moment, is_account};
use crate::lobby::{CloseRoom, EvictFrom, InspectRoom};
use crate::world::{End, Evict, Inspection, MemberStatus, Role, RoomBoard, Whom};
use actix::{MailboxError, Recipient};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use downbeat_protocol::{PlayerId, Reason};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a room may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of a request's body at most.
const MAX_BODY: usize = 4 << 10;

/// What the routes need. One per server, shared by cloning.
#[derive(Clone)]
pub struct Admin {
    /// What requests must carry.
    pub token: Arc<Secret>,
    /// Which rooms there are.
    pub board: RoomBoard,
    /// Who may not come in.
    pub bans: Bans,
    /// Who passes questions on to the rooms.
    pub rooms: Overseer,
}

/// The lobby, as the operators know it.
#[derive(Clone, Debug)]
pub struct Overseer {
    /// Who is in a room.
    pub inspect: Recipient<InspectRoom>,
    /// Ends sessions.
    pub evict: Recipient<EvictFrom>,
    /// Ends rooms.
    pub close: Recipient<CloseRoom>,
}

/// Adds the routes.
pub fn configure_admin(config: &mut web::ServiceConfig, admin: &Admin) {
    let json = web::JsonConfig::default()
        .limit(MAX_BODY)
        .error_handler(|error, _| Problem::new(StatusCode::BAD_REQUEST, &error).into());
    let routes = web::scope("/admin")
        .wrap(from_fn(authorize))
        .app_data(json)
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route("/rooms", web::get().to(rooms))
        .route("/rooms/{room}/sessions", web::get().to(sessions))
        .route("/rooms/{room}/sessions/{player}/kick", web::post().to(kick))
        .route("/rooms/{room}/close", web::post().to(close))
        .route("/bans", web::get().to(bans))
        .route("/bans", web::post().to(ban))
        .route("/bans/{id}", web::delete().to(lift))
        .default_service(web::to(|| async { Problem::none("route") }));
    config
        .app_data(web::Data::new(admin.clone()))
        .service(routes)
        .default_service(web::to(|| async { Problem::none("route") }));
}

/// Lets requests with the token pass.
async fn authorize(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let admin = request.app_data::<web::Data<Admin>>();
    let said = request.headers().get(header::AUTHORIZATION);
    // The scheme's name is not case-sensitive (RFC 9110 section 11.1).
    let said = said.and_then(|value| value.as_bytes().split_at_checked(7));
    let is_right = match (admin, said) {
        (Some(admin), Some((scheme, token))) => {
            scheme.eq_ignore_ascii_case(b"bearer ") && admin.token.is(token)
        }
        _ => false,
    };
    if !is_right {
        let peer = request.peer_addr();
        tracing::debug!(?peer, "an operator's request without the right token");
        return Err(Problem::new(StatusCode::UNAUTHORIZED, &"bearer token expected").into());
    }
    next.call(request).await
}

/// An answer that is none: a status and one line.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(skip)]
    status: StatusCode,
    error: String,
}

impl Problem {
    fn new(status: StatusCode, error: &dyn fmt::Display) -> Self {
        Self {
            status,
            error: error.to_string(),
        }
    }

    fn none(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format_args!("no such {what}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(self)
    }
}

impl actix_web::Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

/// A room's answer, if it comes in time.
async fn answer<T>(asked: impl Future<Output = Result<T, MailboxError>>) -> Result<T, Problem> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        _ => Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            &"the room does not answer",
        )),
    }
}

async fn rooms(admin: web::Data<Admin>) -> web::Json<Rooms> {
    web::Json(Rooms::on(&admin.board))
}

/// `{"room": …, "tick": …, "sessions": […]}`, by player id.
#[derive(Debug, Serialize)]
struct Sessions {
    room: String,
    tick: u32,
    sessions: Vec<Session>,
}

#[derive(Debug, Serialize)]
struct Session {
    player: u32,
    role: &'static str,
    name: String,
    account: Option<String>,
    address: IpAddr,
    presence: &'static str,
    since_s: u64,
    round_trip_ms: Option<u64>,
    lag_ticks: u32,
    waiting_inputs: u32,
    bytes_out: u64,
}

impl Session {
    fn new(status: MemberStatus, tick_rate: u32) -> Self {
        let ms = |ticks: u32| u64::from(ticks) * 1000 / u64::from(tick_rate.max(1));
        Self {
            player: status.player.0,
            role: match status.role {
                Role::Player => "player",
                Role::Spectator => "spectator",
            },
            name: status.name,
            account: status.account,
            address: status.address,
            presence: if status.is_live { "live" } else { "limbo" },
            since_s: ms(status.age) / 1000,
            round_trip_ms: status.round_trip.map(ms),
            lag_ticks: status.lag,
            waiting_inputs: status.waiting,
            bytes_out: status.bytes_out,
        }
    }
}

async fn sessions(
    admin: web::Data<Admin>,
    room: web::Path<String>,
) -> Result<web::Json<Sessions>, Problem> {
    let room = room.into_inner();
    let asked = admin.rooms.inspect.send(InspectRoom(room.clone()));
    let Inspection {
        tick,
        tick_rate,
        members,
    } = answer(asked).await?.ok_or_else(|| Problem::none("room"))?;
    let sessions = members.into_iter();
    Ok(web::Json(Sessions {
        room,
        tick: tick.0,
        sessions: sessions.map(|m| Session::new(m, tick_rate)).collect(),
    }))
}

/// What the one who goes is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Farewell {
    text: Option<String>,
}

/// The text of a body that may be empty.
fn farewell(body: &[u8]) -> Result<Option<String>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let farewell: Farewell = serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, &error))?;
    Ok(farewell.text)
}

/// How many sessions have ended.
#[derive(Debug, Serialize)]
struct Ended {
    ended: usize,
}

async fn kick(
    admin: web::Data<Admin>,
    path: web::Path<(String, u32)>,
    body: web::Bytes,
) -> Result<web::Json<Ended>, Problem> {
    let (room, player) = path.into_inner();
    let text = farewell(&body)?;
    let order = EvictFrom {
        room: Some(room.clone()),
        evict: Evict {
            whom: Whom::Player(PlayerId(player)),
            end: End {
                text: text.clone(),
                ..Reason::Kicked.into()
            },
        },
    };
    match answer(admin.rooms.evict.send(order)).await? {
        None => Err(Problem::none("room")),
        Some(0) => Err(Problem::none("player")),
        Some(ended) => {
            tracing::info!(room, player, text, "kicked by an operator");
            Ok(web::Json(Ended { ended }))
        }
    }
}

async fn close(
    admin: web::Data<Admin>,
    room: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let room = room.into_inner();
    let order = CloseRoom {
        room: room.clone(),
        end: End {
            text: farewell(&body)?,
            ..Reason::RoomClosed.into()
        },
    };
    if !answer(admin.rooms.close.send(order)).await? {
        return Err(Problem::none("room"));
    }
    tracing::info!(room, "room closed by an operator");
    Ok(HttpResponse::NoContent().finish())
}

/// A ban that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    address: Option<IpAddr>,
    account: Option<String>,
    /// Such as `1h`.
    time: String,
    text: Option<String>,
}

#[derive(Debug, Serialize)]
struct BanEntry {
    id: u64,
    #[serde(flatten)]
    culprit: Culprit,
    text: Option<String>,
    left_s: u64,
}

impl BanEntry {
    fn new(ban: Ban, now: Instant) -> Self {
        Self {
            id: ban.id,
            culprit: ban.culprit,
            text: ban.text,
            left_s: ban.until.saturating_duration_since(now).as_secs(),
        }
    }
}

#[derive(Debug, Serialize)]
struct BanList {
    bans: Vec<BanEntry>,
}

/// A ban, and how many sessions it has ended.
#[derive(Debug, Serialize)]
struct Banned {
    ban: BanEntry,
    ended: usize,
}

async fn bans(admin: web::Data<Admin>) -> web::Json<BanList> {
    let now = Instant::now();
    let bans = admin.bans.list(now).into_iter();
    web::Json(BanList {
        bans: bans.map(|ban| BanEntry::new(ban, now)).collect(),
    })
}

async fn ban(
    admin: web::Data<Admin>,
    sentence: web::Json<Sentence>,
) -> Result<web::Json<Banned>, Problem> {
    let bad = |text: &str| Problem::new(StatusCode::BAD_REQUEST, &text);
    let Sentence {
        address,
        account,
        time,
        text,
    } = sentence.into_inner();
    let culprit = match (address, account) {
        (Some(address), None) => Culprit::Address(address),
        (None, Some(account)) if is_account(&account) => Culprit::Account(account),
        (None, Some(_)) => return Err(bad("no such account can be")),
        _ => return Err(bad("either an address or an account")),
    };
    let time = humantime::parse_duration(&time)
        .map_err(|_| bad("time must be one such as \"10m\" or \"1h\""))?;
    let now = Instant::now();
    let ban = admin
        .bans
        .ban(culprit.clone(), text.clone(), time, now)
        .ok_or_else(|| bad("too many bans, or for too long"))?;
    tracing::info!(?culprit, ?time, text, "banned by an operator");
    let order = EvictFrom {
        room: None,
        evict: Evict {
            whom: Whom::Culprit(culprit),
            end: End {
                text,
                ..Reason::Banned.into()
            },
        },
    };
    let ended = answer(admin.rooms.evict.send(order)).await?;
    keep(&admin.bans).await?;
    Ok(web::Json(Banned {
        ban: BanEntry::new(ban, now),
        ended: ended.unwrap_or_default(),
    }))
}

/// Writes the bans to their file, if they have one.
async fn keep(bans: &Bans) -> Result<(), Problem> {
    let bans = bans.clone();
    let kept = web::block(move || bans.keep(Moment::now())).await;
    let error = match kept {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(error, "cannot write the ban file");
    let text = format_args!("done until the server ends, but not written: {error}");
    Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &text))
}

async fn lift(admin: web::Data<Admin>, id: web::Path<u64>) -> Result<HttpResponse, Problem> {
    if !admin.bans.lift(*id) {
        return Err(Problem::none("ban"));
    }
    tracing::info!(id = *id, "ban lifted by an operator");
    keep(&admin.bans).await?;
    Ok(HttpResponse::NoContent().finish())
}
