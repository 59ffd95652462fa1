//! Messages as JSON, one object per line, for scripts.
//!
//! Names and numbers are those of docs/protocol.md. Secrets are left out. Called by
//! `show`.

use super::arena;
use super::reading::{Meaning, Understood};
use super::snapshot::{Cell, Check, Entry, Fate, Seen};
use crate::tape::What;
use crate::tape::read::{Damage, Opening, Record};
use downbeat_protocol::arena::{Entity, Event, Own, Status};
use downbeat_protocol::message::{Hello, Wire};
use downbeat_protocol::{ClientMessage, EntityId, Replicate};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::any::Any;

/// What the file says about itself.
pub(super) fn opening(opening: &Opening) -> Value {
    match opening {
        Opening::Whole(about) => json!({ "kind": "recording", "about": about }),
        Opening::Damaged(why) => json!({ "kind": "recording", "damaged": why }),
    }
}

/// A place that cannot be read.
pub(super) fn damage(what: &str, damage: &Damage) -> Value {
    json!({ "kind": what, "offset": damage.offset, "length": damage.length, "hex": hex(&damage.bytes) })
}

/// A record; of a snapshot only what concerns `entity`, if one is given.
pub(super) fn record<W: Wire>(
    number: u64,
    record: &Record,
    understood: &Understood<W>,
    entity: Option<EntityId>,
    with_bytes: bool,
) -> Value {
    let from = match record.what {
        What::Client | What::ClientClose => "client",
        What::Server | What::ServerClose => "server",
        What::Lost => "nobody",
    };
    let mut line = json!({
        "n": number,
        "us": record.micros,
        "from": from,
        "bytes": record.body.len(),
        "kind": super::Kind::of(&understood.meaning).name(),
    });
    let body = match &understood.meaning {
        Meaning::Snapshot(seen) => snapshot(seen, entity),
        other => meaning(other),
    };
    if let (Some(line), Value::Object(mut body)) = (line.as_object_mut(), body) {
        line.append(&mut body);
        if !understood.remarks.is_empty() {
            line.insert("remarks".into(), json!(understood.remarks));
        }
        if with_bytes || matches!(understood.meaning, Meaning::Undecodable(_)) {
            line.insert("hex".into(), json!(hex(&record.body)));
        }
    }
    line
}

fn meaning<W: Wire>(meaning: &Meaning<W>) -> Value {
    match meaning {
        Meaning::Client(message) => client(message),
        Meaning::Welcome(welcome) => json!({
            "player": welcome.player,
            "tick": welcome.tick,
            "applied": welcome.applied,
            "tick_rate": welcome.tick_rate,
            "snapshot_rate": welcome.snapshot_rate,
            "room": welcome.room,
            "name": welcome.name,
            "rules": welcome.rules,
        }),
        Meaning::Snapshot(seen) => snapshot(seen, None),
        Meaning::Event(event) => self::event(event),
        Meaning::Pong { nonce, after } => json!({ "nonce": nonce, "after_us": after }),
        Meaning::Bye {
            code,
            text,
            retry_after_ms,
        } => json!({ "code": code, "text": text, "retry_after_ms": retry_after_ms }),
        Meaning::Close { code, text } => json!({ "code": code, "text": text }),
        Meaning::Lost(text) => json!({ "text": text }),
        Meaning::Undecodable(finding) => json!({
            "as": finding.kind,
            "error": finding.error,
            "offset": finding.offset,
            "field": finding.field,
        }),
    }
}

fn client<I: Serialize>(message: &ClientMessage<I>) -> Value {
    match message {
        ClientMessage::Hello(hello) | ClientMessage::Watch(hello) => self::hello(hello),
        ClientMessage::Input {
            seq,
            tick,
            received,
            input,
        } => json!({ "seq": seq, "tick": tick, "received": received, "input": input }),
        ClientMessage::Ping { nonce, received } => {
            json!({ "nonce": nonce, "received": received })
        }
        ClientMessage::Follow { player } => json!({ "player": player }),
    }
}

fn hello(hello: &Hello) -> Value {
    json!({
        "version": hello.version,
        "schema": hello.schema,
        "room": hello.room,
        "name": hello.name,
        "token": hello.token.is_some(),
        "resume": hello.resume.is_some(),
    })
}

fn event<E: Any + Serialize>(event: &E) -> Value {
    let Some(known) = arena::known::<Event>(event) else {
        return json!({ "event": event });
    };
    match known {
        Event::Leaderboard { players, rows } => {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({ "player": row.player, "name": row.name.as_str(), "score": row.score })
                })
                .collect();
            json!({ "event": "leaderboard", "players": players, "rows": rows })
        }
        Event::Radar { blips } => json!({ "event": "radar", "blips": blips }),
        Event::Kill { victim } => json!({ "event": "kill", "victim": victim.as_str() }),
        Event::Death { by } => json!({ "event": "death", "by": by.as_str() }),
    }
}

fn snapshot<W: Wire>(seen: &Seen<W>, entity: Option<EntityId>) -> Value {
    let checksum = match seen.checksum {
        Check::None => Value::Null,
        Check::Unknown(told) => json!({ "told": told }),
        Check::Right(sum) => json!({ "told": sum, "right": true }),
        Check::Wrong { expected, got } => json!({ "told": expected, "here": got, "right": false }),
    };
    let cells = seen.cells.iter().map(|cell| self::cell(cell, entity));
    let cells: Vec<_> = cells.flatten().collect();
    json!({
        "tick": seen.tick,
        "elapsed": seen.elapsed,
        "applied": seen.applied,
        "applied_step": seen.applied_step,
        "waiting": seen.waiting,
        "pace": seen.pace,
        "own": seen.own.as_ref().map(|(_, own)| self::own(own)),
        "checksum": checksum,
        "reset": seen.reset,
        "hidden": seen.hidden,
        "cells": cells,
        "sight": seen.sight,
        "bytes_of": {
            "header": seen.header_bytes,
            "own": seen.own_bytes,
            "checksum": seen.checksum_bytes,
            "hidden": seen.hidden_bytes,
        },
    })
}

fn own<O: Any + Serialize>(own: &O) -> Value {
    let Some(own) = arena::known::<Own>(own) else {
        return json!(own);
    };
    let status = match own.status {
        Status::Flying { ship } => json!({ "flying": ship }),
        Status::Waiting { until } => json!({ "waiting_until": until }),
    };
    json!({ "score": own.score, "kills": own.kills, "deaths": own.deaths, "status": status })
}

fn cell<E: Replicate>(cell: &Cell<E>, entity: Option<EntityId>) -> Option<Value> {
    let (mut left, mut changed, mut entered) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &cell.entries {
        if entity.is_some() && entry.id != entity {
            continue;
        }
        match &entry.fate {
            Fate::Left(_) => left.push(json!({ "index": entry.index, "id": entry.id })),
            Fate::Changed { values, .. } => changed.push(self::changed(entry, values.as_ref())),
            Fate::Entered(entity) => entered.push(self::entered(entry, entity)),
        }
    }
    if entity.is_some() && left.len() + changed.len() + entered.len() == 0 {
        return None;
    }
    let change = if cell.keyframe { "keyframe" } else { "delta" };
    Some(json!({
        "cell": cell.cell,
        "change": change,
        "bytes": cell.bytes,
        "left": left,
        "changed": changed,
        "entered": entered,
    }))
}

/// Each field that is not as predicted: what it was, and what it is.
fn changed<E: Replicate>(entry: &Entry<E>, values: Option<&(E, E)>) -> Value {
    let fields: Map<String, Value> = values
        .into_iter()
        .flat_map(|(old, new)| arena::fields(old).into_iter().zip(arena::fields(new)))
        .filter(|(old, new)| old.1 != new.1)
        .map(|((field, old), (_, new))| (field.to_owned(), json!([old, new])))
        .collect();
    let kind = values.map(|(_, new)| arena::kind(new));
    let mut line =
        json!({ "index": entry.index, "id": entry.id, "bytes": entry.bytes, "kind": kind });
    match values {
        Some((old, new)) if arena::known::<Entity>(new).is_none() => {
            line["entity"] = json!([old, new]);
        }
        _ => line["fields"] = json!(fields),
    }
    line
}

fn entered<E: Replicate>(entry: &Entry<E>, entity: &E) -> Value {
    let mut line = json!({ "id": entry.id, "bytes": entry.bytes, "kind": arena::kind(entity) });
    let Some(known) = arena::known::<Entity>(entity) else {
        line["entity"] = json!(entity);
        return line;
    };
    let mut fields: Map<String, Value> = arena::fields(entity)
        .into_iter()
        .map(|(field, value)| (field.to_owned(), json!(value)))
        .collect();
    match known {
        Entity::Ship(ship) => {
            fields.insert("player".into(), json!(ship.player));
            fields.insert("name".into(), json!(ship.name.as_str()));
        }
        Entity::Shot(shot) => {
            fields.insert("player".into(), json!(shot.player));
        }
        Entity::Pickup(pickup) => {
            fields.insert("pickup".into(), json!(arena::pickup_kind(pickup.kind)));
        }
    }
    line["fields"] = json!(fields);
    line
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
