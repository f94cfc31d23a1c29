//! The permissions that there are.

use async_graphql::{Enum, SimpleObject};
use iam::access::Class;

/// Class of a permission: for the whole tenant, or for stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Class", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PermissionClass {
    /// The permission applies to the whole tenant: a grant for some stores never includes it.
    Tenant,
    /// The permission applies to the stores of its grant.
    Store,
}

/// Permission that roles and API keys can grant.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct Permission {
    /// Code of the permission, as roles and API keys use it.
    pub code: &'static str,
    /// Class of the permission: STORE where a grant can limit it to stores, else TENANT.
    pub class: PermissionClass,
    /// Operations that the permission allows, in words.
    pub description: &'static str,
}

impl From<&iam::access::PermissionInfo> for Permission {
    fn from(info: &iam::access::PermissionInfo) -> Self {
        Self { code: info.code, class: info.class.into(), description: info.description }
    }
}
