//! Messages as text: one line each, and below it what a snapshot says.
//!
//! Text that a peer chose is escaped, so that no recording speaks to a terminal.
//! Called by `show`.

use super::arena;
use super::hex;
use super::reading::{Meaning, Understood};
use super::snapshot::{Cell, Check, Entry, Fate, Seen};
use crate::tape::What;
use crate::tape::read::{Damage, Opening, Record};
use downbeat_protocol::arena::{Event, Input, Own, Rules};
use downbeat_protocol::message::{Hello, Wire};
use downbeat_protocol::{ClientMessage, EntityId, Reason, Replicate};
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
        snapshot(seen, record.body.len(), entity, &mut text);
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
            head(seen, text);
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

/// A snapshot's own line.
fn head<W: Wire>(seen: &Seen<W>, text: &mut String) {
    text.push_str("snapshot  ");
    let _ = match seen.tick {
        Some(tick) => write!(text, "{tick} (+{})", seen.elapsed),
        None => write!(text, "+{}", seen.elapsed),
    };
    let _ = match seen.applied {
        Some(applied) => write!(text, "  applied {applied} (+{})", seen.applied_step),
        None => write!(text, "  applied +{}", seen.applied_step),
    };
    let _ = write!(text, "  waiting {}", seen.waiting);
    if let Some(pace) = seen.pace {
        let _ = write!(text, "  pace {} ticks, step {}", pace.ticks, pace.step);
    }
    if seen.reset {
        text.push_str("  reset");
    }
    if let Some(sight) = seen.sight {
        let _ = write!(text, "  {sight} in sight");
    }
    let _ = match seen.checksum {
        Check::None => Ok(()),
        Check::Unknown(sum) => write!(text, "  checksum {sum:#010x} ?"),
        Check::Right(sum) => write!(text, "  checksum {sum:#010x} ✓"),
        Check::Wrong { expected, got } => {
            write!(
                text,
                "  checksum {expected:#010x} ✗, here it is {got:#010x}"
            )
        }
    };
}

/// What stands below it.
fn snapshot<W: Wire>(seen: &Seen<W>, bytes: usize, entity: Option<EntityId>, text: &mut String) {
    if entity.is_none() {
        parts(seen, bytes, text);
        if let Some((old, new)) = &seen.own {
            own(old.as_ref(), new, text);
        }
        if !seen.hidden.is_empty() {
            let cells: Vec<_> = seen.hidden.iter().map(|cell| format!("c{cell}")).collect();
            let _ = writeln!(text, "{INDENT}hidden    {}", cells.join(" "));
        }
    }
    for cell in &seen.cells {
        let entries = cell
            .entries
            .iter()
            .filter(|entry| entity.is_none() || entry.id == entity);
        let mut lines = String::new();
        for entry in entries {
            self::entry(entry, cell.keyframe, &mut lines);
        }
        if entity.is_none() || !lines.is_empty() {
            self::cell(cell, text);
        }
        text.push_str(&lines);
    }
}

fn parts<W: Wire>(seen: &Seen<W>, bytes: usize, text: &mut String) {
    let rest = seen.header_bytes + seen.own_bytes + seen.checksum_bytes + seen.hidden_bytes;
    let _ = writeln!(
        text,
        "{INDENT}bytes     header {}, own {}, checksum {}, hidden {}, cells {}",
        seen.header_bytes,
        seen.own_bytes,
        seen.checksum_bytes,
        seen.hidden_bytes,
        bytes.saturating_sub(rest)
    );
}

fn own<O: Any + Debug>(old: Option<&O>, new: &O, text: &mut String) {
    let Some(known) = arena::known::<Own>(new) else {
        let _ = match old {
            Some(old) => writeln!(text, "{INDENT}own       {old:?} → {new:?}"),
            None => writeln!(text, "{INDENT}own       {new:?}"),
        };
        return;
    };
    arena_own(old.and_then(|old| arena::known(old)), known, text);
}

fn arena_own(old: Option<&Own>, new: &Own, text: &mut String) {
    let mut said = Vec::new();
    let numbers = |own: &Own| {
        [
            ("score", own.score),
            ("kills", own.kills),
            ("deaths", own.deaths),
        ]
    };
    for (index, (field, now)) in numbers(new).into_iter().enumerate() {
        match old.map(|old| numbers(old)[index].1) {
            Some(before) if before == now => {}
            Some(before) => said.push(format!("{field} {before} → {now}")),
            None => said.push(format!("{field} {now}")),
        }
    }
    if old.is_none_or(|old| old.status != new.status) {
        said.push(arena::status(new.status));
    }
    if said.is_empty() {
        said.push("as before".into());
    }
    let _ = writeln!(text, "{INDENT}own       {}", said.join(", "));
}

fn cell<E: Replicate>(cell: &Cell<E>, text: &mut String) {
    let number = cell.cell.map_or("c?".into(), |cell| format!("c{cell}"));
    let count = |fate: fn(&Fate<E>) -> bool| cell.entries.iter().filter(|e| fate(&e.fate)).count();
    let entered = count(|fate| matches!(fate, Fate::Entered(_)));
    let _ = match cell.keyframe {
        true => writeln!(
            text,
            "{INDENT}{number:<9} keyframe of {entered}, {} B",
            cell.bytes
        ),
        false => writeln!(
            text,
            "{INDENT}{number:<9} delta: {} left, {} changed, {entered} entered, {} B",
            count(|fate| matches!(fate, Fate::Left(_))),
            count(|fate| matches!(fate, Fate::Changed { .. })),
            cell.bytes
        ),
    };
}

fn entry<E: Replicate>(entry: &Entry<E>, keyframe: bool, text: &mut String) {
    let id = entry.id.map_or("e?".into(), |id| id.to_string());
    let at = entry
        .index
        .map_or(String::new(), |index| format!(" [{index}]"));
    let id = format!("{id}{at}");
    let _ = match &entry.fate {
        Fate::Left(entity) => {
            let label = entity.as_ref().map_or("not there".into(), arena::label);
            let why = if keyframe {
                "  not in the keyframe"
            } else {
                ""
            };
            writeln!(text, "{INDENT}- {id:<12} {label}{why}")
        }
        Fate::Changed {
            values: Some((old, new)),
            ..
        } => {
            let fields = arena::fields(old).into_iter().zip(arena::fields(new));
            let changed = fields.filter(|(old, new)| old.1 != new.1);
            let changed: Vec<_> = changed
                .map(|((field, old), (_, new))| {
                    let (old, new) = (arena::value(field, old), arena::value(field, new));
                    format!("{field} {old} → {new}")
                })
                .collect();
            let (label, changed) = match changed.is_empty() {
                true => (format!("{old:?} → {new:?}"), String::new()),
                false => (arena::label(new), format!("  {}", changed.join(", "))),
            };
            writeln!(text, "{INDENT}~ {id:<12} {label}{changed}")
        }
        Fate::Changed {
            values: None,
            fields,
        } => {
            let fields: Vec<_> = fields.iter().skip(1).map(|(field, _)| *field).collect();
            let fields = fields.join(", ");
            writeln!(
                text,
                "{INDENT}~ {id:<12} does not fit what is there: {fields}"
            )
        }
        Fate::Entered(entity) => {
            let fields: Vec<_> = arena::fields(entity)
                .into_iter()
                .map(|(field, value)| format!("{field} {}", arena::value(field, value)))
                .collect();
            let mut fields = fields.join(", ");
            if !fields.is_empty() {
                fields.insert_str(0, "  ");
            }
            let label = arena::label(entity);
            writeln!(text, "{INDENT}+ {id:<12} {label}{fields}")
        }
    };
}
