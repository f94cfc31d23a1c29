//! What the names in a chunk stand for: one statement a kind of name, none where no row has one.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{self, Selected},
};
use inventory::catalog::{
    core::{
        gtin,
        text::{fold, kept},
    },
    rows::merge::SURVIVOR,
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use crate::exchange::core::{
    Noun,
    fields::{Cells, Record, ResolvedNames},
};

/// The folded code of the channel that orders have when nobody says one.
pub const DIRECT: &str = "direct";

/// A name and what it stands for, by the columns that marks stand for.
#[derive(record::Record)]
struct NamedRow {
    #[record(sql = "{name}")]
    name: String,
    #[record(sql = "{id}")]
    id: Uuid,
}

async fn by_texts<K: Send>(
    reads: &impl Reads,
    (table, id, column): (&str, &str, &str),
    texts: BTreeSet<String>,
) -> Result<HashMap<String, Id<K>>, Fault> {
    if texts.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let select = NamedRow::SELECT.replace("{name}", column).replace("{id}", id);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {}", backend.in_texts(column, 2));
    let rows = reads.records::<NamedRow>(&sql, vec![backend.texts(texts.iter().map(String::as_str))]).await?;
    Ok(rows.into_iter().map(|row| (row.name, Id::from_uuid(row.id))).collect())
}

/// The texts that rows have in a field, as the table's keys have them. Databases keep no NUL: no name has one.
fn texts(noun: Noun, rows: &[Record], field: &str, key: fn(&str) -> String) -> BTreeSet<String> {
    let cells = rows.iter().filter_map(|row| Cells::of(noun, row).ok());
    cells.filter_map(|cells| cells.text(field).map(|text| key(text.trim()))).filter(|key| !key.contains('\0')).collect()
}

/// Looks up what a chunk of rows names.
pub async fn resolved_names(reads: &impl Reads, noun: Noun, rows: &[Record]) -> Result<ResolvedNames, Fault> {
    let mut names = ResolvedNames::default();
    match noun {
        Noun::Products => {
            names.categories = by_texts(reads, ("category", "id", "slug"), texts(noun, rows, "category", str::to_owned)).await?;
            names.suppliers = by_texts(reads, ("supplier", SURVIVOR, "code_key"), texts(noun, rows, "supplier", fold)).await?;
        }
        Noun::Stock | Noun::StockChanges | Noun::Orders => {
            names.skus = by_texts(reads, ("product", "id", "sku_key"), texts(noun, rows, "sku", fold)).await?;
            names.barcodes =
                by_texts(reads, ("barcode", "product_id", "code_key"), texts(noun, rows, "barcode", gtin::key)).await?;
            names.stores = by_texts(reads, ("store", "id", "code_key"), texts(noun, rows, "store", fold)).await?;
            let (mut channels, customers) = (texts(noun, rows, "channel", fold), texts(noun, rows, "customer", kept));
            if noun == Noun::Orders {
                // That of orders whose rows name none.
                channels.insert(DIRECT.to_owned());
            }
            names.channels = by_texts(reads, ("channel", "id", "code_key"), channels).await?;
            names.customers = by_texts(reads, ("customer", "id", "external_ref"), customers).await?;
        }
        Noun::Suppliers | Noun::Categories | Noun::Customers | Noun::Movements | Noun::DemandFacts => {}
    }
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    names.currency = rows.first().map_or(Ok(String::new()), Row::scalar)?;
    Ok(names)
}
