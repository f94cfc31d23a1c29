//! Charges of purchase orders as their rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::purchase_charge,
};
use platform::storage::{Fault, Finds, Reads};

use super::order_row::{currency_of, index_by_order};
use crate::{
    currency::core::{BrokenRate, FrozenRate, RateColumns},
    purchasing::core::{BooksAmount, Charge, PurchaseOrder},
};

#[derive(Record)]
#[record(of = purchase_charge, alias = "c")]
pub(super) struct ChargeRow {
    purchase_order_id: PurchaseOrderId,
    position: i32,
    kind: ChargeKind,
    basis: ChargeBasis,
    name: String,
    amount_minor: i64,
    supplier_id: Option<SupplierId>,
    currency: Option<String>,
    books_minor: Option<i64>,
    books_currency: Option<String>,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
    rate_day: Option<i32>,
    rate_source: Option<String>,
}

impl ChargeRow {
    pub(super) fn of(order: PurchaseOrderId, position: i32, charge: &Charge) -> Self {
        let in_books = charge.in_books.as_ref();
        let rate = in_books.and_then(|books_amount| books_amount.rate.as_ref());
        Self {
            purchase_order_id: order,
            position,
            kind: charge.kind,
            basis: charge.basis,
            name: charge.name.clone(),
            amount_minor: charge.amount.minor,
            supplier_id: charge.supplier,
            currency: in_books.map(|_| charge.amount.currency.to_string()),
            books_minor: in_books.map(|books_amount| books_amount.amount.minor),
            books_currency: in_books.map(|books_amount| books_amount.amount.currency.to_string()),
            rate_numerator: rate.map(|rate| rate.numerator.to_string()),
            rate_denominator: rate.map(|rate| rate.denominator.to_string()),
            rate_day: rate.map(|rate| rate.day),
            rate_source: rate.map(|rate| rate.source.clone()),
        }
    }
}

/// Reads the charges of all of them in one statement.
pub(super) async fn fill_charges(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    let (backend, index_by_order) = (reads.backend(), index_by_order(orders));
    let condition = backend.in_ids("c.purchase_order_id", 2);
    let sql = format!(
        "SELECT {select} FROM purchase_charge c WHERE c.tenant_id = $1 AND {condition} ORDER BY c.purchase_order_id, c.position",
        select = ChargeRow::SELECT
    );
    for row in reads.records::<ChargeRow>(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        if let Some(order) = index_by_order.get(&row.purchase_order_id).and_then(|place| orders.get_mut(*place)) {
            let charge = row.charge(order.currency)?;
            order.charges.push(charge);
        }
    }
    Ok(())
}

impl ChargeRow {
    /// A charge of an order in this currency.
    fn charge(self, order: Currency) -> Result<Charge, Fault> {
        let charge_currency = self.currency.as_deref().map(|code| currency_of("purchase_charge", code)).transpose()?;
        let books = self.books_currency.as_deref().map(|code| currency_of("purchase_charge", code)).transpose()?;
        let in_books = match (charge_currency, self.books_minor, books) {
            (None, None, None) => None,
            (Some(from), Some(minor), Some(to)) => {
                Some(BooksAmount { amount: Money::new(minor, to), rate: self.rate(from, to)? })
            }
            _ => {
                let message = "a charge has a currency, an amount in the books and their currency, or none of them";
                return Err(Fault::corrupt("purchase_charge", message));
            }
        };
        let amount = Money::new(self.amount_minor, charge_currency.unwrap_or(order));
        Ok(Charge { kind: self.kind, basis: self.basis, name: self.name, amount, supplier: self.supplier_id, in_books })
    }

    fn rate(&self, from: Currency, to: Currency) -> Result<Option<FrozenRate>, Fault> {
        let columns = RateColumns {
            numerator: self.rate_numerator.as_deref(),
            denominator: self.rate_denominator.as_deref(),
            day: self.rate_day,
            source: self.rate_source.as_deref(),
        };
        let corrupt =
            |BrokenRate| Fault::corrupt("purchase_charge", "a rate has two decimals, a day and a source, or none of them");
        columns.rate(from, to).map_err(corrupt)
    }
}
