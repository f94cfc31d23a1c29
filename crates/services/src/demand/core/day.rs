//! Days, and by how much events change them.

use std::collections::BTreeMap;

use entity::{prelude::*, tables::demand_day::DemandFigures};

/// Key of a row of `demand_day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayKey {
    /// Days since 1970-01-01.
    pub date: i32,
    pub product: ProductId,
    pub store: StoreId,
    /// Nil: of no channel.
    pub channel: ChannelId,
    /// None for figures that come from no document with amounts.
    pub currency: Option<Currency>,
}

/// A sum exceeds 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

/// By how much a row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delta {
    pub figures: DemandFigures,
    /// Largest line added, and largest line removed; if a row's maximum is removed, the maximum is
    /// queried again.
    pub largest_added: i64,
    pub largest_removed: i64,
    /// The events that changed it.
    pub first_seq: i64,
    pub last_seq: i64,
}

impl Delta {
    pub fn is_nothing(&self) -> bool {
        self.figures.is_zero() && self.largest_added == self.largest_removed
    }
}

/// The changes of a page, in the order of their keys.
#[derive(Debug, Default)]
pub struct Deltas(pub BTreeMap<DayKey, Delta>);

impl Deltas {
    /// Adds `sign` times the figures, of an event.
    pub fn add(&mut self, key: DayKey, figures: &DemandFigures, sign: i64, seq: i64) -> Result<&mut Delta, Overflow> {
        let delta = self.0.entry(key).or_insert(Delta {
            figures: DemandFigures::default(),
            largest_added: 0,
            largest_removed: 0,
            first_seq: seq,
            last_seq: seq,
        });
        delta.figures = delta.figures.plus(figures, sign).ok_or(Overflow)?;
        delta.first_seq = delta.first_seq.min(seq);
        delta.last_seq = delta.last_seq.max(seq);
        Ok(delta)
    }
}

/// The Monday of a day's week (ISO 8601); 1970-01-01 was a Thursday.
pub const fn week_of(day: i32) -> i32 {
    day - (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_mondays() {
        // 2010-12-06 was a Monday: 14,949 days.
        assert_eq!([14_948, 14_949, 14_955, 14_956].map(week_of), [14_942, 14_949, 14_949, 14_956]);
        assert_eq!([-4, -3, 0, 3, 4].map(week_of), [-10, -3, -3, -3, 4]);
    }
}
