//! Nested conditions: `and`, `or` and `not` of filters.

use sea_orm::Value;

/// A condition of a list with nested ones, all of which must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested<T> {
    pub own: T,
    /// Each must hold.
    pub and: Vec<Self>,
    /// One must hold; an empty list matches nothing.
    pub or: Option<Vec<Self>>,
    /// Must not hold.
    pub not: Option<Box<Self>>,
}

impl<T> Nested<T> {
    /// A condition without others inside.
    pub const fn plain(condition: T) -> Self {
        Self { own: condition, and: Vec::new(), or: None, not: None }
    }

    /// Whether there are no nested conditions.
    pub fn is_plain(&self) -> bool {
        self.and.is_empty() && self.or.is_none() && self.not.is_none()
    }

    /// Evaluates the condition like the SQL does for a row, with `own` as the result of each part.
    pub fn holds(&self, own: &impl Fn(&T) -> bool) -> bool {
        own(&self.own)
            && self.and.iter().all(|part| part.holds(own))
            && self.or.as_ref().is_none_or(|parts| parts.iter().any(|part| part.holds(own)))
            && self.not.as_ref().is_none_or(|part| !part.holds(own))
    }

    /// Returns the condition itself and all nested ones.
    pub fn all_mut(&mut self) -> Vec<&mut T> {
        let Self { own, and, or, not } = self;
        let parts = and.iter_mut().chain(or.iter_mut().flatten()).chain(not.as_deref_mut());
        std::iter::once(own).chain(parts.flat_map(Self::all_mut)).collect()
    }

    /// Returns the conditions as SQL, each beginning with ` AND `, and their values; parameters are
    /// numbered from `next`. `own_conditions` writes the conditions of each part. A comparison with NULL is
    /// true for no row, and its `not` is true.
    pub fn conditions(&self, next: usize, own_conditions: &impl Fn(&T, usize) -> (String, Vec<Value>)) -> (String, Vec<Value>) {
        let (mut sql, mut values) = own_conditions(&self.own, next);
        let nested_sql = |part: &Self, values: &mut Vec<Value>| {
            let (sql, nested_values) = part.conditions(next + values.len(), own_conditions);
            values.extend(nested_values);
            sql
        };
        for part in &self.and {
            // In brackets of its own: one chain of all parts would be deeper than SQLite takes (1,000).
            sql.push_str(&format!(" AND (TRUE{})", nested_sql(part, &mut values)));
        }
        if let Some(parts) = &self.or {
            let any: Vec<String> = parts.iter().map(|part| format!("(TRUE{})", nested_sql(part, &mut values))).collect();
            sql.push_str(&format!(" AND ({})", if any.is_empty() { "FALSE".to_owned() } else { any.join(" OR ") }));
        }
        if let Some(part) = &self.not {
            let part = nested_sql(part, &mut values);
            sql.push_str(&format!(" AND (TRUE{part}) IS NOT TRUE"));
        }
        (sql, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(own: i32) -> Nested<i32> {
        Nested::plain(own)
    }

    #[test]
    fn parts_hold_as_their_words_say() {
        let of = |number: i32, nested: &Nested<i32>| nested.holds(&|most: &i32| number <= *most);
        let (nine, three) = (|| plain(9), || plain(3));
        assert!(nine().is_plain() && of(5, &nine()) && !of(5, &three()));
        let either = Nested { or: Some(vec![three(), nine()]), ..nine() };
        assert!(!either.is_plain() && of(5, &either) && !of(10, &either));
        assert!(!of(5, &Nested { or: Some(Vec::new()), ..nine() }), "one of none");
        assert!(!of(5, &Nested { and: vec![nine(), three()], ..nine() }));
        let above = Nested { not: Some(Box::new(three())), ..nine() };
        assert!(of(5, &above) && !of(2, &above) && !of(10, &above));
        assert!(!of(5, &Nested { not: Some(Box::new(either)), ..nine() }));
    }

    #[test]
    fn parts_are_written_one_after_the_other_and_number_their_parameters() {
        let own = |own: &i32, next: usize| (format!(" AND x = ${next}"), vec![Value::from(*own)]);
        let or = Some(vec![plain(2), Nested { not: Some(Box::new(plain(3))), ..plain(4) }]);
        let mut nested = Nested { and: vec![plain(1)], or, not: Some(Box::new(plain(5))), ..plain(0) };
        nested.all_mut().into_iter().for_each(|own| *own += 10);
        let (sql, values) = nested.conditions(2, &own);
        assert_eq!(
            sql,
            " AND x = $2 AND (TRUE AND x = $3) AND ((TRUE AND x = $4) OR (TRUE AND x = $5 AND (TRUE AND x = $6) IS NOT TRUE)) \
             AND (TRUE AND x = $7) IS NOT TRUE"
        );
        assert_eq!(values, [10, 11, 12, 14, 13, 15].map(Value::from));
        let (none, _) = Nested { or: Some(Vec::new()), ..plain(0) }.conditions(2, &own);
        assert_eq!(none, " AND x = $2 AND (FALSE)");
    }
}
