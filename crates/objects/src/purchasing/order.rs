//! A purchase order as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude;
use iam::access::{Caller, Permission, kind};
use inventory::purchasing::core::{self, Action, actions_from};
use macros::resolvers;
use platform::storage::Fault;

use super::{
    blanket::{BlanketOrder, load_blanket},
    enums::{ChargeBasis, ChargeKind, PurchaseOrderStatus, PurchaseRevisionStatus},
    line::PurchaseOrderLine,
    links::{self, Actor, Money, Store},
    loaders::{ApprovalLimit, DiscrepanciesKey, GoodsReceiptsKey, load},
    rates::difference,
    receipt::{GoodsReceipt, PurchaseDiscrepancy},
};
use crate::{
    catalog::Supplier,
    costing::{StockRevaluation, charges_of_order},
    currency::FrozenRate,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{CurrencyCode, Date, DateTime, Decimal, Long},
    },
    numbering,
    papers::{Paper, has_more_papers, papers_of},
};

/// An order's row, with its lines or without.
#[derive(Clone)]
pub struct PurchaseOrder {
    row: Arc<core::PurchaseOrder>,
    is_whole: bool,
    /// Rows that a dry run would add.
    dry_run: Option<Arc<PurchaseOrderDryRun>>,
}

/// Additions of a dry run to one purchase order.
pub struct PurchaseOrderDryRun {
    pub receipts: Vec<core::GoodsReceipt>,
    pub discrepancies: Vec<core::Discrepancy>,
}

impl PurchaseOrder {
    /// With its lines and charges.
    pub fn with_loaded_lines(row: Arc<core::PurchaseOrder>) -> Self {
        Self { row, is_whole: true, dry_run: None }
    }
    /// A purchase order whose lines are read on demand.
    pub fn head(row: Arc<core::PurchaseOrder>) -> Self {
        Self { row, is_whole: false, dry_run: None }
    }
    /// Attaches the rows that a dry run would add.
    #[must_use]
    pub fn with_dry_run(self, dry_run: Option<PurchaseOrderDryRun>) -> Self {
        Self { dry_run: dry_run.map(Arc::new), ..self }
    }
    pub fn row(&self) -> &core::PurchaseOrder {
        &self.row
    }
    /// The row, to be shared with its lines.
    pub fn shared_row(&self) -> Arc<core::PurchaseOrder> {
        self.row.clone()
    }
    async fn with_lines(&self, ctx: &Context<'_>) -> Answer<Arc<core::PurchaseOrder>> {
        if self.is_whole {
            return Ok(self.row.clone());
        }
        load(ctx, self.row.id).await?.ok_or_else(|| Fault::corrupt("purchase_order", "an order stays").into())
    }
}

/// The purchase order with an ID, if it belongs to one of the caller's stores.
pub async fn load_order(ctx: &Context<'_>, id: prelude::PurchaseOrderId) -> Answer<Option<PurchaseOrder>> {
    let permit = ctx.permit::<kind::PurchaseRead>()?;
    let row = load(ctx, id).await?;
    Ok(row.filter(|order| permit.covers(order.store)).map(PurchaseOrder::with_loaded_lines))
}

/// Whether the caller may take the action on the order; a total above the limit needs another
/// approver than its author.
fn may_act(caller: &Caller, action: Action, order: &core::PurchaseOrder, limit: Option<prelude::Money>) -> bool {
    let holds = |index: usize| caller.permissions.holds(index) && caller.permissions.reach(index).covers(order.store);
    let is_approver = || caller.actor.kind == prelude::ActorKind::Member && holds(kind::PurchaseApprove::INDEX);
    match action {
        Action::Approve => is_approver() && !order.needs_other_approver(caller.actor, limit),
        Action::Reject => is_approver(),
        Action::Receive => holds(kind::PurchaseReceive::INDEX),
        Action::Update | Action::Submit | Action::Order | Action::Close | Action::Cancel | Action::Confirm | Action::Amend => {
            holds(kind::PurchaseWrite::INDEX)
        }
    }
}

/// Purchase order for products of one supplier, delivered to one store. Costs are null for callers
/// without product.cost.read.
#[resolvers(requires = PurchaseRead)]
impl PurchaseOrder {
    /// ID of the purchase order.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in PO-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: PO-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, prelude::Numbered::PurchaseOrder, self.row.number.get()).await
    }
    /// Status of the purchase order.
    async fn status(&self) -> PurchaseOrderStatus {
        self.row.status().into()
    }
    /// Supplier of the goods.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.row.supplier).await
    }
    /// Store that receives the goods.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Currency of the order's amounts, except those of charges in another one.
    async fn currency_code(&self) -> CurrencyCode {
        CurrencyCode(self.row.currency.as_str().to_owned())
    }
    /// Exchange rate that is agreed for the order: units of the currency of the books for one unit of `currencyCode`, above 0, at most 12 significant digits.
    /// Receipts take it. Null where they take the rate of their day.
    async fn fixed_rate(&self) -> Option<Decimal> {
        self.row.fixed_rate.map(|fixed| Decimal(fixed.rate.to_string()))
    }
    /// Day on which the goods are expected, in the store's time zone, unless a line states another one. Null when none was given.
    async fn expected_on(&self) -> Option<Date> {
        self.row.expected_on.map(Date)
    }
    /// The supplier's reference for the order, unique among the orders with that supplier. Null where none was given.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Note to the supplier, sent with the order. Null where there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    tagged!("purchase order", self.row.id);
    /// Tolerance for over-delivery, in percent of a line's quantity: 0 to 100.
    #[field(was("overPercent", "2026-11-25"))]
    async fn over_delivery_percent(&self) -> i32 {
        i32::from(self.row.over_percent)
    }
    /// Tolerance for under-delivery, in percent of a line's quantity: 0 to 100. A line within it counts as complete.
    #[field(was("underPercent", "2026-11-25"))]
    async fn under_delivery_percent(&self) -> i32 {
        i32::from(self.row.under_percent)
    }
    /// Lines of the order, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<PurchaseOrderLine>> {
        let order = self.with_lines(ctx).await?;
        Ok((0..order.lines.len()).map(|index| PurchaseOrderLine::new(order.clone(), index)).collect())
    }
    /// Papers drawn of the purchase order, the newest first, at most 50. Empty while none is drawn, and for callers bound to a channel.
    async fn papers(&self, ctx: &Context<'_>) -> Answer<Vec<Paper>> {
        Box::pin(papers_of(ctx, self.row.id.uuid())).await
    }
    /// True if more papers were drawn of the purchase order than `papers` has; the root field `papers` has pages of them. False for callers bound to a channel.
    async fn has_more_papers(&self, ctx: &Context<'_>) -> Answer<bool> {
        Box::pin(has_more_papers(ctx, self.row.id.uuid())).await
    }
    /// Blanket order that the purchase order calls off from. Null where it calls off from none.
    async fn blanket_order(&self, ctx: &Context<'_>) -> Option<Answer<BlanketOrder>> {
        load_blanket(ctx, self.row.blanket?).await.transpose()
    }
    /// Freight, duty and the like, which are part of what the goods cost, and deposits, which are not.
    async fn charges(&self, ctx: &Context<'_>) -> Answer<Vec<PurchaseCharge>> {
        let order = self.with_lines(ctx).await?;
        Ok(order.charges.iter().cloned().map(PurchaseCharge).collect())
    }
    /// Charges that were added after the goods had come (purchaseOrderChargeAdd), the oldest first, as the revaluations that they are; those that were undone are
    /// among them. They are in neither `charges` nor `total`. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn added_charges(&self, ctx: &Context<'_>) -> Option<Answer<Vec<StockRevaluation>>> {
        Some(Box::pin(charges_of_order(ctx, self.row.id)).await)
    }
    /// Cost of the goods: the sum of the lines, in the order's currency. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn goods_total(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.goods.into())
    }
    /// Total cost of the order: the sum of its lines and of its charges in its currency. Charges in other currencies are left out; they
    /// count towards the approval limit. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn total(&self, ctx: &Context<'_>) -> Option<Money> {
        self.row.total().map(Money::from)
    }
    /// Rate difference: the goods received and their charges in the order's currency, by the exchange rates of the receipts' days, less the same by `fixedRate`,
    /// else by the rate of the day on which the order was placed; in the currency of the books. Above 0 where the goods became dearer. It is reported and
    /// not posted. Null before the first receipt, in the currency of the books, where there was no rate, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn rate_difference(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        Box::pin(difference(ctx, &self.row)).await.transpose()
    }
    /// True if the goods, without charges, come to less than the supplier's minimumOrderValue, as it is now. False where the supplier has none. Null where
    /// it is in another currency.
    #[field(mask = ProductCostRead, was("belowMinimum", "2026-11-27"))]
    async fn is_below_minimum(&self, ctx: &Context<'_>) -> Answer<Option<bool>> {
        let supplier = links::supplier(ctx, self.row.supplier).await?;
        Ok(self.row.is_below(supplier.0.minimum_order()))
    }
    /// Goods receipts of the order, the oldest first.
    async fn receipts(&self, ctx: &Context<'_>) -> Answer<Vec<GoodsReceipt>> {
        let goods_receipts = load(ctx, GoodsReceiptsKey(self.row.id)).await?.unwrap_or_default();
        let Some(dry_run) = &self.dry_run else {
            return Ok((0..goods_receipts.len()).map(|index| GoodsReceipt::new(goods_receipts.clone(), index)).collect());
        };
        let goods_receipts: Arc<Vec<core::GoodsReceipt>> =
            Arc::new(goods_receipts.iter().chain(&dry_run.receipts).cloned().collect());
        let receipt = |index| GoodsReceipt::new(goods_receipts.clone(), index).of_order(self.row.clone());
        Ok((0..goods_receipts.len()).map(receipt).collect())
    }
    /// Discrepancies between the goods ordered and the goods received, in the order in which they were noted.
    async fn discrepancies(&self, ctx: &Context<'_>) -> Answer<Vec<PurchaseDiscrepancy>> {
        let rows = load(ctx, DiscrepanciesKey(self.row.id)).await?.unwrap_or_default();
        let dry_run = self.dry_run.as_ref().map(|dry_run| dry_run.discrepancies.as_slice()).unwrap_or_default();
        Ok(rows.iter().chain(dry_run).cloned().map(PurchaseDiscrepancy).collect())
    }
    /// Reason for which the order was rejected, closed or cancelled. Null where none was given.
    async fn reason(&self) -> Option<&str> {
        self.row.state.reason().map(String::as_str)
    }
    /// Member, integration or job that created the purchase order.
    async fn created_by(&self, ctx: &Context<'_>) -> Answer<Actor> {
        links::actor(ctx, self.row.actor).await
    }
    /// Member, integration or job that requested the approval. Null where none was requested.
    async fn requested_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(links::actor(ctx, self.row.state.stage().request()?.by).await)
    }
    /// Member who approved the order. Null where it was not approved.
    async fn approved_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(links::actor(ctx, prelude::Actor::member(self.row.state.stage().approver()?)).await)
    }
    /// Time at which the approval was requested. Null where none was requested.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.row.state.stage().request().map(|request| DateTime(request.at))
    }
    /// Time at which the order was approved. Null where it was not.
    async fn approved_at(&self) -> Option<DateTime> {
        let is_rejected = matches!(self.row.state.stage(), core::Stage::Rejected { .. });
        self.row.state.stage().decided_at().filter(|_| !is_rejected).map(DateTime)
    }
    /// Time at which the order was rejected. Null where it was not.
    async fn rejected_at(&self) -> Option<DateTime> {
        let is_rejected = matches!(self.row.state.stage(), core::Stage::Rejected { .. });
        self.row.state.stage().decided_at().filter(|_| is_rejected).map(DateTime)
    }
    /// Time at which the order was approved or rejected. Null where neither was done.
    #[field(deprecation = "2026-11-25: use approvedAt or rejectedAt. Removed after 2027-11-25.")]
    async fn decided_at(&self) -> Option<DateTime> {
        self.row.state.stage().decided_at().map(DateTime)
    }
    /// Time at which the order was placed with the supplier. Null where it was not ordered.
    async fn ordered_at(&self) -> Option<DateTime> {
        self.row.state.stage().ordered_at().map(DateTime)
    }
    /// Time of the last goods receipt. Null before the first.
    async fn received_at(&self) -> Option<DateTime> {
        self.row.state.received_at().map(DateTime)
    }
    /// Time at which the order was closed. Null where it was not.
    async fn closed_at(&self) -> Option<DateTime> {
        let is_closed = matches!(self.row.state, core::OrderState::Closed(..));
        self.row.state.ended_at().filter(|_| is_closed).map(DateTime)
    }
    /// Time at which the order was cancelled. Null where it was not.
    async fn cancelled_at(&self) -> Option<DateTime> {
        let is_cancelled = matches!(self.row.state, core::OrderState::Cancelled(..));
        self.row.state.ended_at().filter(|_| is_cancelled).map(DateTime)
    }
    /// Time at which the order was closed or cancelled. Null where neither was done.
    #[field(deprecation = "2026-11-25: use closedAt or cancelledAt. Removed after 2027-11-25.")]
    async fn ended_at(&self) -> Option<DateTime> {
        self.row.state.ended_at().map(DateTime)
    }
    /// Revision of the order: 1 when it was ordered, +1 for each purchaseOrderAmend.
    async fn revision(&self) -> i32 {
        i32::from(self.row.revision)
    }
    /// Delivery of the order's revision to the supplier. Null before the order was placed.
    async fn revision_status(&self) -> Option<PurchaseRevisionStatus> {
        self.row.revision_status().map(Into::into)
    }
    /// Newest revision that was mailed to the supplier. Null while none was.
    async fn sent_revision(&self) -> Option<i32> {
        self.row.correspondence.sent.map(|(revision, _)| i32::from(revision))
    }
    /// Time at which the order was last mailed to the supplier. Null while it was not.
    async fn sent_at(&self) -> Option<DateTime> {
        self.row.correspondence.sent.map(|(_, at)| DateTime(at))
    }
    /// Revision at the supplier's last confirmation. Null while there is none.
    async fn confirmed_revision(&self) -> Option<i32> {
        self.row.correspondence.confirmed.map(i32::from)
    }
    /// Time of the supplier's last confirmation. Null while there is none.
    async fn confirmed_at(&self) -> Option<DateTime> {
        self.row.confirmed_at.map(DateTime)
    }
    /// Mutations that the order's status allows and that you may call.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        let open_actions: Vec<Action> = actions_from(self.row.status()).collect();
        let limit = if open_actions.contains(&Action::Approve) { load(ctx, ApprovalLimit).await?.flatten() } else { None };
        // Charges count towards the limit, and are not part of a head.
        let order = if limit.is_some() { self.with_lines(ctx).await? } else { self.row.clone() };
        Ok(open_actions.into_iter().filter(|action| may_act(caller, *action, &order, limit)).map(Action::mutation).collect())
    }
    /// Version of the order, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time of the last change of the order.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
    /// Time at which the order was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// A charge.
pub struct PurchaseCharge(core::Charge);

/// Freight, duty or the like, spread over an order's lines; or a deposit, which is on no line.
#[resolvers]
impl PurchaseCharge {
    /// Kind of the charge.
    async fn kind(&self) -> ChargeKind {
        self.0.kind.into()
    }
    /// Basis on which the charge is spread over the lines. A deposit is not spread.
    async fn basis(&self) -> ChargeBasis {
        self.0.basis.into()
    }
    /// Name of the charge.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Supplier that bills the charge. Null where it is the supplier of the order.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        let supplier = self.0.supplier?;
        Some(links::supplier(ctx, supplier).await)
    }
    /// Amount of the charge, in its own currency. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn amount(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.amount.into())
    }
    /// Amount in the currency of the books, as it was converted when the charge was written. Null where the charge is in the order's currency, and for callers
    /// who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn book_value(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.in_books.as_ref().map(|book_amount| book_amount.amount.into())
    }
    /// Exchange rate by which the charge was converted into the currency of the books. Null where it is in that currency or the order's.
    async fn rate(&self) -> Option<FrozenRate> {
        self.0.in_books.as_ref()?.rate.as_ref().map(FrozenRate::from)
    }
}
