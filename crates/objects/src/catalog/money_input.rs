//! The input of amounts, for inputs of all rooms.

use async_graphql::InputObject;

use crate::graphql::scalars::{CurrencyCode, Decimal};

/// An amount of money.
#[derive(Debug, Clone, InputObject)]
pub struct MoneyInput {
    /// A decimal number with at most the currency's decimals.
    pub amount: Decimal,
    /// The currency.
    pub currency_code: CurrencyCode,
}
