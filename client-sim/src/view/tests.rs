//! A view sees what a mirror sees, whatever it is told and whoever shares it.

use super::*;
use crate::seeds::generator;
use downbeat_protocol::codec::{decode, encode};
use downbeat_protocol::replicate::BadDiff;
use downbeat_protocol::snapshot::{DeltaWriter, Header, SNAPSHOT, write_keyframe, write_snapshot};
use downbeat_protocol::{Change, Mirror, ServerMessage, Snapshot, Wire};
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;
use serde::{Deserialize, Serialize};

/// Something that moves on by its speed each tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    at: i32,
    speed: i32,
}

impl Replicate for Thing {
    type Rules = i32;
    type Diff = i32;

    fn predict(&mut self, rules: &i32) {
        self.at = self.at.wrapping_add(self.speed.wrapping_mul(*rules));
    }

    fn diff(&self, predicted: &Self) -> Change<i32> {
        match (self.at == predicted.at, self.speed - predicted.speed) {
            (true, 0) => Change::None,
            (true, step) => Change::Diff(step),
            (false, _) => Change::Replace,
        }
    }

    fn apply(&mut self, diff: &i32) -> Result<(), BadDiff> {
        self.speed = self.speed.checked_add(*diff).ok_or(BadDiff)?;
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
struct TestWire;

impl Wire for TestWire {
    const SCHEMA: &'static str = "test/1";
    type Input = ();
    type Entity = Thing;
    type Own = ();
    type Event = ();
}

const RULES: i32 = 3;
const CELLS: u32 = 6;

type Cells = BTreeMap<CellId, Vec<(EntityId, Thing)>>;

/// What a client was sent last.
#[derive(Clone, Default)]
struct Sent {
    tick: Tick,
    cells: Cells,
}

/// A client that is a mirror and a view at once.
struct Client {
    sent: Sent,
    mirror: Mirror<Thing>,
    view: View<Thing>,
}

impl Client {
    fn new(pool: &Pool<Thing>) -> Self {
        Self {
            sent: Sent::default(),
            mirror: Mirror::new(Tick(0), RULES),
            view: View::new(Tick(0), RULES, pool.clone()),
        }
    }

    /// Both read the same bytes, and must agree.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        let by_view = read(&mut self.view, bytes);
        let by_mirror = match decode::<ServerMessage<TestWire>>(bytes) {
            Ok(ServerMessage::Snapshot(snapshot)) => {
                self.mirror.apply(snapshot).map_err(Trouble::Mirror)
            }
            Ok(_) => return false,
            Err(error) => Err(Trouble::Decode(error)),
        };
        assert_eq!(
            by_view.is_ok(),
            by_mirror.is_ok(),
            "{by_view:?}, {by_mirror:?}"
        );
        if by_mirror.is_ok() {
            assert_eq!(self.view.tick(), self.mirror.tick());
            assert!(self.view.entities().eq(self.mirror.entities()));
        }
        by_mirror.is_ok()
    }
}

fn read(view: &mut View<Thing>, bytes: &[u8]) -> Result<(), Trouble> {
    let bytes = bytes.strip_prefix(&[SNAPSHOT]).unwrap_or_default();
    let (head, rest) = decode_prefix::<Head<()>>(bytes).map_err(Trouble::Decode)?;
    view.apply(&head, rest)
}

/// The world a tick later.
fn step(world: &mut Cells, rng: &mut Lcg64Xsh32) {
    for cell in (1..=CELLS).map(CellId) {
        let list = world.entry(cell).or_default();
        for (_, thing) in list.iter_mut() {
            thing.predict(&RULES);
            match rng.random_range(0..10) {
                0 => thing.speed += rng.random_range(-2..=2),
                1 => thing.at += 1,
                _ => {}
            }
        }
        list.retain(|_| rng.random_bool(0.95));
        if rng.random_bool(0.3) {
            let id = EntityId(rng.random_range(1..100) * CELLS + cell.0);
            let thing = Thing {
                at: rng.random_range(0..1000),
                speed: rng.random_range(-3..3),
            };
            match list.binary_search_by_key(&id, |(id, _)| *id) {
                Ok(_) => {}
                Err(index) => list.insert(index, (id, thing)),
            }
        }
    }
}

/// A snapshot of the cells in `sight` to a client that holds `sent`.
fn snapshot(sent: &mut Sent, tick: Tick, world: &Cells, sight: &[u32], checks: bool) -> Vec<u8> {
    let elapsed = tick.since(sent.tick);
    let seen: Cells = sight
        .iter()
        .filter_map(|cell| Some((CellId(*cell), world.get(&CellId(*cell))?.clone())))
        .filter(|(_, list)| !list.is_empty())
        .collect();
    let hidden: Vec<_> = sent
        .cells
        .keys()
        .filter(|cell| !sight.contains(&cell.0))
        .copied()
        .collect();
    let mut changes = Vec::new();
    for cell in sight.iter().map(|cell| CellId(*cell)) {
        let mut bytes = Vec::new();
        let truth = seen.get(&cell).cloned().unwrap_or_default();
        match sent.cells.get(&cell) {
            None if truth.is_empty() => continue,
            None => write_keyframe(&truth, &mut bytes).unwrap(),
            Some(held) => {
                let mut held = held.clone();
                for (_, thing) in &mut held {
                    (0..elapsed).for_each(|_| thing.predict(&RULES));
                }
                if !DeltaWriter::default()
                    .write(&held, &truth, &mut bytes)
                    .unwrap()
                {
                    continue;
                }
            }
        }
        changes.push((cell, bytes));
    }
    let mut sum = FNV_START;
    for (cell, list) in &seen {
        sum = add_cell(sum, *cell, cell_sum(list).unwrap());
    }
    let header = Header {
        elapsed,
        applied: 0,
        waiting: 0,
        pace: None,
        own: None::<&()>,
        checksum: checks.then_some(sum),
        reset: false,
    };
    let mut out = Vec::new();
    let cells = changes.iter().map(|(cell, bytes)| (*cell, &bytes[..]));
    write_snapshot(header, &hidden, cells, &mut out).unwrap();
    *sent = Sent { tick, cells: seen };
    out
}

#[test]
fn many_clients_with_one_pool_see_what_their_mirrors_see() {
    for seed in 0..20 {
        let mut rng = generator(seed, 0);
        let pool = Pool::default();
        let mut clients: Vec<_> = (0..8).map(|_| Client::new(&pool)).collect();
        let mut world = Cells::new();
        for tick in (1..120).map(Tick) {
            step(&mut world, &mut rng);
            for client in &mut clients {
                // Some are skipped now and then, and each one's sight changes.
                if rng.random_bool(0.1) {
                    continue;
                }
                let from = rng.random_range(1..=2);
                let to = rng.random_range(4..=CELLS);
                let sight: Vec<_> = (from..=to).collect();
                let bytes = snapshot(&mut client.sent, tick, &world, &sight, true);
                assert!(client.hear(&bytes), "seed {seed}, {tick}");
            }
        }
    }
}

#[test]
fn what_all_are_told_alike_is_one_state() {
    let mut rng = generator(1, 0);
    let pool = Pool::default();
    let mut clients: Vec<_> = (0..5).map(|_| Client::new(&pool)).collect();
    let mut world = Cells::new();
    let sight: Vec<_> = (1..=CELLS).collect();
    for tick in (1..50).map(Tick) {
        step(&mut world, &mut rng);
        // The last one comes later, by keyframes.
        let in_sight = if tick.0 < 20 { 4 } else { 5 };
        for client in &mut clients[..in_sight] {
            let bytes = snapshot(&mut client.sent, tick, &world, &sight, true);
            assert!(client.hear(&bytes));
        }
        let [first, others @ ..] = &clients[..in_sight] else {
            panic!("nobody is there");
        };
        for other in others {
            let pairs = first.view.cells.iter().zip(&other.view.cells);
            for ((cell, one), (_, two)) in pairs {
                assert!(Rc::ptr_eq(one, two), "{cell} at {tick}");
            }
        }
    }
}

#[test]
fn who_is_told_a_lie_is_found_out_alone() {
    let mut rng = generator(2, 0);
    let pool = Pool::default();
    let mut clients: Vec<_> = (0..3).map(|_| Client::new(&pool)).collect();
    let mut world = Cells::new();
    for tick in (1..30).map(Tick) {
        step(&mut world, &mut rng);
        for (number, client) in clients.iter_mut().enumerate() {
            let mut told = world.clone();
            // Unnoticed, because no checksum comes with it.
            let lies = number == 1 && tick == Tick(28);
            if lies {
                for (_, thing) in told.values_mut().flatten() {
                    thing.at += 1000;
                }
            }
            let mut sent = client.sent.clone();
            let bytes = snapshot(&mut sent, tick, &told, &[1, 2, 3, 4, 5, 6], !lies);
            let is_good = client.hear(&bytes);
            assert_eq!(
                is_good,
                !(number == 1 && tick == Tick(29)),
                "{number} at {tick}"
            );
            // The server believes that the truth was sent.
            let truth = snapshot(&mut client.sent, tick, &world, &[1, 2, 3, 4, 5, 6], true);
            assert!(lies || !is_good || truth == bytes);
        }
    }
}

#[test]
fn damaged_snapshots_are_judged_as_a_mirror_judges_them() {
    let mut rng = generator(3, 0);
    let (mut bad, mut world) = (0, Cells::new());
    let pool = Pool::default();
    let mut good = Client::new(&pool);
    for tick in (1..400).map(Tick) {
        step(&mut world, &mut rng);
        let bytes = snapshot(&mut good.sent, tick, &world, &[1, 2, 3, 5], tick.0 % 3 == 0);
        let mut victim = Client {
            sent: Sent::default(),
            mirror: good.mirror.clone(),
            view: good.view.clone(),
        };
        let mut damaged = bytes.clone();
        let at = rng.random_range(1..damaged.len());
        match rng.random_range(0..3) {
            0 => damaged[at] ^= 1 << rng.random_range(0..8),
            1 => damaged.truncate(at),
            _ => damaged.push(0),
        }
        // The true one first, so that there is something to remember.
        assert!(good.hear(&bytes));
        bad += u32::from(!victim.hear(&damaged));
    }
    assert!(bad > 100, "{bad} were found");
}

#[test]
fn a_snapshot_without_cells_is_read() {
    let snapshot = ServerMessage::<TestWire>::Snapshot(Snapshot {
        elapsed: 2,
        applied: 1,
        waiting: 0,
        pace: None,
        own: Some(()),
        checksum: Some(FNV_START),
        reset: true,
        hidden: vec![1, 2],
        cells: vec![],
    });
    let mut view = View::new(Tick(5), RULES, Pool::default());
    read(&mut view, &encode(&snapshot).unwrap()).unwrap();
    assert_eq!(view.tick(), Tick(7));
}
