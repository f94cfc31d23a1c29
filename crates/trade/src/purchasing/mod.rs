//! Purchasing in GraphQL: types, lists, inputs, answers. Objects of other rooms are reached through
//! `links`.

pub use objects::purchasing::*;

mod amend_inputs;
mod blanket_inputs;
mod blanket_list;
mod blanket_mutation;
mod inputs;
mod mutation;
mod order_ref;
mod payload;
mod performance;
mod price_drift;
mod query;
mod receive_inputs;
mod reorder;
mod reorder_plan;
mod return_list;
mod supply;
mod supply_filter;
mod supply_inputs;
mod supply_mutation;

use async_graphql::MergedObject;

pub use blanket_list::{BlanketOrderConnection, BlanketQuery};
pub use blanket_mutation::BlanketOrderPayload;
pub use payload::{
    PurchaseOrderPayload, PurchaseOrdersCreateFromSuggestionsPayload, ReorderPolicyPayload, SupplierProductBulkUpsertPayload,
    SupplierProductPayload, SupplierReturnPayload,
};
pub use query::PurchaseQuery;

use crate::graphql::boxed::Boxed;

/// Purchasing's part of the mutations.
#[derive(MergedObject, Default)]
pub struct PurchasingMutation(
    mutation::PurchaseMutation,
    Boxed<blanket_mutation::BlanketMutation>,
    Boxed<supply_mutation::SupplyMutation>,
);
