//! Filter and sort of the list of customers.

use std::collections::BTreeSet;

use async_graphql::{Context, Enum, InputObject, MaybeUndefined};
use entity::id::kind as ids;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::{
    Catalog,
    rows::{
        conditions::MAX_COMPARED,
        customer_list::{CustomerSort as By, CustomerSorted, CustomerTests, OrdersTest},
        filter::TextTest,
    },
};
use platform::{path, storage::Nested};

use super::{
    filter::{MetadataFilter, below, check_text, metadata_tests, moments, query_text, texts},
    page::Direction,
};
use crate::graphql::{
    context::ContextExt,
    directives::cost,
    fault::{Answer, TopError},
    filters::{DateTimeFilter, IdFilter, StringFilter},
    nested::{NestedFilter, field_path, read_nested},
    price::UnusedPoints,
    refusal::Path,
};

/// Maximum e-mail addresses in the filter of one list.
const MAX_ADDRESSES: usize = 8;

/// Points for comparing the maximum number of names. Points that fewer comparisons do not need are
/// returned.
const NAME_COMPARISON_POINTS: u32 = 400;

/// Customers that match all of these; a condition that is null is ignored. Without a filter, those in use. Names and
/// e-mail addresses are stored encrypted: an address is found as a whole, and a name among at most 10,000 customers.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CustomerFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<CustomerFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<CustomerFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<CustomerFilter>>,
    /// Customers to include.
    pub id: Option<IdFilter>,
    /// True for archived customers only, false for those in use, null for both. Left out everywhere in a filter, only those in use match; left out
    /// in a part of a filter whose other parts say it, that part matches both.
    pub is_archived: MaybeUndefined<bool>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Name of the customer; case is ignored. Names have no index: those of the customers that match all other conditions are decrypted and compared.
    /// More than 10,000 such customers are refused as LIMIT_EXCEEDED. Not taken inside `or` and `not`. Costs 0.04 points for each name that is compared, of
    /// which those for 10,000 are charged first and the rest is put back.
    #[graphql(directive = cost::apply(NAME_COMPARISON_POINTS.to_string()))]
    pub name: Option<StringFilter>,
    /// Beginning of the customer's reference or, with customer.contact.read, the whole e-mail address. References are looked for as the text is
    /// written, in capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. A
    /// reference or an address of a merged customer finds the one that it is merged into. An empty text finds nothing.
    pub search: Option<String>,
    /// E-mail address of the customer; case is ignored. Needs customer.contact.read. At most 8 addresses are taken in all parts of a filter.
    pub email: Option<String>,
    /// Country of the customer: an ISO 3166 code, or the name that was given. Case of the letters A to Z is ignored.
    pub country: Option<StringFilter>,
    /// Tag of the customer; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Keys of the custom data, at most 10, all of which must match; an empty list holds for everything.
    pub metadata: Option<Vec<MetadataFilter>>,
    /// True for customers with at least one order, whatever its status, false for those without any, null for both. Orders of customers that are merged
    /// into one count as its own. Only orders that you may see count. Needs order.read.
    pub has_orders: Option<bool>,
    /// Time at which the customer was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the customer last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(CustomerFilter);
crate::dated_filter!(CustomerFilter, [] "createdAt" created_at, "updatedAt" updated_at);

/// Compiles the tests of a list of customers: those of its filter and of the separate address and
/// tag; second, the tests of names, all of which must hold.
pub fn customer_tests(
    filter: Option<CustomerFilter>,
    (email, tag): (Option<String>, Option<String>),
) -> Answer<(Nested<CustomerTests>, Vec<TextTest>)> {
    let tag = tag.map(|tag| query_text(tag, &path!["tag"])).transpose()?;
    let has_archived_test = filter.as_ref().is_some_and(|filter| filter.has(&|part| !part.is_archived.is_undefined()));
    let own_tests = CustomerTests {
        is_archived: (!has_archived_test).then_some(false),
        email: email.map(|email| query_text(email, &path!["email"])).transpose()?,
        tags: tag.into_iter().map(|tag| TextTest::In(vec![tag])).collect(),
        ..CustomerTests::default()
    };
    let mut names = Vec::new();
    let mut read_tests = |mut filter: CustomerFilter, at: &Path| {
        names.extend(compile_name_tests(filter.name.take(), at)?);
        compile_tests(filter, at)
    };
    let and = filter.map(|filter| read_nested(filter, &mut read_tests)).transpose()?.into_iter().collect();
    Ok((Nested { own: own_tests, and, or: None, not: None }, names))
}

/// Compiles the tests of names of one filter. Names are compared only among the customers that
/// match all other conditions, so such a test is refused inside `or` and `not`.
fn compile_name_tests(filter: Option<StringFilter>, at: &Path) -> Answer<Vec<TextTest>> {
    let name_path = below(at, &["name"]);
    if filter.is_some() && at.iter().any(|part| part == "or" || part == "not") {
        return Err(TopError::bad_input("name is taken outside of or and not", name_path));
    }
    texts(filter, &name_path)
}

/// Narrows the tests to the customers whose names pass these tests.
///
/// # Errors
/// More customers match the other tests than can be compared.
pub async fn narrow_to_names(
    ctx: &Context<'_>,
    (permit, contact_permit): (Permit<kind::CustomerRead>, Option<&Permit<kind::CustomerContactRead>>),
    (tests, names): (&mut Nested<CustomerTests>, Vec<TextTest>),
) -> Answer<()> {
    if names.is_empty() {
        return Ok(());
    }
    let name_matches = ctx.required_data::<Catalog>()?.customers_by_name(permit, contact_permit, tests.clone(), &names).await?;
    let Some(name_matches) = name_matches else {
        let message = "more than 10,000 customers match the other conditions: narrow them, by country, tag or createdAt, to find a customer by name";
        return Err(TopError::limit_exceeded(message, path!["filter"]));
    };
    if let Some(unused) = ctx.data_opt::<UnusedPoints>() {
        unused.add(unused_points(name_matches.opened));
    }
    tests.own.ids = Some(name_matches.ids);
    Ok(())
}

/// Returns the points to refund of the cost of comparing names, if fewer customers were decrypted
/// than the limit.
fn unused_points(opened_count: usize) -> u32 {
    let limit = u32::try_from(MAX_COMPARED).unwrap_or(u32::MAX);
    let unopened = limit.saturating_sub(u32::try_from(opened_count).unwrap_or(u32::MAX));
    NAME_COMPARISON_POINTS.saturating_mul(unopened) / limit
}

/// Compiles the tests of one filter, without its nested filters.
fn compile_tests(filter: CustomerFilter, at: &Path) -> Answer<CustomerTests> {
    let at_field = |name: &str| below(at, &[name]);
    Ok(CustomerTests {
        ids: filter.id.map(|filter| filter.ids::<ids::CustomerId>(&field_path(at, "id"))).transpose()?.flatten(),
        is_archived: filter.is_archived.value().copied(),
        references: texts(filter.external_ref, &at_field("externalRef"))?,
        search: filter.search.map(|text| check_text(text, &at_field("search"))).transpose()?,
        email: filter.email.map(|text| check_text(text, &at_field("email"))).transpose()?,
        countries: texts(filter.country, &at_field("country"))?,
        tags: texts(filter.tag, &at_field("tag"))?,
        metadata: metadata_tests(filter.metadata, at)?,
        orders: filter.has_orders.map(|has| OrdersTest { has, ..OrdersTest::default() }),
        created: moments(filter.created_at),
        updated: moments(filter.updated_at),
    })
}

/// Limits tests of orders to those that the caller sees.
///
/// # Errors
/// The caller sees no orders.
pub fn limit_to_visible_orders(ctx: &Context<'_>, tests: &mut Nested<CustomerTests>) -> Answer<()> {
    for test in tests.all_mut().into_iter().filter_map(|tests| tests.orders.as_mut()) {
        let permit = ctx.permit::<kind::OrderRead>().map_err(|error| error.at(path!["filter"]))?;
        if let Reach::Stores(stores) = permit.reach() {
            test.stores = Some(stores.to_vec());
        }
        test.channel = permit.channel();
    }
    Ok(())
}

/// The permit to find customers by e-mail address, if the tests contain one: an explicit test of an
/// address is refused without it, a search then compares references only.
pub fn address_permit(ctx: &Context<'_>, tests: &mut Nested<CustomerTests>) -> Answer<Option<Permit<kind::CustomerContactRead>>> {
    let (mut is_tested, mut addresses) = (false, BTreeSet::new());
    for tests in tests.all_mut() {
        is_tested |= tests.email.is_some();
        addresses.extend(tests.addresses().map(str::to_owned));
    }
    if addresses.is_empty() || !(is_tested || ctx.holds::<kind::CustomerContactRead>()) {
        return Ok(None);
    }
    let permit = ctx.permit::<kind::CustomerContactRead>().map_err(|error| error.at(path!["filter"]))?;
    if addresses.len() > MAX_ADDRESSES {
        return Err(TopError::limit_exceeded(format!("at most {MAX_ADDRESSES} e-mail addresses are taken"), path!["filter"]));
    }
    Ok(Some(permit))
}

/// Sort order of a list of customers; customers with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct CustomerSort {
    /// Field by which the customers are sorted.
    pub field: CustomerSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which customers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CustomerSortField {
    /// Time at which the customer was created.
    CreatedAt,
    /// Time at which the customer last changed.
    UpdatedAt,
    /// The caller's own key for the customer, capitals before small letters. A customer without one comes before all others.
    ExternalRef,
}

crate::sorts::rows_sorted!(CustomerSort => CustomerSorted);
