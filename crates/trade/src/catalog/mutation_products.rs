//! Changes of products, categories and families.

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    catalog::{
        CallOptions, Catalog,
        events::{
            CATEGORY_ARCHIVED, CATEGORY_CREATED, CATEGORY_RESTORED, CATEGORY_UPDATED, FAMILY_ARCHIVED, FAMILY_CREATED,
            FAMILY_RESTORED, PRODUCT_ARCHIVED, PRODUCT_CREATED, PRODUCT_UPDATED,
        },
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    Category, Product, ProductFamily,
    inputs::{ProductBulkUpsertInput, ProductCreateInput, ProductUpdateInput},
    inputs_archiving::{CategoryRestoreInput, ProductArchiveInput, resolved_row_ref, row_ref},
    inputs_tree::{
        CategoryArchiveInput, CategoryBulkUpsertInput, CategoryCreateInput, CategoryUpdateInput, ProductFamilyArchiveInput,
        ProductFamilyCreateInput, ProductFamilyRestoreInput,
    },
    opening,
    payload::{
        CategoryBulkUpsertPayload, CategoryPayload, Parts, ProductBulkUpsertPayload, ProductFamilyPayload, ProductPayload,
        clear_loaders, parts, row_visibility,
    },
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, refusal::add_sent_values},
    named,
    references::resolve_references,
};

/// Changes of products, categories and families.
#[derive(Default)]
pub struct ProductMutation;

#[resolvers]
impl ProductMutation {
    /// Creates a product, with the stock that it begins with where some is given.
    #[mutation(permit = ProductWrite, emits(PRODUCT_CREATED, STOCK_CHANGED), dry_run(record))]
    async fn product_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product to create.")] input: ProductCreateInput,
    ) -> Answer<ProductPayload> {
        named!(ctx, input, ProductPayload, {
            if let Some(lines) = input.opening_stock.take().filter(|lines| !lines.is_empty()) {
                return Box::pin(opening::create_with_stock(ctx, permit, (input, lines), dry_run)).await;
            }
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.product_create(permit, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, Product::from);
            Ok(ProductPayload { product: entity, user_errors, replayed, seq })
        })
    }

    /// Changes a product. Fields that are left out stay as they are; null clears.
    #[mutation(permit = ProductWrite, emits(PRODUCT_UPDATED, PRODUCT_ARCHIVED), dry_run(record))]
    async fn product_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product to change, with the new values.")] input: ProductUpdateInput,
    ) -> Answer<ProductPayload> {
        named!(ctx, input, ProductPayload, {
            let target = row_ref(&input.id, Some(input.expected_version));
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.product_update(permit, target, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, Product::from);
            Ok(ProductPayload { product: entity, user_errors, replayed, seq })
        })
    }

    /// Archives a product. Refused while stock, reservations or open orders of it remain.
    #[mutation(permit = ProductWrite, emits(PRODUCT_ARCHIVED), dry_run(record))]
    async fn product_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product to archive, with its expected version.")] input: ProductArchiveInput,
    ) -> Answer<ProductPayload> {
        named!(ctx, input, ProductPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.product_archive(permit, target, options).await?;
            let Parts { entity, mut user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, Product::from);
            // Archiving changes the status, which its input does not name.
            user_errors.iter_mut().for_each(|error| error.rename_field("status", "id"));
            Ok(ProductPayload { product: entity, user_errors, replayed, seq })
        })
    }

    /// Creates or updates up to 500 products by SKU. Each row has its own result: a refused row
    /// does not stop the others.
    #[mutation(permit = ProductWrite, emits(PRODUCT_CREATED, PRODUCT_UPDATED, PRODUCT_ARCHIVED), dry_run(record))]
    async fn product_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows to create or change.")] input: ProductBulkUpsertInput,
    ) -> Answer<ProductBulkUpsertPayload> {
        let mut input = input;
        let reference_paths = match resolve_references(ctx, input.names()).await? {
            Ok(reference_paths) => reference_paths,
            Err(errors) => return Ok(errors.into()),
        };
        let options = CallOptions { key: input.idempotency_key, mode: dry_run };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.required_data::<Catalog>()?.product_upsert(permit, rows, options).await?;
        clear_loaders(ctx)?;
        let mut answer = ProductBulkUpsertPayload::of(batch, Product::from);
        for row in &mut answer.rows {
            reference_paths.redirect_errors(&mut row.user_errors);
            add_sent_values(ctx, &mut row.user_errors);
        }
        Ok(answer)
    }

    /// Creates a category.
    #[mutation(permit = ProductWrite, emits(CATEGORY_CREATED), dry_run(record))]
    async fn category_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Category to create.")] input: CategoryCreateInput,
    ) -> Answer<CategoryPayload> {
        named!(ctx, input, CategoryPayload, {
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.category_create(permit, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
            Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
        })
    }

    /// Changes a category. Fields that are left out stay as they are; null clears.
    #[mutation(permit = ProductWrite, emits(CATEGORY_UPDATED), dry_run(record))]
    async fn category_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Category to change, with the new values.")] input: CategoryUpdateInput,
    ) -> Answer<CategoryPayload> {
        named!(ctx, input, CategoryPayload, {
            let target = resolved_row_ref(input.id.as_ref(), Some(input.expected_version));
            let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.category_update(permit, target, input.into(), options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
            Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
        })
    }

    /// Archives a category: lists leave it out, and products and categories cannot be added to it.
    /// Refused while it has products or categories that are not archived; with `moveTo` its products go to another category in the same step.
    #[mutation(permit = ProductWrite, emits(CATEGORY_ARCHIVED, PRODUCT_UPDATED), dry_run(record))]
    async fn category_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Category to archive, with its expected version.")] input: CategoryArchiveInput,
    ) -> Answer<CategoryPayload> {
        named!(ctx, input, CategoryPayload, {
            let target = resolved_row_ref(input.id.as_ref(), input.expected_version);
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let catalog = ctx.required_data::<Catalog>()?;
            let batch = match &input.move_to_id {
                Some(into) => Box::pin(catalog.category_archive_into(permit, target, &into.0, options)).await?,
                None => catalog.category_archive(permit, target, options).await?,
            };
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
            Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
        })
    }

    /// Takes an archived category back into use. Refused while the category above it is archived.
    #[mutation(permit = ProductWrite, emits(CATEGORY_RESTORED), dry_run(record))]
    async fn category_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Category to restore, with its expected version.")] input: CategoryRestoreInput,
    ) -> Answer<CategoryPayload> {
        named!(ctx, input, CategoryPayload, {
            let target = input.row_ref();
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.category_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
            Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
        })
    }

    /// Creates or updates up to 500 categories by slug. Each row has its own result: a refused row
    /// does not stop the others.
    #[mutation(permit = ProductWrite, emits(CATEGORY_CREATED, CATEGORY_UPDATED), dry_run(record))]
    async fn category_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows to create or change.")] input: CategoryBulkUpsertInput,
    ) -> Answer<CategoryBulkUpsertPayload> {
        let options = CallOptions { key: input.idempotency_key, mode: dry_run };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.required_data::<Catalog>()?.category_upsert(permit, rows, options).await?;
        clear_loaders(ctx)?;
        Ok(CategoryBulkUpsertPayload::of(batch, |row| Category(row.into())))
    }

    /// Creates a family of variants.
    #[mutation(permit = ProductWrite, emits(FAMILY_CREATED), dry_run(record))]
    async fn product_family_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Family to create.")] input: ProductFamilyCreateInput,
    ) -> Answer<ProductFamilyPayload> {
        let options = CallOptions { key: input.idempotency_key.clone(), mode: dry_run };
        let batch = ctx.required_data::<Catalog>()?.family_create(permit, input.into(), options).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| ProductFamily(row.into()));
        Ok(ProductFamilyPayload { product_family: entity, user_errors, replayed, seq })
    }

    /// Archives a family: lists leave it out, and products cannot be added to it. Refused while it has variants that are not archived.
    #[mutation(permit = ProductWrite, emits(FAMILY_ARCHIVED), dry_run(record))]
    async fn product_family_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Family to archive, with its expected version.")] input: ProductFamilyArchiveInput,
    ) -> Answer<ProductFamilyPayload> {
        named!(ctx, input, ProductFamilyPayload, {
            let target = resolved_row_ref(input.id.as_ref(), input.expected_version);
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.family_archive(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| ProductFamily(row.into()));
            Ok(ProductFamilyPayload { product_family: entity, user_errors, replayed, seq })
        })
    }

    /// Takes an archived family back into use.
    #[mutation(permit = ProductWrite, emits(FAMILY_RESTORED), dry_run(record))]
    async fn product_family_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Family to restore, with its expected version.")] input: ProductFamilyRestoreInput,
    ) -> Answer<ProductFamilyPayload> {
        named!(ctx, input, ProductFamilyPayload, {
            let target = resolved_row_ref(input.id.as_ref(), input.expected_version);
            let options = CallOptions { key: input.idempotency_key, mode: dry_run };
            let batch = ctx.required_data::<Catalog>()?.family_restore(permit, target, options).await?;
            let Parts { entity, user_errors, replayed, seq } =
                parts(batch, row_visibility::<kind::ProductRead>(ctx)?, |row| ProductFamily(row.into()));
            Ok(ProductFamilyPayload { product_family: entity, user_errors, replayed, seq })
        })
    }
}
