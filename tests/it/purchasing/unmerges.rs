//! Merges of two suppliers that are different companies, and their reversal; and the proof that
//! merges are one step deep.

use entrepot::insight::verify::verify_by_prefix;
use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    products_and_terms_go_back_and_orders_stay,
    what_was_changed_since_stays_with_the_other,
    terms_that_gave_way_come_back,
    a_supplier_comes_back_from_the_last_merge_on,
    an_order_that_is_made_while_a_merge_is_taken_back_is_one_of_both,
    orders_of_customers_are_listed_apart_again,
    each_proof_of_merges_names_what_is_broken,
);

const BACK: &str = "supplier { id version archivedAt mergedInto { code } } mergedInto { code mergedFrom { code } } products supplierProducts kept documents";

async fn supplier(office: &Office<'_>, code: &str) -> Value {
    let input = json!({ "code": code, "name": code });
    let payload = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    json!({ "id": accepted(&payload, "supplier")["id"] })
}
async fn merge(office: &Office<'_>, from: &Value, into: &Value, extra: Value) {
    let mut input = json!({ "idempotencyKey": key(), "id": from["id"], "intoId": into["id"] });
    for (name, value) in extra.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let merged = office.mutate("supplierMerge", "SupplierMergeInput", "supplier { id }", input).await;
    accepted(&merged, "supplier");
}
async fn unmerge(office: &Office<'_>, id: &Value, key: &str) -> Value {
    office.mutate("supplierUnmerge", "SupplierUnmergeInput", BACK, json!({ "idempotencyKey": key, "id": id["id"] })).await
}
async fn offers(office: &Office<'_>, supplier: &Value, product: &Value, cost: &str, preferred: bool) {
    let row = json!({ "supplier": supplier, "product": product, "unitCost": gbp(cost), "preferred": preferred });
    let input = json!({ "idempotencyKey": key(), "rows": [row] });
    let fields = "rows { outcome userErrors { code message } }";
    let payload = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", fields, input).await;
    assert_eq!(payload["rows"][0]["userErrors"], json!([]), "{payload:#}");
}
/// Returns each supplier's terms for a product that are in use: supplier code, unit cost, and
/// whether it is the preferred one.
async fn terms(office: &Office<'_>, product: &Value) -> Vec<(String, String, bool)> {
    let query = "query($filter: SupplierProductFilter) { supplierProducts(filter: $filter) { nodes { supplier { code } unitCost { amount } preferred archivedAt } } }";
    let read = office.execute(query, json!({ "filter": { "product": { "eq": product["id"] } } })).await;
    let nodes = read["data"]["supplierProducts"]["nodes"].as_array().unwrap_or_else(|| panic!("{read:#}")).clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shown = |node: &Value| (text(&node["supplier"]["code"]), text(&node["unitCost"]["amount"]), node["preferred"] == true);
    let mut all: Vec<_> = nodes.iter().filter(|node| node["archivedAt"].is_null()).map(shown).collect();
    all.sort();
    all
}
fn row(code: &str, cost: &str, preferred: bool) -> (String, String, bool) {
    (code.to_owned(), cost.to_owned(), preferred)
}
async fn product_of(office: &Office<'_>, sku: &str, supplier: &Value) -> Value {
    let input = json!({ "sku": sku, "name": sku, "unitCost": gbp("2.00"), "supplierId": supplier["id"] });
    let payload = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    json!({ "id": accepted(&payload, "product")["id"] })
}
async fn supplier_of(office: &Office<'_>, product: &Value) -> Value {
    let read = office
        .execute("query($id: ID!) { product(by: { id: $id }) { supplier { code } } }", json!({ "id": product["id"] }))
        .await;
    read["data"]["product"]["supplier"]["code"].clone()
}

async fn products_and_terms_go_back_and_orders_stay(world: &World) {
    let office = Office::of(world).await;
    let kiln = supplier(&office, "KILN").await;
    let mug = product_of(&office, "MUG", &office.supplier).await;
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    let old = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 7 }] })).await;
    accepted(&office.receive(&old, &[7]).await, "purchaseOrder");
    merge(&office, &office.supplier, &kiln, json!({})).await;
    // An order placed meanwhile with the remaining supplier stays its own.
    let new = office.ordered(json!({ "supplier": kiln, "lines": [{ "product": mug, "quantity": 5 }] })).await;
    let query = "mutation($input: SupplierUnmergeInput!) { supplierUnmerge(input: $input, validateOnly: true) { products supplierProducts kept documents seq userErrors { code } } }";
    let input = json!({ "idempotencyKey": "pots", "id": office.supplier["id"] });
    let dry = office.execute(query, json!({ "input": input })).await["data"]["supplierUnmerge"].clone();
    assert_eq!(dry, json!({ "products": 1, "supplierProducts": 1, "kept": 0, "documents": 1, "seq": null, "userErrors": [] }));
    assert_eq!(supplier_of(&office, &mug).await, "KILN", "a dry run moves nothing");
    let back = unmerge(&office, &office.supplier, "pots").await;
    assert_eq!(
        accepted(&back, "supplier"),
        &json!({ "id": office.supplier["id"], "version": 3, "archivedAt": null, "mergedInto": null })
    );
    assert_eq!(back["mergedInto"], json!({ "code": "KILN", "mergedFrom": [] }));
    let again = unmerge(&office, &office.supplier, "pots").await;
    assert_eq!((&again["replayed"], &again["products"], &again["seq"]), (&json!(true), &json!(1), &back["seq"]));
    assert_eq!((supplier_of(&office, &mug).await, terms(&office, &mug).await), (json!("POT"), vec![row("POT", "1.80", true)]));
    let query = "query($id: ID!) { supplier(by: { id: $id }) { purchaseOrders { nodes { id } } } }";
    for (whose, expected) in [(&office.supplier, &old), (&kiln, &new)] {
        let read = office.execute(query, json!({ "id": whose["id"] })).await;
        assert_eq!(read["data"]["supplier"]["purchaseOrders"]["nodes"], json!([{ "id": expected["id"] }]), "{read:#}");
    }
    // The supplier is found by its code, and can be ordered from.
    let draft = office.draft_with(json!({ "supplier": { "code": "POT" }, "lines": [{ "product": mug, "quantity": 1 }] })).await;
    let read = office
        .execute("query($id: ID!) { purchaseOrder(by: { id: $id }) { supplier { code } } }", json!({ "id": draft["id"] }))
        .await;
    assert_eq!(read["data"]["purchaseOrder"]["supplier"]["code"], "POT");
    refused(&unmerge(&office, &office.supplier, &key()).await, "INVALID_STATE", "input.id");
    refused(&unmerge(&office, &json!({ "id": world.theirs.ids["sup"] }), &key()).await, "NOT_FOUND", "input.id");
    office.is_sound().await;
}

async fn what_was_changed_since_stays_with_the_other(world: &World) {
    let office = Office::of(world).await;
    let (kiln, mill) = (supplier(&office, "KILN").await, supplier(&office, "MILL").await);
    let (mug, plate) = (product_of(&office, "MUG", &office.supplier).await, product_of(&office, "PLATE", &office.supplier).await);
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    offers(&office, &office.supplier, &plate, "2.50", true).await;
    merge(&office, &office.supplier, &kiln, json!({})).await;
    // The kiln changes its price for mugs; the plates' supplier becomes the mill.
    offers(&office, &kiln, &mug, "1.90", true).await;
    let input = json!({ "id": plate["id"], "expectedVersion": 2, "supplierId": mill["id"] });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    let back = unmerge(&office, &office.supplier, &key()).await;
    accepted(&back, "supplier");
    assert_eq!((&back["products"], &back["supplierProducts"], &back["kept"]), (&json!(1), &json!(2), &json!(2)), "{back:#}");
    assert_eq!((supplier_of(&office, &mug).await, supplier_of(&office, &plate).await), (json!("POT"), json!("MILL")));
    assert_eq!(terms(&office, &mug).await, [row("KILN", "1.90", true), row("POT", "1.80", false)]);
    assert_eq!(terms(&office, &plate).await, [row("POT", "2.50", true)]);
    office.is_sound().await;
}

async fn terms_that_gave_way_come_back(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    offers(&office, &kiln, &mug, "1.70", false).await;
    for choice in ["MERGED", "SURVIVOR"] {
        merge(&office, &office.supplier, &kiln, json!({ "supplierProducts": choice })).await;
        accepted(&unmerge(&office, &office.supplier, &key()).await, "supplier");
        assert_eq!(terms(&office, &mug).await, [row("KILN", "1.70", false), row("POT", "1.80", true)], "{choice}");
    }
    office.is_sound().await;
}

async fn a_supplier_comes_back_from_the_last_merge_on(world: &World) {
    let office = Office::of(world).await;
    let (kiln, mill) = (supplier(&office, "KILN").await, supplier(&office, "MILL").await);
    let mug = product_of(&office, "MUG", &office.supplier).await;
    offers(&office, &office.supplier, &mug, "1.80", true).await;
    merge(&office, &office.supplier, &kiln, json!({})).await;
    merge(&office, &kiln, &mill, json!({})).await;
    let first = unmerge(&office, &office.supplier, &key()).await;
    assert!(refused(&first, "INVALID_STATE", "input.id").contains("first"), "{first:#}");
    assert_eq!(supplier_of(&office, &mug).await, "MILL");
    accepted(&unmerge(&office, &kiln, &key()).await, "supplier");
    assert_eq!((supplier_of(&office, &mug).await, terms(&office, &mug).await), (json!("KILN"), vec![row("KILN", "1.80", true)]));
    office.is_sound().await;
    accepted(&unmerge(&office, &office.supplier, &key()).await, "supplier");
    assert_eq!((supplier_of(&office, &mug).await, terms(&office, &mug).await), (json!("POT"), vec![row("POT", "1.80", true)]));
    office.is_sound().await;
}

async fn an_order_that_is_made_while_a_merge_is_taken_back_is_one_of_both(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln) = (office.product("MUG", "2.00").await, supplier(&office, "KILN").await);
    merge(&office, &office.supplier, &kiln, json!({})).await;
    let input = json!({ "supplier": { "code": "POT" }, "store": office.store, "lines": [{ "product": mug, "quantity": 7 }] });
    let back_key = key();
    let (back, ordered) = tokio::join!(unmerge(&office, &office.supplier, &back_key), office.buy("purchaseOrderCreate", input));
    accepted(&back, "supplier");
    let order = accepted(&ordered, "purchaseOrder").clone();
    let read = office
        .execute("query($id: ID!) { purchaseOrder(by: { id: $id }) { supplier { code } } }", json!({ "id": order["id"] }))
        .await;
    let code = read["data"]["purchaseOrder"]["supplier"]["code"].clone();
    assert!(["POT", "KILN"].iter().any(|known| code == *known), "{code}");
    office.is_sound().await;
}

/// A customer of this name.
async fn buyer(office: &Office<'_>, name: &str) -> Value {
    let payload = office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "name": name })).await;
    accepted(&payload, "customer")["id"].clone()
}
async fn sell(office: &Office<'_>, product: &Value, customer: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "store": office.store, "customerId": customer, "status": "DRAFT",
        "lines": [{ "product": product, "quantity": 1 }] });
    let payload = office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await;
    accepted(&payload, "order")["id"].clone()
}
async fn merge_buyers(office: &Office<'_>, from: &Value, into: &Value) {
    let input = json!({ "idempotencyKey": key(), "id": from, "intoId": into });
    let merged = office.mutate("customerMerge", "CustomerMergeInput", "customer { id }", input).await;
    accepted(&merged, "customer");
}
async fn orders_of(office: &Office<'_>, customer: &Value) -> Vec<Value> {
    let query = "query($filter: OrderFilter) { orders(filter: $filter) { nodes { id } } }";
    let read = office.execute(query, json!({ "filter": { "customer": { "eq": customer } } })).await;
    let mut ids: Vec<Value> = read["data"]["orders"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    ids.sort_by_key(Value::to_string);
    ids
}

async fn orders_of_customers_are_listed_apart_again(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let (shop, web) = (buyer(&office, "Ada").await, buyer(&office, "A. Lovelace").await);
    let (of_shop, of_web) = (sell(&office, &mug, &shop).await, sell(&office, &mug, &web).await);
    merge_buyers(&office, &web, &shop).await;
    let meanwhile = sell(&office, &mug, &shop).await;
    let input = json!({ "idempotencyKey": key(), "id": web });
    let back = office.mutate("customerUnmerge", "CustomerUnmergeInput", "customer { id } orders returns", input).await;
    assert_eq!((accepted(&back, "customer")["id"].clone(), &back["orders"]), (web.clone(), &json!(1)), "{back:#}");
    let mut own = vec![of_shop, meanwhile];
    own.sort_by_key(Value::to_string);
    assert_eq!((orders_of(&office, &shop).await, orders_of(&office, &web).await), (own, vec![of_web]));
    office.is_sound().await;
}

async fn each_proof_of_merges_names_what_is_broken(world: &World) {
    let office = Office::of(world).await;
    let (mug, kiln, mill) =
        (office.product("MUG", "2.00").await, supplier(&office, "KILN").await, supplier(&office, "MILL").await);
    let (shop, web, old) = (buyer(&office, "Ada").await, buyer(&office, "A. Lovelace").await, buyer(&office, "Ada Byron").await);
    merge(&office, &office.supplier, &kiln, json!({})).await;
    merge(&office, &mill, &kiln, json!({})).await;
    merge_buyers(&office, &web, &shop).await;
    merge_buyers(&office, &old, &shop).await;
    let freight = json!([{ "kind": "FREIGHT", "amount": gbp("1.00") }]);
    office.draft_with(json!({ "supplier": kiln, "lines": [{ "product": mug, "quantity": 7 }], "charges": freight })).await;
    office.is_sound().await;
    let tenant = world.ours.owner.tenant;
    let write = async |sql: &str| {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        let changed = work.execute(sql, vec![]).await.unwrap();
        work.commit().await.unwrap();
        changed
    };
    // The survivor is merged into one that was merged into it; an order belongs to a merged one;
    // and so on. Each fault is repaired afterwards.
    let of_kiln = "(SELECT s.id FROM supplier s WHERE s.tenant_id = $1 AND s.code = 'KILN')";
    let of_mill = "(SELECT s.id FROM supplier s WHERE s.tenant_id = $1 AND s.code = 'MILL')";
    let faults = [
        (
            "UPDATE customer SET merged_into = id WHERE tenant_id = $1 AND id IN (SELECT c.merged_into FROM customer c WHERE c.tenant_id = $1)".to_owned(),
            "UPDATE customer SET merged_into = NULL WHERE tenant_id = $1 AND merged_into = id".to_owned(),
            "customer: a merged one points",
        ),
        (
            "UPDATE supplier SET merged_into = id, archived_at = 1 WHERE tenant_id = $1 AND code = 'KILN'".to_owned(),
            "UPDATE supplier SET merged_into = NULL, archived_at = NULL WHERE tenant_id = $1 AND code = 'KILN'".to_owned(),
            "supplier: a merged one is",
        ),
        (
            "UPDATE supplier SET archived_at = NULL WHERE tenant_id = $1 AND code = 'MILL'".to_owned(),
            "UPDATE supplier SET archived_at = updated_at WHERE tenant_id = $1 AND code = 'MILL'".to_owned(),
            "supplier: a merged one is",
        ),
        (
            format!("UPDATE purchase_order SET supplier_id = {of_mill} WHERE tenant_id = $1 AND supplier_id = {of_kiln}"),
            format!("UPDATE purchase_order SET supplier_id = {of_kiln} WHERE tenant_id = $1 AND supplier_id = {of_mill}"),
            "purchase order: none is open with a supplier that is merged",
        ),
        (
            format!("UPDATE purchase_charge SET supplier_id = {of_mill} WHERE tenant_id = $1"),
            "UPDATE purchase_charge SET supplier_id = NULL WHERE tenant_id = $1".to_owned(),
            "purchase charge: none of an open order is of a supplier that is merged",
        ),
        (
            "INSERT INTO blanket_order (tenant_id, id, number, status, supplier_id, currency, valid_from, valid_to, total_minor, actor_kind, actor_id,
               version, created_at, updated_at)
             SELECT tenant_id, id, 9999, 'DRAFT', id, 'GBP', 1, 2, 0, 'SYSTEM', id, 1, 1, 1 FROM supplier WHERE tenant_id = $1 AND code = 'MILL'".to_owned(),
            "DELETE FROM blanket_order WHERE tenant_id = $1 AND number = 9999".to_owned(),
            "blanket order: none is open with a supplier that is merged",
        ),
        (
            "INSERT INTO replenishment_policy (tenant_id, id, scope, supplier_id, kind, version, created_at, updated_at)
             SELECT tenant_id, id, 'of a mill', id, 'SERVICE', 1, 1, 1 FROM supplier WHERE tenant_id = $1 AND code = 'MILL'".to_owned(),
            "DELETE FROM replenishment_policy WHERE tenant_id = $1 AND scope = 'of a mill'".to_owned(),
            "replenishment policy: none is of a supplier that is merged",
        ),
    ];
    for (fault, mend, expected) in &faults {
        assert!(write(fault).await > 0, "{fault}: there is no row to break");
        let found = verify_by_prefix(&world.node.db, tenant, expected).await.unwrap();
        assert!(!found.is_sound(), "{fault}: {found}");
        write(mend).await;
        let found = verify_by_prefix(&world.node.db, tenant, expected).await.unwrap();
        assert!(found.is_sound(), "{mend}: {found}");
    }
    office.is_sound().await;
    // A merge in force whose customer is not merged any more.
    write("UPDATE customer SET merged_into = NULL WHERE tenant_id = $1").await;
    let found = verify_by_prefix(&world.node.db, tenant, "merge: one that was").await.unwrap();
    assert!(!found.is_sound(), "{found}");
}
