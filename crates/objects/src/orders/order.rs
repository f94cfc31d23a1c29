//! An order as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude;
use iam::access::{Caller, Permission, Reach, kind};
use inventory::orders::core::{self, Action, OrderDetail, Personal, Totals};
use macros::resolvers;
use platform::storage::Fault;

use super::{
    detail::{
        Address, Contact, OrderStep, decrypt_personal_data, detail_of, find_cancellation, has_more_steps, latest_steps, steps_of,
    },
    dry_run::OrderDryRun,
    enums::{CancelReason, DeliveryMethod, OrderStatus},
    flags::{flags, holds_stock, shortage_flag},
    fulfilment::Fulfilment,
    held_stock::{DryRunStock, load_held_stock, ships_within},
    hold::{OrderHold, active_holds},
    line::OrderLine,
    links::{self, Channel, Customer, Money, Store},
    loaders::{OrderFlagsKey, OrderFulfilmentsKey, load},
    rates::{in_books, rate_of},
};
use crate::{
    costing::order_cost,
    currency::FrozenRate,
    fulfilment::{FulfilmentWork, works_of_order},
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long},
    },
    numbering,
    papers::{Invoice, Paper, has_more_papers_of_order, invoices_of_order, papers_of_order},
    payments::{Payment, PaymentStatus, RefundStatus, payments_of_dry_run},
    returns::{Return, returns_of_order},
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
};

/// An order's row, with its lines or without.
#[derive(Clone)]
pub struct Order {
    row: Arc<core::Order>,
    lines: Lines,
    /// Stock that its lines would hold, in a dry run.
    pub(super) foreseen: DryRunStock,
    /// Details beside its lines, as the change in this response left them.
    detail: Option<Arc<OrderDetail>>,
    /// Rows that a dry run would add.
    dry_run: Option<Arc<OrderDryRun>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Read,
    ToRead,
}

impl Order {
    /// The customer of the order.
    pub fn customer_id(&self) -> Option<entity::prelude::CustomerId> {
        self.row.customer
    }
    /// With its lines.
    pub fn with_loaded_lines(row: Arc<core::Order>) -> Self {
        Self { row, lines: Lines::Read, foreseen: None, detail: None, dry_run: None }
    }
    /// The order after a dry run, with its lines and the stock that they would hold.
    pub fn from_dry_run(row: Arc<core::Order>, held_stock: DryRunStock) -> Self {
        Self { row, lines: Lines::Read, foreseen: held_stock, detail: None, dry_run: None }
    }
    /// Attaches the details of the order, if they were changed.
    #[must_use]
    pub(crate) fn with_detail(self, detail: Option<OrderDetail>) -> Self {
        Self { detail: detail.map(Arc::new), ..self }
    }
    /// Attaches the rows that a dry run would add.
    #[must_use]
    pub(crate) fn with_dry_run(self, dry_run: Option<OrderDryRun>) -> Self {
        Self { dry_run: dry_run.map(Arc::new), ..self }
    }
    pub(crate) fn dry_run_rows(&self) -> Option<&OrderDryRun> {
        self.dry_run.as_deref()
    }
    /// An order whose lines are read on demand.
    pub fn head(row: Arc<core::Order>) -> Self {
        Self { row, lines: Lines::ToRead, foreseen: None, detail: None, dry_run: None }
    }
    pub fn row(&self) -> &core::Order {
        &self.row
    }
    /// The row, to be shared with its lines.
    pub fn shared_row(&self) -> Arc<core::Order> {
        self.row.clone()
    }

    /// Whether its lines are read.
    pub fn has_lines(&self) -> bool {
        self.lines == Lines::Read
    }

    async fn with_lines(&self, ctx: &Context<'_>) -> Answer<Arc<core::Order>> {
        match self.lines {
            Lines::Read => Ok(self.row.clone()),
            Lines::ToRead => load(ctx, self.row.id).await?.ok_or_else(|| Fault::corrupt("sales_order", "an order stays").into()),
        }
    }

    async fn detail(&self, ctx: &Context<'_>) -> Answer<Arc<OrderDetail>> {
        detail_of(ctx, self.row.id, self.detail.as_ref()).await
    }

    async fn personal(&self, ctx: &Context<'_>) -> Answer<Personal> {
        let detail = self.detail(ctx).await?;
        decrypt_personal_data(ctx, &detail)
    }

    async fn totals(&self, ctx: &Context<'_>) -> Answer<Totals> {
        let too_large = || Fault::Broken("an order's sums are beyond what can be kept exactly".to_owned());
        Ok(self.with_lines(ctx).await?.totals().ok_or_else(too_large)?)
    }

    /// Whether the order has open lines, and some of their stock is where the caller may ship from.
    /// Without held stock, the order's own store ships.
    async fn may_ship_some(&self, ctx: &Context<'_>, caller: &Caller) -> Answer<bool> {
        if !self.with_lines(ctx).await?.has_open() {
            return Ok(false);
        }
        let reach = caller.permissions.reach(kind::OrderFulfil::INDEX);
        if reach == Reach::Everywhere {
            return Ok(true);
        }
        Ok(ships_within(&reach, &load_held_stock(ctx, self.row.id, self.foreseen.as_ref()).await?))
    }
}

/// Order with its lines, customer, channel, holds and fulfilments.
#[resolvers(requires = OrderRead, shared)]
impl Order {
    /// ID of the order.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Number, as in SO-000007: without gaps in the tenant, in the pattern that held when it was given. In a dry run with dots: SO-······.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, prelude::Numbered::Order, self.row.number.get()).await
    }
    /// Status of the order.
    async fn status(&self) -> OrderStatus {
        self.row.status.into()
    }
    /// Flags of the platform's own, which stop nothing (SHORT: it holds less than it owes), then the holds that keep its goods back, the oldest first.
    /// Neither changes its state.
    async fn holds(&self, ctx: &Context<'_>) -> Answer<Vec<OrderHold>> {
        let id = self.row.id;
        if !holds_stock(self.row.status) {
            let mut holds = flags(&load(ctx, OrderFlagsKey(id)).await?.unwrap_or_default());
            holds.extend(active_holds(ctx, &self.row, self.dry_run_rows()).await?);
            return Ok(holds);
        }
        // Loaded together, so that `allocations` shares the same query.
        let (order_flags, reservations, order) = futures_util::join!(
            load(ctx, OrderFlagsKey(id)),
            load_held_stock(ctx, id, self.foreseen.as_ref()),
            self.with_lines(ctx)
        );
        let mut holds = flags(&order_flags?.unwrap_or_default());
        let (order, reservations) = (order?, reservations?);
        holds.extend(shortage_flag(&order, &reservations));
        holds.extend(active_holds(ctx, &self.row, self.dry_run_rows()).await?);
        Ok(holds)
    }
    /// Store that sold the order.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Channel from which the order came.
    async fn channel(&self, ctx: &Context<'_>) -> Answer<Channel> {
        links::channel(ctx, self.row.channel).await
    }
    /// Customer to whom the order was sold; null for an anonymous sale.
    #[field(mask = CustomerRead)]
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        Some(links::customer(ctx, self.row.customer?).await)
    }
    /// Country that the order is shipped to, as it was given, else the customer's when it was placed. Null when neither is known.
    async fn shipping_country(&self) -> Option<&str> {
        self.row.country.as_deref()
    }
    /// Register of the store at which the order was placed. Null when none was named.
    async fn register(&self) -> Option<&str> {
        self.row.register.as_deref()
    }
    /// Person to reach about the order. Null when none was given or the data was erased, and without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn contact(&self, ctx: &Context<'_>) -> Answer<Option<Contact>> {
        Ok(self.personal(ctx).await?.contact.map(Contact::from))
    }
    /// Shipping address of the order. Null when none was given or it was erased, and without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn shipping_address(&self, ctx: &Context<'_>) -> Answer<Option<Address>> {
        Ok(self.personal(ctx).await?.shipping_address.map(Address::from))
    }
    /// Billing address of the order. Null when none was given or it was erased, and without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn billing_address(&self, ctx: &Context<'_>) -> Answer<Option<Address>> {
        Ok(self.personal(ctx).await?.billing_address.map(Address::from))
    }
    /// True if contact and addresses of the order were lost with the keys of the deployment. False once others are given.
    async fn is_personal_data_lost(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(self.detail(ctx).await?.is_lost)
    }
    /// Note for the customer. Null when there is none.
    async fn note_for_customer(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        Ok(self.detail(ctx).await?.note_for_customer.clone())
    }
    /// Note for staff. Null when there is none.
    async fn note_for_staff(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        Ok(self.detail(ctx).await?.note_for_staff.clone())
    }
    /// Tags of the order, 0 to 50, in the order in which they were added.
    async fn tags(&self, ctx: &Context<'_>) -> Answer<Vec<String>> {
        Ok(self.detail(ctx).await?.tags.clone())
    }
    /// Custom data: a JSON object.
    async fn metadata(&self, ctx: &Context<'_>) -> Answer<Json> {
        Ok(Json::from_text(&self.detail(ctx).await?.metadata))
    }
    /// Time for which the order is wanted. Null when none was given.
    async fn requested_for(&self, ctx: &Context<'_>) -> Answer<Option<DateTime>> {
        Ok(self.detail(ctx).await?.requested_for.map(DateTime))
    }
    /// Delivery method of the order.
    async fn delivery_method(&self, ctx: &Context<'_>) -> Answer<DeliveryMethod> {
        Ok(self.detail(ctx).await?.delivery_method.into())
    }
    /// Steps in the history of the order, the oldest first: at most the first one and the latest 250.
    async fn steps(&self, ctx: &Context<'_>) -> Answer<Vec<OrderStep>> {
        // An order from a stream lacks the actor who placed it, so it is loaded with its lines.
        let (order, later_steps) = (self.with_lines(ctx).await?, steps_of(ctx, self.row.id, self.dry_run_rows()).await?);
        Ok(std::iter::once(OrderStep::placement(&order)).chain(latest_steps(&later_steps).iter().map(OrderStep::from)).collect())
    }
    /// True if the order has more steps than `steps` has.
    async fn has_more_steps(&self, ctx: &Context<'_>) -> Answer<bool> {
        has_more_steps(ctx, self.row.id, self.dry_run_rows()).await
    }
    /// Reason for which the order was cancelled. Null when it was not cancelled, or none was given.
    async fn cancel_reason(&self, ctx: &Context<'_>) -> Answer<Option<CancelReason>> {
        Ok(find_cancellation(ctx, self.row.id, self.dry_run_rows()).await?.and_then(|step| step.cancel).map(CancelReason::from))
    }
    /// Note on the cancellation of the order. Null when it was not cancelled, or none was given.
    async fn cancel_note(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        Ok(find_cancellation(ctx, self.row.id, self.dry_run_rows()).await?.and_then(|step| step.reason))
    }
    /// Lines of the order, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<OrderLine>> {
        let order = self.with_lines(ctx).await?;
        Ok((0..order.lines.len()).map(|index| self.line_at(order.clone(), index)).collect())
    }
    /// Sum of the lines for all quantities ever ordered, cancelled ones included; currentTotal leaves those out.
    async fn total(&self) -> Money {
        self.row.total.into()
    }
    /// Price of all products ever ordered, before discounts: subtotal − discountTotal + chargeTotal + taxTotal is total.
    async fn subtotal(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.totals(ctx).await?.subtotal.into())
    }
    /// Discounts of all lines, for all quantities ever ordered.
    async fn discount_total(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.totals(ctx).await?.discount.into())
    }
    /// Price of all charges ever ordered, before discounts.
    async fn charge_total(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.totals(ctx).await?.charges.into())
    }
    /// Tax of all lines, for all quantities ever ordered.
    async fn tax_total(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.totals(ctx).await?.tax.into())
    }
    /// Sum of the lines without cancelled quantities, before returns.
    async fn current_total(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.with_lines(ctx).await?.current_total().into())
    }
    /// Exchange rate of the order's day, as known when the order was confirmed. Null for drafts and pending orders, in the books' currency, and without a rate.
    async fn exchange_rate(&self, ctx: &Context<'_>) -> Answer<Option<FrozenRate>> {
        Ok(rate_of(ctx, &self.row).await?.as_deref().map(FrozenRate::from))
    }
    /// `netTotal` in the currency of the books, by `exchangeRate`. Null where that is null.
    async fn net_total_in_books(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        in_books(ctx, &self.row, self.with_lines(ctx).await?.net_total().minor).await
    }
    /// Sum of the refunds of the order's closed returns.
    async fn returned_total(&self) -> Money {
        prelude::Money::new(self.row.paid.returned, self.row.total.currency).into()
    }
    /// Total of the order after cancellations and closed returns: currentTotal less returnedTotal.
    async fn net_total(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.with_lines(ctx).await?.net_total().into())
    }
    /// Sum that the customer still owes: netTotal less the sum captured and not refunded. Below 0, it is owed to the customer.
    async fn balance(&self, ctx: &Context<'_>) -> Answer<Money> {
        Ok(self.with_lines(ctx).await?.balance().into())
    }
    /// Payment status of the order, from its payments: the sum captured less the sum refunded, compared with netTotal.
    async fn payment_status(&self) -> PaymentStatus {
        self.row.derived_paid().payment.into()
    }
    /// Refund status of the order: none, a part or all of the captured sum was refunded.
    async fn refund_status(&self) -> RefundStatus {
        self.row.derived_paid().refund.into()
    }
    /// Payments recorded for the order, the oldest first; at most 1,000.
    async fn payments(&self, ctx: &Context<'_>) -> Answer<Vec<Payment>> {
        payments_of_dry_run(ctx, self).await
    }
    /// Cost of the goods sold: the book value that left stock with the order's goods, by the tenant's costing method; returned goods are not
    /// deducted. Null until the movements are costed, and without product.cost.read. Null in a dry run.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        order_cost(ctx, self.row.id).await.map(|cost| cost.map(Money::from)).transpose()
    }
    /// Reference of the order in an external system, unique in its channel; null when there is none.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// Fulfilments of the order that were shipped, the oldest first.
    async fn fulfilments(&self, ctx: &Context<'_>) -> Answer<Vec<Fulfilment>> {
        let order_fulfilments = load(ctx, OrderFulfilmentsKey(self.row.id)).await?.unwrap_or_default();
        Ok((0..order_fulfilments.len()).map(|index| Fulfilment::new(order_fulfilments.clone(), index)).collect())
    }
    /// Works of stores on the order, the oldest first: those of stores whose works you may read. Null without fulfilment.read.
    #[field(mask = FulfilmentRead)]
    async fn works(&self, ctx: &Context<'_>) -> Option<Answer<Vec<FulfilmentWork>>> {
        Some(Box::pin(works_of_order(ctx, self.row.id)).await.map(|works| self.works_after_dry_run(works)))
    }
    /// Returns of the order's goods or charges.
    async fn returns(&self, ctx: &Context<'_>) -> Answer<Vec<Return>> {
        returns_of_order(ctx, self.row.id).await
    }
    /// Invoices and credit notes of the order, the newest first. Empty while none is issued, and for callers bound to a channel.
    async fn invoices(&self, ctx: &Context<'_>) -> Answer<Vec<Invoice>> {
        Box::pin(invoices_of_order(ctx, self.row.id)).await
    }
    /// Papers drawn of the order and of its works, fulfilments and invoices, as far as you may read these, the newest first, at most 50. Empty
    /// while none is drawn, and for callers bound to a channel.
    async fn papers(&self, ctx: &Context<'_>) -> Answer<Vec<Paper>> {
        Box::pin(papers_of_order(ctx, self.row.id, self.row.store)).await
    }
    /// True if there are more papers than `papers` has, or may be; the root field `papers` has pages of those of one document. False for callers
    /// bound to a channel.
    async fn has_more_papers(&self, ctx: &Context<'_>) -> Answer<bool> {
        Box::pin(has_more_papers_of_order(ctx, self.row.id, self.row.store)).await
    }
    /// Reversals of the order and of its shipments, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row.id.uuid())).await)
    }
    /// True if there are more reversals of the order and of its shipments than `reversedBy` has; `documentReversals` has pages of them. Null without
    /// stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row.id.uuid())).await)
    }
    /// Mutations that the status allows and that you may call; orderFulfil when open units are in a
    /// store that you may ship from and the order has no hold.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        let mut open_actions: Vec<Action> = self.actions(caller).collect();
        if open_actions.contains(&Action::Fulfil) && !self.may_ship_some(ctx, caller).await? {
            open_actions.retain(|action| *action != Action::Fulfil);
        }
        Ok(open_actions.into_iter().filter_map(Action::mutation).chain(self.hold_actions(caller)).collect())
    }
    /// Time at which the order was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(self.row.placed_at)
    }
    /// Time at which the order releases its stock unless it is confirmed before; null when there is no time limit.
    async fn expires_at(&self) -> Option<DateTime> {
        self.row.expires_at.map(DateTime)
    }
    /// Version of the order, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time at which the order was recorded.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Time of the last change of the order.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}
