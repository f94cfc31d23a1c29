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
        let changed_date =
            changed.and_then(|decision| decision.details.iter().find(|order_detail| order_detail.after.order == order.id));
        let changed_date = changed_date.map(|order_detail| order_detail.after.requested_for);
        let loaded_date = orders.details.get(&order.id).map(|detail| detail.requested_for);
        let requested_date = changed_date.or(loaded_date).unwrap_or_else(|| orders.wanted.get(&order.id).copied());
        let is_said = changed_date.is_some_and(|after| after != loaded_date.flatten());
        Self { stock, book, plus_days, placed_at: order.placed_at, wanted: requested_date, is_said }
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
            (None, Some((time, store_days))) => time.after(self.placed_at, store_days),
            (Some(at), Some((time, store_days))) => time.before(at, store_days),
        }
    }

    /// Returns the due time of an existing work. It is recalculated if the command changed the
    /// requested time of its order and the work has not left, or if goods that had left are to be
    /// sent again. A later change of the store's handling time does not affect a waiting work.
    pub(super) fn recalculate_due_at(&self, work: &Work) -> Timestamp {
        let work_before = self.book.works.get(&(work.head.order, work.head.nth));
        let is_reopened = work_before.is_some_and(|work_before| !work_before.is_live());
        match work.lines.first() {
            Some(line) if work.is_live() && (self.is_said || is_reopened) => self.at(work.head.store, line.product),
            _ => work.head.due_at,
        }
    }

    fn handling(&self, store: StoreId, product: ProductId) -> Option<(&HandlingTime, StoreDays<'_>)> {
        let (time, time_zone) = if let Some(store_handling) = self.book.handling.get(&store) {
            (&store_handling.time, store_handling.time_zone.as_str())
        } else {
            // All levels of a store have the same handling time.
            let levels = &self.stock.levels;
            let any_level = || levels.values().find(|level| level.key.store == store);
            let facts = &levels.get(&LevelKey { product, store }).or_else(any_level)?.facts;
            (facts.handling.as_deref()?, facts.time_zone.as_str())
        };
        Some((time, StoreDays { time_zone, local_day: self.stock.local_day, plus_days: self.plus_days }))
    }
}
