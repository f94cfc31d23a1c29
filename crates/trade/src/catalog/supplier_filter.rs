//! Filter and sort of the list of suppliers.

use async_graphql::{Enum, InputObject, MaybeUndefined};
use entity::id::kind as ids;
use inventory::catalog::rows::{
    named::{NamedSort as By, NamedSorted},
    suppliers::SupplierTests,
};
use platform::storage::Nested;

use super::{
    filter::{below, check_text, moments, texts},
    page::Direction,
};
use crate::graphql::{
    fault::Answer,
    filters::{DateTimeFilter, IdFilter, StringFilter},
    nested::{NestedFilter, field_path, read_nested},
    refusal::Path,
};

/// Suppliers that match all of these; a condition that is null is ignored. Without a filter, those in use.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SupplierFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<SupplierFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<SupplierFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<SupplierFilter>>,
    /// Suppliers to include.
    pub id: Option<IdFilter>,
    /// True for archived suppliers only, false for those in use, null for both. Left out everywhere in a filter, only those in use match; left out
    /// in a part of a filter whose other parts say it, that part matches both.
    pub is_archived: MaybeUndefined<bool>,
    /// Code of the supplier, in any spelling of capitals.
    pub code: Option<StringFilter>,
    /// Name of the supplier, in any spelling of capitals. The first 10,000 suppliers by code are compared.
    pub name: Option<StringFilter>,
    /// Words of the code or the name, each by its beginning, in any order. The first 10,000 suppliers by code are compared. A text without a
    /// letter or a digit finds nothing.
    pub search: Option<String>,
    /// Tag of the supplier; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Time at which the supplier was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the supplier last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(SupplierFilter);
crate::dated_filter!(SupplierFilter, [] "createdAt" created_at, "updatedAt" updated_at);

/// The tests of a list of suppliers.
pub fn supplier_tests(filter: Option<SupplierFilter>) -> Answer<Nested<SupplierTests>> {
    let filter = filter.unwrap_or_default();
    let has_archived_test = filter.has(&|part| !part.is_archived.is_undefined());
    let mut tests = read_nested(filter, &mut compile_tests)?;
    if !has_archived_test {
        tests.own.is_archived = Some(false);
    }
    Ok(tests)
}

/// Compiles the tests of one filter, without its nested filters.
fn compile_tests(filter: SupplierFilter, at: &Path) -> Answer<SupplierTests> {
    Ok(SupplierTests {
        ids: filter.id.map(|filter| filter.ids::<ids::SupplierId>(&field_path(at, "id"))).transpose()?.flatten(),
        is_archived: filter.is_archived.value().copied(),
        codes: texts(filter.code, &below(at, &["code"]))?,
        names: texts(filter.name, &below(at, &["name"]))?,
        tags: texts(filter.tag, &below(at, &["tag"]))?,
        search: filter.search.map(|text| check_text(text, &below(at, &["search"]))).transpose()?,
        created: moments(filter.created_at),
        updated: moments(filter.updated_at),
    })
}

/// Sort order of a list of suppliers; suppliers with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct SupplierSort {
    /// Field by which the suppliers are sorted.
    pub field: SupplierSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which suppliers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SupplierSortField {
    /// Code of the supplier, without its capitals.
    Code,
    /// Name of the supplier. Capitals of the letters A to Z do not count; other letters come after Z.
    Name,
    /// Time at which the supplier was created.
    CreatedAt,
    /// Time at which the supplier last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(SupplierSort => NamedSorted);
