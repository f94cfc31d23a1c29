//! A blanket order: an agreement with a supplier for a period. Purchase orders call off from it; it
//! delivers no goods itself and is never incoming.

use entity::prelude::*;

use super::{blanket_refusal::BlanketRefusal, call_off_terms::CallOffTerms, document_event::DocumentEvent, quantities::count};
use crate::ledger::DocumentNumber;
use crate::purchasing::events::{BlanketOrderEvent, EventType};
use crate::stock::core::{At, Field, Rejection};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlanketOrder {
    pub id: BlanketOrderId,
    pub number: DocumentNumber,
    pub status: BlanketOrderStatus,
    pub supplier: SupplierId,
    pub currency: Currency,
    /// The first day of call-offs.
    pub valid_from: i32,
    /// The last day of call-offs.
    pub valid_to: i32,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Reason for which it was closed.
    pub reason: Option<String>,
    /// The sum of its lines.
    pub total: Money,
    /// Actor who created it.
    pub actor: Actor,
    /// Actors who have changed its terms since.
    pub editors: Vec<Actor>,
    pub activation: Option<Activation>,
    /// Time at which it expired or was closed.
    pub ended_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Lines, each of another product.
    pub lines: Vec<BlanketLine>,
    pub change: BlanketChange,
}

/// Rows of a blanket order that are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlanketChange {
    /// All rows: the order is new.
    New,
    /// The order's row and its lines' called-off quantities.
    Figures,
    /// The order's row; its lines are replaced. `lines` is their former number.
    Replaced { lines: u16 },
}

/// Activation by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    pub by: MemberId,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlanketLine {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// SKU, name and decimals, as they were when the line was written.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    pub terms: CallOffTerms,
    /// For one whole unit.
    pub unit_cost: Money,
    /// `unit_cost × quantity`.
    pub total: Money,
    /// Quantity of all purchase orders that call off from it, less the quantity that will not come.
    pub called_off: Quantity,
}

/// Facts of a product that a line of a blanket order copies, and those that forbid a line; read
/// with the counter locked, while no product gets another unit or becomes a kit.
#[derive(Debug, Clone)]
pub struct ProductFacts {
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub is_kit: bool,
    pub is_tracked: bool,
    pub is_archived: bool,
}

impl CallOffTerms {
    /// Refuses terms that no call-off of the agreed quantity meets.
    pub(super) fn check(self, agreed_quantity: Quantity, at: At) -> Result<(), Rejection> {
        for (terms, field) in [(self.minimum, Field::CallOffMinimum), (self.multiple, Field::CallOffMultiple)] {
            if terms.is_some_and(|terms| !terms.is_positive() || terms.get() > agreed_quantity.get()) {
                return Err(BlanketRefusal::TermsOutside { agreed: agreed_quantity }.at(at.field(field)));
            }
        }
        Ok(())
    }
}

/// Action on a blanket order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlanketAction {
    /// Change the terms.
    Update,
    Activate,
    Close,
    /// Step of the job, after the last day.
    Expire,
}

impl BlanketAction {
    /// Returns the mutation of the action; None for the job's.
    pub const fn mutation(self) -> Option<&'static str> {
        match self {
            Self::Update => Some("blanketOrderUpdate"),
            Self::Activate => Some("blanketOrderActivate"),
            Self::Close => Some("blanketOrderClose"),
            Self::Expire => None,
        }
    }
    pub(super) const fn is_open(self, status: BlanketOrderStatus) -> bool {
        match self {
            Self::Update | Self::Activate => matches!(status, BlanketOrderStatus::Draft),
            Self::Close => !matches!(status, BlanketOrderStatus::Closed),
            Self::Expire => matches!(status, BlanketOrderStatus::Active),
        }
    }
}

/// Returns the mutations that a state allows.
pub fn blanket_actions(status: BlanketOrderStatus) -> impl Iterator<Item = &'static str> {
    let actions = [BlanketAction::Update, BlanketAction::Activate, BlanketAction::Close];
    actions.into_iter().filter(move |action| action.is_open(status)).filter_map(BlanketAction::mutation)
}

impl BlanketLine {
    /// Returns the quantity that can still be called off.
    pub fn remaining_quantity(&self) -> Quantity {
        count(self.quantity.get() - self.called_off.get())
    }
}

impl BlanketOrder {
    pub fn line_of(&self, product: ProductId) -> Option<&BlanketLine> {
        self.lines.iter().find(|line| line.product == product)
    }
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Records an actor who changed the terms.
    pub(super) fn record_editor(&mut self, actor: Actor) {
        if !self.editors.contains(&actor) {
            self.editors.push(actor);
        }
    }
    /// True if another actor must activate it: above the limit, the author and the editors of the
    /// terms must not.
    pub(super) fn needs_other_approver(&self, activator: Actor, limit: Money) -> bool {
        let is_own = self.actor == activator || self.editors.contains(&activator);
        is_own && self.is_above(limit)
    }
    /// True if the total is above the limit. A total in another currency cannot be compared, and
    /// counts as above.
    pub(super) fn is_above(&self, limit: Money) -> bool {
        self.total.currency != limit.currency || self.total.minor > limit.minor
    }
    pub(super) fn event(&self, kind: EventType<BlanketOrderEvent>, before: Option<BlanketOrderStatus>) -> DocumentEvent {
        DocumentEvent::Blanket { kind, blanket: self.id, before }
    }
    /// Refuses more to be called off on a day that it is not in force on.
    pub(super) fn check_in_force(&self, day: i32, at: At) -> Result<(), Rejection> {
        if !matches!(self.status, BlanketOrderStatus::Active | BlanketOrderStatus::Exhausted) {
            return Err(BlanketRefusal::TakesNone(self.status).at(at));
        }
        if !(self.valid_from..=self.valid_to).contains(&day) {
            return Err(BlanketRefusal::OutsideValidity { from: self.valid_from, to: self.valid_to }.at(at));
        }
        Ok(())
    }
    /// Sets the status by the called-off quantities; after its last day it does not become active
    /// again.
    pub(super) fn update_status(&mut self, today: i32, now: Timestamp) {
        let is_exhausted = self.lines.iter().all(|line| line.remaining_quantity().is_zero());
        self.status = match self.status {
            BlanketOrderStatus::Active if is_exhausted => BlanketOrderStatus::Exhausted,
            BlanketOrderStatus::Exhausted if !is_exhausted && today <= self.valid_to => BlanketOrderStatus::Active,
            BlanketOrderStatus::Exhausted if !is_exhausted => {
                self.ended_at = Some(now);
                BlanketOrderStatus::Expired
            }
            status => status,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(units: i64) -> Quantity {
        Quantity::new(units).unwrap()
    }

    #[test]
    fn a_call_off_is_of_the_minimum_in_whole_steps_or_of_all_that_is_left() {
        let terms = CallOffTerms { minimum: Some(quantity(24)), multiple: Some(quantity(12)) };
        for (wanted, left, is_allowed) in
            [(24, 100, true), (36, 100, true), (12, 100, false), (30, 100, false), (7, 7, true), (7, 8, false), (100, 100, true)]
        {
            assert_eq!(terms.allows(wanted, left), is_allowed, "{wanted} of {left}");
        }
        assert!(CallOffTerms::default().allows(1, 100));
        let other = |minimum| CallOffTerms { minimum: Some(quantity(minimum)), multiple: None };
        assert!(other(0).check(quantity(9), At::line(0)).is_err() && other(10).check(quantity(9), At::line(0)).is_err());
        assert_eq!(other(9).check(quantity(9), At::line(0)), Ok(()));
    }
}
