//! Which policies a list has, and in which order.

use entity::prelude::*;
use inventory::orders::rows::Span;
use platform::{
    paging::{Key, ListSource, SortBy, Sorted},
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
