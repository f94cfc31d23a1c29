//! A line of a plan as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude;
use macros::resolvers;
use platform::storage::Fault;
use services::{
    demand::core::round6,
    replenishment::core::{self, Document},
};

use super::enums::{
    ReplenishmentIssue, ReplenishmentLineKind, ReplenishmentLineStatus, ReplenishmentOutcome, ReplenishmentPolicyKind,
    ReplenishmentReasonCode, SafetyStockMethod,
};
use crate::{
    catalog::Supplier,
    forecasting::DemandClass,
    graphql::{
        fault::Answer,
        scalars::{Date, Quantity},
    },
    identity::{Actor, actor},
    purchasing::{
        self, PurchaseOrder,
        links::{self, Money, Product, Store},
    },
    transfers::{self, Transfer},
};

/// A line's row.
#[derive(Clone)]
pub struct ReplenishmentPlanLine(pub Arc<core::PlanLine>);

crate::connection!(counted ReplenishmentPlanLineConnection, ReplenishmentPlanLineEdge, ReplenishmentPlanLine, "lines of a plan");

impl From<core::PlanLine> for ReplenishmentPlanLine {
    fn from(line: core::PlanLine) -> Self {
        Self(Arc::new(line))
    }
}

/// A number that a reason names.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReplenishmentNumber {
    /// Name of the number, as in "minimum".
    pub name: String,
    /// Number; of units the product's smallest, of times days.
    pub value: f64,
}

/// Reason for a line.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReplenishmentReason {
    /// Subject of the reason, as a stable code.
    pub code: ReplenishmentReasonCode,
    /// Reason in words, in whole units.
    pub text: String,
    /// Numbers that the words name.
    pub numbers: Vec<ReplenishmentNumber>,
}

impl From<&core::Reason> for ReplenishmentReason {
    fn from(reason: &core::Reason) -> Self {
        let number = |(name, value): &(String, f64)| ReplenishmentNumber { name: name.clone(), value: *value };
        Self { code: reason.code.into(), text: reason.text.clone(), numbers: reason.numbers.iter().map(number).collect() }
    }
}

fn units(number: i64) -> Quantity {
    let limit = entity::quantity::MAX_SAFE;
    Quantity(prelude::Quantity::new(number.clamp(-limit, limit)).unwrap_or_default())
}

/// A line's figures.
pub struct ReplenishmentFigures(Arc<core::PlanLine>);

/// Each step from stock to quantity, as it was when the plan was made. Quantities are in the product's smallest unit.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentFigures {
    /// Kind of the policy, or of the default where there is none.
    async fn policy_kind(&self) -> ReplenishmentPolicyKind {
        self.0.figures.rule.into()
    }
    /// Share of order cycles without running out that is promised, or of units with FILL_RATE. Null where the kind promises none.
    async fn service_level(&self) -> Option<f64> {
        self.0.figures.service
    }
    /// Method by which stock was found that keeps the service level. Null where the kind promises none, and in lines of earlier releases.
    async fn safety_stock_method(&self) -> Option<SafetyStockMethod> {
        self.0.figures.method.map(Into::into)
    }
    /// Units available in the store, in the product's smallest unit.
    async fn available(&self) -> Quantity {
        units(self.0.figures.available)
    }
    /// Units that are ordered from suppliers and have not come, in the product's smallest unit.
    async fn incoming(&self) -> Quantity {
        units(self.0.figures.incoming)
    }
    /// Units on their way from another store, in the product's smallest unit.
    async fn in_transit(&self) -> Quantity {
        units(self.0.figures.in_transit)
    }
    /// Units that open orders are owed beyond stock, in the product's smallest unit.
    async fn backordered(&self) -> Quantity {
        units(self.0.figures.owed)
    }
    /// Units in drafts of purchase orders and transfers to the store, which are in no other value yet, in the product's smallest unit.
    async fn drafted(&self) -> Quantity {
        units(self.0.figures.drafted)
    }
    /// Position in the product's smallest unit: available + incoming + inTransit + drafted − backordered.
    async fn position(&self) -> Quantity {
        units(self.0.figures.position)
    }
    /// Units that the sending store could spare, in the product's smallest unit. Null for a purchase.
    async fn surplus(&self) -> Option<Quantity> {
        self.0.figures.surplus.map(units)
    }
    /// Cost of moving the line, by the settings of liquidation. Null where it costs nothing, and for other kinds than a transfer.
    #[field(mask = ProductCostRead)]
    async fn freight(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.figures.freight.map(Money::from)
    }
    /// Cost that moving the line saves: of buying the units, less their own cost, and of keeping the surplus for at most a year. Null where `freight` is.
    #[field(mask = ProductCostRead)]
    async fn saving(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.figures.saving.map(Money::from)
    }
    /// Lead time in days: the mean of the supplier's last deliveries where five are known, else as catalogue or supplier say, else 7. With a calendar
    /// of the supplier, the days until what a later plan can order arrives, less the days between plans.
    async fn lead_time_days(&self) -> f64 {
        round6(self.0.figures.lead_days)
    }
    /// Mean demand of the coming week, in units.
    async fn weekly_demand(&self) -> f64 {
        round6(self.0.figures.weekly)
    }
    /// Mean demand over the lead time, in units.
    async fn lead_time_demand(&self) -> f64 {
        round6(self.0.figures.lead_demand)
    }
    /// Mean units of demand between the moment at which the position passes the point and the plan of the night that sees it, in the product's smallest
    /// unit: Σx² ÷ 2Σx − ½ over the units x of days with sales; (σ² + μ²) ÷ 2μ − ½ with the mean μ and the variance σ² of a day's units where these days are
    /// unknown. The point lasts for them and the lead time. Null for MIN_MAX,
    /// PERIODIC, TARGET_DAYS and NORMAL, which do not count them, without a forecast, where too few errors are known, where a year's sales bound the point, and
    /// in lines of earlier releases.
    async fn undershoot_units(&self) -> Option<f64> {
        self.0.figures.undershoot.map(round6)
    }
    /// Point before it was rounded up.
    async fn exact_point(&self) -> f64 {
        round6(self.0.figures.exact_point)
    }
    /// Target before it was rounded up.
    async fn exact_up_to(&self) -> f64 {
        round6(self.0.figures.exact_up_to)
    }
    /// Position at or below which the product is ordered, in the product's smallest unit.
    async fn point(&self) -> Quantity {
        units(self.0.figures.point)
    }
    /// Target that the position is filled up to, in the product's smallest unit.
    async fn up_to(&self) -> Quantity {
        units(self.0.figures.up_to)
    }
    /// Units that lines before this one move from other stores, in the product's smallest unit.
    async fn moved(&self) -> Quantity {
        units(self.0.figures.moved)
    }
    /// Units that are missing to the target, at least the supplier's minimum, in the product's smallest unit.
    async fn needed(&self) -> Quantity {
        units(self.0.figures.needed)
    }
    /// Units after a price break that was taken, in the product's smallest unit; whole packs of it are the quantity.
    async fn after_price_break(&self) -> Quantity {
        units(self.0.figures.after_break)
    }
    /// Units of mean demand that would be missed without the line, until a week after the next delivery.
    async fn units_at_risk(&self) -> f64 {
        round6(self.0.figures.at_risk)
    }
    /// Chance, 0 to 1, that the position is gone before the arrival of goods that are ordered on the day of the plan: without the line, or with
    /// CANCEL_INCOMING after it. By the measured errors of forecasts over the lead times of the supplier. Null without a forecast of demand, where too few
    /// errors are known, and in lines of earlier releases.
    async fn stockout_probability(&self) -> Option<f64> {
        self.0.figures.stockout.map(round6)
    }
    /// Units of the position and the line that are expected to be left 26 weeks after the plan, in the product's smallest unit; with CANCEL_INCOMING of the
    /// position after it. By the same errors. Null where `stockoutProbability` is null.
    async fn overstock_units(&self) -> Option<f64> {
        self.0.figures.overstock.map(round6)
    }
}

/// A proposal's score.
pub struct ReplenishmentLineScore(core::LineScore);

/// Comparison of a proposal with what happened from the day of the plan until the day before the delivery was due, or where orders are made on review days that of the next review. Quantities are in the product's smallest unit.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentLineScore {
    /// Outcome of the proposal.
    async fn outcome(&self) -> ReplenishmentOutcome {
        self.0.outcome.into()
    }
    /// Units that were ordered, less cancelled ones and those taken back, in the product's smallest unit.
    async fn demand(&self) -> Quantity {
        units(self.0.demand)
    }
    /// `demand`, with an estimate for the days without stock, whose demand is not known, in the product's smallest unit. Null of proposals that were scored before this was kept.
    async fn estimated_demand(&self) -> Option<Quantity> {
        self.0.estimated_demand.map(units)
    }
    /// True if `estimatedDemand` was at most the point that the proposal rests on, less its `undershootUnits`.
    async fn is_within(&self) -> bool {
        self.0.is_within
    }
    /// Days that closed without stock.
    async fn out_days(&self) -> i32 {
        self.0.out_days
    }
    /// Units available when the proposal was scored, in the product's smallest unit; below 0 when more was promised
    /// than there was.
    async fn left(&self) -> Quantity {
        units(self.0.left)
    }
    /// Units available above the target when the proposal was scored, in the product's smallest unit; 0 for a REFUSED
    /// one.
    async fn excess(&self) -> Quantity {
        units(self.0.excess)
    }
    /// Point of a naive policy: the units that the 28 days before the plan sold, over the time that the proposal's point covers. Null of proposals that were scored before this was kept.
    async fn naive_point(&self) -> Option<Quantity> {
        self.0.naive_point.map(units)
    }
    /// True if `estimatedDemand` was at most the point of the naive policy. Null where that is unknown.
    async fn is_naive_within(&self) -> Option<bool> {
        self.0.is_naive_within()
    }
}

/// Proposal to move a product to a store, to buy it for one, or to cut what is on order for it.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentPlanLine {
    /// ID of the line, for replenishmentPlanApprove.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Place in the plan, from 1; the most urgent line is the first.
    async fn position(&self) -> i32 {
        self.0.position
    }
    /// Kind of the line.
    async fn kind(&self) -> ReplenishmentLineKind {
        self.0.kind.word().into()
    }
    /// Status of the line.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> ReplenishmentLineStatus {
        self.0.state.word().into()
    }
    /// Reason for which the line is REFUSED or CUT. Null in other states.
    async fn issue(&self) -> Option<ReplenishmentIssue> {
        self.0.state.issue().map(Into::into)
    }
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// Store that needs the product, or that needs no more of it.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.store).await
    }
    /// Store that sends the product. Null for a purchase.
    async fn from_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.0.kind.source_store()?).await)
    }
    /// Supplier of the product: the preferred one, else the product's own; for CANCEL_INCOMING that of the order. Null for a transfer, and
    /// when none is known.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.0.kind.partner()?).await)
    }
    /// Units to move, to buy or to cut, in the product's smallest unit; of a purchase whole packs.
    async fn quantity(&self) -> Quantity {
        units(self.0.quantity)
    }
    /// Whole days until the stock runs out at mean demand; 0 when it has. Null beyond 182 days, and
    /// without demand.
    async fn urgency_days(&self) -> Option<i32> {
        self.0.urgency_days
    }
    /// Cost of the goods by the supplier's catalogue, else by the product; for CANCEL_INCOMING the cost by the order that is not spent. Null for a transfer,
    /// and where no price is known.
    #[field(mask = ProductCostRead)]
    async fn cost(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.cost.map(Money::from)
    }
    /// ID of the policy that applied, which may have been removed since. Null for the default.
    async fn policy_id(&self) -> Option<ID> {
        self.0.policy.map(|(id, _)| ID(id.to_string()))
    }
    /// Calculation of the quantity, step by step.
    #[field(was("figures", "2026-11-29"))]
    async fn calculation(&self) -> ReplenishmentFigures {
        ReplenishmentFigures(self.0.clone())
    }
    /// Reasons in words.
    #[field(list_size(assumed = 4))]
    async fn reasons(&self) -> Vec<ReplenishmentReason> {
        self.0.reasons.iter().map(Into::into).collect()
    }
    /// Class of demand in the forecast. Null without one.
    async fn demand_class(&self) -> Option<DemandClass> {
        self.0.figures.class.map(Into::into)
    }
    /// Weeks of history that the forecast knows. Null without one.
    async fn known_weeks(&self) -> Option<i32> {
        self.0.figures.known_weeks.and_then(|weeks| i32::try_from(weeks).ok())
    }
    /// Data quality of the forecast, 0 to 1. Null without one.
    async fn confidence(&self) -> Option<f64> {
        self.0.figures.confidence.map(round6)
    }
    /// Member or integration that approved the line, or the tenant's rule. Null while it is not approved, and for lines of older
    /// releases.
    async fn approved_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(actor(ctx, self.0.approved_by?).await)
    }
    /// Day on which the delivery is due, by the lead time in `calculation`. Null for CANCEL_INCOMING, and of lines that were made before this was kept.
    async fn due_on(&self) -> Option<Date> {
        self.0.due_on.map(Date)
    }
    /// Score of the proposal. Null until the night before `dueOn`, and when `dueOn` is null.
    async fn score(&self) -> Option<ReplenishmentLineScore> {
        self.0.score.map(ReplenishmentLineScore)
    }
    /// Draft of a purchase order that the line became; for CANCEL_INCOMING the order that was cut. Null unless it is APPROVED, and for a transfer.
    async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        let Some(Document::PurchaseOrder(id)) = self.0.state.document() else { return None };
        let lost = || Fault::corrupt("purchase_order", "an order stays").into();
        Some(purchasing::load_order(ctx, id).await.and_then(|found| found.ok_or_else(lost)))
    }
    /// Purchase order that the line cuts. Null unless it is CANCEL_INCOMING.
    async fn incoming_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        let id = self.0.kind.cut_order()?;
        let lost = || Fault::corrupt("purchase_order", "an order stays").into();
        Some(purchasing::load_order(ctx, id).await.and_then(|found| found.ok_or_else(lost)))
    }
    /// Draft of a transfer that the line became. Null unless it is an APPROVED transfer.
    async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
        let Some(Document::Transfer(id)) = self.0.state.document() else { return None };
        let lost = || Fault::corrupt("transfer", "a transfer stays").into();
        Some(transfers::load_transfer(ctx, id).await.and_then(|found| found.ok_or_else(lost)))
    }
}
