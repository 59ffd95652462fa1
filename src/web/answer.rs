//! One file over HTTP: its type, its validators, its headers.
//!
//! Refuses everything but GET and HEAD. Knows no directory: a path that is not exactly
//! a file's is somebody else's to answer.

use super::Site;
use actix_web::http::header::{
    self, AcceptEncoding, Encoding, EntityTag, Header, IfNoneMatch, Preference,
};
use actix_web::{HttpRequest, HttpResponse, web};
use downbeat_protocol::codec::{FNV_START, fnv1a};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;

/// What a page may load and do: our own files and our own socket, nothing inline
/// (W3C Content Security Policy Level 3; `'self'` covers the socket of the same host).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file as it is sent.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    /// Only if it is smaller.
    gzip: Option<web::Bytes>,
    tag: EntityTag,
}

impl Asset {
    pub(super) fn new(path: &'static str, plain: &'static [u8]) -> Self {
        // Weak, because both encodings carry it (RFC 9110 section 8.8.3.3).
        let sum = fnv1a(FNV_START, plain);
        Self {
            path,
            content_type: content_type(path),
            plain,
            gzip: compressed(plain),
            tag: EntityTag::new_weak(format!("{sum:08x}-{:x}", plain.len())),
        }
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// Bytes on the wire to those who take gzip.
    #[cfg(test)]
    pub(super) fn sent_size(&self) -> usize {
        self.gzip
            .as_ref()
            .map_or(self.plain.len(), |gzip| gzip.len())
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let is_known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        };
        let mut response = if is_known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .insert_header((header::ETAG, self.tag.to_string()))
            // Kept, but asked about each time: a restarted server may have another page.
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::VARY, "Accept-Encoding"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"));
        if is_known {
            return response.finish();
        }
        response.content_type(self.content_type);
        match &self.gzip {
            Some(gzip) if takes_gzip(request) => response
                .insert_header((header::CONTENT_ENCODING, "gzip"))
                .body(gzip.clone()),
            _ => response.body(self.plain),
        }
    }
}

/// Adds a route for every file of a site.
pub fn configure(config: &mut web::ServiceConfig, site: &Site) {
    for asset in &site.assets {
        let get = Arc::clone(asset);
        let head = Arc::clone(asset);
        config.service(
            web::resource(asset.path)
                .route(web::get().to(move |request| answer(Arc::clone(&get), request)))
                // The body is left out by the HTTP layer below; its length is said.
                .route(web::head().to(move |request| answer(Arc::clone(&head), request))),
        );
    }
}

async fn answer(asset: Arc<Asset>, request: HttpRequest) -> HttpResponse {
    asset.answer(&request)
}

/// Whether the peer names gzip, and not to refuse it.
fn takes_gzip(request: &HttpRequest) -> bool {
    let Ok(AcceptEncoding(items)) = AcceptEncoding::parse(request) else {
        return false;
    };
    let gzip = Preference::Specific(Encoding::gzip());
    items
        .iter()
        .any(|item| item.item == gzip && item.quality > header::Quality::ZERO)
}

fn compressed(plain: &[u8]) -> Option<web::Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let gzip = encoder.finish().ok()?;
    (gzip.len() < plain.len()).then(|| gzip.into())
}

/// By the extension; an unknown one is bytes to be saved, and none is a page.
fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        None | Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) => "application/octet-stream",
    }
}
