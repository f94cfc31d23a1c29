//! Categories and suppliers in one statement: what a page of products most often shows beside them.

use entity::{
    category,
    prelude::{CategoryId, SupplierId},
    supplier,
};
use platform::storage::{Fault, Reads, Row};

/// The categories and the suppliers of these ids, in no order.
pub async fn by_ids(
    reads: &impl Reads,
    categories: &[CategoryId],
    suppliers: &[SupplierId],
) -> Result<(Vec<category::Model>, Vec<supplier::Model>), Fault> {
    let (mut found_categories, mut found_suppliers) = (Vec::new(), Vec::new());
    if categories.is_empty() && suppliers.is_empty() {
        return Ok((found_categories, found_suppliers));
    }
    let backend = reads.backend();
    // The columns of the two, side by side: id, parent, names, texts, a number, counters.
    let sql = format!(
        "SELECT 0, id, parent_id, name, slug, image_url, metadata, position, version, created_at, updated_at
         FROM category WHERE tenant_id = $1 AND {}
         UNION ALL
         SELECT 1, id, NULL, name, code, email, code_key, lead_time_days, version, created_at, updated_at
         FROM supplier WHERE tenant_id = $1 AND {}",
        backend.in_ids("id", 2),
        backend.in_ids("id", 3)
    );
    let values = vec![backend.ids(categories.iter().copied()), backend.ids(suppliers.iter().copied())];
    for row in &reads.rows(&sql, values).await? {
        let mut row = Row::new(row);
        if row.take::<i32>()? == 0 {
            found_categories.push(category::Model {
                tenant_id: reads.tenant(),
                id: row.take()?,
                parent_id: row.take()?,
                name: row.take()?,
                slug: row.take()?,
                image_url: row.take()?,
                metadata: row.take()?,
                position: row.take()?,
                version: row.take()?,
                created_at: row.time()?,
                updated_at: row.time()?,
            });
            continue;
        }
        let id = row.take()?;
        row.take::<Option<uuid::Uuid>>()?;
        let (name, code, email, code_key) = (row.take()?, row.take()?, row.take()?, row.take()?);
        found_suppliers.push(supplier::Model {
            tenant_id: reads.tenant(),
            id,
            code,
            code_key,
            name,
            lead_time_days: row.take()?,
            email,
            version: row.take()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        });
    }
    Ok((found_categories, found_suppliers))
}
