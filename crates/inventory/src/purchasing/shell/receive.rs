//! Receiving deliveries.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{clock, storage::TenantScope};

use super::{
    authorized_order::authorized_order,
    input::{MAX_CHARGES, MAX_LINES, MAX_LOTS, PurchaseOrderReceive},
};
use crate::{
    catalog::rows::keys::filter_existing_products,
    currency::{core::FrozenRate, shell::load_rate_on},
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, SubmitResult, check_key, key_of,
        lot_choice, submit_resolved,
    },
    purchasing::{
        core::{Command as Purchase, PurchaseCommand, Receive, ReceiveLine, ReceivedLot, Refusal, WrongItem},
        rows,
    },
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

/// Receives a delivery, whole or in part.
pub async fn purchase_order_receive(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseReceive>,
    input: PurchaseOrderReceive,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::DeliveryNote));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    let lots = input.lines.iter().flatten().map(|line| line.lots.len()).sum();
    checks.items(lots, MAX_LOTS, || At::input(Field::Lines));
    checks.items(input.wrong.len(), MAX_CHARGES, || At::input(Field::WrongItems));
    for (index, line) in input.lines.iter().flatten().enumerate().take(MAX_LINES) {
        checks.text(line.note.as_deref(), MAX_NOTE, || At::line(index).field(Field::Note));
        for (nth, received_lot) in line.lots.iter().enumerate().take(MAX_LOTS) {
            checks.lot(Some(&received_lot.lot), || At::line(index).part(Field::Lots, nth).field(Field::Lot));
        }
    }
    for (index, wrong_item) in input.wrong.iter().enumerate().take(MAX_CHARGES) {
        checks.text(wrong_item.note.as_deref(), MAX_NOTE, || At::row(Field::WrongItems, index).field(Field::Note));
    }
    checks.done()?;
    let key = key_of(&permit, "purchaseOrderReceive", &input.idempotency_key, &input);
    let command = receive_command(ledger, &permit, input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn receive_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseReceive>,
    input: PurchaseOrderReceive,
) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let order = authorized_order(ledger, permit, input.order).await?;
    let levels = rows::levels_of(&scope, &[order]).await?;
    let names = Names::look_up(&scope, input.wrong.iter().filter_map(|wrong| wrong.product.as_ref())).await?;
    let mut missing = MissingReferences::default();
    let field = |index: usize| At::row(Field::WrongItems, index).field(Field::Product);
    let mut wrong = Vec::with_capacity(input.wrong.len());
    for (index, item) in input.wrong.into_iter().enumerate() {
        let product = item.product.as_ref().map(|product_ref| missing.or_nil(names.product(product_ref, || field(index))));
        wrong.push(WrongItem { product, quantity: item.quantity, note: item.note });
    }
    let existing_products = filter_existing_products(&scope, wrong.iter().filter_map(|item| item.product)).await?;
    let is_existing = |item: &WrongItem| item.product.is_none_or(|product| existing_products.contains(&product));
    for (index, item) in wrong.iter().enumerate() {
        if !is_existing(item) {
            missing.note(Rejection::not_found(Noun::Product, field(index)));
        }
    }
    // The ledger does not check products that were not ordered: it would record them as noted.
    if missing.has_any() {
        return Err(missing.stop());
    }
    let rate = rate_of(ledger, &scope, order, input.occurred_at).await?;
    let lines = input.lines.map(|lines| {
        let lot = |item: super::input::ReceivedLot| ReceivedLot {
            lot: lot_choice(ledger, Some(&item.lot)),
            quantity: item.quantity,
            damaged: item.damaged,
        };
        let line = |item: super::input::ReceivedLine| ReceiveLine {
            line: item.line,
            quantity: item.quantity,
            damaged: item.damaged,
            lots: item.lots.into_iter().map(lot).collect(),
            note: item.note,
        };
        lines.into_iter().map(line).collect()
    });
    let receive = Receive {
        id: ledger.clock().document_id(),
        order,
        expected_version: input.expected_version,
        external_ref: input.external_ref,
        note: input.note,
        occurred_at: input.occurred_at,
        lines,
        wrong,
        rate,
        actor: permit.actor(),
        movement: ledger.clock().document_id(),
    };
    Ok(Command::of(PurchaseCommand(Box::new(Purchase::Receive(receive)), levels)))
}

/// Returns the rate from the order's currency to that of the books, if they differ: the one that is
/// agreed for the order, else that of the receipt's day.
async fn rate_of(
    ledger: &Ledger,
    scope: &TenantScope,
    order: PurchaseOrderId,
    occurred_at: Option<Timestamp>,
) -> Result<Option<FrozenRate>, Stop> {
    let books = ledger.terms(scope).await?.currency;
    let Some((from, time_zone)) = rows::currency_and_zone_of(scope, order).await?.filter(|(currency, _)| *currency != books)
    else {
        return Ok(None);
    };
    let day = clock::local_day(occurred_at.unwrap_or_else(|| ledger.clock().now()), &time_zone);
    // An agreed rate cannot change once the order is placed, nor can its currency of the books.
    if let Some(fixed) = rows::fixed_rate_of(scope, order).await?.filter(|fixed| fixed.books == books) {
        return Ok(Some(fixed.to_frozen_rate(from, day)));
    }
    let missing = || Refusal::RateMissing { from, to: books, day }.at(At::input(Field::Id));
    let rate = load_rate_on(scope, from, books, day).await?.ok_or_else(missing)?;
    Ok(Some(rate))
}
