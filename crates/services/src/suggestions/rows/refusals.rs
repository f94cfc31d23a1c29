//! Categories and tags that are not suggested for a product any more.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product_tag_refusal, product_text_refusal},
};
use platform::storage::{Fault, Finds, Reads, Work};

#[derive(Record)]
#[record(of = product_text_refusal, alias = "r")]
struct RefusalRow {
    product_id: ProductId,
    category_id: CategoryId,
}

/// The categories that were refused for these products.
pub async fn refused(reads: &impl Reads, products: &[ProductId]) -> Result<HashMap<ProductId, Vec<CategoryId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product_text_refusal r WHERE r.tenant_id = $1 AND {}",
        RefusalRow::SELECT,
        backend.in_ids("r.product_id", 2)
    );
    let mut found: HashMap<ProductId, Vec<CategoryId>> = HashMap::new();
    for RefusalRow { product_id, category_id } in reads.records(&sql, vec![backend.ids(products.iter().copied())]).await? {
        found.entry(product_id).or_default().push(category_id);
    }
    Ok(found)
}

#[derive(Record)]
#[record(of = product_tag_refusal, alias = "r")]
struct TagRefusalRow {
    product_id: ProductId,
    tag_key: String,
}

/// The folded tags that were refused for these products.
pub async fn refused_tags(reads: &impl Reads, products: &[ProductId]) -> Result<HashMap<ProductId, Vec<String>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product_tag_refusal r WHERE r.tenant_id = $1 AND {}",
        TagRefusalRow::SELECT,
        backend.in_ids("r.product_id", 2)
    );
    let mut found: HashMap<ProductId, Vec<String>> = HashMap::new();
    for TagRefusalRow { product_id, tag_key } in reads.records(&sql, vec![backend.ids(products.iter().copied())]).await? {
        found.entry(product_id).or_default().push(tag_key);
    }
    Ok(found)
}

pub async fn has_product(reads: &impl Reads, id: ProductId) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT 1 FROM product WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await?.is_empty())
}

pub async fn has_category(reads: &impl Reads, id: CategoryId) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT 1 FROM category WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await?.is_empty())
}

/// Keeps a refusal; one that is there already stays.
pub async fn refuse(work: &Work, product: ProductId, category: CategoryId, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO product_text_refusal (tenant_id, product_id, category_id, recorded_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    work.execute(sql, vec![product.into(), category.into(), now.micros().into()]).await.map(drop)
}

/// Keeps refusals of tags by their folded texts; those that are there already stay.
pub async fn refuse_tags(work: &Work, product: ProductId, tags: &[String], now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO product_tag_refusal (tenant_id, product_id, tag_key, recorded_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    for tag in tags {
        work.execute(sql, vec![product.into(), tag.as_str().into(), now.micros().into()]).await?;
    }
    Ok(())
}
