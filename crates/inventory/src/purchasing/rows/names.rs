//! Looks up products, stores and suppliers by the references of callers; those that do not exist
//! are missing in the result.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{barcode, product, store, supplier},
};
use platform::storage::{Backend, Fault, Finds, Reads, Work};
use serde::Serialize;

use super::supply::suppliers_with_survivors;
use crate::catalog::core::text::fold;

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductRow {
    id: ProductId,
    sku_key: String,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct LockedSupplier {
    id: SupplierId,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = barcode, alias = "b")]
struct BarcodeRow {
    code: String,
    product_id: ProductId,
}

#[derive(Record)]
#[record(of = store, alias = "s")]
struct StoreRow {
    id: StoreId,
    code_key: String,
}

/// Reference to a product, of one of three kinds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum ProductName {
    Id(ProductId),
    Sku(String),
    Barcode(String),
}

/// Reference to a store or a supplier, of one of two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum PlaceName<I> {
    Id(I),
    Code(String),
}

/// Rows that the references of a call resolve to.
#[derive(Debug, Default)]
pub struct Names {
    products: HashSet<ProductId>,
    skus: HashMap<String, ProductId>,
    barcodes: HashMap<String, ProductId>,
    stores: HashSet<StoreId>,
    store_codes: HashMap<String, StoreId>,
    suppliers: HashSet<SupplierId>,
    archived_suppliers: HashMap<SupplierId, Timestamp>,
    supplier_codes: HashMap<String, SupplierId>,
}

fn key(text: &str) -> String {
    fold(text.trim())
}

impl Names {
    /// Reads the products: one statement by ID and SKU, one more if there are barcodes.
    pub async fn products<'a>(
        &mut self,
        reads: &impl Reads,
        product_names: impl IntoIterator<Item = &'a ProductName>,
    ) -> Result<(), Fault> {
        let (mut ids, mut skus, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for product_name in product_names {
            match product_name {
                ProductName::Id(id) => ids.push(*id),
                ProductName::Sku(sku) if !sku.contains('\0') => skus.push(key(sku)),
                ProductName::Barcode(code) if !code.contains('\0') => codes.push(code.trim().to_owned()),
                ProductName::Sku(_) | ProductName::Barcode(_) => {}
            }
        }
        let backend = reads.backend();
        if !ids.is_empty() || !skus.is_empty() {
            let (condition, sku_condition) = (backend.in_ids("p.id", 2), backend.in_texts("p.sku_key", 3));
            let select = ProductRow::SELECT;
            let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND ({condition} OR {sku_condition})");
            let values = vec![backend.ids(ids), backend.texts(skus.iter().map(String::as_str))];
            for ProductRow { id, sku_key } in reads.records(&sql, values).await? {
                self.products.insert(id);
                self.skus.insert(sku_key, id);
            }
        }
        if !codes.is_empty() {
            let (select, condition) = (BarcodeRow::SELECT, backend.in_texts("b.code", 2));
            let sql = format!("SELECT {select} FROM barcode b WHERE b.tenant_id = $1 AND {condition}");
            let rows = reads.records(&sql, vec![backend.texts(codes.iter().map(String::as_str))]).await?;
            self.barcodes.extend(rows.into_iter().map(|BarcodeRow { code, product_id }| (code, product_id)));
        }
        Ok(())
    }

    pub async fn stores<'a>(
        &mut self,
        reads: &impl Reads,
        store_names: impl IntoIterator<Item = &'a PlaceName<StoreId>>,
    ) -> Result<(), Fault> {
        let (ids, codes) = ids_and_codes(store_names);
        if ids.is_empty() && codes.is_empty() {
            return Ok(());
        }
        let backend = reads.backend();
        let (condition, code_condition) = (backend.in_ids("s.id", 2), backend.in_texts("s.code_key", 3));
        let sql =
            format!("SELECT {} FROM store s WHERE s.tenant_id = $1 AND ({condition} OR {code_condition})", StoreRow::SELECT);
        let values = vec![backend.ids(ids), backend.texts(codes.iter().map(String::as_str))];
        for StoreRow { id, code_key } in reads.records(&sql, values).await? {
            self.stores.insert(id);
            self.store_codes.insert(code_key, id);
        }
        Ok(())
    }

    pub async fn suppliers<'a>(
        &mut self,
        reads: &impl Reads,
        supplier_names: impl IntoIterator<Item = &'a PlaceName<SupplierId>>,
    ) -> Result<(), Fault> {
        let (ids, codes) = ids_and_codes(supplier_names);
        for supplier_facts in suppliers_with_survivors(reads, &ids, &codes).await? {
            self.suppliers.insert(supplier_facts.id);
            self.archived_suppliers.extend(supplier_facts.archived_at.map(|since| (supplier_facts.id, since)));
            self.supplier_codes.insert(supplier_facts.code_key, supplier_facts.merged_into.unwrap_or(supplier_facts.id));
        }
        Ok(())
    }

    /// Locks the suppliers of a catalogue's rows until the transaction ends, before any of these
    /// rows is locked, as merges of suppliers do; then reads again which are archived.
    pub async fn lock_suppliers(&mut self, work: &Work, ids: impl IntoIterator<Item = SupplierId>) -> Result<(), Fault> {
        let ids: HashSet<SupplierId> = ids.into_iter().collect();
        // SQLite has one writer: nothing has changed since they were read.
        if ids.is_empty() || work.backend() == Backend::Sqlite {
            return Ok(());
        }
        let backend = work.backend();
        let sql = format!(
            "SELECT {} FROM supplier s WHERE s.tenant_id = $1 AND {} ORDER BY s.id{}",
            LockedSupplier::SELECT,
            backend.in_ids("s.id", 2),
            backend.for_reference("s")
        );
        for LockedSupplier { id, archived_at } in work.records(&sql, vec![backend.ids(ids)]).await? {
            self.archived_suppliers.remove(&id);
            self.archived_suppliers.extend(archived_at.map(|since| (id, since)));
        }
        Ok(())
    }

    pub fn product(&self, name: &ProductName) -> Option<ProductId> {
        match name {
            ProductName::Id(id) => self.products.contains(id).then_some(*id),
            ProductName::Sku(sku) => self.skus.get(&key(sku)).copied(),
            ProductName::Barcode(code) => self.barcodes.get(code.trim()).copied(),
        }
    }
    pub fn store(&self, name: &PlaceName<StoreId>) -> Option<StoreId> {
        match name {
            PlaceName::Id(id) => self.stores.contains(id).then_some(*id),
            PlaceName::Code(code) => self.store_codes.get(&key(code)).copied(),
        }
    }
    pub fn supplier(&self, name: &PlaceName<SupplierId>) -> Option<SupplierId> {
        match name {
            PlaceName::Id(id) => self.suppliers.contains(id).then_some(*id),
            PlaceName::Code(code) => self.supplier_codes.get(&key(code)).copied(),
        }
    }
    /// Returns the moment at which a supplier that was found was archived; None while it is in use.
    pub fn archived_since(&self, supplier: SupplierId) -> Option<Timestamp> {
        self.archived_suppliers.get(&supplier).copied()
    }
}

fn ids_and_codes<'a, I: Copy + 'a>(names: impl IntoIterator<Item = &'a PlaceName<I>>) -> (Vec<I>, Vec<String>) {
    let (mut ids, mut codes) = (Vec::new(), Vec::new());
    for name in names {
        match name {
            PlaceName::Id(id) => ids.push(*id),
            PlaceName::Code(code) if !code.contains('\0') => codes.push(key(code)),
            PlaceName::Code(_) => {}
        }
    }
    (ids, codes)
}
