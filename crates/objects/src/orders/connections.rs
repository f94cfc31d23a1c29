//! Lists of orders.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID};
use entity::prelude::{CustomerId, OrderId};
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    orders::{core, rows},
};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key, PageRequest},
    storage::{Nested, Reads, TenantScope},
};

use super::{
    direct_json,
    filters::{OrderFilter, OrderOrder},
    line::OrderLine,
    links::{IdFilter, MAX_PAGE_SIZE, head_cursor},
    order::Order,
    visibility::orders_within,
};
use crate::graphql::{
    connection::{CountedPage, Page, PageArgs, begin_count},
    context::ContextExt,
    direct_json::SelectionView,
    fault::Answer,
    scalars::Cursor,
};

crate::connection!(counted BackorderConnection, BackorderEdge, OrderLine, "order lines that wait for stock");

/// A page of orders, and the stream's position before the list was read.
pub struct OrderConnection {
    counted: CountedPage<Order>,
    stream: Option<Cursor>,
    filter: rows::Filter,
}
crate::connection!(@edge OrderEdge, Order, "orders");

/// A page of orders.
#[resolvers(connection(counted, OrderEdge, Order))]
impl OrderConnection {
    /// The nodes alone.
    async fn nodes(&self) -> direct_json::Orders {
        direct_json::Orders(self.counted.page.clone())
    }
    /// The stream's head when the first page of this list was read: hand it to `orderChanged(after:)` after the last page and nothing is
    /// missed. Ask for it from the first page on.
    async fn stream_cursor(&self, ctx: &Context<'_>) -> Answer<Cursor> {
        match &self.stream {
            Some(cursor) => Ok(cursor.clone()),
            None => head_cursor(ctx, &self.filter).await,
        }
    }
}

/// Reads a page of orders: one statement, one more when their lines are selected, and one more for the stream's head.
pub async fn load_order_page(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<OrderFilter>,
    order: Option<OrderOrder>,
    args: &PageArgs,
) -> Answer<OrderConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let filter = orders_within(&ctx.permit::<kind::OrderRead>()?, OrderFilter::compile_filter(ctx, filter).await?);
    let sorted = OrderOrder::sorted(order);
    let kind = sorted.kind("orders");
    let mut request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
    let mut stream = take_stream_cursor(&mut request);
    let selection = ctx.look_ahead();
    if stream.is_none() && selection.field("streamCursor").exists() {
        // The head is read before the rows: a change made meanwhile is sent twice rather than
        // missed.
        stream = Some(head_cursor(ctx, &filter).await?);
    }
    let is_selected =
        |name: &str| selection.field("nodes").field(name).exists() || selection.field("edges").field("node").field(name).exists();
    let needs_lines = is_selected("holds") || is_selected("lines") && !writes_lines_directly(ctx);
    let full_filter = rows::include_merged_customers(scope, &filter).await?;
    let is_counted = selection.field("totalCount").exists() && full_filter.is_searched();
    let source = rows::counted_source(scope.backend(), &full_filter);
    let count = if is_counted { None } else { begin_count(ctx, scope, &source, &request) };
    let (mut page, found_count) = page_of(scope, &full_filter, sorted, (&request, is_counted)).await?;
    let keys: Vec<_> = page.iter().map(|order| sorted.keys(order)).collect();
    if needs_lines {
        rows::fill_lines(scope, &mut page).await?;
    }
    let nodes = page.into_iter().zip(keys).map(|(order, mut keys)| {
        keys.extend(stream.clone().map(|cursor| Key::Text(cursor.0)));
        let row = Arc::new(order);
        (if needs_lines { Order::with_loaded_lines(row) } else { Order::head(row) }, keys)
    });
    let page = Page::build(nodes.collect(), &request, kind, signer);
    let counted = match found_count {
        Some(found_count) if found_count < rows::MAX_SEARCH_COUNT => page.with_total(found_count),
        Some(found_count) => page.with_count_source(scope.clone(), source).with_min_count(found_count),
        None => page.count_from_source(scope.clone(), source, count),
    };
    Ok(OrderConnection { counted, stream, filter })
}

/// The orders of a page. A search with a count collects all orders that it finds, so they are not
/// searched again for the count.
async fn page_of(
    scope: &TenantScope,
    filter: &rows::Filter,
    sorted: rows::OrdersSorted,
    (request, is_counted): (&PageRequest, bool),
) -> Answer<(Vec<core::Order>, Option<usize>)> {
    let search_result = if is_counted { rows::search_page(scope, filter, sorted, request).await? } else { None };
    let count = search_result.as_ref().map(|(_, count)| *count);
    match search_result {
        Some((page, count)) if count < rows::MAX_SEARCH_COUNT => Ok((page, Some(count))),
        _ => Ok((rows::page(scope, filter, sorted, request).await?, count)),
    }
}

/// The orders of a customer that a filter leaves.
pub async fn orders_of_customer(
    ctx: &Context<'_>,
    permit: &Permit<kind::OrderRead>,
    customer: CustomerId,
    (filter, order): (Option<OrderFilter>, Option<OrderOrder>),
    args: &PageArgs,
) -> Answer<OrderConnection> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let mut filter = filter.unwrap_or_default();
    let condition = Some(IdFilter { eq: Some(ID(customer.to_string())), ..IdFilter::default() });
    if filter.customer.is_some() {
        filter.and.get_or_insert_default().push(OrderFilter { customer: condition, ..OrderFilter::default() });
    } else {
        filter.customer = condition;
    }
    load_order_page(ctx, &scope, Some(filter), order, args).await
}

/// Whether the nodes are written directly, with only the selected columns of their lines read.
fn writes_lines_directly(ctx: &Context<'_>) -> bool {
    let nodes =
        || SelectionView::of(&ctx.with_selection_set(&ctx.item.node.selection_set), "OrderConnection")?.below("nodes", "Order");
    nodes().is_some_and(direct_json::reads_lines) && !ctx.look_ahead().field("edges").exists()
}

/// Takes the stream's cursor out of a page's cursors, which carry it after the sort's keys.
fn take_stream_cursor(request: &mut PageRequest) -> Option<Cursor> {
    let mut cursor = None;
    for keys in [&mut request.after, &mut request.before].into_iter().flatten() {
        if let Some(Key::Text(text)) = keys.get(2).cloned() {
            cursor = Some(Cursor(text));
        }
        keys.truncate(2);
    }
    cursor
}

/// Reads a page of lines that wait for stock: one statement, and two for the orders that they are lines of.
pub async fn backorders(
    ctx: &Context<'_>,
    scope: &TenantScope,
    (filter, tests): (rows::Filter, Nested<rows::BackorderTests>),
    sorted: rows::BackordersSorted,
    args: &PageArgs,
) -> Answer<BackorderConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let filter = orders_within(&ctx.permit::<kind::OrderRead>()?, filter);
    let kind = sorted.kind("backorders");
    let request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
    let listing = rows::backorders(scope, &filter, &tests, sorted, &request).await?;
    let mut ids: Vec<OrderId> = listing.rows.iter().map(|backorder| backorder.order).collect();
    ids.sort_unstable();
    ids.dedup();
    let orders: HashMap<OrderId, Arc<core::Order>> =
        rows::orders(scope, &ids).await?.into_iter().map(|order| (order.id, Arc::new(order))).collect();
    let rows = listing.rows.into_iter().map(|backorder| {
        let keys = sorted.keys(&backorder);
        (backorder, keys)
    });
    let page = Page::build(rows.collect(), &request, kind, signer).filter_visible(|backorder| {
        let order = orders.get(&backorder.order)?.clone();
        let id = order.line_id(backorder.position);
        OrderLine::find(order, id)
    });
    Ok(page.with_count_source(scope.clone(), listing.source).into())
}
