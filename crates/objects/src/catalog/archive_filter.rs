//! The filter of lists of categories, channels and families, as clients write it.

use async_graphql::InputObject;
use entity::id::Kind;
use inventory::catalog::rows::entity_filter::NounTests;
use platform::storage::Nested;

use super::filter::{below, check_text, moments, texts};
use crate::graphql::{
    archived::IsArchived,
    fault::Answer,
    filters::{DateTimeFilter, IdFilter, StringFilter},
    nested::{field_path, read_nested},
    refusal::Path,
};

/// Filter of categories, channels or product families. All conditions that are given must hold; a condition that is null is ignored. Without a
/// filter, lists show objects in use.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ArchiveFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ArchiveFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ArchiveFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ArchiveFilter>>,
    /// True for archived ones only, false for those in use, null for both. Default false for a whole filter: left out everywhere in it, only those in
    /// use match; left out in a part of a filter whose other parts say it, that part matches both.
    #[graphql(default_with = "IsArchived::LeftOut")]
    pub is_archived: IsArchived,
    /// Condition on the ID.
    pub id: Option<IdFilter>,
    /// Code of the channel or slug of the category, in any spelling of capitals. Product families have none: they match `isNull: true` alone.
    pub code: Option<StringFilter>,
    /// Name, in any spelling of capitals. The first 10,000 objects in the order of their creation are compared.
    pub name: Option<StringFilter>,
    /// Words of the code, the slug or the name, each by its beginning, in any order. The first 10,000 objects in the order of their creation are
    /// compared. A text without a letter or a digit finds nothing.
    pub search: Option<String>,
    /// Time at which the object was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the object last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ArchiveFilter);
crate::dated_filter!(ArchiveFilter, [] "createdAt" created_at, "updatedAt" updated_at);

/// Compiles the tests of a list of objects whose IDs are of a kind; without a filter, objects in
/// use match.
pub fn noun_tests<K: Kind>(filter: Option<ArchiveFilter>) -> Answer<Nested<NounTests>> {
    let filter = filter.unwrap_or_default();
    let in_use = IsArchived::default_of(&filter, |part| part.is_archived);
    let mut tests = read_nested(filter, &mut compile_tests::<K>)?;
    if in_use.is_some() {
        tests.own.is_archived = in_use;
    }
    Ok(tests)
}

/// Compiles the tests of one filter, without its nested filters.
fn compile_tests<K: Kind>(filter: ArchiveFilter, at: &Path) -> Answer<NounTests> {
    let ids = filter.id.map(|ids| ids.ids::<K>(&field_path(at, "id"))).transpose()?.flatten();
    Ok(NounTests {
        ids: ids.map(|ids| ids.iter().map(|id| id.uuid()).collect()),
        is_archived: filter.is_archived.as_condition(),
        codes: texts(filter.code, &below(at, &["code"]))?,
        names: texts(filter.name, &below(at, &["name"]))?,
        search: filter.search.map(|text| check_text(text, &below(at, &["search"]))).transpose()?,
        created: moments(filter.created_at),
        updated: moments(filter.updated_at),
    })
}
