//! Cases out of a corpus: good bytes, damaged a little or a lot.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// The longest case, in bytes.
const MAX: usize = 4096;

/// Bytes at which something changes: signs, varint marks, lengths of frames, masks.
const EDGES: [u8; 16] = [
    0, 1, 2, 125, 126, 127, 128, 129, 130, 136, 137, 250, 251, 252, 253, 255,
];

/// See the module's doc.
pub(crate) struct Mutator {
    corpus: Vec<Vec<u8>>,
    seed: u64,
}

impl Mutator {
    /// `corpus` must not be empty; an empty one counts as one empty entry.
    pub(crate) fn new(mut corpus: Vec<Vec<u8>>, seed: u64) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        Self { corpus, seed }
    }

    /// Writes case `number` to `out`. The first ones are the corpus itself.
    pub(crate) fn case(&self, number: u64, out: &mut Vec<u8>) {
        out.clear();
        if let Some(good) = usize::try_from(number)
            .ok()
            .and_then(|n| self.corpus.get(n))
        {
            out.extend_from_slice(good);
            return;
        }
        // Neighbouring numbers must not give neighbouring streams.
        let state = (self.seed ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Pcg32::seed_from_u64(state);
        out.extend_from_slice(self.pick(&mut random));
        // Mostly one or two wounds: more hide each other.
        let wounds = 1 + (random.next_u32() % 32).trailing_zeros().min(6);
        for _ in 0..wounds {
            self.wound(out, &mut random);
        }
        out.truncate(MAX);
    }

    fn pick(&self, random: &mut Pcg32) -> &[u8] {
        &self.corpus[below(random, self.corpus.len())]
    }

    fn wound(&self, out: &mut Vec<u8>, random: &mut Pcg32) {
        let at = below(random, out.len() + 1);
        let end = (at + below(random, 9)).min(out.len());
        match random.next_u32() % 10 {
            0..=2 if at < out.len() => out[at] ^= 1 << (random.next_u32() % 8),
            3 if at < out.len() => out[at] = EDGES[below(random, EDGES.len())],
            4 if at < out.len() => out[at] = out[at].wrapping_add(random.next_u32() as u8 % 7),
            5 => drop(out.drain(at..end)),
            6 => {
                let mut fresh = [0; 8];
                random.fill_bytes(&mut fresh);
                out.splice(at..at, fresh.into_iter().take(1 + end - at));
            }
            7 => {
                let again = out[at..end].to_vec();
                let times = 1 + below(random, 16);
                out.splice(at..at, again.repeat(times));
            }
            // The rest of something else.
            8 => {
                let other = self.pick(random);
                let from = below(random, other.len() + 1);
                out.truncate(at);
                out.extend_from_slice(&other[from..]);
            }
            // A number of four or eight bytes, and its mark.
            _ => {
                let big = random.next_u64() >> (random.next_u32() % 64);
                let (mark, bytes) = match random.next_u32() % 2 {
                    0 => (252, &big.to_le_bytes()[..4]),
                    _ => (253, &big.to_le_bytes()[..]),
                };
                let number = std::iter::once(mark).chain(bytes.iter().copied());
                out.splice(at..(at + 1).min(out.len()), number);
            }
        }
    }
}

fn below(random: &mut Pcg32, end: usize) -> usize {
    random.next_u32() as usize % end.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_case_is_a_function_of_its_number_and_cases_differ() {
        let mutator = |seed| Mutator::new(vec![vec![7; 30], vec![9; 5]], seed);
        let case = |seed, number| {
            let mut out = Vec::new();
            mutator(seed).case(number, &mut out);
            out
        };
        assert_eq!(case(1, 0), vec![7; 30], "the corpus comes first");
        assert_eq!(case(1, 1), vec![9; 5]);
        assert_eq!(case(1, 77), case(1, 77));
        let different: BTreeSet<_> = (2..1002).map(|number| case(1, number)).collect();
        assert!(different.len() > 800, "{} of 1000", different.len());
        assert_ne!(case(1, 77), case(2, 77));
    }
}
