//! A return as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::prelude::{self, OrderId, OrderLineId, ReturnId, StoreId};
use iam::access::{Caller, Permission, kind};
use inventory::returns::core::{self, ReturnAction, return_actions_from};
use macros::resolvers;

use super::{
    dry_run::{ReturnDryRun, line_after_dry_run},
    enums::{Disposition, ReturnStatus},
    loaders::{OrderReturnsKey, ReturnLinesKey, load},
    visibility::visible_returns,
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long, Quantity},
    },
    numbering,
    orders::{
        OrderLine, OrderLineKind, line_of,
        links::{self, Customer, Money, Product, Store},
        nodes::find_order_line,
    },
    papers::{Paper, has_more_papers, papers_of},
    payments::{Payment, RefundStatus, payments_of_return, refund_status_of_return},
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
    tagging::{metadata_of, tags_of},
};

/// A return's row, with its lines or without.
#[derive(Clone)]
pub struct Return {
    row: Arc<core::Return>,
    lines: Option<Arc<Vec<core::ReturnLine>>>,
    /// Changes of a dry run beside it.
    dry_run: Option<Arc<ReturnDryRun>>,
}

impl Return {
    /// Returns the customer of the return.
    pub fn customer_id(&self) -> Option<entity::prelude::CustomerId> {
        self.row.customer
    }
    /// With its lines.
    pub fn with_loaded_lines(mut row: core::Return) -> Self {
        let lines = Arc::new(std::mem::take(&mut row.lines));
        Self { row: Arc::new(row), lines: Some(lines), dry_run: None }
    }
    /// A return whose lines are read on demand.
    pub fn head(row: Arc<core::Return>) -> Self {
        Self { row, lines: None, dry_run: None }
    }
    /// Attaches the changes that a dry run would make.
    #[must_use]
    pub fn with_dry_run(self, dry_run: Option<ReturnDryRun>) -> Self {
        Self { dry_run: dry_run.map(Arc::new), ..self }
    }
    pub fn row(&self) -> &core::Return {
        &self.row
    }

    fn line(&self, lines: Arc<Vec<core::ReturnLine>>, index: usize) -> ReturnLine {
        ReturnLine { return_id: self.row.id, lines, index, dry_run: self.dry_run.clone() }
    }

    async fn load_lines(&self, ctx: &Context<'_>) -> Answer<Arc<Vec<core::ReturnLine>>> {
        match &self.lines {
            Some(lines) => Ok(lines.clone()),
            None => Ok(load(ctx, ReturnLinesKey(self.row.id)).await?.unwrap_or_default()),
        }
    }
}

/// The returns with goods of an order that the caller sees.
pub async fn returns_of_order(ctx: &Context<'_>, id: OrderId) -> Answer<Vec<Return>> {
    let returns = load(ctx, OrderReturnsKey(id)).await?.unwrap_or_default();
    Ok(visible_returns(ctx, returns.to_vec()).await?.into_iter().map(Return::head).collect())
}

/// Return of goods by a customer: requested or received, at any store, from one order, several or
/// none.
#[resolvers(requires = OrderRead)]
impl Return {
    /// ID of the return.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in RT-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: RT-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, prelude::Numbered::Return, self.row.number.get()).await
    }
    /// Store that receives the return.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Customer who returned the goods; null for an anonymous return.
    #[field(mask = CustomerRead)]
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        Some(links::customer(ctx, self.row.customer?).await)
    }
    /// Status of the return.
    async fn status(&self) -> ReturnStatus {
        self.row.status().into()
    }
    /// Lines of the return, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<ReturnLine>> {
        let lines = self.load_lines(ctx).await?;
        Ok((0..lines.len()).map(|index| self.line(lines.clone(), index)).collect())
    }
    /// Tags of the return, at most 50, in the order in which they were given. Empty when there are none, and for callers bound to a channel.
    async fn tags(&self, ctx: &Context<'_>) -> Answer<Vec<String>> {
        if ctx.caller()?.channel.is_some() {
            return Ok(Vec::new());
        }
        tags_of(ctx, self.row.id.uuid()).await
    }
    /// Custom data of the return: a JSON object, empty where none was given, and for callers bound to a channel.
    async fn metadata(&self, ctx: &Context<'_>) -> Answer<Json> {
        if ctx.caller()?.channel.is_some() {
            return Ok(Json::from_text("{}"));
        }
        metadata_of(ctx, self.row.id.uuid()).await
    }
    /// Refund due when all of the return is received: the sum of its lines.
    async fn refund(&self) -> Money {
        self.row.refund.into()
    }
    /// Amount that the return gives back. Null until the return is CLOSED.
    async fn refunded(&self) -> Option<Money> {
        self.row.state.refunded().map(Money::from)
    }
    /// Payments that give the amount back, of orders that you may see, in the order in which they were recorded. One that was taken back is
    /// followed by the payment that takes it back.
    async fn payments(&self, ctx: &Context<'_>) -> Answer<Vec<Payment>> {
        Box::pin(payments_of_return(ctx, self.row.id, self.dry_run.as_deref())).await
    }
    /// Share of `refunded` that payments gave back. NONE while there is none of them. Null until the return is CLOSED.
    async fn refund_status(&self, ctx: &Context<'_>) -> Option<Answer<RefundStatus>> {
        let due = self.row.state.refunded()?;
        Some(refund_status_of_return(ctx, (self.row.id, due), self.dry_run.as_deref()).await)
    }
    /// Reason for which the return was rejected; null unless it is REJECTED.
    async fn reject_reason(&self) -> Option<&str> {
        self.row.state.reject_reason()
    }
    /// Papers drawn of the return, the newest first, at most 50. Empty while none is drawn, and for callers bound to a channel.
    async fn papers(&self, ctx: &Context<'_>) -> Answer<Vec<Paper>> {
        Box::pin(papers_of(ctx, self.row.id.uuid())).await
    }
    /// True if more papers were drawn of the return than `papers` has; the root field `papers` has pages of them. False for callers bound to a channel.
    async fn has_more_papers(&self, ctx: &Context<'_>) -> Answer<bool> {
        Box::pin(has_more_papers(ctx, self.row.id.uuid())).await
    }
    /// Reversals of the return by its steps, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row.id.uuid())).await)
    }
    /// True if there are more reversals of the return than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row.id.uuid())).await)
    }
    /// Mutations that the return's status allows and that you may call; returnInspect of a return received in parts only while
    /// goods await inspection.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        let mut open_actions: Vec<ReturnAction> =
            return_actions_from(self.row.status()).filter(|action| may_act(caller, *action, self.row.store)).collect();
        let is_coming = self.row.status() == prelude::ReturnStatus::PartiallyReceived;
        if is_coming
            && open_actions.contains(&ReturnAction::Inspect)
            && self.load_lines(ctx).await?.iter().all(|line| line.uninspected() == 0)
        {
            open_actions.retain(|action| *action != ReturnAction::Inspect);
        }
        Ok(open_actions.into_iter().map(ReturnAction::mutation).collect())
    }
    /// Reference of the return in an external system, unique in the tenant; null when there is none.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Register of the store at which the return was created. Null when none was named.
    async fn register(&self) -> Option<&str> {
        self.row.register.as_deref()
    }
    /// Note on the return; null when there is none.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// Time of the return: of the request, and once goods are received, of the first receipt. Reports count the return
    /// at this time.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// Time of the latest receipt of goods; null while nothing was received.
    async fn received_at(&self) -> Option<DateTime> {
        self.row.state.received_at().map(DateTime)
    }
    /// Version of the return, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time of the last change of the return.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
    /// Time at which the return was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// Whether the caller has, in the return's store, the permission that the action's mutation
/// requires.
fn may_act(caller: &Caller, action: ReturnAction, store: StoreId) -> bool {
    let permission = match action {
        ReturnAction::Approve | ReturnAction::Reject | ReturnAction::Close => kind::ReturnApprove::INDEX,
        ReturnAction::Receive | ReturnAction::Inspect => kind::OrderReturn::INDEX,
    };
    caller.permissions.reach(permission).covers(store)
}

/// A line inside its return.
#[derive(Clone)]
pub struct ReturnLine {
    return_id: ReturnId,
    lines: Arc<Vec<core::ReturnLine>>,
    index: usize,
    dry_run: Option<Arc<ReturnDryRun>>,
}

impl ReturnLine {
    fn row(&self) -> &core::ReturnLine {
        &self.lines[self.index]
    }
}

/// Line of a return: the returned quantity of one product, or a charge that is credited.
#[resolvers]
impl ReturnLine {
    /// ID of the return line.
    async fn id(&self) -> ID {
        ID(self.return_id.line::<entity::id::kind::ReturnLineId>(self.row().position).to_string())
    }
    /// Kind of the line.
    async fn kind(&self) -> OrderLineKind {
        self.row().kind.into()
    }
    /// Product of the line. Null for a CHARGE.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row().product?).await)
    }
    /// SKU of the product when it was returned.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// Name of the product or charge when it was returned.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// Order line that the return line refers to; the first of `matches` when there are several. Null when there is none, or none
    /// that you may see.
    async fn order_line(&self, ctx: &Context<'_>) -> Option<Answer<OrderLine>> {
        let first = self.row().matches.first()?;
        match find_order_line(ctx, first.line).await {
            Ok(line) => line.map(|line| Ok(line_after_dry_run(self.dry_run.as_deref(), first.line).unwrap_or(line))),
            Err(error) => Some(Err(error)),
        }
    }
    /// Order lines that the return line refers to, of orders that you may see. Units beyond theirs came from no known order.
    #[field(list_size(assumed = 1))]
    async fn matches(&self, ctx: &Context<'_>) -> Answer<Vec<ReturnMatch>> {
        let is_limited = ctx.permit::<kind::OrderRead>()?.is_limited();
        let mut visible_matches = Vec::with_capacity(self.row().matches.len());
        for piece in &self.row().matches {
            if !is_limited || find_order_line(ctx, piece.line).await?.is_some() {
                let dry_run_line = line_after_dry_run(self.dry_run.as_deref(), piece.line);
                visible_matches.push(ReturnMatch { line: piece.line, dry_run: dry_run_line, quantity: Quantity(piece.quantity) });
            }
        }
        Ok(visible_matches)
    }
    /// Quantity that is returned or requested to be returned, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row().quantity)
    }
    /// Quantity of the line that was received, in the product's smallest unit.
    async fn received(&self) -> Quantity {
        Quantity(self.row().received)
    }
    /// Quantity received that is back in sellable stock, in the product's smallest unit.
    async fn restocked(&self) -> Quantity {
        Quantity(self.row().restocked)
    }
    /// Quantity received that was inspected and stays in quarantine, in the product's smallest unit.
    async fn quarantined(&self) -> Quantity {
        Quantity(self.row().quarantined)
    }
    /// Quantity received that was written off, in the product's smallest unit. Goods that were received and are neither
    /// restocked, quarantined nor written off await inspection, and are not for sale.
    async fn written_off(&self) -> Quantity {
        Quantity(self.row().written_off)
    }
    /// Refund for one whole unit.
    async fn unit_price(&self) -> Money {
        self.row().unit_price.into()
    }
    /// Refund for the line: unitPrice × quantity, rounded half away from zero to the minor unit.
    async fn total(&self) -> Money {
        self.row().total.into()
    }
    /// Planned disposition of the goods, from the request of the return; returnInspect may decide otherwise.
    async fn disposition(&self) -> Disposition {
        self.row().disposition.into()
    }
}

/// A piece of a return line.
pub struct ReturnMatch {
    line: OrderLineId,
    /// The line after a dry run. None: it is looked up.
    dry_run: Option<OrderLine>,
    quantity: Quantity,
}

/// Quantity of a return line that goes back on one order line.
#[Object]
impl ReturnMatch {
    /// The order's line.
    async fn order_line(&self, ctx: &Context<'_>) -> Answer<OrderLine> {
        match &self.dry_run {
            Some(line) => Ok(line.clone()),
            None => line_of(ctx, self.line).await,
        }
    }
    /// Quantity that goes back on the order line, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        self.quantity
    }
}
