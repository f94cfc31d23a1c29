//! A plan as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::prelude::{self, LiquidationPlanId};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::liquidation::{core, rows::LineFilter, shell};

use super::{
    enums::{LiquidationAction, LiquidationLineStatus, LiquidationPlanStatus},
    line::{LiquidationPlanLine, LiquidationPlanLineConnection},
    option::{LiquidationRecovery, money},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{IdFilter, of_both},
        scalars::{CurrencyCode, Cursor, Date, DateTime, Long},
    },
    identity::{Actor, actor},
    keyed_filters::by_ids,
    purchasing::links::{self, MOST_A_PAGE, Money, Store},
};

/// A plan's row.
#[derive(Clone)]
pub struct LiquidationPlan {
    pub plan: Arc<core::Plan>,
    /// Lines of a dry run, which are kept nowhere else.
    pub lines: Option<Arc<Vec<core::PlanLine>>>,
}

crate::connection!(counted LiquidationPlanConnection, LiquidationPlanEdge, LiquidationPlan, "plans of liquidation");

impl From<core::Plan> for LiquidationPlan {
    fn from(plan: core::Plan) -> Self {
        Self { plan: Arc::new(plan), lines: None }
    }
}

/// Lines of a plan. All conditions hold; one that is null is absent.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LiquidationPlanLineFilter {
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<LiquidationLineStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<LiquidationLineStatus>>,
    /// Actions to include; an empty list matches nothing.
    pub action: Option<Vec<LiquidationAction>>,
}

crate::keyed_filter!(flat LiquidationPlanLineFilter, "store" store StoreCode);

impl LiquidationPlanLineFilter {
    fn read(filter: Option<Self>) -> Answer<LineFilter> {
        let Self { store, status, state, action } = filter.unwrap_or_default();
        Ok(LineFilter {
            seen: None,
            stores: store.and_then(|ids| ids.ids(&["filter", "store"]).transpose()).transpose()?,
            states: of_both(status, state).map(|states| states.into_iter().map(Into::into).collect()),
            actions: action.map(|actions| actions.into_iter().map(Into::into).collect()),
        })
    }
}

/// Whether a line of a dry run is one of those that the filter is about.
fn fits(filter: &LineFilter, line: &core::PlanLine) -> bool {
    filter.stores.as_ref().is_none_or(|stores| stores.contains(&line.store))
        && filter.states.as_ref().is_none_or(|states| states.contains(&line.state.word()))
        && filter.actions.as_ref().is_none_or(|actions| actions.contains(&line.act.word()))
}

/// Proposals for dead and slow stock, as they were worked out at one time. Approved lines become drafts of transfers, returns to suppliers, prices and removals, and
/// are followed to their result.
#[resolvers(requires = PurchaseRead)]
impl LiquidationPlan {
    /// ID of the plan.
    pub async fn id(&self) -> ID {
        ID(self.plan.id.to_string())
    }
    /// Status of the plan.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> LiquidationPlanStatus {
        self.plan.state.into()
    }
    /// Day of the plan, in the tenant's time zone.
    async fn business_date(&self) -> Date {
        Date(self.plan.business_date)
    }
    /// Time at which the plan was made.
    async fn made_at(&self) -> DateTime {
        DateTime(self.plan.made_at)
    }
    /// Sequence number of the last event before the plan's facts were read.
    async fn seq(&self) -> Long {
        Long(self.plan.seq)
    }
    /// Monday of the first week of the forecast run behind the plan. Null where there was none.
    async fn forecast_week(&self) -> Option<Date> {
        self.plan.forecast_week.map(Date)
    }
    /// Stores that the plan is for. Empty for all.
    #[field(list_size(assumed = 5))]
    async fn stores(&self, ctx: &Context<'_>) -> Answer<Vec<Store>> {
        let mut stores = Vec::with_capacity(self.plan.stores.len());
        for store in &self.plan.stores {
            stores.push(links::store(ctx, *store).await?);
        }
        Ok(stores)
    }
    /// Currency of all amounts: the company's own.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.plan.currency.to_string())
    }
    /// Number of lines.
    async fn line_count(&self) -> Long {
        Long(self.plan.line_count)
    }
    /// Number of proposals beyond the 2,000 of the largest value, for which the plan has no lines.
    async fn left_out(&self) -> Long {
        Long(self.plan.left_out)
    }
    /// Cost of the units in the plan, of lines that the caller sees. Null without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        let (value, _) = self.sums(ctx).await?;
        Ok(Some(money(value, self.plan.currency)))
    }
    /// Recovery that is expected of all lines that the caller sees. Bounds of parts do not add up to the bounds of the sum: these are the outermost. Null
    /// without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn expected(&self, ctx: &Context<'_>) -> Answer<Option<LiquidationRecovery>> {
        let (_, expected) = self.sums(ctx).await?;
        Ok(Some(LiquidationRecovery::of(expected, self.plan.currency)))
    }
    /// Amount that the plan's lines have brought so far, of those that the caller sees, beside the expected one. Null before a
    /// line is approved, and without product.cost.read.
    #[field(mask = ProductCostRead, cost = "20")]
    async fn result(&self, ctx: &Context<'_>) -> Answer<Option<LiquidationResult>> {
        let permit = ctx.permit::<kind::PurchaseRead>()?;
        let found = shell::plan_result(&permit, ctx.given::<Ledger>()?, &self.plan).await?;
        Ok(found.map(|(recovered, expected)| LiquidationResult {
            recovered: money(recovered, self.plan.currency),
            expected: LiquidationRecovery::of(expected, self.plan.currency),
        }))
    }
    /// Member or integration that requested the plan.
    async fn made_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.plan.actor).await
    }
    /// Member in whose name a job advances the plan each night, from 02:00 in the tenant's time zone on. Null: liquidationPlanAdvance alone does.
    async fn advanced_by(&self, ctx: &Context<'_>) -> Answer<Option<Actor>> {
        let Some(member) = self.plan.advanced_by else { return Ok(None) };
        actor(ctx, prelude::Actor::member(member)).await.map(Some)
    }
    /// Version of the plan: 1 when it was made, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.plan.version)
    }
    /// Time of the plan's last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.plan.updated_at)
    }
    /// Lines of the caller's stores, or to them, the largest value first; without product.cost.read by product and store.
    #[field(permit = PurchaseRead, paged)]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores, states and actions to include. Null for all.")] filter: Option<LiquidationPlanLineFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<LiquidationPlanLineConnection> {
        let filter = LiquidationPlanLineFilter::read(by_ids(ctx, filter, "filter").await?)?;
        let order = shell::line_order(&permit);
        let (signer, kind) = (ctx.given::<CursorSigner>()?, format!("{}:{}", order.name(), self.plan.id));
        let mut request = PageArgs { first, after, last, before }.check(&kind, signer, MOST_A_PAGE)?;
        let ledger = ctx.given::<Ledger>()?;
        let (page, all) = if let Some(lines) = &self.lines {
            let all = lines.iter().filter(|line| fits(&filter, line)).map(|line| (line.clone(), order.keys(line)));
            let mut all: Vec<_> = all.collect();
            all.sort_by(|one, other| one.1.cmp(&other.1));
            let count = all.len();
            request = request.among(&all);
            (request.pick(all).into_iter().map(|(line, _)| line).collect(), Err(count))
        } else {
            let listed = shell::line_page(&permit, ledger.database(), (self.plan.id, filter), &request).await?;
            (listed.rows, Ok(listed.source))
        };
        let results = shell::line_results(&permit, ledger, &self.plan, &page).await?;
        let nodes = page.into_iter().map(|line| {
            let (keys, recovered) = (order.keys(&line), results.get(&line.id).copied());
            (LiquidationPlanLine::new(line, self.plan.currency, recovered), keys)
        });
        let page = Page::build(nodes.collect(), &request, kind, signer);
        Ok(match all {
            Ok(source) => page.counted(permit.scope(ledger.database()), source).into(),
            Err(count) => page.of_known(count).into(),
        })
    }
}

impl LiquidationPlan {
    /// What its units cost, in minor units, and what is expected of them, of lines that the caller sees: in a dry run of all, which no table has.
    async fn sums(&self, ctx: &Context<'_>) -> Answer<(i64, core::Recovery)> {
        if self.lines.is_some() {
            return Ok((self.plan.value_minor, self.plan.expected));
        }
        let permit = ctx.permit::<kind::PurchaseRead>()?;
        Ok(shell::plan_sums(&permit, ctx.given::<Ledger>()?.database(), &self.plan).await?)
    }
}

/// Result of approved lines.
#[derive(SimpleObject)]
pub struct LiquidationResult {
    /// Amount that the lines have brought so far.
    pub recovered: Money,
    /// Amount that was expected of the lines until their last days.
    pub expected: LiquidationRecovery,
}

/// The plan of an id.
pub async fn find_plan(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<LiquidationPlan>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let id = LiquidationPlanId::from_uuid(id);
    let found = shell::find_plan(&permit, ctx.given::<Ledger>()?.database(), id).await?;
    Ok(found.map(Into::into))
}
