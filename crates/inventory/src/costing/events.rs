//! Events of the value of stock.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

platform::events! {
    /// Revaluations.
    REVALUATION: RevaluationEvent = Terms { permission: code::<kind::ProductCostRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        REVALUATION_CREATED "revaluation.created",
    }
}

/// The payload of a revaluation's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevaluationEvent {
    pub external_ref: Option<String>,
    pub id: RevaluationId,
    pub lines: Vec<RevaluedLine>,
    /// A 64-bit number, as text.
    pub number: String,
    /// The purchase order of an added charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<PurchaseOrderId>,
    /// The revaluation that it undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<RevaluationId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevaluedLine {
    pub product: ProductId,
    pub unit_cost_minor: i64,
}
