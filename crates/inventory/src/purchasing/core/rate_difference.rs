//! Difference of an order's value by the rates of its receipts' days from its value by the order's
//! own rate.

use entity::prelude::*;

use super::{landed_shares::LandedShares, receipt::GoodsReceipt};
use crate::currency::core::FrozenRate;

impl GoodsReceipt {
    /// Goods and charges of the receipt in the order's currency, without the reversed part, in
    /// minor units.
    fn unreversed_shares(&self) -> LandedShares {
        self.lines.iter().fold(LandedShares::default(), |sum, line| {
            let line_shares = LandedShares { goods: line.goods.minor, charges: line.charges.minor, charges_in_books: 0 };
            sum + (line_shares - line_shares.between((Quantity::ZERO, line.reversed), line.quantity))
        })
    }
}

/// Returns the value of the receipts by the rates of their days less their value by the order's
/// rate, in minor units of the books' currency: goods together and charges together, as receipts
/// are converted. `None` if it exceeds the exact range.
pub fn rate_difference(order_rate: &FrozenRate, receipts: &[(&GoodsReceipt, &FrozenRate)]) -> Option<i64> {
    let convert = |rate: &FrozenRate, kept_shares: LandedShares| {
        rate.convert(kept_shares.goods)?.checked_add(rate.convert(kept_shares.charges)?)
    };
    let (mut total_shares, mut by_days) = (LandedShares::default(), 0_i64);
    for (receipt, rate) in receipts {
        let kept_shares = receipt.unreversed_shares();
        total_shares = total_shares + kept_shares;
        by_days = by_days.checked_add(convert(rate, kept_shares)?)?;
    }
    by_days.checked_sub(convert(order_rate, total_shares)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchasing::core::ReceiptLine;

    fn rate(text: &str) -> FrozenRate {
        let currency = |code| Currency::parse(code).unwrap();
        let (from, to) = (currency("EUR"), currency("GBP"));
        FrozenRate {
            from,
            to,
            numerator: text.parse().unwrap(),
            denominator: "1".parse().unwrap(),
            day: 0,
            source: "ECB".to_owned(),
        }
    }

    fn receipt(units: i64, goods: i64, reversed: i64) -> GoodsReceipt {
        let (eur, count) = (Currency::parse("EUR").unwrap(), |units| Quantity::new(units).unwrap());
        let line = ReceiptLine {
            position: 1,
            quantity: count(units),
            damaged: Quantity::ZERO,
            goods: Money::new(goods, eur),
            charges: Money::zero(eur),
            charges_in_books: 0,
            in_books: None,
            reversed: count(reversed),
            reversed_damaged: Quantity::ZERO,
        };
        GoodsReceipt {
            id: GoodsReceiptId::NIL,
            order: PurchaseOrderId::NIL,
            number: 1,
            store: StoreId::NIL,
            external_ref: None,
            note: None,
            occurred_at: Timestamp(0),
            business_date: 0,
            actor: Actor::SYSTEM,
            created_at: Timestamp(0),
            rate: None,
            lines: vec![line],
        }
    }

    #[test]
    fn goods_that_came_at_another_rate_than_they_were_ordered_at() {
        // ORDERS, F5: 3 at 0.8425 and 7 at 0.8500, ordered at 0.8425.
        let (first, second, back) = (receipt(3, 900, 0), receipt(7, 2_100, 0), receipt(7, 2_100, 7));
        let (friday, later) = (rate("0.8425"), rate("0.8500"));
        assert_eq!(rate_difference(&friday, &[(&first, &friday), (&second, &later)]), Some(15));
        assert_eq!(rate_difference(&friday, &[(&first, &friday), (&back, &later)]), Some(0), "what was taken back is not there");
        assert_eq!(rate_difference(&friday, &[]), Some(0));
    }
}
