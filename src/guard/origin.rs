//! Whether a web page may open a socket here.
//!
//! A browser lets any page connect to any server and only says where the page came
//! from (RFC 6455 section 10.2); the settings say which are allowed. A request
//! without an Origin comes from no browser and is not asked about here.

use crate::config::OriginRule;
use std::net::IpAddr;

/// Whether these rules allow a page of `origin` to connect to `host`, both as the
/// headers have them.
#[must_use]
pub fn origin_allowed(rules: &[OriginRule], origin: &str, host: Option<&str>) -> bool {
    // An opaque origin ("null") has no scheme and is nobody's.
    let page = origin
        .split_once("://")
        .map(|(_, authority)| host_of(authority));
    rules.iter().any(|rule| match rule {
        OriginRule::Any => true,
        OriginRule::Exact(allowed) => origin.eq_ignore_ascii_case(allowed),
        OriginRule::Loopback => page.is_some_and(is_loopback),
        OriginRule::SameHost => page
            .zip(host)
            .is_some_and(|(page, host)| host_of(host).eq_ignore_ascii_case(page)),
    })
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
    use crate::config::Settings;

    #[test]
    fn by_default_the_same_host_and_loopback_pass() {
        for (origin, host, allowed) in [
            ("https://play.example", Some("play.example"), true),
            ("https://PLAY.example", Some("play.example:4000"), true),
            ("http://play.example:8080", Some("play.example"), true),
            ("http://localhost:3000", Some("play.example"), true),
            ("http://127.0.0.1", Some("play.example"), true),
            ("http://[::1]:3000", Some("play.example"), true),
            ("http://[2001:db8::1]", Some("[2001:db8::1]:4000"), true),
            ("http://[2001:db8::2]", Some("[2001:db8::1]:4000"), false),
            ("https://evil.example", Some("play.example"), false),
            ("https://play.example.evil", Some("play.example"), false),
            ("https://localhost.evil", Some("play.example"), false),
            ("https://evil.example", None, false),
            ("null", Some("play.example"), false),
            ("", Some("play.example"), false),
        ] {
            assert_eq!(
                origin_allowed(&Settings::default().origins, origin, host),
                allowed,
                "{origin:?} at {host:?}"
            );
        }
    }

    #[test]
    fn a_list_of_ones_own_is_exact() {
        let rules = [OriginRule::Exact("https://play.example".to_owned())];
        for (origin, allowed) in [
            ("https://play.example", true),
            ("https://PLAY.example", true),
            ("http://play.example", false),
            ("https://play.example:8443", false),
            ("https://play.example.evil", false),
            ("http://localhost", false),
            ("null", false),
        ] {
            let seen = origin_allowed(&rules, origin, Some("play.example"));
            assert_eq!(seen, allowed, "{origin}");
        }
        assert!(origin_allowed(&[OriginRule::Any], "null", None));
        assert!(!origin_allowed(&[], "http://localhost", None));
    }
}
