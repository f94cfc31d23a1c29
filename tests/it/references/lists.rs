//! Lists whose filters name documents by their numbers, and members by their e-mail addresses.

use serde_json::{Value, json};

use super::without;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(
    lists_of_what_a_member_did_take_the_address_of_the_member,
    an_alert_and_a_note_are_found_by_the_address_of_their_member,
    lists_of_what_belongs_to_an_order_take_its_number,
    purchases_are_listed_by_the_numbers_of_their_documents,
    numbers_and_addresses_are_keys_for_who_may_see_what_they_name,
    numbers_and_addresses_are_refused_beside_ids_and_beyond_twenty,
    a_purchase_order_is_printed_by_its_number,
);

/// A list, the type of its filter, and a field of that.
type FilterField = (&'static str, &'static str, &'static str);

const OF_MEMBERS: [FilterField; 8] = [
    ("auditEntries", "AuditFilter", "actor"),
    ("dataJobs", "DataJobFilter", "createdBy"),
    ("exchangeRates", "ExchangeRateFilter", "enteredBy"),
    ("exportSchedules", "ExportScheduleFilter", "owner"),
    ("purchaseOrders", "PurchaseOrderFilter", "createdBy"),
    ("savedViews", "SavedViewFilter", "createdBy"),
    ("stockMovements", "MovementFilter", "actor"),
    ("stockRevaluations", "StockRevaluationFilter", "createdBy"),
];

const OF_ORDERS: [FilterField; 3] = [
    ("fulfilmentWorks", "FulfilmentWorkFilter", "order"),
    ("invoices", "InvoiceFilter", "order"),
    ("returns", "ReturnFilter", "order"),
];

const OF_PURCHASES: FilterField = ("supplierReturns", "SupplierReturnFilter", "purchaseOrder");
const OF_FRAMES: FilterField = ("purchaseOrders", "PurchaseOrderFilter", "blanketOrder");

const OURS: &str = "alpha@example.com";
const THEIRS: &str = "bravo@example.com";

async fn answer_of(office: &Office<'_>, (list, kind, field): FilterField, test: &Value) -> Value {
    let query = format!("query($filter: {kind}) {{ {list}(filter: $filter) {{ nodes {{ id }} }} }}");
    office.execute(&query, json!({ "filter": { field: test } })).await
}

/// The IDs of what a list has under a test of the field.
async fn listed(office: &Office<'_>, place: FilterField, test: Value) -> Vec<Value> {
    let answer = answer_of(office, place, &test).await;
    let nodes = answer["data"][place.0]["nodes"].as_array().unwrap_or_else(|| panic!("{place:?} {test}: {answer:#}"));
    nodes.iter().map(|node| node["id"].clone()).collect()
}

/// Asserts that a key finds what the ID finds, and that these keys find nothing.
async fn is_named(office: &Office<'_>, place: FilterField, (id, key): (&Value, &str), none: &[&str]) -> usize {
    let by_id = listed(office, place, json!({ "eq": id })).await;
    assert_eq!(listed(office, place, json!({ "key": [key] })).await, by_id, "{place:?} {key}");
    let among_others = [none, &[key]].concat();
    assert_eq!(listed(office, place, json!({ "key": among_others })).await, by_id, "{place:?} beside {none:?}");
    for nothing in [json!(none), json!([])] {
        assert_eq!(listed(office, place, json!({ "key": nothing })).await, Vec::<Value>::new(), "{place:?} {nothing}");
    }
    by_id.len()
}

/// The number of a document of ours.
async fn number(office: &Office<'_>, query: &str, id: &str) -> String {
    let answer = office
        .execute(&format!("query($id: ID!) {{ found: {query}(by: {{ id: $id }}) {{ number }} }}"), json!({ "id": id }))
        .await;
    answer["data"]["found"]["number"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

/// The number of a new document of the other company, which no document of ours has.
async fn number_of_theirs(office: &Office<'_>, (mutation, kind, document): (&str, &str, &str), mut input: Value) -> String {
    let theirs = &office.world.theirs;
    input["idempotencyKey"] = json!(key());
    input["store"] = json!({ "id": theirs.ids["sto"] });
    input["lines"] = json!([{ "product": { "id": theirs.ids["prd"] }, "quantity": 1 }]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {document} {{ number }} userErrors {{ code field message }} }} }}"
    );
    let payload = office.world.must_mutate(theirs, &query, json!({ "input": input })).await;
    let number = payload[document]["number"].as_str().unwrap().to_owned();
    let query = format!("query($number: String!) {{ {document}(by: {{ number: $number }}) {{ id }} }}");
    let ours = office.execute(&query, json!({ "number": number })).await;
    assert_eq!(ours["data"], json!({ document: null }), "only theirs has {number}: {ours:#}");
    number
}

async fn lists_of_what_a_member_did_take_the_address_of_the_member(world: &World) {
    let office = Office::of(world).await;
    let owner = json!(world.ours.ids["mem"]);
    for place in OF_MEMBERS {
        let found = is_named(&office, place, (&owner, " ALPHA@Example.com "), &[THEIRS, "nobody@example.com", "a\u{0}b"]).await;
        let is_sure = ["auditEntries", "purchaseOrders", "stockMovements"].contains(&place.0);
        assert!(found > 0 || !is_sure, "{place:?}");
    }
    // In a filter inside the filter, too.
    let movements = async |filter: Value| {
        let query = "query($filter: MovementFilter) { stockMovements(filter: $filter) { nodes { id } } }";
        let answer = office.execute(query, json!({ "filter": filter })).await;
        answer["data"]["stockMovements"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).len()
    };
    assert_eq!(movements(json!({ "or": [{ "actor": { "key": [THEIRS] } }] })).await, 0);
    assert!(movements(json!({ "not": { "actor": { "key": [THEIRS] } } })).await > 0);
}

async fn an_alert_and_a_note_are_found_by_the_address_of_their_member(world: &World) {
    let office = Office::of(world).await;
    let owner = json!(world.ours.ids["mem"]);
    let input = json!({ "idempotencyKey": key(), "id": world.ours.ids["alr"], "memberId": owner });
    accepted(&office.mutate("alertAssign", "AlertAssignInput", "alert { id }", input).await, "alert");
    assert_eq!(is_named(&office, ("alerts", "AlertListFilter", "assignee"), (&owner, OURS), &[THEIRS]).await, 1);
    let notes = async |test: Value| {
        let query = "query($id: ID!, $filter: NoteFilter) { notes(nodeId: $id, filter: $filter) { nodes { id } } }";
        let variables = json!({ "id": world.ours.ids["prd"], "filter": { "author": test } });
        let answer = office.execute(query, variables).await;
        answer["data"]["notes"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    };
    assert_eq!(notes(json!({ "key": [OURS] })).await, [json!({ "id": world.ours.ids["nte"] })]);
    assert_eq!(notes(json!({ "key": [THEIRS] })).await, Vec::<Value>::new());
}

async fn lists_of_what_belongs_to_an_order_take_its_number(world: &World) {
    let office = Office::of(world).await;
    let order = &world.ours.ids["ord"];
    let own = number(&office, "order", order).await;
    let theirs = number_of_theirs(&office, ("orderCreate", "OrderCreateInput", "order"), json!({})).await;
    for place in OF_ORDERS {
        let found = is_named(&office, place, (&json!(order), own.as_str()), &[theirs.as_str(), "999999", "no number"]).await;
        assert!(found > 0, "{place:?}");
    }
    let query = "query($filter: ReturnFilter) { returns(filter: $filter) { nodes { id } } }";
    let others = office.execute(query, json!({ "filter": { "not": { "order": { "key": [own] } } } })).await;
    let ours = json!({ "id": world.ours.ids["ret"] });
    assert!(others["data"]["returns"]["nodes"].as_array().is_some_and(|nodes| !nodes.contains(&ours)), "{others:#}");
}

async fn purchases_are_listed_by_the_numbers_of_their_documents(world: &World) {
    let office = Office::of(world).await;
    let (bought, frame) = (&world.ours.ids["por"], &world.ours.ids["bor"]);
    let supplier = json!({ "id": world.theirs.ids["sup"] });
    let theirs = number_of_theirs(
        &office,
        ("purchaseOrderCreate", "PurchaseOrderCreateInput", "purchaseOrder"),
        json!({ "supplier": supplier }),
    )
    .await;
    let own = number(&office, "purchaseOrder", bought).await;
    assert_eq!(is_named(&office, OF_PURCHASES, (&json!(bought), own.as_str()), &[theirs.as_str(), "999999"]).await, 1);
    let input = json!({ "idempotencyKey": key(), "id": frame });
    accepted(
        &office.mutate("blanketOrderActivate", "BlanketOrderActionInput", "blanketOrder { id }", input).await,
        "blanketOrder",
    );
    let lines = json!([{ "product": { "id": world.ours.ids["prd"] }, "quantity": 2 }]);
    let called_off = json!({ "supplier": { "id": world.ours.ids["sup"] }, "blanketOrder": { "id": frame }, "lines": lines });
    office.draft_with(called_off).await;
    let own = number(&office, "blanketOrder", frame).await;
    assert_eq!(is_named(&office, OF_FRAMES, (&json!(frame), own.as_str()), &["BPO-999999", theirs.as_str()]).await, 1);
}

async fn numbers_and_addresses_are_keys_for_who_may_see_what_they_name(world: &World) {
    let office = Office::of(world).await;
    let own = number(&office, "order", &world.ours.ids["ord"]).await;
    let clerk = office.as_caller(without(world, "member.read"));
    for place in OF_MEMBERS {
        for address in [OURS, "nobody@example.com"] {
            let answer = answer_of(&clerk, place, &json!({ "key": [address] })).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{place:?} {address}: {answer:#}");
        }
    }
    let clerk = office.as_caller(without(world, "order.read"));
    for number in [own.as_str(), "999999"] {
        let answer = answer_of(&clerk, OF_ORDERS[0], &json!({ "key": [number] })).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{number}: {answer:#}");
    }
}

async fn numbers_and_addresses_are_refused_beside_ids_and_beyond_twenty(world: &World) {
    let office = Office::of(world).await;
    let (owner, order) = (json!(world.ours.ids["mem"]), json!(world.ours.ids["ord"]));
    for (place, beside, key) in [(OF_MEMBERS[3], owner, OURS), (OF_ORDERS[2], order, "1")] {
        for test in [json!({ "eq": beside, "key": [key] }), json!({ "in": [beside], "key": [key] })] {
            let answer = answer_of(&office, place, &test).await;
            assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{place:?} {test}: {answer:#}");
        }
    }
    let many: Vec<String> = (1..=21).map(|number| number.to_string()).collect();
    let answer = answer_of(&office, OF_ORDERS[2], &json!({ "key": many })).await;
    assert_eq!(answer["errors"][0]["code"], "LIMIT_EXCEEDED", "{answer:#}");
    let answer = answer_of(&office, OF_ORDERS[2], &json!({ "key": many[1..] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
}

async fn a_purchase_order_is_printed_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let bought = json!(world.ours.ids["por"]);
    let own = number(&office, "purchaseOrder", &world.ours.ids["por"]).await;
    let supplier = json!({ "id": world.theirs.ids["sup"] });
    let theirs = number_of_theirs(
        &office,
        ("purchaseOrderCreate", "PurchaseOrderCreateInput", "purchaseOrder"),
        json!({ "supplier": supplier }),
    )
    .await;
    let query = "query($by: PurchaseOrderRef, $id: ID) { purchaseOrderHtml(by: $by, id: $id) }";
    let printed = async |variables: Value| office.execute(query, variables).await;
    let page = printed(json!({ "id": bought })).await["data"]["purchaseOrderHtml"].clone();
    assert!(page.as_str().is_some_and(|page| page.contains(&own)), "{page}");
    for variables in
        [json!({ "by": { "number": own } }), json!({ "by": { "id": bought } }), json!({ "by": { "number": own }, "id": bought })]
    {
        assert_eq!(printed(variables.clone()).await["data"]["purchaseOrderHtml"], page, "{variables}");
    }
    for nothing in [json!({ "number": theirs }), json!({ "number": "no number" }), json!({ "id": world.theirs.ids["por"] })] {
        let answer = printed(json!({ "by": nothing })).await;
        assert_eq!(answer["data"], json!({ "purchaseOrderHtml": null }), "{nothing}: {answer:#}");
        assert!(answer["errors"].is_null(), "{nothing}: {answer:#}");
    }
    for wrong in [json!({}), json!({ "by": { "number": theirs }, "id": bought })] {
        let answer = printed(wrong.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{wrong}: {answer:#}");
    }
}
