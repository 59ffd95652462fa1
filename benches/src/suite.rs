//! All measurements in their order: what the page is made of.

use crate::codecs::{self, Stream};
use crate::polling::{self, Way};
use crate::run::{self, Case, Pace, Pair, Run};
use anyhow::Result;
use std::time::Duration;

/// Players that everyone sees, about, where not said otherwise.
pub(crate) const VISIBLE: f64 = 30.0;
/// Sizes of the main comparison.
const SIZES: [usize; 4] = [100, 1000, 2000, 5000];
/// Sizes of the growth at constant density.
const GROWTH: [usize; 4] = [500, 1000, 2000, 5000];
/// Sizes of a crowd, and the size for whose usual density its plane is made.
const CROWD: [usize; 4] = [125, 250, 500, 1000];
const CROWD_PLANE_FOR: usize = 125;
/// What a crowd is allowed, in bytes per second and player: all, and so little that
/// the larger crowds feel it.
const CROWD_BUDGETS: [u32; 2] = [0, 6 << 10];

/// Everything measured.
pub(crate) struct Suite {
    pub(crate) is_quick: bool,
    pub(crate) pace: Pace,
    /// Without pairs where the machine could not hold the case.
    pub(crate) pairs: Vec<(Case, Vec<Pair>)>,
    pub(crate) growth: Vec<(Case, Run)>,
    pub(crate) crowd: Vec<(Case, Run)>,
    /// Idle players: what they weigh.
    pub(crate) idle: Vec<(Case, Run)>,
    /// High rates: what is late.
    pub(crate) fast: Vec<(Case, Run)>,
    pub(crate) streams: Vec<Table>,
    /// Payload, its bytes, and the ways it can take.
    pub(crate) ways: Vec<(&'static str, usize, Vec<Way>)>,
}

/// Streams, and how many entities were visible at the mean.
pub(crate) struct Table {
    pub(crate) players: usize,
    pub(crate) visible: f64,
    pub(crate) streams: Vec<Stream>,
}

/// Measures everything; a quick run is for trying the command out.
///
/// # Errors
/// If a server does not start or a player is lost.
pub(crate) fn measure(is_quick: bool) -> Result<Suite> {
    let pace = if is_quick {
        pace(1, 3, 1)
    } else {
        pace(2, 4, 5)
    };

    eprintln!("floor and downbeat in alternation");
    let mut pairs = Vec::new();
    for players in SIZES {
        for rooms in [1, 10] {
            let case = Case::seeing(players, rooms, VISIBLE);
            let measured = held(run::pairs(&case, pace)).unwrap_or_default();
            pairs.push((case, measured));
        }
    }

    eprintln!("growth at constant density");
    let growth = alternated(
        &GROWTH.map(|players| Case::seeing(players, 1, VISIBLE)),
        pace,
    );
    eprintln!("growth of a crowd");
    let plane = Case::seeing(CROWD_PLANE_FOR, 1, VISIBLE).plane;
    let crowd = CROWD_BUDGETS.map(|byte_rate| {
        CROWD.map(|players| Case {
            plane,
            byte_rate,
            ..Case::seeing(players, 1, VISIBLE)
        })
    });
    let crowd = alternated(crowd.as_flattened(), pace);

    eprintln!("idle players, and high rates");
    let single = Pace { pairs: 1, ..pace };
    let idle = Case {
        is_idle: true,
        ..Case::seeing(5000, 1, VISIBLE)
    };
    let idle = alternated(&[idle], single);
    let fast = alternated(
        &[60, 128].map(|tick_rate| Case {
            tick_rate,
            ..Case::seeing(200, 1, VISIBLE)
        }),
        pace,
    );

    eprintln!("bytes per visible entity");
    let mut streams = Vec::new();
    for visible in [VISIBLE, 100.0] {
        let case = Case::seeing(1000, 1, visible);
        let seconds = if is_quick { 3 } else { 20 };
        let (list, visible) = codecs::compare(case.players, case.plane, seconds)?;
        streams.push(Table {
            players: case.players,
            visible,
            streams: list,
        });
    }

    eprintln!("polling, long-polling and WebSocket");
    let (delta, state) = codecs::typical(1000, Case::seeing(1000, 1, VISIBLE).plane)?;
    let mut ways = Vec::new();
    for (name, payload) in [("a snapshot", delta), ("all that is visible", state)] {
        let list = polling::compare(&payload, pace.window)?;
        ways.push((name, payload.len(), list));
    }
    Ok(Suite {
        is_quick,
        pace,
        pairs,
        growth,
        crowd,
        idle,
        fast,
        streams,
        ways,
    })
}

fn pace(warm_up: u64, window: u64, pairs: usize) -> Pace {
    Pace {
        warm_up: Duration::from_secs(warm_up),
        window: Duration::from_secs(window),
        pairs,
    }
}

/// What was measured, unless the machine could not hold it, which is said.
fn held<T>(measured: Result<T>) -> Option<T> {
    measured
        .inspect_err(|error| eprintln!("  not held: {error:#}"))
        .ok()
}

/// Runs of all cases by turns, as often as there are pairs; of each case the run
/// whose cost is the median. Cases that cannot be held are left out.
fn alternated(cases: &[Case], pace: Pace) -> Vec<(Case, Run)> {
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); cases.len()];
    for _ in 0..pace.pairs {
        for (case, runs) in cases.iter().zip(&mut runs) {
            let Some(run) = held(run::patiently(|| run::downbeat(case, pace))) else {
                continue;
            };
            eprintln!(
                "  {} players, {} Hz, plane {}: {:.2} µs, {:.0} bytes",
                case.players,
                case.tick_rate,
                case.plane,
                run.cost(),
                run.bytes()
            );
            runs.push(run);
        }
    }
    let medians = cases
        .iter()
        .cloned()
        .zip(runs)
        .filter_map(|(case, mut runs)| {
            runs.sort_by(|one, two| one.cost().total_cmp(&two.cost()));
            let middle = runs.len() / 2;
            runs.into_iter().nth(middle).map(|run| (case, run))
        });
    medians.collect()
}
