//! Reading returns.

use async_graphql::Context;
use inventory::ledger::Ledger;
use macros::resolvers;

use super::{
    connection::{self, ReturnConnection},
    filter::ReturnFilter,
};
use crate::graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor};

/// The root fields that read returns.
#[derive(Default)]
pub struct ReturnsQuery;

/// What can be asked about returns.
#[resolvers]
impl ReturnsQuery {
    /// Returns, the newest first.
    #[field(permit = OrderRead, paged)]
    async fn returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ReturnFilter>,
        #[graphql(desc = "How many from the start; 1 to 250, 50 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this one.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end; 1 to 250.")] last: Option<i32>,
        #[graphql(desc = "Only those before this one.")] before: Option<Cursor>,
    ) -> Answer<ReturnConnection> {
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        connection::returns(ctx, &scope, filter, &PageArgs { first, after, last, before }).await
    }
}
