//! Pictures and documents as rows.

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind, Fault, Reads, Row, Work};
use sea_orm::{QueryResult, Value};

use super::core::{Document, Image};

fn read_image(row: &QueryResult) -> Result<Image, Fault> {
    let mut row = Row::new(row);
    Ok(Image {
        id: row.take()?,
        product: row.take()?,
        file: row.take()?,
        position: row.take()?,
        alt: row.take()?,
        created_at: row.time()?,
    })
}

async fn images(reads: &impl Reads, condition: &str, value: Value) -> Result<Vec<Image>, Fault> {
    let sql = format!(
        "SELECT i.id, i.product_id, i.file_id, i.position, i.alt, i.created_at FROM product_image i WHERE i.tenant_id = $1 AND {condition}
         ORDER BY i.product_id, i.position, i.id"
    );
    reads.rows(&sql, vec![value]).await?.iter().map(read_image).collect()
}

/// The pictures of some products, each product's in their order.
pub async fn images_of(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<Image>, Fault> {
    let backend = reads.backend();
    images(reads, &backend.in_ids("i.product_id", 2), backend.ids(products.iter().copied())).await
}

pub async fn images_by_id(reads: &impl Reads, ids: &[ImageId]) -> Result<Vec<Image>, Fault> {
    let backend = reads.backend();
    images(reads, &backend.in_ids("i.id", 2), backend.ids(ids.iter().copied())).await
}

fn read_document(row: &QueryResult) -> Result<Document, Fault> {
    let mut row = Row::new(row);
    Ok(Document { id: row.take()?, product: row.take()?, file: row.take()?, title: row.take()?, created_at: row.time()? })
}

async fn documents(reads: &impl Reads, condition: &str, value: Value) -> Result<Vec<Document>, Fault> {
    let sql = format!(
        "SELECT d.id, d.product_id, d.file_id, d.title, d.created_at FROM product_document d WHERE d.tenant_id = $1 AND {condition}
         ORDER BY d.product_id, d.created_at, d.id"
    );
    reads.rows(&sql, vec![value]).await?.iter().map(read_document).collect()
}

/// The documents of some products, the oldest first.
pub async fn documents_of(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<Document>, Fault> {
    let backend = reads.backend();
    documents(reads, &backend.in_ids("d.product_id", 2), backend.ids(products.iter().copied())).await
}

pub async fn documents_by_id(reads: &impl Reads, ids: &[DocumentId]) -> Result<Vec<Document>, Fault> {
    let backend = reads.backend();
    documents(reads, &backend.in_ids("d.id", 2), backend.ids(ids.iter().copied())).await
}

/// Whether there is such a product.
pub async fn has_product(reads: &impl Reads, id: ProductId) -> Result<bool, Fault> {
    Ok(!reads.rows("SELECT 1 FROM product WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await?.is_empty())
}

pub async fn add_image(work: &Work, new: &Image) -> Result<(), Fault> {
    let sql = "INSERT INTO product_image (tenant_id, id, product_id, file_id, position, alt, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        new.id.into(),
        new.product.into(),
        new.file.into(),
        new.position.into(),
        new.alt.as_str().into(),
        new.created_at.micros().into(),
    ];
    work.execute(sql, values).await.map(drop)
}

pub async fn add_document(work: &Work, new: &Document) -> Result<(), Fault> {
    let sql =
        "INSERT INTO product_document (tenant_id, id, product_id, file_id, title, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values =
        vec![new.id.into(), new.product.into(), new.file.into(), new.title.as_str().into(), new.created_at.micros().into()];
    work.execute(sql, values).await.map(drop)
}

pub async fn remove_image(work: &Work, id: ImageId) -> Result<(), Fault> {
    work.execute("DELETE FROM product_image WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}

pub async fn remove_document(work: &Work, id: DocumentId) -> Result<(), Fault> {
    work.execute("DELETE FROM product_document WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}

const PLACES: &[Column] =
    &[Column("tenant_id", ColumnKind::Id), Column("id", ColumnKind::Id), Column("position", ColumnKind::Int)];

/// Gives pictures their places.
pub async fn place(work: &Work, places: &[(ImageId, i64)]) -> Result<(), Fault> {
    let mut bulk = Bulk::update("product_image", PLACES, 2);
    for (id, position) in places {
        bulk.row([work.tenant().into(), (*id).into(), (*position).into()]);
    }
    work.write(bulk).await
}
