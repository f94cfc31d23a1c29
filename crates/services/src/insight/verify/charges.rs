//! Charges in other currencies than that of the books, converted again by the rate that each
//! stored: those of purchase orders, and those that were billed after the goods had arrived.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_charge, revaluation},
};
use inventory::currency::core::FrozenRate;
use platform::storage::{Fault, Finds, Snapshot};

use super::report::Violation;

pub(super) const BOOKS: &str =
    "purchase charge: its amount in the books follows from its rate, also for one that was added later";
/// Charges read at once.
const PAGE: i64 = 1_000;

/// A charge, and its stored amount in the books.
struct Charge {
    amount: Option<i64>,
    in_books: i64,
    /// The charge's currency, and that of the books.
    currencies: (Option<String>, Option<String>),
    numerator: Option<String>,
    denominator: Option<String>,
}

/// A charge of a purchase order.
#[derive(Record)]
#[record(of = purchase_charge, alias = "c")]
struct OrderCharge {
    purchase_order_id: PurchaseOrderId,
    position: i32,
    amount_minor: i64,
    #[record(not_null)]
    books_minor: i64,
    currency: Option<String>,
    books_currency: Option<String>,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
}

impl From<OrderCharge> for Charge {
    fn from(row: OrderCharge) -> Self {
        Self {
            amount: Some(row.amount_minor),
            in_books: row.books_minor,
            currencies: (row.currency, row.books_currency),
            numerator: row.rate_numerator,
            denominator: row.rate_denominator,
        }
    }
}

/// A charge that was billed after the goods had come.
#[derive(Record)]
#[record(of = revaluation, alias = "v")]
struct AddedCharge {
    id: RevaluationId,
    charge_minor: Option<i64>,
    #[record(not_null)]
    charge_books_minor: i64,
    charge_currency: Option<String>,
    charge_books_currency: Option<String>,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
}

impl From<AddedCharge> for Charge {
    fn from(row: AddedCharge) -> Self {
        Self {
            amount: row.charge_minor,
            in_books: row.charge_books_minor,
            currencies: (row.charge_currency, row.charge_books_currency),
            numerator: row.rate_numerator,
            denominator: row.rate_denominator,
        }
    }
}

/// The first charge whose amount in the books does not follow from its rate. `rows` is increased by
/// the number of checked charges.
pub(super) async fn verify_books(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    match of_orders(snapshot, rows).await? {
        None => verify_added(snapshot, rows).await,
        broken => Ok(broken),
    }
}

async fn of_orders(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    let mut after = (PurchaseOrderId::NIL, 0_i32);
    let sql = format!(
        "SELECT {} FROM purchase_charge c WHERE c.tenant_id = $1 AND c.books_minor IS NOT NULL
           AND c.purchase_order_id >= $2 AND (c.purchase_order_id > $2 OR c.position > $3)
         ORDER BY c.purchase_order_id, c.position LIMIT {PAGE}",
        OrderCharge::SELECT
    );
    loop {
        let page = snapshot.records::<OrderCharge>(&sql, vec![after.0.into(), after.1.into()]).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            *rows += 1;
            after = (row.purchase_order_id, row.position);
            if let Some(broken) = find_violation("purchase_charge", || format!("{} charge {}", after.0, after.1), &row.into()) {
                return Ok(Some(broken));
            }
        }
    }
}

async fn verify_added(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    let mut after = RevaluationId::NIL;
    let sql = format!(
        "SELECT {} FROM revaluation v
         WHERE v.tenant_id = $1 AND v.charge_books_minor IS NOT NULL AND v.id > $2 ORDER BY v.id LIMIT {PAGE}",
        AddedCharge::SELECT
    );
    loop {
        let page = snapshot.records::<AddedCharge>(&sql, vec![after.into()]).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            *rows += 1;
            after = row.id;
            if let Some(broken) = find_violation("revaluation", || after.to_string(), &row.into()) {
                return Ok(Some(broken));
            }
        }
    }
}

fn find_violation(table: &'static str, key: impl Fn() -> String, charge: &Charge) -> Option<Violation> {
    let due = expected_amount(charge);
    (due != Some(charge.in_books)).then(|| Violation {
        table,
        key: key(),
        expected: due.map_or_else(|| "a rate, and an amount that it converts".to_owned(), |due| format!("in the books {due}")),
        found: format!("in the books {}", charge.in_books),
    })
}

/// Returns the charge in the currency of the books: unchanged if it has that currency and no rate.
/// The day and the source of a rate do not affect the conversion.
fn expected_amount(charge: &Charge) -> Option<i64> {
    let (from, to) = (Currency::parse(charge.currencies.0.as_deref()?)?, Currency::parse(charge.currencies.1.as_deref()?)?);
    if charge.numerator.is_none() && from == to {
        return charge.amount;
    }
    let rate = FrozenRate {
        from,
        to,
        numerator: charge.numerator.as_deref()?.parse().ok()?,
        denominator: charge.denominator.as_deref()?.parse().ok()?,
        day: 0,
        source: String::new(),
    };
    rate.convert(charge.amount?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_worth_what_its_rate_says() {
        let text = |text: &str| Some(text.to_owned());
        let dollars = |in_books| Charge {
            amount: Some(10_000),
            in_books,
            currencies: (text("USD"), text("GBP")),
            numerator: text("0.8425"),
            denominator: text("1.0842"),
        };
        let is_broken = |charge: &Charge| find_violation("purchase_charge", String::new, charge).is_some();
        // 77.7071.
        assert!(!is_broken(&dollars(7_771)) && is_broken(&dollars(7_770)));
        assert!(is_broken(&Charge { denominator: None, ..dollars(7_771) }), "half a rate converts nothing");
        let pounds =
            |in_books| Charge { currencies: (text("GBP"), text("GBP")), numerator: None, denominator: None, ..dollars(in_books) };
        assert!(!is_broken(&pounds(10_000)) && is_broken(&pounds(7_771)));
        assert!(is_broken(&Charge { currencies: (text("USD"), text("GBP")), ..pounds(10_000) }), "dollars are no pounds");
    }
}
