//! A snapshot as text: its own line, and below it its parts, cells and entries.

use super::INDENT;
use crate::show::arena;
use crate::show::snapshot::{Cell, Check, Entry, Fate, Seen};
use downbeat_protocol::arena::Own;
use downbeat_protocol::message::Wire;
use downbeat_protocol::{EntityId, Replicate};
use std::any::Any;
use std::fmt::{Debug, Write};

/// A snapshot's own line.
pub(super) fn head<W: Wire>(seen: &Seen<W>, text: &mut String) {
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

/// What stands below it: all of it, or only what concerns `entity`.
pub(super) fn below<W: Wire>(
    seen: &Seen<W>,
    bytes: usize,
    entity: Option<EntityId>,
    text: &mut String,
) {
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
