//! Summaries of movements: rows sum to the total, and one reading has what several have.

use entity::prelude::*;
use entrepot::{
    catalog::rows::{ResolvedFilter, filter, page::ProductCondition},
    insight::{
        rows::MovementGroup,
        shell::{MovementSummaryRow, MovementsRequest, movement_row_count, movement_rows, movement_sheet, movement_total},
    },
    stock::rows::MovementFilterSpec,
};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    summaries::{run, summed},
    trade::trade,
    world::{HOUR, START, World},
};

/// Conditions on products: none, and one product.
async fn products(world: &World) -> [ProductCondition; 2] {
    let of = async |part: filter::Filter| ResolvedFilter::resolve(&world.scope(), part).await.unwrap().condition();
    let one = filter::Filter::Ids(filter::IdColumn::Product, vec![world.products[0].uuid()]);
    [of(filter::Filter::default()).await, of(one).await]
}

/// All rows, in pages of two.
async fn all(world: &World, ask: &MovementsRequest, group: MovementGroup) -> Vec<MovementSummaryRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = movement_rows(world.reader(), &world.db, ask, group, (after, 2)).await.unwrap();
        after = page.rows.last().map(|(_, keys)| keys.clone());
        rows.extend(page.rows.into_iter().map(|(row, _)| row));
        if !page.has_next {
            return rows;
        }
    }
}

#[tokio::test]
async fn the_rows_of_movements_sum_to_the_total() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(43)).await;
        let sums = |row: &MovementSummaryRow| [row.sums.entries, row.sums.units_in, row.sums.units_out, row.sums.value];
        for products in products(&world).await {
            let request = MovementsRequest { products, ..MovementsRequest::default() };
            let total = movement_total(world.reader(), &world.db, &request).await.unwrap();
            assert!(total.sums.units_in > 0 && total.sums.units_out > 0 && total.sums.value > 0);
            for group in MovementGroup::ALL {
                let rows = all(&world, &request, group).await;
                assert_eq!(summed(rows.iter().map(sums)), sums(&total), "{group:?}");
                assert!(group == MovementGroup::None || request.products.sql.len() > 1 || rows.len() > 1, "{group:?}: {rows:?}");
            }
        }
    })
    .await;
}

/// Asserts that a single read has the total, the rows of all pages, and their number.
async fn one_reading_has_all(world: &World, ask: &MovementsRequest) {
    let total = movement_total(world.reader(), &world.db, ask).await.unwrap();
    for group in MovementGroup::ALL {
        let sheet = movement_sheet(world.reader(), &world.db, ask, group).await.unwrap().unwrap();
        assert_eq!(sheet.total().unwrap(), total, "{group:?} {ask:?}: a movement of several groups counts once");
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = sheet.page((after, 2)).unwrap();
            after = page.rows.last().map(|(_, keys)| keys.clone());
            rows.extend(page.rows.into_iter().map(|(row, _)| row));
            if !page.has_next {
                break;
            }
        }
        assert_eq!(rows, all(world, ask, group).await, "{group:?} {ask:?}");
        let count = movement_row_count(world.reader(), &world.db, ask, group, 1_000).await.unwrap();
        assert_eq!((rows.len(), sheet.count()), (count, count), "{group:?} {ask:?}");
    }
}

#[tokio::test]
async fn one_reading_of_movements_has_all_rows_and_the_total() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(44)).await;
        let whole = MovementsRequest::default();
        let total = movement_total(world.reader(), &world.db, &whole).await.unwrap();
        let by_product = all(&world, &whole, MovementGroup::Product).await;
        let counted: i64 = by_product.iter().map(|row| row.sums.movements).sum();
        assert!(counted > total.sums.movements, "movements of several products: {counted} and {total:?}");
        let none = MovementFilterSpec::default();
        let specs = [
            none.clone(),
            MovementFilterSpec { kinds: Some(vec![MovementKind::Sale]), ..none.clone() },
            MovementFilterSpec { stores: Some(vec![world.stores[1]]), ..none.clone() },
            MovementFilterSpec {
                occurred_from: Some(Timestamp(START)),
                occurred_before: Some(Timestamp(START + 300 * HOUR)),
                ..none.clone()
            },
            MovementFilterSpec { kinds: Some(Vec::new()), ..none },
        ];
        for products in products(&world).await {
            for spec in &specs {
                one_reading_has_all(&world, &MovementsRequest { spec: spec.clone(), products: products.clone() }).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn movements_are_read_once_for_rows_their_number_and_the_total() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(45)).await;
        let count_statements = async |fields: &str| {
            let before = world.db.statements();
            let answer = run(&world, &format!("{{ movementSummary {{ {fields} }} }}")).await;
            assert!(answer["errors"].is_null(), "{answer:#}");
            (answer["data"]["movementSummary"].clone(), world.db.statements() - before)
        };
        let sums = "movements entries unitsIn unitsOut";
        let (total, _) = count_statements(&format!("total {{ {sums} }}")).await;
        for group in ["DAY", "STORE"] {
            let rows = format!("rows(groupBy: {group}, first: 1) {{ nodes {{ key {sums} }} pageInfo {{ hasNextPage }}");
            let (alone, once) = count_statements(&format!("{rows} }}")).await;
            let (whole, statements) = count_statements(&format!("total {{ {sums} }} {rows} totalCount {{ count }} }}")).await;
            assert_eq!(statements, once, "{group}: {whole:#}");
            assert_eq!(whole["total"], total["total"], "{group}");
            for part in ["nodes", "pageInfo"] {
                assert_eq!(whole["rows"][part], alone["rows"][part], "{group}");
            }
        }
    })
    .await;
}
