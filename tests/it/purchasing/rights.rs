//! Who sees what: costs, stores, and other shops' orders.

use entrepot::access::{Caller, REGISTRY, Reach};
use serde_json::{Value, json};

use super::desk::{Desk, done, key, refused};
use crate::authorization::{on_both, world::World};

on_both!(costs_are_for_those_who_may_see_them, a_shops_buyer_sees_and_does_only_what_is_of_the_shop,);

fn with(caller: &Caller, store: Option<&Value>, codes: &[&str]) -> Caller {
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
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG", "2.00").await;
    let order = desk.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    done(&desk.receive(&order, &[4]).await, "purchaseOrder");
    let clerk = desk.as_caller(with(&desk.caller, None, &["purchase.read", "store.read", "product.read"]));
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { number total { amount } lines { unitCost { amount } quantity } receipts { lines { landedTotal { amount } } } } purchaseOrderPage(id: $id) }";
    let seen = clerk.ask(query, json!({ "id": order["id"] })).await;
    let expected = json!({ "number": order["number"], "total": null, "lines": [{ "unitCost": null, "quantity": 10 }], "receipts": [{ "lines": [{ "landedTotal": null }] }] });
    assert_eq!(
        (&seen["data"]["purchaseOrder"], &seen["data"]["purchaseOrderPage"], &seen["errors"]),
        (&expected, &Value::Null, &Value::Null)
    );
    let page = desk.ask(query, json!({ "id": order["id"] })).await["data"]["purchaseOrderPage"].clone();
    let page = page.as_str().unwrap();
    assert!(page.contains("Potters &lt;&amp; Sons&gt; (POT)") && !page.contains("<& Sons>") && page.contains("20.00"), "{page}");
}

async fn a_shops_buyer_sees_and_does_only_what_is_of_the_shop(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, annex) = (desk.product("MUG", "2.00").await, desk.new_store("ANNEX").await);
    let own = desk.ordered(json!({ "store": annex, "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let others = desk.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }] })).await;
    let codes = ["purchase.read", "purchase.write", "purchase.receive", "stock.policy", "stock.read"];
    let buyer = desk.as_caller(with(&desk.caller, Some(&annex), &codes));
    let list = buyer.ask("{ purchaseOrders { nodes { id } } }", json!({})).await;
    assert_eq!(list["data"]["purchaseOrders"]["nodes"], json!([{ "id": own["id"] }]));
    let read = buyer
        .ask("query($id: ID!) { purchaseOrder(by: { id: $id }) { id } node(id: $id) { id } }", json!({ "id": others["id"] }))
        .await;
    assert_eq!(read["data"], json!({ "purchaseOrder": null, "node": null }));
    for step in ["purchaseOrderReceive", "purchaseOrderCancel", "purchaseOrderClose", "purchaseOrderUpdate", "purchaseOrderSend"]
    {
        refused(&buyer.buy(step, json!({ "id": others["id"] })).await, "NOT_FOUND", "input.id");
    }
    let lines = json!([{ "product": mug, "quantity": 1 }]);
    refused(
        &buyer.buy("purchaseOrderCreate", json!({ "supplier": desk.supplier, "store": desk.store, "lines": lines })).await,
        "NOT_FOUND",
        "input.store",
    );
    let reorder = json!({ "idempotencyKey": key(), "lines": [{ "product": mug, "store": desk.store, "supplier": desk.supplier, "quantity": 1 }] });
    refused(
        &buyer.act("reorderOrder", "ReorderOrderInput", "purchaseOrders { id }", reorder).await,
        "NOT_FOUND",
        "input.lines.0.store",
    );
    let policy = json!({ "idempotencyKey": key(), "items": [{ "product": mug, "store": desk.store, "maximum": 5 }] });
    refused(
        &buyer.act("stockPolicySet", "StockPolicySetInput", "levels { maximum }", policy).await,
        "NOT_FOUND",
        "input.items.0.store",
    );
    done(&buyer.receive(&own, &[10]).await, "purchaseOrder");
    assert_eq!(desk.level(&mug, &annex).await, [10, 0, 0]);
    desk.is_sound().await;
}
