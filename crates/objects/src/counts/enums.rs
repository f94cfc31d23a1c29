//! GraphQL enums of counts, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// Kind of a stocktake: the products that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StocktakeKind {
    /// All products that are stocked in the store.
    Full,
    /// A category and those below it.
    Category,
    /// The products of one ABC class.
    Cycle,
    /// The products that the stocktake lists by name.
    List,
}

/// Status of a stocktake. New states may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StocktakeStatus {
    /// Planned.
    Open,
    /// People are counting.
    Counting,
    /// The stocktake was submitted, and its differences are under review.
    Review,
    /// The stocktake was approved, and its differences were posted to the stock.
    Completed,
    /// The stocktake was cancelled; nothing was posted.
    Cancelled,
}

/// State of a line of a stocktake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountLineState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StocktakeLineStatus {
    /// The line was not counted yet.
    Uncounted,
    /// The line was counted.
    Counted,
    /// The line is to be counted once more.
    Recount,
}

/// ABC class of a product in a store, by its share of the store's revenue of the last 365 days.
/// Products are ranked by revenue, ties by SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AbcClass", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AbcClass {
    /// Products ranked before this one bring less than 80 % of the revenue together.
    A,
    /// Products ranked before this one bring 80 % or more, but less than 95 % of the revenue
    /// together.
    B,
    /// Products ranked before this one bring 95 % or more of the revenue, or this one had no
    /// revenue.
    C,
}
