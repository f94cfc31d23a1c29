//! A work as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude as values;
use iam::access::{Caller, Permission, Permit, kind};
use inventory::{
    fulfilment::{
        core::{self, WorkAction, WorkHead, actions_from},
        rows::{GoodsName, OrderFacts, is_late_at},
    },
    ledger::Ledger,
    stock::core::LevelKey,
};
use macros::resolvers;
use platform::storage::Fault;

use super::{
    enums::{RejectReason, WorkStatus},
    loaders::{OpenWaveKey, OrderFactsKey, OrderGoodsKey, OrderWorksKey, load},
    parcel::Parcel,
    visibility::covers,
    wave::FulfilmentWave,
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{DateTime, Long, Quantity},
    },
    numbering,
    orders::{
        self, Address, DeliveryMethod, Order,
        links::{self, Actor, Product, Store},
    },
    papers::{Paper, has_more_papers, papers_of},
    stock::bin_of,
};

/// A work's row, with its lines or without.
#[derive(Clone)]
pub struct FulfilmentWork {
    head: Arc<WorkHead>,
    whole: Option<Arc<core::Work>>,
    /// The order of the work after a dry run. None: it is looked up.
    dry_run_order: Option<Order>,
}

impl FulfilmentWork {
    /// With its lines.
    pub fn with_loaded_lines(work: Arc<core::Work>) -> Self {
        Self { head: Arc::new(work.head.clone()), whole: Some(work), dry_run_order: None }
    }
    /// A work whose lines are read on demand.
    pub fn head(head: WorkHead) -> Self {
        Self { head: Arc::new(head), whole: None, dry_run_order: None }
    }
    /// With its order as a dry run would leave it.
    #[must_use]
    pub fn of_order(self, order: Option<Order>) -> Self {
        Self { dry_run_order: order, ..self }
    }
    pub fn row(&self) -> &WorkHead {
        &self.head
    }

    async fn with_lines(&self, ctx: &Context<'_>) -> Answer<Arc<core::Work>> {
        if let Some(work) = &self.whole {
            return Ok(work.clone());
        }
        let loaded_work = load(ctx, self.head.id).await?;
        loaded_work.ok_or_else(|| Fault::corrupt("fulfilment_work", "a work stays").into())
    }

    async fn order_facts(&self, ctx: &Context<'_>) -> Answer<OrderFacts> {
        let facts = load(ctx, OrderFactsKey(self.head.order)).await?;
        facts.ok_or_else(|| TopError::from(Fault::corrupt("sales_order", "what is referred to exists")))
    }

    /// Whether its order has a hold, or would have one after a dry run.
    async fn is_order_held(&self, ctx: &Context<'_>) -> Answer<bool> {
        match &self.dry_run_order {
            Some(order) => Ok(!order.row().hold_kinds.is_empty()),
            None => Ok(self.order_facts(ctx).await?.is_held),
        }
    }
}

pub(super) async fn find(
    ctx: &Context<'_>,
    permit: Permit<kind::FulfilmentRead>,
    id: values::FulfilmentWorkId,
) -> Answer<Option<FulfilmentWork>> {
    Ok(load(ctx, id).await?.filter(|work| covers(&permit, &work.head)).map(FulfilmentWork::with_loaded_lines))
}

/// The work of an id, with its lines, if its store is the caller's.
pub async fn load_work(ctx: &Context<'_>, id: values::FulfilmentWorkId) -> Answer<Option<FulfilmentWork>> {
    find(ctx, ctx.permit::<kind::FulfilmentRead>()?, id).await
}

/// The works of an order in stores of the caller, the oldest first.
pub async fn works_of_order(ctx: &Context<'_>, order: values::OrderId) -> Answer<Vec<FulfilmentWork>> {
    let permit = ctx.permit::<kind::FulfilmentRead>()?;
    let heads = load(ctx, OrderWorksKey(order)).await?.unwrap_or_default();
    Ok(heads.iter().filter(|head| covers(&permit, head)).cloned().map(FulfilmentWork::head).collect())
}

/// One store's share of one order: lines to pick, pack and ship. It has no prices, and belongs to the store that the goods leave from.
#[resolvers(requires = FulfilmentRead)]
impl FulfilmentWork {
    /// ID of the work. It stays the same until the goods have left.
    pub async fn id(&self) -> ID {
        ID(self.head.id.to_string())
    }
    /// Number of the work: that of its order, and its position among the order's works, as in 1041-2.
    async fn number(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(WorkHead::number(self.order_facts(ctx).await?.number, self.head.nth))
    }
    /// State of the work, which follows from the quantities of its lines.
    async fn status(&self) -> WorkStatus {
        self.head.status.into()
    }
    /// Store that the goods leave from.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.head.store).await
    }
    /// Moment by which the goods are to leave the store: requestedFor of the order less the store's handlingTime, else that time after the order was
    /// placed. A store without a handlingTime takes no time.
    async fn due_at(&self) -> DateTime {
        DateTime(self.head.due_at)
    }
    /// True if the work is late: dueAt has passed, and units are left to send.
    async fn is_late(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(is_late_at(&self.head, ctx.required_data::<Ledger>()?.clock().now()))
    }
    /// Number of the order, as in SO-000007.
    async fn order_number(&self, ctx: &Context<'_>) -> Answer<String> {
        numbering::format_number(ctx, values::Numbered::Order, self.order_facts(ctx).await?.number).await
    }
    /// Order that the work is a share of; null without order.read in the store that sold it.
    #[field(mask = OrderRead)]
    async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
        if let Some(order) = &self.dry_run_order {
            return orders::visible_dry_run_order(ctx, order);
        }
        Box::pin(orders::load_order(ctx, self.head.order)).await.transpose()
    }
    /// True if the order has a hold: its goods are not brought nearer to leaving.
    async fn is_held(&self, ctx: &Context<'_>) -> Answer<bool> {
        self.is_order_held(ctx).await
    }
    /// Delivery method of the order.
    async fn delivery_method(&self, ctx: &Context<'_>) -> Answer<DeliveryMethod> {
        Ok(self.order_facts(ctx).await?.method.into())
    }
    /// Note for staff of the order. Null when it has none, and when the store has refused all of the work or is not asked any more.
    async fn note_for_staff(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        Ok(if is_over(&self.head) { None } else { self.order_facts(ctx).await?.note_for_staff })
    }
    /// Open wave that the work is in. Null when it is in none.
    async fn wave(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWave>> {
        Ok(load(ctx, OpenWaveKey(self.head.id)).await?.map(FulfilmentWave::head))
    }
    /// Address that the goods go to; null when the order has none or it was erased, when the store has refused all of it or is not asked any more, and
    /// without fulfilment.address.read in the work's store.
    #[field(mask = FulfilmentAddressRead)]
    async fn ship_to(&self, ctx: &Context<'_>) -> Answer<Option<Address>> {
        address_of(ctx, &self.head).await
    }
    /// Goods that the store was asked for, in the order of the requests.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<WorkLine>> {
        let work = self.with_lines(ctx).await?;
        Ok((0..work.lines.len()).map(|index| WorkLine { work: work.clone(), index }).collect())
    }
    /// Parcels of the work in the order of packing. Emptied parcels are left out.
    async fn parcels(&self, ctx: &Context<'_>) -> Answer<Vec<Parcel>> {
        Ok(Parcel::all(&self.with_lines(ctx).await?))
    }
    /// Papers drawn of the work, the newest first, at most 50. Empty while none is drawn, and for callers bound to a channel.
    async fn papers(&self, ctx: &Context<'_>) -> Answer<Vec<Paper>> {
        Box::pin(papers_of(ctx, self.head.id.uuid())).await
    }
    /// True if more papers were drawn of the work than `papers` has; the root field `papers` has pages of them. False for callers bound to a channel.
    async fn has_more_papers(&self, ctx: &Context<'_>) -> Answer<bool> {
        Box::pin(has_more_papers(ctx, self.head.id.uuid())).await
    }
    /// Work whose goods were moved here; null when the store was asked first, or you may not see that work's store.
    async fn moved_from(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWork>> {
        match self.head.moved_from {
            Some(id) => Box::pin(load_work(ctx, id)).await,
            None => Ok(None),
        }
    }
    /// Person or program that has accepted the work; null before.
    async fn assignee(&self, ctx: &Context<'_>) -> Answer<Option<Actor>> {
        match self.head.accepted {
            Some(acceptance) => links::actor(ctx, acceptance.by).await.map(Some),
            None => Ok(None),
        }
    }
    /// Moment at which the work was accepted; null before.
    async fn accepted_at(&self) -> Option<DateTime> {
        self.head.accepted.map(|acceptance| DateTime(acceptance.at))
    }
    /// Reason for which the store refused the whole work. Null when it did not.
    async fn reject_reason(&self) -> Option<RejectReason> {
        self.head.rejected.as_ref().map(|rejection| rejection.reason.into())
    }
    /// Note that the store has left with that reason; null when it has left none.
    async fn reject_note(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        let Some(rejection) = &self.head.rejected else { return Ok(None) };
        if rejection.note.is_some() {
            return Ok(rejection.note.clone());
        }
        // Events do not contain notes.
        let now = self.with_lines(ctx).await?;
        Ok(now.head.rejected.as_ref().and_then(|rejection| rejection.note.clone()))
    }
    tagged!("work", self.head.id);
    /// Mutations that the work's state allows and that you may do in its store. While a hold keeps the order's goods back, those that bring them
    /// nearer to leaving are left out.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let caller = ctx.caller()?;
        let open_actions = actions_from(self.head.status).filter(|action| may_act(caller, *action, self.head.store));
        let open_actions: Vec<WorkAction> = open_actions.collect();
        if open_actions.is_empty() {
            return Ok(Vec::new());
        }
        let is_held = self.is_order_held(ctx).await?;
        Ok(open_actions.into_iter().filter(|action| !is_held || !action.is_blocked_by_hold()).map(WorkAction::mutation).collect())
    }
    /// Version of the work, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.head.version)
    }
    /// Moment at which the store was asked.
    async fn created_at(&self) -> DateTime {
        DateTime(self.head.created_at)
    }
    /// Moment of the last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.head.updated_at)
    }
}

/// Whether the store has refused all of the work, or its request was withdrawn.
fn is_over(work: &WorkHead) -> bool {
    matches!(work.status, values::WorkStatus::Rejected | values::WorkStatus::Cancelled)
}

/// Returns the address that the goods of a work go to; None if the work is over, or the caller may
/// not read addresses in its store.
async fn address_of(ctx: &Context<'_>, work: &WorkHead) -> Answer<Option<Address>> {
    let permit = ctx.permit::<kind::FulfilmentAddressRead>()?;
    if is_over(work) || permit.channel().is_some() || !permit.covers(work.store) {
        return Ok(None);
    }
    orders::ship_to(ctx, &permit.scope(ctx.required_data::<Ledger>()?.database()), work.order).await
}

/// Whether the caller has, in the work's store, the permission that the action's mutation requires.
fn may_act(caller: &Caller, action: WorkAction, store: values::StoreId) -> bool {
    let permission = match action {
        WorkAction::Accept
        | WorkAction::Reject
        | WorkAction::Pick
        | WorkAction::Unpick
        | WorkAction::Pack
        | WorkAction::Ready => kind::FulfilmentWork::INDEX,
        WorkAction::Ship | WorkAction::Collect => kind::FulfilmentShip::INDEX,
        WorkAction::Move => kind::FulfilmentAssign::INDEX,
    };
    caller.channel.is_none() && caller.permissions.reach(permission).covers(store)
}

/// A line inside its work.
#[derive(Clone)]
pub struct WorkLine {
    work: Arc<core::Work>,
    index: usize,
}

impl WorkLine {
    fn row(&self) -> &core::WorkLine {
        &self.work.lines[self.index]
    }
    async fn map_goods_name<T>(&self, ctx: &Context<'_>, projection: impl Fn(&GoodsName) -> T + Send) -> Answer<Option<T>> {
        let names = load(ctx, OrderGoodsKey(self.work.head.order)).await?.unwrap_or_default();
        let row = self.row();
        Ok(names.iter().find(|name| (name.position, name.product) == (row.position, row.product)).map(projection))
    }
}

fn units(units: i64) -> Quantity {
    values::Quantity::new(units).unwrap_or_default().into()
}

/// Goods that a store sends for a line of an order, in the product's smallest unit. A kit is a line for each of its parts, with one orderLineId.
#[resolvers]
impl WorkLine {
    /// ID of the line.
    async fn id(&self) -> ID {
        ID(self.work.head.line_id(self.row().nth).to_string())
    }
    /// ID of the order's line. Parts of one kit have the same.
    async fn order_line_id(&self) -> ID {
        let line: values::OrderLineId = self.work.head.order.line(self.row().position);
        ID(line.to_string())
    }
    /// ID of the product.
    async fn product_id(&self) -> ID {
        ID(self.row().product.to_string())
    }
    /// Product; null without product.read.
    #[field(mask = ProductRead)]
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row().product).await)
    }
    /// SKU of the product when the order was placed.
    async fn sku(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(self.map_goods_name(ctx, |name| name.sku.clone()).await?.unwrap_or_default())
    }
    /// Name of the product when the order was placed.
    async fn name(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(self.map_goods_name(ctx, |name| name.name.clone()).await?.unwrap_or_default())
    }
    /// Bin location of the product in the work's store, as in A-03-12. Null when none is set.
    async fn bin_location(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        bin_of(ctx, LevelKey { product: self.row().product, store: self.work.head.store }).await
    }
    /// Quantity that the store was asked for in all, in the product's smallest unit: the sum of the other five.
    async fn quantity(&self) -> Quantity {
        units(self.row().quantity())
    }
    /// Quantity still to be picked, in the product's smallest unit.
    async fn open(&self) -> Quantity {
        units(self.row().open)
    }
    /// Quantity that is picked and in no parcel, in the product's smallest unit.
    async fn picked(&self) -> Quantity {
        units(self.row().picked)
    }
    /// Quantity in parcels that have not left, in the product's smallest unit.
    async fn packed(&self) -> Quantity {
        units(self.row().packed)
    }
    /// Quantity that has left the store, in the product's smallest unit.
    async fn shipped(&self) -> Quantity {
        units(self.row().shipped)
    }
    /// Quantity that the store is no longer asked for, in the product's smallest unit.
    async fn dropped(&self) -> Quantity {
        units(self.row().dropped)
    }
}

crate::connection!(counted FulfilmentWorkConnection, FulfilmentWorkEdge, FulfilmentWork, "works of stores");
