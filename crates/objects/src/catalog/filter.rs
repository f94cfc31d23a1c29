//! Filters of products as clients write them, checked before any statement is built.

use std::str::FromStr;

use async_graphql::{Context, ID, InputObject};
use entity::prelude::{Id, kind};
use inventory::catalog::{
    core::{search::MAX_WORDS, text},
    rows::{
        conditions::TimeSpan,
        filter::{Filter, IdColumn, TextColumn, TextTest},
        leaves::{MetadataTest, PriceTest},
    },
};

pub use super::filter_limits::{check_list_length, check_text};
use super::{
    enums::{ProductStatus, Tracking},
    filter_limits::refuse_too_many,
    stock_filter::{limit_to_visible_stores, stock_test},
};
pub use crate::keyed_filters::below;
use crate::{
    graphql::{
        fault::{Answer, TopError},
        filters::{DateTimeFilter, IdFilter, MAX_TESTS, MoneyFilter, StoreIdFilter, StringFilter},
        nested::{check_depth, too_many_tests},
        refusal::Path,
    },
    stock::StockStatus,
};

/// Filter of the products. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ProductFilter {
    /// Conditions that must all hold; an empty list holds for everything.
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
    /// Trackings to include: of lots, of serial numbers, or none; an empty list matches nothing.
    pub tracking: Option<Vec<Tracking>>,
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
    /// Words of the SKU, name or barcodes, at most 8, each of letters and digits; typos are tolerated. A text without letters and digits finds
    /// nothing; null does not search.
    pub search: Option<String>,
    /// Barcode of the product. `eq` and `in` take a GTIN with or without zeros before it; `startsWith` and `contains` compare the printed code.
    pub barcode: Option<StringFilter>,
    /// Price of one whole unit.
    pub price: Option<MoneyFilter>,
    /// Keys of the metadata, at most 10, all of which must match; an empty list holds for everything.
    pub metadata: Option<Vec<MetadataFilter>>,
    /// Time at which the product was created.
    pub created_at: Option<DateTimeFilter>,
    /// Statuses of the product's stock, as for one level: the available quantities, limits and maximums of all stores that you may see are
    /// summed, or those of `stockedIn`. A product without a level is OUT_OF_STOCK; kits and untracked products match no status. Needs
    /// stock.read. An empty list matches nothing.
    pub stock_status: Option<Vec<StockStatus>>,
    /// Stores of which at least one has a stock level of the product, be it 0. Only these count for `stockStatus`. Needs stock.read; stores
    /// whose stock you may not see match nothing.
    pub stocked_in: Option<StoreIdFilter>,
}

crate::keyed_filter!(
    ProductFilter,
    "category" category CategorySlug,
    "categoryTree" category_tree CategorySlug,
    "supplier" supplier SupplierCode;
    [] "updatedAt" updated_at, "createdAt" created_at
);

/// Rows whose metadata have this key. Keys and texts are compared exactly.
#[derive(Debug, Clone, InputObject)]
pub struct MetadataFilter {
    /// Key at the top of the metadata object.
    pub key: String,
    /// Text of the key. Null matches every value; otherwise only texts match.
    pub value: Option<StringFilter>,
}

/// The filter, and besides that an id is this one.
fn with_id_condition(
    existing: Option<IdFilter>,
    id: ID,
    filter: &mut ProductFilter,
    to_filter: impl FnOnce(IdFilter) -> ProductFilter,
) -> Option<IdFilter> {
    if existing.is_some() {
        let condition = IdFilter { eq: Some(id), ..IdFilter::default() };
        filter.and.get_or_insert_default().push(to_filter(condition));
        return existing;
    }
    Some(IdFilter { eq: Some(id), ..IdFilter::default() })
}

/// Limits a filter to the products of a category, or of it and its descendants.
pub fn in_category(filter: Option<ProductFilter>, id: ID, with_descendants: bool) -> ProductFilter {
    let mut filter = filter.unwrap_or_default();
    if with_descendants {
        let existing = filter.category_tree.take();
        filter.category_tree = with_id_condition(existing, id, &mut filter, |condition| ProductFilter {
            category_tree: Some(condition),
            ..ProductFilter::default()
        });
    } else {
        let existing = filter.category.take();
        filter.category = with_id_condition(existing, id, &mut filter, |condition| ProductFilter {
            category: Some(condition),
            ..ProductFilter::default()
        });
    }
    filter
}

/// Products of a supplier that a filter leaves.
pub fn of_supplier(filter: Option<ProductFilter>, id: ID) -> ProductFilter {
    let mut filter = filter.unwrap_or_default();
    let existing = filter.supplier.take();
    filter.supplier = with_id_condition(existing, id, &mut filter, |condition| ProductFilter {
        supplier: Some(condition),
        ..ProductFilter::default()
    });
    filter
}

/// Returns the condition of a filter, limited to rows that the caller may see.
pub fn product_filter(ctx: &Context<'_>, filter: Option<ProductFilter>) -> Answer<Filter> {
    product_filter_at(ctx, filter, "filter")
}

/// The same for an argument of another name.
pub fn product_filter_at(ctx: &Context<'_>, filter: Option<ProductFilter>, argument: &str) -> Answer<Filter> {
    let Some(filter) = filter else { return Ok(Filter::default()) };
    product_filter_in(ctx, filter, &vec![argument.to_owned()])
}

/// The same for a filter at a path.
pub fn product_filter_in(ctx: &Context<'_>, filter: ProductFilter, at: &Path) -> Answer<Filter> {
    let mut remaining_tests = MAX_TESTS;
    let mut filter = parse(filter, 0, at, &mut remaining_tests)?;
    limit_to_visible_stores(ctx, &mut filter)?;
    Ok(filter)
}

/// `remaining_tests` is how many tests the whole filter may still have.
fn parse(filter: ProductFilter, depth: usize, at: &Path, remaining_tests: &mut usize) -> Answer<Filter> {
    check_depth(depth, || at.clone())?;
    let mut filters = Vec::new();
    let mut add_ids = |name: &str, column, filter: Option<IdFilter>, parse: fn(&str) -> Result<uuid::Uuid, String>| {
        filter.map_or(Ok(()), |filter| id_filter(&filter, column, parse, &below(at, &[name]), &mut filters))
    };
    add_ids("id", IdColumn::Product, filter.id, uuid_of::<kind::ProductId>)?;
    add_ids("category", IdColumn::Category, filter.category, uuid_of::<kind::CategoryId>)?;
    add_ids("categoryTree", IdColumn::CategoryTree, filter.category_tree, uuid_of::<kind::CategoryId>)?;
    add_ids("supplier", IdColumn::Supplier, filter.supplier, uuid_of::<kind::SupplierId>)?;
    add_ids("family", IdColumn::Family, filter.family, uuid_of::<kind::FamilyId>)?;
    for (name, column, filter) in [("sku", TextColumn::Sku, filter.sku), ("name", TextColumn::Name, filter.name)] {
        if let Some(filter) = filter {
            text_filter(filter, column, &below(at, &[name]), &mut filters)?;
        }
    }
    if let Some(status) = filter.status {
        check_list_length(status.len(), &below(at, &["status"]))?;
        filters.push(Filter::Status(status.into_iter().map(Into::into).collect()));
    }
    if let Some(tracking) = filter.tracking {
        check_list_length(tracking.len(), &below(at, &["tracking"]))?;
        filters.push(Filter::Tracking(tracking.into_iter().map(Into::into).collect()));
    }
    if let Some((from, before)) = filter.updated_at.as_ref().map(DateTimeFilter::range) {
        filters.push(Filter::UpdatedAt { from, before });
    }
    if let Some((from, before)) = filter.created_at.as_ref().map(DateTimeFilter::range) {
        filters.push(Filter::CreatedAt { from, before });
    }
    if let Some(barcode) = filter.barcode {
        filters.extend(text_tests(barcode, &below(at, &["barcode"]))?.into_iter().map(Filter::Barcode));
    }
    if let Some(price) = filter.price {
        let range = price.range(&below(at, &["price"]))?;
        filters.push(Filter::Price(PriceTest { currency: range.currency, least: range.least, most: range.most }));
    }
    filters.extend(metadata_tests(filter.metadata, at)?.into_iter().map(Filter::Metadata));
    filters.extend(stock_test(filter.stock_status, filter.stocked_in, at)?);
    if let Some(search) = filter.search {
        filters.push(Filter::Search(search_text(search, &below(at, &["search"]))?));
    }
    *remaining_tests = remaining_tests.checked_sub(filters.len().max(1)).ok_or_else(|| too_many_tests(at.clone()))?;
    if let Some(parts) = filter.and {
        filters.push(Filter::All(parse_nested(parts, depth, &below(at, &["and"]), remaining_tests)?));
    }
    if let Some(parts) = filter.or {
        filters.push(Filter::Any(parse_nested(parts, depth, &below(at, &["or"]), remaining_tests)?));
    }
    if let Some(part) = filter.not {
        filters.push(Filter::Not(Box::new(parse(*part, depth + 1, &below(at, &["not"]), remaining_tests)?)));
    }
    Ok(Filter::All(filters))
}

fn parse_nested(parts: Vec<ProductFilter>, depth: usize, at: &Path, remaining_tests: &mut usize) -> Answer<Vec<Filter>> {
    check_list_length(parts.len(), at)?;
    let part = |(index, part)| parse(part, depth + 1, &below(at, &[usize::to_string(&index).as_str()]), remaining_tests);
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
    filters: &mut Vec<Filter>,
) -> Answer<()> {
    match filter.is_null {
        Some(is_null) if column.may_be_null() => {
            filter.reject_key(|| at.clone())?;
            filters.push(Filter::IsNull(column, is_null));
        }
        _ => filter.reject_operators(|| at.clone())?,
    }
    let parse_id = |id: &ID, at: Path| parse(id).map_err(|message| TopError::bad_input(message, at));
    if let Some(id) = &filter.eq {
        filters.push(Filter::Ids(column, vec![parse_id(id, below(at, &["eq"]))?]));
    }
    if let Some(list) = &filter.one_of {
        let at = below(at, &["in"]);
        check_list_length(list.len(), &at)?;
        let ids = list.iter().enumerate().map(|(index, id)| parse_id(id, below(&at, &[index.to_string().as_str()])));
        filters.push(Filter::Ids(column, ids.collect::<Answer<_>>()?));
    }
    Ok(())
}

/// Maximum metadata keys of a filter: each is searched in every row that the other conditions
/// leave.
const MAX_KEYS: usize = 10;

/// The tests of the field `metadata` of a filter at a place.
pub fn metadata_tests(tests: Option<Vec<MetadataFilter>>, at: &Path) -> Answer<Vec<MetadataTest>> {
    let (tests, at) = (tests.unwrap_or_default(), below(at, &["metadata"]));
    if tests.len() > MAX_KEYS {
        return refuse_too_many(format!("at most {MAX_KEYS} keys are taken"), &at);
    }
    let read_test = |(index, test)| metadata_test(test, &below(&at, &[usize::to_string(&index).as_str()]));
    tests.into_iter().enumerate().map(read_test).collect()
}

fn metadata_test(test: MetadataFilter, at: &Path) -> Answer<MetadataTest> {
    let key = check_text(test.key, &below(at, &["key"]))?;
    let value = test.value.map_or_else(|| Ok(Vec::new()), |value| text_tests(value, &below(at, &["value"])))?;
    Ok(MetadataTest { key, value })
}

fn text_filter(filter: StringFilter, column: TextColumn, at: &Path, filters: &mut Vec<Filter>) -> Answer<()> {
    filters.extend(text_tests(filter, at)?.into_iter().map(|test| Filter::Text(column, test)));
    Ok(())
}

/// Parses the tests of a text, all of which must hold.
pub(crate) fn text_tests(filter: StringFilter, at: &Path) -> Answer<Vec<TextTest>> {
    let mut tests = Vec::new();
    if let Some(text) = filter.eq {
        tests.push(TextTest::In(vec![check_text(text, &below(at, &["eq"]))?]));
    }
    if let Some(list) = filter.one_of {
        let at = below(at, &["in"]);
        check_list_length(list.len(), &at)?;
        let texts = list.into_iter().map(|text| check_text(text, &at)).collect::<Answer<_>>()?;
        tests.push(TextTest::In(texts));
    }
    if let Some(text) = filter.starts_with {
        tests.push(TextTest::StartsWith(check_text(text, &below(at, &["startsWith"]))?));
    }
    if let Some(text) = filter.contains {
        tests.push(TextTest::Contains(check_text(text, &below(at, &["contains"]))?));
    }
    tests.extend(filter.is_null.map(TextTest::IsNull));
    Ok(tests)
}

/// The same for an optional filter.
pub fn texts(filter: Option<StringFilter>, at: &Path) -> Answer<Vec<TextTest>> {
    filter.map_or_else(|| Ok(Vec::new()), |filter| text_tests(filter, at))
}

/// The span of a range of time that may be left out.
pub fn moments(filter: Option<DateTimeFilter>) -> TimeSpan {
    let (from, before) = filter.as_ref().map(DateTimeFilter::range).unwrap_or_default();
    TimeSpan { from, before }
}

/// The text of a search of products.
pub fn search_text(text: String, at: &Path) -> Answer<String> {
    let text = check_text(text, at)?;
    let words = text::words(&text).len();
    if words > MAX_WORDS {
        return refuse_too_many(format!("{} has {words} words: at most {MAX_WORDS} are taken", at.join(".")), at);
    }
    Ok(text)
}

/// An id argument of a query.
pub fn query_id<K: entity::id::Kind>(text: &str, at: Path) -> Answer<Id<K>> {
    Id::from_str(text).map_err(|error| TopError::bad_input(error.to_string(), at))
}

/// A text argument of a query.
pub fn query_text(text: String, at: &Path) -> Answer<String> {
    check_text(text, at)
}
