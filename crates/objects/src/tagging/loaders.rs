//! Tags of many objects, read together. Loaders live as long as their request and keep nothing.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use platform::storage::Fault;
use services::tagging::{core::NodeTags, rows};
use uuid::Uuid;

use crate::graphql::{fault::Answer, scalars::Json};

crate::tenant_rows!(
    /// Reads the tags of one tenant.
    Rows
);

/// Key of the tags of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeTagsKey(pub Uuid);

impl Loader<NodeTagsKey> for Rows {
    type Value = Arc<NodeTags>;
    type Error = Fault;
    async fn load(&self, keys: &[NodeTagsKey]) -> Result<HashMap<NodeTagsKey, Arc<NodeTags>>, Fault> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let node_tags = rows::of(&self.0, &ids).await?;
        Ok(node_tags.into_iter().map(|tags| (NodeTagsKey(tags.target.id), Arc::new(tags))).collect())
    }
}

/// The tags of an object.
pub async fn tags_of(ctx: &Context<'_>, id: Uuid) -> Answer<Vec<String>> {
    Ok(load(ctx, NodeTagsKey(id)).await?.map(|node_tags| node_tags.tags.clone()).unwrap_or_default())
}

/// The custom data of an object.
pub async fn metadata_of(ctx: &Context<'_>, id: Uuid) -> Answer<Json> {
    let node_tags = load(ctx, NodeTagsKey(id)).await?;
    Ok(Json::from_text(node_tags.as_ref().map_or("{}", |node_tags| node_tags.metadata.as_str())))
}
