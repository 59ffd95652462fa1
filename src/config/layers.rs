//! Where settings come from: a file, the environment, the command line.
//!
//! Turns each layer into assignments that remember their origin, so that a problem
//! can say where the value was written. What a value means is not known here.

use super::secret;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What the environment variables of downbeat begin with.
pub(super) const PREFIX: &str = "DOWNBEAT_";
/// The file's table, and with an underscore the variables' prefix, of the game.
pub(super) const GAME: &str = "game";

/// The layers above the defaults, from low to high. Not to be printed: secrets are
/// among the variables.
#[derive(Default)]
pub struct Layers {
    /// The file: where it is, and what reading it gave.
    pub file: Option<(PathBuf, io::Result<String>)>,
    /// The whole environment; only what begins with `DOWNBEAT_` counts.
    pub variables: Vec<(String, String)>,
    /// Flags: the key (with underscores) and the text.
    pub flags: Vec<(String, String)>,
    /// What `--game` was given: `key=value`.
    pub game: Vec<String>,
}

/// Where a value was written. Later ones outrank earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A file, by its path.
    File(PathBuf),
    /// An environment variable, by its name.
    Variable(String),
    /// A flag, by its name with the dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value as it was written: with a type in the file, as a text elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    Typed(Value),
    Text(String),
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `Debug` keeps it on one line.
            Self::Typed(Value::String(text)) | Self::Text(text) => write!(f, "{text:?}"),
            Self::Typed(value) => write!(f, "{value}"),
        }
    }
}

/// One value for one key.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) origin: Origin,
    /// Whether it is meant for the game's own config.
    pub(super) game: bool,
    pub(super) key: String,
    pub(super) value: Written,
}

impl Layers {
    /// All assignments from low to high, and what could not be read as one.
    pub(super) fn assignments(&self) -> (Vec<Assignment>, Vec<String>) {
        let (mut assignments, mut problems) = (Vec::new(), Vec::new());
        match &self.file {
            Some((path, Ok(text))) => match parse(path, text) {
                Ok(found) => assignments = found,
                Err(problem) => problems.push(problem),
            },
            Some((path, Err(error))) => {
                problems.push(format!("file {}: cannot be read: {error}", path.display()));
            }
            None => {}
        }
        assignments.extend(self.variables.iter().filter_map(variable));
        assignments.extend(self.flags.iter().map(|(key, text)| Assignment {
            origin: Origin::Flag(format!("--{}", key.replace('_', "-"))),
            game: false,
            key: key.clone(),
            value: Written::Text(text.clone()),
        }));
        for text in &self.game {
            match text.split_once('=') {
                Some((key, value)) => assignments.push(Assignment {
                    origin: Origin::Flag("--game".to_owned()),
                    game: true,
                    key: key.trim().to_owned(),
                    value: Written::Text(value.trim().to_owned()),
                }),
                None => problems.push(format!(
                    "flag --game: {text:?} is not allowed; allowed: key=value"
                )),
            }
        }
        (assignments, problems)
    }
}

fn parse(path: &Path, text: &str) -> Result<Vec<Assignment>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            1 + text
                .bytes()
                .take(span.start)
                .filter(|b| *b == b'\n')
                .count()
        });
        let message = error.message().replace('\n', ", ");
        format!("file {}: line {line}: {message}", path.display())
    })?;
    let mut assignments = Vec::new();
    let mut push = |game, key, value| {
        assignments.push(Assignment {
            origin: Origin::File(path.to_owned()),
            game,
            key,
            value: Written::Typed(value),
        });
    };
    for (key, value) in table {
        match value {
            Value::Table(game) if key == GAME => {
                game.into_iter()
                    .for_each(|(key, value)| push(true, key, value));
            }
            value => push(false, key, value),
        }
    }
    Ok(assignments)
}

fn variable((name, text): &(String, String)) -> Option<Assignment> {
    if secret::VARIABLES.contains(&name.as_str()) {
        return None;
    }
    let key = name.strip_prefix(PREFIX)?.to_lowercase();
    let game = key.strip_prefix(GAME).and_then(|key| key.strip_prefix('_'));
    Some(Assignment {
        origin: Origin::Variable(name.clone()),
        game: game.is_some(),
        key: game.map_or_else(|| key.clone(), str::to_owned),
        value: Written::Text(text.clone()),
    })
}
