//! Conversion of facts into postings: their effect on the value of a product's units.

use std::collections::HashMap;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    fact::Fact,
    pool::{Pool, PostingKey, Values, value_at_cost},
};

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
    pub fn add(&mut self, addition: Self) {
        self.quantity += addition.quantity;
        self.values.average += addition.values.average;
        self.values.fifo += addition.values.fifo;
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
    pub fn record_posting(&mut self, posting: &Posting, reverses: Option<i64>) {
        let sums = Sums { quantity: posting.quantity, values: posting.values };
        self.booked.entry((posting.posting_key.seq, posting.product)).or_default().add(sums);
        if let Some(reversed_sums) = reverses.and_then(|seq| self.booked.get_mut(&(seq, posting.product))) {
            reversed_sums.add(sums);
        }
        match (posting.kind, posting.reference) {
            (CostKind::Sale, Some(document)) => self.sold.entry((document, posting.product)).or_default().add(sums),
            (CostKind::Return, Some(return_id)) if posting.quantity < 0 => {
                self.reverse_return(return_id, posting.product, -posting.quantity);
            }
            (CostKind::Return, Some(return_id)) => {
                for (index, order, part) in self.split_return(return_id, posting.product, posting.quantity) {
                    self.record_return((return_id, posting.product), (index, order), part);
                    self.back.entry((return_id, posting.product)).or_default().push((index, order, part));
                }
            }
            _ => {}
        }
    }
    fn record_return(&mut self, (return_id, product): (Uuid, ProductId), (index, order): (usize, Uuid), part: Sums) {
        self.sold.entry((order, product)).or_default().add(part);
        if let Some((_, remaining)) =
            self.matched.get_mut(&(return_id, product)).and_then(|order_units| order_units.get_mut(index))
        {
            *remaining -= part.quantity;
        }
    }
    /// Reverses units that a return brought back, the latest first: they count as not returned to their orders, and may be returned again.
    fn reverse_return(&mut self, return_id: Uuid, product: ProductId, units: i64) {
        let mut remaining = units;
        while remaining > 0
            && let Some((index, order, mut part)) = self.back.get_mut(&(return_id, product)).and_then(Vec::pop)
        {
            let quantity = remaining.min(part.quantity);
            let reversed_sums = Sums { quantity: -quantity, values: part.values.share(quantity, part.quantity).negated() };
            self.record_return((return_id, product), (index, order), reversed_sums);
            remaining -= quantity;
            part.add(reversed_sums);
            if part.quantity > 0 {
                self.back.entry((return_id, product)).or_default().push((index, order, part));
            }
        }
    }
    /// Splits a return's units by the orders that they come back from, each with its share of the
    /// value that has not come back: the last unit of an order has the rest. Units beyond those
    /// that the orders took belong to no order and are left out.
    fn split_return(&self, return_id: Uuid, product: ProductId, units: i64) -> Vec<(usize, Uuid, Sums)> {
        let (mut remaining, mut parts) = (units, Vec::new());
        for (index, (order, matched)) in self.matched.get(&(return_id, product)).into_iter().flatten().enumerate() {
            let Some(sold_sums) = self.sold.get(&(*order, product)) else { continue };
            let quantity = remaining.min(*matched).min(-sold_sums.quantity);
            if quantity > 0 {
                let values = sold_sums.values.negated().share(quantity, -sold_sums.quantity);
                parts.push((index, *order, Sums { quantity, values }));
                remaining -= quantity;
            }
        }
        parts
    }
    /// Returns the value that units of a reversed receipt brought: by the latest revaluation if the
    /// product was revalued after it.
    fn receipt_value(&self, seq: i64, product: ProductId, booked_sums: Sums, units: i64) -> i64 {
        match self.revalued.get(&product).and_then(|revaluations| revaluations.last()) {
            Some((revalued_seq, unit_cost, decimals)) if *revalued_seq > seq => {
                value_at_cost(*unit_cost, booked_sums.quantity, *decimals)
                    - value_at_cost(*unit_cost, booked_sums.quantity - units, *decimals)
            }
            _ => booked_sums.values.share(units, booked_sums.quantity).average,
        }
    }
}

/// Books a fact on its product's pool.
pub fn post_fact(pool: &mut Pool, fact: &Fact, history: &PostingHistory) -> Posting {
    let before = pool.quantity;
    let booked_sums = fact.reverses.and_then(|seq| Some((seq, *history.booked.get(&(seq, fact.product))?)));
    let (basis, values) = if fact.quantity < 0 {
        let units = -fact.quantity;
        match booked_sums {
            Some((seq, remaining)) if remaining.quantity > 0 => {
                let receipt_average = history.receipt_value(seq, fact.product, remaining, units.min(remaining.quantity));
                (CostBasis::Reversed, pool.reverse_receipt(units, seq, receipt_average).negated())
            }
            _ => (CostBasis::Issued, pool.issue(units).negated()),
        }
    } else {
        let (basis, values_received) = value_incoming(pool, fact, history, booked_sums.map(|(_, sums)| sums));
        (basis, pool.receive(fact.posting_key, fact.occurred_at, fact.quantity, values_received))
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
fn value_incoming(pool: &Pool, fact: &Fact, history: &PostingHistory, booked_sums: Option<Sums>) -> (CostBasis, Values) {
    if let Some(issued_sums) = booked_sums.filter(|sums| sums.quantity < 0) {
        let units = fact.quantity.min(-issued_sums.quantity);
        return (CostBasis::Reversed, issued_sums.values.negated().share(units, -issued_sums.quantity));
    }
    if let (CostKind::Return, Some(return_id)) = (fact.kind, fact.reference) {
        let mut returned_sums = Sums::default();
        history.split_return(return_id, fact.product, fact.quantity).into_iter().for_each(|(_, _, part)| returned_sums.add(part));
        if returned_sums.quantity > 0 {
            let unmatched_units = fact.quantity - returned_sums.quantity;
            returned_sums.add(Sums {
                quantity: unmatched_units,
                values: if unmatched_units > 0 { default_values(pool, fact, unmatched_units).1 } else { Values::default() },
            });
            return (CostBasis::Sold, returned_sums.values);
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
    use crate::costing::core::fact::tests::fact;

    fn booked(pool: &mut Pool, history: &mut PostingHistory, fact: Fact) -> Posting {
        let posting = post_fact(pool, &fact, history);
        history.record_posting(&posting, fact.reverses);
        posting
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
            let posting = post_fact(&mut pool, &one, &history);
            history.record_posting(&posting, None);
        }
        let undone = post_fact(&mut pool, &Fact { reverses: Some(2), ..fact(3, 1, -10) }, &history);
        assert_eq!((undone.basis, undone.values), (CostBasis::Reversed, Values::both(-10_000)));
        assert_eq!((pool.quantity, pool.values()), (10, Values::both(1_000)));
        let gone = post_fact(&mut pool, &fact(4, 1, -10), &history);
        history.record_posting(&gone, None);
        let back = post_fact(&mut pool, &Fact { reverses: Some(4), unit_cost: Some(7), ..fact(5, 1, 10) }, &history);
        assert_eq!((back.basis, back.values), (CostBasis::Reversed, Values::both(1_000)));
    }

    #[test]
    fn without_a_cost_units_are_worth_what_the_others_are() {
        let (mut pool, history) = (Pool::default(), PostingHistory::default());
        let silent = |seq, quantity| Fact { unit_cost: None, ..fact(seq, 1, quantity) };
        assert_eq!(post_fact(&mut pool, &silent(1, 5), &history).basis, CostBasis::Unknown);
        pool.revalue(200, 0);
        let found = post_fact(&mut pool, &silent(2, 5), &history);
        assert_eq!((found.basis, found.values), (CostBasis::Average, Values::both(1_000)));
    }
}
