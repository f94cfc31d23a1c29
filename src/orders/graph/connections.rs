//! Lists of orders and returns.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{
    filters::{OrderFilter, OrderOrder, ReturnFilter},
    links::{MOST_A_PAGE, head_cursor},
    order::Order,
    returns::Return,
    sight::{orders_within, returns_within},
};
use crate::{
    access::kind,
    graphql::{
        connection::{CursorSigner, Key, Page, PageArgs, PageInfo, PageRequest},
        context::Asks,
        fault::Answer,
        scalars::Cursor,
    },
    orders::rows::{self, Sorted},
    storage::TenantScope,
};

crate::connection!(ReturnConnection, ReturnEdge, Return, "returns");

/// A page of orders, and where the stream stood before its list was read.
pub struct OrderConnection {
    page: Arc<Page<Order>>,
    stream: Option<Cursor>,
    filter: rows::Filter,
}
crate::connection!(@edge OrderEdge, Order, "orders");

/// A page of orders.
#[Object]
impl OrderConnection {
    /// The nodes with their cursors.
    async fn edges(&self) -> Vec<OrderEdge> {
        (0..self.page.nodes.len()).map(|index| OrderEdge(self.page.clone(), index)).collect()
    }
    /// The nodes alone.
    async fn nodes(&self) -> &[Order] {
        &self.page.nodes
    }
    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
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
pub(super) async fn orders(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<OrderFilter>,
    sorted: Option<OrderOrder>,
    args: &PageArgs,
) -> Answer<OrderConnection> {
    let signer = ctx.given::<CursorSigner>()?;
    let filter = orders_within(&ctx.permit::<kind::OrderRead>()?, OrderFilter::read(filter)?);
    let sorted: Sorted = sorted.into();
    let kind = sorted.kind();
    let mut request = args.check(&kind, signer, MOST_A_PAGE)?;
    let mut stream = carried(&mut request);
    let look = ctx.look_ahead();
    if stream.is_none() && look.field("streamCursor").exists() {
        // Before the rows: what changes while they are read comes twice rather than never.
        stream = Some(head_cursor(ctx, &filter).await?);
    }
    let selects = |name: &str| look.field("nodes").field(name).exists() || look.field("edges").field("node").field(name).exists();
    let whole = selects("lines") || selects("holds");
    let mut page = rows::page(scope, &filter, sorted, &request).await?;
    if whole {
        rows::fill_lines(scope, &mut page).await?;
    }
    let nodes = page.into_iter().map(|order| {
        let mut keys = sorted.keys(&order);
        keys.extend(stream.clone().map(|cursor| Key::Text(cursor.0)));
        let row = Arc::new(order);
        (if whole { Order::whole(row) } else { Order::head(row) }, keys)
    });
    let page = Page::build(nodes.collect(), &request, kind, signer);
    Ok(OrderConnection { page: Arc::new(page), stream, filter })
}

/// Takes the stream's cursor out of a page's cursors, which carry it behind the sort's keys.
fn carried(request: &mut PageRequest) -> Option<Cursor> {
    let mut found = None;
    for keys in [&mut request.after, &mut request.before].into_iter().flatten() {
        if let Some(Key::Text(text)) = keys.get(2).cloned() {
            found = Some(Cursor(text));
        }
        keys.truncate(2);
    }
    found
}

/// Reads a page of returns: one statement.
pub(super) async fn returns(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<ReturnFilter>,
    args: &PageArgs,
) -> Answer<ReturnConnection> {
    let signer = ctx.given::<CursorSigner>()?;
    let tests = returns_within(&ctx.permit::<kind::OrderRead>()?, ReturnFilter::read(filter)?);
    let request = args.check(rows::RETURNS, signer, MOST_A_PAGE)?;
    let page = rows::returns_page(scope, &tests, &request).await?;
    let nodes = page.into_iter().map(|ret| {
        let keys = rows::return_keys(&ret);
        (Return::head(Arc::new(ret)), keys)
    });
    Ok(Page::build(nodes.collect(), &request, rows::RETURNS, signer).into())
}
