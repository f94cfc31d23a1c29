//! The list of returns.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::CustomerId;
use iam::access::{Permit, kind};
use inventory::{ledger::Ledger, orders::rows::add_merged, returns::rows};
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
        filters::IdFilter,
        nested::NestedFilter,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::links::MAX_PAGE_SIZE,
};

crate::connection!(counted ReturnConnection, ReturnEdge, Return, "returns");

/// The returns of a customer that a filter leaves.
pub async fn returns_of_customer(
    ctx: &Context<'_>,
    permit: &Permit<kind::OrderRead>,
    customer: CustomerId,
    (filter, sort): (Option<ReturnFilter>, Option<ReturnSort>),
    args: &PageArgs,
) -> Answer<ReturnConnection> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let condition = IdFilter { eq: Some(ID(customer.to_string())), ..IdFilter::default() };
    let mut filter = filter.unwrap_or_default();
    if filter.customer.is_some() {
        filter.and.get_or_insert_default().push(ReturnFilter { customer: Some(condition), ..ReturnFilter::default() });
    } else {
        filter.customer = Some(condition);
    }
    returns(ctx, &scope, Some(filter), sort, args).await
}

/// Reads a page of returns: one statement, one more with a condition on the customer.
pub async fn returns(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<ReturnFilter>,
    sort: Option<ReturnSort>,
    args: &PageArgs,
) -> Answer<ReturnConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
    let patterns =
        numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
    let mut tests = returns_within(&ctx.permit::<kind::OrderRead>()?, filter.read(ctx.caller()?, &patterns)?);
    let customers = tests.all_mut().into_iter().flatten().filter_map(|test| match test {
        rows::ReturnTest::Customer(ids) => Some(ids),
        _ => None,
    });
    add_merged(scope, customers.collect()).await?;
    let sorted = sort.map(Into::into);
    let kind = rows::returns_kind(sorted);
    let request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
    let source = rows::returns_source(scope.backend(), &tests);
    let page = rows::returns_page(scope, source.clone(), sorted, &request).await?;
    let nodes = page.into_iter().map(|sales_return| {
        let keys = rows::return_keys(sorted, &sales_return);
        (Return::head(Arc::new(sales_return)), keys)
    });
    Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope.clone(), source).into())
}
