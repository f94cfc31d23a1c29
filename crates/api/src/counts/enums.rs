//! The closed sets of words that counts have, with what each means.

use async_graphql::Enum;
use entity::prelude;

/// Which products a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountKind {
    /// Everything that is stocked in the store.
    Full,
    /// A category and those below it.
    Category,
    /// Those of one ABC class.
    Cycle,
    /// Those that are named.
    List,
}

/// Where a count stands. New states may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountStatus {
    /// Planned.
    Open,
    /// People are counting.
    Counting,
    /// It was handed in, and somebody looks at what is off.
    Review,
    /// It was approved, and the stock is set to what was found.
    Completed,
    /// Called off; nothing was posted.
    Cancelled,
}

/// Where a line of a count stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CountLineState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountLineState {
    /// Nobody has counted it.
    Uncounted,
    /// It has been counted.
    Counted,
    /// It is to be counted once more.
    Recount,
}

/// How much of a store's revenue of the last 365 days a product brought. Products are ranked by it, ties by SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AbcClass", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AbcClass {
    /// Those ranked before it bring less than 80 %.
    A,
    /// Less than 95 %.
    B,
    /// The rest, and what brought nothing.
    C,
}
