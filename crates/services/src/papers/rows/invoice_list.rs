//! The list of all invoices and credit notes: its filters and sorts.

use entity::{prelude::*, record::Selected};
use inventory::{
    catalog::core::text,
    orders::rows::{Clause, SearchTest, Span, TextTest, TotalTest, prefix_condition},
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use uuid::Uuid;

use super::invoices::{FROM_INVOICE, SealedInvoice, attach_lines};
use crate::papers::core::Invoice;

/// A condition on invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceTest {
    /// IDs, any of which matches; an empty list matches nothing.
    Ids(Vec<Uuid>),
    Kind(Vec<InvoiceKind>),
    /// Test of the code of the issuing company.
    LegalEntity(TextTest),
    Store(Vec<Uuid>),
    Order(Vec<Uuid>),
    /// Invoices of orders of these customers.
    Customer(Vec<Uuid>),
    /// The printed number.
    Number(TextTest),
    IssuedAt(Span),
    Total(TotalTest),
    Search(InvoiceSearch),
}

/// A text that matches an invoice by its printed number, or by the search of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceSearch {
    /// The trimmed number. An empty one finds nothing.
    pub number: String,
    pub orders: SearchTest,
}

impl InvoiceSearch {
    /// Adds the condition as a union of queries, each of which is a range of an index.
    fn push_to(&self, clause: &mut Clause) {
        if self.number.is_empty() {
            clause.push("FALSE");
            return;
        }
        let mut subqueries = Vec::new();
        for spelling in text::spellings(&self.number) {
            let label_condition = prefix_condition(clause, "x.label", &spelling);
            subqueries.push(format!("SELECT x.id FROM invoice x WHERE x.tenant_id = $1 AND {label_condition}"));
        }
        let orders = self.orders.orders(clause).join(" UNION ALL ");
        if !orders.is_empty() {
            subqueries.push(format!("SELECT x.id FROM invoice x WHERE x.tenant_id = $1 AND x.order_id IN ({orders})"));
        }
        clause.push(&format!("i.id IN ({})", subqueries.join(" UNION ALL ")));
    }
}

impl InvoiceTest {
    /// Adds the condition on the table `invoice` under the alias `i`.
    fn push_to(&self, clause: &mut Clause) {
        match self {
            Self::Kind(list) => {
                let number = clause.bind(clause.backend().texts(list.iter().map(|kind| kind.as_str())));
                clause.push(&clause.backend().in_texts("i.kind", number));
            }
            Self::LegalEntity(test) => {
                clause.push("i.legal_entity_id IN (SELECT e.id FROM legal_entity e WHERE e.tenant_id = $1 AND ");
                clause.text("e.code", test);
                clause.push(")");
            }
            Self::Store(ids) => clause.ids("i.store_id", ids),
            Self::Order(ids) => clause.ids("i.order_id", ids),
            Self::Customer(ids) => {
                clause.push(
                    "i.order_id IN (SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND ",
                );
                clause.ids("o.customer_id", ids);
                clause.push(")");
            }
            Self::Number(test) => clause.text("i.label", test),
            Self::IssuedAt(span) => clause.span("i.issued_at", *span),
            Self::Ids(ids) => clause.ids("i.id", ids),
            Self::Total(test) => {
                let currency = clause.bind(test.currency.as_str());
                clause.push(&format!("i.currency = ${currency}"));
                for (bound, operator) in [(test.least, ">="), (test.most, "<=")] {
                    if let Some(minor) = bound {
                        let part = format!("i.total_minor {operator} ${}", clause.bind(minor));
                        clause.push(&format!(" AND {}", clause.backend().rarely_matches(&part)));
                    }
                }
            }
            Self::Search(search) => search.push_to(clause),
        }
    }
}

/// Sort field of a list of invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceSort {
    IssuedAt,
    Number,
}

/// Sort of a list; equal rows are sorted by ID.
pub type InvoicesSorted = Sorted<InvoiceSort>;

impl SortBy for InvoiceSort {
    type Row = Invoice;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::IssuedAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::IssuedAt => ("ISSUED_AT", &["i.issued_at", "i.id"]),
            Self::Number => ("NUMBER", &["i.number", "i.id"]),
        }
    }
    fn keys(self, invoice: &Invoice) -> Vec<Key> {
        let first = match self {
            Self::IssuedAt => invoice.issued_at.micros(),
            Self::Number => invoice.number,
        };
        vec![Key::Int(first), invoice.id.into()]
    }
}

/// Returns the invoices that match these tests: all of each list.
pub fn invoices_source(backend: Backend, tests: &Nested<Vec<InvoiceTest>>) -> ListSource {
    let (conditions, values) = tests.conditions(2, &|tests, next| {
        let mut clause = Clause::new(backend, next);
        for test in tests {
            clause.push(" AND ");
            test.push_to(&mut clause);
        }
        (clause.sql, clause.values)
    });
    ListSource { from: format!("{FROM_INVOICE}{conditions}"), values }
}

/// A page of invoices with their lines.
pub async fn invoices_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: InvoicesSorted,
    request: &PageRequest,
) -> Result<Vec<Invoice>, Fault> {
    let (sql, values) = sorted.page(source, SealedInvoice::SELECT, request);
    attach_lines(reads, reads.records::<SealedInvoice>(&sql, values).await?).await
}
