//! Kinds of rows of imports and exports.

use serde::{Deserialize, Serialize};

/// Kind of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Noun {
    Products,
    /// Stock as absolute quantities.
    Stock,
    /// Stock as deltas.
    StockChanges,
    Suppliers,
    Categories,
    Customers,
    Movements,
    Orders,
    DemandFacts,
}

impl Noun {
    pub const ALL: [Self; 9] = [
        Self::Products,
        Self::Stock,
        Self::StockChanges,
        Self::Suppliers,
        Self::Categories,
        Self::Customers,
        Self::Movements,
        Self::Orders,
        Self::DemandFacts,
    ];
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Products => "PRODUCTS",
            Self::Stock => "STOCK",
            Self::StockChanges => "STOCK_CHANGES",
            Self::Suppliers => "SUPPLIERS",
            Self::Categories => "CATEGORIES",
            Self::Customers => "CUSTOMERS",
            Self::Movements => "MOVEMENTS",
            Self::Orders => "ORDERS",
            Self::DemandFacts => "DEMAND_FACTS",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}
