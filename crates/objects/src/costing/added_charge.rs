//! Charges that were added to purchase orders, as clients see them.

use async_graphql::ID;
use inventory::costing::core;
use macros::resolvers;

use crate::{
    currency::FrozenRate,
    orders::links::Money,
    purchasing::{ChargeBasis, ChargeKind},
};

/// A charge that was added.
pub struct AddedCharge(pub core::AddedCharge);

/// Charge that was added to a purchase order after its goods had come.
#[resolvers(requires = ProductCostRead)]
impl AddedCharge {
    /// ID of the purchase order.
    async fn purchase_order_id(&self) -> ID {
        ID(self.0.order.to_string())
    }
    /// Kind of the charge.
    async fn kind(&self) -> ChargeKind {
        self.0.kind.into()
    }
    /// Basis on which the charge was spread over the goods received.
    async fn basis(&self) -> ChargeBasis {
        self.0.basis.into()
    }
    /// Name of the charge.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Amount of the charge, in its own currency; below 0 for a credit.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }
    /// Amount in the currency of the books, as it was converted when the charge was added.
    async fn book_value(&self) -> Money {
        self.0.in_books.into()
    }
    /// Exchange rate by which the charge was converted. Null where it is in the currency of the books.
    async fn rate(&self) -> Option<FrozenRate> {
        self.0.rate.as_ref().map(FrozenRate::from)
    }
}
