//! Units of the weeks of a series, as a run holds them.

/// Units of each week, in four bytes where all of them fit: a run of a hundred thousand series
/// holds ten million.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeekUnits {
    Narrow(Box<[i32]>),
    Wide(Box<[i64]>),
}

impl WeekUnits {
    /// Returns the units of a week; `None` outside of the weeks.
    pub fn get(&self, week: usize) -> Option<i64> {
        match self {
            Self::Narrow(units) => units.get(week).copied().map(i64::from),
            Self::Wide(units) => units.get(week).copied(),
        }
    }
    /// The units of each week, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.last(usize::MAX)
    }
    /// The units of the last `count` weeks, or of all if there are fewer, the oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = i64> + '_ {
        let weeks = match self {
            Self::Narrow(units) => units.len(),
            Self::Wide(units) => units.len(),
        };
        (weeks.saturating_sub(count)..weeks).filter_map(|week| self.get(week))
    }
}

impl From<Vec<i64>> for WeekUnits {
    fn from(units: Vec<i64>) -> Self {
        let narrow: Result<Box<[i32]>, _> = units.iter().map(|units| i32::try_from(*units)).collect();
        narrow.map_or_else(|_| Self::Wide(units.into()), Self::Narrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_the_same_in_four_bytes_and_in_eight() {
        for last in [-3, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::MIN] {
            let units = vec![5, 0, last];
            let found = WeekUnits::from(units.clone());
            assert_eq!(matches!(found, WeekUnits::Narrow(_)), i32::try_from(last).is_ok());
            assert_eq!(
                (found.iter().collect::<Vec<_>>(), found.last(2).collect::<Vec<_>>(), found.get(3)),
                (units, vec![0, last], None)
            );
        }
    }
}
