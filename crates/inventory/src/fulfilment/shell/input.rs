//! Callers' input that several steps of works share: lines, the label of a parcel, and limits.

use entity::prelude::*;
use serde::Serialize;

use crate::{
    fulfilment::core::Label,
    ledger::{Checks, MAX_REFERENCE},
    stock::core::{At, Field},
};

/// Maximum works of a call.
pub const MAX_WORKS: usize = 200;
/// Maximum lines, and maximum parcels, of a call.
pub const MAX_LINES: usize = 2_000;
pub const MAX_PARCELS: usize = 200;

/// Lines of a work with quantities; None for all.
pub type Lines = Option<Vec<(FulfilmentWorkLineId, Quantity)>>;

/// Label of a parcel, as input.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LabelFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

impl LabelFields {
    pub(super) fn check(&self, checks: &mut Checks, at: At) {
        checks.text(self.service.as_deref(), MAX_REFERENCE, || at.field(Field::Service));
        checks.text(self.tracking_number.as_deref(), MAX_REFERENCE, || at.field(Field::TrackingNumber));
    }
    pub(super) fn label(self) -> Label {
        Label { carrier: self.carrier, service: self.service, tracking_number: self.tracking_number }
    }
}
