//! The movement report, and the filter that lists of movements share with it.

use std::collections::BTreeMap;

use entity::prelude::*;
use entrepot::{
    insight::shell::{ReportError, movement_report},
    stock::{
        core::{LevelKey, Movement},
        rows::{MovementFilterSpec, TextTest, movement_filter, movements_by_seq},
    },
    storage::{Reads, Row},
};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    trade::trade,
    world::{HOUR, START, World},
};

/// Movements, entries, units in and out, value.
type Sums = [i64; 5];

async fn all(world: &World) -> Vec<Movement> {
    let scope = world.scope();
    let rows = scope.rows("SELECT seq FROM movement WHERE tenant_id = $1 ORDER BY seq", vec![]).await.unwrap();
    let seqs: Vec<i64> = rows.iter().map(|row| Row::new(row).take().unwrap()).collect();
    movements_by_seq(&scope, &seqs).await.unwrap()
}

fn text_fits(test: &TextTest, text: Option<&str>) -> bool {
    match test {
        TextTest::IsNull(is_null) => text.is_none() == *is_null,
        TextTest::In(texts) => text.is_some_and(|text| texts.iter().any(|t| t == text)),
        TextTest::StartsWith(prefix) => text.is_some_and(|text| text.starts_with(prefix.as_str())),
        TextTest::Contains(part) => text.is_some_and(|text| text.contains(part.as_str())),
    }
}

fn fits(spec: &MovementFilterSpec, m: &Movement) -> bool {
    let moment =
        spec.occurred_from.is_none_or(|from| m.occurred_at >= from) && spec.occurred_before.is_none_or(|to| m.occurred_at < to);
    let kind = spec.kinds.as_ref().is_none_or(|kinds| kinds.contains(&m.kind));
    let reference = spec.references.as_ref().is_none_or(|ids| m.reference.is_some_and(|r| ids.contains(&r.id)));
    let text = spec.external_ref.iter().all(|test| text_fits(test, m.external_ref.as_deref()));
    moment && kind && reference && text
}

fn entry_fits(spec: &MovementFilterSpec, key: LevelKey) -> bool {
    spec.stores.as_ref().is_none_or(|ids| ids.contains(&key.store))
        && spec.products.as_ref().is_none_or(|ids| ids.contains(&key.product))
}

fn plain(movements: &[Movement], spec: &MovementFilterSpec) -> BTreeMap<MovementKind, Sums> {
    let mut sums: BTreeMap<MovementKind, Sums> = BTreeMap::new();
    for m in movements.iter().filter(|m| fits(spec, m)) {
        let entries: Vec<_> = m.entries.iter().filter(|e| entry_fits(spec, e.key)).collect();
        if entries.is_empty() {
            continue;
        }
        let row = sums.entry(m.kind).or_default();
        row[0] += 1;
        for e in entries {
            row[1] += 1;
            row[2] += e.on_hand_delta.max(0);
            row[3] -= e.on_hand_delta.min(0);
            row[4] += e.value.map_or(0, |value| value.minor.abs());
        }
    }
    sums
}

fn specs(world: &World, movements: &[Movement]) -> Vec<MovementFilterSpec> {
    let none = MovementFilterSpec::default();
    let order = movements.iter().find_map(|m| m.reference).unwrap().id;
    let text = |test| MovementFilterSpec { external_ref: vec![test], ..none.clone() };
    vec![
        none.clone(),
        MovementFilterSpec { kinds: Some(vec![MovementKind::Sale, MovementKind::Return]), ..none.clone() },
        MovementFilterSpec { kinds: Some(Vec::new()), ..none.clone() },
        MovementFilterSpec { stores: Some(vec![world.stores[1]]), ..none.clone() },
        MovementFilterSpec { stores: Some(vec![world.stores[0]]), products: Some(world.products[..2].to_vec()), ..none.clone() },
        MovementFilterSpec { products: Some(vec![world.clock.id()]), ..none.clone() },
        MovementFilterSpec { references: Some(vec![order]), ..none.clone() },
        MovementFilterSpec {
            occurred_from: Some(Timestamp(START)),
            occurred_before: Some(Timestamp(START + 300 * HOUR)),
            ..none.clone()
        },
        text(TextTest::In(vec!["W1".to_owned(), "W22".to_owned(), "RECEIPT-6".to_owned()])),
        text(TextTest::StartsWith("W1".to_owned())),
        text(TextTest::Contains("2".to_owned())),
        text(TextTest::IsNull(true)),
        text(TextTest::IsNull(false)),
        text(TextTest::Contains("' OR 1=1 --%".to_owned())),
        MovementFilterSpec {
            external_ref: vec![TextTest::StartsWith("W".to_owned()), TextTest::Contains("3".to_owned())],
            kinds: Some(vec![MovementKind::Reserve]),
            stores: Some(world.stores.clone()),
            ..none.clone()
        },
    ]
}

#[tokio::test]
async fn the_ledger_is_summed_by_kind() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(21)).await;
        let movements = all(&world).await;
        for spec in specs(&world, &movements) {
            let (currency, rows) = movement_report(world.reader(), &world.db, &spec).await.unwrap();
            assert_eq!(currency, Currency::GBP);
            let got = rows.iter().map(|r| (r.kind, [r.movements, r.entries, r.units_in, r.units_out, r.value]));
            assert_eq!(got.collect::<Vec<_>>(), plain(&movements, &spec).into_iter().collect::<Vec<_>>(), "{spec:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_filter_finds_movements_for_a_list() {
    World::on_both(async |world| {
        trade(&world, &mut StdRng::seed_from_u64(22)).await;
        let (scope, movements) = (world.scope(), all(&world).await);
        for spec in specs(&world, &movements) {
            let filter = movement_filter(scope.backend(), &spec, 2);
            let sql = format!("SELECT m.seq FROM movement m WHERE m.tenant_id = $1{} ORDER BY m.seq", filter.on_movements());
            let rows = scope.rows(&sql, filter.values).await.unwrap();
            let got: Vec<i64> = rows.iter().map(|row| Row::new(row).take().unwrap()).collect();
            let found = movements.iter().filter(|m| fits(&spec, m) && m.entries.iter().any(|e| entry_fits(&spec, e.key)));
            assert_eq!(got, found.map(|m| m.seq).collect::<Vec<_>>(), "{spec:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn sums_that_no_database_counts_to_are_refused() {
    World::on_both(async |world| {
        let work = world.scope().begin().await.unwrap();
        let dear = "UPDATE product SET cost_minor = 9007199254740991 WHERE tenant_id = $1 AND id = $2";
        work.execute(dear, vec![world.products[0].into()]).await.unwrap();
        work.commit().await.unwrap();
        // 1,024 times the largest amount passes 63 bits.
        let key = LevelKey { product: world.products[0], store: world.stores[0] };
        let changes: Vec<_> = std::iter::repeat_n((key, 1), 1_100).collect();
        world.adjust(MovementKind::Receipt, &changes, Timestamp(START - HOUR)).await;
        let refused = movement_report(world.reader(), &world.db, &MovementFilterSpec::default()).await;
        assert!(matches!(refused, Err(ReportError::TooLarge)), "{refused:?}");
    })
    .await;
}
