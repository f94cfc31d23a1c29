//! From the request for approval to the end of an order.

use iam::{
    access::{Permission, Permit, kind},
    tenancy,
};

use super::{authorized_order::authorized_order, input::PurchaseOrderAct};
use crate::stock::core::{At, Field};
use crate::{
    ledger::{Checks, Command, Ledger, MAX_NOTE, Mode, SubmitResult, check_key, key_of, submit},
    purchasing::{
        core::{ActOnPurchaseOrder, Action, Command as Purchase, LeadTimes, PurchaseCommand},
        rows,
    },
};

/// Requests approval.
pub async fn purchase_order_submit(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Submit, mode)).await
}
/// Approves an order; above the tenant's limit the requester must not.
pub async fn purchase_order_approve(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseApprove>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Approve, mode)).await
}
pub async fn purchase_order_reject(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseApprove>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Reject, mode)).await
}
/// Marks an order as sent to the supplier: its open quantities are incoming from now on.
pub async fn purchase_order_order(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Order, mode)).await
}
/// Closes an order; open quantities are not expected any more.
pub async fn purchase_order_close(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Close, mode)).await
}
/// Cancels an order before any receipt.
pub async fn purchase_order_cancel(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (Action::Cancel, mode)).await
}

async fn act<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    input: PurchaseOrderAct,
    (action, mode): (Action, Mode),
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, action.mutation(), &input.idempotency_key, &input);
    let order = authorized_order(ledger, &permit, input.order).await?;
    let scope = permit.scope(ledger.database());
    let moves_stock = matches!(action, Action::Order | Action::Close | Action::Cancel);
    let levels = if moves_stock { rows::levels_of(&scope, &[order]).await? } else { Vec::new() };
    let limit = if action == Action::Approve { tenancy::approval_limit(&scope).await? } else { None };
    let leads = if action == Action::Order { rows::lead_times(&scope, order).await? } else { LeadTimes::default() };
    let act = ActOnPurchaseOrder {
        order,
        action,
        expected_version: input.expected_version,
        note: input.note,
        actor: permit.actor(),
        movement: ledger.clock().document_id(),
        limit,
        leads,
    };
    submit(ledger, &permit, Command::of(PurchaseCommand(Box::new(Purchase::Act(act)), levels)), key, mode).await
}
