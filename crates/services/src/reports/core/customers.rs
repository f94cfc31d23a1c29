//! Customers by recency, frequency and money, and by whether they come again.

use std::collections::BTreeMap;

use entity::prelude::CustomerId;

/// Orders of a customer in the last 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerOrders {
    pub customer: CustomerId,
    pub days_since: i64,
    pub orders: i64,
    /// Revenue less refunds, in minor units.
    pub net: i64,
}

/// A score for each, from 1 to `Scores::best`; the best is the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scores {
    pub recency: u8,
    pub frequency: u8,
    pub money: u8,
}

const MIN_FOR_FIFTHS: usize = 25;

impl Scores {
    /// Fifths of many customers, thirds of fewer than 25.
    pub const fn part_count(customers: usize) -> u8 {
        if customers < MIN_FOR_FIFTHS { 3 } else { 5 }
    }
}

/// Divides customers into `parts` parts by rank, ⌈parts × rank ÷ n⌉; equal ones share the better
/// part. `goodness` is higher for better ones.
fn score_by_rank<T>(items: &[T], parts: u8, goodness: impl Fn(&T) -> i64) -> Vec<u8> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(goodness(&items[*index])));
    let mut scores = vec![0; items.len()];
    let (mut last, mut best) = (None, 1);
    for (nth, index) in order.into_iter().enumerate() {
        let own_value = goodness(&items[index]);
        if last != Some(own_value) {
            best = (usize::from(parts) * (nth + 1)).div_ceil(items.len().max(1));
            last = Some(own_value);
        }
        // The first part is the best one, and has the highest score.
        scores[index] = parts + 1 - u8::try_from(best).unwrap_or(parts).clamp(1, parts);
    }
    scores
}

/// The scores of all customers, in their order.
pub fn score_customers(customers: &[CustomerOrders]) -> Vec<Scores> {
    let best = Scores::part_count(customers.len());
    let recency = score_by_rank(customers, best, |one| -one.days_since);
    let frequency = score_by_rank(customers, best, |one| one.orders);
    let money = score_by_rank(customers, best, |one| one.net);
    recency
        .into_iter()
        .zip(frequency)
        .zip(money)
        .map(|((recency, frequency), money)| Scores { recency, frequency, money })
        .collect()
}

/// Days of a customer's first order ever, and of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstOrders {
    pub first: i32,
    pub second: Option<i32>,
}

/// A year and a month, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CohortMonth {
    pub year: i32,
    pub month: u8,
}

/// Customers of one month of first orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cohort {
    pub customers: i64,
    /// Customers with another order within 30, 90 and 365 days.
    pub again: [i64; 3],
    /// The last day of a first order.
    pub last_first: i32,
}

impl Cohort {
    pub const WINDOWS: [i32; 3] = [30, 90, 365];

    fn add(&mut self, customer: FirstOrders) {
        self.customers += 1;
        self.last_first = self.last_first.max(customer.first);
        for (count, window) in self.again.iter_mut().zip(Self::WINDOWS) {
            *count += i64::from(customer.second.is_some_and(|second| second - customer.first <= window));
        }
    }
    /// Customers with another order within a window. None while the window is open for one of them.
    pub fn repeat_customers(&self, window: usize, today: i32) -> Option<i64> {
        let is_over = self.last_first + Self::WINDOWS.get(window)? < today;
        self.again.get(window).copied().filter(|_| is_over)
    }
}

/// Cohorts by month, the oldest first. `month_of` returns the month of a day.
pub fn cohorts(
    customers: impl IntoIterator<Item = FirstOrders>,
    month_of: impl Fn(i32) -> CohortMonth,
) -> BTreeMap<CohortMonth, Cohort> {
    let mut cohorts_by_month: BTreeMap<CohortMonth, Cohort> = BTreeMap::new();
    for customer in customers {
        cohorts_by_month.entry(month_of(customer.first)).or_default().add(customer);
    }
    cohorts_by_month
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(days_since: i64, orders: i64, net: i64) -> CustomerOrders {
        CustomerOrders { customer: CustomerId::NIL, days_since, orders, net }
    }

    #[test]
    fn few_are_scored_in_thirds_and_equals_share_the_better() {
        let found = score_customers(&[customer(1, 9, 900), customer(2, 9, 100), customer(300, 1, 500)]);
        assert_eq!(found.iter().map(|one| one.recency).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(found.iter().map(|one| one.frequency).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(found.iter().map(|one| one.money).collect::<Vec<_>>(), [3, 1, 2]);
        assert!(score_customers(&[]).is_empty());
    }

    #[test]
    fn many_are_scored_in_fifths() {
        let all: Vec<_> = (0..25).map(|nth| customer(nth, 1, nth)).collect();
        let found = score_customers(&all);
        assert_eq!((found[0].recency, found[4].recency, found[5].recency, found[24].recency), (5, 5, 4, 1));
        assert!(found.iter().all(|one| one.frequency == 5), "all are equal");
    }

    #[test]
    fn an_open_window_is_not_told() {
        let month_of = |day: i32| CohortMonth { year: 1970, month: if day < 31 { 1 } else { 2 } };
        let of = |first, second| FirstOrders { first, second };
        let found = cohorts([of(0, Some(30)), of(10, Some(60)), of(5, None), of(40, Some(41))], month_of);
        let january = found[&CohortMonth { year: 1970, month: 1 }];
        assert_eq!((january.customers, january.again), (3, [1, 2, 2]));
        assert_eq!((january.repeat_customers(0, 41), january.repeat_customers(0, 40)), (Some(1), None));
        assert_eq!(
            (january.repeat_customers(1, 101), january.repeat_customers(2, 101), january.repeat_customers(9, 999)),
            (Some(2), None, None)
        );
        assert_eq!(found.len(), 2);
    }
}
