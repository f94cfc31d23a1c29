//! Training texts, the newest products first, up to limits that hold for any catalogue.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::suggestions::core::{Example, NamedProduct, TaggedExample};

/// Maximum products with a category, or with tags, that a model is trained on.
const MAX_EXAMPLES: usize = 20_000;
/// Maximum products whose names are compared.
const MAX_NAMES: usize = 50_000;
/// Maximum bytes of text that are read for either.
const MAX_BYTES: usize = 16 << 20;
/// Maximum characters of a description: the model reads no more.
const DESCRIPTION_CHARS: usize = 2_000;
/// Rows of a statement. Each may have a description of 10,000 characters.
const PAGE: usize = 500;

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ExampleRow {
    id: ProductId,
    name: String,
    description: Option<String>,
    #[record(not_null)]
    category_id: CategoryId,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct TaggedRow {
    id: ProductId,
    name: String,
    description: Option<String>,
    /// JSON: a list of texts.
    tags: String,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct NameRow {
    id: ProductId,
    name: String,
}

/// Reads the products that have a category, including archived ones; and whether there are more.
pub async fn examples(reads: &impl Reads) -> Result<(Vec<Example>, bool), Fault> {
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL AND p.id < $2 ORDER BY p.id DESC LIMIT {PAGE}",
        ExampleRow::SELECT
    );
    let (mut examples, mut bytes, mut before) = (Vec::new(), 0, ProductId::from_uuid(Uuid::max()));
    loop {
        let page = reads.records::<ExampleRow>(&sql, vec![before.into()]).await?;
        let is_last = page.len() < PAGE;
        for ExampleRow { id, name, description, category_id } in page {
            let description: String = description.unwrap_or_default().chars().take(DESCRIPTION_CHARS).collect();
            bytes += name.len() + description.len();
            if examples.len() == MAX_EXAMPLES || bytes > MAX_BYTES {
                return Ok((examples, true));
            }
            before = id;
            examples.push(Example { id, name, description, category: category_id });
        }
        if is_last {
            return Ok((examples, false));
        }
    }
}

/// Reads the products that have tags, including archived ones; and whether there are more.
pub async fn load_tagged_examples(reads: &impl Reads) -> Result<(Vec<TaggedExample>, bool), Fault> {
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.tags <> '[]' AND p.id < $2 ORDER BY p.id DESC LIMIT {PAGE}",
        TaggedRow::SELECT
    );
    let (mut examples, mut bytes, mut before) = (Vec::new(), 0, ProductId::from_uuid(Uuid::max()));
    loop {
        let page = reads.records::<TaggedRow>(&sql, vec![before.into()]).await?;
        let is_last = page.len() < PAGE;
        for TaggedRow { id, name, description, tags } in page {
            let description: String = description.unwrap_or_default().chars().take(DESCRIPTION_CHARS).collect();
            bytes += name.len() + description.len() + tags.len();
            if examples.len() == MAX_EXAMPLES || bytes > MAX_BYTES {
                return Ok((examples, true));
            }
            before = id;
            let tags = serde_json::from_str(&tags).unwrap_or_default();
            examples.push(TaggedExample { id, name, description, tags });
        }
        if is_last {
            return Ok((examples, false));
        }
    }
}

/// Reads the names of products that are not archived, the oldest of them first; and whether there
/// are older ones.
pub async fn names(reads: &impl Reads) -> Result<(Vec<NamedProduct>, bool), Fault> {
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.status <> 'ARCHIVED' AND p.id < $2 ORDER BY p.id DESC LIMIT {PAGE}",
        NameRow::SELECT
    );
    let (mut names, mut bytes, mut before) = (Vec::new(), 0, ProductId::from_uuid(Uuid::max()));
    let is_partial = 'pages: loop {
        let page = reads.records::<NameRow>(&sql, vec![before.into()]).await?;
        let is_last = page.len() < PAGE;
        for NameRow { id, name } in page {
            bytes += name.len();
            if names.len() == MAX_NAMES || bytes > MAX_BYTES {
                break 'pages true;
            }
            before = id;
            names.push(NamedProduct { id, name });
        }
        if is_last {
            break false;
        }
    };
    names.reverse();
    Ok((names, is_partial))
}
