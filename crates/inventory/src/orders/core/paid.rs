//! Payments and refunds of an order: sums of its payments, and the two statuses that follow from
//! them.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Sums in minor units of the order's currency, and the statuses of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentSums {
    /// Sum that is authorised and neither captured nor void.
    pub authorised: i64,
    pub captured: i64,
    pub refunded: i64,
    /// Refunds of closed returns, which reduce the order's net total.
    pub returned: i64,
    pub payment: PaymentStatus,
    pub refund: RefundStatus,
}

impl PaymentSums {
    /// Sums of an order without any payment.
    pub const NOTHING: Self =
        Self { authorised: 0, captured: 0, refunded: 0, returned: 0, payment: PaymentStatus::Unpaid, refund: RefundStatus::None };

    /// Returns the captured sum less the refunded one.
    pub const fn net_captured(self) -> i64 {
        self.captured - self.refunded
    }

    /// Returns the sums with the statuses of an order whose net total is `net`: the first status
    /// that applies.
    #[must_use]
    pub const fn with_statuses(self, net: i64) -> Self {
        let (received, authorised) = (self.net_captured(), self.authorised);
        let payment = if net == 0 && self.captured == 0 {
            PaymentStatus::NothingDue
        } else if received > net {
            PaymentStatus::Overpaid
        } else if received == net {
            PaymentStatus::Paid
        } else if received > 0 {
            PaymentStatus::PartiallyPaid
        } else if authorised > 0 && authorised >= net {
            PaymentStatus::Authorised
        } else if authorised > 0 {
            PaymentStatus::PartiallyAuthorised
        } else {
            PaymentStatus::Unpaid
        };
        let refund = if self.refunded == 0 {
            RefundStatus::None
        } else if self.refunded == self.captured {
            RefundStatus::Full
        } else {
            RefundStatus::Partial
        };
        Self { payment, refund, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PaymentStatus::{Authorised, NothingDue, Overpaid, Paid as InFull, PartiallyAuthorised, PartiallyPaid, Unpaid};
    use RefundStatus::{Full, None as NoRefund, Partial};

    /// Net total of an order; its authorised, captured and refunded sums; both statuses.
    type Fact = (i64, [i64; 3], PaymentStatus, RefundStatus);

    #[test]
    fn statuses_follow_from_the_sums() {
        let table: [Fact; 24] = [
            (0, [0, 0, 0], NothingDue, NoRefund),
            (0, [500, 0, 0], NothingDue, NoRefund),
            (4_470, [0, 0, 0], Unpaid, NoRefund),
            (4_470, [1, 0, 0], PartiallyAuthorised, NoRefund),
            (4_470, [4_469, 0, 0], PartiallyAuthorised, NoRefund),
            (4_470, [4_470, 0, 0], Authorised, NoRefund),
            (4_470, [5_000, 0, 0], Authorised, NoRefund),
            (4_470, [0, 1, 0], PartiallyPaid, NoRefund),
            (4_470, [4_469, 1, 0], PartiallyPaid, NoRefund),
            (4_470, [0, 4_469, 0], PartiallyPaid, NoRefund),
            (4_470, [0, 4_470, 0], InFull, NoRefund),
            (4_470, [0, 4_471, 0], Overpaid, NoRefund),
            // The table of docs/payments.md: edited to 7, refunded, returned, refunded, edited to 9.
            (3_307, [0, 4_470, 0], Overpaid, NoRefund),
            (3_307, [0, 4_470, 1_163], InFull, Partial),
            (2_919, [0, 4_470, 1_163], Overpaid, Partial),
            (2_919, [0, 4_470, 1_551], InFull, Partial),
            (3_694, [0, 4_470, 1_551], PartiallyPaid, Partial),
            // Fully refunded without a cancel: both are true.
            (4_470, [0, 4_470, 4_470], Unpaid, Full),
            (4_470, [4_470, 4_470, 4_470], Authorised, Full),
            (4_470, [10, 4_470, 4_470], PartiallyAuthorised, Full),
            // Cancelled: nothing is owed either way once all is refunded.
            (0, [0, 4_470, 0], Overpaid, NoRefund),
            (0, [0, 4_470, 1], Overpaid, Partial),
            (0, [0, 4_470, 4_470], InFull, Full),
            // More was refunded than the order's total.
            (-100, [0, 0, 0], Overpaid, NoRefund),
        ];
        for (net, [authorised, captured, refunded], payment, refund) in table {
            let derived = PaymentSums { authorised, captured, refunded, ..PaymentSums::NOTHING }.with_statuses(net);
            let found = (derived.payment, derived.refund);
            assert_eq!(found, (payment, refund), "net {net}, authorised {authorised}, captured {captured}, refunded {refunded}");
        }
    }
}
