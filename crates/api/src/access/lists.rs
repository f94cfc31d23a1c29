//! Pages and filters of roles, permissions, groups of stores and integrations.

use async_graphql::InputObject;

use super::{
    Integration, Role, StoreGroup,
    queries::{Permission, PermissionClass},
};
use crate::graphql::filters::IdFilter;

crate::connection!(counted RoleConnection, RoleEdge, Role, "roles");
crate::connection!(counted StoreGroupConnection, StoreGroupEdge, StoreGroup, "groups of stores");
crate::connection!(counted IntegrationConnection, IntegrationEdge, Integration, "integrations");
crate::connection!(counted PermissionConnection, PermissionEdge, Permission, "permissions");

/// Filter of roles. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RoleFilter {
    /// Condition on the role's ID.
    pub id: Option<IdFilter>,
    /// Part of the key or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
}

/// Filter of groups of stores. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StoreGroupFilter {
    /// Condition on the group's ID.
    pub id: Option<IdFilter>,
    /// Part of the code or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
}

/// Filter of integrations. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IntegrationFilter {
    /// Condition on the integration's ID.
    pub id: Option<IdFilter>,
    /// Part of the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for enabled integrations only, false for disabled ones, null for both.
    pub is_enabled: Option<bool>,
}

/// Filter of permissions. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PermissionFilter {
    /// Part of the code or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Class of the permissions. Null for both.
    pub class: Option<PermissionClass>,
}
