//! Lots, as GraphQL.

use std::sync::Arc;

use async_graphql::{Context, ID, dataloader::DataLoader};
use entity::prelude::{OrderId, ReturnId, StoreId};
use iam::access::{Permit, Reach, kind};
use inventory::{
    ledger::Ledger,
    stock::{
        core::{self, LotLevel as Level, Reference, ReferenceKind},
        rows::lot_list::{self, Expiring, LotEntry},
    },
};
use macros::resolvers;
use platform::{
    clock,
    paging::{CursorSigner, Key, keyset},
    storage::Reads,
};

use super::{
    LotStatus, StockCondition, StockMovement, links,
    loaders::{LotLevelsKey, MovementSeqKey, StockLoader},
};
use crate::{
    catalog::{Customer, Money, Product, Store},
    connection,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        limits::Limits,
        scalars::{Cursor, Date, DateTime, Long, Quantity},
    },
    nodes::Node,
    orders, returns,
};

fn quantity(units: i64) -> Quantity {
    Quantity(entity::prelude::Quantity::new(units).unwrap_or_default())
}

/// A batch of a product, or a serial number.
#[derive(Debug, Clone)]
pub struct Lot(pub Arc<core::Lot>);

impl Lot {
    pub fn of(lot: core::Lot) -> Self {
        Self(Arc::new(lot))
    }
    /// Returns its present and past levels in the stores that the caller may see.
    async fn visible_levels(&self, ctx: &Context<'_>) -> Answer<Vec<Level>> {
        let reach = ctx.permit::<kind::StockRead>()?.reach();
        let levels = ctx.lazy::<DataLoader<StockLoader>>()?.load_one(LotLevelsKey(self.0.id)).await?.unwrap_or_default();
        Ok(levels.iter().filter(|level| reach.covers(level.key.store)).copied().collect())
    }
}

/// A batch of a product with its code and dates, or a serial number: a lot of one.
#[resolvers(requires = StockRead, shared)]
impl Lot {
    /// ID of the lot.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// Code printed on the lot, unique within the product; case is ignored.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Day on which the lot was made. Null when unknown.
    #[field(was("madeOn", "2026-11-27"))]
    async fn manufactured_on(&self) -> Option<Date> {
        self.0.made_on.map(Date)
    }
    /// Last day on which the lot may be used. Null when it has no expiry date.
    async fn expires_on(&self) -> Option<Date> {
        self.0.expires_on.map(Date)
    }
    /// Status of the lot: available, quarantined or recalled.
    async fn status(&self) -> LotStatus {
        self.0.status.into()
    }
    /// Note on the lot. Null when there is none.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    tagged!("lot", self.0.id);
    /// Quantity of the lot on hand in all stores that you may see, in the product's smallest unit.
    async fn on_hand(&self, ctx: &Context<'_>) -> Answer<Quantity> {
        if ctx.permit::<kind::StockRead>()?.reach() == Reach::Everywhere {
            return Ok(self.0.on_hand.into());
        }
        Ok(quantity(self.visible_levels(ctx).await?.iter().map(|level| level.on_hand).sum()))
    }
    /// Stock of the lot in each store that you may see.
    #[field(list_size(assumed = 20))]
    async fn levels(&self, ctx: &Context<'_>) -> Answer<Vec<LotLevel>> {
        let stocked_levels = self.visible_levels(ctx).await?.into_iter().filter(|level| level.on_hand > 0);
        Ok(stocked_levels.map(LotLevel).collect())
    }
    /// Trace of the lot: the ledger lines that moved it, the oldest first.
    #[field(permit = StockMovementRead, paged)]
    async fn trace(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<LotTraceConnection> {
        Box::pin(trace(ctx, &permit, self.0.id, &PageArgs { first, after, last, before })).await
    }
    /// Version of the lot, +1 for each change of its own fields.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the lot was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the lot's last change or movement.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// Stock of a lot in a store.
#[derive(Debug, Clone, Copy)]
pub struct LotLevel(pub Level);

/// Stock of a lot in a store, in the product's smallest unit: available = onHand − unavailable.
#[resolvers(requires = StockRead, cost = "0.05", shared)]
impl LotLevel {
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.key.store).await
    }
    /// Quantity of the lot on hand, in the product's smallest unit.
    async fn on_hand(&self) -> Quantity {
        quantity(self.0.on_hand)
    }
    /// Quantity of the lot that cannot be sold, in the product's smallest unit.
    async fn unavailable(&self) -> Quantity {
        quantity(self.0.unavailable)
    }
    /// Quantity of the lot that can be sold, in the product's smallest unit. Reservations hold stock of the level, not of a lot.
    async fn available(&self) -> Quantity {
        quantity(self.0.available())
    }
    /// Time at which the stock on hand of this lot began to arrive.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }
}

/// A line of the ledger that moved a lot.
#[derive(Debug, Clone)]
pub struct LotTrace {
    entry: LotEntry,
    movement: StockMovement,
}

/// Entry of the ledger that moved a lot: its time, store, quantity and document.
#[resolvers(requires = StockMovementRead)]
impl LotTrace {
    /// The movement.
    async fn movement(&self) -> &StockMovement {
        &self.movement
    }
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.entry.store).await
    }
    /// Change of the lot's quantity on hand, in the product's smallest unit; below 0 when stock left.
    async fn quantity(&self) -> Quantity {
        quantity(self.entry.on_hand_delta)
    }
    /// Time at which the movement occurred.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.movement.0.occurred_at)
    }
    /// Order, return or other document that the entry belongs to. Null when there is none, or none that you may see.
    async fn document(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::nodes::reference(ctx, self.movement.0.reference?)).await.transpose()
    }
    /// Customer of the order or return; null when the line belongs to neither, or has no customer.
    // Null needs no permission if there is no document.
    #[field(permit(CustomerRead, in_body))]
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        let found = Box::pin(async {
            match self.movement.0.reference {
                Some(reference) => customer_of(ctx, reference).await,
                None => Ok(None),
            }
        });
        found.await.transpose()
    }
}

/// The customer of a document, for callers who may see both; None if it has no customer.
async fn customer_of(ctx: &Context<'_>, reference: Reference) -> Answer<Option<Customer>> {
    match reference.kind {
        ReferenceKind::Order => orders::customer_of_order(ctx, OrderId::from_uuid(reference.id)).await,
        ReferenceKind::Return => returns::customer_of_return(ctx, ReturnId::from_uuid(reference.id)).await,
        _ => Ok(None),
    }
}

connection!(counted LotConnection, LotEdge, Lot, "lots");
connection!(counted LotTraceConnection, LotTraceEdge, LotTrace, "lines that moved a lot");
connection!(counted ExpiringLotConnection, ExpiringLotEdge, ExpiringLot, "lots that expire soon");

/// A page of the lines that moved a lot, the oldest first.
pub async fn trace(
    ctx: &Context<'_>,
    permit: &Permit<kind::StockMovementRead>,
    lot: entity::prelude::LotId,
    args: &PageArgs,
) -> Answer<LotTraceConnection> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let signer = ctx.required_data::<CursorSigner>()?;
    let list = format!("trace:{lot}");
    let request = args.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
    let reach = permit.reach();
    let visible_stores: Option<&[StoreId]> = match &reach {
        Reach::Everywhere => None,
        Reach::Stores(visible_stores) => Some(visible_stores),
    };
    let keyset_tail = |next| {
        let (bounds, order, values) = keyset(&["e.seq", "e.line"], false, &request, next);
        (format!("{bounds}{order}"), values)
    };
    let entries = lot_list::lot_entries(&scope, lot, visible_stores, (keyset_tail, 2)).await?;
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let movements = loader.load_many(entries.iter().map(|entry| MovementSeqKey(entry.seq))).await?;
    let rows = entries.into_iter().map(|entry| (entry, vec![Key::Int(entry.seq), Key::Int(entry.line)]));
    // A caller who sees an entry also sees its movement, because the entry's store is one of the
    // caller's.
    let page = Page::build(rows.collect(), &request, list, signer).filter_visible(|entry: LotEntry| {
        let movement = StockMovement(movements.get(&MovementSeqKey(entry.seq))?.clone());
        Some(LotTrace { entry, movement })
    });
    let source = lot_list::trace_source(scope.backend(), lot, visible_stores);
    Ok(page.with_count_source(scope, source).into())
}

/// A lot in a store that will not last long.
pub struct ExpiringLot(pub Expiring);

/// Stock of a lot in a store, with the days until it expires.
#[resolvers(requires = StockRead)]
impl ExpiringLot {
    /// The lot.
    async fn lot(&self) -> Lot {
        Lot::of(self.0.lot.clone())
    }
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.level.key.store).await
    }
    /// Quantity of the lot on hand, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        quantity(self.0.level.on_hand)
    }
    /// Quantity of the lot that can still be sold, in the product's smallest unit.
    async fn available(&self) -> Quantity {
        quantity(self.0.level.available())
    }
    /// Days from today, by the store's calendar, until the lot's last day: 0 on that day, below 0 when it is past.
    async fn days_left(&self, ctx: &Context<'_>) -> Answer<i32> {
        let now = ctx.required_data::<Ledger>()?.clock().now();
        let expires = self.0.lot.expires_on.ok_or(TopError::Internal)?;
        Ok(expires - clock::local_day(now, &self.0.time_zone))
    }
    /// Value of the quantity at the product's unit cost. Null without the permission product.cost.read, and where the product has no cost.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        let on_hand = entity::prelude::Quantity::new(self.0.level.on_hand)?;
        self.0.cost?.times(on_hand, self.0.decimals).map(Money::from)
    }
}

/// Unavailable quantity of one condition.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct UnavailableStock {
    /// Condition that keeps the stock from being sold.
    pub condition: StockCondition,
    /// Quantity, in the product's smallest unit.
    pub quantity: Quantity,
}
