//! A sorted pool of scaled errors and the bounds that it gives. The finite-sample form of the quantile (Vovk et al., Algorithmic Learning in a Random
//! World): plain quantiles undercover while the pool is small.

use crate::intervals::error_scale;

/// Fewer scores than this give no interval.
pub const MIN_SCORES: usize = 200;
/// Maximum order statistics that a larger pool keeps, evenly spaced, both ends among them.
const MAX_POOL_SCORES: usize = 65_536;
/// Scores between two sums that are kept.
const SUM_BLOCK: usize = 64;
/// Tolerance for an index that is whole except for rounding errors.
const INDEX_TOLERANCE: f64 = 1e-9;

/// Scaled errors (y − f) ÷ s of earlier origins, sorted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pool {
    sorted: Vec<f32>,
    /// The sums of the scores from each 64th on.
    above: Vec<f64>,
    /// Number of errors before thinning.
    pub scores: usize,
}

/// Share of the weeks that an interval is to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Eighty,
    NinetyFive,
}

impl Level {
    /// The share that may lie beyond each bound.
    pub fn tail(self) -> f64 {
        match self {
            Self::Eighty => 0.10,
            Self::NinetyFive => 0.025,
        }
    }
}

impl Pool {
    /// Numbers that are not finite are left out.
    pub fn new(mut scores: Vec<f32>) -> Self {
        scores.retain(|score| score.is_finite());
        scores.sort_unstable_by(f32::total_cmp);
        let count = scores.len();
        if count > MAX_POOL_SCORES {
            let last = (count - 1) as u64;
            let place = |index: usize| (index as u64 * last / (MAX_POOL_SCORES - 1) as u64) as usize;
            scores = (0..MAX_POOL_SCORES).map(|index| scores[place(index)]).collect();
        }
        scores.shrink_to_fit();
        let mut sum = 0.0;
        let mut above: Vec<f64> = scores
            .chunks(SUM_BLOCK)
            .rev()
            .map(|block| {
                sum += block.iter().copied().map(f64::from).sum::<f64>();
                sum
            })
            .collect();
        above.reverse();
        Self { sorted: scores, above, scores: count }
    }
    /// The sum of the scores from a place on.
    fn sum_from(&self, first: usize) -> f64 {
        let next = first.div_ceil(SUM_BLOCK);
        let end = (next * SUM_BLOCK).min(self.sorted.len());
        let inside: f64 = self.sorted[first..end].iter().copied().map(f64::from).sum();
        inside + self.above.get(next).copied().unwrap_or_default()
    }
    /// Whether there are enough scores for an interval.
    pub fn has_enough_scores(&self) -> bool {
        self.scores >= MIN_SCORES
    }
    fn at(&self, rank: f64) -> Option<f64> {
        let last = self.sorted.len().checked_sub(1)?;
        let index = (rank.max(1.0) as usize - 1).min(last);
        Some(f64::from(self.sorted[index]))
    }
    /// The order statistic ⌊(n + 1) p⌋, clamped to 1 … n. None of an empty pool.
    pub fn lower(&self, share: f64) -> Option<f64> {
        self.at(((self.sorted.len() + 1) as f64 * share + INDEX_TOLERANCE).floor())
    }
    /// The order statistic ⌈(n + 1) p⌉, clamped to 1 … n: at most 1 − p of the errors lie above. None of an empty pool.
    pub fn upper(&self, share: f64) -> Option<f64> {
        self.at(((self.sorted.len() + 1) as f64 * share - INDEX_TOLERANCE).ceil())
    }
    /// The error in the middle, or the mean of the two there. None of an empty pool.
    pub fn median(&self) -> Option<f64> {
        Some(f64::midpoint(self.lower(0.5)?, self.upper(0.5)?))
    }
    /// The mean excess of errors over `above`, 0 for those below it. By trapezoids between the
    /// order statistics, since a thinned pool keeps evenly spaced ones with both ends. `None` if
    /// the pool has fewer than two.
    pub fn excess(&self, above: f64) -> Option<f64> {
        let steps = self.sorted.len().checked_sub(1).filter(|steps| *steps > 0)?;
        let over = |score: &f32| (f64::from(*score) - above).max(0.0);
        let first = self.sorted.partition_point(|score| f64::from(*score) <= above);
        if first == self.sorted.len() {
            return Some(0.0);
        }
        let sum = self.sum_from(first) - (self.sorted.len() - first) as f64 * above;
        let ends = self.sorted.first().map_or(0.0, over) + self.sorted.last().map_or(0.0, over);
        Some((sum - ends / 2.0) / steps as f64)
    }
    /// The mean shortfall of errors from `below`, 0 for those above it. By trapezoids, as
    /// [`Self::excess`]. `None` if the pool has fewer than two.
    pub fn deficit(&self, below: f64) -> Option<f64> {
        let steps = self.sorted.len().checked_sub(1).filter(|steps| *steps > 0)?;
        let under = |score: &f32| (below - f64::from(*score)).max(0.0);
        let end = self.sorted.partition_point(|score| f64::from(*score) < below);
        let sum: f64 = self.sorted[..end].iter().map(under).sum();
        let ends = self.sorted.first().map_or(0.0, under) + self.sorted.last().map_or(0.0, under);
        Some((sum - ends / 2.0) / steps as f64)
    }
    /// The errors, ascending.
    pub fn sorted(&self) -> &[f32] {
        &self.sorted
    }
}

/// The bounds of a week's units. Never below 0; the 80 % interval is within the 95 % one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub lower80: f32,
    pub upper80: f32,
    pub lower95: f32,
    pub upper95: f32,
    /// Further ahead than was ever scored: widened by the root of the time.
    pub is_extrapolated: bool,
}

/// The interval of a forecast `ahead` weeks on, from a pool of errors up to `scored_weeks` ahead. None if the pool is too small.
pub fn bounds(pool: &Pool, forecast: f64, mean_step: f64, ahead: usize, scored_weeks: usize) -> Option<Bounds> {
    if !pool.has_enough_scores() {
        return None;
    }
    let is_extrapolated = ahead > scored_weeks;
    let stretch = if is_extrapolated { (ahead as f64 / scored_weeks.max(1) as f64).sqrt() } else { 1.0 };
    let scale = error_scale(mean_step, forecast) * stretch;
    let interval = |level: Level| -> Option<(f32, f32)> {
        let (lower, upper) = (pool.lower(level.tail())?, pool.upper(1.0 - level.tail())?);
        let lower = (forecast + lower * scale).max(0.0);
        Some((lower as f32, (forecast + upper * scale).max(lower) as f32))
    };
    let ((lower80, upper80), (lower95, upper95)) = (interval(Level::Eighty)?, interval(Level::NinetyFive)?);
    Some(Bounds { lower80, upper80, lower95: lower95.min(lower80), upper95: upper95.max(upper80), is_extrapolated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_scores_give_the_first_and_the_ninth() {
        let pool = Pool::new((1..=9).rev().map(|score| score as f32).collect());
        assert_eq!((pool.lower(0.10), pool.upper(0.90)), (Some(1.0), Some(9.0)));
        assert_eq!((pool.lower(0.025), pool.upper(0.975)), (Some(1.0), Some(9.0)), "clamped");
        assert_eq!((pool.upper(0.5), Pool::default().upper(0.5)), (Some(5.0), None));
        assert_eq!(Pool::new(vec![f32::NAN, 1.0, f32::INFINITY]).scores, 1);
    }

    #[test]
    fn an_excess_is_the_mean_of_what_lies_above() {
        let pool = Pool::new((0_u8..=100).map(f32::from).collect());
        let near = |above: f64, expected: f64| (pool.excess(above).unwrap() - expected).abs() < 0.01;
        // Evenly spread from 0 to 100: the mean of (e − a)⁺ is (100 − a)² ÷ 200.
        assert!(near(-10.0, 60.0) && near(0.0, 50.0) && near(60.0, 8.0) && near(100.0, 0.0));
        assert_eq!(Pool::new(vec![1.0]).excess(0.0), None);
    }

    #[test]
    fn a_deficit_is_the_mean_of_what_lies_below() {
        let pool = Pool::new((0_u8..=100).map(f32::from).collect());
        let near = |below: f64, expected: f64| (pool.deficit(below).unwrap() - expected).abs() < 0.01;
        // Evenly spread from 0 to 100: the mean of (b − e)⁺ is b² ÷ 200.
        assert!(near(0.0, 0.0) && near(60.0, 18.0) && near(100.0, 50.0) && near(110.0, 60.0) && near(-10.0, 0.0));
        assert_eq!(Pool::new(vec![1.0]).deficit(2.0), None);
    }

    #[test]
    fn a_large_pool_keeps_its_shape() {
        let pool = Pool::new((0..200_000).map(|score| score as f32).collect());
        assert_eq!((pool.scores, pool.sorted().len(), pool.sorted()[MAX_POOL_SCORES - 1]), (200_000, MAX_POOL_SCORES, 199_999.0));
        assert!((pool.upper(0.98).unwrap() - 196_000.0).abs() < 5.0);
    }

    #[test]
    fn the_worked_example_of_an_interval() {
        // 198 scores whose 10 % and 90 % bounds are those of the public file.
        let mut scores = vec![0.0; 240];
        scores[..30].fill(-0.928);
        scores[210..].fill(1.55);
        let pool = Pool::new(scores);
        let found = bounds(&pool, 11.126, 6.7056, 1, 8).unwrap();
        assert!((found.lower80 - 3.88).abs() < 0.005 && (found.upper80 - 23.23).abs() < 0.005, "{found:?}");
        let far = bounds(&pool, 11.126, 6.7056, 32, 8).unwrap();
        assert!(far.is_extrapolated && !found.is_extrapolated);
        assert!(
            (far.upper80 - (11.126 + 2.0 * 1.55 * 7.8108)).abs() < 0.01,
            "twice as far from the mean at four times the weeks"
        );
        assert_eq!(far.lower80, 0.0, "never below 0");
        assert_eq!(bounds(&Pool::new(vec![0.0; 199]), 1.0, 1.0, 1, 8), None);
    }
}
