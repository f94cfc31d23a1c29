//! Summaries of costs and of stock values: a total, and its rows in pages of any size. The rows of
//! all pages sum to the total.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, TenantScope},
};

use super::report::{CostRow, CostingContext, ReportError, add_sums, cost_groups, money, prepare_costing};
use crate::{
    catalog::rows::page::ProductCondition,
    costing::{
        core::{Sums, Values},
        rows::{self, CostFilter, CostGroup, ValuationTime},
    },
};

/// Rows with their keys in cursors.
#[derive(Debug, Clone)]
pub struct SummaryPage<R> {
    pub rows: Vec<(R, Vec<Key>)>,
    pub has_next: bool,
    /// Rows on all pages.
    pub count: usize,
}

type CostGroups = BTreeMap<(bool, String), CostRow>;

/// The row key of a cursor, and the size of a page.
pub type SummaryPageRequest = (Option<Vec<Key>>, usize);

/// Selection of postings for a summary of costs.
#[derive(Debug, Clone, PartialEq)]
pub struct CostSpec {
    /// None for the tenant's own method.
    pub method: Option<CostingMethod>,
    pub filter: CostFilter,
    /// The stores that have rows of their own, sorted; None for all. Postings of other stores count
    /// in the row without a store.
    pub visible: Option<Vec<StoreId>>,
}

/// All rows of one grouping.
#[derive(Debug, Clone)]
pub struct CostSheet {
    currency: Currency,
    groups: CostGroups,
}

/// Sums all postings that fit by group.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn cost_sheet(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    spec: &CostSpec,
    group: CostGroup,
) -> Result<CostSheet, ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, spec.method).await?;
    let mut groups = cost_groups(&scope, cost_method, group, &spec.filter).await?;
    if let (CostGroup::Store, Some(visible)) = (group, &spec.visible) {
        groups = hide_stores(groups, visible, cost_method)?;
    }
    Ok(CostSheet { currency: cost_method.currency, groups })
}

impl CostSheet {
    /// Returns the sums of all rows; None if one exceeds 2^53 − 1 on the way.
    pub fn total(&self) -> Option<CostRow> {
        let mut total = CostRow::empty(None, self.currency);
        self.groups.values().try_for_each(|row| total.add_row(row)).ok()?;
        Some(total)
    }
    /// Returns the rows after the page's key, in the order of their keys, the row without a group
    /// last.
    pub fn page(&self, (after, first): SummaryPageRequest) -> SummaryPage<CostRow> {
        let after = after.as_deref().and_then(parse_cursor_keys);
        let behind = self.groups.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        let mut later_rows = behind.map(|((is_none, text), row)| (row.clone(), cursor_keys(*is_none, text.clone())));
        let rows: Vec<_> = later_rows.by_ref().take(first).collect();
        SummaryPage { rows, has_next: later_rows.next().is_some(), count: self.groups.len() }
    }
}

/// Adds the rows of other stores to the row without a store.
fn hide_stores(groups: CostGroups, visible: &[StoreId], cost_method: CostingContext) -> Result<CostGroups, ReportError> {
    let visible: BTreeSet<String> = visible.iter().map(ToString::to_string).collect();
    let (mut shown_groups, hidden_groups): (CostGroups, CostGroups) =
        groups.into_iter().partition(|((_, key), _)| visible.contains(key));
    for row in hidden_groups.values() {
        shown_groups.entry((true, String::new())).or_insert_with(|| CostRow::empty(None, cost_method.currency)).add_row(row)?;
    }
    Ok(shown_groups)
}

fn cursor_keys(is_none: bool, text: String) -> Vec<Key> {
    vec![Key::Int(is_none.into()), Key::Text(text)]
}

fn parse_cursor_keys(keys: &[Key]) -> Option<(bool, String)> {
    match keys {
        [Key::Int(is_none), Key::Text(text)] => Some((*is_none == 1, text.clone())),
        _ => None,
    }
}

/// Selection of stock for a summary of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueSpec {
    /// None for the tenant's own method.
    pub method: Option<CostingMethod>,
    pub of: ValuationTime,
    pub products: ProductCondition,
    /// Only units of these stores; None for all units of the company.
    pub stores: Option<Vec<StoreId>>,
    /// The stores that have rows of their own, sorted; None for all. Stock of other stores counts
    /// in the row without a store.
    pub visible: Option<Vec<StoreId>>,
}

/// Grouping of the rows of a value summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValuationGroup {
    None,
    Product,
    Category,
    Store,
}

/// Group key of a value row. The order of the fields is the order of rows: the row without a group
/// comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValuationKey {
    is_none: bool,
    id: uuid::Uuid,
}

/// A group's units and their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValuationRow {
    group: ValuationGroup,
    key: ValuationKey,
    pub quantity: Quantity,
    pub value: Money,
}

impl ValuationRow {
    /// Returns the ID of the row's object if the rows are grouped by `group`; None for the row
    /// without an object.
    pub fn id(&self, group: ValuationGroup) -> Option<uuid::Uuid> {
        (self.group == group && !self.key.is_none).then_some(self.key.id)
    }
}

/// Returns the total value of the selected stock.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn load_valuation_total(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    spec: &ValueSpec,
) -> Result<(CostingContext, ValuationRow), ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, spec.method).await?;
    let mut groups = load_valuation_groups(&scope, spec, ValuationGroup::None).await?.into_iter();
    let (key, sums) = groups.next().unwrap_or((ValuationKey::of(None), Sums::default()));
    Ok((cost_method, build_valuation_row(ValuationGroup::None, key, sums, cost_method)?))
}

/// Returns the rows after the page's key, in the order of their keys, the row without a group last.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn load_valuation_rows(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    spec: &ValueSpec,
    group: ValuationGroup,
    (after, first): SummaryPageRequest,
) -> Result<(CostingContext, SummaryPage<ValuationRow>), ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, spec.method).await?;
    let after = match after.as_deref() {
        Some([Key::Int(is_none), Key::Id(id)]) => Some(ValuationKey { is_none: *is_none == 1, id: *id }),
        _ => None,
    };
    let groups = load_valuation_groups(&scope, spec, group).await?;
    let count = groups.len();
    let mut later_groups = groups.into_iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
    let build_row = |(key, sums): (ValuationKey, Sums)| {
        Ok((build_valuation_row(group, key, sums, cost_method)?, vec![Key::Int(key.is_none.into()), Key::Id(key.id)]))
    };
    let rows = later_groups.by_ref().take(first).map(build_row).collect::<Result<_, ReportError>>()?;
    Ok((cost_method, SummaryPage { rows, has_next: later_groups.next().is_some(), count }))
}

impl ValueSpec {
    fn is_visible(&self, store: StoreId) -> bool {
        self.visible.as_ref().is_none_or(|visible| visible.binary_search(&store).is_ok())
    }
}

impl ValuationKey {
    fn of(id: Option<uuid::Uuid>) -> Self {
        Self { is_none: id.is_none(), id: id.unwrap_or_default() }
    }
}

fn build_valuation_row(
    group: ValuationGroup,
    key: ValuationKey,
    sums: Sums,
    cost_method: CostingContext,
) -> Result<ValuationRow, ReportError> {
    let quantity = Quantity::new(sums.quantity).ok_or(ReportError::TooMany)?;
    Ok(ValuationRow { group, key, quantity, value: money(sums.values.by(cost_method.method), cost_method.currency)? })
}

/// Returns the sums of all groups; at most one without grouping.
async fn load_valuation_groups(
    scope: &TenantScope,
    spec: &ValueSpec,
    group: ValuationGroup,
) -> Result<BTreeMap<ValuationKey, Sums>, ReportError> {
    let too_dear = |fault| ReportError::from_sum_fault(fault, ReportError::TooDear);
    let mut groups: BTreeMap<ValuationKey, Sums> = BTreeMap::new();
    let mut add = |key: Option<uuid::Uuid>, sums: Sums| {
        let group = groups.entry(ValuationKey::of(key)).or_default();
        *group = add_sums(*group, sums)?;
        Ok::<_, ReportError>(())
    };
    if spec.stores.is_none() && group != ValuationGroup::Store {
        for worth_row in rows::load_values_of_products(scope, spec.of, &spec.products).await.map_err(too_dear)? {
            let key = match group {
                ValuationGroup::Product => Some(worth_row.product.uuid()),
                ValuationGroup::Category => worth_row.category.map(Id::uuid),
                ValuationGroup::None | ValuationGroup::Store => None,
            };
            add(key, worth_row.sums)?;
        }
        return Ok(groups);
    }
    let worth_rows = rows::load_values_of_products(scope, spec.of, &spec.products).await.map_err(too_dear)?;
    let mut units: HashMap<ProductId, Vec<(StoreId, i64)>> = HashMap::new();
    for store_units in rows::units_by_store(scope, spec.of, &spec.products).await.map_err(too_dear)? {
        units.entry(store_units.product).or_default().push((store_units.store, store_units.units));
    }
    for worth_row in worth_rows {
        let store_quantities = units.remove(&worth_row.product).unwrap_or_default();
        for (store, sums) in allocate_to_stores(worth_row.sums, &store_quantities) {
            let is_requested = spec.stores.as_ref().is_none_or(|stores| store.is_some_and(|store| stores.contains(&store)));
            if !is_requested || sums == Sums::default() {
                continue;
            }
            let key = match group {
                ValuationGroup::Product => Some(worth_row.product.uuid()),
                ValuationGroup::Category => worth_row.category.map(Id::uuid),
                ValuationGroup::Store => store.filter(|store| spec.is_visible(*store)).map(Id::uuid),
                ValuationGroup::None => None,
            };
            add(key, sums)?;
        }
    }
    Ok(groups)
}

/// Splits the value of a product's units among its stores by their units, exact to the minor unit:
/// a unit has the same value in every store, as the company bought it. The difference between the
/// units in the books and those in the stores (the books may lag) goes to no store; so does a value
/// without units.
fn allocate_to_stores(total: Sums, stores: &[(StoreId, i64)]) -> Vec<(Option<StoreId>, Sums)> {
    let unstored_units = total.quantity - stores.iter().map(|(_, units)| units).sum::<i64>();
    let (mut units, mut allocated) = (0, Values::default());
    let mut allocations = Vec::with_capacity(stores.len() + 1);
    for (store, quantity) in stores.iter().map(|(store, units)| (Some(*store), *units)).chain([(None, unstored_units)]) {
        units += quantity;
        // The last row takes the remainder, even if there are no units to divide by.
        let running_values = if store.is_none() { total.values } else { total.values.share(units, total.quantity) };
        let values = Values { average: running_values.average - allocated.average, fifo: running_values.fifo - allocated.fifo };
        allocated = running_values;
        allocations.push((store, Sums { quantity, values }));
    }
    allocations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(n: u128) -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(n))
    }

    /// Returns the minor units of each store and of no store, for these units in all and in the
    /// stores.
    fn shares(quantity: i64, minor: i64, stores: &[i64]) -> Vec<i64> {
        let stores: Vec<_> = (0..).zip(stores).map(|(n, units)| (store(n), *units)).collect();
        let shared = allocate_to_stores(Sums { quantity, values: Values::both(minor) }, &stores);
        let units: i64 = shared.iter().map(|(_, sums)| sums.quantity).sum();
        let all: Vec<i64> = shared.into_iter().map(|(_, sums)| sums.values.fifo).collect();
        assert_eq!((units, all.iter().sum()), (quantity, minor), "nothing is lost");
        all
    }

    #[test]
    fn worth_is_shared_out_by_units_to_the_minor_unit() {
        assert_eq!(shares(3, 1_000, &[1, 1, 1]), [333, 334, 333, 0]);
        assert_eq!(shares(3, 500, &[1, 2]), [167, 333, 0]);
        assert_eq!(shares(4, 1_000, &[]), [1_000]);
        // The books lag behind the store's sales.
        assert_eq!(shares(4, 1_000, &[3]), [750, 250]);
        // A remaining value without units.
        assert_eq!(shares(0, 7, &[2, -2]), [0, 0, 7]);
        for stores in [[7, 11, 13], [3, -1, 5], [1, 0, 0], [0, 0, 0]] {
            for (quantity, minor) in [(31, 100), (7, 9_999), (1, -7), (0, 5)] {
                shares(quantity, minor, &stores);
            }
        }
    }
}
