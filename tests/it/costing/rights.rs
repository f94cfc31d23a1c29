//! Who may see what things cost; and the proofs, broken by hand.

use serde_json::{Value, json};

use super::desk::Books;
use crate::{
    authorization::{on_both, world::World},
    purchasing::{
        desk::{gbp, key},
        proofs::{Break, each_is_named},
    },
};

on_both!(
    who_may_not_see_costs_sees_none,
    a_partner_of_a_channel_has_no_report_of_all_of_them,
    each_proof_of_costs_names_what_is_broken
);

async fn who_may_not_see_costs_sees_none(world: &World) {
    let books = Books::of(world).await;
    let mug = books.desk.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let order = books.sell(&mug, 1).await;
    let blind = books.desk.as_caller(world.ours.only(&["order.read", "stock.movement.read", "product.read", "cost.write"]));
    let query = "query($id: ID!) { order(by: { id: $id }) { costOfGoodsSold { amount } } \
                 stockMovements(filter: { reference: { eq: $id } }) { nodes { entries { bookValue { amount } unitCost { amount } } } } }";
    let answer = blind.ask(query, json!({ "id": order["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    assert_eq!(answer["data"]["order"]["costOfGoodsSold"], Value::Null);
    assert_eq!(answer["data"]["stockMovements"]["nodes"][0]["entries"][0], json!({ "bookValue": null, "unitCost": null }));
    for field in ["stockValue { seq }", "costReport { seq }", "revaluations { nodes { id } }"] {
        let answer = blind.ask(&format!("{{ {field} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
    }
    // Who may write what things are worth and not see it is told that it was written.
    let input = json!({ "idempotencyKey": key(), "note": "why", "lines": [{ "product": mug, "unitCost": gbp("1.00") }] });
    let payload = blind.act("stockRevalue", "StockRevalueInput", "revaluation { id }", input).await;
    assert!(payload["revaluation"].is_null() && payload["seq"].is_i64() && payload["userErrors"] == json!([]), "{payload}");
}

async fn a_partner_of_a_channel_has_no_report_of_all_of_them(world: &World) {
    let books = Books::of(world).await;
    let mug = books.desk.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    books.sell(&mug, 1).await;
    let mut partner = books.desk.caller.clone();
    partner.channel = Some(world.ours.ids["chn"].parse().unwrap());
    let query = "{ costReport { rows { costOfGoodsSold { amount } } } }";
    let answer = books.desk.as_caller(partner).ask(query, json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
}

async fn each_proof_of_costs_names_what_is_broken(world: &World) {
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("cost_pool", "quantity", "quantity > 0", "cost pool: its units"),
        one("cost_pool", "average_minor", "average_minor > 0", "cost pool: units and both values"),
        one("cost_layer", "value_minor", "value_minor > 0", "cost layer"),
        one("revaluation_line", "position", "position > 0", "revaluation: each line"),
    ];
    each_is_named(world, &breaks).await;
}
