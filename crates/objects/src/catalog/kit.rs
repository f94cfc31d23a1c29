//! Components of kits.

use async_graphql::Context;
use inventory::catalog::core::{kit::Component, product::ProductRow};
use macros::resolvers;
use platform::storage::Fault;

use super::{Money, Product, loads::catalog_loaders};
use crate::graphql::{
    fault::{Answer, TopError},
    scalars::Quantity,
};

/// A product in a kit.
pub struct KitComponent(pub Component);

/// Component of a kit: a product and its quantity in one kit.
#[resolvers(shared)]
impl KitComponent {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        let row = catalog_loaders(ctx)?.product(self.0.product).await?;
        row.map(Product::from).ok_or_else(|| missing_component().into())
    }
    /// Quantity in one kit, in the component's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(entity::prelude::Quantity::new(self.0.quantity).unwrap_or_default())
    }
}

fn missing_component() -> Fault {
    Fault::corrupt("kit_component", "what is referred to exists")
}

/// Returns the cost of a kit, which is that of its components together; None if one of them has no
/// cost, or they have several currencies.
pub async fn cost_of(ctx: &Context<'_>, kit: &ProductRow) -> Result<Option<Money>, TopError> {
    let loads = catalog_loaders(ctx)?;
    let components = loads.components(kit.id).await?;
    let rows = loads.load_products(components.iter().map(|part| part.product).collect()).await?;
    let cost = |part: &Component| {
        let row = rows.get(&part.product)?;
        row.unit_cost?.times(entity::prelude::Quantity::new(part.quantity)?, u8::try_from(row.unit_decimals).ok()?)
    };
    let costs: Option<Vec<entity::prelude::Money>> = components.iter().map(cost).collect();
    let sum = costs.and_then(|costs| {
        let (first, rest) = costs.split_first()?;
        rest.iter().try_fold(*first, |sum, cost| sum.checked_add(*cost))
    });
    Ok(sum.map(Money::from))
}
