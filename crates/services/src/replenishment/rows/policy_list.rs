//! Which policies a list has, and in which order.

use entity::prelude::*;
use inventory::orders::rows::Span;
use platform::{
    paging::{Key, ListSource},
    storage::Backend,
};
use sea_orm::Value;

use crate::replenishment::core::Policy;

/// What policies are sorted by; the id breaks ties. By moments there is no index: a tenant has 10,000 at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySort {
    Scope,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoliciesSorted {
    pub by: PolicySort,
    pub descending: bool,
}

impl PoliciesSorted {
    /// The order where none is asked for.
    pub const BY_SCOPE: Self = Self { by: PolicySort::Scope, descending: false };

    /// Names the sort in cursors: one of another sort does not open.
    pub fn kind(self) -> String {
        let by = match self.by {
            PolicySort::Scope => "SCOPE",
            PolicySort::CreatedAt => "CREATED_AT",
            PolicySort::UpdatedAt => "UPDATED_AT",
        };
        format!("replenishmentPolicies:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    pub(super) const fn columns(self) -> &'static [&'static str] {
        match self.by {
            PolicySort::Scope => &["r.scope", "r.id"],
            PolicySort::CreatedAt => &["r.created_at", "r.id"],
            PolicySort::UpdatedAt => &["r.updated_at", "r.id"],
        }
    }
    /// Where a policy stands in its list.
    pub fn keys(self, policy: &Policy) -> Vec<Key> {
        let first = match self.by {
            PolicySort::Scope => Key::Text(policy.scope.text()),
            PolicySort::CreatedAt => Key::Int(policy.created_at.micros()),
            PolicySort::UpdatedAt => Key::Int(policy.updated_at.micros()),
        };
        vec![first, policy.id.into()]
    }
}

/// Which policies; what is None asks nothing, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    pub ids: Option<Vec<ReplenishmentPolicyId>>,
    pub kinds: Option<Vec<ReplenishmentPolicyKind>>,
    pub products: Option<Vec<ProductId>>,
    /// Of these stores; those of none do not pass.
    pub stores: Option<Vec<StoreId>>,
    pub suppliers: Option<Vec<SupplierId>>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

/// The policies that the filter is about, of all stores or of the `seen` ones and of none.
pub fn policy_source(backend: Backend, filter: &PolicyFilter, seen: Option<&[StoreId]>) -> ListSource {
    let (mut from, mut values) = ("FROM replenishment_policy r WHERE r.tenant_id = $1".to_owned(), Vec::<Value>::new());
    if let Some(stores) = seen {
        values.push(backend.ids(stores.iter().copied()));
        from.push_str(&format!(" AND (r.store_id IS NULL OR {})", backend.in_ids("r.store_id", 2)));
    }
    from.push_str(&backend.and_ids("r.id", filter.ids.as_deref(), &mut values));
    from.push_str(&backend.and_ids("r.product_id", filter.products.as_deref(), &mut values));
    from.push_str(&backend.and_ids("r.store_id", filter.stores.as_deref(), &mut values));
    from.push_str(&backend.and_ids("r.supplier_id", filter.suppliers.as_deref(), &mut values));
    let kinds = filter.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_str()));
    from.push_str(&backend.and_texts("r.kind", kinds, &mut values));
    for (column, span) in [("r.created_at", filter.created_at), ("r.updated_at", filter.updated_at)] {
        let Some(span) = span else { continue };
        for (bound, operator) in [(span.from, ">="), (span.before, "<")] {
            if let Some(bound) = bound {
                values.push(bound.micros().into());
                from.push_str(&format!(" AND {column} {operator} ${}", values.len() + 1));
            }
        }
    }
    ListSource { from, values }
}
