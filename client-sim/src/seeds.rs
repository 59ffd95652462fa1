//! Where randomness comes from: one seed for a run, one stream for each bot.
//!
//! The same seed gives the same bots, however many threads run them.

use rand::SeedableRng;
use rand_pcg::Lcg64Xsh32;

/// The seed of bot `number`.
pub(crate) fn seed(seed: u64, number: u32) -> u64 {
    // Mixed well, because generators that start alike resemble each other at first.
    let mixed = (seed ^ u64::from(number).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ u64::from(number)
}

/// The randomness of bot `number`: a stream of its own.
pub(crate) fn generator(of: u64, number: u32) -> Lcg64Xsh32 {
    Lcg64Xsh32::seed_from_u64(seed(of, number))
}
