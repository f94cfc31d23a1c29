//! Returning goods to their supplier.

use entity::prelude::*;
use iam::access::{Permit, kind};

use super::{
    input::{MAX_LINES, SupplierReturnCreate},
    suppliers::Suppliers,
};
use crate::{
    catalog::rows::merge::merged_suppliers,
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, SubmitResult, check_key, key_of,
        load_known_store, lot_choice, submit_resolved,
    },
    purchasing::{
        core::{Command as Purchase, CreateSupplierReturn, NewReturnLine, PurchaseCommand, Refusal},
        rows,
    },
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

/// Takes goods out of stock for their supplier, and records the credit. A named order line must be
/// of an order of one of the permit's stores.
pub async fn supplier_return_create(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseReceive>,
    input: SupplierReturnCreate,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    for (index, line) in input.lines.iter().enumerate().take(MAX_LINES) {
        checks.lot(line.lot.as_ref(), || At::line(index).field(Field::Lot));
    }
    checks.done()?;
    let key = key_of(&permit, "supplierReturnCreate", &input.idempotency_key, &input);
    let command = return_command(ledger, &permit, input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn return_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseReceive>,
    input: SupplierReturnCreate,
) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let store = load_known_store(&scope, &input.store, &permit.reach()).await?.map(|store| store.id);
    let store = missing.or_nil(store.ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store))));
    let suppliers = Suppliers::look_up(&scope, [&input.supplier]).await?;
    let supplier = suppliers.find(&input.supplier, || At::input(Field::Supplier)).map(|supplier| supplier.id);
    let supplier = missing.or_nil(supplier);
    let order_of = |line: PurchaseOrderLineId| line.split_line::<entity::id::kind::PurchaseOrderId>().0;
    let named: Vec<PurchaseOrderId> = input.lines.iter().filter_map(|line| line.of).map(order_of).collect();
    let (places, products) = (rows::places_of(&scope, &named).await?, rows::products_of_lines(&scope, &named).await?);
    // Merged suppliers matter only if an order has another supplier.
    let has_other_supplier = places.values().any(|(_, of)| *of != supplier);
    let merged = if has_other_supplier { merged_suppliers(&scope, &[supplier]).await? } else { Vec::new() };
    let names = Names::look_up(&scope, input.lines.iter().filter_map(|line| line.product.as_ref())).await?;
    let mut lines = Vec::with_capacity(input.lines.len());
    for (index, line) in input.lines.into_iter().enumerate() {
        if let Some(of) = line.of {
            let is_own = places.get(&order_of(of)).is_some_and(|(store, _)| permit.covers(*store));
            if !is_own || !products.contains_key(&of) {
                missing.note(Rejection::not_found(Noun::PurchaseOrderLine, At::line(index).field(Field::PurchaseOrderLine)));
            }
        }
        let product = match (&line.product, line.of) {
            (Some(named), _) => missing.or_nil(names.product(named, || At::line(index).field(Field::Product))),
            // A missing product is reported above.
            (None, Some(of)) => products.get(&of).copied().unwrap_or(ProductId::NIL),
            (None, None) => missing.or_nil(Err(Refusal::Nameless.at(At::line(index).field(Field::Product)))),
        };
        lines.push(NewReturnLine {
            product,
            of: line.of,
            quantity: line.quantity,
            source: line.source,
            unit_credit: line.unit_credit,
            lot: lot_choice(ledger, line.lot.as_ref()),
        });
    }
    if missing.has_any() {
        return Err(missing.stop());
    }
    let create = CreateSupplierReturn {
        id: ledger.clock().document_id(),
        supplier,
        merged: merged.into_iter().map(|(_, merged_id)| merged_id).collect(),
        store,
        external_ref: input.external_ref,
        reason: input.reason,
        note: input.note,
        occurred_at: input.occurred_at,
        lines,
        actor: permit.actor(),
        movement: ledger.clock().document_id(),
    };
    Ok(Command::of(PurchaseCommand(Box::new(Purchase::Return(create)), Vec::new())))
}
