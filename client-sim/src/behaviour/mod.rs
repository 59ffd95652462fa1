//! How bots play.
//!
//! A behaviour sees what its player sees, and nothing else: the mirror and the
//! player's own part. It is deterministic: the same seed, bot and sights give the
//! same inputs.

mod hunt;
mod space;
mod wander;

use downbeat_protocol::arena::{Entity, Input, Own, Ship, Status};
use downbeat_protocol::{Mirror, PlayerId};
use hunt::Hunt;
use rand::SeedableRng;
use rand_pcg::Lcg64Xsh32;
use wander::Wander;

/// The ways to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Behaviour {
    /// Flies about, turns a few times a second, shoots now and then
    Wander,
    /// Chases ships, leads its aim, picks up, retreats when hurt
    Hunt,
    /// Sends no inputs, only acknowledges
    Idle,
}

impl Behaviour {
    /// The name on the command line and in the report.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Wander => "wander",
            Self::Hunt => "hunt",
            Self::Idle => "idle",
        }
    }
}

/// What a pilot knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) me: PlayerId,
    pub(crate) own: Option<&'a Own>,
    pub(crate) mirror: &'a Mirror<Entity>,
}

impl<'a> Sight<'a> {
    /// The player's own ship, if he flies and sees it.
    fn ship(&self) -> Option<&'a Ship> {
        let Status::Flying { ship } = self.own?.status else {
            return None;
        };
        match self.mirror.get(ship)? {
            Entity::Ship(ship) => Some(ship),
            _ => None,
        }
    }
}

/// One bot's way to play.
#[derive(Clone, Debug)]
pub(crate) enum Pilot {
    Wander(Wander),
    Hunt(Hunt),
}

impl Pilot {
    /// The pilot of bot `number`; `None` if it sends no inputs.
    pub(crate) fn new(behaviour: Behaviour, seed: u64, number: u32) -> Option<Self> {
        let rng = generator(seed, number);
        match behaviour {
            Behaviour::Wander => Some(Self::Wander(Wander::new(rng))),
            Behaviour::Hunt => Some(Self::Hunt(Hunt::new(rng))),
            Behaviour::Idle => None,
        }
    }

    /// What to do now. Without a ship: nothing.
    pub(crate) fn decide(&mut self, sight: Sight<'_>) -> Input {
        let Some(ship) = sight.ship() else {
            return Input::default();
        };
        match self {
            Self::Wander(wander) => wander.decide(ship, sight),
            Self::Hunt(hunt) => hunt.decide(ship, sight),
        }
    }
}

/// The randomness of bot `number`: a stream of its own.
pub(crate) fn generator(seed: u64, number: u32) -> Lcg64Xsh32 {
    // The stream selects the sequence, the state where it begins; both are mixed
    // in, because streams of PCG that start alike resemble each other at first.
    let mixed = (seed ^ u64::from(number).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Lcg64Xsh32::seed_from_u64(mixed ^ u64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use downbeat_protocol::arena::{
        ArenaWire, Name, POSITION_ONE, Rules, SPEED_ONE, TURN, controls, direction,
    };
    use downbeat_protocol::snapshot::CellChange;
    use downbeat_protocol::{EntityId, Snapshot, Tick, Wire};

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

    fn own() -> <ArenaWire as Wire>::Own {
        Own {
            score: 0,
            kills: 0,
            deaths: 0,
            status: Status::Flying { ship: SHIP },
        }
    }

    /// A mirror that shows these entities, numbered from 1.
    fn mirror(entities: &[Entity]) -> Mirror<Entity> {
        let mut mirror = Mirror::new(Tick(0), Rules::new(30, 4000));
        show(&mut mirror, entities);
        mirror
    }

    fn show(mirror: &mut Mirror<Entity>, entities: &[Entity]) {
        mirror
            .apply(Snapshot::<Entity, ()> {
                elapsed: 1,
                applied: 0,
                waiting: 0,
                own: None,
                checksum: None,
                reset: true,
                hidden: vec![],
                cells: vec![(
                    1,
                    CellChange::Keyframe(entities.iter().map(|entity| (1, *entity)).collect()),
                )],
            })
            .unwrap();
    }

    /// Flies alone for a while and gives back every input and where it led.
    fn fly(behaviour: Behaviour, seed: u64, number: u32, others: &[Entity]) -> Vec<(Input, Ship)> {
        let mut pilot = Pilot::new(behaviour, seed, number).unwrap();
        let own = own();
        let mut me = ship(1, 2000, 2000);
        let mut entities = vec![Entity::Ship(me)];
        entities.extend_from_slice(others);
        let mut mirror = mirror(&entities);
        let rules = *mirror.rules();
        (0..600)
            .map(|_| {
                let input = pilot.decide(Sight {
                    me: ME,
                    own: Some(&own),
                    mirror: &mirror,
                });
                me.controls = input.controls & controls::MOTION;
                me.aim = input.aim;
                me.advance(&rules);
                entities[0] = Entity::Ship(me);
                show(&mut mirror, &entities);
                (input, me)
            })
            .collect()
    }

    #[test]
    fn the_same_seed_and_bot_play_alike_and_others_do_not() {
        let drone = Entity::Ship(ship(0, 2400, 2200));
        for behaviour in [Behaviour::Wander, Behaviour::Hunt] {
            let inputs = |seed, number| {
                let flown = fly(behaviour, seed, number, &[drone]);
                flown
                    .into_iter()
                    .map(|(input, _)| input)
                    .collect::<Vec<_>>()
            };
            let flown = inputs(7, 3);
            // Not `assert_eq`: nobody wants to read 600 inputs.
            assert!(flown == inputs(7, 3), "{behaviour:?}: the same again");
            assert!(flown != inputs(7, 4), "{behaviour:?}: another bot");
            assert!(flown != inputs(8, 3), "{behaviour:?}: another seed");
        }
    }

    #[test]
    fn every_input_is_one_the_game_knows() {
        for behaviour in [Behaviour::Wander, Behaviour::Hunt] {
            for (input, _) in fly(behaviour, 1, 1, &[]) {
                assert_eq!(input.controls & !controls::ALL, 0, "{behaviour:?}");
                assert!(i32::from(input.aim) < TURN, "{behaviour:?}");
            }
        }
    }

    #[test]
    fn wanderers_change_their_mind_a_few_times_a_second_and_shoot_now_and_then() {
        let flown = fly(Behaviour::Wander, 1, 1, &[]);
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
        for behaviour in [Behaviour::Wander, Behaviour::Hunt] {
            for number in 0..20 {
                let flown = fly(behaviour, 1, number, &[]);
                let edge = 40 * POSITION_ONE;
                let near = |at: i32| at < edge || at > 4000 * POSITION_ONE - edge;
                let ticks = flown
                    .iter()
                    .filter(|(_, me)| near(me.x) || near(me.y))
                    .count();
                assert!(
                    ticks < 60,
                    "{behaviour:?} {number}: {ticks} of 600 ticks there"
                );
            }
        }
    }

    #[test]
    fn hunters_close_in_and_fire_at_what_they_chase() {
        let prey = ship(2, 3000, 2600);
        let flown = fly(Behaviour::Hunt, 1, 1, &[Entity::Ship(prey)]);
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
        let mut pilot = Pilot::new(Behaviour::Hunt, 1, 1).unwrap();
        let mirror = mirror(&[Entity::Ship(ship(1, 2000, 2000)), Entity::Ship(prey)]);
        let own = own();
        let input = pilot.decide(Sight {
            me: ME,
            own: Some(&own),
            mirror: &mirror,
        });
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
        let mirror = mirror(&[Entity::Ship(me), Entity::Ship(foe), Entity::Pickup(repair)]);
        let own = own();
        let input = Pilot::new(Behaviour::Hunt, 1, 1).unwrap().decide(Sight {
            me: ME,
            own: Some(&own),
            mirror: &mirror,
        });
        assert!(
            input.aim.abs_diff(1024) < 100,
            "aims at {} instead of the repair at 1024",
            input.aim
        );
    }

    #[test]
    fn without_a_ship_nothing_is_done() {
        let mut pilot = Pilot::new(Behaviour::Hunt, 1, 1).unwrap();
        let sight = Sight {
            me: ME,
            own: None,
            mirror: &mirror(&[]),
        };
        assert_eq!(pilot.decide(sight), Input::default());
    }

    #[test]
    fn the_idle_have_no_pilot() {
        assert!(Pilot::new(Behaviour::Idle, 1, 1).is_none());
    }
}
