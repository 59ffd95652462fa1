//! A small arena that is played by numbers, and what one player is told of it by
//! the real writer: the truth that mirrors are held against.

use super::Numbers;
use downbeat_protocol::arena::{
    Entity, Name, Own, Pickup, PickupKind, Rules, Ship, Shot, Status, controls,
};
use downbeat_protocol::codec::{FNV_START, fnv1a};
use downbeat_protocol::mirror::add_cell;
use downbeat_protocol::snapshot::{
    DeltaWriter, Header, put_entities, write_keyframe, write_snapshot,
};
use downbeat_protocol::{CellId, EntityId, PlayerId, Replicate, Tick};
use std::collections::{BTreeMap, BTreeSet};

/// Entities by cell and then by id; no cell is empty.
pub(crate) type Cells = BTreeMap<CellId, Vec<(EntityId, Entity)>>;

/// Cells along a side of the plane.
const GRID: i32 = 5;
const SHIPS: u32 = 8;

/// What makes one history differ from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) tick_rate: u32,
    pub(crate) start: Tick,
    /// Of 100 ticks, how many pass without a snapshot.
    pub(crate) skips: u32,
    /// Of 100 snapshots, how many start over.
    pub(crate) resets: u32,
    /// Of 100 ticks, how many make the viewer jump elsewhere.
    pub(crate) jumps: u32,
}

/// The arena, its viewer, and what the viewer holds.
pub(crate) struct History {
    plan: Plan,
    numbers: Numbers,
    pub(crate) rules: Rules,
    pub(crate) tick: Tick,
    entities: BTreeMap<EntityId, Entity>,
    next_id: u32,
    eye: (i32, i32),
    view: BTreeSet<CellId>,
    held: Cells,
    elapsed: u32,
    writer: DeltaWriter,
}

/// One snapshot and what must be seen after it.
pub(crate) struct Told {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tick: Tick,
    pub(crate) seen: Cells,
    pub(crate) checksum: u32,
}

impl History {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut history = Self {
            plan,
            numbers: Numbers(plan.seed),
            rules: Rules::new(plan.tick_rate, 1000),
            tick: plan.start,
            entities: BTreeMap::new(),
            next_id: 1,
            eye: (2, 2),
            view: BTreeSet::new(),
            held: Cells::new(),
            elapsed: 0,
            writer: DeltaWriter::default(),
        };
        for player in 1..=SHIPS {
            let ship = history.new_ship(player);
            history.add(ship);
        }
        history
    }

    /// Plays ticks until a snapshot is due, and gives it.
    pub(crate) fn next(&mut self) -> Told {
        loop {
            self.step();
            if self.numbers.below(100) >= self.plan.skips {
                return self.tell();
            }
        }
    }

    fn add(&mut self, entity: Entity) {
        self.entities.insert(EntityId(self.next_id), entity);
        self.next_id += 1 + self.numbers.below(3);
    }

    fn new_ship(&mut self, player: u32) -> Entity {
        Entity::Ship(Ship {
            x: self.numbers.between(0, self.rules.size),
            y: self.numbers.between(0, self.rules.size),
            vx: self.numbers.between(-1600, 1600),
            vy: self.numbers.between(-1600, 1600),
            heading: self.numbers.below(4096) as u16,
            aim: 0,
            controls: 0,
            health: 100,
            effects: 0,
            player: PlayerId(player),
            name: Name::new(["Ada", "Zoë", "", "0123456789abcdef"][player as usize % 4]),
        })
    }

    fn step(&mut self) {
        self.tick = self.tick.next();
        self.elapsed += 1;
        let rules = self.rules;
        let mut fired = Vec::new();
        let mut lost = Vec::new();
        for (id, entity) in &mut self.entities {
            let numbers = &mut self.numbers;
            if let Entity::Ship(ship) = entity {
                if numbers.chance(1, 6) {
                    ship.controls = numbers.below(256) as u8 & controls::MOTION;
                    ship.aim = numbers.below(4096) as u16;
                }
                if numbers.chance(1, 40) {
                    ship.health = numbers.between(1, 100) as u8;
                }
                if numbers.chance(1, 60) {
                    lost.push((*id, ship.player));
                }
            }
            entity.predict(&rules);
            match entity {
                Entity::Ship(ship) if numbers.chance(1, 10) => fired.push(Entity::Shot(Shot {
                    x: ship.x,
                    y: ship.y,
                    vx: numbers.between(-4000, 4000),
                    vy: numbers.between(-4000, 4000),
                    player: ship.player,
                })),
                Entity::Shot(shot) => {
                    let inside = 0..=rules.size;
                    let gone = !inside.contains(&shot.x) || !inside.contains(&shot.y);
                    if gone || numbers.chance(1, 20) {
                        lost.push((*id, PlayerId(0)));
                    }
                }
                _ => {}
            }
        }
        for (id, player) in lost {
            self.entities.remove(&id);
            if player != PlayerId(0) {
                let ship = self.new_ship(player.0);
                self.add(ship);
            }
        }
        for shot in fired {
            self.add(shot);
        }
        if self.numbers.chance(1, 8) {
            let kinds = [PickupKind::Repair, PickupKind::Rapid, PickupKind::Shield];
            let pickup = Entity::Pickup(Pickup {
                x: self.numbers.between(0, self.rules.size),
                y: self.numbers.between(0, self.rules.size),
                kind: kinds[self.numbers.below(3) as usize],
            });
            self.add(pickup);
        }
        if self.numbers.below(100) < self.plan.jumps {
            let mut along = || self.numbers.between(0, GRID - 1);
            self.eye = (along(), along());
        }
    }

    /// Pickups are everywhere's, the rest is in the cell of its position.
    fn cell(&self, entity: &Entity) -> CellId {
        let (x, y) = match entity {
            Entity::Ship(ship) => (ship.x, ship.y),
            Entity::Shot(shot) => (shot.x, shot.y),
            Entity::Pickup(_) => return CellId::EVERYWHERE,
        };
        let along = |at: i32| at * GRID / (self.rules.size + 1);
        CellId((1 + along(y) * GRID + along(x)) as u32)
    }

    fn tell(&mut self) -> Told {
        let mut truth = Cells::new();
        for (id, entity) in &self.entities {
            let cell = truth.entry(self.cell(entity)).or_default();
            cell.push((*id, *entity));
        }
        let mut view = BTreeSet::from([CellId::EVERYWHERE]);
        for y in (self.eye.1 - 1).max(0)..=(self.eye.1 + 1).min(GRID - 1) {
            for x in (self.eye.0 - 1).max(0)..=(self.eye.0 + 1).min(GRID - 1) {
                view.insert(CellId((1 + y * GRID + x) as u32));
            }
        }
        truth.retain(|cell, _| view.contains(cell));

        let reset = self.numbers.below(100) < self.plan.resets;
        if reset {
            self.view.clear();
            self.held.clear();
        }
        for (_, entity) in self.held.values_mut().flatten() {
            (0..self.elapsed).for_each(|_| entity.predict(&self.rules));
        }
        let hidden: Vec<_> = self.view.difference(&view).copied().collect();
        let mut changes = Vec::new();
        for cell in &view {
            let new = truth.get(cell).map_or(&[][..], Vec::as_slice);
            let mut bytes = Vec::new();
            let any = if self.view.contains(cell) {
                let old = self.held.get(cell).map_or(&[][..], Vec::as_slice);
                let written = self.writer.write(old, new, &mut bytes);
                written.expect("the arena can be encoded")
            } else {
                write_keyframe(new, &mut bytes).expect("the arena can be encoded");
                !new.is_empty()
            };
            if any {
                changes.push((*cell, bytes));
            }
        }

        let checksum = checksum(&truth);
        let own = Own {
            score: self.tick.0,
            kills: 0,
            deaths: 0,
            status: Status::Flying { ship: EntityId(1) },
        };
        let header = Header {
            elapsed: self.elapsed,
            applied: self.numbers.below(2),
            waiting: self.numbers.below(4),
            pace: None,
            own: self.numbers.chance(1, 5).then_some(&own),
            checksum: self.numbers.chance(1, 2).then_some(checksum),
            reset,
        };
        let mut bytes = Vec::new();
        let cells = changes.iter().map(|(cell, bytes)| (*cell, &bytes[..]));
        write_snapshot(header, &hidden, cells, &mut bytes).expect("the arena can be encoded");

        self.view = view;
        self.held.clone_from(&truth);
        self.elapsed = 0;
        Told {
            bytes,
            tick: self.tick,
            seen: truth,
            checksum,
        }
    }
}

/// The checksum as the server takes it: from each cell's own sum.
pub(crate) fn checksum(cells: &Cells) -> u32 {
    cells.iter().fold(FNV_START, |sum, (cell, entities)| {
        let mut bytes = Vec::new();
        put_entities(entities, &mut bytes).expect("the arena can be encoded");
        add_cell(sum, *cell, fnv1a(FNV_START, &bytes))
    })
}
