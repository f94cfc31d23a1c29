//! How much is available where, for whoever may see no more of a store's stock.

use async_graphql::{Context, Object};
use entity::prelude::ProductId;

use super::{StockStatus, links, loaders::LevelsOf};
use crate::{
    access::kind,
    catalog::graph::{Store, StoreRef},
    graphql::{
        context::Asks,
        directives::requires,
        fault::Answer,
        scalars::{DateTime, Quantity},
    },
    stock::rows::list::LevelRow,
};

/// How much of a product a store has to sell.
pub struct StockAvailability(LevelRow);

/// How much of a product a store has to sell: what staff of other stores may know of it.
#[Object(directive = requires::apply("stock.availability.read".into()))]
impl StockAvailability {
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.key.store).await
    }
    /// On hand, less unavailable, less reserved, in the product's smallest unit.
    async fn available(&self) -> Quantity {
        Quantity(entity::prelude::Quantity::new(self.0.available()).unwrap_or_default())
    }
    /// How well it is stocked.
    async fn status(&self) -> StockStatus {
        self.0.status().into()
    }
    /// When its stock last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// How much of a product is available where, in all stores or in the ones named, of those that the caller may ask about.
pub async fn availability_of_product(
    ctx: &Context<'_>,
    product: ProductId,
    stores: Option<Vec<StoreRef>>,
) -> Answer<Vec<StockAvailability>> {
    let reach = ctx.permit::<kind::StockAvailabilityRead>()?.reach();
    let levels = ctx.late::<LevelsOf>()?.product(product).await?;
    let mut wanted = None;
    if let Some(stores) = stores {
        let wanted = wanted.insert(Vec::with_capacity(stores.len()));
        for (index, named) in stores.iter().enumerate() {
            wanted.extend(crate::catalog::graph::store_named(ctx, named, &["stores", &index.to_string()]).await?);
        }
    }
    let seen = levels.iter().filter(|level| reach.covers(level.key.store));
    let asked = seen.filter(|level| wanted.as_ref().is_none_or(|wanted| wanted.contains(&level.key.store)));
    Ok(asked.cloned().map(StockAvailability).collect())
}
