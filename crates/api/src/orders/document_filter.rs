//! Filters and sorts that lists of documents of every kind have, as clients write them.

use entity::id::kind;
use inventory::orders::rows::{DocumentTest, NumberTest, TextTest};
use platform::path;

use super::{
    filters::{below, ids, span, texts},
    links::{DateTimeFilter, IdFilter, StringFilter},
};
use crate::graphql::{fault::TopError, refusal::Path};

/// The filters of a document that are read alike for all kinds.
#[derive(Default)]
pub(crate) struct DocumentFilter {
    pub number: Option<StringFilter>,
    pub created_at: Option<DateTimeFilter>,
    pub updated_at: Option<DateTimeFilter>,
    pub product: Option<IdFilter>,
    pub sku: Option<StringFilter>,
}

impl DocumentFilter {
    /// The tests for the rows. `letters` stand before the numbers of this kind of document.
    pub(crate) fn read(self, letters: &str, at: &Path) -> Result<Vec<DocumentTest>, TopError> {
        let mut all = Vec::new();
        for test in texts(self.number, &below(at, "number"))? {
            all.extend(number(test, letters).map(DocumentTest::Number));
        }
        all.extend(self.created_at.map(|test| DocumentTest::CreatedAt(span(&test))));
        all.extend(self.updated_at.map(|test| DocumentTest::UpdatedAt(span(&test))));
        all.extend(ids::<kind::ProductId>(self.product, &below(at, "product"))?.into_iter().map(DocumentTest::Product));
        all.extend(texts(self.sku, &below(at, "sku"))?.into_iter().map(DocumentTest::Sku));
        Ok(all)
    }

    /// The same for the argument `filter` of a list.
    pub(crate) fn read_filter(self, letters: &str) -> Result<Vec<DocumentTest>, TopError> {
        self.read(letters, &path!["filter"])
    }
}

/// What a text says of a number; None where every number passes.
fn number(test: TextTest, letters: &str) -> Option<NumberTest> {
    match test {
        TextTest::In(texts) => Some(NumberTest::In(texts.iter().filter_map(|one| digits(one, letters)?.parse().ok()).collect())),
        TextTest::StartsWith(text) => match digits(&text, letters) {
            Some("") => None,
            // What is no number is the beginning of none.
            prefix => {
                Some(prefix.and_then(|prefix| prefix.parse().ok()).map_or(NumberTest::In(Vec::new()), NumberTest::StartsWith))
            }
        },
        TextTest::Contains(text) if text.is_empty() => None,
        TextTest::Contains(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(NumberTest::Contains(text)),
        TextTest::Contains(_) => Some(NumberTest::In(Vec::new())),
    }
}

/// The digits of a number that may have the letters of its kind before it, without the zeros that they begin with; None of any other text.
fn digits<'a>(text: &'a str, letters: &str) -> Option<&'a str> {
    let text = text.trim();
    let digits = match text.split_once('-') {
        Some((own, digits)) if own.eq_ignore_ascii_case(letters) => digits,
        Some(_) => return None,
        None => text,
    };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.trim_start_matches('0'))
}

/// Declares the sort of a list of documents: the input and its fields.
macro_rules! document_sort {
    ($input:ident, $field:ident, $what:literal) => {
        #[doc = concat!("Sort order of a list of ", $what, "; rows with equal values are sorted by ID.")]
        #[derive(Debug, Clone, Copy, async_graphql::InputObject)]
        pub struct $input {
            /// Field by which the list is sorted.
            pub field: $field,
            /// Direction of the sort; DESC by default.
            #[graphql(default_with = "crate::catalog::Direction::Desc")]
            pub direction: crate::catalog::Direction,
        }

        #[doc = concat!("Field by which a list of ", $what, " can be sorted.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = "inventory::orders::rows::DocumentSort", rename_items = "SCREAMING_SNAKE_CASE")]
        pub enum $field {
            /// Number of the document.
            Number,
            /// Time at which the document was created.
            CreatedAt,
            /// Time at which the document last changed.
            UpdatedAt,
        }

        impl From<$input> for inventory::orders::rows::DocumentSorted {
            fn from(sort: $input) -> Self {
                Self { by: sort.field.into(), descending: sort.direction == crate::catalog::Direction::Desc }
            }
        }
    };
}
pub(crate) use document_sort;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_with_and_without_the_letters_of_its_kind() {
        for (text, number) in [("7", Some("7")), ("so-0007", Some("7")), (" SO-7 ", Some("7")), ("", Some("")), ("SO-", Some(""))]
        {
            assert_eq!(digits(text, "SO"), number, "{text}");
        }
        for text in ["PO-7", "-7", "SO7", "SO-7-7", "seven", "7a"] {
            assert_eq!(digits(text, "SO"), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_matches_nothing() {
        let none = Some(NumberTest::In(Vec::new()));
        assert_eq!(number(TextTest::In(vec!["x".to_owned(), "99999999999999999999".to_owned()]), "SO"), none);
        assert_eq!(number(TextTest::StartsWith("x".to_owned()), "SO"), none);
        assert_eq!(number(TextTest::Contains("%".to_owned()), "SO"), none);
        assert_eq!(number(TextTest::StartsWith("SO-".to_owned()), "SO"), None, "every number");
        assert_eq!(number(TextTest::StartsWith("SO-12".to_owned()), "SO"), Some(NumberTest::StartsWith(12)));
    }
}
