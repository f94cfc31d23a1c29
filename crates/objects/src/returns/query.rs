//! Reading returns.

use async_graphql::{Context, ID, OneofObject};
use entity::prelude::{Numbered, ReturnId};
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    returns::rows::{returns_by_number, returns_by_reference},
};
use macros::resolvers;
use platform::path;

use super::{
    connection::{self, ReturnConnection},
    filter::{ReturnFilter, ReturnSort},
    nodes::load_return,
    sales_return::Return,
};
use crate::{
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor},
    numbering,
    orders::links::argument,
};

/// A return by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum ReturnRef {
    /// ID of the return.
    Id(ID),
    /// Number of the return, with or without its letters, as in RT-000007.
    Number(String),
    /// Reference of the return in an external system; at most 128 characters.
    ExternalRef(String),
}

/// The root fields that read returns.
#[derive(Default)]
pub struct ReturnsQuery;

/// Queries of returns.
#[resolvers]
impl ReturnsQuery {
    /// A return; null when there is none or it is not yours.
    #[field(permit = OrderRead, name = "return")]
    async fn sales_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return to find: by its ID, its number, or its reference in an external system.")] by: ReturnRef,
    ) -> Option<Answer<Return>> {
        find_return(ctx, &permit, by).await.transpose()
    }

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
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        connection::returns(ctx, &scope, filter, sort, &PageArgs { first, after, last, before }).await
    }
}

/// The return that the argument `by` names, if the caller sees it. An invalid number finds no
/// return.
async fn find_return(ctx: &Context<'_>, permit: &Permit<kind::OrderRead>, by: ReturnRef) -> Answer<Option<Return>> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let id: Option<ReturnId> = match by {
        ReturnRef::Id(id) => return load_return(ctx, argument(&id, || path!["by", "id"])?).await,
        ReturnRef::Number(number) => match numbering::parse_number(ctx, Numbered::Return, &number).await? {
            Some(number) => returns_by_number(&scope, &[number]).await?.remove(&number),
            None => None,
        },
        ReturnRef::ExternalRef(reference) => returns_by_reference(&scope, &[&reference]).await?.remove(&reference),
    };
    match id {
        Some(id) => load_return(ctx, id).await,
        None => Ok(None),
    }
}
