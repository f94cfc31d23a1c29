//! The shape of a product's weeks in a store, in its stored form.

use forecast::intervals::{DayShape, DayShare};
use serde::{Deserialize, Serialize};

use super::rounding::milli;

/// Shares are stored to a hundred-thousandth.
const PARTS: f64 = 100_000.0;

/// Distribution of a product's sales over days, and of their sizes. Units are the product's
/// smallest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredShape {
    /// Mean units of a week, and the sum of the variances of its days.
    weekly: f64,
    variance: f64,
    /// Days with sales that the shape is based on, and their units over the mean of such days.
    sales: u32,
    sizes: Vec<f64>,
    /// Probability of a sale on a day.
    sold: f64,
    /// Shares of mean and variance, and probability of a sale, of each weekday, Monday first.
    /// `None` if all are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<[[f64; 3]; 7]>,
}

impl From<&DayShape> for StoredShape {
    fn from(shape: &DayShape) -> Self {
        let rounded = |share: f64| (share * PARTS).round() / PARTS;
        let sold_share = shape.days.iter().map(|day| day.sold).sum::<f64>() / shape.days.len() as f64;
        Self {
            weekly: milli(shape.weekly),
            variance: milli(shape.variance),
            sales: shape.sales,
            sizes: shape.sizes.iter().map(|size| milli(f64::from(*size))).collect(),
            sold: rounded(sold_share),
            days: (!shape.is_even).then(|| shape.days.map(|day| [day.mean, day.spread, day.sold].map(rounded))),
        }
    }
}

impl From<&StoredShape> for DayShape {
    fn from(stored: &StoredShape) -> Self {
        let day = |[mean, spread, sold]: [f64; 3]| DayShare { mean, spread, sold };
        Self {
            days: stored.days.map_or([DayShare::even(stored.sold); 7], |days| days.map(day)),
            weekly: stored.weekly,
            variance: stored.variance,
            sizes: stored.sizes.iter().map(|size| *size as f32).collect(),
            sales: stored.sales,
            is_even: stored.days.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use forecast::intervals::DayTally;

    use super::*;

    /// Returns the shape of thirty weeks, the same after storing and reading it, and its stored
    /// text.
    fn kept(week: impl Fn(u32) -> [f64; 7]) -> (DayShape, DayShape, String) {
        let mut tally = DayTally::default();
        (0..30).for_each(|nth| tally.add(&week(nth)));
        let shape = tally.shape(30).unwrap();
        let text = serde_json::to_string(&StoredShape::from(&shape)).unwrap();
        let read: StoredShape = serde_json::from_str(&text).unwrap();
        (DayShape::from(&read), shape, text)
    }

    #[test]
    fn a_shape_is_read_as_it_was_kept() {
        for (is_even, units) in [(true, [3.0, 3.0, 3.0, 4.0, 3.0, 3.0, 3.0]), (false, [1.0, 1.0, 2.0, 1.0, 9.0, 30.0, 0.0])] {
            let (read, shape, text) = kept(|week| units.map(|units| units * f64::from(1 + week % 4)));
            assert_eq!((read.is_even, shape.is_even, read.sales), (is_even, is_even, shape.sales), "{text}");
            let near = |one: f64, other: f64| (one - other).abs() < 0.001;
            assert!(near(read.weekly, shape.weekly) && near(read.variance, shape.variance), "{text}");
            for (read, shape) in read.days.iter().zip(&shape.days) {
                assert!(near(read.mean, shape.mean) && near(read.spread, shape.spread) && near(read.sold, shape.sold), "{text}");
            }
            assert!(read.sizes.iter().zip(&shape.sizes).all(|(one, other)| (one - other).abs() < 0.001), "{text}");
            assert!(read.sizes.len() == shape.sizes.len() && text.len() < 600, "{text}");
        }
    }
}
