//! Measured of stock and sales that reports show. A ratio without a meaning is None, never 0 and never infinite. Vectors pub-01 to pub-10.

/// part ÷ whole; None if the whole is 0 or either is not finite.
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    let quotient = part / whole;
    (whole.abs() > 0.0 && quotient.is_finite()).then_some(quotient)
}

/// part ÷ stock; None where stock is 0 or less, as more was sold than came.
fn of_stock(part: f64, stock: f64) -> Option<f64> {
    if stock > 0.0 { ratio(part, stock) } else { None }
}

/// The plain mean of snapshots. None of none.
pub fn mean(snapshots: &[f64]) -> Option<f64> {
    ratio(snapshots.iter().sum(), snapshots.len() as f64)
}

/// Cost of goods sold ÷ mean stock value. Chopra & Meindl, Supply Chain Management, ch. 11–12.
pub fn turnover(cost_of_goods: f64, stock_values: &[f64]) -> Option<f64> {
    of_stock(cost_of_goods, mean(stock_values)?)
}

/// On hand ÷ units sold a day. None if nothing was sold.
pub fn days_of_supply(on_hand: f64, units_sold: f64, days: f64) -> Option<f64> {
    ratio(on_hand, ratio(units_sold, days)?)
}

/// Mean stock value ÷ cost of goods sold × days.
pub fn days_sales_of_inventory(cost_of_goods: f64, stock_values: &[f64], days: f64) -> Option<f64> {
    ratio(mean(stock_values)?, cost_of_goods).map(|share| share * days)
}

/// Days out of stock of products and all their days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockOuts {
    pub out: usize,
    pub days: usize,
}

impl StockOuts {
    /// A day is out of stock if it closes with 0 or less. Silver, Pyke & Thomas (2017).
    pub fn of<'a>(closing_by_product: impl Iterator<Item = &'a [i64]>) -> Self {
        closing_by_product.fold(Self::default(), |sum, closing| Self {
            out: sum.out + closing.iter().filter(|on_hand| **on_hand <= 0).count(),
            days: sum.days + closing.len(),
        })
    }
    pub fn rate(&self) -> Option<f64> {
        ratio(self.out as f64, self.days as f64)
    }
}

/// Units lost while out of stock: (units a day in stock) × days out × (1 − substitution) − units sold on days out, at least 0. None without a day in
/// stock. Days are pairs of units sold and closing stock. Agrawal & Smith (1996); Vulcano, van Ryzin & Ratliff (2012).
pub fn lost_units(days: &[(f64, i64)], substitution: f64) -> Option<f64> {
    let sum = |is_out: bool| {
        let of_kind = days.iter().filter(move |(_, closing)| (*closing <= 0) == is_out);
        of_kind.fold((0.0, 0.0), |(units, count), (sold, _)| (units + sold, count + 1.0))
    };
    let ((sold_in, days_in), (sold_out, days_out)) = (sum(false), sum(true));
    Some((ratio(sold_in, days_in)? * days_out * (1.0 - substitution) - sold_out).max(0.0))
}

/// Units sold ÷ (opening stock + units received). Levy & Weitz, Retailing Management.
pub fn sell_through(opening: f64, received: f64, sold: f64) -> Option<f64> {
    of_stock(sold, opening + received)
}

/// (Net sales − cost of goods sold) ÷ mean stock at cost. Levy & Weitz, Retailing Management.
pub fn gmroi(net_sales: f64, cost_of_goods: f64, stock_values: &[f64]) -> Option<f64> {
    of_stock(net_sales - cost_of_goods, mean(stock_values)?)
}

/// Days without a sale after which stock is dead, unless a tenant sets another number.
pub const DAYS_WITHOUT_SALE: i32 = 90;

/// Whether stock is dead: on hand, first received and last sold (or never) at least
/// `threshold_days` ago. Silver, Pyke & Thomas (2017).
pub fn is_dead(on_hand: i64, days_since_sale: Option<u32>, days_since_receipt: u32, threshold_days: u32) -> bool {
    on_hand > 0 && days_since_receipt >= threshold_days && days_since_sale.is_none_or(|days| days >= threshold_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!((turnover(5.0, &[]), turnover(5.0, &[0.0]), days_of_supply(12.0, 0.0, 30.0)), (None, None, None));
        assert_eq!((lost_units(&[(2.0, 0)], 0.2), StockOuts::default().rate(), mean(&[])), (None, None, None));
        assert_eq!((ratio(f64::NAN, 1.0), ratio(1.0, f64::INFINITY)), (None, Some(0.0)));
        assert_eq!((sell_through(-4.0, 0.0, 0.0), gmroi(50.0, 29.0, &[-7.0]), turnover(29.0, &[-7.0])), (None, None, None));
        assert_eq!(lost_units(&[(1.0, 5), (9.0, 0)], 0.0), Some(0.0), "what was sold on the day out is no loss");
    }
}
