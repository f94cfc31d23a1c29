//! Filters as clients write them, checked before any statement is made.

use std::str::FromStr;

use async_graphql::{ID, InputObject};
use entity::prelude::{Id, kind};
use inventory::catalog::rows::filter::{Filter, IdColumn, TextColumn, TextTest};

use super::enums::ProductStatus;
use crate::graphql::{
    fault::{Answer, TopError},
    filters::{DateTimeFilter, IdFilter, StringFilter},
    refusal::Path,
};

/// Filter of the products. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, InputObject)]
pub struct ProductFilter {
    /// All of these hold; an empty list holds for everything.
    pub and: Option<Vec<ProductFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ProductFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ProductFilter>>,
    /// The product itself.
    pub id: Option<IdFilter>,
    /// SKU of the product.
    pub sku: Option<StringFilter>,
    /// Name of the product.
    pub name: Option<StringFilter>,
    /// Statuses to include; an empty list matches nothing.
    pub status: Option<Vec<ProductStatus>>,
    /// Category of the product; for its descendants too, use `categoryTree`.
    pub category: Option<IdFilter>,
    /// Category or one of its descendants. For the category alone, use `category`.
    pub category_tree: Option<IdFilter>,
    /// Supplier of the product.
    pub supplier: Option<IdFilter>,
    /// Family of the product.
    pub family: Option<IdFilter>,
    /// Range of the time of the product's last change.
    pub updated_at: Option<DateTimeFilter>,
    /// Words of the SKU, name or barcodes; typos are tolerated. A text without letters and digits
    /// finds nothing; null does not search.
    pub search: Option<String>,
}

/// Filter by archiving. Without a filter, lists show objects in use.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ArchiveFilter {
    /// True for archived ones only, false for those in use, null for both.
    #[graphql(default_with = "Some(false)")]
    pub is_archived: Option<bool>,
}

/// Returns the value of `isArchived`, or false without a filter.
pub fn is_archived(filter: Option<ArchiveFilter>) -> Option<bool> {
    filter.map_or(Some(false), |filter| filter.is_archived)
}

/// How deep filters may lie in each other.
const MAX_NESTING: usize = 5;
/// The longest list, and the longest text, in a filter.
const MAX_LIST: usize = 250;
const MAX_TEXT: usize = 255;

fn bad<T>(message: impl Into<String>, at: &Path) -> Answer<T> {
    Err(TopError::bad_input(message, at.clone()))
}

fn below(at: &Path, parts: &[&str]) -> Path {
    at.iter().cloned().chain(parts.iter().map(|part| (*part).to_owned())).collect()
}

/// The condition that a filter stands for.
pub fn product_filter(filter: Option<ProductFilter>) -> Answer<Filter> {
    product_filter_at(filter, "filter")
}

/// The same of an argument of another name.
pub fn product_filter_at(filter: Option<ProductFilter>, argument: &str) -> Answer<Filter> {
    filter.map_or_else(|| Ok(Filter::default()), |filter| parse(filter, 0, &vec![argument.to_owned()]))
}

fn parse(filter: ProductFilter, depth: usize, at: &Path) -> Answer<Filter> {
    if depth > MAX_NESTING {
        return bad(format!("and, or and not may lie at most {MAX_NESTING} deep in each other"), at);
    }
    let mut all = Vec::new();
    let mut ids = |name: &str, column, filter: Option<IdFilter>, parse: fn(&str) -> Result<uuid::Uuid, String>| {
        filter.map_or(Ok(()), |filter| id_filter(&filter, column, parse, &below(at, &[name]), &mut all))
    };
    ids("id", IdColumn::Product, filter.id, uuid_of::<kind::ProductId>)?;
    ids("category", IdColumn::Category, filter.category, uuid_of::<kind::CategoryId>)?;
    ids("categoryTree", IdColumn::CategoryTree, filter.category_tree, uuid_of::<kind::CategoryId>)?;
    ids("supplier", IdColumn::Supplier, filter.supplier, uuid_of::<kind::SupplierId>)?;
    ids("family", IdColumn::Family, filter.family, uuid_of::<kind::FamilyId>)?;
    for (name, column, filter) in [("sku", TextColumn::Sku, filter.sku), ("name", TextColumn::Name, filter.name)] {
        if let Some(filter) = filter {
            text_filter(filter, column, &below(at, &[name]), &mut all)?;
        }
    }
    if let Some(status) = filter.status {
        listed(status.len(), &below(at, &["status"]))?;
        all.push(Filter::Status(status.into_iter().map(Into::into).collect()));
    }
    if let Some(DateTimeFilter { gte, lt }) = filter.updated_at {
        all.push(Filter::UpdatedAt { from: gte.map(|at| at.0), before: lt.map(|at| at.0) });
    }
    if let Some(search) = filter.search {
        all.push(Filter::Search(checked(search, &below(at, &["search"]))?));
    }
    if let Some(parts) = filter.and {
        all.push(Filter::All(nested(parts, depth, &below(at, &["and"]))?));
    }
    if let Some(parts) = filter.or {
        all.push(Filter::Any(nested(parts, depth, &below(at, &["or"]))?));
    }
    if let Some(part) = filter.not {
        all.push(Filter::Not(Box::new(parse(*part, depth + 1, &below(at, &["not"]))?)));
    }
    Ok(Filter::All(all))
}

fn nested(parts: Vec<ProductFilter>, depth: usize, at: &Path) -> Answer<Vec<Filter>> {
    listed(parts.len(), at)?;
    let part = |(index, part)| parse(part, depth + 1, &below(at, &[usize::to_string(&index).as_str()]));
    parts.into_iter().enumerate().map(part).collect()
}

fn uuid_of<K: entity::id::Kind>(text: &str) -> Result<uuid::Uuid, String> {
    Id::<K>::from_str(text).map(Id::uuid).map_err(|error| error.to_string())
}

fn id_filter(
    filter: &IdFilter,
    column: IdColumn,
    parse: fn(&str) -> Result<uuid::Uuid, String>,
    at: &Path,
    all: &mut Vec<Filter>,
) -> Answer<()> {
    let one = |id: &ID, at: Path| parse(id).map_err(|message| TopError::bad_input(message, at));
    if let Some(id) = &filter.eq {
        all.push(Filter::Ids(column, vec![one(id, below(at, &["eq"]))?]));
    }
    if let Some(list) = &filter.one_of {
        let at = below(at, &["in"]);
        listed(list.len(), &at)?;
        let ids = list.iter().enumerate().map(|(index, id)| one(id, below(&at, &[index.to_string().as_str()])));
        all.push(Filter::Ids(column, ids.collect::<Answer<_>>()?));
    }
    Ok(())
}

fn text_filter(filter: StringFilter, column: TextColumn, at: &Path, all: &mut Vec<Filter>) -> Answer<()> {
    if let Some(text) = filter.eq {
        all.push(Filter::Text(column, TextTest::In(vec![checked(text, &below(at, &["eq"]))?])));
    }
    if let Some(list) = filter.one_of {
        let at = below(at, &["in"]);
        listed(list.len(), &at)?;
        let texts = list.into_iter().map(|text| checked(text, &at)).collect::<Answer<_>>()?;
        all.push(Filter::Text(column, TextTest::In(texts)));
    }
    if let Some(text) = filter.starts_with {
        all.push(Filter::Text(column, TextTest::StartsWith(checked(text, &below(at, &["startsWith"]))?)));
    }
    if let Some(text) = filter.contains {
        all.push(Filter::Text(column, TextTest::Contains(checked(text, &below(at, &["contains"]))?)));
    }
    Ok(())
}

fn listed(length: usize, at: &Path) -> Answer<()> {
    if length <= MAX_LIST { Ok(()) } else { bad(format!("at most {MAX_LIST} values are taken"), at) }
}

/// No text that is kept has a NUL, and Postgres takes none.
fn checked(text: String, at: &Path) -> Answer<String> {
    if text.chars().count() > MAX_TEXT {
        return bad(format!("at most {MAX_TEXT} characters are taken"), at);
    }
    if text.contains('\0') { bad("a text without control characters is expected", at) } else { Ok(text) }
}

/// An id argument of a query.
pub fn query_id<K: entity::id::Kind>(text: &str, at: Path) -> Answer<Id<K>> {
    Id::from_str(text).map_err(|error| TopError::bad_input(error.to_string(), at))
}

/// A text argument of a query.
pub fn query_text(text: String, at: &Path) -> Answer<String> {
    checked(text, at)
}
