//! Tests of products by their stock, as far as the caller may see it.

use entity::prelude::{StockStatus, StoreId};
use uuid::Uuid;

use super::clause::Clause;

/// Stores whose levels a test considers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoresTest {
    Ids(Vec<Uuid>),
    /// Codes of stores, folded.
    Codes(Vec<String>),
}

/// A test of a product's levels. Only levels in stores that pass all of `stores`, and that are `seen`, count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockTest {
    /// Statuses, one of which the sum of the levels must have; None for any.
    pub statuses: Option<Vec<StockStatus>>,
    /// Tests of stores. If there are any, the product must have a level in a store that passes all
    /// of them.
    pub stores: Vec<StoresTest>,
    /// Stores whose levels the caller may see; None for all.
    pub seen: Option<Vec<StoreId>>,
}

/// The status of the sum of the levels `l` of the product `p`, by the same rules as of one level.
/// Without a level nothing is available. A sum has a maximum if all of its levels have one.
const STATUS: &str = "CASE WHEN coalesce(sum(l.on_hand - l.unavailable - l.reserved), 0) <= 0 THEN 'OUT_OF_STOCK'
    WHEN sum(l.on_hand - l.unavailable - l.reserved) <= sum(coalesce(l.reorder_point, p.low_stock_threshold)) THEN 'CRITICAL'
    WHEN 2 * sum(l.on_hand - l.unavailable - l.reserved) <= 3 * sum(coalesce(l.reorder_point, p.low_stock_threshold)) THEN 'LOW'
    WHEN count(l.maximum) = count(*) AND sum(l.on_hand - l.unavailable - l.reserved) >= sum(l.maximum) THEN 'OVERSTOCK'
    ELSE 'NORMAL' END";

impl StockTest {
    pub(super) fn compile(&self, clause: &mut Clause) {
        let counts = self.counts(clause);
        let mut parts = vec!["TRUE".to_owned()];
        if !self.stores.is_empty() {
            parts.push(format!("p.id IN (SELECT l.product_id FROM stock_level l WHERE l.tenant_id = $1{counts})"));
        }
        if let Some(statuses) = &self.statuses {
            // Untracked products, that is kits and services, are never out of stock.
            parts.push("p.stock_policy <> 'UNTRACKED'".to_owned());
            let status = format!("(SELECT {STATUS} FROM stock_level l WHERE l.tenant_id = $1 AND l.product_id = p.id{counts})");
            let number = clause.number(clause.backend().texts(statuses.iter().map(|status| status.as_str())));
            parts.push(clause.backend().in_texts(&status, number));
        }
        clause.push(&parts.join(" AND "));
    }

    /// Returns the conditions under which the level `l` counts: each begins with ` AND `; empty for
    /// all levels.
    fn counts(&self, clause: &mut Clause) -> String {
        let backend = clause.backend();
        let mut sql = String::new();
        for test in &self.stores {
            let condition = match test {
                StoresTest::Ids(ids) => {
                    let number = clause.number(backend.ids(ids.iter().map(|id| StoreId::from_uuid(*id))));
                    backend.in_ids("l.store_id", number)
                }
                StoresTest::Codes(codes) => {
                    let number = clause.number(backend.texts(codes.iter().map(String::as_str)));
                    let codes = backend.in_texts("s.code_key", number);
                    format!("l.store_id IN (SELECT s.id FROM store s WHERE s.tenant_id = $1 AND {codes})")
                }
            };
            sql.push_str(" AND ");
            sql.push_str(&condition);
        }
        if let Some(visible_stores) = &self.seen {
            let number = clause.number(backend.ids(visible_stores.iter().copied()));
            sql.push_str(" AND ");
            sql.push_str(&backend.in_ids("l.store_id", number));
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use platform::storage::Backend;

    use super::*;

    #[test]
    fn stores_that_are_not_seen_count_for_no_test() {
        let mut clause = Clause::new(Backend::Postgres);
        let test = StockTest {
            statuses: Some(vec![StockStatus::Low]),
            stores: vec![StoresTest::Codes(vec!["x' OR 1=1 --".to_owned()])],
            seen: Some(Vec::new()),
        };
        test.compile(&mut clause);
        assert_eq!(clause.sql.matches("AND l.store_id = ANY($3)").count(), 2, "{}", clause.sql);
        assert_eq!(clause.values.len(), 3);
        assert!(!clause.sql.contains("OR 1=1"));
    }
}
