//! casbin as the compiler of roles.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi, RbacApi, StringAdapter};
use entity::prelude::{RoleId, TenantId};
use uuid::Uuid;

use super::{
    core::Role,
    permissions::{Bits, REGISTRY},
};

/// Reason why the policies cannot be used. Found at start.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("policies: {0}")]
    Casbin(#[from] casbin::Error),
    #[error("policies/roles.csv names {0}.{1}, which no permission matches")]
    Unknown(String, String),
}

/// A role that every tenant has. Its ID is the same in all tenants.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    pub id: RoleId,
    pub key: &'static str,
    pub name: &'static str,
}

const fn built_in(number: u128, key: &'static str, name: &'static str) -> BuiltIn {
    BuiltIn { id: RoleId::from_uuid(Uuid::from_u128(number)), key, name }
}

/// The role that a tenant always has a member in.
pub const OWNER: BuiltIn = built_in(1, "owner", "Owner");
/// The default roles, with the numbers in their IDs, which are never reused.
pub const BUILT_IN: [BuiltIn; 9] = [
    OWNER,
    built_in(2, "admin", "Administrator"),
    built_in(3, "manager", "Manager"),
    built_in(4, "staff", "Staff"),
    built_in(5, "viewer", "Viewer"),
    built_in(6, "auditor", "Auditor"),
    built_in(7, "integration", "Integration"),
    built_in(8, "catalogue", "Catalogue"),
    built_in(9, "depot", "Depot"),
];

/// Returns the name of a role in policies: the key of a default role, the ID of a tenant's own.
fn subject(role: RoleId) -> String {
    BUILT_IN.iter().find(|built_in| built_in.id == role).map_or_else(|| role.to_string(), |built_in| built_in.key.to_owned())
}

/// The default roles, checked, and the compiler of all.
pub struct Policies {
    model: String,
    roles: String,
    built_in: HashMap<RoleId, Bits>,
}

impl Policies {
    /// Reads the model and the default roles that are built into the binary.
    pub async fn load() -> Result<Self, PolicyError> {
        Self::from_text(include_str!("../../../../policies/model.conf"), include_str!("../../../../policies/roles.csv")).await
    }

    pub async fn from_text(model: &str, roles: &str) -> Result<Self, PolicyError> {
        let mut policies = Self { model: model.to_owned(), roles: roles.to_owned(), built_in: HashMap::new() };
        let enforcer = policies.enforcer(TenantId::NIL, &[]).await?;
        let known_codes: HashSet<(&str, &str)> = REGISTRY.iter().map(|permission| split(permission.code)).collect();
        for rule in enforcer.get_policy() {
            let (object, action) = (&rule[2], &rule[3]);
            if (object != "*" || action != "*") && !known_codes.contains(&(object.as_str(), action.as_str())) {
                return Err(PolicyError::Unknown(object.clone(), action.clone()));
            }
        }
        policies.built_in = effective_permissions(&enforcer, TenantId::NIL, BUILT_IN.iter().map(|role| role.id));
        Ok(policies)
    }

    /// The default roles and their permissions.
    pub fn built_in(&self) -> &HashMap<RoleId, Bits> {
        &self.built_in
    }

    /// Compiles the permissions of every role of a tenant, including the inherited ones.
    pub async fn compile(&self, tenant: TenantId, roles: &[Role]) -> Result<HashMap<RoleId, Bits>, PolicyError> {
        let mut compiled = self.built_in.clone();
        if !roles.is_empty() {
            let enforcer = self.enforcer(tenant, roles).await?;
            compiled.extend(effective_permissions(&enforcer, tenant, roles.iter().map(|role| role.id)));
        }
        Ok(compiled)
    }

    /// casbin with the default roles and a tenant's own.
    pub async fn enforcer(&self, tenant: TenantId, roles: &[Role]) -> Result<Enforcer, PolicyError> {
        let mut text = self.roles.clone();
        for role in roles {
            let role_subject = subject(role.id);
            for info in role.permissions.infos() {
                let (object, action) = split(info.code);
                let _ = writeln!(text, "p, {role_subject}, {tenant}, {object}, {action}");
            }
            for inherited in &role.inherits {
                let _ = writeln!(text, "g, {role_subject}, {}, {tenant}", subject(*inherited));
            }
        }
        let model = DefaultModel::from_str(&self.model).await?;
        Ok(Enforcer::new(model, StringAdapter::new(text)).await?)
    }
}

/// The permissions of each role, including inherited ones, from casbin's role graph. `enforce`
/// gives the same result, as a test proves, but walks every line of the policies for each question.
fn effective_permissions(enforcer: &Enforcer, tenant: TenantId, roles: impl Iterator<Item = RoleId>) -> HashMap<RoleId, Bits> {
    let domain = tenant.to_string();
    let mut bits_by_subject: HashMap<String, Bits> = HashMap::new();
    let known_codes: Vec<(&str, &str)> = REGISTRY.iter().map(|permission| split(permission.code)).collect();
    for rule in enforcer.get_policy().into_iter().filter(|rule| rule[1] == "*" || rule[1] == domain) {
        let subject_bits = bits_by_subject.entry(rule[0].clone()).or_default();
        let (any_object, any_action) = (rule[2] == "*", rule[3] == "*");
        for (index, (object, action)) in known_codes.iter().enumerate() {
            if (any_object || rule[2] == *object) && (any_action || rule[3] == *action) {
                subject_bits.insert(index);
            }
        }
    }
    roles
        .map(|role| {
            let name = subject(role);
            let mut bits = bits_by_subject.get(&name).copied().unwrap_or_default();
            for inherited in enforcer.get_implicit_roles_for_user(&name, Some(&domain)) {
                bits.join(bits_by_subject.get(&inherited).copied().unwrap_or_default());
            }
            (role, bits)
        })
        .collect()
}

/// `stock.movement.read` → (`stock.movement`, `read`).
pub fn split(code: &str) -> (&str, &str) {
    code.rsplit_once('.').unwrap_or((code, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gives(policies: &Policies, key: &str) -> Bits {
        policies.built_in()[&BUILT_IN.iter().find(|role| role.key == key).unwrap().id]
    }

    #[tokio::test]
    async fn an_owner_holds_everything_and_a_viewer_no_costs() {
        let policies = Policies::load().await.unwrap();
        assert_eq!(gives(&policies, "owner"), Bits::all());
        let admins = gives(&policies, "admin");
        let kept: Vec<_> = Bits::all().infos().map(|p| p.code).filter(|code| !admins.infos().any(|p| p.code == *code)).collect();
        assert_eq!(kept, ["sandbox.write"], "a new permission is given to admins, or kept from them, on purpose");
        let codes: Vec<_> = gives(&policies, "viewer").infos().map(|p| p.code).collect();
        let seen = [
            "store.read",
            "product.read",
            "customer.read",
            "channel.read",
            "stock.read",
            "stock.availability.read",
            "order.read",
            "transfer.read",
        ];
        assert_eq!(codes, seen);
        assert!(policies.built_in().values().all(|bits| !bits.is_empty()), "every default role has lines in roles.csv");
        let changing = |info: &&super::super::PermissionInfo| info.code.rsplit('.').next() != Some("read");
        assert_eq!(gives(&policies, "auditor").infos().filter(changing).count(), 0);
    }

    #[tokio::test]
    async fn a_policy_with_an_unknown_permission_is_refused() {
        let loaded = Policies::from_text(include_str!("../../../../policies/model.conf"), "p, clerk, *, stock, teleport\n").await;
        assert!(matches!(loaded.err(), Some(PolicyError::Unknown(..))));
    }
}
