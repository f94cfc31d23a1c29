//! Events of webhook endpoints.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

pub use platform::storage::events::Registry;

platform::events! {
    /// Webhook endpoints.
    WEBHOOK: EndpointChanged = Terms { permission: code::<kind::WebhookRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        WEBHOOK_CREATED "webhook.created",
        WEBHOOK_UPDATED "webhook.updated",
        WEBHOOK_DELETED "webhook.deleted",
        WEBHOOK_ROTATED "webhook.rotated",
        WEBHOOK_DISABLED "webhook.disabled" by system,
        WEBHOOK_TESTED "webhook.tested",
    }
}

/// The payload of an endpoint's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointChanged {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    pub id: EndpointId,
    pub version: i64,
}
