//! Events of the tenant itself.

use entity::prelude::*;
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{code, kind};

platform::events! {
    /// The tenant.
    TENANT: SettingsChanged = Terms { permission: code::<kind::TenantWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        TENANT_UPDATED "tenant.updated",
    }
}

/// The payload of a change of settings: all of them, before and after. Settings are policy, and an
/// auditor needs both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChanged {
    pub after: Value,
    pub before: Value,
    pub id: TenantId,
    pub version: i64,
}
