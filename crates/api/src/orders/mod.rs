//! Orders in GraphQL: types, lists, inputs, answers. What belongs to other rooms is reached through `links`.

mod actions;
mod backorder_filter;
mod connections;
mod detail;
pub mod document_filter;
mod edit_inputs;
pub(crate) mod filters;
mod flags;
mod fulfilment;
mod hold;
mod hold_roots;
mod hold_rules;
mod inputs;
mod leaf_tests;
mod direct_json;
mod line;
mod live;
pub(crate) mod links;
mod loaders;
mod mutation;
mod named;
pub mod nodes;
mod order;
mod order_ref;
mod paid_inputs;
mod payloads;
mod query;
mod rates;
pub mod refusal;
mod visibility;
mod sourcing;
mod sourcing_roots;
mod stream_filter;
mod topic;
mod enums;

pub use connections::{BackorderConnection, BackorderEdge, OrderConnection, OrderEdge, orders_of_customer};
pub use detail::{Address, Contact, Hint, OrderStep, collector_of, delivery_of, goods_go_to, said_of, ship_to};
pub use edit_inputs::{AddressInput, ContactInput, OrderLineCancel, OrderLineSet, OrderUpdateInput};
pub use enums::{CancelReason, DeliveryMethod, FulfilmentStatus, NewOrderStatus, OrderLineKind, OrderStatus};
pub use filters::{OrderFilter, OrderOrder, OrderOrderField, customers_seen};
pub use fulfilment::{Fulfilment, FulfilmentLine};
pub use hold::OrderHold;
pub use hold_roots::{HoldMutation, OrderHoldLiftInput, OrderHoldSetInput};
pub use hold_rules::{HoldRule, HoldRuleArchiveInput, HoldRuleMutation, HoldRulePayload, HoldRuleQuery, HoldRuleUpsertInput};
pub use inputs::{ActionInput, LineQuantity, OrderCreateInput, OrderFulfilInput, OrderLineInput};
pub(crate) use line::line_of;
pub use line::{Allocation, OrderLine};
pub use live::{OrderChange, OrderSubscription, OrderUpdate};
pub use loaders::Rows;
pub use mutation::OrdersMutation;
pub use nodes::fulfilments_of_order;
pub use order::Order;
pub use order_ref::{ExternalRef, OrderRef};
pub use paid_inputs::OrderPaymentInput;
pub use payloads::{OrderHoldPayload, OrderPayload};
pub use query::OrdersQuery;
pub use sourcing::{
    GeoPoint, GeoPointInput, Sourcing, SourcingInput, SourcingRuleInput, SourcingSetInput, SourcingStore, SourcingStrategy,
    SplitPolicy, StoreSourcingInput,
};
pub use sourcing_roots::{SourcingMutation, SourcingPayload, SourcingQuery};
pub use visibility::orders_within;

use async_graphql::Context;
use entity::prelude::OrderId;
use iam::access::kind;

use crate::graphql::{context::ContextExt, fault::Answer};

/// The order of an id, with its lines.
pub async fn load_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    nodes::order(ctx, id).await
}
/// The order of a number, as it is printed on something; None for what is no number of an order.
pub async fn order_numbered(ctx: &Context<'_>, number: &str) -> Answer<Option<Order>> {
    query::find(ctx, OrderRef::Number(number.trim().to_owned())).await
}

/// Whom an order is of: who may see orders and customers is told.
pub async fn customer_of_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<links::Customer>> {
    ctx.permit::<kind::CustomerRead>()?;
    match nodes::order(ctx, id).await?.and_then(|order| order.customer_id()) {
        Some(customer) => Ok(Some(links::customer(ctx, customer).await?)),
        None => Ok(None),
    }
}
