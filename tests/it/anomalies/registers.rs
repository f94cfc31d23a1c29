//! Patterns by register: which register of a store takes back and cancels far more than its others.

use serde_json::{Value, json};

use super::{
    Shop,
    patterns::{limit, open, order},
};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_register_with_far_more_returns_and_voids_than_the_others_is_found,
    several_registers_of_a_day_are_found_and_accepted_one_by_one,
    a_register_is_compared_with_registers_alone,
);

/// Returns goods at a register, and returns the register that the return shows.
async fn bring_back(office: &Office<'_>, product: &Value, register: &str) -> Value {
    let lines = json!([{ "product": product, "quantity": 1, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "register": register,
        "occurredAt": days_ago(office.world, 1), "lines": lines });
    accepted(&office.mutate("returnCreate", "ReturnCreateInput", "return { register }", input).await, "return")["register"]
        .clone()
}

/// Cancels an order at a register.
async fn cancel(office: &Office<'_>, order: &Value, register: &str) {
    let query = "mutation($input: ActionInput!, $register: String) { orderCancel(input: $input, register: $register) {
        order { id } userErrors { code message field } } }";
    let input = json!({ "idempotencyKey": key(), "id": order });
    let answer = office.execute(query, json!({ "input": input, "register": register })).await;
    accepted(&answer["data"]["orderCancel"], "order");
}

/// Twenty sales at each of these registers.
async fn sell(office: &Office<'_>, product: &Value, registers: &[&str]) {
    for register in registers {
        for _ in 0..20 {
            order(office, product, 1, "9.00", json!({ "register": register })).await;
        }
    }
}

async fn a_register_with_far_more_returns_and_voids_than_the_others_is_found(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let mug = shop.product("MUG").await;
    sell(office, &mug, &["T1", "T2"]).await;
    for _ in 0..2 {
        assert_eq!(bring_back(office, &mug, "T1").await, "T1");
    }
    for _ in 0..6 {
        bring_back(office, &mug, "T3").await;
    }
    for _ in 0..3 {
        let placed_order = order(office, &mug, 1, "9.00", json!({})).await;
        cancel(office, &placed_order, "T3").await;
    }
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "REVERSALS").await, Vec::<Value>::new(), "nine are few");
    for _ in 0..3 {
        let sale = order(office, &mug, 1, "9.00", json!({ "status": "FULFILLED" })).await;
        let input = json!({ "idempotencyKey": key(), "documentId": sale, "note": "rung up twice", "register": "T3" });
        let undone = office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
        accepted(&undone, "documentReversal");
    }
    shop.detect(1).await.unwrap();
    let found = open(&shop, "REVERSALS").await;
    let [many] = found.as_slice() else { panic!("neither of T1 nor of T2, nor of the only member: {found:#?}") };
    assert_eq!(many["reason"], "12 of 12 documents of register T3 are returns or cancellations; a usual register has 1");
    let facts = ["kind", "rule", "units", "times", "register", "person", "orderId"].map(|name| many[name].clone());
    assert_eq!(json!(facts), json!(["REVERSALS", "PATTERN", 12, 12, "T3", null, null]));
    assert_eq!((&many["product"]["sku"], &many["value"]["amount"]), (&json!("MUG"), &json!("108.00")));
    // It opens the same kind of alert as a pattern of a member.
    world.node.alerts.scan_all().await.unwrap();
    let query = "query($store: ID!) { alerts(filter: { kind: [STOCK_ANOMALY], store: { eq: $store } }) { nodes { state quantity product { id } } } }";
    let alerts = office.execute(query, json!({ "store": office.store["id"] })).await;
    assert_eq!(alerts["data"]["alerts"]["nodes"], json!([{ "state": "OPEN", "quantity": 12, "product": mug }]), "{alerts:#}");
    // The next day has the same finding.
    let next = shop.detect(2).await.unwrap();
    assert_eq!((next.new, next.changed, next.gone), (0, 0, 0), "{next:?}");
    office.is_sound().await;
}

async fn several_registers_of_a_day_are_found_and_accepted_one_by_one(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let mug = shop.product("MUG").await;
    sell(office, &mug, &["T1", "T2"]).await;
    for register in ["T3", "T4"] {
        for _ in 0..12 {
            bring_back(office, &mug, register).await;
        }
    }
    assert_eq!(shop.detect(0).await.unwrap().new, 2, "one for each, on a day, of one product");
    let of = |found: &[Value]| {
        let mut registers: Vec<String> = found.iter().map(|one| one["register"].as_str().unwrap().to_owned()).collect();
        registers.sort_unstable();
        registers
    };
    let found = open(&shop, "REVERSALS").await;
    assert_eq!(of(&found), ["T3", "T4"], "{found:#?}");
    // The operator of the register is not known, so the one member may accept it.
    let returns_desk = found.iter().find(|one| one["register"] == "T4").unwrap();
    accepted(&shop.accept(&returns_desk["id"], "the returns desk").await, "anomaly");
    shop.detect(1).await.unwrap();
    assert_eq!(of(&open(&shop, "REVERSALS").await), ["T3"]);
    // More than was accepted is open again.
    bring_back(office, &mug, "T4").await;
    shop.detect(2).await.unwrap();
    assert_eq!(of(&open(&shop, "REVERSALS").await), ["T3", "T4"]);
}

async fn a_register_is_compared_with_registers_alone(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let mug = shop.product("MUG").await;
    for _ in 0..20 {
        order(office, &mug, 1, "9.00", json!({})).await;
    }
    for _ in 0..12 {
        bring_back(office, &mug, "T3").await;
    }
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "REVERSALS").await, Vec::<Value>::new(), "no other register is known");
    sell(office, &mug, &["T1"]).await;
    shop.detect(1).await.unwrap();
    assert_eq!(open(&shop, "REVERSALS").await[0]["register"], "T3");
    limit(&shop, "anomalyReversals", json!(13)).await;
    assert_eq!(shop.detect(1).await.unwrap().gone, 1, "the limit of the tenant holds for registers, too");
    // Only reversals of sales record a register.
    let lines = json!([{ "product": mug, "quantity": 1, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    let input =
        json!({ "idempotencyKey": key(), "documentId": accepted(&payload, "return")["id"], "note": "x", "register": "T3" });
    let wrong = office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    refused(&wrong, "INVALID", "input.register");
    let input = json!({ "idempotencyKey": key(), "document": { "number": "TR-999999" }, "note": "x", "register": "T3" });
    let unknown = office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    refused(&unknown, "NOT_FOUND", "input.document.number");
}
