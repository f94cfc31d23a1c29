//! Pages of returns: keyset, one statement each; lines come with one more.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Reads},
};
use uuid::Uuid;

use super::{load::ReturnRow, visibility::return_of_channel};
use crate::{
    orders::rows::{Clause, Span, TextTest},
    returns::core::Return,
};

/// A condition on returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnTest {
    Store(Vec<Uuid>),
    Customer(Vec<Uuid>),
    Channel(ChannelId),
    ExternalRef(TextTest),
    ReceivedAt(Span),
}

impl ReturnTest {
    /// Adds the condition on the table `sales_return` under the alias `r`.
    fn push_to(&self, clause: &mut Clause) {
        match self {
            Self::Store(ids) => clause.ids("r.store_id", ids),
            Self::Customer(ids) => clause.ids("r.customer_id", ids),
            Self::Channel(channel) => {
                let number = clause.bind(*channel);
                clause.push(&return_of_channel(number));
            }
            Self::ExternalRef(test) => clause.text("r.external_ref", test),
            Self::ReceivedAt(span) => {
                clause.push("r.received_at IS NOT NULL AND ");
                clause.span("r.received_at", *span);
            }
        }
    }
}

/// Names the order of returns in cursors.
pub const RETURNS: &str = "returns:OCCURRED_AT:DESC";

/// Where a return stands in its list.
pub fn return_keys(ret: &Return) -> Vec<Key> {
    vec![Key::Int(ret.occurred_at.micros()), ret.id.into()]
}

/// The returns that pass all of these tests.
pub fn returns_source(backend: Backend, tests: &[ReturnTest]) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    for test in tests {
        clause.push(" AND ");
        test.push_to(&mut clause);
    }
    ListSource { from: format!("FROM sales_return r WHERE r.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// A page of returns without their lines, the newest first.
pub async fn returns_page(reads: &impl Reads, source: ListSource, request: &PageRequest) -> Result<Vec<Return>, Fault> {
    let (sql, values) = source.page(ReturnRow::SELECT, &["r.occurred_at", "r.id"], true, request);
    reads.records::<ReturnRow>(&sql, values).await?.into_iter().map(ReturnRow::ret).collect()
}
