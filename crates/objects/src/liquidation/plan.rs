//! A plan as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::{self, LiquidationPlanId};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::liquidation::{
    core,
    rows::{self, LineFilter},
    shell,
};
use tokio::sync::OnceCell;

use super::{
    enums::LiquidationPlanStatus,
    line::{LiquidationPlanLine, LiquidationPlanLineConnection},
    line_filter::{LiquidationPlanLineFilter, LiquidationPlanLineSort},
    option::{LiquidationRecovery, money},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::{CurrencyCode, Cursor, Date, DateTime, Long},
    },
    identity::{Actor, actor},
    keyed_filters::resolve_filter_keys,
    purchasing::links::{self, MAX_PAGE_SIZE, Money, Store},
};

/// A plan's row.
#[derive(Clone)]
pub struct LiquidationPlan {
    pub plan: Arc<core::Plan>,
    /// Lines of a dry run, which are kept nowhere else.
    pub lines: Option<Arc<Vec<core::PlanLine>>>,
    /// Cost and expected recovery of the lines that the caller sees, computed when a field first
    /// needs them.
    sums: Arc<OnceCell<(i64, core::Recovery)>>,
}

crate::connection!(counted LiquidationPlanConnection, LiquidationPlanEdge, LiquidationPlan, "plans of liquidation");

impl From<core::Plan> for LiquidationPlan {
    fn from(plan: core::Plan) -> Self {
        Self::new(plan, None)
    }
}

impl LiquidationPlan {
    /// With the lines of a dry run.
    pub fn new(plan: core::Plan, lines: Option<Vec<core::PlanLine>>) -> Self {
        Self { plan: Arc::new(plan), lines: lines.map(Arc::new), sums: Arc::default() }
    }
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
    /// Time at which the plan was created.
    #[field(was("madeAt", "2026-11-29"))]
    async fn created_at(&self) -> DateTime {
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
    #[field(mask = ProductCostRead, cost = "10")]
    async fn value(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        let (value, _) = self.sums(ctx).await?;
        Ok(Some(money(value, self.plan.currency)))
    }
    /// Recovery that is expected of all lines that the caller sees. Bounds of parts do not add up to the bounds of the sum: these are the outermost. Null
    /// without product.cost.read.
    #[field(mask = ProductCostRead, cost = "10")]
    async fn expected(&self, ctx: &Context<'_>) -> Answer<Option<LiquidationRecovery>> {
        let (_, expected) = self.sums(ctx).await?;
        Ok(Some(LiquidationRecovery::of(expected, self.plan.currency)))
    }
    /// Amount that the plan's lines have brought so far, of those that the caller sees, beside the expected one. Null before a
    /// line is approved, and without product.cost.read.
    #[field(mask = ProductCostRead, cost = "20")]
    async fn result(&self, ctx: &Context<'_>) -> Answer<Option<LiquidationResult>> {
        let permit = ctx.permit::<kind::PurchaseRead>()?;
        let plan_totals = shell::plan_result(&permit, ctx.required_data::<Ledger>()?, &self.plan).await?;
        Ok(plan_totals.map(|(recovered, expected)| LiquidationResult {
            recovered: money(recovered, self.plan.currency),
            expected: LiquidationRecovery::of(expected, self.plan.currency),
        }))
    }
    /// Member or integration that requested the plan.
    #[field(was("madeBy", "2026-11-29"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
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
    /// Lines of the caller's stores, or to them, the largest value first unless another order is asked for; without product.cost.read by product and store.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the lines; all lines by default.")] filter: Option<LiquidationPlanLineFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the lines. Null for VALUE, DESC, and without product.cost.read for PRODUCT, ASC.")]
        sort: Option<LiquidationPlanLineSort>,
    ) -> Answer<LiquidationPlanLineConnection> {
        let currency = self.plan.currency;
        let mut filter = LiquidationPlanLineFilter::read(ctx, resolve_filter_keys(ctx, filter, "filter").await?, currency)?;
        let sorted = LiquidationPlanLineSort::sorted(ctx, sort, shell::line_order(&permit))?;
        let (signer, kind) = (ctx.required_data::<CursorSigner>()?, format!("{}:{}", sorted.kind(rows::LINES), self.plan.id));
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let (ledger, dry_run_lines) = (ctx.required_data::<Ledger>()?, self.lines.as_ref().map(|lines| lines.as_slice()));
        let db = ledger.database();
        let is_vague = Box::pin(shell::complete_filter(&permit, db, &mut filter, (self.plan.id, dry_run_lines))).await?;
        if let Some(lines) = dry_run_lines {
            // Lines of a dry run have recovered nothing.
            let matching_lines = lines.iter().filter(|line| filter.holds(&|part: &LineFilter| part.fits(line))).cloned();
            let node = |line: core::PlanLine| {
                let keys = sorted.keys(&line);
                (LiquidationPlanLine::new(line, currency, None), keys)
            };
            let sorted_nodes = (matching_lines.map(node).collect(), rows::is_descending(sorted));
            return Ok(Page::of_all_sorted(sorted_nodes, &request, kind, signer).with_inexact_count(is_vague).into());
        }
        let listing = shell::line_page(&permit, db, (self.plan.id, &filter), sorted, &request).await?;
        let results = shell::line_results(&permit, ledger, &self.plan, &listing.rows).await?;
        let nodes = listing.rows.into_iter().map(|line| {
            let (keys, recovered) = (sorted.keys(&line), results.get(&line.id).copied());
            (LiquidationPlanLine::new(line, currency, recovered), keys)
        });
        let page = Page::build(nodes.collect(), &request, kind, signer);
        Ok(page.with_count_source(permit.scope(db), listing.source).with_inexact_count(is_vague).into())
    }
}

impl LiquidationPlan {
    /// Returns the cost of the units, in minor units, and their expected recovery, of the lines
    /// that the caller sees; in a dry run of all lines, as no table has them.
    async fn sums(&self, ctx: &Context<'_>) -> Answer<(i64, core::Recovery)> {
        if self.lines.is_some() {
            return Ok((self.plan.value_minor, self.plan.expected));
        }
        let (permit, db) = (ctx.permit::<kind::PurchaseRead>()?, ctx.required_data::<Ledger>()?.database());
        Ok(*self.sums.get_or_try_init(|| Box::pin(shell::plan_sums(&permit, db, &self.plan))).await?)
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
    let plan = shell::find_plan(&permit, ctx.required_data::<Ledger>()?.database(), id).await?;
    Ok(plan.map(Into::into))
}
