//! Rows as Parquet files, and copies of demand facts that are updated by revised rows.

use std::collections::BTreeMap;

use bytes::Bytes;
use entity::prelude::Timestamp;
use entrepot::{
    clock::{day_text, rfc3339},
    demand::shell::rebuild,
};
use parquet::{
    basic::LogicalType,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{Works, World, counts, download, execute, export, import, result, wait_for_end};
use crate::{
    costing::world::Books,
    demand::days::{days_ago, update_book},
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    a_parquet_file_says_what_json_lines_say,
    all_facts_and_what_was_revised_since_are_all_facts_of_today,
    facts_that_were_made_again_are_copied_from_the_beginning,
    costs_are_left_out_of_facts_for_whoever_does_not_see_them,
    what_cannot_be_asked_is_refused,
);

type Row = BTreeMap<String, Field>;

fn opened(bytes: Vec<u8>) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(Bytes::from(bytes)).unwrap()
}

fn rows(bytes: Vec<u8>) -> Vec<Row> {
    opened(bytes).get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns().into_iter().collect()).collect()
}

/// Whether a value of a Parquet file is that of a JSON line.
fn is_same(name: &str, field: &Field, json: &Value) -> bool {
    match field {
        Field::Null => json.is_null(),
        Field::Str(text) => json.as_str() == Some(text.as_str()),
        Field::Long(minor) if name.ends_with("Minor") => {
            json.as_str().is_some_and(|text| text.replace('.', "").parse::<i64>() == Ok(*minor))
        }
        Field::Long(number) => json.as_i64() == Some(*number),
        Field::Date(day) => json.as_str() == Some(day_text(*day).as_str()),
        Field::TimestampMicros(at) => json.as_str() == Some(rfc3339(Timestamp(*at)).as_str()),
        _ => false,
    }
}

/// Compares a file with the JSON lines of the same rows.
fn says_the_same(rows: &[Row], lines: &str) {
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        for name in line.as_object().unwrap().keys() {
            assert!(row.contains_key(name) || row.contains_key(&format!("{name}Minor")), "{name} of {line}");
        }
        for (name, field) in row {
            let json = &line[name.strip_suffix("Minor").unwrap_or(name)];
            assert!(is_same(name, field, json), "{name}: {field:?} and {json}");
        }
    }
}

const LOTS: &str = "sku,store,onHand,lot,madeOn,expiresOn\nmilk,alpha-shop,5,L-1,2026-01-02,2026-11-30\n";

async fn a_parquet_file_says_what_json_lines_say(world: &World) {
    let works = Works::begin(world);
    let exchange =
        wait_for_end(world, &import(world, "PRODUCTS", "sku,name,tracking,price\nmilk,Milk,LOT,1.25\n", json!({})).await).await;
    assert_eq!(counts(&exchange)[4], 0, "{}", result(world, &exchange).await);
    wait_for_end(world, &import(world, "STOCK", LOTS, json!({})).await).await;
    update_book(world).await;
    for noun in ["PRODUCTS", "STOCK", "MOVEMENTS", "ORDERS", "SUPPLIERS", "CATEGORIES", "CUSTOMERS", "DEMAND_FACTS"] {
        let lines = wait_for_end(world, &export(world, json!({ "entity": noun, "format": "JSONL" })).await).await;
        let file = wait_for_end(world, &export(world, json!({ "entity": noun, "format": "PARQUET" })).await).await;
        assert_eq!((&file["state"], &lines["state"]), (&json!("DONE"), &json!("DONE")), "{noun}: {file:#}");
        assert_eq!(file["result"]["mediaType"], "application/vnd.apache.parquet");
        let found = rows(download(world, &file["result"]["downloadUrl"]).await);
        assert!(!found.is_empty() && found.len() as i64 == counts(&file)[0], "{noun}");
        says_the_same(&found, &result(world, &lines).await);
    }
    for (noun, column) in [("STOCK", "expiresOn"), ("MOVEMENTS", "occurredAt"), ("PRODUCTS", "priceMinor")] {
        let file = wait_for_end(world, &export(world, json!({ "entity": noun, "format": "PARQUET" })).await).await;
        let reader = opened(download(world, &file["result"]["downloadUrl"]).await);
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let found = columns.iter().find(|one| one.name() == column).unwrap();
        match (column, found.logical_type_ref()) {
            ("expiresOn", Some(LogicalType::Date)) | ("priceMinor", None) => {}
            ("occurredAt", Some(LogicalType::Timestamp(at))) => assert!(at.is_adjusted_to_u_t_c),
            (_, other) => panic!("{column}: {other:?}"),
        }
    }
    // A file without a row is one, too.
    let input = json!({ "entity": "PRODUCTS", "format": "PARQUET", "before": "2000-01-01T00:00:00Z" });
    let none = wait_for_end(world, &export(world, input).await).await;
    assert_eq!(none["state"], "DONE", "{none:#}");
    assert!(rows(download(world, &none["result"]["downloadUrl"]).await).is_empty());
    works.kill().await;
}

/// An order of one product, placed `days` ago.
async fn order(books: &Books<'_>, product: &Value, quantity: i64, (status, days): (&str, i64)) -> Value {
    let lines = json!([{ "product": product, "quantity": quantity, "unitPrice": gbp("9.00") }]);
    let mut input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": status, "lines": lines });
    if days > 0 {
        input["placedAt"] = json!(days_ago(books.office.world, days));
    }
    accepted(&books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order").clone()
}

/// Exports demand facts, and returns the result, its manifest and its file.
async fn facts(world: &World, extra: Value) -> Value {
    update_book(world).await;
    let mut input = json!({ "entity": "DEMAND_FACTS", "format": "PARQUET" });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
    let id = export(world, input).await;
    wait_for_end(world, &id).await;
    let query = "query($id: ID!) { node(id: $id) { ... on DataJob { state error noun manifest { generation from to rows sha256 }
        result { sha256 downloadUrl } } } }";
    execute(world, query, json!({ "id": id })).await["node"].clone()
}

async fn rows_of(world: &World, exchange: &Value) -> Vec<Row> {
    assert_eq!(exchange["state"], "DONE", "{exchange:#}");
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&exchange["manifest"]["sha256"], &exchange["result"]["sha256"]), (&json!(hash), &json!(hash)));
    let found = rows(bytes);
    assert_eq!(exchange["manifest"]["rows"], found.len());
    found
}

fn since(manifest: &Value) -> Value {
    json!({ "sinceSeq": manifest["to"], "sinceGeneration": manifest["generation"] })
}

fn is_gone(row: &Row) -> bool {
    row["state"] == Field::Str("GONE".to_owned())
}

type Copied = BTreeMap<String, Row>;

/// Applies rows as a reader does: each row replaces or removes the one with its key.
fn copied(mut copy: Copied, rows: Vec<Row>) -> Copied {
    for row in rows {
        let name = ["businessDate", "productId", "storeId", "channelId", "currency"].map(|name| row[name].to_string()).join(" ");
        if is_gone(&row) {
            copy.remove(&name)
        } else {
            copy.insert(name, row)
        };
    }
    copy
}

async fn all_facts_and_what_was_revised_since_are_all_facts_of_today(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let (mug, plate) = (books.office.product("MUG", "2.00").await, books.office.product("PLATE", "3.00").await);
    for product in [&mug, &plate] {
        books.adjust("RECEIPT", product, 50, json!({ "occurredAt": days_ago(world, 20) })).await;
    }
    for days in [6, 3, 0] {
        order(&books, &mug, 2, ("FULFILLED", days)).await;
    }
    let regretted = order(&books, &plate, 4, ("CONFIRMED", 0)).await;
    let first = facts(world, json!({})).await;
    assert_eq!(first["manifest"]["from"], 0);
    let copy = copied(Copied::new(), rows_of(world, &first).await);
    // A late order, and one that is cancelled completely.
    order(&books, &mug, 1, ("FULFILLED", 3)).await;
    let input = json!({ "idempotencyKey": key(), "id": regretted["id"] });
    accepted(&books.office.mutate("orderCancel", "ActionInput", "order { status }", input).await, "order");
    let revised = facts(world, since(&first["manifest"])).await;
    assert_eq!(revised["manifest"]["from"], first["manifest"]["to"]);
    let found = rows_of(world, &revised).await;
    let [late, gone] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&late["sku"], &late["orderedUnits"]), (&Field::Str("MUG".to_owned()), &Field::Long(3)));
    assert_eq!((&gone["sku"], &gone["orderedUnits"], is_gone(gone)), (&Field::Str("PLATE".to_owned()), &Field::Long(0), true));
    let copy = copied(copy, found);
    let second = facts(world, json!({})).await;
    assert_eq!(copy, copied(Copied::new(), rows_of(world, &second).await));
    // The key has facts again after another order; a call without a generation gets them too.
    order(&books, &plate, 1, ("FULFILLED", 0)).await;
    let again = facts(world, json!({ "sinceSeq": second["manifest"]["to"] })).await;
    let found = rows_of(world, &again).await;
    assert!(found.len() == 1 && !is_gone(&found[0]), "{found:?}");
    let copy = copied(copy, found);
    let third = rows_of(world, &facts(world, json!({})).await).await;
    assert_eq!(copy, copied(Copied::new(), third));
    // From event 0 on the export has all rows; from the last event on it has none.
    let all = rows_of(world, &facts(world, json!({ "sinceSeq": 0 })).await).await;
    assert_eq!(copy, copied(Copied::new(), all));
    assert!(rows_of(world, &facts(world, since(&again["manifest"])).await).await.is_empty());
    // Filters apply: one product, and days from a date on.
    let few = json!({ "productIds": [mug["id"]], "from": days_ago(world, 5) });
    let few = rows_of(world, &facts(world, few).await).await;
    let units: Vec<&Field> = few.iter().map(|row| &row["orderedUnits"]).collect();
    assert_eq!(units, [&Field::Long(3), &Field::Long(2)]);
    works.kill().await;
}

async fn facts_that_were_made_again_are_copied_from_the_beginning(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    order(&books, &mug, 2, ("FULFILLED", 0)).await;
    let first = facts(world, json!({})).await;
    let before = rows_of(world, &first).await;
    rebuild(&world.node.db, world.ours.owner.tenant, 50).await.unwrap();
    let refused = facts(world, since(&first["manifest"])).await;
    assert_eq!((&refused["state"], &refused["manifest"]), (&json!("FAILED"), &Value::Null), "{refused:#}");
    assert!(refused["error"].as_str().unwrap().contains("start over"), "{refused:#}");
    let anew = facts(world, json!({})).await;
    assert!(anew["manifest"]["generation"].as_i64() > first["manifest"]["generation"].as_i64());
    assert_eq!(rows_of(world, &anew).await.len(), before.len());
    let ahead = facts(world, json!({ "sinceSeq": 1_000_000_000 })).await;
    assert_eq!(ahead["state"], "FAILED", "{ahead:#}");
    works.kill().await;
}

async fn costs_are_left_out_of_facts_for_whoever_does_not_see_them(world: &World) {
    let works = Works::begin(world);
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 20, "2.00").await;
    books.sell(&mug, 3).await;
    update_book(world).await;
    let query =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "analyst", "name": "Analyst", "permissions": ["exchange.run", "file.write", "report.read"] });
    let role = world.must_mutate(&world.ours, query, json!({ "input": input })).await["role"]["id"].clone();
    let person = world.add_member_with("analyst", json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let caller = world.caller(person).await;
    let create = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code } } }";
    let show = "query($id: ID!) { node(id: $id) { ... on DataJob { state result { downloadUrl } } } }";
    let input = json!({ "input": { "idempotencyKey": "facts", "entity": "DEMAND_FACTS", "format": "PARQUET" } });
    let answer = world.execute(&world.ours, Some(caller.clone()), create, &input).await;
    let id = answer["data"]["exportCreate"]["dataJob"]["id"].clone();
    wait_for_end(world, id.as_str().unwrap_or_else(|| panic!("{answer:#}"))).await;
    let mine = world.execute(&world.ours, Some(caller), show, &json!({ "id": id })).await["data"]["node"].clone();
    let found = rows(download(world, &mine["result"]["downloadUrl"]).await);
    assert!(!found.is_empty() && found.iter().all(|row| row["costOfGoodsSoldMinor"] == Field::Null), "{found:?}");
    assert!(found.iter().any(|row| matches!(row["grossRevenueMinor"], Field::Long(_))), "{found:?}");
    works.kill().await;
}

async fn what_cannot_be_asked_is_refused(world: &World) {
    let create =
        "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code field } } }";
    for (input, field) in [
        (json!({ "entity": "PRODUCTS", "sinceSeq": 5 }), "sinceSeq"),
        (json!({ "entity": "DEMAND_FACTS", "sinceSeq": -1 }), "sinceSeq"),
        (json!({ "entity": "DEMAND_FACTS", "sinceGeneration": 1 }), "sinceGeneration"),
    ] {
        let mut input = input;
        input["idempotencyKey"] = json!(key());
        let refused = execute(world, create, json!({ "input": input })).await["exportCreate"].clone();
        let expected = json!({ "dataJob": null, "userErrors": [{ "code": "INVALID", "field": ["input", field] }] });
        assert_eq!(refused, expected, "{input}");
    }
    let file = world.sent(&world.ours, "rows.csv", b"sku,name\nmug,Mug\n".to_vec()).await;
    let create =
        "mutation($input: ImportCreateInput!) { importCreate(input: $input) { dataJob { id } userErrors { code field } } }";
    let input = json!({ "idempotencyKey": key(), "fileId": file, "entity": "PRODUCTS", "format": "PARQUET" });
    let refused = execute(world, create, json!({ "input": input })).await["importCreate"].clone();
    let expected = json!({ "dataJob": null, "userErrors": [{ "code": "INVALID", "field": ["input", "format"] }] });
    assert_eq!(refused, expected);
    let denied = world
        .execute(
            &world.ours,
            Some(world.ours.owner_with(&["exchange.run"])),
            "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } } }",
            &json!({ "input": { "idempotencyKey": key(), "entity": "DEMAND_FACTS" } }),
        )
        .await;
    assert_eq!(denied["errors"][0]["code"], "FORBIDDEN", "{denied:#}");
}
