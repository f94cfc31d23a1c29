//! Creating a purchase order, and changing it until it is approved.

use entity::prelude::*;

use super::{
    act::{ActOnPurchaseOrder, decide_act},
    blanket::BlanketOrder,
    blanket_refusal::BlanketRefusal,
    book::{PurchaseBook, PurchaseDecision},
    call_off::{blanket_of, build_agreed_lines, check_remaining_quantity},
    charge::NewCharge,
    correspondence::{Confirmation, Correspondence},
    fixed_rate::FixedRate,
    landed_shares::LandedShares,
    lead_time::LeadTimes,
    new_line::{NewLine, Prices},
    order::{Change, Line, PurchaseOrder},
    order_charges::{allocate_charges, basis_at, build_charges},
    order_state::OrderState,
    quantities::percent,
    refusal::Refusal,
    states::Action,
};
use crate::ledger::DocumentNumber;
use crate::purchasing::events;
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, Noun, Rejection, RoomRefusal};

/// A new order, in DRAFT.
#[derive(Debug, Clone)]
pub struct Create {
    pub id: PurchaseOrderId,
    pub supplier: SupplierId,
    pub store: StoreId,
    pub currency: Currency,
    pub fixed_rate: Option<FixedRate>,
    /// The blanket order from which it calls off.
    pub blanket: Option<BlanketOrderId>,
    pub expected_on: Option<i32>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub over_percent: u8,
    pub under_percent: u8,
    pub lines: Vec<NewLine>,
    pub prices: Prices,
    pub charges: Vec<NewCharge>,
    pub actor: Actor,
    /// Data to place the order at once; `None` leaves it a draft.
    pub placing: Option<PlacementTerms>,
}

/// Data to submit, approve and place an order in the call that creates it.
#[derive(Debug, Clone)]
pub struct PlacementTerms {
    /// Total above which another person must approve, and no order is created.
    pub limit: Option<Money>,
    pub movement: MovementId,
    pub leads: LeadTimes,
}

/// A change of a draft; None leaves a field unchanged.
#[derive(Debug, Clone)]
pub struct Amend {
    pub order: PurchaseOrderId,
    pub expected_version: Option<i64>,
    pub fixed_rate: Option<Option<FixedRate>>,
    pub expected_on: Option<Option<i32>>,
    pub external_ref: Option<Option<String>>,
    pub note: Option<Option<String>>,
    pub over_percent: Option<u8>,
    pub under_percent: Option<u8>,
    pub lines: Option<Vec<NewLine>>,
    pub charges: Option<Vec<NewCharge>>,
    pub actor: Actor,
}

pub fn decide_create(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Create) -> Result<PurchaseDecision, Rejection> {
    if draft.collects_refusals() {
        check_products_exist(draft, command.store, &command.lines)?;
    }
    let now = draft.now();
    // It was in use when the call was read; while the counter row is locked, it cannot be archived.
    if let Some(since) = book.archived.get(&command.supplier) {
        draft.refuse(Refusal::SupplierArchived { since: *since }.at(At::input(Field::Supplier)))?;
    }
    draft.pass(check_ref_is_free(book, command.supplier, command.external_ref.as_deref(), At::input(Field::ExternalRef)))?;
    let blanket = blanket_for(book, draft, command)?;
    let agreed_lines = build_agreed_lines(draft, (blanket, command.store), (&command.lines, Field::Lines))?;
    let zero = Money::zero(command.currency);
    let mut order = PurchaseOrder {
        id: command.id,
        number: DocumentNumber::Pending,
        state: OrderState::Draft,
        supplier: command.supplier,
        store: command.store,
        currency: command.currency,
        fixed_rate: command.fixed_rate,
        blanket: command.blanket,
        expected_on: command.expected_on,
        external_ref: command.external_ref.clone(),
        note: command.note.clone(),
        over_percent: command.over_percent,
        under_percent: command.under_percent,
        goods: zero,
        charges_sum: zero,
        actor: command.actor,
        editors: Vec::new(),
        version: 1,
        created_at: now,
        updated_at: now,
        lines: Vec::new(),
        charges: Vec::new(),
        receipts: 0,
        discrepancies: 0,
        revision: 1,
        confirmed_at: None,
        correspondence: Correspondence::default(),
        change: Change::New,
    };
    order.lines = build_lines(draft, (&order, command.prices), &agreed_lines)?;
    check_remaining_quantity(draft, blanket, (None, &order), |index| line_quantity_place(&agreed_lines, index))?;
    order.charges = build_charges(draft, book, &order, &command.charges)?;
    recalculate_totals(draft, &mut order, basis_at)?;
    let events = vec![order.event(events::PURCHASE_ORDER_CREATED, None)];
    let decision = PurchaseDecision { orders: vec![order], events, ..PurchaseDecision::default() };
    match &command.placing {
        None => Ok(decision),
        Some(placing) => submit_and_order(draft, command, placing, decision),
    }
}

/// Returns the blanket order that a new order calls off from, if it names one: it must be of the
/// same supplier, in the same currency, and in force today.
fn blanket_for<'a>(book: &'a PurchaseBook, draft: &Draft<'_>, command: &Create) -> Result<Option<&'a BlanketOrder>, Rejection> {
    let Some(id) = command.blanket else { return Ok(None) };
    let at = At::input(Field::BlanketOrder);
    let blanket = book.blankets.get(&id).ok_or_else(|| Rejection::not_found(Noun::BlanketOrder, at))?;
    if blanket.supplier != command.supplier {
        return Err(BlanketRefusal::OtherSupplier.at(at));
    }
    if blanket.currency != command.currency {
        return Err(BlanketRefusal::OtherCurrency { agreed: blanket.currency }.at(at));
    }
    let Some(line) = command.lines.first() else { return Ok(Some(blanket)) };
    let level_key = LevelKey { product: line.product, store: command.store };
    blanket.check_in_force(draft.business_date(draft.now(), level_key, at)?, at)?;
    Ok(Some(blanket))
}

/// Reports products of the lines that do not exist, before all other checks.
fn check_products_exist(draft: &mut Draft<'_>, store: StoreId, lines: &[NewLine]) -> Result<(), Rejection> {
    for line in lines {
        let place = At::row(Field::Lines, line.place).field(Field::Product);
        draft.check_exists(LevelKey { product: line.product, store }, place)?;
    }
    Ok(())
}

/// Submits, approves and places a new order, with the same refusals as the single steps.
fn submit_and_order(
    draft: &mut Draft<'_>,
    command: &Create,
    placing: &PlacementTerms,
    mut decision: PurchaseDecision,
) -> Result<PurchaseDecision, Rejection> {
    decision.stamp_state();
    let mut book = PurchaseBook::default();
    for action in [Action::Submit, Action::Approve, Action::Order] {
        book.evolve(&decision);
        let act = ActOnPurchaseOrder {
            order: command.id,
            action,
            expected_version: None,
            note: None,
            actor: command.actor,
            movement: placing.movement,
            limit: placing.limit,
            leads: placing.leads.clone(),
        };
        let mut step = decide_act(&book, draft, &act).map_err(move_field_to_status)?;
        step.stamp_state();
        decision.orders = step.orders;
        decision.events.append(&mut step.events);
    }
    Ok(decision)
}

/// Moves the refusal of a step to `status`, the field by which the caller requested it.
fn move_field_to_status(refusal: Rejection) -> Rejection {
    let at = if refusal.at == At::input(Field::Id) { At::input(Field::Status) } else { refusal.at };
    Rejection { at, ..refusal }
}

pub fn decide_amend(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Amend) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, Action::Update, command.expected_version)?;
    let (before, blanket) = (order.status(), blanket_of(book, &order));
    let original = Box::new(order.clone());
    if let Some(reference) = &command.external_ref {
        if *reference != order.external_ref {
            draft.pass(check_ref_is_free(book, order.supplier, reference.as_deref(), At::input(Field::ExternalRef)))?;
        }
        order.external_ref.clone_from(reference);
    }
    order.fixed_rate = command.fixed_rate.unwrap_or(order.fixed_rate);
    order.expected_on = command.expected_on.unwrap_or(order.expected_on);
    order.note = command.note.clone().unwrap_or(order.note);
    order.over_percent = command.over_percent.unwrap_or(order.over_percent);
    order.under_percent = command.under_percent.unwrap_or(order.under_percent);
    let is_dearer = command.over_percent.is_some() || command.fixed_rate.is_some();
    if command.lines.is_some() || command.charges.is_some() || is_dearer {
        order.record_editor(command.actor);
    }
    if order.change == Change::Figures {
        order.change = Change::Replaced { lines: order.lines.len() as u16, charges: order.charges.len() as u16 };
    }
    if let Some(new_items) = &command.lines {
        if draft.collects_refusals() {
            check_products_exist(draft, order.store, new_items)?;
        }
        let (previous, new_items) =
            (order.clone(), build_agreed_lines(draft, (blanket, order.store), (new_items, Field::Lines))?);
        order.lines = build_lines(draft, (&order, Prices::Stated), &new_items)?;
        check_remaining_quantity(draft, blanket, (Some(&previous), &order), |index| line_quantity_place(&new_items, index))?;
    }
    if let Some(new_items) = &command.charges {
        order.charges = build_charges(draft, book, &order, new_items)?;
    }
    // If kept charges cannot be spread, the new lines are the reason, so the refusal names them.
    recalculate_totals(
        draft,
        &mut order,
        |index| if command.charges.is_some() { basis_at(index) } else { At::input(Field::Lines) },
    )?;
    // A change of a rejected order makes it a draft again, without its earlier approval.
    order.state = OrderState::Draft;
    order.touch(draft.now());
    let events = vec![order.event(events::PURCHASE_ORDER_UPDATED, Some(before))];
    Ok(PurchaseDecision { orders: vec![order], events, before: Some(original), ..PurchaseDecision::default() })
}

/// Returns the place in the input of a line's quantity.
fn line_quantity_place(new_lines: &[NewLine], index: usize) -> At {
    new_lines.get(index).map_or(At::INPUT, |line| At::row(Field::Lines, line.place).field(Field::Quantity))
}

pub(super) fn check_ref_is_free(
    book: &PurchaseBook,
    supplier: SupplierId,
    reference: Option<&str>,
    field: At,
) -> Result<(), Rejection> {
    match reference {
        Some(reference) if book.taken_refs.contains(&(supplier, reference.to_owned())) => {
            Err(Refusal::ReferenceTaken { reference: reference.to_owned() }.at(field))
        }
        _ => Ok(()),
    }
}

/// An order, and the source of its lines' costs.
pub(super) type Terms<'a> = (&'a PurchaseOrder, Prices);

fn build_lines(draft: &mut Draft<'_>, terms: Terms<'_>, new_lines: &[NewLine]) -> Result<Vec<Line>, Rejection> {
    if new_lines.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    }
    let mut lines = Vec::with_capacity(new_lines.len());
    for (index, new_line) in new_lines.iter().enumerate() {
        let line = line(draft, terms, (Field::Lines, index), new_line);
        lines.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(lines)
}

/// Returns the line of a list in the input that is the `index`-th of its order, from 0.
pub(super) fn line(
    draft: &Draft<'_>,
    terms: Terms<'_>,
    (list, index): (Field, usize),
    new_line: &NewLine,
) -> Result<Line, Rejection> {
    let order = terms.0;
    let at = |name: Field| At::row(list, new_line.place).field(name);
    let store = match (terms.1, &order.change) {
        // One list of products may order for several stores.
        (Prices::Listed, _) => at(Field::Product),
        (Prices::Stated, Change::New) => At::input(Field::Store),
        (Prices::Stated, _) => At::input(Field::Id),
    };
    let level = draft.stocked_at(LevelKey { product: new_line.product, store: order.store }, (at(Field::Product), store))?;
    let facts = &level.facts;
    if !new_line.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    if new_line.weight.is_some_and(|weight| weight < 0) {
        return Err(Refusal::NegativeWeight.at(at(Field::Weight)));
    }
    let unit_cost = cost(facts, terms, new_line, at)?;
    let too_large = || Refusal::LineTooLarge.at(at(Field::Quantity));
    Ok(Line {
        position: index as u16 + 1,
        product: new_line.product,
        sku: facts.sku.clone(),
        name: facts.name.clone(),
        supplier_sku: new_line.supply.as_ref().and_then(|supply| supply.supplier_sku.clone()),
        decimals: facts.decimals,
        expected_on: new_line.expected_on,
        weight: new_line.weight,
        quantity: new_line.quantity,
        most: new_line.quantity,
        unit_cost,
        total: unit_cost.times(new_line.quantity, facts.decimals).ok_or_else(too_large)?,
        charges: Money::zero(order.currency),
        charges_in_books: 0,
        received: Quantity::ZERO,
        damaged: Quantity::ZERO,
        open: new_line.quantity,
        short: Quantity::ZERO,
        returned: Quantity::ZERO,
        off: LandedShares::default(),
        confirmed: Confirmation::default(),
        lead: None,
        revision: order.revision,
        cancelled_at: None,
    })
}

/// Returns the cost of a whole unit of a line: the cost in the input, else the listed one.
fn cost(facts: &Facts, (order, prices): Terms<'_>, new_line: &NewLine, at: impl Fn(Field) -> At) -> Result<Money, Rejection> {
    let field = match prices {
        Prices::Stated => at(Field::UnitCost),
        Prices::Listed => at(Field::Product),
    };
    let sku = || facts.sku.clone();
    let list_cost = || new_line.supply.as_ref().map(|supply| supply.cost_at(new_line.quantity)).or(facts.cost);
    let Some(unit_cost) = new_line.unit_cost.or_else(list_cost) else {
        return Err(Refusal::NoCost { sku: sku(), prices }.at(field));
    };
    if unit_cost.currency != order.currency {
        let order = order.currency;
        let refusal = match new_line.unit_cost {
            Some(stated_cost) => Refusal::UnitCostIn { given: stated_cost.currency, order },
            None => Refusal::ListedIn { sku: sku(), listed: unit_cost.currency, order, prices },
        };
        return Err(refusal.at(field));
    }
    if unit_cost.minor < 0 {
        return Err(Refusal::NegativeCost.at(field));
    }
    Ok(unit_cost)
}

/// Sums the order up, spreads its charges over its lines, and sets the most that each may receive.
/// Cancelled lines do not count. `at` returns the place of a charge that cannot be spread.
pub(super) fn recalculate_totals(
    draft: &mut Draft<'_>,
    order: &mut PurchaseOrder,
    at: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let zero = Money::zero(order.currency);
    let too_large = || Refusal::TooLarge.at(At::input(Field::Lines));
    let sum = |mut amounts: Box<dyn Iterator<Item = Money> + '_>| amounts.try_fold(zero, Money::checked_add);
    order.goods =
        sum(Box::new(order.lines.iter().filter(|line| !line.is_cancelled()).map(|line| line.total))).ok_or_else(too_large)?;
    let in_currency = order.charges.iter().filter(|charge| charge.is_in_order_currency());
    order.charges_sum = sum(Box::new(in_currency.map(|charge| charge.amount))).ok_or_else(too_large)?;
    order.total().ok_or_else(too_large)?;
    allocate_charges(draft, order, at)?;
    for line in &mut order.lines {
        let max_units = line.quantity.get() + percent(line.quantity.get(), order.over_percent);
        line.most = Quantity::new(max_units).ok_or_else(too_large)?;
    }
    Ok(())
}
