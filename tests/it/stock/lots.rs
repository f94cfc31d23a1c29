//! Lots in the words of a warehouse, through the whole schema.

use async_graphql::{Request, Variables};
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY, Reach},
    graphql::answer::data_json,
    schema::{self, EntrepotSchema},
};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::page::{execute_on, whole_schema};
use crate::{catalog::world::World, world::on_both};

/// A warehouse with cheese, which is kept by lots, drills with serial numbers, and mugs, which are not tracked.
struct Warehouse<'a> {
    world: &'a World,
    schema: EntrepotSchema,
}

impl<'a> Warehouse<'a> {
    async fn open(world: &'a World) -> Self {
        let own = Self { schema: whole_schema(world).await, world };
        for code in ["LDN", "YORK"] {
            own.must_mutate("storeCreate", "StoreCreateInput", json!({ "code": code, "name": code }), "store { id }").await;
        }
        for (sku, tracking) in [("CHEESE", "LOT"), ("DRILL", "SERIAL"), ("MUG", "NONE")] {
            let input = json!({ "sku": sku, "name": sku, "tracking": tracking, "price": { "amount": "4.00", "currencyCode": "GBP" },
                "unitCost": { "amount": "1.50", "currencyCode": "GBP" } });
            own.must_mutate("productCreate", "ProductCreateInput", input, "product { tracking }").await;
        }
        own
    }
    async fn call(&self, mutation: &str, kind: &str, input: Value, selection: &str) -> Value {
        let query = format!(
            "mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {selection} userErrors {{ code message field }} replayed seq }} }}"
        );
        execute_on(&self.schema, self.world, &query, json!({ "i": input })).await[mutation].clone()
    }
    async fn must_mutate(&self, mutation: &str, kind: &str, input: Value, selection: &str) -> Value {
        let answer = self.call(mutation, kind, input, selection).await;
        assert_eq!(answer["userErrors"], json!([]), "{mutation}: {answer:#}");
        answer
    }
    fn change(key: &str, kind: &str, sku: &str, delta: i64, lot: Value) -> Value {
        let mut change = json!({ "product": { "sku": sku }, "store": { "code": "LDN" }, "delta": delta });
        if !lot.is_null() {
            change["lot"] = lot;
        }
        json!({ "idempotencyKey": key, "kind": kind, "reasonCode": "OTHER", "changes": [change] })
    }
    async fn adjust(&self, key: &str, kind: &str, sku: &str, delta: i64, lot: Value) -> Value {
        let selection = "movement { entries { onHandDelta unavailableDelta condition lot { id code status } } } levels { onHand unavailable available }";
        self.call("stockAdjust", "StockAdjustInput", Self::change(key, kind, sku, delta, lot), selection).await
    }
    async fn receive(&self, code: &str, quantity: i64, expires_on: Option<&str>) -> String {
        let lot = json!({ "named": { "code": code, "expiresOn": expires_on } });
        let payload = self.adjust(&format!("in {code}"), "RECEIPT", "CHEESE", quantity, lot).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        payload["movement"]["entries"][0]["lot"]["id"].as_str().unwrap().to_owned()
    }
    async fn query(&self, query: &str) -> Value {
        execute_on(&self.schema, self.world, query, json!({})).await
    }
}

fn refusal(answer: &Value) -> (&str, String) {
    let error = &answer["userErrors"][0];
    let field: Vec<&str> = error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    (error["code"].as_str().unwrap_or_default(), field.join("."))
}

on_both!(what_expires_first_is_sold_first_and_what_comes_in_says_its_lot, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.receive("late", 10, Some("2027-03-01")).await;
    warehouse.receive("soon", 4, Some("2026-10-01")).await;
    let refused = warehouse.adjust("none", "RECEIPT", "CHEESE", 5, Value::Null).await;
    assert_eq!(refusal(&refused), ("INVALID", "input.changes.0.lot".to_owned()));
    let sold = warehouse.adjust("sale", "SALE", "CHEESE", -6, Value::Null).await;
    for (filter, expected) in [
        ("lot: { eq: \"SOON\" }", json!([{ "kind": "SALE" }, { "kind": "RECEIPT" }])),
        ("lot: { startsWith: \"so\" }, kind: [RECEIPT]", json!([{ "kind": "RECEIPT" }])),
        ("not: { lot: { in: [\"late\"] } }", json!([{ "kind": "RECEIPT" }])),
        ("lot: { eq: \"never\" }", json!([])),
    ] {
        let found = warehouse.query(&format!("{{ stockMovements(filter: {{ {filter} }}) {{ nodes {{ kind }} }} }}")).await;
        assert_eq!(found["stockMovements"]["nodes"], expected, "{filter}");
    }
    let entries = sold["movement"]["entries"].as_array().unwrap();
    let deltas: Vec<_> = entries.iter().map(|e| (e["onHandDelta"].as_i64().unwrap(), e["lot"]["code"].as_str().unwrap())).collect();
    assert_eq!(deltas, [(-4, "soon"), (-2, "late")]);
    let again = warehouse.adjust("sale", "SALE", "CHEESE", -6, Value::Null).await;
    assert_eq!((&again["replayed"], &again["seq"], &again["movement"]), (&json!(true), &sold["seq"], &sold["movement"]));
    let short = warehouse.adjust("named", "SALE", "CHEESE", -9, json!({ "code": "LATE" })).await;
    assert_eq!(refusal(&short), ("INSUFFICIENT_STOCK", "input.changes.0.delta".to_owned()));
    let mug = warehouse.adjust("mug", "RECEIPT", "MUG", 5, json!({ "code": "x" })).await;
    assert_eq!(refusal(&mug).0, "INVALID");
    let lots = warehouse.query("{ lots(filter: { code: { startsWith: \"LA\" } }) { nodes { code onHand expiresOn levels { onHand available store { code } } } } }").await;
    assert_eq!(lots["lots"]["nodes"], json!([{ "code": "late", "onHand": 8, "expiresOn": "2027-03-01",
        "levels": [{ "onHand": 8, "available": 8, "store": { "code": "LDN" } }] }]));
});

on_both!(lots_are_found_by_filters_inside_filters_and_sorted, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.receive("b", 4, Some("2026-11-01")).await;
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    warehouse.receive("C", 10, None).await;
    let first = warehouse.receive("a", 7, Some("2026-12-01")).await;
    let payload = warehouse.adjust("drill", "RECEIPT", "DRILL", 1, json!({ "code": "s-1" })).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    let ask_for = "query($filter: LotFilter, $sort: LotSort, $first: Int, $after: Cursor) {
        lots(filter: $filter, sort: $sort, first: $first, after: $after) { nodes { code } totalCount { count } pageInfo { endCursor } } }";
    let lots = async |variables: Value| execute_on(&warehouse.schema, world, ask_for, variables).await["lots"].clone();
    let codes = |page: &Value| page["nodes"].as_array().unwrap().iter().map(|lot| lot["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ");
    let by_code = json!({ "field": "CODE" });
    for (filter, expected) in [
        (json!({ "sku": { "eq": "cheese" } }), "a b C"),
        (json!({ "sku": { "startsWith": "DR" } }), "s-1"),
        (json!({ "not": { "sku": { "contains": "hee" } } }), "s-1"),
        (json!({ "expiresOn": { "gte": "2026-11-01", "lt": "2026-12-01" } }), "b"),
        (json!({ "expiresOn": { "gte": "2026-11-02" } }), "a"),
        (json!({ "not": { "expiresOn": { "lt": "2027-01-01" } } }), "C s-1"),
        (json!({ "expiresBefore": "2026-12-01", "expiresOn": { "lt": "2027-01-01" } }), "b"),
        (json!({ "onHand": { "gte": 7 } }), "a C"),
        (json!({ "onHand": { "eq": 7 } }), "a"),
        (json!({ "or": [{ "onHand": { "lte": 1 } }, { "code": { "eq": "B" } }] }), "b s-1"),
        (json!({ "and": [{ "code": { "in": ["a", "b"] } }, { "not": { "id": { "eq": first } } }] }), "b"),
        (json!({ "createdAt": { "gte": between } }), "a C s-1"),
        (json!({ "updatedAt": { "lt": between } }), "b"),
    ] {
        assert_eq!(codes(&lots(json!({ "filter": filter, "sort": by_code })).await), expected, "{filter}");
        let page = lots(json!({ "filter": filter, "first": 1 })).await;
        assert_eq!(page["totalCount"]["count"], expected.split_whitespace().count(), "{filter}");
    }
    for (sort, expected) in [
        (Value::Null, "s-1 a C b"),
        (json!({ "field": "CODE", "direction": "DESC" }), "s-1 C b a"),
        (json!({ "field": "CREATED_AT" }), "b C a s-1"),
        // Lots without an expiry date come last.
        (json!({ "field": "EXPIRES_ON" }), "b a C s-1"),
        (json!({ "field": "EXPIRES_ON", "direction": "DESC" }), "s-1 C a b"),
    ] {
        let (mut found, mut after) = (Vec::new(), Value::Null);
        for _ in 0..4 {
            let page = lots(json!({ "sort": sort, "first": 1, "after": after })).await;
            after = page["pageInfo"]["endCursor"].clone();
            found.push(codes(&page));
        }
        assert_eq!(found.join(" "), expected, "{sort}");
    }
});

on_both!(codes_are_what_people_write_on_boxes, world: World => {
    let warehouse = Warehouse::open(world).await;
    let long = "x".repeat(300);
    for (nth, (code, refused)) in [(long.as_str(), "TOO_LONG"), ("", "REQUIRED"), ("   ", "REQUIRED"), ("a\u{7}b", "INVALID")].into_iter().enumerate() {
        let input = json!({ "idempotencyKey": format!("bad {nth}"), "product": { "sku": "CHEESE" }, "code": code });
        let answer = warehouse.call("lotCreate", "LotCreateInput", input, "lot { code }").await;
        assert_eq!(refusal(&answer), (refused, "input.code".to_owned()), "{code:?}");
        let answer = warehouse.adjust(&format!("in bad {nth}"), "RECEIPT", "CHEESE", 1, json!({ "code": code })).await;
        assert_eq!(refusal(&answer), (refused, "input.changes.0.lot.code".to_owned()), "{code:?}");
    }
    for (nth, code) in ["ΛΟΤ-7", "批号42", "L/O-T 'x' \"y\"", "🧀"].into_iter().enumerate() {
        let input = json!({ "idempotencyKey": format!("good {nth}"), "product": { "sku": "CHEESE" }, "code": code, "manufacturedOn": "2026-09-01", "expiresOn": "2026-12-01" });
        let payload = warehouse.must_mutate("lotCreate", "LotCreateInput", input, "lot { code manufacturedOn status onHand } ").await;
        assert_eq!(payload["lot"], json!({ "code": code, "manufacturedOn": "2026-09-01", "status": "AVAILABLE", "onHand": 0 }));
        let input = json!({ "idempotencyKey": format!("again {nth}"), "product": { "sku": "CHEESE" }, "code": format!(" {} ", code.to_lowercase()) });
        assert_eq!(refusal(&warehouse.call("lotCreate", "LotCreateInput", input, "lot { code }").await).0, "DUPLICATE");
        let found = execute_on(&warehouse.schema, world, "query($c: String!) { lots(filter: { code: { eq: $c } }) { nodes { code } } }", json!({ "c": code.to_lowercase() })).await;
        assert_eq!(found["lots"]["nodes"], json!([{ "code": code }]));
    }
    let backwards = json!({ "idempotencyKey": "days", "product": { "sku": "CHEESE" }, "code": "d", "manufacturedOn": "2026-12-02", "expiresOn": "2026-12-01" });
    assert_eq!(refusal(&warehouse.call("lotCreate", "LotCreateInput", backwards, "lot { code }").await), ("OUT_OF_RANGE", "input.expiresOn".to_owned()));
    let mug = json!({ "idempotencyKey": "mug", "product": { "sku": "MUG" }, "code": "d" });
    assert_eq!(refusal(&warehouse.call("lotCreate", "LotCreateInput", mug, "lot { code }").await).0, "INVALID_STATE");
    // A lot with movements cannot be changed.
    warehouse.receive("in", 1, None).await;
    let product = warehouse.query("{ product(by: { sku: \"CHEESE\" }) { id version } }").await["product"].clone();
    let input = json!({ "id": product["id"], "expectedVersion": product["version"], "tracking": "NONE" });
    assert_eq!(refusal(&warehouse.call("productUpdate", "ProductUpdateInput", input, "product { id }").await), ("IN_USE", "input.tracking".to_owned()));
});

on_both!(a_recall_finds_where_a_lot_went_and_stops_the_rest, world: World => {
    let warehouse = Warehouse::open(world).await;
    let lot = warehouse.receive("bad", 10, Some("2026-12-01")).await;
    let customer = warehouse.must_mutate("customerCreate", "CustomerCreateInput", json!({ "name": "Ada", "email": "ada@example.com" }), "customer { id }").await;
    let order = |key: &str, quantity: i64| json!({ "idempotencyKey": key, "store": { "code": "LDN" }, "customerId": customer["customer"]["id"], "lines": [{ "product": { "sku": "CHEESE" }, "quantity": quantity }] });
    let shipped = warehouse.must_mutate("orderCreate", "OrderCreateInput", order("o1", 4), "order { id lines { id } }").await;
    let lines = json!([{ "lineId": shipped["order"]["lines"][0]["id"], "quantity": 4, "lot": { "code": "bad" } }]);
    let fulfil = json!({ "idempotencyKey": "f1", "id": shipped["order"]["id"], "lines": lines });
    warehouse.must_mutate("orderFulfil", "OrderFulfilInput", fulfil, "order { status }").await;
    warehouse.must_mutate("orderCreate", "OrderCreateInput", order("o2", 5), "order { id }").await;
    let input_for = |key: &str, policy: &str| json!({ "idempotencyKey": key, "id": lot, "note": "Glass", "onShortage": policy });
    let refused = warehouse.call("lotRecall", "LotStatusInput", input_for("r0", "REFUSE"), "lot { status }").await;
    assert_eq!((refusal(&refused).0, &refused["lot"]), ("INSUFFICIENT_STOCK", &Value::Null));
    let selection = "lot { status onHand } movement { kind reasonCode note entries { unavailableDelta condition } }";
    let resulting_payload = warehouse.must_mutate("lotRecall", "LotStatusInput", input_for("r1", "SHORTEN"), selection).await;
    assert_eq!(resulting_payload["lot"], json!({ "status": "RECALLED", "onHand": 6 }));
    assert_eq!(resulting_payload["movement"]["entries"], json!([{ "unavailableDelta": 6, "condition": "RECALLED" }]));
    let again = warehouse.must_mutate("lotRecall", "LotStatusInput", input_for("r1", "SHORTEN"), selection).await;
    assert_eq!((&again["replayed"], &again["seq"]), (&json!(true), &resulting_payload["seq"]));
    assert_eq!(refusal(&warehouse.call("lotRecall", "LotStatusInput", input_for("r2", "SHORTEN"), "lot { status }").await).0, "INVALID_STATE");
    let trace = execute_on(&warehouse.schema, world, "query($l: ID!) { lotTrace(lot: $l) { nodes { quantity store { code } document { __typename ... on Order { status } } customer { name } movement { kind } } } }", json!({ "l": lot })).await;
    assert_json_snapshot!("trace", trace["lotTrace"]["nodes"]);
    // Two of these are returned into the same lot, where they wait with the rest.
    let back = json!({ "idempotencyKey": "b1", "store": { "code": "LDN" }, "lines": [{ "orderLineId": shipped["order"]["lines"][0]["id"], "quantity": 2, "lot": { "id": lot } },
        { "product": { "sku": "CHEESE" }, "quantity": 1, "disposition": "WRITE_OFF", "lot": { "id": lot } }] });
    warehouse.must_mutate("returnCreate", "ReturnCreateInput", back, "return { status }").await;
    let reason = warehouse.query("{ availabilityExplanation(product: { sku: \"CHEESE\" }, store: { code: \"LDN\" }) { onHand unavailable available reserved availableToPromise unavailableBy { condition quantity } reservations { quantity } reservedElse lots { lot { code } level { onHand } } } }").await;
    assert_json_snapshot!("availability", reason["availabilityExplanation"]);
    warehouse.must_mutate("lotRelease", "LotStatusInput", input_for("r3", "REFUSE"), "lot { status }").await;
    let kinds: Vec<_> = world.events().await.into_iter().filter(|(kind, _)| kind == "lot.changed").map(|(_, payload)| payload["status"].clone()).collect();
    assert_eq!(kinds, ["AVAILABLE", "RECALLED", "AVAILABLE"]);
});

on_both!(a_serial_number_comes_in_once, world: World => {
    let warehouse = Warehouse::open(world).await;
    for (key, code, delta, refused) in [("1", "SN-1", 1, None), ("2", "sn-1", 1, Some("DUPLICATE")), ("3", "SN-2", 2, Some("OUT_OF_RANGE")), ("4", "SN-2", 1, None)] {
        let answer = warehouse.adjust(key, "RECEIPT", "DRILL", delta, json!({ "code": code })).await;
        match refused {
            None => assert_eq!(answer["userErrors"], json!([])),
            Some(why) => assert_eq!(refusal(&answer).0, why, "{code}"),
        }
    }
    let set = json!({ "idempotencyKey": "s", "reasonCode": "CORRECTION", "items": [{ "product": { "sku": "DRILL" }, "store": { "code": "LDN" }, "onHand": 0, "lot": { "code": "SN-1" }, "compare": { "expectedOnHand": 1 } }] });
    let payload = warehouse.must_mutate("stockSet", "StockSetInput", set, "levels { onHand }").await;
    assert_eq!(payload["levels"], json!([{ "onHand": 1 }]));
});

on_both!(the_last_day_of_a_lot_is_a_day_where_it_lies, world: World => {
    let warehouse = Warehouse::open(world).await;
    let east = json!({ "code": "EAST", "name": "EAST", "timeZone": "Pacific/Kiritimati" });
    warehouse.must_mutate("storeCreate", "StoreCreateInput", east, "store { id }").await;
    // 14:13 in UTC: in Kiritimati it is tomorrow.
    warehouse.receive("tomorrow", 3, Some("2026-09-22")).await;
    let mut input = Warehouse::change("east", "RECEIPT", "CHEESE", 2, json!({ "code": "tomorrow" }));
    input["changes"][0]["store"] = json!({ "code": "EAST" });
    warehouse.must_mutate("stockAdjust", "StockAdjustInput", input, "seq").await;
    for (within, expected) in [(0, json!([["EAST", 0]])), (1, json!([["EAST", 0], ["LDN", 1]]))] {
        let listed = warehouse.query(&format!("{{ expiringLots(within: {within}) {{ nodes {{ store {{ code }} daysLeft }} }} }}")).await;
        let mut found: Vec<_> = listed["expiringLots"]["nodes"].as_array().unwrap().iter().map(|one| json!([one["store"]["code"], one["daysLeft"]])).collect();
        found.sort_by_key(ToString::to_string);
        assert_eq!(json!(found), expected, "within {within}");
    }
});

on_both!(what_will_not_last_is_listed_soonest_first, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.receive("far", 9, Some("2027-09-01")).await;
    warehouse.receive("next week", 3, Some("2026-09-28")).await;
    let past = warehouse.receive("yesterday", 2, Some("2026-09-20")).await;
    warehouse.receive("undated", 5, None).await;
    let listed = warehouse.query("{ expiringLots(within: 30) { nodes { lot { code } quantity available daysLeft value { amount } store { code } } pageInfo { hasNextPage } } }").await;
    assert_json_snapshot!("expiring", listed["expiringLots"]["nodes"]);
    let page = warehouse.query("{ expiringLots(within: 30, first: 1) { nodes { lot { code } } pageInfo { hasNextPage endCursor } } }").await;
    let after = page["expiringLots"]["pageInfo"]["endCursor"].clone();
    let rest = execute_on(&warehouse.schema, world, "query($a: Cursor) { expiringLots(within: 30, first: 9, after: $a, stores: [{ code: \"LDN\" }]) { nodes { lot { code } } } }", json!({ "a": after })).await;
    assert_eq!(rest["expiringLots"]["nodes"], json!([{ "lot": { "code": "next week" } }]));
    for (narrowed, codes) in [
        ("sort: { field: EXPIRES_ON, direction: DESC }", json!(["next week", "yesterday"])),
        ("sort: { field: QUANTITY }", json!(["yesterday", "next week"])),
        ("filter: { code: { startsWith: \"NEXT\" } }", json!(["next week"])),
        ("filter: { not: { onHand: { gte: 3 } }, store: { key: [\"LDN\"] } }", json!(["yesterday"])),
        ("filter: { expiresOn: { gte: \"2026-09-21\" } }, sort: { field: QUANTITY, direction: DESC }", json!(["next week"])),
    ] {
        let listed = warehouse.query(&format!("{{ expiringLots(within: 30, {narrowed}) {{ nodes {{ lot {{ code }} }} totalCount {{ count }} }} }}")).await;
        let nodes = listed["expiringLots"]["nodes"].as_array().unwrap();
        let found: Vec<_> = nodes.iter().map(|node| node["lot"]["code"].clone()).collect();
        assert_eq!((json!(found), &listed["expiringLots"]["totalCount"]["count"]), (codes.clone(), &json!(nodes.len())), "{narrowed}");
    }
    let of = |sku: &str| format!("{{ expiringLots(within: 30, product: {{ sku: {{ eq: \"{sku}\" }} }}) {{ nodes {{ lot {{ code }} }} }} }}");
    for (sku, lots) in [("cheese", 2), ("none", 0)] {
        assert_eq!(warehouse.query(&of(sku)).await["expiringLots"]["nodes"].as_array().unwrap().len(), lots, "{sku}");
    }
    let on = |date: &str| format!("{{ availabilityForecast(product: {{ sku: \"CHEESE\" }}, store: {{ code: \"LDN\" }}, date: \"{date}\") {{ available expiring arriving availableToPromise }} }}");
    for (date, expiring) in [("2026-09-21", 0), ("2026-09-28", 0), ("2026-09-29", 3), ("2030-01-01", 12)] {
        let found = warehouse.query(&on(date)).await;
        assert_eq!(found["availabilityForecast"], json!({ "available": 17, "expiring": expiring, "arriving": 0, "availableToPromise": 17 - expiring }), "{date}");
    }
    // With a later date it can be sold again.
    let update = json!({ "idempotencyKey": "u", "id": past, "expectedVersion": 1, "expiresOn": "2026-10-20" });
    warehouse.must_mutate("lotUpdate", "LotUpdateInput", update.clone(), "lot { expiresOn version }").await;
    assert_eq!(warehouse.query(&on("2026-09-21")).await["availabilityForecast"]["available"], 19);
    let mut stale = update;
    stale["idempotencyKey"] = json!("u2");
    assert_eq!(refusal(&warehouse.call("lotUpdate", "LotUpdateInput", stale, "lot { id }").await), ("VERSION_CONFLICT", "input.expectedVersion".to_owned()));
});

on_both!(stock_is_set_aside_and_written_off, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.adjust("in", "RECEIPT", "MUG", 10, Value::Null).await;
    let go = |key: &str, from: &str, to: &str, quantity: i64| json!({ "idempotencyKey": key, "from": from, "to": to, "reasonCode": "DAMAGE",
        "items": [{ "product": { "sku": "MUG" }, "store": { "code": "LDN" }, "quantity": quantity }] });
    let levels = "levels { onHand unavailable available }";
    warehouse.must_mutate("stockMove", "StockMoveInput", go("1", "AVAILABLE", "QUARANTINE", 4), levels).await;
    warehouse.must_mutate("stockMove", "StockMoveInput", go("2", "QUARANTINE", "DAMAGED", 1), levels).await;
    let payload = warehouse.must_mutate("stockMove", "StockMoveInput", go("3", "DAMAGED", "WRITTEN_OFF", 1), levels).await;
    assert_eq!(payload["levels"], json!([{ "onHand": 9, "unavailable": 3, "available": 6 }]));
    let refused = warehouse.call("stockMove", "StockMoveInput", go("4", "DAMAGED", "AVAILABLE", 1), levels).await;
    assert_eq!(refusal(&refused), ("INSUFFICIENT_STOCK", "input.items.0.quantity".to_owned()));
    assert_eq!(refusal(&warehouse.call("stockMove", "StockMoveInput", go("5", "RECALLED", "AVAILABLE", 1), levels).await), ("INVALID_STATE", "input.to".to_owned()));
    let again = warehouse.call("stockMove", "StockMoveInput", go("3", "DAMAGED", "WRITTEN_OFF", 1), levels).await;
    assert_eq!(again["replayed"], true);
});

on_both!(a_shop_sees_the_lots_that_were_in_it_and_no_more, world: World => {
    let warehouse = Warehouse::open(world).await;
    let here = warehouse.receive("here", 10, Some("2026-10-01")).await;
    let away = warehouse.receive("away", 4, Some("2026-10-01")).await;
    let input = json!({ "idempotencyKey": "york", "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [{ "product": { "sku": "CHEESE" },
        "store": { "code": "YORK" }, "delta": 3, "lot": { "id": here } }] });
    warehouse.must_mutate("stockAdjust", "StockAdjustInput", input, "levels { onHand }").await;
    let store = warehouse.query("{ store(by: { code: \"YORK\" }) { id } }").await["store"]["id"].as_str().unwrap().parse().unwrap();
    let mut permissions = PermissionSet::default();
    for (index, known) in REGISTRY.iter().enumerate() {
        if ["stock.read", "stock.movement.read"].contains(&known.code) {
            permissions.grant(index, &Reach::stores([store]));
        } else if ["product.read", "store.read"].contains(&known.code) {
            permissions.insert(index);
        }
    }
    let shop = Caller { permissions, ..world.owner.clone() };
    let query = "query($here: ID!, $away: ID!) { lots { nodes { code onHand levels { onHand } } } node(id: $away) { id }
        mine: lotTrace(lot: $here) { nodes { quantity } } theirs: lotTrace(lot: $away) { nodes { quantity } }
        expiringLots(within: 30) { nodes { quantity value { amount } } }
        availabilityExplanation(product: { sku: \"CHEESE\" }, store: { code: \"LDN\" }) { onHand } }";
    let request = Request::new(query).variables(Variables::from_json(json!({ "here": here, "away": away })));
    let request = schema::attach(request, &world.db.tenant(world.owner.tenant)).data(shop);
    let response = warehouse.schema.execute(request).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let told: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
    assert_json_snapshot!("lots", told);
});

on_both!(a_sale_leaves_the_customer_some_days, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.receive("short", 5, Some("2026-09-25")).await;
    warehouse.receive("long", 5, Some("2026-12-01")).await;
    let product = warehouse.query("{ product(by: { sku: \"CHEESE\" }) { id version minimumRemainingDays } }").await["product"].clone();
    let input = json!({ "id": product["id"], "expectedVersion": product["version"], "minimumRemainingDays": 7 });
    warehouse.must_mutate("productUpdate", "ProductUpdateInput", input, "product { minimumRemainingDays }").await;
    let promised = warehouse.query("{ availabilityForecast(product: { sku: \"CHEESE\" }, store: { code: \"LDN\" }, date: \"2026-09-21\") { available expiring availableToPromise } }").await;
    assert_eq!(promised["availabilityForecast"], json!({ "available": 10, "expiring": 5, "availableToPromise": 5 }));
    let lots = |answer: &Value| answer["movement"]["entries"].as_array().unwrap().iter().map(|e| e["lot"]["code"].clone()).collect::<Vec<_>>();
    assert_eq!(lots(&warehouse.adjust("1", "SALE", "CHEESE", -5, Value::Null).await), ["long"]);
    let short = warehouse.adjust("2", "SALE", "CHEESE", -1, Value::Null).await;
    assert_eq!(refusal(&short).0, "INSUFFICIENT_STOCK");
    // A named lot may be sold until its date; a removal takes the first to expire.
    assert_eq!(lots(&warehouse.adjust("3", "SALE", "CHEESE", -1, json!({ "code": "short" })).await), ["short"]);
    assert_eq!(lots(&warehouse.adjust("4", "REMOVAL", "CHEESE", -1, Value::Null).await), ["short"]);
});

on_both!(refusals_about_lots_say_what_is_there_and_what_works, world: World => {
    let warehouse = Warehouse::open(world).await;
    warehouse.receive("L-1", 14, None).await;
    warehouse.receive("L-2", 8, None).await;
    warehouse.receive("OLD", 4, Some("2026-09-20")).await;
    for (key, policy) in [("e1", "REFUSE"), ("e2", "SHORTEN")] {
        let mut sale = Warehouse::change(key, "SALE", "CHEESE", -1, json!({ "code": "OLD" }));
        sale["onShortage"] = json!(policy);
        let refused = warehouse.call("stockAdjust", "StockAdjustInput", sale, "levels { onHand }").await;
        assert_eq!(refusal(&refused), ("INVALID_STATE", "input.changes.0.lot".to_owned()));
        let message = "lot OLD is past its date and set aside: stockMove writes it off, lotUpdate corrects its date";
        assert_eq!(refused["userErrors"][0]["message"], message, "{policy}");
    }
    let set = json!({ "idempotencyKey": "s", "reasonCode": "CORRECTION", "items": [{ "product": { "sku": "CHEESE" }, "store": { "code": "LDN" },
        "onHand": 7, "lot": { "code": "L-2" }, "compare": { "expectedOnHand": 10 } }] });
    let stale = warehouse.call("stockSet", "StockSetInput", set, "levels { onHand }").await;
    assert_eq!(refusal(&stale), ("VERSION_CONFLICT", "input.items.0.compare".to_owned()));
    assert!(stale["userErrors"][0]["message"].as_str().unwrap().ends_with(", 8 of the lot on hand"), "{stale}");
    let query = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i, validateOnly: true) { movement { entries { lot { code } } }
        userErrors { code field ... on InsufficientStock { requested available level { onHand } } } } }";
    let dry = async |input: Value| execute_on(&warehouse.schema, world, query, json!({ "i": input })).await["stockAdjust"].clone();
    let short = dry(Warehouse::change("n", "SALE", "CHEESE", -9, json!({ "code": "L-2" }))).await;
    assert_eq!(short["userErrors"][0], json!({ "code": "INSUFFICIENT_STOCK", "field": ["input", "changes", "0", "delta"],
        "requested": 9, "available": 8, "level": { "onHand": 26 } }));
    let new = dry(Warehouse::change("d", "RECEIPT", "CHEESE", 1, json!({ "code": "NEW" }))).await;
    assert_eq!(new["movement"]["entries"], json!([{ "lot": { "code": "NEW" } }]), "{new}");
    let backwards = json!({ "named": { "code": "B", "madeOn": "2030-01-01", "expiresOn": "2029-01-01" } });
    let refused = dry(Warehouse::change("b", "RECEIPT", "CHEESE", 1, backwards)).await;
    assert_eq!(refusal(&refused), ("OUT_OF_RANGE", "input.changes.0.lot.create.expiresOn".to_owned()));
});
