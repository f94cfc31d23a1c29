//! Due times of works: the requested time of the order less the store's handling time; without a
//! requested time, the time of the order plus the handling time.

use entity::prelude::*;

use super::{book::WorkBook, work::Work};
use crate::{
    catalog::core::handling::{HandlingTime, PlusDays, StoreDays},
    orders::core::{Order, OrderBook, OrderDecision},
    stock::core::{Book, LevelKey},
};

/// Calculator of the due times of an order's works.
pub(super) struct DueCalculator<'a> {
    stock: &'a Book,
    book: &'a WorkBook,
    plus_days: PlusDays,
    placed_at: Timestamp,
    /// Requested time of the order; None if it has none.
    wanted: Option<Timestamp>,
    /// True if the command changed the requested time.
    is_said: bool,
}

impl<'a> DueCalculator<'a> {
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

    /// Returns the due time of a product that a store has to send.
    pub(super) fn at(&self, store: StoreId, product: ProductId) -> Timestamp {
        let handling = self.handling(store, product);
        match (self.wanted, handling) {
            (None, None) => self.placed_at,
            (Some(at), None) => at,
            (None, Some((time, place))) => time.after(self.placed_at, place),
            (Some(at), Some((time, place))) => time.before(at, place),
        }
    }

    /// Returns the due time of an existing work. It is recalculated if the command changed the
    /// requested time of its order and the work has not left, or if goods that had left are to be
    /// sent again. A later change of the store's handling time does not affect a waiting work.
    pub(super) fn recalculate_due_at(&self, work: &Work) -> Timestamp {
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
            // All levels of a store have the same handling time.
            let levels = &self.stock.levels;
            let here = || levels.values().find(|level| level.key.store == store);
            let facts = &levels.get(&LevelKey { product, store }).or_else(here)?.facts;
            (facts.handling.as_deref()?, facts.time_zone.as_str())
        };
        Some((time, StoreDays { time_zone, local_day: self.stock.local_day, plus_days: self.plus_days }))
    }
}
