//! Reports of the value and the cost of stock, from the cost book.

use std::{cmp::Reverse, collections::BTreeMap};

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use platform::{
    clock::day_text,
    storage::{Database, Fault, TenantScope, books::BookProgress},
};
use uuid::Uuid;

use super::keep::catch_up_for_reader;
use crate::costing::{
    core::{Layer, Sums, Values, share},
    rows::{self, CostFilter, CostGroup, ValuationTime},
};

/// Maximum rows of a report (DECIDED: limits, page).
pub const MAX_ROWS: usize = 250;
/// Maximum layers shown of a product.
const MAX_LAYERS: usize = 250;

/// Reasons for a report to fail.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A sum passes 2^53 − 1, the largest integer that JSON clients read exactly.
    #[error("a sum passes 2^53 − 1: narrow the report")]
    TooLarge,
    /// The value of all stock passes it, and cannot be narrowed.
    #[error(
        "the value of the stock exceeds 2^53 − 1 minor units, the largest reportable amount: read single products with productCost, or correct their costs with stockRevalue"
    )]
    TooDear,
    /// The number of all units in stock passes it; their products have different units.
    #[error("more than 2^53 − 1 units are in stock, the largest reportable number: read single products with productCost")]
    TooMany,
}

impl ReportError {
    /// Returns `overflow_error` if the database reports an overflow of a sum, which no client could read
    /// exactly either.
    pub(super) fn from_sum_fault(fault: Fault, overflow_error: Self) -> Self {
        if fault.is_overflow() { overflow_error } else { Self::Fault(fault) }
    }
}

/// Costing method and currency of a report, and the progress of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostingContext {
    pub method: CostingMethod,
    pub currency: Currency,
    pub progress: BookProgress,
}

/// `method` is the requested one; None for the tenant's own.
pub async fn prepare_costing(scope: &TenantScope, method: Option<CostingMethod>) -> Result<CostingContext, Fault> {
    let progress = catch_up_for_reader(scope).await?;
    let (default_method, currency) = rows::load_costing_method(scope).await?;
    Ok(CostingContext { method: method.unwrap_or(default_method), currency, progress })
}

/// Grouping of the rows of a valuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueGroup {
    None,
    Product,
    Category,
}

/// Arguments of a valuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValuationQuery {
    /// None for the tenant's own method.
    pub method: Option<CostingMethod>,
    pub of: ValuationTime,
    pub group: ValueGroup,
    /// At most `MAX_ROWS`, the most valuable first.
    pub first: usize,
}

/// A group's units and their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRow {
    pub product: Option<ProductId>,
    pub category: Option<CategoryId>,
    pub quantity: Quantity,
    pub value: Money,
}

/// Value of stock at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    pub how: CostingContext,
    /// Total of all units, including those that the rows leave out.
    pub total: ValueRow,
    pub rows: Vec<ValueRow>,
    /// Number of rows in all.
    pub groups: usize,
}

/// Returns the value of stock: all units, in stores and in transit.
pub async fn stock_value(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    query: ValuationQuery,
) -> Result<Valuation, ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, query.method).await?;
    let mut total = Sums::default();
    let mut groups: BTreeMap<(Option<ProductId>, Option<CategoryId>), Sums> = BTreeMap::new();
    for worth_row in rows::load_product_values(&scope, query.of, None)
        .await
        .map_err(|fault| ReportError::from_sum_fault(fault, ReportError::TooDear))?
    {
        total = add_sums(total, worth_row.sums)?;
        let key = match query.group {
            ValueGroup::None => continue,
            ValueGroup::Product => (Some(worth_row.product), None),
            ValueGroup::Category => (None, worth_row.category),
        };
        let group = groups.entry(key).or_default();
        *group = add_sums(*group, worth_row.sums)?;
    }
    let build_row = |(product, category): (Option<ProductId>, Option<CategoryId>), sums: &Sums| {
        let quantity = Quantity::new(sums.quantity).ok_or(ReportError::TooMany)?;
        Ok::<_, ReportError>(ValueRow {
            product,
            category,
            quantity,
            value: money(sums.values.by(cost_method.method), cost_method.currency)?,
        })
    };
    let mut rows = groups.iter().map(|(key, sums)| build_row(*key, sums)).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| Reverse(row.value.minor));
    let groups = rows.len();
    rows.truncate(query.first.min(MAX_ROWS));
    Ok(Valuation { how: cost_method, total: build_row((None, None), &total)?, rows, groups })
}

pub(super) fn add_sums(left: Sums, right: Sums) -> Result<Sums, ReportError> {
    let add = |left: i64, right: i64| left.checked_add(right).ok_or(ReportError::TooDear);
    Ok(Sums {
        quantity: add(left.quantity, right.quantity)?,
        values: Values {
            average: add(left.values.average, right.values.average)?,
            fifo: add(left.values.fifo, right.values.fifo)?,
        },
    })
}

pub(super) fn money(minor: i64, currency: Currency) -> Result<Money, ReportError> {
    if minor.abs() <= MAX_SAFE { Ok(Money::new(minor, currency)) } else { Err(ReportError::TooDear) }
}

/// Arguments of a cost report.
#[derive(Debug, Clone, PartialEq)]
pub struct CostReportQuery {
    /// None for the tenant's own method.
    pub method: Option<CostingMethod>,
    pub group: CostGroup,
    pub filter: CostFilter,
    /// At most `MAX_ROWS`, in the order of their keys.
    pub first: usize,
}

/// Changes of the value of stock by kind; the parts sum to the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// A day `2011-11-30`, a month `2011-11`, or an ID; None for postings without a group.
    pub key: Option<String>,
    pub product: Option<ProductId>,
    pub currency: Currency,
    parts: BTreeMap<CostKind, i64>,
    /// Part of added charges that falls on units that have left stock; not part of the change.
    variance: i64,
}

impl CostRow {
    /// Returns the change of the stock's value by postings of a kind.
    pub fn change_by_kind(&self, kind: CostKind) -> Money {
        Money::new(self.parts.get(&kind).copied().unwrap_or_default(), self.currency)
    }
    /// Returns the part of charges added after receipt that falls on units that had left stock: a
    /// cost that was never part of the stock value.
    pub fn landed_cost_variance(&self) -> Money {
        Money::new(self.variance, self.currency)
    }
    /// Returns the total change.
    pub fn change(&self) -> Money {
        Money::new(self.parts.values().sum(), self.currency)
    }
}

/// Changes of the value of stock in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    pub how: CostingContext,
    pub rows: Vec<CostRow>,
    /// Number of rows in all.
    pub groups: usize,
}

/// Sums the postings of a span.
pub async fn cost_report(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    query: &CostReportQuery,
) -> Result<Costs, ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, query.method).await?;
    let groups_by_key = cost_groups(&scope, cost_method, query.group, &query.filter).await?;
    let groups = groups_by_key.len();
    Ok(Costs { how: cost_method, rows: groups_by_key.into_values().take(query.first.min(MAX_ROWS)).collect(), groups })
}

/// Returns all rows in the order of their keys, the row without a group last.
pub(super) async fn cost_groups(
    scope: &TenantScope,
    cost_method: CostingContext,
    group: CostGroup,
    filter: &CostFilter,
) -> Result<BTreeMap<(bool, String), CostRow>, ReportError> {
    let mut groups: BTreeMap<(bool, String), CostRow> = BTreeMap::new();
    if group == CostGroup::None {
        groups.insert((true, String::new()), CostRow::empty(None, cost_method.currency));
    }
    let sums = rows::load_cost_sums(scope, group, filter).await;
    for (day, id, kind, sums) in sums.map_err(|fault| ReportError::from_sum_fault(fault, ReportError::TooLarge))? {
        let key = key_text(group, day, id);
        let row = groups
            .entry((key.is_none(), key.clone().unwrap_or_default()))
            .or_insert_with(|| CostRow::empty(key, cost_method.currency));
        row.product = id.filter(|_| group == CostGroup::Product).map(ProductId::from_uuid);
        let amount = row.parts.entry(kind).or_default();
        *amount = amount
            .checked_add(sums.values.by(cost_method.method))
            .filter(|sum| sum.abs() <= MAX_SAFE)
            .ok_or(ReportError::TooLarge)?;
    }
    let variances = rows::charge_variances(scope, filter).await;
    for variance in variances.map_err(|fault| ReportError::from_sum_fault(fault, ReportError::TooLarge))? {
        let product = (group == CostGroup::Product).then_some(variance.product);
        let key = key_text(group, Some(variance.day), product.map(Id::uuid));
        let row = groups
            .entry((key.is_none(), key.clone().unwrap_or_default()))
            .or_insert_with(|| CostRow::empty(key, cost_method.currency));
        row.product = product;
        row.add_variance(variance.values.by(cost_method.method))?;
    }
    Ok(groups)
}

impl CostRow {
    fn add_variance(&mut self, by: i64) -> Result<(), ReportError> {
        let sum = self.variance.checked_add(by).filter(|sum| sum.abs() <= MAX_SAFE);
        self.variance = sum.ok_or(ReportError::TooLarge)?;
        Ok(())
    }

    /// Adds the parts of another row.
    pub(super) fn add_row(&mut self, other: &Self) -> Result<(), ReportError> {
        for (kind, amount) in &other.parts {
            let part = self.parts.entry(*kind).or_default();
            *part = part.checked_add(*amount).filter(|sum| sum.abs() <= MAX_SAFE).ok_or(ReportError::TooLarge)?;
        }
        self.add_variance(other.variance)
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

/// A product's units, their value by both methods, and their layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCost {
    pub how: CostingContext,
    pub product: ProductId,
    /// Decimals of the product's unit.
    pub decimals: u8,
    pub sums: Sums,
    /// The oldest first.
    pub layers: Vec<Layer>,
    /// True if younger layers are left out.
    pub has_more_layers: bool,
}

/// Returns the current value of a product's units, or None if there is no such product.
pub async fn product_cost(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    product: ProductId,
) -> Result<Option<ProductCost>, Fault> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, None).await?;
    let units = rows::product_units(&scope, &[product]).await?;
    let Some((_, decimals)) = units.get(&product).copied() else { return Ok(None) };
    let sums = rows::load_product_values(&scope, ValuationTime::Now, Some(product))
        .await?
        .first()
        .map(|row| row.sums)
        .unwrap_or_default();
    let mut layers = rows::load_layers(&scope, product, MAX_LAYERS + 1).await?;
    let has_more_layers = layers.len() > MAX_LAYERS;
    layers.truncate(MAX_LAYERS);
    Ok(Some(ProductCost { how: cost_method, product, decimals, sums, layers, has_more_layers }))
}

impl ProductCost {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.how.currency)
    }
    /// Returns the cost of a whole unit, given the value of all units; None if there are no units.
    pub fn unit_cost(&self, value: i64) -> Option<Money> {
        let units_per_whole = 10i64.pow(u32::from(self.decimals));
        (self.sums.quantity > 0).then(|| self.money(share(value, units_per_whole, self.sums.quantity)))
    }
}
