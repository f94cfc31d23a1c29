//! The inputs of mutations on goods that have left.

use async_graphql::{ID, InputObject};
use inventory::fulfilment::shell;
use platform::path;

use super::carrier_refs::CarrierRef;
use crate::graphql::{reading::InputErrors, scalars::DateTime};

/// Goods that were delivered.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentDeliverInput {
    /// ID of the fulfilment.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Moment of the delivery. Null for now. Not before the goods left, at most five minutes ahead.
    pub delivered_at: Option<DateTime>,
}

/// Goods that could not be delivered.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentFailInput {
    /// ID of the fulfilment.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Reason why; 1 to 1,000 characters.
    pub reason: String,
    /// Moment at which that became known. Null for now. Not before the goods left, at most five minutes ahead.
    pub failed_at: Option<DateTime>,
}

/// Label of a parcel from now on. All of it is set.
#[derive(Debug, Clone, InputObject)]
pub struct FulfilmentTrackingSetInput {
    /// ID of the parcel.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `carrier`: its ID.
    #[graphql(deprecation = "2026-11-28: use carrier. Removed after 2027-11-28.")]
    pub carrier_id: Option<ID>,
    /// Carrier of the parcel; none when it is left out.
    pub carrier: Option<CarrierRef>,
    /// Service of the carrier, at most 128 characters; none when it is left out.
    pub service: Option<String>,
    /// Number by which the carrier tracks the parcel, in the carrier's form, at most 128 characters. Null for none.
    pub tracking_number: Option<String>,
}

impl FulfilmentDeliverInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::FulfilmentArrive {
        shell::FulfilmentArrive {
            idempotency_key: self.idempotency_key,
            fulfilment: reader.id(&self.id, || path!["input", "id"]),
            failed: None,
            occurred_at: self.delivered_at.map(|at| at.0),
        }
    }
}

impl FulfilmentFailInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::FulfilmentArrive {
        shell::FulfilmentArrive {
            idempotency_key: self.idempotency_key,
            fulfilment: reader.id(&self.id, || path!["input", "id"]),
            failed: Some(self.reason),
            occurred_at: self.failed_at.map(|at| at.0),
        }
    }
}

impl FulfilmentTrackingSetInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ParcelTrack {
        let carrier = reader.id_opt(self.carrier_id.as_ref(), || path!["input", "carrierId"]);
        shell::ParcelTrack {
            idempotency_key: self.idempotency_key,
            parcel: reader.id(&self.id, || path!["input", "id"]),
            label: shell::LabelFields { carrier, service: self.service, tracking_number: self.tracking_number },
        }
    }
}
