//! Pages of returns: keyset, one statement each; lines come with one more. And returns by their numbers and references.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_return,
};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use uuid::Uuid;

use super::{
    load::ReturnRow,
    visibility::{return_channel_condition, return_of_channels},
};
use crate::{
    catalog::rows::{conditions::null_test, filter::TextTest as TagTest, node_tags::tag_condition},
    orders::rows::{Clause, DocumentSorted, DocumentTable, DocumentTest, Span, TextTest},
    returns::core::Return,
};

/// A condition on returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnTest {
    Store(Vec<Uuid>),
    Customer(Vec<Uuid>),
    /// Whether it has a customer: guests' returns have none.
    HasCustomer(bool),
    /// Belongs to the caller's channel.
    Channel(ChannelId),
    /// Belongs to one of these channels.
    Channels(Vec<Uuid>),
    ExternalRef(TextTest),
    Register(TextTest),
    /// One of the tags passes.
    Tag(TagTest),
    ReceivedAt(Span),
    /// Whether the goods were received.
    IsReceived(bool),
    Status(Vec<ReturnStatus>),
    /// Has lines of one of these orders.
    Order(Vec<Uuid>),
    Document(DocumentTest),
}

/// Returns and their lines.
const TABLE: DocumentTable =
    DocumentTable { name: "sales_return", alias: "r", lines: "return_line", of: "return_id", counts: "" };

impl ReturnTest {
    /// Adds the condition on the table `sales_return` under the alias `r`.
    fn push_to(&self, clause: &mut Clause) {
        match self {
            Self::Store(ids) => clause.ids("r.store_id", ids),
            Self::Customer(ids) => clause.ids("r.customer_id", ids),
            Self::HasCustomer(true) => clause.push("r.customer_id IS NOT NULL"),
            Self::HasCustomer(false) => clause.push("r.customer_id IS NULL"),
            Self::Channel(channel) => {
                let number = clause.bind(*channel);
                clause.push(&return_channel_condition(number));
            }
            Self::Channels(ids) => {
                let backend = clause.backend();
                let number = clause.bind(backend.ids(ids.iter().map(|id| ChannelId::from_uuid(*id))));
                clause.push(&return_of_channels(backend, number));
            }
            Self::ExternalRef(test) => clause.text("r.external_ref", test),
            Self::Register(test) => clause.text("r.register", test),
            Self::Tag(test) => {
                let (sql, values) = tag_condition(clause.backend(), clause.next(), "r.id", test);
                clause.push(sql.trim_start_matches(" AND "));
                clause.values.extend(values);
            }
            Self::ReceivedAt(span) => {
                if *span != Span::default() {
                    clause.push("r.received_at IS NOT NULL AND ");
                }
                clause.span("r.received_at", *span);
            }
            Self::IsReceived(is_received) => clause.push(&null_test("r.received_at", !is_received)),
            Self::Status(list) => {
                let number = clause.bind(clause.backend().texts(list.iter().map(|status| status.as_str())));
                clause.push(&clause.backend().in_texts("r.status", number));
            }
            Self::Order(ids) => {
                clause.push("r.id IN (SELECT m.return_id FROM return_match m WHERE m.tenant_id = $1 AND ");
                clause.ids("m.order_id", ids);
                clause.push(")");
            }
            Self::Document(test) => test.push_to(clause, &TABLE),
        }
    }
}

/// Returns the name of the order of returns for cursors: by default by the time at which they
/// happened, newest first.
pub fn returns_kind(sorted: Option<DocumentSorted>) -> String {
    sorted.map_or_else(|| "returns:OCCURRED_AT:DESC".to_owned(), |sorted| sorted.kind("returns"))
}

/// Returns the cursor keys of a return in its list.
pub fn return_keys(sorted: Option<DocumentSorted>, sales_return: &Return) -> Vec<Key> {
    let first = sorted.map_or_else(
        || Key::Int(sales_return.occurred_at.micros()),
        |sorted| sorted.key(sales_return.number.get(), sales_return.created_at, sales_return.updated_at),
    );
    vec![first, sales_return.id.into()]
}

/// The returns that pass these tests: all of each list.
pub fn returns_source(backend: Backend, tests: &Nested<Vec<ReturnTest>>) -> ListSource {
    let (conditions, values) = tests.conditions(2, &|tests, next| {
        let mut clause = Clause::new(backend, next);
        for test in tests {
            clause.push(" AND ");
            test.push_to(&mut clause);
        }
        (clause.sql, clause.values)
    });
    ListSource { from: format!("FROM sales_return r WHERE r.tenant_id = $1{conditions}"), values }
}

/// A page of returns without their lines; newest first by default.
pub async fn returns_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: Option<DocumentSorted>,
    request: &PageRequest,
) -> Result<Vec<Return>, Fault> {
    let (sql, values) = match sorted {
        Some(sorted) => sorted.page(source, ReturnRow::SELECT, "r", request),
        None => source.page(ReturnRow::SELECT, &["r.occurred_at", "r.id"], true, request),
    };
    reads.records::<ReturnRow>(&sql, values).await?.into_iter().map(ReturnRow::ret).collect()
}

#[derive(Record)]
#[record(of = sales_return, alias = "r")]
struct NumberRow {
    id: ReturnId,
    number: i64,
}

/// Returns the returns with these numbers; unknown numbers are left out.
pub async fn returns_by_number(reads: &impl Reads, numbers: &[i64]) -> Result<HashMap<i64, ReturnId>, Fault> {
    let backend = reads.backend();
    let (select, number_condition) = (NumberRow::SELECT, backend.in_numbers("r.number", 2));
    let sql = format!("SELECT {select} FROM sales_return r WHERE r.tenant_id = $1 AND {number_condition}");
    let rows = reads.records::<NumberRow>(&sql, vec![backend.numbers(numbers.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.number, row.id)).collect())
}

#[derive(Record)]
#[record(of = sales_return, alias = "r")]
struct ReferenceRow {
    id: ReturnId,
    #[record(not_null)]
    external_ref: String,
}

/// Returns the returns with these references in external systems; unknown references are left out.
pub async fn returns_by_reference(reads: &impl Reads, references: &[&str]) -> Result<HashMap<String, ReturnId>, Fault> {
    // Postgres refuses a text with a NUL character; no reference has one.
    let references: Vec<&str> = references.iter().copied().filter(|reference| !reference.contains('\0')).collect();
    if references.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, reference_condition) = (ReferenceRow::SELECT, backend.in_texts("r.external_ref", 2));
    let sql = format!("SELECT {select} FROM sales_return r WHERE r.tenant_id = $1 AND {reference_condition}");
    let rows = reads.records::<ReferenceRow>(&sql, vec![backend.texts(references)]).await?;
    Ok(rows.into_iter().map(|row| (row.external_ref, row.id)).collect())
}
