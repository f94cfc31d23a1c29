//! Lines whose tax is a rate: it follows quantity, price and discount, to the penny.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::world::{World, accepted, refused};
use crate::world::answers::text;

fn gbp(amount: &str) -> Value {
    json!({"amount": amount, "currencyCode": "GBP"})
}

/// Ten mugs of 3.33 less 1.00, and their postage: both with a fifth of tax, 44.70 in all.
fn parcel(world: &World) -> Value {
    json!([
        {"product": {"id": world.mug}, "quantity": 10, "unitPrice": gbp("3.33"), "discount": gbp("1.00"), "taxRate": "0.2"},
        {"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": gbp("4.95"), "taxRate": "0.20"},
    ])
}

async fn place_order(world: &World, lines: Value) -> Value {
    accepted(&world.order("CONFIRMED", lines).await, "order").clone()
}

/// Sets fields of a line, by its place in the order; answers with hints.
async fn asks(world: &World, order: &Value, line: usize, mut fields: Value) -> Value {
    fields["id"] = order["lines"][line]["id"].clone();
    let document = "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { order { id version lines { id } } hints { code } \
        userErrors { code message field } } }";
    let input =
        json!({"idempotencyKey": world.key(), "id": order["id"], "expectedVersion": order["version"], "setLines": [fields]});
    world.execute(document, json!({ "input": input })).await["orderUpdate"].clone()
}

async fn sets(world: &World, order: &Value, line: usize, fields: Value) -> Value {
    accepted(&asks(world, order, line, fields).await, "order").clone()
}

/// taxRate, discount, tax, total and currentTotal of a line.
async fn figures(world: &World, order: &Value, line: usize) -> [Option<String>; 5] {
    let document = "query($id: ID!) { order(by: {id: $id}) { lines { taxRate discount { amount } tax { amount } total { amount } \
        currentTotal { amount } } } }";
    let answer = world.execute(document, json!({"id": order["id"]})).await;
    let line = &answer["order"]["lines"][line];
    let rate = line["taxRate"].as_str().map(str::to_owned);
    let [discount, tax, total, current] =
        ["discount", "tax", "total", "currentTotal"].map(|name| Some(text(&line[name]["amount"])));
    [rate, discount, tax, total, current]
}

fn are(rate: Option<&str>, amounts: [&str; 4]) -> [Option<String>; 5] {
    let [discount, tax, total, current] = amounts.map(|amount| Some(amount.to_owned()));
    [rate.map(str::to_owned), discount, tax, total, current]
}

async fn verified(world: &World) {
    let report = verify_tenant(&world.db, world.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn a_fifth_of_tax_gives_the_table_of_edits_too() {
    World::on_both(async |world| {
        let order = place_order(&world, parcel(&world)).await;
        assert_eq!(order["total"]["amount"], "44.70");
        assert_eq!(figures(&world, &order, 0).await, are(Some("0.2"), ["1.00", "6.46", "38.76", "38.76"]));
        assert_eq!(figures(&world, &order, 1).await, are(Some("0.2"), ["0.00", "0.99", "5.94", "5.94"]));
        let seven = sets(&world, &order, 0, json!({"quantity": 7})).await;
        assert_eq!(figures(&world, &order, 0).await, are(Some("0.2"), ["1.00", "6.46", "38.76", "27.13"]));
        let nine = sets(&world, &seven, 0, json!({"quantity": 9})).await;
        assert_eq!(figures(&world, &order, 0).await[4].as_deref(), Some("34.88"));
        let one = sets(&world, &nine, 0, json!({"quantity": 1})).await;
        sets(&world, &one, 0, json!({"quantity": 10})).await;
        assert_eq!(figures(&world, &order, 0).await[4].as_deref(), Some("38.76"), "there and back");
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn the_tax_of_a_rate_follows_price_and_discount() {
    World::on_both(async |world| {
        let order = place_order(&world, parcel(&world)).await;
        let answer = asks(&world, &order, 0, json!({"unitPrice": gbp("4.00")})).await;
        assert_eq!(answer["hints"], json!([]), "the tax is not as it was stated");
        assert_eq!(figures(&world, &order, 0).await, are(Some("0.2"), ["1.00", "7.80", "46.80", "46.80"]));
        let dearer = accepted(&answer, "order").clone();
        let cheaper = sets(&world, &dearer, 0, json!({"discount": gbp("10.00")})).await;
        assert_eq!(figures(&world, &order, 0).await, are(Some("0.2"), ["10.00", "6.00", "36.00", "36.00"]));
        // 30.00 × 0.08875 = 2.6625.
        let elsewhere = sets(&world, &cheaper, 0, json!({"taxRate": "0.08875"})).await;
        assert_eq!(figures(&world, &order, 0).await, are(Some("0.08875"), ["10.00", "2.66", "32.66", "32.66"]));
        let stated = sets(&world, &elsewhere, 0, json!({"tax": gbp("3.00")})).await;
        assert_eq!(
            figures(&world, &order, 0).await,
            are(None, ["10.00", "3.00", "33.00", "33.00"]),
            "an amount takes the rate's place"
        );
        let answer = asks(&world, &stated, 0, json!({"unitPrice": gbp("5.00")})).await;
        assert_eq!(answer["hints"], json!([{"code": "TAX_UNCHANGED"}]));
        verified(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_rate_and_a_tax_that_disagree_are_refused() {
    World::on_both(async |world| {
        let mug = |fields: Value| {
            let mut line = json!({"product": {"id": world.mug}, "quantity": 3, "unitPrice": gbp("3.33")});
            line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            json!([line])
        };
        let both = place_order(&world, mug(json!({"taxRate": "0.2", "tax": gbp("2.00")}))).await;
        assert_eq!(figures(&world, &both, 0).await, are(Some("0.2"), ["0.00", "2.00", "11.99", "11.99"]), "9.99 × 0.2 = 1.998");
        for (rate, code) in [("20", "OUT_OF_RANGE"), ("-0.1", "OUT_OF_RANGE"), ("a fifth", "INVALID"), ("0.1234567", "INVALID")] {
            refused(&world.order("CONFIRMED", mug(json!({ "taxRate": rate }))).await, code, "input.lines.0.taxRate");
        }
        let other = world.order("CONFIRMED", mug(json!({"taxRate": "0.2", "tax": gbp("1.99")}))).await;
        refused(&other, "INVALID", "input.lines.0.taxRate");
        let voucher = json!([{"kind": "CHARGE", "name": "Voucher", "quantity": 1, "unitPrice": gbp("-5.00"), "taxRate": "0.2"}]);
        refused(&world.order("CONFIRMED", voucher).await, "INVALID", "input.lines.0.taxRate");
        let wrong = asks(&world, &both, 0, json!({"taxRate": "0.1", "tax": gbp("2.00")})).await;
        refused(&wrong, "INVALID", "input.setLines.0.taxRate");
    })
    .await;
}
