//! Goods receipts in other currencies than that of the books, converted again by the rate that each
//! stored.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{goods_receipt, purchase_order},
};
use inventory::currency::core::FrozenRate;
use platform::storage::{Fault, Finds, Snapshot};

use super::report::Violation;

pub(super) const BOOKS: &str =
    "goods receipt: its value in the books is that of its goods and charges, by the rate that it froze";
/// Receipts read at once.
const PAGE: i64 = 1_000;

/// A receipt with the currency of its order and the sums of its lines.
#[derive(Record)]
struct Receipt {
    #[record(of = goods_receipt, alias = "r")]
    id: GoodsReceiptId,
    #[record(of = purchase_order, alias = "o")]
    currency: String,
    #[record(of = goods_receipt, alias = "r")]
    books_currency: Option<String>,
    #[record(of = goods_receipt, alias = "r", not_null)]
    rate_numerator: String,
    #[record(of = goods_receipt, alias = "r")]
    rate_denominator: Option<String>,
    #[record(sql = "CAST(sum(l.goods_minor) AS bigint)")]
    goods: i64,
    #[record(sql = "CAST(sum(l.charges_minor) AS bigint)")]
    charges: i64,
    #[record(sql = "CAST(sum(l.charges_books_minor) AS bigint)")]
    charges_in_books: i64,
    #[record(sql = "CAST(coalesce(sum(l.books_minor), 0) AS bigint)")]
    in_books: i64,
}

/// The first receipt whose value does not follow from its rate. `rows` is increased by the number
/// of checked receipts.
pub(super) async fn verify_books(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    let mut after = GoodsReceiptId::NIL;
    let sql = format!(
        "SELECT {} FROM goods_receipt r JOIN purchase_order o ON o.tenant_id = $1 AND o.id = r.purchase_order_id
         JOIN goods_receipt_line l ON l.tenant_id = $1 AND l.receipt_id = r.id
         WHERE r.tenant_id = $1 AND r.rate_numerator IS NOT NULL AND r.id > $2
         GROUP BY r.id, o.currency, r.books_currency, r.rate_numerator, r.rate_denominator ORDER BY r.id LIMIT {PAGE}",
        Receipt::SELECT
    );
    loop {
        let page = snapshot.records::<Receipt>(&sql, vec![after.into()]).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.id;
        for receipt in &page {
            *rows += 1;
            if let Some(broken) = find_violation(receipt) {
                return Ok(Some(broken));
            }
        }
    }
}

/// Goods and charges are converted apart, each together; charges in other currencies are in that of the books already.
fn find_violation(receipt: &Receipt) -> Option<Violation> {
    let due = rate(receipt).and_then(|rate| {
        let sum = rate.convert(receipt.goods)?.checked_add(rate.convert(receipt.charges)?)?;
        sum.checked_add(receipt.charges_in_books)
    });
    (due != Some(receipt.in_books)).then(|| Violation {
        table: "goods_receipt",
        key: receipt.id.to_string(),
        expected: due.map_or_else(|| "a rate, and amounts that it converts".to_owned(), |due| format!("in the books {due}")),
        found: format!("in the books {}", receipt.in_books),
    })
}

/// The rate that a receipt stored. The conversion does not use its day and source.
fn rate(receipt: &Receipt) -> Option<FrozenRate> {
    Some(FrozenRate {
        from: Currency::parse(&receipt.currency)?,
        to: Currency::parse(receipt.books_currency.as_deref()?)?,
        numerator: receipt.rate_numerator.parse().ok()?,
        denominator: receipt.rate_denominator.as_deref()?.parse().ok()?,
        day: 0,
        source: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_worth_what_its_rate_says() {
        let receipt = |in_books| Receipt {
            id: GoodsReceiptId::NIL,
            currency: "EUR".to_owned(),
            books_currency: Some("GBP".to_owned()),
            rate_numerator: "0.8425".to_owned(),
            rate_denominator: Some("1".to_owned()),
            goods: 10_000,
            charges: 1_000,
            charges_in_books: 77,
            in_books,
        };
        // 84.25, and 8.43 of 8.425, converted apart.
        assert_eq!(find_violation(&receipt(8_425 + 843 + 77)), None);
        assert!(find_violation(&receipt(9_344)).is_some());
        assert!(find_violation(&Receipt { rate_denominator: None, ..receipt(9_345) }).is_some(), "half a rate converts nothing");
    }
}
