//! Products that categories or tags are suggested for.

use std::collections::HashMap;

use entity::prelude::ProductId;
use inventory::catalog::{
    core::product::ProductRow,
    rows::{Clause, product},
};
use platform::{
    paging::{PageRequest, keyset},
    storage::{Fault, Reads, Row},
};

/// Something that a product may not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    Category,
    Tags,
}

/// Which products; archived ones never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// None: all.
    pub products: Option<Vec<ProductId>>,
    /// Only products that lack it.
    pub lacking: Option<Lacking>,
}

/// A page by ID, in the direction of the request, one more than its limit if there are more.
pub async fn page(reads: &impl Reads, wanted: &Wanted, request: &PageRequest) -> Result<Vec<ProductRow>, Fault> {
    let backend = reads.backend();
    let mut clause = Clause::new(backend);
    clause.push(" AND p.status <> 'ARCHIVED'");
    match wanted.lacking {
        Some(Lacking::Category) => clause.push(" AND p.category_id IS NULL"),
        Some(Lacking::Tags) => clause.push(" AND p.tags = '[]'"),
        None => {}
    }
    if let Some(products) = &wanted.products {
        let number = clause.number(backend.ids(products.iter().copied()));
        clause.push(&format!(" AND {}", backend.in_ids("p.id", number)));
    }
    let (bounds, tail, values) = keyset(&["p.id"], false, request, clause.next());
    clause.values.extend(values);
    let sql = format!("SELECT p.id FROM product p WHERE p.tenant_id = $1{}{bounds}{tail}", clause.sql);
    let rows = reads.rows(&sql, clause.values).await?;
    let ids: Vec<ProductId> = rows.iter().map(|row| Row::new(row).take()).collect::<Result<_, Fault>>()?;
    let found = product::by_ids(reads, ids.clone()).await?;
    let mut found: HashMap<ProductId, ProductRow> = found.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
