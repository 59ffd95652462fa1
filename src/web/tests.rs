//! The pages over actix-web, and the table of files against the folders.

use super::*;
use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, test};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

const SCRIPT: &[u8] = b"export const answer = 42;\n// 42 42 42 42 42 42 42 42 42 42 42 42 42 42\n";

fn small() -> Site {
    Site::none()
        .with("/", b"<!doctype html>")
        .with("/app.js", SCRIPT)
        .with("/blob.xyz", b"?")
}

async fn ask(site: Site, method: Method, path: &str, headers: &[(&str, &str)]) -> ServiceResponse {
    let app = App::new().configure(move |config| configure(config, &site));
    let service = test::init_service(app).await;
    let mut request = test::TestRequest::default().method(method).uri(path);
    for header in headers {
        request = request.insert_header(*header);
    }
    test::call_service(&service, request.to_request()).await
}

fn value<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn a_file_comes_with_its_type_and_its_headers() {
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/blob.xyz", "application/octet-stream"),
    ] {
        let response = ask(small(), Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(value(&response, "content-type"), content_type, "{path}");
        assert_eq!(value(&response, "x-content-type-options"), "nosniff");
        assert_eq!(value(&response, "referrer-policy"), "no-referrer");
        let policy = value(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe"), "nothing inline: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[actix_web::test]
async fn who_has_it_is_not_sent_it_again() {
    let first = ask(small(), Method::GET, "/app.js", &[]).await;
    let tag = value(&first, "etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(value(&first, "cache-control"), "no-cache");

    let known = format!("\"other\", {tag}");
    for (held, status) in [
        (tag.as_str(), StatusCode::NOT_MODIFIED),
        (&known, StatusCode::NOT_MODIFIED),
        ("*", StatusCode::NOT_MODIFIED),
        ("\"other\"", StatusCode::OK),
        ("nonsense", StatusCode::OK),
    ] {
        let response = ask(small(), Method::GET, "/app.js", &[("if-none-match", held)]).await;
        assert_eq!(response.status(), status, "{held}");
        assert_eq!(value(&response, "etag"), tag, "{held}");
        let is_empty = to_bytes(response.into_body()).await.unwrap().is_empty();
        assert_eq!(is_empty, status == StatusCode::NOT_MODIFIED, "{held}");
    }
}

#[actix_web::test]
async fn it_is_compressed_for_those_who_ask() {
    for (accepted, encoding) in [
        ("gzip, deflate, br", "gzip"),
        ("br;q=1, gzip;q=0.5", "gzip"),
        ("gzip;q=0", ""),
        ("identity", ""),
        ("", ""),
    ] {
        let response = ask(
            small(),
            Method::GET,
            "/app.js",
            &[("accept-encoding", accepted)],
        )
        .await;
        assert_eq!(value(&response, "content-encoding"), encoding, "{accepted}");
        assert_eq!(value(&response, "vary"), "Accept-Encoding");
        let body = to_bytes(response.into_body()).await.unwrap();
        let mut plain = Vec::new();
        if encoding == "gzip" {
            flate2::read::GzDecoder::new(&body[..])
                .read_to_end(&mut plain)
                .unwrap();
        } else {
            plain = body.to_vec();
        }
        assert_eq!(plain, SCRIPT, "{accepted}");
    }
}

#[actix_web::test]
async fn other_methods_and_other_paths_are_refused() {
    for (method, path, status) in [
        (Method::HEAD, "/app.js", StatusCode::OK),
        (Method::POST, "/app.js", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/app.js/", StatusCode::NOT_FOUND),
        (Method::GET, "/../app.js", StatusCode::NOT_FOUND),
        (Method::GET, "/%2e%2e/Cargo.toml", StatusCode::NOT_FOUND),
        (Method::GET, "/APP.JS", StatusCode::NOT_FOUND),
    ] {
        let response = ask(small(), method.clone(), path, &[]).await;
        assert_eq!(response.status(), status, "{method} {path}");
    }
    let nothing = ask(Site::none(), Method::GET, "/", &[]).await;
    assert_eq!(
        nothing.status(),
        StatusCode::NOT_FOUND,
        "a game without pages"
    );
}

#[actix_web::test]
async fn another_content_has_another_tag() {
    let other = Site::none().with("/app.js", b"export const answer = 43;");
    let one = ask(small(), Method::GET, "/app.js", &[]).await;
    let two = ask(other, Method::GET, "/app.js", &[]).await;
    assert_ne!(value(&one, "etag"), value(&two, "etag"));
}

#[core::prelude::v1::test]
fn every_file_of_the_client_is_embedded() {
    let held: BTreeSet<_> = Site::arena().assets.iter().map(|a| a.path()).collect();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    for folder in ["sdk", "arena", "watch"] {
        for entry in std::fs::read_dir(web.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_sent = [".js", ".css", ".svg"]
                .iter()
                .any(|end| name.ends_with(end));
            let path = format!("/{folder}/{name}");
            assert!(
                !is_sent || held.contains(&*path),
                "{path} is missing in files.rs"
            );
        }
    }
    assert!(held.contains("/") && held.contains("/watch"), "the pages");
}

#[core::prelude::v1::test]
fn the_page_loads_within_its_budget() {
    let total: usize = Site::arena().assets.iter().map(|a| a.sent_size()).sum();
    assert!(total < 100_000, "{total} bytes, compressed");
}
