//! Registers: the one that a caller names is kept with an order, its cancellation and a return, and they are found by it.

use serde_json::{Value, json};

use super::world::{World, accepted, refused};

fn input(world: &World, register: &Value) -> Value {
    let lines = json!([{"product": {"id": world.mug}, "quantity": 1}]);
    json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "register": register, "lines": lines})
}

/// Cancels an order at a register, or previews the cancel.
async fn cancels(world: &World, order: &Value, register: &Value, extra: Value) -> Value {
    let document = "mutation($input: ActionInput!, $register: String, $dry: Boolean! = false) { \
        orderCancel(input: $input, register: $register, validateOnly: $dry) { order { status register steps { action register } } \
        userErrors { code message field } } }";
    let mut variables = json!({"input": {"id": order["id"], "idempotencyKey": world.key()}, "register": register});
    for (name, value) in extra.as_object().unwrap() {
        variables[name] = value.clone();
    }
    world.execute(document, variables).await["orderCancel"].clone()
}

async fn read_order(world: &World, order: &Value) -> Value {
    let document = "query($id: ID!) { order(by: {id: $id}) { status register steps { action register } } }";
    world.execute(document, json!({"id": order["id"]})).await["order"].clone()
}

#[tokio::test]
async fn an_order_and_its_cancellation_have_registers_of_their_own() {
    World::on_both(async |world| {
        let payload = world.mutate("orderCreate", input(&world, &json!("T3"))).await;
        let order = accepted(&payload, "order").clone();
        let placed_input =
            json!({"status": "CONFIRMED", "register": "T3", "steps": [{"action": "order.created", "register": "T3"}]});
        assert_eq!(read_order(&world, &order).await, placed_input);
        let foreseen = cancels(&world, &order, &json!("T4"), json!({"dry": true})).await;
        let foreseen = accepted(&foreseen, "order");
        assert_eq!((&foreseen["status"], &foreseen["register"]), (&json!("CANCELLED"), &json!("T3")));
        assert_eq!(read_order(&world, &order).await, placed_input, "a dry run changes nothing");
        accepted(&cancels(&world, &order, &json!("T4"), json!({})).await, "order");
        let steps = json!([{"action": "order.created", "register": "T3"}, {"action": "order.cancelled", "register": "T4"}]);
        assert_eq!(read_order(&world, &order).await, json!({"status": "CANCELLED", "register": "T3", "steps": steps}));
        // A call that names no register has none.
        let payload = world.mutate("orderCreate", input(&world, &Value::Null)).await;
        let order = accepted(&payload, "order").clone();
        accepted(&cancels(&world, &order, &Value::Null, json!({})).await, "order");
        let steps = json!([{"action": "order.created", "register": null}, {"action": "order.cancelled", "register": null}]);
        assert_eq!(read_order(&world, &order).await, json!({"status": "CANCELLED", "register": null, "steps": steps}));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_shows_the_register_and_writes_nothing() {
    World::on_both(async |world| {
        let document = "mutation($order: OrderCreateInput!, $return: ReturnCreateInput!) { \
            orderCreate(input: $order, validateOnly: true) { order { register } userErrors { code message field } } \
            returnCreate(input: $return, validateOnly: true) { return { register } userErrors { code message field } } }";
        let variables = json!({"order": input(&world, &json!("T3")), "return": input(&world, &json!("T4"))});
        let answer = world.execute(document, variables).await;
        assert_eq!(accepted(&answer["orderCreate"], "order"), &json!({"register": "T3"}));
        assert_eq!(accepted(&answer["returnCreate"], "return"), &json!({"register": "T4"}));
        let document = "{ orders { nodes { id } } returns { nodes { id } } }";
        assert_eq!(world.execute(document, json!({})).await, json!({"orders": {"nodes": []}, "returns": {"nodes": []}}));
    })
    .await;
}

#[tokio::test]
async fn a_register_is_a_short_code() {
    World::on_both(async |world| {
        let payload = world.mutate("orderCreate", input(&world, &json!("é".repeat(32)))).await;
        let order = accepted(&payload, "order").clone();
        for (register, code) in [
            (String::new(), "INVALID"),
            ("  ".to_owned(), "INVALID"),
            ("T\u{7}3".to_owned(), "INVALID"),
            ("T\u{0}3".to_owned(), "INVALID"),
            ("é".repeat(33), "TOO_LONG"),
        ] {
            let register = json!(register);
            refused(&world.mutate("orderCreate", input(&world, &register)).await, code, "input.register");
            refused(&world.mutate("returnCreate", input(&world, &register)).await, code, "input.register");
            refused(&cancels(&world, &order, &register, json!({})).await, code, "register");
        }
        assert_eq!(read_order(&world, &order).await["status"], "CONFIRMED");
    })
    .await;
}

#[tokio::test]
async fn blanks_around_a_register_are_left_out() {
    World::on_both(async |world| {
        let typed = json!(format!(" {}\t", "é".repeat(32)));
        let stored_input = json!("é".repeat(32));
        let payload = world.mutate("orderCreate", input(&world, &typed)).await;
        let order = accepted(&payload, "order").clone();
        accepted(&cancels(&world, &order, &json!(" T4 "), json!({})).await, "order");
        let steps =
            json!([{"action": "order.created", "register": stored_input}, {"action": "order.cancelled", "register": "T4"}]);
        assert_eq!(read_order(&world, &order).await, json!({"status": "CANCELLED", "register": stored_input, "steps": steps}));
        accepted(&world.mutate("returnCreate", input(&world, &typed)).await, "return");
        let document = "query($filter: ReturnFilter) { returns(filter: $filter) { nodes { register } } }";
        let found = world.execute(document, json!({"filter": {"register": {"eq": stored_input}}})).await;
        assert_eq!(found["returns"]["nodes"], json!([{"register": stored_input}]));
    })
    .await;
}

#[tokio::test]
async fn orders_and_returns_are_found_by_their_registers() {
    World::on_both(async |world| {
        for register in [json!("T1"), json!("T2"), json!("t1"), Value::Null] {
            accepted(&world.mutate("orderCreate", input(&world, &register)).await, "order");
            world.advance_clock(60);
            accepted(&world.mutate("returnCreate", input(&world, &register)).await, "return");
            world.advance_clock(60);
        }
        let document = "query($orders: OrderFilter, $returns: ReturnFilter) { orders(filter: $orders) { nodes { id register } } \
            returns(filter: $returns) { nodes { id register } } ordersCount(filter: $orders) { count } }";
        // The newest first.
        for (filter, expected) in [
            (json!({"register": {"eq": "T1"}}), json!(["T1"])),
            (json!({"register": {"eq": "T3"}}), json!([])),
            (json!({"register": {"in": ["T1", "T2"]}}), json!(["T2", "T1"])),
            (json!({"register": {"startsWith": "T"}}), json!(["T2", "T1"])),
            (json!({"register": {"contains": "1"}}), json!(["t1", "T1"])),
            (json!({"register": {"isNull": true}}), json!([null])),
            (json!({"register": {"isNull": false}}), json!(["t1", "T2", "T1"])),
            (json!({"not": {"register": {"eq": "T1"}}}), json!([null, "t1", "T2"])),
            (json!({"register": null}), json!([null, "t1", "T2", "T1"])),
        ] {
            let answer = world.execute(document, json!({"orders": filter, "returns": filter})).await;
            for list in ["orders", "returns"] {
                let nodes = answer[list]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
                let registers: Vec<&Value> = nodes.iter().map(|node| &node["register"]).collect();
                assert_eq!(json!(registers), expected, "{list} {filter}");
            }
            assert_eq!(answer["ordersCount"]["count"], expected.as_array().unwrap().len(), "{filter}");
        }
        // A page that is written straight equals the resolvers' answer: a directive sends the list
        // to them.
        let page = |id: &str| format!("{{ orders {{ nodes {{ {id} register }} }} }}");
        assert_eq!(world.execute(&page("id"), json!({})).await, world.execute(&page("id @include(if: true)"), json!({})).await);
    })
    .await;
}
