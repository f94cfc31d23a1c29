//! Documents that papers are drawn of: waves, and other nodes.

use async_graphql::Context;
use entity::{
    id::{Kind, kind as ids},
    prelude::FulfilmentWaveId,
};
use platform::audit::Target;

use crate::{
    fulfilment::{FulfilmentWave, find_wave},
    graphql::fault::Answer,
    nodes::{self, Node},
    notes::{NodeAccess, node_access},
};

/// A document that papers are drawn of.
pub enum Document {
    Node(Box<Node>),
    Wave(Box<FulfilmentWave>),
}

/// The document with an ID, if the caller sees it.
pub async fn find_document(ctx: &Context<'_>, id: &str) -> Answer<Option<Document>> {
    if let Some(target) = Target::parse(id).filter(|target| target.kind == ids::FulfilmentWaveId::PREFIX) {
        let wave = find_wave(ctx, FulfilmentWaveId::from_uuid(target.id)).await?;
        return Ok(wave.map(|wave| Document::Wave(Box::new(wave))));
    }
    // Papers have no papers, so the recursion ends after one step.
    let node = Box::pin(nodes::find(ctx, id)).await?;
    Ok(node.map(|node| Document::Node(Box::new(node))))
}

impl Document {
    /// The node; None for a wave, which no paper asks for.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Node(node) => Some(node),
            Self::Wave(_) => None,
        }
    }

    /// Returns the permissions to read it; None if papers are not drawn of such a node.
    pub async fn access(&self, ctx: &Context<'_>) -> Answer<Option<NodeAccess>> {
        match self {
            Self::Node(node) => node_access(ctx, node).await,
            Self::Wave(wave) => Ok(Some(NodeAccess::of_wave(wave.row().store))),
        }
    }
}
