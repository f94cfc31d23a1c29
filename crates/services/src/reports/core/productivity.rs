//! Productivity of stock: sell-through, turnover by value and gross margin return on inventory
//! investment.

use forecast::ratios;

use super::Span;

/// Sums over levels. Units are smallest ones, amounts minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Productivity {
    pub opening: i128,
    /// From suppliers, or stocked otherwise.
    pub received: i128,
    /// From other stores.
    pub moved_in: i128,
    pub sold: i128,
    pub closing: i128,
    /// Revenue less refunds, in one currency.
    pub net: i128,
    /// The same without sales tax.
    pub untaxed_net: i128,
    /// Booked cost of sold units, and of those that were returned, in any currency.
    pub cost: i128,
    pub returned_cost: i128,
    /// Sum of each day's closing stock, at booked cost.
    pub value_sum: i128,
    /// The first day with a fact, among those of the period and before; None without any.
    pub first_day: Option<i32>,
    /// Whether goods were sold, shipped or returned in another currency than that of `net`, which
    /// leaves them out.
    pub has_other_currencies: bool,
}

impl Productivity {
    pub const fn join(&mut self, other: &Self) {
        self.opening += other.opening;
        self.received += other.received;
        self.moved_in += other.moved_in;
        self.sold += other.sold;
        self.closing += other.closing;
        self.net += other.net;
        self.untaxed_net += other.untaxed_net;
        self.cost += other.cost;
        self.returned_cost += other.returned_cost;
        self.value_sum += other.value_sum;
        self.has_other_currencies |= other.has_other_currencies;
        self.first_day = match (self.first_day, other.first_day) {
            (Some(own), Some(others)) if others < own => Some(others),
            (None, others) => others,
            (own, _) => own,
        };
    }
    /// Days of a period that the figures rest on: from the first fact on.
    pub fn active_days(&self, span: Span) -> i64 {
        self.first_day.map_or(0, |first| Span { from: first.max(span.from), to: span.to }.days().max(0))
    }
    /// Received units: transfers count for a store, and not for all stores together.
    pub const fn received_units(&self, is_of_stores: bool) -> i128 {
        if is_of_stores { self.received + self.moved_in } else { self.received }
    }
    pub const fn net_cost(&self) -> i128 {
        self.cost - self.returned_cost
    }
    pub fn mean_value(&self, days: i64) -> f64 {
        self.value_sum as f64 / days as f64
    }
    /// Vector pub-08.
    pub fn sell_through(&self, is_of_stores: bool) -> Option<f64> {
        ratios::sell_through(self.opening as f64, self.received_units(is_of_stores) as f64, self.sold as f64)
    }
    /// Vector pub-09. None if revenue and cost are not of the same sales.
    pub fn gmroi(&self, days: i64) -> Option<f64> {
        if self.has_other_currencies {
            return None;
        }
        ratios::gmroi(self.untaxed_net as f64, self.net_cost() as f64, &[self.mean_value(days)])
    }
    /// Vectors pub-01 and pub-02.
    pub fn turnover(&self, days: i64) -> Option<f64> {
        ratios::turnover(self.net_cost() as f64, &[self.mean_value(days)])
    }
    /// Vector pub-05.
    pub fn days_of_inventory(&self, days: i64) -> Option<f64> {
        ratios::days_sales_of_inventory(self.net_cost() as f64, &[self.mean_value(days)], days as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_received_by_a_store_alone() {
        let stock = Productivity { opening: 10, received: 10, moved_in: 20, sold: 10, ..Productivity::default() };
        assert_eq!((stock.sell_through(true), stock.sell_through(false)), (Some(0.25), Some(0.5)));
        assert_eq!((stock.gmroi(7), stock.turnover(7)), (None, None), "nothing lay there");
    }

    #[test]
    fn revenue_and_cost_of_other_sales_give_no_margin() {
        let own = Productivity { net: 4_020, untaxed_net: 3_350, cost: 1_340, value_sum: 4_000, ..Productivity::default() };
        let other = Productivity { cost: 2_010, has_other_currencies: true, ..Productivity::default() };
        assert_eq!((own.gmroi(4), own.turnover(4)), (Some(2.01), Some(1.34)));
        let mut both = own;
        both.join(&other);
        assert_eq!((both.gmroi(4), both.turnover(4)), (None, Some(3.35)), "all goods turn over");
    }

    #[test]
    fn a_row_rests_on_the_days_since_its_first_fact() {
        let since = |first_day| Productivity { first_day, ..Productivity::default() };
        let span = Span { from: 100, to: 109 };
        let days = |first_day| since(first_day).active_days(span);
        assert_eq!((days(Some(40)), days(Some(100)), days(Some(107)), days(Some(110)), days(None)), (10, 10, 3, 0, 0));
        let mut sum = since(None);
        for first_day in [Some(107), None, Some(105), Some(108)] {
            sum.join(&since(first_day));
        }
        assert_eq!((sum.first_day, sum.active_days(span)), (Some(105), 5), "that of the first of its levels");
    }
}
