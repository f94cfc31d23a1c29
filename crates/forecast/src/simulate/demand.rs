//! The demand that a simulation by days plays: as it was recorded, and drawn where stock had run out.

use crate::{panel::MAX_UNITS, simulate::weeks::mix_bits};

/// The days of a week.
pub(super) const WEEK: usize = 7;
/// Known days of the same weekday that the demand of an unknown one is drawn from.
const MAX_DRAWN_DAYS: usize = 13;

/// A day of a series as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordedDay {
    /// Units; fewer than none count as none.
    pub units: i64,
    /// Whether the units are the whole demand: unknown for a day that closed without stock.
    pub is_known: bool,
}

/// Demand of each day in whole units, of many series over the same weeks. The first day is a
/// Monday.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DailyDemand {
    weeks: usize,
    seed: u64,
    /// Units of all series, one series after the other.
    days: Vec<i64>,
    sums: Vec<i64>,
    keys: Vec<u64>,
}

impl DailyDemand {
    /// Creates demand without series. `seed` draws the demand of unknown days.
    pub fn new(weeks: usize, seed: u64) -> Self {
        Self { weeks, seed, ..Self::default() }
    }
    /// Adds a series by its days, oldest first; days that are missing at the end are unknown. `key`
    /// seeds its draws, so that a series is the same in every simulation.
    ///
    /// The demand of an unknown day is that of one of the last thirteen known days of its weekday,
    /// and at least the recorded units: sales prove demand. Days before the first with units have
    /// no demand.
    pub fn push(&mut self, recorded: &[RecordedDay], key: u64) {
        let (mut known_units, mut counts) = ([[0_i64; MAX_DRAWN_DAYS]; WEEK], [0_usize; WEEK]);
        let (mut has_begun, mut sum) = (false, 0);
        for day in 0..self.weeks * WEEK {
            let RecordedDay { units, is_known } = recorded.get(day).copied().unwrap_or_default();
            let (units, weekday) = (units.clamp(0, MAX_UNITS as i64), day % WEEK);
            has_begun |= units > 0;
            let mut demanded = units;
            if is_known && has_begun {
                known_units[weekday][counts[weekday] % MAX_DRAWN_DAYS] = units;
                counts[weekday] += 1;
            } else if has_begun {
                let place = draw_index((self.seed, key), day, counts[weekday].min(MAX_DRAWN_DAYS));
                demanded = demanded.max(place.map_or(0, |place| known_units[weekday][place]));
            }
            self.days.push(demanded);
            sum += demanded;
            if weekday + 1 == WEEK {
                self.sums.push(sum);
                sum = 0;
            }
        }
        self.keys.push(key);
    }
    /// Number of series.
    pub fn series(&self) -> usize {
        self.keys.len()
    }
    /// Weeks of each series.
    pub fn weeks(&self) -> usize {
        self.weeks
    }
    /// Units of each day.
    pub fn days(&self, series: usize) -> &[i64] {
        let days = self.weeks * WEEK;
        &self.days[series * days..(series + 1) * days]
    }
    /// Units of each week.
    pub fn sums(&self, series: usize) -> &[i64] {
        &self.sums[series * self.weeks..(series + 1) * self.weeks]
    }
    pub(super) fn key(&self, series: usize) -> u64 {
        self.keys[series]
    }
}

/// Draws a number below `count` with equal chance: the same one for the same seed, series and day.
/// `None` if `count` is 0.
pub(super) fn draw_index((seed, key): (u64, u64), day: usize, count: usize) -> Option<usize> {
    let draw = mix_bits(seed ^ mix_bits(mix_bits(key).wrapping_add(day as u64)));
    draw.checked_rem(count as u64).map(|place| place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(units: i64, is_known: bool) -> RecordedDay {
        RecordedDay { units, is_known }
    }
    /// Six weeks; a known Monday of each is what `units` has of it, and all other days are known and without demand.
    fn mondays(mondays: [RecordedDay; 6]) -> Vec<RecordedDay> {
        mondays.into_iter().flat_map(|monday| [monday].into_iter().chain([day(0, true); 6])).collect()
    }

    #[test]
    fn an_unknown_day_is_drawn_from_its_weekday_and_never_below_what_it_sold() {
        let recorded = mondays([day(5, true), day(6, true), day(7, true), day(2, false), day(9, false), day(6, true)]);
        let mut demand = DailyDemand::new(6, 1);
        demand.push(&recorded, 8);
        demand.push(&recorded, 8);
        demand.push(&recorded, 9);
        let of: Vec<i64> = demand.days(0).iter().copied().step_by(WEEK).collect();
        assert!((5..=7).contains(&of[3]), "one of the three Mondays before: {of:?}");
        assert_eq!((&of[..3], of[4], of[5]), (&[5, 6, 7][..], 9, 6), "nine were sold before it ran out");
        assert_eq!(demand.sums(0), of, "the other days ask for nothing");
        assert_eq!(demand.days(0), demand.days(1), "the same key, the same draws");
        assert_eq!((demand.series(), demand.weeks(), demand.days(2).len()), (3, 6, 42));
    }

    #[test]
    fn draws_differ_from_day_to_day() {
        let mut recorded: Vec<RecordedDay> = (0..91).map(|nth| day(1 + nth / 7, true)).collect();
        recorded.resize(26 * WEEK, day(0, false));
        let mut demand = DailyDemand::new(26, 1);
        demand.push(&recorded, 3);
        let drawn = &demand.days(0)[91..];
        assert!(drawn.iter().all(|units| (1..=13).contains(units)), "{drawn:?}");
        let mean = drawn.iter().sum::<i64>() as f64 / drawn.len() as f64;
        assert!((5.5..8.5).contains(&mean), "each of thirteen weeks has its chance: {mean}");
    }

    #[test]
    fn nothing_is_asked_for_before_the_first_sale() {
        let mut demand = DailyDemand::new(6, 1);
        let none = day(0, true);
        demand.push(&mondays([day(0, false), day(-3, true), day(4, false), day(0, false), none, none]), 1);
        let of: Vec<i64> = demand.days(0).iter().copied().step_by(WEEK).collect();
        // The first sale was on a day that ran out, so no Monday before the fourth is known.
        assert_eq!(of, [0, 0, 4, 0, 0, 0]);
        demand.push(&[], 2);
        assert_eq!(demand.sums(1), [0; 6]);
    }
}
