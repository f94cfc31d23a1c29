//! A plan as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::ReplenishmentPlanId;
use iam::access::{Reach, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::replenishment::{
    core,
    rows::{self, LineFilter},
    shell,
};

use super::{
    enums::ReplenishmentPlanStatus,
    line::{ReplenishmentPlanLine, ReplenishmentPlanLineConnection},
    line_filter::{ReplenishmentPlanLineFilter, ReplenishmentPlanLineSort},
};
use crate::{
    catalog::Supplier,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::{Cursor, Date, DateTime, Long},
    },
    identity::{Actor, actor},
    keyed_filters::resolve_filter_keys,
    purchasing::links::{self, MAX_PAGE_SIZE, Money, Store},
};

/// A plan's row.
#[derive(Clone)]
pub struct ReplenishmentPlan {
    pub plan: Arc<core::Plan>,
    /// Lines of a dry run, which are kept nowhere else.
    pub lines: Option<Arc<Vec<core::PlanLine>>>,
}

crate::connection!(counted ReplenishmentPlanConnection, ReplenishmentPlanEdge, ReplenishmentPlan, "plans of replenishment");

impl From<core::Plan> for ReplenishmentPlan {
    fn from(plan: core::Plan) -> Self {
        Self { plan: Arc::new(plan), lines: None }
    }
}

/// Proposals to move and to buy, from the newest forecast, stock, drafts and policies at one time. Approved lines become drafts of purchase orders and transfers.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentPlan {
    /// ID of the plan.
    pub async fn id(&self) -> ID {
        ID(self.plan.id.to_string())
    }
    /// Status of the plan.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> ReplenishmentPlanStatus {
        self.plan.state.into()
    }
    /// Day of the plan, in the tenant's time zone.
    async fn business_date(&self) -> Date {
        Date(self.plan.business_date)
    }
    /// True if the plan was made at night, and not on demand.
    async fn is_nightly(&self) -> bool {
        self.plan.is_nightly
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
        futures_util::future::try_join_all(self.plan.scope.stores.iter().map(|store| links::store(ctx, *store))).await
    }
    /// Supplier whose products alone the plan is for. Null for all.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.plan.scope.supplier?).await)
    }
    /// Limit of what purchases may cost together. Null without a limit, and for a caller whose purchase.read is for some stores.
    #[field(mask = ProductCostRead)]
    async fn budget(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        // The budget is for the whole company.
        let is_everywhere = ctx.permit::<kind::PurchaseRead>()?.reach() == Reach::Everywhere;
        Ok(self.plan.budget.filter(|_| is_everywhere).map(Money::from))
    }
    /// Number of lines, those that are CUT among them.
    async fn line_count(&self) -> Long {
        Long(self.plan.line_count)
    }
    /// Number of lines that the budget had no place for.
    async fn cut_count(&self) -> Long {
        Long(self.plan.cut_count)
    }
    /// Number of proposals beyond the 20,000 most urgent, for which the plan has no lines.
    async fn left_out(&self) -> Long {
        Long(self.plan.left_out)
    }
    /// Sums of purchases that are neither CUT nor REFUSED, so approved ones and those that can be approved, one a currency: of lines for stores of the caller's.
    /// Null without product.cost.read.
    #[field(mask = ProductCostRead, cost = "5", list_size(assumed = 3))]
    async fn costs(&self, ctx: &Context<'_>) -> Answer<Option<Vec<Money>>> {
        // All lines of a dry run are the caller's, and no table has them.
        let costs = if self.lines.is_some() {
            self.plan.costs.clone()
        } else {
            shell::plan_costs(&ctx.permit::<kind::PurchaseRead>()?, ctx.required_data::<Ledger>()?.database(), &self.plan).await?
        };
        Ok(Some(costs.into_iter().map(Money::from).collect()))
    }
    /// Member or integration that requested the plan, or the system.
    #[field(was("madeBy", "2026-11-29"))]
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.plan.actor).await
    }
    /// Version of the plan: 1 when it was made, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.plan.version)
    }
    /// Time of the plan's last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.plan.updated_at)
    }
    /// Lines to or from stores of the caller's, the most urgent first unless another order is asked for.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the lines; all lines by default.")] filter: Option<ReplenishmentPlanLineFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the lines. Null for URGENCY, ASC.")] sort: Option<ReplenishmentPlanLineSort>,
    ) -> Answer<ReplenishmentPlanLineConnection> {
        let mut filter = ReplenishmentPlanLineFilter::read(ctx, resolve_filter_keys(ctx, filter, "filter").await?)?;
        let sorted = ReplenishmentPlanLineSort::sorted(ctx, sort)?;
        let (signer, kind) = (ctx.required_data::<CursorSigner>()?, format!("{}:{}", sorted.kind(rows::LINES), self.plan.id));
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let (db, dry_run_lines) = (ctx.required_data::<Ledger>()?.database(), self.lines.as_ref().map(|lines| lines.as_slice()));
        let is_vague = Box::pin(shell::complete_filter(&permit, db, &mut filter, (self.plan.id, dry_run_lines))).await?;
        let node = |line: core::PlanLine| {
            let keys = sorted.keys(&line);
            (ReplenishmentPlanLine::from(line), keys)
        };
        if let Some(lines) = dry_run_lines {
            let matching_lines = lines.iter().filter(|line| filter.holds(&|part: &LineFilter| part.fits(line)));
            let nodes: Vec<_> = matching_lines.cloned().map(node).collect();
            return Ok(Page::of_all_sorted((nodes, sorted.descending), &request, kind, signer)
                .with_inexact_count(is_vague)
                .into());
        }
        let listing = shell::line_page(&permit, db, (self.plan.id, &filter), sorted, &request).await?;
        let page = Page::build(listing.rows.into_iter().map(node).collect(), &request, kind, signer);
        Ok(page.with_count_source(permit.scope(db), listing.source).with_inexact_count(is_vague).into())
    }
}

/// The plan of an id.
pub async fn find_plan(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<ReplenishmentPlan>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let id = ReplenishmentPlanId::from_uuid(id);
    let plan = shell::find_plan(&permit, ctx.required_data::<Ledger>()?.database(), id).await?;
    Ok(plan.map(Into::into))
}
