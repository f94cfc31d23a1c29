//! Lists of nouns with a code and a name, of which a tenant has few: their sorts, and rows that are compared by name after they are read.

use entity::{prelude::*, store, supplier, tables::channel};
use platform::paging::Key;

use super::{
    conditions::{has_words, holds},
    filter::TextTest,
};
use crate::catalog::core::text;

/// What such a list is sorted by; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedSort {
    Code,
    /// Capitals of A to Z do not count, which both databases do alike. No index: a tenant has few of them.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedSorted {
    pub by: NamedSort,
    pub descending: bool,
}

/// A row of such a list.
pub trait NamedRow {
    /// The list's name in cursors.
    const LIST: &'static str;
    fn code_key(&self) -> &str;
    fn name(&self) -> &str;
    fn created_at(&self) -> Timestamp;
    fn updated_at(&self) -> Timestamp;
    fn id_key(&self) -> Key;
}

macro_rules! named_row {
    ($row:ty, $list:literal) => {
        impl NamedRow for $row {
            const LIST: &'static str = $list;
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
named_row!(store::Model, "stores");
named_row!(supplier::Model, "suppliers");
named_row!(channel::Model, "channels");

impl NamedSorted {
    /// The order where none is asked for.
    pub const BY_CODE: Self = Self { by: NamedSort::Code, descending: false };

    /// Names the sort in cursors: one of another sort does not open. Cursors by code are those of before there were sorts.
    pub fn kind<R: NamedRow>(self) -> String {
        let by = match self.by {
            NamedSort::Code if !self.descending => return R::LIST.to_owned(),
            NamedSort::Code => "CODE",
            NamedSort::Name => "NAME",
            NamedSort::CreatedAt => "CREATED_AT",
            NamedSort::UpdatedAt => "UPDATED_AT",
        };
        format!("{}:{by}:{}", R::LIST, if self.descending { "DESC" } else { "ASC" })
    }
    pub(crate) const fn columns(self) -> [&'static str; 2] {
        match self.by {
            NamedSort::Code => ["code_key", "id"],
            NamedSort::Name => ["lower(name)", "id"],
            NamedSort::CreatedAt => ["created_at", "id"],
            NamedSort::UpdatedAt => ["updated_at", "id"],
        }
    }
    /// Where the row stands in this sort.
    pub fn keys(self, row: &impl NamedRow) -> Vec<Key> {
        let first = match self.by {
            NamedSort::Code => Key::Text(row.code_key().to_owned()),
            NamedSort::Name => Key::Text(row.name().to_ascii_lowercase()),
            NamedSort::CreatedAt => Key::Int(row.created_at().micros()),
            NamedSort::UpdatedAt => Key::Int(row.updated_at().micros()),
        };
        vec![first, row.id_key()]
    }
}

/// A row as it is compared by name.
pub(super) struct Named<I> {
    pub id: I,
    /// Its name, folded.
    name: String,
    /// Those of its code and its name.
    words: Vec<String>,
}

impl<I> Named<I> {
    pub fn new(id: I, code: &str, name: &str) -> Self {
        Self { id, name: text::fold(name), words: text::words(&format!("{code} {name}")) }
    }
    /// Whether its name passes all of these tests, and each of the words that are looked for begins one of its own.
    pub fn passes(&self, names: &[TextTest], search: Option<&[String]>) -> bool {
        names.iter().all(|test| holds(test, &self.name)) && search.is_none_or(|words| has_words(words, &self.words))
    }
}
