//! Imports that fail midway: finished rows stay, and the result lists the rows that were refused
//! until then.

use entrepot::exchange::core::ImportLimits;
use serde_json::{Value, json};

use super::world::{Works, World, counts, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    a_file_of_too_many_rows_is_told_how_far_it_came,
    too_many_refusals_end_an_import_with_their_list,
    a_file_that_breaks_in_the_middle_is_told_how_far_it_came,
    a_dry_run_of_too_many_rows_writes_nothing,
);

/// Returns a file in which one of five rows has no name.
fn rows(count: usize) -> String {
    let row = |n: usize| if n.is_multiple_of(5) { format!("r-{n},\n") } else { format!("r-{n},Row {n}\n") };
    format!("sku,name\n{}", (1..=count).map(row).collect::<String>())
}

fn refused_rows(report: &str) -> Vec<&str> {
    report.lines().skip(1).filter_map(|line| line.split(',').next()).collect()
}

async fn a_file_of_too_many_rows_is_told_how_far_it_came(world: &World) {
    let works = Works::begin(world);
    world.node.exchange.set_import_limits(ImportLimits { rows: 1_200, ..ImportLimits::default() });
    let finished_exchange = wait_for_end(world, &import(world, "PRODUCTS", rows(1_200), json!({})).await).await;
    assert_eq!(
        (&finished_exchange["state"], counts(&finished_exchange)),
        (&json!("DONE"), [1_200, 960, 0, 0, 240]),
        "{finished_exchange:#}"
    );
    let more = rows(1_201).replace("r-", "s-");
    let failed = wait_for_end(world, &import(world, "PRODUCTS", more, json!({})).await).await;
    assert_eq!(failed["state"], "FAILED", "{failed:#}");
    assert_eq!(failed["error"], "the file has more than 1200 rows: divide it");
    assert_eq!(counts(&failed), [1_000, 800, 0, 0, 200], "the chunks before it are done");
    let report = result(world, &failed).await;
    let refused = refused_rows(&report);
    assert_eq!((refused.len(), refused[0], refused[199]), (200, "5", "1000"), "{report}");
    assert_eq!((product(world, "s-999").await["name"].clone(), product(world, "s-1001").await), (json!("Row 999"), Value::Null));
    works.kill().await;
}

async fn too_many_refusals_end_an_import_with_their_list(world: &World) {
    let works = Works::begin(world);
    world.node.exchange.set_import_limits(ImportLimits { refused: 150, ..ImportLimits::default() });
    let failed = wait_for_end(world, &import(world, "PRODUCTS", rows(2_000), json!({})).await).await;
    assert_eq!(failed["state"], "FAILED", "{failed:#}");
    assert_eq!(failed["error"], "more than 150 rows were refused: the rest was not tried");
    assert_eq!(counts(&failed), [1_000, 800, 0, 0, 200]);
    assert_eq!(refused_rows(&result(world, &failed).await).len(), 200);
    works.kill().await;
}

async fn a_file_that_breaks_in_the_middle_is_told_how_far_it_came(world: &World) {
    let works = Works::begin(world);
    // A quote that is never closed makes one row of all the rest.
    let broken = format!("{}r-0,\"{}", rows(600), "x".repeat(1_200_000));
    let failed = wait_for_end(world, &import(world, "PRODUCTS", broken, json!({})).await).await;
    assert_eq!((&failed["state"], counts(&failed)), (&json!("FAILED"), [500, 400, 0, 0, 100]), "{failed:#}");
    assert!(failed["error"].as_str().unwrap().starts_with("a row is longer than"), "{failed:#}");
    assert_eq!(refused_rows(&result(world, &failed).await).last(), Some(&"500"));
    // The limit of a row is no multiple of three bytes, so the last character does not fit.
    let wide = format!("sku,name\nw-1,\"{}", "€".repeat(500_000));
    let failed = wait_for_end(world, &import(world, "PRODUCTS", wide, json!({})).await).await;
    assert!(failed["error"].as_str().unwrap().starts_with("a row is longer than"), "{failed:#}");
    // An import without any readable row has no result.
    let nothing = wait_for_end(world, &import(world, "PRODUCTS", "colour,size\nred,9\n", json!({})).await).await;
    assert_eq!((&nothing["state"], counts(&nothing)), (&json!("FAILED"), [0; 5]), "{nothing:#}");
    assert_eq!(nothing["result"], Value::Null);
    works.kill().await;
}

async fn a_dry_run_of_too_many_rows_writes_nothing(world: &World) {
    let works = Works::begin(world);
    world.node.exchange.set_import_limits(ImportLimits { rows: 600, ..ImportLimits::default() });
    let failed = wait_for_end(world, &import(world, "PRODUCTS", rows(700), json!({ "validateOnly": true })).await).await;
    assert_eq!((&failed["state"], counts(&failed)), (&json!("FAILED"), [500, 400, 0, 0, 100]), "{failed:#}");
    assert_eq!(failed["result"]["name"], "dry-run.csv");
    assert_eq!(refused_rows(&result(world, &failed).await).len(), 100);
    assert_eq!((product(world, "r-1").await, product(world, "r-499").await), (Value::Null, Value::Null));
    works.kill().await;
}
