//! Adding a charge to a purchase order whose goods were received: a revaluation of the units that
//! are left. The share of units that have left stock is a cost of the day.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    clock::{self, Clock},
    storage::{
        Database, Fault, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal::{self, CounterRequest, NewEvent, Numbered},
    },
};
use serde::Serialize;

use super::revalue::{Outcome, Write, exceeds_max_value, replay_outcome, run_with_retries, write_document};
use crate::{
    catalog::rows::small_tables::tenant_zone,
    costing::{
        core::{
            AddedCharge, ChargeShare, MAX_NOTE, MAX_REVALUED_PRODUCTS, NewRevaluation, Pool, RevaluationLine, Values,
            allocate_signed, share,
        },
        rows,
    },
    currency::shell::load_rate_on,
    purchasing::{
        core::{PurchaseOrder, charge_name},
        events::{PURCHASE_ORDER_UPDATED, PurchaseOrderEvent},
        rows as purchases,
    },
};

const MAX_NAME: usize = 300;
const MAX_REF: usize = 200;
/// Maximum charges added to an order, including reversed ones: they are read together.
pub const MAX_ADDED_CHARGES: i64 = 100;

/// A charge to add. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct ChargeAdd {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: Option<String>,
    /// Below 0 if a bill is lower than the order's charge.
    pub amount: Money,
    pub external_ref: Option<String>,
    pub note: String,
}

/// Reasons to refuse an added charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeProblem {
    NoNote,
    NoteTooLong,
    Name,
    Reference,
    /// A deposit is not part of the goods' cost.
    Deposit,
    Zero,
    /// The order does not exist.
    NoOrder,
    /// The order's version is not the one that the caller expects.
    Version(i64),
    /// No units were received, or all of them were taken back.
    NothingReceived,
    /// The receipts have no measure of this basis by which the charge could be spread.
    NothingToSpreadBy(ChargeBasis),
    TooManyProducts,
    TooManyCharges,
    RateMissing {
        from: Currency,
        to: Currency,
        day: i32,
    },
    /// The charge converts to 0 in the books, or to more than the range of exact integers.
    Unconvertible,
    TooDearTogether,
    ReferenceTaken,
    KeyReused,
}

/// Adds a charge to an order whose goods have come.
pub async fn charge_add(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::CostWrite>,
    input: ChargeAdd,
    write: Write,
) -> Result<Result<Outcome, ChargeProblem>, Fault> {
    if let Some(problem) = charge_form_problem(&input) {
        return Ok(Err(problem));
    }
    let (owner, hash) = (permit.actor().id, hash_of(&input));
    let key = Key { owner, mutation: "purchaseOrderChargeAdd", key: input.idempotency_key.clone(), hash };
    let scope = permit.scope(db);
    let (permit, key, input) = (&permit, &key, &input);
    let decide = |mut work: Work| async move {
        let decided = add_charge_once(&mut work, clock, (permit, key), input).await;
        (work, decided)
    };
    run_with_retries(&scope, write, decide).await
}

/// Returns the first problem of the input that does not depend on the order.
fn charge_form_problem(input: &ChargeAdd) -> Option<ChargeProblem> {
    let is_bad = |text: &str, max_chars: usize| text.trim().is_empty() || text.chars().count() > max_chars || text.contains('\0');
    let note = input.note.trim();
    match () {
        () if note.is_empty() || note.contains('\0') => Some(ChargeProblem::NoNote),
        () if note.chars().count() > MAX_NOTE => Some(ChargeProblem::NoteTooLong),
        () if input.name.as_deref().is_some_and(|name| is_bad(name, MAX_NAME)) => Some(ChargeProblem::Name),
        () if input.external_ref.as_deref().is_some_and(|reference| is_bad(reference, MAX_REF)) => Some(ChargeProblem::Reference),
        () if input.kind == ChargeKind::Deposit => Some(ChargeProblem::Deposit),
        () if input.amount.minor == 0 => Some(ChargeProblem::Zero),
        () => None,
    }
}

async fn add_charge_once(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::CostWrite>, &Key),
    input: &ChargeAdd,
) -> Result<Result<Outcome, ChargeProblem>, Fault> {
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(ChargeProblem::KeyReused)),
        Some(KeyUse::Same(receipt)) => return replay_outcome(work, &receipt).await.map(Ok),
    }
    if let Some(reference) = &input.external_ref
        && rows::is_reference_taken(work, reference).await?
    {
        return Ok(Err(ChargeProblem::ReferenceTaken));
    }
    // The journal's lock is held from here on: no stock moves and nothing is received, so received
    // and remaining units stay as they are read.
    let taken_numbers = journal::take_numbers(work, CounterRequest::events(2).and(1, Numbered::Revaluation), clock.now()).await?;
    let locked_order = purchases::lock_orders(work, &[input.order]).await?.pop();
    let Some(order) = locked_order else { return Ok(Err(ChargeProblem::NoOrder)) };
    if input.expected_version.is_some_and(|expected| expected != order.version) {
        return Ok(Err(ChargeProblem::Version(order.version)));
    }
    let now = taken_numbers.recorded_at;
    let charge = match convert_charge(work, input, now).await? {
        Ok(charge) => charge,
        Err(problem) => return Ok(Err(problem)),
    };
    let (lines, expected_values) = match allocate_to_lines(work, &order, &charge).await? {
        Ok(shared) => shared,
        Err(problem) => return Ok(Err(problem)),
    };
    if exceeds_max_value(work, &expected_values).await? {
        return Ok(Err(ChargeProblem::TooDearTogether));
    }
    let document = NewRevaluation {
        id: clock.document_id(),
        external_ref: input.external_ref.clone(),
        note: input.note.trim().to_owned(),
        actor: permit.actor(),
        business_date: clock::local_day(now, &tenant_zone(work).await?),
        reverses: None,
        charge: Some(charge),
        lines,
    };
    let changed = touch_order(work, &order, now).await?;
    write_document(work, key, taken_numbers, (document, expected_values), vec![changed]).await.map(Ok)
}

/// Increments the version of an order whose charge is added or reversed, and returns its event.
pub(super) async fn touch_order(work: &Work, order: &PurchaseOrder, now: Timestamp) -> Result<NewEvent, Fault> {
    rows::change_order(work, order.id, now).await?;
    Ok(PURCHASE_ORDER_UPDATED.event(&PurchaseOrderEvent {
        purchase_order: order.id,
        number: order.number.get(),
        status: order.status(),
        supplier: order.supplier,
        store: order.store,
        version: order.version + 1,
        before: Some(order.status()),
    }))
}

/// Returns the charge in the currency of the books, at the rate of the day in the store's time
/// zone.
async fn convert_charge(work: &Work, input: &ChargeAdd, now: Timestamp) -> Result<Result<AddedCharge, ChargeProblem>, Fault> {
    let (_, books) = rows::load_costing_method(work).await?;
    let (from, zone) = (input.amount.currency, purchases::currency_and_zone_of(work, input.order).await?.map(|(_, zone)| zone));
    let day = clock::local_day(now, &zone.unwrap_or_else(|| "UTC".to_owned()));
    let rate = if from == books { None } else { load_rate_on(work, from, books, day).await? };
    let minor = match &rate {
        Some(rate) => rate.convert(input.amount.minor),
        None if from == books => Some(input.amount.minor),
        None => return Ok(Err(ChargeProblem::RateMissing { from, to: books, day })),
    };
    let Some(minor) = minor.filter(|minor| *minor != 0) else { return Ok(Err(ChargeProblem::Unconvertible)) };
    let name = input.name.clone().unwrap_or_else(|| charge_name(input.kind).to_owned());
    let (order, kind, basis, amount) = (input.order, input.kind, input.basis, input.amount);
    Ok(Ok(AddedCharge { order, kind, basis, name, amount, in_books: Money::new(minor, books), rate }))
}

/// Returns the document's lines, one for each received product, and the change of value of each.
/// The charge is spread over the order's lines like any charge of an order, by their received
/// units.
async fn allocate_to_lines(
    work: &Work,
    order: &PurchaseOrder,
    charge: &AddedCharge,
) -> Result<Result<(Vec<RevaluationLine>, Vec<Values>), ChargeProblem>, Fault> {
    let received_lines: Vec<_> = order.lines.iter().filter(|line| line.received.is_positive()).collect();
    if received_lines.is_empty() {
        return Ok(Err(ChargeProblem::NothingReceived));
    }
    if rows::count_charges(work, order.id).await? >= MAX_ADDED_CHARGES {
        return Ok(Err(ChargeProblem::TooManyCharges));
    }
    let weights: Vec<i64> = received_lines.iter().map(|line| line.weight_of_received(charge.basis)).collect();
    let Some(shares) = allocate_signed(charge.in_books.minor, &weights) else {
        return Ok(Err(ChargeProblem::NothingToSpreadBy(charge.basis)));
    };
    let mut product_amounts: BTreeMap<ProductId, (i64, u8)> = BTreeMap::new();
    for (line, charge_share) in received_lines.iter().zip(shares) {
        product_amounts.entry(line.product).or_insert((0, line.decimals)).0 += charge_share;
    }
    if product_amounts.len() > MAX_REVALUED_PRODUCTS {
        return Ok(Err(ChargeProblem::TooManyProducts));
    }
    let mut receipts_by_product = rows::received_quantities(work, order.id).await?;
    let mut pools = rows::load_pools(work, &product_amounts.keys().copied().collect()).await?;
    let (mut lines, mut expected_values) = (Vec::with_capacity(product_amounts.len()), Vec::with_capacity(product_amounts.len()));
    for ((product, (amount, decimals)), position) in product_amounts.into_iter().zip(1_u16..) {
        let receipts = receipts_by_product
            .remove(&product)
            .ok_or_else(|| Fault::corrupt("goods_receipt", "received lines have movements"))?;
        let charge_share = ChargeShare { amount, receipts };
        let pool: &mut Pool = pools.of.entry(product).or_default();
        expected_values.push(pool.charge(&charge_share));
        let unit_cost = share(pool.average, 10i64.pow(u32::from(decimals)), pool.quantity);
        lines.push(RevaluationLine { position, product, unit_cost, decimals, charge: Some(charge_share) });
    }
    Ok(Ok((lines, expected_values)))
}
