//! Invoices in other currencies than that of the books, converted again by the rate that each
//! stored; with them their credit notes, whose total is converted as that of one credit note.
//! Credit notes without amounts in the books, which an older release issued at the same time, are
//! left out.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::invoice,
};
use inventory::currency::core::FrozenRate;
use platform::storage::{Fault, Finds, Snapshot};

use super::report::Violation;

pub(super) const BOOKS: &str =
    "invoice: its tax and total in the books are what its rate makes of them, and so are its credit notes'";
/// Invoices read at once.
const PAGE: i64 = 1_000;

/// An invoice, or all credit notes of one.
struct Sums {
    tax: i64,
    total: i64,
    tax_in_books: i64,
    total_in_books: i64,
}

/// An invoice with the sums of its credit notes.
struct Invoice {
    id: InvoiceId,
    /// The invoice's currency, and that of the books.
    currencies: (String, String),
    numerator: Option<String>,
    denominator: Option<String>,
    own: Sums,
    credited: Sums,
}

#[derive(Record)]
#[record(of = invoice, alias = "i")]
struct OwnRow {
    id: InvoiceId,
    currency: String,
    #[record(not_null)]
    books_currency: String,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
    tax_minor: i64,
    total_minor: i64,
}

#[derive(Record)]
struct InvoiceRow {
    own: OwnRow,
    #[record(sql = "coalesce(i.books_tax_minor, 0)")]
    tax_in_books: i64,
    #[record(sql = "coalesce(i.books_total_minor, 0)")]
    total_in_books: i64,
    #[record(sql = "CAST(coalesce(sum(c.tax_minor), 0) AS bigint)")]
    credited_tax: i64,
    #[record(sql = "CAST(coalesce(sum(c.total_minor), 0) AS bigint)")]
    credited_total: i64,
    #[record(sql = "CAST(coalesce(sum(c.books_tax_minor), 0) AS bigint)")]
    credited_tax_in_books: i64,
    #[record(sql = "CAST(coalesce(sum(c.books_total_minor), 0) AS bigint)")]
    credited_total_in_books: i64,
}

impl From<InvoiceRow> for Invoice {
    fn from(row: InvoiceRow) -> Self {
        Self {
            id: row.own.id,
            currencies: (row.own.currency, row.own.books_currency),
            numerator: row.own.rate_numerator,
            denominator: row.own.rate_denominator,
            own: Sums {
                tax: row.own.tax_minor,
                total: row.own.total_minor,
                tax_in_books: row.tax_in_books,
                total_in_books: row.total_in_books,
            },
            credited: Sums {
                tax: row.credited_tax,
                total: row.credited_total,
                tax_in_books: row.credited_tax_in_books,
                total_in_books: row.credited_total_in_books,
            },
        }
    }
}

/// The first invoice whose sums do not follow from its rate. `rows` is increased by the number of
/// checked invoices.
pub(super) async fn verify_books(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    let mut after = InvoiceId::NIL;
    let sql = format!(
        "SELECT {} FROM (SELECT id, currency, books_currency, rate_numerator, rate_denominator, tax_minor, total_minor, books_tax_minor,
             books_total_minor
           FROM invoice WHERE tenant_id = $1 AND kind = 'INVOICE' AND books_currency IS NOT NULL AND id > $2
           ORDER BY id LIMIT {PAGE}) i
         LEFT JOIN invoice c ON c.tenant_id = $1 AND c.credits_id = i.id AND c.books_currency IS NOT NULL
         GROUP BY i.id, i.currency, i.books_currency, i.rate_numerator, i.rate_denominator, i.tax_minor, i.total_minor,
           i.books_tax_minor, i.books_total_minor ORDER BY i.id",
        InvoiceRow::SELECT
    );
    loop {
        let page = snapshot.records::<InvoiceRow>(&sql, vec![after.into()]).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            *rows += 1;
            after = row.own.id;
            if let Some(broken) = find_violation(&row.into()) {
                return Ok(Some(broken));
            }
        }
    }
}

fn find_violation(invoice: &Invoice) -> Option<Violation> {
    let rate = frozen_rate(invoice);
    let expected_amounts = |sums: &Sums| {
        let rate = rate.as_ref()?;
        Some((rate.convert(sums.tax)?, rate.convert(sums.total)?))
    };
    let book_amounts = |sums: &Sums| (sums.tax_in_books, sums.total_in_books);
    let mismatch =
        [&invoice.own, &invoice.credited].into_iter().find(|sums| expected_amounts(sums) != Some(book_amounts(sums)))?;
    let text = |(tax, total): (i64, i64)| format!("in the books tax {tax} total {total}");
    Some(Violation {
        table: "invoice",
        key: invoice.id.to_string(),
        expected: expected_amounts(mismatch).map_or_else(|| "a rate, and amounts that it converts".to_owned(), text),
        found: text(book_amounts(mismatch)),
    })
}

/// The rate that an invoice stored. The conversion does not use its day and source.
fn frozen_rate(invoice: &Invoice) -> Option<FrozenRate> {
    Some(FrozenRate {
        from: Currency::parse(&invoice.currencies.0)?,
        to: Currency::parse(&invoice.currencies.1)?,
        numerator: invoice.numerator.as_deref()?.parse().ok()?,
        denominator: invoice.denominator.as_deref()?.parse().ok()?,
        day: 0,
        source: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_and_its_credit_notes_are_what_the_rate_says() {
        let sums = |tax, total, tax_in_books, total_in_books| Sums { tax, total, tax_in_books, total_in_books };
        let invoice = |own, credited| Invoice {
            id: InvoiceId::NIL,
            currencies: ("EUR".to_owned(), "GBP".to_owned()),
            numerator: Some("0.8425".to_owned()),
            denominator: Some("1".to_owned()),
            own,
            credited,
        };
        assert_eq!(find_violation(&invoice(sums(210, 1_410, 177, 1_188), sums(70, 470, 59, 396))), None);
        assert!(find_violation(&invoice(sums(210, 1_410, 178, 1_188), sums(0, 0, 0, 0))).is_some());
        assert!(find_violation(&invoice(sums(210, 1_410, 177, 1_188), sums(70, 470, 59, 397))).is_some());
        let half = Invoice { denominator: None, ..invoice(sums(0, 0, 0, 0), sums(0, 0, 0, 0)) };
        assert!(find_violation(&half).is_some(), "half a rate converts nothing");
    }
}
