//! Filter and sort order of policies.

use entity::prelude::*;
use inventory::orders::rows::{Clause, Span};
use platform::{
    paging::{Key, ListSource, SortBy, Sorted},
    storage::{Backend, Nested},
};
use sea_orm::Value;

use crate::replenishment::core::Policy;

/// Sort fields of policies; the ID breaks ties. Times have no index: a tenant has 10,000 policies
/// at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySort {
    Scope,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type PoliciesSorted = Sorted<PolicySort>;

impl SortBy for PolicySort {
    type Row = Policy;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Scope, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Scope => ("SCOPE", &["r.scope", "r.id"]),
            Self::CreatedAt => ("CREATED_AT", &["r.created_at", "r.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["r.updated_at", "r.id"]),
        }
    }
    fn keys(self, policy: &Policy) -> Vec<Key> {
        let first = match self {
            Self::Scope => Key::Text(policy.scope.text()),
            Self::CreatedAt => Key::Int(policy.created_at.micros()),
            Self::UpdatedAt => Key::Int(policy.updated_at.micros()),
        };
        vec![first, policy.id.into()]
    }
}

/// Filter of policies; None matches all, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    pub ids: Option<Vec<ReplenishmentPolicyId>>,
    pub kinds: Option<Vec<ReplenishmentPolicyKind>>,
    pub products: Option<Vec<ProductId>>,
    /// Stores of the scopes; a policy without a store does not match.
    pub stores: Option<Vec<StoreId>>,
    pub suppliers: Option<Vec<SupplierId>>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

impl PolicyFilter {
    /// Adds the conditions on `replenishment_policy r`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        let mut ids = |column: &str, list: Option<Value>| {
            let Some(list) = list else { return };
            let number = clause.bind(list);
            clause.push(&format!(" AND {}", backend.in_ids(column, number)));
        };
        ids("r.id", self.ids.as_ref().map(|list| backend.ids(list.iter().copied())));
        ids("r.product_id", self.products.as_ref().map(|list| backend.ids(list.iter().copied())));
        ids("r.store_id", self.stores.as_ref().map(|list| backend.ids(list.iter().copied())));
        ids("r.supplier_id", self.suppliers.as_ref().map(|list| backend.ids(list.iter().copied())));
        if let Some(kinds) = &self.kinds {
            let number = clause.bind(backend.texts(kinds.iter().map(|kind| kind.as_str())));
            clause.push(&format!(" AND {}", backend.in_texts("r.kind", number)));
        }
        for (column, span) in [("r.created_at", self.created_at), ("r.updated_at", self.updated_at)] {
            if let Some(span) = span {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// The policies that pass a filter; of all stores, or only of `visible_stores` and those without a
/// store.
pub fn policy_source(backend: Backend, filter: &Nested<PolicyFilter>, visible_stores: Option<&[StoreId]>) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    if let Some(stores) = visible_stores {
        let number = clause.bind(backend.ids(stores.iter().copied()));
        clause.push(&format!(" AND (r.store_id IS NULL OR {})", backend.in_ids("r.store_id", number)));
    }
    clause.nested(filter, |clause, filter: &PolicyFilter| filter.push_to(clause));
    ListSource { from: format!("FROM replenishment_policy r WHERE r.tenant_id = $1{}", clause.sql), values: clause.values }
}
