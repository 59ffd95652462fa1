//! The settings as text: `--print-config`, and the table in `docs/operations.md`.

use super::{ROWS, Settings};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use toml::{Table, Value};

/// The effective configuration as a config file: it can be given back to `--config`
/// and means the same.
pub fn print<C: Serialize>(settings: &Settings, game: &C) -> String {
    let mut out = String::new();
    let mut group = "";
    for row in ROWS {
        if row.group != group {
            group = row.group;
            let _ = writeln!(out, "## {group}\n");
        }
        let (allowed, default) = ((row.allowed)(), row.default_text());
        let _ = writeln!(out, "# {}", row.doc.trim());
        let _ = writeln!(out, "# Allowed: {allowed}. Default: {default}.");
        let _ = match (row.get)(settings) {
            Some(value) => writeln!(out, "{} = {value}\n", row.key),
            None => writeln!(out, "# {} is not set\n", row.key),
        };
    }
    // A game whose config is no table, such as `()`, has nothing to show.
    if let Ok(game) = Table::try_from(game)
        && let Ok(text) =
            toml::to_string(&Table::from_iter([("game".to_owned(), Value::Table(game))]))
    {
        let _ = writeln!(out, "## The game\n\n{}", text.trim_end());
    }
    out
}

/// The game's own settings, each as the config file writes it.
pub fn game_settings<C: Serialize>(game: &C) -> BTreeMap<String, String> {
    // A game whose config is no table has none.
    let table = Table::try_from(game).unwrap_or_default();
    let settings = table.into_iter();
    settings
        .map(|(key, value)| (key, value.to_string()))
        .collect()
}

/// The settings as a table in Markdown, a section per group.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::new();
    let mut group = "";
    for row in ROWS {
        if row.group != group {
            group = row.group;
            let _ = writeln!(
                out,
                "\n### {group}\n\n| key | default | allowed | meaning |\n|---|---|---|---|"
            );
        }
        let (key, default, allowed) = (row.key, row.default_text(), (row.allowed)());
        let doc = row.doc.trim();
        let _ = writeln!(out, "| `{key}` | {default} | {allowed} | {doc} |");
    }
    out
}
