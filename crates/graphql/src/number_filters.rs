//! Ranges of numbers that lists are filtered with. A bound that is null counts as absent.

use async_graphql::InputObject;

/// Range of whole numbers. Rows without a number match `isNull: true` alone.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IntFilter {
    /// Number that matches. Null for any.
    pub eq: Option<i32>,
    /// Lower bound, included. Null for none.
    pub gte: Option<i32>,
    /// Upper bound, included. Null for none.
    pub lte: Option<i32>,
    /// True for rows without a number, false for rows with one, null for both.
    pub is_null: Option<bool>,
}

/// Range of numbers, compared to six decimals. Rows without a number match `isNull: true` alone.
#[derive(Debug, Clone, Default, InputObject)]
pub struct FloatFilter {
    /// Lower bound, included. Null for none.
    pub gte: Option<f64>,
    /// Upper bound, included. Null for none.
    pub lte: Option<f64>,
    /// True for rows without a number, false for rows with one, null for both.
    pub is_null: Option<bool>,
}

impl IntFilter {
    /// The least and the greatest number that match.
    pub fn range(&self) -> (Option<i32>, Option<i32>) {
        let (lower_bounds, upper_bounds) = ([self.eq, self.gte], [self.eq, self.lte]);
        (lower_bounds.into_iter().flatten().max(), upper_bounds.into_iter().flatten().min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_bounds_beside_it_all_hold() {
        let range = |eq, gte, lte| IntFilter { eq, gte, lte, is_null: None }.range();
        assert_eq!(range(Some(7), Some(3), Some(9)), (Some(7), Some(7)));
        assert_eq!(range(Some(7), Some(8), None), (Some(8), Some(7)), "nothing lies in it");
        assert_eq!(range(None, None, None), (None, None));
    }
}
