//! Changes of products, categories and families.

use async_graphql::{Context, Object};
use entity::prelude::ProductStatus;
use iam::access::{Permission, kind};
use inventory::catalog::{
    Ask, Catalog, Mode,
    core::{Patch, product::ProductFields},
    shell::Which,
};

use super::{
    Category, Product, ProductFamily,
    inputs::{ProductArchiveInput, ProductBulkUpsertInput, ProductCreateInput, ProductUpdateInput},
    inputs_tree::{CategoryBulkUpsertInput, CategoryCreateInput, CategoryUpdateInput, ProductFamilyCreateInput},
    loads::loads,
    payloads::{
        CategoryBulkUpsertPayload, CategoryPayload, Parts, ProductBulkUpsertPayload, ProductFamilyPayload, ProductPayload,
        RowVisibility, parts,
    },
};
use crate::graphql::{
    context::ContextExt,
    directives::{emits, requires},
    fault::Answer,
    scalars::Long,
};

/// Changes of products, categories and families.
#[derive(Default)]
pub struct ProductMutation;

/// What a call asks for besides its input.
pub(super) fn mode(validate_only: bool) -> Mode {
    if validate_only { Mode::Check } else { Mode::Write }
}
/// The row that an update names.
pub(super) fn which(id: &async_graphql::ID, expected_version: Option<Long>) -> Which {
    Which { id: id.0.clone(), expected_version: expected_version.map(|version| version.0) }
}
/// What was looked up before may be old now.
pub(super) fn written(ctx: &Context<'_>) -> Answer<()> {
    loads(ctx)?.forget();
    Ok(())
}
/// After a change: whether the caller may be shown the row that a stale version meets.
pub(super) fn visibility<P: Permission>(ctx: &Context<'_>) -> Answer<RowVisibility> {
    written(ctx)?;
    Ok(if ctx.permit::<P>().is_ok() { RowVisibility::Shown } else { RowVisibility::Hidden })
}

#[Object]
impl ProductMutation {
    /// Makes a product.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::PRODUCT_CREATED.text()])
    )]
    async fn product_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ProductCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ProductPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.product_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } = parts(batch, visibility::<kind::ProductRead>(ctx)?, Product::from);
        Ok(ProductPayload { product: entity, user_errors, replayed, seq })
    }

    /// Changes a product: what is left out of the input stays, null clears.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![
            inventory::catalog::events::PRODUCT_UPDATED.text(),
            inventory::catalog::events::PRODUCT_ARCHIVED.text(),
        ])
    )]
    async fn product_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ProductUpdateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ProductPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let which = which(&input.id, Some(input.expected_version));
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.product_update(permit, which, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } = parts(batch, visibility::<kind::ProductRead>(ctx)?, Product::from);
        Ok(ProductPayload { product: entity, user_errors, replayed, seq })
    }

    /// Takes a product out of use. Refused while stock, reservations or open orders of it remain.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::PRODUCT_ARCHIVED.text()])
    )]
    async fn product_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ProductArchiveInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ProductPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let which = which(&input.id, input.expected_version);
        let fields = ProductFields { status: Patch::Set(ProductStatus::Archived), ..ProductFields::default() };
        let batch =
            ctx.given::<Catalog>()?.product_update(permit, which, fields, Ask { key: None, mode: mode(validate_only) }).await?;
        let Parts { entity, mut user_errors, replayed, seq } = parts(batch, visibility::<kind::ProductRead>(ctx)?, Product::from);
        // The status is what archiving changes; its input does not name it.
        user_errors.iter_mut().for_each(|error| error.renamed("status", "id"));
        Ok(ProductPayload { product: entity, user_errors, replayed, seq })
    }

    /// Makes or changes up to 500 products by SKU. Each row is answered by itself: a refused one does not stop the others.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![
            inventory::catalog::events::PRODUCT_CREATED.text(),
            inventory::catalog::events::PRODUCT_UPDATED.text(),
            inventory::catalog::events::PRODUCT_ARCHIVED.text(),
        ])
    )]
    async fn product_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ProductBulkUpsertInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ProductBulkUpsertPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key, mode: mode(validate_only) };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.given::<Catalog>()?.product_upsert(permit, rows, ask).await?;
        written(ctx)?;
        Ok(ProductBulkUpsertPayload::of(batch, Product::from))
    }

    /// Makes a category.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CATEGORY_CREATED.text()])
    )]
    async fn category_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CategoryCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CategoryPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.category_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
        Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
    }

    /// Changes a category: what is left out of the input stays, null clears.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::CATEGORY_UPDATED.text()])
    )]
    async fn category_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CategoryUpdateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CategoryPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let which = which(&input.id, Some(input.expected_version));
        let ask = Ask { key: None, mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.category_update(permit, which, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ProductRead>(ctx)?, |row| Category(row.into()));
        Ok(CategoryPayload { category: entity, user_errors, replayed, seq })
    }

    /// Makes or changes up to 500 categories by slug. Each row is answered by itself: a refused one does not stop the others.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![
            inventory::catalog::events::CATEGORY_CREATED.text(),
            inventory::catalog::events::CATEGORY_UPDATED.text(),
        ])
    )]
    async fn category_bulk_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CategoryBulkUpsertInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<CategoryBulkUpsertPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key, mode: mode(validate_only) };
        let rows = input.rows.into_iter().map(Into::into).collect();
        let batch = ctx.given::<Catalog>()?.category_upsert(permit, rows, ask).await?;
        written(ctx)?;
        Ok(CategoryBulkUpsertPayload::of(batch, |row| Category(row.into())))
    }

    /// Makes a family of variants.
    #[graphql(
        directive = requires::apply("product.write".to_owned()),
        directive = emits::apply(vec![inventory::catalog::events::FAMILY_CREATED.text()])
    )]
    async fn product_family_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ProductFamilyCreateInput,
        #[graphql(desc = "Only say what would be: nothing is written.", default)] validate_only: bool,
    ) -> Answer<ProductFamilyPayload> {
        let permit = ctx.permit::<kind::ProductWrite>()?;
        let ask = Ask { key: input.idempotency_key.clone(), mode: mode(validate_only) };
        let batch = ctx.given::<Catalog>()?.family_create(permit, input.into(), ask).await?;
        let Parts { entity, user_errors, replayed, seq } =
            parts(batch, visibility::<kind::ProductRead>(ctx)?, |row| ProductFamily(row.into()));
        Ok(ProductFamilyPayload { product_family: entity, user_errors, replayed, seq })
    }
}
