//! Exchange rates as clients see them.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::{Currency, ExchangeRateId};
use iam::access::kind;
use inventory::{
    currency::{
        core::{self, StoredRate},
        rows,
    },
    ledger::Ledger,
};
use macros::resolvers;

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{CurrencyCode, Date, DateTime, Decimal},
    },
    orders::links::{Actor, actor},
};

/// An exchange rate as its source published it.
#[derive(Clone)]
pub struct ExchangeRate(pub Arc<StoredRate>);

impl From<StoredRate> for ExchangeRate {
    fn from(rate: StoredRate) -> Self {
        Self(Arc::new(rate))
    }
}

/// Exchange rate as its source published it: one unit of `baseCode` is `rate` units of `quoteCode`. It never changes; a correction is a new rate.
#[resolvers(requires = RateRead)]
impl ExchangeRate {
    /// ID of the exchange rate.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Currency of which one unit is converted, as EUR in the reference rates of the European Central Bank.
    async fn base_code(&self) -> CurrencyCode {
        code(self.0.base)
    }
    /// Currency in which `rate` is counted.
    async fn quote_code(&self) -> CurrencyCode {
        code(self.0.quote)
    }
    /// Units of `quoteCode` for one unit of `baseCode`, above 0, as it was written: at most 12 significant digits.
    async fn rate(&self) -> Decimal {
        Decimal(self.0.rate.to_string())
    }
    /// Day from which the rate is used, for at most seven days.
    async fn day(&self) -> Date {
        Date(self.0.day)
    }
    /// Name of the source, as in ECB.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// Member or integration that entered the rate.
    async fn entered_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.actor).await
    }
    /// Time at which the rate was entered.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
    /// Rate that corrected this one. Null while this rate is in force.
    async fn replaced_by(&self, ctx: &Context<'_>) -> Option<Answer<ExchangeRate>> {
        let id = self.0.replaced_by?;
        find_rate(ctx, id.uuid()).await.transpose()
    }
}

crate::connection!(counted ExchangeRateConnection, ExchangeRateEdge, ExchangeRate, "exchange rates");

/// Exact fraction by which amounts of one currency are converted into another: `to` = `from` × numerator ÷ denominator, rounded once, half away from zero.
#[derive(Debug, Clone, SimpleObject)]
pub struct FrozenRate {
    /// Currency of the amounts before.
    pub from_code: CurrencyCode,
    /// Currency of the amounts after.
    pub to_code: CurrencyCode,
    /// Rate by which an amount is multiplied; 1 where the stored rate is of the other direction.
    pub numerator: Decimal,
    /// Rate by which it is divided; 1 where the stored rate is of this direction.
    pub denominator: Decimal,
    /// Day of the stored rates: at most seven days before the day that was asked for.
    pub day: Date,
    /// Name of their source, as in ECB.
    pub source: String,
}

impl From<&core::FrozenRate> for FrozenRate {
    fn from(rate: &core::FrozenRate) -> Self {
        Self {
            from_code: code(rate.from),
            to_code: code(rate.to),
            numerator: Decimal(rate.numerator.to_string()),
            denominator: Decimal(rate.denominator.to_string()),
            day: Date(rate.day),
            source: rate.source.clone(),
        }
    }
}

fn code(currency: Currency) -> CurrencyCode {
    CurrencyCode(currency.to_string())
}

/// The exchange rate of an ID.
pub async fn find_rate(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<ExchangeRate>> {
    let scope = ctx.permit::<kind::RateRead>()?.scope(ctx.required_data::<Ledger>()?.database());
    Ok(rows::load_rate(&scope, ExchangeRateId::from_uuid(id)).await?.map(Into::into))
}
