//! The look-ups of one request: everything that is reached from a list, one statement a level.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::Context;
use entity::{
    Tenanted,
    prelude::{CategoryId, ChannelId, CustomerId, FamilyId, Id, OrderId, ProductId, StoreId, SupplierId},
};
use inventory::catalog::{
    core::{
        category::CategoryRow,
        channel::ChannelRow,
        customer::CustomerRow,
        family::FamilyRow,
        kit::Component,
        product::{Barcode, ProductRow},
        store::StoreRow,
        supplier::SupplierRow,
    },
    rows::{
        category, customer, kit, merge, parties,
        product::{self, ProductName},
        small,
    },
};
use platform::{
    cache::{Cache, CacheView, Cached},
    storage::{Fault, Reads, TenantScope},
};

use crate::{
    graphql::{context::ContextExt, fault::Answer, lazy::OfTenant, upstream::loader::Batcher},
    media::MediaLoads,
};

/// Categories and suppliers by their ids.
type Parties = (HashMap<CategoryId, Arc<CategoryRow>>, HashMap<SupplierId, Arc<SupplierRow>>);

/// Made for a request that asks for them.
pub struct Loads {
    scope: TenantScope,
    cache: Option<Cache>,
    /// Where master data stood when this request first asked.
    cache_view: tokio::sync::Mutex<Option<CacheView>>,
    products: Batcher<ProductId, Arc<ProductRow>>,
    barcodes: Batcher<ProductId, Arc<Vec<Barcode>>>,
    components: Batcher<ProductId, Arc<Vec<Component>>>,
    kits: Batcher<ProductId, Arc<Vec<ProductId>>>,
    variants: Batcher<FamilyId, Arc<Vec<Arc<ProductRow>>>>,
    categories: Batcher<CategoryId, Arc<CategoryRow>>,
    children: Batcher<CategoryId, Arc<Vec<Arc<CategoryRow>>>>,
    paths: Batcher<CategoryId, Arc<Vec<Arc<CategoryRow>>>>,
    own_counts: Batcher<CategoryId, i64>,
    whole_counts: Batcher<CategoryId, i64>,
    suppliers: Batcher<SupplierId, Arc<SupplierRow>>,
    families: Batcher<FamilyId, Arc<FamilyRow>>,
    stores: Batcher<StoreId, Arc<StoreRow>>,
    customers: Batcher<CustomerId, Arc<CustomerRow>>,
    merged_customers: Batcher<CustomerId, Arc<Vec<CustomerId>>>,
    merged_suppliers: Batcher<SupplierId, Arc<Vec<SupplierId>>>,
    channels: Batcher<ChannelId, Arc<ChannelRow>>,
    /// Pictures and documents of products.
    pub media: MediaLoads,
    shown: Mutex<BTreeSet<CustomerId>>,
    shown_orders: Mutex<BTreeSet<OrderId>>,
}

/// The request's look-ups.
pub fn loads<'a>(ctx: &'a Context<'_>) -> Answer<&'a Loads> {
    ctx.lazy::<Loads>()
}

impl OfTenant for Loads {
    fn of(scope: TenantScope) -> Self {
        Self {
            // What it has may be newer than one moment.
            cache: scope.extensions().get().filter(|cache: &Cache| cache.is_on() && !scope.is_at_one_moment()),
            cache_view: tokio::sync::Mutex::default(),
            media: MediaLoads::of(scope.clone()),
            scope,
            products: Batcher::default(),
            barcodes: Batcher::default(),
            components: Batcher::default(),
            kits: Batcher::default(),
            variants: Batcher::default(),
            categories: Batcher::default(),
            children: Batcher::default(),
            paths: Batcher::default(),
            own_counts: Batcher::default(),
            whole_counts: Batcher::default(),
            suppliers: Batcher::default(),
            families: Batcher::default(),
            stores: Batcher::default(),
            customers: Batcher::default(),
            merged_customers: Batcher::default(),
            merged_suppliers: Batcher::default(),
            channels: Batcher::default(),
            shown: Mutex::default(),
            shown_orders: Mutex::default(),
        }
    }
}

impl Loads {
    /// The tenant's rows, for what is looked up in other ways.
    pub fn scope(&self) -> &TenantScope {
        &self.scope
    }

    /// Forgets everything: a mutation has written, and another one may follow in the same request.
    pub fn forget(&self) {
        // Nobody holds it: a mutation's fields run one after the other.
        if let Ok(mut cache_view) = self.cache_view.try_lock() {
            *cache_view = None;
        }
        self.products.forget();
        self.barcodes.forget();
        self.components.forget();
        self.kits.forget();
        self.variants.forget();
        self.categories.forget();
        self.children.forget();
        self.paths.forget();
        self.own_counts.forget();
        self.whole_counts.forget();
        self.suppliers.forget();
        self.families.forget();
        self.stores.forget();
        self.customers.forget();
        self.merged_customers.forget();
        self.merged_suppliers.forget();
        self.channels.forget();
        self.media.forget();
    }

    /// Reads the categories and suppliers of a page of products together: what is not remembered in one statement for both.
    pub async fn parties(&self, products: &[ProductRow]) -> Answer<()> {
        let categories: Vec<CategoryId> = distinct(products.iter().filter_map(|row| row.category_id));
        let suppliers: Vec<SupplierId> = distinct(products.iter().filter_map(|row| row.supplier_id));
        let (mut found_categories, mut found_suppliers) = self.known_parties(categories.clone(), suppliers.clone()).await?;
        categories.into_iter().for_each(|id| self.categories.know(id, found_categories.remove(&id)));
        suppliers.into_iter().for_each(|id| self.suppliers.know(id, found_suppliers.remove(&id)));
        Ok(())
    }

    async fn known_parties(&self, mut categories: Vec<CategoryId>, mut suppliers: Vec<SupplierId>) -> Answer<Parties> {
        if categories.is_empty() && suppliers.is_empty() {
            return Ok(Parties::default());
        }
        let Some(cache) = &self.cache else { return self.read_parties(&categories, &suppliers).await };
        let cache_view = self.cache_view(cache).await?;
        let mut found = (
            cache.look(&self.scope, &cache_view, &mut categories).await,
            cache.look(&self.scope, &cache_view, &mut suppliers).await,
        );
        if !categories.is_empty() || !suppliers.is_empty() {
            let read = self.read_parties(&categories, &suppliers).await?;
            cache.keep(&self.scope, &cache_view, &read.0);
            cache.keep(&self.scope, &cache_view, &read.1);
            found.0.extend(read.0);
            found.1.extend(read.1);
        }
        Ok(found)
    }

    async fn read_parties(&self, categories: &[CategoryId], suppliers: &[SupplierId]) -> Answer<Parties> {
        let (categories, suppliers) = parties::by_ids(&self.scope, categories, suppliers).await?;
        Ok((by(categories, |row| row.id), by(suppliers, |row| row.id)))
    }

    pub async fn product(&self, id: ProductId) -> Answer<Option<Arc<ProductRow>>> {
        self.products.one(id, |ids| self.product_rows(ids)).await
    }
    /// A product's barcodes in their order.
    pub async fn barcodes(&self, id: ProductId) -> Answer<Arc<Vec<Barcode>>> {
        let load = |ids| async { Ok(shared(product::barcodes_of(&self.scope, ids).await?)) };
        Ok(self.barcodes.one(id, load).await?.unwrap_or_default())
    }
    /// What a kit is made of, in its order.
    pub async fn components(&self, id: ProductId) -> Answer<Arc<Vec<Component>>> {
        let load = |ids| async { Ok(shared(kit::components_of(&self.scope, ids).await?)) };
        Ok(self.components.one(id, load).await?.unwrap_or_default())
    }
    /// The kits that a product is part of, by SKU.
    pub async fn kits(&self, id: ProductId) -> Answer<Arc<Vec<ProductId>>> {
        let load = |ids| async { Ok(shared(kit::kits_with(&self.scope, ids).await?)) };
        Ok(self.kits.one(id, load).await?.unwrap_or_default())
    }
    /// A family's variants by SKU.
    pub async fn variants(&self, id: FamilyId) -> Answer<Arc<Vec<Arc<ProductRow>>>> {
        let load = |ids: Vec<FamilyId>| async move {
            let mut found: HashMap<FamilyId, Vec<Arc<ProductRow>>> = HashMap::new();
            for row in product::by_families(&self.scope, &ids).await? {
                if let Some(family) = row.family_id {
                    found.entry(family).or_default().push(Arc::new(row));
                }
            }
            Ok(shared(found))
        };
        Ok(self.variants.one(id, load).await?.unwrap_or_default())
    }
    pub async fn category(&self, id: CategoryId) -> Answer<Option<Arc<CategoryRow>>> {
        self.categories.one(id, |ids| self.kept_rows::<entity::category::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn children(&self, id: CategoryId) -> Answer<Arc<Vec<Arc<CategoryRow>>>> {
        let load = |ids: Vec<CategoryId>| async move { Ok(listed(category::children(&self.scope, &ids).await?)) };
        Ok(self.children.one(id, load).await?.unwrap_or_default())
    }
    /// From the root to the category itself.
    pub async fn path(&self, id: CategoryId) -> Answer<Arc<Vec<Arc<CategoryRow>>>> {
        let load = |ids: Vec<CategoryId>| async move { Ok(listed(category::paths(&self.scope, &ids).await?)) };
        Ok(self.paths.one(id, load).await?.unwrap_or_default())
    }
    pub async fn own_count(&self, id: CategoryId) -> Answer<i64> {
        let load = |ids: Vec<CategoryId>| async move { category::own_counts(&self.scope, &ids).await };
        Ok(self.own_counts.one(id, load).await?.unwrap_or_default())
    }
    pub async fn whole_count(&self, id: CategoryId) -> Answer<i64> {
        let load = |ids: Vec<CategoryId>| async move { category::whole_counts(&self.scope, &ids).await };
        Ok(self.whole_counts.one(id, load).await?.unwrap_or_default())
    }
    pub async fn supplier(&self, id: SupplierId) -> Answer<Option<Arc<SupplierRow>>> {
        self.suppliers.one(id, |ids| self.kept_rows::<entity::supplier::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn family(&self, id: FamilyId) -> Answer<Option<Arc<FamilyRow>>> {
        self.families.one(id, |ids| self.rows::<entity::product_family::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn store(&self, id: StoreId) -> Answer<Option<Arc<StoreRow>>> {
        self.stores.one(id, |ids| self.kept_rows::<entity::store::Entity, _>(ids, |row| row.id)).await
    }
    /// Many rows at once, those that exist.
    pub async fn known_products(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<ProductRow>>> {
        known(&self.products, ids, |ids| self.product_rows(ids)).await
    }
    /// Their names alone.
    pub async fn known_names(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<ProductName>>> {
        let ids = distinct(ids.into_iter());
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.remembered(ids, |ids| product::names_together(&self.scope, ids)).await?)
    }
    pub async fn known_categories(&self, ids: Vec<CategoryId>) -> Answer<HashMap<CategoryId, Arc<CategoryRow>>> {
        known(&self.categories, ids, |ids| self.kept_rows::<entity::category::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn known_suppliers(&self, ids: Vec<SupplierId>) -> Answer<HashMap<SupplierId, Arc<SupplierRow>>> {
        known(&self.suppliers, ids, |ids| self.kept_rows::<entity::supplier::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn known_stores(&self, ids: Vec<StoreId>) -> Answer<HashMap<StoreId, Arc<StoreRow>>> {
        known(&self.stores, ids, |ids| self.kept_rows::<entity::store::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn known_channels(&self, ids: Vec<ChannelId>) -> Answer<HashMap<ChannelId, Arc<ChannelRow>>> {
        known(&self.channels, ids, |ids| self.rows::<entity::channel::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn known_barcodes(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<Vec<Barcode>>>> {
        let load = |ids| async { Ok(shared(product::barcodes_of(&self.scope, ids).await?)) };
        known(&self.barcodes, ids, load).await
    }
    pub async fn known_customers(&self, ids: Vec<CustomerId>) -> Answer<HashMap<CustomerId, Arc<CustomerRow>>> {
        known(&self.customers, ids, |ids| self.customer_rows(ids)).await
    }
    pub async fn customer(&self, id: CustomerId) -> Answer<Option<Arc<CustomerRow>>> {
        self.customers.one(id, |ids| self.customer_rows(ids)).await
    }
    /// The customers that are merged into one, by id.
    pub async fn merged_customers(&self, id: CustomerId) -> Answer<Arc<Vec<CustomerId>>> {
        let load = |ids: Vec<CustomerId>| async move { Ok(grouped(merge::merged_customers(&self.scope, &ids).await?)) };
        Ok(self.merged_customers.one(id, load).await?.unwrap_or_default())
    }
    /// The same of suppliers.
    pub async fn merged_suppliers(&self, id: SupplierId) -> Answer<Arc<Vec<SupplierId>>> {
        let load = |ids: Vec<SupplierId>| async move { Ok(grouped(merge::merged_suppliers(&self.scope, &ids).await?)) };
        Ok(self.merged_suppliers.one(id, load).await?.unwrap_or_default())
    }
    pub async fn channel(&self, id: ChannelId) -> Answer<Option<Arc<ChannelRow>>> {
        self.channels.one(id, |ids| self.rows::<entity::channel::Entity, _>(ids, |row| row.id)).await
    }

    async fn product_rows(&self, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
        self.remembered(ids, |ids| product::together(&self.scope, ids)).await
    }

    /// The rows as they are remembered, or as `load` reads them.
    async fn remembered<K, T, F>(
        &self,
        mut ids: Vec<Id<K>>,
        load: impl FnOnce(Vec<Id<K>>) -> F,
    ) -> Result<HashMap<Id<K>, Arc<T>>, Fault>
    where
        T: Cached,
        F: Future<Output = Result<HashMap<Id<K>, Arc<T>>, Fault>>,
    {
        let Some(cache) = &self.cache else { return load(ids).await };
        let cache_view = self.cache_view(cache).await?;
        let mut found = cache.look(&self.scope, &cache_view, &mut ids).await;
        if !ids.is_empty() {
            let read = load(ids).await?;
            cache.keep(&self.scope, &cache_view, &read);
            found.extend(read);
        }
        Ok(found)
    }

    async fn cache_view(&self, cache: &Cache) -> Result<CacheView, Fault> {
        let mut cache_view = self.cache_view.lock().await;
        match &*cache_view {
            Some(cache_view) => Ok(cache_view.clone()),
            None => Ok(cache_view.insert(cache.cache_view(&self.scope).await?).clone()),
        }
    }

    async fn customer_rows(&self, ids: Vec<CustomerId>) -> Result<HashMap<CustomerId, Arc<CustomerRow>>, Fault> {
        self.scope.coalesce(ids, |ids| async move { Ok(by(customer::by_ids(&self.scope, &ids).await?, |row| row.id)) }).await
    }
    /// Notes that the caller was shown how a customer can be reached: that is written into the audit log.
    pub fn show_contact(&self, id: CustomerId) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
    /// Notes that the caller was shown whom an order is for, or where it goes: that is written into the audit log.
    pub fn show_order(&self, id: OrderId) {
        self.shown_orders.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
    /// The orders that this was shown of since it was last asked.
    pub fn take_shown_orders(&self) -> BTreeSet<OrderId> {
        std::mem::take(&mut *self.shown_orders.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// Whose contacts were shown since this was last asked.
    pub fn take_shown_contacts(&self) -> BTreeSet<CustomerId> {
        std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn kept_rows<E: Tenanted, K: Send + Sync + 'static>(
        &self,
        ids: Vec<Id<K>>,
        id: fn(&E::Model) -> Id<K>,
    ) -> Result<HashMap<Id<K>, Arc<E::Model>>, Fault>
    where
        E::Model: Cached,
    {
        self.remembered(ids, |ids| self.rows::<E, K>(ids, id)).await
    }

    async fn rows<E: Tenanted, K: Send + Sync + 'static>(
        &self,
        ids: Vec<Id<K>>,
        id: fn(&E::Model) -> Id<K>,
    ) -> Result<HashMap<Id<K>, Arc<E::Model>>, Fault>
    where
        E::Model: Send + Sync,
    {
        self.scope.coalesce(ids, |ids| async move { Ok(by(small::by_ids::<E, K>(&self.scope, &ids).await?, id)) }).await
    }
}

/// The rows of some ids, each id asked for once.
async fn known<K, V, F>(rows: &Batcher<Id<K>, V>, ids: Vec<Id<K>>, load: impl Fn(Vec<Id<K>>) -> F) -> Answer<HashMap<Id<K>, V>>
where
    V: Clone,
    F: Future<Output = Result<HashMap<Id<K>, V>, Fault>>,
{
    let ids = distinct(ids.into_iter());
    let found = rows.many(&ids, load).await?;
    Ok(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?))).collect())
}

fn distinct<K>(ids: impl Iterator<Item = Id<K>>) -> Vec<Id<K>> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn by<I: Eq + Hash, R>(rows: Vec<R>, id: impl Fn(&R) -> I) -> HashMap<I, Arc<R>> {
    rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect()
}
fn shared<I: Eq + Hash, R>(found: HashMap<I, Vec<R>>) -> HashMap<I, Arc<Vec<R>>> {
    found.into_iter().map(|(id, rows)| (id, Arc::new(rows))).collect()
}
fn grouped<I: Eq + Hash, R>(pairs: Vec<(I, R)>) -> HashMap<I, Arc<Vec<R>>> {
    let mut found: HashMap<I, Vec<R>> = HashMap::new();
    pairs.into_iter().for_each(|(id, row)| found.entry(id).or_default().push(row));
    shared(found)
}
fn listed<I: Eq + Hash, R>(found: HashMap<I, Vec<R>>) -> HashMap<I, Arc<Vec<Arc<R>>>> {
    shared(found.into_iter().map(|(id, rows)| (id, rows.into_iter().map(Arc::new).collect())).collect())
}
