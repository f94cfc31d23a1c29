//! Visibility of costs, of stores, and of other shops' orders.

use entrepot::access::{Caller, REGISTRY, Reach};
use serde_json::{Value, json};

use super::office::{Office, accepted, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(costs_are_for_those_who_may_see_them, a_shops_buyer_sees_and_does_only_what_is_of_the_shop,);

fn limited_to(caller: &Caller, store: Option<&Value>, codes: &[&str]) -> Caller {
    let mut narrowed = Caller { permissions: Default::default(), ..caller.clone() };
    for code in codes {
        let index = REGISTRY.iter().position(|known| known.code == *code).unwrap();
        match store {
            Some(store) => narrowed.permissions.grant(index, &Reach::stores([store["id"].as_str().unwrap().parse().unwrap()])),
            None => narrowed.permissions.insert(index),
        }
    }
    narrowed
}

async fn costs_are_for_those_who_may_see_them(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    accepted(&office.receive(&order, &[4]).await, "purchaseOrder");
    let clerk = office.as_caller(limited_to(&office.caller, None, &["purchase.read", "store.read", "product.read"]));
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { number total { amount } lines { unitCost { amount } quantity } receipts { lines { landedTotal { amount } } } } purchaseOrderHtml(id: $id) }";
    let answer = clerk.execute(query, json!({ "id": order["id"] })).await;
    let expected = json!({ "number": order["number"], "total": null, "lines": [{ "unitCost": null, "quantity": 10 }], "receipts": [{ "lines": [{ "landedTotal": null }] }] });
    assert_eq!(
        (&answer["data"]["purchaseOrder"], &answer["data"]["purchaseOrderHtml"], &answer["errors"]),
        (&expected, &Value::Null, &Value::Null)
    );
    // Nor do filters by total reveal totals.
    for (arguments, place) in [
        ("filter: { not: { total: { currencyCode: \"GBP\", gte: \"20.00\" } } }", json!(["filter", "not", "total"])),
        ("sort: { field: TOTAL }", json!(["sort"])),
    ] {
        let by_total = format!("{{ purchaseOrders({arguments}) {{ nodes {{ id }} }} }}");
        let refused = clerk.execute(&by_total, json!({})).await["errors"][0].clone();
        let expected = (&json!("FORBIDDEN"), &json!("product.cost.read"), &place);
        assert_eq!((&refused["code"], &refused["permission"], &refused["field"]), expected, "{arguments}");
    }
    let page = office.execute(query, json!({ "id": order["id"] })).await["data"]["purchaseOrderHtml"].clone();
    let page = page.as_str().unwrap();
    assert!(page.contains("Potters &lt;&amp; Sons&gt; (POT)") && !page.contains("<& Sons>") && page.contains("20.00"), "{page}");
}

async fn a_shops_buyer_sees_and_does_only_what_is_of_the_shop(world: &World) {
    let office = Office::of(world).await;
    let (mug, annex) = (office.product("MUG", "2.00").await, office.new_store("ANNEX").await);
    let own = office.ordered(json!({ "store": annex, "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let others = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let codes = ["purchase.read", "purchase.write", "purchase.receive", "stock.policy", "stock.read"];
    let buyer = office.as_caller(limited_to(&office.caller, Some(&annex), &codes));
    let list = buyer.execute("{ purchaseOrders { nodes { id } } }", json!({})).await;
    assert_eq!(list["data"]["purchaseOrders"]["nodes"], json!([{ "id": own["id"] }]));
    let read = buyer
        .execute("query($id: ID!) { purchaseOrder(by: { id: $id }) { id } node(id: $id) { id } }", json!({ "id": others["id"] }))
        .await;
    assert_eq!(read["data"], json!({ "purchaseOrder": null, "node": null }));
    for step in ["purchaseOrderReceive", "purchaseOrderCancel", "purchaseOrderClose", "purchaseOrderUpdate", "purchaseOrderSend"]
    {
        refused(&buyer.buy(step, json!({ "id": others["id"] })).await, "NOT_FOUND", "input.id");
    }
    // Nor does a scan reveal another shop's order: its line is not found with any barcode.
    for (order, field) in [(&own, "input.lines.0.barcode"), (&others, "input.lines.0.lineId")] {
        let line = json!({ "lineId": order["lines"][0]["id"], "packs": 1, "barcode": "4006381333931" });
        refused(&buyer.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": [line] })).await, "NOT_FOUND", field);
    }
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    refused(
        &buyer.buy("purchaseOrderCreate", json!({ "supplier": office.supplier, "store": office.store, "lines": lines })).await,
        "NOT_FOUND",
        "input.store.id",
    );
    let reorder = json!({ "idempotencyKey": key(), "lines": [{ "product": mug, "store": office.store, "supplier": office.supplier, "quantity": 1 }] });
    refused(
        &buyer
            .mutate(
                "purchaseOrdersCreateFromSuggestions",
                "PurchaseOrdersCreateFromSuggestionsInput",
                "purchaseOrders { id }",
                reorder,
            )
            .await,
        "NOT_FOUND",
        "input.lines.0.store.id",
    );
    let policy = json!({ "idempotencyKey": key(), "items": [{ "product": mug, "store": office.store, "maximum": 5 }] });
    refused(
        &buyer.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { maximum }", policy).await,
        "NOT_FOUND",
        "input.items.0.store.id",
    );
    accepted(&buyer.receive(&own, &[10]).await, "purchaseOrder");
    assert_eq!(office.level(&mug, &annex).await, [10, 0, 0]);
    office.is_sound().await;
}
