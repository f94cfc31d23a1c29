//! Sort of the list of channels.

use async_graphql::{Enum, InputObject};
use inventory::catalog::rows::named::{NamedSort as By, NamedSorted};

use super::page::Direction;

/// Sort order of a list of channels; channels with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ChannelSort {
    /// Field by which the channels are sorted.
    pub field: ChannelSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which channels can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ChannelSortField {
    /// Code of the channel, without its capitals.
    Code,
    /// Name of the channel. Capitals of the letters A to Z do not count; other letters come after Z.
    Name,
    /// Time at which the channel was created.
    CreatedAt,
    /// Time at which the channel last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(ChannelSort => NamedSorted);
