//! Confirmations by suppliers.

use iam::access::{Permit, kind};

use super::{
    authorized_order::authorized_order,
    input::{MAX_LINES, PurchaseOrderConfirm},
};
use crate::{
    ledger::{Checks, Command, Ledger, MAX_REFERENCE, Mode, SubmitResult, check_key, key_of, submit},
    purchasing::core::{Command as Purchase, Confirm, ConfirmLine, PurchaseCommand},
    stock::core::{At, Field},
};

/// Records the supplier's confirmation of an order: days, quantities and their own reference.
pub async fn purchase_order_confirm(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderConfirm,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    let key = key_of(&permit, "purchaseOrderConfirm", &input.idempotency_key, &input);
    let lines = input.lines.map(|lines| {
        lines
            .into_iter()
            .map(|requested_line| ConfirmLine {
                line: requested_line.line,
                quantity: requested_line.quantity,
                on: requested_line.on,
            })
            .collect()
    });
    let confirm = Confirm {
        order: authorized_order(ledger, &permit, input.order).await?,
        expected_version: input.expected_version,
        external_ref: input.external_ref,
        on: input.on,
        lines,
    };
    submit(ledger, &permit, Command::of(PurchaseCommand(Box::new(Purchase::Confirm(confirm)), Vec::new())), key, mode).await
}
