//! Changes of suppliers' prices, as the API shows them.

use entity::prelude;
use inventory::purchasing::core;
use macros::resolvers;

use super::links::Money;
use crate::graphql::scalars::{CurrencyCode, Long};

/// First and last cost of products, in one currency.
pub struct SupplierPriceDrift(pub core::PriceDrift);

impl SupplierPriceDrift {
    fn money(&self, minor: i128) -> Money {
        let limit = i128::from(entity::quantity::MAX_SAFE);
        let minor = i64::try_from(minor.min(limit)).unwrap_or_default();
        prelude::Money::new(minor, self.0.currency).into()
    }
}

/// Change of a supplier's prices in one currency, over the products that were ordered more than once in it. Each product counts with all units that were
/// ordered of it, at its unit cost in the first and in the last of these orders, without charges.
#[resolvers]
impl SupplierPriceDrift {
    /// Currency of the orders.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.to_string())
    }
    /// Number of products with more than one order.
    async fn products(&self) -> Long {
        Long(self.0.products)
    }
    /// Cost of all ordered units of the products at their first prices.
    async fn first_cost(&self) -> Money {
        self.money(self.0.first)
    }
    /// Cost of the same units at the last prices.
    async fn last_cost(&self) -> Money {
        self.money(self.0.last)
    }
    /// Change of the cost by the cost at first prices: 0.05 is 5 % dearer. Null where the first prices were 0.
    async fn change_rate(&self) -> Option<f64> {
        self.0.rate().map(|rate| (rate * 1e6).round() / 1e6)
    }
}
