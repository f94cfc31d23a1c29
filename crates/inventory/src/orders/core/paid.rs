//! What was paid of an order and given back: sums of its payments, and the two statuses that follow from them.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::order::Order;

/// Sums in minor units of the order's currency, and the statuses as its row has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// What is authorised and neither captured nor void.
    pub authorised: i64,
    pub captured: i64,
    pub refunded: i64,
    /// What closed returns gave back of the order.
    pub returned: i64,
    pub payment: PaymentStatus,
    pub refund: RefundStatus,
}

impl Paid {
    /// Of an order that nobody has paid anything of.
    pub const NOTHING: Self =
        Self { authorised: 0, captured: 0, refunded: 0, returned: 0, payment: PaymentStatus::Unpaid, refund: RefundStatus::None };

    /// What is kept of what was captured.
    pub const fn got(self) -> i64 {
        self.captured - self.refunded
    }

    /// The same sums with the statuses that follow from them, of an order that comes to `net`: the first that holds.
    #[must_use]
    pub const fn of_net(self, net: i64) -> Self {
        let (got, authorised) = (self.got(), self.authorised);
        let payment = if net == 0 && self.captured == 0 {
            PaymentStatus::NothingDue
        } else if got > net {
            PaymentStatus::Overpaid
        } else if got == net {
            PaymentStatus::Paid
        } else if got > 0 {
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

impl Order {
    /// What it comes to now, without what closed returns gave back: with its lines.
    pub fn net_total(&self) -> Money {
        Money::new(self.current_total().minor - self.paid.returned, self.total.currency)
    }
    /// What the customer still owes; below 0 what we owe.
    pub fn balance(&self) -> Money {
        Money::new(self.net_total().minor - self.paid.got(), self.total.currency)
    }
    /// Its sums with their statuses: derived where its lines are read, else as its row has them. Every order has lines.
    pub fn paid_now(&self) -> Paid {
        if self.lines.is_empty() { self.paid } else { self.paid.of_net(self.net_total().minor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PaymentStatus::{Authorised, NothingDue, Overpaid, Paid as InFull, PartiallyAuthorised, PartiallyPaid, Unpaid};
    use RefundStatus::{Full, None as NoRefund, Partial};

    /// What an order comes to; authorised and still open, captured, refunded; both statuses.
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
            // More was given back than the order came to.
            (-100, [0, 0, 0], Overpaid, NoRefund),
        ];
        for (net, [authorised, captured, refunded], payment, refund) in table {
            let derived = Paid { authorised, captured, refunded, ..Paid::NOTHING }.of_net(net);
            let found = (derived.payment, derived.refund);
            assert_eq!(found, (payment, refund), "net {net}, authorised {authorised}, captured {captured}, refunded {refunded}");
        }
    }
}
