//! Cuts lines of purchase orders, through the room's own shell: an order without remaining units is
//! cancelled, any other is amended.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, Mode, Stop},
    purchasing::shell::{PurchaseLineSet, PurchaseOrderAct, PurchaseOrderAmend, purchase_order_amend, purchase_order_cancel},
};
use platform::storage::{Fault, idempotency};
use uuid::Uuid;

use super::draft_outcome::DraftOutcome;
use crate::replenishment::{
    core::{Document, LineKind, PlanLine},
    rows::{self, CurrentLine},
};

const REASON: &str = "not needed any more, by the replenishment plan";

/// Cut of an order's line: its position, its quantity when the plan was made, and the quantity that
/// is left.
#[derive(Clone, Copy)]
struct LineCut {
    position: u16,
    ordered: i64,
    left: i64,
}

/// Cuts the lines of one order, unless an earlier call has done so. An order whose lines have
/// changed since the plan was made stays unchanged.
pub(super) async fn cut_order_lines(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseRead>,
    (order, group): (PurchaseOrderId, Uuid),
    lines: &[PlanLine],
) -> Result<DraftOutcome, Fault> {
    let Ok(write_permit) = permit.also::<kind::PurchaseWrite>() else { return Ok(DraftOutcome::Denied) };
    let scope = permit.scope(ledger.database());
    let cuts: Vec<LineCut> = lines.iter().filter_map(cut_of_line).collect();
    let order_lines = rows::current_lines(&scope, order).await?;
    if is_applied(&cuts, &order_lines) {
        return Ok(DraftOutcome::Made(Document::PurchaseOrder(order)));
    }
    let order_line = |position: u16| order_lines.iter().find(|line| line.position == position);
    if !cuts
        .iter()
        .all(|cut| order_line(cut.position).is_some_and(|line| line.quantity == cut.ordered && line.received <= cut.left))
    {
        return Ok(DraftOutcome::Refused(Vec::new()));
    }
    // A concurrent change of the order wins: its version is expected to stay the same from here on.
    let expected_version = order_lines.first().map(|line| line.version);
    let is_whole = |line: &CurrentLine| cuts.iter().any(|cut| cut.position == line.position && cut.left == 0);
    let key = format!("replenishment-cut-{}", group.simple());
    // The idempotency key identifies the group only, whichever call cuts its lines.
    let outcome = if order_lines.iter().all(is_whole) {
        let input = PurchaseOrderAct { idempotency_key: key, order, expected_version, note: Some(REASON.to_owned()) };
        Box::pin(idempotency::by_key(purchase_order_cancel(ledger, write_permit, input, Mode::Commit))).await
    } else {
        let input = PurchaseOrderAmend { expected_version, ..amendment(key, order, &cuts)? };
        Box::pin(idempotency::by_key(purchase_order_amend(ledger, write_permit, input, Mode::Commit))).await
    };
    let refused = match outcome {
        Ok(_) => return Ok(DraftOutcome::Made(Document::PurchaseOrder(order))),
        Err(Stop::Refused(rejections)) => rejections,
        Err(Stop::Denied(_)) => return Ok(DraftOutcome::Denied),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    // Another call may have cut them in the meantime.
    let is_done = is_applied(&cuts, &rows::current_lines(&scope, order).await?);
    Ok(if is_done { DraftOutcome::Made(Document::PurchaseOrder(order)) } else { DraftOutcome::Refused(refused) })
}

fn cut_of_line(line: &PlanLine) -> Option<LineCut> {
    match line.kind {
        LineKind::CancelIncoming { position, ordered, .. } => {
            Some(LineCut { position, ordered, left: ordered.saturating_sub(line.quantity).max(0) })
        }
        LineKind::Transfer { .. } | LineKind::Purchase { .. } => None,
    }
}

/// Whether no line has more units than the cut leaves.
fn is_applied(cuts: &[LineCut], order_lines: &[CurrentLine]) -> bool {
    let is_above = |line: &CurrentLine| cuts.iter().any(|cut| cut.position == line.position && line.quantity > cut.left);
    !order_lines.iter().any(is_above)
}

fn amendment(key: String, order: PurchaseOrderId, cuts: &[LineCut]) -> Result<PurchaseOrderAmend, Fault> {
    let corrupt = || Fault::corrupt("replenishment_line", "a quantity can be counted exactly");
    let mut set_lines = Vec::new();
    for cut in cuts.iter().filter(|cut| cut.left > 0) {
        let quantity = Some(Quantity::new(cut.left).ok_or_else(corrupt)?);
        set_lines.push(PurchaseLineSet { line: order.line(cut.position), quantity, unit_cost: None, expected_on: None });
    }
    Ok(PurchaseOrderAmend {
        idempotency_key: key,
        order,
        expected_version: None,
        expected_on: None,
        note: None,
        set_lines,
        add_lines: Vec::new(),
        cancel_lines: cuts.iter().filter(|cut| cut.left == 0).map(|cut| order.line(cut.position)).collect(),
        reason: Some(REASON.to_owned()),
    })
}
