//! Lays the layers on top of each other and finds all problems at once.

use super::layers::{Assignment, Layers, Origin, Written};
use super::{ROWS, Settings, game};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything that is wrong with a configuration, one line each: where it was
/// written, the key, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// The effective settings and the game's own config; `check` is the game's check of
/// the latter.
///
/// # Errors
/// All [`Problems`] there are.
pub fn load<C>(
    layers: &Layers,
    check: fn(&C) -> Result<(), Vec<String>>,
) -> Result<(Settings, C), Problems>
where
    C: Default + Serialize + DeserializeOwned,
{
    let (assignments, mut problems) = layers.assignments();
    let (for_game, for_server): (Vec<_>, Vec<_>) = assignments.into_iter().partition(|a| a.game);
    let settings = server(&for_server, &mut problems);
    let config = game::load(for_game, check, &mut problems);
    match (config, problems.is_empty()) {
        (Some(config), true) => Ok((settings, config)),
        _ => Err(Problems(problems)),
    }
}

fn server(assignments: &[Assignment], problems: &mut Vec<String>) -> Settings {
    let mut settings = Settings::default();
    let mut origins = BTreeMap::new();
    let mut bad = BTreeSet::new();
    for Assignment {
        origin, key, value, ..
    } in assignments
    {
        let Some(row) = ROWS.iter().find(|row| row.key == key) else {
            problems.push(format!(
                "{origin}: {key}: unknown key; --print-config shows all there are"
            ));
            continue;
        };
        let typed = match value {
            Written::Typed(value) => value.clone(),
            Written::Text(text) => (row.lift)(text),
        };
        if (row.set)(&mut settings, &typed).is_none() {
            let allowed = (row.allowed)();
            problems.push(format!(
                "{origin}: {key}: {value} is not allowed; allowed: {allowed}"
            ));
            bad.insert(row.key);
        }
        origins.insert(row.key, origin);
    }
    problems.extend(
        cross_checks(&settings)
            .into_iter()
            // A default stands where a bad value was: no second problem from that.
            .filter(|check| check.keys.iter().all(|key| !bad.contains(key)))
            .map(|check| {
                let origin = check.keys.iter().filter_map(|key| origins.get(key)).max();
                let origin =
                    origin.map_or_else(|| "defaults".to_owned(), |o: &&Origin| o.to_string());
                format!("{origin}: {}: {}", check.keys[0], check.problem)
            }),
    );
    settings
}

/// A rule between settings that does not hold.
struct Broken {
    /// The settings it is between; the first is the one to change.
    keys: [&'static str; 2],
    problem: String,
}

fn cross_checks(settings: &Settings) -> Vec<Broken> {
    let mut broken = Vec::new();
    let (ticks, snapshots) = (settings.tick_rate, settings.snapshots_per_second());
    if !ticks.is_multiple_of(snapshots) {
        broken.push(Broken {
            keys: ["snapshot_rate", "tick_rate"],
            problem: format!(
                "{snapshots} is not allowed with tick_rate {ticks}; allowed: a divisor of the tick rate"
            ),
        });
    }
    if settings.behind_timeout <= settings.in_flight {
        let show = |time| humantime::format_duration(time).to_string();
        let (behind, in_flight) = (show(settings.behind_timeout), show(settings.in_flight));
        broken.push(Broken {
            keys: ["behind_timeout", "in_flight"],
            problem: format!(
                "{behind} is not allowed with in_flight {in_flight}; allowed: a longer time than in_flight"
            ),
        });
    }
    let missing = match (&settings.tls_cert, &settings.tls_key) {
        (Some(_), None) => Some(["tls_key", "tls_cert"]),
        (None, Some(_)) => Some(["tls_cert", "tls_key"]),
        _ => None,
    };
    if let Some(keys) = missing {
        broken.push(Broken {
            keys,
            problem: format!("is needed with {}", keys[1]),
        });
    }
    broken
}
