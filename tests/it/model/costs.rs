//! Expected value of stock, as `docs/costing.md` says: by the moving average and first in, first
//! out.

use std::collections::VecDeque;

/// A share of a value, rounded half away from zero.
fn share(value: i64, part: i64, whole: i64) -> i64 {
    let twice = 2 * i128::from(value) * i128::from(part) + i128::from(whole);
    (twice.div_euclid(2 * i128::from(whole))) as i64
}

/// Units and their value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worth {
    pub units: i64,
    pub average: i64,
    pub fifo: i64,
    /// Part of the units left while the model did not know their value: by the average, by layers.
    pub is_unsure: (bool, bool),
}

impl Worth {
    pub fn plus(self, more: Self) -> Self {
        Self {
            units: self.units + more.units,
            average: self.average + more.average,
            fifo: self.fifo + more.fifo,
            is_unsure: (self.is_unsure.0 || more.is_unsure.0, self.is_unsure.1 || more.is_unsure.1),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Pool {
    pub units: i64,
    pub average: i64,
    pub layers: VecDeque<(i64, i64)>,
    /// Whether the documentation defines the value after all commands so far.
    pub knows_average: bool,
    pub knows_layers: bool,
    pub revalued: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { units: 0, average: 0, layers: VecDeque::new(), knows_average: true, knows_layers: true, revalued: 0 }
    }
}

impl Pool {
    pub fn fifo(&self) -> i64 {
        self.layers.iter().map(|layer| layer.1).sum()
    }
    pub fn bring(&mut self, worth: Worth) {
        self.units += worth.units;
        self.average += worth.average;
        // Adjacent layers of the same cost are merged.
        match self.layers.back_mut() {
            Some(last) if last.1 * worth.units == worth.fifo * last.0 => *last = (last.0 + worth.units, last.1 + worth.fifo),
            _ => self.layers.push_back((worth.units, worth.fifo)),
        }
        self.knows_average &= !worth.is_unsure.0;
        self.knows_layers &= !worth.is_unsure.1;
    }
    pub fn receive(&mut self, units: i64, each: i64) -> Worth {
        let worth = Worth { units, average: units * each, fifo: units * each, is_unsure: (false, false) };
        self.bring(worth);
        worth
    }
    pub fn take(&mut self, units: i64) -> Worth {
        if self.units < units || self.units <= 0 {
            self.forget();
            self.units -= units;
            return Worth { units, is_unsure: (true, true), ..Worth::default() };
        }
        let is_unsure = (!self.knows_average, !self.knows_layers);
        let average = share(self.average, units, self.units);
        let (mut left, mut fifo) = (units, 0);
        while left > 0 && self.knows_layers {
            let Some(layer) = self.layers.front_mut() else { break };
            let some = left.min(layer.0);
            let value = share(layer.1, some, layer.0);
            *layer = (layer.0 - some, layer.1 - value);
            (left, fifo) = (left - some, fifo + value);
            if layer.0 == 0 {
                self.layers.pop_front();
            }
        }
        self.units -= units;
        self.average -= average;
        Worth { units, average, fifo, is_unsure }
    }
    /// Takes the units of each line of a movement in sequence: each line is rounded separately.
    pub fn take_each(&mut self, parts: impl IntoIterator<Item = i64>) -> Worth {
        parts.into_iter().fold(Worth::default(), |sum, units| sum.plus(self.take(units)))
    }
    /// Marks the value as undefined by the documentation.
    pub fn forget(&mut self) {
        (self.knows_average, self.knows_layers) = (false, false);
    }
    /// Sets the value of a unit; the value of the pool is known again.
    pub fn revalue(&mut self, each: i64) {
        self.average = self.units * each;
        self.layers = VecDeque::from([(self.units, self.units * each)]);
        (self.knows_average, self.knows_layers) = (true, true);
        self.revalued += 1;
    }
}

/// Returns the value of units that an order returns, and subtracts it from the value that the order
/// took of the product.
pub fn give_back(taken: &mut Worth, units: i64) -> Worth {
    if taken.units < units {
        return Worth { units, is_unsure: (true, true), ..Worth::default() };
    }
    let of = |value| share(value, units, taken.units);
    let worth = Worth { units, average: of(taken.average), fifo: of(taken.fifo), is_unsure: taken.is_unsure };
    taken.units -= worth.units;
    taken.average -= worth.average;
    taken.fifo -= worth.fifo;
    worth
}
