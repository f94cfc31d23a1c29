//! Patterns: what no single day shows, with words and figures.

use entity::prelude::{Actor, MemberId};
use serde_json::{Value, json};

use super::{LIST, Shop};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    what_is_sold_below_cost_is_flagged_with_its_loss,
    a_discount_below_the_cost_is_flagged_in_any_unit,
    the_value_is_for_those_who_see_costs,
    three_counts_in_a_row_that_miss_units_are_flagged_until_one_does_not,
    the_same_order_twice_is_flagged_until_one_is_cancelled,
    a_person_with_many_returns_cannot_clear_themselves,
    stock_that_nobody_moves_is_flagged_once,
    the_same_receipt_twice_is_flagged_within_the_days_of_the_tenant,
);

/// Creates an order, and returns its ID.
pub(super) async fn order(office: &Office<'_>, product: &Value, quantity: i64, price: &str, extra: Value) -> Value {
    let lines = json!([{ "product": product, "quantity": quantity, "unitPrice": gbp(price) }]);
    let mut input = json!({ "idempotencyKey": key(), "store": office.store, "status": "CONFIRMED", "lines": lines,
        "placedAt": days_ago(office.world, 1) });
    for (name, value) in extra.as_object().unwrap() {
        input[name] = value.clone();
    }
    accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order")["id"].clone()
}

/// The open patterns of a kind.
pub(super) async fn open(shop: &Shop<'_>, kind: &str) -> Vec<Value> {
    shop.list_anomalies_where(json!({ "kind": [kind], "state": ["OPEN"], "store": { "eq": shop.books.office.store["id"] } }))
        .await
}

/// Sets a limit of the tenant, and lets the same days be evaluated again.
pub(super) async fn limit(shop: &Shop<'_>, name: &str, value: Value) {
    let office = &shop.books.office;
    let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let mut input = json!({ "expectedVersion": answer["data"]["viewer"]["tenant"]["settings"]["version"] });
    input[name] = value.clone();
    let fields = format!("tenant {{ settings {{ {name} }} }}");
    let payload = office.mutate("tenantUpdate", "TenantUpdateInput", &fields, input).await;
    assert_eq!(accepted(&payload, "tenant")["settings"][name], value, "{payload:#}");
    shop.forget_that_days_were_judged().await;
}

async fn what_is_sold_below_cost_is_flagged_with_its_loss(world: &World) {
    let shop = Shop::of(world).await;
    let (mug, plate) = (shop.product("MUG").await, shop.product("PLATE").await);
    let office = &shop.books.office;
    order(office, &mug, 12, "1.50", json!({})).await;
    // Four units below cost are under the limit, and a price above the cost does not count.
    order(office, &plate, 4, "1.00", json!({})).await;
    order(office, &plate, 40, "2.50", json!({})).await;
    shop.detect(0).await.unwrap();
    let found = shop.list_anomalies().await;
    let [cheap] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(cheap["reason"], "12 sold for less than the cost; order lines: 1", "{cheap:#}");
    let facts =
        ["kind", "rule", "units", "times", "value", "usual", "z", "person", "orderId", "state"].map(|name| cheap[name].clone());
    assert_eq!(json!(facts), json!(["BELOW_COST", "PATTERN", 12, 1, { "amount": "6.00" }, null, null, null, null, "OPEN"]));
    // It opens the same kind of alert as an anomalous day.
    world.node.alerts.scan_all().await.unwrap();
    let query = "query($store: ID!) { alerts(filter: { kind: [STOCK_ANOMALY], store: { eq: $store } }) { nodes { state quantity product { id } } } }";
    let alerts = office.execute(query, json!({ "store": office.store["id"] })).await;
    assert_eq!(alerts["data"]["alerts"]["nodes"], json!([{ "state": "OPEN", "quantity": 12, "product": mug }]), "{alerts:#}");
    // A second evaluation changes nothing, and after acceptance no additional unit is accepted.
    shop.forget_that_days_were_judged().await;
    let again = shop.detect(0).await.unwrap();
    assert_eq!((again.new, again.changed, again.gone), (0, 0, 0), "{again:?}");
    accepted(&shop.accept(&cheap["id"], "the summer sale").await, "anomaly");
    order(office, &mug, 12, "1.50", json!({ "placedAt": days_ago(world, 0) })).await;
    shop.detect(1).await.unwrap();
    assert_eq!(open(&shop, "BELOW_COST").await, Vec::<Value>::new());
    order(office, &mug, 1, "1.50", json!({ "placedAt": days_ago(world, 0) })).await;
    order(office, &mug, 20, "1.50", json!({ "placedAt": days_ago(world, 0) })).await;
    shop.detect(2).await.unwrap();
    let more = open(&shop, "BELOW_COST").await;
    assert_eq!((more.len(), &more[0]["units"]), (1, &json!(32)), "the single one lost less than five: {more:#?}");
    // With a limit of four units the plates are flagged.
    limit(&shop, "anomalyLossUnits", json!(4)).await;
    shop.detect(2).await.unwrap();
    let more = open(&shop, "BELOW_COST").await;
    assert!(more.len() == 2 && more.iter().any(|one| one["product"]["sku"] == "PLATE" && one["units"] == 4), "{more:#?}");
    limit(&shop, "anomalyLossUnits", json!(1_000)).await;
    limit(&shop, "anomalyLossAmount", json!(1_000)).await;
    shop.detect(2).await.unwrap();
    assert_eq!(open(&shop, "BELOW_COST").await, Vec::<Value>::new(), "neither so many nor so much");
    office.is_sound().await;
}

async fn a_discount_below_the_cost_is_flagged_in_any_unit(world: &World) {
    let shop = Shop::of(world).await;
    let (mug, office) = (shop.product("MUG").await, &shop.books.office);
    let input = json!({ "sku": "TEA", "name": "Tea", "unit": { "code": "kg", "decimals": 3 }, "unitCost": gbp("2.00"), "price": gbp("2.50") });
    let tea = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let tea = json!({ "id": accepted(&tea, "product")["id"] });
    shop.adjust("RECEIPT", &tea, 90_000, 30).await;
    let discounted = async |product: &Value, quantity: i64, discount: &str| {
        let line = json!({ "product": product, "quantity": quantity, "unitPrice": gbp("2.50"), "discount": gbp(discount) });
        order(office, product, quantity, "2.50", json!({ "lines": [line] })).await
    };
    // Forty mugs for 90.00 cost 80.00; six kilograms for 11.00 cost 12.00, and for 12.00 no less.
    discounted(&mug, 40, "10.00").await;
    discounted(&tea, 6_000, "3.00").await;
    discounted(&tea, 6_000, "4.00").await;
    shop.detect(0).await.unwrap();
    let found = open(&shop, "BELOW_COST").await;
    let [cheap] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (&cheap["product"]["sku"], &cheap["reason"], &cheap["value"]["amount"]),
        (&json!("TEA"), &json!("6 sold for less than the cost; order lines: 1"), &json!("1.00"))
    );
}

async fn the_value_is_for_those_who_see_costs(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let (mug, plate) = (shop.product("MUG").await, shop.product("PLATE").await);
    order(office, &mug, 12, "1.50", json!({})).await;
    order(office, &plate, 12, "0.50", json!({})).await;
    shop.detect(0).await.unwrap();
    let ranked = "query($filter: StockAnomalyFilter) { stockAnomalies(filter: $filter, sort: VALUE) { nodes { product { sku } value { amount } } } }";
    let filter = json!({ "filter": { "store": { "eq": office.store["id"] } } });
    let answer = office.execute(ranked, filter.clone()).await;
    let all = json!([{ "product": { "sku": "PLATE" }, "value": { "amount": "18.00" } }, { "product": { "sku": "MUG" }, "value": { "amount": "6.00" } }]);
    assert_eq!(answer["data"]["stockAnomalies"]["nodes"], all, "{answer:#}");
    for (filter, expected) in [
        (json!({ "or": [{ "product": { "key": ["mug"] } }, { "product": { "key": ["plate"] } }] }), all.clone()),
        (json!({ "not": { "product": { "key": ["MUG"] } } }), json!([all[0]])),
        (json!({ "or": [{ "status": [] }, { "kind": [] }] }), json!([])),
    ] {
        let here = json!({ "store": { "eq": office.store["id"] } });
        let answer = office.execute(ranked, json!({ "filter": { "and": [here, filter] } })).await;
        assert_eq!(answer["data"]["stockAnomalies"]["nodes"], expected, "{filter}: {answer:#}");
    }
    let clerk = office.as_caller(world.ours.owner_with(&["report.read", "product.read", "store.read"]));
    let answer = clerk.execute(ranked, filter.clone()).await;
    assert_eq!(answer["errors"][0]["permission"], "product.cost.read", "{answer:#}");
    let answer = clerk.execute(LIST, filter).await;
    let shown = answer["data"]["stockAnomalies"]["nodes"].as_array().unwrap();
    assert!(shown.len() == 2 && shown.iter().all(|one| one["value"].is_null()), "{answer:#}");
}

/// A count of a product with the quantity `found`, approved.
async fn counted(office: &Office<'_>, product: &Value, found: i64) {
    let step = async |mutation: &str, kind: &str, mut input: Value| {
        input["idempotencyKey"] = json!(key());
        accepted(&office.mutate(mutation, kind, "count { id }", input).await, "count")["id"].clone()
    };
    let input = json!({ "store": office.store, "kind": "LIST", "isBlind": false, "products": [product] });
    let id = step("stocktakeCreate", "StocktakeCreateInput", input).await;
    step("stocktakeStart", "StocktakeActionInput", json!({ "id": id })).await;
    let lines = json!([{ "product": product, "counted": found }]);
    step("stocktakeRecord", "StocktakeRecordInput", json!({ "id": id, "lines": lines })).await;
    for mutation in ["stocktakeSubmit", "stocktakeApprove"] {
        let kind = if mutation == "stocktakeSubmit" { "StocktakeSubmitInput" } else { "StocktakeActionInput" };
        step(mutation, kind, json!({ "id": id })).await;
    }
}

async fn three_counts_in_a_row_that_miss_units_are_flagged_until_one_does_not(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let mug = shop.product("MUG").await;
    for found in [8_997, 8_995] {
        counted(office, &mug, found).await;
    }
    shop.detect(1).await.unwrap();
    assert_eq!(open(&shop, "COUNTS_SHORT").await, Vec::<Value>::new(), "two may be chance");
    limit(&shop, "anomalyShortCounts", json!(2)).await;
    shop.detect(1).await.unwrap();
    assert_eq!(open(&shop, "COUNTS_SHORT").await[0]["times"], 2);
    counted(office, &mug, 8_991).await;
    shop.detect(2).await.unwrap();
    let found = open(&shop, "COUNTS_SHORT").await;
    let [short] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(short["reason"], "9 missing in the last 3 counts; none found as many as expected", "{short:#}");
    let facts = ["units", "times", "largestLine", "value"].map(|name| short[name].clone());
    assert_eq!(json!(facts), json!([9, 3, 4, { "amount": "18.00" }]));
    counted(office, &mug, 8_991).await;
    assert_eq!(shop.detect(3).await.unwrap().gone, 1);
    assert_eq!(open(&shop, "COUNTS_SHORT").await, Vec::<Value>::new());
    office.is_sound().await;
}

async fn the_same_order_twice_is_flagged_until_one_is_cancelled(world: &World) {
    let shop = Shop::of(world).await;
    let office = &shop.books.office;
    let mug = shop.product("MUG").await;
    let customer = async |name: &str| {
        let payload = office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "name": name })).await;
        json!({ "customer": { "id": accepted(&payload, "customer")["id"] } })
    };
    let (ada, bob) = (customer("Ada").await, customer("Bob").await);
    let first = order(office, &mug, 3, "9.00", ada.clone()).await;
    order(office, &mug, 3, "9.00", bob.clone()).await;
    order(office, &mug, 4, "9.00", bob).await;
    order(office, &mug, 3, "9.00", json!({})).await;
    order(office, &mug, 3, "9.00", json!({})).await;
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "DUPLICATE").await, Vec::<Value>::new(), "other customers, and none at all");
    let second = order(office, &mug, 3, "9.00", ada.clone()).await;
    shop.detect(1).await.unwrap();
    let found = open(&shop, "DUPLICATE").await;
    let [twice] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(twice["reason"], "2 equal orders of a customer within minutes, 3 units each", "{twice:#}");
    assert_eq!((&twice["value"]["amount"], &twice["times"]), (&json!("27.00"), &json!(2)));
    assert!(twice["orderId"] == first || twice["orderId"] == second, "{twice:#}");
    let input = json!({ "idempotencyKey": key(), "id": second });
    accepted(&office.mutate("orderCancel", "ActionInput", "order { id }", input).await, "order");
    assert_eq!(shop.detect(2).await.unwrap().gone, 1);
    // An order half an hour later is no double click, unless the company sets so long an interval.
    let placed_at = |at: String| json!({ "customer": ada["customer"], "placedAt": at });
    order(office, &mug, 3, "9.00", placed_at(days_ago(world, 1).replacen("T12:00", "T12:30", 1))).await;
    shop.detect(3).await.unwrap();
    assert_eq!(open(&shop, "DUPLICATE").await, Vec::<Value>::new());
    limit(&shop, "anomalyDuplicateMinutes", json!(45)).await;
    shop.detect(3).await.unwrap();
    assert_eq!(open(&shop, "DUPLICATE").await.len(), 1);
    // With the order of noon before it there are three, even if that day is before the days that
    // are evaluated again.
    order(office, &mug, 3, "9.00", placed_at(days_ago(world, 2))).await;
    limit(&shop, "anomalyDuplicateMinutes", json!(1_440)).await;
    for days in [3, 13] {
        shop.detect(days).await.unwrap();
        let found = open(&shop, "DUPLICATE").await;
        assert_eq!((found.len(), &found[0]["times"]), (1, &json!(3)), "{days}: {found:#?}");
    }
}

async fn a_person_with_many_returns_cannot_clear_themselves(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    for _ in 0..20 {
        order(&shop.books.office, &mug, 1, "9.00", json!({})).await;
    }
    let someone: MemberId = world.node.clock.id();
    let mut caller = world.ours.owner.clone();
    caller.actor = Actor::member(someone);
    let person = shop.books.office.as_caller(caller);
    let bring_back = async || {
        let lines = json!([{ "product": mug, "quantity": 1, "unitPrice": gbp("9.00") }]);
        let input = json!({ "idempotencyKey": key(), "store": person.store, "occurredAt": days_ago(world, 1), "lines": lines });
        accepted(&person.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    };
    for _ in 0..9 {
        bring_back().await;
    }
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "REVERSALS").await, Vec::<Value>::new(), "nine are few");
    limit(&shop, "anomalyReversals", json!(9)).await;
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "REVERSALS").await[0]["units"], 9);
    for _ in 0..3 {
        bring_back().await;
    }
    shop.detect(1).await.unwrap();
    let found = open(&shop, "REVERSALS").await;
    let [many] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(many["reason"], "12 of 12 documents are returns or cancellations; a usual person has 1", "{many:#}");
    assert_eq!((&many["units"], &many["times"], &many["product"]["sku"]), (&json!(12), &json!(12), &json!("MUG")));
    // The next day has the same finding.
    let next = shop.detect(2).await.unwrap();
    assert_eq!((next.new, next.changed, next.gone), (0, 0, 0), "{next:?}");
    let input = || json!({ "idempotencyKey": key(), "id": many["id"], "note": "mine" });
    let own = person.mutate("stockAnomalyAccept", "StockAnomalyAcceptInput", "anomaly { id }", input()).await;
    refused(&own, "INVALID_STATE", "input.id");
    accepted(&shop.accept(&many["id"], "works at the returns desk").await, "anomaly");
    assert_eq!(shop.detect(3).await.unwrap().new, 0);
    assert_eq!(open(&shop, "REVERSALS").await, Vec::<Value>::new());
}

async fn stock_that_nobody_moves_is_flagged_once(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    // A plate was never sold at all.
    shop.product("PLATE").await;
    shop.adjust("SALE", &mug, -1, 20).await;
    shop.detect(100).await.unwrap();
    assert_eq!(open(&shop, "UNMOVED").await, Vec::<Value>::new());
    limit(&shop, "anomalyUnmovedDays", json!(60)).await;
    shop.detect(100).await.unwrap();
    let found = open(&shop, "UNMOVED").await;
    let mut reasons: Vec<&str> = found.iter().map(|flag| flag["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    let expected = ["8999 in stock; nothing has moved for 60 days", "9000 in stock; nothing has moved for 60 days"];
    assert_eq!(reasons, expected, "one that had sold, and one that never did");
    limit(&shop, "anomalyUnmovedDays", Value::Null).await;
    shop.detect(200).await.unwrap();
    let found = open(&shop, "UNMOVED").await;
    let [still] = found.iter().filter(|flag| flag["product"]["sku"] == "MUG").collect::<Vec<_>>()[..] else {
        panic!("{found:#?}")
    };
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(still["reason"], "8999 in stock; nothing has moved for 180 days", "{still:#}");
    assert_eq!((&still["product"]["sku"], &still["value"]["amount"]), (&json!("MUG"), &json!("17998.00")));
    assert_eq!(shop.detect(201).await.unwrap().new, 0, "it is still the same");
    accepted(&shop.accept(&still["id"], "a spare part").await, "anomaly");
    shop.detect(202).await.unwrap();
    let left = open(&shop, "UNMOVED").await;
    assert_eq!((left.len(), &left[0]["product"]["sku"]), (1, &json!("PLATE")), "{left:#?}");
}

async fn the_same_receipt_twice_is_flagged_within_the_days_of_the_tenant(world: &World) {
    let shop = Shop::of(world).await;
    let (mug, office) = (shop.product("MUG").await, &shop.books.office);
    let lines = json!([{ "product": mug, "quantity": 80, "unitCost": gbp("2.00") }]);
    let order = office.ordered(json!({ "lines": lines })).await;
    let receive = async |days: i64, reference: &str| {
        let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 20 }]);
        let input = json!({ "id": order["id"], "deliveryNote": reference, "occurredAt": days_ago(world, days), "lines": lines });
        accepted(&office.buy("purchaseOrderReceive", input).await, "purchaseOrder");
    };
    receive(9, "DN-7").await;
    receive(4, "DN-7").await;
    receive(3, "DN-8").await;
    shop.detect(0).await.unwrap();
    assert_eq!(open(&shop, "RECEIVED_TWICE").await, Vec::<Value>::new(), "five days apart, and another note");
    let answer = office.execute("{ viewer { tenant { settings { version duplicateReceiptDays } } } }", json!({})).await;
    let settings = &answer["data"]["viewer"]["tenant"]["settings"];
    assert_eq!(settings["duplicateReceiptDays"], Value::Null, "{answer:#}");
    let update = async |days: i64| {
        let input = json!({ "expectedVersion": settings["version"], "duplicateReceiptDays": days });
        office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { settings { duplicateReceiptDays } }", input).await
    };
    refused(&update(31).await, "OUT_OF_RANGE", "input.duplicateReceiptDays");
    let input = json!({ "expectedVersion": settings["version"], "anomalyUnmovedDays": 29, "anomalyReversals": 1 });
    let wrong = office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", input).await;
    assert_eq!(wrong["userErrors"].as_array().map(Vec::len), Some(2), "both are refused: {wrong:#}");
    assert_eq!(accepted(&update(5).await, "tenant")["settings"]["duplicateReceiptDays"], 5);
    shop.forget_that_days_were_judged().await;
    shop.detect(0).await.unwrap();
    let found = open(&shop, "RECEIVED_TWICE").await;
    let [twice] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(twice["reason"], "2 equal receipts from a supplier within days, 20 units each", "{twice:#}");
    assert_eq!((&twice["times"], &twice["value"]["amount"]), (&json!(2), &json!("40.00")));
    accepted(&shop.accept(&twice["id"], "they deliver in halves").await, "anomaly");
    shop.detect(1).await.unwrap();
    assert_eq!(open(&shop, "RECEIVED_TWICE").await, Vec::<Value>::new());
}
