//! Charges in another currency than their order: they are frozen into the books when they are written, and the goods cost more for them to the penny.

use serde_json::{Value, json};

use super::{
    amendments::amend,
    office::{Office, accepted, gbp, refused},
    proofs::{Break, each_is_named},
};
use crate::{authorization::world::World, costing::world::Books, reversals::undo::undone, world::on_both};

on_both!(
    goods_in_euros_and_freight_in_dollars_are_worth_what_they_cost_in_pounds,
    a_charge_in_dollars_waits_for_a_rate_and_stays_with_what_has_come,
);

const FIELDS: &str = "total { amount currencyCode } allowedActions \
    charges { name amount { amount currencyCode } bookValue { amount currencyCode } rate { fromCode toCode numerator denominator source } } \
    lines { charges { amount } chargesInBooks { amount } } \
    receipts { id lines { landedTotal { amount } chargesInBooks { amount } bookValue { amount } } }";

pub fn money(amount: &str, code: &str) -> Value {
    json!({ "amount": amount, "currencyCode": code })
}

/// Yesterday's rates of the euro: a dollar is 0.8425 / 1.0842 of a pound.
pub async fn enter_rates(office: &Office<'_>) {
    let yesterday = office.world.node.clock.now().plus_seconds(-86_400);
    let day = entrepot::clock::day_text(entrepot::clock::local_day(yesterday, "UTC"));
    for (quote, rate) in [("GBP", "0.8425"), ("USD", "1.0842"), ("KRW", "1701.5")] {
        accepted(&office.rate(quote, rate, &day).await, "exchangeRate");
    }
}

async fn read_charges(office: &Office<'_>, order: &Value) -> Value {
    let query = format!("query($id: ID!) {{ purchaseOrder(by: {{ id: $id }}) {{ {FIELDS} }} }}");
    office.execute(&query, json!({ "id": order["id"] })).await["data"]["purchaseOrder"].clone()
}

/// The amounts of a figure of each row.
fn amounts(rows: &Value, name: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("{rows:#}"));
    rows.iter().map(|row| row[name]["amount"].as_str().unwrap_or("none").to_owned()).collect()
}

async fn goods_in_euros_and_freight_in_dollars_are_worth_what_they_cost_in_pounds(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    enter_rates(office).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "2.00").await);
    let line = |product: &Value, cost: &str| json!({ "product": product, "quantity": 10, "unitCost": money(cost, "EUR") });
    let charges = json!([
        { "kind": "FREIGHT", "name": "Lorry", "amount": money("10.00", "EUR") },
        { "kind": "FREIGHT", "name": "Ship", "amount": money("100.00", "USD") },
    ]);
    let order = office
        .ordered(json!({ "currencyCode": "EUR", "lines": [line(&mug, "3.00"), line(&plate, "7.00")], "charges": charges }))
        .await;
    let written = read_charges(office, &order).await;
    assert_eq!(written["total"], money("110.00", "EUR"), "what is in dollars is in no sum of euros");
    let rate = json!({ "fromCode": "USD", "toCode": "GBP", "numerator": "0.8425", "denominator": "1.0842", "source": "ECB" });
    let ship = json!({ "name": "Ship", "amount": money("100.00", "USD"), "bookValue": gbp("77.71"), "rate": rate });
    assert_eq!(written["charges"][1], ship);
    assert_eq!((&written["charges"][0]["bookValue"], &written["charges"][0]["rate"]), (&Value::Null, &Value::Null));
    assert_eq!(amounts(&written["lines"], "charges"), ["3.00", "7.00"]);
    assert_eq!(amounts(&written["lines"], "chargesInBooks"), ["23.31", "54.40"]);
    accepted(&office.receive(&order, &[3, 4]).await, "purchaseOrder");
    accepted(&office.receive(&order, &[7, 6]).await, "purchaseOrder");
    let came = read_charges(office, &order).await;
    let first = &came["receipts"][0];
    assert_eq!(amounts(&first["lines"], "landedTotal"), ["9.90", "30.80"], "in euros");
    assert_eq!(amounts(&first["lines"], "chargesInBooks"), ["6.99", "21.76"]);
    // Goods 31.17 = 7.58 + 23.59, freight in euros 3.12 = 0.76 + 2.36.
    assert_eq!(amounts(&first["lines"], "bookValue"), ["15.33", "47.71"]);
    assert_eq!(amounts(&came["receipts"][1]["lines"], "bookValue"), ["35.78", "71.57"]);
    assert_eq!(books.cost(&mug).await, json!([10, "51.11", "51.11", [[3, "15.33"], [1, "5.12"], [6, "30.66"]]]));
    assert_eq!(books.cost(&plate).await.as_array().unwrap()[2], "119.28");
    office.is_sound().await;
    undone(office, &first["id"], json!({})).await;
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(7), json!("35.78"), json!("35.78")]);
    accepted(&office.receive(&order, &[3, 4]).await, "purchaseOrder");
    let again = read_charges(office, &order).await;
    assert_eq!(amounts(&again["receipts"][2]["lines"], "bookValue"), ["15.33", "47.71"], "what comes again carries what went");
    assert_eq!(books.cost(&mug).await.as_array().unwrap()[..3], [json!(10), json!("51.11"), json!("51.11")]);
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("purchase_charge", "books_minor", "books_minor > 0", "purchase order: charges in other currencies"),
        one("purchase_charge", "books_minor", "books_minor > 0", "purchase charge: its amount in the books"),
        one(
            "purchase_order_line",
            "charges_books_minor",
            "charges_books_minor > 0",
            "purchase order: charges in other currencies",
        ),
        one(
            "goods_receipt_line",
            "charges_books_minor",
            "charges_books_minor > 0",
            "purchase order line: its receipts carry its share",
        ),
    ];
    each_is_named(world, &breaks).await;
}

async fn a_charge_in_dollars_waits_for_a_rate_and_stays_with_what_has_come(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate, bowl) =
        (office.product("MUG", "2.00").await, office.product("PLATE", "2.00").await, office.product("BOWL", "2.00").await);
    let lines = json!([{ "product": mug, "quantity": 10 }, { "product": plate, "quantity": 10 }]);
    let draft = office.draft(lines).await;
    let charge = async |kind: &str| {
        let charges = json!([{ "kind": kind, "amount": money("100.00", "USD") }]);
        office.buy("purchaseOrderUpdate", json!({ "id": draft["id"], "charges": charges })).await
    };
    let field = "input.charges.0.amount";
    let message = refused(&charge("FREIGHT").await, "RATE_MISSING", field);
    assert!(message.contains("USD → GBP") && message.contains("exchangeRateSet"), "{message}");
    enter_rates(&office).await;
    refused(&charge("DEPOSIT").await, "INVALID", field);
    let won = json!({ "id": draft["id"], "charges": [{ "kind": "FREIGHT", "amount": money("1", "KRW") }] });
    let nothing = office.buy("purchaseOrderUpdate", won).await;
    refused(&nothing, "OUT_OF_RANGE", field);
    accepted(&charge("FREIGHT").await, "purchaseOrder");
    let written = read_charges(&office, &draft).await;
    assert_eq!(written["total"], gbp("40.00"));
    assert_eq!(amounts(&written["lines"], "chargesInBooks"), ["38.86", "38.85"]);
    let page = office.execute("query($id: ID!) { purchaseOrderHtml(id: $id) }", json!({ "id": draft["id"] })).await;
    let page = page["data"]["purchaseOrderHtml"].as_str().unwrap();
    assert!(page.contains("Total (GBP)") && page.contains("40.00") && page.contains("Freight (USD)"), "{page}");
    // 40.00 and 77.71 are above 100.00.
    let settings = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &settings["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    office.step(&draft, "purchaseOrderSubmit").await;
    refused(&office.buy("purchaseOrderApprove", json!({ "id": draft["id"] })).await, "INVALID_STATE", "input.id");
    let list = office.execute("{ purchaseOrders { nodes { id allowedActions } } }", json!({})).await;
    let own = list["data"]["purchaseOrders"]["nodes"].as_array().unwrap().iter().find(|one| one["id"] == draft["id"]);
    assert!(!own.unwrap()["allowedActions"].to_string().contains("purchaseOrderApprove"), "{list:#}");
    let actor = entity::prelude::Actor::member(world.node.clock.id());
    let other = office.as_caller(entrepot::access::Caller { actor, ..office.caller.clone() });
    other.step(&draft, "purchaseOrderApprove").await;
    let out = office.step(&draft, "purchaseOrderPlace").await;
    accepted(&office.receive(&out, &[10, 0]).await, "purchaseOrder");
    let amended = amend(&office, &out, json!({ "addLines": [{ "product": bowl, "quantity": 10 }] })).await;
    refused(&amended, "INVALID_STATE", "input");
    let settings = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &settings["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": Value::Null });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    accepted(&amend(&office, &out, json!({ "addLines": [{ "product": bowl, "quantity": 10 }] })).await, "purchaseOrder");
    assert_eq!(amounts(&read_charges(&office, &out).await["lines"], "chargesInBooks"), ["38.86", "19.43", "19.42"]);
    accepted(&office.buy("purchaseOrderReceive", json!({ "id": out["id"] })).await, "purchaseOrder");
    let came = read_charges(&office, &out).await;
    assert_eq!(amounts(&came["receipts"][0]["lines"], "bookValue"), ["58.86"]);
    assert_eq!(amounts(&came["receipts"][1]["lines"], "bookValue"), ["39.43", "39.42"]);
    office.is_sound().await;
}
