//! Stock that is gone without a sale, and how well books agree with counts.

use forecast::{abc::AbcClass, ratios::ratio};

/// Units and booked cost that were removed or added without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockLoss {
    /// Lost and found quantities, as numbers above 0.
    pub lost_units: i128,
    pub found_units: i128,
    pub lost_value: i128,
    pub found_value: i128,
}

impl StockLoss {
    /// Returns the loss of one sum of postings: below 0 is lost.
    pub fn of(units: i64, value: i64) -> Self {
        let (units, value) = (i128::from(units), i128::from(value));
        Self { lost_units: (-units).max(0), found_units: units.max(0), lost_value: (-value).max(0), found_value: value.max(0) }
    }
    pub const fn join(&mut self, other: &Self) {
        self.lost_units += other.lost_units;
        self.found_units += other.found_units;
        self.lost_value += other.lost_value;
        self.found_value += other.found_value;
    }
    pub const fn net_units(&self) -> i128 {
        self.lost_units - self.found_units
    }
    pub const fn net_value(&self) -> i128 {
        self.lost_value - self.found_value
    }
}

/// Sums over lines of counts (vector pub-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountedLines {
    pub lines: i64,
    /// Lines whose difference is within the tolerance.
    pub accurate: i64,
    pub book: i128,
    pub counted: i128,
}

impl CountedLines {
    /// Returns the sums of one line.
    pub fn of(book: i64, counted: i64, tolerance: i64) -> Self {
        let is_accurate = book.abs_diff(counted) <= tolerance.unsigned_abs();
        Self { lines: 1, accurate: is_accurate.into(), book: book.into(), counted: counted.into() }
    }
    pub const fn join(&mut self, other: &Self) {
        self.lines += other.lines;
        self.accurate += other.accurate;
        self.book += other.book;
        self.counted += other.counted;
    }
    /// Units missing by units in the books, net of gains.
    pub fn shrinkage(&self) -> Option<f64> {
        ratio((self.book - self.counted) as f64, self.book as f64)
    }
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.accurate as f64, self.lines as f64)
    }
}

/// Classes by revenue, each with the weight of its products: the class's share of revenue.
const WEIGHTS: [(AbcClass, f64); 3] = [(AbcClass::A, 0.80), (AbcClass::B, 0.15), (AbcClass::C, 0.05)];

/// Lines of counts by the class of their product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountedClasses {
    a: CountedLines,
    b: CountedLines,
    c: CountedLines,
}

impl CountedClasses {
    pub const fn of(&self, class: AbcClass) -> &CountedLines {
        match class {
            AbcClass::A => &self.a,
            AbcClass::B => &self.b,
            AbcClass::C => &self.c,
        }
    }
    pub const fn add(&mut self, class: AbcClass, lines: &CountedLines) {
        let own = match class {
            AbcClass::A => &mut self.a,
            AbcClass::B => &mut self.b,
            AbcClass::C => &mut self.c,
        };
        own.join(lines);
    }
    pub const fn join(&mut self, other: &Self) {
        self.a.join(&other.a);
        self.b.join(&other.b);
        self.c.join(&other.c);
    }
    /// Accuracy of each class by its weight; a class without a line is left out, and the others weigh as much more.
    pub fn accuracy(&self) -> Option<f64> {
        let mut sums = (0.0, 0.0);
        for (class, weight) in WEIGHTS {
            if let Some(accuracy) = self.of(class).accuracy() {
                sums = (sums.0 + weight * accuracy, sums.1 + weight);
            }
        }
        ratio(sums.0, sums.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_brings_most_revenue_weighs_most() {
        let mut classes = CountedClasses::default();
        assert_eq!(classes.accuracy(), None, "nothing was counted");
        let (right, wrong) = (CountedLines::of(5, 5, 0), CountedLines::of(5, 4, 0));
        for lines in [&right, &right, &right, &wrong] {
            classes.add(AbcClass::A, lines);
        }
        let near = |found: Option<f64>, expected: f64| found.is_some_and(|found| (found - expected).abs() < 1e-12);
        assert!(near(classes.accuracy(), 0.75), "of one class alone: {classes:?}");
        classes.add(AbcClass::C, &wrong);
        assert!(near(classes.accuracy(), 0.8 * 0.75 / 0.85), "no line of B: {classes:?}");
        let mut sum = CountedClasses::default();
        sum.add(AbcClass::B, &right);
        sum.join(&classes);
        assert!(near(sum.accuracy(), 0.8 * 0.75 + 0.15), "{sum:?}");
        assert_eq!((sum.of(AbcClass::A).lines, sum.of(AbcClass::B).lines, sum.of(AbcClass::C).accurate), (4, 1, 0));
    }

    #[test]
    fn a_gain_is_told_apart() {
        let mut sum = StockLoss::of(-5, -500);
        sum.join(&StockLoss::of(2, 300));
        assert_eq!((sum.lost_units, sum.found_units, sum.net_units(), sum.net_value()), (5, 2, 3, 200));
    }

    #[test]
    fn without_books_there_is_no_rate() {
        let one = CountedLines::of(0, 3, 2);
        assert_eq!((one.shrinkage(), one.accuracy()), (None, Some(0.0)));
        assert_eq!(CountedLines::default().accuracy(), None);
    }
}
