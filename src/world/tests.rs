//! A room's behaviour, without actix, clock or sockets: puppets join a core and are
//! told what real clients would be told. Here is what the subjects below share.

mod budget;
mod carried;
mod crowd;
mod inputs;
mod members;
mod overload;
mod oversight;
mod parting;
mod settled;
mod sight;
mod slow;
mod tail;

use super::puppet::Puppet;
use super::{Core, CoreConfig, Tally};
use crate::game::arena::{Arena, Config};
use crate::game::{Game, Scene};
use downbeat_protocol::arena::{Entity, Input};
use downbeat_protocol::{CellId, EntityId};

/// A room of the arena.
fn arena(config: CoreConfig) -> Core<Arena> {
    let game = Arena::new(&Config::default(), config.tick_rate, 7);
    Core::new(config, game)
}

fn tick(core: &mut Core<Arena>) -> Tally {
    core.tick(&mut ())
        .expect("the arena's types can be encoded")
}

/// A pseudo-random but repeatable wish.
fn wish(player: u32, tick: u32) -> Input {
    let mut x = (player * 7919) ^ (tick / 7 * 104_729) ^ 0x9E37_79B9;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    Input {
        controls: (x & 0x3F) as u8,
        aim: (x >> 8) as u16 & 4095,
    }
}

/// A scene that keeps all it is shown.
#[derive(Default)]
struct All(Vec<(CellId, EntityId, Entity)>);

impl Scene<Entity> for All {
    fn show_in(&mut self, cell: CellId, id: EntityId, entity: Entity) {
        self.0.push((cell, id, entity));
    }
}

/// What a player should see: everything in the cells of his view.
fn truth(core: &Core<Arena>, puppet: &Puppet<Arena>) -> Vec<(EntityId, Entity)> {
    let mut all = All::default();
    core.game().scene(&mut all);
    let mut view = vec![CellId::EVERYWHERE];
    core.game()
        .view(puppet.welcome.as_ref().unwrap().player, &mut view);
    let mut seen: Vec<_> = all
        .0
        .into_iter()
        .filter(|(cell, ..)| view.contains(cell))
        .map(|(_, id, e)| (id, e))
        .collect();
    seen.sort_by_key(|(id, _)| *id);
    seen
}

/// What a player does see: his mirror.
fn shown(puppet: &Puppet<Arena>) -> Vec<(EntityId, Entity)> {
    let mut shown: Vec<_> = puppet
        .mirror
        .as_ref()
        .unwrap()
        .entities()
        .copied()
        .collect();
    shown.sort_by_key(|(id, _)| *id);
    shown
}
