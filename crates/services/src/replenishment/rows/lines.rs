//! Lines of plans.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::replenishment_line,
};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Bulk, Fault, Finds, Reads, Rows, Work},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::line_list::LinesSorted;
use crate::replenishment::core::{Document, LineFigures, LineKind, LineScore, LineState, PlanLine, Reason, ReasonCode};

/// The body of a line.
#[derive(Serialize, Deserialize)]
struct Body {
    figures: LineFigures,
    margin: i64,
    reasons: Vec<Reason>,
    /// Reasons of codes that earlier releases cannot read, with their places among the others: those releases pass over them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    newer: Vec<(usize, Reason)>,
    /// Line of the purchase order, for a line that cuts units on order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut: Option<CutLine>,
}

/// The line of a purchase order that is cut.
#[derive(Serialize, Deserialize)]
struct CutLine {
    order: PurchaseOrderId,
    position: u16,
    ordered: i64,
}

impl CutLine {
    const fn of(kind: &LineKind) -> Option<Self> {
        match *kind {
            LineKind::CancelIncoming { order, position, ordered, .. } => Some(Self { order, position, ordered }),
            LineKind::Transfer { .. } | LineKind::Purchase { .. } => None,
        }
    }
}

/// Whether releases before this one cannot read the code of a reason.
const fn is_newer(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::CorrectedService
            | ReasonCode::TransportTooDear
            | ReasonCode::NotNeeded
            | ReasonCode::Weekdays
            | ReasonCode::FewSales
            | ReasonCode::Liquidated
            | ReasonCode::PartOfKits
    )
}

/// Reasons as they are stored: those that every release can read, and newer ones with their
/// positions.
fn split_reasons(reasons: &[Reason]) -> (Vec<Reason>, Vec<(usize, Reason)>) {
    let (newer, older): (Vec<_>, Vec<_>) = reasons.iter().cloned().enumerate().partition(|(_, reason)| is_newer(reason.code));
    (older.into_iter().map(|(_, reason)| reason).collect(), newer)
}

/// Reasons in the order that they had.
fn merge_reasons(mut reasons: Vec<Reason>, newer: Vec<(usize, Reason)>) -> Vec<Reason> {
    for (index, reason) in newer {
        reasons.insert(index.min(reasons.len()), reason);
    }
    reasons
}

#[derive(Record)]
#[record(of = replenishment_line, alias = "l")]
struct LineRow {
    position: i32,
    id: ReplenishmentLineId,
    kind: ReplenishmentLineKind,
    state: ReplenishmentLineState,
    product_id: ProductId,
    store_id: StoreId,
    from_store_id: Option<StoreId>,
    supplier_id: Option<SupplierId>,
    policy_id: Option<ReplenishmentPolicyId>,
    policy_version: Option<i64>,
    quantity: i64,
    urgency_days: Option<i32>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    group_id: Option<Uuid>,
    purchase_order_id: Option<PurchaseOrderId>,
    transfer_id: Option<TransferId>,
    issue: Option<ReplenishmentIssue>,
    approved_kind: Option<ActorKind>,
    approved_by: Option<Uuid>,
    due_on: Option<i32>,
    score_on: Option<i32>,
    outcome: Option<ReplenishmentOutcome>,
    demand_units: Option<i64>,
    is_within: Option<i32>,
    out_days: Option<i32>,
    left_units: Option<i64>,
    excess_units: Option<i64>,
    naive_units: Option<i64>,
    estimated_units: Option<i64>,
    promised_millionths: Option<i32>,
    body: String,
}

/// Total cost of purchases in one currency, exact up to 2^53.
#[derive(Record)]
struct CostSum {
    #[record(of = replenishment_line, alias = "l", not_null)]
    cost_currency: String,
    #[record(sql = "CAST(sum(CAST(l.cost_minor AS double precision)) AS double precision)")]
    minor: f64,
}

/// Columns of a line that an approval changes.
#[derive(Record)]
#[record(of = replenishment_line)]
struct ChangedLine {
    plan_id: ReplenishmentPlanId,
    position: i32,
    state: ReplenishmentLineState,
    group_id: Option<Uuid>,
    purchase_order_id: Option<PurchaseOrderId>,
    transfer_id: Option<TransferId>,
    issue: Option<ReplenishmentIssue>,
    approved_kind: Option<ActorKind>,
    approved_by: Option<Uuid>,
}

fn corrupt(rule: &'static str) -> Fault {
    Fault::corrupt("replenishment_line", rule)
}

fn score_of(row: &LineRow) -> Result<Option<LineScore>, Fault> {
    let Some(outcome) = row.outcome else { return Ok(None) };
    let required = |column: Option<i64>| column.ok_or_else(|| corrupt("a line that is scored has all figures"));
    Ok(Some(LineScore {
        outcome,
        demand: required(row.demand_units)?,
        estimated_demand: row.estimated_units,
        is_within: required(row.is_within.map(i64::from))? == 1,
        out_days: row.out_days.unwrap_or_default(),
        left: required(row.left_units)?,
        excess: required(row.excess_units)?,
        naive_point: row.naive_units,
        promised_millionths: row.promised_millionths,
    }))
}

/// The figures in a line's body.
pub(super) fn figures_of(body: &str) -> Result<LineFigures, Fault> {
    let body: Body = serde_json::from_str(body).map_err(|_| corrupt("its body has figures and reasons"))?;
    Ok(body.figures)
}

fn state_of(row: &LineRow) -> Result<LineState, Fault> {
    let document = row.purchase_order_id.map(Document::PurchaseOrder).or_else(|| row.transfer_id.map(Document::Transfer));
    Ok(match (row.state, row.group_id, document, row.issue) {
        (ReplenishmentLineState::Open, None, None, None) => LineState::Open,
        (ReplenishmentLineState::Claimed, Some(group), None, None) => LineState::Claimed { group },
        (ReplenishmentLineState::Approved, Some(group), Some(document), None) => LineState::Approved { group, document },
        (ReplenishmentLineState::Refused, None, None, Some(issue)) => LineState::Refused(issue),
        (ReplenishmentLineState::Cut, None, None, Some(issue)) => LineState::Cut(issue),
        _ => return Err(corrupt("a line has what its state has")),
    })
}

impl TryFrom<LineRow> for PlanLine {
    type Error = Fault;
    fn try_from(row: LineRow) -> Result<Self, Fault> {
        let (state, score) = (state_of(&row)?, score_of(&row)?);
        let body: Body = serde_json::from_str(&row.body).map_err(|_| corrupt("its body has figures and reasons"))?;
        let kind = match (row.kind, row.from_store_id, row.supplier_id, &body.cut) {
            (ReplenishmentLineKind::Transfer, Some(from), ..) => LineKind::Transfer { from },
            (ReplenishmentLineKind::Purchase, None, supplier, None) => LineKind::Purchase { supplier },
            (ReplenishmentLineKind::CancelIncoming, None, Some(supplier), Some(cut_line)) => LineKind::CancelIncoming {
                supplier,
                order: cut_line.order,
                position: cut_line.position,
                ordered: cut_line.ordered,
            },
            _ => return Err(corrupt("a transfer has a sending store, and a cut has an order")),
        };
        let cost = match (row.cost_minor, &row.cost_currency) {
            (Some(minor), Some(code)) => {
                Some(Money::new(minor, Currency::parse(code).ok_or_else(|| corrupt("a cost has a currency in use"))?))
            }
            _ => None,
        };
        Ok(Self {
            id: row.id,
            position: row.position,
            kind,
            state,
            product: row.product_id,
            store: row.store_id,
            quantity: row.quantity,
            urgency_days: row.urgency_days,
            cost,
            margin: body.margin,
            policy: row.policy_id.zip(row.policy_version),
            approved_by: row.approved_kind.zip(row.approved_by).map(|(kind, id)| Actor { kind, id }),
            due_on: row.due_on,
            score_on: row.score_on,
            score,
            figures: body.figures,
            reasons: merge_reasons(body.reasons, body.newer),
            headroom: None,
        })
    }
}

fn documents(state: &LineState) -> (Option<PurchaseOrderId>, Option<TransferId>) {
    match state.document() {
        Some(Document::PurchaseOrder(id)) => (Some(id), None),
        Some(Document::Transfer(id)) => (None, Some(id)),
        None => (None, None),
    }
}

/// Writes a new plan's lines.
pub async fn insert_lines(work: &Work, plan: ReplenishmentPlanId, lines: &[PlanLine]) -> Result<(), Fault> {
    let mut rows = Rows::<replenishment_line::Model>::insert(work.tenant());
    for line in lines {
        let (purchase_order_id, transfer_id) = documents(&line.state);
        let (reasons, newer) = split_reasons(&line.reasons);
        let cut_line = CutLine::of(&line.kind);
        let body = Body { figures: line.figures.clone(), margin: line.margin, reasons, newer, cut: cut_line };
        rows.push(replenishment_line::Model {
            tenant_id: work.tenant(),
            plan_id: plan,
            position: line.position,
            id: line.id,
            kind: line.kind.word(),
            state: line.state.word(),
            product_id: line.product,
            store_id: line.store,
            from_store_id: line.kind.source_store(),
            supplier_id: line.kind.partner(),
            policy_id: line.policy.map(|(id, _)| id),
            policy_version: line.policy.map(|(_, version)| version),
            quantity: line.quantity,
            urgency_days: line.urgency_days,
            cost_minor: line.cost.map(|cost| cost.minor),
            cost_currency: line.cost.map(|cost| cost.currency.to_string()),
            group_id: line.state.group(),
            purchase_order_id,
            transfer_id,
            issue: line.state.issue(),
            approved_kind: line.approved_by.map(|actor| actor.kind),
            approved_by: line.approved_by.map(|actor| actor.id),
            due_on: line.due_on,
            score_on: line.score_on,
            // Nothing is scored before its lead time has passed.
            outcome: None,
            demand_units: None,
            is_within: None,
            out_days: None,
            left_units: None,
            excess_units: None,
            naive_units: None,
            estimated_units: None,
            promised_millionths: None,
            body: serde_json::to_string(&body).map_err(|err| Fault::Broken(err.to_string()))?,
        });
    }
    work.write(Bulk::from(rows)).await
}

/// Writes the results of lines.
pub async fn change_lines<'a>(
    work: &Work,
    plan: ReplenishmentPlanId,
    lines: impl IntoIterator<Item = &'a PlanLine>,
) -> Result<(), Fault> {
    let mut rows = Rows::<ChangedLine>::update(work.tenant());
    for line in lines {
        let (purchase_order_id, transfer_id) = documents(&line.state);
        rows.push(ChangedLine {
            plan_id: plan,
            position: line.position,
            state: line.state.word(),
            group_id: line.state.group(),
            purchase_order_id,
            transfer_id,
            issue: line.state.issue(),
            approved_kind: line.approved_by.map(|actor| actor.kind),
            approved_by: line.approved_by.map(|actor| actor.id),
        });
    }
    work.write(Bulk::from(rows)).await
}

/// All lines of a plan, the most urgent first.
pub async fn lines_of(reads: &impl Reads, plan: ReplenishmentPlanId) -> Result<Vec<PlanLine>, Fault> {
    let sql = format!(
        "SELECT {} FROM replenishment_line l WHERE l.tenant_id = $1 AND l.plan_id = $2 ORDER BY l.position",
        LineRow::SELECT
    );
    reads.records::<LineRow>(&sql, vec![plan.into()]).await?.into_iter().map(PlanLine::try_from).collect()
}

/// Returns the cost of a plan's purchases for stores that are neither cut nor refused, one sum for
/// each currency.
pub async fn purchase_sums(reads: &impl Reads, plan: ReplenishmentPlanId, stores: &[StoreId]) -> Result<Vec<Money>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM replenishment_line l
         WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.kind = 'PURCHASE' AND l.state NOT IN ('CUT', 'REFUSED')
           AND l.cost_currency IS NOT NULL AND {}
         GROUP BY l.cost_currency ORDER BY l.cost_currency",
        CostSum::SELECT,
        backend.in_ids("l.store_id", 3)
    );
    let values = vec![plan.into(), backend.ids(stores.iter().copied())];
    let money_of = |row: CostSum| -> Result<Money, Fault> {
        let currency = Currency::parse(&row.cost_currency).ok_or_else(|| corrupt("a cost has a currency in use"))?;
        Ok(Money::new(row.minor as i64, currency))
    };
    reads.records::<CostSum>(&sql, values).await?.into_iter().map(money_of).collect()
}

/// A page of lines in this order.
pub async fn line_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: LinesSorted,
    request: &PageRequest,
) -> Result<Vec<PlanLine>, Fault> {
    let (sql, values) = sorted.page(source, LineRow::SELECT, request);
    reads.records::<LineRow>(&sql, values).await?.into_iter().map(PlanLine::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_releases_are_not_given_codes_that_they_cannot_read() {
        let reason = |code: ReasonCode| Reason::new(code, String::new(), &[]);
        let all = [ReasonCode::BelowPoint, ReasonCode::CorrectedService, ReasonCode::Minimum].map(reason);
        let (older, newer) = split_reasons(&all);
        assert_eq!(older, [ReasonCode::BelowPoint, ReasonCode::Minimum].map(reason));
        assert_eq!(merge_reasons(older, newer), all);
    }
}
