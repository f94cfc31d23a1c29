//! Orders in GraphQL: types, lists, inputs, answers. Objects of other rooms are reached through
//! `links`.

pub mod actions;
mod arguments;
pub mod connections;
pub mod detail;
pub mod document_filter;
mod dry_run;
pub mod filters;
pub mod flags;
pub mod fulfilment;
mod held_stock;
pub mod hold;
pub mod leaf_tests;
pub mod direct_json;
pub mod line;
pub mod links;
pub mod loaders;
pub mod named;
pub mod nodes;
pub mod order;
pub mod order_ref;
pub mod payload;
pub mod rates;
pub mod refusal;
pub mod visibility;
pub mod stream_filter;
pub mod dry_run_order;
pub mod enums;

use async_graphql::Context;
use entity::prelude::OrderId;
use iam::access::kind;

pub use connections::{BackorderConnection, BackorderEdge, OrderConnection, OrderEdge, orders_of_customer};
pub use detail::{Address, Contact, Hint, OrderStep, collector_of, delivery_address_of, delivery_of, load_details, ship_to};
pub use dry_run_order::{order_after_dry_run, visible_dry_run_order};
pub use enums::{CancelReason, DeliveryMethod, FulfilmentStatus, NewOrderStatus, OrderLineKind, OrderStatus};
pub use filters::{OrderFilter, OrderOrder, OrderOrderField, require_customer_access};
pub use fulfilment::{Fulfilment, FulfilmentLine};
pub use hold::OrderHold;
pub use line::{Allocation, OrderLine, line_of};
pub use loaders::Rows;
pub use nodes::fulfilments_of_order;
pub use order::Order;
pub use order_ref::{ExternalRef, OrderRef};
pub use payload::{OrderHoldPayload, OrderPayload};
pub use visibility::orders_within;

use crate::graphql::{context::ContextExt, fault::Answer};

/// The order of an id, with its lines.
pub async fn load_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    nodes::find_order(ctx, id).await
}

/// The customer of an order, for callers who may see orders and customers.
pub async fn customer_of_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<links::Customer>> {
    ctx.permit::<kind::CustomerRead>()?;
    match nodes::find_order(ctx, id).await?.and_then(|order| order.customer_id()) {
        Some(customer) => Ok(Some(links::customer(ctx, customer).await?)),
        None => Ok(None),
    }
}
