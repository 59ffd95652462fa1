//! Whether a web page may open a socket here.
//!
//! A browser lets any page connect to any server and only says where the page came
//! from (RFC 6455 section 10.2). Allowed are pages from the host they connect to,
//! whatever the port, and pages from the visitor's own machine. A request without
//! an Origin comes from no browser and passes.

use std::net::IpAddr;

/// Whether a request with these `Origin` and `Host` headers may be upgraded.
#[must_use]
pub fn origin_allowed(origin: Option<&str>, host: Option<&str>) -> bool {
    let Some(origin) = origin else {
        return true;
    };
    // An opaque origin ("null") has no scheme and is nobody's.
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    let page = host_of(authority);
    is_loopback(page) || host.is_some_and(|host| host_of(host).eq_ignore_ascii_case(page))
}

/// The host of `host[:port]`; an IPv6 address keeps its brackets.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_and_loopback_pass() {
        for (origin, host, allowed) in [
            (None, Some("play.example"), true),
            (None, None, true),
            (Some("https://play.example"), Some("play.example"), true),
            (
                Some("https://PLAY.example"),
                Some("play.example:4000"),
                true,
            ),
            (Some("http://play.example:8080"), Some("play.example"), true),
            (Some("http://localhost:3000"), Some("play.example"), true),
            (Some("http://127.0.0.1"), Some("play.example"), true),
            (Some("http://[::1]:3000"), Some("play.example"), true),
            (
                Some("http://[2001:db8::1]"),
                Some("[2001:db8::1]:4000"),
                true,
            ),
            (
                Some("http://[2001:db8::2]"),
                Some("[2001:db8::1]:4000"),
                false,
            ),
            (Some("https://evil.example"), Some("play.example"), false),
            (
                Some("https://play.example.evil"),
                Some("play.example"),
                false,
            ),
            (Some("https://localhost.evil"), Some("play.example"), false),
            (Some("https://evil.example"), None, false),
            (Some("null"), Some("play.example"), false),
            (Some(""), Some("play.example"), false),
        ] {
            assert_eq!(
                origin_allowed(origin, host),
                allowed,
                "{origin:?} at {host:?}"
            );
        }
    }
}
