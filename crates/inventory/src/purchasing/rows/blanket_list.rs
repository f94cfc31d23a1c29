//! Pages of blanket orders: keyset, one statement each.

use std::collections::BTreeSet;

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;

use super::{
    blanket::BlanketRow,
    list::{DaySpan, referred},
};
use crate::{
    catalog::{
        core::text,
        rows::{filter::TextTest as TagTest, node_tags::tagged},
    },
    orders::rows::{Clause, DocumentSorted, DocumentTable, DocumentTest, TextTest, begins},
    purchasing::core::BlanketOrder,
};

/// Names lists of blanket orders in cursors.
pub const BLANKETS: &str = "blanketOrders";

/// Which blanket orders; what is None says nothing, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlanketFilter {
    pub statuses: Option<Vec<BlanketOrderStatus>>,
    pub suppliers: Option<Vec<SupplierId>>,
    /// Of the reference outside of this system; each must pass.
    pub references: Vec<TextTest>,
    /// Each passes where one of the tags does.
    pub tags: Vec<TagTest>,
    /// Of the first day of call-offs.
    pub valid_from: Option<DaySpan>,
    /// Of the last day of call-offs.
    pub valid_to: Option<DaySpan>,
    pub search: Option<BlanketSearch>,
    /// Each must hold.
    pub documents: Vec<DocumentTest>,
}

/// A text that names a blanket order by its number, or by the beginning of its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlanketSearch {
    /// An empty one finds nothing.
    pub text: String,
    /// The number that the text is read as.
    pub number: Option<i64>,
}

/// Blanket orders and their lines.
const TABLE: DocumentTable = DocumentTable { alias: "b", lines: "blanket_order_line", of: "blanket_order_id", counts: "" };

impl BlanketFilter {
    /// The conditions, whose parameters are numbered from `first`; each begins with ` AND `.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let mut clause = Clause::new(backend, first);
        if let Some(statuses) = &self.statuses {
            let number = clause.bind(backend.texts(statuses.iter().map(|status| status.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("b.status", number)));
        }
        if let Some(suppliers) = &self.suppliers {
            let number = clause.bind(backend.ids(suppliers.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("b.supplier_id", number)));
        }
        for test in &self.references {
            referred(&mut clause, "blanket_order", "b", test);
        }
        for test in &self.tags {
            let (sql, values) = tagged(backend, clause.next(), "b.id", test);
            clause.push(&sql);
            clause.values.extend(values);
        }
        for (column, span) in [("b.valid_from", self.valid_from), ("b.valid_to", self.valid_to)] {
            days(&mut clause, column, span.unwrap_or_default());
        }
        if let Some(search) = &self.search {
            search.push_to(&mut clause);
        }
        let (documents, more) = DocumentTest::all(&self.documents, &TABLE, backend, clause.next());
        let Clause { mut sql, mut values, .. } = clause;
        sql.push_str(&documents);
        values.extend(more);
        (sql, values)
    }
}

/// A day within the span, which few rows have.
fn days(clause: &mut Clause, column: &str, span: DaySpan) {
    let backend = clause.backend();
    for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
        if let Some(day) = bound {
            let number = clause.bind(day);
            let test = backend.rarely(&format!("{column} {operator} ${number}"));
            clause.push(&format!(" AND {test}"));
        }
    }
}

impl BlanketSearch {
    /// Each way is a range of an index.
    fn push_to(&self, clause: &mut Clause) {
        let named = self.text.trim();
        if named.is_empty() {
            clause.push(" AND FALSE");
            return;
        }
        let mut ways = Vec::new();
        if let Some(number) = self.number {
            let number = clause.bind(number);
            ways.push(format!("SELECT x.id FROM blanket_order x WHERE x.tenant_id = $1 AND x.number = ${number}"));
        }
        // References are kept as they came: with blanks around them, and composed or not.
        let texts = [self.text.clone(), named.to_owned(), text::kept(named)];
        let spellings: BTreeSet<String> = texts.iter().flat_map(|one| text::spellings(one)).collect();
        for spelling in &spellings {
            let own = begins(clause, "x.external_ref", spelling);
            ways.push(format!(
                "SELECT x.id FROM blanket_order x WHERE x.tenant_id = $1 AND x.external_ref IS NOT NULL AND {own}"
            ));
        }
        clause.push(&format!(" AND b.id IN ({})", ways.join(" UNION ALL ")));
    }
}

/// Where a blanket order stands in its list.
pub fn blanket_keys(sorted: DocumentSorted, blanket: &BlanketOrder) -> Vec<Key> {
    vec![sorted.key(blanket.number.get(), blanket.created_at, blanket.updated_at), blanket.id.into()]
}

/// The blanket orders that the filter is about.
pub fn blanket_source(backend: Backend, filter: &Nested<BlanketFilter>) -> ListSource {
    let (conditions, values) = filter.conditions(2, &|filter, first| filter.conditions(backend, first));
    ListSource { from: format!("FROM blanket_order b WHERE b.tenant_id = $1{conditions}"), values }
}

/// A page of blanket orders without their lines.
pub async fn blanket_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: DocumentSorted,
    request: &PageRequest,
) -> Result<Vec<BlanketOrder>, Fault> {
    let (sql, values) = sorted.page(source, BlanketRow::SELECT, "b", request);
    reads.records::<BlanketRow>(&sql, values).await?.into_iter().map(BlanketRow::blanket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_looked_for_as_it_is_given_and_as_it_is_composed() {
        let bound = |text: &str| {
            let mut clause = Clause::new(Backend::Sqlite, 2);
            BlanketSearch { text: text.to_owned(), number: None }.push_to(&mut clause);
            clause.values
        };
        let values = bound(" a\u{30a}ngstrom");
        for text in [" a\u{30a}ngstrom", "a\u{30a}ngstrom", "\u{e5}ngstrom"] {
            assert!(values.contains(&Value::from(text)), "{text}: {values:?}");
        }
        assert_eq!(bound("frame 1").len(), 6, "three spellings, each a range");
        assert!(bound(" ").is_empty());
    }
}
