//! All units of a product, in stores and in transit, and their value by both costing methods.
//!
//! Values are whole minor units and never drift: units that leave take their rounded share, the
//! last unit takes the rest (vectors `moving_average_cost`, `fifo_cost`).

use std::collections::VecDeque;

use entity::{
    prelude::{CostingMethod, Timestamp},
    quantity::MAX_SAFE,
};
use serde::{Deserialize, Serialize};

/// Key of a posting: its event, and the line of the movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostingKey {
    pub seq: i64,
    pub line: u16,
}

/// An amount by both costing methods, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values {
    pub average: i64,
    pub fifo: i64,
}

impl Values {
    /// Returns `minor` for both methods.
    pub const fn both(minor: i64) -> Self {
        Self { average: minor, fifo: minor }
    }
    /// Returns the amount by this costing method.
    pub const fn by(self, method: CostingMethod) -> i64 {
        match method {
            CostingMethod::Fifo => self.fifo,
            CostingMethod::MovingAverage => self.average,
        }
    }
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { average: -self.average, fifo: -self.fifo }
    }
    /// Returns the share of these values that `part` of `whole` units have.
    #[must_use]
    pub fn share(self, part: i64, whole: i64) -> Self {
        Self { average: share(self.average, part, whole), fifo: share(self.fifo, part, whole) }
    }
}

/// Returns `value × part ÷ whole`, rounded half away from zero: 0 if `whole` is 0, and `value` if
/// `part` is `whole`.
pub fn share(value: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let product = i128::from(value) * i128::from(part);
    let (whole, sign) = (i128::from(whole), if (product < 0) == (whole < 0) { 1 } else { -1 });
    let rounded = sign * ((product.abs() + whole.abs() / 2) / whole.abs());
    i64::try_from(rounded).unwrap_or(if rounded < 0 { -MAX_SAFE } else { MAX_SAFE })
}

/// Returns the value of `quantity` smallest units at a cost of one whole unit, clamped to the range
/// of exact numbers (`MAX_SAFE`).
pub fn value_at_cost(unit_cost: i64, quantity: i64, decimals: u8) -> i64 {
    share(unit_cost, quantity, 10i64.pow(u32::from(decimals))).clamp(-MAX_SAFE, MAX_SAFE)
}

/// True if the units' value is within the range of exact integers.
pub fn is_value_in_range(unit_cost: i64, quantity: i64, decimals: u8) -> bool {
    i128::from(unit_cost) * i128::from(quantity) <= i128::from(MAX_SAFE) * 10i128.pow(u32::from(decimals))
}

/// Units received at one cost. Adjacent layers of the same cost are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub from: PostingKey,
    /// The event of the last posting that it holds.
    pub last_seq: i64,
    /// Time at which the first of its units came in.
    pub received_at: Timestamp,
    pub quantity: i64,
    pub value: i64,
}

impl Layer {
    fn has_same_unit_cost(&self, quantity: i64, value: i64) -> bool {
        i128::from(self.value) * i128::from(quantity) == i128::from(value) * i128::from(self.quantity)
    }
    fn take_units(&mut self, quantity: i64) -> i64 {
        let value = if quantity == self.quantity { self.value } else { share(self.value, quantity, self.quantity) };
        self.quantity -= quantity;
        self.value -= value;
        value
    }
}

/// All units of a product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// In smallest units, never below 0.
    pub quantity: i64,
    /// Value of the units by the moving average.
    pub average: i64,
    /// Oldest first; they sum to the quantity.
    pub layers: VecDeque<Layer>,
}

/// Value of a product's units before they were revalued, layer by layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorthBefore {
    pub average: i64,
    pub layers: Vec<i64>,
}

impl Pool {
    pub fn values(&self) -> Values {
        Values { average: self.average, fifo: self.layers.iter().map(|layer| layer.value).sum() }
    }

    /// Adds units; returns the values added, which are less than `values` only where the total
    /// would exceed the range of exact integers.
    pub fn receive(&mut self, posting_key: PostingKey, at: Timestamp, quantity: i64, values: Values) -> Values {
        let current = self.values();
        let capped = |current: i64, addition: i64| addition.clamp(0, MAX_SAFE - current);
        let added = Values { average: capped(current.average, values.average), fifo: capped(current.fifo, values.fifo) };
        self.quantity += quantity;
        self.average += added.average;
        match self.layers.back_mut() {
            Some(last) if last.has_same_unit_cost(quantity, added.fifo) => {
                last.quantity += quantity;
                last.value += added.fifo;
                last.last_seq = posting_key.seq;
            }
            _ => self.layers.push_back(Layer {
                from: posting_key,
                last_seq: posting_key.seq,
                received_at: at,
                quantity,
                value: added.fifo,
            }),
        }
        added
    }

    /// Removes units, the oldest first, at most all of them; returns the values that they take.
    pub fn issue(&mut self, quantity: i64) -> Values {
        let quantity = quantity.min(self.quantity);
        let average = if quantity == self.quantity { self.average } else { share(self.average, quantity, self.quantity) };
        let fifo = self.take_layers(quantity);
        self.quantity -= quantity;
        self.average -= average;
        Values { average, fifo }
    }

    /// Removes units of a reversed receipt with the value that they brought, from the layer that
    /// holds them. Units that are no longer in it are taken like any other units.
    pub fn reverse_receipt(&mut self, quantity: i64, seq: i64, receipt_average: i64) -> Values {
        let quantity = quantity.min(self.quantity);
        let is_all = quantity == self.quantity;
        let average = if is_all { self.average } else { receipt_average.clamp(0, self.average) };
        let mut fifo = 0;
        let mut remaining = quantity;
        for layer in self.layers.iter_mut().filter(|layer| layer.from.seq <= seq && seq <= layer.last_seq) {
            let layer_units = remaining.min(layer.quantity);
            fifo += layer.take_units(layer_units);
            remaining -= layer_units;
        }
        self.layers.retain(|layer| layer.quantity > 0);
        fifo += self.take_layers(remaining);
        self.quantity -= quantity;
        self.average -= average;
        Values { average, fifo }
    }

    fn take_layers(&mut self, quantity: i64) -> i64 {
        let (mut remaining, mut value) = (quantity, 0);
        while remaining > 0 {
            let Some(layer) = self.layers.front_mut() else { break };
            let layer_units = remaining.min(layer.quantity);
            value += layer.take_units(layer_units);
            remaining -= layer_units;
            if layer.quantity == 0 {
                self.layers.pop_front();
            }
        }
        value
    }

    /// Returns the value of its units, layer by layer.
    pub fn layer_values(&self) -> WorthBefore {
        WorthBefore { average: self.average, layers: self.layers.iter().map(|layer| layer.value).collect() }
    }

    /// Restores the value from before a revaluation, of units that have not changed since; returns
    /// the change of the values.
    pub fn restore(&mut self, worth_before: &WorthBefore) -> Values {
        let before = self.values();
        self.average = worth_before.average;
        for (layer, value) in self.layers.iter_mut().zip(&worth_before.layers) {
            layer.value = *value;
        }
        let after = self.values();
        Values { average: after.average - before.average, fifo: after.fifo - before.fifo }
    }

    /// Sets the value of a whole unit; returns the change of the values.
    pub fn revalue(&mut self, unit_cost: i64, decimals: u8) -> Values {
        let before = self.values();
        self.average = value_at_cost(unit_cost, self.quantity, decimals);
        // The layers' values sum to the total: each has the difference between the running totals
        // after and before it.
        let (mut units, mut previous_total) = (0, 0);
        for layer in &mut self.layers {
            units += layer.quantity;
            let running_total = value_at_cost(unit_cost, units, decimals);
            layer.value = running_total - previous_total;
            previous_total = running_total;
        }
        let after = self.values();
        Values { average: after.average - before.average, fifo: after.fifo - before.fifo }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const AT: Timestamp = Timestamp(0);

    fn vectors(metric: &str) -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/inventory-vectors.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has {path}");
            eprintln!("SKIPPED: {path} is not there");
            return Vec::new();
        };
        let all: Value = serde_json::from_str(&text).unwrap();
        all["vectors"].as_array().unwrap().iter().filter(|v| v["metric"] == metric).cloned().collect()
    }

    /// Runs the events of a vector; calls `after` with the values that each issue took.
    fn run(pool: &mut Pool, events: &Value, mut after: impl FnMut(&Pool, usize, Option<Values>)) {
        for (index, event) in events.as_array().unwrap().iter().enumerate() {
            let quantity = event["qty"].as_i64().unwrap();
            let taken = if event["type"] == "receipt" {
                let posting_key = PostingKey { seq: index as i64 + 1, line: 1 };
                pool.receive(
                    posting_key,
                    AT,
                    quantity,
                    Values::both(value_at_cost(event["unit_cost"].as_i64().unwrap(), quantity, 0)),
                );
                None
            } else {
                Some(pool.issue(quantity))
            };
            after(pool, index, taken);
        }
    }

    #[test]
    fn a_moving_average_is_what_the_vectors_say() {
        for vector in vectors("moving_average_cost") {
            let states = &vector["expected"]["states"];
            run(&mut Pool::default(), &vector["input"]["events"], |pool, index, taken| {
                let state = &states[index];
                assert_eq!(pool.quantity, state["quantity"].as_i64().unwrap(), "{}", vector["id"]);
                assert_eq!(pool.average, state["value"].as_i64().unwrap(), "{}", vector["id"]);
                assert_eq!(taken.map(|v| v.average), state["issue_cost"].as_i64(), "{}", vector["id"]);
                if let Some(average) = state["average"].as_f64() {
                    assert!((pool.average as f64 / pool.quantity as f64 - average).abs() < 1e-6, "{}", vector["id"]);
                }
            });
        }
    }

    #[test]
    fn first_in_first_out_is_what_the_vectors_say() {
        for vector in vectors("fifo_cost") {
            let mut pool = Pool::default();
            run(&mut pool, &vector["input"]["events"], |_, index, taken| {
                assert_eq!(taken.map(|v| v.fifo), vector["expected"]["issue_costs"][index].as_i64(), "{}", vector["id"]);
            });
            assert_eq!(pool.values().fifo, vector["expected"]["value"].as_i64().unwrap());
            let layers = vector["expected"]["layers"].as_array().unwrap();
            assert_eq!(pool.layers.len(), layers.len());
            for (layer, expected) in pool.layers.iter().zip(layers) {
                assert_eq!(layer.quantity, expected["qty"].as_i64().unwrap());
                assert_eq!(layer.value, layer.quantity * expected["unit_cost"].as_i64().unwrap());
            }
        }
    }

    #[test]
    fn what_came_by_mistake_goes_with_what_it_brought() {
        let mut pool = Pool::default();
        let posting_key = |seq| PostingKey { seq, line: 1 };
        pool.receive(posting_key(1), AT, 10, Values::both(1_000));
        pool.receive(posting_key(2), AT, 10, Values::both(10_000));
        assert_eq!(pool.reverse_receipt(10, 2, 10_000), Values::both(10_000));
        assert_eq!(pool.values(), Values::both(1_000));
        // Most units of this receipt have left since: no more is taken than the pool still holds.
        pool.receive(posting_key(3), AT, 5, Values::both(50_000));
        pool.issue(14);
        let gone = pool.reverse_receipt(5, 3, 50_000);
        assert_eq!((pool.quantity, pool.values()), (0, Values::default()), "{gone:?}");
    }

    #[test]
    fn a_revaluation_that_is_undone_leaves_every_layer_as_it_was() {
        let mut pool = Pool::default();
        let posting_key = |seq| PostingKey { seq, line: 1 };
        pool.receive(posting_key(1), AT, 3, Values::both(1_000));
        pool.receive(posting_key(2), AT, 7, Values::both(333));
        pool.issue(1);
        let (before, worth) = (pool.clone(), pool.layer_values());
        let by = pool.revalue(150, 0);
        assert_ne!(pool, before);
        assert_eq!((pool.restore(&worth), &pool), (by.negated(), &before));
    }

    #[test]
    fn shares_are_rounded_half_away_from_zero() {
        assert_eq!(share(5, 1, 2), 3);
        assert_eq!(share(-5, 1, 2), -3);
        assert_eq!(share(603, 1, 6), 101);
        assert_eq!(share(7, 3, 0), 0);
        assert_eq!(value_at_cost(99, 1_500, 3), 149);
        assert_eq!(value_at_cost(MAX_SAFE, MAX_SAFE, 0), MAX_SAFE);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Receive(i64, i64),
        Issue(i64),
        GiveBack(i64, i64),
        Revalue(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1..1_000i64, 0..100_000i64).prop_map(|(q, v)| Step::Receive(q, v)),
            (1..1_500i64).prop_map(Step::Issue),
            (1..500i64, 0..60i64).prop_map(|(q, seq)| Step::GiveBack(q, seq)),
            (0..5_000i64).prop_map(Step::Revalue),
        ];
        proptest::collection::vec(step, 1..60)
    }

    proptest! {
        /// Invariants of any sequence of steps: no value is negative, zero units have no value, and
        /// the layers sum to the pool.
        #[test]
        fn a_pool_always_adds_up(steps in steps()) {
            let mut pool = Pool::default();
            let (mut quantity, mut values) = (0, Values::default());
            for (index, step) in steps.into_iter().enumerate() {
                let (units, by) = match step {
                    Step::Receive(q, v) => {
                        (q, pool.receive(PostingKey { seq: index as i64, line: 1 }, AT, q, Values { average: v, fifo: v / 2 }))
                    }
                    Step::Issue(q) => (-q.min(pool.quantity), pool.issue(q).negated()),
                    Step::GiveBack(q, seq) => (-q.min(pool.quantity), pool.reverse_receipt(q, seq, q * 40).negated()),
                    Step::Revalue(cost) => (0, pool.revalue(cost, 1)),
                };
                quantity += units;
                values = Values { average: values.average + by.average, fifo: values.fifo + by.fifo };
                prop_assert_eq!(pool.quantity, quantity);
                prop_assert_eq!(pool.values(), values);
                prop_assert_eq!(pool.layers.iter().map(|l| l.quantity).sum::<i64>(), quantity);
                prop_assert!(pool.layers.iter().all(|l| l.quantity > 0 && l.value >= 0) && pool.average >= 0);
                prop_assert!(quantity > 0 || values == Values::default());
            }
        }
    }
}
