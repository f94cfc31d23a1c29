//! Sorts of lists whose rows have equal values: pages from either end have each row once, and a cursor opens in its own order alone.

use std::collections::BTreeSet;

use entity::{
    prelude::{ProductId, StoreId, Timestamp},
    tables::{
        document_reversal, factor_series, fulfilment_wave, job, liquidation_plan, product, replenishment_plan, stock_level,
    },
};
use entrepot::storage::Finds;
use serde_json::{Value, json};

use crate::{authorization::world::World, world::on_both};

on_both!(
    rows_with_equal_values_are_paged_from_either_end_of_every_sort,
    jobs_are_read_from_the_oldest_or_the_newest,
    jobs_are_found_by_what_they_are,
    lists_are_filtered_by_the_times_that_they_are_sorted_by,
    levels_are_sorted_by_the_names_of_products_and_the_codes_of_stores,
);

/// Seconds from now of two moments of three rows: two are equal in each.
const MOMENTS: [(i64, i64); 3] = [(100, 300), (100, 200), (200, 200)];

/// A list, what names its rows, and its sorts, each with the field that shows it.
type Sorts = (&'static str, &'static str, [(&'static str, &'static str); 2]);

const LISTS: [Sorts; 5] = [
    ("documentReversals", "id", [("NUMBER", "number"), ("OCCURRED_AT", "occurredAt")]),
    ("factorSeries", "code", [("CODE", "code"), ("UPDATED_AT", "updatedAt")]),
    ("fulfilmentWaves", "id", [("CREATED_AT", "createdAt"), ("UPDATED_AT", "updatedAt")]),
    ("liquidationPlans", "id", [("CREATED_AT", "createdAt"), ("UPDATED_AT", "updatedAt")]),
    ("replenishmentPlans", "id", [("CREATED_AT", "createdAt"), ("UPDATED_AT", "updatedAt")]),
];

/// Inserts three more rows into each list, as copies of the company's row, with equal times.
async fn keep_rows_with_equal_moments(world: &World) {
    let (clock, now) = (&world.node.clock, world.node.clock.now());
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let reversal = scope.all(scope.find::<document_reversal::Entity>()).await.unwrap().remove(0);
    let series = scope.all(scope.find::<factor_series::Entity>()).await.unwrap().remove(0);
    let wave = scope.all(scope.find::<fulfilment_wave::Entity>()).await.unwrap().remove(0);
    let clearance = scope.all(scope.find::<liquidation_plan::Entity>()).await.unwrap().remove(0);
    let plan = scope.all(scope.find::<replenishment_plan::Entity>()).await.unwrap().remove(0);
    let work = scope.begin().await.unwrap();
    for (nth, (created_offset, changed)) in (1_i64..).zip(MOMENTS) {
        let (made_at, updated_at) = (now.plus_seconds(created_offset), now.plus_seconds(changed));
        let number = reversal.number + 1_000 + nth;
        let row = document_reversal::Model { id: clock.id(), number, occurred_at: updated_at, ..reversal.clone() };
        work.insert::<document_reversal::Entity>(row).await.unwrap();
        let row = factor_series::Model { code: format!("tie-{nth}"), updated_at, ..series.clone() };
        work.insert::<factor_series::Entity>(row).await.unwrap();
        let row = fulfilment_wave::Model { id: clock.id(), created_at: made_at, updated_at, ..wave.clone() };
        work.insert::<fulfilment_wave::Entity>(row).await.unwrap();
        let row = liquidation_plan::Model { id: clock.id(), made_at, updated_at, ..clearance.clone() };
        work.insert::<liquidation_plan::Entity>(row).await.unwrap();
        let row = replenishment_plan::Model { id: clock.id(), made_at, updated_at, ..plan.clone() };
        work.insert::<replenishment_plan::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// Inserts three failed jobs, two of them created at the same time.
async fn keep_failed_jobs(world: &World) {
    let (tenant_id, now) = (world.ours.owner.tenant, world.node.clock.now());
    let work = world.node.db.tenant(tenant_id).begin().await.unwrap();
    for (created_offset, _) in MOMENTS {
        let created_at: Timestamp = now.plus_seconds(created_offset);
        let row = job::Model {
            tenant_id,
            id: world.node.clock.id(),
            kind: "test.failed".to_owned(),
            period: None,
            payload: "{}".to_owned(),
            state: "DEAD".to_owned(),
            due_at: created_at,
            owner: None,
            token: 0,
            beat: 0,
            failures: 1,
            started_at: Some(created_at),
            finished_at: Some(created_at),
            error: Some("it failed".to_owned()),
            fault: None,
            created_at,
            deaths: 0,
        };
        work.insert::<job::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// Three more products, two of one name, in every store that has a product.
async fn keep_products_of_equal_names(world: &World) {
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let levels = scope.all(scope.find::<stock_level::Entity>()).await.unwrap();
    let stores: BTreeSet<StoreId> = levels.iter().map(|level| level.store_id).collect();
    let products = scope.all(scope.find::<product::Entity>()).await.unwrap();
    let known = products.into_iter().find(|product| product.id == levels[0].product_id).unwrap();
    let work = scope.begin().await.unwrap();
    for (sku, name) in [("tie-1", "Tie"), ("tie-2", "tie"), ("tie-3", "About")] {
        let product_id: ProductId = world.node.clock.id();
        let (sku, name) = (sku.to_owned(), name.to_owned());
        let row =
            product::Model { id: product_id, sku_key: sku.clone(), sku, name_key: name.to_lowercase(), name, ..known.clone() };
        work.insert::<product::Entity>(row).await.unwrap();
        for store_id in &stores {
            let id = world.node.clock.id();
            let row = stock_level::Model { id, product_id, store_id: *store_id, ..levels[0].clone() };
            work.insert::<stock_level::Entity>(row).await.unwrap();
        }
    }
    work.commit().await.unwrap();
}

/// A list with its arguments, as the owner reads it.
async fn answer(world: &World, list: &str, arguments: &str, shown: &str) -> Value {
    let query = format!(
        "{{ {list}({arguments}) {{ nodes {{ {shown} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &json!({})).await
}

/// A page that is not refused.
async fn page(world: &World, list: &str, arguments: &str, shown: &str) -> Value {
    let answer = answer(world, list, arguments, shown).await;
    assert!(answer["errors"].is_null(), "{list}({arguments}): {answer:#}");
    answer["data"][list].clone()
}

fn nodes(page: &Value) -> Vec<Value> {
    page["nodes"].as_array().unwrap().clone()
}

/// A text by which values are compared: numbers by their size.
fn as_sorted(value: &str) -> String {
    match value.parse::<u64>() {
        Ok(number) => format!("{number:020}"),
        Err(_) => value.to_owned(),
    }
}

/// All rows of a list in pages of one: from its beginning by `first`, or from its end by `last`.
async fn paged(world: &World, list: &str, arguments: &str, (shown, number): (&str, &str)) -> Vec<Value> {
    let (from, page_flag, end) = match number {
        "last" => ("before", "hasPreviousPage", "startCursor"),
        _ => ("after", "hasNextPage", "endCursor"),
    };
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = page(world, list, &format!("{arguments}, {number}: 1, {from}: {cursor}"), shown).await;
        all.extend(nodes(&page));
        if page["pageInfo"][page_flag] != true {
            return all;
        }
        cursor = page["pageInfo"][end].clone();
    }
}

/// Asserts that the ascending and the descending order of a list by a field are each other's
/// reverse; returns both as arguments.
async fn both_ways(world: &World, list: &str, (field, filter): (&str, &str), shown: &str) -> [String; 2] {
    let orders = ["ASC", "DESC"].map(|way| format!("{filter}sort: {{ field: {field}, direction: {way} }}"));
    let [up, down] = &orders;
    let (mut rows, turned) = (page(world, list, up, shown).await, page(world, list, down, shown).await);
    assert_eq!(paged(world, list, up, (shown, "first")).await, nodes(&rows), "{list} by {field}");
    assert_eq!(paged(world, list, down, (shown, "first")).await, nodes(&turned), "{list} by {field}");
    rows["nodes"].as_array_mut().unwrap().reverse();
    assert_eq!(nodes(&rows), nodes(&turned), "{list} by {field}");
    let cursor = &rows["pageInfo"]["startCursor"];
    let foreign = answer(world, list, &format!("{down}, after: {cursor}"), shown).await;
    assert_eq!(foreign["errors"][0]["code"], "BAD_USER_INPUT", "{list} by {field}: {foreign:#}");
    orders
}

async fn rows_with_equal_values_are_paged_from_either_end_of_every_sort(world: &World) {
    keep_rows_with_equal_moments(world).await;
    for (list, name, sorts) in LISTS {
        for (field, value) in sorts {
            let shown_text = format!("{name} value: {value}");
            let [up, down] = both_ways(world, list, (field, ""), &shown_text).await;
            let rows = nodes(&page(world, list, &up, &shown_text).await);
            let text = |row: &Value, field: &str| as_sorted(row[field].as_str().unwrap());
            assert!(
                rows.len() > 3 && rows.is_sorted_by_key(|row| (text(row, "value"), text(row, name))),
                "{list} by {field}: {rows:#?}"
            );
            for (order, mut whole) in [(down, rows.clone()), (up, rows.into_iter().rev().collect::<Vec<_>>())] {
                assert_eq!(
                    paged(world, list, &order, (shown_text.as_str(), "last")).await,
                    whole,
                    "{list} by {field} from its end"
                );
                whole.reverse();
                assert_eq!(nodes(&page(world, list, &order, &shown_text).await), whole, "{list} by {field}");
            }
        }
    }
}

/// Lists whose rows show when they were created and when they last changed, what names a row, and a table that this test changes.
const TIMED: [(&str, &str, Option<&str>); 9] = [
    ("alertRulesList", "id", Some("alert_rule")),
    ("carriersList", "id", Some("carrier")),
    ("fulfilmentWaves", "id", None),
    ("holdRulesList", "code", Some("hold_rule")),
    ("integrationsList", "id", Some("integration")),
    ("legalEntitiesList", "id", Some("legal_entity")),
    ("liquidationPlans", "id", None),
    ("replenishmentPlans", "id", None),
    ("webhookEndpointsList", "id", Some("webhook_endpoint")),
];

async fn lists_are_filtered_by_the_times_that_they_are_sorted_by(world: &World) {
    keep_rows_with_equal_moments(world).await;
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    for (_, _, table) in TIMED {
        let Some(table) = table else { continue };
        let later = format!("UPDATE {table} SET updated_at = updated_at + 60000000 WHERE tenant_id = $1");
        work.execute(&later, vec![]).await.unwrap();
    }
    work.commit().await.unwrap();
    for (list, name, _) in TIMED {
        let text = format!("{name} createdAt updatedAt");
        let rows = nodes(&page(world, list, "first: 100", &text).await);
        assert!(rows.iter().any(|row| row["createdAt"] != row["updatedAt"]), "{list} proves nothing: {rows:#?}");
        for time in ["createdAt", "updatedAt"] {
            let found = async |test: &str| {
                nodes(&page(world, list, &format!("first: 100, filter: {{ {time}: {{ {test} }} }}"), &text).await)
            };
            let moment = |row: &Value| row[time].as_str().unwrap().to_owned();
            for at in rows.iter().map(moment) {
                let (since, before): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| moment(row) >= at);
                assert_eq!(found(&format!("gte: \"{at}\"")).await, since, "{list} {time} from {at}");
                assert_eq!(found(&format!("lt: \"{at}\"")).await, before, "{list} {time} before {at}");
            }
            assert_eq!(found("isNull: true").await, Vec::<Value>::new(), "{list}: each row has a {time}");
        }
    }
}

async fn jobs_are_read_from_the_oldest_or_the_newest(world: &World) {
    keep_failed_jobs(world).await;
    let [up, _] = both_ways(world, "jobs", ("CREATED_AT", "states: [FAILED], "), "id createdAt").await;
    let oldest = nodes(&page(world, "jobs", &up, "createdAt").await);
    let moments: Vec<&str> = oldest.iter().map(|row| row["createdAt"].as_str().unwrap()).collect();
    assert!(moments.is_sorted() && moments[0] == moments[1] && moments[1] < moments[2], "{moments:?}");
    let newest = nodes(&page(world, "jobs", "states: [FAILED]", "createdAt").await);
    assert_eq!(newest, oldest.into_iter().rev().collect::<Vec<_>>(), "as before where no order is asked for");
}

async fn jobs_are_found_by_what_they_are(world: &World) {
    keep_failed_jobs(world).await;
    let found =
        async |filter: &str| nodes(&page(world, "jobs", &format!("filter: {{ {filter} }}"), "id kind status createdAt").await);
    let failed = found("search: \"TEST.fail\"").await;
    assert_eq!(failed.len(), 3, "{failed:#?}");
    // The newest, which is later than the two others.
    let (id, moment, foreign) = (&failed[0]["id"], &failed[0]["createdAt"], &world.theirs.ids["job"]);
    for (filter, count) in [
        ("search: \"test.\", status: [FAILED]".to_owned(), 3),
        ("search: \"test.\", status: [DONE]".to_owned(), 0),
        ("status: []".to_owned(), 0),
        ("search: \"%\"".to_owned(), 0),
        (format!("id: {{ eq: {id} }}"), 1),
        (format!("id: {{ eq: \"{foreign}\" }}"), 0),
        (format!("search: \"test.\", createdAt: {{ gte: {moment} }}"), 1),
        (format!("search: \"test.\", createdAt: {{ lt: {moment} }}"), 2),
    ] {
        assert_eq!(found(&filter).await.len(), count, "{filter}");
    }
}

async fn levels_are_sorted_by_the_names_of_products_and_the_codes_of_stores(world: &World) {
    keep_products_of_equal_names(world).await;
    let fields = "id product { id name } store { code }";
    for (field, value, tie) in [("PRODUCT_NAME", "/product/name", "/id"), ("STORE_CODE", "/store/code", "/product/id")] {
        let [up, down] = both_ways(world, "stockLevels", (field, ""), fields).await;
        let rows = nodes(&page(world, "stockLevels", &up, fields).await);
        let text = |row: &Value, place: &str| row.pointer(place).unwrap().as_str().unwrap().to_lowercase();
        assert!(rows.is_sorted_by_key(|row| (text(row, value), text(row, tie))), "by {field}: {rows:#?}");
        let values: BTreeSet<String> = rows.iter().map(|row| text(row, value)).collect();
        assert!(1 < values.len() && values.len() < rows.len(), "by {field}: {values:?} of {} levels", rows.len());
        for (order, mut whole) in [(down, rows.clone()), (up, rows.into_iter().rev().collect::<Vec<_>>())] {
            assert_eq!(paged(world, "stockLevels", &order, (fields, "last")).await, whole, "by {field} from its end");
            whole.reverse();
            assert_eq!(nodes(&page(world, "stockLevels", &order, fields).await), whole, "by {field}");
        }
    }
}
