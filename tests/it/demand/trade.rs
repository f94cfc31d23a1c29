//! Random orders and returns: the facts compared with the sales report.

use std::collections::BTreeMap;

use entity::prelude::*;
use entrepot::{
    clock::day_text,
    demand::{
        rows::{DemandDimension, FactFilter, FactKey, FactRow},
        shell::{FactRequest, catch_up_with, check, demand_facts, rebuild},
    },
    insight::{
        core::Group,
        shell::{SalesRow, sales_report},
        verify::verify_tenant,
    },
    paging::PageRequest,
};
use rand::{SeedableRng, rngs::StdRng};

use crate::insight::{sales::sales_request, trade::trade, world::World};

/// Lines, units, revenue, cost; returned lines, units, refunds.
type DemandFigures = [i64; 7];

fn of_report(row: &SalesRow) -> DemandFigures {
    [
        row.order_lines,
        row.units_sold.get(),
        row.gross_revenue.minor,
        row.cost_of_goods_sold.minor,
        row.return_lines,
        row.units_returned.get(),
        row.refunds.minor,
    ]
}

fn of_facts(row: &FactRow) -> DemandFigures {
    let of = &row.figures;
    let sold = of.ordered_units - of.cancelled_units;
    [of.order_lines, sold, of.gross_minor, of.cost_minor, of.return_lines, of.returned_units, of.refund_minor]
}

async fn facts(world: &World, group: &[DemandDimension], currency: Option<Currency>) -> Vec<FactRow> {
    let page = PageRequest { limit: 250, backward: false, after: None, before: None };
    let request = FactRequest { group: group.to_vec(), filter: FactFilter::default(), currency, with_stock: false, page };
    let found = demand_facts(world.reader(), &world.db, request).await.unwrap();
    assert!(found.progress.is_current());
    let sum = |of: fn(&FactRow) -> i64| found.rows.iter().map(of).sum::<i64>();
    assert_eq!(sum(|row| row.figures.gross_minor), found.totals.figures.gross_minor);
    assert_eq!(sum(|row| row.figures.net_units), found.totals.figures.net_units);
    found.rows
}

async fn facts_equal_the_report(world: &World, currency: Option<Currency>) {
    for (dimension, group) in [
        (DemandDimension::Day, Group::Day),
        (DemandDimension::Product, Group::Product),
        (DemandDimension::Store, Group::Store),
        (DemandDimension::Channel, Group::Channel),
    ] {
        let rows =
            sales_report(world.reader(), &world.db, entrepot::insight::shell::SalesRequest { currency, ..sales_request(group) })
                .await;
        let report: BTreeMap<String, DemandFigures> =
            rows.unwrap().rows.iter().map(|row| (row.key.clone().unwrap_or_default(), of_report(row))).collect();
        let key = |row: &FactRow| match (dimension, row.keys[0]) {
            (_, FactKey::Date(day)) => day_text(day),
            (DemandDimension::Product, FactKey::Id(id)) => ProductId::from_uuid(id).to_string(),
            (DemandDimension::Store, FactKey::Id(id)) => StoreId::from_uuid(id).to_string(),
            (_, FactKey::Id(id)) if id.is_nil() => String::new(),
            (_, FactKey::Id(id)) => ChannelId::from_uuid(id).to_string(),
        };
        let kept = facts(world, &[dimension], currency).await;
        let mut kept: BTreeMap<String, DemandFigures> = kept.iter().map(|row| (key(row), of_facts(row))).collect();
        // Rows of stock alone, and rows of charges alone.
        let is_something = |figures: &DemandFigures| figures.iter().any(|figure| *figure != 0);
        kept.retain(|_, figures| is_something(figures));
        let report: BTreeMap<_, _> = report.into_iter().filter(|(_, figures)| is_something(figures)).collect();
        assert_eq!(kept, report, "{group:?} {currency:?}");
        assert!(!report.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_sum_to_the_sales_report_by_every_dimension() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(7)).await;
        facts_equal_the_report(&world, None).await;
        facts_equal_the_report(&world, Currency::parse("EUR")).await;
        let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
        let broken: Vec<_> = report
            .broken_lines()
            .filter(|line| line.invariant.starts_with("demand") || line.invariant.starts_with("stock span"))
            .collect();
        assert!(broken.is_empty(), "{report}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_any_size_and_facts_kept_while_they_happen_are_the_same() {
    World::on_both(async |world| {
        let mut random = StdRng::seed_from_u64(11);
        // Facts are kept during the trade: a document is read in its current state, which may be
        // older or newer than a page's last event.
        let mut trading = Box::pin(trade(&world, &mut random));
        loop {
            tokio::select! {
                _ = &mut trading => break,
                kept = catch_up_with(&world.db, world.tenant, 1, 3) => { kept.unwrap(); }
            }
        }
        drop(trading);
        let checked = check(&world.db, world.tenant, 64).await.unwrap();
        assert!(checked.is_equal(), "{checked:?}");
        assert!(checked.kept.rows > 50, "{checked:?}");
        let mut sums = Vec::new();
        for events in [1, 7, 5_000] {
            let rebuilt = rebuild(&world.db, world.tenant, events).await.unwrap();
            sums.push((rebuilt.rows, rebuilt.sum));
        }
        assert_eq!(sums, [(checked.kept.rows, checked.kept.sum); 3]);
        facts_equal_the_report(&world, None).await;
    })
    .await;
}
