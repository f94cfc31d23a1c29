//! Lookup of rows by the keys by which callers refer to master data without its ID.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::{FamilyId, ProductId, Timestamp},
    record::{Record, Selected},
    tables::product_family,
};
use iam::access::core::group_key;
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use super::merge::SURVIVOR;
use crate::catalog::core::{gtin, text};

/// A kind of key that is unique in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    CategorySlug,
    SupplierCode,
    ChannelCode,
    StoreCode,
    StoreGroupCode,
    CustomerExternalRef,
    ProductSku,
    ProductBarcode,
    CarrierCode,
}

impl KeyKind {
    /// The key as the table keeps it.
    pub fn kept(self, key: &str) -> String {
        let key = key.trim();
        match self {
            Self::CategorySlug => key.to_owned(),
            Self::SupplierCode | Self::ChannelCode | Self::StoreCode | Self::ProductSku | Self::CarrierCode => text::fold(key),
            // Groups belong to the rights room, which folds only capitals.
            Self::StoreGroupCode => group_key(key),
            Self::CustomerExternalRef => text::kept(key),
            Self::ProductBarcode => gtin::key(key),
        }
    }
    /// Returns the table, its column of keys, and the expression of the ID of a key: of a merged
    /// row, the survivor's.
    const fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::CategorySlug => ("category", "slug", "id"),
            Self::SupplierCode => ("supplier", "code_key", SURVIVOR),
            Self::ChannelCode => ("channel", "code_key", "id"),
            Self::StoreCode => ("store", "code_key", "id"),
            Self::StoreGroupCode => ("store_group", "code_key", "id"),
            Self::CustomerExternalRef => ("customer", "external_ref", SURVIVOR),
            Self::ProductSku => ("product", "sku_key", "id"),
            Self::ProductBarcode => ("barcode", "code_key", "product_id"),
            Self::CarrierCode => ("carrier", "code_key", "id"),
        }
    }
}

/// A key and its ID, from the columns of its kind.
#[derive(Record)]
struct KeyRow {
    #[record(sql = "{key}")]
    key: String,
    #[record(sql = "{id}")]
    id: Uuid,
}

/// Like `KeyRow`, with the index of its kind in the request.
#[derive(Record)]
struct IndexedKey {
    #[record(sql = "{place}")]
    place: i32,
    of: KeyRow,
}

/// Returns the IDs of these keys, archived rows included, by the keys as tables store them
/// (`KeyKind::kept`). One statement; none without keys.
pub async fn ids_by_stored_keys(
    reads: &impl Reads,
    kind: KeyKind,
    mut kept: Vec<String>,
) -> Result<HashMap<String, Uuid>, Fault> {
    sort_and_dedup(&mut kept);
    if kept.is_empty() {
        return Ok(HashMap::new());
    }
    let (table, column, id) = kind.place();
    let backend = reads.backend();
    let select = KeyRow::SELECT.replace("{key}", column).replace("{id}", id);
    let of = backend.in_texts(column, 2);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {of}");
    let rows = reads.records::<KeyRow>(&sql, vec![backend.texts(kept.iter().map(String::as_str))]).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.id)).collect())
}

/// Sorts the keys and removes duplicates, and keys with a NUL character: Postgres refuses such a
/// text, and no stored key has one.
fn sort_and_dedup(kept: &mut Vec<String>) {
    kept.retain(|key| !key.contains('\0'));
    kept.sort_unstable();
    kept.dedup();
}

/// Looks up keys of several kinds in one statement; each result is at the index of its kind.
pub async fn ids_of_kinds<const N: usize>(
    reads: &impl Reads,
    asked: [(KeyKind, Vec<String>); N],
) -> Result<[HashMap<String, Uuid>; N], Fault> {
    let mut found: [HashMap<String, Uuid>; N] = std::array::from_fn(|_| HashMap::new());
    let backend = reads.backend();
    let (mut parts, mut values) = (Vec::with_capacity(N), Vec::with_capacity(N));
    for (place, (kind, mut kept)) in asked.into_iter().enumerate() {
        sort_and_dedup(&mut kept);
        if kept.is_empty() {
            continue;
        }
        let (table, column, id) = kind.place();
        let select = IndexedKey::SELECT.replace("{place}", &place.to_string()).replace("{key}", column).replace("{id}", id);
        let of = backend.in_texts(column, values.len() + 2);
        parts.push(format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {of}"));
        values.push(backend.texts(kept.iter().map(String::as_str)));
    }
    if parts.is_empty() {
        return Ok(found);
    }
    for IndexedKey { place, of: KeyRow { key, id } } in reads.records(&parts.join(" UNION ALL "), values).await? {
        if let Some(of_kind) = found.get_mut(place as usize) {
            of_kind.insert(key, id);
        }
    }
    Ok(found)
}

/// Returns the result of `ids_by_stored_keys` by the keys as the caller wrote them.
pub async fn ids_by_keys(reads: &impl Reads, kind: KeyKind, keys: &[&str]) -> Result<HashMap<String, Uuid>, Fault> {
    let kept: Vec<String> = keys.iter().map(|key| kind.kept(key)).collect();
    let found = ids_by_stored_keys(reads, kind, kept.clone()).await?;
    Ok(keys.iter().zip(&kept).filter_map(|(key, kept)| Some(((*key).to_owned(), *found.get(kept)?))).collect())
}

/// A product family of a name.
#[derive(Record)]
#[record(of = product_family, alias = "f")]
struct NamedFamily {
    id: FamilyId,
    name: String,
    archived_at: Option<Timestamp>,
}

/// Returns the product families with these names, by the requested name: the families in use, or if
/// there are none, the archived ones. Names are case-sensitive. One statement; none without names.
/// No index: a tenant has few families.
pub async fn families_by_names(reads: &impl Reads, names: &[&str]) -> Result<HashMap<String, Vec<FamilyId>>, Fault> {
    let kept: Vec<String> = names.iter().map(|name| text::kept(name.trim())).collect();
    let mut asked = kept.clone();
    sort_and_dedup(&mut asked);
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, of) = (NamedFamily::SELECT, backend.in_texts("f.name", 2));
    let sql = format!("SELECT {select} FROM product_family f WHERE f.tenant_id = $1 AND {of} ORDER BY f.id");
    let rows = reads.records::<NamedFamily>(&sql, vec![backend.texts(asked.iter().map(String::as_str))]).await?;
    let of_name = |kept: &String| -> Vec<FamilyId> {
        let named: Vec<&NamedFamily> = rows.iter().filter(|row| row.name == *kept).collect();
        let is_in_use = named.iter().any(|row| row.archived_at.is_none());
        named.into_iter().filter(|row| row.archived_at.is_none() == is_in_use).map(|row| row.id).collect()
    };
    Ok(names.iter().zip(&kept).map(|(name, kept)| ((*name).to_owned(), of_name(kept))).collect())
}

/// Returns those of the products that exist.
pub async fn products_that_exist(
    reads: &impl Reads,
    ids: impl IntoIterator<Item = ProductId>,
) -> Result<HashSet<ProductId>, Fault> {
    let ids: Vec<ProductId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id FROM product WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids)]).await?;
    rows.iter().map(Row::scalar).collect()
}
