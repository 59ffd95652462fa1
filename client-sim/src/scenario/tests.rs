//! A plan's bots are numbered through, and each knows when it comes.

use super::*;

const S: Duration = Duration::from_secs(1);

fn plan(groups: Vec<Group>) -> Plan {
    Plan {
        target: "ws://127.0.0.1:1/ws".parse().unwrap(),
        duration: 10 * S,
        baseline: None,
        seed: 1,
        groups,
        strangers: Strangers::default(),
        tokens: None,
        threads: 1,
        processes: 1,
        server_pid: None,
        returns: false,
        sources: Sources::default(),
        drag: None,
    }
}

fn group(name: &str, bots: u32) -> Group {
    Group {
        ramp: 2.0,
        ..Group::new(name, bots, "wander")
    }
}

fn late(name: &str, bots: u32) -> Group {
    Group {
        join_at: Some(5 * S),
        ..group(name, bots)
    }
}

#[test]
fn bots_are_numbered_through_all_groups() {
    let plan = plan(vec![group("a", 3), late("b", 2), group("c", 4)]);
    let names: Vec<_> = (0..9)
        .map(|number| plan.group(number).1.name.as_str())
        .collect();
    assert_eq!(names, ["a", "a", "a", "b", "b", "c", "c", "c", "c"]);
    assert_eq!((plan.bots(), plan.early(), plan.honest()), (9, 7, 9));
}

#[test]
fn groups_come_one_after_the_other_and_late_ones_when_they_should() {
    let plan = plan(vec![group("a", 3), late("b", 2), group("c", 2)]);
    let seconds: Vec<_> = (0..7)
        .map(|number| plan.connects(number).as_secs_f64())
        .collect();
    assert_eq!(seconds, [0.0, 0.5, 1.0, 5.0, 5.5, 1.5, 2.0]);
}

#[test]
fn rooms_are_numbered_if_there_are_several() {
    let rooms = |room: &str, rooms| {
        let group = Group {
            room: room.into(),
            rooms,
            ..group("a", 3)
        };
        [0, 1, 2].map(|number| group.room(number))
    };
    assert_eq!(rooms("", 1), ["", "", ""]);
    assert_eq!(rooms("red", 1), ["red", "red", "red"]);
    assert_eq!(rooms("", 2), ["swarm-0", "swarm-1", "swarm-0"]);
    assert_eq!(rooms("red", 2), ["red-0", "red-1", "red-0"]);
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let stalls = |after, bots| Group {
        role: Role::Stalls(after),
        ..group("s", bots)
    };
    assert!(plan(vec![group("a", 1), stalls(S, 3)]).check().is_ok());
    for groups in [
        vec![],
        vec![late("a", 1)],
        vec![group("a", 0)],
        vec![stalls(S, 1)],
        vec![group("a", 1), stalls(10 * S, 1)],
        vec![group("a", MOST_BOTS), group("b", 1)],
    ] {
        assert!(plan(groups.clone()).check().is_err(), "{groups:?}");
    }
}
