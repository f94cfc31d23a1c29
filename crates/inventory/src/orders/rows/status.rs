//! Conditions on the status of orders, in the same words as the partial indexes of such orders.

use entity::prelude::OrderStatus;

use super::clause::Clause;

/// Open orders, in the words of their index (`m0185_open_orders_placed`), which has them in the
/// order of the list.
const OPEN_ORDER_CONDITION: &str = "o.status IN ('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
/// Orders in a status that few have, in the words of their index (`m0189_orders_by_status`), which
/// has those of each status in the order of the list.
const RARE_STATUSES: &str = "o.status IN ('DRAFT', 'PENDING', 'PARTIALLY_FULFILLED', 'CANCELLED', 'EXPIRED')";

/// Appends the condition, on alias `o`. An empty list matches nothing.
pub(super) fn push_to(clause: &mut Clause, statuses: &[OrderStatus]) {
    if let Some(words) = index_condition(statuses) {
        clause.push(words);
        clause.push(" AND ");
    }
    let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    let (condition, value) = clause.backend().one_of_texts("o.status", &words, clause.next());
    clause.bind(value);
    clause.push(&condition);
}

/// Returns the condition of the index that serves the statuses best; None if most orders may have
/// one of them. A single status is found by equality and needs no sort; several statuses are not
/// sorted together in an index by status.
pub(super) fn index_condition(statuses: &[OrderStatus]) -> Option<&'static str> {
    use OrderStatus::{Cancelled, Confirmed, Draft, Expired, PartiallyFulfilled, Pending};
    if matches!(statuses, [Draft | Pending | PartiallyFulfilled | Cancelled | Expired]) {
        return Some(RARE_STATUSES);
    }
    let is_open = |status: &OrderStatus| matches!(status, Draft | Pending | Confirmed | PartiallyFulfilled);
    statuses.iter().all(is_open).then_some(OPEN_ORDER_CONDITION)
}

#[cfg(test)]
mod tests {
    use platform::storage::Backend;

    use super::*;

    #[test]
    fn a_filter_by_status_says_what_its_index_says() {
        for (words, index) in [
            (OPEN_ORDER_CONDITION, include_str!("../../../../../migration/src/m0185/open_orders_placed.sql")),
            (RARE_STATUSES, include_str!("../../../../../migration/src/m0189/orders_by_status.sql")),
        ] {
            assert!(index.contains(&format!("WHERE {}", words.trim_start_matches("o."))), "{index}");
        }
    }

    #[test]
    fn a_single_status_is_compared_by_equality() {
        use OrderStatus::{Confirmed, Draft, Fulfilled, Pending};
        for (statuses, condition) in [
            (vec![Draft], format!("{RARE_STATUSES} AND o.status = $2")),
            (vec![Confirmed], format!("{OPEN_ORDER_CONDITION} AND o.status = $2")),
            (vec![Draft, Pending], format!("{OPEN_ORDER_CONDITION} AND o.status = ANY($2)")),
            (vec![Fulfilled], "o.status = $2".to_owned()),
            (vec![Draft, Fulfilled], "o.status = ANY($2)".to_owned()),
        ] {
            let mut clause = Clause::new(Backend::Postgres, 2);
            push_to(&mut clause, &statuses);
            assert_eq!((clause.sql, clause.values.len()), (condition, 1));
        }
    }
}
