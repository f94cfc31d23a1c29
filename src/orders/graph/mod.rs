//! Orders and returns in GraphQL: types, lists, inputs, answers. What belongs to other rooms is reached through `links`.

mod connections;
mod filters;
mod fulfilment;
mod inputs;
mod lean;
mod line;
mod live;
pub(crate) mod links;
mod loaders;
mod mutation;
pub mod nodes;
mod order;
mod payloads;
mod query;
mod return_inputs;
mod returns;
mod sight;
mod topic;
mod words;

pub use connections::{OrderConnection, OrderEdge, ReturnConnection, ReturnEdge};
pub use filters::{OrderFilter, OrderOrder, OrderOrderField, ReturnFilter};
pub use fulfilment::{Fulfilment, FulfilmentLine};
pub use inputs::{ActionInput, ExternalRef, LineQuantity, OrderCreateInput, OrderFulfilInput, OrderLineInput, OrderRef};
pub use line::{Allocation, OrderLine};
pub use live::{OrderChange, OrderSubscription, OrderUpdate};
pub use loaders::attach;
pub use mutation::OrdersMutation;
pub use order::{Order, OrderHold};
pub use payloads::{OrderPayload, ReturnPayload};
pub use query::OrdersQuery;
pub use return_inputs::{ReturnCreateInput, ReturnLineInput, ReturnMatchInput};
pub use returns::{Return, ReturnLine, ReturnMatch};
pub use sight::orders_within;
pub use words::{Disposition, FulfilmentStatus, NewOrderStatus, OrderLineKind, OrderStatus, ReturnStatus};

use async_graphql::Context;
use entity::prelude::{OrderId, ReturnId};

use crate::graphql::fault::Answer;

/// The order of an id, with its lines.
pub async fn load_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    nodes::order(ctx, id).await
}
/// The order of a number, as it is printed on something; None for what is no number of an order.
pub async fn order_numbered(ctx: &Context<'_>, number: &str) -> Answer<Option<Order>> {
    query::find(ctx, OrderRef::Number(number.trim().to_owned())).await
}
/// The return of an id.
pub async fn load_return(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<Return>> {
    nodes::ret(ctx, id).await
}
