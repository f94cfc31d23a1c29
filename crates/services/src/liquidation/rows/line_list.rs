//! Filter and sort order of the lines of a plan.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::catalog::rows::{Clause, conditions::push_nested};
use platform::{
    paging::{Key, ListSource, SortBy, Sorted},
    storage::{Backend, Fault, Nested, Reads, Row},
};

use crate::{
    liquidation::core::PlanLine,
    replenishment::rows::line_tests::{NumberRange, PlanProducts, is_in_list, push_ids, push_texts},
};

/// Names lists of lines in cursors.
pub const LINES: &str = "liquidationLines";

/// Sort fields of lines; ties are broken by product and store, as a plan has one line for each
/// product in a store. The position in the plan stands for the value at cost, in descending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSort {
    /// The position in the plan: the first line has the highest value at cost.
    Value,
    Product,
    Expected,
    Quantity,
    Until,
}

/// A sort and its direction.
pub type LinesSorted = Sorted<LineSort>;

/// By product and store, for callers who may not see costs.
pub const BY_PRODUCT: LinesSorted = Sorted { by: LineSort::Product, descending: false };

/// Whether the columns of a sort go down: of places in the plan, the first has the largest value.
pub fn is_descending(sorted: LinesSorted) -> bool {
    sorted.descending != (sorted.by == LineSort::Value)
}

impl SortBy for LineSort {
    type Row = PlanLine;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Value, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Value => ("VALUE", &["l.position"]),
            Self::Product => ("PRODUCT", &["l.product_id", "l.store_id"]),
            Self::Expected => ("EXPECTED", &["l.likely_minor", "l.product_id", "l.store_id"]),
            Self::Quantity => ("QUANTITY", &["l.quantity", "l.product_id", "l.store_id"]),
            Self::Until => ("UNTIL", &["l.until_date", "l.product_id", "l.store_id"]),
        }
    }
    fn keys(self, line: &PlanLine) -> Vec<Key> {
        let number = match self {
            Self::Value => return vec![Key::Int(line.position.into())],
            Self::Product => return vec![line.product.into(), line.store.into()],
            Self::Expected => line.expected.likely,
            Self::Quantity => line.quantity,
            Self::Until => line.until.into(),
        };
        vec![Key::Int(number), line.product.into(), line.store.into()]
    }
}

/// Filter of a plan's lines; None matches all, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineFilter {
    pub ids: Option<Vec<LiquidationLineId>>,
    pub stores: Option<Vec<StoreId>>,
    /// Target stores of transfers.
    pub to_stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    pub of_catalogue: PlanProducts,
    /// Suppliers of returns.
    pub suppliers: Option<Vec<SupplierId>>,
    pub states: Option<Vec<LiquidationLineState>>,
    pub actions: Option<Vec<LiquidationAction>>,
    pub issues: Option<Vec<LiquidationIssue>>,
    pub outcomes: Option<Vec<LiquidationOutcome>>,
    pub quantity: NumberRange,
    pub until: NumberRange,
    /// Likely recovery of a line, in minor units of the plan's currency.
    pub expected: NumberRange,
    /// Cost of the free units, in minor units of the plan's currency.
    pub value: NumberRange,
}

/// The cost of a kept line's free units, in minor units.
const fn value_sql(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => "CAST(CAST(l.body AS json) #>> '{figures,valueMinor}' AS bigint)",
        Backend::Sqlite => "CAST(json_extract(l.body, '$.figures.valueMinor') AS bigint)",
    }
}

impl LineFilter {
    /// Adds the conditions on `liquidation_line l`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        push_ids(clause, "l.id", self.ids.as_deref());
        push_ids(clause, "l.store_id", self.stores.as_deref());
        push_ids(clause, "l.to_store_id", self.to_stores.as_deref());
        push_ids(clause, "l.product_id", self.products.as_deref());
        push_ids(clause, "l.supplier_id", self.suppliers.as_deref());
        push_texts(clause, "l.state", self.states.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        push_texts(clause, "l.action", self.actions.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        push_texts(clause, "l.issue", self.issues.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        push_texts(clause, "l.outcome", self.outcomes.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        self.of_catalogue.push_to(clause);
        self.quantity.push_to(clause, "l.quantity");
        self.until.push_to(clause, "l.until_date");
        self.expected.push_to(clause, "l.likely_minor");
        let value = value_sql(clause.backend());
        self.value.push_to(clause, value);
    }

    /// Whether a line is among those that the SQL finds.
    pub fn fits(&self, line: &PlanLine) -> bool {
        is_in_list(self.ids.as_deref(), Some(line.id))
            && is_in_list(self.stores.as_deref(), Some(line.store))
            && is_in_list(self.to_stores.as_deref(), line.act.target())
            && is_in_list(self.products.as_deref(), Some(line.product))
            && is_in_list(self.suppliers.as_deref(), line.act.supplier())
            && is_in_list(self.states.as_deref(), Some(line.state.word()))
            && is_in_list(self.actions.as_deref(), Some(line.act.word()))
            && is_in_list(self.issues.as_deref(), line.state.issue())
            && is_in_list(self.outcomes.as_deref(), line.score.map(|score| score.outcome))
            && self.of_catalogue.has(line.product)
            && self.quantity.has(Some(line.quantity))
            && self.until.has(Some(line.until.into()))
            && self.expected.has(Some(line.expected.likely))
            && self.value.has(line.figures.value_minor)
    }
}

/// The lines of a plan that the filter is about: all, or those of `visible_stores`, or to them.
pub fn lines_source(
    backend: Backend,
    plan: LiquidationPlanId,
    visible_stores: Option<&[StoreId]>,
    filter: &Nested<LineFilter>,
) -> ListSource {
    let mut clause = Clause::new(backend);
    let plan = clause.bind(plan);
    if let Some(visible_stores) = visible_stores {
        let number = clause.number(backend.ids(visible_stores.iter().copied()));
        let (from_condition, to_condition) = (backend.in_ids("l.store_id", number), backend.in_ids("l.to_store_id", number));
        clause.push(&format!(" AND ({from_condition} OR {to_condition})"));
    }
    push_nested(&mut clause, filter, |clause, part: &LineFilter| part.push_to(clause));
    let from = format!("FROM liquidation_line l WHERE l.tenant_id = $1 AND l.plan_id = {plan}{}", clause.sql);
    ListSource { from, values: clause.values }
}

/// The products of a plan's lines.
pub async fn products_of(reads: &impl Reads, plan: LiquidationPlanId) -> Result<BTreeSet<ProductId>, Fault> {
    let sql = "SELECT DISTINCT l.product_id FROM liquidation_line l WHERE l.tenant_id = $1 AND l.plan_id = $2";
    reads.rows(sql, vec![plan.into()]).await?.iter().map(Row::scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_of_earlier_releases_open() {
        assert_eq!(LinesSorted::default().kind(LINES), "liquidationLines:VALUE:DESC");
        assert_eq!(BY_PRODUCT.kind(LINES), "liquidationLines:PRODUCT:ASC");
        assert!(!is_descending(LinesSorted::default()), "the first place has the largest value");
        assert!(!is_descending(BY_PRODUCT) && is_descending(Sorted { by: LineSort::Value, descending: false }));
    }
}
