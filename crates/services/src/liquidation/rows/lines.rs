//! Lines of plans.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::liquidation_line,
};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::line_list::{LinesSorted, is_descending};
use crate::{
    liquidation::core::{Document, LineAction, LineFigures, LineScore, LineState, PlanLine, Reason, Recovery},
    replenishment::rows::StoreUnits,
};

/// The body of a line.
#[derive(Serialize, Deserialize)]
struct Body {
    act: LineAction,
    figures: LineFigures,
    reasons: Vec<Reason>,
}

#[derive(Record)]
#[record(of = liquidation_line, alias = "l")]
pub(super) struct LineRow {
    position: i32,
    id: LiquidationLineId,
    action: LiquidationAction,
    state: LiquidationLineState,
    product_id: ProductId,
    store_id: StoreId,
    quantity: i64,
    low_minor: i64,
    likely_minor: i64,
    high_minor: i64,
    until_date: i32,
    approved_date: Option<i32>,
    steps_done: i32,
    group_id: Option<Uuid>,
    claimed_by: Option<Uuid>,
    transfer_id: Option<TransferId>,
    supplier_return_id: Option<SupplierReturnId>,
    movement_id: Option<MovementId>,
    issue: Option<LiquidationIssue>,
    kit_id: Option<ProductId>,
    body: String,
    outcome: Option<LiquidationOutcome>,
    recovered_minor: Option<i64>,
}

#[derive(Record)]
struct LineUnderWay {
    line: LineRow,
    #[record(sql = "p.currency")]
    currency: String,
}

/// Columns of a line that change.
#[derive(Record)]
#[record(of = liquidation_line)]
struct ChangedLine {
    plan_id: LiquidationPlanId,
    position: i32,
    state: LiquidationLineState,
    approved_date: Option<i32>,
    steps_done: i32,
    group_id: Option<Uuid>,
    claimed_by: Option<Uuid>,
    transfer_id: Option<TransferId>,
    supplier_return_id: Option<SupplierReturnId>,
    movement_id: Option<MovementId>,
    issue: Option<LiquidationIssue>,
    kit_id: Option<ProductId>,
}

fn corrupt(rule: &'static str) -> Fault {
    Fault::corrupt("liquidation_line", rule)
}

/// The document of a line; a markdown without another one has its price.
fn document_of(row: &LineRow) -> Option<Document> {
    let (transfer, supplier_return) =
        (row.transfer_id.map(Document::Transfer), row.supplier_return_id.map(Document::SupplierReturn));
    let document = transfer
        .or(supplier_return)
        .or_else(|| row.movement_id.map(Document::Movement))
        .or_else(|| row.kit_id.map(Document::Kit));
    document.or_else(|| (row.action == LiquidationAction::Markdown).then_some(Document::Price))
}

fn state_of(row: &LineRow) -> Result<LineState, Fault> {
    Ok(match (row.state, row.group_id, row.claimed_by, document_of(row), row.issue) {
        (LiquidationLineState::Proposed, None, None, _, None) => LineState::Proposed,
        (LiquidationLineState::Claimed, Some(group), Some(by), _, None) => LineState::Claimed { group, by },
        (LiquidationLineState::Approved, Some(group), None, Some(document), None) => LineState::Approved { group, document },
        (LiquidationLineState::Done, Some(group), None, Some(document), None) => LineState::Done { group, document },
        (LiquidationLineState::Refused, None, None, _, Some(issue)) => LineState::Refused(issue),
        _ => return Err(corrupt("a line has what its state has")),
    })
}

impl TryFrom<LineRow> for PlanLine {
    type Error = Fault;
    fn try_from(row: LineRow) -> Result<Self, Fault> {
        let state = state_of(&row)?;
        let Body { act, figures, reasons } =
            serde_json::from_str(&row.body).map_err(|_| corrupt("its body has an act, figures and reasons"))?;
        if act.word() != row.action {
            return Err(corrupt("its body is about its action"));
        }
        Ok(Self {
            id: row.id,
            position: row.position,
            act,
            state,
            product: row.product_id,
            store: row.store_id,
            quantity: row.quantity,
            expected: Recovery { low: row.low_minor, likely: row.likely_minor, high: row.high_minor },
            until: row.until_date,
            approved_on: row.approved_date,
            steps_done: row.steps_done,
            figures,
            reasons,
            score: row.outcome.zip(row.recovered_minor).map(|(outcome, recovered)| LineScore { outcome, recovered }),
        })
    }
}

/// The columns of a document.
#[derive(Default)]
struct Documents {
    transfer_id: Option<TransferId>,
    supplier_return_id: Option<SupplierReturnId>,
    movement_id: Option<MovementId>,
    kit_id: Option<ProductId>,
}

fn documents(state: &LineState) -> Documents {
    let none = Documents::default();
    match state.document() {
        Some(Document::Transfer(id)) => Documents { transfer_id: Some(id), ..none },
        Some(Document::SupplierReturn(id)) => Documents { supplier_return_id: Some(id), ..none },
        Some(Document::Movement(id)) => Documents { movement_id: Some(id), ..none },
        Some(Document::Kit(id)) => Documents { kit_id: Some(id), ..none },
        Some(Document::Price) | None => none,
    }
}

fn claimer(state: &LineState) -> Option<Uuid> {
    match state {
        LineState::Claimed { by, .. } => Some(*by),
        _ => None,
    }
}

/// Writes a new plan's lines.
pub async fn insert_lines(work: &Work, plan: LiquidationPlanId, lines: &[PlanLine]) -> Result<(), Fault> {
    let mut rows = Rows::<liquidation_line::Model>::insert(work.tenant());
    for line in lines {
        let Documents { transfer_id, supplier_return_id, movement_id, kit_id } = documents(&line.state);
        let body = Body { act: line.act.clone(), figures: line.figures.clone(), reasons: line.reasons.clone() };
        rows.push(liquidation_line::Model {
            tenant_id: work.tenant(),
            plan_id: plan,
            position: line.position,
            id: line.id,
            action: line.act.word(),
            state: line.state.word(),
            product_id: line.product,
            store_id: line.store,
            to_store_id: line.act.target(),
            supplier_id: line.act.supplier(),
            quantity: line.quantity,
            low_minor: line.expected.low,
            likely_minor: line.expected.likely,
            high_minor: line.expected.high,
            until_date: line.until,
            approved_date: line.approved_on,
            steps_done: line.steps_done,
            group_id: line.state.group(),
            claimed_by: claimer(&line.state),
            transfer_id,
            supplier_return_id,
            movement_id,
            issue: line.state.issue(),
            partner_id: line.act.bundle().map(|bundle| bundle.partner),
            kit_id,
            body: serde_json::to_string(&body).map_err(|err| Fault::Broken(err.to_string()))?,
            outcome: line.score.map(|score| score.outcome),
            recovered_minor: line.score.map(|score| score.recovered),
        });
    }
    work.write(Bulk::from(rows)).await
}

/// Writes the results of lines.
pub async fn change_lines<'a>(
    work: &Work,
    plan: LiquidationPlanId,
    lines: impl IntoIterator<Item = &'a PlanLine>,
) -> Result<(), Fault> {
    let mut rows = Rows::<ChangedLine>::update(work.tenant());
    for line in lines {
        let Documents { transfer_id, supplier_return_id, movement_id, kit_id } = documents(&line.state);
        rows.push(ChangedLine {
            plan_id: plan,
            position: line.position,
            state: line.state.word(),
            approved_date: line.approved_on,
            steps_done: line.steps_done,
            group_id: line.state.group(),
            claimed_by: claimer(&line.state),
            transfer_id,
            supplier_return_id,
            movement_id,
            issue: line.state.issue(),
            kit_id,
        });
    }
    work.write(Bulk::from(rows)).await
}

/// All lines of a plan, in descending order of value.
pub async fn lines_of(reads: &impl Reads, plan: LiquidationPlanId) -> Result<Vec<PlanLine>, Fault> {
    let sql = format!(
        "SELECT {} FROM liquidation_line l WHERE l.tenant_id = $1 AND l.plan_id = $2 ORDER BY l.position",
        LineRow::SELECT
    );
    reads.records::<LineRow>(&sql, vec![plan.into()]).await?.into_iter().map(PlanLine::try_from).collect()
}

/// A page of lines in this order.
pub async fn line_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: LinesSorted,
    request: &PageRequest,
) -> Result<Vec<PlanLine>, Fault> {
    let (sql, values) = source.page(LineRow::SELECT, sorted.columns(), is_descending(sorted), request);
    reads.records::<LineRow>(&sql, values).await?.into_iter().map(PlanLine::try_from).collect()
}

/// Products that a plan does something with, which is under way.
pub async fn products_under_way(reads: &impl Reads, action: LiquidationAction) -> Result<BTreeSet<ProductId>, Fault> {
    let sql = "SELECT l.product_id FROM liquidation_line l WHERE l.tenant_id = $1 AND l.action = $2 AND l.state IN ('CLAIMED', 'APPROVED')";
    reads.rows(sql, vec![action.into()]).await?.iter().map(Row::scalar).collect()
}

/// Units of a product on their way to a store.
#[derive(Record)]
struct UnitsRow {
    #[record(of = liquidation_line, alias = "l")]
    product_id: ProductId,
    #[record(of = liquidation_line, alias = "l", not_null)]
    to_store_id: StoreId,
    #[record(
        sql = "CAST(sum(CASE WHEN t.status IN ('DRAFT', 'READY') THEN i.quantity ELSE i.shipped - i.received - i.lost END) AS bigint)"
    )]
    units: i64,
}

/// Units that are on their way to stores, or to be, from lines that were approved.
pub async fn units_under_way(reads: &impl Reads) -> Result<StoreUnits, Fault> {
    let sql = format!(
        "SELECT {} FROM liquidation_line l
         JOIN transfer t ON t.tenant_id = $1 AND t.id = l.transfer_id AND t.status NOT IN ('RECEIVED', 'CANCELLED')
         JOIN transfer_line i ON i.tenant_id = $1 AND i.transfer_id = t.id AND i.product_id = l.product_id
         WHERE l.tenant_id = $1 AND l.action = $2 AND l.state IN ('APPROVED', 'DONE') GROUP BY l.product_id, l.to_store_id",
        UnitsRow::SELECT
    );
    let rows = reads.records::<UnitsRow>(&sql, vec![LiquidationAction::Transfer.into()]).await?;
    Ok(rows.into_iter().map(|row| ((row.product_id, row.to_store_id), row.units)).collect())
}

/// A line that is under way, with the currency of its plan.
pub async fn lines_under_way(reads: &impl Reads) -> Result<Vec<(Currency, PlanLine)>, Fault> {
    let sql = format!(
        "SELECT {} FROM liquidation_line l JOIN liquidation_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         WHERE l.tenant_id = $1 AND p.state IN ('PARTLY', 'APPROVED') AND l.state = 'APPROVED' ORDER BY l.plan_id, l.position",
        LineUnderWay::SELECT
    );
    let read = |row: LineUnderWay| {
        let currency = Currency::parse(&row.currency).ok_or_else(|| corrupt("the currency of its plan is in use"))?;
        Ok((currency, PlanLine::try_from(row.line)?))
    };
    reads.records::<LineUnderWay>(&sql, vec![]).await?.into_iter().map(read).collect()
}
