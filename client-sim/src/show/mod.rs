//! `client-sim show`: a recording, printed message by message.
//!
//! A debugger for the protocol: what a client would know at each place, what was
//! said, what it cost, and what is wrong with it. Owns the arguments, what is left
//! out, and the exit code.
//!
//! ```text
//!  tape ──► reading ──► snapshot: indices → ids, old → new, bytes by part
//!              │        autopsy: where an undecodable message breaks
//!              └──► text, json, summary        (arena: names of things and fields)
//! ```

mod arena;
mod autopsy;
mod hex;
mod json;
mod reading;
mod snapshot;
mod summary;
mod text;

use crate::cli::{BAD, GOOD, USAGE, complain};
use crate::tape::read::{Opening, Piece, Reader};
use anyhow::Context;
use clap::{Args, ValueEnum};
use downbeat_protocol::message::Wire;
use downbeat_protocol::{ClientMessage, EntityId};
use reading::{Meaning, Reading};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use summary::Summary;

pub(crate) const EXAMPLES: &str = "\
Examples:
  client-sim show game.tape | less
  client-sim show game.tape --only snapshot --from 2.5 --to 3
  client-sim show game.tape --entity 12            # one entity's life
  client-sim show game.tape --summary              # where the bytes go
  client-sim show game.tape --json | jq 'select(.kind == \"event\")'
  client-sim record - --url ws://127.0.0.1:4000/ws | client-sim show -";

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The recording; `-` is stdin
    file: PathBuf,

    /// Only these kinds of messages
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    only: Vec<Kind>,

    /// From this second on, for instance 2.5
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    from: Option<u64>,

    /// Up to this second
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    to: Option<u64>,

    /// Only snapshots that tell of this entity, and of them only that
    #[arg(long, value_name = "ID")]
    entity: Option<u32>,

    /// Bytes by kind of message, by part of a snapshot and by field; times and faults
    #[arg(long)]
    summary: bool,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// The bytes of every message, too
    #[arg(long)]
    hex: bool,
}

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    Hello,
    Watch,
    Welcome,
    Input,
    Snapshot,
    Event,
    Ping,
    Pong,
    Follow,
    Bye,
    /// A close frame, or a lost link
    Close,
    /// What cannot be decoded
    Bad,
}

impl Kind {
    fn of<W: Wire>(meaning: &Meaning<W>) -> Self {
        match meaning {
            Meaning::Client(ClientMessage::Hello(_)) => Self::Hello,
            Meaning::Client(ClientMessage::Watch(_)) => Self::Watch,
            Meaning::Client(ClientMessage::Input { .. }) => Self::Input,
            Meaning::Client(ClientMessage::Ping { .. }) => Self::Ping,
            Meaning::Client(ClientMessage::Follow { .. }) => Self::Follow,
            Meaning::Welcome(_) => Self::Welcome,
            Meaning::Snapshot(_) => Self::Snapshot,
            Meaning::Event(_) => Self::Event,
            Meaning::Pong { .. } => Self::Pong,
            Meaning::Bye { .. } => Self::Bye,
            Meaning::Close { .. } | Meaning::Lost(_) => Self::Close,
            Meaning::Undecodable(_) => Self::Bad,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Watch => "watch",
            Self::Welcome => "welcome",
            Self::Input => "input",
            Self::Snapshot => "snapshot",
            Self::Event => "event",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Follow => "follow",
            Self::Bye => "bye",
            Self::Close => "close",
            Self::Bad => "bad",
        }
    }
}

/// Prints a recording, and says whether it was right.
pub(crate) fn show<W: Wire>(args: &ShowArgs) -> u8 {
    let (reader, opening) = match open(&args.file) {
        Ok(opened) => opened,
        Err(error) => return complain(&error, USAGE),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = print::<W>(args, reader, &opening, &mut out);
    match shown.and_then(|good| out.flush().map(|()| good)) {
        Ok(true) => GOOD,
        Ok(false) => BAD,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => GOOD,
        Err(error) => complain(&error.into(), BAD),
    }
}

fn open(path: &Path) -> anyhow::Result<(Reader<Box<dyn Read>>, Opening)> {
    let file: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => {
            let file = File::open(path);
            Box::new(file.with_context(|| format!("cannot read {}", path.display()))?)
        }
    };
    Reader::open(file).with_context(|| format!("cannot read {}", path.display()))
}

fn print<W: Wire>(
    args: &ShowArgs,
    mut reader: Reader<Box<dyn Read>>,
    opening: &Opening,
    out: &mut impl Write,
) -> io::Result<bool> {
    let mut reading = Reading::<W>::default();
    let mut summary = Summary::default();
    if let Opening::Damaged(_) = opening {
        summary.damage(false);
    }
    let is_line = !args.summary;
    match args.json {
        true if is_line => writeln!(out, "{}", json::opening(opening))?,
        true => {}
        false => write!(out, "{}", text::opening(opening))?,
    }
    let mut number = 0;
    while let Some(piece) = reader.next()? {
        let (what, damage) = match &piece {
            Piece::Record(record) => {
                let understood = reading.read(record);
                let kind = Kind::of(&understood.meaning);
                if args.wants(record.micros, kind, &understood.meaning) {
                    summary.add(record, &understood);
                    let (entity, hex) = (args.entity.map(EntityId), args.hex);
                    match (is_line, args.json) {
                        (false, _) => {}
                        (true, true) => {
                            let line = json::record(number, record, &understood, entity, hex);
                            writeln!(out, "{line}")?;
                        }
                        (true, false) => {
                            let lines = text::record(record, &understood, entity, hex);
                            out.write_all(lines.as_bytes())?;
                        }
                    }
                }
                number += 1;
                if reader.is_drained() {
                    // Somebody may be recording at the other end.
                    out.flush()?;
                }
                continue;
            }
            Piece::Damaged(damage) => ("damaged", damage),
            Piece::Cut(damage) => ("cut off", damage),
        };
        summary.damage(matches!(piece, Piece::Cut(_)));
        reading.gap();
        match (is_line, args.json) {
            (false, _) => {}
            (true, true) => writeln!(out, "{}", json::damage(what, damage))?,
            (true, false) => out.write_all(text::damage(what, damage).as_bytes())?,
        }
    }
    if let (Opening::Damaged(why), 0) = (opening, number) {
        return Err(io::Error::other(format!("this is no recording: {why}")));
    }
    let good = summary.is_good();
    match (args.summary, args.json) {
        (true, true) => writeln!(out, "{}", summary.json())?,
        (true, false) => out.write_all(summary.text().as_bytes())?,
        (false, _) => {}
    }
    Ok(good)
}

impl ShowArgs {
    /// Whether this message is to be shown.
    fn wants<W: Wire>(&self, micros: u64, kind: Kind, meaning: &Meaning<W>) -> bool {
        let in_time =
            self.from.is_none_or(|from| micros >= from) && self.to.is_none_or(|to| micros <= to);
        let of_kind = self.only.is_empty() || self.only.contains(&kind);
        let of_entity = match (self.entity, meaning) {
            (None, _) => true,
            (Some(id), Meaning::Snapshot(seen)) => seen.tells_of(EntityId(id)),
            (Some(_), _) => false,
        };
        in_time && of_kind && of_entity
    }
}

/// Seconds as µs.
fn seconds(text: &str) -> Result<u64, String> {
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok((seconds * 1e6).round() as u64),
        _ => Err("seconds are needed, for instance 2.5".into()),
    }
}
