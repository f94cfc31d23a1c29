//! The purchase budget of a month: plans, members and the rule stay within it.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{
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
    a_months_budget_buys_what_it_can_and_the_rest_by_name,
    orders_of_the_month_and_drafts_count_against_it,
    each_plan_has_a_budget_of_plans_anew,
    plans_that_each_fit_do_not_fit_together,
    two_plans_approved_at_once_stay_within_the_budget,
    a_rule_never_goes_over_the_budget,
    a_rule_and_a_person_at_once_stay_within_the_budget,
    a_budget_that_cannot_hold_is_refused,
    what_has_become_dearer_does_not_go_over_the_budget,
    what_the_company_has_left_is_not_for_callers_of_some_stores,
    a_plans_costs_are_those_of_lines_for_the_callers_stores,
);

const BUDGET: &str = "budget { amount { amount } period current { committed { amount } remaining { amount } } version }";

pub(super) async fn set_budget(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("replenishmentBudgetSet", "ReplenishmentBudgetSetInput", BUDGET, input).await
}

/// Cost, in pence, of ten mugs that the company had ordered for 1.00 each before.
const BEFORE: i64 = 1_000;

/// Sets a monthly budget in pounds, in addition to the earlier mugs; None for no limit.
pub(super) async fn month(desk: &Desk<'_>, amount: Option<&str>) {
    let amount = amount.map(|amount| gbp(&pounds(pence(&json!(amount)) + BEFORE)));
    accepted(&set_budget(&desk.books.office, json!({ "amount": amount })).await, "budget");
}

/// Returns the committed amount of the budget without the mugs from before, and the remaining
/// amount.
async fn used(desk: &Desk<'_>) -> Value {
    let query = "{ replenishmentBudget { current { committed { amount } remaining { amount } } } }";
    let answer = desk.books.office.execute(query, json!({})).await;
    let current = &answer["data"]["replenishmentBudget"]["current"];
    json!([pounds(pence(&current["committed"]["amount"]) - BEFORE), current["remaining"]["amount"]])
}

/// A mug and a plate; a plan buys 60 of each for 108.00.
pub(super) async fn two_products(desk: &Desk<'_>) -> (Value, Value) {
    let (mug, plate) = (desk.product("MUG").await, desk.product("PLATE").await);
    desk.forecast(&[&mug, &plate]).await;
    desk.set_service_level().await;
    (mug, plate)
}

pub(super) fn pence(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

pub(super) fn pounds(pence: i64) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

/// Returns the cost of the goods of the desk's orders that are not cancelled, in pence.
pub(super) async fn ordered(desk: &Desk<'_>) -> i64 {
    let query = "{ purchaseOrders { nodes { status supplier { id } lines { total { amount } } } } }";
    let answer = desk.books.office.execute(query, json!({})).await;
    let orders = answer["data"]["purchaseOrders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let is_counted = |order: &&Value| order["supplier"] == desk.books.office.supplier && order["status"] != "CANCELLED";
    orders
        .iter()
        .filter(is_counted)
        .flat_map(|order| order["lines"].as_array().unwrap())
        .map(|line| pence(&line["total"]["amount"]))
        .sum()
}

fn line_of<'v>(plan: &'v Value, state: &str) -> &'v Value {
    let lines = plan["lines"]["nodes"].as_array().unwrap();
    lines.iter().find(|line| line["state"] == state).unwrap_or_else(|| panic!("none is {state}: {plan:#}"))
}

async fn a_months_budget_buys_what_it_can_and_the_rest_by_name(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    month(&desk, Some("150.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(
        (&plan["lineCount"], &plan["cutCount"], &plan["costs"]),
        (&json!(2), &json!(1), &json!([gbp("108.00")])),
        "{plan:#}"
    );
    let cut = line_of(&plan, "CUT").clone();
    assert_eq!((&cut["issue"], line_of(&plan, "OPEN")["cost"]["amount"].as_str()), (&json!("OVER_BUDGET"), Some("108.00")));
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("APPROVED")), "{payload:#}");
    assert_eq!(used(&desk).await, json!(["108.00", "42.00"]));
    // All open lines are approved, and the buyer also approves the line that the budget had cut.
    let again = desk.approve_with(&payload["plan"], json!({ "all": true })).await;
    refused(&again, "INVALID_STATE", "input.plan");
    let payload = desk.approve(&payload["plan"], json!({ "ids": [cut["id"]] })).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("APPROVED")), "{payload:#}");
    let plan = desk.read(&plan).await;
    assert_eq!((&plan["cutCount"], &plan["costs"]), (&json!(0), &json!([gbp("216.00")])), "{plan:#}");
    assert_eq!((used(&desk).await, ordered(&desk).await), (json!(["216.00", "0.00"]), 21_600));
    desk.books.office.is_sound().await;
}

async fn orders_of_the_month_and_drafts_count_against_it(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let office = &desk.books.office;
    let tea = office.product("TEA", "1.00").await;
    let mut order = office.draft(json!([{ "product": tea, "quantity": 100 }])).await;
    month(&desk, Some("200.00")).await;
    assert_eq!(used(&desk).await, json!(["100.00", "100.00"]), "a draft waits to be ordered");
    for step in ["purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderPlace"] {
        order = office.step(&order, step).await;
    }
    assert_eq!(used(&desk).await, json!(["100.00", "100.00"]), "it is counted once");
    let issue = async || desk.plan(json!({})).await["lines"]["nodes"][0]["issue"].clone();
    assert_eq!(issue().await, "OVER_BUDGET", "108.00 are more than what is left");
    // A budget of the plan itself does not raise the monthly one.
    assert_eq!(desk.plan(json!({ "budget": gbp("500.00") })).await["lines"]["nodes"][0]["issue"], "OVER_BUDGET");
    run_tenant_sql(world, "UPDATE purchase_order SET ordered_at = 0 WHERE tenant_id = $1 AND goods_minor = 10000").await;
    assert_eq!((used(&desk).await, issue().await), (json!(["0.00", "200.00"]), Value::Null), "that was another month");
    let other = office.draft(json!([{ "product": tea, "quantity": 100 }])).await;
    assert_eq!(used(&desk).await, json!(["100.00", "100.00"]));
    office.step(&other, "purchaseOrderCancel").await;
    assert_eq!((used(&desk).await, issue().await), (json!(["0.00", "200.00"]), Value::Null), "it was called off");
    // The plan's budget may be lower than the rest of the month's.
    assert_eq!(desk.plan(json!({ "budget": gbp("107.99") })).await["lines"]["nodes"][0]["issue"], "OVER_BUDGET");
}

async fn each_plan_has_a_budget_of_plans_anew(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let payload = set_budget(&desk.books.office, json!({ "amount": gbp("150.00"), "period": "PLAN" })).await;
    let expected = json!({ "amount": { "amount": "150.00" }, "period": "PLAN", "current": null, "version": 1 });
    assert_eq!(accepted(&payload, "budget"), &expected);
    for ordered_by_then in [10_800, 21_600] {
        let plan = desk.plan(json!({})).await;
        assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 1, "{plan:#}");
        assert_eq!(ordered(&desk).await, ordered_by_then);
    }
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0);
}

async fn plans_that_each_fit_do_not_fit_together(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = two_products(&desk).await;
    let (one, other) = (desk.plan(json!({})).await, desk.plan(json!({ "supplier": desk.books.office.supplier })).await);
    month(&desk, Some("150.00")).await;
    let lines = one["lines"]["nodes"].as_array().unwrap();
    let of_mug = lines.iter().find(|line| line["product"]["id"] == mug["id"]).unwrap();
    desk.approve(&one, json!({ "ids": [of_mug["id"]] })).await;
    let payload = desk.approve(&other, json!({ "under": gbp("108.00") })).await;
    assert_eq!((&payload["approved"], &payload["refusedCount"]), (&json!(0), &json!(2)), "{payload:#}");
    let refused = payload["refused"].as_array().unwrap();
    let code = |product: &Value| &refused.iter().find(|one| one["line"]["product"]["id"] == product["id"]).unwrap()["code"];
    assert_eq!((code(&mug), code(&plate)), (&json!("STALE"), &json!("OVER_BUDGET")), "{payload:#}");
    assert_eq!(desk.read(&other).await["cutCount"], 1);
    assert_eq!(ordered(&desk).await, 10_800);
    // The buyer raises the budget, and the next plan includes the plate.
    month(&desk, Some("216.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!((states(&plan, &mug), states(&plan, &plate)), (Vec::new(), vec![&json!("OPEN")]), "{plan:#}");
    assert_eq!(desk.approve(&plan, json!({ "all": true })).await["approved"], 1);
    assert_eq!(ordered(&desk).await, 21_600);
}

async fn two_plans_approved_at_once_stay_within_the_budget(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let (one, other) = (desk.plan(json!({})).await, desk.plan(json!({ "supplier": desk.books.office.supplier })).await);
    month(&desk, Some("150.00")).await;
    let all = json!({ "all": true });
    let (office, keys) = (&desk.books.office, [key(), key()]);
    let (first, second) = tokio::join!(approve(office, &keys[0], &one, all.clone()), approve(office, &keys[1], &other, all));
    let approved = |payload: &Value| payload["approved"].as_i64().unwrap();
    assert_eq!(approved(&first) + approved(&second), 1, "{first:#} {second:#}");
    assert_eq!((used(&desk).await, ordered(&desk).await), (json!(["108.00", "42.00"]), 10_800));
    office.is_sound().await;
}

async fn a_rule_never_goes_over_the_budget(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = two_products(&desk).await;
    // 1.00 is ordered, and counts.
    ordered_before(&desk).await;
    accepted(&set_rule(&desk.books.office, amounts("900.00", "900.00")).await, "rule");
    let plan = desk.read(&planned(&desk, 1).await).await;
    let total = pence(&plan["costs"][0]["amount"]);
    assert_eq!([states(&plan, &mug), states(&plan, &plate)], [vec![&json!("OPEN")], vec![&json!("OPEN")]], "{plan:#}");
    month(&desk, Some(&pounds(total))).await;
    assert_eq!(decided(&desk).await, 0, "an order waits as a whole");
    assert_eq!(ordered(&desk).await, 100);
    month(&desk, None).await;
    let plan = desk.read(&planned(&desk, 2).await).await;
    let total = pence(&plan["costs"][0]["amount"]);
    month(&desk, Some(&pounds(total + 100))).await;
    assert_eq!(decided(&desk).await, 2);
    assert_eq!((ordered(&desk).await, used(&desk).await[1].clone()), (total + 100, json!("0.00")));
    desk.books.office.is_sound().await;
}

async fn a_rule_and_a_person_at_once_stay_within_the_budget(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    ordered_before(&desk).await;
    accepted(&set_rule(&desk.books.office, amounts("900.00", "900.00")).await, "rule");
    planned(&desk, 1).await;
    let own = desk.plan(json!({})).await;
    // Enough for either plan, and not for both.
    month(&desk, Some("217.00")).await;
    let (_, payload) = tokio::join!(decided(&desk), desk.approve(&own, json!({ "all": true })));
    decided(&desk).await;
    let goods = ordered(&desk).await;
    assert!((4_000..=21_700).contains(&goods), "{goods}: {payload:#}");
}

async fn a_budget_that_cannot_hold_is_refused(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let input_for = |amount: &str, currency: &str| json!({ "amount": { "amount": amount, "currencyCode": currency } });
    refused(&set_budget(office, input_for("-0.01", "GBP")).await, "OUT_OF_RANGE", "input.amount.amount");
    refused(&set_budget(office, input_for("90071992547409.92", "GBP")).await, "OUT_OF_RANGE", "input.amount.amount");
    refused(&set_budget(office, input_for("100.00", "EUR")).await, "INVALID", "input.amount.currencyCode");
    refused(&set_budget(office, json!({ "expectedVersion": 1 })).await, "VERSION_CONFLICT", "input.expectedVersion");
    let mut caller = world.ours.owner_with(&["store.read", "product.cost.read"]);
    let reach = Reach::stores([office.store["id"].as_str().unwrap().parse().unwrap()]);
    caller.permissions.grant(kind::StockPolicy::INDEX, &reach);
    let of_a_store = office.as_caller(caller);
    refused(&set_budget(&of_a_store, input_for("100.00", "GBP")).await, "INVALID", "input");
    // Nothing more may be bought at all.
    let mut nothing = input_for("0.00", "GBP");
    (nothing["period"], nothing["idempotencyKey"], nothing["expectedVersion"]) = (json!("WEEK"), json!(key()), json!(0));
    let shown_input = json!({ "amount": { "amount": "0.00" }, "period": "WEEK", "version": 1,
        "current": { "committed": { "amount": pounds(BEFORE) }, "remaining": { "amount": "0.00" } } });
    assert_eq!(accepted(&set_budget(office, nothing.clone()).await, "budget"), &shown_input);
    let again = set_budget(office, nothing).await;
    assert_eq!((&again["budget"], &again["replayed"]), (&shown_input, &json!(true)));
    // The committed amount of all stores is not shown to every caller.
    let query = "{ replenishmentBudget { amount { amount } current { committed { amount } } } }";
    for clerk in [of_a_store, office.as_caller(world.ours.owner_with(&["stock.policy"]))] {
        let answer = clerk.execute(query, json!({})).await;
        let expected = json!({ "amount": { "amount": "0.00" }, "current": null });
        assert_eq!(answer["data"]["replenishmentBudget"], expected, "{answer:#}");
    }
    let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &json!({})).await;
    assert_eq!(answer["data"]["replenishmentBudget"], Value::Null, "{answer:#}");
}

async fn what_has_become_dearer_does_not_go_over_the_budget(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = two_products(&desk).await;
    month(&desk, Some("216.00")).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!([states(&plan, &mug), states(&plan, &plate)], [vec![&json!("OPEN")], vec![&json!("OPEN")]], "{plan:#}");
    // 60 plates were 108.00 when the plan was made, and are 540.00 when they would be drafted.
    let office = &desk.books.office;
    let row = json!({ "supplier": office.supplier, "product": plate, "packSize": 12, "minimumOrder": 24, "leadTimeDays": 21,
        "preferred": true, "unitCost": gbp("9.00") });
    let input = json!({ "idempotencyKey": key(), "rows": [row] });
    let answer = office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input).await;
    assert_eq!(answer["rows"][0]["outcome"], "UPDATED", "{answer:#}");
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["refused"][0]["code"]), (&json!(1), &json!("OVER_BUDGET")), "{payload:#}");
    let plan = desk.read(&plan).await;
    assert_eq!([states(&plan, &mug), states(&plan, &plate)], [vec![&json!("APPROVED")], vec![&json!("CUT")]], "{plan:#}");
    assert_eq!(ordered(&desk).await, 10_800);
    office.is_sound().await;
}

async fn what_the_company_has_left_is_not_for_callers_of_some_stores(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    month(&desk, Some("150.00")).await;
    let (office, plan) = (&desk.books.office, desk.plan(json!({})).await);
    let everywhere = world.ours.owner_with(&["store.read", "product.cost.read", "purchase.read"]);
    let mut of_a_store = world.ours.owner_with(&["store.read", "product.cost.read"]);
    let reach = Reach::stores([office.store["id"].as_str().unwrap().parse().unwrap()]);
    of_a_store.permissions.grant(kind::PurchaseRead::INDEX, &reach);
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { budget { amount } } }";
    for (caller, budget) in [(everywhere, json!({ "amount": "150.00" })), (of_a_store, Value::Null)] {
        let answer = office.as_caller(caller).execute(query, json!({ "id": plan["id"] })).await;
        assert_eq!(answer["data"]["replenishmentPlan"], json!({ "budget": budget }), "{answer:#}");
    }
}

async fn a_plans_costs_are_those_of_lines_for_the_callers_stores(world: &World) {
    let desk = Desk::of(world).await;
    two_products(&desk).await;
    let (office, plan) = (&desk.books.office, desk.plan(json!({})).await);
    let (annex, yard) = (office.new_store("ANNEX").await, office.new_store("YARD").await);
    // The plates are for another store.
    let sql = "UPDATE replenishment_line SET store_id = (SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.code = 'ANNEX') WHERE tenant_id = $1
        AND product_id = (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.sku = 'PLATE')";
    run_tenant_sql(world, sql).await;
    let of = |store: &Value| {
        let mut caller = world.ours.owner_with(&["store.read", "product.cost.read"]);
        let reach = Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]);
        caller.permissions.grant(kind::PurchaseRead::INDEX, &reach);
        caller
    };
    let all = world.ours.owner_with(&["store.read", "product.cost.read", "purchase.read"]);
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { costs { amount currencyCode } } }";
    for (caller, costs) in [
        (all, json!([gbp("216.00")])),
        (of(&office.store), json!([gbp("108.00")])),
        (of(&annex), json!([gbp("108.00")])),
        (of(&yard), json!([])),
        (world.ours.owner_with(&["store.read", "purchase.read"]), Value::Null),
    ] {
        let answer = office.as_caller(caller).execute(query, json!({ "id": plan["id"] })).await;
        assert_eq!(answer["data"]["replenishmentPlan"], json!({ "costs": costs }), "{answer:#}");
    }
    // Cut or refused lines count in no store's costs either.
    for state in ["state = 'CUT', issue = 'OVER_BUDGET'", "state = 'REFUSED', issue = 'NO_SUPPLIER'"] {
        run_tenant_sql(world, &format!("UPDATE replenishment_line SET {state} WHERE tenant_id = $1")).await;
        let answer = office.as_caller(of(&annex)).execute(query, json!({ "id": plan["id"] })).await;
        assert_eq!(answer["data"]["replenishmentPlan"]["costs"], json!([]), "{state}: {answer:#}");
    }
}
