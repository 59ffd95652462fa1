//! How fast something grows, and how sure that is.
//!
//! Theil–Sen: the median of the slopes between all pairs of points, which neither a
//! spike nor a step at one moment moves (Sen 1968, "Estimates of the regression
//! coefficient based on Kendall's tau"). Its interval is that of the same paper, from
//! the order statistics of the slopes. Readings are first gathered into medians of
//! blocks: neighbours depend on each other, and a few hundred points would make the
//! interval narrower than it is.

use serde::Serialize;

/// Blocks that readings are gathered into, at most.
const BLOCKS: usize = 60;
/// Of a normal distribution: 99 % lie within so many standard deviations.
const SURE: f64 = 2.576;

/// A slope, per unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Trend {
    pub(super) slope: f64,
    /// With 99 % the true one is not below.
    pub(super) low: f64,
    /// Nor above.
    pub(super) high: f64,
}

/// The trend of these points, times ascending; `None` of fewer than three.
pub(super) fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let blocks = gathered(points);
    let count = blocks.len();
    if count < 3 {
        return None;
    }
    let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
    for (index, (from, before)) in blocks.iter().enumerate() {
        for (to, after) in &blocks[index + 1..] {
            if to > from {
                slopes.push((after - before) / (to - from));
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let last = slopes.len().checked_sub(1)?;
    let n = count as f64;
    // The standard deviation of Kendall's sum, if there is no trend.
    let spread = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt() * SURE;
    let all = slopes.len() as f64;
    let low = ((all - spread) / 2.0).floor().max(0.0) as usize;
    let high = ((all + spread) / 2.0).ceil() as usize;
    Some(Trend {
        slope: median(&slopes),
        low: slopes[low.min(last)],
        high: slopes[high.min(last)],
    })
}

/// The median of values in order; 0 of none.
pub(super) fn median(ordered: &[f64]) -> f64 {
    let middle = ordered.len() / 2;
    match ordered.len() {
        0 => 0.0,
        count if count % 2 == 1 => ordered[middle],
        _ => (ordered[middle - 1] + ordered[middle]) / 2.0,
    }
}

/// The median of values in any order.
pub(super) fn median_of(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    median(&values)
}

fn gathered(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(BLOCKS).max(1);
    let block = |points: &[(f64, f64)]| {
        let time = median_of(points.iter().map(|(time, _)| *time));
        (time, median_of(points.iter().map(|(_, value)| *value)))
    };
    points.chunks(size).map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::generator;
    use rand::RngExt;

    /// A line with noise and now and then a spike.
    fn noisy(slope: f64, noise: f64, seed: u64) -> Vec<(f64, f64)> {
        let mut rng = generator(seed, 0);
        (0..1800)
            .map(|second| {
                let time = f64::from(second);
                let spike = if rng.random_bool(0.02) {
                    50.0 * noise
                } else {
                    0.0
                };
                (time, slope * time + rng.random_range(-noise..noise) + spike)
            })
            .collect()
    }

    #[test]
    fn a_slope_is_found_under_noise_and_spikes() {
        for seed in 0..20 {
            let trend = trend(&noisy(0.5, 100.0, seed)).unwrap();
            assert!((trend.slope - 0.5).abs() < 0.05, "{trend:?}");
            assert!(trend.low > 0.3 && trend.high < 0.7, "{trend:?}");
            assert!((trend.low..=trend.high).contains(&0.5), "{trend:?}");
        }
    }

    #[test]
    fn where_there_is_no_slope_none_is_claimed() {
        let sure = (0..50).filter(|seed| {
            let trend = trend(&noisy(0.0, 100.0, *seed)).unwrap();
            trend.low > 0.0 || trend.high < 0.0
        });
        let sure = sure.count();
        assert!(sure <= 3, "{sure} of 50 at 99 %");
    }

    #[test]
    fn a_line_without_noise_is_known_exactly() {
        let points: Vec<_> = (0..100)
            .map(|n| (f64::from(n), 7.0 - 2.0 * f64::from(n)))
            .collect();
        let trend = trend(&points).unwrap();
        assert_eq!((trend.slope, trend.low, trend.high), (-2.0, -2.0, -2.0));
    }

    #[test]
    fn too_few_points_have_no_trend() {
        assert_eq!(trend(&[(0.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(trend(&[(1.0, 1.0); 30]), None, "all at one time");
    }
}
