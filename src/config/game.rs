//! The game's own config: a table that only the game's type understands.
//!
//! Each assignment is tried alone on top of what was accepted before, so that every
//! problem is found and each can say where its value was written.

use super::layers::{Assignment, Written};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The config, or `None` with at least one problem more.
pub(super) fn load<C>(
    assignments: Vec<Assignment>,
    check: fn(&C) -> Result<(), Vec<String>>,
    problems: &mut Vec<String>,
) -> Option<C>
where
    C: Default + Serialize + DeserializeOwned,
{
    let mut config = C::default();
    let mut table = Table::try_from(&config).ok();
    let mut origins = BTreeMap::new();
    for Assignment {
        origin, key, value, ..
    } in assignments
    {
        // A config that is no table, such as `()`, has no keys at all.
        let Some(table) = &mut table else {
            problems.push(format!("{origin}: game.{key}: this game has no settings"));
            continue;
        };
        let mut first = None;
        for candidate in candidates(value.clone()) {
            let mut trial = table.clone();
            trial.insert(key.clone(), candidate);
            match trial.clone().try_into() {
                Ok(read) => {
                    (config, *table, first) = (read, trial, None);
                    origins.insert(key.clone(), origin.clone());
                    break;
                }
                Err(error) => {
                    let error: toml::de::Error = error;
                    first.get_or_insert(error.message().replace('\n', ", "));
                }
            }
        }
        if let Some(why) = first {
            problems.push(format!(
                "{origin}: game.{key}: {value} is not allowed; {why}"
            ));
        }
    }
    match check(&config) {
        Ok(()) => Some(config),
        Err(lines) => {
            problems.extend(lines.into_iter().map(|line| {
                // The line begins with the key.
                let key = line
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                match key.and_then(|key| origins.get(key)) {
                    Some(origin) => format!("{origin}: game.{line}"),
                    None => format!("game: {line}"),
                }
            }));
            None
        }
    }
}

/// What a value may mean: a text from a variable or a flag is a number, a boolean,
/// an array… if it reads as one and the game takes it, and otherwise just a text.
fn candidates(value: Written) -> Vec<Value> {
    match value {
        Written::Typed(value) => vec![value],
        Written::Text(text) => text
            .parse()
            .into_iter()
            .chain([Value::String(text)])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Rules {
        title: String,
        decks: u32,
        wild: Vec<String>,
    }

    fn given<C>(game: &[&str]) -> (Option<C>, Vec<String>)
    where
        C: Default + Serialize + DeserializeOwned,
    {
        let layers = Layers {
            game: game.iter().map(|text| (*text).to_owned()).collect(),
            ..Layers::default()
        };
        let mut problems = Vec::new();
        let config = load(layers.assignments().0, |_| Ok(()), &mut problems);
        (config, problems)
    }

    #[test]
    fn a_text_is_what_the_game_takes_it_for() {
        let (rules, problems) = given(&["title=7", "decks=7", "wild=[\"a\", \"b\"]"]);
        let expected = Rules {
            title: "7".to_owned(),
            decks: 7,
            wild: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!((rules, problems), (Some(expected), vec![]));
    }

    #[test]
    fn a_game_without_settings_needs_none_and_takes_none() {
        assert_eq!(given::<()>(&[]), (Some(()), vec![]));
        let (_, problems) = given::<()>(&["decks=7"]);
        let told = "flag --game: game.decks: this game has no settings";
        assert_eq!(problems, [told]);
    }
}
