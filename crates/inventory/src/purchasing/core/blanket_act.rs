//! Writing a blanket order down, changing it while it is drafted, and its steps.

use std::collections::HashSet;

use entity::prelude::*;

use super::{
    blanket::{Activation, BlanketAction, BlanketChange, BlanketLine, BlanketOrder},
    blanket_refusal::BlanketRefusal,
    order::{PurchaseBook, PurchaseDecision},
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
    /// None where there is no such product.
    pub facts: Option<ProductFacts>,
    pub quantity: Quantity,
    /// For one whole unit.
    pub unit_cost: Money,
}

/// What a line of a blanket order keeps of its product, and what forbids one.
#[derive(Debug, Clone)]
pub struct ProductFacts {
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub is_kit: bool,
    pub is_tracked: bool,
    pub is_archived: bool,
}

/// A change of a draft; what is None stays.
#[derive(Debug, Clone)]
pub struct BlanketUpdate {
    pub blanket: BlanketOrderId,
    pub expected_version: Option<i64>,
    pub valid_from: Option<i32>,
    pub valid_to: Option<i32>,
    pub external_ref: Option<Option<String>>,
    pub note: Option<Option<String>>,
    /// All lines from now on.
    pub lines: Option<Vec<NewBlanketLine>>,
    pub actor: Actor,
}

/// A step of a blanket order. What changes the agreement has a command of its own.
#[derive(Debug, Clone)]
pub struct BlanketAct {
    pub blanket: BlanketOrderId,
    pub action: BlanketAction,
    pub expected_version: Option<i64>,
    /// Why it is closed.
    pub note: Option<String>,
    pub actor: Actor,
    /// The day that it is where the day begins last.
    pub today: i32,
    /// Above this total somebody else activates than who wrote it; None: nothing is above it.
    pub limit: Option<Money>,
}

pub fn decide_blanket_create(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &BlanketCreate,
) -> Result<PurchaseDecision, Rejection> {
    // It was in use when the call was read; behind the counter nobody archives it.
    if let Some(since) = book.archived.get(&command.supplier) {
        return Err(Refusal::SupplierArchived { since: *since }.at(At::input(Field::Supplier)));
    }
    let lines = lines(draft, command.currency, &command.lines)?;
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
    if let Some(new) = &command.lines {
        let lines = lines(draft, blanket.currency, new)?;
        blanket.total = sum(blanket.currency, &lines)?;
        if blanket.change == BlanketChange::Figures {
            blanket.change = BlanketChange::Replaced { lines: blanket.lines.len() as u16 };
        }
        blanket.lines = lines;
    }
    blanket.valid_from = command.valid_from.unwrap_or(blanket.valid_from);
    blanket.valid_to = command.valid_to.unwrap_or(blanket.valid_to);
    if blanket.valid_to < blanket.valid_from {
        let named = if command.valid_to.is_some() { Field::ValidTo } else { Field::ValidFrom };
        return Err(BlanketRefusal::Backwards.at(At::input(named)));
    }
    blanket.external_ref = command.external_ref.clone().unwrap_or(blanket.external_ref);
    blanket.note = command.note.clone().unwrap_or(blanket.note);
    if command.lines.is_some() || command.valid_from.is_some() || command.valid_to.is_some() {
        blanket.edited_by(command.actor);
    }
    blanket.touch(draft.now());
    let events = vec![blanket.event(events::BLANKET_ORDER_UPDATED, Some(before))];
    Ok(PurchaseDecision { blankets: vec![blanket], events, ..PurchaseDecision::default() })
}

fn lines(draft: &mut Draft<'_>, currency: Currency, new: &[NewBlanketLine]) -> Result<Vec<BlanketLine>, Rejection> {
    if new.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    }
    let (mut lines, mut seen) = (Vec::with_capacity(new.len()), HashSet::new());
    for (index, new) in new.iter().enumerate() {
        let made = line(currency, index, new).and_then(|line| first(&mut seen, line, index));
        lines.extend(draft.pass(made)?);
    }
    draft.end_pass()?;
    Ok(lines)
}

fn sum(currency: Currency, lines: &[BlanketLine]) -> Result<Money, Rejection> {
    let sum = lines.iter().map(|line| line.total).try_fold(Money::zero(currency), Money::checked_add);
    sum.ok_or_else(|| Refusal::TooLarge.at(At::input(Field::Lines)))
}

fn line(currency: Currency, index: usize, new: &NewBlanketLine) -> Result<BlanketLine, Rejection> {
    let at = |name: Field| At::line(index).field(name);
    let Some(facts) = &new.facts else { return Err(Rejection::not_found(Noun::Product, at(Field::Product))) };
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
    if !new.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    if new.unit_cost.currency != currency {
        return Err(Refusal::UnitCostIn { given: new.unit_cost.currency, order: currency }.at(at(Field::UnitCost)));
    }
    if new.unit_cost.minor < 0 {
        return Err(Refusal::NegativeCost.at(at(Field::UnitCost)));
    }
    let total = new.unit_cost.times(new.quantity, facts.decimals);
    Ok(BlanketLine {
        position: index as u16 + 1,
        product: new.product,
        sku: sku(),
        name: facts.name.clone(),
        decimals: facts.decimals,
        quantity: new.quantity,
        unit_cost: new.unit_cost,
        total: total.ok_or_else(|| Refusal::LineTooLarge.at(at(Field::Quantity)))?,
        called_off: Quantity::ZERO,
    })
}

/// A product stands in one line: that is the line which its call-offs are of.
fn first(seen: &mut HashSet<ProductId>, line: BlanketLine, index: usize) -> Result<BlanketLine, Rejection> {
    if seen.insert(line.product) {
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

/// A person; above the limit not one who had a hand in what is agreed.
fn activator(blanket: &BlanketOrder, command: &BlanketAct) -> Result<MemberId, Rejection> {
    let at = At::input(Field::Id);
    if command.actor.kind != ActorKind::Member {
        return Err(BlanketRefusal::PersonActivates.at(at));
    }
    match command.limit {
        Some(limit) if blanket.needs_another(command.actor, limit) => Err(BlanketRefusal::AboveLimit(limit).at(at)),
        _ => Ok(MemberId::from_uuid(command.actor.id)),
    }
}
