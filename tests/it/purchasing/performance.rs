//! Delivery performance of suppliers: one that delivers nothing has figures too.

use serde_json::{Value, json};

use super::office::{Office, accepted, key};
use crate::{authorization::world::World, world::on_both};

on_both!(a_supplier_who_delivers_nothing_is_measured_by_it,);

async fn a_supplier_who_delivers_nothing_is_measured_by_it(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "1.00").await);
    let lines = |mugs: i64, plates: i64| json!([{ "product": mug, "quantity": mugs }, { "product": plate, "quantity": plates }]);
    let is = async |orders: i64, expected: [f64; 3], on_time: Value| {
        let query = "query($s: ID!) { supplierPerformance(supplier: { id: $s }) { orders unitFillRate lineFillRate orderFillRate onTimeShare } }";
        let found = office.execute(query, json!({ "s": office.supplier["id"] })).await["data"]["supplierPerformance"].clone();
        assert_eq!((&found["orders"], &found["onTimeShare"]), (&json!(orders), &on_time), "{found:#}");
        for (name, expected) in ["unitFillRate", "lineFillRate", "orderFillRate"].into_iter().zip(expected) {
            assert!((found[name].as_f64().unwrap() - expected).abs() < 1e-3, "{name}: {found:#}");
        }
    };
    let whole = office.ordered(json!({ "lines": lines(10, 5) })).await;
    accepted(&office.receive(&whole, &[10, 5]).await, "purchaseOrder");
    let part = office.ordered(json!({ "lines": lines(5, 3) })).await;
    accepted(&office.receive(&part, &[5, 2]).await, "purchaseOrder");
    office.step(&part, "purchaseOrderClose").await;
    is(2, [22.0 / 23.0, 0.75, 0.5], Value::Null).await;
    // A cancelled order counts as nothing received, if it had been ordered. A draft that was never
    // ordered does not count.
    let draft = office.draft(json!([{ "product": mug, "quantity": 90 }])).await;
    office.step(&draft, "purchaseOrderCancel").await;
    let given_up = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 1 }] })).await;
    office.step(&given_up, "purchaseOrderCancel").await;
    is(3, [22.0 / 24.0, 0.6, 1.0 / 3.0], Value::Null).await;
    // An order without any delivery is closed: nothing is incoming any more, and the line shows the
    // missing units as short.
    let never = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 4 }] })).await;
    assert_eq!(office.level(&mug, &office.store).await[2], 4);
    assert!(never["allowedActions"].as_array().unwrap().contains(&json!("purchaseOrderClose")), "{never:#}");
    let closed = office.step(&never, "purchaseOrderClose").await;
    assert_eq!(
        (&closed["status"], &closed["lines"][0]["open"], &closed["lines"][0]["short"]),
        (&json!("CLOSED"), &json!(0), &json!(4))
    );
    assert_eq!(
        (&closed["discrepancies"][0]["kind"], &closed["discrepancies"][0]["quantity"]),
        (&json!("SHORT"), &json!(4)),
        "{closed:#}"
    );
    assert_eq!(office.level(&mug, &office.store).await[2], 0);
    is(4, [22.0 / 28.0, 0.5, 0.25], Value::Null).await;
    // An order that is overdue counts from the day after: with the units received until then, and
    // its lines that are due.
    let order = office.ordered(json!({ "expectedOn": "2026-09-25", "lines": [{ "product": mug, "quantity": 2 }, { "product": plate, "quantity": 7, "expectedOn": "2026-10-30" }] })).await;
    is(4, [22.0 / 28.0, 0.5, 0.25], Value::Null).await;
    world.advance_clock(5 * 86_400);
    is(5, [22.0 / 30.0, 3.0 / 7.0, 0.2], json!(0.0)).await;
    accepted(&office.receive(&order, &[1, 0]).await, "purchaseOrder");
    is(5, [23.0 / 30.0, 3.0 / 7.0, 0.2], json!(0.0)).await;
    suppliers_are_listed_by_how_they_deliver(&office, &plate).await;
    prices_drift_in_each_currency(&office, &mug).await;
    office.is_sound().await;
}

const ALL: &str = "query($n: Int, $a: Cursor, $s: IdFilter, $st: IdFilter, $p: ProductFilter) { supplierPerformances(
  sort: { field: UNIT_FILL_RATE }, supplier: $s, store: $st, products: $p, first: $n, after: $a) { supplierCount
  nodes { supplier { id } orders leadTimeDaysMean unitFillRate lineFillRate orderFillRate onTimeRate onTimeInFullRate damagedRate returnedRate } totals { supplier { id } orders } pageInfo { endCursor } } }";

async fn suppliers_are_listed_by_how_they_deliver(office: &Office<'_>, plate: &Value) {
    let input = json!({ "code": "SWIFT", "name": "Swift" });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let swift = accepted(&payload, "supplier")["id"].clone();
    let lines = json!([{ "product": plate, "quantity": 3 }]);
    let order = office.ordered(json!({ "supplier": { "id": swift }, "expectedOn": "2026-10-30", "lines": lines })).await;
    let line = order["lines"][0]["id"].clone();
    let received_input = json!([{ "purchaseOrderLineId": line, "quantity": 1, "damaged": 2 }]);
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": received_input })).await, "purchaseOrder");
    let back = json!([{ "purchaseOrderLineId": line, "quantity": 1, "source": "QUARANTINE" }]);
    let input =
        json!({ "idempotencyKey": key(), "supplier": { "id": swift }, "store": { "id": office.store["id"] }, "lines": back });
    let sent = office.mutate("supplierReturnCreate", "SupplierReturnCreateInput", "supplierReturn { id }", input).await;
    accepted(&sent, "supplierReturn");
    let list = async |variables: Value| office.execute(ALL, variables).await["data"]["supplierPerformances"].clone();
    let found = list(json!({})).await;
    let nodes = found["nodes"].as_array().unwrap();
    let rates: Vec<f64> = nodes.iter().map(|node| node["unitFillRate"].as_f64().unwrap_or(-1.0)).collect();
    assert!(rates.is_sorted_by(|one, next| one >= next), "{found:#}");
    let orders: i64 = nodes.iter().map(|node| node["orders"].as_i64().unwrap()).sum();
    assert_eq!(
        (&found["supplierCount"], &found["totals"]),
        (&json!(nodes.len()), &json!({ "supplier": null, "orders": orders })),
        "{found:#}"
    );
    for supplier in [&swift, &office.supplier["id"]] {
        let query = "query($s: ID!) { supplierPerformance(supplier: { id: $s }) { supplier { id } orders leadTimeDaysMean unitFillRate lineFillRate orderFillRate onTimeRate onTimeInFullRate damagedRate returnedRate } }";
        let own = office.execute(query, json!({ "s": supplier })).await["data"]["supplierPerformance"].clone();
        let node = nodes.iter().find(|node| node["supplier"]["id"] == *supplier);
        assert_eq!((node, &own["supplier"]["id"]), (Some(&own), supplier), "{found:#}");
    }
    // All three arrived on their day, two of them damaged, and one of these was returned. The other
    // supplier has one rated order, half of it overdue.
    let of = |supplier: &Value| nodes.iter().find(|node| node["supplier"]["id"] == *supplier).unwrap();
    let (kept, broken) = (of(&swift), of(&office.supplier["id"]));
    let share = |value: &Value, of: f64| value.as_f64().is_some_and(|value| (value - of).abs() < 1e-6);
    assert!(share(&kept["damagedRate"], 2.0 / 3.0) && share(&kept["returnedRate"], 1.0 / 3.0), "{found:#}");
    assert_eq!((&kept["onTimeInFullRate"], &broken["onTimeInFullRate"]), (&json!(1.0), &json!(0.0)), "{found:#}");
    assert_eq!((&broken["damagedRate"], &broken["returnedRate"]), (&json!(0.0), &json!(0.0)), "{found:#}");
    let first = list(json!({ "n": 1 })).await;
    let rest = list(json!({ "a": first["pageInfo"]["endCursor"] })).await;
    assert_eq!((&first["nodes"][0], rest["nodes"].as_array().unwrap().as_slice()), (&nodes[0], &nodes[1..]));
    // Filters: one supplier; only plates, 7 of 8 delivered by the first supplier; and a store
    // without purchases.
    let one = list(json!({ "s": { "eq": swift } })).await;
    assert_eq!(
        (&one["supplierCount"], &one["totals"]["orders"], &one["nodes"][0]["supplier"]["id"]),
        (&json!(1), &json!(1), &swift)
    );
    let plates = list(json!({ "p": { "sku": { "eq": "PLATE" } }, "s": { "in": [swift, office.supplier["id"]] } })).await;
    let of = |supplier: &Value| {
        let nodes = plates["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["supplier"]["id"] == *supplier).unwrap_or_else(|| panic!("{plates:#}")).clone()
    };
    let (pot, quick) = (of(&office.supplier["id"]), of(&swift));
    assert_eq!((&quick["orders"], &quick["unitFillRate"], &pot["orders"]), (&json!(1), &json!(1.0), &json!(2)), "{plates:#}");
    assert!((pot["unitFillRate"].as_f64().unwrap() - 7.0 / 8.0).abs() < 1e-6, "five of five and two of three: {plates:#}");
    let annex = office.new_store("ANNEX").await;
    let none = list(json!({ "st": { "eq": annex["id"] } })).await;
    assert_eq!((&none["supplierCount"], &none["totals"]["orders"]), (&json!(0), &json!(0)), "{none:#}");
    // A place in the whole list means nothing in another one.
    let foreign = office.execute(ALL, json!({ "a": first["pageInfo"]["endCursor"], "s": { "eq": swift } })).await;
    assert_eq!(foreign["errors"][0]["code"], "BAD_USER_INPUT", "{foreign:#}");
}

const DRIFT: &str = "query($s: ID!, $f: IdFilter) {
  supplierPerformance(supplier: { id: $s }) { priceDrift { currency products firstCost { amount } lastCost { amount } changeRate } }
  supplierPerformances(supplier: $f) { nodes { priceDrift { products } } totals { priceDrift { currency changeRate } } } }";

async fn prices_drift_in_each_currency(office: &Office<'_>, mug: &Value) {
    let input = json!({ "code": "DEAR", "name": "Dear" });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let dear = accepted(&payload, "supplier")["id"].clone();
    let jug = office.product("JUG", "3.00").await;
    let order = async |currency: &str, product: &Value, quantity: i64, cost: &str| {
        office.world.advance_clock(60);
        let lines =
            json!([{ "product": product, "quantity": quantity, "unitCost": { "amount": cost, "currencyCode": currency } }]);
        office.ordered(json!({ "supplier": { "id": dear }, "currencyCode": currency, "lines": lines })).await
    };
    order("GBP", mug, 4, "2.00").await;
    order("GBP", mug, 1, "9.00").await;
    order("GBP", mug, 5, "2.50").await;
    let once = order("GBP", &jug, 50, "3.00").await;
    order("EUR", &jug, 1, "4.00").await;
    order("EUR", &jug, 1, "3.00").await;
    let cancelled = order("EUR", &jug, 90, "1.00").await;
    office.step(&cancelled, "purchaseOrderCancel").await;
    // Ten mugs at 2.00 and at 2.50; jugs were ordered once in pounds.
    let drift = json!([
        { "currency": "EUR", "products": 1, "firstCost": { "amount": "8.00" }, "lastCost": { "amount": "6.00" }, "changeRate": -0.25 },
        { "currency": "GBP", "products": 1, "firstCost": { "amount": "20.00" }, "lastCost": { "amount": "25.00" }, "changeRate": 0.25 },
    ]);
    let variables = json!({ "s": dear, "f": { "eq": dear } });
    let found = office.execute(DRIFT, variables.clone()).await["data"].clone();
    assert_eq!(found["supplierPerformance"]["priceDrift"], drift, "{found:#}");
    // One of the orders is complete, so that the supplier is listed.
    accepted(&office.receive(&once, &[50]).await, "purchaseOrder");
    let list = office.execute(DRIFT, variables.clone()).await["data"]["supplierPerformances"].clone();
    let totals = json!([{ "currency": "EUR", "changeRate": -0.25 }, { "currency": "GBP", "changeRate": 0.25 }]);
    assert_eq!(list["totals"]["priceDrift"], totals, "{list:#}");
    assert_eq!(list["nodes"], json!([{ "priceDrift": [{ "products": 1 }, { "products": 1 }] }]), "{list:#}");
    let buyer = office.as_caller(office.world.ours.owner_with(&["purchase.read"]));
    let masked = buyer.execute(DRIFT, variables).await;
    assert_eq!(masked["data"]["supplierPerformance"], json!({ "priceDrift": null }), "{masked:#}");
    // Fields that are not selected are not read.
    let plain = "{ supplierPerformances { nodes { orders } totals { orders } } }";
    let (answer, sent) = office.world.node.db.record_statements(office.execute(plain, json!({}))).await;
    assert!(answer["errors"].is_null() && !sent.iter().any(|one| one.sql.contains("unit_cost_minor")), "{answer:#} {sent:#?}");
}
