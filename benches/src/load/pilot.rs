//! What a player of the load wants: a new wish a few times per second, from his own
//! seed, so that every run asks the same of the server.

use downbeat_protocol::arena::{Input, controls};
use rand::Rng;
use rand_pcg::Pcg32;

/// Wishes last from one to this many ticks: at 20 Hz about three per second.
const LONGEST: u32 = 12;

/// Decides what one player does.
#[derive(Debug)]
pub(crate) struct Pilot {
    random: Pcg32,
    input: Input,
    left: u32,
}

impl Pilot {
    /// The pilot of player `number`.
    #[must_use]
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        Self {
            random: Pcg32::new(seed, number as u64),
            input: Input::default(),
            left: 0,
        }
    }

    /// The next tick's wish: mostly forward, toward places that change, and shooting
    /// every now and then.
    pub(crate) fn next(&mut self) -> Input {
        if self.left == 0 {
            let draw = self.random.next_u32();
            let mut held = controls::AIM;
            if draw & 3 != 0 {
                held |= controls::THRUST;
            }
            if draw & 0xC == 0 {
                held |= controls::FIRE;
            }
            self.input = Input {
                controls: held,
                aim: (draw >> 8) as u16 & 4095,
            };
            self.left = 1 + (draw >> 24) % LONGEST;
        }
        self.left -= 1;
        self.input
    }

    /// A masking key.
    pub(crate) fn key(&mut self) -> u32 {
        self.random.next_u32()
    }
}
