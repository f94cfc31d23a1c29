//! Placing orders.

use serde_json::{Value, json};

use super::world::{World, accepted, refused};

fn mug(world: &World, quantity: i64) -> Value {
    json!({"product": {"id": world.mug}, "quantity": quantity})
}

#[tokio::test]
async fn an_order_begins_in_every_state() {
    World::on_both(async |world| {
        let cases = [
            ("DRAFT", [100, 0, 0], json!(["orderConfirm", "orderCancel", "orderUpdate", "orderHoldSet"])),
            ("PENDING", [100, 3, 0], json!(["orderConfirm", "orderCancel", "orderUpdate", "orderHoldSet"])),
            ("CONFIRMED", [100, 6, 0], json!(["orderFulfil", "orderCancel", "orderUpdate", "orderHoldSet"])),
            ("FULFILLED", [97, 6, 0], json!(["orderClose", "orderUpdate"])),
        ];
        for (place, (status, level, actions)) in cases.into_iter().enumerate() {
            let payload = world.order(status, json!([mug(&world, 3)])).await;
            let order = accepted(&payload, "order");
            assert_eq!(order["status"], status);
            assert_eq!(order["number"], format!("SO-00000{}", place + 1));
            assert_eq!(order["allowedActions"], actions, "{status}");
            assert_eq!(order["total"], json!({"amount": "7.65", "currencyCode": "GBP"}));
            assert_eq!(order["channel"]["code"], "DIRECT");
            assert_eq!(order["holds"], json!([]));
            assert_eq!(world.level(world.mug, world.store).await, level, "{status}");
            let line = &order["lines"][0];
            let reservation_count = usize::from(matches!(status, "PENDING" | "CONFIRMED"));
            assert_eq!(line["allocations"].as_array().unwrap().len(), reservation_count, "{status}");
            assert!(payload["seq"].is_i64() && payload["replayed"] == false);
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_may_be_an_id_a_sku_a_barcode_or_a_code() {
    World::on_both(async |world| {
        let input = json!({
            "idempotencyKey": "names", "store": {"code": "ldn"}, "channelId": world.web, "customerId": world.customer,
            "externalRef": "W-1", "lines": [
                {"product": {"sku": " mug "}, "quantity": 1},
                {"product": {"barcode": "5012345678900"}, "quantity": 2},
                {"kind": "CHARGE", "name": "Postage", "quantity": 1, "unitPrice": {"amount": "3.5", "currencyCode": "GBP"}},
            ],
        });
        let payload = world.mutate("orderCreate", input).await;
        let order = accepted(&payload, "order");
        assert_eq!(order["customer"]["name"], "Ada");
        assert_eq!(order["channel"]["code"], "WEB");
        assert_eq!(order["total"]["amount"], "11.15");
        let skus: Vec<&Value> = order["lines"].as_array().unwrap().iter().map(|line| &line["sku"]).collect();
        assert_eq!(skus, ["MUG", "MUG", "Postage"]);
        assert_eq!(order["lines"][2]["kind"], "CHARGE");
        for (product, field) in [("nope", "sku"), ("4006381333931", "barcode"), ("a\0b", "sku")] {
            let payload = world.order("DRAFT", json!([{"product": {field: product}, "quantity": 1}])).await;
            refused(&payload, "NOT_FOUND", &format!("input.lines.0.product.{field}"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_gives_its_first_answer_again() {
    World::on_both(async |world| {
        let input = json!({"idempotencyKey": "k", "store": {"id": world.store}, "lines": [mug(&world, 2)]});
        let first = world.mutate("orderCreate", input.clone()).await;
        let again = world.mutate("orderCreate", input.clone()).await;
        assert_eq!(again["replayed"], true);
        assert_eq!(again["order"], first["order"]);
        assert_eq!(again["seq"], first["seq"]);
        assert_eq!(world.level(world.mug, world.store).await, [100, 2, 0]);
        let mut other = input;
        other["lines"][0]["quantity"] = json!(3);
        refused(&world.mutate("orderCreate", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
        for (key, code) in [(String::new(), "REQUIRED"), ("k".repeat(256), "TOO_LONG")] {
            let input = json!({"idempotencyKey": key, "store": {"id": world.store}, "lines": [mug(&world, 2)]});
            refused(&world.mutate("orderCreate", input).await, code, "input.idempotencyKey");
        }
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    World::on_both(async |world| {
        let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input, validateOnly: true) \
            { order { status total { amount } number lines { open } } userErrors { code field } seq } }";
        let input = json!({"idempotencyKey": "dry", "store": {"id": world.store}, "lines": [mug(&world, 2)]});
        let answer = world.execute(document, json!({"input": input})).await;
        let order = json!({"status": "CONFIRMED", "total": {"amount": "5.10"}, "number": "SO-······", "lines": [{"open": 2}]});
        assert_eq!(answer["orderCreate"], json!({"order": order, "userErrors": [], "seq": null}));
        assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0]);
        let input = json!({"idempotencyKey": "dry", "store": {"id": world.store}, "lines": [mug(&world, 200)]});
        let answer = world.execute(document, json!({"input": input})).await;
        assert_eq!(answer["orderCreate"]["userErrors"][0]["code"], "INSUFFICIENT_STOCK");
    })
    .await;
}

#[tokio::test]
async fn a_reference_is_unique_in_its_channel() {
    World::on_both(async |world| {
        let with = |channel: Option<String>| {
            json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "externalRef": "R-1", "channelId": channel,
                "lines": [mug(&world, 1)]})
        };
        accepted(&world.mutate("orderCreate", with(None)).await, "order");
        refused(&world.mutate("orderCreate", with(None)).await, "DUPLICATE", "input.externalRef");
        accepted(&world.mutate("orderCreate", with(Some(world.web.to_string()))).await, "order");
    })
    .await;
}

#[tokio::test]
async fn money_is_exact() {
    World::on_both(async |world| {
        // 1.5 kg at 3.33 a kilogram is 4.995: half goes away from zero.
        let lines = json!([
            {"product": {"id": world.tea}, "quantity": 1_500},
            {"product": {"id": world.mug}, "quantity": 3, "discount": {"amount": "0.65", "currencyCode": "GBP"},
                "tax": {"amount": "1.40", "currencyCode": "GBP"}},
            {"kind": "CHARGE", "name": "Voucher", "quantity": 1, "unitPrice": {"amount": "-1", "currencyCode": "GBP"}},
        ]);
        let payload = world.order("CONFIRMED", lines).await;
        let order = accepted(&payload, "order");
        let totals: Vec<&Value> = order["lines"].as_array().unwrap().iter().map(|line| &line["total"]["amount"]).collect();
        assert_eq!(totals, ["5.00", "8.40", "-1.00"]);
        assert_eq!(order["total"]["amount"], "12.40");
        let price = |amount: &str, currency: &str| {
            json!([{"product": {"id": world.mug}, "quantity": 1, "unitPrice": {"amount": amount, "currencyCode": currency}}])
        };
        for (amount, currency, code, field) in [
            ("1.005", "GBP", "INVALID", "input.lines.0.unitPrice.amount"),
            ("1e3", "GBP", "INVALID", "input.lines.0.unitPrice.amount"),
            ("90071992547409.92", "GBP", "OUT_OF_RANGE", "input.lines.0.unitPrice.amount"),
            ("1", "gbp", "INVALID", "input.lines.0.unitPrice.currencyCode"),
            ("-1", "GBP", "OUT_OF_RANGE", "input.lines.0.unitPrice"),
        ] {
            refused(&world.order("DRAFT", price(amount, currency)).await, code, field);
        }
        let mixed = json!([mug(&world, 1), {"product": {"id": world.mug}, "quantity": 1, "unitPrice": {"amount": "1", "currencyCode": "EUR"}}]);
        refused(&world.order("DRAFT", mixed).await, "INVALID", "input.lines.1.unitPrice.currencyCode");
    })
    .await;
}

#[tokio::test]
async fn bad_input_is_refused_with_its_path() {
    World::on_both(async |world| {
        let line = |product: String, quantity: i64| json!([{"product": {"id": product}, "quantity": quantity}]);
        let good = world.mug.to_string();
        let random: entity::prelude::ProductId = world.ledger.clock().id();
        for (lines, code, field) in [
            (line(world.store.to_string(), 1), "INVALID", "input.lines.0.product.id"),
            (line("prd_nonsense".to_owned(), 1), "INVALID", "input.lines.0.product.id"),
            (line(random.to_string(), 1), "NOT_FOUND", "input.lines.0.product.id"),
            (line(world.foreign.mug.to_string(), 1), "NOT_FOUND", "input.lines.0.product.id"),
            (line(good.clone(), 0), "OUT_OF_RANGE", "input.lines.0.quantity"),
            (line(good.clone(), -1), "OUT_OF_RANGE", "input.lines.0.quantity"),
            (line(good.clone(), 101), "INSUFFICIENT_STOCK", "input.lines.0.quantity"),
            (json!([]), "INVALID", "input.lines"),
            (json!([{"kind": "CHARGE", "name": "x".repeat(301), "quantity": 1}]), "TOO_LONG", "input.lines.0.name"),
            (json!(vec![mug(&world, 1); 2_001]), "LIMIT_EXCEEDED", "input.lines"),
        ] {
            refused(&world.order("CONFIRMED", lines).await, code, field);
        }
        let charge =
            json!([{"kind": "CHARGE", "name": "Fee", "quantity": 1, "unitPrice": {"amount": "1", "currencyCode": "GBP"}}]);
        let base = json!({"store": {"id": world.store}, "lines": [mug(&world, 1)]});
        for (name, value, code, field) in [
            ("store", json!({"id": world.foreign.store}), "NOT_FOUND", "input.store.id"),
            ("store", json!({"code": "NOPE"}), "NOT_FOUND", "input.store.code"),
            ("channelId", json!(world.customer), "INVALID", "input.channelId"),
            ("customerId", json!("cus_00000000000000000000000001"), "NOT_FOUND", "input.customerId"),
            ("externalRef", json!("r".repeat(129)), "TOO_LONG", "input.externalRef"),
            ("externalRef", json!("a\0b"), "INVALID", "input.externalRef"),
            ("placedAt", json!("2030-01-01T00:00:00Z"), "OUT_OF_RANGE", "input.placedAt"),
            // Before 0001-01-02 a business date may lie in the year 0 in some zone.
            ("placedAt", json!("0001-01-01T23:59:59Z"), "OUT_OF_RANGE", "input.placedAt"),
            ("reservationIds", json!(["rsv_00000000000000000000000001"]), "NOT_FOUND", "input.reservationIds.0"),
        ] {
            let mut input = base.clone();
            input["idempotencyKey"] = json!(world.key());
            input[name] = value;
            refused(&world.mutate("orderCreate", input).await, code, field);
        }
        // No line touches stock there, so nothing but the store itself can miss it.
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.foreign.store}, "lines": charge});
        refused(&world.mutate("orderCreate", input).await, "NOT_FOUND", "input.store.id");
        assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0]);
        // Several at once, and 9,007,199,254,740,992 is no quantity at all.
        let lines = json!([{"product": {"id": "x"}, "quantity": 1}, {"product": {"id": "y"}, "quantity": 1}]);
        assert_eq!(super::world::refusals(&world.order("DRAFT", lines).await).len(), 2);
        let answer = world.order("DRAFT", line(good, 9_007_199_254_740_992)).await;
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("2^53"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn two_thousand_lines_are_taken() {
    World::on_both(async |world| {
        let payload = world.order("DRAFT", json!(vec![mug(&world, 1); 2_000])).await;
        assert_eq!(accepted(&payload, "order")["total"]["amount"], "5100.00");
    })
    .await;
}

#[tokio::test]
async fn an_order_takes_the_place_of_reservations() {
    World::on_both(async |world| {
        let id = world.reserve(world.mug, 90, None).await;
        refused(&world.order("CONFIRMED", json!([mug(&world, 90)])).await, "INSUFFICIENT_STOCK", "input.lines.0.quantity");
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "reservationIds": [id], "lines": [mug(&world, 90)]});
        let payload = world.mutate("orderCreate", input.clone()).await;
        accepted(&payload, "order");
        assert_eq!(world.level(world.mug, world.store).await, [100, 90, 0]);
        let mut again = input;
        again["idempotencyKey"] = json!(world.key());
        refused(&world.mutate("orderCreate", again).await, "INVALID_STATE", "input.reservationIds.0");
    })
    .await;
}

#[tokio::test]
async fn a_backorder_holds_what_there_is_and_says_that_it_is_short() {
    World::on_both(async |world| {
        let payload = world.order("CONFIRMED", json!([{"product": {"id": world.lamp}, "quantity": 6}])).await;
        let order = accepted(&payload, "order");
        assert_eq!(order["lines"][0]["open"], 4);
        assert_eq!(order["lines"][0]["backordered"], 2);
        assert_eq!(order["holds"], json!([{"reason": "SHORT"}]));
        assert_eq!(order["lines"][0]["allocations"], json!([{"store": {"code": "LDN"}, "quantity": 4}]));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_shows_what_the_order_would_hold() {
    World::on_both(async |world| {
        let document = "mutation Try($input: OrderCreateInput!, $dry: Boolean!) { result: orderCreate(input: $input, validateOnly: $dry) {
            order { holds { reason } lines { allocations { store { code } quantity } order { holds { reason } } } } userErrors { code } seq } }";
        let lamps = json!({"product": {"id": world.lamp}, "quantity": 6});
        for (status, line, reserved, holds) in [
            ("CONFIRMED", mug(&world, 3), json!([{"store": {"code": "LDN"}, "quantity": 3}]), json!([])),
            ("PENDING", mug(&world, 3), json!([{"store": {"code": "LDN"}, "quantity": 3}]), json!([])),
            ("DRAFT", mug(&world, 3), json!([]), json!([])),
            ("CONFIRMED", lamps, json!([{"store": {"code": "LDN"}, "quantity": 4}]), json!([{"reason": "SHORT"}])),
        ] {
            let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": status, "lines": [line]});
            let dry = world.execute(document, json!({"input": input, "dry": true})).await["result"].clone();
            assert_eq!(dry["seq"], Value::Null, "{dry}");
            let expected = json!({"holds": holds, "lines": [{"allocations": reserved, "order": {"holds": holds}}]});
            assert_eq!(dry["order"], expected, "{status}");
            let real = world.execute(document, json!({"input": input, "dry": false})).await["result"].clone();
            assert_eq!(real["order"], dry["order"], "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reservation_that_the_order_cannot_take_the_place_of_is_refused() {
    World::on_both(async |world| {
        let id = world.reserve(world.mug, 90, None).await;
        let wrap = json!({"product": {"id": world.wrap}, "quantity": 1});
        for (status, line) in [("DRAFT", mug(&world, 90)), ("CONFIRMED", wrap.clone()), ("FULFILLED", wrap)] {
            let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": status, "reservationIds": [id],
                "lines": [line]});
            refused(&world.mutate("orderCreate", input).await, "INVALID", "input.reservationIds.0");
        }
        assert_eq!(world.level(world.mug, world.store).await, [100, 90, 0], "it is still held");
    })
    .await;
}
