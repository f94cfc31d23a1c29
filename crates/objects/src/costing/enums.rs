//! GraphQL enums of costs, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;
use inventory::costing::{rows, shell};

/// Method by which the cost of units that leave is found. Both are kept from the first movement on, so a tenant can change the method at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CostingMethod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CostingMethod {
    /// First in, first out: the units that were received first leave first.
    Fifo,
    /// Units of a product cost the same: their value together, divided by their number.
    MovingAverage,
}

/// Meaning of a row of a stock valuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::ValueGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockValueGroup {
    /// The report has no rows, only the total.
    None,
    /// A product.
    Product,
    /// A category, without those below it: the one that the product has now.
    Category,
}

/// Meaning of a row of a cost report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::CostGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CostGroup {
    /// The report has one row for everything; its key is null.
    None,
    /// A calendar day of the store, as 2011-11-30.
    Day,
    /// A calendar month of the store, as 2011-11.
    Month,
    /// A product, by its id.
    Product,
    /// Store in which the stock came in or left, by its ID: stores whose stock or reports you see.
    /// Revaluations have no store and are included for callers who see all stores.
    Store,
}

/// Meaning of a row of a summary of stock values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::ValuationGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockValueSummaryGroup {
    /// The report has one row for everything; its key is null.
    None,
    /// Product, by ID.
    Product,
    /// Category, by ID, without those below it: the one that the product has now. Products without one are in the row whose key is null.
    Category,
    /// Store, by ID. Stores whose stock and reports the caller may not read are in the row whose key is null.
    Store,
}
