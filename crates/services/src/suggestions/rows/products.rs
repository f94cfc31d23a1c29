//! Products to suggest categories or tags for.

use std::collections::HashMap;

use entity::prelude::ProductId;
use inventory::catalog::{
    core::product::ProductRow,
    rows::{Clause, product},
};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Backend, Fault, Reads, Row},
};

/// Field that a product may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingField {
    Category,
    Tags,
}

/// Selects products; archived ones are never selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSelection {
    /// `None` for all products.
    pub products: Option<Vec<ProductId>>,
    /// Only products that lack this field.
    pub lacking: Option<MissingField>,
}

/// The products on all pages.
pub fn source(backend: Backend, selection: &ProductSelection) -> ListSource {
    let mut clause = Clause::new(backend);
    clause.push(" AND p.status <> 'ARCHIVED'");
    match selection.lacking {
        Some(MissingField::Category) => clause.push(" AND p.category_id IS NULL"),
        Some(MissingField::Tags) => clause.push(" AND p.tags = '[]'"),
        None => {}
    }
    if let Some(products) = &selection.products {
        let number = clause.number(backend.ids(products.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("p.id", number)));
    }
    ListSource { from: format!("FROM product p WHERE p.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// Reads a page by ID, in the direction of the request; one more than its limit if there are more.
pub async fn page(reads: &impl Reads, selection: &ProductSelection, request: &PageRequest) -> Result<Vec<ProductRow>, Fault> {
    let (sql, values) = source(reads.backend(), selection).page("p.id", &["p.id"], false, request);
    let rows = reads.rows(&sql, values).await?;
    let ids: Vec<ProductId> = rows.iter().map(Row::scalar).collect::<Result<_, Fault>>()?;
    let products_by_id = product::by_ids(reads, ids.clone()).await?;
    let mut products_by_id: HashMap<ProductId, ProductRow> = products_by_id.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| products_by_id.remove(id)).collect())
}
