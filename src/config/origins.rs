//! Which web pages may open a socket: the rules as they are written.

use super::kind::Kind;
use toml::Value;

/// Whose pages may open a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginRule {
    /// Those of the host they connect to, whatever the port.
    SameHost,
    /// Those of the visitor's own machine.
    Loopback,
    /// Anybody's.
    Any,
    /// Those of exactly this origin: scheme, host and port, in lower case.
    Exact(String),
}

/// One of the rules.
pub(super) struct PageOrigin;

impl Kind for PageOrigin {
    type Held = OriginRule;

    fn read(&self, value: &Value) -> Option<OriginRule> {
        let text = value.as_str()?;
        match text {
            "same-host" => return Some(OriginRule::SameHost),
            "loopback" => return Some(OriginRule::Loopback),
            "any" => return Some(OriginRule::Any),
            _ => {}
        }
        // As browsers send it (RFC 6454 section 6.2): no path, not even a slash.
        let (scheme, host) = text.split_once("://")?;
        let is_good = |byte: u8| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte);
        let is_whole = !host.is_empty() && host.bytes().all(is_good);
        let is_named = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_whole && is_named).then(|| OriginRule::Exact(as_sent(text)))
    }

    fn write(&self, held: &OriginRule) -> Option<Value> {
        let word = match held {
            OriginRule::SameHost => "same-host",
            OriginRule::Loopback => "loopback",
            OriginRule::Any => "any",
            OriginRule::Exact(origin) => origin,
        };
        Some(Value::String(word.to_owned()))
    }

    fn noun(&self) -> &'static str {
        "ORIGIN"
    }

    fn allowed(&self) -> String {
        "same-host, loopback, any, or an origin such as https://play.example".to_owned()
    }
}

/// The origin in the words of a browser: in lower case, and without the port that
/// its scheme means anyway (RFC 6454 section 6.2).
fn as_sent(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let bare = match origin.split_once("://") {
        Some(("https", _)) => origin.strip_suffix(":443"),
        Some(("http", _)) => origin.strip_suffix(":80"),
        _ => None,
    };
    bare.map_or_else(|| origin.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_scheme_and_no_path() {
        let read = |text: &str| PageOrigin.read(&Value::from(text));
        let exact = |text: &str| Some(OriginRule::Exact(text.to_owned()));
        for (text, rule) in [
            ("same-host", Some(OriginRule::SameHost)),
            ("any", Some(OriginRule::Any)),
            ("https://Play.example", exact("https://play.example")),
            ("http://[::1]:8080", exact("http://[::1]:8080")),
            ("https://play.example:443", exact("https://play.example")),
            ("https://play.example:80", exact("https://play.example:80")),
            ("http://play.example:80", exact("http://play.example")),
            ("https://play.example/", None),
            ("play.example", None),
            ("https://", None),
            ("https://*.example", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(read(text), rule, "{text:?}");
        }
    }
}
