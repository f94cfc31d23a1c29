//! Offers of suppliers, and their effect on orders.

use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    rows_are_made_changed_and_refused_each_by_itself,
    an_order_takes_the_price_of_its_quantity,
    one_supplier_is_preferred,
    quantities_that_are_set_keep_the_unit,
);

const ROW: &str = "rows { index outcome supplierProduct { supplierSku packSize minimumOrder leadTimeDays unitCost { amount } priceBreaks { fromQuantity unitCost { amount } } preferred version } userErrors { code field } }";

async fn upsert(office: &Office<'_>, rows: Value) -> Value {
    office
        .mutate(
            "supplierProductBulkUpsert",
            "SupplierProductBulkUpsertInput",
            ROW,
            json!({ "idempotencyKey": key(), "rows": rows }),
        )
        .await
}

fn outcomes(payload: &Value) -> Vec<String> {
    payload["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
}

async fn rows_are_made_changed_and_refused_each_by_itself(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "3.00").await);
    let full = json!({ "supplier": office.supplier, "product": mug, "supplierSku": "M-1", "packSize": 12, "minimumOrder": 24, "leadTimeDays": 3,
        "unitCost": gbp("1.80"), "priceBreaks": [{ "fromQuantity": 100, "unitCost": gbp("1.50") }], "preferred": true });
    let rows = json!([full, { "supplier": { "code": "nobody" }, "product": plate, "unitCost": gbp("1.00") }, { "supplier": { "code": "pot" }, "product": { "sku": "plate" }, "unitCost": gbp("2.70") },
        { "supplier": office.supplier, "product": mug, "unitCost": gbp("1.00") }, { "supplier": office.supplier, "product": { "id": world.theirs.ids["prd"] }, "unitCost": gbp("1.00") },
        { "supplier": office.supplier, "product": world.ours.ids["prd"].pipe_id(), "unitCost": gbp("1.00"), "packSize": 0 }]);
    let payload = upsert(&office, rows.clone()).await;
    assert_eq!(outcomes(&payload), ["CREATED", "REFUSED", "CREATED", "REFUSED", "REFUSED", "REFUSED"], "{payload:#}");
    let fields: Vec<&Value> = payload["rows"].as_array().unwrap().iter().map(|row| &row["userErrors"][0]["field"]).collect();
    assert_eq!(
        (fields[1], fields[3]),
        (&json!(["input", "rows", "1", "supplier", "code"]), &json!(["input", "rows", "3", "product"]))
    );
    assert_eq!(
        (fields[4], fields[5]),
        (&json!(["input", "rows", "4", "product", "id"]), &json!(["input", "rows", "5", "packSize"]))
    );
    assert_eq!(
        payload["rows"][0]["supplierProduct"]["priceBreaks"],
        json!([{ "fromQuantity": 100, "unitCost": { "amount": "1.50" } }])
    );
    let again = upsert(&office, json!([full])).await;
    assert_eq!((outcomes(&again), &again["seq"]), (vec!["UNCHANGED".to_owned()], &Value::Null));
    let mut dearer = full.clone();
    dearer["unitCost"] = gbp("1.90");
    let changed = upsert(&office, json!([dearer])).await;
    assert_eq!((outcomes(&changed), &changed["rows"][0]["supplierProduct"]["version"]), (vec!["UPDATED".to_owned()], &json!(2)));
    let list = office
        .execute(
            "query($s: ID!) { supplierProducts(filter: { supplier: { eq: $s } }) { nodes { product { sku } packSize } } }",
            json!({ "s": office.supplier["id"] }),
        )
        .await;
    assert_eq!(
        list["data"]["supplierProducts"]["nodes"],
        json!([{ "product": { "sku": "MUG" }, "packSize": 12 }, { "product": { "sku": "PLATE" }, "packSize": 1 }])
    );
    let barcode = json!({ "id": plate["id"], "expectedVersion": 1, "barcodes": [{ "code": "4006381333931" }] });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", barcode).await, "product");
    for (filter, skus) in [
        (json!({ "supplierSku": { "eq": "M-1" } }), json!(["MUG"])),
        (json!({ "supplierSku": { "startsWith": "M-" } }), json!(["MUG"])),
        (json!({ "supplierSku": { "eq": "m-1" } }), json!([])),
        (json!({ "supplierSku": { "contains": "1" }, "sku": { "eq": "plate" } }), json!([])),
        (json!({ "barcode": { "eq": "04006381333931" } }), json!(["PLATE"])),
        (json!({ "barcode": { "startsWith": "400638" }, "supplierSku": { "eq": "M-1" } }), json!([])),
        (
            json!({ "supplier": { "key": ["pot"] }, "or": [{ "sku": { "eq": "plate" } }, { "supplierSku": { "eq": "M-1" } }] }),
            json!(["MUG", "PLATE"]),
        ),
        (json!({ "supplier": { "key": ["POT"] }, "not": { "supplierSku": { "eq": "M-1" } } }), json!(["PLATE"])),
        (json!({ "supplier": { "key": ["POT"] }, "not": { "or": [{ "supplier": { "key": ["pot"] } }] } }), json!([])),
    ] {
        let query = "query($f: SupplierProductFilter) { supplierProducts(filter: $f) { nodes { product { sku } } } }";
        let found = office.execute(query, json!({ "f": filter })).await;
        let nodes = found["data"]["supplierProducts"]["nodes"].as_array().unwrap_or_else(|| panic!("{found:#}")).clone();
        assert_eq!(nodes.iter().map(|node| node["product"]["sku"].clone()).collect::<Value>(), skus, "{filter}");
    }
    // The same key returns the first answer, even after later changes of the row.
    let once = key();
    let input = json!({ "idempotencyKey": once, "rows": [full] });
    let first = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", ROW, input.clone()).await;
    let second = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", ROW, input).await;
    assert_eq!(
        (&second["replayed"], &second["seq"], outcomes(&second)),
        (&json!(true), &first["seq"], vec!["UPDATED".to_owned()])
    );
    let reused = office
        .mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", ROW, json!({ "idempotencyKey": once, "rows": [] }))
        .await;
    refused(&reused, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let much = upsert(&office, Value::Array(vec![full; 501])).await;
    refused(&much, "LIMIT_EXCEEDED", "input.rows");
}

/// An id as a reference.
trait PipeId {
    fn pipe_id(&self) -> Value;
}
impl PipeId for str {
    fn pipe_id(&self) -> Value {
        json!({ "id": self })
    }
}

async fn an_order_takes_the_price_of_its_quantity(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let row = json!({ "supplier": office.supplier, "product": mug, "supplierSku": "M-1", "unitCost": { "amount": "1.80", "currencyCode": "EUR" },
        "priceBreaks": [{ "fromQuantity": 50, "unitCost": { "amount": "1.60", "currencyCode": "EUR" } }, { "fromQuantity": 100, "unitCost": { "amount": "1.50", "currencyCode": "EUR" } }] });
    upsert(&office, json!([row])).await;
    for (quantity, cost) in [(49, "1.80"), (50, "1.60"), (99, "1.60"), (100, "1.50")] {
        let order = office.draft(json!([{ "product": mug, "quantity": quantity }])).await;
        let line = &order["lines"][0];
        assert_eq!(
            (&line["unitCost"]["amount"], &line["supplierSku"], &order["total"]["currencyCode"]),
            (&json!(cost), &json!("M-1"), &json!("EUR"))
        );
    }
    let own =
        office.draft(json!([{ "product": mug, "quantity": 100, "unitCost": { "amount": "1.00", "currencyCode": "EUR" } }])).await;
    assert_eq!(own["lines"][0]["unitCost"]["amount"], "1.00", "what was agreed wins");
}

async fn one_supplier_is_preferred(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let other = office
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OTHER", "name": "Other" }))
        .await;
    let other = json!({ "id": accepted(&other, "supplier")["id"] });
    let row = |supplier: &Value| json!({ "supplier": supplier, "product": mug, "unitCost": gbp("1.00"), "preferred": true });
    assert_eq!(outcomes(&upsert(&office, json!([row(&office.supplier)])).await), ["CREATED"]);
    assert_eq!(outcomes(&upsert(&office, json!([row(&other), row(&office.supplier)])).await), ["CREATED", "REFUSED"]);
    let list = office.execute("query($p: ID!) { supplierProducts(filter: { product: { eq: $p } }) { nodes { supplier { code } preferred version } } }", json!({ "p": mug["id"] })).await;
    let nodes = list["data"]["supplierProducts"]["nodes"].clone();
    let sorted = "query($f: SupplierProductFilter, $s: SupplierProductSort) { supplierProducts(filter: $f, sort: $s) { nodes { supplier { code } } } }";
    for (filter, direction, first) in [
        (json!({ "product": { "key": ["mug"] } }), "ASC", json!("POT")),
        (json!({ "product": { "key": ["MUG"] } }), "DESC", json!("OTHER")),
        (json!({ "product": { "key": ["MUG"] }, "supplier": { "key": ["other"] } }), "ASC", json!("OTHER")),
        (json!({ "sku": { "eq": " mug" } }), "ASC", json!("POT")),
        (json!({ "sku": { "startsWith": "mu" }, "product": { "eq": mug["id"] } }), "DESC", json!("OTHER")),
        (json!({ "sku": { "in": ["mu", "plate"] } }), "ASC", Value::Null),
        (json!({ "product": { "eq": mug["id"] }, "createdAt": { "lt": "2020-01-01T00:00:00Z" } }), "ASC", Value::Null),
    ] {
        let found = office.execute(sorted, json!({ "f": filter, "s": { "field": "CREATED_AT", "direction": direction } })).await;
        assert!(found["errors"].is_null(), "{found:#}");
        assert_eq!(found["data"]["supplierProducts"]["nodes"][0]["supplier"]["code"], first, "{filter} {direction}");
    }
    assert_eq!(
        nodes,
        json!([{ "supplier": { "code": "POT" }, "preferred": false, "version": 2 }, { "supplier": { "code": "OTHER" }, "preferred": true, "version": 1 }])
    );
}

/// Returns the message that refuses a change of a product's unit, with the other fields of the
/// call; empty if it is accepted. Nothing is written.
async fn another_unit(office: &Office<'_>, product: &Value, extra: Value) -> String {
    let mut input = json!({ "id": product["id"], "expectedVersion": 1, "unit": { "code": "dozen", "decimals": 0 } });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let query = "mutation($input: ProductUpdateInput!) { productUpdate(input: $input, validateOnly: true) { userErrors { code message field } } }";
    let payload = office.execute(query, json!({ "input": input })).await["data"]["productUpdate"].clone();
    if payload["userErrors"] == json!([]) { String::new() } else { refused(&payload, "IN_USE", "input.unit") }
}

async fn quantities_that_are_set_keep_the_unit(world: &World) {
    let office = Office::of(world).await;
    let packs = json!([{ "code": "BOX-12", "packQuantity": 12 }]);
    let input = json!({ "sku": "CUP", "name": "Cup", "lowStockThreshold": 12, "barcodes": packs });
    let cup = accepted(&office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await, "product").clone();
    let refusal = another_unit(&office, &cup, json!({})).await;
    assert!(refusal.contains("low stock threshold") && refusal.contains("barcodes of packs"), "{refusal}");
    let refusal = another_unit(&office, &cup, json!({ "lowStockThreshold": 1 })).await;
    assert!(!refusal.contains("low stock threshold") && refusal.contains("barcodes of packs"), "{refusal}");
    // Quantities in the call itself are in the new unit, even if the number stays the same.
    assert_eq!(another_unit(&office, &cup, json!({ "lowStockThreshold": null, "barcodes": packs })).await, "");

    let mug = office.product("MUG", "2.00").await;
    assert_eq!(another_unit(&office, &mug, json!({})).await, "");
    let terms = |pack: i64| json!([{ "supplier": office.supplier, "product": mug, "packSize": pack, "unitCost": gbp("1.80") }]);
    let reorder = |point: Value| {
        let items = json!([{ "product": mug, "store": office.store, "reorderPoint": point, "maximum": point }]);
        json!({ "idempotencyKey": key(), "items": items })
    };
    let rule = |threshold: Value| json!({ "idempotencyKey": key(), "kind": "LOW_STOCK", "product": mug, "threshold": threshold });
    upsert(&office, terms(12)).await;
    let refusal = another_unit(&office, &mug, json!({})).await;
    assert!(refusal.contains("pack sizes"), "{refusal}");
    upsert(&office, terms(1)).await;
    assert_eq!(another_unit(&office, &mug, json!({})).await, "");
    for (wanted, expected) in [(json!(10), "reorder points"), (Value::Null, "")] {
        let set = office.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { version }", reorder(wanted)).await;
        accepted(&set, "levels");
        let refusal = another_unit(&office, &mug, json!({})).await;
        assert!(refusal.contains(expected) && refusal.is_empty() == expected.is_empty(), "{refusal}");
    }
    for (wanted, expected) in [(json!(10), "alert rules"), (Value::Null, "")] {
        let set = office.mutate("alertRuleUpsert", "AlertRuleUpsertInput", "alertRule { id }", rule(wanted)).await;
        accepted(&set, "alertRule");
        let refusal = another_unit(&office, &mug, json!({})).await;
        assert!(refusal.contains(expected) && refusal.is_empty() == expected.is_empty(), "{refusal}");
    }
    office.is_sound().await;
}
