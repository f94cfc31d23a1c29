//! When works are due: for when the order is wanted, less the time that the store takes to ship; else that time after the order was placed.

use entity::prelude::*;

use super::{book::WorkBook, work::Work};
use crate::{
    catalog::core::handling::{HandlingTime, PlusDays, StoreDays},
    orders::core::{Order, OrderBook, OrderDecision},
    stock::core::{Book, LevelKey},
};

/// The time that a store takes to ship, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHandling {
    pub time: HandlingTime,
    pub time_zone: String,
}

/// When the works of an order are due.
pub(super) struct Due<'a> {
    stock: &'a Book,
    book: &'a WorkBook,
    plus_days: PlusDays,
    placed_at: Timestamp,
    /// For when the order is wanted; None where it says nothing of it.
    wanted: Option<Timestamp>,
    /// Whether the command said for when the order is wanted, otherwise than before.
    is_said: bool,
}

impl<'a> Due<'a> {
    pub(super) fn of(
        order: &Order,
        (stock, orders, book): (&'a Book, &OrderBook, &'a WorkBook),
        changed: Option<&OrderDecision>,
        plus_days: PlusDays,
    ) -> Self {
        let decided = changed.and_then(|of| of.details.iter().find(|one| one.after.order == order.id));
        let decided = decided.map(|one| one.after.requested_for);
        let loaded = orders.details.get(&order.id).map(|detail| detail.requested_for);
        let wanted = decided.or(loaded).unwrap_or_else(|| orders.wanted.get(&order.id).copied());
        let is_said = decided.is_some_and(|after| after != loaded.flatten());
        Self { stock, book, plus_days, placed_at: order.placed_at, wanted, is_said }
    }

    pub(super) const fn book(&self) -> &'a WorkBook {
        self.book
    }

    /// When what a store has to send of a product is due.
    pub(super) fn at(&self, store: StoreId, product: ProductId) -> Timestamp {
        let handling = self.handling(store, product);
        match (self.wanted, handling) {
            (None, None) => self.placed_at,
            (Some(at), None) => at,
            (None, Some((time, place))) => time.after(self.placed_at, place),
            (Some(at), Some((time, place))) => time.before(at, place),
        }
    }

    /// When a work is due that was there before: anew where the command said for when its order is wanted and it has not left, and where what had left
    /// is to be sent again. What a store states later about its handling time moves no work that waits.
    pub(super) fn anew(&self, work: &Work) -> Timestamp {
        let was = self.book.works.get(&(work.head.order, work.head.nth));
        let is_again = was.is_some_and(|was| !was.is_live());
        match work.lines.first() {
            Some(line) if work.is_live() && (self.is_said || is_again) => self.at(work.head.store, line.product),
            _ => work.head.due_at,
        }
    }

    fn handling(&self, store: StoreId, product: ProductId) -> Option<(&HandlingTime, StoreDays<'_>)> {
        let (time, time_zone) = if let Some(of) = self.book.handling.get(&store) {
            (&of.time, of.time_zone.as_str())
        } else {
            // All levels of a store say the same of it.
            let levels = &self.stock.levels;
            let here = || levels.values().find(|level| level.key.store == store);
            let facts = &levels.get(&LevelKey { product, store }).or_else(here)?.facts;
            (facts.handling.as_deref()?, facts.time_zone.as_str())
        };
        Some((time, StoreDays { time_zone, local_day: self.stock.local_day, plus_days: self.plus_days }))
    }
}
