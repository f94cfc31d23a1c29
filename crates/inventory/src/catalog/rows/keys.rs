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
    pub fn normal_form(self, key: &str) -> String {
        let key = key.trim();
        match self {
            Self::CategorySlug => key.to_owned(),
            Self::SupplierCode | Self::ChannelCode | Self::StoreCode | Self::ProductSku | Self::CarrierCode => text::fold(key),
            // Groups belong to the rights room, which folds only capitals.
            Self::StoreGroupCode => group_key(key),
            Self::CustomerExternalRef => text::normal_form(key),
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
/// (`KeyKind::normal_form`). One statement; none without keys.
pub async fn ids_by_stored_keys(
    reads: &impl Reads,
    kind: KeyKind,
    mut stored_keys: Vec<String>,
) -> Result<HashMap<String, Uuid>, Fault> {
    sort_and_dedup(&mut stored_keys);
    if stored_keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (table, column, id) = kind.place();
    let backend = reads.backend();
    let select = KeyRow::SELECT.replace("{key}", column).replace("{id}", id);
    let condition = backend.in_texts(column, 2);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {condition}");
    let rows = reads.records::<KeyRow>(&sql, vec![backend.texts(stored_keys.iter().map(String::as_str))]).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.id)).collect())
}

/// Sorts the keys and removes duplicates, and keys with a NUL character: Postgres refuses such a
/// text, and no stored key has one.
fn sort_and_dedup(stored_keys: &mut Vec<String>) {
    stored_keys.retain(|key| !key.contains('\0'));
    stored_keys.sort_unstable();
    stored_keys.dedup();
}

/// Looks up keys of several kinds in one statement; each result is at the index of its kind.
pub async fn ids_of_kinds<const N: usize>(
    reads: &impl Reads,
    keys_by_kind: [(KeyKind, Vec<String>); N],
) -> Result<[HashMap<String, Uuid>; N], Fault> {
    let mut ids_by_kind: [HashMap<String, Uuid>; N] = std::array::from_fn(|_| HashMap::new());
    let backend = reads.backend();
    let (mut parts, mut values) = (Vec::with_capacity(N), Vec::with_capacity(N));
    for (place, (kind, mut stored_keys)) in keys_by_kind.into_iter().enumerate() {
        sort_and_dedup(&mut stored_keys);
        if stored_keys.is_empty() {
            continue;
        }
        let (table, column, id) = kind.place();
        let select = IndexedKey::SELECT.replace("{place}", &place.to_string()).replace("{key}", column).replace("{id}", id);
        let condition = backend.in_texts(column, values.len() + 2);
        parts.push(format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {condition}"));
        values.push(backend.texts(stored_keys.iter().map(String::as_str)));
    }
    if parts.is_empty() {
        return Ok(ids_by_kind);
    }
    for IndexedKey { place, of: KeyRow { key, id } } in reads.records(&parts.join(" UNION ALL "), values).await? {
        if let Some(of_kind) = ids_by_kind.get_mut(place as usize) {
            of_kind.insert(key, id);
        }
    }
    Ok(ids_by_kind)
}

/// Returns the result of `ids_by_stored_keys` by the keys as the caller wrote them.
pub async fn ids_by_keys(reads: &impl Reads, kind: KeyKind, keys: &[&str]) -> Result<HashMap<String, Uuid>, Fault> {
    let stored: Vec<String> = keys.iter().map(|key| kind.normal_form(key)).collect();
    let ids_by_key = ids_by_stored_keys(reads, kind, stored.clone()).await?;
    Ok(keys.iter().zip(&stored).filter_map(|(key, stored)| Some(((*key).to_owned(), *ids_by_key.get(stored)?))).collect())
}

/// A product family of a name.
#[derive(Record)]
#[record(of = product_family, alias = "f")]
struct FamilyNameRow {
    id: FamilyId,
    name: String,
    archived_at: Option<Timestamp>,
}

/// Returns the product families with these names, by the requested name: the families in use, or if
/// there are none, the archived ones. Names are case-sensitive. One statement; none without names.
/// No index: a tenant has few families.
pub async fn families_by_names(reads: &impl Reads, names: &[&str]) -> Result<HashMap<String, Vec<FamilyId>>, Fault> {
    let stored: Vec<String> = names.iter().map(|name| text::normal_form(name.trim())).collect();
    let mut distinct_names = stored.clone();
    sort_and_dedup(&mut distinct_names);
    if distinct_names.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (FamilyNameRow::SELECT, backend.in_texts("f.name", 2));
    let sql = format!("SELECT {select} FROM product_family f WHERE f.tenant_id = $1 AND {condition} ORDER BY f.id");
    let rows = reads.records::<FamilyNameRow>(&sql, vec![backend.texts(distinct_names.iter().map(String::as_str))]).await?;
    let of_name = |stored: &String| -> Vec<FamilyId> {
        let matching_rows: Vec<&FamilyNameRow> = rows.iter().filter(|row| row.name == *stored).collect();
        let is_in_use = matching_rows.iter().any(|row| row.archived_at.is_none());
        matching_rows.into_iter().filter(|row| row.archived_at.is_none() == is_in_use).map(|row| row.id).collect()
    };
    Ok(names.iter().zip(&stored).map(|(name, stored)| ((*name).to_owned(), of_name(stored))).collect())
}

/// Returns those of the products that exist.
pub async fn filter_existing_products(
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
