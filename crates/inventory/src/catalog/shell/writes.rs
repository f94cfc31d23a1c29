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
pub(super) fn target<K: entity::id::Kind>(which: &RowRef, word: Subject, checker: &mut Checker) -> Target<Id<K>> {
    let id = Id::from_str(&which.id).unwrap_or_else(|_| {
        checker.refuse(vec!["id".to_owned()], Rejection::WrongId(word));
        Id::NIL
    });
    Target::Id { id, expected_version: which.expected_version }
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
        ask: &CallOptions,
        named: (&'static str, InputDigest),
        commands: Vec<N::Command>,
    ) -> Result<Batch<N::Row>, Fault> {
        self.run_rows::<N, P>(permit, ask, named, commands).await.map(Batch::keep_first_stage)
    }
    /// Runs commands of one row each, independently: each reports all of its problems.
    pub(super) async fn run_rows<N: BatchEntity, P: Permission>(
        &self,
        permit: Permit<P>,
        ask: &CallOptions,
        (mutation, hash): (&'static str, InputDigest),
        commands: Vec<N::Command>,
    ) -> Result<Batch<N::Row>, Fault> {
        let refuse = |field, why| Ok(Batch::refused(Problem::at(field, why)));
        if let Some(why) = ask.key.as_deref().and_then(key_rejection) {
            return refuse("idempotencyKey", why);
        }
        let key = ask.key.clone().map(|key| Key { owner: permit.actor().id, mutation, key, hash });
        if commands.len() > MAX_ROWS {
            return refuse("rows", Rejection::TooMany { most: MAX_ROWS });
        }
        let call = Call { key, mode: ask.mode, commands };
        // Boxed: the future of a mutation is as large as the largest of them.
        Box::pin(run::<N>(&permit.scope(&self.db), &self.clock, &call)).await
    }

    pub async fn store_create(
        &self,
        permit: Permit<kind::StoreWrite>,
        fields: StoreFields,
        ask: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let command = store::check(Target::New, &fields, Checker::default(), is_time_zone);
        self.run::<Stores, _>(permit, &ask, ("storeCreate", hash_of(&fields)), vec![command]).await
    }
    /// Changes or, by `fields.life`, archives a store.
    pub async fn store_update(
        &self,
        permit: Permit<kind::StoreWrite>,
        which: RowRef,
        fields: StoreFields,
        ask: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Store, &mut checker);
        let command = store::check(target, &fields, checker, is_time_zone);
        self.run::<Stores, _>(permit, &ask, ("storeUpdate", hash_of(&(&which.id, &fields))), vec![command]).await
    }

    /// Closes a store for good.
    pub async fn store_archive(
        &self,
        permit: Permit<kind::StoreWrite>,
        which: RowRef,
        ask: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Store, &mut checker);
        let fields = StoreFields { life: Life::Archive, ..StoreFields::default() };
        let command = store::check(target, &fields, checker, is_time_zone);
        self.run::<Stores, _>(permit, &ask, ("storeArchive", hash_of(&which.id)), vec![command]).await
    }

    pub async fn supplier_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: SupplierFields,
        ask: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        let command = supplier::check(Target::New, &fields, Checker::default());
        self.run::<Suppliers, _>(permit, &ask, ("supplierCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn supplier_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        fields: SupplierFields,
        ask: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Supplier, &mut checker);
        let command = supplier::check(target, &fields, checker);
        self.run::<Suppliers, _>(permit, &ask, ("supplierUpdate", hash_of(&(&which.id, &fields))), vec![command]).await
    }

    pub async fn channel_create(
        &self,
        permit: Permit<kind::ChannelWrite>,
        fields: ChannelFields,
        ask: CallOptions,
    ) -> Result<Batch<ChannelRow>, Fault> {
        let command = channel::check(&fields);
        self.run::<Channels, _>(permit, &ask, ("channelCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn family_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: FamilyFields,
        ask: CallOptions,
    ) -> Result<Batch<FamilyRow>, Fault> {
        let command = family::check(&fields);
        self.run::<Families, _>(permit, &ask, ("productFamilyCreate", hash_of(&fields)), vec![command]).await
    }

    pub async fn category_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: CategoryFields,
        ask: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let command = category::check(Target::New, &fields, Checker::default());
        self.run::<Categories, _>(permit, &ask, ("categoryCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn category_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        fields: CategoryFields,
        ask: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Category, &mut checker);
        let command = category::check(target, &fields, checker);
        self.run::<Categories, _>(permit, &ask, ("categoryUpdate", hash_of(&(&which.id, &fields))), vec![command]).await
    }
    /// Creates or changes categories by slug, each row independently.
    pub async fn category_upsert(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<CategoryFields>,
        ask: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| category::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Categories, _>(permit, &ask, ("categoryBulkUpsert", hash), commands).await
    }

    pub async fn customer_create(
        &self,
        permit: Permit<kind::CustomerWrite>,
        fields: CustomerFields,
        ask: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let command = customer::check(Target::New, &fields, Checker::default());
        self.run::<Customers, _>(permit, &ask, ("customerCreate", hash_of(&fields)), vec![command]).await
    }
    pub async fn customer_update(
        &self,
        permit: Permit<kind::CustomerWrite>,
        which: RowRef,
        fields: CustomerFields,
        ask: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Customer, &mut checker);
        let command = customer::check(target, &fields, checker);
        self.run::<Customers, _>(permit, &ask, ("customerUpdate", hash_of(&(&which.id, &fields))), vec![command]).await
    }
    /// Erases a customer's personal data for good, with that of customers merged into it, by
    /// destroying the keys that it is sealed under. Their orders stay.
    pub async fn customer_erase(
        &self,
        permit: Permit<kind::CustomerErase>,
        which: RowRef,
        ask: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Customer, &mut checker);
        let own: Vec<CustomerId> = target.id().into_iter().collect();
        let merged = merged_customers(&permit.scope(&self.db), &own).await?;
        let with = |id| customer::erase_command(Target::Id { id, expected_version: None }, Checker::default());
        // The customer itself comes last: the answer has its row.
        let commands = merged.into_iter().map(|(_, id)| with(id)).chain([customer::erase_command(target, checker)]).collect();
        let mode = if ask.mode == Mode::Write { Mode::WriteAll } else { ask.mode };
        self.run::<Customers, _>(permit, &CallOptions { mode, ..ask }, ("customerErase", hash_of(&which.id)), commands).await
    }
    /// Creates or changes customers by their external reference, each row independently.
    pub async fn customer_upsert(
        &self,
        permit: Permit<kind::CustomerWrite>,
        rows: Vec<CustomerFields>,
        ask: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| customer::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Customers, _>(permit, &ask, ("customerBulkUpsert", hash), commands).await
    }

    pub async fn product_create(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: ProductFields,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&fields);
        self.product_create_of(permit, &fields, hash, ask).await
    }
    /// Like `product_create`, for an input that has more than the product's fields: repeated calls
    /// are compared by `hash`.
    pub async fn product_create_of(
        &self,
        permit: Permit<kind::ProductWrite>,
        fields: &ProductFields,
        hash: InputDigest,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let command = product::check(Target::New, fields, Checker::default());
        self.run::<Products, _>(permit, &ask, ("productCreate", hash), vec![command]).await
    }
    pub async fn product_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        fields: ProductFields,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Product, &mut checker);
        let command = product::check(target, &fields, checker);
        self.run::<Products, _>(permit, &ask, ("productUpdate", hash_of(&(&which.id, &fields))), vec![command]).await
    }
    /// Archives a product.
    pub async fn product_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Product, &mut checker);
        let fields = ProductFields { status: Patch::Set(ProductStatus::Archived), ..ProductFields::default() };
        let command = product::check(target, &fields, checker);
        self.run::<Products, _>(permit, &ask, ("productArchive", hash_of(&which.id)), vec![command]).await
    }
    /// Changes products, all or none, for a mutation of another room.
    pub async fn products_update(
        &self,
        permit: Permit<kind::ProductWrite>,
        mutation: &'static str,
        rows: Vec<(RowRef, ProductFields)>,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&rows.iter().map(|(which, fields)| (&which.id, fields)).collect::<Vec<_>>());
        let command = |(which, fields): &(RowRef, ProductFields)| {
            let mut checker = Checker::default();
            let target = target(which, Subject::Product, &mut checker);
            product::check(target, fields, checker)
        };
        let mode = if ask.mode == Mode::Write { Mode::WriteAll } else { ask.mode };
        self.run::<Products, _>(permit, &CallOptions { mode, ..ask }, (mutation, hash), rows.iter().map(command).collect()).await
    }
    /// Replaces all components of a product; without components it is no kit.
    pub async fn kit_set(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: RowRef,
        fields: KitFields,
        ask: CallOptions,
    ) -> Result<Batch<KitDoc>, Fault> {
        let mut checker = Checker::default();
        let target = target(&which, Subject::Product, &mut checker);
        let command = kit::check(target, &fields, checker);
        self.run::<Kits, _>(permit, &ask, ("kitSet", hash_of(&(&which.id, &fields))), vec![command]).await
    }
    /// Creates or changes products by SKU, each row independently.
    pub async fn product_upsert(
        &self,
        permit: Permit<kind::ProductWrite>,
        rows: Vec<ProductFields>,
        ask: CallOptions,
    ) -> Result<Batch<ProductDoc>, Fault> {
        let hash = hash_of(&rows);
        let commands = rows.iter().map(|fields| product::check(Target::Key, fields, Checker::default())).collect();
        self.run_rows::<Products, _>(permit, &ask, ("productBulkUpsert", hash), commands).await
    }
}
