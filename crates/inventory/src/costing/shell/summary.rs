//! Summaries of costs and of worth: a total, and its rows in pages of any number. The rows of all pages sum to the total.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, TenantScope},
};

use super::report::{CostRow, Method, ReportError, added, begin, cost_groups, money};
use crate::{
    catalog::rows::page::ProductCondition,
    costing::{
        core::{Sums, Values},
        rows::{self, CostFilter, CostGroup, Worth},
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

/// The row keys of a cursor, and how many rows a page has.
pub type PageAsk = (Option<Vec<Key>>, usize);

/// What of the books a summary is of.
#[derive(Debug, Clone, PartialEq)]
pub struct CostSpec {
    /// The tenant's own where none is named.
    pub method: Option<CostingMethod>,
    pub filter: CostFilter,
    /// The stores that have rows of their own, sorted; None for all. What is of others is in the row of no store.
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
    let how = begin(&scope, spec.method).await?;
    let mut groups = cost_groups(&scope, how, group, &spec.filter).await?;
    if let (CostGroup::Store, Some(visible)) = (group, &spec.visible) {
        groups = hide_stores(groups, visible, how)?;
    }
    Ok(CostSheet { currency: how.currency, groups })
}

impl CostSheet {
    /// The sums of all rows; None where one passes 2^53 − 1 on the way.
    pub fn total(&self) -> Option<CostRow> {
        let mut total = CostRow::empty(None, self.currency);
        self.groups.values().try_for_each(|row| total.absorb(row)).ok()?;
        Some(total)
    }
    /// The rows behind the page's key, in the order of their keys, what belongs to no group last.
    pub fn page(&self, (after, first): PageAsk) -> SummaryPage<CostRow> {
        let after = after.as_deref().and_then(place);
        let behind = self.groups.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        let mut found = behind.map(|((is_none, text), row)| (row.clone(), keys(*is_none, text.clone())));
        let rows: Vec<_> = found.by_ref().take(first).collect();
        SummaryPage { rows, has_next: found.next().is_some(), count: self.groups.len() }
    }
}

/// Puts the rows of other stores into the one of no store.
fn hide_stores(groups: CostGroups, visible: &[StoreId], how: Method) -> Result<CostGroups, ReportError> {
    let visible: BTreeSet<String> = visible.iter().map(ToString::to_string).collect();
    let (mut shown, hidden): (CostGroups, CostGroups) = groups.into_iter().partition(|((_, key), _)| visible.contains(key));
    for row in hidden.values() {
        shown.entry((true, String::new())).or_insert_with(|| CostRow::empty(None, how.currency)).absorb(row)?;
    }
    Ok(shown)
}

fn keys(is_none: bool, text: String) -> Vec<Key> {
    vec![Key::Int(is_none.into()), Key::Text(text)]
}

fn place(keys: &[Key]) -> Option<(bool, String)> {
    match keys {
        [Key::Int(is_none), Key::Text(text)] => Some((*is_none == 1, text.clone())),
        _ => None,
    }
}

/// Which stock a summary values.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueSpec {
    /// The tenant's own where none is named.
    pub method: Option<CostingMethod>,
    pub of: Worth,
    pub products: ProductCondition,
    /// Only units of these stores; None for all of the company.
    pub stores: Option<Vec<StoreId>>,
    /// The stores that have rows of their own, sorted; None for all. What is of others is in the row of no store.
    pub visible: Option<Vec<StoreId>>,
}

/// What the rows of a summary of worth stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorthGroup {
    None,
    Product,
    Category,
    Store,
}

/// What a row of worth stands for. The order of the fields is the order of rows: what belongs to no group comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorthKey {
    is_none: bool,
    id: uuid::Uuid,
}

/// A group's units and what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorthRow {
    group: WorthGroup,
    key: WorthKey,
    pub quantity: Quantity,
    pub value: Money,
}

impl WorthRow {
    /// The id of a row that stands for things of this group; None for what belongs to none.
    pub fn id(&self, group: WorthGroup) -> Option<uuid::Uuid> {
        (self.group == group && !self.key.is_none).then_some(self.key.id)
    }
}

/// What all of it is worth.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn worth_total(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    spec: &ValueSpec,
) -> Result<(Method, WorthRow), ReportError> {
    let scope = permit.scope(db).long();
    let how = begin(&scope, spec.method).await?;
    let mut groups = worth_groups(&scope, spec, WorthGroup::None).await?.into_iter();
    let (key, sums) = groups.next().unwrap_or((WorthKey::of(None), Sums::default()));
    Ok((how, shape(WorthGroup::None, key, sums, how)?))
}

/// The rows behind the page's key, in the order of their keys, what belongs to no group last.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn worth_rows(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    spec: &ValueSpec,
    group: WorthGroup,
    (after, first): PageAsk,
) -> Result<(Method, SummaryPage<WorthRow>), ReportError> {
    let scope = permit.scope(db).long();
    let how = begin(&scope, spec.method).await?;
    let after = match after.as_deref() {
        Some([Key::Int(is_none), Key::Id(id)]) => Some(WorthKey { is_none: *is_none == 1, id: *id }),
        _ => None,
    };
    let groups = worth_groups(&scope, spec, group).await?;
    let count = groups.len();
    let mut found = groups.into_iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
    let row =
        |(key, sums): (WorthKey, Sums)| Ok((shape(group, key, sums, how)?, vec![Key::Int(key.is_none.into()), Key::Id(key.id)]));
    let rows = found.by_ref().take(first).map(row).collect::<Result<_, ReportError>>()?;
    Ok((how, SummaryPage { rows, has_next: found.next().is_some(), count }))
}

impl ValueSpec {
    fn shows(&self, store: StoreId) -> bool {
        self.visible.as_ref().is_none_or(|visible| visible.binary_search(&store).is_ok())
    }
}

impl WorthKey {
    fn of(id: Option<uuid::Uuid>) -> Self {
        Self { is_none: id.is_none(), id: id.unwrap_or_default() }
    }
}

fn shape(group: WorthGroup, key: WorthKey, sums: Sums, how: Method) -> Result<WorthRow, ReportError> {
    let quantity = Quantity::new(sums.quantity).ok_or(ReportError::TooMany)?;
    Ok(WorthRow { group, key, quantity, value: money(sums.values.by(how.method), how.currency)? })
}

/// All groups. Without groups there is at most one.
async fn worth_groups(scope: &TenantScope, spec: &ValueSpec, group: WorthGroup) -> Result<BTreeMap<WorthKey, Sums>, ReportError> {
    let dear = |fault| ReportError::of_sums(fault, ReportError::TooDear);
    let mut groups: BTreeMap<WorthKey, Sums> = BTreeMap::new();
    let mut add = |key: Option<uuid::Uuid>, sums: Sums| {
        let group = groups.entry(WorthKey::of(key)).or_default();
        *group = added(*group, sums)?;
        Ok::<_, ReportError>(())
    };
    if spec.stores.is_none() && group != WorthGroup::Store {
        for one in rows::worth_of(scope, spec.of, &spec.products).await.map_err(dear)? {
            let key = match group {
                WorthGroup::Product => Some(one.product.uuid()),
                WorthGroup::Category => one.category.map(Id::uuid),
                WorthGroup::None | WorthGroup::Store => None,
            };
            add(key, one.sums)?;
        }
        return Ok(groups);
    }
    let worth = rows::worth_of(scope, spec.of, &spec.products).await.map_err(dear)?;
    let mut units: HashMap<ProductId, Vec<(StoreId, i64)>> = HashMap::new();
    for found in rows::units_by_store(scope, spec.of, &spec.products).await.map_err(dear)? {
        units.entry(found.product).or_default().push((found.store, found.units));
    }
    for one in worth {
        let of_stores = units.remove(&one.product).unwrap_or_default();
        for (store, sums) in shared_out(one.sums, &of_stores) {
            let is_asked = spec.stores.as_ref().is_none_or(|stores| store.is_some_and(|store| stores.contains(&store)));
            if !is_asked || sums == Sums::default() {
                continue;
            }
            let key = match group {
                WorthGroup::Product => Some(one.product.uuid()),
                WorthGroup::Category => one.category.map(Id::uuid),
                WorthGroup::Store => store.filter(|store| spec.shows(*store)).map(Id::uuid),
                WorthGroup::None => None,
            };
            add(key, sums)?;
        }
    }
    Ok(groups)
}

/// What a product's units are worth, shared out to its stores by their units, to the minor unit: a unit is worth the same in every store, as the
/// company bought it. What the books have and no store has, or the other way round while they catch up, is of no store; so is the worth of no units.
fn shared_out(whole: Sums, stores: &[(StoreId, i64)]) -> Vec<(Option<StoreId>, Sums)> {
    let rest = whole.quantity - stores.iter().map(|(_, units)| units).sum::<i64>();
    let (mut units, mut given) = (0, Values::default());
    let mut shared = Vec::with_capacity(stores.len() + 1);
    for (store, quantity) in stores.iter().map(|(store, units)| (Some(*store), *units)).chain([(None, rest)]) {
        units += quantity;
        // Of the whole, all: also where there are no units to share it by.
        let upto = if store.is_none() { whole.values } else { whole.values.share(units, whole.quantity) };
        let values = Values { average: upto.average - given.average, fifo: upto.fifo - given.fifo };
        given = upto;
        shared.push((store, Sums { quantity, values }));
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(n: u128) -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(n))
    }

    /// Of units of a whole and of stores, the minor units of each and of no store.
    fn shares(quantity: i64, minor: i64, stores: &[i64]) -> Vec<i64> {
        let stores: Vec<_> = (0..).zip(stores).map(|(n, units)| (store(n), *units)).collect();
        let shared = shared_out(Sums { quantity, values: Values::both(minor) }, &stores);
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
        // The books have not seen yet what a store has sold.
        assert_eq!(shares(4, 1_000, &[3]), [750, 250]);
        // A rest of worth, and no units.
        assert_eq!(shares(0, 7, &[2, -2]), [0, 0, 7]);
        for stores in [[7, 11, 13], [3, -1, 5], [1, 0, 0], [0, 0, 0]] {
            for (quantity, minor) in [(31, 100), (7, 9_999), (1, -7), (0, 5)] {
                shares(quantity, minor, &stores);
            }
        }
    }
}
