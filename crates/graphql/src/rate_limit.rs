//! `rateLimit`: the rest of the caller's budget.

use async_graphql::{Context, SimpleObject};
use entity::prelude::Timestamp;
use macros::resolvers;

use super::{context::ContextExt, cost_limiter::Charge, fault::Answer, scalars::DateTime};

/// State of the caller's rate limit, after the cost of this operation.
#[derive(Debug, Clone, SimpleObject)]
pub struct RateLimit {
    /// Points that a full bucket holds; the largest Int when the operator has lifted the limit.
    pub limit: i32,
    /// Points that are left.
    pub remaining: i32,
    /// Points that come back each second.
    pub restore_rate: i32,
    /// Time at which the full limit is available again, if nothing more is spent.
    #[graphql(owned)]
    pub reset_at: DateTime,
}

/// Charge of the operation and its time, in the data of each operation.
#[derive(Debug, Clone, Copy)]
pub struct OperationCharge {
    pub charge: Charge,
    /// Microseconds since 1970.
    pub at: i64,
}

impl From<OperationCharge> for RateLimit {
    fn from(paid: OperationCharge) -> Self {
        let int = |points: u32| i32::try_from(points).unwrap_or(i32::MAX);
        match paid.charge.level {
            None => Self { limit: i32::MAX, remaining: i32::MAX, restore_rate: i32::MAX, reset_at: DateTime(Timestamp(paid.at)) },
            Some(level) => Self {
                limit: int(level.allowance.most),
                remaining: int(level.left),
                restore_rate: int(level.allowance.restored_per_second()),
                reset_at: DateTime(Timestamp(paid.at.saturating_add_unsigned(level.full_in_micros()))),
            },
        }
    }
}

#[derive(Default)]
pub struct RateLimitQuery;

#[resolvers]
impl RateLimitQuery {
    /// State of your rate limit, in points.
    #[field(authenticated)]
    async fn rate_limit(&self, ctx: &Context<'_>) -> Answer<RateLimit> {
        Ok((*ctx.required_data::<OperationCharge>()?).into())
    }
}
