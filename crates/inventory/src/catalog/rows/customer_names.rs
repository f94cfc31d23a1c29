//! Customers by their names. Names are sealed and have no index: those of customers that pass the
//! other tests are opened and compared.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use super::{clause::Clause, conditions::MAX_COMPARED, customer, text_filter::TextTest};
use crate::catalog::core::text;

/// Customers that are opened at a time.
const CUSTOMERS_PER_CHUNK: usize = 500;

/// The customers whose names pass.
pub struct NamedCustomers {
    pub ids: Vec<CustomerId>,
    /// Number of names that were decrypted.
    pub opened: usize,
}

/// Returns the customers of a condition whose names pass these tests; None if more customers fulfil
/// the condition than are compared. Merged ones are left out.
pub(super) async fn find_named(
    reads: &impl Reads,
    mut clause: Clause,
    names: &[TextTest],
) -> Result<Option<NamedCustomers>, Fault> {
    let limit_mark = clause.bind(MAX_COMPARED + 1);
    let sql =
        format!("SELECT c.id FROM customer c WHERE c.tenant_id = $1{} AND c.merged_into IS NULL LIMIT {limit_mark}", clause.sql);
    let rows = reads.rows(&sql, clause.values).await?;
    if i64::try_from(rows.len()).is_ok_and(|count| count > MAX_COMPARED) {
        return Ok(None);
    }
    let ids: Vec<CustomerId> = rows.iter().map(Row::scalar).collect::<Result<_, Fault>>()?;
    let names: Vec<TextTest> = names.iter().map(fold_test).collect();
    let mut matching_ids = Vec::new();
    for chunk in ids.chunks(CUSTOMERS_PER_CHUNK) {
        let customers = customer::by_ids(reads, chunk).await?;
        matching_ids.extend(customers.iter().filter(|row| passes_tests(&names, row.name.as_deref())).map(|row| row.id));
    }
    Ok(Some(NamedCustomers { ids: matching_ids, opened: ids.len() }))
}

/// Prepares a test for comparisons with names: its texts are folded once and sorted.
fn fold_test(test: &TextTest) -> TextTest {
    match test {
        TextTest::In(texts) => {
            let mut keys: Vec<String> = texts.iter().map(|name| text::fold(name.trim())).collect();
            keys.sort_unstable();
            TextTest::In(keys)
        }
        TextTest::StartsWith(prefix) => TextTest::StartsWith(text::fold(prefix)),
        TextTest::Contains(part) => TextTest::Contains(text::fold(part)),
        TextTest::IsNull(is_null) => TextTest::IsNull(*is_null),
    }
}

/// Whether a name passes all of the folded tests. Its capitals do not count.
fn passes_tests(names: &[TextTest], name: Option<&str>) -> bool {
    let name = name.map(text::fold);
    names.iter().all(|test| match (test, &name) {
        (TextTest::IsNull(is_null), name) => name.is_none() == *is_null,
        (_, None) => false,
        (TextTest::In(keys), Some(name)) => keys.binary_search(name).is_ok(),
        (TextTest::StartsWith(prefix), Some(name)) => name.starts_with(prefix),
        (TextTest::Contains(part), Some(name)) => name.contains(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_passes_every_test_in_any_capitals() {
        let part = |text: &str| TextTest::Contains(text.to_owned());
        let passes = |tests: &[TextTest], name: &str| passes_tests(&tests.iter().map(fold_test).collect::<Vec<_>>(), Some(name));
        assert!(passes(&[part("KING"), TextTest::StartsWith("ada".to_owned())], "Ada King"));
        assert!(passes(&[TextTest::In(vec!["bo".to_owned(), " ÅSA ".to_owned(), "al".to_owned()])], "A\u{30a}sa"));
        assert!(!passes(&[part("king"), part("bo")], "Ada King"), "each of them");
        assert!(!passes(&[TextTest::In(vec!["Ada".to_owned()])], "Ada King"), "the whole name");
    }
}
