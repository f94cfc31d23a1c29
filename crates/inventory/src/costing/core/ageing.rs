//! Age of the units in FIFO layers.

use entity::prelude::Timestamp;

/// Number of age bands.
pub const AGE_BANDS: usize = 6;
/// The last day of each span but the last, which is open: 0–30, 31–60, 61–90, 91–180, 181–365 and more.
pub const AGE_BAND_DAYS: [i32; AGE_BANDS - 1] = [30, 60, 90, 180, 365];

/// Sums by age, the youngest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgeSums {
    pub quantities: [i128; AGE_BANDS],
    pub values: [i128; AGE_BANDS],
    /// Time at which the oldest unit came in; None without one.
    pub oldest: Option<Timestamp>,
}

impl AgeSums {
    pub fn quantity(&self) -> i128 {
        self.quantities.iter().sum()
    }
    pub fn value(&self) -> i128 {
        self.values.iter().sum()
    }
    /// Adds units with their time of receipt. `band_starts` has, for each age but the last, the earliest
    /// time of receipt of its units.
    pub fn add(&mut self, piece: &Piece, band_starts: &[Timestamp; AGE_BANDS - 1]) {
        let age = band_starts.iter().position(|earliest| piece.received_at >= *earliest).unwrap_or(AGE_BANDS - 1);
        self.quantities[age] += i128::from(piece.quantity);
        self.values[age] += i128::from(piece.value);
        self.oldest = Some(self.oldest.map_or(piece.received_at, |oldest| oldest.min(piece.received_at)));
    }
    /// Adds the sums of others.
    pub fn join(&mut self, other: &Self) {
        for age in 0..AGE_BANDS {
            self.quantities[age] += other.quantities[age];
            self.values[age] += other.values[age];
        }
        self.oldest = [self.oldest, other.oldest].into_iter().flatten().min();
    }
}

/// Units of a layer that came together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub received_at: Timestamp,
    pub quantity: i64,
    pub value: i64,
}

/// Splits a layer by the receipts that formed it. Adjacent layers of the same cost are one, whose
/// oldest units leave first: the remaining units came last. `arrivals` are the receipts that joined
/// it, the newest first; units that none of them explains came with its first.
pub fn split_layer(layer: Piece, arrivals: &[(Timestamp, i64)]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut taken_quantity = 0;
    let arrivals = arrivals.iter().copied().chain([(layer.received_at, i64::MAX)]);
    for (received_at, arrived_quantity) in arrivals {
        let quantity = arrived_quantity.min(layer.quantity - taken_quantity);
        if quantity > 0 {
            // Shares of the running sum, so that all of them sum to the layer's value.
            let value_of_first = |units: i64| i128::from(layer.value) * i128::from(units) / i128::from(layer.quantity);
            let value = (value_of_first(taken_quantity + quantity) - value_of_first(taken_quantity)) as i64;
            taken_quantity += quantity;
            pieces.push(Piece { received_at, quantity, value });
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(at: i64, quantity: i64, value: i64) -> Piece {
        Piece { received_at: Timestamp(at), quantity, value }
    }

    #[test]
    fn what_is_left_of_a_layer_came_last() {
        let arrivals = [(Timestamp(9), 4), (Timestamp(5), 4), (Timestamp(1), 4)];
        assert_eq!(split_layer(piece(1, 10, 101), &arrivals), [piece(9, 4, 40), piece(5, 4, 40), piece(1, 2, 21)]);
        assert_eq!(split_layer(piece(1, 3, 10), &arrivals), [piece(9, 3, 10)]);
        assert_eq!(split_layer(piece(1, 3, 10), &[]), [piece(1, 3, 10)], "one that nothing joined");
        assert_eq!(split_layer(piece(1, 20, 7), &arrivals).iter().map(|one| one.value).sum::<i64>(), 7);
    }

    #[test]
    fn ages_are_told_apart_by_their_first_moment() {
        let since = [30, 20, 15, 10, 5].map(Timestamp);
        let mut sums = AgeSums::default();
        for at in [30, 29, 20, 9, 5, 4, 31] {
            sums.add(&piece(at, 1, 10), &since);
        }
        assert_eq!((sums.quantities, sums.oldest), ([2, 2, 0, 0, 2, 1], Some(Timestamp(4))));
        assert_eq!((sums.quantity(), sums.value()), (7, 70));
    }
}
