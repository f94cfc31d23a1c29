//! What stock is worth and what it cost, as the book has it.

use std::{cmp::Reverse, collections::BTreeMap};

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use platform::{
    clock::day_text,
    storage::{Database, Fault, TenantScope},
};
use uuid::Uuid;

use super::keep::{BookProgress, catch_up_by};
use crate::costing::{
    core::{Layer, Sums, Values, share},
    rows::{self, CostFilter, CostGroup, Worth},
};

/// Pages of the book that whoever asks waits for: some tens of thousands of entries. What is told then says how far it is.
const PAGES: usize = 8;
/// The most rows of a report (DECIDED: limits, page).
pub const MAX_ROWS: usize = 250;
/// The most layers that are told of a product.
const MOST_LAYERS: usize = 250;

/// Why there is no report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A sum passes 2^53 − 1, the largest that clients can be told exactly.
    #[error("a sum passes 2^53 − 1: narrow the report")]
    TooLarge,
    /// So does what all stock is worth, of which nothing can be left out.
    #[error(
        "what stock is worth passes 2^53 − 1 minor units, the most that can be told: productCost tells of one product, stockRevalue puts its cost right"
    )]
    TooDear,
    /// So does what all stock counts, of units that have nothing in common.
    #[error("there are more than 2^53 − 1 units in stock, the most that can be told: productCost tells of one product")]
    TooMany,
}

impl ReportError {
    /// What the database cannot count to, no client can be told.
    pub(super) fn of_sums(fault: Fault, passed: Self) -> Self {
        if fault.is_overflow() { passed } else { Self::Fault(fault) }
    }
}

/// How costs are told, and how far the book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    pub method: CostingMethod,
    pub currency: Currency,
    pub progress: BookProgress,
}

/// `method` is the one that was asked for; the tenant's own where none was.
pub async fn begin(scope: &TenantScope, method: Option<CostingMethod>) -> Result<Method, Fault> {
    let progress = catch_up_by(scope, PAGES).await?;
    let (own, currency) = rows::method(scope).await?;
    Ok(Method { method: method.unwrap_or(own), currency, progress })
}

/// What the rows of a valuation stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueGroup {
    None,
    Product,
    Category,
}

/// What to value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueAsk {
    /// The tenant's own where none is named.
    pub method: Option<CostingMethod>,
    pub of: Worth,
    pub group: ValueGroup,
    /// At most `MAX_ROWS`, the most valuable first.
    pub first: usize,
}

/// A group's units, and what they are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRow {
    pub product: Option<ProductId>,
    pub category: Option<CategoryId>,
    pub quantity: Quantity,
    pub value: Money,
}

/// What stock was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    pub how: Method,
    /// Of everything, also of what the rows leave out.
    pub total: ValueRow,
    pub rows: Vec<ValueRow>,
    /// How many rows there are in all.
    pub groups: usize,
}

/// Values stock: all units, wherever they lie or travel.
pub async fn stock_value(db: &Database, permit: Permit<kind::ProductCostRead>, ask: ValueAsk) -> Result<Valuation, ReportError> {
    let scope = permit.scope(db).long();
    let how = begin(&scope, ask.method).await?;
    let mut total = Sums::default();
    let mut groups: BTreeMap<(Option<ProductId>, Option<CategoryId>), Sums> = BTreeMap::new();
    for one in rows::worth(&scope, ask.of, None).await.map_err(|fault| ReportError::of_sums(fault, ReportError::TooDear))? {
        total = added(total, one.sums)?;
        let key = match ask.group {
            ValueGroup::None => continue,
            ValueGroup::Product => (Some(one.product), None),
            ValueGroup::Category => (None, one.category),
        };
        let group = groups.entry(key).or_default();
        *group = added(*group, one.sums)?;
    }
    let shape = |(product, category): (Option<ProductId>, Option<CategoryId>), sums: &Sums| {
        let quantity = Quantity::new(sums.quantity).ok_or(ReportError::TooMany)?;
        Ok::<_, ReportError>(ValueRow { product, category, quantity, value: money(sums.values.by(how.method), how.currency)? })
    };
    let mut rows = groups.iter().map(|(key, sums)| shape(*key, sums)).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| Reverse(row.value.minor));
    let groups = rows.len();
    rows.truncate(ask.first.min(MAX_ROWS));
    Ok(Valuation { how, total: shape((None, None), &total)?, rows, groups })
}

pub(super) fn added(a: Sums, b: Sums) -> Result<Sums, ReportError> {
    let add = |a: i64, b: i64| a.checked_add(b).ok_or(ReportError::TooDear);
    Ok(Sums {
        quantity: add(a.quantity, b.quantity)?,
        values: Values { average: add(a.values.average, b.values.average)?, fifo: add(a.values.fifo, b.values.fifo)? },
    })
}

pub(super) fn money(minor: i64, currency: Currency) -> Result<Money, ReportError> {
    if minor.abs() <= MAX_SAFE { Ok(Money::new(minor, currency)) } else { Err(ReportError::TooDear) }
}

/// What a report of costs is of.
#[derive(Debug, Clone, PartialEq)]
pub struct CostAsk {
    /// The tenant's own where none is named.
    pub method: Option<CostingMethod>,
    pub group: CostGroup,
    pub filter: CostFilter,
    /// At most `MAX_ROWS`, in the order of their keys.
    pub first: usize,
}

/// What changed the worth of stock: the parts sum to the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// A day `2011-11-30`, a month `2011-11`, an id; None for what belongs to no group, and without groups.
    pub key: Option<String>,
    pub product: Option<ProductId>,
    pub currency: Currency,
    parts: BTreeMap<CostKind, i64>,
    /// What of added charges falls on goods that are gone: no part of the change.
    variance: i64,
}

impl CostRow {
    /// By how much postings of a kind changed the worth of stock.
    pub fn part(&self, kind: CostKind) -> Money {
        Money::new(self.parts.get(&kind).copied().unwrap_or_default(), self.currency)
    }
    /// What of charges that were added after receipt falls on goods that are gone: a cost that never was in the worth of stock.
    pub fn landed_cost_variance(&self) -> Money {
        Money::new(self.variance, self.currency)
    }
    /// By how much it changed in all.
    pub fn change(&self) -> Money {
        Money::new(self.parts.values().sum(), self.currency)
    }
}

/// What changed the worth of stock in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    pub how: Method,
    pub rows: Vec<CostRow>,
    /// How many rows there are in all.
    pub groups: usize,
}

/// Sums the postings of a span.
pub async fn cost_report(db: &Database, permit: Permit<kind::ProductCostRead>, ask: &CostAsk) -> Result<Costs, ReportError> {
    let scope = permit.scope(db).long();
    let how = begin(&scope, ask.method).await?;
    let all = cost_groups(&scope, how, ask.group, &ask.filter).await?;
    let groups = all.len();
    Ok(Costs { how, rows: all.into_values().take(ask.first.min(MAX_ROWS)).collect(), groups })
}

/// All rows in the order of their keys, what belongs to no group last.
pub(super) async fn cost_groups(
    scope: &TenantScope,
    how: Method,
    group: CostGroup,
    filter: &CostFilter,
) -> Result<BTreeMap<(bool, String), CostRow>, ReportError> {
    let mut groups: BTreeMap<(bool, String), CostRow> = BTreeMap::new();
    if group == CostGroup::None {
        groups.insert((true, String::new()), CostRow::empty(None, how.currency));
    }
    let sums = rows::cost_sums(scope, group, filter).await;
    for (day, id, kind, sums) in sums.map_err(|fault| ReportError::of_sums(fault, ReportError::TooLarge))? {
        let key = key_text(group, day, id);
        let row =
            groups.entry((key.is_none(), key.clone().unwrap_or_default())).or_insert_with(|| CostRow::empty(key, how.currency));
        row.product = id.filter(|_| group == CostGroup::Product).map(ProductId::from_uuid);
        let part = row.parts.entry(kind).or_default();
        *part = part.checked_add(sums.values.by(how.method)).filter(|sum| sum.abs() <= MAX_SAFE).ok_or(ReportError::TooLarge)?;
    }
    let variances = rows::charge_variances(scope, filter).await;
    for one in variances.map_err(|fault| ReportError::of_sums(fault, ReportError::TooLarge))? {
        let product = (group == CostGroup::Product).then_some(one.product);
        let key = key_text(group, Some(one.day), product.map(Id::uuid));
        let row =
            groups.entry((key.is_none(), key.clone().unwrap_or_default())).or_insert_with(|| CostRow::empty(key, how.currency));
        row.product = product;
        row.vary(one.values.by(how.method))?;
    }
    Ok(groups)
}

impl CostRow {
    fn vary(&mut self, by: i64) -> Result<(), ReportError> {
        let sum = self.variance.checked_add(by).filter(|sum| sum.abs() <= MAX_SAFE);
        self.variance = sum.ok_or(ReportError::TooLarge)?;
        Ok(())
    }

    /// Adds the parts of another row.
    pub(super) fn absorb(&mut self, other: &Self) -> Result<(), ReportError> {
        for (kind, amount) in &other.parts {
            let part = self.parts.entry(*kind).or_default();
            *part = part.checked_add(*amount).filter(|sum| sum.abs() <= MAX_SAFE).ok_or(ReportError::TooLarge)?;
        }
        self.vary(other.variance)
    }

    pub(super) fn empty(key: Option<String>, currency: Currency) -> Self {
        Self { key, product: None, currency, parts: BTreeMap::new(), variance: 0 }
    }
}

fn key_text(group: CostGroup, day: Option<i32>, id: Option<Uuid>) -> Option<String> {
    match group {
        CostGroup::None => None,
        CostGroup::Day => day.map(day_text),
        CostGroup::Month => day.map(day_text).and_then(|day| day.rsplit_once('-').map(|(month, _)| month.to_owned())),
        CostGroup::Product => id.map(|id| ProductId::from_uuid(id).to_string()),
        CostGroup::Store => id.map(|id| StoreId::from_uuid(id).to_string()),
    }
}

/// A product's units, in both ways, and the layers that they lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCost {
    pub how: Method,
    pub product: ProductId,
    /// Of its unit.
    pub decimals: u8,
    pub sums: Sums,
    /// The oldest first.
    pub layers: Vec<Layer>,
    /// Whether younger ones are left out.
    pub has_more_layers: bool,
}

/// What a product's units are worth now; None where there is no such product.
pub async fn product_cost(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    product: ProductId,
) -> Result<Option<ProductCost>, Fault> {
    let scope = permit.scope(db).long();
    let how = begin(&scope, None).await?;
    let units = rows::product_units(&scope, &[product]).await?;
    let Some((_, decimals)) = units.get(&product).copied() else { return Ok(None) };
    let sums = rows::worth(&scope, Worth::Now, Some(product)).await?.first().map(|one| one.sums).unwrap_or_default();
    let mut layers = rows::layers(&scope, product, MOST_LAYERS + 1).await?;
    let has_more_layers = layers.len() > MOST_LAYERS;
    layers.truncate(MOST_LAYERS);
    Ok(Some(ProductCost { how, product, decimals, sums, layers, has_more_layers }))
}

impl ProductCost {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.how.currency)
    }
    /// Of so much for all units, what a whole unit is worth; None where there is none.
    pub fn unit_cost(&self, value: i64) -> Option<Money> {
        let whole = 10i64.pow(u32::from(self.decimals));
        (self.sums.quantity > 0).then(|| self.money(share(value, whole, self.sums.quantity)))
    }
}
