//! Categories.

use std::sync::Arc;

use async_graphql::{Context, ID};
use inventory::catalog::core::category::CategoryRow;
use macros::resolvers;

use super::loads::loads;
use crate::{
    connection,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Json, Long},
    },
};

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
    /// The category above it; null for a root.
    #[field(permit = ProductRead)]
    async fn parent(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let row = async {
            let Some(id) = self.0.parent_id else { return Ok(None) };
            loads(ctx)?.category(id).await
        };
        row.await.transpose().map(|row| row.map(Category))
    }
    /// The categories right below it that are not archived, by position.
    #[field(permit = ProductRead)]
    async fn children(&self, ctx: &Context<'_>) -> Answer<Vec<Category>> {
        Ok(loads(ctx)?.children(self.0.id).await?.iter().cloned().map(Category).collect())
    }
    /// The way from the root to it, both included.
    #[field(permit = ProductRead)]
    async fn path(&self, ctx: &Context<'_>) -> Answer<Vec<Category>> {
        Ok(loads(ctx)?.path(self.0.id).await?.iter().cloned().map(Category).collect())
    }
    /// Position among the sibling categories, from 0; the smallest comes first.
    async fn position(&self) -> i32 {
        self.0.position
    }
    /// A picture of it.
    async fn image_url(&self) -> Option<&str> {
        self.0.image_url.as_deref()
    }
    /// Custom data: a JSON object.
    async fn metadata(&self) -> Json {
        Json::from_text(&self.0.metadata)
    }
    /// Number of products in the category itself that are not archived.
    async fn product_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Count everything below it too.", default)] with_descendants: bool,
    ) -> Answer<Long> {
        let loads = loads(ctx)?;
        Ok(Long(if with_descendants { loads.whole_count(self.0.id).await? } else { loads.own_count(self.0.id).await? }))
    }
    /// Time at which the category was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the category.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

connection!(counted CategoryConnection, CategoryEdge, Category, "categories");
