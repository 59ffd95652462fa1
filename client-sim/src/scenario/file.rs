//! Scenarios: TOML files that say what bots do.
//!
//! Owns the keys of such a file and what is said of a wrong one: always with the line
//! it is in. Refuses unknown keys. `client-sim/scenarios/` holds examples;
//! `docs/scenarios.md` lists the keys.

use super::{Group, Often, Role, Strangers, text};
use crate::bot::Way;
use crate::net::Conditions;
use anyhow::{Context, anyhow};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::path::Path;
use std::time::Duration;
use toml::Spanned;

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, deserialize_with = "perhaps_duration")]
    duration: Option<Duration>,
    #[serde(default, deserialize_with = "perhaps_duration")]
    baseline: Option<Duration>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    garbage: u32,
    #[serde(default)]
    slowloris: u32,
    #[serde(rename = "group")]
    groups: Vec<Spanned<Keys>>,
}

/// What it says of a group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    name: String,
    bots: u32,
    behaviour: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "perhaps_input_rate")]
    input_rate: Option<f64>,
    room: Option<String>,
    rooms: Option<u32>,
    #[serde(default, deserialize_with = "perhaps_ramp")]
    ramp: Option<f64>,
    #[serde(default, deserialize_with = "perhaps_moment")]
    join_at: Option<Duration>,
    #[serde(default, deserialize_with = "perhaps_per_minute")]
    cut: Option<f64>,
    #[serde(default, deserialize_with = "moments")]
    cut_at: Vec<Duration>,
    #[serde(default, deserialize_with = "perhaps_per_minute")]
    leave: Option<f64>,
    #[serde(default, deserialize_with = "moments")]
    leave_at: Vec<Duration>,
    #[serde(default, deserialize_with = "perhaps_moment")]
    away: Option<Duration>,
    #[serde(default, deserialize_with = "perhaps_moment")]
    stall_at: Option<Duration>,
    #[serde(default)]
    trickle: bool,
    #[serde(default, deserialize_with = "perhaps_net")]
    net: Option<Conditions>,
}

/// What a scenario says; `None` where it leaves the choice to the flags.
#[derive(Debug, PartialEq)]
pub(crate) struct Scenario {
    pub(crate) duration: Option<Duration>,
    pub(crate) baseline: Option<Duration>,
    pub(crate) seed: Option<u64>,
    pub(crate) groups: Vec<Group>,
    pub(crate) strangers: Strangers,
}

/// Reads a scenario of a game that can be played in these ways, the default first.
///
/// # Errors
/// What is wrong with the file, and in which line.
pub(crate) fn read(path: &Path, ways: &[Way]) -> anyhow::Result<Scenario> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text, ways).with_context(|| format!("scenario {}", path.display()))
}

fn parse(text: &str, ways: &[Way]) -> anyhow::Result<Scenario> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line(text, span.start));
        let place = line.map_or(String::new(), |line| format!("line {line}: "));
        anyhow!("{place}{}", error.message())
    })?;
    let window = file.duration.unwrap_or(Duration::MAX);
    let mut groups: Vec<Group> = Vec::new();
    for keys in file.groups {
        let line_of_group = line(text, keys.span().start);
        let group = keys.into_inner().group(ways, text)?;
        let at = |what: String| anyhow!("line {line_of_group}: group {}: {what}", group.name);
        group.check(window).map_err(at)?;
        if groups.iter().any(|other| other.name == group.name) {
            return Err(at("there is another one of this name".into()));
        }
        groups.push(group);
    }
    Ok(Scenario {
        duration: file.duration,
        baseline: file.baseline,
        seed: file.seed,
        groups,
        strangers: Strangers {
            garbage: file.garbage,
            slowloris: file.slowloris,
        },
    })
}

impl Keys {
    fn group(self, ways: &[Way], text: &str) -> anyhow::Result<Group> {
        let way = match &self.behaviour {
            None => ways.first(),
            Some(name) => ways.iter().find(|way| way.name == name.as_ref()),
        };
        let way = way.ok_or_else(|| {
            let name = self.behaviour.as_ref();
            let line = name.map_or(1, |name| line(text, name.span().start));
            let all: Vec<_> = ways.iter().map(|way| way.name).collect();
            anyhow!("line {line}: behaviour: allowed is {}", all.join(", "))
        })?;
        let role = match (self.stall_at, self.trickle) {
            (None, false) => Role::Honest,
            (Some(after), false) => Role::Stalls(after),
            (None, true) => Role::Trickles,
            (Some(_), true) => {
                let line = name_line(text, &self.name);
                return Err(anyhow!("line {line}: who trickles does not stall"));
            }
        };
        let often = |per_minute, mut together: Vec<Duration>| {
            together.sort_unstable();
            Often {
                per_minute,
                together,
            }
        };
        let usual = Group::new(&self.name, self.bots, way.name);
        Ok(Group {
            role,
            input_rate: self.input_rate,
            room: self.room.unwrap_or_default(),
            rooms: self.rooms.unwrap_or(1).clamp(1, 10_000),
            ramp: self.ramp.unwrap_or(usual.ramp),
            join_at: self.join_at,
            cuts: often(self.cut, self.cut_at),
            leaves: often(self.leave, self.leave_at),
            away: self.away.unwrap_or(usual.away),
            net: self.net,
            ..usual
        })
    }
}

/// The line that this byte is in, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The line in which a group is named.
fn name_line(text: &str, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    text.find(&quoted).map_or(1, |at| line(text, at))
}

/// A reader of a key whose value is text.
macro_rules! perhaps {
    ($name:ident, $read:path, $type:ty) => {
        fn $name<'de, D: Deserializer<'de>>(value: D) -> Result<Option<$type>, D::Error> {
            let text = String::deserialize(value)?;
            $read(&text).map(Some).map_err(D::Error::custom)
        }
    };
}

perhaps!(perhaps_duration, text::duration, Duration);
perhaps!(perhaps_moment, text::moment, Duration);
perhaps!(perhaps_net, str::parse, Conditions);
perhaps!(perhaps_ramp, text::ramp, f64);
perhaps!(perhaps_per_minute, text::per_minute, f64);

fn perhaps_input_rate<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
    let rate = f64::deserialize(value)?;
    let read = text::input_rate(&rate.to_string());
    read.map(Some).map_err(D::Error::custom)
}

fn moments<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Duration>, D::Error> {
    let texts = Vec::<String>::deserialize(value)?;
    let read = texts.iter().map(|text| text::moment(text));
    read.collect::<Result<_, _>>().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Pilot;
    use crate::bot::ways;

    fn arena(text: &str) -> anyhow::Result<Scenario> {
        let ways: Vec<_> = ways::<Pilot>().collect();
        parse(text, &ways)
    }

    #[test]
    fn every_example_can_be_played() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let ways: Vec<_> = ways::<Pilot>().collect();
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let scenario = read(&path, &ways).unwrap();
            assert!(!scenario.groups.is_empty(), "{path:?}");
            count += 1;
        }
        assert!(count >= 5, "{count} examples");
    }

    #[test]
    fn the_scenario_of_the_page_is_one() {
        let page = include_str!("../../../docs/scenarios.md");
        let block = page.split("```toml\n").nth(1).unwrap();
        let scenario = arena(block.split("```").next().unwrap()).unwrap();
        assert_eq!(scenario.groups.len(), 4);
    }

    #[test]
    fn what_is_said_of_a_group_is_what_it_does() {
        let scenario = arena(
            r#"
            duration = "1m"
            garbage = 3
            [[group]]
            name = "a"
            bots = 7
            behaviour = "hunt"
            input_rate = 12.5
            room = "red"
            rooms = 2
            ramp = "50/s"
            join_at = "5s"
            cut = "2/min"
            cut_at = ["30s", "20s"]
            leave = "1/min"
            leave_at = ["40s"]
            away = "3s"
            net = "delay=80ms"
            "#,
        )
        .unwrap();
        const S: Duration = Duration::from_secs(1);
        let often = |per_minute, together| Often {
            per_minute: Some(per_minute),
            together,
        };
        let group = Group {
            name: "a".into(),
            bots: 7,
            way: "hunt",
            role: Role::Honest,
            input_rate: Some(12.5),
            room: "red".into(),
            rooms: 2,
            ramp: 50.0,
            join_at: Some(5 * S),
            cuts: often(2.0, vec![20 * S, 30 * S]),
            leaves: often(1.0, vec![40 * S]),
            away: 3 * S,
            net: Some("delay=80ms".parse().unwrap()),
        };
        assert_eq!(scenario.groups, [group]);
        assert_eq!(scenario.duration, Some(60 * S));
        assert_eq!(scenario.strangers.garbage, 3);
    }

    #[test]
    fn a_wrong_file_is_told_what_is_wrong_and_where() {
        let group = "[[group]]\nname = \"a\"\nbots = 5\n";
        for (text, said) in [
            ("".to_owned(), "line 1: missing field `group`"),
            (
                format!("{group}speed = 3\n"),
                "line 4: unknown field `speed`",
            ),
            (
                format!("{group}ramp = \"fast\"\n"),
                "line 4: allowed is 0.1",
            ),
            (format!("{group}ramp = 5\n"), "line 4: invalid type"),
            (
                format!("{group}behaviour = \"dance\"\n"),
                "line 4: behaviour: allowed is wander",
            ),
            (
                format!("{group}net = \"loss=1%\"\n"),
                "line 4: loss: allowed",
            ),
            (format!("{group}cut_at = [\"soon\"]\n"), "line 4: "),
            (
                format!("{group}input_rate = 0.0\n"),
                "line 4: allowed is 0.01",
            ),
            (
                format!("duration = \"9s\"\n{group}join_at = \"10s\"\n"),
                "line 2: group a: ",
            ),
            (
                format!("{group}trickle = true\nstall_at = \"1s\"\n"),
                "line 2: who trickles",
            ),
            (
                format!("{group}trickle = true\ncut = \"1/min\"\n"),
                "line 1: group a: who stalls",
            ),
            (
                format!("{group}\n{group}"),
                "line 5: group a: there is another",
            ),
            (format!("{group}bots = 6\n"), "line 4: duplicate key"),
            (
                "[[group]]\nname = \"a\"\nbots = 0\n".into(),
                "line 1: group a: no bots",
            ),
            ("[[group]]\nname = \"a\"\nbots = -1\n".into(), "line 3: "),
            ("duration = \"0s\"\n".into(), "line 1: allowed is 1s"),
        ] {
            let error = arena(&text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
