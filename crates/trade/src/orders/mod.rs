//! Orders in GraphQL: types, lists, inputs, answers. Objects of other rooms are reached through
//! `links`.

pub use objects::orders::*;

mod backorder_filter;
mod contact_inputs;
mod edit_inputs;
mod hold_roots;
mod hold_rules;
mod inputs;
mod line_inputs;
mod live;
mod mutation;
mod order_change;
mod paid_inputs;
mod query;
mod sourcing;
mod sourcing_roots;
mod topic;

use async_graphql::Context;

pub use contact_inputs::{AddressInput, ContactInput};
pub use edit_inputs::{OrderLineCancel, OrderUpdateInput};
pub use hold_roots::{HoldMutation, OrderHoldLiftInput, OrderHoldSetInput};
pub use hold_rules::{HoldRule, HoldRuleArchiveInput, HoldRuleMutation, HoldRulePayload, HoldRuleQuery, HoldRuleUpsertInput};
pub use inputs::{ActionInput, LineQuantity, OrderCreateInput, OrderFulfilInput};
pub use line_inputs::{OrderLineInput, OrderLineSet};
pub use live::{OrderSubscription, OrderUpdate};
pub use mutation::OrdersMutation;
pub use order_change::OrderChange;
pub use paid_inputs::OrderPaymentInput;
pub use query::OrdersQuery;
pub use sourcing::{
    GeoPoint, GeoPointInput, Sourcing, SourcingInput, SourcingRuleInput, SourcingSetInput, SourcingStore, SourcingStrategy,
    SplitPolicy, StoreSourcingInput,
};
pub use sourcing_roots::{SourcingMutation, SourcingPayload, SourcingQuery};

use crate::graphql::fault::Answer;

/// The order with a printed number; None if the text is no number of an order.
pub async fn find_order_by_number(ctx: &Context<'_>, number: &str) -> Answer<Option<Order>> {
    query::find(ctx, OrderRef::Number(number.trim().to_owned())).await
}
