//! Changes of stores, suppliers, customers and channels.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::catalog::{
    Ask, Catalog, Mode,
    core::{
        customer::{CustomerRow, nameless},
        store::{Life, StoreFields},
    },
};

use super::{
    Channel, Customer, Store, Supplier,
    inputs_parties::{
        ChannelCreateInput, CustomerBulkUpsertInput, CustomerCreateInput, CustomerEraseInput, CustomerUpdateInput,
        StoreArchiveInput, StoreCreateInput, StoreUpdateInput, SupplierCreateInput, SupplierUpdateInput,
    },
    mutation_products::{mode, visibility, which, written},
    payloads::{ChannelPayload, CustomerBulkUpsertPayload, CustomerPayload, Parts, StorePayload, SupplierPayload, parts},
};
use crate::graphql::{
    context::ContextExt,
    directives::{MaxAge, emits, requires, step_up},
    fault::Answer,
};

/// The customer that was written, for whoever wrote it: who may not read customers is told its id and version, and nothing that others have said of it.
fn told(ctx: &Context<'_>, row: CustomerRow) -> Customer {
    let row = if ctx.permit::<kind::CustomerRead>().is_ok() { row } else { nameless(row) };
    Customer(row.into())
}

/// Changes of stores, suppliers, customers and channels.
#[derive(Default)]
pub struct PartyMutation;

#[Object]
impl PartyMutation {
    /// Makes a store.
    #[graphql(
        directive = requires::apply("store.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::STORE_CREATED.text()])
    )]
    async fn store_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: StoreCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<StorePayload> {
        let permit = ctx.permit::<kind::StoreWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.store_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
        Ok(StorePayload { store: entity, user_errors, replayed, seq })
    }

    /// Changes a store: what is left out of the input stays.
    #[graphql(
        directive = requires::apply("store.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::STORE_UPDATED.text()])
    )]
    async fn store_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: StoreUpdateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<StorePayload> {
        let permit = ctx.permit::<kind::StoreWrite>()?;
        let which = which(&input.id, Some(input.expected_version));
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.store_update(permit, which, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
        Ok(StorePayload { store: entity, user_errors, replayed, seq })
    }

    /// Closes a store for good. Refused while stock, reservations or open orders of it remain.
    #[graphql(
        directive = requires::apply("store.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::STORE_ARCHIVED.text()])
    )]
    async fn store_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: StoreArchiveInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<StorePayload> {
        let permit = ctx.permit::<kind::StoreWrite>()?;
        let which = which(&input.id, input.expected_version);
        let fields = StoreFields { life: Life::Archive, ..StoreFields::default() };
        let batch =
            ctx.given::<Catalog>()?.store_update(permit, which, fields, Ask { key: None, mode: mode(validate_only) }).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
        Ok(StorePayload { store: entity, user_errors, replayed, seq })
    }

    /// Makes a supplier.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::SUPPLIER_CREATED.text()])
    )]
    async fn supplier_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SupplierCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<SupplierPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.supplier_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
        Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
    }

    /// Changes a supplier: what is left out of the input stays, null clears.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::SUPPLIER_UPDATED.text()])
    )]
    async fn supplier_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SupplierUpdateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<SupplierPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let which = which(&input.id, Some(input.expected_version));
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.supplier_update(permit, which, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
        Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
    }

    /// Makes a customer. Without customer.read the answer tells its id and version only.
    #[graphql(
        directive = requires::apply("customer.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CUSTOMER_CREATED.text()])
    )]
    async fn customer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CustomerCreateInput,
    ) -> Answer<CustomerPayload> {
        let permit = ctx.permit::<kind::CustomerWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: Mode::Write };
        let batch = ctx.given::<Catalog>()?.customer_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::CustomerRead>(ctx)?, |row| told(ctx, row));
        Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
    }

    /// Changes a customer: what is left out of the input stays, null clears. Without customer.read the answer tells its id and version only.
    #[graphql(
        directive = requires::apply("customer.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CUSTOMER_UPDATED.text()])
    )]
    async fn customer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CustomerUpdateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CustomerPayload> {
        let permit = ctx.permit::<kind::CustomerWrite>()?;
        let which = which(&input.id, Some(input.expected_version));
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.customer_update(permit, which, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::CustomerRead>(ctx)?, |row| told(ctx, row));
        Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
    }

    /// Forgets who a customer is, for good: reference, name and e-mail address go, and the key that they were kept under. Country, orders and returns stay.
    #[graphql(
        directive = requires::apply("customer.erase".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CUSTOMER_ERASED.text()]),
        directive = step_up::apply(MaxAge(None))
    )]
    async fn customer_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is to be forgotten.")] input: CustomerEraseInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CustomerPayload> {
        let permit = ctx.permit::<kind::CustomerErase>()?;
        ctx.step_up()?;
        let which = which(&input.id, input.expected_version);
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.customer_erase(permit, which, ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::CustomerRead>(ctx)?, |row| told(ctx, row));
        Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
    }

    /// Makes or changes up to 500 customers by externalRef. Each row is answered by itself: a refused one does not stop the others. Without
    /// customer.read the answer tells ids and versions only.
    #[graphql(
        directive = requires::apply("customer.write".to_owned()),
        directive = emits::apply(vec![
            inventory::catalog::events::CUSTOMER_CREATED.text(),
            inventory::catalog::events::CUSTOMER_UPDATED.text(),
        ])
    )]
    async fn customer_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CustomerBulkUpsertInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CustomerBulkUpsertPayload> {
        let permit = ctx.permit::<kind::CustomerWrite>()?;
        let ask = Ask { key: input.idempotency_key, mode: mode(validate_only) };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.given::<Catalog>()?.customer_upsert(permit, rows, ask).await?;
        written(ctx)?;
        Ok(CustomerBulkUpsertPayload::of(batch, |row| told(ctx, row)))
    }

    /// Makes a channel.
    #[graphql(
        directive = requires::apply("channel.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CHANNEL_CREATED.text()])
    )]
    async fn channel_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ChannelCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ChannelPayload> {
        let permit = ctx.permit::<kind::ChannelWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.channel_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ChannelRead>(ctx)?, |row| Channel(row.into()));
        Ok(ChannelPayload { channel: entity, user_errors, replayed, seq })
    }
}
