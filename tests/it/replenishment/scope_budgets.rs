//! Budgets of suppliers, categories and stores, which apply in addition to the company's.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{
    budgets::{month, ordered, pence, pounds, set_budget, two_products},
    desk::{Desk, approve},
    rule::{amounts, decided, ordered_before, planned, set_rule, states},
};
use crate::{
    authorization::world::World,
    costing::world::run_tenant_sql,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_purchase_keeps_within_the_budgets_of_its_supplier_and_of_the_company,
    a_categorys_budget_is_for_all_that_is_below_it,
    many_budgets_are_read_together_and_each_counts_its_own,
    a_refusal_names_the_budget_and_what_is_left_of_it,
    two_plans_approved_at_once_stay_within_a_stores_budget,
    a_rule_never_goes_over_a_stores_budget,
    a_budget_is_for_one_thing_of_the_companys_own,
    a_suppliers_budget_does_not_end_in_a_merge,
    who_keeps_one_store_sees_and_sets_its_budget_alone,
    who_keeps_one_store_is_not_told_other_budgets_by_the_history,
);

/// Sets a monthly budget in pounds for a scope; None for no limit.
async fn limit(desk: &Desk<'_>, mut scope: Value, amount: Option<&str>) {
    scope["amount"] = amount.map_or(Value::Null, gbp);
    accepted(&set_budget(&desk.books.office, scope).await, "budget");
}

/// Returns the scope of each budget, and its remaining amount.
async fn left(office: &Office<'_>) -> Value {
    let query = "{ replenishmentBudgets { supplier { id } category { id } store { id } current { remaining { amount } } } }";
    let answer = office.execute(query, json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let of = |budget: &Value| {
        let expected = ["supplier", "category", "store"].map(|name| &budget[name]["id"]);
        let id = expected.into_iter().find(|id| !id.is_null()).cloned();
        json!([id, budget["current"]["remaining"]["amount"]])
    };
    answer["data"]["replenishmentBudgets"].as_array().unwrap().iter().map(of).collect()
}

/// Approves all lines of a plan, and returns the payload with the budgets that refused lines.
async fn approved(office: &Office<'_>, key: &str, plan: &Value) -> Value {
    let input =
        json!({ "idempotencyKey": key, "plan": plan["id"], "expectedVersion": plan["version"], "lines": { "all": true } });
    let fields = "approved refused { code message budget { supplier { id } category { id } store { id } remaining { amount } } }";
    office.mutate("replenishmentPlanApprove", "ReplenishmentPlanApproveInput", fields, input).await
}

async fn a_purchase_keeps_within_the_budgets_of_its_supplier_and_of_the_company(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let (office, supplier) = (&desk.books.office, desk.books.office.supplier.clone());
    let cut = async || desk.plan(json!({})).await["cutCount"].clone();
    month(&desk, Some("500.00")).await;
    assert_eq!((cut().await, left(office).await), (json!(0), json!([])));
    limit(&desk, json!({ "supplier": supplier }), Some("150.00")).await;
    assert_eq!(cut().await, 1, "108.00 of 216.00 fit");
    month(&desk, Some("100.00")).await;
    assert_eq!(cut().await, 2, "the company's holds as well");
    month(&desk, Some("500.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 1, "{plan:#}");
    assert_eq!((ordered(&desk).await, left(office).await), (10_800, json!([[supplier["id"], "42.00"]])));
    // Purchases by hand count, those from another supplier do not.
    let tea = office.product("TEA", "1.00").await;
    office.draft(json!([{ "product": tea, "quantity": 2 }])).await;
    let payload =
        office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OTHER", "name": "Other" }));
    let other = json!({ "id": accepted(&payload.await, "supplier")["id"] });
    office.draft_with(json!({ "supplier": other, "lines": [{ "product": tea, "quantity": 3 }] })).await;
    assert_eq!(left(office).await, json!([[supplier["id"], "40.00"]]));
    // The budget is removed, and limits nothing any more.
    limit(&desk, json!({ "supplier": supplier }), None).await;
    assert_eq!((left(office).await, cut().await), (json!([]), json!(0)));
    office.is_sound().await;
}

/// The kitchen's category and that of cups below it, which mugs are in.
async fn kitchen_and_cups(desk: &Desk<'_>) -> (Value, Value) {
    let create = async |input: Value| {
        let payload = desk.books.office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await;
        json!({ "id": accepted(&payload, "category")["id"] })
    };
    let kitchen = create(json!({ "name": "Kitchen", "slug": "kitchen-ware" })).await;
    let cups = create(json!({ "name": "Cups", "slug": "cups-below", "parent": kitchen })).await;
    let sql = "UPDATE product SET category_id = (SELECT c.id FROM category c WHERE c.tenant_id = $1 AND c.slug = 'cups-below')
        WHERE tenant_id = $1 AND sku = 'MUG'";
    run_tenant_sql(desk.world, sql).await;
    (kitchen, cups)
}

async fn many_budgets_are_read_together_and_each_counts_its_own(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let ((kitchen, cups), office) = (kitchen_and_cups(&desk).await, &desk.books.office);
    let read = async || {
        // The first call fills the cache of stores and categories, so that the statements for them
        // are not counted.
        left(office).await;
        let before = world.node.db.statements();
        (left(office).await, world.node.db.statements() - before)
    };
    limit(&desk, json!({ "category": kitchen }), Some("300.00")).await;
    limit(&desk, json!({ "store": office.store }), Some("500.00")).await;
    limit(&desk, json!({ "supplier": office.supplier }), Some("400.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 2, "{plan:#}");
    let (found, few) = read().await;
    let all = json!([[kitchen["id"], "192.00"], [office.store["id"], "284.00"], [office.supplier["id"], "184.00"]]);
    assert_eq!(found, all, "108.00 each of mugs and plates");
    limit(&desk, json!({ "category": cups }), Some("200.00")).await;
    let mut annexes = Vec::new();
    for code in ["ANNEX", "SHED", "YARD"] {
        let annex = office.new_store(code).await;
        limit(&desk, json!({ "store": annex }), Some("100.00")).await;
        annexes.push(annex);
    }
    let (found, many) = read().await;
    let row_of = |scope: &Value| {
        let budgets = found.as_array().unwrap();
        budgets.iter().find(|budget| budget[0] == scope["id"]).unwrap_or_else(|| panic!("{found:#}"))[1].clone()
    };
    assert_eq!([row_of(&kitchen), row_of(&cups)], ["192.00", "92.00"], "mugs are in both");
    assert_eq!([row_of(&office.store), row_of(&annexes[2])], ["284.00", "100.00"]);
    assert!(many <= few + 3, "{many} statements for seven budgets, {few} for three");
}

async fn a_categorys_budget_is_for_all_that_is_below_it(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = two_products(&desk).await;
    let ((kitchen, _), office) = (kitchen_and_cups(&desk).await, &desk.books.office);
    limit(&desk, json!({ "category": { "slug": "kitchen-ware" } }), Some("107.99")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!([states(&plan, &mug), states(&plan, &plate)], [vec![&json!("CUT")], vec![&json!("OPEN")]], "{plan:#}");
    limit(&desk, json!({ "category": kitchen }), Some("200.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 2, "{plan:#}");
    assert_eq!(left(office).await, json!([[kitchen["id"], "92.00"]]), "plates are of no category");
}

async fn a_refusal_names_the_budget_and_what_is_left_of_it(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let (office, plan, again) = (&desk.books.office, desk.plan(json!({})).await, key());
    limit(&desk, json!({ "supplier": office.supplier }), Some("400.00")).await;
    limit(&desk, json!({ "store": office.store }), Some("150.00")).await;
    let payload = approved(office, &again, &plan).await;
    assert_eq!((&payload["approved"], &payload["userErrors"]), (&json!(1), &json!([])), "{payload:#}");
    let [refusal] = payload["refused"].as_array().unwrap().as_slice() else { panic!("{payload:#}") };
    let budget = json!({ "supplier": null, "category": null, "store": office.store, "remaining": { "amount": "42.00" } });
    assert_eq!((&refusal["code"], &refusal["budget"]), (&json!("OVER_BUDGET"), &budget), "{payload:#}");
    assert!(refusal["message"].as_str().unwrap().contains("budget of its store"), "{payload:#}");
    let replayed = approved(office, &again, &plan).await;
    assert_eq!((&replayed["replayed"], &replayed["refused"][0]["budget"]), (&json!(true), &budget), "{replayed:#}");
    assert_eq!(ordered(&desk).await, 10_800);
}

async fn two_plans_approved_at_once_stay_within_a_stores_budget(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let (one, other) = (desk.plan(json!({})).await, desk.plan(json!({ "supplier": desk.books.office.supplier })).await);
    let office = &desk.books.office;
    month(&desk, Some("500.00")).await;
    limit(&desk, json!({ "store": office.store }), Some("150.00")).await;
    limit(&desk, json!({ "supplier": office.supplier }), Some("300.00")).await;
    let (all, keys) = (json!({ "all": true }), [key(), key()]);
    let (first, second) = tokio::join!(approve(office, &keys[0], &one, all.clone()), approve(office, &keys[1], &other, all));
    let approved = |payload: &Value| payload["approved"].as_i64().unwrap();
    assert_eq!(approved(&first) + approved(&second), 1, "{first:#} {second:#}");
    assert_eq!(ordered(&desk).await, 10_800);
    assert_eq!(left(office).await, json!([[office.store["id"], "42.00"], [office.supplier["id"], "192.00"]]));
    office.is_sound().await;
}

async fn a_rule_never_goes_over_a_stores_budget(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = two_products(&desk).await;
    let office = &desk.books.office;
    // 1.00 is ordered for the store, and counts.
    ordered_before(&desk).await;
    accepted(&set_rule(office, amounts("900.00", "900.00")).await, "rule");
    let plan = desk.read(&planned(&desk, 1).await).await;
    let total = pence(&plan["costs"][0]["amount"]);
    assert_eq!([states(&plan, &mug), states(&plan, &plate)], [vec![&json!("OPEN")], vec![&json!("OPEN")]], "{plan:#}");
    limit(&desk, json!({ "store": office.store }), Some(&pounds(total))).await;
    assert_eq!((decided(&desk).await, ordered(&desk).await), (0, 100), "an order waits as a whole");
    limit(&desk, json!({ "store": office.store }), None).await;
    let plan = desk.read(&planned(&desk, 2).await).await;
    let total = pence(&plan["costs"][0]["amount"]);
    limit(&desk, json!({ "store": office.store }), Some(&pounds(total + 100))).await;
    assert_eq!((decided(&desk).await, ordered(&desk).await), (2, total + 100));
    assert_eq!(left(office).await, json!([[office.store["id"], "0.00"]]));
}

async fn a_budget_is_for_one_thing_of_the_companys_own(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let of = |mut scope: Value| {
        scope["amount"] = gbp("100.00");
        scope
    };
    let both = of(json!({ "store": office.store, "supplier": office.supplier }));
    refused(&set_budget(office, both).await, "INVALID", "input");
    refused(&set_budget(office, of(json!({ "store": { "code": "NOWHERE" } }))).await, "NOT_FOUND", "input.store.code");
    let create = async |mutation: &str, kind: &str, row: &str| {
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {row} {{ id }} }} }}");
        let input = json!({ "input": { "code": "THEIRS", "name": "Theirs" } });
        let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), &query, &input).await;
        answer["data"][mutation][row]["id"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    };
    let store = create("storeCreate", "StoreCreateInput", "store").await;
    let supplier = create("supplierCreate", "SupplierCreateInput", "supplier").await;
    refused(&set_budget(office, of(json!({ "store": { "id": store } }))).await, "NOT_FOUND", "input.store.id");
    refused(&set_budget(office, of(json!({ "supplier": { "id": supplier } }))).await, "NOT_FOUND", "input.supplier.id");
    assert_eq!(left(office).await, json!([]));
    // The budget has versions of its own, and a repeated call gets the stored answer of its key.
    let mut input = of(json!({ "store": office.store }));
    (input["idempotencyKey"], input["expectedVersion"]) = (json!(key()), json!(0));
    assert_eq!(accepted(&set_budget(office, input.clone()).await, "budget")["version"], 1);
    let again = set_budget(office, input.clone()).await;
    assert_eq!((&again["budget"]["version"], &again["replayed"]), (&json!(1), &json!(true)), "{again:#}");
    input["idempotencyKey"] = json!(key());
    refused(&set_budget(office, input).await, "VERSION_CONFLICT", "input.expectedVersion");
    let answer = office.execute("{ replenishmentBudget { version } }", json!({})).await;
    assert_eq!(answer["data"]["replenishmentBudget"], Value::Null, "the company has none: {answer:#}");
    let query = "{ replenishmentBudgets { version } }";
    let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &json!({})).await;
    assert_eq!(answer["data"]["replenishmentBudgets"], json!([]), "{answer:#}");
}

async fn a_suppliers_budget_does_not_end_in_a_merge(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let payload =
        office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OLD", "name": "Old" })).await;
    let old = json!({ "id": accepted(&payload, "supplier")["id"] });
    let merge = async || {
        let input = json!({ "idempotencyKey": key(), "id": old["id"], "intoId": office.supplier["id"] });
        office.mutate("supplierMerge", "SupplierMergeInput", "supplier { id }", input).await
    };
    limit(&desk, json!({ "supplier": old }), Some("100.00")).await;
    let reported_payload = merge().await;
    refused(&reported_payload, "IN_USE", "input.id");
    assert!(
        reported_payload["userErrors"][0]["message"].as_str().unwrap().contains("budget of purchases"),
        "{reported_payload:#}"
    );
    limit(&desk, json!({ "supplier": old }), None).await;
    accepted(&merge().await, "supplier");
    // The budget would limit nothing, as all is bought from the other supplier.
    let late_input = json!({ "supplier": old, "amount": gbp("100.00") });
    refused(&set_budget(office, late_input).await, "INVALID", "input.supplier.id");
    limit(&desk, json!({ "supplier": old }), None).await;
    let input = json!({ "idempotencyKey": key(), "kind": "TARGET_DAYS", "supplier": old, "safetyDays": 7, "targetDays": 28 });
    let reported_payload = office.mutate("replenishmentPolicySet", "ReplenishmentPolicySetInput", "policy { id }", input).await;
    refused(&reported_payload, "INVALID", "input.supplier.id");
    assert_eq!(left(office).await, json!([]));
    office.is_sound().await;
}

async fn who_keeps_one_store_sees_and_sets_its_budget_alone(world: &World) {
    let desk = Desk::of(world).await;
    let (office, annex) = (&desk.books.office, desk.books.office.new_store("ANNEX").await);
    limit(&desk, json!({ "supplier": office.supplier }), Some("400.00")).await;
    limit(&desk, json!({ "store": annex }), Some("300.00")).await;
    let mut caller = world.ours.owner_with(&["store.read", "product.cost.read"]);
    let reach = Reach::stores([office.store["id"].as_str().unwrap().parse().unwrap()]);
    caller.permissions.grant(kind::StockPolicy::INDEX, &reach);
    let keeper = office.as_caller(caller);
    let of = |mut scope: Value| {
        scope["amount"] = gbp("90.00");
        scope
    };
    assert_eq!(left(&keeper).await, json!([]));
    accepted(&set_budget(&keeper, of(json!({ "store": office.store }))).await, "budget");
    assert_eq!(left(&keeper).await, json!([[office.store["id"], "90.00"]]));
    refused(&set_budget(&keeper, of(json!({ "store": annex }))).await, "NOT_FOUND", "input.store.id");
    refused(&set_budget(&keeper, of(json!({ "supplier": office.supplier }))).await, "INVALID", "input");
    refused(&set_budget(&keeper, of(json!({}))).await, "INVALID", "input");
    assert_eq!(left(office).await.as_array().unwrap().len(), 3);
}

async fn who_keeps_one_store_is_not_told_other_budgets_by_the_history(world: &World) {
    let desk = Desk::of(world).await;
    let (office, annex) = (&desk.books.office, desk.books.office.new_store("ANNEX").await);
    limit(&desk, json!({ "supplier": office.supplier }), Some("400.00")).await;
    limit(&desk, json!({ "store": annex }), Some("300.00")).await;
    limit(&desk, json!({ "store": office.store }), Some("200.00")).await;
    let query =
        "query($id: ID!) { history(nodeId: $id, kinds: [CHANGE], first: 3) { nodes { fields { path after isMasked } } } }";
    let seen = async |reader: &Office<'_>| {
        let answer = reader.execute(query, json!({ "id": world.ours.owner.tenant.to_string() })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        let nodes = answer["data"]["history"]["nodes"].as_array().unwrap();
        let fields = nodes.iter().flat_map(|node| node["fields"].as_array().unwrap());
        let amounts = fields.filter(|field| field["path"].as_str().unwrap().ends_with(".amount"));
        amounts.map(|field| json!([field["isMasked"], field["after"]["amount"]])).collect::<Value>()
    };
    assert_eq!(seen(office).await, json!([[false, "200.00"], [false, "300.00"], [false, "400.00"]]));
    let mut caller = world.ours.owner_with(&["store.read"]);
    let reach = Reach::stores([office.store["id"].as_str().unwrap().parse().unwrap()]);
    caller.permissions.grant(kind::StockPolicy::INDEX, &reach);
    assert_eq!(seen(&office.as_caller(caller)).await, json!([[false, "200.00"], [true, null], [true, null]]));
}
