//! Prices of operations, where the schema names none. A point is about the total cost for the
//! server of one row found by its id; `@cost` and `@listSize` in the SDL state higher and lower
//! prices.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_graphql::Value;

/// Thousandths of a point.
pub type Millis = u64;

/// A field of `Query`.
pub const QUERY: Millis = 1_000;
/// A field of `Mutation`: a transaction that is on disk before it is answered.
pub const MUTATION: Millis = 10_000;
/// A field of `Subscription`: a snapshot, and a place among the followers. Its events cost nothing: their number is not the caller's choice.
pub const SUBSCRIPTION: Millis = 10_000;
/// An object that has an id, and so is a row of its own. Objects without one are parts of a row.
pub const ROW: Millis = 100;
/// A line of a mutation's input.
pub const LINE: Millis = 100;
/// A field or an object of an answer about the schema, which is counted when it is written: `graphql/introspection.rs`.
pub const INTROSPECTED: Millis = 1;
/// Number of items that a list is assumed to return by default.
pub const ASSUMED: u32 = 10;
/// The largest number that a slicing argument counts for: resolvers refuse larger ones anyway, with
/// a clearer message.
pub const MAX: u32 = 1_000;

/// Points that were charged for work that turned out to be unnecessary, to be refunded. In the data
/// of each query.
#[derive(Debug, Clone, Default)]
pub struct UnusedPoints(Arc<AtomicU32>);

impl UnusedPoints {
    pub fn add(&self, points: u32) {
        self.0.fetch_add(points, Ordering::Relaxed);
    }

    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whole points, rounded up: at least one, since every operation is parsed and answered.
pub fn points(millis: Millis) -> u32 {
    u32::try_from(millis.div_ceil(1_000).max(1)).unwrap_or(u32::MAX)
}

/// A weight as the SDL writes it: `"10"`, `"0.05"`.
pub fn parse(weight: &str) -> Option<Millis> {
    let points: f64 = weight.parse().ok().filter(|points: &f64| points.is_finite() && *points >= 0.0)?;
    Some((points * 1_000.0).round() as Millis)
}

/// A number that may be a size.
pub fn parse_size(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_i64().map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX).min(MAX)),
        _ => None,
    }
}

/// A number, or the length of a list.
pub fn size(value: &Value) -> Option<u32> {
    match value {
        Value::List(items) => Some(u32::try_from(items.len()).unwrap_or(u32::MAX).min(MAX)),
        other => parse_size(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_to_a_thousandth() {
        for (text, millis) in
            [("10", Some(10_000)), ("0.05", Some(50)), ("0", Some(0)), ("-1", None), ("NaN", None), ("ten", None)]
        {
            assert_eq!(parse(text), millis, "{text}");
        }
    }

    #[test]
    fn points_are_whole_and_never_nothing() {
        assert_eq!([0, 1, 1_000, 1_001, u64::MAX].map(points), [1, 1, 1, 2, u32::MAX]);
    }

    #[test]
    fn a_size_is_a_number_or_a_length() {
        let list = Value::List(vec![Value::Null; 3]);
        let cases =
            [(Value::from(50), Some(50)), (Value::from(-5), Some(0)), (Value::from(i64::MAX), Some(MAX)), (list, Some(3))];
        for (value, expected) in cases {
            assert_eq!(size(&value), expected, "{value}");
        }
        assert_eq!(size(&Value::Null), None);
    }
}
