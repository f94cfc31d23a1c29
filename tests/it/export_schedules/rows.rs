//! Rows that runs write: all rows first, then the changes since the last run.

use std::collections::{BTreeMap, BTreeSet};

use parquet::record::Field;
use serde_json::{Value, json};

use super::place::{FileRow, daily, events, folder, manifests, objects, read_schedule, rows_of, run_schedule};
use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::{days_ago, update_book},
    jobs::Works,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    the_first_run_writes_all_movements_and_each_next_one_what_has_come_since,
    a_late_order_writes_exactly_its_facts_again_in_the_folder_of_its_month,
    an_order_that_has_changed_is_written_again_with_all_its_lines,
    stock_whose_quantities_have_changed_is_written_again,
    a_full_refresh_begins_a_set_of_its_own,
    files_are_csv_or_json_lines_where_that_is_asked_for,
);

fn number(row: &FileRow, name: &str) -> i64 {
    match row[name] {
        Field::Long(number) => number,
        ref other => panic!("{name}: {other:?}"),
    }
}

fn text(row: &FileRow, name: &str) -> String {
    match &row[name] {
        Field::Str(text) => text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

async fn the_first_run_writes_all_movements_and_each_next_one_what_has_come_since(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let id = daily(&books.office, json!({})).await;
    let first = run_schedule(&books.office, &id, false).await;
    assert_eq!((&first["set"], &first["consecutiveFailures"]), (&json!(1), &json!(0)), "{first:#}");
    let before = objects(&folder(world, &id));
    let [whole]: [Value; 1] = manifests(&before, "set=000001").try_into().unwrap();
    assert_eq!(
        json!([
            whole["isWhole"],
            whole["fromSeq"],
            whole["toSeq"],
            whole["scheduleId"],
            whole["replacesBy"],
            whole["schemaVersion"]
        ]),
        json!([true, 0, first["throughSeq"], id, [], 1])
    );
    let rows = rows_of(&before, &whole);
    assert!(rows.iter().any(|row| text(row, "sku") == "MUG" && number(row, "onHandDelta") == 50), "{rows:?}");
    // Without movements no file is written, and the events of the run itself add none.
    let idle = run_schedule(&books.office, &id, false).await;
    assert_eq!((&idle["throughSeq"], objects(&folder(world, &id))), (&first["throughSeq"], before.clone()));
    books.sell(&mug, 3).await;
    let second = run_schedule(&books.office, &id, false).await;
    let after = objects(&folder(world, &id));
    let [_, increment]: [Value; 2] = manifests(&after, "set=000001").try_into().unwrap();
    assert_eq!(
        (&increment["isWhole"], &increment["fromSeq"], &increment["toSeq"]),
        (&json!(false), &first["throughSeq"], &second["throughSeq"])
    );
    let sold = rows_of(&after, &increment);
    assert!(!sold.is_empty() && sold.iter().all(|row| number(row, "seq") > first["throughSeq"].as_i64().unwrap()));
    assert_eq!(sold.iter().map(|row| number(row, "onHandDelta")).sum::<i64>(), -3);
    assert!(before.iter().all(|(name, bytes)| after[name] == *bytes), "what was written stays as it was");
    assert_eq!(events(world, "export_schedule.completed").await, 2, "a run without a row is not told");
    works.kill().await;
    books.office.is_sound().await;
}

/// An order of one product, placed `days` ago.
async fn order(books: &Books<'_>, product: &Value, quantity: i64, days: i64) -> Value {
    let lines = json!([{ "product": product, "quantity": quantity, "unitPrice": gbp("9.00") }]);
    let mut input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED", "lines": lines });
    if days > 0 {
        input["placedAt"] = json!(days_ago(books.office.world, days));
    }
    accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id number }", input).await, "order").clone()
}

fn fact_key(row: &FileRow) -> String {
    ["businessDate", "productId", "storeId", "channelId", "currency"].map(|name| row[name].to_string()).join(" ")
}

async fn a_late_order_writes_exactly_its_facts_again_in_the_folder_of_its_month(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.adjust("RECEIPT", &mug, 50, json!({ "occurredAt": days_ago(world, 40) })).await;
    for days in [35, 3, 0] {
        order(&books, &mug, 2, days).await;
    }
    update_book(world).await;
    let id = daily(&books.office, json!({ "entity": "DEMAND_FACTS" })).await;
    run_schedule(&books.office, &id, false).await;
    order(&books, &mug, 1, 35).await;
    update_book(world).await;
    run_schedule(&books.office, &id, false).await;
    let there = objects(&folder(world, &id));
    let [whole, late]: [Value; 2] = manifests(&there, "set=000001").try_into().unwrap();
    let months: BTreeSet<&str> = whole["files"].as_array().unwrap().iter().map(|file| file["month"].as_str().unwrap()).collect();
    let month = &days_ago(world, 35)[..7];
    assert!(months.len() > 1 && months.contains(month), "{months:?}");
    assert_eq!(late["files"].as_array().unwrap().len(), 1, "{late:#}");
    let name = late["files"][0]["name"].as_str().unwrap();
    assert!(name.starts_with(&format!("demand-facts/set=000001/month={month}/")), "{name}");
    let revised = rows_of(&there, &late);
    assert_eq!((revised.len(), number(&revised[0], "orderedUnits")), (1, 3), "exactly its key: {revised:?}");
    assert_eq!(late["replacesBy"], json!(["businessDate", "productId", "storeId", "channelId", "currency"]));
    // All rows of the first run and all that were revised since equal the rows of a new set.
    let mut copy: BTreeMap<String, FileRow> = BTreeMap::new();
    for manifest in [&whole, &late] {
        copy.extend(rows_of(&there, manifest).into_iter().map(|row| (fact_key(&row), row)));
    }
    run_schedule(&books.office, &id, true).await;
    let there = objects(&folder(world, &id));
    let [again]: [Value; 1] = manifests(&there, "set=000002").try_into().unwrap();
    let again: BTreeMap<String, FileRow> = rows_of(&there, &again).into_iter().map(|row| (fact_key(&row), row)).collect();
    assert_eq!(copy, again);
    works.kill().await;
}

async fn an_order_that_has_changed_is_written_again_with_all_its_lines(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    for product in [&mug, &plate] {
        books.receive(product, 50, "2.00").await;
    }
    order(&books, &mug, 1, 0).await;
    let lines = json!([{ "product": mug, "quantity": 1 }, { "product": plate, "quantity": 2 }]);
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "CONFIRMED", "lines": lines });
    let payload = books.office.mutate("orderCreate", "OrderCreateInput", "order { id number }", input).await;
    let changed = accepted(&payload, "order").clone();
    let id = daily(&books.office, json!({ "entity": "ORDERS" })).await;
    run_schedule(&books.office, &id, false).await;
    let cancel = json!({ "idempotencyKey": key(), "id": changed["id"] });
    accepted(&books.office.mutate("orderCancel", "ActionInput", "order { status }", cancel).await, "order");
    run_schedule(&books.office, &id, false).await;
    let there = objects(&folder(world, &id));
    let [whole, increment]: [Value; 2] = manifests(&there, "set=000001").try_into().unwrap();
    assert!(rows_of(&there, &whole).len() >= 3);
    let rows = rows_of(&there, &increment);
    let digits = changed["number"].as_str().unwrap().trim_start_matches(|of: char| !of.is_ascii_digit());
    let number_of: i64 = digits.parse().unwrap();
    assert_eq!(rows.len(), 2, "both lines of the one order: {rows:?}");
    for row in &rows {
        assert_eq!((number(row, "number"), text(row, "status")), (number_of, "CANCELLED".to_owned()));
    }
    assert_eq!(increment["replacesBy"], json!(["number"]));
    works.kill().await;
}

async fn stock_whose_quantities_have_changed_is_written_again(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    for product in [&mug, &plate] {
        books.receive(product, 50, "2.00").await;
    }
    let id = daily(&books.office, json!({ "entity": "STOCK" })).await;
    run_schedule(&books.office, &id, false).await;
    books.sell(&plate, 4).await;
    run_schedule(&books.office, &id, false).await;
    let there = objects(&folder(world, &id));
    let [whole, increment]: [Value; 2] = manifests(&there, "set=000001").try_into().unwrap();
    let all = rows_of(&there, &whole);
    assert!(["MUG", "PLATE"].iter().all(|sku| all.iter().any(|row| text(row, "sku") == *sku)), "{all:?}");
    let rows = rows_of(&there, &increment);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((text(&rows[0], "sku"), number(&rows[0], "onHand")), ("PLATE".to_owned(), 46));
    works.kill().await;
}

async fn a_full_refresh_begins_a_set_of_its_own(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let id = daily(&books.office, json!({})).await;
    run_schedule(&books.office, &id, false).await;
    books.sell(&mug, 1).await;
    run_schedule(&books.office, &id, false).await;
    let refreshed = run_schedule(&books.office, &id, true).await;
    assert_eq!(refreshed["set"], 2);
    let there = objects(&folder(world, &id));
    let before: Vec<FileRow> = manifests(&there, "set=000001").iter().flat_map(|manifest| rows_of(&there, manifest)).collect();
    let [whole]: [Value; 1] = manifests(&there, "set=000002").try_into().unwrap();
    assert_eq!(rows_of(&there, &whole), before, "a set alone is all there is");
    // Another format cannot continue the same set either.
    let now = read_schedule(&books.office, &id).await;
    let change = json!({ "id": id, "expectedVersion": now["version"], "format": "CSV" });
    daily(&books.office, change).await;
    assert_eq!(run_schedule(&books.office, &id, false).await["set"], 3);
    works.kill().await;
}

async fn files_are_csv_or_json_lines_where_that_is_asked_for(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    for (format, ending) in [("CSV", "csv"), ("JSONL", "jsonl")] {
        let id = daily(&books.office, json!({ "format": format, "name": format })).await;
        run_schedule(&books.office, &id, false).await;
        let there = objects(&folder(world, &id));
        let [whole]: [Value; 1] = manifests(&there, "set=000001").try_into().unwrap();
        let name = whole["files"][0]["name"].as_str().unwrap();
        assert!(name.ends_with(&format!("-0001.{ending}")), "{name}");
        let lines = String::from_utf8(there[name].clone()).unwrap();
        let head = usize::from(format == "CSV");
        assert_eq!(lines.lines().count(), whole["rows"].as_u64().unwrap() as usize + head, "{lines}");
        assert!(lines.contains("MUG"), "{lines}");
    }
    works.kill().await;
}
