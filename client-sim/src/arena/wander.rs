//! Flies about: the traffic of people who do not fight much.
//!
//! Changes its controls two to six times a second, because every change is what
//! the server has to tell all who see the ship; shoots now and then; turns round
//! before the border.

use super::Sight;
use super::space::away_from_border;
use downbeat_protocol::Tick;
use downbeat_protocol::arena::{Input, Ship, controls};
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;

/// How near to the border it turns round, in units.
const MARGIN: f64 = 150.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Wander {
    rng: Lcg64Xsh32,
    input: Input,
    /// When it changes its mind; `None` before the first time.
    until: Option<Tick>,
}

impl Wander {
    pub(super) fn new(rng: Lcg64Xsh32) -> Self {
        Self {
            rng,
            input: Input::default(),
            until: None,
        }
    }

    pub(super) fn decide(&mut self, ship: &Ship, sight: Sight<'_>) -> Input {
        let now = sight.view.tick();
        if self.until.is_none_or(|until| !until.is_after(now)) {
            let rules = sight.view.rules();
            self.input = match away_from_border(ship, rules.size, MARGIN) {
                Some(aim) => Input {
                    controls: controls::AIM | controls::THRUST,
                    aim,
                },
                None => self.whim(),
            };
            let seconds = self.rng.random_range(0.16..0.5);
            let ticks = f64::from(rules.tick_rate) * seconds;
            self.until = Some(now.plus((ticks as u32).max(1)));
        }
        self.input
    }

    fn whim(&mut self) -> Input {
        let mut held = match self.rng.random_range(0..10) {
            0..=3 => 0,
            4..=6 => controls::LEFT,
            _ => controls::RIGHT,
        };
        if self.rng.random_bool(0.7) {
            held |= controls::THRUST;
        } else if self.rng.random_bool(0.3) {
            held |= controls::BRAKE;
        }
        if self.rng.random_bool(0.15) {
            held |= controls::FIRE;
        }
        Input {
            controls: held,
            aim: self.input.aim,
        }
    }
}
