//! Summaries: the rows of all pages sum to the total, for each kind of group.

use async_graphql::{EmptyMutation, EmptySubscription, MergedObject, Request, Schema};
use entity::{prelude::*, product};
use entrepot::{
    access::PermissionSet,
    api::insight::{InsightQuery, SummaryQuery},
    catalog::rows::{ResolvedFilter, filter, page::ProductCondition},
    graphql::truncated::Truncations,
    insight::{
        core::{Group, Measure},
        rows::{GroupSpan, SalesFilter, SalesQuery, SplitPoint, has_few_groups, middle_order, sales, sales_in_halves},
        shell::{SalesRow, SalesSort, SalesSpec, sales_report, sales_rows, sales_sheet, sales_total},
    },
    paging::CursorSigner,
    storage::{Reads, Row},
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    sales::sales_request,
    trade::{Trade, trade},
    world::{HOUR, START, World},
};
use crate::world::rows;

#[derive(MergedObject, Default)]
struct Query(InsightQuery, SummaryQuery);

/// Amounts and units; what counts documents once cannot be summed.
fn sums(row: &SalesRow) -> [i64; 10] {
    [
        row.order_lines,
        row.units_sold.get(),
        row.gross_revenue.minor,
        row.charges.minor,
        row.cost_of_goods_sold.minor,
        row.return_lines,
        row.units_returned.get(),
        row.refunds.minor,
        row.charge_credits.minor,
        row.net_revenue.minor,
    ]
}

fn spec() -> SalesSpec {
    let (filter, products) = (SalesFilter::default(), ProductCondition::default());
    SalesSpec { from: None, to: None, filter, products, currency: None, is_in_books: false }
}

/// All rows, read in pages.
async fn all(world: &World, spec: &SalesSpec, sorted: SalesSort, first: usize) -> Vec<SalesRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = sales_rows(world.reader(), &world.db, spec.clone(), sorted, (after, first)).await.unwrap();
        assert!(page.rows.len() <= first);
        after = page.rows.last().map(|(_, keys)| keys.clone());
        rows.extend(page.rows.into_iter().map(|(row, _)| row));
        if !page.has_next {
            return rows;
        }
        assert!(after.is_some(), "a page without rows has none behind it");
    }
}

/// Asserts that a single read has the total, and the rows of all pages.
async fn one_reading_has_all(world: &World, spec: &SalesSpec) {
    let total = sales_total(world.reader(), &world.db, spec.clone()).await.unwrap();
    for group in Group::ALL {
        let sheet = sales_sheet(world.reader(), &world.db, spec.clone(), group).await.unwrap().unwrap();
        assert_eq!(sheet.total().unwrap(), total, "{group:?}: a document of several groups counts once");
        for top_by in [None, Some(Measure::Orders)] {
            let sorted = SalesSort { group, top_by };
            let (mut rows, mut after) = (Vec::new(), None);
            loop {
                let page = sheet.page(sorted, (after, 60)).unwrap();
                after = page.rows.last().map(|(_, keys)| keys.clone());
                rows.extend(page.rows.into_iter().map(|(row, _)| row));
                if !page.has_next {
                    break;
                }
            }
            assert_eq!(rows.len(), sheet.count(), "{sorted:?}");
            assert_eq!(rows, all(world, spec, sorted, 60).await, "{sorted:?}");
        }
    }
}

pub(super) fn summed<const N: usize>(rows: impl Iterator<Item = [i64; N]>) -> [i64; N] {
    rows.fold([0; N], |mut sum, row| {
        sum.iter_mut().zip(row).for_each(|(sum, add)| *sum += add);
        sum
    })
}

const MEASURES: [Option<Measure>; 5] =
    [None, Some(Measure::UnitsSold), Some(Measure::GrossRevenue), Some(Measure::NetRevenue), Some(Measure::Orders)];

/// More services than a page has, so that nothing runs out.
async fn many_products(world: &World, number: usize) -> Vec<ProductId> {
    let work = world.scope().begin().await.unwrap();
    let mut products = Vec::new();
    for n in 0..number {
        let row = service(world, n);
        products.push(row.id);
        work.insert::<product::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    products
}

fn service(world: &World, n: usize) -> product::Model {
    let sku = format!("SERVICE-{n:04}");
    product::Model {
        stock_policy: StockPolicy::Untracked,
        category_id: (n % 3 < 2).then(|| world.categories[n % 3]),
        cost_minor: Some(100 + n as i64),
        cost_currency: Some("GBP".to_owned()),
        ..rows::product(world.tenant, world.clock.id(), &sku, world.clock.now())
    }
}

#[tokio::test]
async fn the_rows_of_a_year_and_of_many_products_sum_to_the_total() {
    World::on_both(async |world| {
        let mut trade: Trade = trade(&world, &mut StdRng::seed_from_u64(41)).await;
        let products = many_products(&world, 300).await;
        trade.sell_daily(&world, 365, &products).await;
        let total = sales_total(world.reader(), &world.db, spec()).await.unwrap();
        let whole = sales_report(world.reader(), &world.db, sales_request(Group::None)).await.unwrap().rows;
        assert_eq!(whole, std::slice::from_ref(&total), "the total is that of the report");
        for group in Group::ALL {
            for top_by in MEASURES {
                let sorted = SalesSort { group, top_by };
                let rows = all(&world, &spec(), sorted, 50).await;
                assert_eq!(summed(rows.iter().map(sums)), sums(&total), "{sorted:?}");
                assert_eq!(rows, all(&world, &spec(), sorted, 7).await, "pages of another size, {sorted:?}");
                let mut keys: Vec<_> = rows.iter().map(|row| (row.key.is_none(), row.key.clone())).collect();
                if top_by.is_none() {
                    assert!(keys.is_sorted(), "{sorted:?}: {keys:?}");
                }
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), rows.len(), "each group once, {sorted:?}");
                if !group.by_product() {
                    assert_eq!(rows.iter().map(|row| row.orders).sum::<i64>(), total.orders, "{sorted:?}");
                }
            }
        }
        let rows = async |group| all(&world, &spec(), SalesSort { group, top_by: None }, 250).await;
        assert!(rows(Group::Day).await.len() >= 365);
        assert!(rows(Group::Product).await.len() > 300);
        assert!(rows(Group::Month).await.len() >= 12);
        halves_of_the_year_are_the_whole(&world, total.orders).await;
        one_reading_has_all(&world, &spec()).await;
        one_reading_has_all(&world, &SalesSpec { is_in_books: true, ..spec() }).await;
    })
    .await;
}

/// Wherever the year is cut, and whichever page is read: orders are in several categories, and counted once in each.
async fn halves_of_the_year_are_the_whole(world: &World, orders: i64) {
    let query = SalesQuery {
        from: None,
        to: None,
        group: Group::Category,
        currency: Currency::parse("GBP").unwrap(),
        filter: SalesFilter::default(),
        products: ProductCondition::default(),
        with_charges: true,
        span: None,
        part: None,
        counts_documents: true,
    };
    let whole = sales(&world.scope(), &query).await.unwrap();
    assert!(whole.groups.len() > 2, "{whole:?}");
    assert!(whole.groups.values().map(|sums| sums.orders).sum::<i128>() > i128::from(orders), "orders of several categories");
    assert_eq!(whole.total().orders, i128::from(orders), "each once");
    let middle = |days: i64| Timestamp(START - days * 24 * HOUR);
    // Cuts at times at which orders were placed, and before and after all of them.
    for days in [-30, 0, 1, 90, 180, 400] {
        let halves = sales_in_halves(&world.scope(), &query, SplitPoint::At(middle(days))).await.unwrap();
        assert_eq!(halves.as_ref(), Some(&whole), "cut {days} days before");
    }
    let ordered = "SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 ORDER BY o.id";
    let ids: Vec<Uuid> = world.scope().rows(ordered, vec![]).await.unwrap().iter().map(|row| Row::scalar(row).unwrap()).collect();
    let id = ids[ids.len() / 3];
    for id in [Uuid::nil(), id, Uuid::max()] {
        let halves = sales_in_halves(&world.scope(), &query, SplitPoint::By(id)).await.unwrap();
        assert_eq!(halves.as_ref(), Some(&whole), "cut by {id}");
    }
    let products = SalesQuery { group: Group::Product, ..query.clone() };
    let halves = sales_in_halves(&world.scope(), &products, SplitPoint::At(middle(180))).await.unwrap();
    assert_eq!(halves, Some(sales(&world.scope(), &products).await.unwrap()), "by product");
    // Without charges, and the lines of one product alone.
    let rice = filter::Filter::Ids(filter::IdColumn::Product, vec![world.products[1].uuid()]);
    let rice = ResolvedFilter::resolve(&world.scope(), rice).await.unwrap().condition();
    for group in [Group::Category, Group::Product] {
        let own = SalesQuery { group, with_charges: false, counts_documents: false, ..query.clone() };
        for query in [own.clone(), SalesQuery { products: rice.clone(), ..own }] {
            let expected = sales(&world.scope(), &query).await.unwrap();
            assert!(!expected.groups.is_empty(), "{query:?}");
            for cut in [SplitPoint::At(middle(180)), SplitPoint::By(id)] {
                let halves = sales_in_halves(&world.scope(), &query, cut).await.unwrap();
                assert_eq!(halves.as_ref(), Some(&expected), "{query:?} {cut:?}");
            }
        }
    }
    // A cut outside of the query's range leaves one half empty.
    let some = SalesQuery { from: Some(middle(200)), to: Some(middle(100)), ..query.clone() };
    let expected = sales(&world.scope(), &some).await.unwrap();
    for days in [300, 200, 150, 100, 50] {
        let halves = sales_in_halves(&world.scope(), &some, SplitPoint::At(middle(days))).await.unwrap();
        assert_eq!(halves.as_ref(), Some(&expected), "cut {days} days before");
    }
    let first = whole.groups.keys().next().cloned();
    for (after, limit) in [(None, 1), (None, 2), (first, 1), (None, 50)] {
        let page = SalesQuery { span: Some(GroupSpan { after, limit }), ..query.clone() };
        let expected = sales(&world.scope(), &page).await.unwrap();
        for cut in [SplitPoint::At(middle(180)), SplitPoint::By(id)] {
            let halves = sales_in_halves(&world.scope(), &page, cut).await.unwrap();
            assert_eq!(halves.as_ref(), Some(&expected), "{page:?} {cut:?}");
        }
    }
    let middle = async |least: usize| middle_order(&world.scope(), (None, None), least as i64).await.unwrap();
    assert_eq!(middle(ids.len()).await, Some(ids[(ids.len() - 1) / 2]), "as many orders before it as behind it");
    assert_eq!(middle(ids.len() + 1).await, None, "too few");
}

#[tokio::test]
async fn a_summary_of_some_products_sums_their_lines_alone() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(42)).await;
        let of = async |part: filter::Filter| {
            let products = ResolvedFilter::resolve(&world.scope(), part).await.unwrap().condition();
            SalesSpec { products, from: Some(Timestamp(START + 9 * HOUR)), ..spec() }
        };
        let ids = |column, ids: &[Uuid]| filter::Filter::Ids(column, ids.to_vec());
        let rice = of(ids(filter::IdColumn::Product, &[world.products[1].uuid()])).await;
        let whole = SalesSpec { from: rice.from, ..spec() };
        let by_product = all(&world, &whole, SalesSort { group: Group::Product, top_by: None }, 2).await;
        let own = by_product.iter().find(|row| row.product == Some(world.products[1])).unwrap();
        assert!(own.units_sold.is_positive() && own.refunds.minor > 0, "{own:?}");
        for group in Group::ALL {
            let rows = all(&world, &rice, SalesSort { group, top_by: None }, 3).await;
            assert_eq!(summed(rows.iter().map(sums)), sums(own), "{group:?}");
        }
        assert_eq!(sums(&sales_total(world.reader(), &world.db, rice.clone()).await.unwrap()), sums(own));
        one_reading_has_all(&world, &rice).await;
        let has_few = async |group, limit| has_few_groups(&world.scope(), group, limit).await.unwrap();
        let products = world.products.len() as i64;
        assert!(has_few(Group::Product, products).await && has_few(Group::Day, 0).await);
        assert!(
            !has_few(Group::Product, products - 1).await && !has_few(Group::Customer, 1).await,
            "pages are read by themselves"
        );
        // A category alone, and with its subcategories.
        let below = |column| of(ids(column, &[world.categories[0].uuid()]));
        world.put_below(1, 0).await;
        let alone = sales_total(world.reader(), &world.db, below(filter::IdColumn::Category).await).await.unwrap();
        let tree = sales_total(world.reader(), &world.db, below(filter::IdColumn::CategoryTree).await).await.unwrap();
        let sold = |index: usize| by_product.iter().find(|row| row.product == Some(world.products[index])).map(sums).unwrap();
        assert_eq!(sums(&alone), summed([sold(0), sold(2)].into_iter()));
        assert_eq!(sums(&tree), summed([sold(0), sold(1), sold(2)].into_iter()));
        assert_ne!(sums(&alone), sums(&tree));
    })
    .await;
}

/// Answers as a client gets them: with the extensions.
pub(super) async fn run(world: &World, query: &str) -> Value {
    let schema = Schema::build(Query::default(), EmptyMutation, EmptySubscription)
        .data(world.ledger.clone())
        .data(CursorSigner::new([7; 32]))
        .finish();
    let truncations = Truncations::default();
    let request = Request::new(query).data(world.caller(PermissionSet::all())).data(truncations.clone());
    let mut response = schema.execute(request).await;
    truncations.add_to_response(&mut response);
    serde_json::to_value(&response).unwrap()
}

#[tokio::test]
async fn a_report_that_is_cut_says_so_and_a_summary_has_all() {
    World::on_both(async |world| {
        let products = many_products(&world, 3).await;
        Trade::default().sell_daily(&world, 9, &products).await;
        let cut = run(&world, "{ few: salesReport(groupBy: DAY, first: 4) { key } }").await;
        assert_eq!(
            cut["extensions"]["entrepot"]["truncated"],
            json!([{ "path": ["few"], "returned": 4, "total": 9, "use": "salesSummary" }]),
            "{cut}"
        );
        for whole in ["groupBy: DAY, first: 9", "groupBy: DAY, topBy: ORDERS, first: 4", "groupBy: NONE, first: 1"] {
            let answer = run(&world, &format!("{{ salesReport({whole}) {{ key }} }}")).await;
            assert_eq!((&answer["extensions"], &answer["errors"]), (&Value::Null, &Value::Null), "{whole}");
        }
        let page = |after: &Value| {
            let after = if after.is_null() { String::new() } else { format!(", after: {after}") };
            format!(
                "{{ salesSummary {{ total {{ orders }} rows(groupBy: DAY, first: 4{after}) {{
                   nodes {{ key orders }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }} }}"
            )
        };
        let (mut after, mut orders, mut pages) = (Value::Null, 0, 0);
        loop {
            let answer = run(&world, &page(&after)).await;
            let summary = &answer["data"]["salesSummary"];
            assert_eq!(summary["total"]["orders"], 9, "{answer}");
            let (rows, info) = (&summary["rows"]["nodes"], &summary["rows"]["pageInfo"]);
            assert_eq!(info["hasPreviousPage"], json!(pages > 0));
            orders += rows.as_array().unwrap().iter().map(|row| row["orders"].as_i64().unwrap()).sum::<i64>();
            (after, pages) = (info["endCursor"].clone(), pages + 1);
            if info["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!((orders, pages), (9, 3));
        let statements = async |query: &str| {
            let before = world.db.statements();
            run(&world, query).await;
            world.db.statements() - before
        };
        let rows = statements("{ salesSummary { rows(groupBy: DAY, first: 4) { nodes { key } } } }").await;
        let beside = "{ salesSummary { total { orders } rows(groupBy: DAY, first: 4) { nodes { key } totalCount { count } } } }";
        assert_eq!(statements(beside).await, rows, "documents are read once for rows, their number and the total");
        let other = run(&world, &page(&after).replace("groupBy: DAY", "groupBy: DAY, topBy: ORDERS")).await;
        assert_eq!(other["errors"][0]["path"], json!(["salesSummary", "rows"]), "a cursor of another order is refused: {other}");
    })
    .await;
}
