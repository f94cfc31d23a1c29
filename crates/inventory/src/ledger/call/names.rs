//! Products, stores and lots by their references in calls. IDs are taken unchecked: the ledger
//! finds out whether they exist.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{barcode, store},
};
use iam::access::Reach;
use platform::storage::{Fault, Finds, Reads};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    catalog::rows::keys::{KeyKind, ids_by_stored_keys, ids_of_kinds},
    ledger::Ledger,
    stock::core::{At, LotChoice, LotName, Noun, Rejection},
};

/// Reference to a product, in one of three ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProductRef {
    Id(ProductId),
    Sku(String),
    Barcode(String),
}

/// Reference to a store, in one of two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StoreRef {
    Id(StoreId),
    Code(String),
}

/// Reference to a lot, in one of two ways. The dates are for a new lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LotRef {
    Id(LotId),
    Code { code: String, made_on: Option<i32>, expires_on: Option<i32> },
}

/// Converts a line's lot reference for the rules. An unknown code becomes a lot with this ID.
pub fn lot_choice(ledger: &Ledger, lot_ref: Option<&LotRef>) -> LotChoice {
    match lot_ref {
        None => LotChoice::Unsaid,
        Some(LotRef::Id(id)) => LotChoice::Id(*id),
        Some(LotRef::Code { code, made_on, expires_on }) => {
            LotChoice::Named(Box::new(LotName::new(ledger.clock().id(), code, *made_on, *expires_on)))
        }
    }
}

/// Results for all product references of a call.
#[derive(Debug, Default)]
pub struct Names {
    skus: HashMap<String, ProductId>,
    barcodes: HashMap<String, ProductId>,
}

impl Names {
    /// Looks up references that are not IDs: one statement, none if all are IDs.
    pub async fn look_up<'a>(reads: &impl Reads, products: impl IntoIterator<Item = &'a ProductRef>) -> Result<Self, Fault> {
        Ok(Self::with_stores(reads, products, &[]).await?.0)
    }

    /// Does the same, and looks up the call's stores by their codes in the same statement.
    pub async fn with_stores<'a>(
        reads: &impl Reads,
        products: impl IntoIterator<Item = &'a ProductRef>,
        stores: &[&StoreRef],
    ) -> Result<(Self, HashMap<String, StoreId>), Fault> {
        let (mut skus, mut barcodes) = (Vec::new(), Vec::new());
        for product in products {
            match product {
                ProductRef::Id(_) => {}
                ProductRef::Sku(sku) => skus.push(KeyKind::ProductSku.normal_form(sku)),
                ProductRef::Barcode(code) => barcodes.push(KeyKind::ProductBarcode.normal_form(code)),
            }
        }
        let keys_by_kind =
            [(KeyKind::ProductSku, skus), (KeyKind::ProductBarcode, barcodes), (KeyKind::StoreCode, codes(stores))];
        let [skus, barcodes, stores] = ids_of_kinds(reads, keys_by_kind).await?;
        let names =
            Self { skus: into_typed_ids(skus, ProductId::from_uuid), barcodes: into_typed_ids(barcodes, ProductId::from_uuid) };
        Ok((names, into_typed_ids(stores, StoreId::from_uuid)))
    }

    pub fn product(&self, product_ref: &ProductRef, field: impl FnOnce() -> At) -> Result<ProductId, Rejection> {
        let product_id = match product_ref {
            ProductRef::Id(id) => Some(*id),
            ProductRef::Sku(sku) => self.skus.get(&KeyKind::ProductSku.normal_form(sku)).copied(),
            ProductRef::Barcode(code) => self.barcodes.get(&KeyKind::ProductBarcode.normal_form(code)).copied(),
        };
        product_id.ok_or_else(|| Rejection::not_found(Noun::Product, field()))
    }
}

fn into_typed_ids<I>(ids_by_key: HashMap<String, Uuid>, id: fn(Uuid) -> I) -> HashMap<String, I> {
    ids_by_key.into_iter().map(|(key, ids_by_key)| (key, id(ids_by_key))).collect()
}

/// Product or pack of a barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pack {
    pub product: ProductId,
    /// Number of smallest units in the pack.
    pub quantity: i64,
}

#[derive(Record)]
#[record(of = barcode, alias = "")]
struct PackRow {
    code_key: String,
    product_id: ProductId,
    pack_quantity: i64,
}

/// Returns the packs with these barcodes, by the keys of the codes, without unknown ones.
pub async fn load_packs(reads: &impl Reads, mut keys: Vec<String>) -> Result<HashMap<String, Pack>, Fault> {
    keys.retain(|key| !key.contains('\0'));
    let backend = reads.backend();
    let (select, code_condition) = (PackRow::SELECT, backend.in_texts("code_key", 2));
    let sql = format!("SELECT {select} FROM barcode WHERE tenant_id = $1 AND {code_condition}");
    let rows = reads.records::<PackRow>(&sql, vec![backend.texts(keys.iter().map(String::as_str))]).await?;
    let to_pack = |row: PackRow| (row.code_key, Pack { product: row.product_id, quantity: row.pack_quantity });
    Ok(rows.into_iter().map(to_pack).collect())
}

/// A store that exists.
#[derive(Debug, Clone, Record)]
#[record(of = store, alias = "")]
pub struct KnownStore {
    pub id: StoreId,
    pub time_zone: String,
}

/// Returns a store, for commands whose lines need not touch stock there. A store beyond the
/// caller's reach is not found.
pub async fn load_known_store(reads: &impl Reads, store_ref: &StoreRef, reach: &Reach) -> Result<Option<KnownStore>, Fault> {
    let (column, value) = match store_ref {
        StoreRef::Id(id) => ("id", (*id).into()),
        StoreRef::Code(code) if code.contains('\0') => return Ok(None),
        StoreRef::Code(code) => ("code_key", KeyKind::StoreCode.normal_form(code).into()),
    };
    let sql = format!("SELECT {} FROM store WHERE tenant_id = $1 AND {column} = $2", KnownStore::SELECT);
    let store_row = reads.records::<KnownStore>(&sql, vec![value]).await?.pop();
    Ok(store_row.filter(|store| reach.covers(store.id)))
}

/// Returns the stores that a call refers to, by their codes.
pub async fn load_stores_by_code(reads: &impl Reads, store_refs: &[&StoreRef]) -> Result<HashMap<String, StoreId>, Fault> {
    Ok(into_typed_ids(ids_by_stored_keys(reads, KeyKind::StoreCode, codes(store_refs)).await?, StoreId::from_uuid))
}

fn codes(store_refs: &[&StoreRef]) -> Vec<String> {
    let code_of = |store: &&StoreRef| match store {
        StoreRef::Code(code_of) => Some(KeyKind::StoreCode.normal_form(code_of)),
        StoreRef::Id(_) => None,
    };
    store_refs.iter().filter_map(code_of).collect()
}

/// Returns the store's ID, if its code was found or the reference is an ID.
pub fn store_of(
    store_ref: &StoreRef,
    ids_by_code: &HashMap<String, StoreId>,
    field: impl FnOnce() -> At,
) -> Result<StoreId, Rejection> {
    let id = match store_ref {
        StoreRef::Id(id) => Some(*id),
        StoreRef::Code(code) => ids_by_code.get(&KeyKind::StoreCode.normal_form(code)).copied(),
    };
    id.ok_or_else(|| Rejection::not_found(Noun::Store, field()))
}
