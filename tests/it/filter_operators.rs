//! Operators of filters: they mean the same in all lists, a null or missing one filters nothing,
//! and periods are days of a time zone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    authorization::world::{World, text},
    nested_filters::find_ids,
    world::on_both,
};

on_both!(
    rows_have_a_value_or_none,
    metadata_have_a_text_or_none,
    periods_of_times_move_with_the_clock,
    a_period_begins_and_ends_at_midnight_of_the_store,
    bounds_of_quantities_are_included_or_not,
    streams_take_no_periods,
    streams_refuse_what_events_do_not_say_at_its_place,
);

/// Texts that rows may be without, and some that they never are: lists, the types of their filters, and the fields.
const TEXTS: [(&str, &str, &str); 26] = [
    ("orders", "OrderFilter", "externalRef"),
    ("orders", "OrderFilter", "register"),
    ("orders", "OrderFilter", "note"),
    ("orders", "OrderFilter", "tag"),
    ("orders", "OrderFilter", "number"),
    ("products", "ProductFilter", "barcode"),
    ("products", "ProductFilter", "sku"),
    ("customers", "CustomerFilter", "externalRef"),
    ("customers", "CustomerFilter", "country"),
    ("customers", "CustomerFilter", "tag"),
    ("stockLevels", "StockFilter", "barcode"),
    ("stockMovements", "MovementFilter", "externalRef"),
    ("stockMovements", "MovementFilter", "sku"),
    ("purchaseOrders", "PurchaseOrderFilter", "externalRef"),
    ("purchaseOrders", "PurchaseOrderFilter", "tag"),
    ("transfers", "TransferFilter", "externalRefs"),
    ("returns", "ReturnFilter", "externalRef"),
    ("returns", "ReturnFilter", "register"),
    ("returns", "ReturnFilter", "tag"),
    ("stocktakes", "StocktakeFilter", "externalRefs"),
    ("supplierReturns", "SupplierReturnFilter", "externalRef"),
    ("blanketOrders", "BlanketOrderFilter", "externalRef"),
    ("stores", "StoreFilter", "country"),
    ("stores", "StoreFilter", "tag"),
    ("suppliers", "SupplierFilter", "tag"),
    ("suppliers", "SupplierFilter", "name"),
];

/// Times, days and IDs that rows may be without.
const OTHERS: [(&str, &str, &str); 8] = [
    ("returns", "ReturnFilter", "receivedAt"),
    ("transfers", "TransferFilter", "expectedAt"),
    ("purchaseOrders", "PurchaseOrderFilter", "expectedOn"),
    ("lots", "LotFilter", "expiresOn"),
    ("stockLevels", "StockFilter", "category"),
    ("stockLevels", "StockFilter", "supplier"),
    ("stockMovements", "MovementFilter", "reference"),
    ("products", "ProductFilter", "supplier"),
];

async fn rows_have_a_value_or_none(world: &World) {
    let owner = world.ours.owner.clone();
    let (mut with_some, mut without_some) = (0, 0);
    for (list, kind, field) in TEXTS.into_iter().chain(OTHERS) {
        let run_query = async |filter: Value| find_ids(world, &owner, (list, kind), filter).await;
        let all = run_query(json!({})).await;
        let with = run_query(json!({ field: { "isNull": false } })).await;
        let without = run_query(json!({ field: { "isNull": true } })).await;
        assert!(with.is_disjoint(&without), "{list} {field}");
        assert_eq!(with.union(&without).cloned().collect::<BTreeSet<_>>(), all, "{list} {field}");
        assert_eq!(run_query(json!({ "not": { field: { "isNull": true } } })).await, with, "{list} {field}");
        assert_eq!(run_query(json!({ "not": { field: { "isNull": false } } })).await, without, "{list} {field}");
        for nothing_asked in [json!({ field: {} }), json!({ field: { "isNull": null } }), json!({ field: null })] {
            assert_eq!(run_query(nothing_asked.clone()).await, all, "{list} {nothing_asked}");
        }
        with_some += usize::from(!with.is_empty());
        without_some += usize::from(!without.is_empty());
    }
    assert!(with_some > 5 && without_some > 5, "that proves little: {with_some} {without_some}");
    for (list, kind, field) in TEXTS {
        let run_query = async |filter: Value| find_ids(world, &owner, (list, kind), filter).await;
        let with = run_query(json!({ field: { "isNull": false } })).await;
        assert_eq!(run_query(json!({ field: { "startsWith": "" } })).await, with, "{list} {field}");
        assert!(run_query(json!({ field: { "isNull": true, "startsWith": "" } })).await.is_empty(), "{list} {field}");
    }
    assert!(find_ids(world, &owner, ("orders", "OrderFilter"), json!({ "sku": { "isNull": true } })).await.is_empty());
    let members = ("members", "MemberFilter");
    let run_query = async |filter: Value| find_ids(world, &owner, members, json!({ "lastSeenAt": filter })).await;
    let (seen, unseen) = (run_query(json!({ "isNull": false })).await, run_query(json!({ "isNull": true })).await);
    assert!(seen.is_disjoint(&unseen));
    assert_eq!(seen.union(&unseen).cloned().collect::<BTreeSet<_>>(), run_query(json!({})).await);
}

async fn metadata_have_a_text_or_none(world: &World) {
    let owner = world.ours.owner.clone();
    for list in [("orders", "OrderFilter"), ("products", "ProductFilter"), ("customers", "CustomerFilter")] {
        let run_query = async |value: Value| {
            let filter = json!({ "metadata": [{ "key": "no-such-key", "value": value }] });
            find_ids(world, &owner, list, filter).await
        };
        let all = find_ids(world, &owner, list, json!({})).await;
        assert_eq!(run_query(json!({ "isNull": true })).await, all, "{list:?}");
        assert!(run_query(json!({ "isNull": false })).await.is_empty(), "{list:?}");
        assert!(run_query(json!({ "isNull": true, "eq": "red" })).await.is_empty(), "{list:?}");
    }
}

/// Times that every row of a list has.
const TIMES: [(&str, &str, &str); 30] = [
    ("alertRulesList", "AlertRuleFilter", "createdAt"),
    ("blanketOrders", "BlanketOrderFilter", "createdAt"),
    ("carriersList", "CarrierFilter", "createdAt"),
    ("channels", "ArchiveFilter", "createdAt"),
    ("customers", "CustomerFilter", "createdAt"),
    ("documentReversals", "ReversalFilter", "recordedAt"),
    ("exchangeRates", "ExchangeRateFilter", "recordedAt"),
    ("fulfilmentWaves", "FulfilmentWaveFilter", "createdAt"),
    ("fulfilmentWorks", "FulfilmentWorkFilter", "createdAt"),
    ("integrationsList", "IntegrationFilter", "createdAt"),
    ("invoices", "InvoiceFilter", "issuedAt"),
    ("legalEntitiesList", "LegalEntityFilter", "createdAt"),
    ("lots", "LotFilter", "createdAt"),
    ("members", "MemberFilter", "createdAt"),
    ("orders", "OrderFilter", "createdAt"),
    ("productFamilies", "ArchiveFilter", "createdAt"),
    ("products", "ProductFilter", "createdAt"),
    ("purchaseOrders", "PurchaseOrderFilter", "createdAt"),
    ("replenishmentPlans", "ReplenishmentPlanFilter", "createdAt"),
    ("returns", "ReturnFilter", "createdAt"),
    ("stockLevels", "StockFilter", "updatedAt"),
    ("stockMovements", "MovementFilter", "recordedAt"),
    ("stockRevaluations", "StockRevaluationFilter", "createdAt"),
    ("stocktakes", "StocktakeFilter", "createdAt"),
    ("storeGroupsList", "StoreGroupFilter", "createdAt"),
    ("stores", "StoreFilter", "createdAt"),
    ("supplierReturns", "SupplierReturnFilter", "createdAt"),
    ("suppliers", "SupplierFilter", "createdAt"),
    ("transfers", "TransferFilter", "createdAt"),
    ("webhookEndpointsList", "WebhookEndpointFilter", "createdAt"),
];

async fn periods_of_times_move_with_the_clock(world: &World) {
    let owner = world.ours.owner.clone();
    for (list, kind, field) in TIMES {
        let run_query = async |filter: Value| find_ids(world, &owner, (list, kind), filter).await;
        let all = run_query(json!({})).await;
        assert!(!all.is_empty(), "{list} is empty: that proves nothing");
        let absent = json!({ "gte": null, "lt": null, "period": null, "isNull": null });
        for test in [json!({}), absent, json!({ "isNull": false }), json!({ "period": "THIS_YEAR" })] {
            assert_eq!(run_query(json!({ field: test })).await, all, "{list} {field} {test}");
        }
        for test in [
            json!({ "isNull": true }),
            json!({ "period": "NEXT_7_DAYS" }),
            json!({ "period": "THIS_YEAR", "isNull": true }),
            json!({ "period": "THIS_YEAR", "lt": "2026-01-01T00:00:00Z" }),
        ] {
            assert!(run_query(json!({ field: test })).await.is_empty(), "{list} {field} {test}");
        }
    }
    for (list, kind, field) in TIMES {
        let run_query = async |filter: Value| find_ids(world, &owner, (list, kind), filter).await;
        let all = run_query(json!({})).await;
        for test in [json!({ "period": "NEXT_30_DAYS" }), json!({ "isNull": true })] {
            assert_eq!(run_query(json!({ "not": { field: test } })).await, all, "{list} not {field} {test}");
            assert!(run_query(json!({ "and": [{ "or": [{ field: test }] }] })).await.is_empty(), "{list} {field} {test}");
        }
    }
    world.advance_clock(40 * 86_400);
    for (list, kind, field) in TIMES {
        let run_query = async |filter: Value| find_ids(world, &owner, (list, kind), filter).await;
        let all = run_query(json!({})).await;
        assert_eq!(run_query(json!({ field: { "period": "LAST_365_DAYS" } })).await, all, "{list} {field}");
        assert!(run_query(json!({ field: { "period": "LAST_30_DAYS" } })).await.is_empty(), "{list} {field}");
    }
}

/// 2026-10-25T23:58:00Z. On that day clocks in London go back at 01:00 UTC, and it has 25 hours.
const BEFORE_MIDNIGHT: i64 = 1_792_972_680;

async fn place_order(world: &World, store: &str, reference: &str, at: &str) {
    let ids = &world.ours.ids;
    let input = json!({ "idempotencyKey": reference, "store": { "id": store }, "channelId": ids["chn"], "externalRef": reference,
        "status": "DRAFT", "placedAt": at, "lines": [{ "product": { "id": ids["prd"] }, "quantity": 1 }] });
    let query =
        "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code field message } } }";
    world.must_mutate(&world.ours, query, json!({ "input": input })).await;
}

/// References of the orders that match a filter, in alphabetical order.
async fn references(world: &World, filter: &Value) -> String {
    let query = "query($filter: OrderFilter) { orders(filter: $filter, first: 250) { nodes { externalRef } } }";
    let filter = json!({ "and": [{ "externalRef": { "startsWith": "edge-" } }, filter] });
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "filter": filter })).await;
    let nodes = answer["data"]["orders"]["nodes"].as_array().unwrap_or_else(|| panic!("{filter}: {answer:#}"));
    let mut found: Vec<&str> = nodes.iter().map(|node| node["externalRef"].as_str().unwrap()).collect();
    found.sort_unstable();
    found.join(" ").replace("edge-", "")
}

async fn a_period_begins_and_ends_at_midnight_of_the_store(world: &World) {
    let ours = &world.ours;
    let query =
        "mutation($input: StoreCreateInput!) { storeCreate(input: $input) { store { id } userErrors { code field message } } }";
    let input = json!({ "code": "NYC", "name": "New York", "timeZone": "America/New_York" });
    let new_york = text(&world.must_mutate(ours, query, json!({ "input": input })).await["store"]["id"]);
    world.advance_clock(BEFORE_MIDNIGHT - world.clock.now().micros() / 1_000_000);
    let london = &ours.ids["sto"];
    place_order(world, london, "edge-1", "2026-10-24T22:59:59Z").await;
    place_order(world, london, "edge-2", "2026-10-24T23:00:00Z").await;
    place_order(world, london, "edge-3", "2026-10-25T23:57:00Z").await;
    place_order(world, london, "edge-4", "2026-10-26T00:00:00Z").await;
    place_order(world, &new_york, "edge-5", "2026-10-25T03:59:59Z").await;
    place_order(world, &new_york, "edge-6", "2026-10-26T00:00:00Z").await;
    let input_for = |period: &str| json!({ "placedAt": { "period": period } });
    for (filter, expected) in [
        (input_for("TODAY"), "2 3 5"),
        (input_for("YESTERDAY"), "1"),
        (input_for("NEXT_7_DAYS"), "4 6"),
        (input_for("LAST_7_DAYS"), "1"),
        (input_for("THIS_MONTH"), "1 2 3 4 5 6"),
        (input_for("LAST_MONTH"), ""),
        (json!({ "not": input_for("TODAY") }), "1 4 6"),
        (json!({ "or": [input_for("YESTERDAY"), input_for("NEXT_7_DAYS")] }), "1 4 6"),
        (json!({ "placedAt": { "period": "TODAY", "gte": "2026-10-25T12:00:00Z" } }), "3"),
        (json!({ "store": { "eq": london }, "placedAt": { "period": "TODAY" } }), "2 3"),
        (json!({ "store": { "eq": new_york }, "placedAt": { "period": "TODAY" } }), "6"),
        (json!({ "store": { "key": ["nyc"] }, "placedAt": { "period": "YESTERDAY" } }), "5"),
        (json!({ "store": { "in": [new_york] }, "and": [input_for("YESTERDAY")] }), "5"),
        (json!({ "store": { "in": [new_york] }, "not": input_for("YESTERDAY") }), "6"),
        (json!({ "and": [{ "store": { "eq": new_york } }, input_for("YESTERDAY")] }), "5"),
        (json!({ "and": [input_for("TODAY"), { "store": { "key": ["nyc"] } }] }), "6"),
        (
            json!({ "and": [input_for("TODAY"), { "store": { "in": [new_york] } }, { "store": { "in": [new_york, london] } }] }),
            "5",
        ),
        (json!({ "store": { "in": [new_york, world.theirs.ids["sto"]] }, "placedAt": { "period": "TODAY" } }), "6"),
        (json!({ "store": { "eq": world.theirs.ids["sto"] }, "placedAt": { "period": "TODAY" } }), ""),
        (json!({ "store": { "in": [london, new_york] }, "placedAt": { "period": "TODAY" } }), "2 3 5"),
    ] {
        assert_eq!(references(world, &filter).await, expected, "{filter}");
    }
    world.advance_clock(600);
    for (filter, expected) in [
        (input_for("TODAY"), "4 6"),
        (input_for("YESTERDAY"), "2 3 5"),
        (json!({ "store": { "eq": new_york }, "placedAt": { "period": "TODAY" } }), "6"),
    ] {
        assert_eq!(references(world, &filter).await, expected, "{filter}");
    }
}

async fn bounds_of_quantities_are_included_or_not(world: &World) {
    let owner = world.ours.owner.clone();
    let document = "{ stockLevels(first: 1) { nodes { id onHand } } }";
    let answer = world.execute(&world.ours, Some(owner.clone()), document, &json!({})).await;
    let level = &answer["data"]["stockLevels"]["nodes"][0];
    let (id, units) = (text(&level["id"]), level["onHand"].as_i64().unwrap());
    let levels = async |test: Value| find_ids(world, &owner, ("stockLevels", "StockFilter"), json!({ "onHand": test })).await;
    for (test, expected) in [
        (json!({ "gt": units }), false),
        (json!({ "gte": units }), true),
        (json!({ "gt": units - 1 }), true),
        (json!({ "lt": units }), false),
        (json!({ "lt": units + 1 }), true),
        (json!({ "gt": units - 1, "lt": units + 1 }), true),
        (json!({ "gt": units, "gte": units }), false),
        (json!({ "gt": null, "lt": null }), true),
    ] {
        assert_eq!(levels(test.clone()).await.contains(&id), expected, "{test}");
    }
    for list in [("stockLevels", "StockFilter"), ("lots", "LotFilter")] {
        let above = find_ids(world, &owner, list, json!({ "onHand": { "gt": 7 } })).await;
        assert_eq!(find_ids(world, &owner, list, json!({ "not": { "onHand": { "lt": 8 } } })).await, above, "{list:?}");
    }
}

async fn streams_take_no_periods(world: &World) {
    for (document, place) in [
        (
            "subscription { orderChanged(filter: { not: { placedAt: { period: TODAY } } }) { __typename } }",
            json!(["filter", "not", "placedAt", "period"]),
        ),
        (
            "subscription { stockChanged(filter: { and: [{ updatedAt: { period: TODAY } }] }) { __typename } }",
            json!(["filter", "and", "0", "updatedAt", "period"]),
        ),
        (
            "subscription { alertChanged(filter: { openedAt: { period: TODAY } }) { __typename } }",
            json!(["filter", "openedAt", "period"]),
        ),
        (
            "subscription { alertChanged(filter: { or: [{ openedAt: { period: TODAY } }] }) { __typename } }",
            json!(["filter", "or", "0", "openedAt", "period"]),
        ),
        (
            "subscription { fulfilmentWorkChanged(filter: { dueAt: { period: TODAY } }) { __typename } }",
            json!(["filter", "dueAt", "period"]),
        ),
    ] {
        is_refused_at(world, document, &place).await;
    }
    let document =
        "subscription { orderChanged(filter: { externalRef: { isNull: true }, placedAt: { isNull: false } }) { __typename } }";
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), document, &json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
}

/// Events contain the current row, not the time of its previous change: a row that leaves a range
/// of that time would leave without an event.
async fn streams_refuse_what_events_do_not_say_at_its_place(world: &World) {
    let since = "{ gte: \"2026-01-01T00:00:00Z\" }";
    for (filter, place) in [
        (format!("orderChanged(filter: {{ and: [{{ createdAt: {since} }}] }})"), json!(["filter", "and", "0", "createdAt"])),
        (format!("orderChanged(filter: {{ updatedAt: {since} }})"), json!(["filter", "updatedAt"])),
        ("orderChanged(filter: { not: { sku: { eq: \"mug\" } } })".to_owned(), json!(["filter", "not", "sku"])),
        (
            "stockChanged(filter: { or: [{ onHand: { gt: 0 } }, { barcode: { isNull: true } }] })".to_owned(),
            json!(["filter", "or", "1", "barcode"]),
        ),
        ("stockChanged(filter: { category: { isNull: true } })".to_owned(), json!(["filter", "category", "isNull"])),
        (format!("alertChanged(filter: {{ updatedAt: {since} }})"), json!(["filter", "updatedAt"])),
        (format!("alertChanged(filter: {{ not: {{ updatedAt: {since} }} }})"), json!(["filter", "not", "updatedAt"])),
        (format!("fulfilmentWorkChanged(filter: {{ updatedAt: {since} }})"), json!(["filter", "updatedAt"])),
        ("fulfilmentWorkChanged(filter: { search: \"SO-1\" })".to_owned(), json!(["filter", "search"])),
        ("fulfilmentWorkChanged(filter: { sku: { eq: \"mug\" } })".to_owned(), json!(["filter", "sku"])),
        ("fulfilmentWorkChanged(filter: { product: { key: [\"mug\"] } })".to_owned(), json!(["filter", "product"])),
        ("fulfilmentWorkChanged(filter: { assignee: { isNull: true } })".to_owned(), json!(["filter", "assignee"])),
        ("fulfilmentWorkChanged(filter: { not: { isLate: true } })".to_owned(), json!(["filter", "not", "isLate"])),
        (
            "fulfilmentWorkChanged(filter: { or: [{ status: OPEN }, { isHeld: false }] })".to_owned(),
            json!(["filter", "or", "1", "isHeld"]),
        ),
    ] {
        is_refused_at(world, &format!("subscription {{ {filter} {{ __typename }} }}"), &place).await;
    }
}

async fn is_refused_at(world: &World, document: &str, place: &Value) {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), document, &json!({})).await;
    let error = &answer["errors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("BAD_USER_INPUT"), place), "{document}: {answer:#}");
}
