//! Queries of stores, suppliers, customers and channels.

use async_graphql::Context;
use entity::prelude::CustomerId;
use iam::access::kind;
use inventory::catalog::{Catalog, rows::customer::ids_by_email, shell::IdOrKey};
use macros::resolvers;
use platform::path;

use super::{
    Channel, ChannelConnection, Customer, CustomerConnection, Store, StoreConnection, Supplier, SupplierConnection,
    archive_filter::{ArchiveFilter, noun_tests},
    channel_sort::ChannelSort,
    customer_filter::{CustomerFilter, CustomerSort, address_permit, customer_tests, limit_to_visible_orders, narrow_to_names},
    filter::{query_id, query_text},
    page::{Count, MAX_PAGE, build_page, capped_count, count_limit, page_args},
    refs::{ChannelRef, CustomerRef, StoreRef, SupplierRef},
    store_filter::{StoreFilter, StoreSort, store_tests},
    supplier_filter::{SupplierFilter, SupplierSort, supplier_tests},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    periods::resolve_filter_periods,
};

/// Queries of stores, suppliers, customers and channels.
#[derive(Default)]
pub struct PartyQuery;

#[resolvers]
impl PartyQuery {
    /// Store by ID or code; null when there is none.
    #[field(permit = StoreRead)]
    async fn store(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or code of the store.")] by: StoreRef,
    ) -> Option<Answer<Store>> {
        async {
            let by = match by {
                StoreRef::Id(id) => IdOrKey::Id(query_id(&id, path!["by", "id"])?),
                StoreRef::Code(text) => IdOrKey::Key(query_text(text, &path!["by", "code"])?),
            };
            Ok(ctx.required_data::<Catalog>()?.store(permit, by).await?.map(|row| Store(row.into())))
        }
        .await
        .transpose()
    }

    /// Stores by code, unless another order is asked for; without a filter archived ones too.
    #[field(permit = StoreRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stores(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Filter of the stores; all stores by default.")] filter: Option<StoreFilter>,
        #[graphql(desc = "Sort of the stores. Null for CODE, ASC.")] sort: Option<StoreSort>,
    ) -> Answer<StoreConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = StoreSort::sorted(sort);
        let kind = sorted.kind("stores");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let listing = catalog.stores(permit, store_tests(resolve_filter_periods(ctx, filter).await?)?, sorted, &request).await?;
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Store(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }

    /// Supplier by ID or code; null when there is none.
    #[field(permit = ProductRead)]
    async fn supplier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or code of the supplier.")] by: SupplierRef,
    ) -> Option<Answer<Supplier>> {
        async {
            let by = match by {
                SupplierRef::Id(id) => IdOrKey::Id(query_id(&id, path!["by", "id"])?),
                SupplierRef::Code(text) => IdOrKey::Key(query_text(text, &path!["by", "code"])?),
            };
            Ok(ctx.required_data::<Catalog>()?.supplier(permit, by).await?.map(|row| Supplier(row.into())))
        }
        .await
        .transpose()
    }

    /// Suppliers by code, unless another order is asked for; without a filter those that are in use.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn suppliers(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Filter of the suppliers; those in use by default.")] filter: Option<SupplierFilter>,
        #[graphql(desc = "Sort of the suppliers. Null for CODE, ASC.")] sort: Option<SupplierSort>,
    ) -> Answer<SupplierConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = SupplierSort::sorted(sort);
        let kind = sorted.kind("suppliers");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let listing =
            catalog.suppliers(permit, supplier_tests(resolve_filter_periods(ctx, filter).await?)?, sorted, &request).await?;
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Supplier(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }

    /// Customer by ID, external reference or e-mail address; null when there is none. An address also requires customer.contact.read.
    #[field(permit = CustomerRead)]
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID, external reference or e-mail address of the customer.")] by: CustomerRef,
    ) -> Option<Answer<Customer>> {
        async {
            let by = match by {
                CustomerRef::Id(id) => IdOrKey::Id(query_id(&id, path!["by", "id"])?),
                CustomerRef::ExternalRef(text) => IdOrKey::Key(query_text(text, &path!["by", "externalRef"])?),
                CustomerRef::Email(text) => {
                    let email = query_text(text, &path!["by", "email"])?;
                    match by_email(ctx, &email).await? {
                        Some(id) => IdOrKey::Id(id),
                        None => return Ok(None),
                    }
                }
            };
            Ok(ctx.required_data::<Catalog>()?.customer(permit, by).await?.map(|row| Customer(row.into())))
        }
        .await
        .transpose()
    }

    /// Customers in the order of their creation, unless another order is asked for; merged ones are left out, and archived ones unless the filter
    /// asks for them. A filter by e-mail address also requires customer.contact.read.
    #[field(permit = CustomerRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection, and what the list is of")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "E-mail address of the customers to include; case is ignored. Null for any.")] email: Option<String>,
        #[graphql(desc = "Tag of the customers to include; case is ignored. Null for any.")] tag: Option<String>,
        #[graphql(desc = "Filter of the customers; those in use by default. With email or tag, both must hold.")] filter: Option<
            CustomerFilter,
        >,
        #[graphql(desc = "Sort of the customers. Null for CREATED_AT, ASC.")] sort: Option<CustomerSort>,
    ) -> Answer<CustomerConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = CustomerSort::sorted(sort);
        let kind = sorted.kind("customers");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let (mut tests, names) = customer_tests(resolve_filter_periods(ctx, filter).await?, (email, tag))?;
        limit_to_visible_orders(ctx, &mut tests)?;
        let contact_permit = address_permit(ctx, &mut tests)?;
        narrow_to_names(ctx, (permit.clone(), contact_permit.as_ref()), (&mut tests, names)).await?;
        let listing = match contact_permit {
            None => catalog.customers(permit, tests, sorted, &request).await?,
            Some(permit) => catalog.customers_by_address(permit, tests, sorted, &request).await?,
        };
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Customer(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }

    /// Number of customers, counted up to a limit; merged ones are left out, and archived ones unless the filter asks for them. A filter by e-mail address also requires customer.contact.read.
    #[field(permit = CustomerRead, cost = "3")]
    async fn customers_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the customers; those in use by default.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Count no further than this, at most 1,000,000. Default 10,000.", default = 10_000)] limit: i32,
    ) -> Answer<Count> {
        let limit = count_limit(limit)?;
        let catalog = ctx.required_data::<Catalog>()?;
        let (mut tests, names) = customer_tests(resolve_filter_periods(ctx, filter).await?, (None, None))?;
        limit_to_visible_orders(ctx, &mut tests)?;
        let contact_permit = address_permit(ctx, &mut tests)?;
        narrow_to_names(ctx, (permit.clone(), contact_permit.as_ref()), (&mut tests, names)).await?;
        let customer_count = match contact_permit {
            None => catalog.customers_count(permit, tests, limit).await?,
            Some(permit) => catalog.customers_count_by_address(permit, tests, limit).await?,
        };
        Ok(capped_count(customer_count, limit))
    }

    /// Channel by ID or code; null when there is none.
    #[field(permit = ChannelRead)]
    async fn channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or code of the channel.")] by: ChannelRef,
    ) -> Option<Answer<Channel>> {
        async {
            let by = match by {
                ChannelRef::Id(id) => IdOrKey::Id(query_id(&id, path!["by", "id"])?),
                ChannelRef::Code(text) => IdOrKey::Key(query_text(text, &path!["by", "code"])?),
            };
            Ok(ctx.required_data::<Catalog>()?.channel(permit, by).await?.map(|row| Channel(row.into())))
        }
        .await
        .transpose()
    }

    /// Channels by code, unless another order is asked for; without a filter those that are in use.
    #[field(permit = ChannelRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn channels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Filter of the channels; those in use by default.")] filter: Option<ArchiveFilter>,
        #[graphql(desc = "Sort of the channels. Null for CODE, ASC.")] sort: Option<ChannelSort>,
    ) -> Answer<ChannelConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = ChannelSort::sorted(sort);
        let kind = sorted.kind("channels");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let tests = noun_tests::<entity::id::kind::ChannelId>(resolve_filter_periods(ctx, filter).await?)?;
        let listing = catalog.channels(permit, tests, sorted, &request).await?;
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Channel(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }
}

/// The customer of an e-mail address, if there is one. An address that several have is refused.
async fn by_email(ctx: &Context<'_>, email: &str) -> Answer<Option<CustomerId>> {
    let scope = ctx.permit::<kind::CustomerContactRead>()?.scope(&ctx.required_data::<Catalog>()?.db);
    match ids_by_email(&scope, email).await?.as_slice() {
        [] => Ok(None),
        [id] => Ok(Some(*id)),
        candidates => {
            let message = format!("{} customers have this e-mail; use id", candidates.len());
            Err(TopError::bad_input(message, path!["by", "email"]))
        }
    }
}
