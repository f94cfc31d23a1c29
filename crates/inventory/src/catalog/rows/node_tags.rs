//! Tags of objects of several kinds, as filters of lists. The room that owns the table is above
//! this one.

use platform::storage::Backend;
use sea_orm::Value;

use super::{clause::Clause, conditions::push_tag, text_filter::TextTest};

/// Returns the condition that the object of this column has a tag that passes, and its values, with
/// parameters numbered from `first_number`; begins with ` AND `.
pub fn tag_condition(backend: Backend, first_number: usize, id: &str, test: &TextTest) -> (String, Vec<Value>) {
    let mut clause = Clause::numbered_from(backend, first_number);
    // An object without tags passes no test of one: it has no row here, or an empty one.
    let present = TextTest::IsNull(false);
    let (not, test) = if *test == TextTest::IsNull(true) { (" NOT", &present) } else { ("", test) };
    clause.push(&format!(" AND {id}{not} IN (SELECT n.target_id FROM node_tags n WHERE n.tenant_id = $1"));
    push_tag(&mut clause, "n.tag_keys", test);
    clause.push(")");
    (clause.sql, clause.values)
}

/// Adds the condition of `tag_condition`.
pub(super) fn push_tag_condition(clause: &mut Clause, id: &str, test: &TextTest) {
    let (sql, values) = tag_condition(clause.backend(), clause.next(), id, test);
    clause.push(&sql);
    clause.values.extend(values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_go_on_behind_those_before() {
        let (sql, values) = tag_condition(Backend::Sqlite, 5, "o.id", &TextTest::StartsWith("Rush".to_owned()));
        assert!(sql.starts_with(" AND o.id IN (") && sql.contains("n.tag_keys, $5) > 0") && sql.ends_with(')'), "{sql}");
        assert_eq!(values, [Value::from("\nrush")]);
    }
}
