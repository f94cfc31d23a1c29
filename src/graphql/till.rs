//! Where operations are paid for before they run, whichever way they came in.

use super::{
    code::Code,
    payer::{Payer, Terms},
};
use crate::budget::{Allowance, Budgets, Crowded, Gates, Key, Pass};

/// What was paid, as `extensions.cost` and the `RateLimit-*` headers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// Points taken before it ran.
    pub requested: u32,
    /// Points that it came to; the difference is put back.
    pub actual: u32,
    /// The budget that paid; `None` when it is lifted.
    pub budget: Option<Budget>,
}

/// How a payer's budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub allowance: Allowance,
    pub left: u32,
}

impl Budget {
    /// Seconds until all of it is back, rounded up.
    pub fn full_in_seconds(&self) -> u64 {
        self.full_in_micros().div_ceil(1_000_000)
    }

    pub fn full_in_micros(&self) -> u64 {
        let missing = self.allowance.most.saturating_sub(self.left);
        self.allowance.unit().saturating_mul(i64::from(missing)).unsigned_abs()
    }
}

/// Why an operation was not let in.
#[derive(Debug, Clone)]
pub struct Unpaid {
    pub code: Code,
    pub message: String,
    pub retry_after_ms: Option<u64>,
    pub bill: Bill,
}

/// Takes points, and puts back what was not needed.
#[derive(Debug)]
pub struct Till {
    budgets: Budgets,
    terms: Terms,
    gates: Option<Gates>,
}

/// How long a client does well to wait when too many of its tenant's operations run already.
const CROWDED_MS: u64 = 250;

impl Till {
    pub fn new(budgets: Budgets, terms: Terms) -> Self {
        let gates = terms.at_once.map(Gates::new);
        Self { budgets, terms, gates }
    }

    pub fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// Takes so many points from the payer and from its tenant. Whoever is not signed in pays one request, whatever it asks.
    ///
    /// # Errors
    /// One of them has not so many; none is taken.
    pub async fn charge(&self, payer: &Payer, points: u32) -> Result<Bill, Box<Unpaid>> {
        let points = if matches!(payer, Payer::Address(_)) { 1 } else { points };
        let bill = |budget| Bill { requested: points, actual: points, budget };
        let own = self.terms.of(payer);
        let mut budget = None;
        if let Some(allowance) = own {
            let left = self.take(payer.key(), allowance, points, "your").await?;
            budget = Some(Budget { allowance, left });
        }
        if let (Payer::Credential { tenant, .. }, Some(allowance)) = (payer, self.terms.tenant) {
            let tenant = Key::new("tenant", tenant.as_u128());
            if let Err(unpaid) = self.take(tenant, allowance, points, "your tenant's").await {
                if let Some(own) = own {
                    self.budgets.put_back(payer.key(), own, points);
                }
                return Err(unpaid);
            }
        }
        Ok(bill(budget))
    }

    async fn take(&self, key: Key, allowance: Allowance, points: u32, whose: &str) -> Result<u32, Box<Unpaid>> {
        match self.budgets.take(key, allowance, points).await {
            Ok(left) => Ok(left),
            Err(empty) => {
                let budget = Some(Budget { allowance, left: empty.left });
                let bill = Bill { requested: points, actual: 0, budget };
                if points > allowance.most {
                    let message = format!(
                        "the operation costs {points} points, and {whose} budget never holds more than {}",
                        allowance.most
                    );
                    return Err(Box::new(Unpaid { code: Code::CostExceeded, message, retry_after_ms: None, bill }));
                }
                let wait = empty.wait_ms();
                let message = format!("{whose} budget has {} of {points} points left: wait {wait} ms", empty.left);
                Err(Box::new(Unpaid { code: Code::RateLimited, message, retry_after_ms: Some(wait), bill }))
            }
        }
    }

    /// Puts back what the operation did not come to.
    pub fn settle(&self, payer: &Payer, bill: &mut Bill, actual: u32) {
        // A request is a request, whatever came of it.
        let Payer::Credential { tenant, .. } = payer else { return };
        bill.actual = actual.min(bill.requested);
        let back = bill.requested - bill.actual;
        if back == 0 {
            return;
        }
        if let Some(budget) = &mut bill.budget {
            self.budgets.put_back(payer.key(), budget.allowance, back);
            budget.left = budget.left.saturating_add(back).min(budget.allowance.most);
        }
        if let Some(allowance) = self.terms.tenant {
            self.budgets.put_back(Key::new("tenant", tenant.as_u128()), allowance, back);
        }
    }

    /// Waits until fewer of the tenant's operations run than may at once.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn enter(&self, payer: &Payer, bill: &Bill) -> Result<Option<Pass>, Box<Unpaid>> {
        let (Some(gates), Payer::Credential { tenant, .. }) = (&self.gates, payer) else { return Ok(None) };
        match gates.enter(tenant.as_u128()).await {
            Ok(pass) => Ok(Some(pass)),
            Err(Crowded) => Err(Box::new(Unpaid {
                code: Code::RateLimited,
                message: "too many operations of your tenant wait already".to_owned(),
                retry_after_ms: Some(CROWDED_MS),
                bill: *bill,
            })),
        }
    }
}
