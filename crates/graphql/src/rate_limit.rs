//! `rateLimit`: what is left of the caller's budget.

use async_graphql::{Context, Object, SimpleObject};
use entity::prelude::Timestamp;

use super::{context::ContextExt, cost_limiter::Charge, directives::authenticated, fault::Answer, scalars::DateTime};

/// How the caller's budget stands, this very operation paid.
#[derive(Debug, Clone, SimpleObject)]
pub struct RateLimit {
    /// Points that a full budget holds; the largest Int when the operator has lifted the budget.
    pub limit: i32,
    /// Points that are left.
    pub remaining: i32,
    /// Points that come back each second.
    pub restore_rate: i32,
    /// When all of it is back, if nothing more is spent.
    #[graphql(owned)]
    pub reset_at: DateTime,
}

/// In the data of each operation: what it paid, and when.
#[derive(Debug, Clone, Copy)]
pub struct Paid {
    pub charge: Charge,
    /// Microseconds since 1970.
    pub at: i64,
}

impl From<Paid> for RateLimit {
    fn from(paid: Paid) -> Self {
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

#[Object]
impl RateLimitQuery {
    /// What is left of your budget of points.
    #[graphql(directive = authenticated::apply())]
    async fn rate_limit(&self, ctx: &Context<'_>) -> Answer<RateLimit> {
        ctx.caller()?;
        Ok((*ctx.given::<Paid>()?).into())
    }
}
