//! Subjects that pay for operations, and their budgets.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use platform::rate_limit::{Allowance, Key, host};
use smallvec::SmallVec;
use uuid::Uuid;

/// Subject whose budget an operation is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaSubject {
    /// An anonymous caller's address.
    Address(Option<IpAddr>),
    /// A member or an integration, its tenant, and the smaller budget of a part of it, such as a
    /// key.
    Credential { kind: CredentialKind, id: Uuid, tenant: Uuid, share: Option<Share> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    Member,
    Integration,
}

/// A budget within a credential's, such as a key's within its integration's. Both pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub id: Uuid,
    pub allowance: Allowance,
}

/// A bucket that pays, and its owner in words for the client.
pub type SubjectBucket = (Key, Allowance, &'static str);

impl QuotaSubject {
    /// Returns the bucket that pays: for an address, that of its host.
    pub fn key(&self) -> Key {
        match self {
            Self::Credential { id, .. } => Key::new("credential", id.as_u128()),
            Self::Address(None) => Key::new("address", 0),
            Self::Address(Some(address)) => Key::new(
                "address",
                match host(*address) {
                    IpAddr::V4(four) => u128::from(four.to_bits()),
                    IpAddr::V6(six) => six.to_bits(),
                },
            ),
        }
    }
}

/// Allowances of a tenant's plan; `None` is the deployment's limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantPlan {
    pub member: Option<BudgetText>,
    pub integration: Option<BudgetText>,
    /// Limit of all members and integrations of the tenant together.
    pub tenant: Option<BudgetText>,
}

/// The plans of the tenants that have one. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct TenantPlans(Arc<RwLock<HashMap<Uuid, TenantPlan>>>);

impl TenantPlans {
    /// Replaces all plans, as they were read from the database.
    pub fn replace(&self, plans: HashMap<Uuid, TenantPlan>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = plans;
    }

    fn of(&self, tenant: &Uuid) -> TenantPlan {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(tenant).copied().unwrap_or_default()
    }
}

/// Allowances that an operator sets; `None` is unlimited.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Limit of each member and each integration.
    pub credential: Option<Allowance>,
    /// Limit of each tenant, for all its members and integrations together.
    pub tenant: Option<Allowance>,
    /// Limit of each address, in requests of anonymous callers.
    pub anonymous: Option<Allowance>,
    /// Operations of one tenant that run at once on a node.
    pub at_once: Option<usize>,
    /// Members and integrations whose own budget is lifted. Their tenant's applies.
    pub lifted: Arc<HashSet<Uuid>>,
    /// Tenants with limits of their own.
    pub plans: TenantPlans,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            credential: Some(Allowance::per_second(10_000, 1_000)),
            tenant: Some(Allowance::per_second(100_000, 10_000)),
            anonymous: Some(Allowance::within(100, 15 * 60)),
            at_once: Some(32),
            lifted: Arc::default(),
            plans: TenantPlans::default(),
        }
    }
}

impl Terms {
    /// No limits: for a developer's own machine.
    pub fn unlimited() -> Self {
        Self {
            credential: None,
            tenant: None,
            anonymous: None,
            at_once: None,
            lifted: Arc::default(),
            plans: TenantPlans::default(),
        }
    }

    /// Returns all buckets of a caller: its own, and the one that it shares with its tenant.
    pub fn buckets(&self, quota_subject: &QuotaSubject) -> (SmallVec<[SubjectBucket; 2]>, Option<SubjectBucket>) {
        let QuotaSubject::Credential { kind, id, tenant, share } = quota_subject else {
            return (self.anonymous.map(|allowance| (quota_subject.key(), allowance, "your")).into_iter().collect(), None);
        };
        let plan = self.plans.of(tenant);
        let planned_limit = match kind {
            CredentialKind::Member => plan.member,
            CredentialKind::Integration => plan.integration,
        };
        let credential = planned_limit.map_or(self.credential, |planned_limit| planned_limit.0);
        let share = share.map(|share| (Key::new("share", share.id.as_u128()), share.allowance, "this key's"));
        let credential_bucket =
            credential.filter(|_| !self.lifted.contains(id)).map(|allowance| (quota_subject.key(), allowance, "your"));
        let tenant_allowance = plan.tenant.map_or(self.tenant, |planned_limit| planned_limit.0);
        let tenant = tenant_allowance.map(|allowance| (Key::new("tenant", tenant.as_u128()), allowance, "your tenant's"));
        (share.into_iter().chain(credential_bucket).collect(), tenant)
    }
}

/// A budget in an operator's notation: `10000/1000` is 10,000 points, refilled by 1,000 each
/// second; `off` lifts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetText(pub Option<Allowance>);

impl FromStr for BudgetText {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a budget is written POINTS/POINTS_PER_SECOND, as in 10000/1000, or off";
        if text == "off" {
            return Ok(Self(None));
        }
        let (max_points, points_per_second) = text.split_once('/').ok_or(FORM)?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0).ok_or(FORM);
        let (max_points, points_per_second) = (number(max_points)?, number(points_per_second)?);
        if points_per_second > 1_000_000 {
            return Err("at most 1000000 points come back each second; off lifts the budget");
        }
        Ok(Self(Some(Allowance::per_second(max_points, points_per_second))))
    }
}

/// A number that may be lifted: `100`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitOrOff(pub Option<u32>);

impl FromStr for LimitOrOff {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            text => match text.parse() {
                Ok(0) | Err(_) => Err("a number above 0 is expected, or off"),
                Ok(number) => Ok(Self(Some(number))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_as_they_are_written() {
        assert_eq!("10000/1000".parse(), Ok(BudgetText(Some(Allowance::per_second(10_000, 1_000)))));
        assert_eq!("off".parse(), Ok(BudgetText(None)));
        for wrong in ["", "0/1", "1/0", "10", "a/b", "-1/1", "1/2/3", "1/1000001"] {
            assert!(wrong.parse::<BudgetText>().is_err(), "{wrong}");
        }
        assert_eq!(("7".parse(), "off".parse()), (Ok(LimitOrOff(Some(7))), Ok(LimitOrOff(None))));
        for wrong in ["0", "", "many", "-1"] {
            assert!(wrong.parse::<LimitOrOff>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tenants_plan_goes_before_the_deployments_limits() {
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let terms = Terms::default();
        let written = |text: &str| text.parse::<BudgetText>().ok();
        let plan = TenantPlan { integration: written("50000/5000"), tenant: written("off"), ..TenantPlan::default() };
        terms.plans.replace(HashMap::from([(ours, plan)]));
        let limits = |kind, tenant| {
            let (own, together) = terms.buckets(&QuotaSubject::Credential { kind, id: Uuid::from_u128(3), tenant, share: None });
            (own.first().map(|bucket| bucket.1), together.map(|bucket| bucket.1))
        };
        let (usual, together) = (Allowance::per_second(10_000, 1_000), Allowance::per_second(100_000, 10_000));
        assert_eq!(limits(CredentialKind::Integration, ours), (Some(Allowance::per_second(50_000, 5_000)), None));
        assert_eq!(limits(CredentialKind::Member, ours), (Some(usual), None), "the plan says nothing of members");
        assert_eq!(limits(CredentialKind::Integration, theirs), (Some(usual), Some(together)), "another tenant");
        terms.plans.replace(HashMap::new());
        assert_eq!(limits(CredentialKind::Integration, ours), (Some(usual), Some(together)), "the plan ended");
    }

    #[test]
    fn an_address_pays_for_its_network() {
        let key = |address: &str| QuotaSubject::Address(Some(address.parse().unwrap())).key();
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    }
}
