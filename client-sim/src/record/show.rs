//! A record for people: a line for each message, or all that is in it.
//!
//! Reads as a client does, with a [`Mirror`], so that it also says where a client would
//! have stopped, and why.

use super::Record;
use crate::bot::Bot;
use anyhow::Context;
use clap::Args;
use downbeat_protocol::codec;
use downbeat_protocol::message::Wire;
use downbeat_protocol::snapshot::CellChange;
use downbeat_protocol::{Mirror, ServerMessage, Snapshot};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A file that `record` wrote
    file: PathBuf,

    /// Everything that is in each message, not only a line about it
    #[arg(long)]
    full: bool,
}

/// Shows a record. Says whether a client could have read all of it.
///
/// # Errors
/// If the file is no record.
pub(crate) fn show<B: Bot>(args: &ShowArgs) -> anyhow::Result<bool> {
    let record = Record::open(&args.file)?;
    let out = BufWriter::new(io::stdout().lock());
    match write::<B::Wire>(record, out, args.full) {
        // As `head` does: nobody wants to read on.
        Err(error) if is_over(&error) => Ok(true),
        shown => shown.with_context(|| format!("{}", args.file.display())),
    }
}

fn is_over(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn write<W: Wire>(
    mut record: Record<impl io::Read>,
    mut out: impl Write,
    full: bool,
) -> anyhow::Result<bool> {
    let mut mirror: Option<Mirror<W::Entity>> = None;
    while let Some((at, bytes)) = record.next()? {
        let at = at.as_secs_f64();
        write!(out, "{at:>10.4}s {:>6} B  ", bytes.len())?;
        let message = match codec::decode::<ServerMessage<W>>(&bytes) {
            Ok(message) => message,
            Err(error) => {
                writeln!(out, "undecodable: {error}")?;
                return Ok(false);
            }
        };
        match &message {
            ServerMessage::Welcome(welcome) => {
                writeln!(
                    out,
                    "welcome {} as {:?} to {:?}, {}, {} ticks and {} snapshots per second",
                    welcome.player,
                    welcome.name,
                    welcome.room,
                    welcome.tick,
                    welcome.tick_rate,
                    welcome.snapshot_rate
                )?;
                mirror = Some(Mirror::new(welcome.tick, welcome.rules.clone()));
            }
            ServerMessage::Snapshot(snapshot) => {
                let Some(mirror) = &mut mirror else {
                    writeln!(out, "a snapshot before the welcome")?;
                    return Ok(false);
                };
                let parts = parts(snapshot);
                let verified = match snapshot.checksum {
                    Some(_) => ", checksum right",
                    None => "",
                };
                if let Err(error) = mirror.apply(snapshot.clone()) {
                    writeln!(out, "snapshot: {error}")?;
                    return Ok(false);
                }
                let (tick, seen) = (mirror.tick(), mirror.len());
                writeln!(out, "snapshot {tick}, {parts}; {seen} in sight{verified}")?;
            }
            ServerMessage::Event(event) => writeln!(out, "event {event:?}")?,
            ServerMessage::Pong { nonce } => writeln!(out, "pong {nonce}")?,
            ServerMessage::Bye { code, text, .. } => writeln!(out, "bye {code}: {text}")?,
        }
        if full {
            writeln!(out, "{message:#?}")?;
        }
    }
    out.flush()?;
    Ok(true)
}

/// What a snapshot consists of, in a few words.
fn parts<E: downbeat_protocol::Replicate, O>(snapshot: &Snapshot<E, O>) -> String {
    let (mut keyframes, mut left, mut changed, mut entered) = (0, 0, 0, 0);
    for (_, change) in &snapshot.cells {
        match change {
            CellChange::Keyframe(all) => {
                keyframes += 1;
                entered += all.len();
            }
            CellChange::Delta {
                left: gone,
                changed: other,
                entered: new,
            } => {
                left += gone.len();
                changed += other.len();
                entered += new.len();
            }
        }
    }
    let mut parts = vec![format!("+{}", snapshot.elapsed)];
    for (count, what) in [
        (snapshot.applied as usize, "inputs applied"),
        (snapshot.waiting as usize, "waiting"),
        (usize::from(snapshot.reset), "reset"),
        (usize::from(snapshot.own.is_some()), "own part"),
        (snapshot.hidden.len(), "cells hidden"),
        (snapshot.cells.len(), "cells"),
        (keyframes, "of them whole"),
        (changed, "changed"),
        (entered, "entered"),
        (left, "left"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{MAGIC, put};
    use downbeat_protocol::arena::{ArenaWire, Event, Rules};
    use downbeat_protocol::codec::FNV_START;
    use downbeat_protocol::message::Welcome;
    use downbeat_protocol::{PlayerId, ResumeToken, Seq, Tick};
    use std::time::Duration;

    fn shown(messages: &[ServerMessage<ArenaWire>], full: bool) -> (bool, String) {
        let mut file = MAGIC.to_vec();
        for (number, message) in messages.iter().enumerate() {
            let at = Duration::from_millis(50 * number as u64);
            put(&mut file, at, &codec::encode(message).unwrap()).unwrap();
        }
        let mut out = Vec::new();
        let record = Record::new(&file[..]).unwrap();
        let good = write::<ArenaWire>(record, &mut out, full).unwrap();
        (good, String::from_utf8(out).unwrap())
    }

    fn welcome() -> ServerMessage<ArenaWire> {
        ServerMessage::Welcome(Welcome {
            player: PlayerId(7),
            tick: Tick(100),
            applied: Seq(0),
            tick_rate: 20,
            snapshot_rate: 20,
            room: "main".into(),
            name: "ada".into(),
            resume: ResumeToken([3; 16]),
            rules: Rules::new(20, 4000),
        })
    }

    fn snapshot(checksum: u32) -> ServerMessage<ArenaWire> {
        ServerMessage::Snapshot(Snapshot {
            elapsed: 2,
            applied: 1,
            waiting: 0,
            own: None,
            checksum: Some(checksum),
            reset: true,
            hidden: vec![],
            cells: vec![],
        })
    }

    #[test]
    fn every_message_is_a_line() {
        let event = ServerMessage::Event(Event::Radar { blips: vec![] });
        let bye = ServerMessage::Bye {
            code: 4001,
            text: "bye".into(),
            retry_after_ms: None,
        };
        let messages = [welcome(), snapshot(FNV_START), event, bye];
        let (good, text) = shown(&messages, false);
        assert!(good);
        let lines: Vec<_> = text.lines().collect();
        for (line, said) in lines.iter().zip([
            "welcome p7 as \"ada\" to \"main\", t100, 20 ticks",
            "snapshot t102, +2, 1 inputs applied, 1 reset; 0 in sight, checksum right",
            "event Radar",
            "bye 4001: bye",
        ]) {
            assert!(line.contains(said), "{said} is not in {line}");
        }
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("    0.0500s"), "{}", lines[1]);
        let (_, full) = shown(&messages, true);
        assert!(full.contains("elapsed: 2"), "{full}");
        assert!(!full.contains("3, 3, 3"), "no secrets");
    }

    #[test]
    fn it_ends_where_a_client_would() {
        let messages = [welcome(), snapshot(FNV_START ^ 1), snapshot(FNV_START)];
        let (good, text) = shown(&messages, false);
        assert!(!good);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("checksum is"), "{text}");
        let (good, text) = shown(&[snapshot(FNV_START)], false);
        assert!(!good && text.contains("before the welcome"), "{text}");
    }
}
