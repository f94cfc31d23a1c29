//! Prices, remainders and sort orders that would reveal costs are hidden from callers who may not
//! see costs.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::clearance::Clearance;
use crate::{
    authorization::world::World,
    costing::world::run_tenant_sql,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    prices_that_are_held_to_a_floor_are_shown_with_costs_alone,
    lines_that_were_planned_with_a_floor_show_prices_with_costs_alone,
    lines_of_a_plan_are_in_the_order_of_costs_with_costs_alone,
    sums_of_a_plan_are_those_of_lines_of_the_callers_stores,
);

const BUYER: [&str; 5] = ["report.read", "purchase.read", "product.read", "store.read", "product.cost.read"];
const CLERK: [&str; 4] = ["report.read", "purchase.read", "product.read", "store.read"];

/// Returns the data of a response to a caller with these permissions.
async fn execute_with(desk: &Clearance<'_>, codes: &[&str], query: &str, variables: Value) -> Value {
    let reader = desk.office().as_caller(desk.world.ours.owner_with(codes));
    let answer = reader.execute(query, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].clone()
}

fn amounts(option: &Value) -> Value {
    option["steps"].as_array().unwrap().iter().map(|step| step["price"]["amount"].clone()).collect()
}

fn tells_the_rest(document: &Value) -> bool {
    document["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == "UNITS_REMAIN")
}

async fn listed(desk: &Clearance<'_>, codes: &[&str], product: &Value) -> Value {
    let query = "query($p: ID!) { deadStock(filter: { product: { eq: $p } }) { nodes { reasons { code } \
        best { action steps { price { amount } } leastLeft mostLeft } options { action steps { price { amount } } leastLeft mostLeft } } } }";
    execute_with(desk, codes, query, json!({ "p": product["id"] })).await["deadStock"]["nodes"][0].clone()
}

async fn prices_that_are_held_to_a_floor_are_shown_with_costs_alone(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let (seen, less) = (listed(&desk, &BUYER, &mug).await, listed(&desk, &CLERK, &mug).await);
    assert_eq!((&seen, amounts(&seen["best"])), (&less, json!(["7.20", "5.40", "3.60"])), "they follow from the price alone");
    accepted(&desk.settings(json!({ "floorPercent": 150, "slowDaysOfSupply": 180 })).await, "settings");
    let seen = listed(&desk, &BUYER, &mug).await;
    assert_eq!((&seen["best"]["action"], amounts(&seen["best"])), (&json!("MARKDOWN"), json!(["7.20", "5.40", "4.50"])));
    assert!(tells_the_rest(&seen), "{seen:#}");
    // 4.50 divided by 150 % reveals the cost of a mug, and so would the number of the eighty that
    // are left at that price.
    let less = listed(&desk, &CLERK, &mug).await;
    let cut = less["options"].as_array().unwrap().iter().find(|option| option["action"] == "MARKDOWN").unwrap();
    assert!(!tells_the_rest(&less), "{less:#}");
    for option in [cut, &less["best"]] {
        assert_eq!((&option["action"], amounts(option)), (&json!("MARKDOWN"), json!([])), "{less:#}");
        assert_eq!(["leastLeft", "mostLeft"].map(|name| option[name].as_f64()), [Some(0.0), Some(80.0)], "{less:#}");
    }
}

const LINES: &str = "query($id: ID!, $first: Int, $after: Cursor) { liquidationPlan(id: $id) { lines(first: $first, after: $after) { \
    edges { cursor node { id position action product { id } steps { price { amount } } reasons { code } } } } } }";

async fn lines(desk: &Clearance<'_>, codes: &[&str], variables: Value) -> Vec<Value> {
    let data = execute_with(desk, codes, LINES, variables).await;
    data["liquidationPlan"]["lines"]["edges"].as_array().unwrap().clone()
}

async fn lines_that_were_planned_with_a_floor_show_prices_with_costs_alone(world: &World) {
    let desk = Clearance::of(world).await;
    desk.dead_product("MUG").await;
    let dock = json!({ "storeIds": [desk.office().store["id"]] });
    let free = desk.plan(dock.clone()).await;
    accepted(&desk.settings(json!({ "floorPercent": 150, "slowDaysOfSupply": 180 })).await, "settings");
    let new_plan = desk.plan(dock).await;
    // A later change of the criteria does not affect the prices of these plans.
    accepted(&desk.settings(json!({ "floorPercent": 0, "slowDaysOfSupply": 180 })).await, "settings");
    for (plan, codes, prices) in [
        (&free, BUYER.as_slice(), json!(["7.20", "5.40", "3.60"])),
        (&free, CLERK.as_slice(), json!(["7.20", "5.40", "3.60"])),
        (&new_plan, BUYER.as_slice(), json!(["7.20", "5.40", "4.50"])),
        (&new_plan, CLERK.as_slice(), json!([])),
    ] {
        let found = lines(&desk, codes, json!({ "id": plan["id"] })).await;
        let [edge] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((&edge["node"]["action"], amounts(&edge["node"])), (&json!("MARKDOWN"), prices.clone()), "{codes:?}");
        assert_eq!(tells_the_rest(&edge["node"]), prices != json!([]), "{edge:#}");
    }
}

async fn lines_of_a_plan_are_in_the_order_of_costs_with_costs_alone(world: &World) {
    let desk = Clearance::of(world).await;
    // Eighty mugs cost 240.00, and ten vases, which came into the catalogue later, 500.00.
    let (mug, vase) = (desk.dead_product("MUG").await, desk.product("VASE").await);
    let dear = json!({ "unitCost": gbp("50.00"), "occurredAt": days_ago(world, 100) });
    desk.books.adjust("RECEIPT", &vase, 10, dear).await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let places = |found: &[Value]| -> Vec<Value> {
        found.iter().map(|edge| json!([edge["node"]["product"]["id"], edge["node"]["position"]])).collect()
    };
    let seen_lines = lines(&desk, &BUYER, json!({ "id": plan["id"] })).await;
    assert_eq!(places(&seen_lines), [json!([vase["id"], 1]), json!([mug["id"], 2])]);
    let less = lines(&desk, &CLERK, json!({ "id": plan["id"] })).await;
    assert_eq!(places(&less), [json!([mug["id"], 0]), json!([vase["id"], 0])], "by product");
    assert!(less[0]["node"]["id"].as_str() < less[1]["node"]["id"].as_str(), "nor do IDs tell it: {less:#?}");
    let next = lines(&desk, &CLERK, json!({ "id": plan["id"], "first": 1, "after": less[0]["cursor"] })).await;
    assert_eq!(next, less[1..], "a page goes on after the one before");
    // A plan that is only tried out has no rows.
    let tried = "mutation($input: LiquidationPlanCreateInput!) { liquidationPlanCreate(input: $input, validateOnly: true) { \
        plan { lines { edges { node { position product { id } } } } } userErrors { code } } }";
    let input = json!({ "idempotencyKey": key(), "storeIds": [desk.office().store["id"]] });
    let codes = [CLERK.as_slice(), &["purchase.write"]].concat();
    let created_plan =
        execute_with(&desk, &codes, tried, json!({ "input": input })).await["liquidationPlanCreate"]["plan"].clone();
    assert_eq!(places(created_plan["lines"]["edges"].as_array().unwrap()), places(&less), "{created_plan:#}");
}

async fn sums_of_a_plan_are_those_of_lines_of_the_callers_stores(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _) = (desk.dead_product("MUG").await, desk.dead_product("VASE").await);
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let (shop, yard) = (desk.office().new_store("SHOP").await, desk.office().new_store("YARD").await);
    // The vases are in another store.
    let sql = "UPDATE liquidation_line SET store_id = (SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.code = 'SHOP') WHERE tenant_id = $1
        AND product_id = (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.sku = 'VASE')";
    run_tenant_sql(world, sql).await;
    let lines = plan["lines"]["nodes"].as_array().unwrap();
    let of_mug = lines.iter().find(|line| line["product"]["id"] == mug["id"]).unwrap();
    let query = "query($id: ID!) { liquidationPlan(id: $id) { value { amount } expected { low { amount } } } }";
    let seen = async |store: Option<&Value>| {
        let mut caller = world.ours.owner_with(&["store.read", "product.cost.read"]);
        let reach = store.map(|store| Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]));
        caller.permissions.grant(kind::PurchaseRead::INDEX, &reach.unwrap_or(Reach::Everywhere));
        let answer = desk.office().as_caller(caller).execute(query, json!({ "id": plan["id"] })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["liquidationPlan"].clone()
    };
    let both = json!({ "value": { "amount": "480.00" }, "expected": { "low": plan["expected"]["low"] } });
    let one = json!({ "value": { "amount": "240.00" }, "expected": { "low": of_mug["expected"]["low"] } });
    let none = json!({ "value": { "amount": "0.00" }, "expected": { "low": { "amount": "0.00" } } });
    assert_eq!(seen(None).await, both);
    assert_eq!(seen(Some(&desk.office().store)).await, one);
    assert_eq!(seen(Some(&shop)).await, one, "as many, for as much");
    assert_eq!(seen(Some(&yard)).await, none);
    // The plan's lines are read once for both fields.
    let statements = async |fields: &str| {
        let mut caller = world.ours.owner_with(&["store.read", "product.cost.read"]);
        caller.permissions.grant(kind::PurchaseRead::INDEX, &Reach::stores([shop["id"].as_str().unwrap().parse().unwrap()]));
        let query = format!("query($id: ID!) {{ liquidationPlan(id: $id) {{ {fields} }} }}");
        let before = world.node.db.statements();
        let answer = desk.office().as_caller(caller).execute(&query, json!({ "id": plan["id"] })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        world.node.db.statements() - before
    };
    assert_eq!(statements("value { amount } expected { low { amount } }").await, statements("value { amount }").await);
}
