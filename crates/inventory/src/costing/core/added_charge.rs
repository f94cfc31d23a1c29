//! Charges that are added to a purchase order after its goods were received: the share of the units
//! in stock raises their value, and the share of units that have left is booked as a cost of the
//! day.

use entity::{prelude::*, quantity::MAX_SAFE};

use super::pool::{Layer, Pool, Values, share};
use crate::{currency::core::FrozenRate, purchasing::core::allocate_proportionally};

/// A charge on an order, converted into the currency of the books. Below 0 if a bill is lower than
/// the order's charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedCharge {
    pub order: PurchaseOrderId,
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    pub amount: Money,
    pub in_books: Money,
    /// None if the charge is in the currency of the books.
    pub rate: Option<FrozenRate>,
}

/// The share of a charge that falls on a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeShare {
    /// In minor units of the books' currency.
    pub amount: i64,
    /// The receipts that the share falls on, by their events, and the units that each received,
    /// less those that were reversed.
    pub receipts: Vec<(i64, i64)>,
}

impl ChargeShare {
    fn units(&self) -> i64 {
        self.receipts.iter().map(|(_, units)| units).sum()
    }
    /// Returns the share with its amount negated, to undo it.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self { amount: -self.amount, receipts: self.receipts.clone() }
    }
    /// Returns the part of the share that falls on units that have left stock, where the value of
    /// the units in stock changed by `change`.
    pub const fn variance(&self, change: Values) -> Values {
        Values { average: self.amount - change.average, fifo: self.amount - change.fifo }
    }
}

/// Spreads an amount of either sign by weights, so that the shares add up to it. None if all
/// weights are 0.
pub fn allocate_signed(amount: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let shares = allocate_proportionally(amount.abs(), weights)?;
    Some(shares.into_iter().map(|share| share * amount.signum()).collect())
}

impl Pool {
    /// Changes the value of the units left of receipts by their share of a charge, never below 0;
    /// returns the change of the values. By the average method, any units of the product count as
    /// the received ones; by first in, first out the layers show which are left.
    pub fn charge(&mut self, charge: &ChargeShare) -> Values {
        let (before, units) = (self.values(), charge.units());
        self.average += clamp_change(share(charge.amount, units.min(self.quantity), units), (self.average, self.average));
        let weights: Vec<i64> = charge.receipts.iter().map(|(_, units)| *units).collect();
        // Receipts of one cost share a layer, which the oldest units leave first: the remaining
        // units are the newest's, and each unit belongs to one receipt.
        let mut free_units: Vec<i64> = self.layers.iter().map(|layer| layer.quantity).collect();
        let amounts = allocate_signed(charge.amount, &weights).unwrap_or_default();
        for (receipt, amount) in charge.receipts.iter().zip(amounts).rev() {
            self.charge_layers(*receipt, amount, &mut free_units);
        }
        let after = self.values();
        Values { average: after.average - before.average, fifo: after.fifo - before.fifo }
    }

    /// Changes the layers' values by a receipt's part of the charge. `free_units` are the units of each
    /// layer that belong to no newer receipt of the charge.
    fn charge_layers(&mut self, (seq, units): (i64, i64), amount: i64, free_units: &mut [i64]) {
        let mut remaining = units;
        let mut touched_layers: Vec<(usize, i64)> = Vec::new();
        for (index, (layer, free_units)) in self.layers.iter().zip(free_units.iter_mut()).enumerate().rev() {
            let layer_units = if has_units_of(layer, seq) { remaining.min(*free_units) } else { 0 };
            if layer_units > 0 {
                *free_units -= layer_units;
                remaining -= layer_units;
                touched_layers.push((index, layer_units));
            }
        }
        let (mut fifo_value, charged_units) = (self.values().fifo, units - remaining);
        let amount_due = share(amount, charged_units, units);
        let (mut running_units, mut applied) = (0, 0);
        for (index, layer_units) in touched_layers.into_iter().rev() {
            running_units += layer_units;
            let part = share(amount_due, running_units, charged_units) - applied;
            applied += part;
            let layer = &mut self.layers[index];
            let change = clamp_change(part, (layer.value, fifo_value));
            layer.value += change;
            fifo_value += change;
        }
    }
}

/// True if a layer has units that came with an event.
const fn has_units_of(layer: &Layer, seq: i64) -> bool {
    layer.from.seq <= seq && seq <= layer.last_seq
}

/// Limits a change so that the value stays at 0 or more, and its total within the range of exact
/// integers.
fn clamp_change(change: i64, (value, total_value): (i64, i64)) -> i64 {
    change.clamp(-value, (MAX_SAFE - total_value).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costing::core::PostingKey;

    fn pool(receipts: &[(i64, i64, i64)]) -> Pool {
        let mut pool = Pool::default();
        for (seq, units, value) in receipts {
            pool.receive(PostingKey { seq: *seq, line: 1 }, Timestamp(0), *units, Values::both(*value));
        }
        pool
    }

    #[test]
    fn what_is_left_is_worth_more_and_the_rest_is_a_cost_of_the_day() {
        // ORDERS, F6: a charge of 50.00 a month after a receipt of 10, of which 4 are left.
        let mut pool = pool(&[(1, 10, 1_000)]);
        pool.issue(6);
        let charge = ChargeShare { amount: 5_000, receipts: vec![(1, 10)] };
        let change = pool.charge(&charge);
        assert_eq!((change, charge.variance(change)), (Values::both(2_000), Values::both(3_000)));
        assert_eq!(pool.values(), Values::both(2_400));
    }

    #[test]
    fn the_average_takes_any_units_and_the_layers_only_their_own() {
        let mut pool = pool(&[(1, 10, 1_000), (2, 10, 3_000)]);
        pool.issue(10);
        let charge = ChargeShare { amount: 1_001, receipts: vec![(1, 10)] };
        let change = pool.charge(&charge);
        assert_eq!((change, charge.variance(change)), (Values { average: 1_001, fifo: 0 }, Values { average: 0, fifo: 1_001 }));
    }

    #[test]
    fn units_in_a_layer_of_several_receipts_are_charged_once() {
        // Both at one cost, so in one layer; 10 of 20 are left, which are the second receipt's.
        let mut pool = pool(&[(1, 10, 1_000), (2, 10, 1_000)]);
        pool.issue(10);
        let charge = ChargeShare { amount: 2_001, receipts: vec![(1, 10), (2, 10)] };
        let change = pool.charge(&charge);
        assert_eq!((pool.layers.len(), change), (1, Values { average: 1_001, fifo: 1_000 }));
        assert_eq!(pool.charge(&charge.negated()), change.negated());
        let all = ChargeShare { amount: 500, receipts: vec![(2, 10)] };
        assert_eq!(pool.charge(&all), Values::both(500));
    }

    #[test]
    fn a_credit_takes_no_more_than_there_is() {
        let mut pool = pool(&[(1, 3, 100)]);
        let charge = ChargeShare { amount: -250, receipts: vec![(1, 3)] };
        let change = pool.charge(&charge);
        assert_eq!((change, charge.variance(change)), (Values::both(-100), Values::both(-150)));
        assert_eq!(pool.values(), Values::default());
    }

    #[test]
    fn shares_of_either_sign_add_up() {
        assert_eq!(allocate_signed(1_000, &[1, 1, 1]), Some(vec![334, 333, 333]));
        assert_eq!(allocate_signed(-1_000, &[1, 1, 1]), Some(vec![-334, -333, -333]));
        assert_eq!(allocate_signed(5, &[0, 0]), None);
    }

    #[test]
    fn what_is_undone_leaves_every_layer_as_it_was() {
        let mut pool = pool(&[(1, 3, 1_000), (2, 7, 333), (3, 7, 333)]);
        pool.issue(1);
        let (before, worth) = (pool.clone(), pool.layer_values());
        let by = pool.charge(&ChargeShare { amount: 777, receipts: vec![(1, 3), (3, 7)] });
        assert_ne!(pool, before);
        assert_eq!((pool.restore(&worth), &pool), (by.negated(), &before));
    }
}
