//! Units that will not be sold before they expire.

/// Units of a lot in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedLot {
    pub expires_on: i32,
    pub units: i64,
}

/// Expected fate of a lot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LotRisk {
    /// Units that demand takes in time.
    pub taken: f64,
    /// The rest.
    pub at_risk: f64,
}

/// Expected demand from `today` until the end of `day`, by the mean of each week: `weeks` are the
/// units of weeks from the Monday `first` on. Weeks after the last one are like the last; a day in
/// the past has no demand.
pub fn demand_until(weeks: &[f64], first: i32, today: i32, day: i32) -> f64 {
    let Some(last) = weeks.last() else { return 0.0 };
    let day_demand = |day: i32| {
        let week = usize::try_from((day - first).div_euclid(7)).unwrap_or_default();
        weeks.get(week).unwrap_or(last).max(0.0) / 7.0
    };
    let end = first.saturating_add(7 * weeks.len() as i32);
    let near_demand: f64 = (today..=day.min(end - 1)).map(day_demand).sum();
    let late_days = i64::from(day) - i64::from(today.max(end)) + 1;
    near_demand + late_days.max(0) as f64 * last.max(0.0) / 7.0
}

/// Returns the expected loss of each lot of one product in one store, if the one that expires first
/// is sold first. `sales_until` returns the demand up to a lot's last day. Lots are in the order of
/// their dates.
pub fn at_risk(lots: &[DatedLot], sales_until: impl Fn(i32) -> f64) -> Vec<LotRisk> {
    let mut sold_before = 0.0;
    let risk_of = |lot: &DatedLot| {
        let units = lot.units as f64;
        let sold_units = (sales_until(lot.expires_on) - sold_before).clamp(0.0, units);
        sold_before += sold_units;
        LotRisk { taken: sold_units, at_risk: units - sold_units }
    };
    lots.iter().map(risk_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thousandths(figure: f64) -> i64 {
        (figure * 1_000.0).round() as i64
    }

    #[test]
    fn demand_is_shared_by_the_days_of_weeks() {
        let until = |today, day| thousandths(demand_until(&[7.0, 14.0], 4, today, day));
        assert_eq!((until(4, 4), until(4, 10), until(6, 10), until(4, 12)), (1_000, 7_000, 5_000, 11_000));
        assert_eq!(until(4, 18), 23_000, "beyond the last week is as the last");
        assert_eq!((until(20, 21), until(4, 3)), (4_000, 0));
        assert_eq!(thousandths(demand_until(&[], 4, 4, 90)), 0);
    }

    #[test]
    fn the_first_to_expire_leaves_first() {
        let lots = [(10, 8), (20, 8), (30, 8)].map(|(expires_on, units)| DatedLot { expires_on, units });
        let risks: Vec<_> = at_risk(&lots, |day| f64::from(day) / 2.0).iter().map(|lot| thousandths(lot.at_risk)).collect();
        assert_eq!(risks, [3_000, 3_000, 3_000], "five units in each ten days");
        let all: Vec<_> = at_risk(&lots, |_| 0.0).iter().map(|lot| thousandths(lot.at_risk)).collect();
        assert_eq!(all, [8_000; 3]);
        let none = at_risk(&lots, |_| 99.0);
        assert!(none.iter().all(|lot| thousandths(lot.at_risk) == 0 && thousandths(lot.taken) == 8_000));
    }
}
