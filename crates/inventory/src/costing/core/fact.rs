//! Facts: ledger entries as inputs of costing.

use std::collections::HashMap;

use entity::prelude::*;
use uuid::Uuid;

use super::pool::PostingKey;

/// A ledger entry as an input of costing: units that the company received or that left it. Units in transit still belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    pub posting_key: PostingKey,
    pub product: ProductId,
    pub store: StoreId,
    pub kind: CostKind,
    /// The document of the movement.
    pub reference: Option<Uuid>,
    /// The event of the reversed movement.
    pub reverses: Option<i64>,
    /// Above 0 for units received.
    pub quantity: i64,
    /// Cost of a whole unit by the entry, in minor units of the books' currency.
    pub unit_cost: Option<i64>,
    pub decimals: u8,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub recorded_at: Timestamp,
}

/// Returns the facts of entries in the order of their keys. A movement within one product's stores cancels out: only the difference between units
/// taken and units brought is a fact.
pub fn combine_facts(entries: Vec<Fact>) -> Vec<Fact> {
    let mut net: HashMap<(i64, ProductId), (i64, i64)> = HashMap::new();
    for entry in &entries {
        let (received, issued) = net.entry((entry.posting_key.seq, entry.product)).or_default();
        *received += entry.quantity.max(0);
        *issued += entry.quantity.min(0);
    }
    let mut net_facts = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = (entry.posting_key.seq, entry.product);
        match net.get(&key) {
            Some((received, issued)) if *received != 0 && *issued != 0 => {
                let net_quantity = received + issued;
                if net_quantity.signum() == entry.quantity.signum() {
                    net_facts.push(Fact { quantity: net_quantity, ..entry });
                    net.insert(key, (1, -1));
                }
            }
            _ => net_facts.push(entry),
        }
    }
    net_facts
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::costing::core) fn fact(seq: i64, line: u16, quantity: i64) -> Fact {
        Fact {
            posting_key: PostingKey { seq, line },
            product: ProductId::NIL,
            store: StoreId::NIL,
            kind: CostKind::Correction,
            reference: None,
            reverses: None,
            quantity,
            unit_cost: Some(100),
            decimals: 0,
            occurred_at: Timestamp(0),
            business_date: 0,
            recorded_at: Timestamp(0),
        }
    }

    #[test]
    fn what_goes_from_one_store_to_another_changes_nothing() {
        let quantities =
            |entries: Vec<Fact>| combine_facts(entries).iter().map(|f| (f.posting_key.line, f.quantity)).collect::<Vec<_>>();
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 5)]), []);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 3)]), [(1, -2)]);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 4), fact(1, 3, 4)]), [(2, 3)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(1, 2, 4)]), [(1, 5), (2, 4)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(2, 1, -5)]), [(1, 5), (1, -5)]);
    }
}
