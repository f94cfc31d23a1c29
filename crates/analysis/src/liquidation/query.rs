//! Reading criteria, dead stock and plans.

use async_graphql::{Context, Enum, ID, InputObject};
use entity::prelude;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{paging::CursorSigner, path, storage::Nested};
use services::liquidation::{
    rows::{self, PlanSort as By, PlansSorted},
    shell,
};

use super::{
    dead_stock::{DeadStockConnection, DeadStockFilter, DeadStockItem, DeadStockTotals},
    enums::LiquidationPlanStatus,
    plan::{LiquidationPlan, LiquidationPlanConnection},
    score::LiquidationActionScore,
    settings::LiquidationSettings,
};
use crate::{
    catalog::{Direction, ProductFilter, product_ids_within},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{DateTimeFilter, intersect_values},
        nested::read_nested,
        scalars::{Cursor, Date},
    },
    keyed_filters::resolve_filter_keys,
    orders::filters::span,
    periods::resolve_filter_periods,
    purchasing::links::{MAX_PAGE_SIZE, argument},
    reports::{filter::require_no_channel, page::ReportPaging},
};

/// Days that a score is of at most.
const MAX_DAYS: i32 = 400;

/// Plans. All conditions hold; one that is null is absent.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LiquidationPlanFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<LiquidationPlanFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<LiquidationPlanFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<LiquidationPlanFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<LiquidationPlanStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<LiquidationPlanStatus>>,
    /// Time at which the plan was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the plan last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(LiquidationPlanFilter);
crate::dated_filter!(LiquidationPlanFilter, [] "createdAt" created_at, "updatedAt" updated_at);

impl LiquidationPlanFilter {
    /// The filter as rows understand it.
    fn read(self) -> Answer<Nested<rows::PlanFilter>> {
        read_nested(self, &mut |filter: Self, _| {
            let states = intersect_values(filter.status, filter.state);
            let states = states.map(|all| all.into_iter().map(prelude::LiquidationPlanState::from).collect());
            Ok(rows::PlanFilter {
                states,
                made: filter.created_at.map(|test| span(&test)).unwrap_or_default(),
                updated: filter.updated_at.map(|test| span(&test)).unwrap_or_default(),
            })
        })
    }
}

/// Sort order of a list of plans of liquidation; plans with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct LiquidationPlanSort {
    /// Field by which the plans are sorted.
    pub field: LiquidationPlanSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which plans of liquidation can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationPlanSortField {
    /// Time at which the plan was created.
    CreatedAt,
    /// Time of the plan's last change.
    UpdatedAt,
    /// Deprecated name of `CREATED_AT`.
    #[graphql(deprecation = "2026-11-29: use CREATED_AT. Removed after 2027-11-29.")]
    MadeAt,
}

impl From<LiquidationPlanSortField> for By {
    fn from(field: LiquidationPlanSortField) -> Self {
        match field {
            LiquidationPlanSortField::CreatedAt | LiquidationPlanSortField::MadeAt => Self::MadeAt,
            LiquidationPlanSortField::UpdatedAt => Self::UpdatedAt,
        }
    }
}

crate::sorts::rows_sorted!(LiquidationPlanSort => PlansSorted);

/// The root fields of liquidation.
#[derive(Default)]
pub struct LiquidationQuery;

#[resolvers]
impl LiquidationQuery {
    /// Dead and slow stock by the criteria of `liquidationSettings`, the largest value first, with all that can be done about it and what that is expected to bring.
    /// Without product.cost.read, what is worth most at its price comes first.
    ///
    /// Requires report.read. Costs 100.
    #[field(permit = ReportRead, cost = "100", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn dead_stock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products, stores and best actions to include. Null for all.")] filter: Option<DeadStockFilter>,
        #[graphql(
            desc = "Products to include, besides those of `filter`; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<DeadStockConnection> {
        require_no_channel(&permit)?;
        let mut stock_filter = DeadStockFilter::read(resolve_filter_keys(ctx, filter, "filter").await?)?;
        stock_filter.products = product_ids_within(ctx, product, stock_filter.products).await?;
        let list = if permit.caller().sees_costs() { "deadStock" } else { "deadStock:PRICE" };
        let paging = ReportPaging::of(ctx, list, &PageArgs { first, after, last, before })?;
        let report = Box::pin(shell::dead_stock(ctx.required_data::<Ledger>()?, permit, stock_filter)).await?;
        let currency = report.source.currency;
        let page = paging.page(report.rows, |proposal| DeadStockItem::new(proposal, currency));
        Ok(DeadStockConnection::new(page, DeadStockTotals::new(report.totals, currency), report.source))
    }

    /// Criteria of dead and slow stock, or the default ones.
    #[field(permit = ReportRead)]
    async fn liquidation_settings(&self, ctx: &Context<'_>) -> Answer<LiquidationSettings> {
        let (settings, currency) = shell::find_settings(&permit, ctx.required_data::<Ledger>()?.database()).await?;
        Ok(LiquidationSettings::new(settings, currency))
    }

    /// Approved lines by action, compared with what was expected of them: lines of stores of the caller's, or to them, that were scored seven days after their last day.
    /// An action without lines is left out.
    ///
    /// Requires purchase.read. Costs 20.
    #[field(permit = PurchaseRead, cost = "20", list_size(assumed = 5))]
    async fn liquidation_score(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "First day of `until`.")] from: Date,
        #[graphql(desc = "Last day of `until`, inclusive; at most 400 days.")] to: Date,
    ) -> Answer<Vec<LiquidationActionScore>> {
        if to.0 < from.0 || i64::from(to.0) - i64::from(from.0) >= i64::from(MAX_DAYS) {
            return Err(TopError::bad_input(format!("to is a day of the {MAX_DAYS} from `from` on"), path!["to"]));
        }
        let sums = shell::action_sums(&permit, ctx.required_data::<Ledger>()?.database(), (from.0, to.0)).await?;
        Ok(sums.into_iter().map(LiquidationActionScore).collect())
    }

    /// Plans of liquidation, the newest first unless another order is asked for. Plans are kept for 400 days.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn liquidation_plans(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the plans. Null for all.")] filter: Option<LiquidationPlanFilter>,
        #[graphql(desc = "Sort of the plans. Null for CREATED_AT, DESC.")] sort: Option<LiquidationPlanSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<LiquidationPlanConnection> {
        let filter = resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read()?;
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = LiquidationPlanSort::sorted(sort);
        let list = sorted.kind(rows::PLANS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let page_rows = shell::plan_page(&permit, db, &filter, sorted, &request).await?;
        let nodes = page_rows.rows.into_iter().map(|plan| {
            let keys = sorted.keys(&plan);
            (LiquidationPlan::from(plan), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), page_rows.source).into())
    }

    /// A plan of liquidation. Null when there is none.
    #[field(permit = PurchaseRead)]
    async fn liquidation_plan(&self, ctx: &Context<'_>, #[graphql(desc = "Plan.")] id: ID) -> Answer<Option<LiquidationPlan>> {
        let id: prelude::LiquidationPlanId = argument(&id, || path!["id"])?;
        Ok(shell::find_plan(&permit, ctx.required_data::<Ledger>()?.database(), id).await?.map(Into::into))
    }
}
