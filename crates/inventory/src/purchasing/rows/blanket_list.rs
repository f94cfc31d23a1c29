//! Pages of blanket orders: keyset, one statement each.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;

use super::{blanket::BlanketRow, blanket_sort::BlanketSorted, list::push_reference_test};
use crate::{
    catalog::rows::{conditions::DaySpan, filter::TextTest as TagTest, node_tags::tag_condition},
    orders::rows::{Clause, DocumentTable, DocumentTest, TextTest},
    purchasing::core::BlanketOrder,
};

/// Name of lists of blanket orders in cursors.
pub const BLANKETS: &str = "blanketOrders";

/// Filter of blanket orders; `None` is no condition, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlanketFilter {
    pub statuses: Option<Vec<BlanketOrderStatus>>,
    pub suppliers: Option<Vec<SupplierId>>,
    /// Tests of the external reference; each must pass.
    pub references: Vec<TextTest>,
    /// Tests of tags; each passes if one of the tags does.
    pub tags: Vec<TagTest>,
    /// Span of the first day of call-offs.
    pub valid_from: Option<DaySpan>,
    /// Span of the last day of call-offs.
    pub valid_to: Option<DaySpan>,
    /// Each must hold.
    pub documents: Vec<DocumentTest>,
}

/// Blanket orders and their lines.
const TABLE: DocumentTable =
    DocumentTable { name: "blanket_order", alias: "b", lines: "blanket_order_line", of: "blanket_order_id", counts: "" };

impl BlanketFilter {
    /// The conditions, whose parameters are numbered from `first_number`; each begins with ` AND `.
    fn conditions(&self, backend: Backend, first_number: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, first_number);
        if let Some(statuses) = &self.statuses {
            let number = clause.bind(backend.texts(statuses.iter().map(|status| status.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("b.status", number)));
        }
        if let Some(suppliers) = &self.suppliers {
            let number = clause.bind(backend.ids(suppliers.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("b.supplier_id", number)));
        }
        for test in &self.references {
            push_reference_test(&mut clause, "blanket_order", "b", test);
        }
        for test in &self.tags {
            let (sql, values) = tag_condition(backend, clause.next(), "b.id", test);
            clause.push(&sql);
            clause.values.extend(values);
        }
        for (column, span) in [("b.valid_from", self.valid_from), ("b.valid_to", self.valid_to)] {
            let (sql, values) = span.unwrap_or_default().conditions(backend, column, clause.next());
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

/// The blanket orders that the filter selects.
pub fn blanket_source(backend: Backend, filter: &Nested<BlanketFilter>) -> ListSource {
    let (conditions, values) = filter.conditions(2, &|filter, first_number| filter.conditions(backend, first_number));
    ListSource { from: format!("FROM blanket_order b WHERE b.tenant_id = $1{conditions}"), values }
}

/// A page of blanket orders without their lines.
pub async fn blanket_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: BlanketSorted,
    request: &PageRequest,
) -> Result<Vec<BlanketOrder>, Fault> {
    let (sql, values) = sorted.page(source, BlanketRow::SELECT, request);
    reads.records::<BlanketRow>(&sql, values).await?.into_iter().map(BlanketRow::blanket).collect()
}
