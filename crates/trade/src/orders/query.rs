//! Reading orders.

use async_graphql::Context;
use entity::prelude::{ChannelId, Numbered, ProductId};
use iam::access::kind;
use inventory::orders::rows::{self, Filter, IdColumn, OrderName};
use macros::resolvers;
use platform::{path, storage::TenantScope};

use super::{
    backorder_filter::{BackorderFilter, BackorderSort},
    connections::{self, BackorderConnection, OrderConnection},
    filters::{OrderFilter, OrderOrder, below},
    links::{Count, CountPrecision, ProductRef, StoreRef, argument},
    nodes::load_visible_order,
    order::Order,
    order_ref::{ExternalRef, OrderRef},
    payload::ledger,
    visibility::orders_within,
};
use crate::{
    catalog::{find_product_id, find_store_id},
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    references::resolve_references,
    sorts::{OrderSort, order_of},
};

/// Maximum orders that are counted.
const MAX_COUNTED: i32 = 100_000;

/// The root fields that read orders.
#[derive(Default)]
pub struct OrdersQuery;

/// Queries of orders.
#[resolvers]
impl OrdersQuery {
    /// An order; null when there is none or it is not yours.
    #[field(permit = OrderRead)]
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order to find: by its ID, its number, or its reference in a channel.")] by: OrderRef,
    ) -> Option<Answer<Order>> {
        find(ctx, by).await.transpose()
    }

    /// Orders, the newest first unless another order is asked for.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the orders; all orders by default.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Sort order. Default PLACED_AT DESC.")] order_by: Option<OrderOrder>,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<OrderSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<OrderConnection> {
        let scope = permit.scope(ledger(ctx)?.database());
        connections::load_order_page(ctx, &scope, filter, order_of(order_by, sort)?, &PageArgs { first, after, last, before })
            .await
    }

    /// Number of orders, counted up to a limit.
    #[field(permit = OrderRead, cost = "3")]
    async fn orders_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the orders; all orders by default.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Limit up to which orders are counted, 1 to 100,000. Default 10,000.", default = 10_000)] limit: i32,
    ) -> Answer<Count> {
        let scope = permit.scope(ledger(ctx)?.database());
        if !(1..=MAX_COUNTED).contains(&limit) {
            return Err(TopError::bad_input(format!("limit must lie between 1 and {MAX_COUNTED}"), path!["limit"]));
        }
        let filter = orders_within(&permit, OrderFilter::compile_filter(ctx, filter).await?);
        let filter = rows::include_merged_customers(&scope, &filter).await?;
        let order_count = rows::count(&scope, &filter, i64::from(limit)).await?;
        let precision = if order_count > i64::from(limit) { CountPrecision::AtLeast } else { CountPrecision::Exact };
        Ok(Count { count: i32::try_from(order_count).unwrap_or(limit).min(limit), precision })
    }

    /// Lines that wait for stock, the oldest order first unless another order is asked for. Stock that comes is given to the oldest order first.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn backorders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product to include. Null for all.")] product: Option<ProductRef>,
        #[graphql(desc = "Store whose orders are included. Null for all.")] store: Option<StoreRef>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Conditions on the lines, beside product and store. Null for all.")] filter: Option<BackorderFilter>,
        #[graphql(desc = "Sort of the lines. Null for PLACED_AT, ASC.")] sort: Option<BackorderSort>,
    ) -> Answer<BackorderConnection> {
        let scope = permit.scope(ledger(ctx)?.database());
        let mut lines = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        if let Some(reference) = product {
            // No line waits for a product that does not exist.
            let product = find_product_id(ctx, reference, &["product"]).await?.unwrap_or(ProductId::NIL);
            lines.own.products.push(vec![product.uuid()]);
        }
        let mut orders = Filter::default();
        if let Some(reference) = store {
            let store = find_store_id(ctx, &reference, &["store"]).await?;
            orders = Filter::Ids(IdColumn::Store, store.map(entity::id::Id::uuid).into_iter().collect());
        }
        let sorted = BackorderSort::sorted(sort);
        let args = PageArgs { first, after, last, before };
        connections::backorders(ctx, &scope, (orders, lines), sorted, &args).await
    }
}

fn order_scope(ctx: &Context<'_>) -> Answer<TenantScope> {
    Ok(ctx.permit::<kind::OrderRead>()?.scope(ledger(ctx)?.database()))
}

/// The order that a reference names.
pub(super) async fn find(ctx: &Context<'_>, by: OrderRef) -> Answer<Option<Order>> {
    let scope = order_scope(ctx)?;
    let name = match by {
        OrderRef::Id(id) => return load_visible_order(ctx, argument(&id, || path!["by", "id"])?).await,
        // A text that cannot be a number matches no order.
        OrderRef::Number(number) => match numbering::parse_number(ctx, Numbered::Order, &number).await? {
            Some(number) => OrderName::Number(number),
            None => return Ok(None),
        },
        OrderRef::External(mut external) => {
            let channel = channel_of(ctx, &mut external).await?;
            if external.reference.contains('\0') {
                return Ok(None);
            }
            OrderName::External(channel, external.reference)
        }
    };
    match rows::order_id(&scope, &name).await? {
        Some(id) => load_visible_order(ctx, id).await,
        None => Ok(None),
    }
}

/// The channel of a reference. An unknown code gives an ID without a channel.
async fn channel_of(ctx: &Context<'_>, external: &mut ExternalRef) -> Answer<ChannelId> {
    external.in_channel(ctx.caller()?.channel);
    let at = path!["by", "external"];
    let field = if external.channel.is_some() { "channel" } else { "channelId" };
    if resolve_references(ctx, external.names(at.clone())).await?.is_err() {
        let message = "it names another one than channelId: leave one of the two out";
        return Err(TopError::bad_input(message, below(&at, "channel")));
    }
    match &external.channel_id {
        Some(id) => argument(id, || below(&at, field)),
        None => Err(TopError::bad_input("a channel is needed: you are bound to none", below(&at, "channel"))),
    }
}
