//! Categories.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject};
use inventory::catalog::{
    core::category::CategoryRow,
    rows::category::{CategorySort as By, CategorySorted},
};
use macros::resolvers;

use super::{
    ProductConnection,
    filter::{ProductFilter, in_category},
    loads::catalog_loaders,
    page::{Direction, page_args},
    product_page::products_page,
    refs::ProductOrder,
};
use crate::{
    connection,
    graphql::{
        fault::Answer,
        scalars::{Cursor, DateTime, Json, Long},
    },
    sorts::ProductSort,
    tagging::tags_of,
};

/// Sort order of a list of categories; categories with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct CategorySort {
    /// Field by which the categories are sorted.
    pub field: CategorySortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which categories can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CategorySortField {
    /// Position among the categories with the same parent.
    Position,
    /// Name of the category. Capitals of the letters A to Z do not count; other letters come after Z.
    Name,
    /// Slug of the category, its code in URLs.
    Slug,
    /// Time at which the category was created.
    CreatedAt,
    /// Time at which the category last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(CategorySort => CategorySorted);

/// A node of the tree of categories.
#[derive(Clone)]
pub struct Category(pub Arc<CategoryRow>);

/// A node of the tree of categories.
#[resolvers(shared)]
impl Category {
    /// TypeID of the category, which begins with cat_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name of the category.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Name of the category in URLs, unique in the tenant.
    async fn slug(&self) -> &str {
        &self.0.slug
    }
    /// Parent category. Null for a root.
    #[field(permit = ProductRead)]
    async fn parent(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let row = async {
            let Some(id) = self.0.parent_id else { return Ok(None) };
            catalog_loaders(ctx)?.category(id).await
        };
        row.await.transpose().map(|row| row.map(Category))
    }
    /// Child categories that are not archived, by position.
    #[field(permit = ProductRead)]
    async fn children(&self, ctx: &Context<'_>) -> Answer<Vec<Category>> {
        Ok(catalog_loaders(ctx)?.children(self.0.id).await?.iter().cloned().map(Category).collect())
    }
    /// Path from the root category to the category, both included.
    #[field(permit = ProductRead)]
    async fn path(&self, ctx: &Context<'_>) -> Answer<Vec<Category>> {
        // In a dry run the category is not stored, and its parent is.
        let above = match self.0.parent_id {
            Some(parent) => catalog_loaders(ctx)?.path(parent).await?,
            None => Arc::default(),
        };
        Ok(above.iter().cloned().map(Category).chain([self.clone()]).collect())
    }
    /// Position among the sibling categories, from 0; the smallest comes first.
    #[field(was("position", "2026-11-27"))]
    async fn sort_index(&self) -> i32 {
        self.0.position
    }
    /// URL of the category's picture. Null when there is none.
    async fn image_url(&self) -> Option<&str> {
        self.0.image_url.as_deref()
    }
    /// Text about the category for shoppers, at most 10,000 characters. Null when there is none.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }
    /// True while shops show the category. False takes it out of their menus, and refuses nothing in Entrepot.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
    /// Title of the category's page for search engines, at most 255 characters. Null for its name.
    async fn seo_title(&self) -> Option<&str> {
        self.0.seo_title.as_deref()
    }
    /// Summary of the category's page for search engines, at most 1,000 characters. Null when there is none.
    async fn seo_description(&self) -> Option<&str> {
        self.0.seo_description.as_deref()
    }
    /// Tags of the category, at most 50, in the order in which they were given. Empty when there are none.
    #[field(permit = ProductRead)]
    async fn tags(&self, ctx: &Context<'_>) -> Answer<Vec<String>> {
        tags_of(ctx, self.0.id.uuid()).await
    }
    /// Custom data: a JSON object.
    async fn metadata(&self) -> Json {
        Json::from_text(&self.0.metadata)
    }
    /// Number of products in the category itself that are not archived.
    async fn product_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "True if products of all descendants are counted too. Default false.", default)] with_descendants: bool,
    ) -> Answer<Long> {
        let loads = catalog_loaders(ctx)?;
        Ok(Long(if with_descendants {
            loads.subtree_product_count(self.0.id).await?
        } else {
            loads.direct_product_count(self.0.id).await?
        }))
    }
    /// Products of the category, by SKU, or by relevance where the filter searches, unless a sort is given.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "True if products of all descendants are included too. Default false.", default)] with_descendants: bool,
        #[graphql(desc = "Filter of the products; all products of the category by default.")] filter: Option<ProductFilter>,
        #[graphql(desc = "Sort of the products. Null for SKU, ASC, or RELEVANCE where the filter searches.")] order_by: Option<
            ProductOrder,
        >,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<ProductSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductConnection> {
        let filter = Some(in_category(filter, ID(self.0.id.to_string()), with_descendants));
        Box::pin(products_page(ctx, permit, (filter, order_by, sort), &page_args(first, after, last, before))).await
    }
    /// Time at which the category was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the category: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the category.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the category was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

connection!(counted CategoryConnection, CategoryEdge, Category, "categories");
