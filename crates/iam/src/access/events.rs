//! Events of members, roles, groups of stores, integrations and their keys.

use entity::id::kind as of;
use platform::storage::events::{PayloadVisibility, RowChanged, Terms};

use super::{code, kind};

platform::events! {
    /// Groups of stores.
    STORE_GROUP: RowChanged<of::GroupId> = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        STORE_GROUP_CREATED "store_group.created",
        STORE_GROUP_UPDATED "store_group.updated",
        STORE_GROUP_ARCHIVED "store_group.archived",
        STORE_GROUP_RESTORED "store_group.restored",
    }
    /// Members.
    MEMBER: RowChanged<of::MemberId> = Terms { permission: code::<kind::MemberRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        MEMBER_INVITED "member.invited",
        MEMBER_UPDATED "member.updated",
    }
    /// Roles.
    ROLE: RowChanged<of::RoleId> = Terms { permission: code::<kind::RoleRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        ROLE_CREATED "role.created",
        ROLE_UPDATED "role.updated",
        ROLE_DELETED "role.deleted",
    }
    /// Integrations.
    INTEGRATION: RowChanged<of::IntegrationId> = Terms { permission: code::<kind::ApikeyRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        INTEGRATION_CREATED "integration.created",
        INTEGRATION_UPDATED "integration.updated",
        INTEGRATION_DISABLED "integration.disabled",
    }
    /// Keys of integrations.
    API_KEY: RowChanged<of::ApiKeyId> = Terms { permission: code::<kind::ApikeyRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        API_KEY_CREATED "api_key.created",
        API_KEY_ROLLED "api_key.rolled",
        API_KEY_REVOKED "api_key.revoked",
    }
}
