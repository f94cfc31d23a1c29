//! Asking for exchange rates.

use async_graphql::{Context, Enum, InputObject};
use inventory::{
    currency::{rows, shell::load_rate_on},
    ledger::Ledger,
};
use macros::resolvers;
use platform::{paging::CursorSigner, path};

use super::{
    rate::{ExchangeRate, ExchangeRateConnection, FrozenRate},
    rate_filter::{ExchangeRateFilter, currency},
};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, Cursor, Date},
    },
    keyed_filters::resolve_filter_keys,
    orders::links::MAX_PAGE_SIZE,
};

/// Sort order of a list of exchange rates; rates with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ExchangeRateSort {
    /// Field by which the rates are sorted.
    pub field: ExchangeRateSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which exchange rates can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExchangeRateSortField {
    /// Day of the rate.
    Day,
}

/// The root fields of exchange rates.
#[derive(Default)]
pub struct CurrencyQuery;

#[resolvers]
impl CurrencyQuery {
    /// Rate from one currency to another on a day, as a document of that day would freeze it: a stored rate of this direction, else one of the other direction
    /// as a divisor, else two of one day and source through EUR. Null where no rate is at most seven days older than the day.
    #[field(permit = RateRead, cost = "2")]
    async fn exchange_rate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Currency of the amounts before.")] from: CurrencyCode,
        #[graphql(desc = "Currency of the amounts after; another one than `from`.")] to: CurrencyCode,
        #[graphql(desc = "Day of the document.")] on: Date,
    ) -> Answer<Option<FrozenRate>> {
        let (from, to) = (currency(&from, || path!["from"])?, currency(&to, || path!["to"])?);
        if from == to {
            return Err(TopError::bad_input("from and to are one currency: no rate is needed", path!["to"]));
        }
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        Ok(load_rate_on(&scope, from, to, on.0).await?.as_ref().map(FrozenRate::from))
    }

    /// Exchange rates, the newest day first unless another order is asked for. Rates that were corrected are among them, with `replacedBy`.
    #[field(permit = RateRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn exchange_rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Base currency of the rates to include. Null for all.")] base: Option<CurrencyCode>,
        #[graphql(desc = "Quote currency of the rates to include. Null for all.")] quote: Option<CurrencyCode>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the rates. Null for DAY, DESC.")] sort: Option<ExchangeRateSort>,
        #[graphql(desc = "Conditions on the rates, beside base and quote. Null for all.")] filter: Option<ExchangeRateFilter>,
    ) -> Answer<ExchangeRateConnection> {
        let base = base.map(|code| currency(&code, || path!["base"])).transpose()?;
        let quote = quote.map(|code| currency(&code, || path!["quote"])).transpose()?;
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let direction = sort.map(|ExchangeRateSort { field: ExchangeRateSortField::Day, direction }| direction);
        let descending = direction != Some(Direction::Asc);
        let kind = rows::rates_kind(descending);
        let request = PageArgs { first, after, last, before }.check(kind, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let listing = rows::load_rate_page(&scope, ((base, quote), &filter), descending, &request).await?;
        let nodes = listing.rows.into_iter().map(|row| {
            let keys = rows::cursor_keys(&row);
            (ExchangeRate::from(row), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, listing.source).into())
    }
}
