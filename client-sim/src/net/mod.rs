//! Network conditions, faithful to TCP: what an application sees of a bad network is
//! bytes that come late, never ones that are missing or out of order.
//!
//! ```text
//!  bot ◄──► Net ◄──► Link ◄──► kernel
//!            └─ a lane each way: delay, jitter, stalls, rate; bounded
//! ```
//!
//! When a lane is full nothing more is read from the kernel, so its window closes and
//! the server finds the bot slow, as it would over a real line. Owns how conditions are
//! written, for instance `delay=80ms,jitter=20ms,stall=2s@1%,rate=64KB/s`.

mod lane;
mod stream;

pub(crate) use stream::Net;

use crate::scenario::text;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a line is like, in each direction alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    /// From one end to the other.
    delay: Duration,
    /// So much more or less, at random; order is kept.
    jitter: Duration,
    stalls: Option<Stalls>,
    /// Bytes per second.
    rate: Option<f64>,
}

/// Times in which nothing gets through, in either direction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stalls {
    length: Duration,
    /// That one begins within a second, 0–1.
    chance: f64,
}

impl FromStr for Conditions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut conditions = Self::default();
        let mut said = Vec::new();
        for part in text.split(',') {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is not written key=value"))?;
            let (key, value) = (key.trim(), value.trim());
            if said.contains(&key) {
                return Err(format!("{key} is said twice"));
            }
            said.push(key);
            match key {
                "delay" => conditions.delay = short(value)?,
                "jitter" => conditions.jitter = short(value)?,
                "stall" => conditions.stalls = Some(stalls(value)?),
                "rate" => conditions.rate = Some(rate(value)?),
                _ => return Err(format!("{key}: allowed are delay, jitter, stall and rate")),
            }
        }
        Ok(conditions)
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "delay={}ms,jitter={}ms", ms(self.delay), ms(self.jitter))?;
        if let Some(Stalls { length, chance }) = self.stalls {
            write!(f, ",stall={}ms@{}%", ms(length), chance * 100.0)?;
        }
        match self.rate {
            Some(rate) => write!(f, ",rate={rate}B/s"),
            None => Ok(()),
        }
    }
}

fn short(text: &str) -> Result<Duration, String> {
    match text::moment(text)? {
        time if time <= Duration::from_secs(60) => Ok(time),
        _ => Err("allowed is up to 1m".into()),
    }
}

fn stalls(text: &str) -> Result<Stalls, String> {
    let (length, chance) = text
        .split_once('@')
        .ok_or("a stall is written TIME@PERCENT, for instance 2s@1%")?;
    let chance = chance.strip_suffix('%').ok_or("percent, for instance 1%")?;
    Ok(Stalls {
        length: short(length)?,
        chance: text::in_range(chance, 0.0, 100.0)? / 100.0,
    })
}

/// Bytes per second; K and M are thousands, Ki and Mi are 1,024 and its square.
fn rate(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 5] = [
        ("KiB/s", 1024.0),
        ("MiB/s", 1_048_576.0),
        ("KB/s", 1e3),
        ("MB/s", 1e6),
        ("B/s", 1.0),
    ];
    let unit = UNITS
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let (number, bytes) = unit.ok_or("a rate is written such as 64KB/s or 1MiB/s")?;
    let number = text::in_range(number, 0.001, 1e9)?;
    text::in_range(&(number * bytes).to_string(), 100.0, 1e9)
        .map_err(|_| "allowed is 100B/s to 1000MB/s".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn conditions_are_read_or_refused() {
        let all = "delay=80ms, jitter=20ms, stall=2s@1%, rate=64KB/s".parse();
        let expected = Conditions {
            delay: 80 * MS,
            jitter: 20 * MS,
            stalls: Some(Stalls {
                length: 2000 * MS,
                chance: 0.01,
            }),
            rate: Some(64_000.0),
        };
        assert_eq!(all, Ok(expected));
        assert_eq!(expected.to_string().parse(), Ok(expected), "{expected}");
        for (text, bytes) in [
            ("1MiB/s", 1_048_576.0),
            ("512B/s", 512.0),
            ("0.5KiB/s", 512.0),
        ] {
            assert_eq!(rate(text), Ok(bytes));
        }
        for text in [
            "",
            "80ms",
            "delay",
            "delay=80",
            "delay=2m",
            "delay=1s,delay=2s",
            "loss=1%",
            "stall=2s",
            "stall=2s@1",
            "stall=2s@101%",
            "rate=64",
            "rate=1B/s",
            "rate=-5KB/s",
        ] {
            assert!(text.parse::<Conditions>().is_err(), "{text:?}");
        }
    }
}
