//! Charges operations before they run, for every transport.

use platform::{
    metrics,
    rate_limit::{Allowance, ConcurrencyLimits, ConcurrencyPermit, QueueFull, RateLimiter},
};

use super::{
    code::Code,
    quota::{QuotaSubject, SubjectBucket, Terms},
};

/// Points charged, as `extensions.cost` and the `RateLimit-*` headers report them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Points taken before the operation ran.
    pub requested: u32,
    /// Actual points; the difference is refunded.
    pub actual: u32,
    /// The budget that paid; `None` when it is lifted.
    pub level: Option<BucketLevel>,
}

/// Fill level of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketLevel {
    pub allowance: Allowance,
    pub left: u32,
}

impl BucketLevel {
    /// Seconds until the bucket is full again, rounded up.
    pub fn full_in_seconds(&self) -> u64 {
        self.full_in_micros().div_ceil(1_000_000)
    }

    pub fn full_in_micros(&self) -> u64 {
        let missing = self.allowance.most.saturating_sub(self.left);
        self.allowance.unit().saturating_mul(i64::from(missing)).unsigned_abs()
    }
}

/// Reason to refuse an operation that cannot be charged.
#[derive(Debug, Clone)]
pub struct ChargeRefusal {
    pub code: Code,
    pub message: String,
    pub retry_after_ms: Option<u64>,
    /// Maximum cost of one operation, if the operation exceeds it; `None`: the budget's limit is
    /// exceeded.
    pub limit: Option<u32>,
    pub charge: Charge,
}

/// Takes points, and refunds those that were not needed.
#[derive(Debug)]
pub struct CostLimiter {
    rate_limiter: RateLimiter,
    terms: Terms,
    concurrency: Option<ConcurrencyLimits>,
}

/// Delay suggested to a client if too many of its tenant's operations are running.
const CONCURRENCY_RETRY_MS: u64 = 250;

impl CostLimiter {
    pub fn new(rate_limiter: RateLimiter, terms: Terms) -> Self {
        let concurrency = terms.at_once.map(ConcurrencyLimits::new);
        Self { rate_limiter, terms, concurrency }
    }

    pub fn rate_limiter(&self) -> &RateLimiter {
        &self.rate_limiter
    }

    /// Takes points from the caller and from its tenant. An anonymous caller pays one request,
    /// whatever its operation costs.
    ///
    /// # Errors
    /// One of the two has too few points; none are taken.
    pub async fn charge(&self, quota_subject: &QuotaSubject, points: u32) -> Result<Charge, Box<ChargeRefusal>> {
        let points = if matches!(quota_subject, QuotaSubject::Address(_)) { 1 } else { points };
        let (own_buckets, tenant) = self.terms.buckets(quota_subject);
        let mut level: Option<BucketLevel> = None;
        for (paid, bucket) in own_buckets.iter().enumerate() {
            match self.take(bucket, points).await {
                // The client sees the budget that will be empty first.
                Ok(left) => {
                    let bucket_level = BucketLevel { allowance: bucket.1, left };
                    level = Some(level.filter(|other| other.left <= left).unwrap_or(bucket_level));
                }
                Err(unpaid) => {
                    self.refund_points(&own_buckets[..paid], points);
                    return Err(unpaid);
                }
            }
        }
        if let Some(tenant) = &tenant
            && let Err(unpaid) = self.take(tenant, points).await
        {
            self.refund_points(&own_buckets, points);
            return Err(unpaid);
        }
        Ok(Charge { requested: points, actual: points, level })
    }

    fn refund_points(&self, buckets: &[SubjectBucket], points: u32) {
        for (key, allowance, _) in buckets {
            self.rate_limiter.refund_points(*key, *allowance, points);
        }
    }

    async fn take(&self, (key, allowance, owner): &SubjectBucket, points: u32) -> Result<u32, Box<ChargeRefusal>> {
        let allowance = *allowance;
        match self.rate_limiter.take(*key, allowance, points).await {
            Ok(left) => Ok(left),
            Err(shortage) => {
                metrics::count_rate_limit_refusal(if points > allowance.most { "COST_EXCEEDED" } else { "RATE_LIMITED" });
                let level = Some(BucketLevel { allowance, left: shortage.left });
                let charge = Charge { requested: points, actual: 0, level };
                if points > allowance.most {
                    let message = format!(
                        "the operation costs {points} points, and {owner} budget never holds more than {}",
                        allowance.most
                    );
                    return Err(Box::new(ChargeRefusal {
                        code: Code::CostExceeded,
                        message,
                        retry_after_ms: None,
                        limit: None,
                        charge,
                    }));
                }
                let wait = shortage.wait_ms();
                let message = format!("{owner} budget has {} of {points} points left: wait {wait} ms", shortage.left);
                Err(Box::new(ChargeRefusal { code: Code::RateLimited, message, retry_after_ms: Some(wait), limit: None, charge }))
            }
        }
    }

    /// Refunds the points that the operation did not use.
    pub fn settle(&self, quota_subject: &QuotaSubject, charge: &mut Charge, actual: u32) {
        // Anonymous requests have a fixed price.
        if matches!(quota_subject, QuotaSubject::Address(_)) {
            return;
        }
        charge.actual = actual.min(charge.requested);
        let refund = charge.requested - charge.actual;
        if refund == 0 {
            return;
        }
        let (own_buckets, tenant) = self.terms.buckets(quota_subject);
        self.refund_points(&own_buckets, refund);
        self.refund_points(tenant.as_slice(), refund);
        if let Some(level) = &mut charge.level {
            level.left = level.left.saturating_add(refund).min(level.allowance.most);
        }
    }

    /// Waits until the tenant has fewer running operations than its limit. An operation within
    /// another one that was admitted does not wait: it could wait for itself.
    ///
    /// # Errors
    /// Too many operations are waiting already.
    pub async fn enter(
        &self,
        quota_subject: &QuotaSubject,
        charge: &Charge,
        is_within: bool,
    ) -> Result<Option<ConcurrencyPermit>, Box<ChargeRefusal>> {
        if is_within {
            return Ok(None);
        }
        let (Some(concurrency), QuotaSubject::Credential { tenant, .. }) = (&self.concurrency, quota_subject) else {
            return Ok(None);
        };
        concurrency.enter(tenant.as_u128()).await.map(Some).map_err(|QueueFull| {
            metrics::count_rate_limit_refusal("CROWDED");
            Box::new(ChargeRefusal {
                code: Code::RateLimited,
                message: "too many operations of your tenant are waiting: try again".to_owned(),
                retry_after_ms: Some(CONCURRENCY_RETRY_MS),
                limit: None,
                charge: *charge,
            })
        })
    }
}
