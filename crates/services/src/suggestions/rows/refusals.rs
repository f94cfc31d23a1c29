//! Categories and tags that are no longer suggested for a product, and names that were confirmed as
//! right.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product_name_refusal, product_tag_refusal, product_text_refusal},
};
use platform::storage::{Backend, Fault, Finds, Reads, Row, Work};

use crate::suggestions::core::ConfirmedNames;

#[derive(Record)]
#[record(of = product_text_refusal, alias = "r")]
struct RefusalRow {
    product_id: ProductId,
    category_id: CategoryId,
}

/// The categories that were refused for these products.
pub async fn refused_category_ids(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<HashMap<ProductId, Vec<CategoryId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product_text_refusal r WHERE r.tenant_id = $1 AND {}",
        RefusalRow::SELECT,
        backend.in_ids("r.product_id", 2)
    );
    let mut refused_categories: HashMap<ProductId, Vec<CategoryId>> = HashMap::new();
    for RefusalRow { product_id, category_id } in reads.records(&sql, vec![backend.ids(products.iter().copied())]).await? {
        refused_categories.entry(product_id).or_default().push(category_id);
    }
    Ok(refused_categories)
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
    let mut tags_by_product: HashMap<ProductId, Vec<String>> = HashMap::new();
    for TagRefusalRow { product_id, tag_key } in reads.records(&sql, vec![backend.ids(products.iter().copied())]).await? {
        tags_by_product.entry(product_id).or_default().push(tag_key);
    }
    Ok(tags_by_product)
}

#[derive(Record)]
#[record(of = product_name_refusal, alias = "r")]
struct NameRefusalRow {
    product_id: ProductId,
    other_id: ProductId,
    name: String,
    other_name: String,
}

/// Reads the confirmed names of pairs whose lesser ID is one of these products.
pub async fn confirmed_names(reads: &impl Reads, products: &[ProductId]) -> Result<HashSet<ConfirmedNames>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product_name_refusal r WHERE r.tenant_id = $1 AND {}",
        NameRefusalRow::SELECT,
        backend.in_ids("r.product_id", 2)
    );
    let rows = reads.records::<NameRefusalRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    let names = |row: NameRefusalRow| {
        let NameRefusalRow { product_id: product, other_id: other, name, other_name } = row;
        ConfirmedNames { product, other, name, other_name }
    };
    Ok(rows.into_iter().map(names).collect())
}

/// Returns those of the products that exist in the tenant.
pub async fn existing_products(reads: &impl Reads, ids: &[ProductId]) -> Result<HashSet<ProductId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {}", backend.in_ids("p.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Returns those of the categories that exist in the tenant.
pub async fn existing_categories(reads: &impl Reads, ids: &[CategoryId]) -> Result<HashSet<CategoryId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT c.id FROM category c WHERE c.tenant_id = $1 AND {}", backend.in_ids("c.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Inserts refusals of categories, all in one statement and in the order of their key; existing
/// ones stay.
pub async fn refuse(work: &Work, refused_pairs: &[(ProductId, CategoryId)], now: Timestamp) -> Result<(), Fault> {
    if refused_pairs.is_empty() {
        return Ok(());
    }
    let (pairs, mut values) = work.backend().pairs(refused_pairs, 2);
    let at = values.len() + 2;
    values.push(now.micros().into());
    // WHERE is needed: SQLite would take ON for the condition of a join.
    let sql = format!(
        "INSERT INTO product_text_refusal (tenant_id, product_id, category_id, recorded_at)
         SELECT $1, k.a, k.b, ${at} FROM {pairs} WHERE true ORDER BY k.a, k.b ON CONFLICT DO NOTHING"
    );
    work.execute(&sql, values).await.map(drop)
}

/// Records that the current names of these pairs are right, all in one statement and in the order
/// of their key. The lesser ID comes first, and no pair is repeated. Earlier rows of a pair are
/// replaced: they have earlier names, or the same.
pub async fn confirm_names(work: &Work, pairs: &[(ProductId, ProductId)], now: Timestamp) -> Result<(), Fault> {
    if pairs.is_empty() {
        return Ok(());
    }
    let (pairs, mut values) = work.backend().pairs(pairs, 2);
    let at = values.len() + 2;
    values.push(now.micros().into());
    let sql = format!(
        "INSERT INTO product_name_refusal (tenant_id, product_id, other_id, name, other_name, recorded_at)
         SELECT $1, p.id, o.id, p.name, o.name, ${at} FROM {pairs} CROSS JOIN product p CROSS JOIN product o
         WHERE p.tenant_id = $1 AND p.id = k.a AND o.tenant_id = $1 AND o.id = k.b ORDER BY p.id, o.id
         ON CONFLICT (tenant_id, product_id, other_id) DO UPDATE
         SET name = excluded.name, other_name = excluded.other_name, recorded_at = excluded.recorded_at"
    );
    work.execute(&sql, values).await.map(drop)
}

/// Inserts refusals of tags by their folded texts, all in one statement and in the order of their
/// key; existing ones stay.
pub async fn refuse_tags(work: &Work, refused_pairs: &[(ProductId, String)], now: Timestamp) -> Result<(), Fault> {
    if refused_pairs.is_empty() {
        return Ok(());
    }
    // The 32 hexadecimal digits of a product, and the tag.
    let product_tags: Vec<String> =
        refused_pairs.iter().map(|(product, tag)| format!("{}{tag}", product.uuid().simple())).collect();
    let backend = work.backend();
    let source_rows = match backend {
        Backend::Postgres => "CAST(substr(k, 1, 32) AS uuid), substr(k, 33), $3 FROM unnest(CAST($2 AS text[])) AS k",
        Backend::Sqlite => "unhex(substr(k.value, 1, 32)), substr(k.value, 33), $3 FROM json_each($2) AS k",
    };
    let sql = format!(
        "INSERT INTO product_tag_refusal (tenant_id, product_id, tag_key, recorded_at)
         SELECT $1, {source_rows} WHERE true ORDER BY 2, 3 ON CONFLICT DO NOTHING"
    );
    work.execute(&sql, vec![backend.texts(product_tags.iter().map(String::as_str)), now.micros().into()]).await.map(drop)
}
