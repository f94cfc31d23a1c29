//! References to purchase orders and blanket orders.

use async_graphql::{ID, OneofObject};
use inventory::purchasing::shell;
use platform::path;

use crate::graphql::reading::InputErrors;

/// A purchase order by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum PurchaseOrderRef {
    /// ID of the purchase order.
    Id(ID),
    /// Number of the purchase order. Needs purchase.read.
    Number(String),
}

/// A blanket order by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum BlanketOrderRef {
    /// ID of the blanket order.
    Id(ID),
    /// Number of the blanket order, as in BPO-000007; case and zeros before the number are ignored.
    Number(String),
}

impl BlanketOrderRef {
    /// A blanket order that is named in an input.
    pub fn read(self, reader: &mut InputErrors, field: impl FnOnce() -> Vec<String>) -> shell::BlanketRef {
        match self {
            Self::Id(id) => shell::BlanketRef::Id(reader.id(&id, || [field(), path!["id"]].concat())),
            Self::Number(number) => shell::BlanketRef::Number(number),
        }
    }
}
