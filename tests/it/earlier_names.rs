//! Names of before release 0.2: clients that still use them are answered as those who use the new ones. That each has all attributes of its original is
//! compared in `api_versions.rs`.

use serde_json::{Value, json};

use crate::{authorization::world::World, world::on_both};

on_both!(
    a_stocktake_answers_to_its_earlier_name,
    a_job_with_files_answers_to_its_earlier_name,
    an_import_that_only_tries_is_kept_apart_from_the_import,
    an_earlier_name_asks_for_the_same_permission,
    booleans_numbers_and_statuses_answer_to_their_earlier_names,
    plans_and_types_of_event_answer_to_their_earlier_names,
);

const OLD: &str =
    "mutation($input: StocktakeCreateInput!, $dry: Boolean! = false) { countCreate(input: $input, validateOnly: $dry) {
    count { id status plannedBy { __typename } progress { found } } replayed userErrors { code field message } } }";
const NEW: &str = "mutation($input: StocktakeCreateInput!) { stocktakeCreate(input: $input) {
    stocktake { id status createdBy { __typename } progress { unexpected } } replayed userErrors { code field message } } }";
const BOTH: &str = "query($id: ID!) { old: count(by: { id: $id }) { id } new: stocktake(by: { id: $id }) { id }
    counts { nodes { id } totalCount { count } } stocktakes { nodes { id } totalCount { count } } }";

async fn execute(world: &World, query: &str, variables: Value) -> Value {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &variables).await;
    assert!(answer["errors"].is_null(), "{query} {variables}: {answer:#}");
    answer["data"].clone()
}

async fn a_stocktake_answers_to_its_earlier_name(world: &World) {
    let company = &world.ours;
    let input = json!({ "idempotencyKey": "earlier-1", "kind": "FULL", "store": { "id": company.ids["sto"] } });
    let before = execute(world, BOTH, json!({ "id": company.ids["cnt"] })).await;
    let tried = world.must_mutate(company, OLD, json!({ "input": input, "dry": true })).await;
    assert_eq!((&tried["count"]["status"], &tried["replayed"]), (&json!("OPEN"), &json!(false)));
    assert_eq!(execute(world, BOTH, json!({ "id": company.ids["cnt"] })).await, before, "a dry run planned one");
    let payload = world.must_mutate(company, OLD, json!({ "input": input })).await;
    assert_eq!((&payload["count"]["status"], &payload["replayed"]), (&json!("OPEN"), &json!(false)), "{payload:#}");
    // The retry comes from a client that has moved on.
    let again = world.must_mutate(company, NEW, json!({ "input": input })).await;
    assert_eq!((&again["stocktake"]["id"], &again["replayed"]), (&payload["count"]["id"], &json!(true)), "{again:#}");
    assert_eq!(again["stocktake"]["createdBy"], payload["count"]["plannedBy"]);
    assert_eq!(again["stocktake"]["progress"]["unexpected"], payload["count"]["progress"]["found"]);
    let both = execute(world, BOTH, json!({ "id": payload["count"]["id"] })).await;
    assert_eq!((&both["old"], &both["counts"]), (&both["new"], &both["stocktakes"]));
    assert_eq!(both["old"]["id"], payload["count"]["id"]);
    assert_ne!(both["counts"], before["counts"], "there is one more");
}

async fn a_job_with_files_answers_to_its_earlier_name(world: &World) {
    let company = &world.ours;
    let export = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) {
        exchange { id state isDryRun noun maker { __typename } } dataJob { id status isValidateOnly entity createdBy { __typename } }
        replayed userErrors { code field message } } }";
    let input = json!({ "idempotencyKey": "earlier-2", "noun": "PRODUCTS", "before": "2026-12-01T00:00:00Z" });
    let payload = world.must_mutate(company, export, json!({ "input": input })).await;
    let (old, new) = (&payload["exchange"], &payload["dataJob"]);
    for (earlier, later) in
        [("id", "id"), ("state", "status"), ("isDryRun", "isValidateOnly"), ("noun", "entity"), ("maker", "createdBy")]
    {
        assert_eq!(old[earlier], new[later], "{earlier}: {payload:#}");
    }
    assert_eq!((&new["status"], &new["entity"]), (&json!("QUEUED"), &json!("PRODUCTS")));
    let cancel = "mutation($id: ID!) { exchangeCancel(id: $id) { exchange { state } userErrors { code field message } } }";
    assert_eq!(world.must_mutate(company, cancel, json!({ "id": new["id"] })).await["exchange"]["state"], "CANCELLED");
    let lists = execute(world, "{ exchanges { nodes { id } } dataJobs { nodes { id } } }", json!({})).await;
    assert_eq!(lists["exchanges"], lists["dataJobs"]);
    assert!(lists["exchanges"]["nodes"].as_array().unwrap().iter().any(|job| job["id"] == new["id"]), "{lists:#}");
    // Neither name is required by the schema, and one of them is needed.
    let nothing = json!({ "input": { "idempotencyKey": "earlier-3" } });
    let refused = execute(world, export, nothing).await["exportCreate"]["userErrors"].clone();
    assert_eq!((&refused[0]["code"], &refused[0]["field"]), (&json!("REQUIRED"), &json!(["input", "entity"])), "{refused}");
}

async fn an_import_that_only_tries_is_kept_apart_from_the_import(world: &World) {
    let company = &world.ours;
    let file = world.sent(company, "earlier.csv", b"code;name\nearlier;Earlier\n".to_vec()).await;
    let import = "mutation($input: ImportCreateInput!) { importCreate(input: $input) {
        dataJob { id isValidateOnly } replayed userErrors { code field message } } }";
    let input = |is_tried: bool| json!({ "input": { "idempotencyKey": "earlier-4", "fileId": file, "entity": "SUPPLIERS", "validateOnly": is_tried } });
    let tried = world.must_mutate(company, import, input(true)).await;
    assert_eq!((&tried["dataJob"]["isValidateOnly"], &tried["replayed"]), (&json!(true), &json!(false)));
    assert_eq!(world.must_mutate(company, import, input(true)).await["replayed"], true);
    let real = execute(world, import, input(false)).await["importCreate"].clone();
    assert_eq!((&real["dataJob"], &real["userErrors"][0]["code"]), (&Value::Null, &json!("IDEMPOTENCY_KEY_REUSED")), "{real:#}");
}

async fn an_earlier_name_asks_for_the_same_permission(world: &World) {
    for (document, permission) in [
        ("{ counts { nodes { id } } }", "count.read"),
        ("{ exchanges { nodes { id } } }", "exchange.run"),
        ("{ standingJobs { id } }", "job.read"),
        ("mutation { countStart(input: { id: \"cnt_1\", idempotencyKey: \"k\" }) { replayed } }", "count.write"),
    ] {
        let nobody = Some(world.ours.owner_with(&[]));
        let answer = world.execute(&world.ours, nobody, document, &json!({})).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["code"], &error["permission"]), (&json!("FORBIDDEN"), &json!(permission)), "{document}: {answer:#}");
    }
}

async fn booleans_numbers_and_statuses_answer_to_their_earlier_names(world: &World) {
    let company = &world.ours;
    let category = "mutation($input: CategoryCreateInput!) { categoryCreate(input: $input) {
        category { position sortIndex } userErrors { code field message } } }";
    for (name, slug) in [("position", "earlier-5"), ("sortIndex", "earlier-6")] {
        let payload = world.must_mutate(company, category, json!({ "input": { "name": slug, "slug": slug, name: 3 } })).await;
        assert_eq!(payload["category"], json!({ "position": 3, "sortIndex": 3 }), "{name}");
    }
    let rule = "mutation($input: HoldRuleUpsertInput!) { holdRuleUpsert(input: $input) {
        holdRule { isAddressMissing lacksAddress } userErrors { code field message } } }";
    for name in ["lacksAddress", "isAddressMissing"] {
        let key = format!("earlier-{name}");
        let input = json!({ "idempotencyKey": key, "code": "EARLIER", "kind": "ADDRESS", "reason": "No address.", name: true });
        let payload = world.must_mutate(company, rule, json!({ "input": input })).await;
        assert_eq!(payload["holdRule"], json!({ "isAddressMissing": true, "lacksAddress": true }), "{name}");
    }
    let both = "query($id: ID!) { node(id: $id) { ... on Tenant { sandbox isSandbox mfaRequired isMfaRequired } }
        roles { builtIn isBuiltIn } jobs(statuses: [WAITING], states: [FAILED]) { nodes { id } } }";
    let found = execute(world, both, json!({ "id": company.owner.tenant.to_string() })).await;
    let tenant = json!({ "sandbox": false, "isSandbox": false, "mfaRequired": false, "isMfaRequired": false });
    assert_eq!(found["node"], tenant, "{found:#}");
    let roles = found["roles"].as_array().unwrap();
    assert!(!roles.is_empty() && roles.iter().all(|role| role["builtIn"].is_boolean() && role["builtIn"] == role["isBuiltIn"]));
    assert_eq!(found["jobs"]["nodes"], json!([]), "a job has one status, so none has both");
}

async fn plans_and_types_of_event_answer_to_their_earlier_names(world: &World) {
    let times = "createdAt madeAt createdBy { __typename } madeBy { __typename }";
    let query = format!(
        "query($rpl: ID!, $lqp: ID!) {{
        restock: node(id: $rpl) {{ ... on ReplenishmentPlan {{
            {times} lines(first: 5) {{ nodes {{ calculation {{ policyKind available }} figures {{ policyKind available }} }} }} }} }}
        clearance: node(id: $lqp) {{ ... on LiquidationPlan {{ {times} }} }}
        restocks: replenishmentPlans(sort: {{ field: CREATED_AT }}) {{ nodes {{ id }} }}
        restocksMade: replenishmentPlans(sort: {{ field: MADE_AT }}) {{ nodes {{ id }} }}
        clearances: liquidationPlans(sort: {{ field: CREATED_AT }}) {{ nodes {{ id }} }}
        clearancesMade: liquidationPlans(sort: {{ field: MADE_AT }}) {{ nodes {{ id }} }}
        eventTypes(filter: {{ search: \"order.created\" }}) {{ nodes {{ name resource noun }} }} }}"
    );
    let found = execute(world, &query, json!({ "rpl": world.ours.ids["rpl"], "lqp": world.ours.ids["lqp"] })).await;
    for plan in ["restock", "clearance"] {
        let plan = &found[plan];
        assert!(plan["createdAt"].is_string() && plan["createdBy"]["__typename"].is_string(), "{plan:#}");
        assert_eq!((&plan["createdAt"], &plan["createdBy"]), (&plan["madeAt"], &plan["madeBy"]));
    }
    for line in found["restock"]["lines"]["nodes"].as_array().unwrap() {
        assert!(line["calculation"]["policyKind"].is_string() && line["calculation"] == line["figures"], "{line:#}");
    }
    for (list, earlier) in [("restocks", "restocksMade"), ("clearances", "clearancesMade")] {
        assert_ne!(found[list]["nodes"], json!([]), "{list}");
        assert_eq!(found[list], found[earlier], "{list}");
    }
    let types = found["eventTypes"]["nodes"].as_array().unwrap();
    let order = types.iter().find(|one| one["name"] == "order.created").unwrap_or_else(|| panic!("{types:#?}"));
    assert_eq!((&order["resource"], &order["noun"]), (&json!("order"), &json!("order")));
}
