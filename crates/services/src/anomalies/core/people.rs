//! The pattern of people and registers: returns and cancellations far above those of the others of
//! a store.

use entity::prelude::*;

use super::{
    flag::{Finding, Pattern},
    origin::Origin,
    pattern::finding,
    series::SeriesKey,
};

/// Days over which people and registers are compared.
pub const SPAN_DAYS: i32 = 28;
/// Probability of as many reversals by chance, below which a person or a register is flagged.
const SIGNIFICANCE_LEVEL: f64 = 0.001;

/// Documents of a person or a register in a store: orders that were placed or cancelled, and returns that were recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    pub origin: Origin,
    pub all: i64,
    /// Returns and cancellations.
    pub reversals: i64,
}

/// A person or a register with far more returns and cancellations than the others of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    pub own: Documents,
    /// Reversals that the others would have in as many documents, in thousandths.
    pub usual_milli: i64,
}

/// Returns people, or registers, whose share of returns and cancellations is so far above that of
/// all others of the store that chance does not explain it. Empty if there is no other; leaves out
/// those with fewer than `min_reversals` returns and cancellations.
pub fn find_outliers(peers: &[Documents], min_reversals: i64) -> Vec<Outlier> {
    let sum = |field: fn(&Documents) -> i64| peers.iter().map(field).sum::<i64>();
    let (total, reversals) = (sum(|one| one.all), sum(|one| one.reversals));
    let outliers = peers.iter().filter_map(|documents| {
        let others = (total - documents.all, reversals - documents.reversals);
        if others.0 <= 0 || documents.reversals < min_reversals {
            return None;
        }
        // The share is smoothed, because a few documents prove nothing, not even that none of them
        // is a return.
        let share = (others.1 + 1) as f64 / (others.0 + 2) as f64;
        let usual_count = share * documents.all as f64;
        let is_significant = documents.reversals as f64 > usual_count
            && upper_tail(documents.reversals, documents.all, share) < SIGNIFICANCE_LEVEL;
        is_significant.then(|| Outlier { own: documents.clone(), usual_milli: (usual_count * 1_000.0).round() as i64 })
    });
    outliers.collect()
}

/// Returns the probability of `min_successes` or more of `trials` successes with the probability `share` each,
/// above 0 and below 1.
fn upper_tail(min_successes: i64, trials: i64, share: f64) -> f64 {
    let odds = (share / (1.0 - share)).ln();
    let mut log = trials as f64 * (-share).ln_1p();
    let mut tail = 0.0;
    for successes in 0..=trials {
        if successes >= min_successes {
            tail += log.exp();
        }
        log += ((trials - successes) as f64 / (successes + 1) as f64).ln() + odds;
    }
    tail
}

/// Content of the returns and cancellations of a person or a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversalContent {
    /// The product with the most units on them.
    pub product: ProductId,
    /// Refunds and totals, in the currency with the most of them.
    pub value: Option<Money>,
}

impl Outlier {
    /// The finding of a day.
    pub fn finding(&self, date: i32, store: StoreId, reversed: ReversalContent) -> Finding {
        let key = SeriesKey { store, product: reversed.product, kind: AnomalyKind::Reversals };
        let pattern = Pattern { times: self.own.all, origin: Some(self.own.origin.clone()), order: None };
        let base_finding = finding(date, key, self.own.reversals, pattern);
        Finding { usual_milli: Some(self.usual_milli), value: reversed.value.filter(|value| value.minor >= 0), ..base_finding }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(nth: u128, all: i64, reversals: i64) -> Documents {
        Documents { origin: Origin::Person(Actor { kind: ActorKind::Member, id: Uuid::from_u128(nth) }), all, reversals }
    }
    fn register(code: &str, all: i64, reversals: i64) -> Documents {
        Documents { origin: Origin::Register(code.to_owned()), all, reversals }
    }

    #[test]
    fn a_person_is_compared_with_the_others_of_the_store() {
        let others = [person(2, 200, 6), person(3, 200, 5)];
        let with = |own: Documents| [&[own][..], &others[..]].concat();
        let found = find_outliers(&with(person(1, 40, 14)), 10);
        assert_eq!(found.len(), 1, "{found:?}");
        let reason = found[0].finding(9, StoreId::NIL, ReversalContent { product: ProductId::NIL, value: None }).reason();
        assert_eq!(reason, "14 of 40 documents are returns or cancellations; a usual person has 1");
        assert_eq!(find_outliers(&with(person(1, 40, 9)), 10), [], "fewer than ten");
        assert_eq!(find_outliers(&with(person(1, 40, 9)), 9).len(), 1, "of a tenant to whom nine are enough");
        assert_eq!(find_outliers(&[person(1, 40, 14)], 10), [], "nobody else");
        assert_eq!(find_outliers(&[person(1, 40, 14), person(2, 40, 13)], 10), [], "as many as the others");
    }

    #[test]
    fn a_register_is_compared_with_the_others_of_the_store() {
        let found = find_outliers(&[register("T1", 200, 6), register("T2", 200, 5), register("T3", 40, 14)], 10);
        assert_eq!(found.len(), 1, "{found:?}");
        let reason = found[0].finding(9, StoreId::NIL, ReversalContent { product: ProductId::NIL, value: None }).reason();
        assert_eq!(reason, "14 of 40 documents of register T3 are returns or cancellations; a usual register has 1");
        assert_eq!(find_outliers(&[register("T3", 40, 14)], 10), [], "no other register");
    }

    #[test]
    fn the_tail_is_that_of_the_binomial_distribution() {
        // Ten coins: 1 + 10 + 45 of 1,024 have eight heads or more.
        assert!((upper_tail(8, 10, 0.5) - 56.0 / 1_024.0).abs() < 1e-12);
        assert!((upper_tail(0, 10, 0.3) - 1.0).abs() < 1e-12);
        assert!((upper_tail(10, 10, 0.3) - 0.3_f64.powi(10)).abs() < 1e-12);
    }
}
