//! How a room parts from its players when the server goes.

use super::{arena, tick};
use crate::world::End;
use crate::world::puppet::{Puppet, config};
use downbeat_protocol::Reason;

#[test]
fn a_parting_is_spread_and_nobody_new_comes_in() {
    let mut core = arena(config());
    let mut puppets: Vec<_> = (0..4).map(|_| Puppet::join(&mut core, "p")).collect();
    tick(&mut core);
    let mut at_the_door = Puppet::join(&mut core, "at the door");
    let end = End {
        retry_after_ms: Some(7),
        ..Reason::Restarting.into()
    };
    core.part(end.clone(), 10);
    let mut late = Puppet::join(&mut core, "late");
    for refused in [&mut at_the_door, &mut late] {
        refused.take();
        assert_eq!(refused.end, Some(end.clone()));
    }
    // One leaves before his turn.
    puppets.remove(1);
    let mut told = Vec::new();
    for now in 0..10 {
        // The last is told at 7, and in limbo with the tick after it.
        assert_eq!(core.has_parted(), now > 8, "at {now}");
        tick(&mut core);
        for (who, puppet) in puppets.iter_mut().enumerate() {
            let was_told = puppet.end.is_some();
            puppet.take_and_acknowledge();
            if !was_told && puppet.end.is_some() {
                told.push((now, who));
            }
        }
    }
    assert_eq!(told, [(0, 0), (5, 1), (7, 2)], "evenly over ten ticks");
    assert!(puppets.iter().all(|puppet| puppet.end == Some(end.clone())));
}

#[test]
fn an_empty_room_has_parted_at_once() {
    let mut core = arena(config());
    core.part(Reason::Restarting.into(), 10);
    assert!(core.has_parted());
}
