//! An alert as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude;
use iam::access::{Permission, kind};
use macros::resolvers;
use services::alerts::core::{self, actions_from};

use super::enums::{AlertKind, AlertStatus};
use crate::{
    connection,
    counts::{Stocktake, load_count},
    fulfilment::{FulfilmentWork, works_of_order},
    graphql::{
        context::ContextExt,
        directives::shared,
        fault::Answer,
        scalars::{Date, DateTime, Long, Quantity},
    },
    identity::{Actor, Member, actor, find_member},
    orders::{
        self, Order,
        links::{self, Money, Product, Store},
    },
    purchasing::{PurchaseOrder, load_order},
    stock::{Lot, visible_lot},
    transfers::{Transfer, load_transfer},
};

/// An alert's row.
#[derive(Clone)]
pub struct Alert(pub Arc<core::Alert>);

connection!(counted AlertConnection, AlertEdge, Alert, "alerts");

impl From<core::Alert> for Alert {
    fn from(alert: core::Alert) -> Self {
        Self(Arc::new(alert))
    }
}

/// Schedule of a saved view or of exports, as it was when an alert about it opened.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(directive = shared::apply())]
pub struct AlertSchedule {
    /// ID of the schedule, which begins with svs_ if it is of a saved view, and with xsc_ if it is of exports. The schedule may be deleted by now.
    pub id: ID,
    /// Name of the saved view or of the export schedule.
    pub name: String,
    /// Error of the last run. Null when the run gave none.
    pub error: Option<String>,
}

/// Condition in the stock, its documents or schedules that needs attention. One alert is created each time a
/// rule's limit is crossed.
#[resolvers(requires = AlertRead, shared)]
impl Alert {
    /// ID of the alert.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of the alert.
    async fn kind(&self) -> AlertKind {
        self.0.kind.into()
    }
    /// State of the alert.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> AlertStatus {
        self.0.state().into()
    }
    #[doc = services::alert_text!(store)]
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.0.subject.store()?).await)
    }
    #[doc = services::alert_text!(product)]
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.subject.product()?).await)
    }
    /// Lot of an EXPIRING alert. Null for other kinds.
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        visible_lot(ctx, self.0.subject.ids().lot?).await.transpose()
    }
    /// Purchase order of a PURCHASE_ORDER_LATE alert. Null for other kinds.
    async fn purchase_order(&self, ctx: &Context<'_>) -> Option<Answer<PurchaseOrder>> {
        load_order(ctx, self.0.subject.ids().purchase_order?).await.transpose()
    }
    /// Transfer of a TRANSFER_OVERDUE alert. Null for other kinds.
    async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
        load_transfer(ctx, self.0.subject.ids().transfer?).await.transpose()
    }
    /// Stocktake of a COUNT_DIFFERENCE alert. Null for other kinds.
    #[field(was("count", "2026-11-28"))]
    async fn stocktake(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
        load_count(ctx, self.0.subject.ids().count?).await.transpose()
    }
    #[doc = services::alert_text!(order)]
    #[field(mask = OrderRead)]
    async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
        Box::pin(orders::load_order(ctx, self.0.subject.ids().order?)).await.transpose()
    }
    #[doc = services::alert_text!(schedule)]
    async fn schedule(&self) -> Option<AlertSchedule> {
        let schedule = self.0.figures.schedule.as_ref()?;
        let id = ID(self.0.subject.text());
        Some(AlertSchedule { id, name: schedule.name.clone(), error: schedule.error.clone() })
    }
    /// Works of the order in the alert's store, of FULFILMENT_OVERDUE. Null for other kinds, and without fulfilment.read.
    #[field(mask = FulfilmentRead)]
    async fn works(&self, ctx: &Context<'_>) -> Option<Answer<Vec<FulfilmentWork>>> {
        let ids = self.0.subject.ids();
        let (order, store) = ids.order.zip(ids.store).filter(|_| self.0.kind == prelude::AlertKind::FulfilmentOverdue)?;
        let works = Box::pin(works_of_order(ctx, order)).await;
        Some(works.map(|works| works.into_iter().filter(|work| work.row().store == store).collect()))
    }
    #[doc = services::alert_text!(quantity)]
    async fn quantity(&self) -> Option<Quantity> {
        self.0.figures.quantity.and_then(prelude::Quantity::new).map(Quantity)
    }
    #[doc = services::alert_text!(threshold)]
    async fn threshold(&self) -> Option<Quantity> {
        self.0.figures.threshold.and_then(prelude::Quantity::new).map(Quantity)
    }
    #[doc = services::alert_text!(day)]
    async fn day(&self) -> Option<Date> {
        self.0.figures.day.map(Date)
    }
    /// Price of the product of a NEGATIVE_MARGIN alert. Null for other kinds, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn price(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        Ok(self.0.figures.margin.map(|margin| margin.price.into()))
    }
    /// Cost that exceeds the price of a NEGATIVE_MARGIN alert. Null for other kinds, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Answer<Option<Money>> {
        Ok(self.0.figures.margin.map(|margin| margin.cost.into()))
    }
    /// Time at which the threshold was crossed and the alert opened.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.0.opened_at)
    }
    /// Number of the event with which the threshold was crossed. Null for an alert that a day or a schedule brought.
    async fn opened_seq(&self) -> Option<Long> {
        self.0.seq.map(Long)
    }
    /// Time at which the alert is OPEN again; null unless it is SNOOZED.
    async fn snoozed_until(&self) -> Option<DateTime> {
        self.0.handling.snoozed_until().map(DateTime)
    }
    /// Time at which the alert was RESOLVED; null before.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.0.handling.resolved_at().map(DateTime)
    }
    /// Actor who resolved the alert; null when the condition ended by itself or the alert is not resolved.
    async fn resolved_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(actor(ctx, self.0.handling.resolver()?).await)
    }
    /// Member to whom the alert is assigned. Null when it is not assigned.
    async fn assignee(&self, ctx: &Context<'_>) -> Option<Answer<Member>> {
        find_member(ctx, self.0.assignee?).await.transpose()
    }
    /// Note on the alert; null when there is none.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    /// Mutations that the alert's status allows and that you may call.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let reach = ctx.caller()?.permissions.reach(kind::AlertWrite::INDEX);
        let is_permitted = self.0.subject.store().map_or(reach == iam::access::Reach::Everywhere, |store| reach.covers(store));
        Ok(actions_from(self.0.state()).filter(|_| is_permitted).map(core::Action::mutation).collect())
    }
    /// Version of the alert, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the alert.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
