//! Creating a blanket order, changing its draft, and its steps.

use std::collections::HashSet;

use entity::prelude::*;

use super::{
    blanket::{Activation, BlanketAction, BlanketChange, BlanketLine, BlanketOrder},
    blanket_refusal::BlanketRefusal,
    book::{PurchaseBook, PurchaseDecision},
    call_off_terms::CallOffTerms,
    refusal::Refusal,
};
use crate::ledger::DocumentNumber;
use crate::purchasing::events;
use crate::stock::core::{At, Draft, Field, Noun, Refusal as StockRefusal, Rejection, RoomRefusal};

/// A new blanket order, in DRAFT.
#[derive(Debug, Clone)]
pub struct BlanketCreate {
    pub id: BlanketOrderId,
    pub supplier: SupplierId,
    pub currency: Currency,
    pub valid_from: i32,
    pub valid_to: i32,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub lines: Vec<NewBlanketLine>,
    pub actor: Actor,
}

#[derive(Debug, Clone)]
pub struct NewBlanketLine {
    pub product: ProductId,
    pub quantity: Quantity,
    pub terms: CallOffTerms,
    /// For one whole unit.
    pub unit_cost: Money,
}

/// A change of a draft; None leaves a field unchanged.
#[derive(Debug, Clone)]
pub struct BlanketUpdate {
    pub blanket: BlanketOrderId,
    pub expected_version: Option<i64>,
    pub valid_from: Option<i32>,
    pub valid_to: Option<i32>,
    pub external_ref: Option<Option<String>>,
    pub note: Option<Option<String>>,
    /// New lines, which replace all.
    pub lines: Option<Vec<NewBlanketLine>>,
    pub actor: Actor,
}

/// A step of a blanket order. Changes of the terms have a command of their own.
#[derive(Debug, Clone)]
pub struct BlanketAct {
    pub blanket: BlanketOrderId,
    pub action: BlanketAction,
    pub expected_version: Option<i64>,
    /// Reason for which it is closed.
    pub note: Option<String>,
    pub actor: Actor,
    /// The current date in the last time zone.
    pub today: i32,
    /// Total above which the author must not activate; None for no limit.
    pub limit: Option<Money>,
}

pub fn decide_blanket_create(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &BlanketCreate,
) -> Result<PurchaseDecision, Rejection> {
    // It was in use when the call was read; while the counter row is locked, it cannot be archived.
    if let Some(since) = book.archived.get(&command.supplier) {
        return Err(Refusal::SupplierArchived { since: *since }.at(At::input(Field::Supplier)));
    }
    let lines = build_blanket_lines(draft, book, command.currency, &command.lines)?;
    if command.valid_to < command.valid_from {
        return Err(BlanketRefusal::Backwards.at(At::input(Field::ValidTo)));
    }
    let total = sum(command.currency, &lines)?;
    let now = draft.now();
    let blanket = BlanketOrder {
        id: command.id,
        number: DocumentNumber::Pending,
        status: BlanketOrderStatus::Draft,
        supplier: command.supplier,
        currency: command.currency,
        valid_from: command.valid_from,
        valid_to: command.valid_to,
        external_ref: command.external_ref.clone(),
        note: command.note.clone(),
        reason: None,
        total,
        actor: command.actor,
        editors: Vec::new(),
        activation: None,
        ended_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
        lines,
        change: BlanketChange::New,
    };
    let events = vec![blanket.event(events::BLANKET_ORDER_CREATED, None)];
    Ok(PurchaseDecision { blankets: vec![blanket], events, ..PurchaseDecision::default() })
}

pub fn decide_blanket_update(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &BlanketUpdate,
) -> Result<PurchaseDecision, Rejection> {
    let mut blanket = book.blanket_for(command.blanket, BlanketAction::Update, command.expected_version)?;
    let before = blanket.status;
    if let Some(new_lines) = &command.lines {
        let lines = build_blanket_lines(draft, book, blanket.currency, new_lines)?;
        blanket.total = sum(blanket.currency, &lines)?;
        if blanket.change == BlanketChange::Figures {
            blanket.change = BlanketChange::Replaced { lines: blanket.lines.len() as u16 };
        }
        blanket.lines = lines;
    }
    blanket.valid_from = command.valid_from.unwrap_or(blanket.valid_from);
    blanket.valid_to = command.valid_to.unwrap_or(blanket.valid_to);
    if blanket.valid_to < blanket.valid_from {
        let field = if command.valid_to.is_some() { Field::ValidTo } else { Field::ValidFrom };
        return Err(BlanketRefusal::Backwards.at(At::input(field)));
    }
    blanket.external_ref = command.external_ref.clone().unwrap_or(blanket.external_ref);
    blanket.note = command.note.clone().unwrap_or(blanket.note);
    if command.lines.is_some() || command.valid_from.is_some() || command.valid_to.is_some() {
        blanket.record_editor(command.actor);
    }
    blanket.touch(draft.now());
    let events = vec![blanket.event(events::BLANKET_ORDER_UPDATED, Some(before))];
    Ok(PurchaseDecision { blankets: vec![blanket], events, ..PurchaseDecision::default() })
}

fn build_blanket_lines(
    draft: &mut Draft<'_>,
    book: &PurchaseBook,
    currency: Currency,
    new: &[NewBlanketLine],
) -> Result<Vec<BlanketLine>, Rejection> {
    if new.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    }
    let (mut lines, mut seen_products) = (Vec::with_capacity(new.len()), HashSet::new());
    for (index, new) in new.iter().enumerate() {
        let checked_line = line(book, currency, index, new).and_then(|line| check_first_use(&mut seen_products, line, index));
        lines.extend(draft.pass(checked_line)?);
    }
    draft.end_pass()?;
    Ok(lines)
}

fn sum(currency: Currency, lines: &[BlanketLine]) -> Result<Money, Rejection> {
    let sum = lines.iter().map(|line| line.total).try_fold(Money::zero(currency), Money::checked_add);
    sum.ok_or_else(|| Refusal::TooLarge.at(At::input(Field::Lines)))
}

fn line(book: &PurchaseBook, currency: Currency, index: usize, new_line: &NewBlanketLine) -> Result<BlanketLine, Rejection> {
    let at = |name: Field| At::line(index).field(name);
    let Some(facts) = book.agreed.get(&new_line.product) else {
        return Err(Rejection::not_found(Noun::Product, at(Field::Product)));
    };
    let sku = || facts.sku.clone();
    if facts.is_kit {
        return Err(StockRefusal::Kit { sku: sku() }.at(at(Field::Product)));
    }
    if !facts.is_tracked {
        return Err(StockRefusal::Untracked { sku: sku() }.at(at(Field::Product)));
    }
    if facts.is_archived {
        return Err(StockRefusal::ProductArchived { sku: sku() }.at(at(Field::Product)));
    }
    if !new_line.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    new_line.terms.check(new_line.quantity, At::line(index))?;
    if new_line.unit_cost.currency != currency {
        return Err(Refusal::UnitCostIn { given: new_line.unit_cost.currency, order: currency }.at(at(Field::UnitCost)));
    }
    if new_line.unit_cost.minor < 0 {
        return Err(Refusal::NegativeCost.at(at(Field::UnitCost)));
    }
    let total = new_line.unit_cost.times(new_line.quantity, facts.decimals);
    Ok(BlanketLine {
        position: index as u16 + 1,
        product: new_line.product,
        sku: sku(),
        name: facts.name.clone(),
        decimals: facts.decimals,
        quantity: new_line.quantity,
        terms: new_line.terms,
        unit_cost: new_line.unit_cost,
        total: total.ok_or_else(|| Refusal::LineTooLarge.at(at(Field::Quantity)))?,
        called_off: Quantity::ZERO,
    })
}

/// Refuses a product that has a line already: call-offs find their line by the product.
fn check_first_use(seen_products: &mut HashSet<ProductId>, line: BlanketLine, index: usize) -> Result<BlanketLine, Rejection> {
    if seen_products.insert(line.product) {
        return Ok(line);
    }
    Err(BlanketRefusal::ProductTwice { sku: line.sku }.at(At::line(index).field(Field::Product)))
}

pub fn decide_blanket_act(book: &PurchaseBook, draft: &Draft<'_>, command: &BlanketAct) -> Result<PurchaseDecision, Rejection> {
    let at = At::input(Field::Id);
    let mut blanket = book.blanket_for(command.blanket, command.action, command.expected_version)?;
    let (before, now) = (blanket.status, draft.now());
    let kind = match command.action {
        BlanketAction::Activate => {
            blanket.activation = Some(Activation { by: activator(&blanket, command)?, at: now });
            if blanket.valid_to < command.today {
                return Err(BlanketRefusal::IsOver { to: blanket.valid_to }.at(at));
            }
            blanket.status = BlanketOrderStatus::Active;
            events::BLANKET_ORDER_ACTIVATED
        }
        BlanketAction::Close => {
            blanket.status = BlanketOrderStatus::Closed;
            blanket.ended_at = Some(now);
            blanket.reason.clone_from(&command.note);
            events::BLANKET_ORDER_CLOSED
        }
        BlanketAction::Expire => {
            blanket.status = BlanketOrderStatus::Expired;
            blanket.ended_at = Some(now);
            events::BLANKET_ORDER_EXPIRED
        }
        BlanketAction::Update => return Err(Refusal::OtherCommand.at(At::INPUT)),
    };
    blanket.touch(now);
    let events = vec![blanket.event(kind, Some(before))];
    Ok(PurchaseDecision { blankets: vec![blanket], events, ..PurchaseDecision::default() })
}

/// Returns the member who activates. Above the limit it must not be the author or an editor of the terms, and the version of a draft that was changed
/// must be named.
fn activator(blanket: &BlanketOrder, command: &BlanketAct) -> Result<MemberId, Rejection> {
    let at = At::input(Field::Id);
    if command.actor.kind != ActorKind::Member {
        return Err(BlanketRefusal::PersonActivates.at(at));
    }
    match command.limit {
        Some(limit) if blanket.needs_other_approver(command.actor, limit) => Err(BlanketRefusal::AboveLimit(limit).at(at)),
        Some(limit) if blanket.is_above(limit) && !blanket.editors.is_empty() && command.expected_version.is_none() => {
            Err(BlanketRefusal::VersionUnsaid.at(At::input(Field::ExpectedVersion)))
        }
        _ => Ok(MemberId::from_uuid(command.actor.id)),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{purchasing::core::ProductFacts, stock::core::Book};

    fn person(id: u128) -> Actor {
        Actor::member(MemberId::from_uuid(Uuid::from_u128(id)))
    }

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::parse("GBP").unwrap())
    }

    fn mugs(quantity: i64) -> NewBlanketLine {
        NewBlanketLine {
            product: ProductId::NIL,
            quantity: Quantity::new(quantity).unwrap(),
            terms: CallOffTerms::default(),
            unit_cost: gbp(100),
        }
    }

    fn stock() -> Book {
        Book::new(Timestamp(7), |_, _| 0)
    }

    /// A draft of ten mugs, created by the first person.
    fn drafted() -> PurchaseBook {
        let create = BlanketCreate {
            id: BlanketOrderId::NIL,
            supplier: SupplierId::NIL,
            currency: gbp(0).currency,
            valid_from: 1,
            valid_to: 9,
            external_ref: None,
            note: None,
            lines: vec![mugs(10)],
            actor: person(1),
        };
        let (sku, name) = ("MUG".to_owned(), "Mug".to_owned());
        let mug = ProductFacts { sku, name, decimals: 0, is_kit: false, is_tracked: true, is_archived: false };
        let agreed = [0, 1].map(|id| (ProductId::from_uuid(Uuid::from_u128(id)), mug.clone())).into();
        let mut book = PurchaseBook { agreed, ..PurchaseBook::default() };
        let made = decide_blanket_create(&book, &mut Draft::new(&stock()), &create).unwrap();
        book.evolve(&made);
        book
    }

    fn update(actor: Actor) -> BlanketUpdate {
        BlanketUpdate {
            blanket: BlanketOrderId::NIL,
            expected_version: None,
            valid_from: None,
            valid_to: None,
            external_ref: None,
            note: None,
            lines: None,
            actor,
        }
    }

    fn change(book: &mut PurchaseBook, command: &BlanketUpdate) -> Result<BlanketChange, Rejection> {
        let made = decide_blanket_update(book, &mut Draft::new(&stock()), command)?;
        book.evolve(&made);
        Ok(book.blankets[&command.blanket].change)
    }

    fn activate(book: &PurchaseBook, actor: Actor) -> Result<PurchaseDecision, Rejection> {
        activate_seen(book, actor, None)
    }

    fn activate_seen(book: &PurchaseBook, actor: Actor, version: Option<i64>) -> Result<PurchaseDecision, Rejection> {
        let act = BlanketAct {
            blanket: BlanketOrderId::NIL,
            action: BlanketAction::Activate,
            expected_version: version,
            note: None,
            actor,
            today: 5,
            limit: Some(gbp(999)),
        };
        decide_blanket_act(book, &Draft::new(&stock()), &act)
    }

    #[test]
    fn who_changed_what_is_agreed_does_not_activate_it_alone_above_the_limit() {
        let mut book = drafted();
        let above: Result<(), Rejection> = Err(BlanketRefusal::AboveLimit(gbp(999)).at(At::input(Field::Id)));
        assert_eq!(activate(&book, person(1)).map(drop), above);
        change(&mut book, &BlanketUpdate { note: Some(Some("soon".to_owned())), ..update(person(2)) }).unwrap();
        assert!(activate(&book, person(2)).is_ok(), "a note is no part of what is agreed");
        change(&mut book, &BlanketUpdate { lines: Some(vec![mugs(20)]), ..update(person(2)) }).unwrap();
        assert_eq!(activate(&book, person(2)).map(drop), above);
        change(&mut book, &BlanketUpdate { valid_to: Some(8), ..update(person(3)) }).unwrap();
        assert_eq!(activate(&book, person(3)).map(drop), above);
        let unsaid: Result<(), Rejection> = Err(BlanketRefusal::VersionUnsaid.at(At::input(Field::ExpectedVersion)));
        assert_eq!(activate(&book, person(4)).map(drop), unsaid);
        let version = book.blankets[&BlanketOrderId::NIL].version;
        assert!(activate_seen(&book, person(4), Some(version - 1)).is_err(), "it was changed since");
        assert!(activate_seen(&book, person(4), Some(version)).is_ok());
    }

    #[test]
    fn the_lines_that_a_draft_had_go_as_many_as_there_were() {
        let mut book = drafted();
        let one = BlanketUpdate { lines: Some(vec![mugs(20)]), ..update(person(1)) };
        assert_eq!(change(&mut book, &one), Ok(BlanketChange::New), "there are no rows of it yet");
        book.blankets.get_mut(&BlanketOrderId::NIL).unwrap().change = BlanketChange::Figures;
        assert_eq!(change(&mut book, &update(person(1))), Ok(BlanketChange::Figures));
        let jug = NewBlanketLine { product: ProductId::from_uuid(Uuid::from_u128(1)), ..mugs(1) };
        let two = BlanketUpdate { lines: Some(vec![mugs(20), jug]), ..update(person(1)) };
        assert_eq!(change(&mut book, &two), Ok(BlanketChange::Replaced { lines: 1 }));
        assert_eq!(change(&mut book, &one), Ok(BlanketChange::Replaced { lines: 1 }), "rows are still those of one line");
    }

    #[test]
    fn the_last_day_comes_after_the_first_whichever_of_them_changes() {
        let mut book = drafted();
        for (from, to, field) in
            [(Some(10), None, Field::ValidFrom), (None, Some(0), Field::ValidTo), (Some(5), Some(4), Field::ValidTo)]
        {
            let command = BlanketUpdate { valid_from: from, valid_to: to, ..update(person(1)) };
            assert_eq!(change(&mut book, &command), Err(BlanketRefusal::Backwards.at(At::input(field))));
        }
        let command = BlanketUpdate { valid_from: Some(10), valid_to: Some(10), ..update(person(1)) };
        assert_eq!(change(&mut book, &command), Ok(BlanketChange::New));
    }
}
