//! Queries of the stock room.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{ProductId, StoreId};
use iam::access::{Reach, kind};
use inventory::{
    ledger::Ledger,
    stock::rows::{
        self,
        list::{LevelFilter, LevelSort, SortKey},
    },
};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key, keyset},
    storage::{Reads, TenantScope},
};

use super::{
    Levels, StockLevel, StockLevelConnection, StockMovement, StockMovementConnection,
    inputs::{StockOrder, StockOrderField, level_filter},
    loaders::LevelLoader,
    movement_documents::resolve_document_numbers,
    movement_filter::{MovementFilter, MovementSort},
    stock_filter::StockFilter,
    visibility::{movements_within, within},
};
use crate::{
    catalog::{Direction, StoreRef},
    graphql::{
        canonical::filter_name,
        connection::{Page, PageArgs, begin_count},
        context::ContextExt,
        fault::Answer,
        limits::Limits,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    sorts::{StockSort, order_of},
};

#[derive(Default)]
pub struct StockQuery;

#[resolvers]
impl StockQuery {
    /// Stock levels: quantities of products in stores.
    #[field(permit = StockRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "a Relay list takes four of them")]
    async fn stock_levels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the stock levels. All levels by default.")] filter: Option<StockFilter>,
        #[graphql(desc = "Sort order. By SKU by default.")] order_by: Option<StockOrder>,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<StockSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockLevelConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let filter = within(&permit, level_filter(ctx, filter.as_ref()).await?);
        let order = order_of(order_by, sort)?;
        levels(ctx, &scope, &filter, order.as_ref(), &PageArgs { first, after, last, before }).await
    }

    /// Movements of the ledger, the newest first unless another order is asked for.
    #[field(permit = StockMovementRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stock_movements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the movements. All movements by default.")] filter: Option<MovementFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the movements. Null for RECORDED_AT, DESC.")] sort: Option<MovementSort>,
    ) -> Answer<StockMovementConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = MovementSort::sorted(sort);
        let list = sorted.kind("movements");
        let request = PageArgs { first, after, last, before }.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
        let mut filter =
            MovementFilter::nested(resolve_filter_keys(ctx, resolve_document_numbers(ctx, filter).await?, "filter").await?)?;
        // Parts inside `not` and `or` are limited too: an entry in a store that the caller may not
        // see must not match there either.
        for spec in filter.all_mut() {
            *spec = movements_within(&permit, std::mem::take(spec));
        }
        let (conditions, mut values) = filter.conditions(2, &|spec, next| {
            let filter = rows::movement_filter(scope.backend(), spec, next);
            (filter.on_movements(), filter.values)
        });
        let source = rows::movements_source(&conditions, values.clone());
        let (bounds, order, keyset_values) = keyset(sorted.columns(), sorted.descending, &request, values.len() + 2);
        values.extend(keyset_values);
        let seqs = rows::movement_seqs(&scope, &format!("{conditions}{bounds}{order}"), values).await?;
        let movements = rows::movements_by_seq(&scope, &seqs).await?;
        let nodes = movements.into_iter().map(|movement| {
            let keys = sorted.keys(&movement);
            (StockMovement(Arc::new(movement)), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, source).into())
    }
}

/// A page of levels. Every cursor carries the journal's head at the time when the first page was
/// read.
pub async fn levels(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: &LevelFilter,
    order: Option<&StockOrder>,
    args: &PageArgs,
) -> Answer<StockLevelConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let (sort, descending) = match order {
        None => (LevelSort::ProductSku, false),
        Some(order) => {
            let sort = match order.field {
                StockOrderField::ProductSku => LevelSort::ProductSku,
                StockOrderField::ProductName => LevelSort::ProductName,
                StockOrderField::StoreCode => LevelSort::StoreCode,
                StockOrderField::Available => LevelSort::Available,
                StockOrderField::OnHand => LevelSort::OnHand,
                StockOrderField::UpdatedAt => LevelSort::UpdatedAt,
            };
            (sort, order.direction == Direction::Desc)
        }
    };
    let list = format!("levels:{}:{descending}", sort.word());
    let mut request = args.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
    let mut head = None;
    for keys in [&mut request.after, &mut request.before].into_iter().flatten() {
        if let Some(Key::Int(seq)) = keys.pop() {
            head = Some(seq);
        }
    }
    let stream = crate::live::stream::position(scope).await?;
    let head = head.unwrap_or(stream.seq);
    let mut values = Vec::new();
    let mut conditions = filter.sql(scope.backend(), &mut values);
    let source = rows::list::source(&conditions, values.clone());
    let next = values.len() + 2;
    let (bounds, order, keyset_values) = keyset(&[sort.column(), sort.tie_breaker()], descending, &request, next);
    conditions += &sort.text_bounds(descending, &request, next);
    conditions += &bounds;
    values.extend(keyset_values);
    let count = begin_count(ctx, scope, &source, &request);
    let rows = rows::list::page(scope, sort, &conditions, &order, values).await?;
    let nodes = rows.into_iter().map(|(level, key)| {
        let key = match key {
            SortKey::Int(number) => Key::Int(number),
            SortKey::Text(text) => Key::Text(text),
        };
        let keys = vec![key, sort.tie_key(&level), Key::Int(head)];
        (StockLevel::from(level), keys)
    });
    let page = Page::build(nodes.collect(), &request, list, signer);
    let counted = page.count_from_source(scope.clone(), source, count).with_inexact_count(filter.is_vague());
    let head = crate::live::stream::cursor(signer, scope.tenant(), stream.epoch, head, &filter_name(filter));
    Ok(StockLevelConnection { counted, head })
}

/// The levels of a product, in all stores or in the ones named.
pub async fn levels_of_product(ctx: &Context<'_>, product: ProductId, stores: Option<Vec<StoreRef>>) -> Answer<Levels> {
    let reach = ctx.permit::<kind::StockRead>()?.reach();
    let loader = ctx.lazy::<LevelLoader>()?;
    let mut levels = match Levels::columns(ctx) {
        Some(columns) => Levels::Shown(loader.levels_with_columns(product, columns).await?.to_vec()),
        None => Levels::Whole(loader.product(product).await?.iter().cloned().map(StockLevel::from).collect()),
    };
    if reach != Reach::Everywhere {
        levels.retain(|store| reach.covers(store));
    }
    if let Some(stores) = stores {
        let mut store_ids = Vec::with_capacity(stores.len());
        for (index, store_ref) in stores.iter().enumerate() {
            store_ids.extend(crate::catalog::find_store_id(ctx, store_ref, &["stores", &index.to_string()]).await?);
        }
        levels.retain(|store| store_ids.contains(&store));
    }
    Ok(levels)
}

/// A page of a store's levels.
pub async fn levels_of_store(
    ctx: &Context<'_>,
    store: StoreId,
    filter: Option<&StockFilter>,
    order: Option<&StockOrder>,
    args: &PageArgs,
) -> Answer<StockLevelConnection> {
    let permit = ctx.permit::<kind::StockRead>()?;
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let requested = level_filter(ctx, filter).await?;
    // The filter is the same as that of a stream that follows the store; otherwise the page's
    // cursor would not fit that stream.
    let stores =
        if requested.stores.as_ref().is_none_or(|requested| requested.contains(&store)) { vec![store] } else { Vec::new() };
    let visible_filter = within(&permit, LevelFilter { stores: Some(stores), ..requested });
    levels(ctx, &scope, &visible_filter, order, args).await
}
