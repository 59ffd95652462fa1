//! Bytes per visible entity: the snapshot stream against plain state under general
//! compressors.
//!
//! Owns one recording: a room ticks, and for some of its players both are kept,
//! what the room told them and, from their mirrors, all that they saw after each
//! tick.

use anyhow::{Context, Result};
use downbeat_bench::room::{Room, TICK_RATE};
use downbeat_protocol::arena::{ArenaWire, Entity};
use downbeat_protocol::{EntityId, Mirror, ServerMessage, codec};
use flate2::{Compress, Compression, FlushCompress};
use std::io::Write;

/// Players whose snapshots are kept.
const OBSERVERS: usize = 10;

/// A way to tell a client what it sees, and what it costs.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    /// Bytes per visible entity and snapshot.
    pub(crate) per_entity: f64,
    /// Bytes per snapshot.
    pub(crate) per_snapshot: f64,
}

/// What was recorded of one player.
#[derive(Default)]
struct Recording {
    mirror: Option<Mirror<Entity>>,
    /// Encoded snapshots.
    snapshots: Vec<Vec<u8>>,
    /// Everything visible after each, encoded.
    states: Vec<Vec<u8>>,
    /// Sums of visible entities over the snapshots.
    visible: usize,
}

/// All streams of a run of `seconds` with `players` on a plane of `size` units, and
/// how many entities one player saw at the mean.
///
/// # Errors
/// If a snapshot does not fit the mirror, or a compressor fails.
pub(crate) fn compare(players: usize, size: u32, seconds: u32) -> Result<(Vec<Stream>, f64)> {
    let recordings = record(players, size, seconds)?;
    let visible: usize = recordings.iter().map(|one| one.visible).sum();
    let count: usize = recordings.iter().map(|one| one.snapshots.len()).sum();
    let stream = |name, sizes: fn(&Recording) -> Result<usize>| -> Result<Stream> {
        let mut bytes = 0;
        for recording in &recordings {
            bytes += sizes(recording)?;
        }
        Ok(Stream {
            name,
            per_entity: bytes as f64 / visible as f64,
            per_snapshot: bytes as f64 / count as f64,
        })
    };
    let streams = vec![
        stream("downbeat's snapshots", |one| Ok(total(&one.snapshots)))?,
        stream("all that is visible, bincode", |one| Ok(total(&one.states)))?,
        stream(
            "… through permessage-deflate with context takeover",
            |one| deflated(&one.states),
        )?,
        stream("… through zstd level 19 with history", |one| {
            zstandard(&one.states)
        })?,
        stream("downbeat's snapshots through permessage-deflate", |one| {
            deflated(&one.snapshots)
        })?,
        stream("downbeat's snapshots through zstd level 19", |one| {
            zstandard(&one.snapshots)
        })?,
    ];
    Ok((streams, visible as f64 / count as f64))
}

/// The mean snapshot of a run and the mean of all that is visible, as payloads for
/// other measurements: those whose size is the median.
///
/// # Errors
/// As [`compare`].
pub(crate) fn typical(players: usize, size: u32) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut recordings = record(players, size, 5)?;
    let first = recordings.first_mut().context("nobody was recorded")?;
    let middle = |messages: &mut Vec<Vec<u8>>| {
        messages.sort_by_key(Vec::len);
        messages.swap_remove(messages.len() / 2)
    };
    Ok((middle(&mut first.snapshots), middle(&mut first.states)))
}

fn record(players: usize, size: u32, seconds: u32) -> Result<Vec<Recording>> {
    let mut room = Room::new(players, size)?;
    let mut recordings: Vec<_> = (0..OBSERVERS.min(players))
        .map(|_| Recording::default())
        .collect();
    // The first two seconds are arrivals and keyframes.
    let warm_up = 2 * TICK_RATE;
    for tick in 0..warm_up + seconds * TICK_RATE {
        let mut outcome = Ok(());
        room.take(|number, bytes| {
            if let Some(recording) = recordings.get_mut(number)
                && outcome.is_ok()
            {
                outcome = recording.hear(bytes, tick >= warm_up);
            }
        });
        outcome?;
        room.speak();
        room.tick()?;
    }
    Ok(recordings)
}

impl Recording {
    fn hear(&mut self, bytes: &[u8], counts: bool) -> Result<()> {
        match codec::decode::<ServerMessage<ArenaWire>>(bytes)? {
            ServerMessage::Welcome(welcome) => {
                self.mirror = Some(Mirror::new(welcome.tick, welcome.rules));
            }
            ServerMessage::Snapshot(snapshot) => {
                let mirror = self.mirror.as_mut().context("no welcome")?;
                mirror.apply(snapshot)?;
                if counts {
                    let mut state: Vec<&(EntityId, Entity)> = mirror.entities().collect();
                    state.sort_by_key(|(id, _)| *id);
                    self.visible += state.len();
                    self.states.push(codec::encode(&state)?);
                    self.snapshots.push(bytes.to_vec());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn total(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(Vec::len).sum()
}

/// As RFC 7692 has it: raw deflate, one flush per message, whose last four bytes
/// are not sent, and the window goes on.
fn deflated(messages: &[Vec<u8>]) -> Result<usize> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(1 << 20);
    let mut bytes = 0;
    for message in messages {
        out.clear();
        compress.compress_vec(message, &mut out, FlushCompress::Sync)?;
        bytes += out.len().saturating_sub(4);
    }
    Ok(bytes)
}

/// One stream, flushed after each message, so that all before it is its history.
fn zstandard(messages: &[Vec<u8>]) -> Result<usize> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 19)?;
    for message in messages {
        encoder.write_all(message)?;
        encoder.flush()?;
    }
    Ok(encoder.get_ref().len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_compressor_with_history_sends_a_repetition_for_nearly_nothing() {
        let message: Vec<u8> = (0..200u8).collect();
        let messages = vec![message; 10];
        for (name, bytes) in [
            ("deflate", deflated(&messages).unwrap()),
            ("zstd", zstandard(&messages).unwrap()),
        ] {
            assert!((200..400).contains(&bytes), "{name}: {bytes} of 2000 bytes");
        }
    }
}
