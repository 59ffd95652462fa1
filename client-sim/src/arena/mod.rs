//! Bots for the built-in arena.

mod aim;
mod gather;
mod hunt;
mod space;
mod wander;

use crate::bot::{self, Bot, Points, Way};
use downbeat_protocol::arena::{ArenaWire, Entity, Input, Own, Ship, Status};
use gather::Gather;
use hunt::Hunt;
use rand::SeedableRng;
use rand_pcg::Lcg64Xsh32;
use wander::Wander;

/// What a pilot knows.
type Sight<'a> = bot::Sight<'a, ArenaWire>;

/// The player's own ship, if he flies and sees it.
fn ship<'a>(sight: Sight<'a>) -> Option<&'a Ship> {
    let Status::Flying { ship } = sight.own?.status else {
        return None;
    };
    match sight.view.get(ship)? {
        Entity::Ship(ship) => Some(ship),
        _ => None,
    }
}

/// A pilot of the arena.
#[derive(Clone, Debug)]
pub enum Pilot {
    /// Flies about.
    Wander(Wander),
    /// Fights.
    Hunt(Hunt),
    /// Flies where all others are.
    Gather(Gather),
}

impl Bot for Pilot {
    type Wire = ArenaWire;

    const WAYS: &'static [Way] = &[
        Way {
            name: "wander",
            help: "Flies about, turns a few times a second, shoots now and then",
        },
        Way {
            name: "hunt",
            help: "Chases ships, leads its aim, dodges, picks up, retreats when hurt",
        },
        Way {
            name: "gather",
            help: "Flies to the middle of the plane, into one cell with all others",
        },
    ];

    fn new(way: &'static str, seed: u64) -> Self {
        let rng = Lcg64Xsh32::seed_from_u64(seed);
        match way {
            "hunt" => Self::Hunt(Hunt::new(rng)),
            "gather" => Self::Gather(Gather::new(rng)),
            _ => Self::Wander(Wander::new(rng)),
        }
    }

    /// Without a ship: nothing is pressed.
    fn decide(&mut self, sight: Sight<'_>) -> Option<Input> {
        let Some(ship) = ship(sight) else {
            return Some(Input::default());
        };
        Some(match self {
            Self::Wander(wander) => wander.decide(ship, sight),
            Self::Hunt(hunt) => hunt.decide(ship, sight),
            Self::Gather(gather) => gather.decide(ship, sight),
        })
    }

    fn points(own: &Own) -> Points {
        Points {
            score: own.score,
            kills: own.kills,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::hunt::BEATEN;
    use super::*;
    use crate::View;
    use downbeat_protocol::arena::{
        Name, POSITION_ONE, Rules, SPEED_ONE, TURN, controls, direction,
    };
    use downbeat_protocol::{EntityId, PlayerId, Tick};

    const ME: PlayerId = PlayerId(1);
    const SHIP: EntityId = EntityId(1);

    fn ship(player: u32, x: i32, y: i32) -> Ship {
        Ship {
            x: x * POSITION_ONE,
            y: y * POSITION_ONE,
            vx: 0,
            vy: 0,
            heading: 0,
            aim: 0,
            controls: 0,
            health: 100,
            effects: 0,
            player: PlayerId(player),
            name: Name::new("x"),
        }
    }

    fn own() -> Own {
        Own {
            score: 0,
            kills: 0,
            deaths: 0,
            status: Status::Flying { ship: SHIP },
        }
    }

    /// A view of these entities, numbered from 1.
    fn view(tick: u32, entities: &[Entity]) -> View<Entity> {
        let numbered = (1..).map(EntityId).zip(entities.iter().copied());
        View::showing(Tick(tick), Rules::new(30, 4000), numbered)
    }

    /// Flies alone for a while and gives back every input and where it led.
    fn fly(way: &'static str, seed: u64, others: &[Entity]) -> Vec<(Input, Ship)> {
        let mut pilot = Pilot::new(way, seed);
        let own = own();
        let mut me = ship(1, 2000, 2000);
        let mut entities = vec![Entity::Ship(me)];
        entities.extend_from_slice(others);
        (1..=600)
            .map(|tick| {
                let view = view(tick, &entities);
                let input = pilot
                    .decide(Sight {
                        me: ME,
                        own: Some(&own),
                        view: &view,
                    })
                    .unwrap();
                me.controls = input.controls & controls::MOTION;
                me.aim = input.aim;
                me.advance(view.rules());
                entities[0] = Entity::Ship(me);
                (input, me)
            })
            .collect()
    }

    /// What a fresh hunter does with this ship and these others about.
    fn hunt(me: Ship, others: &[Entity]) -> Input {
        let mut entities = vec![Entity::Ship(me)];
        entities.extend_from_slice(others);
        let own = own();
        let sight = Sight {
            me: ME,
            own: Some(&own),
            view: &view(1, &entities),
        };
        Pilot::new("hunt", 1).decide(sight).unwrap()
    }

    #[test]
    fn the_same_seed_plays_alike_and_others_do_not() {
        let drone = Entity::Ship(ship(0, 2400, 2200));
        for way in ["wander", "hunt", "gather"] {
            let inputs = |seed| {
                let flown = fly(way, seed, &[drone]);
                flown
                    .into_iter()
                    .map(|(input, _)| input)
                    .collect::<Vec<_>>()
            };
            let flown = inputs(7);
            // Not `assert_eq`: nobody wants to read 600 inputs.
            assert!(flown == inputs(7), "{way}: the same again");
            assert!(flown != inputs(8), "{way}: another seed");
        }
    }

    #[test]
    fn every_input_is_one_the_game_knows() {
        for way in ["wander", "hunt", "gather"] {
            for (input, _) in fly(way, 1, &[]) {
                assert_eq!(input.controls & !controls::ALL, 0, "{way}");
                assert!(i32::from(input.aim) < TURN, "{way}");
            }
        }
    }

    #[test]
    fn wanderers_change_their_mind_a_few_times_a_second_and_shoot_now_and_then() {
        let flown = fly("wander", 1, &[]);
        let changes = flown.windows(2).filter(|two| two[0].0 != two[1].0).count();
        assert!((20..=140).contains(&changes), "{changes} changes in 20 s");
        let shooting = flown
            .iter()
            .filter(|(input, _)| input.controls & controls::FIRE != 0);
        let shooting = shooting.count();
        assert!((10..=300).contains(&shooting), "{shooting} of 600 ticks");
    }

    #[test]
    fn nobody_clings_to_the_border() {
        for way in ["wander", "hunt", "gather"] {
            for number in 0..20 {
                let flown = fly(way, number, &[]);
                let edge = 40 * POSITION_ONE;
                let near = |at: i32| at < edge || at > 4000 * POSITION_ONE - edge;
                let ticks = flown
                    .iter()
                    .filter(|(_, me)| near(me.x) || near(me.y))
                    .count();
                assert!(ticks < 60, "{way} {number}: {ticks} of 600 ticks there");
            }
        }
    }

    #[test]
    fn hunters_close_in_and_fire_at_what_they_chase() {
        let prey = ship(2, 3000, 2600);
        let flown = fly("hunt", 1, &[Entity::Ship(prey)]);
        let (_, last) = flown[flown.len() - 1];
        let distance = f64::from(last.x - prey.x).hypot(f64::from(last.y - prey.y));
        assert!(
            distance < f64::from(500 * POSITION_ONE),
            "{distance} away after 20 s"
        );
        let fired: Vec<_> = flown
            .iter()
            .filter(|(input, _)| input.controls & controls::FIRE != 0)
            .collect();
        assert!(!fired.is_empty(), "it never fires");
        for (_, me) in fired {
            let (cos, sin) = direction(me.heading);
            let ahead = i64::from(cos) * i64::from(prey.x - me.x)
                + i64::from(sin) * i64::from(prey.y - me.y);
            assert!(ahead > 0, "it fires backwards");
        }
    }

    #[test]
    fn hunters_lead_a_crossing_target() {
        let mut prey = ship(2, 2000, 1700);
        prey.vx = 200 * SPEED_ONE;
        let input = hunt(ship(1, 2000, 2000), &[Entity::Ship(prey)]);
        // Straight at it would be 3072, three quarters of a turn; it flies toward 4096.
        assert!(
            (3100..3800).contains(&input.aim),
            "aims at {}, not ahead of the target",
            input.aim
        );
    }

    #[test]
    fn hurt_hunters_go_for_the_repair() {
        let mut me = ship(1, 2000, 2000);
        me.health = 20;
        let repair = downbeat_protocol::arena::Pickup {
            x: 2000 * POSITION_ONE,
            y: 2300 * POSITION_ONE,
            kind: downbeat_protocol::arena::PickupKind::Repair,
        };
        let foe = ship(2, 2000, 1800);
        let input = hunt(me, &[Entity::Ship(foe), Entity::Pickup(repair)]);
        assert!(
            input.aim.abs_diff(1024) < 100,
            "aims at {} instead of the repair at 1024",
            input.aim
        );
    }

    #[test]
    fn beaten_hunters_flee_from_whom_they_would_chase() {
        let foe = Entity::Ship(ship(2, 2300, 2000));
        for (health, aim) in [(100, 0), (BEATEN - 1, TURN / 2)] {
            let me = Ship {
                health,
                ..ship(1, 2000, 2000)
            };
            let input = hunt(me, &[foe]);
            let off = space::apart(input.aim, aim as u16);
            // Now and then a hunter weaves by 50°.
            assert!(off < 600, "with {health} health it aims at {}", input.aim);
        }
        let me = Ship {
            health: BEATEN - 1,
            ..ship(1, 2000, 2000)
        };
        assert_eq!(
            hunt(me, &[foe]).controls & controls::FIRE,
            0,
            "it only flees"
        );
    }

    #[test]
    fn hunters_get_out_of_the_way_of_shots_and_leave_their_own_alone() {
        let me = ship(1, 2000, 2000);
        let shot = |player, x: i32, vx: i32| {
            Entity::Shot(downbeat_protocol::arena::Shot {
                x: x * POSITION_ONE,
                y: 2000 * POSITION_ONE,
                vx: vx * SPEED_ONE,
                vy: 0,
                player: PlayerId(player),
            })
        };
        let is_across = |input: Input| {
            let across = [1024, 3072].map(|aside| space::apart(input.aim, aside));
            across.iter().any(|off| *off < 20) && input.controls & controls::THRUST != 0
        };
        let foe = Entity::Ship(ship(2, 2300, 2000));
        for (name, dodges, shot) in [
            ("it comes", true, shot(2, 2300, -800)),
            ("a drone's", true, shot(0, 1700, 800)),
            ("its own", false, shot(1, 2300, -800)),
            ("it flies away", false, shot(2, 2300, 800)),
            ("it is far", false, shot(2, 3500, -800)),
        ] {
            assert_eq!(is_across(hunt(me, &[foe, shot])), dodges, "{name}");
        }
    }

    #[test]
    fn without_a_ship_nothing_is_done() {
        let mut pilot = Pilot::new("hunt", 1);
        let sight = Sight {
            me: ME,
            own: None,
            view: &view(1, &[]),
        };
        assert_eq!(pilot.decide(sight), Some(Input::default()));
    }
}
