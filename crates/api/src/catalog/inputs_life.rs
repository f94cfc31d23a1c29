//! Inputs by which customers, suppliers and channels go out of use and come back, and stores come back.

use async_graphql::{ID, InputObject};

use crate::graphql::scalars::Long;

/// The store that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct StoreRestoreInput {
    /// The store.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The customer that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerArchiveInput {
    /// The customer.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The customer that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct CustomerRestoreInput {
    /// The customer.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The supplier that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierArchiveInput {
    /// The supplier.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The supplier that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierRestoreInput {
    /// The supplier.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The channel that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct ChannelArchiveInput {
    /// The channel.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}

/// The channel that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct ChannelRestoreInput {
    /// The channel.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: Option<String>,
}
