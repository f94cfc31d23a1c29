//! Policies: which products and stores one is for, what it says, and which of several holds.

use std::collections::BTreeMap;

use entity::prelude::*;
use serde::Serialize;

/// A service level is kept in so many parts.
pub const SERVICE_PARTS: f64 = 10_000.0;
const LEAST_SERVICE: i32 = 5_000;
const MOST_SERVICE: i32 = 9_990;
/// Days of demand that an order covers where nobody says otherwise.
pub(super) const COVER_DAYS: i32 = 14;
const MOST_DAYS: i32 = 365;
const MOST_REVIEW: i32 = 182;
/// A Monday: review days of policies that name none are whole periods from it.
const MONDAY: i32 = 4;

/// What a policy is for; nothing named is the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct PolicyScope {
    pub product: Option<ProductId>,
    /// Of a product, an ABC class or a supplier: in this store only. Alone: of all products of the store.
    pub store: Option<StoreId>,
    pub class: Option<AbcClass>,
    /// With an ABC class: of the products that are of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xyz: Option<XyzClass>,
    pub supplier: Option<SupplierId>,
}

impl PolicyScope {
    /// As one text, of which a tenant has one policy.
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
    /// Whether it names a store beside neither a product nor a class: of all of its products, or of those of a supplier.
    pub const fn is_of_whole_store(&self) -> bool {
        let is_of_some = self.product.is_some() || self.class.is_some() || self.xyz.is_some();
        self.store.is_some() && !is_of_some
    }
    /// Whether it names one of product, classes and supplier at most, and a store beside no XYZ class alone.
    fn check(&self) -> Result<(), PolicyProblem> {
        let is_class = self.class.is_some() || self.xyz.is_some();
        let named = usize::from(self.product.is_some()) + usize::from(is_class) + usize::from(self.supplier.is_some());
        if named > 1 {
            return Err(PolicyProblem::SeveralScopes);
        }
        if self.store.is_some() && self.product.is_none() && self.class.is_none() && !self.is_of_whole_store() {
            return Err(PolicyProblem::StoreNotTaken);
        }
        Ok(())
    }
}

/// What a policy says. Service levels are in ten-thousandths.
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
    /// What holds where no policy does, of a level without a reorder point.
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
    /// Whether it promises a share of cycles or of units.
    pub const fn is_promise(&self) -> bool {
        matches!(self, Self::ReorderPoint { .. } | Self::Periodic { .. } | Self::Service { .. })
    }
    /// Days from one chance to order until the next: plans are made every day.
    pub(super) const fn chance_days(&self) -> i32 {
        match self {
            Self::Periodic { review_days, .. } => *review_days,
            _ => 1,
        }
    }
    /// Whether orders are made on this day at all.
    pub fn is_due(&self, today: i32) -> bool {
        match self {
            Self::Periodic { review_days, review_from, .. } => (today - review_from).rem_euclid((*review_days).max(1)) == 0,
            _ => true,
        }
    }
}

/// A policy as it is wanted. What a kind does not take must be None.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PolicyFields {
    pub scope: PolicyScope,
    pub kind: ReplenishmentPolicyKind,
    /// A share from 0.5 to 0.999.
    pub service: Option<f64>,
    pub cover_days: Option<i32>,
    pub review_days: Option<i32>,
    pub review_from: Option<i32>,
    pub safety_days: Option<i32>,
    pub target_days: Option<i32>,
    pub order_cost: Option<Money>,
    /// Of a kind that promises something; None for quantiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<SafetyStockMethod>,
}

/// What is wrong with a policy. Fields are named as rooms name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyProblem {
    SeveralScopes,
    StoreNotTaken,
    NotTaken(&'static str),
    Needed(&'static str),
    /// Whole numbers from the first to the second.
    Range(&'static str, i32, i32),
    ServiceRange,
    OrderCost,
    /// The target lies below the safety.
    TargetBelowSafety,
}

impl PolicyFields {
    /// What the fields come to.
    pub fn rule(&self) -> Result<Rule, PolicyProblem> {
        self.scope.check()?;
        self.only_taken()?;
        let days = |value: Option<i32>, name: &'static str, (least, most): (i32, i32)| match value {
            Some(days) if !(least..=most).contains(&days) => Err(PolicyProblem::Range(name, least, most)),
            other => Ok(other),
        };
        let cover_days = days(self.cover_days, "coverDays", (0, MOST_DAYS))?.unwrap_or(COVER_DAYS);
        if self.order_cost.is_some_and(|cost| cost.minor <= 0) {
            return Err(PolicyProblem::OrderCost);
        }
        let order_cost = self.order_cost;
        Ok(match self.kind {
            ReplenishmentPolicyKind::MinMax => Rule::MinMax,
            ReplenishmentPolicyKind::ReorderPoint => Rule::ReorderPoint { service: self.service()?, cover_days, order_cost },
            ReplenishmentPolicyKind::Service => Rule::Service { cover_days, order_cost },
            ReplenishmentPolicyKind::Periodic => {
                let review_days = days(self.review_days, "reviewDays", (1, MOST_REVIEW))?;
                let review_days = review_days.ok_or(PolicyProblem::Needed("reviewDays"))?;
                Rule::Periodic { service: self.service()?, review_days, review_from: self.review_from.unwrap_or(MONDAY) }
            }
            ReplenishmentPolicyKind::TargetDays => {
                let safety_days = days(self.safety_days, "safetyDays", (0, MOST_DAYS))?.unwrap_or(0);
                let target_days = days(self.target_days, "targetDays", (1, MOST_DAYS))?;
                let target_days = target_days.ok_or(PolicyProblem::Needed("targetDays"))?;
                if target_days < safety_days {
                    return Err(PolicyProblem::TargetBelowSafety);
                }
                Rule::TargetDays { safety_days, target_days }
            }
        })
    }

    fn service(&self) -> Result<i32, PolicyProblem> {
        let share = self.service.ok_or(PolicyProblem::Needed("serviceLevel"))?;
        let parts = (share * SERVICE_PARTS).round();
        if (f64::from(LEAST_SERVICE)..=f64::from(MOST_SERVICE)).contains(&parts) {
            Ok(parts as i32)
        } else {
            Err(PolicyProblem::ServiceRange)
        }
    }

    fn only_taken(&self) -> Result<(), PolicyProblem> {
        use ReplenishmentPolicyKind::{Periodic, ReorderPoint, Service, TargetDays};
        let kind = self.kind;
        let fields = [
            ("serviceLevel", self.service.is_some(), matches!(kind, ReorderPoint | Periodic)),
            ("coverDays", self.cover_days.is_some(), matches!(kind, ReorderPoint | Service)),
            ("orderCost", self.order_cost.is_some(), matches!(kind, ReorderPoint | Service)),
            ("reviewDays", self.review_days.is_some(), kind == Periodic),
            ("reviewFrom", self.review_from.is_some(), kind == Periodic),
            ("safetyDays", self.safety_days.is_some(), kind == TargetDays),
            ("targetDays", self.target_days.is_some(), kind == TargetDays),
            ("safetyStockMethod", self.method.is_some(), matches!(kind, ReorderPoint | Periodic | Service)),
        ];
        let wrong = fields.iter().find(|(_, is_given, is_taken)| *is_given && !is_taken);
        wrong.map_or(Ok(()), |(name, ..)| Err(PolicyProblem::NotTaken(name)))
    }
}

/// A policy as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub id: ReplenishmentPolicyId,
    pub scope: PolicyScope,
    pub rule: Rule,
    /// How the stock is found that keeps what the rule promises; it says nothing of a rule that promises nothing.
    pub method: SafetyStockMethod,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A tenant's policies.
#[derive(Debug, Clone, Default)]
pub struct Policies(BTreeMap<PolicyScope, Policy>);

impl Policies {
    pub fn new(all: impl IntoIterator<Item = Policy>) -> Self {
        Self(all.into_iter().map(|policy| (policy.scope, policy)).collect())
    }
    /// The policy of a product in a store, the most specific first: product and store, product, both classes and store, ABC class and store, both classes, ABC
    /// class, XYZ class, supplier and store, supplier, store, tenant. What is said of products goes before what is said of a whole store.
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
    fn fields(kind: ReplenishmentPolicyKind) -> PolicyFields {
        PolicyFields {
            scope: PolicyScope::default(),
            kind,
            service: None,
            cover_days: None,
            review_days: None,
            review_from: None,
            safety_days: None,
            target_days: None,
            order_cost: None,
            method: None,
        }
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
    fn a_kind_takes_its_own_fields() {
        use ReplenishmentPolicyKind::{MinMax, Periodic, ReorderPoint, Service, TargetDays};
        assert_eq!(fields(MinMax).rule(), Ok(Rule::MinMax));
        let point = PolicyFields { service: Some(0.95), ..fields(ReorderPoint) };
        assert_eq!(point.rule(), Ok(Rule::ReorderPoint { service: 9_500, cover_days: 14, order_cost: None }));
        let periodic = PolicyFields { service: Some(0.9), review_days: Some(7), ..fields(Periodic) };
        assert_eq!(periodic.rule(), Ok(Rule::Periodic { service: 9_000, review_days: 7, review_from: 4 }));
        let days = PolicyFields { safety_days: Some(7), target_days: Some(21), ..fields(TargetDays) };
        assert_eq!(days.rule(), Ok(Rule::TargetDays { safety_days: 7, target_days: 21 }));
        for (wrong, problem) in [
            (PolicyFields { service: Some(0.95), ..fields(Service) }, PolicyProblem::NotTaken("serviceLevel")),
            (fields(ReorderPoint), PolicyProblem::Needed("serviceLevel")),
            (PolicyFields { service: Some(0.999_9), ..point }, PolicyProblem::ServiceRange),
            (PolicyFields { service: Some(f64::NAN), ..point }, PolicyProblem::ServiceRange),
            (PolicyFields { cover_days: Some(366), ..point }, PolicyProblem::Range("coverDays", 0, 365)),
            (PolicyFields { review_days: None, ..periodic }, PolicyProblem::Needed("reviewDays")),
            (PolicyFields { target_days: Some(6), ..days }, PolicyProblem::TargetBelowSafety),
            (PolicyFields { order_cost: Some(Money::zero(Currency::GBP)), ..point }, PolicyProblem::OrderCost),
            (PolicyFields { method: Some(SafetyStockMethod::Normal), ..days }, PolicyProblem::NotTaken("safetyStockMethod")),
        ] {
            assert_eq!(wrong.rule(), Err(problem), "{wrong:?}");
        }
        let both = PolicyScope { product: Some(id(1)), class: Some(AbcClass::A), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: both, ..fields(MinMax) }.rule(), Err(PolicyProblem::SeveralScopes));
        let store = PolicyScope { store: Some(id(1)), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: store, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let of_supplier = PolicyScope { supplier: Some(id(2)), ..store };
        assert_eq!(PolicyFields { scope: of_supplier, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let even = PolicyScope { xyz: Some(XyzClass::X), ..store };
        assert_eq!(PolicyFields { scope: even, ..fields(MinMax) }.rule(), Err(PolicyProblem::StoreNotTaken));
        let cell = PolicyScope { class: Some(AbcClass::A), ..even };
        assert_eq!(PolicyFields { scope: cell, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let supplied = PolicyScope { xyz: Some(XyzClass::X), supplier: Some(id(1)), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: supplied, ..fields(MinMax) }.rule(), Err(PolicyProblem::SeveralScopes));
    }

    #[test]
    fn review_days_are_whole_periods_apart() {
        let weekly = Rule::Periodic { service: 9_500, review_days: 7, review_from: 4 };
        assert_eq!([3, 4, 5, 11, -3].map(|day| weekly.is_due(day)), [false, true, false, true, true]);
        assert!(Rule::MinMax.is_due(3));
    }
}
