//! Links of saved views: a secret becomes a session of the link's author, with their current
//! rights.

use std::sync::Arc;

use async_trait::async_trait;
use server::{LinkRefusal, LinkedView, ViewLinks};
use services::{
    exchange::Requester,
    saved_views::{SavedViews, shell::OpenedLink},
};

use super::NodeAuthenticator;

struct NodeViewLinks {
    saved_views: SavedViews,
    node_authenticator: Arc<NodeAuthenticator>,
}

/// Returns the store of a node's links.
pub fn of(saved_views: &SavedViews, node_authenticator: &Arc<NodeAuthenticator>) -> Arc<dyn ViewLinks> {
    Arc::new(NodeViewLinks { saved_views: saved_views.clone(), node_authenticator: node_authenticator.clone() })
}

#[async_trait]
impl ViewLinks for NodeViewLinks {
    async fn open(&self, secret: &str, request_id: &str) -> Result<Option<LinkedView>, LinkRefusal> {
        let Some(OpenedLink { tenant, link }) = self.saved_views.open_link(secret).await? else { return Ok(None) };
        let requester = Requester { tenant, actor: link.maker, key: link.key };
        if self.node_authenticator.is_suspended(tenant).await? {
            return Err(LinkRefusal::Suspended);
        }
        let session = self.node_authenticator.session_on_behalf_of(requester, request_id).await?;
        if session.is_some() {
            self.saved_views.note_use(tenant, &link);
        }
        Ok(session.map(|session| LinkedView { session, view: link.view.to_string(), variables: link.variables }))
    }
}
