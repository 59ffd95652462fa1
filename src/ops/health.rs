//! Is it alive, and may players be sent here?

use super::Ops;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use std::time::Instant;

/// 200 while every room ticks; 503 names those that do not. A panic in a room or a
/// game that never returns leaves a process that looks healthy from outside: the age
/// of the last tick is what shows it.
pub(super) async fn healthz(ops: web::Data<Ops>) -> HttpResponse {
    let rooms = ops.board.rooms(Instant::now());
    let stalled: String = rooms
        .iter()
        .filter(|room| room.age > ops.stall_timeout)
        .map(|room| {
            let seconds = room.age.as_secs_f32();
            format!("room {}: last tick {seconds:.1} s ago\n", room.name)
        })
        .collect();
    match stalled.as_str() {
        "" => answer(StatusCode::OK, "ok\n".to_owned()),
        _ => answer(StatusCode::SERVICE_UNAVAILABLE, stalled),
    }
}

/// 200 while new players are welcome, 503 while the server drains.
pub(super) async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    if ops.is_draining() {
        answer(StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned())
    } else {
        answer(StatusCode::OK, "ready\n".to_owned())
    }
}

fn answer(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .body(body)
}
