//! Makes rustc compile the resolvers of this crate in it, so that `api` has less to compile at once: `graphql::compiled_here`.

use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field};
use futures_util::future::BoxFuture;

use crate::{
    alerts::AlertQuery,
    files::FileMutation,
    fulfilment::{CarrierMutation, CarrierQuery, FulfilmentQuery, FulfilmentWaveQuery},
    jobs::{JobMutation, JobQuery},
    nodes::Node,
    numbering::{NumberMutation, NumberQuery},
    returns::ReturnsQuery,
    stock::StockQuery,
    tenancy::TenancyMutation,
};

::graphql::compiled_here!(
    AlertQuery,
    CarrierMutation,
    CarrierQuery,
    FileMutation,
    FulfilmentQuery,
    FulfilmentWaveQuery,
    JobMutation,
    JobQuery,
    NumberMutation,
    NumberQuery,
    ReturnsQuery,
    StockQuery,
    TenancyMutation,
);

/// Any object, and with it all that it leads to. Nobody calls it.
pub fn node<'a>(
    node: &'a Node,
    ctx: &'a ContextSelectionSet<'a>,
    field: &'a Positioned<Field>,
) -> BoxFuture<'a, ServerResult<Value>> {
    Box::pin(node.resolve(ctx, field))
}
