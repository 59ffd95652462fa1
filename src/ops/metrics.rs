//! Everything counted, in the Prometheus text format 0.0.4.

use super::{Ops, process};
use actix_web::error::ErrorInternalServerError;
use actix_web::{HttpResponse, Result, web};
use prometheus::{TEXT_FORMAT, TextEncoder};

pub(super) async fn metrics(ops: web::Data<Ops>) -> Result<HttpResponse> {
    let mut text = TextEncoder::new()
        .encode_to_string(&ops.telemetry.registry.gather())
        .map_err(ErrorInternalServerError)?;
    process::write(&mut text);
    Ok(HttpResponse::Ok().content_type(TEXT_FORMAT).body(text))
}
