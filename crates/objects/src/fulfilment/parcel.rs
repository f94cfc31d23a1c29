//! Parcels as clients see them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, ID};
use entity::prelude::{self, FulfilmentId, FulfilmentWorkId, ParcelId};
use futures_util::future::try_join_all;
use iam::access::kind;
use inventory::{
    fulfilment::{core, rows},
    ledger::Ledger,
};
use macros::resolvers;

use super::{
    carriers::ShippingCarrier,
    enums::ParcelStatus,
    loaders::{FulfilmentParcelsKey, OrderGoodsKey, load},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Long, Quantity},
    },
    stock::{Lot, lot_of_document, visible_lot},
};

/// A parcel of a work.
#[derive(Clone)]
pub struct Parcel {
    work: Arc<core::Work>,
    row: core::Parcel,
}

impl Parcel {
    /// The store that it is packed in.
    pub fn store(&self) -> prelude::StoreId {
        self.work.head.store
    }
    /// The parcels of a work, in the order in which they were packed; of emptied ones none.
    pub fn all(work: &Arc<core::Work>) -> Vec<Self> {
        let full = work.parcels.iter().filter(|parcel| !parcel.is_empty());
        full.map(|row| Self { work: work.clone(), row: row.clone() }).collect()
    }
}

/// Parcels that left with a fulfilment.
pub async fn parcels_of_fulfilment(ctx: &Context<'_>, id: FulfilmentId) -> Answer<Vec<Parcel>> {
    let parcels = load(ctx, FulfilmentParcelsKey(id)).await?.unwrap_or_default();
    // A fulfilment has many parcels of few works: each work is loaded once, all in one batch.
    let works: BTreeSet<FulfilmentWorkId> = parcels.iter().map(|(work, _)| *work).collect();
    let works = try_join_all(works.into_iter().map(|work| load(ctx, work))).await?;
    let works: HashMap<FulfilmentWorkId, Arc<core::Work>> =
        works.into_iter().flatten().map(|work| (work.head.id, work)).collect();
    let parcel =
        |(work, row): &(FulfilmentWorkId, core::Parcel)| Some(Parcel { work: works.get(work)?.clone(), row: row.clone() });
    Ok(parcels.iter().filter_map(parcel).collect())
}

/// The parcel of an id, if its store is the caller's.
pub async fn find_parcel(ctx: &Context<'_>, id: ParcelId) -> Answer<Option<Parcel>> {
    let permit = ctx.permit::<kind::FulfilmentRead>()?;
    let location = rows::parcel_location(&permit.scope(ctx.required_data::<Ledger>()?.database()), id).await?;
    let Some(location) = location.filter(|location| permit.channel().is_none() && permit.covers(location.store)) else {
        return Ok(None);
    };
    let Some(parent_work) = load(ctx, location.work).await? else { return Ok(None) };
    let row = parent_work.parcels.iter().find(|parcel| parcel.id == id).cloned();
    Ok(row.map(|row| Parcel { work: parent_work, row }))
}

/// Goods that are packed together, with the label on them.
#[resolvers]
impl Parcel {
    /// ID of the parcel.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Position of the parcel inside its work, from 1.
    async fn position(&self) -> i32 {
        self.row.position.into()
    }
    /// State of the parcel.
    async fn status(&self) -> ParcelStatus {
        self.row.sent.into()
    }
    /// Goods in the parcel.
    async fn lines(&self) -> Vec<ParcelLine> {
        let full = self.row.lines.iter().filter(|line| line.quantity > 0);
        let lots = |line_position: u16| -> Vec<core::ParcelLot> {
            self.row.lots.iter().filter(|lot| lot.nth == line_position && lot.units > 0).copied().collect()
        };
        full.map(|line| ParcelLine { work: self.work.clone(), row: *line, lots: lots(line.nth) }).collect()
    }
    /// Weight of the parcel in grams. Null when it was not weighed.
    async fn weight(&self) -> Option<Long> {
        self.row.weight.map(Long)
    }
    /// Carrier that takes the parcel; null when none is named.
    async fn carrier(&self, ctx: &Context<'_>) -> Answer<Option<ShippingCarrier>> {
        let Some(id) = self.row.label.carrier else { return Ok(None) };
        Ok(load(ctx, id).await?.map(ShippingCarrier))
    }
    /// Service of the carrier; null when none is named.
    async fn service(&self) -> Option<&str> {
        self.row.label.service.as_deref()
    }
    /// Number by which the carrier tracks the parcel; null when none is known.
    async fn tracking_number(&self) -> Option<&str> {
        self.row.label.tracking_number.as_deref()
    }
    /// Page of the carrier that tracks the parcel; null without a carrier, a number, or a template of the carrier.
    async fn tracking_url(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        let (Some(id), Some(number)) = (self.row.label.carrier, &self.row.label.tracking_number) else { return Ok(None) };
        Ok(load(ctx, id).await?.and_then(|carrier| carrier.url(number)))
    }
    /// ID of the fulfilment that the parcel left with: fulfilmentDeliver and fulfilmentFail take it. Null before it leaves.
    async fn fulfilment_id(&self) -> Option<ID> {
        self.row.sent.map(|shipment| ID(shipment.fulfilment.to_string()))
    }
    /// Moment at which the parcel was packed.
    async fn packed_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

/// Goods in a parcel.
pub struct ParcelLine {
    work: Arc<core::Work>,
    row: core::ParcelLine,
    lots: Vec<core::ParcelLot>,
}

/// Quantity of a work's line in a parcel.
#[resolvers]
impl ParcelLine {
    /// ID of the work's line.
    async fn work_line_id(&self) -> ID {
        ID(self.work.head.line_id(self.row.nth).to_string())
    }
    /// SKU of the product when the order was placed.
    async fn sku(&self, ctx: &Context<'_>) -> Answer<String> {
        let Some(line) = self.work.lines.iter().find(|line| line.nth == self.row.nth) else { return Ok(String::new()) };
        let names = load(ctx, OrderGoodsKey(self.work.head.order)).await?.unwrap_or_default();
        let goods_name = names.iter().find(|name| (name.position, name.product) == (line.position, line.product));
        Ok(goods_name.map_or_else(String::new, |name| name.sku.clone()))
    }
    /// Quantity in the parcel, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        prelude::Quantity::new(self.row.quantity).unwrap_or_default().into()
    }
    /// Lots and serial numbers of the line that were named when it was packed. Empty where none were: the first to expire leave.
    #[field(list_size(assumed = 5))]
    async fn lots(&self) -> Vec<ParcelLot> {
        self.lots.iter().copied().map(ParcelLot).collect()
    }
}

/// Quantity of a lot in a parcel.
pub struct ParcelLot(core::ParcelLot);

/// Lot in a parcel, or a serial number, with its quantity.
#[resolvers]
impl ParcelLot {
    /// Code printed on the lot.
    async fn code(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(lot_of_document(ctx, self.0.lot).await?.code.clone())
    }
    /// The lot; null where it never was in a store whose stock you may see.
    #[field(permit = StockRead)]
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        Box::pin(visible_lot(ctx, self.0.lot)).await.transpose()
    }
    /// Quantity of the lot in the parcel, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        prelude::Quantity::new(self.0.units).unwrap_or_default().into()
    }
}
