//! The sales report against a plain sum over the documents that the ledger gave back.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use entrepot::{
    clock::day_text,
    insight::{
        core::{Group, Measure},
        rows::SalesFilter,
        shell::{ReportError, SalesRequest, SalesRow, sales_report},
    },
    orders::core::Order,
    returns::core::Return,
};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    trade::{Trade, trade},
    world::{HOUR, START, World},
};

pub fn sales_request(group: Group) -> SalesRequest {
    SalesRequest { from: None, to: None, group, filter: SalesFilter::default(), top_by: None, first: 250, currency: None }
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct ExpectedSums {
    orders: BTreeSet<OrderId>,
    returns: BTreeSet<ReturnId>,
    /// Order lines, units sold, gross, charges, cost; return lines, units returned, refunds, charge credits.
    sums: [i64; 9],
}

/// Rounds half away from zero, by the remainder and so by another method than the report.
fn share(total: i64, part: i64, of: i64) -> i64 {
    let (product, of) = (i128::from(total) * i128::from(part), i128::from(of));
    let (whole, rest) = (product / of, (product % of).abs() * 2);
    (whole + if rest >= of { product.signum() } else { 0 }) as i64
}

type Pick<'a> = (&'a dyn Fn(&Order) -> bool, &'a dyn Fn(&Return) -> bool);

fn plain(world: &World, trade: &Trade, group: Group, (orders, returns): Pick<'_>) -> BTreeMap<Option<String>, ExpectedSums> {
    let mut rows: BTreeMap<Option<String>, ExpectedSums> = BTreeMap::new();
    if group == Group::None {
        rows.entry(None).or_default();
    }
    let category = |product: ProductId| {
        let index = world.products.iter().position(|p| *p == product).unwrap();
        [Some(0), Some(1), Some(0), None][index].map(|index: usize| world.categories[index].to_string())
    };
    let country = |customer: Option<CustomerId>| {
        let index = world.customers.iter().position(|c| Some(*c) == customer)?;
        [Some("GB"), Some("DE"), Some("GB"), None][index].map(str::to_owned)
    };
    let key = |product: Option<ProductId>,
               store: StoreId,
               channel: Option<ChannelId>,
               (customer, country): (Option<CustomerId>, Option<String>),
               day: i32| {
        match group {
            Group::None => None,
            Group::Day => Some(day_text(day)),
            Group::Month => Some(day_text(day)[..7].to_owned()),
            Group::Product => product.map(|p| p.to_string()),
            Group::Category => product.and_then(category),
            Group::Store => Some(store.to_string()),
            Group::Channel => channel.map(|c| c.to_string()),
            Group::Country => country,
            Group::Customer => customer.map(|c| c.to_string()),
        }
    };
    let sold = [OrderStatus::Confirmed, OrderStatus::PartiallyFulfilled, OrderStatus::Fulfilled, OrderStatus::Closed];
    for order in trade.orders.values().filter(|o| sold.contains(&o.status) && o.total.currency == Currency::GBP && orders(o)) {
        for line in &order.lines {
            let units = line.quantity.get() - line.cancelled.get();
            if units == 0 || (group.by_product() && line.product().is_none()) {
                continue;
            }
            let row = rows
                .entry(key(
                    line.product(),
                    order.store,
                    Some(order.channel),
                    (order.customer, country(order.customer)),
                    order.business_date,
                ))
                .or_default();
            row.orders.insert(order.id);
            let amount = share(line.total.minor, units, line.quantity.get());
            let cost = line.unit_cost.map_or(0, |cost| cost.times(Quantity::new(units).unwrap(), line.decimals).unwrap().minor);
            let add =
                if line.product().is_some() { [1, units, amount, 0, cost, 0, 0, 0, 0] } else { [0, 0, 0, amount, 0, 0, 0, 0, 0] };
            row.sums.iter_mut().zip(add).for_each(|(sum, add)| *sum += add);
        }
    }
    for ret in trade.returns.values().filter(|r| r.status() == ReturnStatus::Received && returns(r)) {
        let matched = ret.lines.iter().flat_map(|line| &line.matches).next();
        let first = matched.map(|piece| &trade.orders[&piece.line.split_line().0]);
        let channel = first.map(|order| order.channel);
        // Goods that were sold to a country are returned from there, whichever customer returns
        // them.
        let from = first.and_then(|order| country(order.customer)).or_else(|| country(ret.customer));
        for line in &ret.lines {
            if group.by_product() && line.product.is_none() {
                continue;
            }
            let row =
                rows.entry(key(line.product, ret.store, channel, (ret.customer, from.clone()), ret.business_date)).or_default();
            row.returns.insert(ret.id);
            let (units, total) = (line.quantity.get(), line.total.minor);
            let add = if line.product.is_some() { [0, 0, 0, 0, 0, 1, units, total, 0] } else { [0, 0, 0, 0, 0, 0, 0, 0, total] };
            row.sums.iter_mut().zip(add).for_each(|(sum, add)| *sum += add);
        }
    }
    rows
}

fn figures(row: &SalesRow) -> (i64, i64, [i64; 9]) {
    let sums = [
        row.order_lines,
        row.units_sold.get(),
        row.gross_revenue.minor,
        row.charges.minor,
        row.cost_of_goods_sold.minor,
        row.return_lines,
        row.units_returned.get(),
        row.refunds.minor,
        row.charge_credits.minor,
    ];
    (row.orders, row.returns, sums)
}

async fn compare(world: &World, trade: &Trade, ask: SalesRequest, pick: Pick<'_>) {
    let expected = plain(world, trade, ask.group, pick);
    let got = sales_report(world.reader(), &world.db, ask.clone()).await.unwrap().rows;
    let mut keys: Vec<_> = expected.keys().cloned().collect();
    keys.sort_by_key(|key| (key.is_none(), key.clone()));
    assert_eq!(got.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), keys, "{:?}", ask.group);
    for row in &got {
        let plain = &expected[&row.key];
        assert_eq!(
            figures(row),
            (plain.orders.len() as i64, plain.returns.len() as i64, plain.sums),
            "{:?} {:?}",
            ask.group,
            row.key
        );
        assert_eq!(row.net_revenue.minor, row.gross_revenue.minor - row.refunds.minor);
        assert_eq!(row.product.map(|p| p.to_string()), row.key.clone().filter(|_| ask.group == Group::Product));
    }
}

#[tokio::test]
async fn every_grouping_agrees_with_a_plain_sum_over_the_documents() {
    World::on_both(async |world| {
        let trade = trade(&world, &mut StdRng::seed_from_u64(11)).await;
        let statuses: BTreeSet<&str> = trade.orders.values().map(|o| o.status.as_str()).collect();
        assert_eq!(statuses.len(), 7, "every state but EXPIRED occurs: {statuses:?}");
        let (from, to) = (Timestamp(START + 200 * HOUR), Timestamp(START + 500 * HOUR));
        for group in Group::ALL {
            compare(&world, &trade, sales_request(group), (&|_| true, &|_| true)).await;
            let bounded = SalesRequest { from: Some(from), to: Some(to), ..sales_request(group) };
            let inside = |at: Timestamp| at >= from && at < to;
            compare(&world, &trade, bounded, (&|o| inside(o.placed_at), &|r| inside(r.occurred_at))).await;
            let from_an_order = trade.orders.values().map(|o| o.placed_at).max();
            let last = SalesRequest { from: from_an_order, ..sales_request(group) };
            compare(&world, &trade, last, (&|o| Some(o.placed_at) >= from_an_order, &|r| Some(r.occurred_at) >= from_an_order))
                .await;
            let before = SalesRequest { to: Some(Timestamp(0)), ..sales_request(group) };
            compare(&world, &trade, before, (&|_| false, &|_| false)).await;
        }
        let euros = SalesRequest { currency: Currency::parse("EUR"), ..sales_request(Group::None) };
        let row = &sales_report(world.reader(), &world.db, euros).await.unwrap().rows[0];
        let expected = trade.orders.values().filter(|o| o.total.currency != Currency::GBP).map(|o| o.total.minor).sum::<i64>();
        assert!(expected > 0);
        assert_eq!((row.gross_revenue.minor, row.gross_revenue.currency.as_str()), (expected, "EUR"));
    })
    .await;
}

#[tokio::test]
async fn a_filter_is_asked_of_returns_as_if_they_were_orders() {
    World::on_both(async |world| {
        let trade = trade(&world, &mut StdRng::seed_from_u64(12)).await;
        let (store, customer, channel) = (world.stores[1], world.customers[1], world.channels[1]);
        let with = |condition: &str, values: Vec<sea_orm::Value>, group| SalesRequest {
            filter: SalesFilter { condition: condition.to_owned(), values },
            ..sales_request(group)
        };
        let channel_of = |ret: &Return| {
            let piece = ret.lines.iter().flat_map(|line| &line.matches).next();
            piece.map(|piece| trade.orders[&piece.line.split_line().0].channel)
        };
        for group in Group::ALL {
            let request = with("o.store_id = $2 AND o.placed_at >= $3", vec![store.into(), START.into()], group);
            let after = |at: Timestamp| at.micros() >= START;
            let pick: Pick<'_> = (&|o| o.store == store && after(o.placed_at), &|r| r.store == store && after(r.occurred_at));
            compare(&world, &trade, request, pick).await;
            let request = with("NOT (o.customer_id IS NOT NULL AND o.customer_id = $2)", vec![customer.into()], group);
            compare(&world, &trade, request, (&|o| o.customer != Some(customer), &|r| r.customer != Some(customer))).await;
            let request = with("NOT (o.channel_id = $2)", vec![channel.into()], group);
            compare(&world, &trade, request, (&|o| o.channel != channel, &|r| channel_of(r) != Some(channel))).await;
            let request = with("o.external_ref IS NOT NULL AND substr(o.external_ref, 1, 2) = $2", vec!["W1".into()], group);
            let named = |o: &Order| o.external_ref.as_deref().is_some_and(|reference| reference.starts_with("W1"));
            compare(&world, &trade, request, (&named, &|_| false)).await;
            let request = with("o.status = $2 OR o.status = $3", vec!["PENDING".into(), "CONFIRMED".into()], group);
            compare(&world, &trade, request, (&|o| o.status == OrderStatus::Confirmed, &|_| false)).await;
            let request = with("o.status = $2", vec!["FULFILLED".into()], group);
            compare(&world, &trade, request, (&|o| o.status == OrderStatus::Fulfilled, &|_| true)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_largest_rows_come_first_and_their_number_is_bounded() {
    World::on_both(async |world| {
        let trade = trade(&world, &mut StdRng::seed_from_u64(13)).await;
        for (measure, of) in [
            (Measure::UnitsSold, (|row| row.units_sold.get()) as fn(&SalesRow) -> i64),
            (Measure::GrossRevenue, |row| row.gross_revenue.minor),
            (Measure::NetRevenue, |row| row.net_revenue.minor),
            (Measure::Orders, |row| row.orders),
        ] {
            let days = sales_report(world.reader(), &world.db, sales_request(Group::Day)).await.unwrap().rows;
            let request = SalesRequest { top_by: Some(measure), first: 5, ..sales_request(Group::Day) };
            let top = sales_report(world.reader(), &world.db, request).await.unwrap().rows;
            let mut expected = days.clone();
            expected.sort_by_key(|row| (-of(row), row.key.clone()));
            assert_eq!(top, expected[..5]);
        }
        assert!(!trade.orders.is_empty());
        let request = SalesRequest { first: usize::MAX, ..sales_request(Group::Day) };
        assert!(sales_report(world.reader(), &world.db, request).await.unwrap().rows.len() <= 250);
    })
    .await;
}

#[tokio::test]
async fn sums_beyond_64_bits_inside_are_exact_and_beyond_53_bits_outside_are_refused() {
    World::on_both(async |world| {
        let mut trade = Trade::default();
        // Above every bound of what SQL multiplies, cut in half by a cancellation, with an odd total.
        trade.sell_large(&world, 300_000_001, 1_000_003, 150_000_000).await;
        trade.sell_large(&world, 7, 333, 2).await;
        compare(&world, &trade, sales_request(Group::None), (&|_| true, &|_| true)).await;
        compare(&world, &trade, sales_request(Group::Product), (&|_| true, &|_| true)).await;
        compare(&world, &trade, sales_request(Group::Day), (&|_| true, &|_| true)).await;
        for _ in 0..40 {
            trade.sell_large(&world, 300_000_001, 30_000_003, 1).await;
        }
        let refused = sales_report(world.reader(), &world.db, sales_request(Group::None)).await;
        assert!(matches!(refused, Err(ReportError::TooLarge)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn sums_that_no_database_counts_to_are_refused() {
    World::on_both(async |world| {
        let work = world.scope().begin().await.unwrap();
        let dear = "UPDATE product SET cost_minor = 16777216 WHERE tenant_id = $1 AND id = $2";
        work.execute(dear, vec![world.products[2].into()]).await.unwrap();
        work.commit().await.unwrap();
        let mut trade = Trade::default();
        // Each line is within the range of SQL's multiplication, and 2,000 of them just within that
        // of its sum.
        for _ in 0..2 {
            trade.sell_many(&world, 2_000, 268_435_456).await;
        }
        for group in [Group::None, Group::Product, Group::Month] {
            let refused = sales_report(world.reader(), &world.db, sales_request(group)).await;
            assert!(matches!(refused, Err(ReportError::TooLarge)), "{refused:?}");
        }
    })
    .await;
}
