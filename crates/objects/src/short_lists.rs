//! Lists of few rows, which are read whole: their pages, and the conditions that are judged row by row.

use async_graphql::Context;
use entity::{
    id::{Id, Kind},
    prelude::Timestamp,
};
use platform::paging::{CursorSigner, Key, PageRequest};

use crate::{
    catalog::Direction,
    graphql::{
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, has_text, searchable},
        nested::field_path,
        refusal::Path,
    },
    orders::{filters::below, links::MAX_PAGE_SIZE},
};

/// A requested page of a list. It is checked before any row is read.
pub struct ShortList<'c> {
    kind: String,
    descending: bool,
    request: PageRequest,
    signer: &'c CursorSigner,
}

impl<'c> ShortList<'c> {
    /// Reads the page arguments of the list with the cursors of `kind`, sorted by a field, whose
    /// name its cursors are bound to as well; without a field in the list's own order.
    pub fn sorted(ctx: &'c Context<'_>, kind: &str, sort: Option<(&str, Direction)>, args: &PageArgs) -> Answer<Self> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let (kind, descending) = match sort {
            None => (kind.to_owned(), false),
            Some((field, Direction::Asc)) => (format!("{kind}:{field}:ASC"), false),
            Some((field, Direction::Desc)) => (format!("{kind}:{field}:DESC"), true),
        };
        let request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
        Ok(Self { kind, descending, request, signer })
    }

    /// The page of all rows, each with its keys.
    pub fn page<T>(&self, nodes: impl IntoIterator<Item = (T, Vec<Key>)>) -> CountedPage<T> {
        Page::of_all_sorted((nodes.into_iter().collect(), self.descending), &self.request, self.kind.as_str(), self.signer)
    }
}

/// Declares the sort of a short list: the input, its fields with their names in cursors and their
/// texts, and the keys of a row.
#[macro_export]
macro_rules! short_sort {
    ($input:ident, $field:ident of $row:ty, $what:literal by $tie:literal, |$one:ident| { $($name:ident, $cursor:literal, $text:literal => $key:expr;)+ }) => {
        #[doc = concat!("Sort order of a list of ", $what, "; rows with equal values are sorted by ", $tie, ".")]
        #[derive(Debug, Clone, Copy, async_graphql::InputObject)]
        pub struct $input {
            /// Field by which the list is sorted.
            pub field: $field,
            /// Direction of the sort; ASC by default.
            #[graphql(default_with = "crate::catalog::Direction::Asc")]
            pub direction: $crate::catalog::Direction,
        }

        #[doc = concat!("Field by which a list of ", $what, " can be sorted.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
        pub enum $field {
            $(#[doc = $text] $name,)+
        }

        impl $input {
            /// The field's name in cursors, and the direction.
            pub const fn name_and_direction(self) -> (&'static str, $crate::catalog::Direction) {
                let name = match self.field {
                    $($field::$name => $cursor,)+
                };
                (name, self.direction)
            }

            /// Returns the sort key of a row.
            pub fn key(self, $one: &$row) -> platform::paging::Key {
                match self.field {
                    $($field::$name => $key,)+
                }
            }
        }
    };
}
pub use short_sort;

/// The text of a search, checked. None finds all.
pub struct SearchText(Option<String>);

impl SearchText {
    /// The field `search` of the filter at a place.
    pub fn read_at(search: Option<String>, at: &Path) -> Answer<Self> {
        if let Some(text) = &search {
            searchable(text, || below(at, "search"))?;
        }
        Ok(Self(search))
    }

    /// Whether it finds a row with these texts.
    pub fn matches_row(&self, texts: &[&str]) -> bool {
        self.0.as_deref().is_none_or(|text| has_text(text, texts))
    }
}

/// Whether `isArchived` wants a row: true for archived ones, false for those in use, None for both.
pub fn matches_archived(archived_at: Option<Timestamp>, is_archived: Option<bool>) -> bool {
    is_archived.is_none_or(|expected| archived_at.is_some() == expected)
}

/// Whether a time passes a test. None passes always.
pub fn is_within(test: Option<&DateTimeFilter>, at: Timestamp) -> bool {
    let (from, before) = test.map(DateTimeFilter::range).unwrap_or_default();
    from.is_none_or(|from| from <= at) && before.is_none_or(|before| at < before)
}

/// Conditions of a filter on IDs and texts, checked.
pub struct IdAndTextFilter<K: Kind> {
    ids: Option<Vec<Id<K>>>,
    text: SearchText,
}

impl<K: Kind> IdAndTextFilter<K> {
    /// The fields `id` and `search` of the filter at a place.
    pub fn read_at(id: Option<&IdFilter>, search: Option<String>, at: &Path) -> Answer<Self> {
        let text = SearchText::read_at(search, at)?;
        let ids = id.map(|filter| filter.ids(&field_path(at, "id"))).transpose()?.flatten();
        Ok(Self { ids, text })
    }

    /// Whether they find a row with this ID and these texts.
    pub fn matches_row(&self, id: Id<K>, texts: &[&str]) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(&id)) && self.text.matches_row(texts)
    }
}
