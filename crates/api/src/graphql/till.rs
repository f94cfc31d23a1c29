//! Where operations are paid for before they run, whichever way they came in.

use platform::{
    budget::{Allowance, Budgets, Crowded, Gates, Pass},
    gauges,
};

use super::{
    code::Code,
    payer::{Payer, Purse, Terms},
};

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
    /// What one operation may cost, where that is what it goes beyond; None: the budget's limit is meant.
    pub limit: Option<u32>,
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
        let (own, tenant) = self.terms.purses(payer);
        let mut budget: Option<Budget> = None;
        for (paid, purse) in own.iter().enumerate() {
            match self.take(purse, points).await {
                // Of two budgets the client goes by the one that is emptied first.
                Ok(left) => {
                    let this = Budget { allowance: purse.1, left };
                    budget = Some(budget.filter(|other| other.left <= left).unwrap_or(this));
                }
                Err(unpaid) => {
                    self.put_back(&own[..paid], points);
                    return Err(unpaid);
                }
            }
        }
        if let Some(tenant) = &tenant
            && let Err(unpaid) = self.take(tenant, points).await
        {
            self.put_back(&own, points);
            return Err(unpaid);
        }
        Ok(Bill { requested: points, actual: points, budget })
    }

    fn put_back(&self, purses: &[Purse], points: u32) {
        for (key, allowance, _) in purses {
            self.budgets.put_back(*key, *allowance, points);
        }
    }

    async fn take(&self, (key, allowance, whose): &Purse, points: u32) -> Result<u32, Box<Unpaid>> {
        let allowance = *allowance;
        match self.budgets.take(*key, allowance, points).await {
            Ok(left) => Ok(left),
            Err(empty) => {
                gauges::budget_refused(if points > allowance.most { "COST_EXCEEDED" } else { "RATE_LIMITED" });
                let budget = Some(Budget { allowance, left: empty.left });
                let bill = Bill { requested: points, actual: 0, budget };
                if points > allowance.most {
                    let message = format!(
                        "the operation costs {points} points, and {whose} budget never holds more than {}",
                        allowance.most
                    );
                    return Err(Box::new(Unpaid { code: Code::CostExceeded, message, retry_after_ms: None, limit: None, bill }));
                }
                let wait = empty.wait_ms();
                let message = format!("{whose} budget has {} of {points} points left: wait {wait} ms", empty.left);
                Err(Box::new(Unpaid { code: Code::RateLimited, message, retry_after_ms: Some(wait), limit: None, bill }))
            }
        }
    }

    /// Puts back what the operation did not come to.
    pub fn settle(&self, payer: &Payer, bill: &mut Bill, actual: u32) {
        // A request is a request, whatever came of it.
        if matches!(payer, Payer::Address(_)) {
            return;
        }
        bill.actual = actual.min(bill.requested);
        let back = bill.requested - bill.actual;
        if back == 0 {
            return;
        }
        let (own, tenant) = self.terms.purses(payer);
        self.put_back(&own, back);
        self.put_back(tenant.as_slice(), back);
        if let Some(budget) = &mut bill.budget {
            budget.left = budget.left.saturating_add(back).min(budget.allowance.most);
        }
    }

    /// Waits until fewer of the tenant's operations run than may at once.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn enter(&self, payer: &Payer, bill: &Bill) -> Result<Option<Pass>, Box<Unpaid>> {
        let (Some(gates), Payer::Credential { tenant, .. }) = (&self.gates, payer) else { return Ok(None) };
        gates.enter(tenant.as_u128()).await.map(Some).map_err(|Crowded| {
            gauges::budget_refused("CROWDED");
            Box::new(Unpaid {
                code: Code::RateLimited,
                message: "too many operations of your tenant wait already".to_owned(),
                retry_after_ms: Some(CROWDED_MS),
                limit: None,
                bill: *bill,
            })
        })
    }
}
