//! Charges of new and changed orders: their suppliers, and the value in the books of charges in
//! another currency than the order's.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use platform::{
    clock,
    storage::{Fault, Reads},
};

use super::{
    input::{NewCharge, SupplierRef},
    suppliers::Suppliers,
};
use crate::{
    currency::{core::FrozenRate, shell::load_rate_on},
    ledger::{Ledger, MissingReferences},
    purchasing::core::{BooksAmount, NewCharge as Charge, Refusal, charge_name},
    stock::core::{At, Field, RoomRefusal},
};

/// Returns charges with the suppliers that bill them; suppliers and rates that do not exist are
/// added to `missing`. `currency_and_zone` is the order's currency and the time zone of its store; None if
/// there is no such order or store.
pub(super) async fn charges_of(
    ledger: &Ledger,
    reads: &impl Reads,
    missing: &mut MissingReferences,
    currency_and_zone: Option<(Currency, &str)>,
    new_charges: Vec<NewCharge>,
) -> Result<Vec<Charge>, Fault> {
    let requested: Vec<&SupplierRef> = new_charges.iter().filter_map(|charge| charge.supplier.as_ref()).collect();
    let suppliers = if requested.is_empty() { Suppliers::default() } else { Suppliers::look_up(reads, requested).await? };
    let rates = match currency_and_zone {
        Some(currency_and_zone) => Rates::look_up(ledger, reads, currency_and_zone, &new_charges).await?,
        None => None,
    };
    let mut charges = Vec::with_capacity(new_charges.len());
    for (index, new_charge) in new_charges.into_iter().enumerate() {
        let supplier = match &new_charge.supplier {
            Some(requested) => {
                let found_supplier = suppliers.find(requested, || At::row(Field::Charges, index).field(Field::Supplier));
                Some(missing.or_nil(found_supplier.map(|supplier| supplier.id)))
            }
            None => None,
        };
        let in_books = rates.as_ref().map_or(Ok(None), |rates| rates.in_books(&new_charge)).unwrap_or_else(|refusal| {
            missing.note(refusal.at(At::row(Field::Charges, index).field(Field::Amount)));
            None
        });
        charges.push(charge(new_charge, supplier, in_books));
    }
    Ok(charges)
}

/// Rates of a day that convert charges in other currencies than the order's.
struct Rates {
    books: Currency,
    day: i32,
    /// Rates from each currency that has to be converted; None if there is no rate to the books.
    by_currency: BTreeMap<Currency, Option<FrozenRate>>,
}

impl Rates {
    /// Looks up the rates of charges. None if all charges are in the order's currency. A deposit in
    /// another one is refused later.
    async fn look_up(
        ledger: &Ledger,
        reads: &impl Reads,
        (order, time_zone): (Currency, &str),
        new_charges: &[NewCharge],
    ) -> Result<Option<Self>, Fault> {
        let goods = new_charges.iter().filter(|charge| charge.kind != ChargeKind::Deposit);
        let other_currencies: BTreeSet<Currency> =
            goods.map(|charge| charge.amount.currency).filter(|currency| *currency != order).collect();
        if other_currencies.is_empty() {
            return Ok(None);
        }
        let books = ledger.terms(reads).await?.currency;
        let day = clock::local_day(ledger.clock().now(), time_zone);
        let mut rates_by_currency = BTreeMap::new();
        for from in other_currencies.into_iter().filter(|from| *from != books) {
            rates_by_currency.insert(from, load_rate_on(reads, from, books, day).await?);
        }
        Ok(Some(Self { books, day, by_currency: rates_by_currency }))
    }

    /// Converts a charge to the currency of the books. The result is not stored for a charge in the
    /// order's currency.
    fn in_books(&self, charge: &NewCharge) -> Result<Option<BooksAmount>, Refusal> {
        let from = charge.amount.currency;
        if from == self.books {
            return Ok(Some(BooksAmount { amount: charge.amount, rate: None }));
        }
        let Some(rate) = self.by_currency.get(&from) else { return Ok(None) };
        let rate = rate.clone().ok_or(Refusal::RateMissing { from, to: self.books, day: self.day })?;
        let minor = rate.convert(charge.amount.minor).ok_or(Refusal::TooLarge)?;
        Ok(Some(BooksAmount { amount: Money::new(minor, self.books), rate: Some(rate) }))
    }
}

fn charge(new_charge: NewCharge, supplier: Option<SupplierId>, in_books: Option<BooksAmount>) -> Charge {
    let name = new_charge.name.unwrap_or_else(|| charge_name(new_charge.kind).to_owned());
    Charge { kind: new_charge.kind, basis: new_charge.basis, name, amount: new_charge.amount, supplier, in_books }
}
