//! From what the ledger says of a product's units to what it did to their worth.

use std::collections::HashMap;

use entity::prelude::*;
use uuid::Uuid;

use super::pool::{Place, Pool, Values, valued};

/// An entry as costing sees it: units that came to the company or left it. Units that lie on the way are still its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    pub place: Place,
    pub product: ProductId,
    pub store: StoreId,
    pub kind: CostKind,
    /// The document that it belongs to.
    pub reference: Option<Uuid>,
    /// The event of the movement that it reverses.
    pub reverses: Option<i64>,
    /// Above 0 for what came.
    pub quantity: i64,
    /// What the entry says that a whole unit cost, in minor units of the books' currency.
    pub unit_cost: Option<i64>,
    pub decimals: u8,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub recorded_at: Timestamp,
}

/// What one fact did to the worth of a product's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub place: Place,
    pub product: ProductId,
    /// None for what concerns the units of all stores.
    pub store: Option<StoreId>,
    pub kind: CostKind,
    pub basis: CostBasis,
    pub reference: Option<Uuid>,
    pub quantity: i64,
    pub values: Values,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub recorded_at: Timestamp,
}

/// What several postings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub quantity: i64,
    pub values: Values,
}

impl Sums {
    pub fn add(&mut self, more: Self) {
        self.quantity += more.quantity;
        self.values.average += more.values.average;
        self.values.fifo += more.values.fifo;
    }
}

/// Earlier postings that later ones are told by.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What sales of a document took of a product.
    pub sold: HashMap<(Uuid, ProductId), Sums>,
    /// The orders that a return is matched with.
    pub orders: HashMap<Uuid, Vec<Uuid>>,
    /// What a movement, by its event, did to a product's worth.
    pub booked: HashMap<(i64, ProductId), Sums>,
}

impl Known {
    /// Takes a posting in: later ones of the same page may rest on it.
    pub fn note(&mut self, posting: &Posting) {
        let sums = Sums { quantity: posting.quantity, values: posting.values };
        self.booked.entry((posting.place.seq, posting.product)).or_default().add(sums);
        if let (CostKind::Sale, Some(document)) = (posting.kind, posting.reference) {
            self.sold.entry((document, posting.product)).or_default().add(sums);
        }
    }
    /// What the orders that a return is matched with took of a product.
    fn sold_to(&self, ret: Uuid, product: ProductId) -> Sums {
        let mut all = Sums::default();
        for order in self.orders.get(&ret).into_iter().flatten() {
            all.add(self.sold.get(&(*order, product)).copied().unwrap_or_default());
        }
        all
    }
}

/// The facts of entries in the order of their places. What a movement takes of a product in one place and brings to another changes nothing: of such a
/// movement only the difference is left.
pub fn facts(entries: Vec<Fact>) -> Vec<Fact> {
    let mut net: HashMap<(i64, ProductId), (i64, i64)> = HashMap::new();
    for entry in &entries {
        let (came, left) = net.entry((entry.place.seq, entry.product)).or_default();
        *came += entry.quantity.max(0);
        *left += entry.quantity.min(0);
    }
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = (entry.place.seq, entry.product);
        match net.get(&key) {
            Some((came, left)) if *came != 0 && *left != 0 => {
                let rest = came + left;
                if rest.signum() == entry.quantity.signum() {
                    kept.push(Fact { quantity: rest, ..entry });
                    net.insert(key, (1, -1));
                }
            }
            _ => kept.push(entry),
        }
    }
    kept
}

/// Books a fact on its product's pool.
pub fn post(pool: &mut Pool, fact: &Fact, known: &Known) -> Posting {
    let before = pool.quantity;
    let booked = fact.reverses.and_then(|seq| Some((seq, *known.booked.get(&(seq, fact.product))?)));
    let (basis, values) = if fact.quantity < 0 {
        let units = -fact.quantity;
        match booked {
            Some((seq, brought)) if brought.quantity > 0 => {
                let share = brought.values.share(units, brought.quantity);
                (CostBasis::Reversed, pool.give_back(units, seq, share.average).negated())
            }
            _ => (CostBasis::Issued, pool.issue(units).negated()),
        }
    } else {
        let (basis, worth) = worth(pool, fact, known, booked.map(|(_, sums)| sums));
        (basis, pool.receive(fact.place, fact.occurred_at, fact.quantity, worth))
    };
    Posting {
        place: fact.place,
        product: fact.product,
        store: Some(fact.store),
        kind: fact.kind,
        basis,
        reference: fact.reference,
        quantity: pool.quantity - before,
        values,
        occurred_at: fact.occurred_at,
        business_date: fact.business_date,
        recorded_at: fact.recorded_at,
    }
}

/// What units that come in are worth.
fn worth(pool: &Pool, fact: &Fact, known: &Known, booked: Option<Sums>) -> (CostBasis, Values) {
    let as_taken = |taken: Sums| taken.values.negated().share(fact.quantity, -taken.quantity);
    if let Some(taken) = booked.filter(|sums| sums.quantity < 0) {
        return (CostBasis::Reversed, as_taken(taken));
    }
    if let (CostKind::Return, Some(ret)) = (fact.kind, fact.reference) {
        let taken = known.sold_to(ret, fact.product);
        if taken.quantity < 0 {
            return (CostBasis::Sold, as_taken(taken));
        }
    }
    if let Some(cost) = fact.unit_cost {
        return (CostBasis::Stated, Values::both(valued(cost, fact.quantity, fact.decimals)));
    }
    if pool.quantity > 0 {
        return (CostBasis::Average, pool.values().share(fact.quantity, pool.quantity));
    }
    (CostBasis::Unknown, Values::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(seq: i64, line: u16, quantity: i64) -> Fact {
        Fact {
            place: Place { seq, line },
            product: ProductId::NIL,
            store: StoreId::NIL,
            kind: CostKind::Correction,
            reference: None,
            reverses: None,
            quantity,
            unit_cost: Some(100),
            decimals: 0,
            occurred_at: Timestamp(0),
            business_date: 0,
            recorded_at: Timestamp(0),
        }
    }

    #[test]
    fn what_goes_from_one_store_to_another_changes_nothing() {
        let quantities = |entries: Vec<Fact>| facts(entries).iter().map(|f| (f.place.line, f.quantity)).collect::<Vec<_>>();
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 5)]), []);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 3)]), [(1, -2)]);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 4), fact(1, 3, 4)]), [(2, 3)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(1, 2, 4)]), [(1, 5), (2, 4)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(2, 1, -5)]), [(1, 5), (1, -5)]);
    }

    #[test]
    fn what_comes_back_is_worth_what_the_sale_took() {
        let (order, ret) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut known = Known { orders: HashMap::from([(ret, vec![order])]), ..Known::default() };
        let mut pool = Pool::default();
        let mut step = |fact: Fact| {
            let posting = post(&mut pool, &fact, &known);
            known.note(&posting);
            posting
        };
        step(Fact { unit_cost: Some(100), kind: CostKind::Receipt, ..fact(1, 1, 10) });
        let sale = Fact { kind: CostKind::Sale, reference: Some(order), ..fact(2, 1, -4) };
        assert_eq!(step(sale).values, Values::both(-400));
        step(Fact { unit_cost: Some(300), kind: CostKind::Receipt, ..fact(3, 1, 10) });
        let back = Fact { kind: CostKind::Return, reference: Some(ret), unit_cost: Some(999), ..fact(4, 1, 3) };
        let posting = step(back);
        assert_eq!((posting.basis, posting.values), (CostBasis::Sold, Values::both(300)));
        // Of a return that is matched with nothing the entry says the cost.
        let loose = Fact { reference: Some(Uuid::from_u128(9)), ..back };
        let posting = step(Fact { place: Place { seq: 5, line: 1 }, ..loose });
        assert_eq!((posting.basis, posting.values), (CostBasis::Stated, Values::both(2_997)));
    }

    #[test]
    fn a_reversal_undoes_what_was_booked() {
        let (mut pool, mut known) = (Pool::default(), Known::default());
        for one in [Fact { unit_cost: Some(100), ..fact(1, 1, 10) }, Fact { unit_cost: Some(1_000), ..fact(2, 1, 10) }] {
            let posting = post(&mut pool, &one, &known);
            known.note(&posting);
        }
        let undone = post(&mut pool, &Fact { reverses: Some(2), ..fact(3, 1, -10) }, &known);
        assert_eq!((undone.basis, undone.values), (CostBasis::Reversed, Values::both(-10_000)));
        assert_eq!((pool.quantity, pool.values()), (10, Values::both(1_000)));
        let gone = post(&mut pool, &fact(4, 1, -10), &known);
        known.note(&gone);
        let back = post(&mut pool, &Fact { reverses: Some(4), unit_cost: Some(7), ..fact(5, 1, 10) }, &known);
        assert_eq!((back.basis, back.values), (CostBasis::Reversed, Values::both(1_000)));
    }

    #[test]
    fn without_a_cost_units_are_worth_what_the_others_are() {
        let (mut pool, known) = (Pool::default(), Known::default());
        let silent = |seq, quantity| Fact { unit_cost: None, ..fact(seq, 1, quantity) };
        assert_eq!(post(&mut pool, &silent(1, 5), &known).basis, CostBasis::Unknown);
        pool.revalue(200, 0);
        let found = post(&mut pool, &silent(2, 5), &known);
        assert_eq!((found.basis, found.values), (CostBasis::Average, Values::both(1_000)));
    }
}
