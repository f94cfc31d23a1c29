//! Objects of any kind by their IDs, and by a scanned code.

use async_graphql::{Context, ID};
use iam::access::kind as may;
use macros::resolvers;
use objects::nodes::{Node, find};

use crate::{
    catalog,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    orders,
};

#[derive(Default)]
pub struct NodeQuery;

/// The most ids in one `nodes` call.
const MAX_NODES: usize = 250;

#[resolvers]
impl NodeQuery {
    /// Object with the given ID; null when there is none, or you may not see it.
    #[field(authenticated)]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "ID of an object of any kind.")] id: ID) -> Option<Answer<Node>> {
        find(ctx, &id).await.transpose()
    }

    /// Objects with the given IDs, in the order of the IDs; an entry is null when there is no such object, or you may not see it.
    #[field(authenticated, list_size(arguments("ids")))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "IDs of objects of any kind, at most 250.")] ids: Vec<ID>,
    ) -> Answer<Vec<Option<Answer<Node>>>> {
        if ids.len() > MAX_NODES {
            return Err(TopError::bad_input(format!("at most {MAX_NODES} ids"), vec!["ids".to_owned()]));
        }
        Ok(futures_util::future::join_all(ids.iter().map(|id| find(ctx, id))).await.into_iter().map(Result::transpose).collect())
    }

    /// Product or order that a scanned code identifies: a product by its barcode or SKU, else an order by its number. Only objects that
    /// you may see are found; null when there is none, also for the number of a purchase order or any other document, which scanCode finds.
    #[field(
        authenticated,
        deprecation = "2026-11-23: use scanCode, which returns every match and reads GS1 codes. Removed after 2027-11-23."
    )]
    async fn scan(&self, ctx: &Context<'_>, #[graphql(desc = "The code, as it was read.")] code: String) -> Option<Answer<Node>> {
        find_by_code(ctx, &code).await.transpose()
    }
}

/// Returns the product or the order of a code. A caller who may see neither gets the missing
/// permission as an error.
async fn find_by_code(ctx: &Context<'_>, code: &str) -> Answer<Option<Node>> {
    let (products, orders) = (ctx.permit::<may::ProductRead>(), ctx.permit::<may::OrderRead>());
    if orders.is_err() {
        products.clone()?;
    }
    if products.is_ok()
        && let Some(product) = catalog::find_product_by_code(ctx, code).await?
    {
        return Ok(Some(product.into()));
    }
    match orders {
        Ok(_) => Ok(orders::find_order_by_number(ctx, code).await?.map(Node::Order)),
        Err(_) => Ok(None),
    }
}
