//! Filter of lists of factor series.

use entity::prelude::*;
use inventory::{
    catalog::rows::conditions::DaySpan,
    orders::rows::{Clause, Span, TextTest},
};

/// Conditions on series; `None` is no condition, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactorFilter {
    /// Tests of the stored code; each must pass.
    pub codes: Vec<TextTest>,
    /// Part of the code or the name. ASCII letters match in either case.
    pub search: Option<String>,
    pub kinds: Option<Vec<FactorKind>>,
    /// Series of these stores; a series for all stores does not match.
    pub stores: Option<Vec<StoreId>>,
    pub products: Option<Vec<ProductId>>,
    pub categories: Option<Vec<CategoryId>>,
    /// Tests of the stored country; each must pass.
    pub countries: Vec<TextTest>,
    /// First and last day on which the series is known.
    pub from: Option<DaySpan>,
    pub until: Option<DaySpan>,
    pub updated_at: Option<Span>,
}

impl FactorFilter {
    /// Adds the conditions on `factor_series f`, each beginning with ` AND `.
    pub(super) fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        for (column, tests) in [("f.code", &self.codes), ("f.country", &self.countries)] {
            for test in tests {
                clause.push(" AND ");
                clause.text(column, test);
            }
        }
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            let (code, name) = (backend.has_text("f.code", number), backend.has_text("f.name", number));
            clause.push(&format!(" AND ({code} OR {name})"));
        }
        if let Some(kinds) = &self.kinds {
            let number = clause.bind(backend.texts(kinds.iter().map(|kind| kind.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("f.kind", number)));
        }
        for (column, list) in [
            ("f.store_id", self.stores.as_ref().map(|list| backend.ids(list.iter().copied()))),
            ("f.product_id", self.products.as_ref().map(|list| backend.ids(list.iter().copied()))),
            ("f.category_id", self.categories.as_ref().map(|list| backend.ids(list.iter().copied()))),
        ] {
            if let Some(list) = list {
                let number = clause.bind(list);
                clause.push(&format!(" AND {}", backend.in_ids(column, number)));
            }
        }
        for (column, span) in [("f.from_date", self.from), ("f.until_date", self.until)] {
            let (sql, values) = span.unwrap_or_default().conditions(backend, column, clause.next());
            clause.push(&sql);
            clause.values.extend(values);
        }
        if let Some(span) = self.updated_at {
            clause.push(" AND ");
            clause.span("f.updated_at", span);
        }
    }
}
