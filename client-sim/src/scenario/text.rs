//! How times, rates and the like are written, on the command line and in files.
//!
//! Each reader refuses what is out of range, and says what is allowed.

use std::time::Duration;

/// The most exits of one bot per minute: one a second.
const MOST_EXITS: f64 = 60.0;

/// From 1 s to a week.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_secs(1)..=Duration::from_secs(7 * 86_400)).contains(&duration) {
        Ok(duration)
    } else {
        Err("allowed is 1s to 7days".into())
    }
}

/// Any time up to a week.
pub(crate) fn moment(text: &str) -> Result<Duration, String> {
    let moment = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if moment <= Duration::from_secs(7 * 86_400) {
        Ok(moment)
    } else {
        Err("allowed is up to 7days".into())
    }
}

/// Connections per second.
pub(crate) fn ramp(text: &str) -> Result<f64, String> {
    in_range(text.strip_suffix("/s").unwrap_or(text), 0.1, 100_000.0)
}

/// Inputs per second.
pub(crate) fn input_rate(text: &str) -> Result<f64, String> {
    in_range(text, 0.01, 1000.0)
}

/// How often something happens to each bot, per minute.
pub(crate) fn per_minute(text: &str) -> Result<f64, String> {
    match text.strip_suffix("/min").unwrap_or(text).trim().parse() {
        Ok(number) if (0.1..=MOST_EXITS).contains(&number) => Ok(number),
        _ => Err(format!("allowed is 0.1/min to {MOST_EXITS}/min")),
    }
}

/// So many bots, so long after the window began.
pub(crate) fn stall(text: &str) -> Result<(u32, Duration), String> {
    let (bots, after) = text
        .split_once('@')
        .ok_or("it is written N@TIME, for instance 100@5s")?;
    let bots = match bots.trim().parse() {
        Ok(bots @ 1..=100_000) => bots,
        _ => return Err("allowed are 1 to 100000 bots".into()),
    };
    Ok((bots, moment(after.trim())?))
}

pub(crate) fn in_range(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("allowed is {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn numbers_outside_their_range_are_refused() {
        assert_eq!(ramp("200/s"), Ok(200.0));
        assert_eq!(ramp("200"), Ok(200.0));
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        for text in ["", "0/s", "-1", "nan", "inf", "200/m"] {
            assert!(ramp(text).is_err(), "ramp {text:?}");
        }
        for text in ["", "10", "0s", "999ms", "8days"] {
            assert!(duration(text).is_err(), "duration {text:?}");
        }
        for text in ["0", "-20", "1001"] {
            assert!(input_rate(text).is_err(), "input rate {text:?}");
        }
        assert_eq!(moment("0s"), Ok(Duration::ZERO));
        assert!(moment("8days").is_err());
    }

    #[test]
    fn misbehaviour_is_read_or_refused() {
        assert_eq!(stall("100@5s"), Ok((100, 5 * S)));
        assert_eq!(stall("1@0s"), Ok((1, Duration::ZERO)));
        for text in ["", "100", "@5s", "0@5s", "-1@5s", "100@", "100@5", "x@5s"] {
            assert!(stall(text).is_err(), "stall {text:?}");
        }
        assert_eq!(per_minute("5/min"), Ok(5.0));
        assert_eq!(per_minute("0.5"), Ok(0.5));
        for text in ["", "0", "0/min", "-1/min", "nan", "inf", "61/min", "5/s"] {
            assert!(per_minute(text).is_err(), "cuts {text:?}");
        }
    }
}
