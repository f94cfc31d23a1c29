//! Audit log entries of a transfer that was edited: its fields under the names that the API gives
//! them. Other steps are logged by their events.

use platform::{
    audit::{
        Fields,
        fields::{cap_differences, differences, line_differences},
    },
    clock,
};
use serde_json::Value;

use super::core::{Line, Transfer, TransferDecision};

/// Returns the changes of the transfer that an edit changed.
pub(super) fn transfer_changes(decision: &TransferDecision) -> Vec<Value> {
    let Some(before) = &decision.edited else { return Vec::new() };
    let after = &decision.transfer;
    let mut listed = differences(Some(&header(before)), Some(&header(after)), None);
    listed.extend(line_differences(
        (&before.lines, |line: &Line| line_fields(before, line)),
        (&after.lines, |line: &Line| line_fields(after, line)),
    ));
    cap_differences(listed)
}

fn header(transfer: &Transfer) -> Fields {
    let metadata: Option<Value> = transfer.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Fields::default()
        .with("externalRef", &transfer.external_ref)
        .with("note", &transfer.note)
        .with("expectedAt", transfer.expected_at.map(clock::rfc3339))
        .with("metadata", metadata)
}

/// Returns the fields of a line, with its ID in their paths.
fn line_fields(transfer: &Transfer, line: &Line) -> Fields {
    let id = transfer.line_id(line.position);
    let path = |field: &str| format!("lines.{id}.{field}");
    Fields::default().with(path("sku"), &line.sku).with(path("quantity"), line.quantity)
}
