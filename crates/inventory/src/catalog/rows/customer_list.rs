//! Lists of customers. Names and addresses are sealed: a whole e-mail address is looked up, and
//! names are compared after they are opened.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use platform::{
    paging::{Key, ListPage, PageRequest, SortBy, Sorted},
    storage::{Fault, Nested, Reads},
};

pub use super::customer_names::NamedCustomers;
use super::{
    clause::Clause,
    conditions::{TimeSpan, nested, push_tag, push_text},
    customer, customer_names,
    leaves::MetadataTest,
    merge::SURVIVOR,
    small_tables,
    text_filter::{TextTest, begins_with},
};
use crate::catalog::core::{customer::CustomerRow, text};

/// Tests of customers, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerTests {
    /// One of these; None for all.
    pub ids: Option<Vec<CustomerId>>,
    /// None for all.
    pub is_archived: Option<bool>,
    /// Compared exactly.
    pub references: Vec<TextTest>,
    /// The beginning of a reference, or an e-mail address. An empty text finds nothing.
    pub search: Option<String>,
    /// A whole e-mail address, in any spelling of capitals.
    pub email: Option<String>,
    /// Capitals of A to Z do not count.
    pub countries: Vec<TextTest>,
    /// Each passes where one of the tags does.
    pub tags: Vec<TextTest>,
    /// Keys of custom data, all of which must be there.
    pub metadata: Vec<MetadataTest>,
    /// None for all.
    pub orders: Option<OrdersTest>,
    pub created: TimeSpan,
    pub updated: TimeSpan,
}

/// Whether there are orders of a customer, or of one that is merged into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdersTest {
    pub has: bool,
    /// Only orders of these stores count; None for all.
    pub stores: Option<Vec<StoreId>>,
    /// Only orders of this channel count; None for all.
    pub channel: Option<ChannelId>,
}

impl CustomerTests {
    /// Returns the e-mail addresses that the tests name.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let searched = self.search.as_deref().map(str::trim).filter(|text| text.contains('@'));
        self.email.as_deref().into_iter().chain(searched)
    }
}

/// Sort of a list of customers; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerSort {
    /// By their ids, which are given in the order of time.
    CreatedAt,
    UpdatedAt,
    /// A customer without a reference comes before all others.
    ExternalRef,
}

/// A sort and its direction.
pub type CustomerSorted = Sorted<CustomerSort>;

impl SortBy for CustomerSort {
    type Row = CustomerRow;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::CreatedAt, descending: false };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::CreatedAt => ("CREATED_AT", &["c.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["c.updated_at", "c.id"]),
            // In the form of the index of migration 120.
            Self::ExternalRef => {
                ("EXTERNAL_REF", &["(CASE WHEN c.external_ref IS NULL THEN '' ELSE c.external_ref END)", "c.id"])
            }
        }
    }
    fn keys(self, row: &CustomerRow) -> Vec<Key> {
        let first_key = match self {
            Self::CreatedAt => None,
            Self::UpdatedAt => Some(Key::Int(row.updated_at.micros())),
            Self::ExternalRef => Some(Key::Text(row.external_ref.clone().unwrap_or_default())),
        };
        first_key.into_iter().chain([row.id.into()]).collect()
    }
}

/// Whether customers are found by e-mail addresses: who may not see them must not try them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressSearch {
    Seen,
    Hidden,
}

/// A page of all customers, in the order of their creation.
pub async fn plain_page(reads: &impl Reads, request: &PageRequest) -> Result<ListPage<CustomerRow>, Fault> {
    customer::page(reads, Clause::new(reads.backend()), CustomerSorted::default(), request).await
}

/// A page of the customers that pass these tests.
pub async fn page(
    reads: &impl Reads,
    tests: Nested<CustomerTests>,
    addresses: AddressSearch,
    sorted: CustomerSorted,
    request: &PageRequest,
) -> Result<ListPage<CustomerRow>, Fault> {
    let clause = condition(reads, tests, addresses).await?;
    customer::page(reads, clause, sorted, request).await
}

/// Counts the customers that pass these tests, up to one more than `limit`.
pub async fn count(reads: &impl Reads, tests: Nested<CustomerTests>, addresses: AddressSearch, limit: i64) -> Result<i64, Fault> {
    let clause = condition(reads, tests, addresses).await?;
    customer::count(reads, clause, limit).await
}

/// Returns the customers that pass these tests and the tests of names; None if more customers pass
/// the others than are opened.
pub async fn find_named(
    reads: &impl Reads,
    tests: Nested<CustomerTests>,
    addresses: AddressSearch,
    names: &[TextTest],
) -> Result<Option<NamedCustomers>, Fault> {
    let clause = condition(reads, tests, addresses).await?;
    customer_names::find_named(reads, clause, names).await
}

/// Customers by e-mail address; empty if addresses are hidden.
type IdsByAddress = HashMap<String, Vec<CustomerId>>;

/// Returns the condition of these tests. Addresses are looked up in statements of their own:
/// Postgres would scan all customers for the few that one names. The address of a merged customer
/// finds its survivor.
async fn condition(reads: &impl Reads, mut tests: Nested<CustomerTests>, addresses: AddressSearch) -> Result<Clause, Fault> {
    let mut requested_addresses = BTreeSet::new();
    if addresses == AddressSearch::Seen {
        for tests in tests.all_mut() {
            requested_addresses.extend(tests.addresses().map(str::to_owned));
        }
    }
    let mut ids_by_address = IdsByAddress::new();
    for address in requested_addresses {
        let ids = customer::ids_by_email(reads, &address).await?;
        ids_by_address.insert(address, ids);
    }
    Ok(nested(reads.backend(), &tests, |clause, tests| compile_own_tests(clause, tests, &ids_by_address)))
}

/// The tests of one filter, each beginning with ` AND `.
fn compile_own_tests(clause: &mut Clause, tests: &CustomerTests, ids_by_address: &IdsByAddress) {
    let of_address = |address: &str| ids_by_address.get(address).cloned().unwrap_or_default();
    small_tables::push_archived_test(clause, tests.is_archived);
    if let Some(ids) = &tests.ids {
        push_id_in(clause, ids);
    }
    if let Some(email) = &tests.email {
        push_id_in(clause, &of_address(email));
    }
    if let Some(search) = tests.search.as_deref().map(str::trim) {
        push_search(clause, search, &of_address(search));
    }
    for test in &tests.references {
        push_reference_test(clause, test);
    }
    for test in &tests.countries {
        push_text(clause, "lower(c.country)", test, |country| text::normal_form(country).to_ascii_lowercase());
    }
    for test in &tests.tags {
        push_tag(clause, "c.tag_keys", test);
    }
    for test in &tests.metadata {
        let (not, present) = test.present();
        clause.push(&format!(" AND c.id {not}IN (SELECT n.target_id FROM node_tags n WHERE n.tenant_id = $1"));
        clause.push(" AND n.target_kind = 'cus' AND ");
        present.compile_on("n.metadata", clause);
        clause.push(")");
    }
    if let Some(test) = &tests.orders {
        push_orders_test(clause, test);
    }
    tests.created.push_to(clause, "c.created_at");
    tests.updated.push_to(clause, "c.updated_at");
}

fn push_id_in(clause: &mut Clause, ids: &[CustomerId]) {
    let backend = clause.backend();
    let number = clause.number(backend.ids(ids.iter().copied()));
    clause.push(&format!(" AND {}", backend.in_ids("c.id", number)));
}

/// Adds the test of orders, evaluated customer by customer: as a condition on orders, both
/// databases may scan all orders.
fn push_orders_test(clause: &mut Clause, test: &OrdersTest) {
    let (backend, mut order_conditions) = (clause.backend(), String::new());
    if let Some(stores) = &test.stores {
        let number = clause.number(backend.ids(stores.iter().copied()));
        order_conditions.push_str(&format!(" AND {}", backend.in_ids("o.store_id", number)));
    }
    if let Some(channel) = test.channel {
        let mark = clause.bind(channel);
        order_conditions.push_str(&format!(" AND o.channel_id = {mark}"));
    }
    let orders_sql =
        format!("(SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.customer_id = c.id{order_conditions} LIMIT 1)");
    let merged = format!(
        "(SELECT o.id FROM customer m JOIN sales_order o ON o.tenant_id = $1 AND o.customer_id = m.id \
         WHERE m.tenant_id = $1 AND m.merged_into = c.id{order_conditions} LIMIT 1)"
    );
    clause.push(&if test.has {
        format!(" AND ({orders_sql} IS NOT NULL OR {merged} IS NOT NULL)")
    } else {
        format!(" AND {orders_sql} IS NULL AND {merged} IS NULL")
    });
}

/// Adds the test of a reference. Whole references are looked up in a subquery: SQLite would scan
/// all customers in the order of the list.
fn push_reference_test(clause: &mut Clause, test: &TextTest) {
    let TextTest::In(texts) = test else {
        push_text(clause, "c.external_ref", test, text::normal_form);
        return;
    };
    let backend = clause.backend();
    let keys: Vec<String> = texts.iter().map(|reference| text::normal_form(reference.trim())).collect();
    let number = clause.number(backend.texts(keys.iter().map(String::as_str)));
    let key_condition = backend.in_texts("k.external_ref", number);
    clause.push(&format!(" AND c.id IN (SELECT k.id FROM customer k WHERE k.tenant_id = $1 AND {key_condition})"));
}

/// Shorter texts must match exactly: they are the beginning of most references.
const MIN_PREFIX_LENGTH: usize = 3;

/// Adds the condition for customers whose reference begins with the text, and those found by their
/// e-mail address. A reference of a merged customer finds its survivor.
fn push_search(clause: &mut Clause, search: &str, ids: &[CustomerId]) {
    if search.is_empty() {
        clause.push(" AND FALSE");
        return;
    }
    let mut before = " AND c.id IN (";
    if !ids.is_empty() {
        let backend = clause.backend();
        let number = clause.number(backend.ids(ids.iter().copied()));
        clause.push(before);
        clause.push(&backend.select_ids(number));
        before = " UNION ALL ";
    }
    for spelling in text::spellings(&text::normal_form(search)) {
        clause.push(before);
        clause.push(&format!("SELECT {SURVIVOR} FROM customer k WHERE k.tenant_id = $1 AND "));
        if spelling.chars().nth(MIN_PREFIX_LENGTH - 1).is_some() {
            begins_with(clause, "k.external_ref", &spelling);
        } else {
            let mark = clause.bind(spelling);
            clause.push(&format!("k.external_ref = {mark}"));
        }
        before = " UNION ALL ";
    }
    clause.push(")");
}

#[cfg(test)]
mod tests {
    use platform::storage::Backend;

    use super::*;

    fn compile_tests(tests: &CustomerTests, named: &IdsByAddress) -> (String, usize) {
        let mut clause = Clause::new(Backend::Sqlite);
        compile_own_tests(&mut clause, tests, named);
        (clause.sql, clause.values.len())
    }

    #[test]
    fn a_line_end_is_in_no_tag() {
        let tests = |test: TextTest| CustomerTests { tags: vec![test], ..CustomerTests::default() };
        assert_eq!(
            compile_tests(&tests(TextTest::Contains("vip\nlate".to_owned())), &IdsByAddress::new()),
            (" AND FALSE".to_owned(), 0)
        );
        let found = " AND c.tag_keys <> '' AND instr(c.tag_keys, $2) > 0".to_owned();
        assert_eq!(compile_tests(&tests(TextTest::StartsWith("Late".to_owned())), &IdsByAddress::new()), (found, 1));
        let mut clause = Clause::new(Backend::Sqlite);
        push_tag(&mut clause, "c.tag_keys", &TextTest::In(vec!["vip\nlate".to_owned(), " Late\n".to_owned()]));
        assert_eq!(clause.values, [Backend::Sqlite.texts(["\nlate\n"])]);
    }

    #[test]
    fn a_short_search_is_the_whole_reference_and_an_empty_one_finds_nothing() {
        let tests = |search: &str| CustomerTests { search: Some(search.to_owned()), ..CustomerTests::default() };
        assert_eq!(compile_tests(&tests(" "), &IdsByAddress::new()).0, " AND FALSE");
        assert!(compile_tests(&tests("12"), &IdsByAddress::new()).0.contains("k.external_ref = $2"));
        assert!(compile_tests(&tests("123"), &IdsByAddress::new()).0.contains("k.external_ref >= $2 AND k.external_ref < $3"));
    }
}
