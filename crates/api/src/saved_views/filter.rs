//! The filter of the list of saved views, as clients write it.

use async_graphql::InputObject;
use platform::path;
use services::saved_views::rows::ViewFilter;

use crate::{
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter, searchable},
    },
    orders::filters::{span, texts},
};

/// Saved views that match all of these.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SavedViewFilter {
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

impl SavedViewFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<ViewFilter> {
        if let Some(text) = &self.search {
            searchable(text, || path!["filter", "search"])?;
        }
        Ok(ViewFilter {
            slugs: texts(self.slug, &path!["filter", "slug"])?,
            search: self.search,
            is_paused: self.is_paused,
            created_by: self.created_by.map(|filter| filter.of_any_kind(&["filter", "createdBy"])).transpose()?.flatten(),
            created_at: self.created_at.map(|test| span(&test)),
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}
