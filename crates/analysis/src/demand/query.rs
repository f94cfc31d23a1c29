//! Asking for demand facts.

use std::sync::Arc;

use async_graphql::Context;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::{CursorSigner, Key};
use services::demand::{
    rows::{self, FactKey},
    shell::{self, FactRequest},
};

use super::{
    enums::DemandDimension,
    fact::{DemandFact, DemandFactConnection},
    inputs::DemandFilter,
};
use crate::{
    catalog::{ProductFilter, product_ids_within},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, Cursor},
    },
    insight::{checked_currency, report_error},
    keyed_filters::resolve_filter_keys,
    orders::links::MAX_PAGE_SIZE,
};

/// The root fields of demand facts.
#[derive(Default)]
pub struct DemandQuery;

#[resolvers]
impl DemandQuery {
    /// Units demanded, sold, returned and moved, summed by business day, week, product, store and channel. The sums are kept from the journal, equal to
    /// salesReport, and read without going through orders again. Rows come in the order of their dimensions. A caller of some stores, or of a channel, is
    /// shown theirs.
    #[field(permit = ReportRead, paged, cost = "20")]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn demand_facts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Days, products, stores and channels to include. Null for all.")] filter: Option<DemandFilter>,
        #[graphql(
            desc = "Products to include, besides those of `filter`; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        #[graphql(
            desc = "Dimensions of a row: 1 to 5, each once. Default: the business day.",
            default_with = "vec![DemandDimension::Day]"
        )]
        group_by: Vec<DemandDimension>,
        #[graphql(
            desc = "Currency of the orders and returns to include; stock is of all currencies. Null for the tenant's own."
        )]
        currency: Option<CurrencyCode>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<DemandFactConnection> {
        let mut filter = DemandFilter::read(resolve_filter_keys(ctx, filter, "filter").await?)?;
        filter.products = product_ids_within(ctx, product, filter.products).await?;
        let group = checked_group(&group_by)?;
        let signer = ctx.required_data::<CursorSigner>()?;
        // Days and products are other lists; a cursor of one has no place in the other.
        let kind = list_name(&group_by);
        let page = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let is_of_product = filter.products.as_ref().is_some_and(|ids| ids.len() == 1);
        let currency = checked_currency(currency)?;
        let fact_request =
            FactRequest { group: group.clone(), filter, currency, with_stock: is_stock_selected(ctx), page: page.clone() };
        let db = ctx.required_data::<Ledger>()?.database();
        let scope = permit.scope(db).long();
        let facts = shell::demand_facts(permit, db, fact_request);
        let facts = Box::pin(facts).await.map_err(report_error)?;
        let (group, currency): (Arc<[_]>, _) = (group.into(), facts.currency);
        let is_of_row = is_of_product || group.contains(&rows::DemandDimension::Product);
        let fact =
            |row, is_of_product, is_in_stock| DemandFact { row, group: group.clone(), currency, is_of_product, is_in_stock };
        let in_stock = facts.in_stock.into_iter().chain(std::iter::repeat(None));
        let nodes = facts.rows.into_iter().zip(in_stock).map(|(row, is_in_stock)| {
            let keys = row.keys.iter().map(key).collect();
            (fact(row, is_of_row, is_in_stock), keys)
        });
        let page = Page::build(nodes.collect(), &page, kind, signer).with_count_source(scope, facts.source);
        let totals = fact(facts.totals, is_of_product, None);
        Ok(DemandFactConnection { page, totals, progress: facts.progress, currency })
    }
}

fn is_stock_selected(ctx: &Context<'_>) -> bool {
    let lookahead = ctx.look_ahead();
    let nodes = [lookahead.field("nodes"), lookahead.field("edges").field("node")];
    nodes.iter().any(|node| node.field("isInStock").exists())
}

/// Returns the list name that cursors are bound to: the grouping, in the schema's words.
fn list_name(group_by: &[DemandDimension]) -> String {
    let words = group_by.iter().map(|dimension| match dimension {
        DemandDimension::Day => "DAY",
        DemandDimension::Week => "WEEK",
        DemandDimension::Product => "PRODUCT",
        DemandDimension::Store => "STORE",
        DemandDimension::Channel => "CHANNEL",
    });
    format!("demandFacts:{}", words.collect::<Vec<_>>().join(":"))
}

fn key(key: &FactKey) -> Key {
    match key {
        FactKey::Date(day) => Key::Int((*day).into()),
        FactKey::Id(id) => Key::Id(*id),
    }
}

fn checked_group(dimensions: &[DemandDimension]) -> Answer<Vec<rows::DemandDimension>> {
    let group: Vec<rows::DemandDimension> = dimensions.iter().copied().map(Into::into).collect();
    let is_once = group.iter().enumerate().all(|(index, dimension)| !group[..index].contains(dimension));
    if group.is_empty() || !is_once {
        return Err(TopError::bad_input("1 to 5 dimensions are expected, each once", vec!["groupBy".to_owned()]));
    }
    Ok(group)
}
