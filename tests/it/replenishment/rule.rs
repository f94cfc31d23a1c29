//! Lines that a rule approves at night without a person.

use entity::prelude::{Actor, MemberId, Timestamp};
use entrepot::{
    clock::Clock,
    replenishment::shell::{approve_night, plan_night},
};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    costing::world::run_tenant_sql,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    without_a_rule_each_line_waits,
    what_is_small_and_sure_is_in_a_draft_in_the_morning,
    an_order_above_an_amount_waits_as_a_whole,
    the_first_order_to_a_supplier_is_for_a_person,
    a_guess_waits_and_so_does_what_nobody_has_set_a_policy_for,
    transfers_go_by_themselves_while_purchases_wait,
    a_rule_is_checked_and_needs_what_it_does,
    a_rule_that_says_so_sends_its_orders,
    orders_of_somebody_who_is_gone_wait,
    an_order_that_was_changed_since_waits,
    a_class_that_has_drifted_twice_waits,
    what_has_become_dearer_since_its_plan_waits,
);

const RULE: &str = "rule { isEnabled planAmount { amount } supplierAmount { amount } hasTransfers confidence version }";

pub(super) async fn set_rule(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("replenishmentRuleSet", "ReplenishmentRuleSetInput", RULE, input).await
}

pub(super) fn amounts(plan: &str, supplier: &str) -> Value {
    json!({ "planAmount": gbp(plan), "supplierAmount": gbp(supplier) })
}

/// The plan of a coming night, and how many of its lines the rule approves.
async fn night(desk: &Desk<'_>, days: i64) -> (Value, usize) {
    let plan = planned(desk, days).await;
    let approved = decided(desk).await;
    (desk.read(&plan).await, approved)
}

pub(super) async fn planned(desk: &Desk<'_>, days: i64) -> Value {
    const DAY: i64 = 86_400_000_000;
    let (node, tenant) = (&desk.world.node, desk.world.ours.owner.tenant);
    let now = (node.clock.now().micros() / DAY + days) * DAY + DAY / 6;
    let clock = Clock::manual(move || Timestamp(now), now as u64);
    let plan = plan_night(&node.db, &clock, node.audit.audit_writer(), tenant).await.unwrap().unwrap();
    json!({ "id": plan.id.to_string() })
}

/// Returns how many lines of the newest plan of a night the rule approves.
pub(super) async fn decided(desk: &Desk<'_>) -> usize {
    let (node, tenant) = (&desk.world.node, desk.world.ours.owner.tenant);
    approve_night(&node.ledger, &node.access, node.audit.audit_writer(), tenant).await.unwrap()
}

/// Something else was ordered from the supplier before.
pub(super) async fn ordered_before(desk: &Desk<'_>) {
    let tea = desk.books.office.product("TEA", "1.00").await;
    desk.books.office.ordered(json!({ "lines": [{ "product": tea, "quantity": 1 }] })).await;
}

/// The states of a plan's lines for one product.
pub(super) fn states<'v>(plan: &'v Value, product: &Value) -> Vec<&'v Value> {
    let lines = plan["lines"]["nodes"].as_array().unwrap();
    lines.iter().filter(|line| line["product"]["id"] == product["id"]).map(|line| &line["state"]).collect()
}

async fn without_a_rule_each_line_waits(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    let office = &desk.books.office;
    let answer = office.execute("{ replenishmentRule { isEnabled } }", json!({})).await;
    assert_eq!(answer["data"]["replenishmentRule"], Value::Null, "{answer:#}");
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, states(&plan, &mug), &plan["state"]), (0, vec![&json!("OPEN")], &json!("DRAFT")));
    let mut off = amounts("9000.00", "9000.00");
    off["isEnabled"] = json!(false);
    assert_eq!(accepted(&set_rule(office, off).await, "rule")["isEnabled"], false);
    assert_eq!(night(&desk, 2).await.1, 0);
}

async fn what_is_small_and_sure_is_in_a_draft_in_the_morning(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    let (office, mut input) = (&desk.books.office, amounts("500.00", "200.00"));
    input["idempotencyKey"] = json!(key());
    let first = set_rule(office, input.clone()).await;
    let shown_input = json!({ "isEnabled": true, "planAmount": { "amount": "500.00" }, "supplierAmount": { "amount": "200.00" },
        "hasTransfers": true, "confidence": 0.8, "version": 1 });
    assert_eq!(accepted(&first, "rule"), &shown_input);
    let again = set_rule(office, input).await;
    assert_eq!((&again["rule"], &again["replayed"]), (&shown_input, &json!(true)));
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, states(&plan, &mug)), (1, vec![&json!("APPROVED")]), "{plan:#}");
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { lines(filter: { state: [APPROVED] }) { nodes { approvedBy { ... on SystemActor { name } }
        purchaseOrder { status createdBy { ... on SystemActor { name } } } } } } }";
    let answer = office.execute(query, json!({ "id": plan["id"] })).await;
    let rule = json!({ "name": "replenishment rule" });
    let line = json!({ "approvedBy": rule, "purchaseOrder": { "status": "DRAFT", "createdBy": rule } });
    assert_eq!(answer["data"]["replenishmentPlan"]["lines"]["nodes"], json!([line]), "{answer:#}");
    // The rule has processed this plan; the next plan includes the draft's quantities.
    let node = &world.node;
    let later = approve_night(&node.ledger, &node.access, node.audit.audit_writer(), world.ours.owner.tenant).await.unwrap();
    assert_eq!(later, 0);
    let (plan, approved) = night(&desk, 2).await;
    assert_eq!((approved, states(&plan, &mug)), (0, Vec::<&Value>::new()), "{plan:#}");
    office.is_sound().await;
}

async fn an_order_above_an_amount_waits_as_a_whole(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    for (days, limits) in [(1, amounts("900.00", "20.00")), (2, amounts("20.00", "900.00"))] {
        set_rule(&desk.books.office, limits).await;
        let (plan, approved) = night(&desk, days).await;
        assert_eq!((approved, states(&plan, &mug)), (0, vec![&json!("OPEN")]), "{plan:#}");
    }
    set_rule(&desk.books.office, amounts("900.00", "900.00")).await;
    assert_eq!(night(&desk, 3).await.1, 1);
}

async fn the_first_order_to_a_supplier_is_for_a_person(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    set_rule(&desk.books.office, amounts("900.00", "900.00")).await;
    assert_eq!(night(&desk, 1).await.1, 0);
    // Orders from another supplier do not count, until that one is merged into this one.
    let office = &desk.books.office;
    let payload =
        office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "OLD", "name": "Old" })).await;
    let old = json!({ "id": accepted(&payload, "supplier")["id"] });
    let tea = office.product("TEA", "1.00").await;
    let out = office.ordered(json!({ "supplier": old, "lines": [{ "product": tea, "quantity": 1 }] })).await;
    accepted(&office.receive(&out, &[1]).await, "purchaseOrder");
    assert_eq!(night(&desk, 2).await.1, 0);
    let input = json!({ "idempotencyKey": key(), "id": old["id"], "intoId": office.supplier["id"] });
    accepted(&office.mutate("supplierMerge", "SupplierMergeInput", "supplier { id }", input).await, "supplier");
    assert_eq!(night(&desk, 3).await.1, 1);
}

async fn a_guess_waits_and_so_does_what_nobody_has_set_a_policy_for(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG").await;
    desk.forecast(&[&mug]).await;
    ordered_before(&desk).await;
    set_rule(&desk.books.office, amounts("900.00", "900.00")).await;
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, states(&plan, &mug)), (0, vec![&json!("OPEN")]), "it goes by the default: {plan:#}");
    desk.set_service_level().await;
    let mut sure = amounts("900.00", "900.00");
    sure["confidence"] = json!(0.81);
    set_rule(&desk.books.office, sure).await;
    assert_eq!(night(&desk, 2).await.1, 0, "the forecast has 0.8");
    set_rule(&desk.books.office, amounts("900.00", "900.00")).await;
    assert_eq!(night(&desk, 3).await.1, 1);
}

async fn transfers_go_by_themselves_while_purchases_wait(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    let annex = desk.books.office.new_store("ANNEX").await;
    desk.put(&mug, &annex, 40).await;
    accepted(&set_rule(&desk.books.office, json!({ "hasTransfers": true })).await, "rule");
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, &plan["state"]), (1, &json!("PARTLY")), "{plan:#}");
    let lines = plan["lines"]["nodes"].as_array().unwrap();
    let moved = lines.iter().find(|line| line["kind"] == "TRANSFER").unwrap();
    assert_eq!((&moved["state"], &moved["transfer"]["status"]), (&json!("APPROVED"), &json!("DRAFT")));
    // A member approves the rest of the same plan.
    assert!(states(&plan, &mug).contains(&&json!("OPEN")), "{plan:#}");
    let open = lines.iter().filter(|line| line["state"] == "OPEN").count();
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!(payload["approved"], open, "{payload:#}");
    desk.books.office.is_sound().await;
}

async fn a_rule_is_checked_and_needs_what_it_does(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let with = |name: &str, value: Value| {
        let mut input = amounts("900.00", "900.00");
        input[name] = value;
        input
    };
    refused(&set_rule(office, with("confidence", json!(1.5))).await, "OUT_OF_RANGE", "input.confidence");
    refused(&set_rule(office, with("supplierAmount", Value::Null)).await, "REQUIRED", "input.supplierAmount");
    refused(&set_rule(office, with("planAmount", gbp("0.00"))).await, "OUT_OF_RANGE", "input.planAmount.amount");
    let euros = json!({ "amount": "1.00", "currencyCode": "EUR" });
    refused(&set_rule(office, with("supplierAmount", euros)).await, "INVALID", "input.supplierAmount.currencyCode");
    refused(&set_rule(office, json!({ "hasTransfers": false })).await, "INVALID", "input.isEnabled");
    refused(&set_rule(office, with("expectedVersion", json!(1))).await, "VERSION_CONFLICT", "input.expectedVersion");
    accepted(&set_rule(office, with("expectedVersion", json!(0))).await, "rule");
    let clerk = office.as_caller(world.ours.owner_with(&["stock.policy", "purchase.write"]));
    refused(&set_rule(&clerk, amounts("900.00", "900.00")).await, "INVALID", "input");
    // Another company has no rule.
    let answer =
        world.execute(&world.theirs, Some(world.theirs.owner.clone()), "{ replenishmentRule { version } }", &json!({})).await;
    assert_eq!(answer["data"]["replenishmentRule"], Value::Null, "{answer:#}");
}

/// The status of each purchase order of a plan, and how many e-mails wait to be sent to suppliers.
pub(super) async fn orders_of(office: &Office<'_>, plan: &Value) -> (Vec<Value>, usize) {
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { lines { nodes { purchaseOrder { status } } } } jobs(first: 100) { nodes { kind } } }";
    let answer = office.execute(query, json!({ "id": plan["id"] })).await;
    let lines = answer["data"]["replenishmentPlan"]["lines"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let statuses = lines.iter().map(|line| line["purchaseOrder"]["status"].clone()).filter(|status| !status.is_null()).collect();
    let jobs = answer["data"]["jobs"]["nodes"].as_array().unwrap();
    (statuses, jobs.iter().filter(|job| job["kind"] == "purchase.mail").count())
}

fn sending() -> Value {
    let mut input = amounts("900.00", "900.00");
    input["isSending"] = json!(true);
    input
}

async fn a_rule_that_says_so_sends_its_orders(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    let office = &desk.books.office;
    // A member who may not approve orders cannot have a rule do it in their name.
    let buyer = office.as_caller(world.ours.owner_with(&["stock.policy", "purchase.read", "purchase.write", "transfer.write"]));
    refused(&set_rule(&buyer, sending()).await, "INVALID", "input.isSending");
    assert_eq!(accepted(&set_rule(&buyer, amounts("900.00", "900.00")).await, "rule")["version"], 1, "without sending they can");
    accepted(&set_rule(office, sending()).await, "rule");
    let answer = office.execute("{ replenishmentRule { isSending } }", json!({})).await;
    assert_eq!(answer["data"]["replenishmentRule"]["isSending"], true, "{answer:#}");
    let incoming = office.level(&mug, &office.store).await[2];
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, orders_of(office, &plan).await), (1, (vec![json!("ORDERED")], 1)), "{plan:#}");
    assert!(office.level(&mug, &office.store).await[2] > incoming, "it is on its way");
    // The run was interrupted before it recorded its end: nothing is sent twice.
    run_tenant_sql(world, "UPDATE replenishment_rule SET done_until = 0 WHERE tenant_id = $1").await;
    approve_night(&world.node.ledger, &world.node.access, world.node.audit.audit_writer(), world.ours.owner.tenant)
        .await
        .unwrap();
    assert_eq!(orders_of(office, &plan).await, (vec![json!("ORDERED")], 1));
    office.is_sound().await;
}

async fn orders_of_somebody_who_is_gone_wait(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    ordered_before(&desk).await;
    let stranger: MemberId = world.node.clock.id();
    let mut caller = world.ours.owner.clone();
    caller.actor = Actor::member(stranger);
    accepted(&set_rule(&desk.books.office.as_caller(caller), sending()).await, "rule");
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, orders_of(&desk.books.office, &plan).await), (1, (vec![json!("DRAFT")], 0)), "{plan:#}");
}

async fn an_order_that_was_changed_since_waits(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    ordered_before(&desk).await;
    let office = &desk.books.office;
    accepted(&set_rule(office, amounts("900.00", "900.00")).await, "rule");
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, orders_of(office, &plan).await), (1, (vec![json!("DRAFT")], 0)), "{plan:#}");
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { lines(filter: { state: [APPROVED] }) { nodes { purchaseOrder { id } } } } }";
    let answer = office.execute(query, json!({ "id": plan["id"] })).await;
    let order = &answer["data"]["replenishmentPlan"]["lines"]["nodes"][0]["purchaseOrder"]["id"];
    accepted(
        &office.buy("purchaseOrderUpdate", json!({ "id": order, "note": "not before we have talked" })).await,
        "purchaseOrder",
    );
    // From now on the rule sends orders, and its run for this plan was interrupted.
    accepted(&set_rule(office, sending()).await, "rule");
    run_tenant_sql(world, "UPDATE replenishment_rule SET done_until = 0 WHERE tenant_id = $1").await;
    approve_night(&world.node.ledger, &world.node.access, world.node.audit.audit_writer(), world.ours.owner.tenant)
        .await
        .unwrap();
    assert_eq!(orders_of(office, &plan).await, (vec![json!("DRAFT")], 0));
    office.is_sound().await;
}

async fn a_class_that_has_drifted_twice_waits(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    set_rule(&desk.books.office, amounts("900.00", "900.00")).await;
    // Five weeks with few sales inside the forecast's intervals: the last four, and the four before
    // the last one.
    for class in ["SMOOTH", "ERRATIC", "INTERMITTENT", "LUMPY", "NEW", "ENDED", "DORMANT"] {
        for week in 0..5 {
            let figures = format!("{}, 1, 'STORE', '{class}', 100, 1000, 0, 0, 0, 100, 20, 100", 40_000 + 7 * week);
            let columns = "tenant_id, week_date, lead, level, class, series, units, error_milli, absolute_milli, naive_milli, bounded, inside80, inside95";
            run_tenant_sql(world, &format!("INSERT INTO forecast_score ({columns}) VALUES ($1, {figures})")).await;
        }
    }
    let (plan, approved) = night(&desk, 1).await;
    assert_eq!((approved, states(&plan, &mug)), (0, vec![&json!("OPEN")]), "{plan:#}");
    // Once is chance: the week before the last four was as promised, often enough.
    run_tenant_sql(world, "UPDATE forecast_score SET inside80 = 100 WHERE tenant_id = $1 AND week_date = 40000").await;
    run_tenant_sql(world, "UPDATE forecast_score SET inside80 = 80 WHERE tenant_id = $1 AND week_date BETWEEN 40007 AND 40021")
        .await;
    // Nor does it wait until the year 2100, which a clock that was ahead has recorded as processed.
    run_tenant_sql(world, "UPDATE replenishment_rule SET done_until = 4102444800000000 WHERE tenant_id = $1").await;
    let (plan, approved) = night(&desk, 2).await;
    assert_eq!((approved, states(&plan, &mug)), (1, vec![&json!("APPROVED")]), "{plan:#}");
}

async fn what_has_become_dearer_since_its_plan_waits(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    ordered_before(&desk).await;
    let office = &desk.books.office;
    let costs = async |each: &str| {
        let row = json!({ "supplier": office.supplier, "product": mug, "packSize": 12, "minimumOrder": 24, "leadTimeDays": 21,
            "preferred": true, "unitCost": gbp(each) });
        let input = json!({ "idempotencyKey": key(), "rows": [row] });
        let answer =
            office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input).await;
        assert_eq!(answer["rows"][0]["outcome"], "UPDATED", "{answer:#}");
    };
    accepted(&set_rule(office, amounts("200.00", "200.00")).await, "rule");
    // The minimum order was 43.20 when the plan was made, and is 216.00 when the order would be
    // created.
    let dear = planned(&desk, 1).await;
    costs("9.00").await;
    assert_eq!((decided(&desk).await, states(&desk.read(&dear).await, &mug)), (0, vec![&json!("OPEN")]));
    // The opposite case.
    let cheap = planned(&desk, 2).await;
    costs("1.80").await;
    assert_eq!((decided(&desk).await, states(&desk.read(&cheap).await, &mug)), (1, vec![&json!("APPROVED")]));
    office.is_sound().await;
}
