//! Units on a shelf by the day on which they expire. The oldest units are sold first, and expire
//! first.

use std::collections::VecDeque;

#[derive(Debug, Clone, Default)]
pub(super) struct Lots {
    /// Days on which units can be sold, from the one on which they come. None: they never expire, and no lot is kept.
    shelf_days: Option<usize>,
    /// Units by the day from which they cannot be sold any more, the first of them first.
    lots: VecDeque<(usize, i64)>,
}

impl Lots {
    pub(super) fn new(shelf_days: Option<usize>) -> Self {
        Self { shelf_days, lots: VecDeque::new() }
    }
    pub(super) const fn shelf_days(&self) -> Option<usize> {
        self.shelf_days
    }
    /// Adds the units that arrive on a day.
    pub(super) fn add(&mut self, day: usize, units: i64) {
        if let Some(days) = self.shelf_days.filter(|_| units > 0) {
            self.lots.push_back((day + days, units));
        }
    }
    /// Removes the sold units, from the oldest lots.
    pub(super) fn sell(&mut self, mut units: i64) {
        while let Some((_, left)) = self.lots.front_mut() {
            let sold = units.min(*left);
            *left -= sold;
            units -= sold;
            if *left > 0 {
                return;
            }
            self.lots.pop_front();
        }
    }
    /// Removes the units that have expired on a day, and returns their number.
    pub(super) fn expire(&mut self, day: usize) -> i64 {
        let mut expired = 0;
        while let Some((_, units)) = self.lots.front().copied().filter(|(until, _)| *until <= day) {
            expired += units;
            self.lots.pop_front();
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_first_is_sold_first_and_the_rest_of_it_expires() {
        let mut lots = Lots::new(Some(3));
        lots.add(0, 10);
        lots.add(2, 5);
        lots.add(2, 0);
        lots.sell(7);
        assert_eq!([2, 3].map(|day| lots.expire(day)), [0, 3], "three days are over");
        lots.sell(5);
        assert_eq!((lots.expire(9), lots.lots.len()), (0, 0), "all of the second is sold");
        let mut kept = Lots::new(None);
        kept.add(0, 10);
        kept.sell(4);
        assert_eq!((kept.expire(usize::MAX), kept.shelf_days()), (0, None), "nothing expires");
    }
}
