//! Inputs of changes of rights.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::prelude::{Id, RoleId, Timestamp};
use iam::access::{
    GroupFields, IntegrationFields, NewIntegration, NewKey, RoleFields,
    core::{Grant, KeyBudget, NewRole},
};
use platform::path;

use super::{group::StoreGroupRef, role::RoleRef, scope_input::StoreScopeInput};
use crate::{
    catalog::{ChannelRef, StoreRef},
    graphql::{
        reading::InputErrors,
        refusal::Path,
        scalars::{DateTime, Long},
    },
    identity::MemberRef,
    references::Names,
};

/// A role to be granted.
#[derive(Debug, Clone, InputObject)]
pub struct RoleGrantInput {
    /// Deprecated form of `role`: its ID.
    #[graphql(deprecation = "2026-11-28: use role. Removed after 2027-11-28.")]
    pub role_id: Option<ID>,
    /// Role that is granted. Required, unless the deprecated `roleId` is given.
    pub role: Option<RoleRef>,
    /// The stores that it is for. Permissions for the whole tenant come only with all stores: ignoredPermissions of the grant names those
    /// that are left out.
    pub scope: StoreScopeInput,
    /// Time at which the grant expires. Null for never.
    pub expires_at: Option<DateTime>,
}

impl RoleGrantInput {
    fn names(&mut self, path: Path) -> Names<'_> {
        let scope = path.iter().cloned().chain(path!["scope"]).collect();
        Names::of(path).required(("role", self.role.take()), ("roleId", &mut self.role_id)).and(self.scope.names(scope))
    }
}

/// The grants of a member.
#[derive(Debug, Clone, InputObject)]
pub struct MemberRolesSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Deprecated form of `member`: its ID.
    #[graphql(deprecation = "2026-11-28: use member. Removed after 2027-11-28.")]
    pub member_id: Option<ID>,
    /// Member whose grants are set. Required, unless the deprecated `memberId` is given.
    pub member: Option<MemberRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Grants that the member has from now on; others are removed.
    pub grants: Vec<RoleGrantInput>,
}

impl MemberRolesSetInput {
    pub fn names(&mut self) -> Names<'_> {
        let own = Names::of(path!["input"]).required(("member", self.member.take()), ("memberId", &mut self.member_id));
        let grants = self.grants.iter_mut().enumerate();
        grants.fold(own, |names, (index, grant)| names.and(grant.names(path!["input", "grants", index])))
    }
    pub fn grants(&self, reader: &mut InputErrors) -> Vec<Grant> {
        let mut grants = Vec::with_capacity(self.grants.len());
        for (index, grant) in self.grants.iter().enumerate() {
            let grant_path = |name: &str| path!["input", "grants", index, name];
            let role: Option<RoleId> = reader.id_opt(grant.role_id.as_ref(), || grant_path("roleId"));
            grants.push(Grant {
                role: role.unwrap_or(RoleId::NIL),
                scope: grant.scope.read(reader, || grant_path("scope")),
                expires_at: grant.expires_at.map(|grant_path| grant_path.0),
            });
        }
        grants
    }
}

/// A role to be made.
#[derive(Debug, Clone, InputObject)]
pub struct RoleCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Key of the role: 2 to 63 lowercase letters, digits and hyphens.
    pub key: String,
    /// Name of the role.
    pub name: String,
    /// The permissions that it has itself. You must hold each of them for all stores.
    pub permissions: Vec<String>,
    /// Deprecated form of `inheritedRoles`: their IDs.
    #[graphql(deprecation = "2026-11-28: use inheritedRoles. Removed after 2027-11-28.")]
    pub inherits: Option<Vec<ID>>,
    /// Roles that it inherits. Null for none.
    pub inherited_roles: Option<Vec<RoleRef>>,
}

impl RoleCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).list(("inheritedRoles", self.inherited_roles.take()), ("inherits", &mut self.inherits))
    }
    pub fn read(self, reader: &mut InputErrors) -> NewRole {
        let inherits = ids(reader, self.inherits.as_deref().unwrap_or_default(), "inherits");
        NewRole { key: self.key, name: self.name, permissions: self.permissions, inherits }
    }
}

/// Changes of a role; fields that are left out or null stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct RoleUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the role. Needed unless `role` names it.
    pub id: Option<ID>,
    /// The role, instead of `id`. Null where `id` is given.
    pub role: Option<RoleRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Key of the role: 2 to 63 lowercase letters, digits and hyphens.
    pub key: Option<String>,
    /// Name of the role.
    pub name: Option<String>,
    /// The permissions that it is to have itself. You must hold what is added, for all stores.
    pub permissions: Option<Vec<String>>,
    /// Deprecated form of `inheritedRoles`: their IDs.
    #[graphql(deprecation = "2026-11-28: use inheritedRoles. Removed after 2027-11-28.")]
    pub inherits: Option<Vec<ID>>,
    /// Roles that it is to inherit, in the place of the former ones.
    pub inherited_roles: Option<Vec<RoleRef>>,
}

impl RoleUpdateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("role", self.role.take()), ("id", &mut self.id))
            .list(("inheritedRoles", self.inherited_roles.take()), ("inherits", &mut self.inherits))
    }
    pub fn read(self, reader: &mut InputErrors) -> RoleFields {
        let inherits = self.inherits.as_deref().map(|list| ids(reader, list, "inherits"));
        RoleFields { key: self.key, name: self.name, permissions: self.permissions, inherits }
    }
}

/// A role to be removed.
#[derive(Debug, Clone, InputObject)]
pub struct RoleDeleteInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the role. Needed unless `role` names it.
    pub id: Option<ID>,
    /// The role, instead of `id`. Null where `id` is given.
    pub role: Option<RoleRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
}

/// A group of stores to be made.
#[derive(Debug, Clone, InputObject)]
pub struct StoreGroupCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Code of the group of stores, unique in the tenant; case is ignored.
    pub code: String,
    /// Name of the group of stores.
    pub name: String,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Option<Vec<ID>>,
    /// Stores of the group. Null for none.
    pub stores: Option<Vec<StoreRef>>,
}

impl StoreGroupCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).list(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
    }
    pub fn read(self, reader: &mut InputErrors) -> GroupFields {
        let stores = ids(reader, self.store_ids.as_deref().unwrap_or_default(), "storeIds");
        GroupFields { code: Some(self.code), name: Some(self.name), stores: Some(stores) }
    }
}

/// Changes of a group of stores; fields that are left out or null stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct StoreGroupUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the group of stores. Needed unless `group` names it.
    pub id: Option<ID>,
    /// The group of stores, instead of `id`. Null where `id` is given.
    pub group: Option<StoreGroupRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Code of the group of stores, unique in the tenant; case is ignored.
    pub code: Option<String>,
    /// Name of the group of stores.
    pub name: Option<String>,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Option<Vec<ID>>,
    /// Stores of the group from now on; others leave it. Members with rights by the group get them in these stores.
    pub stores: Option<Vec<StoreRef>>,
}

/// A group of stores to archive.
#[derive(Debug, Clone, InputObject)]
pub struct StoreGroupArchiveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the group of stores. Needed unless `group` names it.
    pub id: Option<ID>,
    /// The group of stores, instead of `id`. Null where `id` is given.
    pub group: Option<StoreGroupRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

/// An archived group of stores to restore.
#[derive(Debug, Clone, InputObject)]
pub struct StoreGroupRestoreInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the group of stores. Needed unless `group` names it.
    pub id: Option<ID>,
    /// The group of stores, instead of `id`. Null where `id` is given.
    pub group: Option<StoreGroupRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
}

impl StoreGroupUpdateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("group", self.group.take()), ("id", &mut self.id))
            .list(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
    }
    pub fn read(self, reader: &mut InputErrors) -> GroupFields {
        let stores = self.store_ids.as_deref().map(|list| ids(reader, list, "storeIds"));
        GroupFields { code: self.code, name: self.name, stores }
    }
}

/// An integration to be made. You can give it only what you hold yourself now.
#[derive(Debug, Clone, InputObject)]
pub struct IntegrationCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Name of the integration.
    pub name: String,
    /// Deprecated form of `channel`: its ID.
    #[graphql(deprecation = "2026-11-26: use channel. Removed after 2027-11-26.")]
    pub channel_id: Option<ID>,
    /// Channel to bind the integration to: it sees and creates orders and reservations of that channel only. Null binds it to none.
    pub channel: Option<ChannelRef>,
    /// Permissions of the integration, by name.
    pub permissions: Vec<String>,
    /// Stores to which the integration's permissions of the class STORE apply.
    pub scope: StoreScopeInput,
    /// True if the integration's keys may send only documents that the operator has listed. Null for false.
    pub is_trusted_documents_only: Option<bool>,
    /// Deprecated name of `isTrustedDocumentsOnly`.
    #[graphql(deprecation = "2026-11-27: use isTrustedDocumentsOnly. Removed after 2027-11-27.")]
    pub trusted_documents_only: Option<bool>,
}

impl IntegrationCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("channel", self.channel.take()), ("channelId", &mut self.channel_id))
            .and(self.scope.names(path!["input", "scope"]))
    }
    pub fn read(self, reader: &mut InputErrors) -> NewIntegration {
        NewIntegration {
            channel: reader.id_opt(self.channel_id.as_ref(), || path!["input", "channelId"]),
            scope: self.scope.read(reader, || path!["input", "scope"]),
            name: self.name,
            permissions: self.permissions,
            trusted_only: self.is_trusted_documents_only.or(self.trusted_documents_only).unwrap_or_default(),
        }
    }
}

/// Changes of an integration; a field that is omitted stays as it is. You must hold yourself every permission that is added.
#[derive(Debug, Clone, InputObject)]
pub struct IntegrationUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The integration.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Name of the integration. Null leaves it as it is.
    pub name: Option<String>,
    /// Deprecated form of `channel`: its ID.
    #[graphql(deprecation = "2026-11-26: use channel. Removed after 2027-11-26.")]
    pub channel_id: MaybeUndefined<ID>,
    /// Channel to bind the integration to. Null binds it to none.
    pub channel: MaybeUndefined<ChannelRef>,
    /// Permissions of the integration, in place of the present ones. A permission that is removed here is removed from the keys too.
    /// Null leaves them as they are.
    pub permissions: Option<Vec<String>>,
    /// Stores to which the integration's permissions of the class STORE are to apply. Null leaves it as it is.
    pub scope: Option<StoreScopeInput>,
    /// True if the integration's keys may send only documents that the operator has listed. A change applies to open sockets too. Null leaves it as it is.
    pub is_trusted_documents_only: Option<bool>,
    /// Deprecated name of `isTrustedDocumentsOnly`.
    #[graphql(deprecation = "2026-11-27: use isTrustedDocumentsOnly. Removed after 2027-11-27.")]
    pub trusted_documents_only: Option<bool>,
    /// True if the integration's keys are accepted that have not ended; false takes effect on all nodes within five seconds. Null leaves it as it is.
    pub is_enabled: Option<bool>,
    /// Deprecated name of `isEnabled`.
    #[graphql(deprecation = "2026-11-25: use isEnabled. Removed after 2027-11-25.")]
    pub enabled: Option<bool>,
}

impl IntegrationUpdateInput {
    pub fn names(&mut self) -> Names<'_> {
        let channel = ("channel", std::mem::take(&mut self.channel));
        let names = Names::of(path!["input"]).patch(channel, ("channelId", &mut self.channel_id));
        match &mut self.scope {
            Some(scope) => names.and(scope.names(path!["input", "scope"])),
            None => names,
        }
    }
    pub fn read(self, reader: &mut InputErrors) -> IntegrationFields {
        IntegrationFields {
            name: self.name,
            channel: self.channel_id.map_value(|id| reader.id(&id, || path!["input", "channelId"])).into(),
            permissions: self.permissions,
            scope: self.scope.map(|scope| scope.read(reader, || path!["input", "scope"])),
            trusted_only: self.is_trusted_documents_only.or(self.trusted_documents_only),
            enabled: self.is_enabled.or(self.enabled),
        }
    }
}

/// Share of an integration's rate limit that one key may use.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ApiKeyBudgetInput {
    /// Points of the key's bucket when it is full, from 1 to 1,000,000.
    pub points: i32,
    /// Points that return to the key's bucket each second, from 1 to 1,000,000.
    pub restore_rate: i32,
}

/// A key to be made.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// ID of the integration that the key belongs to.
    pub integration_id: ID,
    /// Name of the key.
    pub name: String,
    /// Permissions of the key, a subset of the integration's; all of them by default.
    pub permissions: Option<Vec<String>>,
    /// Stores that the key covers, out of the integration's. Null for all of them.
    pub scope: Option<StoreScopeInput>,
    /// Networks from which the key is accepted, as 192.0.2.0/24 or 2001:db8::/32. Null for any.
    pub allowed_cidrs: Option<Vec<String>>,
    /// True if the key may send only documents that the operator has listed. Null for the integration's setting.
    pub is_trusted_documents_only: Option<bool>,
    /// Deprecated name of `isTrustedDocumentsOnly`.
    #[graphql(deprecation = "2026-11-27: use isTrustedDocumentsOnly. Removed after 2027-11-27.")]
    pub trusted_documents_only: Option<bool>,
    /// Share of the integration's rate limit that the key may use; all of it by default.
    pub budget: Option<ApiKeyBudgetInput>,
    /// Time at which the key expires. Null for a year from now.
    pub expires_at: Option<DateTime>,
}

impl ApiKeyCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        match &mut self.scope {
            Some(scope) => scope.names(path!["input", "scope"]),
            None => Names::of(path!["input"]),
        }
    }
    pub fn read(self, reader: &mut InputErrors) -> NewKey {
        NewKey {
            integration: reader.id(&self.integration_id, || path!["input", "integrationId"]),
            scope: self.scope.map(|scope| scope.read(reader, || path!["input", "scope"])),
            name: self.name,
            permissions: self.permissions,
            cidrs: self.allowed_cidrs.unwrap_or_default(),
            trusted_only: self.is_trusted_documents_only.or(self.trusted_documents_only).unwrap_or_default(),
            budget: self.budget.map(|ApiKeyBudgetInput { points, restore_rate }| {
                let [points, restored_per_second] = [points, restore_rate].map(|one| u32::try_from(one).unwrap_or(0));
                KeyBudget { points, restored_per_second }
            }),
            expires_at: self.expires_at.map(|at| Timestamp(at.0.micros())),
        }
    }
}

fn ids<K: entity::id::Kind>(reader: &mut InputErrors, ids: &[ID], name: &str) -> Vec<Id<K>> {
    ids.iter().enumerate().map(|(index, id)| reader.id(id, || path!["input", name, index])).collect()
}
