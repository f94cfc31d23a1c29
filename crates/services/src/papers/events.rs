//! Events of papers. They do not carry the printed content: readers fetch it.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

platform::events! {
    /// Papers.
    PAPER: PaperEvent = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Part(visible_paper_payload), stream: None } => {
        PAPER_ISSUED "paper.issued",
    }
    /// Invoices and credit notes.
    INVOICE: InvoiceEvent = Terms { permission: code::<kind::OrderRead>(), shown: PayloadVisibility::Part(visible_invoice_payload), stream: None } => {
        INVOICE_ISSUED "invoice.issued",
        CREDIT_NOTE_ISSUED "credit_note.issued",
    }
    /// Companies that issue invoices.
    LEGAL_ENTITY: LegalEntityEvent = Terms { permission: code::<kind::TenantWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        LEGAL_ENTITY_UPDATED "legal_entity.updated",
        LEGAL_ENTITY_ARCHIVED "legal_entity.archived",
        LEGAL_ENTITY_RESTORED "legal_entity.restored",
    }
    /// Settings of the look of papers.
    PAPER_SETTINGS: PaperSettingsEvent = Terms { permission: code::<kind::TenantWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        PAPER_SETTINGS_SET "paper_settings.set",
    }
}

/// The payload of an invoice's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceEvent {
    pub id: InvoiceId,
    pub number: String,
    pub order_id: OrderId,
    pub store_id: StoreId,
}

/// The payload of a company's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegalEntityEvent {
    pub id: LegalEntityId,
    pub code: String,
    pub version: i64,
}

/// The payload of an event of the look of papers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaperSettingsEvent {
    pub version: i64,
}

/// Shows an invoice of a store that the viewer sees, unless the viewer is limited to a channel: an
/// invoice belongs to the company.
fn visible_invoice_payload(event: &InvoiceEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (!viewer.is_confined() && viewer.covers(event.store_id))
        .then(|| json!({ "id": event.id, "number": event.number, "orderId": event.order_id, "storeId": event.store_id }))
}

/// The payload of a paper's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaperEvent {
    pub id: PaperId,
    /// Kind that every version knows; the paper's own kind is `later_kind`, if it is set.
    pub kind: PaperKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later_kind: Option<PaperKind>,
    /// The document that the paper was drawn from.
    pub document_id: String,
    /// Permission that reading the document takes, for one of its stores if it has any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// Shows a paper's event to viewers who may read its document.
fn visible_paper_payload(paper: &PaperEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let reads = |permission: &str| {
        let covers = paper.stores.is_empty() || paper.stores.iter().any(|store| viewer.covers_with(permission, *store));
        viewer.holds(permission) && covers
    };
    let is_seen = viewer.is_permitted() && !viewer.is_confined() && paper.permission.as_deref().is_none_or(reads);
    is_seen.then(|| json!({ "id": paper.id, "kind": paper.later_kind.unwrap_or(paper.kind), "documentId": paper.document_id }))
}
