//! Tests of lines of plans, of replenishment and of liquidation alike: as SQL of lines that are kept under the alias `l`, and in memory for those of a dry
//! run.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::catalog::rows::{
    Clause,
    conditions::null_test,
    filter::Filter,
    page::{ProductCondition, ResolvedFilter},
};
use platform::storage::{Fault, Reads, Row};

/// A range of whole numbers, inclusive; None for no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberRange {
    pub least: Option<i64>,
    pub most: Option<i64>,
    /// Whether the number has to be missing; None for either.
    pub is_null: Option<bool>,
}

impl NumberRange {
    /// No line has a number among them.
    pub const NONE: Self = Self { least: Some(1), most: Some(0), is_null: None };

    /// Whether a number passes, as in SQL: a missing number is within no bound.
    pub fn has(self, number: Option<i64>) -> bool {
        self.is_null.is_none_or(|is_null| is_null == number.is_none())
            && self.least.is_none_or(|minimum| number.is_some_and(|number| number >= minimum))
            && self.most.is_none_or(|maximum| number.is_some_and(|number| number <= maximum))
    }

    /// Adds the condition that a column passes; begins with ` AND ` unless it is empty.
    pub fn push_to(self, clause: &mut Clause, column: &str) {
        if let Some(is_null) = self.is_null {
            clause.push(&format!(" AND {}", null_test(column, is_null)));
        }
        for (bound, operator) in [(self.least, ">="), (self.most, "<=")] {
            if let Some(bound) = bound {
                let mark = clause.bind(bound);
                clause.push(&format!(" AND {column} {operator} {mark}"));
            }
        }
    }
}

/// A share as a whole number of millionths, which is how closely shares are shown.
pub fn millionths(share: f64) -> i64 {
    (share * 1_000_000.0).round() as i64
}

/// Whether a value is in a list; None is in no list, and every value passes without a list.
pub fn is_in_list<T: PartialEq>(list: Option<&[T]>, value: Option<T>) -> bool {
    list.is_none_or(|list| value.is_some_and(|value| list.contains(&value)))
}

/// Adds the condition that a column is one of these IDs; begins with ` AND ` if there is a list.
pub fn push_ids<K>(clause: &mut Clause, column: &str, ids: Option<&[Id<K>]>) {
    let Some(ids) = ids else { return };
    let backend = clause.backend();
    let number = clause.number(backend.ids(ids.iter().copied()));
    clause.push(&format!(" AND {}", backend.in_ids(column, number)));
}

/// Adds the condition that a column is one of these texts.
pub fn push_texts<'a>(clause: &mut Clause, column: &str, texts: Option<impl IntoIterator<Item = &'a str>>) {
    let Some(texts) = texts else { return };
    let backend = clause.backend();
    let number = clause.number(backend.texts(texts));
    clause.push(&format!(" AND {}", backend.in_texts(column, number)));
}

/// Condition on the products of lines, by their catalogue fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PlanProducts {
    /// No condition: all products.
    #[default]
    All,
    /// A condition that `resolve_products` resolves in the catalogue. No line passes before that.
    Asked(Box<Filter>),
    /// The plan's products that pass.
    Found(BTreeSet<ProductId>),
}

impl PlanProducts {
    pub fn has(&self, product: ProductId) -> bool {
        match self {
            Self::All => true,
            Self::Asked(_) => false,
            Self::Found(products) => products.contains(&product),
        }
    }

    /// Adds the condition that a line's product is one of them; begins with ` AND ` unless it is
    /// empty.
    pub fn push_to(&self, clause: &mut Clause) {
        match self {
            Self::All => {}
            Self::Asked(_) => clause.push(" AND FALSE"),
            Self::Found(products) => {
                let backend = clause.backend();
                let number = clause.number(backend.ids(products.iter().copied()));
                clause.push(&format!(" AND {}", backend.in_ids("l.product_id", number)));
            }
        }
    }

    pub const fn is_unresolved(&self) -> bool {
        matches!(self, Self::Asked(_))
    }
}

/// Looks up in the catalogue which products of a plan pass: one statement for each part, and those
/// of its search. Returns whether a search may have found only some.
pub async fn resolve_products(
    reads: &impl Reads,
    parts: Vec<&mut PlanProducts>,
    plan_products: &BTreeSet<ProductId>,
) -> Result<bool, Fault> {
    let (backend, mut is_vague) = (reads.backend(), false);
    for part in parts {
        let PlanProducts::Asked(filter) = &*part else { continue };
        let resolved_filter = ResolvedFilter::resolve(reads, (**filter).clone()).await?;
        let ProductCondition { sql, mut values } = resolved_filter.condition();
        values.push(backend.ids(plan_products.iter().copied()));
        let plan_condition = backend.in_ids("p.id", values.len() + 1);
        let sql = format!("SELECT p.id FROM product p WHERE p.tenant_id = $1{sql} AND {plan_condition}");
        let rows = reads.rows(&sql, values).await?;
        *part = PlanProducts::Found(rows.iter().map(Row::scalar).collect::<Result<_, Fault>>()?);
        is_vague |= resolved_filter.is_vague;
    }
    Ok(is_vague)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_missing_is_within_no_bound() {
        let days = |least, most, is_null| NumberRange { least, most, is_null };
        assert!(days(Some(3), Some(7), None).has(Some(7)) && !days(Some(3), Some(7), None).has(Some(8)));
        assert!(!days(Some(3), None, None).has(None) && !days(None, Some(7), None).has(None));
        assert!(days(None, None, None).has(None) && days(None, None, Some(true)).has(None));
        assert!(!days(None, None, Some(false)).has(None) && !days(Some(3), None, Some(true)).has(Some(5)));
        assert!(![None, Some(0), Some(1)].into_iter().any(|number| NumberRange::NONE.has(number)));
    }

    #[test]
    fn shares_are_compared_as_they_are_shown() {
        assert_eq!([0.8, 0.800_000_4, 0.799_999_6].map(millionths), [800_000; 3]);
    }

    #[test]
    fn products_that_nobody_looked_up_are_none() {
        let product = ProductId::NIL;
        assert!(PlanProducts::All.has(product) && PlanProducts::Found(BTreeSet::from([product])).has(product));
        assert!(!PlanProducts::Asked(Box::default()).has(product) && !PlanProducts::Found(BTreeSet::new()).has(product));
    }
}
