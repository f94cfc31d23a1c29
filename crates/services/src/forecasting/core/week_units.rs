//! Units of the weeks of a series, as a run holds them.

/// Units of each week, in as few bytes as all of them fit in: a run of a hundred thousand series
/// holds ten million, most of them below a hundred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeekUnits {
    One(Box<[i8]>),
    Two(Box<[i16]>),
    Four(Box<[i32]>),
    Eight(Box<[i64]>),
}

impl WeekUnits {
    /// Returns the units of a week; `None` outside of the weeks.
    pub fn get(&self, week: usize) -> Option<i64> {
        match self {
            Self::One(units) => units.get(week).copied().map(i64::from),
            Self::Two(units) => units.get(week).copied().map(i64::from),
            Self::Four(units) => units.get(week).copied().map(i64::from),
            Self::Eight(units) => units.get(week).copied(),
        }
    }
    /// The units of each week, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.last(usize::MAX)
    }
    /// The units of the last `count` weeks, or of all if there are fewer, the oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = i64> + '_ {
        let weeks = match self {
            Self::One(units) => units.len(),
            Self::Two(units) => units.len(),
            Self::Four(units) => units.len(),
            Self::Eight(units) => units.len(),
        };
        (weeks.saturating_sub(count)..weeks).filter_map(|week| self.get(week))
    }
}

impl From<Vec<i64>> for WeekUnits {
    fn from(units: Vec<i64>) -> Self {
        fn narrowed<T: TryFrom<i64>>(units: &[i64]) -> Option<Box<[T]>> {
            units.iter().map(|units| T::try_from(*units).ok()).collect()
        }
        let one = narrowed(&units).map(Self::One);
        let two = || narrowed(&units).map(Self::Two);
        let four = || narrowed(&units).map(Self::Four);
        one.or_else(two).or_else(four).unwrap_or_else(|| Self::Eight(units.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_the_same_in_as_few_bytes_as_they_fit_in() {
        let bytes_and_units = [
            (1, -3),
            (1, i64::from(i8::MIN)),
            (2, i64::from(i8::MAX) + 1),
            (2, i64::from(i16::MIN)),
            (4, i64::from(i16::MAX) + 1),
            (4, i64::from(i32::MIN)),
            (8, i64::from(i32::MAX) + 1),
            (8, i64::MIN),
        ];
        for (bytes, last) in bytes_and_units {
            let units = vec![5, 0, last];
            let found = WeekUnits::from(units.clone());
            let found_bytes = match &found {
                WeekUnits::One(_) => 1,
                WeekUnits::Two(_) => 2,
                WeekUnits::Four(_) => 4,
                WeekUnits::Eight(_) => 8,
            };
            assert_eq!(found_bytes, bytes, "{last}");
            assert_eq!(
                (found.iter().collect::<Vec<_>>(), found.last(2).collect::<Vec<_>>(), found.get(3)),
                (units, vec![0, last], None)
            );
        }
    }
}
