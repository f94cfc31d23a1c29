//! Filter and sort of the list of stores.

use async_graphql::{Enum, InputObject};
use entity::id::kind as ids;
use inventory::catalog::rows::{
    named::{NamedSort as By, NamedSorted},
    stores::StoreTests,
};
use platform::storage::Nested;

use super::{
    enums::StoreKind,
    filter::{below, check_list_length, check_text, moments, texts},
    page::Direction,
};
use crate::graphql::{
    fault::Answer,
    filters::{DateTimeFilter, IdFilter, StringFilter},
    nested::{field_path, read_nested},
    refusal::Path,
};

/// Stores that match all of these; a condition that is null is ignored. Without a filter, all stores, archived ones
/// included.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StoreFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StoreFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StoreFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StoreFilter>>,
    /// Stores to include.
    pub id: Option<IdFilter>,
    /// Groups of which the store belongs to one.
    pub group: Option<IdFilter>,
    /// True for archived stores only, false for those in use, null for both.
    pub is_archived: Option<bool>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<StoreKind>>,
    /// Code of the store, in any spelling of capitals.
    pub code: Option<StringFilter>,
    /// Name of the store, in any spelling of capitals. The first 10,000 stores by code are compared.
    pub name: Option<StringFilter>,
    /// Country in the address of the store, in any spelling of capitals: an ISO 3166 code, or the name that was given. A store without one does not
    /// match. The first 10,000 stores by code are compared.
    pub country: Option<StringFilter>,
    /// Words of the code or the name, each by its beginning, in any order. The first 10,000 stores by code are compared. A text without a letter or
    /// a digit finds nothing.
    pub search: Option<String>,
    /// Tag of the store; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Time at which the store was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the store last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(StoreFilter);
crate::dated_filter!(StoreFilter, [] "createdAt" created_at, "updatedAt" updated_at);

/// The tests of a list of stores.
pub fn store_tests(filter: Option<StoreFilter>) -> Answer<Nested<StoreTests>> {
    read_nested(filter.unwrap_or_default(), &mut compile_tests)
}

/// Compiles the tests of one filter, without its nested filters.
fn compile_tests(filter: StoreFilter, at: &Path) -> Answer<StoreTests> {
    let at_field = |name: &str| below(at, &[name]);
    if let Some(kinds) = &filter.kind {
        check_list_length(kinds.len(), &at_field("kind"))?;
    }
    Ok(StoreTests {
        ids: filter.id.map(|filter| filter.ids::<ids::StoreId>(&field_path(at, "id"))).transpose()?.flatten(),
        groups: filter.group.map(|filter| filter.ids::<ids::GroupId>(&field_path(at, "group"))).transpose()?.flatten(),
        is_archived: filter.is_archived,
        kinds: filter.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
        codes: texts(filter.code, &at_field("code"))?,
        names: texts(filter.name, &at_field("name"))?,
        countries: texts(filter.country, &at_field("country"))?,
        tags: texts(filter.tag, &at_field("tag"))?,
        search: filter.search.map(|text| check_text(text, &at_field("search"))).transpose()?,
        created: moments(filter.created_at),
        updated: moments(filter.updated_at),
    })
}

/// Sort order of a list of stores; stores with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct StoreSort {
    /// Field by which the stores are sorted.
    pub field: StoreSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which stores can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StoreSortField {
    /// Code of the store, without its capitals.
    Code,
    /// Name of the store. Capitals of the letters A to Z do not count; other letters come after Z.
    Name,
    /// Time at which the store was created.
    CreatedAt,
    /// Time at which the store last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(StoreSort => NamedSorted);
