//! Blanket orders: the callers' input, and its conversion into commands. They belong to the whole
//! company: writing, activating or closing one needs the permission for all stores.

use entity::prelude::*;
use iam::{
    access::{Denied, Permission, Permit, kind},
    tenancy,
};
use platform::{
    clock,
    storage::{Fault, Reads},
};
use serde::Serialize;

use super::{
    input::{BlanketRef, MAX_LINES, SupplierRef},
    suppliers::Suppliers,
};
use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, ProductRef, Stop, SubmitResult,
        check_key, key_of, submit, submit_with_missing,
    },
    numbering::rows::load_patterns,
    purchasing::{
        core::{
            BlanketAct, BlanketAction, BlanketCreate, BlanketUpdate, CallOffTerms, Command as Purchase, NewBlanketLine,
            PurchaseCommand,
        },
        rows,
    },
    stock::core::{At, Field, Noun, Rejection},
};

/// Creates a blanket order. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct BlanketOrderCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub supplier: SupplierRef,
    /// None for the tenant's currency.
    pub currency: Option<Currency>,
    pub valid_from: i32,
    pub valid_to: i32,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub lines: Vec<BlanketOrderLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct BlanketOrderLine {
    pub product: ProductRef,
    pub quantity: Quantity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_off_minimum: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_off_multiple: Option<Quantity>,
    /// None if it cannot be parsed, and the call is refused for it.
    pub unit_cost: Option<Money>,
}

/// A change of a draft; None leaves a field unchanged.
#[derive(Debug, Clone, Serialize)]
pub struct BlanketOrderUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub blanket: BlanketOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub valid_from: Option<i32>,
    pub valid_to: Option<i32>,
    pub external_ref: Option<Option<String>>,
    pub note: Option<Option<String>>,
    pub lines: Option<Vec<BlanketOrderLine>>,
}

/// A step that needs no more than the blanket order.
#[derive(Debug, Clone, Serialize)]
pub struct BlanketOrderAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub blanket: BlanketOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
}

/// The date in the last time zone: a day that has passed there has passed everywhere.
pub fn latest_local_date(now: Timestamp) -> i32 {
    clock::local_day(now, "Etc/GMT+12")
}

fn require_all_stores<P: Permission>(permit: &Permit<P>) -> Result<(), Denied> {
    if permit.is_limited() { Err(Denied(P::info().code)) } else { Ok(()) }
}

/// Writes a blanket order down, in DRAFT.
pub async fn blanket_order_create(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: BlanketOrderCreate,
    mode: Mode,
) -> SubmitResult {
    require_all_stores(&permit)?;
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    check_create_input(&mut checks, input.external_ref.as_deref(), input.note.as_deref(), input.lines.len());
    checks.done()?;
    let key = key_of(&permit, "blanketOrderCreate", &input.idempotency_key, &input);
    let command = build_create_command(ledger, &permit, input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

fn check_create_input(checks: &mut Checks, reference: Option<&str>, note: Option<&str>, lines: usize) {
    checks.text(reference, MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(note, MAX_NOTE, || At::input(Field::Note));
    checks.items(lines, MAX_LINES, || At::input(Field::Lines));
}

async fn build_create_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseWrite>,
    input: BlanketOrderCreate,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let suppliers = Suppliers::look_up(&scope, [&input.supplier]).await?;
    let supplier = suppliers.find(&input.supplier, || At::input(Field::Supplier)).map(|supplier| supplier.id);
    let supplier = missing.or_nil(supplier);
    let currency = match input.currency {
        Some(currency) => currency,
        None => ledger.terms(&scope).await?.currency,
    };
    let lines = lines_of(&scope, &mut missing, &input.lines, currency).await?;
    let create = BlanketCreate {
        id: ledger.clock().document_id(),
        supplier,
        currency,
        valid_from: input.valid_from,
        valid_to: input.valid_to,
        external_ref: input.external_ref,
        note: input.note,
        lines,
        actor: permit.actor(),
    };
    Ok((Command::of(PurchaseCommand(Box::new(Purchase::BlanketCreate(create)), Vec::new())), missing))
}

/// Lines of products that are named; those that are not there are noted.
async fn lines_of(
    reads: &impl Reads,
    missing: &mut MissingReferences,
    lines: &[BlanketOrderLine],
    currency: Currency,
) -> Result<Vec<NewBlanketLine>, Fault> {
    let names = Names::look_up(reads, lines.iter().map(|line| &line.product)).await?;
    let mut products = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let product = names.product(&line.product, || At::line(index).field(Field::Product));
        products.push(missing.or_nil(product));
    }
    let line = |(line, product): (&BlanketOrderLine, ProductId)| NewBlanketLine {
        product,
        quantity: line.quantity,
        terms: CallOffTerms { minimum: line.call_off_minimum, multiple: line.call_off_multiple },
        unit_cost: line.unit_cost.unwrap_or(Money::zero(currency)),
    };
    Ok(lines.iter().zip(products).map(line).collect())
}

/// Changes a draft.
pub async fn blanket_order_update(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: BlanketOrderUpdate,
    mode: Mode,
) -> SubmitResult {
    require_all_stores(&permit)?;
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    let (reference, note) = (input.external_ref.as_ref(), input.note.as_ref());
    let (reference, note) = (reference.and_then(Option::as_deref), note.and_then(Option::as_deref));
    check_create_input(&mut checks, reference, note, input.lines.as_ref().map_or(0, Vec::len));
    checks.done()?;
    let key = key_of(&permit, "blanketOrderUpdate", &input.idempotency_key, &input);
    let command = build_update_command(ledger, &permit, input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_update_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseWrite>,
    input: BlanketOrderUpdate,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let lines = match &input.lines {
        None => None,
        Some(lines) => {
            let currency = ledger.terms(&scope).await?.currency;
            Some(lines_of(&scope, &mut missing, lines, currency).await?)
        }
    };
    let update = BlanketUpdate {
        blanket: input.blanket,
        expected_version: input.expected_version,
        valid_from: input.valid_from,
        valid_to: input.valid_to,
        external_ref: input.external_ref,
        note: input.note,
        lines,
        actor: permit.actor(),
    };
    Ok((Command::of(PurchaseCommand(Box::new(Purchase::BlanketUpdate(update)), Vec::new())), missing))
}

/// Activates a draft; above the tenant's approval limit the author and the editors must not.
pub async fn blanket_order_activate(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseApprove>,
    input: BlanketOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (BlanketAction::Activate, "blanketOrderActivate", mode)).await
}

/// Closes a blanket order: nothing more is called off, and orders that called off from it continue.
pub async fn blanket_order_close(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: BlanketOrderAct,
    mode: Mode,
) -> SubmitResult {
    act(ledger, permit, input, (BlanketAction::Close, "blanketOrderClose", mode)).await
}

async fn act<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    input: BlanketOrderAct,
    (action, mutation, mode): (BlanketAction, &'static str, Mode),
) -> SubmitResult {
    require_all_stores(&permit)?;
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, mutation, &input.idempotency_key, &input);
    let scope = permit.scope(ledger.database());
    let limit = if action == BlanketAction::Activate { tenancy::approval_limit(&scope).await? } else { None };
    let act = BlanketAct {
        blanket: input.blanket,
        action,
        expected_version: input.expected_version,
        note: input.note,
        actor: permit.actor(),
        today: latest_local_date(ledger.clock().now()),
        limit,
    };
    submit(ledger, &permit, step_command(act), key, mode).await
}

/// A step as a command.
pub fn step_command(act: BlanketAct) -> Command {
    Command::of(PurchaseCommand(Box::new(Purchase::BlanketAct(act)), Vec::new()))
}

/// The blanket order that a new order names.
pub(super) async fn find_blanket(
    reads: &impl Reads,
    blanket_ref: &BlanketRef,
) -> Result<Result<BlanketOrderId, Rejection>, Fault> {
    let blanket_id = match blanket_ref {
        BlanketRef::Id(id) => Some(*id),
        // A text that is no number finds nothing.
        BlanketRef::Number(text) => match load_patterns(reads).await?.number(Numbered::BlanketOrder, text) {
            Some(number) => rows::blanket_by_number(reads, number).await?,
            None => None,
        },
    };
    Ok(blanket_id.ok_or_else(|| Rejection::not_found(Noun::BlanketOrder, At::input(Field::BlanketOrder))))
}
