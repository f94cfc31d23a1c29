//! Pictures and documents as rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product_document, product_image},
};
use platform::storage::{Fault, Finds, Reads, Rows, Work};
use sea_orm::Value;

use super::core::{Document, Image};

#[derive(Record)]
#[record(of = product_image, alias = "i")]
struct ImageRow {
    id: ImageId,
    product_id: ProductId,
    file_id: FileId,
    position: i64,
    alt: String,
    created_at: Timestamp,
}

impl From<ImageRow> for Image {
    fn from(row: ImageRow) -> Self {
        Self {
            id: row.id,
            product: row.product_id,
            file: row.file_id,
            position: row.position,
            alt: row.alt,
            created_at: row.created_at,
        }
    }
}

async fn images(reads: &impl Reads, condition: &str, value: Value) -> Result<Vec<Image>, Fault> {
    let sql = format!(
        "SELECT {} FROM product_image i WHERE i.tenant_id = $1 AND {condition}
         ORDER BY i.product_id, i.position, i.id",
        ImageRow::SELECT
    );
    Ok(reads.records::<ImageRow>(&sql, vec![value]).await?.into_iter().map(Image::from).collect())
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

#[derive(Record)]
#[record(of = product_document, alias = "d")]
struct DocumentRow {
    id: DocumentId,
    product_id: ProductId,
    file_id: FileId,
    title: String,
    created_at: Timestamp,
}

impl From<DocumentRow> for Document {
    fn from(row: DocumentRow) -> Self {
        Self { id: row.id, product: row.product_id, file: row.file_id, title: row.title, created_at: row.created_at }
    }
}

async fn documents(reads: &impl Reads, condition: &str, value: Value) -> Result<Vec<Document>, Fault> {
    let sql = format!(
        "SELECT {} FROM product_document d WHERE d.tenant_id = $1 AND {condition}
         ORDER BY d.product_id, d.created_at, d.id",
        DocumentRow::SELECT
    );
    Ok(reads.records::<DocumentRow>(&sql, vec![value]).await?.into_iter().map(Document::from).collect())
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
    let row = product_image::Model {
        tenant_id: work.tenant(),
        id: new.id,
        product_id: new.product,
        file_id: new.file,
        position: new.position,
        alt: new.alt.clone(),
        created_at: new.created_at,
    };
    work.insert::<product_image::Entity>(row).await
}

pub async fn add_document(work: &Work, new: &Document) -> Result<(), Fault> {
    let row = product_document::Model {
        tenant_id: work.tenant(),
        id: new.id,
        product_id: new.product,
        file_id: new.file,
        title: new.title.clone(),
        created_at: new.created_at,
    };
    work.insert::<product_document::Entity>(row).await
}

pub async fn remove_image(work: &Work, id: ImageId) -> Result<(), Fault> {
    work.execute("DELETE FROM product_image WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}

pub async fn remove_document(work: &Work, id: DocumentId) -> Result<(), Fault> {
    work.execute("DELETE FROM product_document WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.map(drop)
}

#[derive(Record)]
#[record(of = product_image)]
struct ImagePosition {
    id: ImageId,
    position: i64,
}

/// Sets the positions of pictures.
pub async fn update_positions(work: &Work, places: &[(ImageId, i64)]) -> Result<(), Fault> {
    let mut rows = Rows::<ImagePosition>::update(work.tenant());
    rows.extend(places.iter().map(|&(id, position)| ImagePosition { id, position }));
    work.write(rows.into()).await
}
