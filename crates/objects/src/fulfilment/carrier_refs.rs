//! Carriers that inputs of labels name.

use async_graphql::{ID, OneofObject};

/// Reference to a carrier: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum CarrierRef {
    /// ID of the carrier.
    Id(ID),
    /// Code of the carrier; case is ignored. Needs fulfilment.read.
    Code(String),
}
