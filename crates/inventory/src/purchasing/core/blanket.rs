//! A blanket order: what is agreed with a supplier for a time. Purchase orders call off from it; it brings no goods itself and is never incoming.

use entity::prelude::*;

use super::{
    blanket_refusal::BlanketRefusal,
    order::{DocumentEvent, Line, PurchaseBook, PurchaseOrder, count},
};
use crate::ledger::DocumentNumber;
use crate::purchasing::events::{BlanketOrderEvent, EventType};
use crate::stock::core::{At, Field, Noun, Rejection};

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
    /// Why it was closed.
    pub reason: Option<String>,
    /// The sum of its lines.
    pub total: Money,
    /// Who made it.
    pub actor: Actor,
    /// Who has changed what is agreed since.
    pub editors: Vec<Actor>,
    pub activation: Option<Activation>,
    /// When it expired or was closed.
    pub ended_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Each of another product.
    pub lines: Vec<BlanketLine>,
    pub change: BlanketChange,
}

/// What has to be written of a blanket order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlanketChange {
    /// All of it.
    New,
    /// Its row, and what of its lines is called off.
    Figures,
    /// Its row; the lines that it had go, and those that it has come. How many there were.
    Replaced { lines: u16 },
}

/// A person made it binding.
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
    /// As they were when it was written.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    pub terms: CallOffTerms,
    /// For one whole unit.
    pub unit_cost: Money,
    /// `unit_cost × quantity`.
    pub total: Money,
    /// What purchase orders ask for, less what will not come.
    pub called_off: Quantity,
}

/// What one purchase order calls off of a product at least, and in which steps; None says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOffTerms {
    pub minimum: Option<Quantity>,
    pub multiple: Option<Quantity>,
}

impl CallOffTerms {
    /// Refuses terms that no call-off of the agreed quantity meets.
    pub(super) fn check(self, agreed: Quantity, at: At) -> Result<(), Rejection> {
        for (terms, field) in [(self.minimum, Field::CallOffMinimum), (self.multiple, Field::CallOffMultiple)] {
            if terms.is_some_and(|terms| !terms.is_positive() || terms.get() > agreed.get()) {
                return Err(BlanketRefusal::TermsOutside { agreed }.at(at.field(field)));
            }
        }
        Ok(())
    }
    /// Whether so much may be called off at once, of which so much is left: all of the rest always may.
    pub(super) fn allow(self, wanted: i64, left: i64) -> bool {
        let is_enough = self.minimum.is_none_or(|minimum| wanted >= minimum.get());
        let is_whole = self.multiple.is_none_or(|multiple| wanted % multiple.get() == 0);
        wanted == left || (is_enough && is_whole)
    }
}

/// What can be done to a blanket order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlanketAction {
    /// Change what is agreed.
    Update,
    Activate,
    Close,
    /// The job's, when the last day has gone by.
    Expire,
}

impl BlanketAction {
    /// The mutation that does it; None of what only a job does.
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

/// The mutations that are open in a state.
pub fn blanket_actions(status: BlanketOrderStatus) -> impl Iterator<Item = &'static str> {
    let all = [BlanketAction::Update, BlanketAction::Activate, BlanketAction::Close];
    all.into_iter().filter(move |action| action.is_open(status)).filter_map(BlanketAction::mutation)
}

impl BlanketLine {
    /// What can still be called off.
    pub fn left(&self) -> Quantity {
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
    /// Notes that somebody has changed what is agreed.
    pub(super) fn edited_by(&mut self, actor: Actor) {
        if !self.editors.contains(&actor) {
            self.editors.push(actor);
        }
    }
    /// Whether somebody else than this one must activate it: above the limit whoever had a hand in what is agreed does not.
    pub(super) fn needs_another(&self, activator: Actor, limit: Money) -> bool {
        let is_own = self.actor == activator || self.editors.contains(&activator);
        is_own && self.is_above(limit)
    }
    /// Whether it comes to more than this. In another currency it cannot be compared, and does.
    pub(super) fn is_above(&self, limit: Money) -> bool {
        self.total.currency != limit.currency || self.total.minor > limit.minor
    }
    pub(super) fn event(&self, kind: EventType<BlanketOrderEvent>, before: Option<BlanketOrderStatus>) -> DocumentEvent {
        DocumentEvent::Blanket { kind, blanket: self.id, before }
    }
    /// Refuses more to be called off on a day that it is not in force on.
    pub(super) fn takes(&self, day: i32, at: At) -> Result<(), Rejection> {
        if !matches!(self.status, BlanketOrderStatus::Active | BlanketOrderStatus::Exhausted) {
            return Err(BlanketRefusal::TakesNone(self.status).at(at));
        }
        if !(self.valid_from..=self.valid_to).contains(&day) {
            return Err(BlanketRefusal::OutsideValidity { from: self.valid_from, to: self.valid_to }.at(at));
        }
        Ok(())
    }
    /// Changes where it stands by what of it is called off; on a day after its last one nothing more is.
    pub(super) fn settle(&mut self, today: i32, now: Timestamp) {
        let is_exhausted = self.lines.iter().all(|line| line.left().is_zero());
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

impl PurchaseBook {
    /// The blanket order, in a state that the action is open in and at the version that the caller saw.
    pub(super) fn blanket_for(
        &self,
        id: BlanketOrderId,
        action: BlanketAction,
        version: Option<i64>,
    ) -> Result<BlanketOrder, Rejection> {
        let at = At::input(Field::Id);
        let blanket = self.blankets.get(&id).ok_or_else(|| Rejection::not_found(Noun::BlanketOrder, at))?;
        if !action.is_open(blanket.status) {
            return Err(BlanketRefusal::Status(blanket.status).at(at));
        }
        match version {
            Some(expected) if expected != blanket.version => {
                Err(Rejection::stale(Noun::BlanketOrder, id.uuid(), blanket.version))
            }
            _ => Ok(blanket.clone()),
        }
    }
}

impl Line {
    /// What a call-off's line takes from its blanket order: what is asked for, less what will not come.
    pub(super) fn called_off(&self) -> Quantity {
        count(self.quantity.get() - self.short.get())
    }
}

impl PurchaseOrder {
    /// What it calls off of a product.
    pub(super) fn called_off(&self, product: ProductId) -> i64 {
        self.lines.iter().filter(|line| line.product == product).map(|line| line.called_off().get()).sum()
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
            assert_eq!(terms.allow(wanted, left), is_allowed, "{wanted} of {left}");
        }
        assert!(CallOffTerms::default().allow(1, 100));
        let other = |minimum| CallOffTerms { minimum: Some(quantity(minimum)), multiple: None };
        assert!(other(0).check(quantity(9), At::line(0)).is_err() && other(10).check(quantity(9), At::line(0)).is_err());
        assert_eq!(other(9).check(quantity(9), At::line(0)), Ok(()));
    }
}
