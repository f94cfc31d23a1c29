//! Filters and sorts that lists of documents of every kind have, as clients write them.

use entity::{
    id::{Kind, kind},
    prelude::Numbered,
};
use inventory::{
    catalog::core::text,
    numbering::core::Patterns,
    orders::rows::{AllocatedTest, DocumentSearch, DocumentTest, NumberTest, TextTest},
};

use super::{
    filters::{below, check_list_length, ids, span, texts},
    links::{DateTimeFilter, IdFilter, StringFilter},
};
use crate::graphql::{
    fault::TopError,
    filters::{StoreIdFilter, refuse_nul, searchable},
    refusal::Path,
};

/// The filters of a document that are read alike for all kinds.
#[derive(Default)]
pub struct DocumentFilter {
    pub id: Option<IdFilter>,
    pub search: Option<String>,
    pub number: Option<StringFilter>,
    pub created_at: Option<DateTimeFilter>,
    pub updated_at: Option<DateTimeFilter>,
    pub product: Option<IdFilter>,
    pub sku: Option<StringFilter>,
}

impl DocumentFilter {
    /// Compiles the tests for the rows. The patterns have the letters in front of the numbers of
    /// this kind of document.
    pub fn read<K: Kind>(self, (kind, patterns): (Numbered, &Patterns), at: &Path) -> Result<Vec<DocumentTest>, TopError> {
        let mut tests = Vec::new();
        tests.extend(ids::<K>(self.id, &below(at, "id"))?.into_iter().map(DocumentTest::Ids));
        if let Some(text) = self.search {
            searchable(&text, || below(at, "search"))?;
            let number = patterns.number(kind, &text);
            tests.push(DocumentTest::Search(DocumentSearch { text, number }));
        }
        for test in texts(self.number, &below(at, "number"))? {
            tests.extend(number(test, kind, patterns).map(DocumentTest::Number));
        }
        tests.extend(self.created_at.map(|test| DocumentTest::CreatedAt(span(&test))));
        tests.extend(self.updated_at.map(|test| DocumentTest::UpdatedAt(span(&test))));
        tests.extend(ids::<kind::ProductId>(self.product, &below(at, "product"))?.into_iter().map(DocumentTest::Product));
        tests.extend(texts(self.sku, &below(at, "sku"))?.into_iter().map(DocumentTest::Sku));
        Ok(tests)
    }
}

/// The tests of stores that are named by their ids or codes.
pub fn compile_allocated_tests(filter: Option<StoreIdFilter>, at: &Path) -> Result<Vec<AllocatedTest>, TopError> {
    let Some(StoreIdFilter { eq, one_of, key }) = filter else { return Ok(Vec::new()) };
    let by_id = ids::<kind::StoreId>(Some(IdFilter { eq, one_of, ..IdFilter::default() }), at)?;
    let mut tests: Vec<AllocatedTest> = by_id.into_iter().map(AllocatedTest::Ids).collect();
    if let Some(codes) = key {
        let at = below(at, "key");
        check_list_length(codes.len(), &at)?;
        for (index, code) in codes.iter().enumerate() {
            refuse_nul(code, || below(&at, &index))?;
        }
        tests.push(AllocatedTest::Codes(codes.iter().map(|code| text::fold(code.trim())).collect()));
    }
    Ok(tests)
}

/// Converts a text filter of a number into a test; None if every number passes.
pub fn number(test: TextTest, kind: Numbered, patterns: &Patterns) -> Option<NumberTest> {
    match test {
        // Every document has a number.
        TextTest::IsNull(is_null) => is_null.then(|| NumberTest::In(Vec::new())),
        TextTest::In(texts) => {
            Some(NumberTest::In(texts.iter().filter_map(|number_text| patterns.number(kind, number_text)).collect()))
        }
        TextTest::StartsWith(text) => match patterns.digits(kind, &text) {
            Some("") => None,
            // A beginning of the letters matches every number.
            None if patterns.is_letter_prefix(kind, text.trim()) => None,
            // A text that is no number is no number's prefix.
            prefix => {
                Some(prefix.and_then(|prefix| prefix.parse().ok()).map_or(NumberTest::In(Vec::new()), NumberTest::StartsWith))
            }
        },
        TextTest::Contains(text) if text.is_empty() => None,
        TextTest::Contains(text) => {
            let (digits, candidates) = patterns.find_matching(kind, &text);
            Some(if candidates.is_empty() { NumberTest::In(Vec::new()) } else { NumberTest::Shows { digits, among: candidates } })
        }
    }
}

/// Declares the sort of a list of documents: the input and its fields.
#[macro_export]
macro_rules! document_sort {
    ($input:ident, $field:ident, $what:literal) => {
        #[doc = concat!("Sort order of a list of ", $what, "; rows with equal values are sorted by ID.")]
        #[derive(Debug, Clone, Copy, async_graphql::InputObject)]
        pub struct $input {
            /// Field by which the list is sorted.
            pub field: $field,
            /// Direction of the sort; DESC by default.
            #[graphql(default_with = "crate::catalog::Direction::Desc")]
            pub direction: $crate::catalog::Direction,
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

        $crate::sorts::rows_sorted!(from $input => inventory::orders::rows::DocumentSorted);
    };
}
pub use document_sort;
