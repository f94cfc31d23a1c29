//! Explanation of a level's available quantity: every figure is the sum of its parts.

use entity::prelude::*;

use super::{
    level::Level,
    lot::{UnavailableUnits, has_shelf_life},
    movement::Reference,
};

/// Arrival on its way to the level. Above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub quantity: i64,
    /// Expected day; None if no source states one.
    pub on: Option<i32>,
    pub document: Option<Reference>,
}

/// Returns the expected quantities by document, and the rest that no dated document accounts for:
/// they sum to the level's own figure. Documents that promise more than the level expects count up
/// to its figure, the earliest first.
pub fn arrivals(expected: i64, mut documents: Vec<Arrival>) -> Vec<Arrival> {
    documents.sort_by_key(|arrival| (arrival.on.is_none(), arrival.on));
    let mut remaining = expected;
    let mut counted = Vec::with_capacity(documents.len() + 1);
    for arrival in documents {
        let quantity = arrival.quantity.min(remaining);
        if quantity > 0 {
            remaining -= quantity;
            counted.push(Arrival { quantity, ..arrival });
        }
    }
    if remaining > 0 {
        counted.push(Arrival { quantity: remaining, on: None, document: None });
    }
    counted
}

/// A lot's part of the available stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotShare {
    pub available: i64,
    pub expires_on: Option<i32>,
}

/// State of a level at one moment. Quantities in smallest units.
#[derive(Debug, Clone)]
pub struct LevelSnapshot {
    pub level: Level,
    /// Units of each active reservation.
    pub held: Vec<i64>,
    /// Reserved units that transfers hold.
    pub held_for_transfers: i64,
    pub aside: UnavailableUnits,
    pub lots: Vec<LotShare>,
    pub incoming: Vec<Arrival>,
    pub in_transit: Vec<Arrival>,
    /// Units that open orders need here beyond stock, also as components of kits.
    pub owed: i64,
}

/// Quantities that a level may promise for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// On hand, less unavailable, less reserved: now.
    pub available: i64,
    /// Units that may not be sold any more by then because their date has passed or is too near:
    /// those that may not be sold today, beyond those that transfers hold (they take units near
    /// their date first), and those added until then, beyond the other reservations, which take the
    /// first to expire.
    pub expiring: i64,
    /// Units that open orders need beyond stock: arrivals go to them first.
    pub owed: i64,
    /// Units that are expected from today up to that day.
    pub arriving: i64,
    /// Units that were expected before today and have not arrived. They are not promised.
    pub overdue: i64,
    pub safety_stock: i64,
}

impl Outlook {
    /// `available − expiring + arriving − owed − safety stock`, at least 0.
    pub fn to_promise(&self) -> i64 {
        (self.available - self.expiring + self.arriving - self.owed - self.safety_stock).max(0)
    }
}

impl LevelSnapshot {
    /// Returns the available units that may not be sold today: in lots that are past their date or
    /// near it, beyond those that transfers hold.
    pub fn not_for_sale(&self, today: i32) -> i64 {
        self.outlook(today, today).expiring
    }
    /// Returns the quantity that may be promised now: available, less units that may not be sold,
    /// less safety stock, at least 0.
    pub fn to_promise(&self, today: i32) -> i64 {
        (self.level.available() - self.not_for_sale(today) - self.level.safety_stock.get()).max(0)
    }

    /// Returns the quantities that may be promised for a day that is `today` in the store, or
    /// later.
    pub fn outlook(&self, today: i32, day: i32) -> Outlook {
        let remaining = Some(self.level.facts.minimum_remaining_days);
        let units_staying = |day_of_stock: i32| -> i64 {
            self.lots.iter().filter(|lot| !has_shelf_life(lot.expires_on, day_of_stock, remaining)).map(|lot| lot.available).sum()
        };
        let (staying_today, staying_then) = (units_staying(today), units_staying(day));
        let expiring_soon: i64 = self
            .lots
            .iter()
            .filter(|lot| has_shelf_life(lot.expires_on, today, Some(0)) && !has_shelf_life(lot.expires_on, today, remaining))
            .map(|lot| lot.available)
            .sum();
        let transfer_units = expiring_soon.min(self.held_for_transfers);
        let dated_arrivals =
            || self.incoming.iter().chain(&self.in_transit).filter_map(|arrival| Some((arrival.on?, arrival.quantity)));
        Outlook {
            available: self.level.available(),
            expiring: staying_today - transfer_units
                + (staying_then - staying_today - (self.level.reserved.get() - transfer_units)).max(0),
            owed: self.owed,
            arriving: dated_arrivals().filter(|(due_day, _)| (today..=day).contains(due_day)).map(|(_, quantity)| quantity).sum(),
            overdue: dated_arrivals().filter(|(due_day, _)| *due_day < today).map(|(_, quantity)| quantity).sum(),
            safety_stock: self.level.safety_stock.get(),
        }
    }

    /// Returns the first figure that its parts do not sum to; None if all do.
    pub fn inconsistent_figure(&self) -> Option<&'static str> {
        let sum = |arrivals: &[Arrival]| arrivals.iter().map(|arrival| arrival.quantity).sum::<i64>();
        let unavailable_units: i64 = Condition::ALL.iter().map(|condition| self.aside.of(*condition)).sum();
        let level = &self.level;
        let checked_figures = [
            ("reserved", self.held.iter().sum(), level.reserved),
            ("unavailable", unavailable_units, level.unavailable),
            ("incoming", sum(&self.incoming), level.incoming),
            ("inTransit", sum(&self.in_transit), level.in_transit),
        ];
        let wrong_name = checked_figures.into_iter().find(|(_, parts, figure)| *parts != figure.get()).map(|(name, ..)| name);
        let lots: i64 = self.lots.iter().map(|lot| lot.available).sum();
        let is_whole = level.facts.tracking == Tracking::None || lots == level.on_hand.get() - level.unavailable.get();
        wrong_name.or((!is_whole).then_some("lots"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(quantity: i64, on: Option<i32>) -> Arrival {
        Arrival { quantity, on, document: None }
    }

    #[test]
    fn what_arrives_sums_to_what_is_expected() {
        for (expected, documents, counted) in [
            (0, vec![], vec![]),
            (5, vec![], vec![(5, None)]),
            (5, vec![(3, Some(10))], vec![(3, Some(10)), (2, None)]),
            (5, vec![(3, None), (4, Some(9))], vec![(4, Some(9)), (1, None)]),
            (5, vec![(9, Some(2)), (9, Some(1))], vec![(5, Some(1))]),
            (0, vec![(9, Some(2))], vec![]),
        ] {
            let found = arrivals(expected, documents.into_iter().map(|(n, on)| arrival(n, on)).collect());
            assert_eq!(found.iter().map(|one| one.quantity).sum::<i64>(), expected);
            assert_eq!(found.iter().map(|one| (one.quantity, one.on)).collect::<Vec<_>>(), counted);
        }
    }
}
