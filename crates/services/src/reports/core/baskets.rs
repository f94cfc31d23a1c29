//! Products that are bought together.

use std::{collections::HashMap, panic, thread};

use entity::prelude::ProductId;

/// Maximum lines of an order: larger ones are wholesale orders, which do not show preferences and
/// would make most pairs.
pub const MAX_LINES: i64 = 100;
/// Orders that a pair must be in together.
pub const MIN_PAIR_ORDERS: u32 = 10;
const MIN_LIFT: f64 = 1.5;
/// Chi-square of one degree of freedom at p = 0.001.
const MIN_CHI_SQUARE: f64 = 10.83;

/// Strength of the association of two products in orders. Agrawal & Srikant (1994).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairStrength {
    /// The share of orders with both.
    pub support: f64,
    /// The share of orders with the one that have the other, both ways.
    pub confidence: [f64; 2],
    pub lift: f64,
    pub chi_square: f64,
}

impl PairStrength {
    /// Returns the strength of a pair: of `order_count` orders, `first_count` have the first product,
    /// `second_count` the second and `shared_count` both. None if one of the first three is 0.
    pub fn of(order_count: u32, first_count: u32, second_count: u32, shared_count: u32) -> Option<Self> {
        if order_count == 0 || first_count == 0 || second_count == 0 {
            return None;
        }
        let [order_count, first_count, second_count, shared_count] =
            [order_count, first_count, second_count, shared_count].map(f64::from);
        let remainder = (order_count - first_count) * (order_count - second_count);
        let chi_square = if remainder > 0.0 {
            order_count * (shared_count * order_count - first_count * second_count).powi(2)
                / (first_count * second_count * remainder)
        } else {
            0.0
        };
        Some(Self {
            support: shared_count / order_count,
            confidence: [shared_count / first_count, shared_count / second_count],
            lift: shared_count * order_count / (first_count * second_count),
            chi_square,
        })
    }
    /// Whether the pair is more than chance.
    pub fn is_significant(&self) -> bool {
        self.lift >= MIN_LIFT && self.chi_square >= MIN_CHI_SQUARE
    }
}

/// Two products and how often orders have them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The one with the smaller ID first.
    pub products: [ProductId; 2],
    pub orders: [u32; 2],
    pub together: u32,
    pub strength: PairStrength,
}

impl Pair {
    /// Joint orders beyond those by chance: the measure by which pairs are ranked.
    pub fn surplus(&self) -> f64 {
        f64::from(self.together) * (1.0 - 1.0 / self.strength.lift)
    }
}

/// Lines of orders, by order: each product once in an order.
#[derive(Debug, Clone, Default)]
pub struct BasketLines {
    index_by_product: HashMap<ProductId, u32>,
    products: Vec<ProductId>,
    lines: Vec<u32>,
    /// Index in `lines` at which each order ends.
    ends: Vec<u32>,
}

/// Pairs, and the orders that they rest on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Baskets {
    pub orders: i64,
    /// Orders that are left out, as they have too many lines.
    pub left_out: i64,
    pub pairs: Vec<Pair>,
}

impl BasketLines {
    /// Adds the next line; `is_first` is true for the first line of an order.
    pub fn push(&mut self, product: ProductId, is_first: bool) {
        let next = self.products.len() as u32;
        let index = *self.index_by_product.entry(product).or_insert(next);
        if index == next {
            self.products.push(product);
        }
        let last_end = if is_first { None } else { self.ends.pop() };
        let begin = last_end.map_or(self.lines.len(), |_| self.ends.last().map_or(0, |end| *end as usize));
        if !self.lines[begin..].contains(&index) {
            self.lines.push(index);
        }
        self.ends.push(self.lines.len() as u32);
    }

    fn order(&self, nth: usize) -> &[u32] {
        let begin = nth.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.lines[begin..self.ends[nth] as usize]
    }

    /// Counts each product with all others in the same orders, one product after the other, so that
    /// the memory is proportional to the lines. Every other product is counted on a second thread.
    pub fn baskets(&self, left_out: i64) -> Baskets {
        let mut orders_by_product: Vec<Vec<u32>> = vec![Vec::new(); self.products.len()];
        for nth in 0..self.ends.len() {
            for index in self.order(nth) {
                orders_by_product[*index as usize].push(nth as u32);
            }
        }
        let pairs = thread::scope(|scope| {
            let other_half = scope.spawn(|| self.pairs(&orders_by_product, 1));
            let mut pairs = self.pairs(&orders_by_product, 0);
            pairs.extend(other_half.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
            pairs
        });
        Baskets { orders: self.ends.len() as i64, left_out, pairs }
    }

    /// The pairs of every other product, starting with product `from`, with later products.
    fn pairs(&self, orders_by_product: &[Vec<u32>], from: usize) -> Vec<Pair> {
        let count = |index: usize| orders_by_product[index].len() as u32;
        let order_count = self.ends.len() as u32;
        let mut shared_counts = vec![0u32; self.products.len()];
        let mut pairs = Vec::new();
        let products = orders_by_product.iter().enumerate().skip(from).step_by(2);
        for (one, orders) in products.filter(|(_, orders)| orders.len() >= MIN_PAIR_ORDERS as usize) {
            shared_counts.fill(0);
            let other_products = orders.iter().flat_map(|nth| self.order(*nth as usize));
            other_products.for_each(|other| shared_counts[*other as usize] += 1);
            for (other, shared_count) in
                shared_counts.iter().enumerate().skip(one + 1).filter(|(_, shared_count)| **shared_count >= MIN_PAIR_ORDERS)
            {
                let strength =
                    PairStrength::of(order_count, count(one), count(other), *shared_count).filter(PairStrength::is_significant);
                pairs.extend(
                    strength.map(|strength| self.pair([one, other], [count(one), count(other)], *shared_count, strength)),
                );
            }
        }
        pairs
    }

    fn pair(&self, [one, other]: [usize; 2], orders: [u32; 2], together: u32, strength: PairStrength) -> Pair {
        let products = [self.products[one], self.products[other]];
        if products[0] <= products[1] {
            return Pair { products, orders, together, strength };
        }
        let confidence = [strength.confidence[1], strength.confidence[0]];
        Pair {
            products: [products[1], products[0]],
            orders: [orders[1], orders[0]],
            together,
            strength: PairStrength { confidence, ..strength },
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(nth: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(nth))
    }

    fn lines(orders: &[(usize, &[u128])]) -> BasketLines {
        let mut lines = BasketLines::default();
        for (times, products) in orders {
            for _ in 0..*times {
                products.iter().enumerate().for_each(|(nth, product)| lines.push(id(*product), nth == 0));
            }
        }
        lines
    }

    #[test]
    fn a_pair_is_stronger_than_chance() {
        // 100 orders: 20 with both, 10 more with either, 60 with neither.
        let found = lines(&[(20, &[2, 1, 2]), (10, &[1]), (10, &[2]), (60, &[3])]).baskets(4);
        assert_eq!((found.orders, found.left_out, found.pairs.len()), (100, 4, 1));
        let pair = found.pairs[0];
        assert_eq!((pair.products, pair.orders, pair.together), ([id(1), id(2)], [30, 30], 20));
        let hundredths = [pair.strength.support, pair.strength.confidence[0], pair.strength.lift, pair.strength.chi_square];
        assert_eq!(hundredths.map(|figure| (figure * 100.0).round() as i64), [20, 67, 222, 2_744]);
        assert_eq!((pair.surplus() * 100.0).round() as i64, 1_100);
    }

    #[test]
    fn what_is_in_every_order_and_what_is_seldom_is_no_pair() {
        assert!(lines(&[(50, &[1, 2])]).baskets(0).pairs.is_empty(), "no order is without them: lift 1");
        assert!(lines(&[(9, &[1, 2]), (91, &[3])]).baskets(0).pairs.is_empty(), "nine orders are too few");
        assert_eq!(PairStrength::of(0, 0, 0, 0), None);
    }
}
