//! Rules that set holds by themselves when an order is confirmed.

use serde_json::{Value, json};

use super::{World, accepted, pounds, refused};

const RULE: &str = "code kind reason totalAtLeast { amount currencyCode } isUnpaid isAddressMissing countries isBilledElsewhere isNewCustomer \
    customerTags productTags isHoldLiftedAutomatically archivedAt version";
const HELD: &str = "id status version holds { id kind reason ruleCode actor { __typename } }";

/// Makes or changes a rule.
pub(super) async fn upserts(world: &World, rule: Value) -> Value {
    let document = format!(
        "mutation($input: HoldRuleUpsertInput!) {{ holdRuleUpsert(input: $input) {{ holdRule {{ {RULE} }} replayed seq \
         userErrors {{ code message field }} }} }}"
    );
    let mut input = json!({"idempotencyKey": world.key(), "kind": "CREDIT", "reason": "Looked at by hand"});
    input.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
    world.execute(&document, json!({ "input": input })).await["holdRuleUpsert"].clone()
}

pub(super) async fn rule(world: &World, rule: Value) -> Value {
    accepted(&upserts(world, rule).await, "holdRule").clone()
}

async fn archives(world: &World, code: &str) -> Value {
    let document = format!(
        "mutation($input: HoldRuleArchiveInput!) {{ holdRuleArchive(input: $input) {{ holdRule {{ {RULE} }} replayed seq \
         userErrors {{ code message field }} }} }}"
    );
    world.execute(&document, json!({"input": {"idempotencyKey": world.key(), "code": code}})).await["holdRuleArchive"].clone()
}

/// Places an order of `quantity` mugs, at 2.55 each, with the input's further fields in `more`; or
/// tries it as a dry run.
pub(super) async fn places(world: &World, quantity: i64, extra: Value, dry: bool) -> Value {
    let document = format!(
        "mutation($input: OrderCreateInput!, $dry: Boolean!) {{ orderCreate(input: $input, validateOnly: $dry) {{ order {{ {HELD} }} \
         userErrors {{ code message field }} }} }}"
    );
    let lines = json!([{"product": {"id": world.mug}, "quantity": quantity}]);
    let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": lines});
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let answer = world.execute(&document, json!({"input": input, "dry": dry})).await;
    accepted(&answer["orderCreate"], "order").clone()
}

async fn confirms(world: &World, order: &Value) -> Value {
    let document = format!(
        "mutation($input: ActionInput!) {{ orderConfirm(input: $input) {{ order {{ {HELD} }} userErrors {{ code message field }} }} }}"
    );
    let answer = world.execute(&document, json!({"input": {"id": order["id"], "idempotencyKey": world.key()}})).await;
    accepted(&answer["orderConfirm"], "order").clone()
}

/// The codes of the rules that hold an order.
pub(super) fn held_by(order: &Value) -> Vec<&str> {
    order["holds"].as_array().unwrap().iter().filter_map(|hold| hold["ruleCode"].as_str()).collect()
}

#[tokio::test]
async fn a_large_order_is_held_by_its_rule_until_somebody_lifts_it() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "LARGE", "kind": "credit", "totalAtLeast": pounds("25.50")})).await;
        assert_eq!(held_by(&places(&world, 9, json!({}), false).await), Vec::<&str>::new(), "22.95");
        let tried = places(&world, 10, json!({}), true).await;
        assert_eq!(held_by(&tried), ["LARGE"], "a dry run shows it");
        let order = places(&world, 10, json!({}), false).await;
        let hold = &order["holds"][0];
        assert_eq!(
            (&hold["kind"], &hold["reason"], &hold["ruleCode"], &order["version"]),
            (&json!("CREDIT"), &json!("Looked at by hand"), &json!("LARGE"), &json!(1))
        );
        assert_eq!(world.level(world.mug, world.store).await, [100, 19, 0], "its stock is held as ever");
        let message = refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        assert!(message.contains("CREDIT"), "{message}");
        assert_eq!(world.events_of("order.").await, ["order.created", "order.created", "order.held"]);
        world.complete_step("orderHoldLift", hold, json!({})).await;
        assert_eq!(world.complete_step("orderFulfil", &order, json!({})).await["status"], "FULFILLED");
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_asked_about_when_it_is_confirmed() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "NO-ADDRESS", "kind": "ADDRESS", "isAddressMissing": true})).await;
        for status in ["DRAFT", "PENDING"] {
            let order = places(&world, 1, json!({ "status": status }), false).await;
            assert_eq!(held_by(&order), Vec::<&str>::new(), "{status}");
            let confirmed = confirms(&world, &order).await;
            assert_eq!((held_by(&confirmed), &confirmed["version"]), (vec!["NO-ADDRESS"], &json!(2)), "{status}");
        }
        let address = json!({"city": "York", "lines": ["1 Mill Lane"]});
        let placed_order = places(&world, 1, json!({"status": "DRAFT", "shippingAddress": address}), false).await;
        assert_eq!(held_by(&confirms(&world, &placed_order).await), Vec::<&str>::new(), "an address that is sealed is seen");
        let billed = places(&world, 1, json!({"status": "DRAFT", "billingAddress": address}), false).await;
        assert_eq!(held_by(&confirms(&world, &billed).await), ["NO-ADDRESS"], "goods do not go to the bill");
        let collected = places(&world, 1, json!({"deliveryMethod": "COLLECT"}), false).await;
        assert_eq!(held_by(&collected), Vec::<&str>::new());
        let sold = places(&world, 1, json!({"status": "FULFILLED"}), false).await;
        assert_eq!(held_by(&sold), Vec::<&str>::new(), "what is sold over the counter has left");
    })
    .await;
}

#[tokio::test]
async fn an_unpaid_order_waits_for_its_payment() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "PREPAID", "kind": "PAYMENT", "isUnpaid": true})).await;
        let paying = |amount: &str| json!({"payments": [{"kind": "AUTHORISATION", "amount": pounds(amount), "method": "CARD"}]});
        assert_eq!(held_by(&places(&world, 2, paying("5.10"), false).await), Vec::<&str>::new(), "authorised in full");
        assert_eq!(held_by(&places(&world, 2, paying("5.00"), false).await), ["PREPAID"]);
        let order = places(&world, 2, json!({}), false).await;
        assert_eq!(held_by(&order), ["PREPAID"]);
        world.paid(&order, "CAPTURE", "5.10", json!({})).await;
        assert_eq!(world.read(&order).await["holds"], json!([]), "the capture lifts it");
        assert_eq!(world.complete_step("orderFulfil", &order, json!({})).await["status"], "FULFILLED");
        rule(&world, json!({"code": "LARGE", "kind": "PAYMENT", "totalAtLeast": pounds("10.00")})).await;
        let large = places(&world, 4, json!({}), false).await;
        let capture = world.paid(&large, "CAPTURE", "10.20", json!({})).await;
        assert_eq!(world.read(&large).await["holds"], json!([]));
        accepted(&world.take_back(&capture).await, "payment");
        assert_eq!(world.read(&large).await["holds"].as_array().map(Vec::len), Some(2), "no member let it pass");
        world.paid(&large, "CAPTURE", "10.20", json!({})).await;
        assert_eq!(world.read(&large).await["holds"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn all_that_a_rule_says_has_to_be_true() {
    World::on_both(async |world| {
        rule(&world, json!({"code": "ABROAD", "totalAtLeast": pounds("10.00"), "countries": ["fr", "Jersey"]})).await;
        rule(&world, json!({"code": "EUROS", "totalAtLeast": {"amount": "0.01", "currencyCode": "EUR"}})).await;
        for (quantity, country, expected) in [
            (4, Some("FR"), vec!["ABROAD"]),
            (4, Some("Jersey"), vec!["ABROAD"]),
            (3, Some("FR"), vec![]),
            (4, Some("DE"), vec![]),
        ] {
            let order = places(&world, quantity, json!({ "shippingCountry": country }), false).await;
            assert_eq!(held_by(&order), expected, "{quantity} to {country:?}");
        }
        rule(&world, json!({"code": "ANY-FR", "kind": "FRAUD", "countries": ["FR"]})).await;
        let both = places(&world, 4, json!({"shippingCountry": "FR"}), false).await;
        let mut rules = held_by(&both);
        rules.sort_unstable();
        assert_eq!(rules, ["ABROAD", "ANY-FR"], "each rule sets its own");
    })
    .await;
}

#[tokio::test]
async fn a_rule_is_changed_by_its_code_and_archived() {
    World::on_both(async |world| {
        let first = rule(&world, json!({"code": "LARGE", "totalAtLeast": pounds("5.00")})).await;
        let second = rule(&world, json!({"code": "LARGE", "totalAtLeast": pounds("2.00"), "reason": "Above two pounds"})).await;
        assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
        let order = places(&world, 1, json!({}), false).await;
        assert_eq!(order["holds"][0]["reason"], "Above two pounds");
        let archived = accepted(&archives(&world, "LARGE").await, "holdRule").clone();
        assert!(archived["archivedAt"].is_string(), "{archived}");
        let again = archives(&world, "LARGE").await;
        assert_eq!(
            (&accepted(&again, "holdRule")["version"], &again["seq"]),
            (&json!(3), &Value::Null),
            "it is archived already"
        );
        assert_eq!(held_by(&places(&world, 1, json!({}), false).await), Vec::<&str>::new());
        refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        let list = world.execute("{ holdRules { code archivedAt } }", json!({})).await;
        assert_eq!(list["holdRules"].as_array().unwrap().len(), 1);
        let back = rule(&world, json!({"code": "LARGE", "totalAtLeast": pounds("2.00")})).await;
        assert_eq!((&back["archivedAt"], &back["version"]), (&Value::Null, &json!(4)));
        assert_eq!(held_by(&places(&world, 1, json!({}), false).await), ["LARGE"]);
        assert_eq!(world.events_of("hold_rule.").await.len(), 4);
        refused(&archives(&world, "SMALL").await, "NOT_FOUND", "input.code");
    })
    .await;
}

#[tokio::test]
async fn a_rule_says_when_it_holds() {
    World::on_both(async |world| {
        let empty = upserts(&world, json!({"code": "ALL"})).await;
        assert!(refused(&empty, "INVALID", "input").contains("every order"));
        for (fields, code, field) in [
            (json!({"kind": "SHORT"}), "INVALID", "kind"),
            (json!({"reason": " "}), "REQUIRED", "reason"),
            (json!({"kind": ""}), "REQUIRED", "kind"),
            (json!({"idempotencyKey": ""}), "REQUIRED", "idempotencyKey"),
            (json!({"code": "c".repeat(65)}), "TOO_LONG", "code"),
            (json!({"totalAtLeast": pounds("0.00")}), "OUT_OF_RANGE", "totalAtLeast"),
            (json!({"countries": ["GB", "FR\nDE"]}), "INVALID", "countries.1"),
        ] {
            let mut rule = json!({"code": "ODD", "isUnpaid": true});
            rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            refused(&upserts(&world, rule).await, code, &format!("input.{field}"));
        }
        let same = json!({"code": "ONE", "isUnpaid": true, "idempotencyKey": "rule-1"});
        let first = upserts(&world, same.clone()).await;
        let again = upserts(&world, same).await;
        assert_eq!((&again["replayed"], &again["seq"]), (&json!(true), &first["seq"]));
        let other = upserts(&world, json!({"code": "TWO", "isUnpaid": true, "idempotencyKey": "rule-1"})).await;
        refused(&other, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    })
    .await;
}
