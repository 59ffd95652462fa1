//! Whom a connection is from, when a proxy stands in between.
//!
//! Anybody can write these headers, so they are believed only as far as declared
//! proxies have written them: from the right, past the proxies' own addresses, up to
//! the first that is nobody's proxy.

use crate::config::Settings;
use std::net::{IpAddr, SocketAddr};

/// A proxy passed on two headers that contradict each other. One of them is the
/// client's own, and nothing says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("x-forwarded-for and forwarded contradict each other")]
pub struct Contradiction;

/// The client's address for a connection from `peer`, with the values of the
/// headers `X-Forwarded-For` and `Forwarded` (RFC 7239) in their order.
///
/// # Errors
/// [`Contradiction`], if the two name different clients.
pub fn client_address(
    settings: &Settings,
    peer: IpAddr,
    x_forwarded_for: &[&str],
    forwarded: &[&str],
) -> Result<IpAddr, Contradiction> {
    if !settings.is_proxy(peer) {
        return Ok(peer);
    }
    let list = x_forwarded_for.iter().flat_map(|value| value.split(','));
    let simple = last_stranger(settings, list.map(node));
    let list = forwarded.iter().flat_map(|value| value.split(','));
    let standard = last_stranger(settings, list.map(for_node));
    match (simple, standard) {
        (Some(simple), Some(standard)) if simple != standard => Err(Contradiction),
        (simple, standard) => Ok(simple.or(standard).unwrap_or(peer)),
    }
}

/// The last address that is no proxy's, or that of the outermost proxy known; `None`
/// if there is no address at the end at all.
fn last_stranger(
    settings: &Settings,
    hops: impl DoubleEndedIterator<Item = Option<IpAddr>>,
) -> Option<IpAddr> {
    let mut outermost = None;
    for hop in hops.rev() {
        // A hop that hides itself hides whatever is before it.
        let Some(address) = hop else { break };
        outermost = Some(address);
        if !settings.is_proxy(address) {
            break;
        }
    }
    outermost
}

/// The address in an element of `Forwarded`: `for="[2001:db8::1]:4711";proto=https`.
fn for_node(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    node(nodes.next()?.1.trim().trim_matches('"'))
}

/// The address of a node, with or without a port.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address: Option<IpAddr> = bare.unwrap_or(text).parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    address
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;

    #[test]
    fn only_declared_proxies_are_believed_and_from_the_right() {
        let settings = Settings {
            proxies: ["127.0.0.1", "10.0.0.0/8"]
                .map(|text| Network::parse(text).unwrap())
                .into(),
            ..Settings::default()
        };
        let stranger = "203.0.113.5";
        for (peer, simple, standard, client) in [
            (stranger, &["192.0.2.1"][..], &[][..], stranger),
            (stranger, &[], &["for=192.0.2.1"], stranger),
            ("10.0.0.1", &["192.0.2.1"], &[], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], &[], "192.0.2.1"),
            ("10.0.0.1", &[], &[], "10.0.0.1"),
            // What the client made up stands on the left.
            ("10.0.0.1", &["1.1.1.1, 192.0.2.1"], &[], "192.0.2.1"),
            ("10.0.0.1", &["1.1.1.1", "192.0.2.1"], &[], "192.0.2.1"),
            (
                "10.0.0.1",
                &["1.1.1.1, 192.0.2.1, 10.9.9.9"],
                &[],
                "192.0.2.1",
            ),
            ("10.0.0.1", &["10.1.1.1, 10.9.9.9"], &[], "10.1.1.1"),
            (
                "10.0.0.1",
                &["192.0.2.1, unknown, 10.9.9.9"],
                &[],
                "10.9.9.9",
            ),
            ("10.0.0.1", &["192.0.2.1, rubbish"], &[], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1:4711"], &[], "192.0.2.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], &[], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], &[], "2001:db8::1"),
            (
                "127.0.0.1",
                &[],
                &["for=192.0.2.1;proto=https"],
                "192.0.2.1",
            ),
            (
                "127.0.0.1",
                &[],
                &["for=1.1.1.1, proto=https; For=\"[2001:db8::1]:4711\""],
                "2001:db8::1",
            ),
            ("127.0.0.1", &[], &["for=_hidden"], "127.0.0.1"),
            ("127.0.0.1", &["192.0.2.1"], &["for=192.0.2.1"], "192.0.2.1"),
        ] {
            let seen = client_address(&settings, peer.parse().unwrap(), simple, standard);
            assert_eq!(
                seen,
                Ok(client.parse().unwrap()),
                "{peer} {simple:?} {standard:?}"
            );
        }
        let peer = "10.0.0.1".parse().unwrap();
        let seen = client_address(&settings, peer, &["192.0.2.1"], &["for=192.0.2.2"]);
        assert_eq!(seen, Err(Contradiction));
    }
}
