//! Tests of texts in filters of movements, lots and reversals, as conditions on rows.

use inventory::{catalog::core::text, stock::rows::TextTest};

use crate::graphql::{fault::TopError, filters::StringFilter};

/// SKUs are compared by their folded form.
pub fn fold_values(test: TextTest) -> TextTest {
    match test {
        TextTest::In(texts) => TextTest::In(texts.iter().map(|value| text::fold(value.trim())).collect()),
        TextTest::StartsWith(prefix) => TextTest::StartsWith(text::fold(&prefix)),
        TextTest::Contains(part) => TextTest::Contains(text::fold(&part)),
        TextTest::IsNull(is_null) => TextTest::IsNull(is_null),
    }
}

/// Compiles the tests of a text, all of which must hold.
pub fn texts(filter: &StringFilter, at: &[&str]) -> Result<Vec<TextTest>, TopError> {
    filter.check(at)?;
    let list_test = filter.one_of.clone().map(TextTest::In);
    let equality_test = filter.eq.clone().map(|text| TextTest::In(vec![text]));
    let prefix_test = filter.starts_with.clone().map(TextTest::StartsWith);
    let substring_test = filter.contains.clone().map(TextTest::Contains);
    let is_null = filter.is_null.map(TextTest::IsNull);
    Ok([list_test, equality_test, prefix_test, substring_test, is_null].into_iter().flatten().collect())
}
