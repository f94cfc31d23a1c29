//! Invoices and credit notes: the part of an order that is due to be invoiced, and the part of an
//! invoice that can be credited.

use std::collections::BTreeMap;

use entity::prelude::*;
use inventory::{
    orders::core::{Order, Sealed, TaxRate},
    purchasing::core::share,
};
use serde::{Deserialize, Serialize};

use super::{
    invoice_books::BooksTotals,
    invoice_due::InvoicedAmounts,
    invoice_totals::{RateTotals, Totals},
};

/// Part of an order that is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Scope {
    /// Units that were shipped and not returned, and all charges.
    Shipped,
    /// All units that are not cancelled or returned, and all charges.
    All,
}

/// Other printed facts, frozen when the number was assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The company that issues it, by lines.
    pub seller: Vec<String>,
    pub tax_id: Option<String>,
    pub order_number: i64,
    pub external_ref: Option<String>,
    /// Printed number of the credited invoice, on a credit note.
    pub of_invoice: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub id: InvoiceId,
    pub kind: InvoiceKind,
    pub entity: LegalEntityId,
    pub number: i64,
    /// Printed number.
    pub label: String,
    pub order: OrderId,
    pub store: StoreId,
    /// ID of the credited invoice, on a credit note.
    pub credits: Option<InvoiceId>,
    pub totals: Totals,
    /// `None` for an invoice in the currency of the books, and for one without tax if no rate was
    /// known.
    pub in_books: Option<BooksTotals>,
    /// Days since 1970-01-01.
    pub issued_on: i32,
    pub issued_at: Timestamp,
    pub facts: Facts,
    /// The buyer, by lines; `None` if it is unknown, or was erased or lost.
    pub personal: Option<Sealed>,
    /// Whether it was lost with the keys of the deployment.
    pub is_lost: bool,
    pub reason: Option<String>,
    pub actor: Actor,
    pub lines: Vec<InvoiceLine>,
}

/// A line, with the amounts of its quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The order's line.
    pub position: u16,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    /// Price of a whole unit.
    pub unit_price: Money,
    pub discount: Money,
    pub tax: Money,
    pub total: Money,
    /// `None` if the tax was entered as an amount.
    pub rate: Option<TaxRate>,
}

/// Reason to refuse a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The order has a status in which nothing of it is sold.
    Status(OrderStatus),
    NothingDue,
    /// The invoice is credited completely.
    NothingLeft,
    /// The line is not on the invoice, or is given twice.
    NoLine {
        index: usize,
    },
    /// At most this much of the line can be credited.
    UpTo {
        index: usize,
        most: i64,
    },
    /// A sum is too large to be exact.
    TooLarge,
    /// The invoice has a tax, and there is no rate from its currency to that of the books on its
    /// day.
    RateMissing {
        from: Currency,
        to: Currency,
        /// Days since 1970-01-01.
        day: i32,
    },
}

/// Returns the lines that are due: those of the scope, less the parts that are invoiced and not
/// credited (`before`, by line). Consecutive parts add up to the line's own total, to the penny,
/// regardless of credits between them.
///
/// # Errors
/// Nothing is due, or an amount is too large to be exact.
pub fn due_lines(order: &Order, scope: Scope, before: &BTreeMap<u16, InvoicedAmounts>) -> Result<Vec<InvoiceLine>, Refusal> {
    if matches!(order.status, OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Expired) {
        return Err(Refusal::Status(order.status));
    }
    let mut lines = Vec::new();
    for line in &order.lines {
        let sold = match (scope, line.kind()) {
            (Scope::Shipped, LineKind::Product) => line.fulfilled.get(),
            (Scope::All, _) | (_, LineKind::Charge) => line.current(),
        };
        let invoiced = before.get(&line.position).copied().unwrap_or_default();
        let from = invoiced.quantity.max(0);
        let to = sold - line.returned.get();
        if to <= from {
            continue;
        }
        let part = || {
            let (first, full_amounts) = (line.amounts(Quantity::new(from)?)?, line.amounts(Quantity::new(to)?)?);
            let remainder = invoiced.remaining_amounts(&first, &full_amounts);
            Some(InvoiceLine {
                position: line.position,
                sku: line.sku.clone(),
                name: line.name.clone(),
                decimals: line.decimals,
                quantity: Quantity::new(to - from)?,
                unit_price: line.unit_price,
                discount: remainder.discount,
                tax: remainder.tax,
                total: remainder.total()?,
                rate: line.basis.rate,
            })
        };
        lines.push(part().ok_or(Refusal::TooLarge)?);
    }
    if lines.is_empty() { Err(Refusal::NothingDue) } else { Ok(lines) }
}

/// Returns the lines of a credit note: the requested quantity of each of an invoice's lines, or all
/// that is not credited. `before` is the quantity that earlier credit notes returned, by line.
///
/// # Errors
/// Nothing is left to credit, or more is requested than that.
pub fn credit(
    invoiced: &[InvoiceLine],
    before: &BTreeMap<u16, i64>,
    requested_lines: Option<&[(u16, i64)]>,
) -> Result<Vec<InvoiceLine>, Refusal> {
    let credited_units = |line: &InvoiceLine| before.get(&line.position).copied().unwrap_or_default();
    let remaining_units = |line: &InvoiceLine| line.quantity.get() - credited_units(line);
    let mut lines = Vec::new();
    match requested_lines {
        None => lines.extend(invoiced.iter().filter(|line| remaining_units(line) > 0).map(|line| (line, remaining_units(line)))),
        Some(requested_lines) => {
            for (index, (position, quantity)) in requested_lines.iter().enumerate() {
                let is_twice = requested_lines[..index].iter().any(|(other, _)| other == position);
                let line = invoiced.iter().find(|line| line.position == *position && !is_twice);
                let line = line.ok_or(Refusal::NoLine { index })?;
                let limit = remaining_units(line);
                if *quantity < 1 || *quantity > limit {
                    return Err(Refusal::UpTo { index, most: limit });
                }
                lines.push((line, *quantity));
            }
        }
    }
    if lines.is_empty() {
        return Err(Refusal::NothingLeft);
    }
    lines.into_iter().map(|(line, quantity)| part_of(line, credited_units(line), quantity).ok_or(Refusal::TooLarge)).collect()
}

/// Returns the part of a line with `quantity` units after the first `credited_units`: all parts add
/// up to the line, to the penny.
fn part_of(line: &InvoiceLine, credited_units: i64, quantity: i64) -> Option<InvoiceLine> {
    let full_quantity = line.quantity.get();
    // A charge may be negative, and is divided by its absolute amount.
    let first = |amount: i64, part: i64| amount.signum() * share(amount.abs(), part, full_quantity);
    let part = |amount: i64| first(amount, credited_units + quantity) - first(amount, credited_units);
    let gross = line.total.minor.checked_add(line.discount.minor)?.checked_sub(line.tax.minor)?;
    let (discount, tax) = (part(line.discount.minor), part(line.tax.minor));
    let currency = line.total.currency;
    Some(InvoiceLine {
        quantity: Quantity::new(quantity)?,
        discount: Money::new(discount, currency),
        tax: Money::new(tax, currency),
        total: Money::new(part(gross) - discount + tax, currency),
        ..line.clone()
    })
}

/// Returns the sums of lines; `None` if one is too large to be exact.
pub fn totals(lines: &[InvoiceLine], currency: Currency) -> Option<Totals> {
    let zero = Money::zero(currency);
    let sum = |amount_of: fn(&InvoiceLine) -> Money| lines.iter().try_fold(zero, |sum, line| sum.checked_add(amount_of(line)));
    let (tax, total) = (sum(|line| line.tax)?, sum(|line| line.total)?);
    Some(Totals { net: Money::new(total.minor - tax.minor, currency), tax, total })
}

/// Returns the totals of lines by tax rate: the highest rate first, and those without a rate last.
/// They add up to the document's totals, to the penny, because each line's own net and tax are
/// summed and nothing is recomputed. `None` if a sum is too large to be exact.
pub fn by_rate(lines: &[InvoiceLine], currency: Currency) -> Option<Vec<RateTotals>> {
    let (zero, mut rates) = (Money::zero(currency), BTreeMap::new());
    for line in lines {
        let row = rates.entry(line.rate).or_insert(RateTotals { rate: line.rate, net: zero, tax: zero });
        let net = Money::new(line.total.minor - line.tax.minor, currency);
        (row.net, row.tax) = (row.net.checked_add(net)?, row.tax.checked_add(line.tax)?);
    }
    Some(rates.into_values().rev().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::GBP)
    }

    /// Seven mugs of 3.33 with a discount of 0.70 and a tax of 4.52: 27.13 together.
    fn mugs() -> InvoiceLine {
        InvoiceLine {
            position: 1,
            sku: "MUG".to_owned(),
            name: "Mug".to_owned(),
            decimals: 0,
            quantity: Quantity::new(7).unwrap(),
            unit_price: gbp(333),
            discount: gbp(70),
            tax: gbp(452),
            total: gbp(2_713),
            rate: None,
        }
    }

    #[test]
    fn credits_one_by_one_come_to_the_invoice() {
        let (invoiced, mut before, mut sum) = ([mugs()], BTreeMap::new(), 0);
        for _ in 0..7 {
            let lines = credit(&invoiced, &before, Some(&[(1, 1)])).unwrap();
            sum += lines[0].total.minor;
            *before.entry(1).or_insert(0) += 1;
        }
        assert_eq!(sum, 2_713);
        assert_eq!(credit(&invoiced, &before, None), Err(Refusal::NothingLeft));
        assert_eq!(credit(&invoiced, &before, Some(&[(1, 1)])), Err(Refusal::UpTo { index: 0, most: 0 }));
    }

    #[test]
    fn what_was_taken_off_comes_back_to_the_penny_too() {
        let zero = gbp(0);
        let voucher = InvoiceLine {
            quantity: Quantity::new(2).unwrap(),
            unit_price: gbp(-251),
            discount: zero,
            tax: zero,
            total: gbp(-501),
            ..mugs()
        };
        let invoiced = [voucher];
        let one = |before: i64| credit(&invoiced, &BTreeMap::from([(1, before)]), Some(&[(1, 1)])).unwrap()[0].total.minor;
        assert_eq!((one(0), one(1), one(0) + one(1)), (-251, -250, -501));
    }

    #[test]
    fn a_credit_note_names_lines_of_its_invoice_once() {
        let (invoiced, before) = ([mugs()], BTreeMap::from([(1, 2)]));
        assert_eq!(credit(&invoiced, &before, Some(&[(2, 1)])), Err(Refusal::NoLine { index: 0 }));
        assert_eq!(credit(&invoiced, &before, Some(&[(1, 1), (1, 1)])), Err(Refusal::NoLine { index: 1 }));
        assert_eq!(credit(&invoiced, &before, Some(&[(1, 6)])), Err(Refusal::UpTo { index: 0, most: 5 }));
        assert_eq!(credit(&invoiced, &before, Some(&[])), Err(Refusal::NothingLeft));
        let rest = credit(&invoiced, &before, None).unwrap();
        assert_eq!(rest[0].quantity.get(), 5);
    }

    #[test]
    fn net_and_tax_are_the_total() {
        let lines = [mugs(), InvoiceLine { position: 2, tax: gbp(99), discount: gbp(0), total: gbp(594), ..mugs() }];
        let of = totals(&lines, Currency::GBP).unwrap();
        assert_eq!((of.net, of.tax, of.total), (gbp(2_756), gbp(551), gbp(3_307)));
    }

    #[test]
    fn rows_by_rate_are_the_totals_to_the_penny() {
        let rate = TaxRate::of_millionths;
        let line = |position: u16, net: i64, tax: i64, rate: Option<TaxRate>| InvoiceLine {
            position,
            discount: gbp(0),
            tax: gbp(tax),
            total: gbp(net + tax),
            rate,
            ..mugs()
        };
        // Each of three lines at 20 % is rounded separately: 0.33 has a tax of 0.07, while 20 % of
        // 0.99 are 0.20.
        let mut lines: Vec<InvoiceLine> = (1..=3).map(|position| line(position, 33, 7, rate(200_000))).collect();
        lines.extend([
            line(4, 1_000, 50, rate(50_000)),
            line(5, 700, 0, rate(0)),
            line(6, 100, 19, None),
            line(7, -50, -10, rate(200_000)),
        ]);
        let rows = by_rate(&lines, Currency::GBP).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.rate.map(TaxRate::millionths), row.net.minor, row.tax.minor)).collect();
        assert_eq!(
            seen,
            [(Some(200_000), 49, 11), (Some(50_000), 1_000, 50), (Some(0), 700, 0), (None, 100, 19)],
            "the highest rate first"
        );
        let all = totals(&lines, Currency::GBP).unwrap();
        let sum = |of: fn(&RateTotals) -> Money| rows.iter().map(|row| of(row).minor).sum::<i64>();
        assert_eq!((sum(|row| row.net), sum(|row| row.tax)), (all.net.minor, all.tax.minor));
        assert_eq!(all.total.minor, all.net.minor + all.tax.minor);
        // A credit note has the rates of its invoice, and partial credits add up to each row of it.
        let (mut before, mut credited) = (BTreeMap::new(), Vec::new());
        for _ in 0..7 {
            credited.extend(credit(&lines, &before, Some(&[(4, 1), (6, 1)])).unwrap());
            for position in [4, 6] {
                *before.entry(position).or_insert(0) += 1;
            }
        }
        assert_eq!(by_rate(&credited, Currency::GBP).unwrap(), [rows[1], rows[3]]);
    }
}
