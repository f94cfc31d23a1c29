//! Reading policies and plans.

use async_graphql::{Context, Enum, ID, InputObject};
use entity::prelude;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{paging::CursorSigner, path, storage::Nested};
use services::replenishment::{
    rows::{self, PlanSort as By, PlansSorted},
    shell,
};

use super::{
    enums::ReplenishmentPlanStatus,
    plan::{ReplenishmentPlan, ReplenishmentPlanConnection},
    policy::{ReplenishmentPolicy, ReplenishmentPolicyConnection},
    policy_filter::{ReplenishmentPolicyFilter, ReplenishmentPolicySort},
    purchase_budget::ReplenishmentBudget,
    rule::ReplenishmentRule,
    score::ReplenishmentOutcomeScore,
};
use crate::{
    catalog::Direction,
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
};

/// Days that a score is of at most.
const MAX_DAYS: i32 = 400;

/// Plans. All conditions hold; one that is null is absent.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReplenishmentPlanFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ReplenishmentPlanFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ReplenishmentPlanFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ReplenishmentPlanFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<ReplenishmentPlanStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<ReplenishmentPlanStatus>>,
    /// Time at which the plan was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the plan last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ReplenishmentPlanFilter);
crate::dated_filter!(ReplenishmentPlanFilter, [] "createdAt" created_at, "updatedAt" updated_at);

impl ReplenishmentPlanFilter {
    /// The filter as rows understand it.
    fn read(self) -> Answer<Nested<rows::PlanFilter>> {
        read_nested(self, &mut |filter: Self, _| {
            let states = intersect_values(filter.status, filter.state);
            let states = states.map(|all| all.into_iter().map(prelude::ReplenishmentPlanState::from).collect());
            Ok(rows::PlanFilter {
                states,
                made: filter.created_at.map(|test| span(&test)).unwrap_or_default(),
                updated: filter.updated_at.map(|test| span(&test)).unwrap_or_default(),
            })
        })
    }
}

/// Sort order of a list of plans of replenishment; plans with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ReplenishmentPlanSort {
    /// Field by which the plans are sorted.
    pub field: ReplenishmentPlanSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which plans of replenishment can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentPlanSortField {
    /// Time at which the plan was created.
    CreatedAt,
    /// Time of the plan's last change.
    UpdatedAt,
    /// Deprecated name of `CREATED_AT`.
    #[graphql(deprecation = "2026-11-29: use CREATED_AT. Removed after 2027-11-29.")]
    MadeAt,
}

impl From<ReplenishmentPlanSortField> for By {
    fn from(field: ReplenishmentPlanSortField) -> Self {
        match field {
            ReplenishmentPlanSortField::CreatedAt | ReplenishmentPlanSortField::MadeAt => Self::MadeAt,
            ReplenishmentPlanSortField::UpdatedAt => Self::UpdatedAt,
        }
    }
}

crate::sorts::rows_sorted!(ReplenishmentPlanSort => PlansSorted);

/// The root fields of replenishment.
#[derive(Default)]
pub struct ReplenishmentQuery;

#[resolvers]
impl ReplenishmentQuery {
    /// Policies of replenishment, by their scope unless another order is asked for. A caller of some stores is shown theirs, and those that are for all stores.
    #[field(permit = StockPolicy, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn replenishment_policies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the policies. Null for all.")] filter: Option<ReplenishmentPolicyFilter>,
        #[graphql(desc = "Sort of the policies. Null for SCOPE, ASC.")] sort: Option<ReplenishmentPolicySort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ReplenishmentPolicyConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = ReplenishmentPolicySort::sorted(sort);
        let list = sorted.kind("replenishmentPolicies");
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let db = ctx.required_data::<Ledger>()?.database();
        let page_rows = shell::policy_page(&permit, db, (&filter, sorted), &request).await?;
        let nodes = page_rows.rows.into_iter().map(|policy| {
            let keys = sorted.keys(&policy);
            (ReplenishmentPolicy::from(policy), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), page_rows.source).into())
    }

    /// Rule by which lines of the plan of each night are approved without a person. Null before one was set: each line waits for a person.
    #[field(permit = StockPolicy)]
    async fn replenishment_rule(&self, ctx: &Context<'_>) -> Answer<Option<ReplenishmentRule>> {
        Ok(shell::find_rule(&permit, ctx.required_data::<Ledger>()?.database()).await?.map(ReplenishmentRule))
    }

    /// Budget of purchases for the whole company. Null before one was set: purchases have no limit.
    #[field(permit = StockPolicy)]
    async fn replenishment_budget(&self, ctx: &Context<'_>) -> Answer<Option<ReplenishmentBudget>> {
        Ok(shell::find_budget(&permit, ctx.required_data::<Ledger>()?.database()).await?.map(ReplenishmentBudget::from))
    }

    /// Budgets of purchases for suppliers, categories and stores, in a fixed order. A caller of some stores is shown those for one of them.
    #[field(permit = StockPolicy, list_size(assumed = 10))]
    async fn replenishment_budgets(&self, ctx: &Context<'_>) -> Answer<Vec<ReplenishmentBudget>> {
        let scope_budgets = shell::find_scope_budgets(&permit, ctx.required_data::<Ledger>()?.database()).await?;
        Ok(ReplenishmentBudget::from_batch(scope_budgets))
    }

    /// Proposals by outcome, compared with what happened until their deliveries were due: for stores of the caller's. An outcome without proposals is left out.
    ///
    /// Requires purchase.read. Costs 20.
    #[field(permit = PurchaseRead, cost = "20", list_size(assumed = 3))]
    async fn replenishment_score(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "First day of `dueOn`.")] from: Date,
        #[graphql(desc = "Last day of `dueOn`, inclusive; at most 400 days.")] to: Date,
    ) -> Answer<Vec<ReplenishmentOutcomeScore>> {
        if to.0 < from.0 || i64::from(to.0) - i64::from(from.0) >= i64::from(MAX_DAYS) {
            return Err(TopError::bad_input(format!("to is a day of the {MAX_DAYS} from `from` on"), path!["to"]));
        }
        let sums = shell::outcome_sums(&permit, ctx.required_data::<Ledger>()?.database(), (from.0, to.0)).await?;
        Ok(sums.into_iter().map(ReplenishmentOutcomeScore).collect())
    }

    /// Plans of replenishment, the newest first unless another order is asked for. Plans are kept for 400 days.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn replenishment_plans(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the plans. Null for all.")] filter: Option<ReplenishmentPlanFilter>,
        #[graphql(desc = "Sort of the plans. Null for CREATED_AT, DESC.")] sort: Option<ReplenishmentPlanSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ReplenishmentPlanConnection> {
        let filter = resolve_filter_periods(ctx, filter).await?.unwrap_or_default().read()?;
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = ReplenishmentPlanSort::sorted(sort);
        let list = sorted.kind(rows::PLANS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let page_rows = shell::plan_page(&permit, db, &filter, sorted, &request).await?;
        let nodes = page_rows.rows.into_iter().map(|plan| {
            let keys = sorted.keys(&plan);
            (ReplenishmentPlan::from(plan), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), page_rows.source).into())
    }

    /// A plan of replenishment. Null when there is none.
    #[field(permit = PurchaseRead)]
    async fn replenishment_plan(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Plan.")] id: ID,
    ) -> Answer<Option<ReplenishmentPlan>> {
        let id: prelude::ReplenishmentPlanId = argument(&id, || path!["id"])?;
        Ok(shell::find_plan(&permit, ctx.required_data::<Ledger>()?.database(), id).await?.map(Into::into))
    }
}
