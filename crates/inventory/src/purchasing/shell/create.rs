//! Creating orders: references become IDs, and lines get the terms of suppliers' catalogues.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::{
    access::{Permit, kind},
    tenancy,
};
use platform::storage::{Fault, Reads};

use super::{
    authorized_order::authorized_order,
    blanket::find_blanket,
    charges::charges_of,
    fixed_rate::agreed_rate,
    input::{
        BlanketRef, MAX_CHARGES, MAX_LINES, MAX_PERCENT, NewCharge, NewPurchaseLine, PurchaseOrderCreate, PurchaseOrderUpdate,
        PurchaseStart, ReorderLine, ReorderOrder,
    },
    suppliers::Suppliers,
};
use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NAME, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, SubmitResult,
        check_key, key_of, load_known_store, store_of, submit_resolved, submit_with_missing,
    },
    orders::rows::store_facts,
    purchasing::{
        core::{
            Amend, Command as Purchase, Create, LeadTime, LeadTimes, NewLine, PlacementTerms, Prices, PurchaseCommand, Refusal,
            Supply,
        },
        rows,
    },
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

/// Writes a draft, or an order that goes to its supplier at once: then the caller may also approve in its store.
pub async fn purchase_order_create(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderCreate,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    check_reference_and_note(&mut checks, input.external_ref.as_deref(), input.note.as_deref());
    check_tolerances(&mut checks, Some(input.over_percent), Some(input.under_percent));
    check_lines_and_charges(&mut checks, Some(&input.lines), Some(&input.charges));
    checks.done()?;
    let key = key_of(&permit, "purchaseOrderCreate", &input.idempotency_key, &input);
    let command = build_create_command(ledger, &permit, input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_create_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseWrite>,
    input: PurchaseOrderCreate,
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let found_store = load_known_store(&scope, &input.store, &permit.reach()).await?;
    let store = found_store.as_ref().map(|store| store.id);
    let store = missing.or_nil(store.ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store))));
    let suppliers = Suppliers::look_up(&scope, [&input.supplier]).await?;
    let supplier = suppliers.find(&input.supplier, || At::input(Field::Supplier)).map(|supplier| supplier.id);
    let supplier = missing.or_nil(supplier);
    let lines = lines_of(&scope, &mut missing, supplier, (&input.lines, Field::Lines)).await?;
    let list_currency = || lines.iter().find_map(|line| line.supply.as_ref()).map(|supply| supply.unit_cost.currency);
    let (blanket, agreed_currency) = resolve_blanket_order(&scope, &mut missing, input.blanket_order.as_ref()).await?;
    let currency = match input.currency.or(agreed_currency).or_else(list_currency) {
        Some(currency) => currency,
        None => ledger.terms(&scope).await?.currency,
    };
    let currency_and_zone = found_store.as_ref().map(|store| (currency, store.time_zone.as_str()));
    let charges = charges_of(ledger, &scope, &mut missing, currency_and_zone, input.charges).await?;
    let fixed_rate = match (currency_and_zone, &input.fixed_rate) {
        (Some(currency_and_zone), Some(rate)) => agreed_rate(ledger, &scope, &mut missing, currency_and_zone, rate).await?,
        _ => None,
    };
    let placing = match input.status {
        None => None,
        Some(PurchaseStart::Ordered) => {
            let may_place = permit.also::<kind::PurchaseApprove>()?.covers(store);
            // A store that does not exist is reported already.
            if found_store.is_some() && !may_place {
                missing.note(Rejection::not_found(Noun::Store, At::input(Field::Store)));
            }
            Some(load_placement_terms(ledger, &scope, supplier, &lines).await?)
        }
    };
    let create = Create {
        id: ledger.clock().document_id(),
        supplier,
        store,
        currency,
        fixed_rate,
        blanket,
        expected_on: input.expected_on,
        external_ref: input.external_ref,
        note: input.note,
        over_percent: input.over_percent as u8,
        under_percent: input.under_percent as u8,
        lines,
        prices: Prices::Stated,
        charges,
        actor: permit.actor(),
        placing,
    };
    Ok((Command::of(PurchaseCommand(Box::new(Purchase::Create(vec![create])), Vec::new())), missing))
}

/// Returns the blanket order from which a new order calls off, and its currency.
async fn resolve_blanket_order(
    reads: &impl Reads,
    missing: &mut MissingReferences,
    blanket_ref: Option<&BlanketRef>,
) -> Result<(Option<BlanketOrderId>, Option<Currency>), Fault> {
    let Some(blanket_ref) = blanket_ref else { return Ok((None, None)) };
    let blanket = missing.or_nil(find_blanket(reads, blanket_ref).await?);
    let agreed_blanket = rows::blankets(reads, &[blanket]).await?.pop();
    Ok((Some(blanket), agreed_blanket.map(|blanket| blanket.currency)))
}

/// Returns the approval limit, and the supplier's lead time of each product.
async fn load_placement_terms(
    ledger: &Ledger,
    reads: &impl Reads,
    supplier: SupplierId,
    lines: &[NewLine],
) -> Result<PlacementTerms, Fault> {
    let rows::SupplierLeadTime { days: supplier_days, calendar } = rows::lead_time_of(reads, supplier).await?;
    let lead = |line: &NewLine| {
        let of_product = line.supply.as_ref().and_then(|supply| supply.lead_time_days);
        Some((line.product, LeadTime::of(of_product, supplier_days)?))
    };
    let limit = tenancy::approval_limit(reads).await?;
    let leads = LeadTimes::new(calendar, lines.iter().filter_map(lead));
    Ok(PlacementTerms { limit, movement: ledger.clock().document_id(), leads })
}

/// Changes a draft or a rejected order, which becomes a draft again.
pub async fn purchase_order_update(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: PurchaseOrderUpdate,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    check_reference_and_note(
        &mut checks,
        input.external_ref.as_ref().and_then(Option::as_deref),
        input.note.as_ref().and_then(Option::as_deref),
    );
    check_tolerances(&mut checks, input.over_percent, input.under_percent);
    check_lines_and_charges(&mut checks, input.lines.as_deref(), input.charges.as_deref());
    checks.done()?;
    let key = key_of(&permit, "purchaseOrderUpdate", &input.idempotency_key, &input);
    let command = build_update_command(ledger, &permit, input).await;
    submit_with_missing(ledger, &permit, command, key, mode).await
}

async fn build_update_command(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseWrite>,
    input: PurchaseOrderUpdate,
) -> Result<(Command, MissingReferences), Stop> {
    let mut missing = MissingReferences::default();
    let scope = permit.scope(ledger.database());
    let order = authorized_order(ledger, permit, input.order).await?;
    let place = rows::places_of(&scope, &[order]).await?.get(&order).copied();
    let (mut lines, mut levels) = (None, Vec::new());
    if let (Some(new_lines), Some((store, supplier))) = (&input.lines, place) {
        let found_lines = lines_of(&scope, &mut missing, supplier, (new_lines, Field::Lines)).await?;
        levels = found_lines.iter().map(|line| crate::stock::core::LevelKey { product: line.product, store }).collect();
        lines = Some(found_lines);
    }
    let is_converted = input.charges.is_some() || matches!(input.fixed_rate, Some(Some(_)));
    let currency_and_zone = if is_converted { rows::currency_and_zone_of(&scope, order).await? } else { None };
    let currency_and_zone = currency_and_zone.as_ref().map(|(currency, time_zone)| (*currency, time_zone.as_str()));
    let charges = match input.charges {
        Some(charges) => Some(charges_of(ledger, &scope, &mut missing, currency_and_zone, charges).await?),
        None => None,
    };
    let fixed_rate = match (input.fixed_rate, currency_and_zone) {
        (Some(Some(rate)), Some(currency_and_zone)) => {
            Some(agreed_rate(ledger, &scope, &mut missing, currency_and_zone, &rate).await?)
        }
        (requested_rate, _) => requested_rate.map(|_| None),
    };
    let amend = Amend {
        order,
        expected_version: input.expected_version,
        fixed_rate,
        expected_on: input.expected_on,
        external_ref: input.external_ref,
        note: input.note,
        over_percent: input.over_percent.map(|percent| percent as u8),
        under_percent: input.under_percent.map(|percent| percent as u8),
        lines,
        charges,
        actor: permit.actor(),
    };
    Ok((Command::of(PurchaseCommand(Box::new(Purchase::Amend(amend)), levels)), missing))
}

/// Creates drafts from lines, one for each supplier and store, in one command: all or none.
pub async fn reorder_order(
    ledger: &Ledger,
    permit: Permit<kind::PurchaseWrite>,
    input: ReorderOrder,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    checks.done()?;
    if input.lines.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)).into());
    }
    let key = key_of(&permit, "reorderOrder", &input.idempotency_key, &input);
    let command = reorder_command(ledger, &permit, &input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn reorder_command(ledger: &Ledger, permit: &Permit<kind::PurchaseWrite>, input: &ReorderOrder) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let stores: Vec<_> = input.lines.iter().map(|line| &line.store).collect();
    let (names, codes) = Names::with_stores(&scope, input.lines.iter().map(|line| &line.product), &stores).await?;
    let suppliers = Suppliers::look_up(&scope, input.lines.iter().filter_map(|line| line.supplier.as_ref())).await?;
    let at = |index: usize, name: Field| At::line(index).field(name);
    let mut missing = MissingReferences::default();
    let mut order_lines = Vec::with_capacity(input.lines.len());
    for (index, line) in input.lines.iter().enumerate() {
        let product = missing.or_nil(names.product(&line.product, || at(index, Field::Product)));
        let store = missing.or_nil(store_of(&line.store, &codes, || at(index, Field::Store)));
        order_lines.push((product, permit.reach().or_nil(store), line.quantity));
    }
    let stores: Vec<StoreId> = order_lines.iter().map(|(_, store, _)| *store).collect();
    let existing_stores = store_facts(&scope, &stores).await?;
    for (index, store) in stores.iter().enumerate() {
        if !existing_stores.contains_key(store) {
            missing.note(Rejection::not_found(Noun::Store, at(index, Field::Store)));
        }
    }
    let preferred =
        rows::default_suppliers_of(&scope, &order_lines.iter().map(|(product, ..)| *product).collect::<Vec<_>>()).await?;
    let mut pairs = Vec::with_capacity(order_lines.len());
    for (index, (line, (product, ..))) in input.lines.iter().zip(&order_lines).enumerate() {
        let supplier = if let Some(supplier_ref) = &line.supplier {
            suppliers.find(supplier_ref, || at(index, Field::Supplier)).map(|supplier| supplier.id)
        } else {
            let preferred_supplier = preferred.get(product).map(|(supplier, _)| *supplier);
            preferred_supplier.ok_or_else(|| Refusal::NoSupplier.at(at(index, Field::Supplier)))
        };
        pairs.push((missing.or_nil(supplier), *product));
    }
    // Unknown names are refused first: the supplier of each product decides which orders are
    // created.
    if missing.has_any() {
        return Err(collect_unknown_names(&scope, missing, &input.lines).await?);
    }
    let offers = rows::supplies(&scope, &pairs).await?;
    let base_currency = ledger.terms(&scope).await?.currency;
    // An order has one currency: products that a supplier offers in another one get an order of
    // their own.
    let mut groups: BTreeMap<(SupplierId, StoreId, Currency), (usize, Vec<NewLine>)> = BTreeMap::new();
    for (index, (pair, (product, store, quantity))) in pairs.iter().zip(order_lines).enumerate() {
        let supply: Option<Supply> = offers.get(pair).cloned();
        let currency = supply.as_ref().map_or(base_currency, |supply| supply.unit_cost.currency);
        let group = groups.entry((pair.0, store, currency)).or_insert((index, Vec::new()));
        group.1.push(NewLine { place: index, product, quantity, unit_cost: None, supply, weight: None, expected_on: None });
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (first_index, _))| *first_index);
    let create = |((supplier, store, currency), (_, lines)): ((SupplierId, StoreId, Currency), (usize, Vec<NewLine>))| Create {
        id: ledger.clock().document_id(),
        supplier,
        store,
        currency,
        fixed_rate: None,
        blanket: None,
        expected_on: None,
        external_ref: None,
        note: None,
        over_percent: 0,
        under_percent: 0,
        lines,
        prices: Prices::Listed,
        charges: Vec::new(),
        actor: permit.actor(),
        placing: None,
    };
    let orders = groups.into_iter().map(create).collect();
    Ok(Command::of(PurchaseCommand(Box::new(Purchase::Create(orders)), Vec::new())))
}

/// Collects everything that lines name and that does not exist, where the ledger does not check it.
async fn collect_unknown_names(reads: &impl Reads, mut missing: MissingReferences, lines: &[ReorderLine]) -> Result<Stop, Fault> {
    let products = lines.iter().enumerate().map(|(index, line)| (&line.product, At::line(index).field(Field::Product)));
    missing.add_missing_products(reads, products).await?;
    Ok(missing.stop())
}

fn check_reference_and_note(checks: &mut Checks, reference: Option<&str>, note: Option<&str>) {
    checks.text(reference, MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(note, MAX_NOTE, || At::input(Field::Note));
}

fn check_tolerances(checks: &mut Checks, over_percent: Option<i32>, under_percent: Option<i32>) {
    for (name, percent) in [(Field::OverPercent, over_percent), (Field::UnderPercent, under_percent)] {
        if percent.is_some_and(|percent| !(0..=MAX_PERCENT).contains(&percent)) {
            checks.refuse(Refusal::PercentUpTo { most: MAX_PERCENT }.at(At::input(name)));
        }
    }
}

fn check_lines_and_charges(checks: &mut Checks, lines: Option<&[NewPurchaseLine]>, charges: Option<&[NewCharge]>) {
    checks.items(lines.map_or(0, <[_]>::len), MAX_LINES, || At::input(Field::Lines));
    checks.items(charges.map_or(0, <[_]>::len), MAX_CHARGES, || At::input(Field::Charges));
    for (index, charge) in charges.unwrap_or_default().iter().enumerate().take(MAX_CHARGES) {
        checks.text(charge.name.as_deref(), MAX_NAME, || At::row(Field::Charges, index).field(Field::Name));
    }
}

/// Returns lines with the terms of the supplier's catalogue; products that do not exist are added
/// to `missing`.
pub(super) async fn lines_of(
    reads: &impl Reads,
    missing: &mut MissingReferences,
    supplier: SupplierId,
    (lines, list): (&[NewPurchaseLine], Field),
) -> Result<Vec<NewLine>, Fault> {
    let names = Names::look_up(reads, lines.iter().map(|line| &line.product)).await?;
    let mut products = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let product = names.product(&line.product, || At::row(list, index).field(Field::Product));
        products.push(missing.or_nil(product));
    }
    let pairs: Vec<(SupplierId, ProductId)> = products.iter().map(|product| (supplier, *product)).collect();
    let offers = rows::supplies(reads, &pairs).await?;
    let line = |(place, (line, product)): (usize, (&NewPurchaseLine, ProductId))| NewLine {
        place,
        product,
        quantity: line.quantity,
        unit_cost: line.unit_cost,
        supply: offers.get(&(supplier, product)).cloned(),
        weight: line.weight,
        expected_on: line.expected_on,
    };
    Ok(lines.iter().zip(products).enumerate().map(line).collect())
}
