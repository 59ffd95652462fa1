//! Good bytes to begin with: the protocol's golden files.

use anyhow::{Context, Result};
use downbeat_protocol::arena::{Entity, Rules};
use downbeat_protocol::{Mirror, ServerMessage, Tick, arena::ArenaWire, codec};
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/golden")
}

#[derive(Deserialize)]
struct Listed {
    file: String,
    direction: String,
}

/// The golden messages of one direction: `client` or `server`.
pub(crate) fn messages(direction: &str) -> Result<Vec<Vec<u8>>> {
    let folder = folder();
    let manifest = fs::read(folder.join("manifest.json")).context("manifest.json")?;
    let listed: Vec<Listed> = serde_json::from_slice(&manifest)?;
    let ours = listed.into_iter().filter(|one| one.direction == direction);
    ours.map(|one| fs::read(folder.join(&one.file)).context(one.file))
        .collect()
}

#[derive(Deserialize)]
struct History {
    tick: Tick,
    rules: Rules,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    offset: usize,
    length: usize,
}

/// Every mirror of the golden histories as it is before each of their snapshots, and
/// that snapshot's message.
pub(crate) fn mirrors() -> Result<Vec<(Mirror<Entity>, Vec<u8>)>> {
    let histories = fs::read(folder().join("mirror.json")).context("mirror.json")?;
    let histories: Vec<History> = serde_json::from_slice(&histories)?;
    let bytes = fs::read(folder().join("mirror.bin")).context("mirror.bin")?;
    let mut all = Vec::new();
    for History { tick, rules, steps } in histories {
        let mut mirror = Mirror::new(tick, rules);
        for Step { offset, length } in steps {
            let message = bytes.get(offset..offset + length).context("mirror.bin")?;
            all.push((mirror.clone(), message.to_vec()));
            if let ServerMessage::<ArenaWire>::Snapshot(snapshot) = codec::decode(message)? {
                mirror.apply(snapshot)?;
            }
        }
    }
    Ok(all)
}
