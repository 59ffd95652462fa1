//! The kinds of values a setting can have: how each is read, written and described.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;
use tracing_subscriber::EnvFilter;

/// How values of one kind are read and written.
pub(super) trait Kind {
    /// What the setting's field holds.
    type Held;

    /// The value, if it is of this kind and allowed.
    fn read(&self, value: &Value) -> Option<Self::Held>;
    /// The opposite of `read`; `None` if there is nothing to write.
    fn write(&self, held: &Self::Held) -> Option<Value>;
    /// The word for a value in a help text.
    fn noun(&self) -> &'static str;
    /// What is allowed, for people.
    fn allowed(&self) -> String;

    /// A text from a variable or a flag as the TOML value it is meant to be.
    fn lift(&self, text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

/// A whole number within a range, with its unit.
pub(super) struct Whole<T>(pub(super) RangeInclusive<T>, pub(super) &'static str);

impl<T> Kind for Whole<T>
where
    T: TryFrom<i64> + PartialOrd + Display + Copy,
    i64: TryFrom<T>,
{
    type Held = T;

    fn read(&self, value: &Value) -> Option<T> {
        let number = T::try_from(value.as_integer()?).ok()?;
        self.0.contains(&number).then_some(number)
    }

    fn write(&self, held: &T) -> Option<Value> {
        i64::try_from(*held).ok().map(Value::Integer)
    }

    fn noun(&self) -> &'static str {
        "N"
    }

    fn allowed(&self) -> String {
        let (min, max, unit) = (self.0.start(), self.0.end(), self.1);
        format!("a whole number from {min} to {max} ({unit})")
    }

    fn lift(&self, text: &str) -> Value {
        match text.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::String(text.to_owned()),
        }
    }
}

/// A length of time within a range, both in milliseconds.
pub(super) struct Time(pub(super) RangeInclusive<u64>);

impl Kind for Time {
    type Held = Duration;

    fn read(&self, value: &Value) -> Option<Duration> {
        let time = humantime::parse_duration(value.as_str()?).ok()?;
        let (min, max) = (*self.0.start(), *self.0.end());
        let range = Duration::from_millis(min)..=Duration::from_millis(max);
        range.contains(&time).then_some(time)
    }

    fn write(&self, held: &Duration) -> Option<Value> {
        Some(Value::String(humantime::format_duration(*held).to_string()))
    }

    fn noun(&self) -> &'static str {
        "TIME"
    }

    fn allowed(&self) -> String {
        let show = |ms: u64| humantime::format_duration(Duration::from_millis(ms)).to_string();
        let (min, max) = (show(*self.0.start()), show(*self.0.end()));
        format!("a time such as \"500ms\" or \"5s\", from {min} to {max}")
    }
}

/// A socket address.
pub(super) struct Address;

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
pub(super) struct RoomName;

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

/// What is logged.
pub(super) struct LogFilter;

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

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object per line.
    Json,
}

/// One of the log formats.
pub(super) struct Format;

impl Kind for Format {
    type Held = LogFormat;

    fn read(&self, value: &Value) -> Option<LogFormat> {
        match value.as_str()? {
            "human" => Some(LogFormat::Human),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    }

    fn write(&self, held: &LogFormat) -> Option<Value> {
        let word = match held {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        };
        Some(Value::String(word.to_owned()))
    }

    fn noun(&self) -> &'static str {
        "FORMAT"
    }

    fn allowed(&self) -> String {
        "human or json".to_owned()
    }
}

/// How players prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// By a signed token in the hello.
    Jwt,
}

/// One of the ways to prove it.
pub(super) struct Proof;

impl Kind for Proof {
    type Held = Auth;

    fn read(&self, value: &Value) -> Option<Auth> {
        match value.as_str()? {
            "none" => Some(Auth::None),
            "jwt" => Some(Auth::Jwt),
            _ => None,
        }
    }

    fn write(&self, held: &Auth) -> Option<Value> {
        let word = match held {
            Auth::None => "none",
            Auth::Jwt => "jwt",
        };
        Some(Value::String(word.to_owned()))
    }

    fn noun(&self) -> &'static str {
        "WAY"
    }

    fn allowed(&self) -> String {
        "none or jwt".to_owned()
    }
}

/// A file's path.
pub(super) struct File;

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
pub(super) struct Folder;

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
pub(super) struct Text;

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

/// Any number of values of a kind; as a text, with commas in between.
pub(super) struct List<K>(pub(super) K);

impl<K: Kind> Kind for List<K> {
    type Held = Vec<K::Held>;

    fn read(&self, value: &Value) -> Option<Self::Held> {
        let values = value.as_array()?.iter();
        values.map(|value| self.0.read(value)).collect()
    }

    fn write(&self, held: &Self::Held) -> Option<Value> {
        let values = held.iter().map(|held| self.0.write(held));
        values.collect::<Option<_>>().map(Value::Array)
    }

    fn noun(&self) -> &'static str {
        self.0.noun()
    }

    fn allowed(&self) -> String {
        format!("a list, each of it {}", self.0.allowed())
    }

    fn lift(&self, text: &str) -> Value {
        let parts = text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        Value::Array(parts.map(|part| self.0.lift(part)).collect())
    }
}

/// A setting that may be absent.
pub(super) struct Maybe<K>(pub(super) K);

impl<K: Kind> Kind for Maybe<K> {
    type Held = Option<K::Held>;

    fn read(&self, value: &Value) -> Option<Self::Held> {
        self.0.read(value).map(Some)
    }

    fn write(&self, held: &Self::Held) -> Option<Value> {
        self.0.write(held.as_ref()?)
    }

    fn noun(&self) -> &'static str {
        self.0.noun()
    }

    fn allowed(&self) -> String {
        self.0.allowed()
    }

    fn lift(&self, text: &str) -> Value {
        self.0.lift(text)
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

    #[test]
    fn a_list_is_an_array_or_a_text_with_commas() {
        let list = List(Whole(0..=9, "no unit"));
        let lifted = |text: &str| list.read(&list.lift(text));
        assert_eq!(lifted("1, 2,3"), Some(vec![1, 2, 3]));
        assert_eq!(lifted(""), Some(vec![]));
        assert_eq!(lifted("1,20"), None, "one bad, all bad");
        assert_eq!(
            list.read(&Value::Integer(1)),
            None,
            "a file says it is a list"
        );
    }

    #[test]
    fn times_have_a_unit_and_bounds() {
        let time = Time(100..=60_000);
        let read = |text: &str| time.read(&Value::from(text));
        assert_eq!(read("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(read("1s 500ms"), Some(Duration::from_millis(1500)));
        assert_eq!(read("1m"), Some(Duration::from_secs(60)), "the upper end");
        for bad in ["5", "99ms", "61s", "-5s", "soon", ""] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(time.read(&Value::Integer(5)), None, "a number has no unit");
    }
}
