//! Purchase orders of an approval that were to be sent, and wait.

use async_graphql::{Context, Enum};
use entity::prelude::PurchaseOrderId;
use macros::resolvers;

use crate::{
    graphql::fault::Answer,
    purchasing::{self, PurchaseOrder},
};

/// Reason for which a purchase order was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentUnsentCode {
    /// The caller lacks purchase.approve or purchase.write in its store.
    Forbidden,
    /// The supplier has no e-mail address. A repeated call sends the order once there is one.
    NoEmail,
    /// The order is above the amount that takes a second person, and is PENDING_APPROVAL. Once it is approved, a repeated call sends it.
    AwaitsApproval,
    /// The draft was changed since it was made, or a step was refused.
    Refused,
    /// The call has sent as many orders as one may. A repeated call sends the rest.
    Later,
}

/// An order's ID, and the reason.
pub struct ReplenishmentUnsentOrder {
    pub order: PurchaseOrderId,
    pub code: ReplenishmentUnsentCode,
    pub message: String,
}

/// Purchase order of an approval that was to be sent, and waits for a person.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentUnsentOrder {
    /// Purchase order as it is now. Null for a caller who may no longer read orders of its store.
    async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        purchasing::load_order(ctx, self.order).await.transpose()
    }
    /// Reason, as a stable code.
    async fn code(&self) -> ReplenishmentUnsentCode {
        self.code
    }
    /// Reason in words.
    async fn message(&self) -> &str {
        &self.message
    }
}
