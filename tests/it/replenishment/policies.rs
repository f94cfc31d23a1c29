//! Policies: which of several holds, and who may set them.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    the_most_specific_policy_holds_and_another_of_its_scope_is_refused,
    a_policy_takes_what_its_kind_takes,
    a_shops_manager_sets_policies_of_their_shop,
);

const POLICY: &str = "policy { id kind product { id } store { id } abcClass xyzClass serviceLevel coverDays reviewDays reviewFrom safetyDays targetDays safetyStockMethod version }";

async fn set_policy(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("replenishmentPolicySet", "ReplenishmentPolicySetInput", POLICY, input).await
}

async fn the_most_specific_policy_holds_and_another_of_its_scope_is_refused(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let office = &desk.books.office;
    let days =
        json!({ "kind": "TARGET_DAYS", "productId": mug["id"], "safetyDays": 7, "targetDays": 14, "idempotencyKey": key() });
    let first = set_policy(office, days.clone()).await;
    let policy = accepted(&first, "policy").clone();
    assert_eq!((&policy["product"]["id"], &policy["targetDays"], &policy["version"]), (&mug["id"], &json!(14), &json!(1)));
    let again = set_policy(office, days).await;
    assert_eq!((&again["policy"], &again["replayed"]), (&first["policy"], &json!(true)));
    refused(&set_policy(office, json!({ "kind": "MIN_MAX", "productId": mug["id"] })).await, "DUPLICATE", "input");
    // Four weeks and five of 11.126.
    let line = &desk.plan(json!({})).await["lines"]["nodes"][0];
    let figures = ["policyKind", "point", "upTo"].map(|name| line["figures"][name].clone());
    assert_eq!((json!(figures), &line["policyId"]), (json!(["TARGET_DAYS", 45, 56]), &policy["id"]), "{line:#}");
    let changed = json!({ "id": policy["id"], "expectedVersion": 2, "kind": "MIN_MAX", "productId": mug["id"] });
    refused(&set_policy(office, changed.clone()).await, "VERSION_CONFLICT", "input.expectedVersion");
    let mut changed = changed;
    changed["expectedVersion"] = json!(1);
    assert_eq!(accepted(&set_policy(office, changed).await, "policy")["version"], 2);
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "the level has no reorder point");
    let normal = json!({ "id": policy["id"], "kind": "REORDER_POINT", "productId": mug["id"], "serviceLevel": 0.95, "coverDays": 0, "safetyStockMethod": "NORMAL" });
    assert_eq!(accepted(&set_policy(office, normal).await, "policy")["safetyStockMethod"], "NORMAL");
    // 300 in one of 30 weeks are a deviation of 53.85: 33.379 and 1.645 × 53.85 × √3.
    let plan = desk.plan(json!({})).await;
    let figures = ["safetyStockMethod", "serviceLevel", "point"].map(|name| plan["lines"]["nodes"][0]["figures"][name].clone());
    assert_eq!(json!(figures), json!(["NORMAL", 0.95, 187]), "{plan:#}");
    let input = json!({ "idempotencyKey": key(), "id": policy["id"] });
    let removed = office.mutate("replenishmentPolicyRemove", "ReplenishmentPolicyRemoveInput", POLICY, input).await;
    assert_eq!(accepted(&removed, "policy")["id"], policy["id"]);
    assert_eq!(desk.plan(json!({})).await["lines"]["nodes"][0]["quantity"], 60, "the tenant's holds again");
    let input = json!({ "idempotencyKey": key(), "id": policy["id"] });
    let payload = office.mutate("replenishmentPolicyRemove", "ReplenishmentPolicyRemoveInput", POLICY, input).await;
    refused(&payload, "NOT_FOUND", "input.id");
    // A store's holds before the tenant's.
    let input = json!({ "kind": "TARGET_DAYS", "storeId": office.store["id"], "safetyDays": 7, "targetDays": 14 });
    let policy = accepted(&set_policy(office, input.clone()).await, "policy").clone();
    assert_eq!(
        (&policy["store"]["id"], &policy["product"], &policy["abcClass"]),
        (&office.store["id"], &Value::Null, &Value::Null)
    );
    refused(&set_policy(office, input).await, "DUPLICATE", "input");
    let line = desk.plan(json!({})).await["lines"]["nodes"][0].clone();
    assert_eq!((&line["figures"]["upTo"], &line["policyId"]), (&json!(56), &policy["id"]), "{line:#}");
    // A policy of a supplier and a store overrides the store's, and its ID is on the line.
    let input = json!({ "kind": "TARGET_DAYS", "supplierId": office.supplier["id"], "storeId": office.store["id"], "safetyDays": 7, "targetDays": 28 });
    let policy = accepted(&set_policy(office, input.clone()).await, "policy").clone();
    assert_eq!((&policy["store"]["id"], &policy["abcClass"]), (&office.store["id"], &Value::Null), "{policy:#}");
    refused(&set_policy(office, input).await, "DUPLICATE", "input");
    let line = desk.plan(json!({})).await["lines"]["nodes"][0].clone();
    assert_eq!(
        (&line["figures"]["upTo"], &line["policyId"]),
        (&json!(78), &policy["id"]),
        "four weeks and seven of 11.126: {line:#}"
    );
    // 300 in one week and none in the others is the most uneven demand: Z. A policy for Z overrides
    // the store's, and one for its cell overrides that.
    for (class, days) in [("X", 14), ("Z", 21)] {
        let input = json!({ "kind": "TARGET_DAYS", "xyzClass": class, "safetyDays": 7, "targetDays": days });
        let policy = accepted(&set_policy(office, input.clone()).await, "policy").clone();
        assert_eq!((&policy["xyzClass"], &policy["abcClass"]), (&json!(class), &Value::Null));
        refused(&set_policy(office, input).await, "DUPLICATE", "input");
    }
    let line = desk.plan(json!({})).await["lines"]["nodes"][0].clone();
    let figures = ["policyKind", "point", "upTo"].map(|name| line["figures"][name].clone());
    assert_eq!(json!(figures), json!(["TARGET_DAYS", 45, 67]), "four weeks and six of 11.126: {line:#}");
    for class in ["A", "B", "C"] {
        let cell = json!({ "kind": "MIN_MAX", "abcClass": class, "xyzClass": "Z", "storeId": office.store["id"] });
        let policy = accepted(&set_policy(office, cell).await, "policy").clone();
        assert_eq!((&policy["abcClass"], &policy["xyzClass"]), (&json!(class), &json!("Z")));
    }
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "the level of whatever cell it is has no reorder point");
    office.is_sound().await;
}

async fn a_policy_takes_what_its_kind_takes(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let store = &office.store["id"];
    for (input, code, field) in [
        (json!({ "kind": "REORDER_POINT" }), "REQUIRED", "input.serviceLevel"),
        (json!({ "kind": "REORDER_POINT", "serviceLevel": 0.9999 }), "OUT_OF_RANGE", "input.serviceLevel"),
        (json!({ "kind": "SERVICE", "serviceLevel": 0.95 }), "INVALID", "input.serviceLevel"),
        (json!({ "kind": "MIN_MAX", "safetyStockMethod": "NORMAL" }), "INVALID", "input.safetyStockMethod"),
        (json!({ "kind": "PERIODIC", "serviceLevel": 0.95, "reviewDays": 183 }), "OUT_OF_RANGE", "input.reviewDays"),
        (json!({ "kind": "TARGET_DAYS", "safetyDays": 8, "targetDays": 7 }), "OUT_OF_RANGE", "input.targetDays"),
        (json!({ "kind": "MIN_MAX", "abcClass": "A", "supplierId": office.supplier["id"] }), "INVALID", "input"),
        (json!({ "kind": "MIN_MAX", "xyzClass": "Z", "storeId": store }), "INVALID", "input.storeId"),
        (json!({ "kind": "MIN_MAX", "productId": "prd_00000000000000000000000000" }), "NOT_FOUND", "input.productId"),
    ] {
        refused(&set_policy(office, input).await, code, field);
    }
    let input = json!({ "kind": "PERIODIC", "abcClass": "B", "storeId": store, "serviceLevel": 0.975, "reviewDays": 14, "reviewFrom": "2026-01-05" });
    let policy = accepted(&set_policy(office, input).await, "policy").clone();
    let expected = ["abcClass", "serviceLevel", "reviewDays", "reviewFrom", "coverDays", "safetyStockMethod"]
        .map(|name| policy[name].clone());
    assert_eq!(json!(expected), json!(["B", 0.975, 14, "2026-01-05", null, "QUANTILE"]));
}

async fn a_shops_manager_sets_policies_of_their_shop(world: &World) {
    let desk = Desk::of(world).await;
    let office = &desk.books.office;
    let (mug, annex) = (office.product("MUG", "2.00").await, office.new_store("ANNEX").await);
    let mut caller = world.ours.owner_with(&["store.read", "product.read"]);
    caller.permissions.grant(kind::StockPolicy::INDEX, &Reach::stores([annex["id"].as_str().unwrap().parse().unwrap()]));
    let manager = office.as_caller(caller);
    refused(&set_policy(&manager, json!({ "kind": "MIN_MAX", "productId": mug["id"] })).await, "INVALID", "input.storeId");
    let other = json!({ "kind": "MIN_MAX", "productId": mug["id"], "storeId": office.store["id"] });
    refused(&set_policy(&manager, other.clone()).await, "NOT_FOUND", "input.storeId");
    let theirs = accepted(&set_policy(office, other).await, "policy").clone();
    let own = json!({ "kind": "MIN_MAX", "productId": mug["id"], "storeId": annex["id"] });
    let own = accepted(&set_policy(&manager, own).await, "policy").clone();
    let all_of_theirs =
        accepted(&set_policy(office, json!({ "kind": "MIN_MAX", "storeId": office.store["id"] })).await, "policy").clone();
    world.advance_clock(1);
    let all_of_own =
        accepted(&set_policy(&manager, json!({ "kind": "MIN_MAX", "storeId": annex["id"] })).await, "policy").clone();
    let list = async |office: &Office<'_>| {
        let answer = office.execute("{ replenishmentPolicies { nodes { id store { id } } } }", json!({})).await;
        let nodes = answer["data"]["replenishmentPolicies"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
        nodes.into_iter().map(|node| node["id"].clone()).collect::<Vec<_>>()
    };
    assert!(list(office).await.contains(&theirs["id"]) && list(office).await.contains(&own["id"]));
    let query = "query($f: ReplenishmentPolicyFilter) { replenishmentPolicies(filter: $f, sort: { field: CREATED_AT, direction: DESC }) { nodes { id } } }";
    for (filter, found) in [
        (json!({ "store": { "key": ["ANNEX"] } }), json!([{ "id": all_of_own["id"] }, { "id": own["id"] }])),
        (
            json!({ "store": { "eq": annex["id"] }, "product": { "key": ["mug"] }, "kind": ["MIN_MAX"] }),
            json!([{ "id": own["id"] }]),
        ),
        (json!({ "product": { "eq": mug["id"] }, "kind": ["PERIODIC"] }), json!([])),
    ] {
        let answer = office.execute(query, json!({ "f": filter })).await;
        assert_eq!(answer["data"]["replenishmentPolicies"]["nodes"], found, "{filter}: {answer:#}");
    }
    let seen = list(&manager).await;
    assert!(seen.contains(&own["id"]) && !seen.contains(&theirs["id"]), "{seen:?}");
    assert!(seen.contains(&all_of_own["id"]) && !seen.contains(&all_of_theirs["id"]), "{seen:?}");
    let input = json!({ "idempotencyKey": key(), "id": theirs["id"] });
    let removed = manager.mutate("replenishmentPolicyRemove", "ReplenishmentPolicyRemoveInput", POLICY, input).await;
    refused(&removed, "NOT_FOUND", "input.id");
}
