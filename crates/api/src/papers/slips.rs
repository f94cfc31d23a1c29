//! Drawing of return labels, collection slips and picking lists of waves, with the data that the
//! caller may see.

use std::collections::{BTreeSet, HashMap};

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;
use inventory::{
    catalog::core::company,
    fulfilment::{
        core::{Work, WorkHead, WorkLine, picking_list},
        rows as works,
    },
    returns::rows as returns,
    stock::{core::LevelKey, rows::bin_locations},
};
use platform::storage::{Fault, TenantScope};
use services::papers::core::{DrawError, Frame, Goods, Sheet, WaveGoods, address_lines};

use super::request::{DrawResult, PaperRequest, missing_row_fault};
use crate::{
    fulfilment::FulfilmentWave,
    graphql::{context::ContextExt, fault::Answer},
    numbering,
    orders::{collector_of, customer_of_order, delivery_of, links},
    returns::Return,
};

pub(super) async fn draw_return_label(ctx: &Context<'_>, request: &PaperRequest<'_>, sales_return: &Return) -> DrawResult {
    let (head, scope) = (sales_return.row(), &request.scope);
    let whole = returns::load_full_returns(scope, &[head.id]).await?.pop().ok_or_else(|| missing_row_fault("sales_return"))?;
    let number = numbering::format_number(ctx, Numbered::Return, head.number.get()).await?;
    let frame = request.frame(ctx, head.store, number.clone()).await?;
    let store = links::store(ctx, head.store).await?;
    let address = store.0.address.as_deref().map(|text| address_lines(&company::read::<company::Address>(text)));
    Ok(PaperRequest::finish(number, None, frame.return_label(&whole, address.unwrap_or_default())))
}

/// Draws the collection slip of a work; refused if its order is to be shipped.
pub(super) async fn collect_slip(
    ctx: &Context<'_>,
    scope: &TenantScope,
    (frame, number): (&Frame, &str),
    (work, names): (&Work, &[Goods]),
) -> Answer<Result<Sheet, DrawError>> {
    if delivery_of(ctx, work.head.order).await? != DeliveryMethod::Collect {
        return Ok(Err(DrawError::NotCollected));
    }
    // No name is opened, nor its showing logged, for a slip that is refused.
    let customer = if work.is_live() { collector_name(ctx, scope, &work.head).await? } else { None };
    Ok(frame.collect_slip(number, work, names, customer.into_iter().collect()))
}

/// Returns the name of the person who collects a work: that of the order's contact or address, else
/// the customer's. None if the caller may see neither.
async fn collector_name(ctx: &Context<'_>, scope: &TenantScope, work: &WorkHead) -> Answer<Option<String>> {
    let may = ctx.permit::<kind::FulfilmentAddressRead>();
    if may.is_ok_and(|permit| permit.channel().is_none() && permit.covers(work.store))
        && let Some(name) = collector_of(ctx, scope, work.order).await?
    {
        return Ok(Some(name));
    }
    if !ctx.holds::<kind::OrderRead>() || !ctx.holds::<kind::CustomerRead>() {
        return Ok(None);
    }
    let customer = Box::pin(customer_of_order(ctx, work.order)).await?;
    Ok(customer.and_then(|customer| customer.0.name.clone()))
}

/// Draws the picking list of a wave: the goods that are still to be picked, in its order.
pub(super) async fn draw_wave_list(ctx: &Context<'_>, request: &PaperRequest<'_>, wave: &FulfilmentWave) -> DrawResult {
    let (wave, scope) = (wave.row(), &request.scope);
    let wave_works = works::works_of_waves(scope, &[wave.id]).await?;
    let ids: Vec<FulfilmentWorkId> = wave_works.iter().map(|(_, work)| *work).collect();
    let mut all = works::load_works(scope, &ids).await?;
    all.sort_by_key(|work| ids.iter().position(|id| *id == work.head.id));
    let orders: Vec<OrderId> = all.iter().map(|work| work.head.order).collect::<BTreeSet<_>>().into_iter().collect();
    let facts = works::order_facts(scope, &orders).await?;
    let numbers: HashMap<OrderId, i64> = facts.into_iter().map(|facts| (facts.order, facts.number)).collect();
    let names = works::goods_names(scope, &orders).await?;
    let bins = load_bins(scope, &all).await?;
    let goods = goods_of(&all, &names, (&numbers, &bins));
    let number = wave.id.to_string();
    let frame = request.frame(ctx, wave.store, number.clone()).await?;
    let sheet = frame.wave_list(&number, &goods);
    Ok(PaperRequest::finish(number, None, sheet))
}

/// Returns the bin locations of the works' goods, each in its work's store.
pub(super) async fn load_bins(scope: &TenantScope, all: &[Work]) -> Result<HashMap<ProductId, String>, Fault> {
    let level = |work: &Work, line: &WorkLine| LevelKey { product: line.product, store: work.head.store };
    let keys: Vec<LevelKey> = all.iter().flat_map(|work| work.lines.iter().map(move |line| level(work, line))).collect();
    Ok(bin_locations(scope, &keys).await?.into_iter().map(|(level, bin)| (level.product, bin)).collect())
}

/// Returns the goods of works. `numbers` are those of the orders, `bins` the bin locations of the
/// products.
fn goods_of(
    all: &[Work],
    names: &[works::GoodsName],
    (numbers, bins): (&HashMap<OrderId, i64>, &HashMap<ProductId, String>),
) -> Vec<WaveGoods> {
    let key = |name: &works::GoodsName| (name.order, name.position, name.product);
    let names: HashMap<(OrderId, u16, ProductId), &works::GoodsName> = names.iter().map(|name| (key(name), name)).collect();
    let decimals: HashMap<ProductId, u8> = names.values().map(|name| (name.product, name.decimals)).collect();
    let heads: HashMap<FulfilmentWorkId, &WorkHead> = all.iter().map(|work| (work.head.id, &work.head)).collect();
    let label = |work: FulfilmentWorkId| {
        let head = heads.get(&work)?;
        Some(WorkHead::number(*numbers.get(&head.order)?, head.nth))
    };
    let sku_and_name = |work: &Work, line: &WorkLine| {
        let goods_name = names.get(&(work.head.order, line.position, line.product));
        goods_name.map_or_else(Default::default, |name| (name.sku.clone(), name.name.clone()))
    };
    let lines = picking_list(all, sku_and_name, bins).into_iter().map(|line| WaveGoods {
        decimals: decimals.get(&line.product).copied().unwrap_or_default(),
        units: line.units(),
        shares: line.shares.iter().map(|share| (label(share.work).unwrap_or_default(), share.units)).collect(),
        sku: line.sku,
        name: line.name,
        bin_location: line.bin_location,
    });
    lines.collect()
}
