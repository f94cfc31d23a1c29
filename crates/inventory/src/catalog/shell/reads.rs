//! Queries of the catalogue. Lists are pages; a look-up that finds nothing, or a row of another
//! tenant, returns `None`.

use std::sync::Arc;

use entity::prelude::{CategoryId, ChannelId, CustomerId, FamilyId, ProductId, StoreId, SupplierId};
use iam::access::{Permission, Permit, kind};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Fault, Nested, Reads, TenantScope},
};

use super::service::Catalog;
use crate::catalog::{
    core::{
        category::CategoryRow, channel::ChannelRow, customer::CustomerRow, family::FamilyRow, product::ProductRow,
        store::StoreRow, supplier::SupplierRow, text,
    },
    rows::{
        self, Clause, ResolvedFilter,
        category::{CategoryPlace, CategorySorted},
        customer_list::{AddressSearch, CustomerSorted, CustomerTests, NamedCustomers},
        entity_filter::{self, Noun, NounTests},
        families::FamilySorted,
        filter::{Filter, TextTest},
        named::NamedSorted,
        small_tables,
        stores::StoreTests,
        suppliers::SupplierTests,
    },
};

/// A row by its id or by its own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdOrKey<I> {
    Id(I),
    Key(String),
}

/// Key by which a product is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductBy {
    Id(ProductId),
    Sku(String),
    Barcode(String),
}

impl Catalog {
    fn scope<P: Permission>(&self, permit: Permit<P>) -> TenantScope {
        permit.scope(&self.db)
    }

    pub async fn product(&self, permit: Permit<kind::ProductRead>, key: ProductBy) -> Result<Option<Arc<ProductRow>>, Fault> {
        let scope = self.scope(permit);
        let product_row = match key {
            ProductBy::Id(id) => return Ok(rows::product::load_coalesced(&scope, vec![id]).await?.remove(&id)),
            ProductBy::Sku(sku) => rows::product::by_sku_key(&scope, &text::fold(sku.trim())).await?,
            ProductBy::Barcode(code) => rows::product::by_barcode(&scope, code.trim()).await?,
        };
        Ok(product_row.map(Arc::new))
    }
    /// Runs the searches of a filter, so that pages and counts can be read with it.
    pub async fn resolve_filter(
        &self,
        permit: Permit<kind::ProductRead>,
        filter: Filter,
    ) -> Result<(TenantScope, ResolvedFilter), Fault> {
        let scope = self.scope(permit);
        let scoped = ResolvedFilter::resolve(&scope, filter).await?;
        Ok((scope, scoped))
    }

    pub async fn store(&self, permit: Permit<kind::StoreRead>, key: IdOrKey<StoreId>) -> Result<Option<StoreRow>, Fault> {
        let scope = self.scope(permit);
        match key {
            IdOrKey::Id(id) => small_tables::by_id::<entity::store::Entity, _>(&scope, id).await,
            IdOrKey::Key(code) => {
                small_tables::by_text::<entity::store::Entity>(&scope, "code_key", &text::fold(code.trim())).await
            }
        }
    }
    pub async fn stores(
        &self,
        permit: Permit<kind::StoreRead>,
        tests: Nested<StoreTests>,
        sorted: NamedSorted,
        request: &PageRequest,
    ) -> Result<ListPage<StoreRow>, Fault> {
        rows::stores::page(&self.scope(permit), tests, sorted, request).await
    }

    pub async fn category(
        &self,
        permit: Permit<kind::ProductRead>,
        key: IdOrKey<CategoryId>,
    ) -> Result<Option<CategoryRow>, Fault> {
        let scope = self.scope(permit);
        match key {
            IdOrKey::Id(id) => small_tables::by_id::<entity::category::Entity, _>(&scope, id).await,
            IdOrKey::Key(slug) => small_tables::by_text::<entity::category::Entity>(&scope, "slug", slug.trim()).await,
        }
    }
    /// The children of a category, or the roots: archived ones, those in use, or all.
    pub async fn categories(
        &self,
        permit: Permit<kind::ProductRead>,
        (place, tests): (CategoryPlace, Nested<NounTests>),
        sorted: CategorySorted,
        request: &PageRequest,
    ) -> Result<ListPage<CategoryRow>, Fault> {
        let scope = self.scope(permit);
        let mut clause = Clause::new(scope.backend());
        place.push_to(&mut clause);
        entity_filter::push_to(&scope, &mut clause, (Noun::Category, tests)).await?;
        small_tables::sorted_page::<entity::category::Entity>(&scope, clause, sorted, request).await
    }

    pub async fn supplier(
        &self,
        permit: Permit<kind::ProductRead>,
        lookup: IdOrKey<SupplierId>,
    ) -> Result<Option<SupplierRow>, Fault> {
        let scope = self.scope(permit);
        match lookup {
            IdOrKey::Id(id) => small_tables::by_id::<entity::supplier::Entity, _>(&scope, id).await,
            IdOrKey::Key(code) => {
                let key = text::fold(code.trim());
                let supplier_row = small_tables::by_text::<entity::supplier::Entity>(&scope, "code_key", &key).await?;
                // The code of a merged supplier finds its survivor.
                match supplier_row.as_ref().and_then(|row| row.merged_into) {
                    Some(into) => small_tables::by_id::<entity::supplier::Entity, _>(&scope, into).await,
                    None => Ok(supplier_row),
                }
            }
        }
    }
    pub async fn suppliers(
        &self,
        permit: Permit<kind::ProductRead>,
        tests: Nested<SupplierTests>,
        sorted: NamedSorted,
        request: &PageRequest,
    ) -> Result<ListPage<SupplierRow>, Fault> {
        rows::suppliers::page(&self.scope(permit), tests, sorted, request).await
    }

    pub async fn family(&self, permit: Permit<kind::ProductRead>, id: FamilyId) -> Result<Option<FamilyRow>, Fault> {
        small_tables::by_id::<entity::product_family::Entity, _>(&self.scope(permit), id).await
    }
    pub async fn families(
        &self,
        permit: Permit<kind::ProductRead>,
        tests: Nested<NounTests>,
        sorted: FamilySorted,
        request: &PageRequest,
    ) -> Result<ListPage<FamilyRow>, Fault> {
        let scope = self.scope(permit);
        let mut clause = Clause::new(scope.backend());
        entity_filter::push_to(&scope, &mut clause, (Noun::Family, tests)).await?;
        small_tables::sorted_page::<entity::product_family::Entity>(&scope, clause, sorted, request).await
    }

    pub async fn customer(
        &self,
        permit: Permit<kind::CustomerRead>,
        lookup: IdOrKey<CustomerId>,
    ) -> Result<Option<CustomerRow>, Fault> {
        let scope = self.scope(permit);
        match lookup {
            IdOrKey::Id(id) => rows::customer::by_id(&scope, id).await,
            IdOrKey::Key(text) => rows::customer::by_external_ref(&scope, &text::normal_form(text.trim())).await,
        }
    }
    /// Customers that pass the tests; none is found by an e-mail address.
    pub async fn customers(
        &self,
        permit: Permit<kind::CustomerRead>,
        tests: Nested<CustomerTests>,
        sorted: CustomerSorted,
        request: &PageRequest,
    ) -> Result<ListPage<CustomerRow>, Fault> {
        rows::customer_list::page(&self.scope(permit), tests, AddressSearch::Hidden, sorted, request).await
    }
    /// Like `customers`, but e-mail addresses are searched too, in any case of letters.
    pub async fn customers_by_address(
        &self,
        permit: Permit<kind::CustomerContactRead>,
        tests: Nested<CustomerTests>,
        sorted: CustomerSorted,
        request: &PageRequest,
    ) -> Result<ListPage<CustomerRow>, Fault> {
        rows::customer_list::page(&self.scope(permit), tests, AddressSearch::Seen, sorted, request).await
    }
    /// Customers that pass the tests and the tests of names, by e-mail addresses too if the caller
    /// may see them; None if more rows pass the tests than are compared by name.
    pub async fn customers_by_name(
        &self,
        permit: Permit<kind::CustomerRead>,
        contact_permit: Option<&Permit<kind::CustomerContactRead>>,
        tests: Nested<CustomerTests>,
        names: &[TextTest],
    ) -> Result<Option<NamedCustomers>, Fault> {
        let addresses = if contact_permit.is_some() { AddressSearch::Seen } else { AddressSearch::Hidden };
        rows::customer_list::find_named(&self.scope(permit), tests, addresses, names).await
    }
    /// Number of customers that pass the tests, counted up to one more than `limit`; none is found
    /// by an e-mail address.
    pub async fn customers_count(
        &self,
        permit: Permit<kind::CustomerRead>,
        tests: Nested<CustomerTests>,
        limit: i64,
    ) -> Result<i64, Fault> {
        rows::customer_list::count(&self.scope(permit), tests, AddressSearch::Hidden, limit).await
    }
    /// Like `customers_count`, but e-mail addresses are searched too, in any case of letters.
    pub async fn customers_count_by_address(
        &self,
        permit: Permit<kind::CustomerContactRead>,
        tests: Nested<CustomerTests>,
        limit: i64,
    ) -> Result<i64, Fault> {
        rows::customer_list::count(&self.scope(permit), tests, AddressSearch::Seen, limit).await
    }

    pub async fn channel(
        &self,
        permit: Permit<kind::ChannelRead>,
        lookup: IdOrKey<ChannelId>,
    ) -> Result<Option<ChannelRow>, Fault> {
        let scope = self.scope(permit);
        match lookup {
            IdOrKey::Id(id) => small_tables::by_id::<entity::channel::Entity, _>(&scope, id).await,
            IdOrKey::Key(code) => {
                small_tables::by_text::<entity::channel::Entity>(&scope, "code_key", &text::fold(code.trim())).await
            }
        }
    }
    pub async fn channels(
        &self,
        permit: Permit<kind::ChannelRead>,
        tests: Nested<NounTests>,
        sorted: NamedSorted,
        request: &PageRequest,
    ) -> Result<ListPage<ChannelRow>, Fault> {
        let scope = self.scope(permit);
        let mut clause = Clause::new(scope.backend());
        entity_filter::push_to(&scope, &mut clause, (Noun::Channel, tests)).await?;
        small_tables::sorted_page::<entity::channel::Entity>(&scope, clause, sorted, request).await
    }
}
