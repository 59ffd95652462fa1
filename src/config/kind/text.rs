//! Settings that are texts with a meaning: addresses, names, paths, filters.

use super::Kind;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::Value;
use tracing_subscriber::EnvFilter;

/// A socket address.
pub(in crate::config) struct Address;

impl Kind for Address {
    type Held = SocketAddr;

    fn read(&self, value: &Value) -> Option<SocketAddr> {
        value.as_str()?.parse().ok()
    }

    fn write(&self, held: &SocketAddr) -> Option<Value> {
        Some(Value::String(held.to_string()))
    }

    fn noun(&self) -> &'static str {
        "ADDRESS:PORT"
    }

    fn allowed(&self) -> String {
        "an address and a port such as 127.0.0.1:4000 or [::]:4000; port 0: any free one".to_owned()
    }
}

/// A room's name, as the upgrade and the hello take it.
pub(in crate::config) struct RoomName;

impl Kind for RoomName {
    type Held = String;

    fn read(&self, value: &Value) -> Option<String> {
        let name = value.as_str()?;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        ((1..=64).contains(&name.len()) && name.bytes().all(good)).then(|| name.to_owned())
    }

    fn write(&self, held: &String) -> Option<Value> {
        Some(Value::String(held.clone()))
    }

    fn noun(&self) -> &'static str {
        "NAME"
    }

    fn allowed(&self) -> String {
        "1 to 64 letters, digits, '-' and '_'".to_owned()
    }
}

/// A file's path.
pub(in crate::config) struct File;

impl Kind for File {
    type Held = PathBuf;

    fn read(&self, value: &Value) -> Option<PathBuf> {
        let path = value.as_str()?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    }

    fn write(&self, held: &PathBuf) -> Option<Value> {
        Some(Value::String(held.to_string_lossy().into_owned()))
    }

    fn noun(&self) -> &'static str {
        "FILE"
    }

    fn allowed(&self) -> String {
        "a path".to_owned()
    }
}

/// A folder's path.
pub(in crate::config) struct Folder;

impl Kind for Folder {
    type Held = PathBuf;

    fn read(&self, value: &Value) -> Option<PathBuf> {
        File.read(value)
    }

    fn write(&self, held: &PathBuf) -> Option<Value> {
        File.write(held)
    }

    fn noun(&self) -> &'static str {
        "FOLDER"
    }

    fn allowed(&self) -> String {
        File.allowed()
    }
}

/// A word or a name of somebody else's making.
pub(in crate::config) struct Text;

impl Kind for Text {
    type Held = String;

    fn read(&self, value: &Value) -> Option<String> {
        let text = value.as_str()?;
        ((1..=256).contains(&text.len()) && !text.contains(char::is_control))
            .then(|| text.to_owned())
    }

    fn write(&self, held: &String) -> Option<Value> {
        Some(Value::String(held.clone()))
    }

    fn noun(&self) -> &'static str {
        "TEXT"
    }

    fn allowed(&self) -> String {
        "a text of 1 to 256 bytes".to_owned()
    }
}

/// What is logged.
pub(in crate::config) struct LogFilter;

impl Kind for LogFilter {
    type Held = String;

    fn read(&self, value: &Value) -> Option<String> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        let text = value.as_str()?;
        // To the filter a bare word that is no level is a module, so that a
        // misspelt level would silence everything.
        let good = |part: &str| part.contains(['=', '[']) || LEVELS.contains(&part);
        let known = text.split(',').map(str::trim).all(good);
        (known && EnvFilter::try_new(text).is_ok()).then(|| text.to_owned())
    }

    fn write(&self, held: &String) -> Option<Value> {
        Some(Value::String(held.clone()))
    }

    fn noun(&self) -> &'static str {
        "FILTER"
    }

    fn allowed(&self) -> String {
        "a level (off, error, warn, info, debug, trace), or levels per module such as \
         info,downbeat::session=debug"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_not_taken_for_a_module() {
        let reads = |text: &str| LogFilter.read(&Value::from(text)).is_some();
        for good in [
            "info",
            "warn,downbeat::session=debug",
            "off",
            "[tick]=trace",
        ] {
            assert!(reads(good), "{good} is a filter");
        }
        for bad in ["verbose", "", "info,", "downbeat=loud"] {
            assert!(!reads(bad), "{bad:?} is no filter");
        }
    }
}
