//! Tests of texts in filters of movements, lots and reversals, as conditions on rows.

use inventory::{catalog::core::text, stock::rows::TextTest};

use crate::graphql::{fault::TopError, filters::StringFilter};

/// SKUs are compared by their folded form.
pub fn folded(test: TextTest) -> TextTest {
    match test {
        TextTest::In(texts) => TextTest::In(texts.iter().map(|one| text::fold(one.trim())).collect()),
        TextTest::StartsWith(prefix) => TextTest::StartsWith(text::fold(&prefix)),
        TextTest::Contains(part) => TextTest::Contains(text::fold(&part)),
        TextTest::IsNull(is_null) => TextTest::IsNull(is_null),
    }
}

/// Compiles the tests of a text, all of which must hold.
pub fn texts(filter: &StringFilter, at: &[&str]) -> Result<Vec<TextTest>, TopError> {
    filter.check(at)?;
    let listed = filter.one_of.clone().map(TextTest::In);
    let same = filter.eq.clone().map(|text| TextTest::In(vec![text]));
    let begins = filter.starts_with.clone().map(TextTest::StartsWith);
    let has = filter.contains.clone().map(TextTest::Contains);
    let is_null = filter.is_null.map(TextTest::IsNull);
    Ok([listed, same, begins, has, is_null].into_iter().flatten().collect())
}
