//! The list of returns.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{orders::rows::with_merged_ids, returns::rows};
use platform::{
    paging::CursorSigner,
    storage::{Reads, TenantScope},
};

use super::{
    filter::{ReturnFilter, ReturnSort},
    sales_return::Return,
    visibility::returns_within,
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
    },
    numbering,
    orders::links::MOST_A_PAGE,
};

crate::connection!(counted ReturnConnection, ReturnEdge, Return, "returns");

/// Reads a page of returns: one statement, one more where a customer is asked for.
pub(super) async fn returns(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<ReturnFilter>,
    sort: Option<ReturnSort>,
    args: &PageArgs,
) -> Answer<ReturnConnection> {
    let signer = ctx.given::<CursorSigner>()?;
    let patterns = numbering::patterns_if(ctx, filter.as_ref().is_some_and(|filter| filter.number.is_some())).await?;
    let mut tests = returns_within(&ctx.permit::<kind::OrderRead>()?, ReturnFilter::read(filter, ctx.caller()?, &patterns)?);
    for test in &mut tests {
        if let rows::ReturnTest::Customer(ids) = test {
            *ids = with_merged_ids(scope, ids).await?;
        }
    }
    let sorted = sort.map(Into::into);
    let kind = rows::returns_kind(sorted);
    let request = args.check(&kind, signer, MOST_A_PAGE)?;
    let source = rows::returns_source(scope.backend(), &tests);
    let page = rows::returns_page(scope, source.clone(), sorted, &request).await?;
    let nodes = page.into_iter().map(|ret| {
        let keys = rows::return_keys(sorted, &ret);
        (Return::head(Arc::new(ret)), keys)
    });
    Ok(Page::build(nodes.collect(), &request, kind, signer).counted(scope.clone(), source).into())
}
