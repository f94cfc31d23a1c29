//! Pages and filters of roles, permissions, groups of stores and integrations.

use async_graphql::InputObject;
use iam::access::core;
use platform::paging::Key;

use super::{
    Integration, Role, StoreGroup,
    permission::{Permission, PermissionClass},
};
use crate::{
    graphql::filters::{DateTimeFilter, IdFilter},
    short_lists::short_sort,
};

crate::connection!(counted RoleConnection, RoleEdge, Role, "roles");
crate::connection!(counted StoreGroupConnection, StoreGroupEdge, StoreGroup, "groups of stores");
crate::connection!(counted IntegrationConnection, IntegrationEdge, Integration, "integrations");
crate::connection!(counted PermissionConnection, PermissionEdge, Permission, "permissions");

/// Filter of roles. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RoleFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<RoleFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<RoleFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<RoleFilter>>,
    /// Condition on the role's ID.
    pub id: Option<IdFilter>,
    /// Part of the key or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Time at which the role was created; 1970 for the default roles.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the role last changed; 1970 for the default roles.
    pub updated_at: Option<DateTimeFilter>,
}

/// Filter of groups of stores. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StoreGroupFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StoreGroupFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StoreGroupFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StoreGroupFilter>>,
    /// Condition on the group's ID.
    pub id: Option<IdFilter>,
    /// Part of the code or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Time at which the group was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the group last changed.
    pub updated_at: Option<DateTimeFilter>,
}

/// Filter of integrations. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IntegrationFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<IntegrationFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<IntegrationFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<IntegrationFilter>>,
    /// Condition on the integration's ID.
    pub id: Option<IdFilter>,
    /// Part of the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for enabled integrations only, false for disabled ones, null for both.
    pub is_enabled: Option<bool>,
    /// Time at which the integration was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the integration last changed.
    pub updated_at: Option<DateTimeFilter>,
}

/// Filter of permissions. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PermissionFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<PermissionFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<PermissionFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<PermissionFilter>>,
    /// Part of the code or the description, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Class of the permissions. Null for both.
    pub class: Option<PermissionClass>,
}

::graphql::nested_filter!(RoleFilter);
::graphql::nested_filter!(StoreGroupFilter);
::graphql::nested_filter!(IntegrationFilter);
::graphql::nested_filter!(PermissionFilter);
crate::dated_filter!(RoleFilter, [] "createdAt" created_at, "updatedAt" updated_at);
crate::dated_filter!(StoreGroupFilter, [] "createdAt" created_at, "updatedAt" updated_at);
crate::dated_filter!(IntegrationFilter, [] "createdAt" created_at, "updatedAt" updated_at);

short_sort!(RoleSort, RoleSortField of core::Role, "roles" by "ID", |role| {
    Key, "KEY", "Key of the role." => Key::Text(role.key.clone());
    Name, "NAME", "Name of the role; the case of the letters A to Z is ignored." => Key::Text(role.name.to_ascii_lowercase());
    CreatedAt, "CREATED_AT", "Time at which the role was created." => Key::Int(role.created_at.micros());
});

short_sort!(StoreGroupSort, StoreGroupSortField of core::StoreGroup, "groups of stores" by "ID", |group| {
    Code, "CODE", "Code of the group; case is ignored." => Key::Text(group.code.to_lowercase());
    Name, "NAME", "Name of the group; the case of the letters A to Z is ignored." => Key::Text(group.name.to_ascii_lowercase());
    CreatedAt, "CREATED_AT", "Time at which the group was created." => Key::Int(group.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the group last changed." => Key::Int(group.updated_at.micros());
});

short_sort!(IntegrationSort, IntegrationSortField of core::Integration, "integrations" by "ID", |one| {
    Name, "NAME", "Name of the integration; the case of the letters A to Z is ignored." => Key::Text(one.name.to_ascii_lowercase());
    CreatedAt, "CREATED_AT", "Time at which the integration was created." => Key::Int(one.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the integration last changed." => Key::Int(one.updated_at.micros());
});

short_sort!(PermissionSort, PermissionSortField of Permission, "permissions" by "code", |permission| {
    Code, "CODE", "Code of the permission." => Key::Text(permission.code.to_owned());
    Class, "CLASS", "Class of the permission: TENANT, then STORE." => Key::Int((permission.class == PermissionClass::Store).into());
});
