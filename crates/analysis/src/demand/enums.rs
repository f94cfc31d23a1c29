//! The closed sets of words that demand facts have.

use async_graphql::Enum;
use services::demand::rows;

/// Meaning of a row of demand facts. Several dimensions together give a row for each of their combinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::DemandDimension", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DemandDimension {
    /// A calendar day of the store.
    Day,
    /// A week from Monday to Sunday of the store's calendar days.
    Week,
    /// A product.
    Product,
    /// A store.
    Store,
    /// A channel. Stock movements that belong to no order and no return are of no channel.
    Channel,
}
