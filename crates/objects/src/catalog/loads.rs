//! Loaders of one request for everything that is reached from a list: one statement per level.

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
        small_tables,
    },
};
use platform::{
    cache::{Cache, CacheView, CachedEntity},
    storage::{Fault, Reads, TenantScope},
};

use crate::{
    graphql::{context::ContextExt, fault::Answer, lazy::OfTenant, upstream::loader::Batcher},
    media::MediaLoads,
};

/// Categories and suppliers by their ids.
type Parties = (HashMap<CategoryId, Arc<CategoryRow>>, HashMap<SupplierId, Arc<SupplierRow>>);

/// Loaders of the catalogue, created when a request first uses them.
pub struct CatalogLoaders {
    scope: TenantScope,
    cache: Option<Cache>,
    /// Position of the master data's cache at the first query of this request.
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
    shown_customers: Mutex<BTreeSet<CustomerId>>,
    shown_orders: Mutex<BTreeSet<OrderId>>,
}

/// The request's loaders.
pub fn catalog_loaders<'a>(ctx: &'a Context<'_>) -> Answer<&'a CatalogLoaders> {
    ctx.lazy::<CatalogLoaders>()
}

impl OfTenant for CatalogLoaders {
    fn of(scope: TenantScope) -> Self {
        Self {
            // Cached rows may be newer than the moment that the scope reads at.
            cache: scope.extensions().get().filter(|cache: &Cache| cache.is_on() && !scope.has_consistent_reads()),
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
            shown_customers: Mutex::default(),
            shown_orders: Mutex::default(),
        }
    }
}

impl CatalogLoaders {
    /// The tenant's rows, for other lookups.
    pub fn scope(&self) -> &TenantScope {
        &self.scope
    }

    /// Forgets everything: a mutation has written, and another one may follow in the same request.
    pub fn forget(&self) {
        // The lock is free, since a mutation's fields run one after the other.
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

    /// Reads the categories and suppliers of a page of products together: those not cached in one
    /// statement for both.
    pub async fn parties(&self, products: &[ProductRow]) -> Answer<()> {
        let categories: Vec<CategoryId> = distinct(products.iter().filter_map(|row| row.category_id));
        let suppliers: Vec<SupplierId> = distinct(products.iter().filter_map(|row| row.supplier_id));
        let (mut found_categories, mut found_suppliers) = self.load_parties(categories.clone(), suppliers.clone()).await?;
        categories.into_iter().for_each(|id| self.categories.prime(id, found_categories.remove(&id)));
        suppliers.into_iter().for_each(|id| self.suppliers.prime(id, found_suppliers.remove(&id)));
        Ok(())
    }

    async fn load_parties(&self, mut categories: Vec<CategoryId>, mut suppliers: Vec<SupplierId>) -> Answer<Parties> {
        if categories.is_empty() && suppliers.is_empty() {
            return Ok(Parties::default());
        }
        let Some(cache) = &self.cache else { return self.read_parties(&categories, &suppliers).await };
        let cache_view = self.cache_view(cache).await?;
        let mut parties = (
            cache.get_rows(&self.scope, &cache_view, &mut categories).await,
            cache.get_rows(&self.scope, &cache_view, &mut suppliers).await,
        );
        if !categories.is_empty() || !suppliers.is_empty() {
            let loaded_parties = self.read_parties(&categories, &suppliers).await?;
            cache.store_rows(&self.scope, &cache_view, &loaded_parties.0);
            cache.store_rows(&self.scope, &cache_view, &loaded_parties.1);
            parties.0.extend(loaded_parties.0);
            parties.1.extend(loaded_parties.1);
        }
        Ok(parties)
    }

    async fn read_parties(&self, categories: &[CategoryId], suppliers: &[SupplierId]) -> Answer<Parties> {
        let (categories, suppliers) = parties::by_ids(&self.scope, categories, suppliers).await?;
        Ok((index_by(categories, |row| row.id), index_by(suppliers, |row| row.id)))
    }

    pub async fn product(&self, id: ProductId) -> Answer<Option<Arc<ProductRow>>> {
        self.products.one(id, |ids| self.product_rows(ids)).await
    }
    /// A product's barcodes in their order.
    pub async fn barcodes(&self, id: ProductId) -> Answer<Arc<Vec<Barcode>>> {
        let load = |ids| async { Ok(into_arc_lists(product::barcodes_of(&self.scope, ids).await?)) };
        Ok(self.barcodes.one(id, load).await?.unwrap_or_default())
    }
    /// Returns the components of a kit, in its order.
    pub async fn components(&self, id: ProductId) -> Answer<Arc<Vec<Component>>> {
        let load = |ids| async { Ok(into_arc_lists(kit::components_of(&self.scope, ids).await?)) };
        Ok(self.components.one(id, load).await?.unwrap_or_default())
    }
    /// The kits that a product is part of, by SKU.
    pub async fn kits(&self, id: ProductId) -> Answer<Arc<Vec<ProductId>>> {
        let load = |ids| async { Ok(into_arc_lists(kit::kits_of_components(&self.scope, ids).await?)) };
        Ok(self.kits.one(id, load).await?.unwrap_or_default())
    }
    /// A family's variants by SKU.
    pub async fn variants(&self, id: FamilyId) -> Answer<Arc<Vec<Arc<ProductRow>>>> {
        let load = |ids: Vec<FamilyId>| async move {
            let mut rows_by_family: HashMap<FamilyId, Vec<Arc<ProductRow>>> = HashMap::new();
            for row in product::by_families(&self.scope, &ids).await? {
                if let Some(family) = row.family_id {
                    rows_by_family.entry(family).or_default().push(Arc::new(row));
                }
            }
            Ok(into_arc_lists(rows_by_family))
        };
        Ok(self.variants.one(id, load).await?.unwrap_or_default())
    }
    pub async fn category(&self, id: CategoryId) -> Answer<Option<Arc<CategoryRow>>> {
        self.categories.one(id, |ids| self.cached_rows::<entity::category::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn children(&self, id: CategoryId) -> Answer<Arc<Vec<Arc<CategoryRow>>>> {
        let load = |ids: Vec<CategoryId>| async move { Ok(into_arc_rows(category::children(&self.scope, &ids).await?)) };
        Ok(self.children.one(id, load).await?.unwrap_or_default())
    }
    /// From the root to the category itself.
    pub async fn path(&self, id: CategoryId) -> Answer<Arc<Vec<Arc<CategoryRow>>>> {
        let load = |ids: Vec<CategoryId>| async move { Ok(into_arc_rows(category::paths(&self.scope, &ids).await?)) };
        Ok(self.paths.one(id, load).await?.unwrap_or_default())
    }
    pub async fn direct_product_count(&self, id: CategoryId) -> Answer<i64> {
        let load = |ids: Vec<CategoryId>| async move { category::own_counts(&self.scope, &ids).await };
        Ok(self.own_counts.one(id, load).await?.unwrap_or_default())
    }
    pub async fn subtree_product_count(&self, id: CategoryId) -> Answer<i64> {
        let load = |ids: Vec<CategoryId>| async move { category::whole_counts(&self.scope, &ids).await };
        Ok(self.whole_counts.one(id, load).await?.unwrap_or_default())
    }
    pub async fn supplier(&self, id: SupplierId) -> Answer<Option<Arc<SupplierRow>>> {
        self.suppliers.one(id, |ids| self.cached_rows::<entity::supplier::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn family(&self, id: FamilyId) -> Answer<Option<Arc<FamilyRow>>> {
        self.families.one(id, |ids| self.rows::<entity::product_family::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn store(&self, id: StoreId) -> Answer<Option<Arc<StoreRow>>> {
        self.stores.one(id, |ids| self.cached_rows::<entity::store::Entity, _>(ids, |row| row.id)).await
    }
    /// Many rows at once; unknown IDs are left out.
    pub async fn load_products(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<ProductRow>>> {
        load_distinct(&self.products, ids, |ids| self.product_rows(ids)).await
    }
    /// The names of many products.
    pub async fn load_product_names(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<ProductName>>> {
        let ids = distinct(ids.into_iter());
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.cached_or_loaded(ids, |ids| product::load_names_batched(&self.scope, ids)).await?)
    }
    pub async fn load_categories(&self, ids: Vec<CategoryId>) -> Answer<HashMap<CategoryId, Arc<CategoryRow>>> {
        load_distinct(&self.categories, ids, |ids| self.cached_rows::<entity::category::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn load_suppliers(&self, ids: Vec<SupplierId>) -> Answer<HashMap<SupplierId, Arc<SupplierRow>>> {
        load_distinct(&self.suppliers, ids, |ids| self.cached_rows::<entity::supplier::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn load_stores(&self, ids: Vec<StoreId>) -> Answer<HashMap<StoreId, Arc<StoreRow>>> {
        load_distinct(&self.stores, ids, |ids| self.cached_rows::<entity::store::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn load_channels(&self, ids: Vec<ChannelId>) -> Answer<HashMap<ChannelId, Arc<ChannelRow>>> {
        load_distinct(&self.channels, ids, |ids| self.rows::<entity::channel::Entity, _>(ids, |row| row.id)).await
    }
    pub async fn load_barcodes(&self, ids: Vec<ProductId>) -> Answer<HashMap<ProductId, Arc<Vec<Barcode>>>> {
        let load = |ids| async { Ok(into_arc_lists(product::barcodes_of(&self.scope, ids).await?)) };
        load_distinct(&self.barcodes, ids, load).await
    }
    pub async fn load_customers(&self, ids: Vec<CustomerId>) -> Answer<HashMap<CustomerId, Arc<CustomerRow>>> {
        load_distinct(&self.customers, ids, |ids| self.customer_rows(ids)).await
    }
    pub async fn customer(&self, id: CustomerId) -> Answer<Option<Arc<CustomerRow>>> {
        self.customers.one(id, |ids| self.customer_rows(ids)).await
    }
    /// The customers that are merged into one, by id.
    pub async fn merged_customers(&self, id: CustomerId) -> Answer<Arc<Vec<CustomerId>>> {
        let load = |ids: Vec<CustomerId>| async move { Ok(group_by_id(merge::merged_customers(&self.scope, &ids).await?)) };
        Ok(self.merged_customers.one(id, load).await?.unwrap_or_default())
    }
    /// The same for suppliers.
    pub async fn merged_suppliers(&self, id: SupplierId) -> Answer<Arc<Vec<SupplierId>>> {
        let load = |ids: Vec<SupplierId>| async move { Ok(group_by_id(merge::merged_suppliers(&self.scope, &ids).await?)) };
        Ok(self.merged_suppliers.one(id, load).await?.unwrap_or_default())
    }
    pub async fn channel(&self, id: ChannelId) -> Answer<Option<Arc<ChannelRow>>> {
        self.channels.one(id, |ids| self.rows::<entity::channel::Entity, _>(ids, |row| row.id)).await
    }

    async fn product_rows(&self, ids: Vec<ProductId>) -> Result<HashMap<ProductId, Arc<ProductRow>>, Fault> {
        self.cached_or_loaded(ids, |ids| product::load_coalesced(&self.scope, ids)).await
    }

    /// Returns rows from the cache, or else from `load`.
    async fn cached_or_loaded<K, T, F>(
        &self,
        mut ids: Vec<Id<K>>,
        load: impl FnOnce(Vec<Id<K>>) -> F,
    ) -> Result<HashMap<Id<K>, Arc<T>>, Fault>
    where
        T: CachedEntity,
        F: Future<Output = Result<HashMap<Id<K>, Arc<T>>, Fault>>,
    {
        let Some(cache) = &self.cache else { return load(ids).await };
        let cache_view = self.cache_view(cache).await?;
        let mut rows = cache.get_rows(&self.scope, &cache_view, &mut ids).await;
        if !ids.is_empty() {
            let loaded_rows = load(ids).await?;
            cache.store_rows(&self.scope, &cache_view, &loaded_rows);
            rows.extend(loaded_rows);
        }
        Ok(rows)
    }

    async fn cache_view(&self, cache: &Cache) -> Result<CacheView, Fault> {
        let mut cache_view = self.cache_view.lock().await;
        match &*cache_view {
            Some(cache_view) => Ok(cache_view.clone()),
            None => Ok(cache_view.insert(cache.cache_view(&self.scope).await?).clone()),
        }
    }

    async fn customer_rows(&self, ids: Vec<CustomerId>) -> Result<HashMap<CustomerId, Arc<CustomerRow>>, Fault> {
        self.scope
            .coalesce(ids, |ids| async move { Ok(index_by(customer::by_ids(&self.scope, &ids).await?, |row| row.id)) })
            .await
    }
    /// Notes that contact data of a customer was shown to the caller, for the audit log.
    pub fn record_contact_disclosure(&self, id: CustomerId) {
        self.shown_customers.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
    /// The same, of the recipient or the address of an order.
    pub fn record_order_disclosure(&self, id: OrderId) {
        self.shown_orders.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
    /// Returns the orders whose recipient or address was shown since the last call.
    pub fn take_disclosed_orders(&self) -> BTreeSet<OrderId> {
        std::mem::take(&mut *self.shown_orders.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// Returns the customers whose contacts were shown since the last call.
    pub fn take_disclosed_contacts(&self) -> BTreeSet<CustomerId> {
        std::mem::take(&mut *self.shown_customers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn cached_rows<E: Tenanted, K: Send + Sync + 'static>(
        &self,
        ids: Vec<Id<K>>,
        id: fn(&E::Model) -> Id<K>,
    ) -> Result<HashMap<Id<K>, Arc<E::Model>>, Fault>
    where
        E::Model: CachedEntity,
    {
        self.cached_or_loaded(ids, |ids| self.rows::<E, K>(ids, id)).await
    }

    async fn rows<E: Tenanted, K: Send + Sync + 'static>(
        &self,
        ids: Vec<Id<K>>,
        id: fn(&E::Model) -> Id<K>,
    ) -> Result<HashMap<Id<K>, Arc<E::Model>>, Fault>
    where
        E::Model: Send + Sync,
    {
        self.scope
            .coalesce(ids, |ids| async move { Ok(index_by(small_tables::by_ids::<E, K>(&self.scope, &ids).await?, id)) })
            .await
    }
}

/// Loads the rows of some IDs, without duplicates.
async fn load_distinct<K, V, F>(
    rows: &Batcher<Id<K>, V>,
    ids: Vec<Id<K>>,
    load: impl Fn(Vec<Id<K>>) -> F,
) -> Answer<HashMap<Id<K>, V>>
where
    V: Clone,
    F: Future<Output = Result<HashMap<Id<K>, V>, Fault>>,
{
    let ids = distinct(ids.into_iter());
    let loaded_rows = rows.many(&ids, load).await?;
    Ok(ids.into_iter().zip(loaded_rows).filter_map(|(id, row)| Some((id, row?))).collect())
}

fn distinct<K>(ids: impl Iterator<Item = Id<K>>) -> Vec<Id<K>> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn index_by<I: Eq + Hash, R>(rows: Vec<R>, id: impl Fn(&R) -> I) -> HashMap<I, Arc<R>> {
    rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect()
}
fn into_arc_lists<I: Eq + Hash, R>(rows_by_id: HashMap<I, Vec<R>>) -> HashMap<I, Arc<Vec<R>>> {
    rows_by_id.into_iter().map(|(id, rows)| (id, Arc::new(rows))).collect()
}
fn group_by_id<I: Eq + Hash, R>(pairs: Vec<(I, R)>) -> HashMap<I, Arc<Vec<R>>> {
    let mut rows_by_id: HashMap<I, Vec<R>> = HashMap::new();
    pairs.into_iter().for_each(|(id, row)| rows_by_id.entry(id).or_default().push(row));
    into_arc_lists(rows_by_id)
}
fn into_arc_rows<I: Eq + Hash, R>(rows_by_id: HashMap<I, Vec<R>>) -> HashMap<I, Arc<Vec<Arc<R>>>> {
    into_arc_lists(rows_by_id.into_iter().map(|(id, rows)| (id, rows.into_iter().map(Arc::new).collect())).collect())
}
