//! Flies to the middle of the plane and stays there: the worst crowd there can be,
//! with everybody in everybody's sight.
//!
//! There it goes on changing its mind as [`Wander`](super::Wander) does, because a
//! crowd that stands still costs a server nothing.

use super::Sight;
use super::space::{Vector, apart};
use downbeat_protocol::Tick;
use downbeat_protocol::arena::{Input, POSITION_ONE, Ship, controls};
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;

/// How far from the middle is there, in units: well within one cell.
const NEAR: f64 = 60.0;

/// See the module.
#[derive(Clone, Debug)]
pub struct Gather {
    rng: Lcg64Xsh32,
    input: Input,
    /// When it changes its mind; `None` before the first time.
    until: Option<Tick>,
}

impl Gather {
    pub(super) fn new(rng: Lcg64Xsh32) -> Self {
        Self {
            rng,
            input: Input::default(),
            until: None,
        }
    }

    pub(super) fn decide(&mut self, ship: &Ship, sight: Sight<'_>) -> Input {
        let now = sight.view.tick();
        if self.until.is_some_and(|until| until.is_after(now)) {
            return self.input;
        }
        let rules = sight.view.rules();
        let half = f64::from(rules.size) / f64::from(POSITION_ONE) / 2.0;
        let middle = Vector { x: half, y: half };
        let drift = Vector::speed(ship.vx, ship.vy);
        let offset = middle.minus(Vector::place(ship.x, ship.y));
        // Against its own drift, so that it does not circle around the middle.
        let aim = offset.plus(drift, -0.6).heading();
        let motion = match offset.length() > NEAR {
            true if apart(ship.heading, aim) < 700 => controls::THRUST,
            true => controls::BRAKE,
            false if self.rng.random_bool(0.3) => controls::BRAKE,
            false => 0,
        };
        self.input = Input {
            controls: controls::AIM | motion,
            aim,
        };
        let seconds = self.rng.random_range(0.16..0.5);
        let ticks = f64::from(rules.tick_rate) * seconds;
        self.until = Some(now.plus((ticks as u32).max(1)));
        self.input
    }
}
