//! Pages of returns to suppliers: keyset, one statement each.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;

use super::{list::push_reference_test, returns::ReturnRow};
use crate::{
    catalog::rows::{filter::TextTest as TagTest, node_tags::tag_condition},
    orders::rows::{Clause, DocumentTable, DocumentTest, Span, TextTest},
    purchasing::core::SupplierReturn,
};

/// Sort of returns to suppliers; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnSort {
    Number,
    CreatedAt,
    OccurredAt,
}

/// A sort and its direction.
pub type ReturnsSorted = Sorted<ReturnSort>;

impl SortBy for ReturnSort {
    type Row = SupplierReturn;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Number, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Number => ("NUMBER", &["r.number", "r.id"]),
            Self::CreatedAt => ("CREATED_AT", &["r.created_at", "r.id"]),
            Self::OccurredAt => ("OCCURRED_AT", &["r.occurred_at", "r.id"]),
        }
    }
    fn keys(self, supplier_return: &SupplierReturn) -> Vec<Key> {
        let first_key = match self {
            Self::Number => supplier_return.number.get(),
            Self::CreatedAt => supplier_return.created_at.micros(),
            Self::OccurredAt => supplier_return.occurred_at.micros(),
        };
        vec![Key::Int(first_key), supplier_return.id.into()]
    }
}

/// Filter of returns to suppliers; `None` is no condition, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnFilter {
    pub suppliers: Option<Vec<SupplierId>>,
    /// The store must be in each of these lists.
    pub stores: Vec<Vec<StoreId>>,
    /// Has a line that was delivered with one of these orders.
    pub orders: Option<Vec<PurchaseOrderId>>,
    pub reasons: Option<Vec<ReasonCode>>,
    /// Span of the time at which the goods left the store.
    pub occurred_at: Option<Span>,
    /// Tests of the external reference; each must pass.
    pub references: Vec<TextTest>,
    /// Tests of tags; each passes if one of the tags does.
    pub tags: Vec<TagTest>,
    /// Each must hold.
    pub documents: Vec<DocumentTest>,
}

/// Returns and their lines.
const TABLE: DocumentTable =
    DocumentTable { name: "supplier_return", alias: "r", lines: "supplier_return_line", of: "supplier_return_id", counts: "" };

impl ReturnFilter {
    /// The conditions, whose parameters are numbered from `first_number`; each begins with ` AND `.
    fn conditions(&self, backend: Backend, first_number: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, first_number);
        if let Some(suppliers) = &self.suppliers {
            let number = clause.bind(backend.ids(suppliers.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("r.supplier_id", number)));
        }
        for stores in &self.stores {
            let number = clause.bind(backend.ids(stores.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("r.store_id", number)));
        }
        if let Some(orders) = &self.orders {
            let number = clause.bind(backend.ids(orders.iter().copied()));
            clause.push(&format!(
                " AND r.id IN (SELECT l.supplier_return_id FROM supplier_return_line l WHERE l.tenant_id = $1
                 AND l.purchase_order_id IS NOT NULL AND {})",
                backend.in_ids("l.purchase_order_id", number)
            ));
        }
        if let Some(reasons) = &self.reasons {
            let number = clause.bind(backend.texts(reasons.iter().map(|reason| reason.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("r.reason_code", number)));
        }
        if let Some(span) = self.occurred_at {
            clause.push(" AND ");
            clause.span("r.occurred_at", span);
        }
        for test in &self.references {
            push_reference_test(&mut clause, "supplier_return", "r", test);
        }
        for test in &self.tags {
            let (sql, values) = tag_condition(backend, clause.next(), "r.id", test);
            clause.push(&sql);
            clause.values.extend(values);
        }
        let (documents, document_values) = DocumentTest::all(&self.documents, &TABLE, backend, clause.next());
        let Clause { mut sql, mut values, .. } = clause;
        sql.push_str(&documents);
        values.extend(document_values);
        (sql, values)
    }
}

/// The returns that the filter selects.
pub fn returns_source(backend: Backend, filter: &Nested<ReturnFilter>) -> ListSource {
    let (conditions, values) = filter.conditions(2, &|filter, first_number| filter.conditions(backend, first_number));
    ListSource { from: format!("FROM supplier_return r WHERE r.tenant_id = $1{conditions}"), values }
}

/// A page of returns without their lines, in this order.
pub async fn returns_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: ReturnsSorted,
    request: &PageRequest,
) -> Result<Vec<SupplierReturn>, Fault> {
    let (sql, values) = sorted.page(source, ReturnRow::SELECT, request);
    reads.records::<ReturnRow>(&sql, values).await?.into_iter().map(ReturnRow::ret).collect()
}
