//! Settings that are amounts: whole numbers and lengths of time, within a range.

use super::Kind;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Value;

/// A whole number within a range, with its unit.
pub(in crate::config) struct Whole<T>(
    pub(in crate::config) RangeInclusive<T>,
    pub(in crate::config) &'static str,
);

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
pub(in crate::config) struct Time(pub(in crate::config) RangeInclusive<u64>);

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

#[cfg(test)]
mod tests {
    use super::*;

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
