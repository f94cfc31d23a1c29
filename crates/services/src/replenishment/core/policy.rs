//! Policies: the products and stores of each, its rule, and which of several applies.

use std::collections::BTreeMap;

use entity::prelude::*;
use serde::Serialize;

/// Service levels are stored as ten-thousandths.
pub const SERVICE_SCALE: f64 = 10_000.0;
/// Default days of demand that an order covers.
pub(super) const COVER_DAYS: i32 = 14;

/// Scope of a policy; without any field it is the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct PolicyScope {
    pub product: Option<ProductId>,
    /// With a product, an ABC class or a supplier: in this store only. Alone: all products of the
    /// store.
    pub store: Option<StoreId>,
    pub class: Option<AbcClass>,
    /// With an ABC class: of the products that are of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xyz: Option<XyzClass>,
    pub supplier: Option<SupplierId>,
}

impl PolicyScope {
    /// The scope as text, which is unique among a tenant's policies.
    pub fn text(&self) -> String {
        let of_what = match self {
            Self { product: Some(id), .. } => id.to_string(),
            Self { class: Some(abc), xyz: Some(xyz), .. } => format!("{abc}{xyz}"),
            Self { class: Some(class), .. } => class.to_string(),
            Self { xyz: Some(class), .. } => class.to_string(),
            Self { supplier: Some(id), .. } => id.to_string(),
            _ => "-".to_owned(),
        };
        format!("{of_what}/{}", self.store.map_or_else(|| "-".to_owned(), |store| store.to_string()))
    }
    /// Whether the scope has a store and neither a product nor a class: all of the store's
    /// products, or those of a supplier.
    pub const fn is_of_whole_store(&self) -> bool {
        let is_of_some = self.product.is_some() || self.class.is_some() || self.xyz.is_some();
        self.store.is_some() && !is_of_some
    }
}

/// Rule of a policy. Service levels are in ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The level's own reorder point and maximum.
    MinMax,
    ReorderPoint {
        service: i32,
        cover_days: i32,
        order_cost: Option<Money>,
    },
    /// Ordered on review days: those that are whole periods from `review_from`.
    Periodic {
        service: i32,
        review_days: i32,
        review_from: i32,
    },
    /// The service level is that of the product's ABC and XYZ class.
    Service {
        cover_days: i32,
        order_cost: Option<Money>,
    },
    TargetDays {
        safety_days: i32,
        target_days: i32,
    },
}

impl Rule {
    /// Rule of levels without a policy and without a reorder point.
    pub const DEFAULT: Self = Self::Service { cover_days: COVER_DAYS, order_cost: None };

    pub const fn kind(&self) -> ReplenishmentPolicyKind {
        match self {
            Self::MinMax => ReplenishmentPolicyKind::MinMax,
            Self::ReorderPoint { .. } => ReplenishmentPolicyKind::ReorderPoint,
            Self::Periodic { .. } => ReplenishmentPolicyKind::Periodic,
            Self::Service { .. } => ReplenishmentPolicyKind::Service,
            Self::TargetDays { .. } => ReplenishmentPolicyKind::TargetDays,
        }
    }
    /// Days from one review to the next; None if every night is one.
    pub const fn review_days(&self) -> Option<i32> {
        match self {
            Self::Periodic { review_days, .. } => Some(*review_days),
            Self::MinMax | Self::ReorderPoint { .. } | Self::Service { .. } | Self::TargetDays { .. } => None,
        }
    }
    /// Whether it promises a share of cycles or of units.
    pub const fn is_service_level(&self) -> bool {
        matches!(self, Self::ReorderPoint { .. } | Self::Periodic { .. } | Self::Service { .. })
    }
    /// Days from one opportunity to order until the next: plans are made every day.
    pub(super) const fn review_interval_days(&self) -> i32 {
        match self {
            Self::Periodic { review_days, .. } => *review_days,
            _ => 1,
        }
    }
    /// Whether orders may be made on this day.
    pub fn is_due(&self, today: i32) -> bool {
        match self {
            Self::Periodic { review_days, review_from, .. } => (today - review_from).rem_euclid((*review_days).max(1)) == 0,
            _ => true,
        }
    }
}

/// A policy as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub id: ReplenishmentPolicyId,
    pub scope: PolicyScope,
    pub rule: Rule,
    /// Method that computes the safety stock for the rule's service level; ignored if the rule has
    /// none.
    pub method: SafetyStockMethod,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A tenant's policies.
#[derive(Debug, Clone, Default)]
pub struct Policies(BTreeMap<PolicyScope, Policy>);

impl Policies {
    pub fn new(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self(policies.into_iter().map(|policy| (policy.scope, policy)).collect())
    }
    /// The policy of a product in a store, the most specific first: product and store, product,
    /// both classes and store, ABC class and store, both classes, ABC class, XYZ class, supplier
    /// and store, supplier, store, tenant. Policies of products come before those of a whole store.
    pub fn of(
        &self,
        (product, store): (ProductId, StoreId),
        classes: Option<(AbcClass, XyzClass)>,
        supplier: Option<SupplierId>,
    ) -> Option<&Policy> {
        let none = PolicyScope::default();
        let of_product = PolicyScope { product: Some(product), ..none };
        let of_abc = classes.map(|(abc, _)| PolicyScope { class: Some(abc), ..none });
        let of_xyz = classes.map(|(_, xyz)| PolicyScope { xyz: Some(xyz), ..none });
        let of_both = classes.map(|(abc, xyz)| PolicyScope { class: Some(abc), xyz: Some(xyz), ..none });
        let of_supplier = supplier.map(|supplier| PolicyScope { supplier: Some(supplier), ..none });
        let in_store = |scope: PolicyScope| PolicyScope { store: Some(store), ..scope };
        let scopes = [
            Some(in_store(of_product)),
            Some(of_product),
            of_both.map(in_store),
            of_abc.map(in_store),
            of_both,
            of_abc,
            of_xyz,
            of_supplier.map(in_store),
            of_supplier,
            Some(in_store(none)),
            Some(none),
        ];
        scopes.into_iter().flatten().find_map(|scope| self.0.get(&scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn the_most_specific_policy_holds() {
        let (mug, dock, potter) = (id(1), id(2), id(3));
        let none = PolicyScope::default();
        let scopes = [
            PolicyScope { product: Some(mug), store: Some(dock), ..none },
            PolicyScope { product: Some(mug), ..none },
            PolicyScope { class: Some(AbcClass::A), xyz: Some(XyzClass::X), store: Some(dock), ..none },
            PolicyScope { class: Some(AbcClass::A), store: Some(dock), ..none },
            PolicyScope { class: Some(AbcClass::A), xyz: Some(XyzClass::X), ..none },
            PolicyScope { class: Some(AbcClass::A), ..none },
            PolicyScope { xyz: Some(XyzClass::X), ..none },
            PolicyScope { supplier: Some(potter), store: Some(dock), ..none },
            PolicyScope { supplier: Some(potter), ..none },
            PolicyScope { store: Some(dock), ..none },
            none,
        ];
        let policy = |(n, scope): (usize, &PolicyScope)| Policy {
            id: id(n as u128 + 1),
            scope: *scope,
            rule: Rule::MinMax,
            method: SafetyStockMethod::Quantile,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        for (first, scope) in scopes.iter().enumerate() {
            let policies = Policies::new(scopes.iter().enumerate().skip(first).map(policy));
            let found = policies.of((mug, dock), Some((AbcClass::A, XyzClass::X)), Some(potter)).unwrap();
            assert_eq!(found.scope, *scope);
        }
        let policies = Policies::new(scopes.iter().enumerate().map(policy));
        assert_eq!(
            policies.of((id(9), id(8)), Some((AbcClass::B, XyzClass::Y)), None).unwrap().scope,
            none,
            "another product, class, supplier and store"
        );
        let even = policies.of((id(9), dock), Some((AbcClass::B, XyzClass::X)), Some(potter)).unwrap().scope;
        assert_eq!((even.class, even.xyz), (None, Some(XyzClass::X)), "an even product of another ABC class");
        assert_eq!(Policies::default().of((mug, dock), None, None), None);
        let texts: std::collections::BTreeSet<String> = scopes.iter().map(PolicyScope::text).collect();
        assert_eq!(texts.len(), scopes.len());
    }

    #[test]
    fn review_days_are_whole_periods_apart() {
        let weekly = Rule::Periodic { service: 9_500, review_days: 7, review_from: 4 };
        assert_eq!([3, 4, 5, 11, -3].map(|day| weekly.is_due(day)), [false, true, false, true, true]);
        assert!(Rule::MinMax.is_due(3));
    }
}
