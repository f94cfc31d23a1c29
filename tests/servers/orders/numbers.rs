//! Filters by the number of a document.

use api::orders::document_filter::number;
use entity::prelude::Numbered;
use inventory::{
    numbering::core::Patterns,
    orders::rows::{NumberTest, TextTest},
};

#[test]
fn what_is_no_number_matches_nothing() {
    let number = |test| number(test, Numbered::Order, &Patterns::default());
    let none = Some(NumberTest::In(Vec::new()));
    assert_eq!(number(TextTest::In(vec!["x".to_owned(), "99999999999999999999".to_owned()])), none);
    assert_eq!(number(TextTest::StartsWith("x".to_owned())), none);
    for text in ["%", "PO-0", "1-", "SO-1x"] {
        assert_eq!(number(TextTest::Contains(text.to_owned())), none, "{text}");
    }
    assert_eq!(number(TextTest::StartsWith("SO-".to_owned())), None, "every number");
    assert_eq!(number(TextTest::StartsWith("so".to_owned())), None, "every number, from its first letters on");
    assert_eq!(number(TextTest::StartsWith("PO".to_owned())), none);
    assert_eq!(number(TextTest::StartsWith("SO-12".to_owned())), Some(NumberTest::StartsWith(12)));
}
