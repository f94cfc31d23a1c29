//! The errors of demand over a time that is no whole number of weeks: those of the sums on both sides of it.

use crate::intervals::{
    LeadTimeDemand, Pool,
    shape::{MAX_STEPS, Span},
};

/// Errors are never narrower than this part of those that were measured.
const MIN_SCALE: f64 = 1e-3;

/// The errors of one length: with a chance demand is max(0, `mean` + e × `scale`) for an error e of the pool, else nothing.
#[derive(Debug, Clone, Copy)]
struct Side<'a> {
    pool: &'a Pool,
    /// Share of this side in the whole, 0 to 1.
    share: f64,
    mean: f64,
    scale: f64,
    chance: f64,
}

/// Demand over a time, computed once for many stocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errors<'a> {
    /// No sides: no demand.
    sides: [Option<Side<'a>>; 2],
}

impl<'a> LeadTimeDemand<'a> {
    /// The errors of `weeks`: those of the whole weeks on both sides, below a week those of one
    /// week. They grow by the root of the variance from the measured length, as variances of
    /// independent days add up; below a week they do so around their median, which grows with the
    /// mean, as a forecast that is too low is so each day. If many days have no sales, a shorter
    /// time is without demand more often, and not with smaller sales. `None` if too few errors were
    /// scored.
    pub(crate) fn errors(&self, weeks: f64) -> Option<Errors<'a>> {
        let span = self.span(weeks);
        let shorter = if span.whole == 0 { None } else { Some(self.side(span, span.whole, 1.0 - Self::longer_share(span))?) };
        let longer = if span.is_whole() { None } else { Some(self.side(span, span.whole + 1, Self::longer_share(span))?) };
        Some(Errors { sides: [shorter, longer] })
    }
    /// The share of the longer sum.
    fn longer_share(span: Span) -> f64 {
        match (span.whole, span.is_whole()) {
            (_, true) => 0.0,
            (0, false) => 1.0,
            (_, false) => span.spread.clamp(0.0, 1.0),
        }
    }
    fn side(&self, span: Span, length: usize, share: f64) -> Option<Side<'a>> {
        let used = length.min(self.pools.longest());
        let pools = self.pools;
        let pool = pools.pool(used)?;
        let (total, weeks) = (self.mean_of(span), span.whole as f64 + if span.is_whole() { 0.0 } else { span.spread });
        let variance = self.days.map_or(0.0, |days| days.shape().variance.min((MAX_STEPS * self.scale).powi(2)));
        let is_thinned = length > span.whole && used == length && span.chance < 1.0 && variance > 0.0;
        let chance = if is_thinned { span.chance } else { 1.0 };
        let mean = total / chance;
        let part = if is_thinned {
            // Its variance where there is demand at all.
            let own = (variance * weeks + total * total) / chance - mean * mean;
            (own.max(0.0) / (variance * length as f64)).sqrt().clamp(MIN_SCALE, 1.0)
        } else {
            (weeks / used as f64).sqrt()
        };
        let shift = if span.whole == 0 {
            let of_week = self.mean(1.0);
            let growth = if of_week > 0.0 { mean / of_week } else { span.mean };
            pool.median()? * self.scale * (growth - part)
        } else {
            0.0
        };
        Some(Side { pool, share, mean: mean + shift, scale: self.scale * part, chance })
    }
}

impl<'a> Errors<'a> {
    fn sides(&self) -> impl Iterator<Item = &Side<'a>> {
        self.sides.iter().flatten()
    }
    /// Units that demand stays within with the chance `within`, 0 to 1. The mean of both sides.
    pub fn quantile(&self, within: f64) -> Option<f64> {
        let mut sum = 0.0;
        for side in self.sides() {
            let upper_at = |within: f64| Some(side.mean + side.pool.upper(within)? * side.scale);
            let rest = 1.0 - (1.0 - within) / side.chance;
            let units = if side.chance >= 1.0 {
                upper_at(within)?
            } else if rest > 0.0 {
                upper_at(rest)?.max(0.0)
            } else {
                0.0
            };
            sum += side.share * units;
        }
        Some(sum)
    }
    /// Mean units of demand beyond `stock`, where demand may be below 0 as errors have it.
    pub fn excess(&self, stock: f64) -> Option<f64> {
        let mut sum = if self.sides().next().is_none() { (-stock).max(0.0) } else { 0.0 };
        for side in self.sides() {
            let excess = side.pool.excess((stock - side.mean) / side.scale)? * side.scale;
            sum += side.share * (side.chance * excess + (1.0 - side.chance) * (-stock).max(0.0));
        }
        Some(sum)
    }
    /// Mean units of demand beyond `stock`; a stock below 0 is owed and adds to them.
    pub fn expected_shortage(&self, stock: f64) -> Option<f64> {
        if stock < 0.0 { Some(self.excess(0.0)? - stock) } else { self.excess(stock) }
    }
    /// Mean units of `stock`, at least 0, that demand leaves.
    pub fn expected_remaining(&self, stock: f64) -> Option<f64> {
        let mut sum = if self.sides().next().is_none() { stock } else { 0.0 };
        for side in self.sides() {
            // If the mean plus the error is below 0, nothing is sold, so no more than the initial
            // stock is left.
            let deficit = |units: f64| side.pool.deficit((units - side.mean) / side.scale);
            let left = (deficit(stock)? - deficit(0.0)?) * side.scale;
            sum += side.share * (side.chance * left + (1.0 - side.chance) * stock);
        }
        Some(sum)
    }
}
