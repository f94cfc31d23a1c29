//! Customers by their names. Names are sealed and have no index: those that the other tests leave are opened and compared.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use super::{
    Clause,
    conditions::{MOST_COMPARED, holds},
    customer,
    filter::TextTest,
};
use crate::catalog::core::text;

/// Customers that are opened at a time.
const CHUNK: usize = 500;

/// The customers of a condition whose names pass these tests; None where the condition leaves more than are compared. One that is merged is left out,
/// and one without a name passes none.
pub(super) async fn named(reads: &impl Reads, mut clause: Clause, names: &[TextTest]) -> Result<Option<Vec<CustomerId>>, Fault> {
    let most = clause.bind(MOST_COMPARED + 1);
    let sql = format!("SELECT c.id FROM customer c WHERE c.tenant_id = $1{} AND c.merged_into IS NULL LIMIT {most}", clause.sql);
    let rows = reads.rows(&sql, clause.values).await?;
    if i64::try_from(rows.len()).is_ok_and(|count| count > MOST_COMPARED) {
        return Ok(None);
    }
    let ids: Vec<CustomerId> = rows.iter().map(|row| Row::new(row).take()).collect::<Result<_, Fault>>()?;
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let opened = customer::by_ids(reads, chunk).await?;
        found.extend(opened.iter().filter(|row| row.name.as_deref().is_some_and(|name| passes(names, name))).map(|row| row.id));
    }
    Ok(Some(found))
}

/// Whether a name passes all of the tests. Its capitals do not count.
fn passes(names: &[TextTest], name: &str) -> bool {
    let folded = text::fold(name);
    names.iter().all(|test| holds(test, &folded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_passes_every_test_in_any_capitals() {
        let part = |text: &str| TextTest::Contains(text.to_owned());
        assert!(passes(&[part("KING"), TextTest::StartsWith("ada".to_owned())], "Ada King"));
        assert!(passes(&[TextTest::In(vec!["bo".to_owned(), " ÅSA ".to_owned()])], "A\u{30a}sa"));
        assert!(!passes(&[part("king"), part("bo")], "Ada King"), "each of them");
        assert!(!passes(&[TextTest::In(vec!["Ada".to_owned()])], "Ada King"), "the whole name");
    }
}
