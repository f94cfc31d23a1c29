//! Conversion of ledger entries into postings: their effect on the value of a product's units.

use std::collections::HashMap;

use entity::prelude::*;
use uuid::Uuid;

use super::pool::{Pool, PostingKey, Values, value_at_cost};

/// A ledger entry as an input of costing: units that the company received or that left it. Units in transit still belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    pub posting_key: PostingKey,
    pub product: ProductId,
    pub store: StoreId,
    pub kind: CostKind,
    /// The document of the movement.
    pub reference: Option<Uuid>,
    /// The event of the reversed movement.
    pub reverses: Option<i64>,
    /// Above 0 for units received.
    pub quantity: i64,
    /// Cost of a whole unit by the entry, in minor units of the books' currency.
    pub unit_cost: Option<i64>,
    pub decimals: u8,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub recorded_at: Timestamp,
}

/// Effect of one fact on the value of a product's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub posting_key: PostingKey,
    pub product: ProductId,
    /// None if the posting concerns the units of all stores.
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

/// Sum of several postings.
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

/// The index among a return's matched orders, the order, and the sums returned from it.
type ReturnedFromOrder = (usize, Uuid, Sums);

/// Earlier postings that later ones depend on.
#[derive(Debug, Clone, Default)]
pub struct PostingHistory {
    /// Sum, by document and product, of the units that its sales took and its returns have not brought back.
    pub sold: HashMap<(Uuid, ProductId), Sums>,
    /// The orders of a return's units of a product, and the units of each that are not booked yet.
    pub matched: HashMap<(Uuid, ProductId), Vec<(Uuid, i64)>>,
    /// Units of a product that a return has brought back and no reversal has taken away, the latest
    /// last.
    pub back: HashMap<(Uuid, ProductId), Vec<ReturnedFromOrder>>,
    /// Effect of a movement, by its event, on a product's value, less what its reversal has undone.
    pub booked: HashMap<(i64, ProductId), Sums>,
    /// Revaluations of a product that have not been undone, the latest last: the event, the stated
    /// value of a whole unit in minor units, and the unit's decimals.
    pub revalued: HashMap<ProductId, Vec<(i64, i64, u8)>>,
}

impl PostingHistory {
    /// Adds a posting, which later ones may depend on.
    pub fn note(&mut self, posting: &Posting, reverses: Option<i64>) {
        let sums = Sums { quantity: posting.quantity, values: posting.values };
        self.booked.entry((posting.posting_key.seq, posting.product)).or_default().add(sums);
        if let Some(undone) = reverses.and_then(|seq| self.booked.get_mut(&(seq, posting.product))) {
            undone.add(sums);
        }
        match (posting.kind, posting.reference) {
            (CostKind::Sale, Some(document)) => self.sold.entry((document, posting.product)).or_default().add(sums),
            (CostKind::Return, Some(ret)) if posting.quantity < 0 => self.reverse_return(ret, posting.product, -posting.quantity),
            (CostKind::Return, Some(ret)) => {
                for (place, order, part) in self.split_return(ret, posting.product, posting.quantity) {
                    self.record_return((ret, posting.product), (place, order), part);
                    self.back.entry((ret, posting.product)).or_default().push((place, order, part));
                }
            }
            _ => {}
        }
    }
    fn record_return(&mut self, (ret, product): (Uuid, ProductId), (place, order): (usize, Uuid), part: Sums) {
        self.sold.entry((order, product)).or_default().add(part);
        if let Some((_, left)) = self.matched.get_mut(&(ret, product)).and_then(|all| all.get_mut(place)) {
            *left -= part.quantity;
        }
    }
    /// Reverses units that a return brought back, the latest first: they count as not returned to their orders, and may be returned again.
    fn reverse_return(&mut self, ret: Uuid, product: ProductId, units: i64) {
        let mut rest = units;
        while rest > 0
            && let Some((place, order, mut part)) = self.back.get_mut(&(ret, product)).and_then(Vec::pop)
        {
            let quantity = rest.min(part.quantity);
            let undone = Sums { quantity: -quantity, values: part.values.share(quantity, part.quantity).negated() };
            self.record_return((ret, product), (place, order), undone);
            rest -= quantity;
            part.add(undone);
            if part.quantity > 0 {
                self.back.entry((ret, product)).or_default().push((place, order, part));
            }
        }
    }
    /// Splits a return's units by the orders that they come back from, each with its share of the
    /// value that has not come back: the last unit of an order has the rest. Units beyond those
    /// that the orders took belong to no order and are left out.
    fn split_return(&self, ret: Uuid, product: ProductId, units: i64) -> Vec<(usize, Uuid, Sums)> {
        let (mut rest, mut parts) = (units, Vec::new());
        for (place, (order, matched)) in self.matched.get(&(ret, product)).into_iter().flatten().enumerate() {
            let Some(taken) = self.sold.get(&(*order, product)) else { continue };
            let quantity = rest.min(*matched).min(-taken.quantity);
            if quantity > 0 {
                let values = taken.values.negated().share(quantity, -taken.quantity);
                parts.push((place, *order, Sums { quantity, values }));
                rest -= quantity;
            }
        }
        parts
    }
    /// Returns the value that units of a reversed receipt brought: by the latest revaluation if the
    /// product was revalued after it.
    fn brought(&self, seq: i64, product: ProductId, left: Sums, units: i64) -> i64 {
        match self.revalued.get(&product).and_then(|all| all.last()) {
            Some((since, unit_cost, decimals)) if *since > seq => {
                value_at_cost(*unit_cost, left.quantity, *decimals) - value_at_cost(*unit_cost, left.quantity - units, *decimals)
            }
            _ => left.values.share(units, left.quantity).average,
        }
    }
}

/// Returns the facts of entries in the order of their keys. A movement within one product's stores cancels out: only the difference between units
/// taken and units brought is a fact.
pub fn facts(entries: Vec<Fact>) -> Vec<Fact> {
    let mut net: HashMap<(i64, ProductId), (i64, i64)> = HashMap::new();
    for entry in &entries {
        let (came, left) = net.entry((entry.posting_key.seq, entry.product)).or_default();
        *came += entry.quantity.max(0);
        *left += entry.quantity.min(0);
    }
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = (entry.posting_key.seq, entry.product);
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
pub fn post(pool: &mut Pool, fact: &Fact, history: &PostingHistory) -> Posting {
    let before = pool.quantity;
    let booked = fact.reverses.and_then(|seq| Some((seq, *history.booked.get(&(seq, fact.product))?)));
    let (basis, values) = if fact.quantity < 0 {
        let units = -fact.quantity;
        match booked {
            Some((seq, left)) if left.quantity > 0 => {
                let brought = history.brought(seq, fact.product, left, units.min(left.quantity));
                (CostBasis::Reversed, pool.reverse_receipt(units, seq, brought).negated())
            }
            _ => (CostBasis::Issued, pool.issue(units).negated()),
        }
    } else {
        let (basis, worth) = worth(pool, fact, history, booked.map(|(_, sums)| sums));
        (basis, pool.receive(fact.posting_key, fact.occurred_at, fact.quantity, worth))
    };
    Posting {
        posting_key: fact.posting_key,
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

/// Returns the value of incoming units, and its basis.
fn worth(pool: &Pool, fact: &Fact, history: &PostingHistory, booked: Option<Sums>) -> (CostBasis, Values) {
    if let Some(taken) = booked.filter(|sums| sums.quantity < 0) {
        let units = fact.quantity.min(-taken.quantity);
        return (CostBasis::Reversed, taken.values.negated().share(units, -taken.quantity));
    }
    if let (CostKind::Return, Some(ret)) = (fact.kind, fact.reference) {
        let mut back = Sums::default();
        history.split_return(ret, fact.product, fact.quantity).into_iter().for_each(|(_, _, part)| back.add(part));
        if back.quantity > 0 {
            let rest = fact.quantity - back.quantity;
            back.add(Sums {
                quantity: rest,
                values: if rest > 0 { default_values(pool, fact, rest).1 } else { Values::default() },
            });
            return (CostBasis::Sold, back.values);
        }
    }
    default_values(pool, fact, fact.quantity)
}

/// Returns the value of units that no earlier posting determines: by the stated cost, else by the
/// pool's average, else unknown.
fn default_values(pool: &Pool, fact: &Fact, units: i64) -> (CostBasis, Values) {
    if let Some(cost) = fact.unit_cost {
        return (CostBasis::Stated, Values::both(value_at_cost(cost, units, fact.decimals)));
    }
    if pool.quantity > 0 {
        return (CostBasis::Average, pool.values().share(units, pool.quantity));
    }
    (CostBasis::Unknown, Values::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(seq: i64, line: u16, quantity: i64) -> Fact {
        Fact {
            posting_key: PostingKey { seq, line },
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

    fn booked(pool: &mut Pool, history: &mut PostingHistory, fact: Fact) -> Posting {
        let posting = post(pool, &fact, history);
        history.note(&posting, fact.reverses);
        posting
    }

    #[test]
    fn what_goes_from_one_store_to_another_changes_nothing() {
        let quantities = |entries: Vec<Fact>| facts(entries).iter().map(|f| (f.posting_key.line, f.quantity)).collect::<Vec<_>>();
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 5)]), []);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 3)]), [(1, -2)]);
        assert_eq!(quantities(vec![fact(1, 1, -5), fact(1, 2, 4), fact(1, 3, 4)]), [(2, 3)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(1, 2, 4)]), [(1, 5), (2, 4)]);
        assert_eq!(quantities(vec![fact(1, 1, 5), fact(2, 1, -5)]), [(1, 5), (1, -5)]);
    }

    #[test]
    fn what_comes_back_is_worth_what_the_sale_took() {
        let (order, ret) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut history =
            PostingHistory { matched: HashMap::from([((ret, ProductId::NIL), vec![(order, 3)])]), ..PostingHistory::default() };
        let mut pool = Pool::default();
        let mut step = |fact: Fact| booked(&mut pool, &mut history, fact);
        step(Fact { unit_cost: Some(100), kind: CostKind::Receipt, ..fact(1, 1, 10) });
        let sale = Fact { kind: CostKind::Sale, reference: Some(order), ..fact(2, 1, -4) };
        assert_eq!(step(sale).values, Values::both(-400));
        step(Fact { unit_cost: Some(300), kind: CostKind::Receipt, ..fact(3, 1, 10) });
        let back = Fact { kind: CostKind::Return, reference: Some(ret), unit_cost: Some(999), ..fact(4, 1, 3) };
        let posting = step(back);
        assert_eq!((posting.basis, posting.values), (CostBasis::Sold, Values::both(300)));
        // A return that is matched with no order takes its cost from the entry.
        let loose = Fact { reference: Some(Uuid::from_u128(9)), ..back };
        let posting = step(Fact { posting_key: PostingKey { seq: 5, line: 1 }, ..loose });
        assert_eq!((posting.basis, posting.values), (CostBasis::Stated, Values::both(2_997)));
        // The receipt was a mistake and is undone; later the goods arrive.
        step(Fact { posting_key: PostingKey { seq: 6, line: 1 }, quantity: -3, reverses: Some(4), ..back });
        let posting = step(Fact { posting_key: PostingKey { seq: 7, line: 1 }, ..back });
        assert_eq!((posting.basis, posting.values), (CostBasis::Sold, Values::both(300)));
    }

    /// Three units that cost a pound together were sold for one order and five for another: returned units get the value that they took, to the
    /// penny.
    #[test]
    fn what_comes_back_in_parts_is_worth_what_was_taken_and_no_more() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let ret = |nth: u128| Uuid::from_u128(100 + nth);
        let of = |nth: u128, orders: &[(Uuid, i64)]| ((ret(nth), ProductId::NIL), orders.to_vec());
        let returns =
            [of(0, &[(one, 1)]), of(1, &[(one, 1), (other, 2)]), of(2, &[(other, 3)]), of(3, &[(one, 1)]), of(4, &[(one, 2)])];
        let mut history = PostingHistory { matched: HashMap::from(returns), ..PostingHistory::default() };
        let mut pool = Pool::default();
        let mut step = |fact: Fact| booked(&mut pool, &mut history, fact).values;
        step(Fact { unit_cost: None, kind: CostKind::Receipt, ..fact(1, 1, 3) });
        step(Fact { unit_cost: Some(33), kind: CostKind::Receipt, ..fact(2, 1, 3) });
        let sale = |seq, order, quantity| Fact { kind: CostKind::Sale, reference: Some(order), ..fact(seq, 1, quantity) };
        let back = |seq, line, nth: u128, quantity| Fact {
            kind: CostKind::Return,
            reference: Some(ret(nth)),
            ..fact(seq, line, quantity)
        };
        let taken = step(sale(3, one, -2));
        step(Fact { unit_cost: Some(500), kind: CostKind::Receipt, ..fact(4, 1, 1) });
        let taken_more = step(sale(5, other, -5));
        let mut came = Values::default();
        let mut add = |values: Values| {
            came = Values { average: came.average + values.average, fifo: came.fifo + values.fifo };
            came
        };
        add(step(back(6, 1, 0, 1)));
        // One movement whose lines are booked separately: a unit of the one order, two of the other.
        add(step(back(7, 1, 1, 2)));
        add(step(back(7, 2, 1, 1)));
        let all = add(step(back(8, 1, 2, 3)));
        let sum = Values { average: taken.average + taken_more.average, fifo: taken.fifo + taken_more.fifo };
        assert_eq!(all, sum.negated(), "everything is back");
        // Units beyond those taken or matched belong to no order: the entry states their cost.
        assert_eq!(step(back(9, 1, 3, 1)), Values::both(100));
        let again = step(sale(10, one, -1));
        assert_eq!(step(back(11, 1, 4, 2)), Values { average: 100 - again.average, fifo: 100 - again.fifo });
    }

    #[test]
    fn a_reversal_of_several_lines_undoes_them_to_the_penny() {
        let (mut pool, mut history) = (Pool::default(), PostingHistory::default());
        let mut step = |fact: Fact| booked(&mut pool, &mut history, fact).values.average;
        step(Fact { unit_cost: None, ..fact(1, 1, 4) });
        step(Fact { unit_cost: Some(100), ..fact(2, 1, 2) });
        let taken = step(fact(3, 1, -1)) + step(fact(3, 2, -1)) + step(fact(3, 3, -1));
        let undo = |line| Fact { reverses: Some(3), ..fact(4, line, 1) };
        assert_eq!(step(undo(1)) + step(undo(2)) + step(undo(3)), -taken);
        let brought = step(Fact { unit_cost: Some(1), ..fact(5, 1, 1) }) + step(Fact { unit_cost: Some(4), ..fact(5, 2, 1) });
        let undo = |line| Fact { reverses: Some(5), ..fact(6, line, -1) };
        assert_eq!(step(undo(1)) + step(undo(2)), -brought);
    }

    #[test]
    fn a_reversal_after_a_revaluation_leaves_other_units_their_worth() {
        let (mut pool, mut history) = (Pool::default(), PostingHistory::default());
        booked(&mut pool, &mut history, Fact { unit_cost: Some(100), ..fact(1, 1, 10) });
        booked(&mut pool, &mut history, Fact { unit_cost: Some(1_000), ..fact(2, 1, 10) });
        pool.revalue(100, 0);
        history.revalued.insert(ProductId::NIL, vec![(3, 100, 0)]);
        booked(&mut pool, &mut history, Fact { unit_cost: Some(300), ..fact(4, 1, 10) });
        let undone = booked(&mut pool, &mut history, Fact { reverses: Some(2), ..fact(5, 1, -10) });
        assert_eq!(undone.values, Values::both(-1_000));
        let undone = booked(&mut pool, &mut history, Fact { reverses: Some(4), ..fact(6, 1, -10) });
        assert_eq!(undone.values, Values::both(-3_000), "what came after it goes with what it brought");
        assert_eq!((pool.quantity, pool.values()), (10, Values::both(1_000)));
    }

    #[test]
    fn a_reversal_undoes_what_was_booked() {
        let (mut pool, mut history) = (Pool::default(), PostingHistory::default());
        for one in [Fact { unit_cost: Some(100), ..fact(1, 1, 10) }, Fact { unit_cost: Some(1_000), ..fact(2, 1, 10) }] {
            let posting = post(&mut pool, &one, &history);
            history.note(&posting, None);
        }
        let undone = post(&mut pool, &Fact { reverses: Some(2), ..fact(3, 1, -10) }, &history);
        assert_eq!((undone.basis, undone.values), (CostBasis::Reversed, Values::both(-10_000)));
        assert_eq!((pool.quantity, pool.values()), (10, Values::both(1_000)));
        let gone = post(&mut pool, &fact(4, 1, -10), &history);
        history.note(&gone, None);
        let back = post(&mut pool, &Fact { reverses: Some(4), unit_cost: Some(7), ..fact(5, 1, 10) }, &history);
        assert_eq!((back.basis, back.values), (CostBasis::Reversed, Values::both(1_000)));
    }

    #[test]
    fn without_a_cost_units_are_worth_what_the_others_are() {
        let (mut pool, history) = (Pool::default(), PostingHistory::default());
        let silent = |seq, quantity| Fact { unit_cost: None, ..fact(seq, 1, quantity) };
        assert_eq!(post(&mut pool, &silent(1, 5), &history).basis, CostBasis::Unknown);
        pool.revalue(200, 0);
        let found = post(&mut pool, &silent(2, 5), &history);
        assert_eq!((found.basis, found.values), (CostBasis::Average, Values::both(1_000)));
    }
}
