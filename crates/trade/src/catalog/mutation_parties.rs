//! Changes of stores, suppliers, customers and channels.

use async_graphql::Context;
use iam::access::kind;
use inventory::catalog::{
    CallOptions, Catalog,
    core::customer::{CustomerRow, without_personal_data},
    events::{
        CHANNEL_ARCHIVED, CHANNEL_CREATED, CHANNEL_RESTORED, CUSTOMER_ARCHIVED, CUSTOMER_CREATED, CUSTOMER_ERASED,
        CUSTOMER_RESTORED, CUSTOMER_UPDATED, STORE_ARCHIVED, STORE_CREATED, STORE_RESTORED, STORE_UPDATED, SUPPLIER_ARCHIVED,
        SUPPLIER_CREATED, SUPPLIER_RESTORED, SUPPLIER_UPDATED,
    },
};
use macros::resolvers;

use super::{
    Channel, Customer, Store, Supplier,
    inputs_archiving::{
        ChannelArchiveInput, ChannelRestoreInput, CustomerArchiveInput, CustomerEraseInput, CustomerRestoreInput,
        StoreArchiveInput, StoreRestoreInput, SupplierArchiveInput, SupplierRestoreInput, resolved_row_ref,
    },
    inputs_parties::{
        ChannelCreateInput, CustomerBulkUpsertInput, CustomerCreateInput, CustomerUpdateInput, StoreCreateInput,
        StoreUpdateInput, SupplierCreateInput, SupplierUpdateInput,
    },
    payload::{
        ChannelPayload, CustomerBulkUpsertPayload, CustomerPayload, Parts, StorePayload, SupplierPayload, clear_loaders, parts,
        row_visibility,
    },
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    named,
};

/// The written customer for the caller who wrote it. A caller who may not read customers sees its
/// ID and version, but no data that others have entered.
pub(super) fn visible_written_customer(ctx: &Context<'_>, row: CustomerRow) -> Customer {
    let row = if ctx.holds::<kind::CustomerRead>() { row } else { without_personal_data(row) };
    Customer(row.into())
}

/// Changes of stores, suppliers, customers and channels.
#[derive(Default)]
pub struct PartyMutation;

#[resolvers]
impl PartyMutation {
    /// Creates a store.
    #[mutation(permit = StoreWrite, emits(STORE_CREATED), dry_run(record))]
    async fn store_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store to create.")] input: StoreCreateInput,
    ) -> Answer<StorePayload> {
        let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
        let batch = ctx.required_data::<Catalog>()?.store_create(permit, input.into(), options).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, row_visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
        Ok(StorePayload { store: entity, user_errors, replayed, seq })
    }

    /// Changes a store. Fields that are left out stay as they are.
    #[mutation(permit = StoreWrite, emits(STORE_UPDATED), dry_run(record))]
    async fn store_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store to change, with the new values.")] input: StoreUpdateInput,
    ) -> Answer<StorePayload> {
        named!(ctx, input, StorePayload, {
            let target = resolved_row_ref(input.id.as_ref(), Some(input.expected_version));
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.store_update(permit, target, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
            Ok(StorePayload { store: entity, user_errors, replayed, seq })
        })
    }

    /// Closes a store. Refused while stock, reservations or open orders of it remain.
    #[mutation(permit = StoreWrite, emits(STORE_ARCHIVED), dry_run(record))]
    async fn store_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store to archive, with its expected version.")] input: StoreArchiveInput,
    ) -> Answer<StorePayload> {
        named!(ctx, input, StorePayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.store_archive(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
            Ok(StorePayload { store: entity, user_errors, replayed, seq })
        })
    }

    /// Opens an archived store again, with the stock policies, the groups and the legal entity that it had.
    #[mutation(permit = StoreWrite, emits(STORE_RESTORED, STORE_UPDATED), dry_run(record))]
    async fn store_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store to restore, with its expected version.")] input: StoreRestoreInput,
    ) -> Answer<StorePayload> {
        named!(ctx, input, StorePayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.store_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::StoreRead>(ctx)?, |row| Store(row.into()));
            Ok(StorePayload { store: entity, user_errors, replayed, seq })
        })
    }

    /// Creates a supplier.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_CREATED), dry_run(record))]
    async fn supplier_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to create.")] input: SupplierCreateInput,
    ) -> Answer<SupplierPayload> {
        let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
        let batch = ctx.required_data::<Catalog>()?.supplier_create(permit, input.into(), options).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
        Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
    }

    /// Changes a supplier. Fields that are left out stay as they are; null clears.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_UPDATED), dry_run(record))]
    async fn supplier_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to change, with the new values.")] input: SupplierUpdateInput,
    ) -> Answer<SupplierPayload> {
        named!(ctx, input, SupplierPayload, {
            let target = resolved_row_ref(input.id.as_ref(), Some(input.expected_version));
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.supplier_update(permit, target, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
            Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
        })
    }

    /// Takes a supplier out of use: lists leave it out, and no new purchase order, return or product names it. Refused while purchase orders are open.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_ARCHIVED), dry_run(record))]
    async fn supplier_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to archive, with its expected version.")] input: SupplierArchiveInput,
    ) -> Answer<SupplierPayload> {
        named!(ctx, input, SupplierPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.supplier_archive(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
            Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
        })
    }

    /// Takes an archived supplier back into use.
    #[mutation(permit = ProductWrite, emits(SUPPLIER_RESTORED), dry_run(record))]
    async fn supplier_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to restore, with its expected version.")] input: SupplierRestoreInput,
    ) -> Answer<SupplierPayload> {
        named!(ctx, input, SupplierPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.supplier_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Supplier(row.into()));
            Ok(SupplierPayload { supplier: entity, user_errors, replayed, seq })
        })
    }

    /// Creates a customer. Without customer.read the answer has the ID and the version only.
    #[mutation(permit = CustomerWrite, emits(CUSTOMER_CREATED), dry_run(record))]
    async fn customer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to create.")] input: CustomerCreateInput,
    ) -> Answer<CustomerPayload> {
        let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
        let batch = ctx.required_data::<Catalog>()?.customer_create(permit, input.into(), options).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, row_visibility::<kind::CustomerRead>(ctx)?, |row| visible_written_customer(ctx, row));
        Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
    }

    /// Updates a customer: a field that is omitted stays, null clears it. Without customer.read the
    /// answer has the ID and the version only.
    #[mutation(permit = CustomerWrite, emits(CUSTOMER_UPDATED), dry_run(record))]
    async fn customer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to change, with the new values.")] input: CustomerUpdateInput,
    ) -> Answer<CustomerPayload> {
        named!(ctx, input, CustomerPayload, {
            let target = resolved_row_ref(input.id.as_ref(), Some(input.expected_version));
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.customer_update(permit, target, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::CustomerRead>(ctx)?, |row| visible_written_customer(ctx, row));
            Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
        })
    }

    /// Takes a customer out of use: lists leave it out, and no new order names it. Refused while orders of it are open. Without customer.read the
    /// answer has the ID and the version only.
    #[mutation(permit = CustomerWrite, emits(CUSTOMER_ARCHIVED), dry_run(record))]
    async fn customer_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to archive, with its expected version.")] input: CustomerArchiveInput,
    ) -> Answer<CustomerPayload> {
        named!(ctx, input, CustomerPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.customer_archive(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::CustomerRead>(ctx)?, |row| visible_written_customer(ctx, row));
            Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
        })
    }

    /// Takes an archived customer back into use. Without customer.read the answer has the ID and the version only.
    #[mutation(permit = CustomerWrite, emits(CUSTOMER_RESTORED), dry_run(record))]
    async fn customer_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to restore, with its expected version.")] input: CustomerRestoreInput,
    ) -> Answer<CustomerPayload> {
        named!(ctx, input, CustomerPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.customer_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::CustomerRead>(ctx)?, |row| visible_written_customer(ctx, row));
            Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
        })
    }

    /// Erases the personal data of a customer for good: reference, name and e-mail address, with
    /// the key that encrypted them. Country, orders and returns stay.
    #[mutation(permit = CustomerErase, emits(CUSTOMER_ERASED), step_up, dry_run(record))]
    async fn customer_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Customer to erase and its expected version.")] input: CustomerEraseInput,
    ) -> Answer<CustomerPayload> {
        named!(ctx, input, CustomerPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.customer_erase(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::CustomerRead>(ctx)?, |row| visible_written_customer(ctx, row));
            Ok(CustomerPayload { customer: entity, user_errors, replayed, seq })
        })
    }

    /// Creates or updates up to 500 customers by externalRef. Each row has its own result: a
    /// refused row does not stop the others. Without customer.read the answer has IDs and versions
    /// only.
    #[mutation(permit = CustomerWrite, emits(CUSTOMER_CREATED, CUSTOMER_UPDATED), dry_run(record))]
    async fn customer_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows to create or change.")] input: CustomerBulkUpsertInput,
    ) -> Answer<CustomerBulkUpsertPayload> {
        let options = CallOptions { key: input.idempotency_key, mode: dry_run };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.required_data::<Catalog>()?.customer_upsert(permit, rows, options).await?;
        clear_loaders(ctx)?;
        Ok(CustomerBulkUpsertPayload::of(batch, |row| visible_written_customer(ctx, row)))
    }

    /// Creates a channel.
    #[mutation(permit = ChannelWrite, emits(CHANNEL_CREATED), dry_run(record))]
    async fn channel_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Channel to create.")] input: ChannelCreateInput,
    ) -> Answer<ChannelPayload> {
        let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
        let batch = ctx.required_data::<Catalog>()?.channel_create(permit, input.into(), options).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, row_visibility::<kind::ChannelRead>(ctx)?, |row| Channel(row.into()));
        Ok(ChannelPayload { channel: entity, user_errors, replayed, seq })
    }

    /// Takes a channel out of use: lists leave it out, and no new order names it. Refused while orders of it are open or integrations are bound to it; DIRECT stays.
    #[mutation(permit = ChannelWrite, emits(CHANNEL_ARCHIVED), dry_run(record))]
    async fn channel_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Channel to archive, with its expected version.")] input: ChannelArchiveInput,
    ) -> Answer<ChannelPayload> {
        named!(ctx, input, ChannelPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.channel_archive(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ChannelRead>(ctx)?, |row| Channel(row.into()));
            Ok(ChannelPayload { channel: entity, user_errors, replayed, seq })
        })
    }

    /// Takes an archived channel back into use.
    #[mutation(permit = ChannelWrite, emits(CHANNEL_RESTORED), dry_run(record))]
    async fn channel_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Channel to restore, with its expected version.")] input: ChannelRestoreInput,
    ) -> Answer<ChannelPayload> {
        named!(ctx, input, ChannelPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.channel_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ChannelRead>(ctx)?, |row| Channel(row.into()));
            Ok(ChannelPayload { channel: entity, user_errors, replayed, seq })
        })
    }
}
