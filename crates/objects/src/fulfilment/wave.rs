//! A wave as clients see it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, ID};
use entity::prelude::{self as values, FulfilmentWorkId, OrderId, ProductId};
use futures_util::future::try_join_all;
use inventory::fulfilment::{
    core::{self, PickingLine, PickingShare, picking_list},
    rows::GoodsName,
};
use macros::resolvers;

use super::{
    loaders::{OrderGoodsKey, load},
    work::FulfilmentWork,
};
use crate::{
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{self, Product, Store},
    papers::{Paper, has_more_papers, papers_of},
    stock::bins_in,
};

/// A wave, with its works or without.
#[derive(Clone)]
pub struct FulfilmentWave {
    row: core::Wave,
    works: Option<Arc<Vec<FulfilmentWorkId>>>,
}

impl FulfilmentWave {
    pub fn new(row: core::Wave, works: Vec<FulfilmentWorkId>) -> Self {
        Self { row, works: Some(Arc::new(works)) }
    }
    /// A wave whose works are read on demand.
    pub fn head(row: core::Wave) -> Self {
        Self { row, works: None }
    }
    pub fn row(&self) -> &core::Wave {
        &self.row
    }

    async fn with_works(&self, ctx: &Context<'_>) -> Answer<Vec<Arc<core::Work>>> {
        let ids = match &self.works {
            Some(ids) => ids.clone(),
            None => load(ctx, self.row.id).await?.unwrap_or_default(),
        };
        let works = try_join_all(ids.iter().copied().map(|id| load(ctx, id))).await?;
        Ok(works.into_iter().flatten().collect())
    }
}

/// Works of one store that are picked, packed and shipped together.
#[resolvers(requires = FulfilmentRead)]
impl FulfilmentWave {
    /// ID of the wave.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Store that the goods leave from.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// True if the wave is open: its works are in no other open wave.
    async fn is_open(&self) -> bool {
        self.row.closed_at.is_none()
    }
    /// Works of the wave, in the order in which they were named, or are due; at most 200.
    async fn works(&self, ctx: &Context<'_>) -> Answer<Vec<FulfilmentWork>> {
        Ok(self.with_works(ctx).await?.into_iter().map(FulfilmentWork::with_loaded_lines).collect())
    }
    /// Goods of the wave that are still to be picked: a line for each product, by bin location (A-2 before A-10), then by SKU. Products without a bin
    /// location come last.
    async fn picking_list(&self, ctx: &Context<'_>) -> Answer<Vec<FulfilmentPickingLine>> {
        let works = self.with_works(ctx).await?;
        let products: Vec<ProductId> = works.iter().flat_map(|work| work.lines.iter().map(|line| line.product)).collect();
        let bins = bins_in(ctx, self.row.store, products).await?;
        let orders: BTreeSet<OrderId> = works.iter().map(|work| work.head.order).collect();
        let names = try_join_all(orders.into_iter().map(|order| load(ctx, OrderGoodsKey(order)))).await?;
        let names: Vec<Arc<Vec<GoodsName>>> = names.into_iter().flatten().collect();
        let names: HashMap<(OrderId, u16, ProductId), &GoodsName> = names
            .iter()
            .flat_map(|order_names| order_names.iter())
            .map(|name| ((name.order, name.position, name.product), name))
            .collect();
        let goods_name = |work: &core::Work, line: &core::WorkLine| {
            let line_name = names.get(&(work.head.order, line.position, line.product));
            line_name.map_or_else(Default::default, |name| (name.sku.clone(), name.name.clone()))
        };
        let lines = picking_list(works.iter().map(|work| &**work), goods_name, &bins);
        Ok(lines.into_iter().map(FulfilmentPickingLine).collect())
    }
    /// Papers drawn of the wave, the newest first, at most 50. Empty while none is drawn, and for callers bound to a channel.
    async fn papers(&self, ctx: &Context<'_>) -> Answer<Vec<Paper>> {
        Box::pin(papers_of(ctx, self.row.id.uuid())).await
    }
    /// True if more papers were drawn of the wave than `papers` has; the root field `papers` has pages of them. False for callers bound to a channel.
    async fn has_more_papers(&self, ctx: &Context<'_>) -> Answer<bool> {
        Box::pin(has_more_papers(ctx, self.row.id.uuid())).await
    }
    tagged!("wave", self.row.id);
    /// Moment at which the wave was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Moment at which the wave was closed. Null while it is open.
    async fn closed_at(&self) -> Option<DateTime> {
        self.row.closed_at.map(DateTime)
    }
    /// Version of the wave, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Moment of the last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}

/// A line of a wave's picking list.
pub struct FulfilmentPickingLine(PickingLine);

fn units(units: i64) -> Quantity {
    values::Quantity::new(units).unwrap_or_default().into()
}

/// Goods of one product that are to be picked for several works at once.
#[resolvers]
impl FulfilmentPickingLine {
    /// ID of the product.
    async fn product_id(&self) -> ID {
        ID(self.0.product.to_string())
    }
    /// Product; null without product.read.
    #[field(mask = ProductRead)]
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.product).await)
    }
    /// SKU of the product when the first of the orders was placed.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Name of the product when the first of the orders was placed.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Bin location of the product in the store, as in A-03-12. Null when none is set.
    async fn bin_location(&self) -> Option<&str> {
        self.0.bin_location.as_deref()
    }
    /// Quantity to pick for all works together, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.0.units())
    }
    /// Quantities of the works, in the order of the wave.
    async fn shares(&self) -> Vec<FulfilmentPickingShare> {
        self.0.shares.iter().copied().map(FulfilmentPickingShare).collect()
    }
}

/// A work's part of a line of a picking list.
pub struct FulfilmentPickingShare(PickingShare);

/// Part of a line of a picking list that is for one line of one work.
#[resolvers]
impl FulfilmentPickingShare {
    /// ID of the work.
    async fn work_id(&self) -> ID {
        ID(self.0.work.to_string())
    }
    /// ID of the work's line.
    async fn line_id(&self) -> ID {
        ID(self.0.line.to_string())
    }
    /// Quantity to pick for the line, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        units(self.0.units)
    }
}

crate::connection!(counted FulfilmentWaveConnection, FulfilmentWaveEdge, FulfilmentWave, "waves");
