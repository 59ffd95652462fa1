//! Messages as text: one line each, and below it what a snapshot says (`snapshot`).
//!
//! Text that a peer chose is escaped, so that no recording speaks to a terminal.
//! Called by `show`.

mod snapshot;

use super::arena;
use super::hex;
use super::reading::{Meaning, Understood};
use crate::tape::What;
use crate::tape::read::{Damage, Opening, Record};
use downbeat_protocol::arena::{Event, Input, Rules};
use downbeat_protocol::message::{Hello, Wire};
use downbeat_protocol::{ClientMessage, EntityId, Reason};
use std::any::Any;
use std::fmt::{self, Debug, Write};

/// Bytes of an undecodable message that are shown at most.
const HEX_MOST: usize = 256;
/// Before what belongs to the line above.
const INDENT: &str = "                   ";

/// What the file says about itself.
pub(super) fn opening(opening: &Opening) -> String {
    match opening {
        Opening::Whole(about) => format!(
            "recording of {} (protocol {}) at {}, {}, by {}\n\
             → said by the client, ← by the server; changed: as predicted → as it is\n\n",
            about.game.escape_debug(),
            about.protocol,
            about.url.escape_debug(),
            about.date.escape_debug(),
            about.client.escape_debug(),
        ),
        Opening::Damaged(why) => format!("recording, damaged: {why}\n\n"),
    }
}

/// A place that cannot be read.
pub(super) fn damage(what: &str, damage: &Damage) -> String {
    let Damage {
        offset,
        length,
        bytes,
    } = damage;
    let mut text = format!("✗ {what}: {length} B at {offset} in the file\n");
    indent(&hex::dump(bytes, *offset, HEX_MOST, None), &mut text);
    text
}

/// A record; of a snapshot only what concerns `entity`, if one is given.
pub(super) fn record<W: Wire>(
    record: &Record,
    understood: &Understood<W>,
    entity: Option<EntityId>,
    with_bytes: bool,
) -> String {
    let arrow = match record.what {
        What::Client | What::ClientClose => "→",
        What::Server | What::ServerClose => "←",
        What::Lost => "✗",
    };
    let mut text = format!(
        "{:>4}.{:06} {arrow} {:>5} ",
        record.micros / 1_000_000,
        record.micros % 1_000_000,
        record.body.len()
    );
    meaning(&understood.meaning, &mut text);
    text.push('\n');
    for remark in &understood.remarks {
        let _ = writeln!(text, "{INDENT}! {remark}");
    }
    if let Meaning::Snapshot(seen) = &understood.meaning {
        snapshot::below(seen, record.body.len(), entity, &mut text);
    }
    let mark = match &understood.meaning {
        Meaning::Undecodable(finding) => Some(finding.offset),
        _ => None,
    };
    if mark.is_some() || with_bytes {
        indent(&hex::dump(&record.body, 0, HEX_MOST, mark), &mut text);
    }
    text
}

fn indent(lines: &str, text: &mut String) {
    for line in lines.lines() {
        let _ = writeln!(text, "{INDENT}{line}");
    }
}

// Writing to a string does not fail.
fn meaning<W: Wire>(meaning: &Meaning<W>, text: &mut String) {
    let _ = match meaning {
        Meaning::Client(message) => {
            client(message, text);
            Ok(())
        }
        Meaning::Welcome(welcome) => {
            write!(
                text,
                "welcome   {} {:?}  room {:?}  {}  applied {}  tick rate {}  snapshot rate {}  resume …  rules: ",
                welcome.player,
                welcome.name,
                welcome.room,
                welcome.tick,
                welcome.applied,
                welcome.tick_rate,
                welcome.snapshot_rate,
            )
            .and_then(|()| rules(&welcome.rules, text))
        }
        Meaning::Snapshot(seen) => {
            snapshot::head(seen, text);
            Ok(())
        }
        Meaning::Event(event) => {
            text.push_str("event     ");
            self::event(event, text);
            Ok(())
        }
        Meaning::Pong { nonce, after } => match after {
            Some(micros) => write!(
                text,
                "pong      nonce {nonce}  after {:.3} ms",
                *micros as f64 / 1000.0
            ),
            None => write!(text, "pong      nonce {nonce}"),
        },
        Meaning::Bye {
            code,
            text: why,
            retry_after_ms,
        } => {
            let retry = retry_after_ms.map_or(String::new(), |ms| format!("  retry after {ms} ms"));
            write!(text, "bye       {}  {why:?}{retry}", reason(*code))
        }
        Meaning::Close {
            code: Some(code),
            text: why,
        } => write!(text, "close     {}  {why:?}", reason(*code)),
        Meaning::Close { code: None, .. } => write!(text, "close     without a code"),
        Meaning::Lost(why) => write!(text, "lost      {}", why.escape_debug()),
        Meaning::Undecodable(finding) => write!(
            text,
            "✗ cannot be decoded{}: {} at byte {}, in {}",
            finding
                .kind
                .map_or(String::new(), |kind| format!(" as {kind}")),
            finding.error.escape_debug(),
            finding.offset,
            finding.field
        ),
    };
}

fn rules<R: Any + Debug>(rules: &R, text: &mut String) -> fmt::Result {
    let Some(known) = arena::known::<Rules>(rules) else {
        return write!(text, "{rules:?}");
    };
    write!(
        text,
        "size {}, turn {}, thrust {}, drag {}, brake {}",
        known.size, known.turn, known.thrust, known.drag, known.brake,
    )
}

fn reason(code: u16) -> String {
    match Reason::from_code(code) {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

fn client<I: Any + Debug>(message: &ClientMessage<I>, text: &mut String) {
    let _ = match message {
        ClientMessage::Hello(hello) => {
            text.push_str("hello     ");
            self::hello(hello, text)
        }
        ClientMessage::Watch(hello) => {
            text.push_str("watch     ");
            self::hello(hello, text)
        }
        ClientMessage::Input {
            seq,
            tick,
            received,
            input,
        } => {
            let _ = write!(text, "input     {seq}  for {tick}  received {received}  ");
            match arena::known::<Input>(input) {
                Some(input) => {
                    let controls = arena::value("controls", input.controls.into());
                    write!(text, "{controls}  aim {}", input.aim)
                }
                None => write!(text, "{input:?}"),
            }
        }
        ClientMessage::Ping { nonce, received } => {
            write!(text, "ping      nonce {nonce}  received {received}")
        }
        ClientMessage::Follow { player } => match player {
            Some(player) => write!(text, "follow    {player}"),
            None => write!(text, "follow    nobody: everything"),
        },
    };
}

fn hello(hello: &Hello, text: &mut String) -> fmt::Result {
    write!(
        text,
        "version {}  schema {:#010x}  room {:?}  name {:?}  token {}  resume {}",
        hello.version,
        hello.schema,
        hello.room,
        hello.name,
        hello.token.as_ref().map_or("none", |_| "…"),
        hello.resume.map_or("none", |_| "…"),
    )
}

fn event<E: Any + Debug>(event: &E, text: &mut String) {
    let Some(known) = arena::known::<Event>(event) else {
        let _ = write!(text, "{event:?}");
        return;
    };
    let _ = match known {
        Event::Leaderboard { players, rows } => {
            let rows = rows
                .iter()
                .map(|row| format!("{} {:?} {}", row.player, row.name.as_str(), row.score));
            let rows = rows.collect::<Vec<_>>().join(", ");
            write!(text, "leaderboard  {players} players: {rows}")
        }
        Event::Radar { blips } => {
            let drones = blips.iter().filter(|blip| blip.drone).count();
            let ships = blips.len() - drones;
            write!(text, "radar  {ships} ships, {drones} drones")
        }
        Event::Kill { victim } => write!(text, "kill  {:?}", victim.as_str()),
        Event::Death { by } => write!(text, "death  by {:?}", by.as_str()),
    };
}
