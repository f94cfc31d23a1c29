//! Reading returns.

use async_graphql::Context;
use inventory::ledger::Ledger;
use macros::resolvers;

use super::{
    connection::{self, ReturnConnection},
    filter::{ReturnFilter, ReturnSort},
};
use crate::graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor};

/// The root fields that read returns.
#[derive(Default)]
pub struct ReturnsQuery;

/// What can be asked about returns.
#[resolvers]
impl ReturnsQuery {
    /// Returns, the newest first unless another order is asked for.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the returns; all returns by default.")] filter: Option<ReturnFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the returns. Null for the moment at which they happened, the newest first.")] sort: Option<
            ReturnSort,
        >,
    ) -> Answer<ReturnConnection> {
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        connection::returns(ctx, &scope, filter, sort, &PageArgs { first, after, last, before }).await
    }
}
