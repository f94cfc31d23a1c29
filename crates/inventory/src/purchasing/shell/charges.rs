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
    currency::{core::FrozenRate, shell::rate_on},
    ledger::{Ledger, Missing},
    purchasing::core::{BooksAmount, NewCharge as Charge, Refusal, charge_name},
    stock::core::{At, Field, RoomRefusal},
};

/// Returns charges with the suppliers that bill them; suppliers and rates that do not exist are
/// added to `missing`. `trade` is the order's currency and the time zone of its store; None if
/// there is no such order or store.
pub(super) async fn charges_of(
    ledger: &Ledger,
    reads: &impl Reads,
    missing: &mut Missing,
    trade: Option<(Currency, &str)>,
    new: Vec<NewCharge>,
) -> Result<Vec<Charge>, Fault> {
    let named: Vec<&SupplierRef> = new.iter().filter_map(|charge| charge.supplier.as_ref()).collect();
    let suppliers = if named.is_empty() { Suppliers::default() } else { Suppliers::look_up(reads, named).await? };
    let rates = match trade {
        Some(trade) => Rates::look_up(ledger, reads, trade, &new).await?,
        None => None,
    };
    let mut charges = Vec::with_capacity(new.len());
    for (index, one) in new.into_iter().enumerate() {
        let supplier = match &one.supplier {
            Some(named) => {
                let found = suppliers.find(named, || At::row(Field::Charges, index).field(Field::Supplier));
                Some(missing.or_nil(found.map(|supplier| supplier.id)))
            }
            None => None,
        };
        let in_books = rates.as_ref().map_or(Ok(None), |rates| rates.in_books(&one)).unwrap_or_else(|refusal| {
            missing.note(refusal.at(At::row(Field::Charges, index).field(Field::Amount)));
            None
        });
        charges.push(charge(one, supplier, in_books));
    }
    Ok(charges)
}

/// Rates of a day that convert charges in other currencies than the order's.
struct Rates {
    books: Currency,
    day: i32,
    /// Rates from each currency that has to be converted; None if there is no rate to the books.
    found: BTreeMap<Currency, Option<FrozenRate>>,
}

impl Rates {
    /// Looks up the rates of charges. None if all charges are in the order's currency. A deposit in
    /// another one is refused later.
    async fn look_up(
        ledger: &Ledger,
        reads: &impl Reads,
        (order, time_zone): (Currency, &str),
        new: &[NewCharge],
    ) -> Result<Option<Self>, Fault> {
        let goods = new.iter().filter(|charge| charge.kind != ChargeKind::Deposit);
        let others: BTreeSet<Currency> =
            goods.map(|charge| charge.amount.currency).filter(|currency| *currency != order).collect();
        if others.is_empty() {
            return Ok(None);
        }
        let books = ledger.terms(reads).await?.currency;
        let day = clock::local_day(ledger.clock().now(), time_zone);
        let mut found = BTreeMap::new();
        for from in others.into_iter().filter(|from| *from != books) {
            found.insert(from, rate_on(reads, from, books, day).await?);
        }
        Ok(Some(Self { books, day, found }))
    }

    /// Converts a charge to the currency of the books. The result is not stored for a charge in the
    /// order's currency.
    fn in_books(&self, charge: &NewCharge) -> Result<Option<BooksAmount>, Refusal> {
        let from = charge.amount.currency;
        if from == self.books {
            return Ok(Some(BooksAmount { amount: charge.amount, rate: None }));
        }
        let Some(rate) = self.found.get(&from) else { return Ok(None) };
        let rate = rate.clone().ok_or(Refusal::RateMissing { from, to: self.books, day: self.day })?;
        let minor = rate.convert(charge.amount.minor).ok_or(Refusal::TooLarge)?;
        Ok(Some(BooksAmount { amount: Money::new(minor, self.books), rate: Some(rate) }))
    }
}

fn charge(new: NewCharge, supplier: Option<SupplierId>, in_books: Option<BooksAmount>) -> Charge {
    let name = new.name.unwrap_or_else(|| charge_name(new.kind).to_owned());
    Charge { kind: new.kind, basis: new.basis, name, amount: new.amount, supplier, in_books }
}
