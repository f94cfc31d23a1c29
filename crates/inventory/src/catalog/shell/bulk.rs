//! Rows from a file: created or changed by their keys, or only created.

use iam::access::{Permit, kind};
use platform::storage::{Fault, idempotency::hash_of};

use super::{
    batch::{Batch, CallOptions},
    entities::{Categories, Customers, Suppliers},
    products::Products,
    service::Catalog,
};
use crate::catalog::core::{
    Checker, Target,
    category::{self, CategoryFields, CategoryRow},
    customer::{self, CustomerFields, CustomerRow},
    product::{self, ProductDoc, ProductFields},
    supplier::{self, SupplierFields, SupplierRow},
};

/// Handling of a row whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExistingKey {
    /// The row is refused.
    New,
    /// The existing row is changed.
    Key,
}

impl OnExistingKey {
    fn target<I>(self) -> Target<I> {
        match self {
            Self::New => Target::New,
            Self::Key => Target::Key,
        }
    }
}

impl Catalog {
    pub async fn product_import(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<ProductFields>,
        on_existing: OnExistingKey,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| product::check(on_existing.target(), fields, Checker::default())).collect();
        self.run_rows::<Products, _>(permit, &options, ("productImport", hash), commands).await
    }

    pub async fn category_import(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<CategoryFields>,
        on_existing: OnExistingKey,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| category::check(on_existing.target(), fields, Checker::default())).collect();
        self.run_rows::<Categories, _>(permit, &options, ("categoryImport", hash), commands).await
    }

    pub async fn supplier_import(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<SupplierFields>,
        on_existing: OnExistingKey,
        options: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| supplier::check(on_existing.target(), fields, Checker::default())).collect();
        self.run_rows::<Suppliers, _>(permit, &options, ("supplierImport", hash), commands).await
    }

    pub async fn customer_import(
        &self,
        permit: Permit<kind::CustomerWrite>,
        rows: Vec<CustomerFields>,
        on_existing: OnExistingKey,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| customer::check(on_existing.target(), fields, Checker::default())).collect();
        self.run_rows::<Customers, _>(permit, &options, ("customerImport", hash), commands).await
    }
}
