//! Rate limits that an operator grants one tenant instead of the deployment's.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// Rate limits as `--budget` writes them (`20000/2000`, `off`); null is the deployment's default.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "tenant_plan")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Limit of each member.
    pub member: Option<String>,
    /// Limit of each integration.
    pub integration: Option<String>,
    /// Limit of all members and integrations together.
    pub tenant: Option<String>,
    pub updated_at: Timestamp,
}
