//! What operators and their machines ask over HTTP: is it alive, is it ready, what
//! does it count, which rooms are there.
//!
//! Reads what others have published ([`Telemetry`], [`RoomBoard`], the process's own
//! files under `/proc`) and never asks a session or a room, so that it answers while
//! they drown. The server adds it to its actix-web `App` with [`configure`]. What
//! operators order goes through a door of its own, in `admin`.

mod admin;
mod health;
mod metrics;
mod process;
mod rooms;

pub use admin::{Admin, Overseer, configure_admin};
pub use process::METRICS as PROCESS_METRICS;

use crate::guard::Readiness;
use crate::telemetry::Telemetry;
use crate::world::RoomBoard;
use actix_web::{HttpResponse, web};
use std::time::Duration;

/// What the routes read. One per server, shared by cloning.
#[derive(Clone, Debug)]
pub struct Ops {
    telemetry: Telemetry,
    board: RoomBoard,
    stall_timeout: Duration,
    readiness: Readiness,
}

impl Ops {
    /// A room whose last tick is older than `stall_timeout` makes the server
    /// unhealthy.
    #[must_use]
    pub fn new(
        telemetry: Telemetry,
        board: RoomBoard,
        readiness: Readiness,
        stall_timeout: Duration,
    ) -> Self {
        Self {
            telemetry,
            board,
            stall_timeout,
            readiness,
        }
    }

    /// Whether nobody new should be sent here any more.
    fn is_draining(&self) -> bool {
        self.readiness.draining().is_some()
    }
}

/// Adds the routes, and an answer of one line for every other path.
pub fn configure(config: &mut web::ServiceConfig, ops: &Ops) {
    config
        .app_data(web::Data::new(ops.clone()))
        .route("/healthz", web::get().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .route("/metrics", web::get().to(metrics::metrics))
        .route("/api/rooms", web::get().to(rooms::rooms))
        .default_service(web::to(|| async {
            HttpResponse::NotFound()
                .content_type("text/plain; charset=utf-8")
                .body("not found\n")
        }));
}

#[cfg(test)]
mod tests;
