//! The list of rooms, as JSON.

use super::Ops;
use crate::world::{RoomBoard, RoomStatus};
use actix_web::web;
use serde::Serialize;
use std::time::Instant;

/// `{"rooms": […]}`, by name.
#[derive(Debug, Serialize)]
pub(super) struct Rooms {
    rooms: Vec<Room>,
}

#[derive(Debug, Serialize)]
struct Room {
    name: String,
    players: u32,
    tick: u32,
    tick_rate: u32,
    last_tick_ms: u64,
    load: f32,
    overload: &'static str,
}

impl From<RoomStatus> for Room {
    fn from(status: RoomStatus) -> Self {
        let RoomStatus {
            name,
            players,
            tick,
            tick_rate,
            age,
            step,
            load,
        } = status;
        Self {
            name,
            players,
            tick: tick.0,
            tick_rate,
            last_tick_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            load,
            overload: step.label(),
        }
    }
}

impl Rooms {
    pub(super) fn on(board: &RoomBoard) -> Self {
        let rooms = board.rooms(Instant::now());
        Self {
            rooms: rooms.into_iter().map(Room::from).collect(),
        }
    }
}

pub(super) async fn rooms(ops: web::Data<Ops>) -> web::Json<Rooms> {
    web::Json(Rooms::on(&ops.board))
}
