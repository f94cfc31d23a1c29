//! A dry run of an order shows what the call would add beside its row: steps, payments and holds.

use serde_json::{Value, json};

use super::{World, pounds};
use crate::retailer::input_of;

/// Fields beside an order's row that a dry run carries.
const BESIDE: &str = "status paymentStatus cancelReason cancelNote hasMoreSteps balance { amount } holds { kind reason note } \
    steps { action reason cancelReason } payments { kind amount { amount } order { paymentStatus } } \
    lines { order { status cancelReason holds { kind } steps { action } payments { kind } } }";

fn input(mutation: &str) -> String {
    if mutation == "orderCancel" { "ActionInput".to_owned() } else { input_of(mutation) }
}

/// Checks that a dry run and the call have the same answer; returns it.
async fn agrees(world: &World, (mutation, fields): (&str, &str), sent: Value) -> Value {
    let reason = if mutation == "orderCancel" { ", reason: CUSTOMER" } else { "" };
    let run_query = async |dry: bool| {
        let document = format!(
            "mutation($input: {}!, $dry: Boolean!) {{ {mutation}(input: $input{reason}, validateOnly: $dry) {{ {fields} userErrors {{ code message }} }} }}",
            input(mutation)
        );
        world.execute(&document, json!({"input": sent, "dry": dry})).await[mutation].clone()
    };
    let (tried, real) = (run_query(true).await, run_query(false).await);
    assert_eq!(real["userErrors"], json!([]), "{mutation}");
    assert_eq!(in_order(tried), in_order(real.clone()), "{mutation}: a dry run is answered otherwise");
    real
}

/// The answer with its payments by amount: those of one millisecond are in the order of their IDs.
fn in_order(mut answer: Value) -> Value {
    for order in ["/order", "/payment/order"] {
        if let Some(payments) = answer.pointer_mut(&format!("{order}/payments")).and_then(Value::as_array_mut) {
            payments.sort_by_key(|payment| payment["amount"]["amount"].to_string());
        }
    }
    answer
}

#[tokio::test]
async fn a_dry_run_shows_steps_payments_and_holds_as_the_call_leaves_them() {
    World::on_both(async |world| {
        let order = format!("order {{ {BESIDE} }}");
        let lines = json!([{"product": {"id": world.mug}, "quantity": 3}]);
        let cash = json!([{"kind": "CAPTURE", "amount": pounds("5.00"), "method": "CASH"}]);
        let new = |status: &str| {
            json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": status, "lines": lines, "payments": cash})
        };
        let new_order = agrees(&world, ("orderCreate", &order), new("FULFILLED")).await;
        assert_eq!(new_order["order"]["payments"].as_array().unwrap().len(), 1);
        agrees(&world, ("orderCreate", &order), new("CONFIRMED")).await;

        let first = world.mugs("CONFIRMED", 2).await;
        let hold_input = || world.step(&first, json!({"kind": "CREDIT", "reason": "limit"}));
        agrees(&world, ("orderHoldSet", &order), hold_input()).await;
        let twice = agrees(&world, ("orderHoldSet", &order), hold_input()).await;
        assert_eq!(twice["order"]["holds"].as_array().unwrap().len(), 2);
        // If there are two holds of one kind, the lifted one is not shown.
        let holds = world.read(&first).await["holds"].clone();
        let lift = json!({"id": holds[0]["id"], "idempotencyKey": world.key()});
        let lifted = agrees(&world, ("orderHoldLift", &order), lift).await;
        assert_eq!(lifted["order"]["holds"].as_array().unwrap().len(), 1);
        let mut paid = world.fact(&first, "CAPTURE", "1.00", json!({}));
        paid["idempotencyKey"] = json!(world.key());
        let paid = agrees(&world, ("paymentRecord", &format!("payment {{ kind {order} }}")), paid).await;
        assert_eq!(paid["payment"]["order"]["paymentStatus"], "PARTIALLY_PAID");
        assert_eq!(paid["payment"]["order"]["payments"].as_array().unwrap().len(), 1);
        let captured = world.paid(&first, "CAPTURE", "0.50", json!({})).await;
        let back = json!({"id": captured["id"], "idempotencyKey": world.key(), "note": "mistyped"});
        let fields = format!("payment {{ reverses {{ reversedBy {{ note }} }} {order} }}");
        let back = agrees(&world, ("paymentReverse", &fields), back).await;
        assert_eq!(back["payment"]["reverses"]["reversedBy"]["note"], "mistyped");

        let second = world.mugs("CONFIRMED", 2).await;
        let cancelled =
            agrees(&world, ("orderCancel", &order), world.step(&second, json!({"note": "changed their mind"}))).await;
        let order = &cancelled["order"];
        assert_eq!((&order["status"], &order["cancelReason"]), (&json!("CANCELLED"), &json!("CUSTOMER")));
        assert_eq!(order["cancelNote"], "changed their mind");
    })
    .await;
}

#[tokio::test]
async fn a_field_behind_a_dry_run_is_not_told_of_it() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 2).await;
        let document = format!(
            "mutation($tried: ActionInput!, $set: OrderHoldSetInput!) {{
            tried: orderCancel(input: $tried, validateOnly: true) {{ order {{ {BESIDE} }} }}
            set: orderHoldSet(input: $set) {{ order {{ {BESIDE} }} }} }}"
        );
        let set = world.step(&order, json!({"kind": "CREDIT", "reason": "limit"}));
        let answer = world.execute(&document, json!({"tried": world.step(&order, json!({})), "set": set})).await;
        let actions = |field: &str| {
            answer[field]["order"]["steps"].as_array().unwrap().iter().map(|step| step["action"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(actions("tried").last(), Some(&json!("order.cancelled")));
        assert_eq!(answer["set"]["order"]["status"], "CONFIRMED");
        assert!(!actions("set").contains(&json!("order.cancelled")), "{answer:#}");
    })
    .await;
}
