//! Filter and sort order of the lines of a plan.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::catalog::rows::{Clause, conditions::push_nested};
use platform::{
    paging::{Key, ListSource, SortBy, Sorted},
    storage::{Backend, Fault, Nested, Reads, Row},
};

use super::line_tests::{NumberRange, PlanProducts, is_in_list, millionths, push_ids, push_texts};
use crate::replenishment::core::PlanLine;

/// Names lists of lines in cursors.
pub const LINES: &str = "replenishmentLines";

/// Sort fields of lines; the position in the plan breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSort {
    Urgency,
    Quantity,
    /// By currency first: amounts of several currencies cannot be compared. A line without a cost
    /// comes first.
    Cost,
    Product,
    Store,
}

/// A sort and its direction.
pub type LinesSorted = Sorted<LineSort>;

impl SortBy for LineSort {
    type Row = PlanLine;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Urgency, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Urgency => ("URGENCY", &["l.position"]),
            Self::Quantity => ("QUANTITY", &["l.quantity", "l.position"]),
            Self::Cost => ("COST", &["coalesce(l.cost_currency, '')", "coalesce(l.cost_minor, 0)", "l.position"]),
            Self::Product => ("PRODUCT", &["l.product_id", "l.position"]),
            Self::Store => ("STORE", &["l.store_id", "l.position"]),
        }
    }
    fn keys(self, line: &PlanLine) -> Vec<Key> {
        let mut keys = match self {
            Self::Urgency => Vec::new(),
            Self::Quantity => vec![Key::Int(line.quantity)],
            Self::Cost => {
                let (currency, minor) = line.cost.map(|cost| (cost.currency.to_string(), cost.minor)).unwrap_or_default();
                vec![Key::Text(currency), Key::Int(minor)]
            }
            Self::Product => vec![line.product.into()],
            Self::Store => vec![line.store.into()],
        };
        keys.push(Key::Int(line.position.into()));
        keys
    }
}

/// Filter of a plan's lines; None matches all, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineFilter {
    pub ids: Option<Vec<ReplenishmentLineId>>,
    pub stores: Option<Vec<StoreId>>,
    /// Sending stores of transfers.
    pub from_stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    pub of_catalogue: PlanProducts,
    pub suppliers: Option<Vec<SupplierId>>,
    pub states: Option<Vec<ReplenishmentLineState>>,
    pub kinds: Option<Vec<ReplenishmentLineKind>>,
    pub issues: Option<Vec<ReplenishmentIssue>>,
    pub quantity: NumberRange,
    pub urgency_days: NumberRange,
    pub due_on: NumberRange,
    /// Cost in one currency, in its minor units.
    pub cost: Option<(Currency, NumberRange)>,
    /// In millionths.
    pub confidence: NumberRange,
}

/// The confidence of a kept line, in millionths.
const fn confidence_sql(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => {
            "CAST(round(CAST(CAST(l.body AS json) #>> '{figures,confidence}' AS double precision) * 1000000) AS bigint)"
        }
        Backend::Sqlite => "CAST(round(json_extract(l.body, '$.figures.confidence') * 1000000) AS bigint)",
    }
}

impl LineFilter {
    /// Adds the conditions on `replenishment_line l`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        push_ids(clause, "l.id", self.ids.as_deref());
        push_ids(clause, "l.store_id", self.stores.as_deref());
        push_ids(clause, "l.from_store_id", self.from_stores.as_deref());
        push_ids(clause, "l.product_id", self.products.as_deref());
        push_ids(clause, "l.supplier_id", self.suppliers.as_deref());
        push_texts(clause, "l.state", self.states.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        push_texts(clause, "l.kind", self.kinds.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        push_texts(clause, "l.issue", self.issues.as_ref().map(|list| list.iter().map(|word| word.as_str())));
        self.of_catalogue.push_to(clause);
        self.quantity.push_to(clause, "l.quantity");
        self.urgency_days.push_to(clause, "l.urgency_days");
        self.due_on.push_to(clause, "l.due_on");
        if let Some((currency, amounts)) = self.cost {
            let mark = clause.bind(currency.to_string());
            clause.push(&format!(" AND l.cost_currency = {mark}"));
            amounts.push_to(clause, "l.cost_minor");
        }
        let confidence = confidence_sql(clause.backend());
        self.confidence.push_to(clause, confidence);
    }

    /// Whether a line is among those that the SQL finds.
    pub fn fits(&self, line: &PlanLine) -> bool {
        let has_cost = |(currency, amounts): (Currency, NumberRange)| {
            line.cost.is_some_and(|cost| cost.currency == currency && amounts.has(Some(cost.minor)))
        };
        is_in_list(self.ids.as_deref(), Some(line.id))
            && is_in_list(self.stores.as_deref(), Some(line.store))
            && is_in_list(self.from_stores.as_deref(), line.kind.source_store())
            && is_in_list(self.products.as_deref(), Some(line.product))
            && is_in_list(self.suppliers.as_deref(), line.kind.partner())
            && is_in_list(self.states.as_deref(), Some(line.state.word()))
            && is_in_list(self.kinds.as_deref(), Some(line.kind.word()))
            && is_in_list(self.issues.as_deref(), line.state.issue())
            && self.of_catalogue.has(line.product)
            && self.quantity.has(Some(line.quantity))
            && self.urgency_days.has(line.urgency_days.map(i64::from))
            && self.due_on.has(line.due_on.map(i64::from))
            && self.cost.is_none_or(has_cost)
            && self.confidence.has(line.figures.confidence.map(millionths))
    }
}

/// The lines of a plan that the filter is about: all, or those of `visible_stores`, or from them.
pub fn lines_source(
    backend: Backend,
    plan: ReplenishmentPlanId,
    visible_stores: Option<&[StoreId]>,
    filter: &Nested<LineFilter>,
) -> ListSource {
    let mut clause = Clause::new(backend);
    let plan = clause.bind(plan);
    if let Some(visible_stores) = visible_stores {
        let number = clause.number(backend.ids(visible_stores.iter().copied()));
        let (to, from) = (backend.in_ids("l.store_id", number), backend.in_ids("l.from_store_id", number));
        clause.push(&format!(" AND ({to} OR {from})"));
    }
    push_nested(&mut clause, filter, |clause, part: &LineFilter| part.push_to(clause));
    let from = format!("FROM replenishment_line l WHERE l.tenant_id = $1 AND l.plan_id = {plan}{}", clause.sql);
    ListSource { from, values: clause.values }
}

/// The products of a plan's lines.
pub async fn products_of(reads: &impl Reads, plan: ReplenishmentPlanId) -> Result<BTreeSet<ProductId>, Fault> {
    let sql = "SELECT DISTINCT l.product_id FROM replenishment_line l WHERE l.tenant_id = $1 AND l.plan_id = $2";
    reads.rows(sql, vec![plan.into()]).await?.iter().map(Row::scalar).collect()
}
