//! The catalogue's changes. Each takes a permit, checks the fields, and runs the engine.

use std::str::FromStr;

use entity::prelude::{CustomerId, Id, ProductStatus};
use iam::access::{Permission, Permit, kind};
use platform::{
    clock::is_time_zone,
    storage::{
        Fault,
        idempotency::{InputDigest, Key, MAX_KEY, hash_of},
    },
};

use super::{
    batch::{Batch, BatchEntity, Call, CallOptions, MAX_ROWS, Mode, run},
    entities::{Categories, Channels, Customers, Families, Stores, Suppliers},
    products::{Kits, Products},
    service::Catalog,
};
use crate::catalog::core::{
    Checker, Form, Patch, Problem, Rejection, Subject, Target,
    category::{self, CategoryFields, CategoryRow},
    channel::{self, ChannelFields, ChannelRow},
    customer::{self, CustomerFields, CustomerRow},
    family::{self, FamilyFields, FamilyRow},
    kit::{self, KitDoc, KitFields},
    product::{self, ProductDoc, ProductFields},
    store::{self, Life, StoreFields, StoreRow},
    supplier::{self, SupplierFields, SupplierRow},
};
use crate::catalog::rows::merge::merged_customers;

/// Input that names the row of an update, unparsed.
#[derive(Debug, Clone)]
pub struct RowRef {
    pub id: String,
    pub expected_version: Option<i64>,
}

/// Returns the target of an update; a malformed ID is a problem like any other, and is replaced by
/// an ID that no row has.
pub(super) fn parse_target<K: entity::id::Kind>(row_ref: &RowRef, subject: Subject, checker: &mut Checker) -> Target<Id<K>> {
    let id = Id::from_str(&row_ref.id).unwrap_or_else(|_| {
        checker.refuse(vec!["id".to_owned()], Rejection::WrongId(subject));
        Id::NIL
    });
    Target::Id { id, expected_version: row_ref.expected_version }
}

/// Returns the reason why a text cannot be an idempotency key.
pub(super) fn key_rejection(key: &str) -> Option<Rejection> {
    match key {
        key if key.trim().is_empty() => Some(Rejection::Required),
        key if key.contains('\0') => Some(Rejection::Malformed(Form::Plain)),
        key if key.chars().nth(MAX_KEY).is_some() => Some(Rejection::TooLong { most: MAX_KEY }),
        _ => None,
    }
}

impl Catalog {
    /// Runs commands that form one call: it reports the problems of the first stage that has any.
    pub(super) async fn run<N: BatchEntity, P: Permission>(
        &self,
        permit: Permit<P>,
        options: &CallOptions,
        mutation: (&'static str, InputDigest),
        commands: Vec<N::Command>,
    ) -> Result<Batch<N::Row>, Fault> {
        self.run_rows::<N, P>(permit, options, mutation, commands).await.map(Batch::keep_first_stage)
    }
    /// Runs commands of one row each, independently: each reports all of its problems.
    pub(super) async fn run_rows<N: BatchEntity, P: Permission>(
        &self,
        permit: Permit<P>,
        options: &CallOptions,
        (mutation, hash): (&'static str, InputDigest),
        commands: Vec<N::Command>,
    ) -> Result<Batch<N::Row>, Fault> {
        let refuse = |field, rejection| Ok(Batch::refused(Problem::at(field, rejection)));
        if let Some(rejection) = options.key.as_deref().and_then(key_rejection) {
            return refuse("idempotencyKey", rejection);
        }
        let key = options.key.clone().map(|key| Key { owner: permit.actor().id, mutation, key, hash });
        if commands.len() > MAX_ROWS {
            return refuse("rows", Rejection::TooMany { most: MAX_ROWS });
        }
        let call = Call { key, mode: options.mode, commands };
        // Boxed: the future of a mutation is as large as the largest of them.
        Box::pin(run::<N>(&permit.scope(&self.db), &self.clock, &call)).await
    }

    pub async fn store_create(
        &self,
        permit: Permit<kind::StoreWrite>,
        fields: StoreFields,
        options: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let command = store::check(Target::New, &fields, Checker::default(), is_time_zone);
        self.run::<Stores, _>(permit, &options, ("storeCreate", hash_of(&fields)), vec![command]).await
    }
    /// Changes or, by `fields.life`, archives a store.
    pub async fn store_update(
        &self,
        permit: Permit<kind::StoreWrite>,
        row_ref: RowRef,
        fields: StoreFields,
        options: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Store, &mut checker);
        let command = store::check(target, &fields, checker, is_time_zone);
        self.run::<Stores, _>(permit, &options, ("storeUpdate", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }

    /// Closes a store for good.
    pub async fn store_archive(
        &self,
        permit: Permit<kind::StoreWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Store, &mut checker);
        let fields = StoreFields { life: Life::Archive, ..StoreFields::default() };
        let command = store::check(target, &fields, checker, is_time_zone);
        self.run::<Stores, _>(permit, &options, ("storeArchive", hash_of(&row_ref.id)), vec![command]).await
    }

    pub async fn supplier_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: SupplierFields,
        options: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        let command = supplier::check(Target::New, &fields, Checker::default());
        self.run::<Suppliers, _>(permit, &options, ("supplierCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn supplier_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        fields: SupplierFields,
        options: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Supplier, &mut checker);
        let command = supplier::check(target, &fields, checker);
        self.run::<Suppliers, _>(permit, &options, ("supplierUpdate", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }

    pub async fn channel_create(
        &self,
        permit: Permit<kind::ChannelWrite>,
        fields: ChannelFields,
        options: CallOptions,
    ) -> Result<Batch<ChannelRow>, Fault> {
        let command = channel::check(&fields);
        self.run::<Channels, _>(permit, &options, ("channelCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn family_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: FamilyFields,
        options: CallOptions,
    ) -> Result<Batch<FamilyRow>, Fault> {
        let command = family::check(&fields);
        self.run::<Families, _>(permit, &options, ("productFamilyCreate", hash_of(&fields)), vec![command]).await
    }

    pub async fn category_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: CategoryFields,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let command = category::check(Target::New, &fields, Checker::default());
        self.run::<Categories, _>(permit, &options, ("categoryCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn category_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        fields: CategoryFields,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Category, &mut checker);
        let command = category::check(target, &fields, checker);
        self.run::<Categories, _>(permit, &options, ("categoryUpdate", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }
    /// Creates or changes categories by slug, each row independently.
    pub async fn category_upsert(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<CategoryFields>,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| category::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Categories, _>(permit, &options, ("categoryBulkUpsert", hash), commands).await
    }

    pub async fn customer_create(
        &self,
        permit: Permit<kind::CustomerWrite>,
        fields: CustomerFields,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let command = customer::check(Target::New, &fields, Checker::default());
        self.run::<Customers, _>(permit, &options, ("customerCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn customer_update(
        &self,
        permit: Permit<kind::CustomerWrite>,
        row_ref: RowRef,
        fields: CustomerFields,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Customer, &mut checker);
        let command = customer::check(target, &fields, checker);
        self.run::<Customers, _>(permit, &options, ("customerUpdate", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }
    /// Erases a customer's personal data for good, with that of customers merged into it, by
    /// destroying the keys that it is sealed under. Their orders stay.
    pub async fn customer_erase(
        &self,
        permit: Permit<kind::CustomerErase>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Customer, &mut checker);
        let target_ids: Vec<CustomerId> = target.id().into_iter().collect();
        let merged = merged_customers(&permit.scope(&self.db), &target_ids).await?;
        let erasure = |id| customer::erase_command(Target::Id { id, expected_version: None }, Checker::default());
        // The customer itself comes last: the answer has its row.
        let commands = merged.into_iter().map(|(_, id)| erasure(id)).chain([customer::erase_command(target, checker)]).collect();
        let mode = if options.mode == Mode::Write { Mode::WriteAll } else { options.mode };
        self.run::<Customers, _>(permit, &CallOptions { mode, ..options }, ("customerErase", hash_of(&row_ref.id)), commands)
            .await
    }
    /// Creates or changes customers by their external reference, each row independently.
    pub async fn customer_upsert(
        &self,
        permit: Permit<kind::CustomerWrite>,
        rows: Vec<CustomerFields>,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| customer::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Customers, _>(permit, &options, ("customerBulkUpsert", hash), commands).await
    }

    pub async fn product_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: ProductFields,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&fields);
        self.product_create_of(permit, &fields, hash, options).await
    }
    /// Like `product_create`, for an input that has more than the product's fields: repeated calls
    /// are compared by `hash`.
    pub async fn product_create_of(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: &ProductFields,
        hash: InputDigest,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let command = product::check(Target::New, fields, Checker::default());
        self.run::<Products, _>(permit, &options, ("productCreate", hash), vec![command]).await
    }
    pub async fn product_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        fields: ProductFields,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Product, &mut checker);
        let command = product::check(target, &fields, checker);
        self.run::<Products, _>(permit, &options, ("productUpdate", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }
    /// Archives a product.
    pub async fn product_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Product, &mut checker);
        let fields = ProductFields { status: Patch::Set(ProductStatus::Archived), ..ProductFields::default() };
        let command = product::check(target, &fields, checker);
        self.run::<Products, _>(permit, &options, ("productArchive", hash_of(&row_ref.id)), vec![command]).await
    }
    /// Changes products, all or none, for a mutation of another room.
    pub async fn products_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        mutation: &'static str,
        rows: Vec<(RowRef, ProductFields)>,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&rows.iter().map(|(row_ref, fields)| (&row_ref.id, fields)).collect::<Vec<_>>());
        let command = |(row_ref, fields): &(RowRef, ProductFields)| {
            let mut checker = Checker::default();
            let target = parse_target(row_ref, Subject::Product, &mut checker);
            product::check(target, fields, checker)
        };
        let mode = if options.mode == Mode::Write { Mode::WriteAll } else { options.mode };
        self.run::<Products, _>(permit, &CallOptions { mode, ..options }, (mutation, hash), rows.iter().map(command).collect())
            .await
    }
    /// Replaces all components of a product; without components it is no kit.
    pub async fn kit_set(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        fields: KitFields,
        options: CallOptions,
    ) -> Result<Batch<KitDoc>, Fault> {
        let mut checker = Checker::default();
        let target = parse_target(&row_ref, Subject::Product, &mut checker);
        let command = kit::check(target, &fields, checker);
        self.run::<Kits, _>(permit, &options, ("kitSet", hash_of(&(&row_ref.id, &fields))), vec![command]).await
    }
    /// Creates or changes products by SKU, each row independently.
    pub async fn product_upsert(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<ProductFields>,
        options: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| product::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Products, _>(permit, &options, ("productBulkUpsert", hash), commands).await
    }
}
