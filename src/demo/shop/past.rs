//! Sales of the depot and the shops in the last half year: their forecasts are made of these.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    goods::RANGES,
    state::{DEPOT, STORES, Shop, UntrackedProduct, store_input},
};
use crate::demo::{dice::DemoRng, error::DemoError};

/// Weeks of sales; the last day is yesterday.
const WEEKS_OF_SALES: i64 = 26;
/// The first products of a range: in how many of a thousand orders each is, and its most units there; the fewest are a third of them. All sell
/// some ten a week, so that today's stock is neither dead nor slow.
const SALES_BY_RANK: [(u64, u64); 4] = [(500, 15), (600, 13), (750, 11), (900, 9)];
/// Days of a week for each of its orders: a shop has two of these, the depot has one of twice as many units.
const SHOP_DAYS: [&[i64]; 2] = [&[0, 1, 2], &[3, 4, 5, 6]];
const DEPOT_DAYS: [&[i64]; 1] = [&[0, 1, 2, 3, 4, 5, 6]];
/// Orders that are placed at the same time: each is a separate commit.
const CONCURRENT_ORDERS: usize = 4;
/// Hours of the day, UTC: the stock comes, a sale, and the last sale.
const OPENING_HOUR: u8 = 6;
const NOON_HOUR: u8 = 12;
const EVENING_HOUR: u8 = 17;

/// An order that was placed before today.
struct Sale<'g> {
    /// Days from today, below 0.
    days: i64,
    hour: u8,
    /// SKUs and units.
    lines: Vec<(&'g str, u64)>,
}

impl Shop<'_> {
    /// Half a year of sales of a store, of stock that was received before the first and is sold by
    /// the last: today's stock stays as it is. Its calls have their own keys and dice, as those of
    /// the refill have. Returns the number of orders.
    ///
    /// Today's stock is received before, so that no level is sold out in between, which would open
    /// alerts.
    pub(super) async fn create_past_sales(&self, store: usize) -> Result<usize, DemoError> {
        let sales = generate_sales(&self.goods, self.dice.clone(), store);
        let mut units: BTreeMap<&str, u64> = BTreeMap::new();
        for &(sku, quantity) in sales.iter().flat_map(|sale| &sale.lines) {
            *units.entry(sku).or_default() += quantity;
        }
        let change =
            |(sku, units): (&&str, &u64)| json!({ "product": { "sku": sku }, "store": store_input(store), "delta": units });
        let changes: Vec<Value> = units.iter().map(change).collect();
        let input = json!({
            "idempotencyKey": format!("demo-past-{}", STORES[store].0), "kind": "RECEIPT", "reasonCode": "OPENING",
            "occurredAt": self.moment(-7 * WEEKS_OF_SALES, OPENING_HOUR), "changes": changes,
        });
        self.send("stockAdjust", "StockAdjustInput", "movement { id }", input).await?;
        let [first, second, third, fourth]: [_; CONCURRENT_ORDERS] =
            std::array::from_fn(|from| self.place_sales(store, &sales, from));
        tokio::try_join!(first, second, third, fourth)?;
        Ok(sales.len())
    }

    /// Places every fourth of the sales, from one on.
    async fn place_sales(&self, store: usize, sales: &[Sale<'_>], from: usize) -> Result<(), DemoError> {
        let channel = json!({ "code": if store == DEPOT { "TRADE" } else { "TILL" } });
        for (number, sale) in sales.iter().enumerate().skip(from).step_by(CONCURRENT_ORDERS) {
            let line = |(sku, units): &(&str, u64)| json!({ "product": { "sku": sku }, "quantity": units });
            let lines: Vec<Value> = sale.lines.iter().map(line).collect();
            let input = json!({
                "idempotencyKey": format!("demo-past-{}-{number}", STORES[store].0), "store": store_input(store), "channel": channel,
                "status": "FULFILLED", "placedAt": self.moment(sale.days, sale.hour), "lines": lines,
            });
            self.send("orderCreate", "OrderCreateInput", "order { id }", input).await?;
        }
        Ok(())
    }

    /// An hour of the date `days` days after today, as the API reads it.
    fn moment(&self, days: i64, hour: u8) -> String {
        format!("{}T{hour:02}:00:00Z", self.day(days))
    }
}

/// A store's sales, the oldest first. The last one has all products, so that they are in stock until yesterday.
fn generate_sales(goods: &[UntrackedProduct], mut dice: DemoRng, store: usize) -> Vec<Sale<'_>> {
    let of_range = RANGES[0].2.len();
    let ranges = goods.chunks(of_range).take(RANGES.len());
    let products: Vec<(&str, u64, u64)> = ranges
        .flat_map(|range| range.iter().zip(SALES_BY_RANK))
        .map(|(good, (happens_permille, max_quantity))| (good.sku.as_str(), happens_permille, max_quantity))
        .collect();
    let orders: &[&[i64]] = if store == DEPOT { &DEPOT_DAYS } else { &SHOP_DAYS };
    let factor = if store == DEPOT { 2 } else { 1 };
    let mut sales = Vec::new();
    for week in 0..WEEKS_OF_SALES {
        for weekdays in orders.iter().copied() {
            let days = 7 * (week - WEEKS_OF_SALES) + *dice.pick(weekdays);
            let mut lines = Vec::new();
            for (sku, happens_permille, max_quantity) in &products {
                if dice.happens_permille(*happens_permille) {
                    lines.push((*sku, dice.between(max_quantity.div_ceil(3), *max_quantity) * factor));
                }
            }
            sales.push(Sale { days, hour: NOON_HOUR, lines });
        }
    }
    let lines = products.iter().map(|(sku, ..)| (*sku, dice.between(1, 3))).collect();
    sales.push(Sale { days: -1, hour: EVENING_HOUR, lines });
    sales
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::shop::state::LONDON;

    #[test]
    fn half_a_year_of_sales_ends_yesterday_with_all_products() {
        let goods: Vec<UntrackedProduct> =
            (0..54).map(|at| UntrackedProduct { sku: format!("SKU-{at}"), on_hand: [0; 4] }).collect();
        for (store, orders) in [(DEPOT, 26), (LONDON, 52)] {
            let sales = generate_sales(&goods, DemoRng::new(1), store);
            assert_eq!(sales.len(), orders + 1);
            assert!(sales.is_sorted_by_key(|sale| (sale.days, sale.hour)) && sales.iter().all(|sale| !sale.lines.is_empty()));
            assert!((-182..-175).contains(&sales[0].days), "{}", sales[0].days);
            let last = sales.last().unwrap();
            assert_eq!((last.days, last.lines.len()), (-1, 28), "four of each of seven ranges");
            let mut units: BTreeMap<&str, u64> = BTreeMap::new();
            sales.iter().flat_map(|sale| &sale.lines).for_each(|&(sku, sold)| *units.entry(sku).or_default() += sold);
            assert_eq!(units.len(), 28);
            assert!(units.values().all(|units| (26 * 4..26 * 16).contains(units)), "some ten a week: {units:?}");
        }
    }
}
