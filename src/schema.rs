//! Merges the rooms' roots.
use async_graphql::{ID, Interface};

use crate::stock::graph::StockLevel;

/// Something with an id.
#[derive(Interface, Clone)]
#[graphql(field(name = "id", ty = "&ID", desc = "Its id: a TypeID, the same string everywhere."))]
pub enum Node {
    StockLevel(StockLevel),
}
