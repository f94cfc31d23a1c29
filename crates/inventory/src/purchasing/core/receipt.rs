//! Receipts of a purchase order, with the cost of their goods and the charges that they carry.

use entity::prelude::*;

use crate::currency::core::FrozenRate;

/// One delivery, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsReceipt {
    pub id: GoodsReceiptId,
    pub order: PurchaseOrderId,
    /// 1, 2, 3 … in its order.
    pub number: u16,
    pub store: StoreId,
    /// The delivery note's number.
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor: Actor,
    pub created_at: Timestamp,
    /// Rate to the currency of the books; None if the order is in it.
    pub rate: Option<FrozenRate>,
    pub lines: Vec<ReceiptLine>,
}

/// Receipt of a line, with its cost and the charges that it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    pub position: u16,
    /// Damaged goods included.
    pub quantity: Quantity,
    pub damaged: Quantity,
    pub goods: Money,
    pub charges: Money,
    /// Charges in other currencies than the order's, in minor units of the books' currency.
    pub charges_in_books: i64,
    /// Goods and all charges in the currency of the books, if the order is in another.
    pub in_books: Option<Money>,
    /// Quantity that reversals took back, damaged goods included.
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

/// Reversed quantities of a receipt's line after a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversedReceiptLine {
    pub receipt: GoodsReceiptId,
    pub position: u16,
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

impl ReceiptLine {
    /// Returns goods and charges together, in the currency of the books; None if the sum exceeds
    /// the exact range.
    pub fn landed_cost(&self) -> Option<Money> {
        // Without a separate value in the books, the order is in the books' currency.
        let landed_sum =
            || self.goods.checked_add(self.charges)?.checked_add(Money::new(self.charges_in_books, self.goods.currency));
        self.in_books.or_else(landed_sum)
    }
}
