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
        #[graphql(desc = "Filter of the returns; all returns by default.")] filter: Option<ReturnFilter>,
        #[graphql(desc = "Rows in this page, 1 to 250. Default 50.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last row of the page before. Null starts with the first row.")] after: Option<Cursor>,
        #[graphql(desc = "Rows in this page counted from the end of the list, 1 to 250.")] last: Option<i32>,
        #[graphql(desc = "Cursor of the first row of the page after. Null ends with the last row.")] before: Option<Cursor>,
    ) -> Answer<ReturnConnection> {
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        connection::returns(ctx, &scope, filter, &PageArgs { first, after, last, before }).await
    }
}
