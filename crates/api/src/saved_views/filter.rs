//! The filter of the list of saved views, as clients write it.

use async_graphql::{Enum, InputObject};
use platform::storage::Nested;
use services::saved_views::rows::{ViewFilter, ViewSort as By, ViewsSorted};

use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::{below, span, texts},
};

/// Saved views that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SavedViewFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<SavedViewFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<SavedViewFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<SavedViewFilter>>,
    /// Slug of the view, compared exactly.
    pub slug: Option<StringFilter>,
    /// Part of the name or the slug, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for paused views only, false for the others, null for both.
    pub is_paused: Option<bool>,
    /// Members and integrations that created the view.
    pub created_by: Option<IdFilter>,
    /// Time at which the view was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the view last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(SavedViewFilter);
crate::keyed_filter!(
    SavedViewFilter, "createdBy" created_by MemberEmail;
    [] "createdAt" created_at, "updatedAt" updated_at
);

impl SavedViewFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<ViewFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// Returns the conditions of one filter, without nested ones.
    fn tests(self, path: &Path) -> Answer<ViewFilter> {
        if let Some(text) = &self.search {
            searchable(text, || below(path, "search"))?;
        }
        Ok(ViewFilter {
            slugs: texts(self.slug, &below(path, "slug"))?,
            search: self.search,
            is_paused: self.is_paused,
            created_by: self.created_by.map(|filter| filter.of_any_kind(&field_path(path, "createdBy"))).transpose()?.flatten(),
            created_at: self.created_at.map(|test| span(&test)),
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}

/// Sort order of a list of saved views; views with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct SavedViewSort {
    /// Field by which the views are sorted.
    pub field: SavedViewSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which saved views can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SavedViewSortField {
    /// Slug of the view.
    Slug,
    /// Name of the view. Capitals of the letters A to Z do not count; other letters come after Z.
    Name,
    /// Time at which the view was created.
    CreatedAt,
    /// Time at which the view last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(SavedViewSort => ViewsSorted);
