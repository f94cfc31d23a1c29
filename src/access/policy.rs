//! casbin as the compiler of roles.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi, StringAdapter};

use super::permissions::{PermissionSet, REGISTRY};

/// Why the policies cannot be used. Found at start.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("policies: {0}")]
    Casbin(#[from] casbin::Error),
    #[error("policies/roles.csv names {0}.{1}, which no permission matches")]
    Unknown(String, String),
}

/// The default roles, compiled when first asked for.
pub struct Policies {
    enforcer: Enforcer,
    compiled: Mutex<HashMap<String, PermissionSet>>,
}

impl Policies {
    /// Reads the model and the default roles that are built into the binary.
    pub async fn load() -> Result<Self, PolicyError> {
        Self::from_text(include_str!("../../policies/model.conf"), include_str!("../../policies/roles.csv")).await
    }

    pub async fn from_text(model: &str, roles: &'static str) -> Result<Self, PolicyError> {
        let model = DefaultModel::from_str(model).await?;
        let enforcer = Enforcer::new(model, StringAdapter::new(roles)).await?;
        for rule in enforcer.get_policy() {
            let (object, action) = (&rule[2], &rule[3]);
            let known =
                (object == "*" && action == "*") || REGISTRY.iter().any(|p| split(p.code) == (object.as_str(), action.as_str()));
            if !known {
                return Err(PolicyError::Unknown(object.clone(), action.clone()));
            }
        }
        Ok(Self { enforcer, compiled: Mutex::default() })
    }

    /// What the role may do, as bits: casbin's `enforce` over the whole registry, once.
    pub fn role(&self, role: &str) -> Result<PermissionSet, PolicyError> {
        if let Some(set) = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(role) {
            return Ok(*set);
        }
        let mut set = PermissionSet::default();
        for (index, permission) in REGISTRY.iter().enumerate() {
            let (object, action) = split(permission.code);
            if self.enforcer.enforce((role, "*", object, action))? {
                set.insert(index);
            }
        }
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(role.to_owned(), set);
        Ok(set)
    }
}

/// `stock.movement.read` → (`stock.movement`, `read`).
fn split(code: &str) -> (&str, &str) {
    code.rsplit_once('.').unwrap_or((code, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_owner_holds_everything_and_a_viewer_no_costs() {
        let policies = Policies::load().await.unwrap();
        assert_eq!(policies.role("owner").unwrap(), PermissionSet::all());
        let codes: Vec<_> = policies.role("viewer").unwrap().codes().map(|p| p.code).collect();
        assert_eq!(codes, ["store.read", "product.read", "customer.read", "channel.read", "stock.read", "order.read"]);
        assert_eq!(policies.role("nobody").unwrap(), PermissionSet::default());
    }

    #[tokio::test]
    async fn a_policy_with_an_unknown_permission_is_refused() {
        let loaded = Policies::from_text(include_str!("../../policies/model.conf"), "p, clerk, *, stock, teleport\n").await;
        assert!(matches!(loaded.err(), Some(PolicyError::Unknown(..))));
    }
}
