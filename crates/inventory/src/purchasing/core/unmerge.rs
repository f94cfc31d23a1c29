//! Catalogues of two suppliers after their merge is undone: pure.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Supply;

/// Rows that a merge of suppliers moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppliersMoved {
    /// Suppliers that had been merged into the one before, and followed it.
    pub turned: Vec<SupplierId>,
    pub products: Vec<ProductId>,
    pub supplies: Vec<SupplyMoved>,
}

/// A row of the catalogue that the merge moved or archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyMoved {
    pub product: ProductId,
    /// Whether the product was bought by the row that went.
    pub was_preferred: bool,
    /// The surviving supplier's row as the merge wrote it; `None` if the merge left it as it was.
    pub kept: Option<SupplyChange>,
}

/// A row of the survivor, as the merge wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyChange {
    pub after: Supply,
    /// State before the merge; None for a new row.
    pub before: Option<Supply>,
}

/// Two suppliers, and the current catalogue rows that a merge moved.
#[derive(Debug)]
pub struct CurrentSupplies {
    pub merged: SupplierId,
    pub into: SupplierId,
    pub rows: HashMap<(SupplierId, ProductId), Supply>,
    /// Products that are bought from a third supplier.
    pub bought_elsewhere: HashSet<ProductId>,
}

/// The catalogues after a merge was undone: each row before and after.
#[derive(Debug, Default)]
pub struct RestoredSupplies {
    /// Rows of the surviving supplier.
    pub undone: Vec<(Supply, Supply)>,
    /// Rows of the merged supplier.
    pub back: Vec<(Supply, Supply)>,
    /// Number of the survivor's rows that were changed since, and are left unchanged.
    pub stay: usize,
}

/// Undoes the changes of a merge in two catalogues.
pub fn unmerge_supplies(
    moved_supplies: Vec<SupplyMoved>,
    mut current_supplies: CurrentSupplies,
    now: Timestamp,
) -> RestoredSupplies {
    let mut restored = RestoredSupplies::default();
    for supply_move in moved_supplies {
        let merged_supply = current_supplies.rows.remove(&(current_supplies.merged, supply_move.product));
        let surviving_supply = current_supplies.rows.remove(&(current_supplies.into, supply_move.product));
        let mut is_taken = surviving_supply.as_ref().is_some_and(|row| row.is_preferred)
            || current_supplies.bought_elsewhere.contains(&supply_move.product);
        match (supply_move.kept, surviving_supply) {
            (Some(kept_change), Some(row)) if row.has_same_content(&kept_change.after) => {
                let after = match kept_change.before {
                    None => row.archived(Some(now), now),
                    Some(before) => Supply { version: row.version + 1, created_at: row.created_at, updated_at: now, ..before },
                };
                is_taken = after.is_preferred || current_supplies.bought_elsewhere.contains(&supply_move.product);
                restored.undone.push((row, after));
            }
            (Some(_), _) => restored.stay += 1,
            (None, _) => {}
        }
        if let Some(row) = merged_supply.filter(|row| row.archived_at.is_some()) {
            let after = Supply { is_preferred: supply_move.was_preferred && !is_taken, ..row.archived(None, now) };
            restored.back.push((row, after));
        }
    }
    restored
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::purchasing::core::{MergedSupplies, Terms, merge_supplies};

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
            unit_cost: Money::new(minor, Currency::GBP),
            breaks: Vec::new(),
            is_preferred: false,
            archived_at: None,
            version: 3,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
        }
    }

    /// Merges 1 into 2 for one product: the record of the moved rows, and both rows.
    fn merged(from: Supply, own: Option<Supply>, terms: Option<Terms>) -> (Vec<SupplyMoved>, CurrentSupplies) {
        let stood = own.clone();
        let own = own.into_iter().map(|own| (own.product, own)).collect();
        let MergedSupplies { archived: gone, kept, .. } = merge_supplies(vec![from], own, id(2), terms, Timestamp(5));
        let mut rows: HashMap<(SupplierId, ProductId), Supply> =
            stood.into_iter().map(|row| ((row.supplier, row.product), row)).collect();
        let moved = SupplyMoved {
            product: ProductId::NIL,
            was_preferred: gone[0].0.is_preferred,
            kept: kept.first().map(|(before, after)| SupplyChange { after: after.clone(), before: before.clone() }),
        };
        let written = gone.into_iter().map(|(_, after)| after).chain(kept.into_iter().map(|(_, after)| after));
        rows.extend(written.map(|row| ((row.supplier, row.product), row)));
        (vec![moved], CurrentSupplies { merged: id(1), into: id(2), rows, bought_elsewhere: HashSet::new() })
    }

    #[test]
    fn a_row_that_went_over_comes_back_with_its_preference() {
        let (moved, as_is) = merged(Supply { is_preferred: true, ..row(1, 500) }, None, None);
        let all = unmerge_supplies(moved, as_is, Timestamp(9));
        assert_eq!((all.back[0].1.archived_at, all.back[0].1.is_preferred, all.back[0].1.unit_cost.minor), (None, true, 500));
        assert_eq!((all.undone[0].1.archived_at, all.undone[0].1.is_preferred), (Some(Timestamp(9)), false));
    }

    #[test]
    fn terms_that_gave_way_are_back_on_both_sides() {
        let (moved, as_is) = merged(row(1, 500), Some(row(2, 450)), Some(Terms::Merged));
        let all = unmerge_supplies(moved, as_is, Timestamp(9));
        assert_eq!((all.undone[0].0.unit_cost.minor, all.undone[0].1.unit_cost.minor, all.undone[0].1.version), (500, 450, 5));
        assert_eq!((all.back[0].1.unit_cost.minor, all.stay), (500, 0));
        let (moved, as_is) = merged(row(1, 500), Some(row(2, 450)), Some(Terms::Survivor));
        let all = unmerge_supplies(moved, as_is, Timestamp(9));
        assert_eq!((all.undone.len(), all.back.len(), all.stay), (0, 1, 0), "the row that stayed was not written");
    }

    #[test]
    fn what_was_changed_since_stays_and_one_row_is_preferred() {
        let (moved, mut as_is) = merged(Supply { is_preferred: true, ..row(1, 500) }, None, None);
        let own = as_is.rows.get_mut(&(id(2), ProductId::NIL)).unwrap();
        (own.version, own.unit_cost.minor) = (own.version + 1, 510);
        let all = unmerge_supplies(moved, as_is, Timestamp(9));
        assert_eq!((all.undone.len(), all.stay), (0, 1));
        assert_eq!((all.back[0].1.archived_at, all.back[0].1.is_preferred), (None, false), "the other is preferred");
        let (moved, mut as_is) = merged(Supply { is_preferred: true, ..row(1, 500) }, None, None);
        as_is.bought_elsewhere.insert(ProductId::NIL);
        let all = unmerge_supplies(moved, as_is, Timestamp(9));
        assert!(!all.back[0].1.is_preferred, "a third is preferred");
    }
}
