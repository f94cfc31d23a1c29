//! Lookup of the names in a chunk: one statement for each kind of name, none if no row has one.

use std::collections::HashMap;

use entity::prelude::*;
use inventory::catalog::rows::keys::{KeyKind, ids_by_stored_keys};
use platform::storage::{Fault, Reads, Row};

use crate::exchange::core::{
    Noun,
    record::{Cells, Record, ResolvedNames},
};

/// Folded code of the channel of orders without an explicit channel.
pub const DIRECT: &str = "direct";

/// The IDs that the keys of rows in a field name, as in every other call: the key of a merged row names its survivor.
async fn ids_by_name<K>(
    reads: &impl Reads,
    (noun, rows): (Noun, &[Record]),
    field: &str,
    kind: KeyKind,
) -> Result<HashMap<String, Id<K>>, Fault> {
    let cells = rows.iter().filter_map(|row| Cells::of(noun, row).ok());
    let mut stored_keys: Vec<String> = cells.filter_map(|cells| cells.text(field).map(|text| kind.normal_form(text))).collect();
    if noun == Noun::Orders && kind == KeyKind::ChannelCode {
        // The channel of orders whose rows name none.
        stored_keys.push(DIRECT.to_owned());
    }
    let id_by_key = ids_by_stored_keys(reads, kind, stored_keys).await?;
    Ok(id_by_key.into_iter().map(|(key, id)| (key, Id::from_uuid(id))).collect())
}

/// Looks up the names in a chunk of rows.
pub async fn resolved_names(reads: &impl Reads, noun: Noun, rows: &[Record]) -> Result<ResolvedNames, Fault> {
    let mut names = ResolvedNames::default();
    let chunk = (noun, rows);
    match noun {
        Noun::Products => {
            names.categories = ids_by_name(reads, chunk, "category", KeyKind::CategorySlug).await?;
            names.suppliers = ids_by_name(reads, chunk, "supplier", KeyKind::SupplierCode).await?;
        }
        Noun::Stock | Noun::StockChanges | Noun::Orders => {
            names.skus = ids_by_name(reads, chunk, "sku", KeyKind::ProductSku).await?;
            names.barcodes = ids_by_name(reads, chunk, "barcode", KeyKind::ProductBarcode).await?;
            names.stores = ids_by_name(reads, chunk, "store", KeyKind::StoreCode).await?;
            names.channels = ids_by_name(reads, chunk, "channel", KeyKind::ChannelCode).await?;
            names.customers = ids_by_name(reads, chunk, "customer", KeyKind::CustomerExternalRef).await?;
        }
        Noun::Suppliers | Noun::Categories | Noun::Customers | Noun::Movements | Noun::DemandFacts => {}
    }
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    names.currency = rows.first().map_or(Ok(String::new()), Row::scalar)?;
    Ok(names)
}
