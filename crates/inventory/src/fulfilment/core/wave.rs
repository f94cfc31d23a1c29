//! Waves: works of one store that are picked, packed and shipped together. A wave is a list; its
//! works change by their own steps.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;

use super::work::{Work, WorkLine};
use crate::stock::core::picking_order;

/// Maximum works of a wave.
pub const MAX_WAVE_WORKS: usize = 200;

/// A wave without its works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wave {
    pub id: FulfilmentWaveId,
    pub store: StoreId,
    /// None while the wave is open.
    pub closed_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Quantity of a product that is still to be picked for a wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickingLine {
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    /// Bin of the product in the store, if known.
    pub bin_location: Option<String>,
    /// Shares of the works, in the order of the wave.
    pub shares: Vec<PickingShare>,
}

/// Quantity of the product that a work's line still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickingShare {
    pub work: FulfilmentWorkId,
    pub line: FulfilmentWorkLineId,
    pub units: i64,
}

impl PickingLine {
    pub fn units(&self) -> i64 {
        self.shares.iter().map(|share| share.units).sum()
    }
    fn place(&self) -> (Option<&str>, &str) {
        (self.bin_location.as_deref(), &self.sku)
    }
}

/// Whether nothing is left to be done for a work.
pub const fn is_over(status: WorkStatus) -> bool {
    matches!(status, WorkStatus::Shipped | WorkStatus::Done | WorkStatus::Rejected | WorkStatus::Cancelled)
}

/// Returns the open quantities of these works, a line for each product, in walking order. `names_of`
/// gives the SKU and the name of a work's line, `bins` the bin locations in the works' store.
pub fn picking_list<'w>(
    works: impl IntoIterator<Item = &'w Work>,
    names_of: impl Fn(&Work, &WorkLine) -> (String, String),
    bins: &HashMap<ProductId, String>,
) -> Vec<PickingLine> {
    let mut lines: BTreeMap<ProductId, PickingLine> = BTreeMap::new();
    for work in works {
        for line in work.lines.iter().filter(|line| line.open > 0) {
            let share = PickingShare { work: work.head.id, line: work.head.line_id(line.nth), units: line.open };
            let picking_line = lines.entry(line.product).or_insert_with(|| {
                let (sku, name) = names_of(work, line);
                let bin_location = bins.get(&line.product).cloned();
                PickingLine { product: line.product, sku, name, bin_location, shares: Vec::new() }
            });
            picking_line.shares.push(share);
        }
    }
    let mut lines: Vec<PickingLine> = lines.into_values().collect();
    lines.sort_by(|left, right| picking_order(left.place(), right.place()));
    lines
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::WorkHead, *};

    fn product(nth: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(nth))
    }

    fn work(nth: u128, lines: &[(ProductId, i64)]) -> Work {
        let id = FulfilmentWorkId::from_uuid(Uuid::from_u128(nth << 12));
        let at = Timestamp(0);
        let head = WorkHead {
            id,
            order: OrderId::NIL,
            nth: 1,
            store: StoreId::NIL,
            status: WorkStatus::Accepted,
            due_at: at,
            accepted: None,
            ready: None,
            rejected: None,
            moved_from: None,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let line = |(index, (product, open)): (usize, &(ProductId, i64))| WorkLine {
            nth: index as u16 + 1,
            position: index as u16 + 1,
            product: *product,
            open: *open,
            picked: 0,
            packed: 0,
            shipped: 0,
            dropped: 0,
        };
        Work { head, lines: lines.iter().enumerate().map(line).collect(), parcels: Vec::new() }
    }

    #[test]
    fn a_product_is_picked_once_for_all_works_and_products_follow_their_bins_then_their_skus() {
        let (mug, lamp) = (product(1), product(2));
        let works = [work(1, &[(mug, 5), (lamp, 1)]), work(2, &[(mug, 7), (lamp, 0)])];
        let named = |_: &Work, line: &WorkLine| {
            let sku = if line.product == mug { "MUG" } else { "LAMP" };
            (sku.to_owned(), String::new())
        };
        let list = picking_list(&works, named, &HashMap::new());
        let seen: Vec<(&str, i64, Vec<i64>)> = list
            .iter()
            .map(|line| (line.sku.as_str(), line.units(), line.shares.iter().map(|share| share.units).collect()))
            .collect();
        assert_eq!(seen, [("LAMP", 1, vec![1]), ("MUG", 12, vec![5, 7])]);
        assert_eq!(list[1].shares[1].line, works[1].head.line_id(1));
        let bins = HashMap::from([(mug, "A-2".to_owned()), (lamp, "A-10".to_owned())]);
        let list = picking_list(&works, named, &bins);
        let places: Vec<(Option<&str>, &str)> = list.iter().map(PickingLine::place).collect();
        assert_eq!(places, [(Some("A-2"), "MUG"), (Some("A-10"), "LAMP")]);
    }
}
