//! Lists of nouns with a code and a name, of which a tenant has few: their sorts, and rows that are
//! compared by name after they are read.

use entity::{prelude::*, store, supplier, tables::channel};
use platform::paging::{Key, SortBy, Sorted};

use super::{
    conditions::{has_words, holds},
    text_filter::TextTest,
};
use crate::catalog::core::text;

/// Sort of such a list; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedSort {
    Code,
    /// Capitals of A to Z do not count, which both databases do alike. No index: a tenant has few of them.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type NamedSorted = Sorted<NamedSort>;

/// A row of such a list.
pub trait NamedRow {
    fn code_key(&self) -> &str;
    fn name(&self) -> &str;
    fn created_at(&self) -> Timestamp;
    fn updated_at(&self) -> Timestamp;
    fn id_key(&self) -> Key;
}

macro_rules! named_row {
    ($row:ty) => {
        impl NamedRow for $row {
            fn code_key(&self) -> &str {
                &self.code_key
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn created_at(&self) -> Timestamp {
                self.created_at
            }
            fn updated_at(&self) -> Timestamp {
                self.updated_at
            }
            fn id_key(&self) -> Key {
                self.id.into()
            }
        }
    };
}
named_row!(store::Model);
named_row!(supplier::Model);
named_row!(channel::Model);

impl SortBy for NamedSort {
    type Row = dyn NamedRow;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Code, descending: false };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Code => ("CODE", &["code_key", "id"]),
            Self::Name => ("NAME", &["lower(name)", "id"]),
            Self::CreatedAt => ("CREATED_AT", &["created_at", "id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["updated_at", "id"]),
        }
    }
    fn keys(self, row: &Self::Row) -> Vec<Key> {
        let first_key = match self {
            Self::Code => Key::Text(row.code_key().to_owned()),
            Self::Name => Key::Text(row.name().to_ascii_lowercase()),
            Self::CreatedAt => Key::Int(row.created_at().micros()),
            Self::UpdatedAt => Key::Int(row.updated_at().micros()),
        };
        vec![first_key, row.id_key()]
    }
}

/// A row's texts that are compared by name.
pub(super) struct NameCandidate<I> {
    pub id: I,
    /// Case-folded name.
    name: String,
    /// Words of the code and the name.
    words: Vec<String>,
}

impl<I> NameCandidate<I> {
    pub fn new(id: I, code: &str, name: &str) -> Self {
        Self { id, name: text::fold(name), words: text::words(&format!("{code} {name}")) }
    }
    /// True if the name passes all of these tests, and each word of the search begins one of the
    /// row's words.
    pub fn passes(&self, names: &[TextTest], search: Option<&[String]>) -> bool {
        names.iter().all(|test| holds(test, &self.name)) && search.is_none_or(|words| has_words(words, &self.words))
    }
}
