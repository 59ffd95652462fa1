//! The routes, without a network.

use super::*;
use actix_web::http::StatusCode;
use actix_web::{App, test};
use downbeat_protocol::Tick;
use std::time::Instant;

async fn get(ops: &Ops, path: &str) -> (StatusCode, String) {
    let app = test::init_service(App::new().configure(|config| configure(config, ops))).await;
    let request = test::TestRequest::get().uri(path).to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status();
    let body = test::read_body(response).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn ops(started: Instant) -> Ops {
    let telemetry = Telemetry::new().unwrap();
    let board = RoomBoard::new(started);
    Ops::new(
        telemetry,
        board,
        Readiness::default(),
        Duration::from_secs(2),
    )
}

#[actix_web::test]
async fn health_depends_on_the_age_of_each_rooms_last_tick() {
    let past = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
    let ops = ops(past);
    assert_eq!(
        get(&ops, "/healthz").await,
        (StatusCode::OK, "ok\n".into()),
        "no rooms"
    );

    let fresh = ops.board.post("fresh", 30, past);
    fresh.ticked(Tick(1), 0, Instant::now(), Duration::ZERO);
    assert_eq!(
        get(&ops, "/healthz").await.0,
        StatusCode::OK,
        "a room that ticks"
    );

    let stuck = ops.board.post("stuck", 30, past);
    let (status, body) = get(&ops, "/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.starts_with("room stuck: last tick 1"), "{body}");
    assert!(
        !body.contains("fresh"),
        "only the stuck room is named: {body}"
    );

    drop(stuck);
    assert_eq!(get(&ops, "/healthz").await.0, StatusCode::OK, "it is gone");
}

#[actix_web::test]
async fn readiness_ends_with_the_drain() {
    let ops = ops(Instant::now());
    assert_eq!(
        get(&ops, "/readyz").await,
        (StatusCode::OK, "ready\n".into())
    );
    assert!(ops.readiness.drain(downbeat_protocol::Reason::Restarting));
    let (status, _) = get(&ops, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        get(&ops, "/healthz").await.0,
        StatusCode::OK,
        "alive none the less"
    );
}

#[actix_web::test]
async fn metrics_hold_the_servers_and_the_processs() {
    let ops = ops(Instant::now());
    ops.telemetry.ticks.inc_by(41);
    let (status, body) = get(&ops, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("\ndownbeat_ticks_total 41\n"), "{body}");
    for (name, kind, _) in PROCESS_METRICS {
        assert!(body.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
    }
    let value = |name: &str| -> f64 {
        let line = body
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap().split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
    assert!(value("process_open_fds") >= 3.0);
    assert!(value("process_max_fds") >= value("process_open_fds"));
    assert!(value("process_threads") >= 1.0);
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let age = now - value("process_start_time_seconds");
    assert!((-2.0..3600.0).contains(&age), "started {age} s ago");
}

#[actix_web::test]
async fn cpu_time_is_finer_than_a_second() {
    let ops = ops(Instant::now());
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, body) = get(&ops, "/metrics").await;
        let line = body
            .lines()
            .find(|l| l.starts_with("process_cpu_seconds_total "))
            .unwrap();
        let seconds: f64 = line.split(' ').nth(1).unwrap().parse().unwrap();
        if seconds.fract() != 0.0 {
            return;
        }
        assert!(Instant::now() < deadline, "always whole seconds: {line}");
    }
}

#[actix_web::test]
async fn rooms_are_listed_as_json() {
    let now = Instant::now();
    let ops = ops(now);
    let room = ops.board.post("main", 20, now);
    room.ticked(Tick(9), 2, Instant::now(), Duration::ZERO);
    let (status, body) = get(&ops, "/api/rooms").await;
    assert_eq!(status, StatusCode::OK);
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let room = &json["rooms"][0];
    assert_eq!(room["name"], "main");
    assert_eq!(
        (room["players"].as_u64(), room["tick"].as_u64()),
        (Some(2), Some(9))
    );
    assert_eq!(room["tick_rate"], 20);
    assert!(room["last_tick_ms"].as_u64().unwrap() < 60_000, "{body}");
    assert!(room["load"].is_number(), "{body}");
    assert_eq!(room["overload"], "normal");
}

#[actix_web::test]
async fn other_paths_get_one_line() {
    let ops = ops(Instant::now());
    let expected = (StatusCode::NOT_FOUND, "not found\n".to_owned());
    assert_eq!(get(&ops, "/nothing/here").await, expected);
}
