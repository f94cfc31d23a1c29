//! Demand over several weeks. The errors of the sums are pooled: multiplying one week's error by the root of the weeks covers 88.7 % where 95 % were
//! promised over four weeks of the public file.

use crate::{
    intervals::{DaysAhead, MIN_SCORES, Pool, shape::Span},
    selection::MAX_ORIGINS,
};

/// The longest sum that is pooled, in weeks.
pub const LONGEST_SUM: usize = 26;
/// Halvings of a bisection: more than a float's mantissa.
const BISECTION_STEPS: usize = 60;
const DAYS_A_WEEK: f64 = 7.0;
/// Days that are so near to whole ones are whole.
const DAY_TOLERANCE: f64 = 1e-6;

/// Pools of the errors of sums over 1, 2, … weeks, each divided by its series' scale of sums.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SumPools {
    pools: Vec<Pool>,
    longest: usize,
}

impl SumPools {
    /// `pools[0]` is of one week; `origins[0]` is the number of origins at which it was scored.
    /// Lengths are used up to the last one that has all nine origins; if none has, up to the
    /// longest that has enough scores.
    pub fn new(pools: Vec<Pool>, origins: &[usize]) -> Self {
        let enough = |index: &usize| pools[*index].scores >= MIN_SCORES;
        let scored = (0..pools.len().min(origins.len())).take_while(enough).count();
        let full = (0..scored).take_while(|index| origins[*index] >= MAX_ORIGINS).count();
        Self { longest: if full > 0 { full } else { scored }, pools }
    }
    /// The order statistics of each length that counts, at most `max_count` of each, evenly spaced, both ends among them: enough to make the pools again.
    pub fn sample_order_statistics(&self, max_count: usize) -> Vec<Vec<f32>> {
        self.pools.iter().take(self.longest).map(|pool| sample_evenly(pool.sorted(), max_count)).collect()
    }
    /// Pools of kept order statistics, of one week, of two, and so on. Every length counts: only those that did were kept.
    pub fn from_order_statistics(order_statistics: Vec<Vec<f32>>) -> Self {
        let pools: Vec<Pool> = order_statistics.into_iter().map(Pool::new).collect();
        Self { longest: pools.len(), pools }
    }
    /// Whether any length has enough scores.
    pub fn has_enough_scores(&self) -> bool {
        self.longest > 0
    }
    /// The longest sum that was scored, in weeks; longer ones are extrapolated.
    pub fn longest(&self) -> usize {
        self.longest
    }
    pub fn pool(&self, weeks: usize) -> Option<&Pool> {
        weeks.checked_sub(1).and_then(|index| self.pools.get(index))
    }
    /// q_p of sums over `weeks`, and whether it is extrapolated by the root of the weeks. None if nothing was scored.
    pub fn quantile(&self, share: f64, weeks: usize) -> Option<(f64, bool)> {
        let used = weeks.min(self.longest);
        let score = self.pool(used)?.upper(share)?;
        let stretch = (weeks as f64 / used as f64).sqrt();
        Some((score * stretch, weeks > self.longest))
    }
}

/// At most `most` of sorted figures, evenly spaced, both ends among them.
fn sample_evenly(sorted: &[f32], most: usize) -> Vec<f32> {
    let Some(last) = sorted.len().checked_sub(1).filter(|last| *last >= most && most > 1) else { return sorted.to_vec() };
    (0..most).map(|index| sorted[index * last / (most - 1)]).collect()
}

/// Each distinct lead time with its number of measurements. Values that are not finite are left
/// out.
pub(crate) fn count_distinct(lead_weeks: &[f64]) -> Vec<(f64, f64)> {
    let mut week_counts: Vec<(f64, f64)> = Vec::new();
    for weeks in lead_weeks.iter().copied().filter(|weeks| weeks.is_finite()) {
        match week_counts.iter_mut().find(|(distinct_weeks, _)| distinct_weeks.total_cmp(&weeks).is_eq()) {
            Some((_, count)) => *count += 1.0,
            None => week_counts.push((weeks, 1.0)),
        }
    }
    week_counts
}

/// The units of a series over coming weeks: the forecast path, its scale and the pools.
#[derive(Debug, Clone, Copy)]
pub struct LeadTimeDemand<'a> {
    /// Mean units of each coming week. Later weeks are as the last one.
    pub path: &'a [f64],
    /// s₀ = max(1, D).
    pub scale: f64,
    pub pools: &'a SumPools,
    /// The days of its weeks, from the first coming day on. None: all alike, and nothing is known of single ones.
    pub days: Option<DaysAhead<'a>>,
}

impl LeadTimeDemand<'_> {
    pub(super) fn span(&self, weeks: f64) -> Span {
        let weeks = if weeks.is_finite() { weeks.max(0.0) } else { 0.0 };
        let (whole, part) = (weeks as usize, weeks.fract());
        let Some(ahead) = self.days else { return Span::even(whole, part) };
        let (days, near) = (part * DAYS_A_WEEK, (part * DAYS_A_WEEK).round());
        ahead.span(whole, if (days - near).abs() < DAY_TOLERANCE { near } else { days })
    }
    /// Mean units over `weeks`, within a week by the shares of its days.
    pub fn mean(&self, weeks: f64) -> f64 {
        self.mean_of(self.span(weeks))
    }
    pub(super) fn mean_of(&self, Span { whole, mean, .. }: Span) -> f64 {
        let last = self.path.last().copied().unwrap_or_default();
        let inside: f64 = self.path.iter().take(whole).sum();
        let beyond = whole.saturating_sub(self.path.len()) as f64 * last;
        inside + beyond + mean * self.path.get(whole).copied().unwrap_or(last)
    }
    /// Q_p over whole weeks: max(0, Σf + q_p s₀), the running maximum over shorter sums. None without pools.
    fn whole_weeks_quantile(&self, share: f64, weeks: usize) -> Option<f64> {
        let mut highest: f64 = 0.0;
        for length in 1..=weeks {
            let (score, _) = self.pools.quantile(share, length)?;
            highest = highest.max(self.mean(length as f64) + score * self.scale);
        }
        Some(highest)
    }
    /// Units that demand over `weeks` stays within, with the chance `share` (0 to 1): the mean, and an error that grows by the root of the time within a week.
    /// Never falling in weeks or chance, and between the quantiles of the whole weeks on both sides. None if too little was scored. Source: INSIGHT,
    /// section 5.2; decision 0361 for parts of a week, 0379 for days that are not alike.
    pub fn quantile(&self, share: f64, weeks: f64) -> Option<f64> {
        if !weeks.is_finite() || !share.is_finite() || !self.pools.has_enough_scores() {
            return None;
        }
        let span = self.span(weeks);
        let below = self.whole_weeks_quantile(share, span.whole)?;
        if span.is_whole() {
            return Some(below);
        }
        let (score, _) = self.pools.quantile(share, span.whole + 1)?;
        let above = below.max(self.mean((span.whole + 1) as f64) + score * self.scale);
        Some(self.errors(weeks)?.quantile(share)?.clamp(below, above))
    }
    /// Whether the quantile over `weeks` rests on shorter sums.
    pub fn is_extrapolated(&self, weeks: f64) -> bool {
        weeks.ceil() > self.pools.longest() as f64
    }
    /// Like [`Self::quantile`], with the lead time drawn from the measured `lead_weeks` with equal
    /// chance: the least units x for which the mean chance that demand over a lead time is within x
    /// reaches `share`. Nothing is added for the lead time's variance, which the mixture already
    /// has.
    pub fn mixture_quantile(&self, share: f64, lead_weeks: &[f64]) -> Option<f64> {
        let distinct = count_distinct(lead_weeks);
        let total: f64 = distinct.iter().map(|(_, count)| count).sum();
        if let [(weeks, _)] = distinct.as_slice() {
            return self.quantile(share, *weeks);
        }
        let ends = distinct.iter().map(|(weeks, _)| self.quantile(share, *weeks)).collect::<Option<Vec<f64>>>()?;
        let (mut low, mut high) = (ends.iter().copied().reduce(f64::min)?, ends.iter().copied().reduce(f64::max)?);
        for _ in 0..BISECTION_STEPS {
            let middle = f64::midpoint(low, high);
            let within: f64 = distinct.iter().map(|(weeks, count)| count * self.chance_within(middle, *weeks)).sum();
            if within >= share * total { high = middle } else { low = middle }
        }
        Some(high)
    }
    /// Expected units of demand over `weeks` beyond `stock`: the mean of max(0, Σf + e s₀ − stock) over the errors e of sums. Within a week the excesses of the
    /// sums on both sides are weighted; errors grow by the root of the time there, and beyond the longest sum. None if too little was scored.
    pub fn expected_shortage(&self, stock: f64, weeks: f64) -> Option<f64> {
        if !weeks.is_finite() || !stock.is_finite() || !self.pools.has_enough_scores() {
            return None;
        }
        self.errors(weeks)?.excess(stock)
    }
    /// The least stock whose expected shortage is no more than `max_shortage` units, with an equal chance
    /// for each of the lead times. At most the stock for the greatest error. `None` if too few
    /// errors were scored, or without lead times.
    pub fn stock_for_shortage(&self, max_shortage: f64, lead_weeks: &[f64]) -> Option<f64> {
        let distinct = count_distinct(lead_weeks);
        let longest = distinct.iter().map(|(weeks, _)| *weeks).reduce(f64::max)?;
        let total: f64 = distinct.iter().map(|(_, count)| count).sum();
        let mean_shortage = |stock: f64| {
            let mut sum = 0.0;
            for (weeks, count) in &distinct {
                sum += count * self.expected_shortage(stock, *weeks)?;
            }
            Some(sum / total)
        };
        if mean_shortage(0.0)? <= max_shortage {
            return Some(0.0);
        }
        let (mut low, mut high) = (0.0, self.quantile(1.0, longest.ceil())?);
        for _ in 0..BISECTION_STEPS {
            let middle = f64::midpoint(low, high);
            if mean_shortage(middle)? <= max_shortage { high = middle } else { low = middle }
        }
        Some(high)
    }
    /// The chance that demand over `weeks` is within `units`: the largest share whose quantile is.
    pub(super) fn chance_within(&self, units: f64, weeks: f64) -> f64 {
        let is_within = |share: f64| self.quantile(share, weeks).is_some_and(|level| level <= units);
        if is_within(1.0) {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..BISECTION_STEPS / 2 {
            let middle = f64::midpoint(low, high);
            if is_within(middle) { low = middle } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over one and two weeks: errors 0.01, 0.02, … 10, and twice that.
    fn pools() -> SumPools {
        let scores = |factor: f32| Pool::new((1..1_000).map(|score| score as f32 / 100.0 * factor).collect());
        SumPools::new(vec![scores(1.0), scores(2.0)], &[9, 9])
    }

    #[test]
    fn quantiles_rise_with_weeks_and_chance() {
        let (path, pools) = ([10.0, 10.0, 20.0], pools());
        let demand = LeadTimeDemand { path: &path, scale: 2.0, pools: &pools, days: None };
        assert_eq!((demand.mean(0.0), demand.mean(1.5), demand.mean(3.0), demand.mean(4.5)), (0.0, 15.0, 40.0, 70.0));
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-4;
        assert!(near(demand.quantile(0.9, 1.0), 28.0) && near(demand.quantile(0.9, 2.0), 56.0));
        // Half a week has half of the median error of a week, and the excess over it by the root of
        // a half; a week and a half has the errors of one and of two weeks, both by the root of the
        // time.
        assert!(near(demand.quantile(0.9, 0.5), 5.0 + 10.0 * 0.5 + (18.0 - 10.0) * 0.5_f64.sqrt()));
        assert!(near(demand.quantile(0.9, 1.5), 15.0 + 0.5 * (18.0 * 1.5_f64.sqrt() + 36.0 * 0.75_f64.sqrt())));
        assert!(near(demand.quantile(0.9, 8.0), 140.0 + 2.0 * 18.0 * 2.0), "twice the error at four times the weeks");
        assert!(demand.is_extrapolated(3.0) && !demand.is_extrapolated(2.0));
        assert_eq!(demand.quantile(f64::NAN, 1.0), None);
    }

    #[test]
    fn quantiles_never_fall_and_do_not_jump_at_whole_weeks() {
        // Errors of three lengths, both signs; those of two weeks are narrow, as few origins may have them.
        let pool =
            |factor: f32, middle: f32| Pool::new((-500_i16..=500).map(|e| f32::from(e) / 100.0 * factor + middle).collect());
        for middles in [[0.0, 0.0, 0.0], [-1.0, 2.0, -6.0], [3.0, -2.0, 1.0]] {
            let pools = [1.0, 0.4, 2.5].into_iter().zip(middles).map(|(factor, middle)| pool(factor, middle)).collect();
            let pools = SumPools::new(pools, &[9; 3]);
            let demand = LeadTimeDemand { path: &[4.0, 9.0, 1.0], scale: 2.0, pools: &pools, days: None };
            for share in [0.02, 0.3, 0.5, 0.8, 0.95, 1.0] {
                let mut last = 0.0;
                for step in 0..=600_u16 {
                    let weeks = f64::from(step) / 120.0;
                    let found = demand.quantile(share, weeks).unwrap();
                    assert!(found >= last - 1e-9, "{share} {weeks}: {found} after {last}");
                    assert!(demand.quantile((share - 0.01).max(0.0), weeks).unwrap() <= found + 1e-9, "{share} {weeks}");
                    last = found;
                }
                for weeks in [1.0, 2.0, 3.0, 4.0] {
                    let near = |weeks: f64| demand.quantile(share, weeks).unwrap();
                    assert!((near(weeks - 1e-9) - near(weeks)).abs() < 1e-6 && (near(weeks + 1e-9) - near(weeks)).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_day_has_the_spread_of_a_day_and_not_a_seventh_of_a_weeks() {
        // Normal days of mean 10 and deviation 4: a week of 70 and 4 √7.
        let deviation = 4.0 * 7.0_f64.sqrt();
        let scores = (1_i32..2_000).filter_map(|rank| crate::reorder::z(f64::from(rank) / 2_000.0)).map(|z| z as f32);
        let pools = SumPools::new(vec![Pool::new(scores.collect())], &[9]);
        let demand = LeadTimeDemand { path: &[70.0], scale: deviation, pools: &pools, days: None };
        for days in [1.0_f64, 2.0, 3.0, 5.0, 7.0, 10.0] {
            for (share, z) in [(0.9, 1.281_55), (0.95, 1.644_85), (0.98, 2.053_75)] {
                let (found, expected) = (demand.quantile(share, days / 7.0).unwrap(), 10.0 * days + z * 4.0 * days.sqrt());
                assert!((found - expected).abs() < 0.05, "{days} {share}: {found} instead of {expected}");
            }
            // σ G(1) with G(1) = 0.08332: units that are missed where a deviation is kept above the mean.
            let missed = demand.expected_shortage(10.0 * days + 4.0 * days.sqrt(), days / 7.0).unwrap();
            assert!((missed - 0.083_32 * 4.0 * days.sqrt()).abs() < 0.02, "{days}: {missed}");
        }
        let at_once = (demand.quantile(0.98, 0.0), demand.expected_shortage(0.0, 0.0), demand.expected_shortage(-2.0, 0.0));
        assert_eq!(at_once, (Some(0.0), Some(0.0), Some(2.0)));
    }

    #[test]
    fn a_mixture_lies_between_its_lead_times() {
        let (path, pools) = ([10.0; 4], pools());
        let demand = LeadTimeDemand { path: &path, scale: 2.0, pools: &pools, days: None };
        let (one, two) = (demand.quantile(0.9, 1.0).unwrap(), demand.quantile(0.9, 2.0).unwrap());
        let mixed = demand.mixture_quantile(0.9, &[1.0, 2.0]).unwrap();
        assert!(one < mixed && mixed < two);
        // Demand over one week is always within 30, over two weeks within x with the chance (x − 20) ÷ 40: half of both is 0.9 at x = 52.
        assert!((mixed - 52.0).abs() < 0.1, "{mixed}");
        assert_eq!(demand.mixture_quantile(0.9, &[2.0, 2.0]), Some(two));
        assert_eq!(demand.mixture_quantile(0.9, &[]), None);
    }

    #[test]
    fn stock_for_a_shortage_lies_between_the_mean_and_the_greatest_error() {
        let (path, pools) = ([10.0; 4], pools());
        let demand = LeadTimeDemand { path: &path, scale: 2.0, pools: &pools, days: None };
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 0.05;
        // Demand over one week is evenly spread from 10 to 30: beyond 20 lie 10² ÷ (2 × 20) units.
        assert!(near(demand.expected_shortage(20.0, 1.0), 2.5) && near(demand.expected_shortage(0.0, 1.0), 20.0));
        let errors = 0.5 * (10.0 * 1.5_f64.sqrt() + 20.0 * 0.75_f64.sqrt());
        assert!(near(demand.expected_shortage(0.0, 1.5), 15.0 + errors), "the mean of 1.5 weeks, and the errors of both sides");
        assert!(near(demand.stock_for_shortage(2.5, &[1.0]), 20.0));
        assert!(near(demand.stock_for_shortage(0.0, &[1.0]), 30.0), "nothing is missed: the greatest error");
        assert_eq!(demand.stock_for_shortage(50.0, &[1.0]), Some(0.0));
        let mixed = demand.stock_for_shortage(2.5, &[1.0, 2.0]).unwrap();
        assert!(mixed > 20.0 && mixed < demand.stock_for_shortage(2.5, &[2.0]).unwrap());
        let weighted = demand.stock_for_shortage(2.5, &[1.0, 1.0, 1.0, 2.0]).unwrap();
        assert!(weighted < mixed, "three of four deliveries take a week: {weighted} {mixed}");
        assert_eq!((demand.stock_for_shortage(1.0, &[]), demand.expected_shortage(f64::NAN, 1.0)), (None, None));
    }

    #[test]
    fn kept_pools_say_what_the_whole_ones_did() {
        let whole = pools();
        let kept = SumPools::from_order_statistics(whole.sample_order_statistics(101));
        assert_eq!((kept.longest(), kept.pool(1).unwrap().sorted().len()), (2, 101));
        for (share, weeks) in [(0.8, 1), (0.95, 2), (0.98, 2)] {
            let (found, expected) = (kept.quantile(share, weeks).unwrap(), whole.quantile(share, weeks).unwrap());
            assert!((found.0 - expected.0).abs() < 0.25 && found.1 == expected.1, "{share} {weeks}: {found:?} {expected:?}");
        }
        assert_eq!(
            SumPools::from_order_statistics(whole.sample_order_statistics(2_000)).quantile(0.95, 2),
            whole.quantile(0.95, 2),
            "few are all kept"
        );
        assert!(!SumPools::from_order_statistics(Vec::new()).has_enough_scores());
    }

    #[test]
    fn lengths_without_all_origins_are_extrapolated() {
        let pool = |count: usize| Pool::new(vec![1.0; count]);
        assert_eq!(SumPools::new(vec![pool(900), pool(900), pool(800)], &[9, 9, 8]).longest(), 2);
        assert_eq!(SumPools::new(vec![pool(300), pool(250), pool(100)], &[4, 3, 2]).longest(), 2);
        let none = SumPools::new(vec![pool(100)], &[4]);
        assert!(!none.has_enough_scores());
        assert_eq!(LeadTimeDemand { path: &[1.0], scale: 1.0, pools: &none, days: None }.quantile(0.9, 1.0), None);
    }
}
