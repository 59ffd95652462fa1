//! The arena's things, by the names that docs/protocol.md gives them.
//!
//! Owns what fields there are, in which order differences name them, and how
//! bits are spelled. Numbers are as on the wire. The things of other games are
//! printed as their own code does (`Debug`, and serde in JSON); which is which is
//! found out here. Called by all that print.

use downbeat_protocol::Replicate;
use downbeat_protocol::arena::{Entity, PickupKind, Status, controls, effects};
use downbeat_protocol::codec::decode_prefix;
use std::any::{Any, TypeId};

/// The same, if it is one of the arena's.
pub(super) fn known<T: 'static>(thing: &dyn Any) -> Option<&T> {
    thing.downcast_ref()
}

/// Fields by the bits of a difference.
pub(super) const DIFF_FIELDS: [&str; 9] = [
    "controls", "heading", "vx", "vy", "aim", "health", "effects", "x", "y",
];

/// What else takes bytes in a difference.
pub(super) const MASK: &str = "mask";
/// A difference of another game.
pub(super) const DIFFERENCE: &str = "difference";

/// What kind of thing it is.
pub(super) fn kind<E: Replicate>(entity: &E) -> &'static str {
    match known(entity) {
        Some(Entity::Ship(_)) => "ship",
        Some(Entity::Shot(_)) => "shot",
        Some(Entity::Pickup(_)) => "pickup",
        None => "entity",
    }
}

/// The thing's numbers; none if it is of another game.
pub(super) fn fields<E: Replicate>(entity: &E) -> Vec<(&'static str, i64)> {
    let Some(entity) = known::<Entity>(entity) else {
        return Vec::new();
    };
    match entity {
        Entity::Ship(ship) => vec![
            ("x", ship.x.into()),
            ("y", ship.y.into()),
            ("vx", ship.vx.into()),
            ("vy", ship.vy.into()),
            ("heading", ship.heading.into()),
            ("aim", ship.aim.into()),
            ("controls", ship.controls.into()),
            ("health", ship.health.into()),
            ("effects", ship.effects.into()),
        ],
        Entity::Shot(shot) => vec![
            ("x", shot.x.into()),
            ("y", shot.y.into()),
            ("vx", shot.vx.into()),
            ("vy", shot.vy.into()),
        ],
        Entity::Pickup(pickup) => vec![("x", pickup.x.into()), ("y", pickup.y.into())],
    }
}

/// Whose it is, or what: what does not change. All of it if it is of another game.
pub(super) fn label<E: Replicate>(entity: &E) -> String {
    let Some(known) = known::<Entity>(entity) else {
        return format!("{entity:?}");
    };
    match known {
        Entity::Ship(ship) => format!("ship {} {:?}", ship.player, ship.name.as_str()),
        Entity::Shot(shot) => format!("shot of {}", shot.player),
        Entity::Pickup(pickup) => format!("pickup {}", pickup_kind(pickup.kind)),
    }
}

pub(super) fn pickup_kind(kind: PickupKind) -> &'static str {
    match kind {
        PickupKind::Repair => "repair",
        PickupKind::Rapid => "rapid",
        PickupKind::Shield => "shield",
    }
}

/// A value as people read it: bits by their names.
pub(super) fn value(field: &str, value: i64) -> String {
    match field {
        "controls" => bits(value, &CONTROLS),
        "effects" => bits(value, &EFFECTS),
        _ => value.to_string(),
    }
}

const CONTROLS: [(u8, &str); 6] = [
    (controls::THRUST, "thrust"),
    (controls::LEFT, "left"),
    (controls::RIGHT, "right"),
    (controls::AIM, "aim"),
    (controls::BRAKE, "brake"),
    (controls::FIRE, "fire"),
];
const EFFECTS: [(u8, &str); 3] = [
    (effects::DRONE, "drone"),
    (effects::SHIELD, "shield"),
    (effects::RAPID, "rapid"),
];

fn bits(value: i64, names: &[(u8, &str)]) -> String {
    let set = names
        .iter()
        .filter(|(bit, _)| value & i64::from(*bit) != 0)
        .map(|(_, name)| *name);
    let set = set.collect::<Vec<_>>().join("+");
    let named = names.iter().fold(0, |all, (bit, _)| all | i64::from(*bit));
    match (set.is_empty(), value & !named) {
        (true, 0) => "none".into(),
        (false, 0) => set,
        (_, other) => format!("{set}+{other:#x}"),
    }
}

pub(super) fn status(status: Status) -> String {
    match status {
        Status::Flying { ship } => format!("flying {ship}"),
        Status::Waiting { until } => format!("waiting until {until}"),
    }
}

/// The bytes that each field of an encoded difference takes, and its mask. Of
/// another game's, all are one.
pub(super) fn diff_bytes<E: Replicate>(bytes: &[u8]) -> Vec<(&'static str, usize)> {
    if TypeId::of::<E>() != TypeId::of::<Entity>() {
        return vec![(DIFFERENCE, bytes.len())];
    }
    let Ok((mask, mut rest)) = decode_prefix::<u16>(bytes) else {
        return Vec::new();
    };
    let mut sizes = vec![(MASK, bytes.len() - rest.len())];
    for (field, name) in DIFF_FIELDS.iter().enumerate() {
        if mask & (1 << field) != 0 {
            let Ok((_, after)) = decode_prefix::<i32>(rest) else {
                break;
            };
            sizes.push((name, rest.len() - after.len()));
            rest = after;
        }
    }
    sizes
}
