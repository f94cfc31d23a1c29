//! Charges on a purchase order: in the order's currency, or in another one, with the frozen rate to
//! the currency of the books.

use entity::prelude::*;

use crate::currency::core::FrozenRate;

/// Freight, duty and the like, and deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    /// In the order's currency; in any other if `in_books` is Some.
    pub amount: Money,
    /// Supplier who bills it; `None` for the order's own.
    pub supplier: Option<SupplierId>,
    /// Amount in the currency of the books, if the charge is in another currency than the order.
    pub in_books: Option<BooksAmount>,
}

/// An amount in the currency of the books, at the rate when the charge was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksAmount {
    pub amount: Money,
    /// None if the charge is in the currency of the books.
    pub rate: Option<FrozenRate>,
}

#[derive(Debug, Clone)]
pub struct NewCharge {
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    pub amount: Money,
    /// Supplier who bills it; `None` for the order's own.
    pub supplier: Option<SupplierId>,
    /// Amount in the currency of the books, if the charge is in another currency than the order.
    pub in_books: Option<BooksAmount>,
}

/// Returns the default name of a charge.
pub const fn charge_name(kind: ChargeKind) -> &'static str {
    match kind {
        ChargeKind::Freight => "Freight",
        ChargeKind::Duty => "Duty",
        ChargeKind::Insurance => "Insurance",
        ChargeKind::Other => "Other",
        ChargeKind::Deposit => "Deposit",
    }
}

impl Charge {
    /// Whether it is part of what the goods cost. A deposit is paid beside them and comes back.
    pub const fn is_landed_cost(&self) -> bool {
        !matches!(self.kind, ChargeKind::Deposit)
    }
    /// Whether it is in the order's currency, and so in the order's total.
    pub const fn is_in_order_currency(&self) -> bool {
        self.in_books.is_none()
    }
}
