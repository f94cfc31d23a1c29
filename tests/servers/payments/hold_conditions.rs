//! Whom and what rules that set holds look at, and how holds follow an order that changes.

use entity::prelude::*;
use serde_json::{Value, json};

use super::{
    World, accepted,
    hold_rules::{held_by, places, rule, upserts},
    pounds, refused,
};
use crate::world::{answers::codes, rows};

/// Returns the codes of the rules with active holds on an order, sorted.
async fn holds(world: &World, order: &Value) -> Vec<String> {
    let document = "query($id: ID!) { order(by: {id: $id}) { holds { ruleCode } } }";
    let answer = world.execute(document, json!({"id": order["id"]})).await;
    let holds = answer["order"]["holds"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let mut codes: Vec<String> = holds.iter().map(|hold| hold["ruleCode"].as_str().unwrap().to_owned()).collect();
    codes.sort_unstable();
    codes
}

/// Returns the answer to an edit of the order's current version.
async fn edit(world: &World, order: &Value, extra: Value) -> Value {
    let mut input = world.step(order, extra);
    input["expectedVersion"] = world.read(order).await["version"].clone();
    world.mutate("orderUpdate", input).await
}

/// Sets how many mugs the order is of.
async fn mugs(world: &World, order: &Value, quantity: i64) {
    let line = world.read(order).await["lines"][0]["id"].clone();
    accepted(&edit(world, order, json!({"setLines": [{"id": line, "quantity": quantity}]})).await, "order");
}

/// Lifts the one active hold.
async fn lift(world: &World, order: &Value) {
    let standing = world.read(order).await["holds"][0].clone();
    world.complete_step("orderHoldLift", &standing, json!({})).await;
}

#[tokio::test]
async fn a_bill_that_goes_to_another_country_holds_the_goods() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "ELSEWHERE", "kind": "FRAUD", "isBilledElsewhere": true, "isHoldLiftedAutomatically": true}))
            .await;
        let address = |country: &str| json!({"lines": ["1 Mill Lane"], "country": country});
        for (goods, bill, expected) in [("FR", "GB", vec!["ELSEWHERE"]), ("GB", "gb", vec![]), ("France", "france", vec![])] {
            let input = json!({"shippingAddress": address(goods), "billingAddress": address(bill)});
            assert_eq!(held_by(&places(&world, 1, input, false).await), expected, "{goods} {bill}");
        }
        let silent = places(&world, 1, json!({"shippingAddress": address("FR")}), false).await;
        assert_eq!(held_by(&silent), Vec::<&str>::new(), "no bill is said to go anywhere");
        accepted(&edit(&world, &silent, json!({"billingAddress": address("DE")})).await, "order");
        assert_eq!(holds(&world, &silent).await, ["ELSEWHERE"], "an edit is looked at, too");
        accepted(&edit(&world, &silent, json!({"noteForStaff": "called"})).await, "order");
        assert_eq!(holds(&world, &silent).await, ["ELSEWHERE"], "what is sealed is seen where it is not said");
        accepted(&edit(&world, &silent, json!({"billingAddress": address("FR")})).await, "order");
        assert_eq!(holds(&world, &silent).await, Vec::<String>::new(), "the rule takes its hold off");
        let events = world.events_of("order.").await;
        assert_eq!(
            &events[events.len() - 5..],
            ["order.updated", "order.held", "order.updated", "order.updated", "order.hold_lifted"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_customer_is_new_until_something_has_left_for_them() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "NEW", "kind": "FRAUD", "isNewCustomer": true})).await;
        let twin: CustomerId = world.clock.id();
        let work = world.db.tenant(world.tenant).begin().await.unwrap();
        let row = rows::customer(world.tenant, twin, world.clock.now());
        work.insert::<entity::customer::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
        let input_for = |customer: CustomerId| json!({"customerId": customer});
        let first = places(&world, 2, input_for(world.customer), false).await;
        let second = places(&world, 1, input_for(world.customer), false).await;
        assert_eq!((held_by(&first), held_by(&second)), (vec!["NEW"], vec!["NEW"]), "nothing has left yet");
        assert_eq!(held_by(&places(&world, 1, json!({}), false).await), ["NEW"], "nobody knows whom it is for");
        lift(&world, &first).await;
        let line = world.read(&first).await["lines"][0]["id"].clone();
        let part = json!({"lines": [{"lineId": line, "quantity": 1}]});
        assert_eq!(world.complete_step("orderFulfil", &first, part).await["status"], "PARTIALLY_FULFILLED");
        assert_eq!(held_by(&places(&world, 1, input_for(world.customer), false).await), Vec::<&str>::new());
        assert_eq!(held_by(&places(&world, 1, input_for(twin), false).await), ["NEW"]);
        // Two that are one have bought together.
        let sql = "UPDATE customer SET merged_into = $2 WHERE tenant_id = $1 AND id = $3";
        world.run_tenant_sql(sql, vec![world.customer.into(), twin.into()]).await;
        assert_eq!(held_by(&places(&world, 1, input_for(twin), false).await), Vec::<&str>::new());
        accepted(&edit(&world, &first, json!({"noteForStaff": "called"})).await, "order");
        assert_eq!(holds(&world, &first).await, Vec::<String>::new(), "what somebody let pass is not held again");
    })
    .await;
}

#[tokio::test]
async fn tags_of_customers_and_products_hold_an_order() {
    World::on_both(async |world| {
        world
            .run_tenant_sql(
                "UPDATE customer SET tags = '[\"Late Payer\"]' WHERE tenant_id = $1 AND id = $2",
                vec![world.customer.into()],
            )
            .await;
        world
            .run_tenant_sql("UPDATE product SET tags = '[\"Blade\"]' WHERE tenant_id = $1 AND id = $2", vec![world.lamp.into()])
            .await;
        let hold_rule = rule(&world, json!({"code": "LATE", "customerTags": [" late payer ", "vip"]})).await;
        assert_eq!(hold_rule["customerTags"], json!(["late payer", "vip"]));
        rule(&world, json!({"code": "BLADE", "kind": "AGE", "productTags": ["blade"], "isHoldLiftedAutomatically": true})).await;
        rule(&world, json!({"code": "BOTH", "productTags": ["blade"], "customerTags": ["vip"]})).await;
        assert_eq!(held_by(&places(&world, 1, json!({}), false).await), Vec::<&str>::new());
        let order = places(&world, 1, json!({"customerId": world.customer}), false).await;
        assert_eq!(held_by(&order), ["LATE"]);
        let line = json!([{"product": {"id": world.lamp}, "quantity": 1}]);
        let added = edit(&world, &order, json!({"addLines": line})).await;
        let lamp = accepted(&added, "order")["lines"][1]["id"].clone();
        assert_eq!(holds(&world, &order).await, ["BLADE", "LATE"], "conditions are joined by and: BOTH does not match");
        accepted(&edit(&world, &order, json!({"setLines": [{"id": lamp, "quantity": 0}]})).await, "order");
        assert_eq!(holds(&world, &order).await, ["LATE"], "a line that counts no more is not looked at");
        accepted(&edit(&world, &order, json!({"customerId": null})).await, "order");
        assert_eq!(holds(&world, &order).await, ["LATE"], "a rule that does not lift itself leaves it to a person");
    })
    .await;
}

#[tokio::test]
async fn what_somebody_let_pass_is_held_again_only_for_more() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "LARGE", "totalAtLeast": pounds("25.50")})).await;
        let order = places(&world, 9, json!({}), false).await;
        assert_eq!(held_by(&order), Vec::<&str>::new(), "22.95");
        mugs(&world, &order, 10).await;
        assert_eq!(holds(&world, &order).await, ["LARGE"]);
        mugs(&world, &order, 11).await;
        mugs(&world, &order, 9).await;
        assert_eq!(holds(&world, &order).await, ["LARGE"], "it stands until somebody lifts it");
        lift(&world, &order).await;
        for (quantity, expected) in [(10, vec![]), (11, vec![]), (12, vec!["LARGE"])] {
            mugs(&world, &order, quantity).await;
            assert_eq!(holds(&world, &order).await, expected, "{quantity}: 28.05 were let pass");
        }
        refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        let other = places(&world, 1, json!({"status": "DRAFT"}), false).await;
        mugs(&world, &other, 20).await;
        assert_eq!(holds(&world, &other).await, Vec::<String>::new(), "a draft is asked about when it is confirmed");
    })
    .await;
}

#[tokio::test]
async fn holds_follow_what_is_paid() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "PREPAID", "kind": "PAYMENT", "isUnpaid": true, "isHoldLiftedAutomatically": true})).await;
        let order = places(&world, 2, json!({}), false).await;
        assert_eq!(held_by(&order), ["PREPAID"]);
        let promise = world.paid(&order, "AUTHORISATION", "5.10", json!({})).await;
        assert_eq!(holds(&world, &order).await, Vec::<String>::new(), "what is authorised in full is as good as paid");
        world.paid(&order, "VOID", "5.10", json!({"parentId": promise["id"]})).await;
        assert_eq!(holds(&world, &order).await, ["PREPAID"], "the promise is taken back");
        lift(&world, &order).await;
        world.paid(&order, "CAPTURE", "1.00", json!({})).await;
        assert_eq!(holds(&world, &order).await, Vec::<String>::new(), "somebody let it pass unpaid");
        world.paid(&order, "CAPTURE", "4.10", json!({})).await;
        world.paid(&order, "REFUND", "1.00", json!({})).await;
        assert_eq!(holds(&world, &order).await, ["PREPAID"], "money went back");
    })
    .await;
}

#[tokio::test]
async fn an_edit_and_a_payment_at_once_leave_one_hold() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "PREPAID", "kind": "PAYMENT", "isUnpaid": true, "isHoldLiftedAutomatically": true})).await;
        rule(&world, json!({"code": "LARGE", "totalAtLeast": pounds("25.50")})).await;
        let order = places(&world, 2, json!({}), false).await;
        let line = world.read(&order).await["lines"][0]["id"].clone();
        let edited = async {
            // The payment may have come first.
            loop {
                let answer = edit(&world, &order, json!({"setLines": [{"id": line, "quantity": 10}]})).await;
                if answer["userErrors"] == json!([]) {
                    break;
                }
                assert_eq!(codes(&answer), ["VERSION_CONFLICT"]);
            }
        };
        tokio::join!(edited, world.paid(&order, "CAPTURE", "5.10", json!({})));
        assert_eq!(holds(&world, &order).await, ["LARGE", "PREPAID"], "25.50 are asked, 5.10 are paid");
        world.paid(&order, "CAPTURE", "20.40", json!({})).await;
        assert_eq!(holds(&world, &order).await, ["LARGE"]);
    })
    .await;
}

#[tokio::test]
async fn a_rule_of_odd_tags_is_refused() {
    World::on_both(async |world| {
        for (fields, code, field) in [
            (json!({"customerTags": ["t".repeat(65)]}), "TOO_LONG", "customerTags.0"),
            (json!({"productTags": [" "]}), "INVALID", "productTags.0"),
            (json!({"productTags": vec!["blade"; 51]}), "TOO_LONG", "productTags"),
        ] {
            let mut odd = json!({"code": "ODD"});
            odd.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            refused(&upserts(&world, odd).await, code, &format!("input.{field}"));
        }
        let alone = upserts(&world, json!({"code": "ALL", "isHoldLiftedAutomatically": true})).await;
        assert!(refused(&alone, "INVALID", "input").contains("every order"));
    })
    .await;
}
