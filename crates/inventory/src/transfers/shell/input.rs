//! Callers' input: transfers and their steps.

use entity::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::{
    catalog::core::MAX_METADATA_BYTES,
    ledger::{Checks, LotRef, ProductRef, StoreRef},
    stock::core::{At, Field, RoomRefusal},
    transfers::core::Refusal,
};

/// The most lines in one call.
pub const MAX_LINES: usize = 500;

/// The most lots that the lines of one call name.
pub const MAX_LOTS: usize = 2_000;

/// A new transfer. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct TransferCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub from: StoreRef,
    pub to: StoreRef,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    pub lines: Vec<TransferLine>,
    /// Last step in the same call; `None` for a DRAFT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<TransferStart>,
    /// A JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// Last step of a new transfer in the call that creates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TransferStart {
    Ready,
    InTransit,
}

#[derive(Debug, Clone, Serialize)]
pub struct TransferLine {
    pub product: ProductRef,
    pub quantity: Quantity,
}

/// Changes of a transfer; `None` keeps a field.
#[derive(Debug, Clone, Serialize)]
pub struct TransferUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub transfer: TransferId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    pub lines: Vec<TransferLine>,
    /// A JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// A step that needs no more than the transfer, and optionally a note.
#[derive(Debug, Clone, Serialize)]
pub struct TransferAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub transfer: TransferId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
}

/// Goods to send or receive.
#[derive(Debug, Clone, Serialize)]
pub struct TransferMove {
    #[serde(skip)]
    pub idempotency_key: String,
    pub transfer: TransferId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub lines: Option<Vec<TransferParcel>>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Quantity of a line, and its lots.
#[derive(Debug, Clone, Serialize)]
pub struct TransferParcel {
    pub line: TransferLineId,
    pub quantity: Quantity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<(LotRef, Quantity)>,
}

/// Input of a call that writes off goods that did not arrive, with the reason.
#[derive(Debug, Clone, Serialize)]
pub struct TransferClose {
    #[serde(skip)]
    pub idempotency_key: String,
    pub transfer: TransferId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub reason: ReasonCode,
    pub note: Option<String>,
}

/// Checks that the tenant's own data is a JSON object that is not too large.
pub(super) fn check_metadata(checks: &mut Checks, value: &Value) {
    let field = At::input(Field::Metadata);
    if !value.is_object() {
        checks.refuse(Refusal::NoObject.at(field));
    } else if value.to_string().len() > MAX_METADATA_BYTES {
        checks.refuse(Refusal::MetadataTooLarge { most_bytes: MAX_METADATA_BYTES }.at(field));
    }
}
