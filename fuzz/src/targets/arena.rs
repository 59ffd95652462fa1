//! Games of the arena: a case is a list of joins, leaves, returns and inputs.
//!
//! Checked: nothing panics, whatever is wanted of whom; a game that was saved and
//! loaded goes on as the one that was not; what is shown can be shown.

use super::Start;
use anyhow::Result;
use downbeat::game::arena::{Arena, Config};
use downbeat::game::{Game, Leave, Profile, Scene, TickInput};
use downbeat_protocol::arena::{Entity, Input};
use downbeat_protocol::{CellId, EntityId, PlayerId, Tick, codec};
use std::collections::BTreeMap;

/// Players that a case can speak of; some of them never join.
const PLAYERS: u8 = 12;
/// Bytes per action.
const ACTION: usize = 4;

pub(super) fn start() -> Result<Start> {
    // Everybody joins; they thrust, turn and fire for a while; some leave and return.
    let join = |player| [0, player, 0, 0];
    let play = |n: u8| [3 + n % 5, n, n.wrapping_mul(37), n.wrapping_mul(91)];
    let busy: Vec<u8> = (0..PLAYERS)
        .flat_map(join)
        .chain((0..150).flat_map(play))
        .collect();
    let comings = (0..40u8).flat_map(|n| [n % 3, n / 3, n, 9]).collect();
    let fight = (0..2).flat_map(join);
    let fight = fight
        .chain((0..120u8).flat_map(|n| [3, n % 2, 0xFF, n.wrapping_mul(16)]))
        .collect();
    let corpus = vec![busy, comings, fight, Vec::new()];
    let with_seed = |case: Vec<u8>| [vec![1, 5], case].concat();
    let corpus = corpus.into_iter().map(with_seed).collect();
    Ok((corpus, Box::new(check)))
}

fn check(case: &[u8]) {
    let Some(([seed, save_at], actions)) = case.split_first_chunk() else {
        return;
    };
    let mut game = Arena::new(&Config::default(), 30, u64::from(*seed));
    let mut copy: Option<Arena> = None;
    let mut input = TickInput::default();
    // A few actions per tick, and a few ticks more for the shots to fly.
    let ticks = actions.chunks(6 * ACTION).chain([&[][..]; 4]).take(64);
    for (number, actions) in (1..).zip(ticks) {
        input.clear(Tick(number));
        fill(&mut input, actions);
        let outcome = input.apply(&mut game);
        if let Some(copy) = &mut copy {
            assert_eq!(input.apply(copy), outcome);
            assert_eq!(copy.checksum(), game.checksum(), "tick {number}");
        }
        look(&mut game);
        if number == u32::from(save_at % 64) {
            let saved = codec::encode(&game).expect("a game can be saved");
            let loaded: Arena = codec::decode(&saved).expect("and loaded");
            assert_eq!(loaded.checksum(), game.checksum(), "just loaded");
            copy = Some(loaded);
        }
    }
}

/// Puts actions into the order in which a room gives them to a game.
fn fill(input: &mut TickInput<Input>, actions: &[u8]) {
    let mut inputs = BTreeMap::new();
    for action in actions.chunks_exact(ACTION) {
        let player = PlayerId(1 + u32::from(action[1] % PLAYERS));
        match action[0] % 8 {
            0 => {
                let name = "x".repeat(usize::from(action[2] % 40));
                input.joins.push((
                    player,
                    Profile {
                        name,
                        account: None,
                    },
                ));
            }
            1 => input.leaves.push((player, Leave::Quiet)),
            2 if action[2] % 2 == 0 => input.rejoins.push(player),
            2 => input.leaves.push((player, Leave::Gone)),
            kind => {
                let aim = u16::from_le_bytes([action[3], kind.wrapping_mul(action[2])]);
                let controls = action[2];
                inputs.insert(player, Input { controls, aim });
            }
        }
    }
    input.inputs.extend(inputs);
}

/// Looks at everything, as a room does for its players.
fn look(game: &mut Arena) {
    struct Shown;
    impl Scene<Entity> for Shown {
        fn show_in(&mut self, _: CellId, _: EntityId, entity: Entity) {
            codec::encode(&entity).expect("what is shown can be encoded");
        }
    }
    game.scene(&mut Shown);
    let mut cells = Vec::new();
    for player in 0..=u32::from(PLAYERS) {
        game.own(PlayerId(player));
        game.view(PlayerId(player), &mut cells);
    }
    game.events(&mut |_, event| {
        codec::encode(&event).expect("an event can be encoded");
    });
}
