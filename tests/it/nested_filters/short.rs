//! Nested filters of short lists, and of lists with few conditions: the same meaning and the same
//! limits as in large lists.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::Variables;
use entrepot::graphql::{code::Code, guard::Guard, limits::Limits, schema_index::SchemaIndex};
use serde_json::{Value, json};

use crate::{authorization::world::World, world::on_both};

on_both!(
    and_or_and_not_mean_the_same_in_every_short_list,
    filters_of_short_lists_are_bounded,
    what_is_archived_is_said_once_for_a_whole_filter,
    the_audit_log_is_asked_for_several_things_at_once,
    keys_and_refusals_inside_a_filter_are_at_their_place,
);

/// A list, the type of its filter, and the field that tells its rows apart.
type List = (&'static str, &'static str, &'static str);

const LISTS: [List; 23] = [
    ("alertRulesList", "AlertRuleFilter", "id"),
    ("alerts", "AlertListFilter", "id"),
    ("carriersList", "CarrierFilter", "id"),
    ("categories", "ArchiveFilter", "id"),
    ("channels", "ArchiveFilter", "id"),
    ("dataJobs", "DataJobFilter", "id"),
    ("eventTypes", "WebhookEventTypeFilter", "name"),
    ("exchangeRates", "ExchangeRateFilter", "id"),
    ("exportSchedules", "ExportScheduleFilter", "id"),
    ("factorSeries", "FactorSeriesFilter", "code"),
    ("fulfilmentWaves", "FulfilmentWaveFilter", "id"),
    ("holdRulesList", "HoldRuleFilter", "code"),
    ("integrationsList", "IntegrationFilter", "id"),
    ("legalEntitiesList", "LegalEntityFilter", "id"),
    ("members", "MemberFilter", "id"),
    ("permissionsList", "PermissionFilter", "code"),
    ("productFamilies", "ArchiveFilter", "id"),
    ("replenishmentPlans", "ReplenishmentPlanFilter", "id"),
    ("rolesList", "RoleFilter", "key"),
    ("savedViews", "SavedViewFilter", "id"),
    ("stockRevaluations", "StockRevaluationFilter", "id"),
    ("storeGroupsList", "StoreGroupFilter", "code"),
    ("webhookEndpointsList", "WebhookEndpointFilter", "id"),
];

/// A test that finds something in a list, and another one, which may find nothing.
fn leaves(world: &World, (list, ..): List) -> [Value; 2] {
    let is = |kind: &str| json!({ "id": { "eq": world.ours.ids[kind] } });
    let since = |field: &str| json!({ field: { "gte": "2000-01-01T00:00:00Z" } });
    match list {
        "alertRulesList" => [is("arl"), json!({ "kind": ["NEGATIVE_MARGIN"] })],
        "alerts" => [since("openedAt"), json!({ "assignee": { "eq": world.ours.ids["mem"] } })],
        "carriersList" => [is("car"), json!({ "isActive": false })],
        "categories" => [since("createdAt"), is("cat")],
        "channels" => [since("createdAt"), is("chn")],
        "dataJobs" => [since("createdAt"), json!({ "kind": ["BULK"] })],
        "eventTypes" => [json!({ "permission": "order.read" }), json!({ "search": "HELD" })],
        "exchangeRates" => [is("fxr"), json!({ "baseCode": ["EUR"], "source": { "eq": "no such" } })],
        "exportSchedules" => [is("xsc"), json!({ "status": ["PAUSED"] })],
        "factorSeries" => [since("updatedAt"), json!({ "code": { "eq": "no such" } })],
        "fulfilmentWaves" => {
            [json!({ "store": { "in": [world.ours.depot, world.ours.ids["sto"]] } }), json!({ "isOpen": false })]
        }
        "holdRulesList" => [json!({ "isArchived": false }), json!({ "search": "no such" })],
        "integrationsList" => [is("int"), json!({ "isEnabled": false })],
        "legalEntitiesList" => [is("len"), json!({ "search": "no such" })],
        "members" => [is("mem"), json!({ "status": ["INVITED"] })],
        "permissionsList" => [json!({ "class": "TENANT" }), json!({ "search": "STOCK" })],
        "productFamilies" => [since("createdAt"), is("fam")],
        "replenishmentPlans" => [since("createdAt"), json!({ "status": ["SUPERSEDED"] })],
        "rolesList" => [is("rol"), json!({ "search": "OWNER" })],
        "savedViews" => [since("createdAt"), json!({ "isPaused": true })],
        "stockRevaluations" => [is("rvl"), json!({ "sku": { "startsWith": "no such" } })],
        "storeGroupsList" => [is("grp"), json!({ "search": "no such" })],
        "webhookEndpointsList" => [is("whe"), json!({ "isEnabled": false })],
        _ => panic!("{list} has no tests here"),
    }
}

async fn answer(world: &World, (list, kind, field): List, filter: &Value) -> Value {
    let document = format!(
        "query($filter: {kind}) {{ list: {list}(filter: $filter, first: 250) {{ nodes {{ {field} }} totalCount {{ count }} }} }}"
    );
    world.execute(&world.ours, Some(world.ours.owner.clone()), &document, &json!({ "filter": filter })).await
}

/// Rows that match a filter; their number equals the list's total.
async fn find_ids(world: &World, list: List, filter: Value) -> BTreeSet<String> {
    let answer = answer(world, list, &filter).await;
    assert!(answer["errors"].is_null(), "{list:?} {filter}: {answer:#}");
    let page = &answer["data"]["list"];
    let rows: BTreeSet<String> =
        page["nodes"].as_array().unwrap().iter().map(|node| node[list.2].as_str().unwrap().to_owned()).collect();
    assert_eq!(page["totalCount"]["count"], rows.len(), "{list:?} {filter}");
    rows
}

async fn and_or_and_not_mean_the_same_in_every_short_list(world: &World) {
    for list in LISTS {
        let all = find_ids(world, list, json!({})).await;
        let [one, other] = leaves(world, list);
        let (ones, others) = (find_ids(world, list, one.clone()).await, find_ids(world, list, other.clone()).await);
        assert!(!ones.is_empty(), "{list:?} {one} finds nothing: that proves nothing");
        let without = |rows: &BTreeSet<String>| -> BTreeSet<String> { all.difference(rows).cloned().collect() };
        let either: BTreeSet<String> = ones.union(&others).cloned().collect();
        let both: BTreeSet<String> = ones.intersection(&others).cloned().collect();
        for (filter, expected) in [
            (json!({ "and": [] }), all.clone()),
            (json!({ "or": [] }), BTreeSet::new()),
            (json!({ "not": {} }), BTreeSet::new()),
            (json!({ "not": { "or": [] } }), all.clone()),
            (json!({ "or": [one] }), ones.clone()),
            (json!({ "or": [one, other] }), either.clone()),
            (json!({ "and": [one, other] }), both),
            (json!({ "not": one }), without(&ones)),
            (json!({ "not": { "or": [one, other] } }), without(&either)),
            (json!({ "or": [one, { "not": one }] }), all.clone()),
            (json!({ "and": [one, { "not": one }] }), BTreeSet::new()),
            (json!({ "not": { "not": other } }), others),
        ] {
            assert_eq!(find_ids(world, list, filter.clone()).await, expected, "{list:?} {filter}");
        }
    }
}

async fn filters_of_short_lists_are_bounded(world: &World) {
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    for list in LISTS {
        assert!(answer(world, list, &deep(4)).await["errors"].is_null(), "{list:?}");
        for (case, filter) in [("too deep", deep(5)), ("too many", json!({ "or": vec![json!({}); 101] }))] {
            let answer = answer(world, list, &filter).await;
            assert_eq!(answer["errors"][0]["code"], "LIMIT_EXCEEDED", "{list:?} {case}");
        }
    }
}

/// By the guard, which every way in passes: no resolver has run yet.
#[test]
fn filters_of_short_lists_that_are_too_large_are_refused_before_anything_runs() {
    let guard = Guard::new(Limits::default(), Arc::new(SchemaIndex::of(&entrepot::schema::sdl()).unwrap()));
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    let more = [
        ("supplierProducts", "SupplierProductFilter", ""),
        ("backups", "BackupRunFilter", ""),
        ("jobs", "BackgroundJobFilter", ""),
        ("liquidationPlans", "LiquidationPlanFilter", ""),
    ];
    for (list, kind, _) in LISTS.into_iter().chain(more) {
        let query = format!("query($filter: {kind}) {{ {list}(filter: $filter) {{ __typename }} }}");
        let operation = guard.operation(&query, None).unwrap();
        let check =
            |filter: &Value| operation.check_variables(&Variables::from_json(json!({ "filter": filter })), &Limits::default());
        for filter in [deep(4), json!({ "or": vec![json!({}); 10] }), json!({ "and": vec![json!({}); 50] })] {
            assert!(check(&filter).is_ok(), "{list} {filter}");
        }
        for (filter, place) in [
            (deep(5), "filter.not.not.not.not.not"),
            (json!({ "or": vec![json!({}); 11] }), "filter.or"),
            (json!({ "and": vec![json!({}); 51] }), "filter"),
        ] {
            let refusal = check(&filter).unwrap_err();
            assert_eq!((refusal.code, refusal.field.join(".").as_str()), (Code::LimitExceeded, place), "{list}");
        }
    }
}

async fn what_is_archived_is_said_once_for_a_whole_filter(world: &World) {
    let create = "mutation($input: ChannelCreateInput!) { channelCreate(input: $input) { channel { id } userErrors { code field message } } }";
    let archive = "mutation($input: ChannelArchiveInput!) { channelArchive(input: $input) { channel { id } userErrors { code field message } } }";
    let payload = world.must_mutate(&world.ours, create, json!({ "input": { "code": "FAIR", "name": "Fair" } })).await;
    world.must_mutate(&world.ours, archive, json!({ "input": { "id": payload["channel"]["id"], "expectedVersion": 1 } })).await;
    let fair = payload["channel"]["id"].as_str().unwrap();
    let channels = ("channels", "ArchiveFilter", "id");
    let ours = json!({ "id": { "eq": world.ours.ids["chn"] } });
    let input = json!({ "name": { "eq": "FAIR" } });
    for (filter, has_fair, has_ours) in [
        (json!({}), false, true),
        (json!({ "or": [input, ours] }), false, true),
        (json!({ "not": input }), false, true),
        (json!({ "isArchived": null }), true, true),
        (json!({ "isArchived": true, "or": [input, ours] }), true, false),
        (json!({ "or": [{ "isArchived": true }, ours] }), true, true),
        (json!({ "and": [{ "isArchived": true }] }), true, false),
        (json!({ "not": { "isArchived": false } }), true, false),
        (json!({ "isArchived": null, "not": ours }), true, false),
    ] {
        let found = find_ids(world, channels, filter.clone()).await;
        assert_eq!((found.contains(fair), found.contains(&world.ours.ids["chn"])), (has_fair, has_ours), "{filter}");
    }
}

async fn the_audit_log_is_asked_for_several_things_at_once(world: &World) {
    let entries = ("auditEntries", "AuditFilter", "action");
    let actions = async |filter: Value| {
        let filter = json!({ "and": [{ "action": { "in": ["productCreate", "storeCreate", "supplierCreate"] } }, filter] });
        let answer = answer(world, entries, &filter).await;
        let nodes = answer["data"]["list"]["nodes"].as_array().unwrap_or_else(|| panic!("{filter}: {answer:#}"));
        nodes.iter().map(|node| node["action"].as_str().unwrap().to_owned()).collect::<BTreeSet<String>>()
    };
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<String>>();
    let product = json!({ "action": { "startsWith": "PRODUCT" } });
    assert_eq!(actions(product.clone()).await, set(&["productCreate"]));
    assert_eq!(
        actions(json!({ "or": [product, { "action": { "eq": "storeCreate" } }] })).await,
        set(&["productCreate", "storeCreate"])
    );
    assert!(!actions(json!({ "not": product })).await.contains("productCreate"));
    let theirs = json!({ "actor": { "eq": world.theirs.ids["mem"] } });
    assert_eq!(actions(json!({ "or": [theirs, { "outcome": [] }] })).await, BTreeSet::new());
    assert!(actions(json!({ "not": theirs })).await.contains("productCreate"));
}

async fn keys_and_refusals_inside_a_filter_are_at_their_place(world: &World) {
    let rates = ("exchangeRates", "ExchangeRateFilter", "id");
    let ours = find_ids(world, rates, json!({ "or": [{ "enteredBy": { "key": ["alpha@example.com"] } }] })).await;
    assert!(ours.contains(&world.ours.ids["fxr"]), "{ours:?}");
    assert!(
        !find_ids(world, rates, json!({ "not": { "enteredBy": { "key": ["alpha@example.com"] } } }))
            .await
            .contains(&world.ours.ids["fxr"])
    );
    for (list, filter, place) in [
        (rates, json!({ "or": [{}, { "quoteCode": ["SEK", "XX"] }] }), json!(["filter", "or", "1", "quoteCode", "1"])),
        (rates, json!({ "not": { "day": { "gte": "2020-01-02", "lt": "2020-01-02" } } }), json!(["filter", "not", "day", "lt"])),
        (rates, json!({ "and": [{ "source": { "eq": "a\u{0}b" } }] }), json!(["filter", "and", "0", "source", "eq"])),
        (("members", "MemberFilter", "id"), json!({ "not": { "search": "x".repeat(256) } }), json!(["filter", "not", "search"])),
        (
            ("rolesList", "RoleFilter", "key"),
            json!({ "or": [{ "id": { "eq": world.ours.ids["sto"] } }] }),
            json!(["filter", "or", "0", "id", "eq"]),
        ),
        (
            ("factorSeries", "FactorSeriesFilter", "code"),
            json!({ "not": { "category": { "isNull": true } } }),
            json!(["filter", "not", "category", "isNull"]),
        ),
    ] {
        let answer = answer(world, list, &filter).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("BAD_USER_INPUT"), &place), "{list:?} {filter}: {answer:#}");
    }
}
