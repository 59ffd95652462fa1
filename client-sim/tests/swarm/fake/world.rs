//! What one client of the fake server sees: five ships and what becomes of them.

use downbeat_protocol::arena::{Entity, Input, Name, Own, Rules, Ship, Status, controls};
use downbeat_protocol::codec::{FNV_START, fnv1a};
use downbeat_protocol::mirror::add_cell;
use downbeat_protocol::snapshot::{
    DeltaWriter, Header, put_entities, write_keyframe, write_snapshot,
};
use downbeat_protocol::{CellId, EntityId, PlayerId, Replicate, Seq};
use std::collections::VecDeque;

/// Ships that each player sees.
pub(crate) const SHIPS: usize = 5;
/// The cell they are in.
const CELL: CellId = CellId(3);

/// What one player sees.
pub(super) struct World {
    rules: Rules,
    entities: Vec<(EntityId, Entity)>,
    pub(super) inputs: VecDeque<(Seq, Input)>,
    applied: Seq,
    /// Snapshots made.
    pub(super) count: u32,
    writer: DeltaWriter,
    /// `None` for a spectator.
    score: Option<u32>,
}

impl World {
    pub(super) fn new(player: PlayerId, score: u32, rules: Rules) -> Self {
        // Among the ships that a spectator sees are those of players.
        let watches = player == PlayerId(0);
        let entities = (1..=SHIPS as u32).map(|id| {
            let ship = Ship {
                x: 256 * (1000 + 300 * id as i32),
                y: 256 * 2000,
                vx: 40,
                vy: -40,
                heading: 0,
                aim: 0,
                controls: 0,
                health: 100,
                effects: 0,
                player: match id {
                    _ if watches => PlayerId(id),
                    1 => player,
                    _ => PlayerId(0),
                },
                name: Name::new("ship"),
            };
            (EntityId(id), Entity::Ship(ship))
        });
        Self {
            rules,
            entities: entities.collect(),
            inputs: VecDeque::new(),
            applied: Seq(0),
            count: 0,
            writer: DeltaWriter::default(),
            score: (!watches).then_some(score),
        }
    }

    /// The next tick's snapshot. Inputs stay until more than `delay` wait.
    pub(super) fn tick(&mut self, delay: usize, is_wrong: bool) -> Vec<u8> {
        for (_, entity) in &mut self.entities {
            entity.predict(&self.rules);
        }
        let predicted = self.entities.clone();
        let before = self.applied;
        if self.inputs.len() > delay
            && let Some((seq, input)) = self.inputs.pop_front()
        {
            self.applied = seq;
            if let Entity::Ship(ship) = &mut self.entities[0].1 {
                ship.controls = input.controls & controls::MOTION;
                ship.aim = input.aim;
            }
        }

        let is_first = self.count == 0;
        self.count += 1;
        let mut change = Vec::new();
        let has_changed = if is_first {
            write_keyframe(&self.entities, &mut change).unwrap();
            true
        } else {
            self.writer
                .write(&predicted, &self.entities, &mut change)
                .unwrap()
        };
        let own = self.score.filter(|_| is_first).map(|score| Own {
            score,
            kills: 2,
            deaths: 0,
            status: Status::Flying { ship: EntityId(1) },
        });
        let checksum =
            (self.count.is_multiple_of(5)).then(|| self.checksum() ^ u32::from(is_wrong));
        let header = Header {
            elapsed: 1,
            applied: self.applied.since(before),
            waiting: self.inputs.len() as u32,
            pace: None,
            own: own.as_ref(),
            checksum,
            reset: is_first,
        };
        let cells: &[_] = if has_changed {
            &[(CELL, &change[..])]
        } else {
            &[]
        };
        let mut bytes = Vec::new();
        write_snapshot(header, &[], cells.iter().copied(), &mut bytes).unwrap();
        bytes
    }

    fn checksum(&self) -> u32 {
        let mut bytes = Vec::new();
        put_entities(&self.entities, &mut bytes).unwrap();
        add_cell(FNV_START, CELL, fnv1a(FNV_START, &bytes))
    }
}
