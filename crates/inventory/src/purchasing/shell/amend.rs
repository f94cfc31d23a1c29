//! Amending a placed order: one command with all changes.

use entity::prelude::*;
use iam::{
    access::{Permit, kind},
    tenancy,
};

use super::{
    authorized_order::authorized_order,
    create::lines_of,
    input::{MAX_LINES, PurchaseLineSet, PurchaseOrderAmend},
};
use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MissingReferences, Mode, Stop, SubmitResult, check_key, key_of, submit_with_missing,
    },
    purchasing::{
        core::{AmendRefusal, Command as Purchase, LeadTime, LeadTimes, PriceRaise, PurchaseCommand, Revise, SetLine},
        rows,
    },
    stock::core::{At, Field, LevelKey},
};

impl PurchaseOrderAmend {
    fn is_empty(&self) -> bool {
        let no_lines = self.set_lines.is_empty() && self.add_lines.is_empty() && self.cancel_lines.is_empty();
        no_lines && self.expected_on.is_none() && self.note.is_none()
    }
}

/// Adds, changes and cancels lines of a placed order, all or none. Only a caller who may approve
/// orders too may raise its cost.
pub async fn purchase_order_amend(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAmend,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_ref().and_then(Option::as_deref), MAX_NOTE, || At::input(Field::Note));
    checks.text(input.reason.as_deref(), MAX_NOTE, || At::input(Field::Reason));
    checks.items(input.set_lines.len(), MAX_LINES, || At::input(Field::SetLines));
    checks.items(input.add_lines.len(), MAX_LINES, || At::input(Field::AddLines));
    checks.items(input.cancel_lines.len(), MAX_LINES, || At::input(Field::CancelLines));
    if input.is_empty() {
        checks.refuse(AmendRefusal::NothingToAmend.at(At::INPUT));
    }
    checks.done()?;
    let key = key_of(&permit, "purchaseOrderAmend", &input.idempotency_key, &input);
    let command = amend_command(ledger, &permit, input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn amend_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseWrite>,
    input: PurchaseOrderAmend,
) -> Result<(Command, MissingReferences), Stop> {
    let mut missing = MissingReferences::default();
    let scope = permit.scope(ledger.database());
    let order = authorized_order(ledger, permit, input.order).await?;
    let place = rows::places_of(&scope, &[order]).await?.get(&order).copied();
    let mut levels = rows::levels_of(&scope, &[order]).await?;
    let (mut add_lines, mut leads) = (Vec::new(), LeadTimes::default());
    // The ledger refuses an order that does not exist.
    if let Some((store, supplier)) = place.filter(|_| !input.add_lines.is_empty()) {
        add_lines = lines_of(&scope, &mut missing, supplier, (&input.add_lines, Field::AddLines)).await?;
        levels.extend(add_lines.iter().map(|line| LevelKey { product: line.product, store }));
        let rows::SupplierLeadTime { days: supplier_days, calendar } = rows::lead_time_of(&scope, supplier).await?;
        let lead = |days: Option<i32>| LeadTime::of(days, supplier_days);
        let stated_days =
            add_lines.iter().map(|line| (line.product, line.supply.as_ref().and_then(|supply| supply.lead_time_days)));
        leads = LeadTimes::new(calendar, stated_days.filter_map(|(product, days)| Some((product, lead(days)?))));
    }
    // API keys must not approve a raised total, as with approvals.
    let is_approver = |store: StoreId| {
        let is_person = permit.actor().kind == ActorKind::Member;
        is_person && permit.also::<kind::PurchaseApprove>().is_ok_and(|approval_permit| approval_permit.covers(store))
    };
    let raise = match place {
        Some((store, _)) if is_approver(store) => PriceRaise::UpTo(tenancy::approval_limit(&scope).await?),
        _ => PriceRaise::Never,
    };
    let line_change = |requested_line: PurchaseLineSet| SetLine {
        line: requested_line.line,
        quantity: requested_line.quantity,
        unit_cost: requested_line.unit_cost,
        expected_on: requested_line.expected_on,
    };
    let revise = Revise {
        order,
        expected_version: input.expected_version,
        expected_on: input.expected_on,
        note: input.note,
        set_lines: input.set_lines.into_iter().map(line_change).collect(),
        add_lines,
        cancel_lines: input.cancel_lines,
        leads,
        raise,
        reason: input.reason,
        actor: permit.actor(),
        movement: ledger.clock().document_id(),
    };
    Ok((Command::of(PurchaseCommand(Box::new(Purchase::Revise(revise)), levels)), missing))
}
