//! Merge of the catalogues of two suppliers: pure.

use std::collections::HashMap;

use entity::prelude::*;
use serde::Serialize;

use super::Supply;

/// Supplier whose terms are kept if both offer a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Terms {
    /// Terms of the surviving supplier.
    Survivor,
    /// Terms of the merged supplier.
    Merged,
}

/// The catalogue after a merge.
#[derive(Debug, Default)]
pub struct MergedSupplies {
    /// Rows of the merged supplier, before and after they were archived.
    pub archived: Vec<(Supply, Supply)>,
    /// Rows of the surviving supplier, before and after; new ones have no state before.
    pub kept: Vec<(Option<Supply>, Supply)>,
    /// Products that both offer on different terms, if the call does not choose whose terms are
    /// kept.
    pub clashes: Vec<ProductId>,
}

/// Moves rows of one supplier into the catalogue of another, which has these rows of the same
/// products.
pub fn merge_supplies(
    merged: Vec<Supply>,
    mut own: HashMap<ProductId, Supply>,
    into: SupplierId,
    terms: Option<Terms>,
    now: Timestamp,
) -> MergedSupplies {
    let mut merged_supplies = MergedSupplies::default();
    for row in merged {
        let before = own.remove(&row.product);
        let is_in_use = before.as_ref().is_some_and(|own| own.archived_at.is_none());
        let is_same = before.as_ref().is_some_and(|own| has_same_offer(own, &row));
        if is_in_use && !is_same && terms.is_none() {
            merged_supplies.clashes.push(row.product);
            continue;
        }
        let after = match &before {
            Some(own) if is_in_use && (is_same || terms == Some(Terms::Survivor)) => own.clone(),
            _ => Supply { supplier: into, ..row.clone() },
        };
        // The product is still bought from the same company.
        let is_preferred = row.is_preferred || before.as_ref().is_some_and(|own| own.is_preferred);
        let version = before.as_ref().map_or(1, |own| own.version + 1);
        let created_at = before.as_ref().map_or(now, |own| own.created_at);
        let after = Supply { is_preferred, archived_at: None, version, created_at, updated_at: now, ..after };
        if before.as_ref().is_none_or(|own| !own.has_same_content(&after)) {
            merged_supplies.kept.push((before, after));
        }
        let archived = row.archived(Some(now), now);
        merged_supplies.archived.push((row, archived));
    }
    merged_supplies
}

fn has_same_offer(own: &Supply, other: &Supply) -> bool {
    let Supply { supplier, is_preferred, archived_at, .. } = own;
    own.has_same_content(&Supply { supplier: *supplier, is_preferred: *is_preferred, archived_at: *archived_at, ..other.clone() })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp(9);

    fn id(n: u128) -> SupplierId {
        SupplierId::from_uuid(Uuid::from_u128(n))
    }

    fn row(supplier: u128, minor: i64) -> Supply {
        Supply {
            supplier: id(supplier),
            product: ProductId::NIL,
            supplier_sku: None,
            pack_size: Quantity::new(1).unwrap(),
            minimum_order: Quantity::new(0).unwrap(),
            lead_time_days: None,
            unit_cost: Money::new(minor, Currency::parse("GBP").unwrap()),
            breaks: Vec::new(),
            is_preferred: false,
            archived_at: None,
            version: 3,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
        }
    }

    fn merged(from: Supply, own: Option<Supply>, terms: Option<Terms>) -> MergedSupplies {
        merge_supplies(vec![from], own.into_iter().map(|own| (own.product, own)).collect(), id(2), terms, NOW)
    }

    #[test]
    fn a_row_goes_over_with_its_preference() {
        let all = merged(Supply { is_preferred: true, ..row(1, 500) }, None, None);
        let (None, kept) = &all.kept[0] else { panic!("{all:?}") };
        assert_eq!((kept.supplier, kept.version, kept.is_preferred, kept.unit_cost.minor), (id(2), 1, true, 500));
        let (_, gone) = &all.archived[0];
        assert_eq!((gone.supplier, gone.archived_at, gone.is_preferred, gone.version), (id(1), Some(NOW), false, 4));
    }

    #[test]
    fn of_two_rows_of_a_product_one_is_chosen() {
        let clash = merged(row(1, 500), Some(row(2, 450)), None);
        assert_eq!((clash.clashes.len(), clash.archived.len(), clash.kept.len()), (1, 0, 0));
        let kept = merged(row(1, 500), Some(row(2, 450)), Some(Terms::Survivor));
        assert_eq!((kept.kept.len(), kept.archived.len()), (0, 1), "the row that stays says what it said");
        let taken = merged(row(1, 500), Some(row(2, 450)), Some(Terms::Merged));
        let (Some(before), after) = &taken.kept[0] else { panic!("{taken:?}") };
        assert_eq!((before.unit_cost.minor, after.unit_cost.minor, after.supplier, after.version), (450, 500, id(2), 4));
    }

    #[test]
    fn what_says_the_same_and_what_is_archived_does_not_clash() {
        assert!(merged(row(1, 500), Some(row(2, 500)), None).clashes.is_empty());
        let asleep = merged(row(1, 500), Some(Supply { archived_at: Some(Timestamp(5)), ..row(2, 450) }), None);
        let (Some(_), after) = &asleep.kept[0] else { panic!("{asleep:?}") };
        assert_eq!((after.archived_at, after.unit_cost.minor), (None, 500));
    }
}
