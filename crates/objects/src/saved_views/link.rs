//! A link as clients see it.

use async_graphql::{Context, ID};
use macros::resolvers;
use services::saved_views::core::Link;

use crate::{
    graphql::{
        fault::Answer,
        scalars::{DateTime, Json},
    },
    orders::links::{Actor, actor},
};

/// A link's row.
#[derive(Clone)]
pub struct SavedViewLink(pub Link);

/// Link of a saved view: its secret reads the view without a key.
#[resolvers(requires = ViewManage)]
impl SavedViewLink {
    /// ID of the link.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Values of the view's variables that the link fixes, as an object.
    async fn variables(&self) -> Json {
        Json(serde_json::Value::Object(self.0.variables.clone()))
    }
    /// Member or integration whose rights the link has.
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.maker).await
    }
    /// Time at which the link was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time at which the link expires.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }
    /// Time at which the link was last used, to the minute; null when it was never used.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }
}
