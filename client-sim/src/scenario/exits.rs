//! When a bot goes before the end: its link is cut, or it leaves.
//!
//! At random exactly as often as was asked for, or together with all of its group.
//! Sans-IO and seeded: moments are counted from the measured window's beginning.

use super::{Group, Often, Role};
use crate::seeds::generator;
use rand::RngExt;
use rand_pcg::Lcg64Xsh32;
use std::time::Duration;

/// Salt: how a bot plays does not depend on when it goes.
const EXITS: u64 = 0xC075;

/// A way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The link is cut without a close; the bot must get its player back.
    Cut,
    /// It leaves in good order, and comes again as somebody new.
    Leave,
}

/// All of one bot's.
#[derive(Clone, Debug)]
pub(crate) struct Exits {
    rng: Lcg64Xsh32,
    cuts: Moments,
    leaves: Moments,
}

/// The moments of one kind.
#[derive(Clone, Debug, Default)]
struct Moments {
    /// `None`: never at random.
    period: Option<Duration>,
    made: u32,
    /// The next one at random: once in every period, at a random moment of it, so
    /// that a minute holds exactly as many as were asked for.
    random: Option<Duration>,
    /// Those that all of the group share, the next one last.
    together: Vec<Duration>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Going {
    pub(crate) exit: Exit,
    /// Whether all of the group go now.
    pub(crate) together: bool,
}

impl Exits {
    pub(crate) fn new(group: &Group, seed: u64, number: u32) -> Self {
        let mut rng = generator(seed ^ EXITS, number);
        let [cuts, leaves] = match group.role {
            Role::Honest => [&group.cuts, &group.leaves].map(|often| Moments::new(often, &mut rng)),
            Role::Stalls(_) | Role::Trickles => [Moments::default(), Moments::default()],
        };
        Self { rng, cuts, leaves }
    }

    /// When the next one is.
    pub(crate) fn next(&self) -> Option<Duration> {
        let nexts = [self.cuts.next(), self.leaves.next()];
        nexts.into_iter().flatten().min()
    }

    /// Takes the next one.
    pub(crate) fn take(&mut self) -> Option<Going> {
        let next = self.next()?;
        let (exit, moments) = if self.cuts.next() == Some(next) {
            (Exit::Cut, &mut self.cuts)
        } else {
            (Exit::Leave, &mut self.leaves)
        };
        let together = moments.together.last() == Some(&next);
        if together {
            moments.together.pop();
        } else {
            moments.draw(&mut self.rng);
        }
        Some(Going { exit, together })
    }

    /// Who was not there missed what the others did together.
    pub(crate) fn back(&mut self, now: Duration) {
        for moments in [&mut self.cuts, &mut self.leaves] {
            moments.together.retain(|moment| *moment > now);
        }
    }

    /// What the rest of an exit draws from.
    pub(crate) fn rng(&mut self) -> &mut Lcg64Xsh32 {
        &mut self.rng
    }
}

impl Moments {
    fn new(often: &Often, rng: &mut Lcg64Xsh32) -> Self {
        let mut moments = Self {
            period: often
                .per_minute
                .map(|rate| Duration::from_secs_f64(60.0 / rate)),
            together: often.together.iter().rev().copied().collect(),
            ..Self::default()
        };
        moments.draw(rng);
        moments
    }

    fn draw(&mut self, rng: &mut Lcg64Xsh32) {
        self.random = self.period.map(|period| {
            let part = rng.random_range(0.0..1.0);
            period.mul_f64(f64::from(self.made) + part)
        });
        self.made += 1;
    }

    fn next(&self) -> Option<Duration> {
        let together = self.together.last().copied();
        self.random.into_iter().chain(together).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn exits(cuts: Often, leaves: Often, number: u32) -> Exits {
        let group = Group {
            cuts,
            leaves,
            ..Group::new("x", 10, "wander")
        };
        Exits::new(&group, 1, number)
    }

    fn at_random(per_minute: f64) -> Often {
        Often {
            per_minute: Some(per_minute),
            together: vec![],
        }
    }

    fn take(exits: &mut Exits) -> (Duration, Going) {
        (exits.next().unwrap(), exits.take().unwrap())
    }

    #[test]
    fn a_minute_holds_exactly_as_many_cuts_as_were_asked_for() {
        for number in 0..50 {
            let mut exits = exits(at_random(5.0), Often::default(), number);
            let moments: Vec<_> = (0..10).map(|_| take(&mut exits).0).collect();
            assert!(moments.is_sorted(), "{moments:?}");
            assert!(moments[4] < 60 * S && moments[5] >= 60 * S, "{moments:?}");
            assert!(moments[9] < 120 * S, "{moments:?}");
        }
        let first = |number| exits(at_random(5.0), Often::default(), number).next();
        assert_ne!(first(1), first(2), "not all links at once");
    }

    #[test]
    fn storms_are_for_all_and_come_in_order_with_the_rest() {
        let storm = Often {
            per_minute: None,
            together: vec![10 * S, 20 * S],
        };
        for number in 0..20 {
            let mut exits = exits(storm.clone(), at_random(2.0), number);
            let taken: Vec<_> = (0..6).map(|_| take(&mut exits)).collect();
            assert!(taken.is_sorted_by_key(|(moment, _)| *moment), "{taken:?}");
            let storms: Vec<_> = taken.iter().filter(|(_, going)| going.together).collect();
            let all = Going {
                exit: Exit::Cut,
                together: true,
            };
            assert_eq!(storms, [&(10 * S, all), &(20 * S, all)]);
            let others = taken.iter().filter(|(_, going)| !going.together);
            assert!(others.clone().all(|(_, going)| going.exit == Exit::Leave));
            assert_eq!(others.count(), 4);
        }
    }

    #[test]
    fn who_is_away_misses_the_storm() {
        let storm = Often {
            per_minute: None,
            together: vec![10 * S, 20 * S],
        };
        let mut exits = exits(storm, Often::default(), 1);
        exits.back(15 * S);
        assert_eq!(exits.next(), Some(20 * S));
        exits.back(20 * S);
        assert_eq!(exits.next(), None);
    }
}
