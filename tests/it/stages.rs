//! Calls that set something for the whole company report all errors, stage by stage: rules that set
//! holds, factor series, legal entities, layouts of papers, replenishment policies and criteria of
//! dead stock. Plans of both do so too.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
    world::{
        answers::{at_each_field, refusals},
        on_both,
    },
};

on_both!(
    a_rule_that_sets_holds_is_told_its_form_and_then_its_values,
    a_factor_series_is_told_its_form_then_names_then_values,
    a_legal_entity_is_told_its_form_then_stores_then_prefixes,
    the_look_of_papers_is_told_its_form_then_the_logo_then_values,
    a_policy_is_told_what_is_missing_then_names_then_values_then_the_state,
    a_rule_of_approval_is_told_all_amounts,
    criteria_are_told_names_and_then_all_figures,
    plans_are_told_their_form_then_all_names_then_values,
    what_is_for_all_stores_is_refused_before_what_it_names,
);

/// Returns the refusals of a call, which gets a new idempotency key unless it has one.
async fn refusals_of(office: &Office<'_>, (mutation, fields): (&str, &str), mut input: Value) -> Vec<(String, String)> {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    refusals(&office.mutate(mutation, &kind, fields, input).await)
}

async fn a_rule_that_sets_holds_is_told_its_form_and_then_its_values(world: &World) {
    let office = Office::of(world).await;
    let upsert = async |input: Value| refusals_of(&office, ("holdRuleUpsert", "holdRule { code }"), input).await;
    let free = json!({ "amount": "0.00", "currencyCode": "GBP" });
    let form = json!({ "idempotencyKey": " ", "code": "", "kind": "SHORT", "reason": "a\nb", "countries": ["GB", ""], "totalAtLeast": free });
    assert_eq!(
        upsert(form).await,
        [at_each_field("REQUIRED", &["idempotencyKey", "code"]), at_each_field("INVALID", &["reason", "countries.1"])].concat()
    );
    let values = json!({ "code": "LARGE", "kind": "SHORT", "reason": "Looked at by hand", "totalAtLeast": free });
    assert_eq!(
        upsert(values).await,
        [at_each_field("INVALID", &["kind"]), at_each_field("OUT_OF_RANGE", &["totalAtLeast"])].concat()
    );
}

async fn a_factor_series_is_told_its_form_then_names_then_values(world: &World) {
    let office = Office::of(world).await;
    let set = async |mut input: Value| {
        input["kind"] = json!("PRICE");
        refusals_of(&office, ("factorSeriesSet", "series { code }"), input).await
    };
    let form = json!({ "code": " ", "name": "", "country": "Sweden", "values": [], "productId": world.theirs.ids["prd"] });
    assert_eq!(
        set(form).await,
        [
            at_each_field("REQUIRED", &["code", "name"]),
            at_each_field("INVALID", &["country"]),
            at_each_field("REQUIRED", &["values"])
        ]
        .concat()
    );
    let twice = json!([{ "date": "2026-01-01", "value": 1.0 }, { "date": "2026-01-01", "value": 1e10 }]);
    let mut series = json!({ "code": "SALE", "name": "Sale", "values": twice, "until": "2025-12-31",
        "storeId": world.theirs.ids["sto"], "productId": world.theirs.ids["prd"] });
    assert_eq!(set(series.clone()).await, at_each_field("NOT_FOUND", &["storeId", "productId"]));
    (series["storeId"], series["productId"]) = (Value::Null, Value::Null);
    assert_eq!(
        set(series).await,
        [at_each_field("DUPLICATE", &["values.1.date"]), at_each_field("OUT_OF_RANGE", &["values.1.value", "until"])].concat()
    );
}

async fn a_legal_entity_is_told_its_form_then_stores_then_prefixes(world: &World) {
    let office = Office::of(world).await;
    let upsert = async |input: Value| refusals_of(&office, ("legalEntityUpsert", "legalEntity { code }"), input).await;
    let form = json!({ "code": "", "name": "x".repeat(201), "address": ["1 Mill Lane", " "], "taxId": "", "storeIds": [world.theirs.ids["sto"]] });
    assert_eq!(
        upsert(form).await,
        [
            at_each_field("REQUIRED", &["code"]),
            at_each_field("TOO_LONG", &["name"]),
            at_each_field("INVALID", &["address.1", "taxId"])
        ]
        .concat()
    );
    let stores = json!([world.theirs.ids["sto"], world.ours.ids["sto"], "sto_00000000000000000000000000"]);
    let mut entity =
        json!({ "code": "mugs", "name": "Mugs Ltd", "invoicePrefix": "A-", "creditNotePrefix": "A-", "storeIds": stores });
    assert_eq!(upsert(entity.clone()).await, at_each_field("NOT_FOUND", &["storeIds.0", "storeIds.2"]));
    entity["storeIds"] = json!([world.ours.ids["sto"]]);
    assert_eq!(upsert(entity).await, at_each_field("INVALID", &["creditNotePrefix"]));
}

async fn the_look_of_papers_is_told_its_form_then_the_logo_then_values(world: &World) {
    let office = Office::of(world).await;
    let set = async |input: Value| refusals_of(&office, ("paperSettingsSet", "settings { version }"), input).await;
    let text = json!([{ "kind": "INVOICE", "text": "{{total" }]);
    let form = json!({ "senderLines": ["Mugs Ltd", " "], "accent": "red", "texts": text, "paymentDays": -1 });
    assert_eq!(set(form).await, at_each_field("INVALID", &["senderLines.1", "accent", "texts.0.text"]));
    let values = json!({ "paymentDays": 366, "columns": ["SKU", "SKU"], "expectedVersion": 7 });
    let mut logo = values.clone();
    logo["logoFileId"] = json!(world.theirs.ids["fil"]);
    assert_eq!(set(logo).await, at_each_field("NOT_FOUND", &["logoFileId"]));
    assert_eq!(
        set(values).await,
        [at_each_field("OUT_OF_RANGE", &["paymentDays"]), at_each_field("INVALID", &["columns"])].concat()
    );
}

async fn a_policy_is_told_what_is_missing_then_names_then_values_then_the_state(world: &World) {
    let office = Office::of(world).await;
    let policy = ("replenishmentPolicySet", "policy { id }");
    let set = async |input: Value| refusals_of(&office, policy, input).await;
    let theirs = |kind: &str| world.theirs.ids[kind].clone();
    let named = |mut input: Value| {
        (input["productId"], input["storeId"]) = (json!(theirs("prd")), json!(theirs("sto")));
        input
    };
    let missing = named(json!({ "kind": "PERIODIC", "coverDays": 5 }));
    assert_eq!(set(missing).await, at_each_field("REQUIRED", &["serviceLevel", "reviewDays"]));
    let wrong = json!({ "kind": "PERIODIC", "coverDays": 5, "serviceLevel": 2.0, "reviewDays": 0 });
    assert_eq!(set(named(wrong.clone())).await, at_each_field("NOT_FOUND", &["productId", "storeId"]));
    assert_eq!(
        set(wrong).await,
        [at_each_field("INVALID", &["coverDays"]), at_each_field("OUT_OF_RANGE", &["reviewDays", "serviceLevel"])].concat()
    );
    let create = async |input: Value| {
        accepted(&office.mutate(policy.0, "ReplenishmentPolicySetInput", policy.1, input).await, "policy")["id"].clone()
    };
    let mug = office.product("MUG", "2.00").await;
    let of_mug = create(json!({ "idempotencyKey": key(), "kind": "MIN_MAX", "productId": mug["id"] })).await;
    create(json!({ "idempotencyKey": key(), "kind": "MIN_MAX" })).await;
    // As policy of the tenant, which another one is.
    let moved_input = json!({ "id": of_mug, "expectedVersion": 7, "kind": "MIN_MAX" });
    let state = [("VERSION_CONFLICT", "input.expectedVersion"), ("DUPLICATE", "input")];
    assert_eq!(set(moved_input).await, state.map(|(code, place)| (code.to_owned(), place.to_owned())));
}

async fn a_rule_of_approval_is_told_all_amounts(world: &World) {
    let office = Office::of(world).await;
    let gbp = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
    let input = json!({ "isEnabled": true, "planAmount": gbp("0.00"), "supplierAmount": gbp("-1.00"), "hasTransfers": false, "confidence": 1.5 });
    let set = refusals_of(&office, ("replenishmentRuleSet", "rule { version }"), input).await;
    assert_eq!(set, at_each_field("OUT_OF_RANGE", &["planAmount.amount", "supplierAmount.amount", "confidence"]));
}

async fn criteria_are_told_names_and_then_all_figures(world: &World) {
    let office = Office::of(world).await;
    let set = async |input: Value| refusals_of(&office, ("liquidationSettingsSet", "settings { version }"), input).await;
    let terms = |supplier: &Value| json!({ "supplierId": supplier, "creditPercent": 101 });
    let (ours, theirs) = (&office.supplier["id"], json!(world.theirs.ids["sup"]));
    let none = json!("sup_00000000000000000000000000");
    let mut criteria =
        json!({ "daysWithoutSale": 0, "markdownPercents": [], "supplierTerms": [terms(&theirs), terms(ours), terms(&none)] });
    assert_eq!(
        set(criteria.clone()).await,
        at_each_field("NOT_FOUND", &["supplierTerms.0.supplierId", "supplierTerms.2.supplierId"])
    );
    criteria["supplierTerms"] = json!([terms(ours)]);
    assert_eq!(
        set(criteria).await,
        at_each_field("OUT_OF_RANGE", &["daysWithoutSale", "markdownPercents", "supplierTerms.0.creditPercent"])
    );
}

async fn plans_are_told_their_form_then_all_names_then_values(world: &World) {
    let office = Office::of(world).await;
    let (ours, budget) = (json!({ "id": office.store["id"] }), json!({ "amount": "-1.00", "currencyCode": "GBP" }));
    let stores = json!([ours, { "code": "NOWHERE" }, { "id": world.theirs.ids["sto"] }]);
    let order = async |input: Value| refusals_of(&office, ("replenishmentPlanCreate", "seq"), input).await;
    let form = json!({ "idempotencyKey": " ", "stores": vec![ours.clone(); 251], "supplier": { "code": "NOBODY" } });
    assert_eq!(
        order(form).await,
        [at_each_field("REQUIRED", &["idempotencyKey"]), at_each_field("LIMIT_EXCEEDED", &["stores"])].concat()
    );
    let named_input = json!({ "stores": stores, "supplier": { "id": world.theirs.ids["sup"] }, "budget": budget });
    assert_eq!(order(named_input).await, at_each_field("NOT_FOUND", &["stores.1.code", "stores.2.id", "supplier.id"]));
    assert_eq!(order(json!({ "stores": [ours], "budget": budget })).await, at_each_field("INVALID", &["budget.amount"]));
    let clear = async |input: Value| refusals_of(&office, ("liquidationPlanCreate", "seq"), input).await;
    assert_eq!(
        clear(json!({ "stores": stores, "actions": ["KEEP"] })).await,
        at_each_field("NOT_FOUND", &["stores.1.code", "stores.2.id"])
    );
    assert_eq!(clear(json!({ "stores": [ours], "actions": ["KEEP"] })).await, at_each_field("INVALID", &["actions"]));
}

/// A caller with some of the stores does not learn from calls for all of them which other stores or
/// objects exist: permissions are checked first.
async fn what_is_for_all_stores_is_refused_before_what_it_names(world: &World) {
    let office = Office::of(world).await;
    let annex = office.new_store("ANNEX").await;
    let own = office.store["id"].as_str().unwrap().parse().unwrap();
    let mut caller = world.ours.owner_with(&["store.read"]);
    for index in [kind::StockPolicy::INDEX, kind::AlertRuleWrite::INDEX] {
        caller.permissions.grant(index, &Reach::stores([own]));
    }
    let manager = office.as_caller(caller);
    let (others, nowhere) = (&annex["id"], json!("sto_00000000000000000000000000"));
    let freight = json!({ "amount": "2.00", "currencyCode": "GBP" });
    for store in [others, &nowhere] {
        let costs = json!([{ "fromStore": { "id": store }, "freight": freight }]);
        let set = refusals_of(&manager, ("liquidationSettingsSet", "seq"), json!({ "transferCosts": costs })).await;
        assert_eq!(set, [("INVALID".to_owned(), "input".to_owned())], "{store}");
    }
    let values = json!([{ "date": "2026-01-01", "value": 1.0 }]);
    for (mutation, mut input) in [
        ("replenishmentPolicySet", json!({ "kind": "MIN_MAX" })),
        ("factorSeriesSet", json!({ "code": "SALE", "kind": "PROMOTION", "name": "Sale", "values": values })),
        ("alertRuleUpsert", json!({ "kind": "LOW_STOCK" })),
    ] {
        input["productId"] = json!("prd_00000000000000000000000000");
        assert_eq!(
            refusals_of(&manager, (mutation, "seq"), input.clone()).await,
            at_each_field("INVALID", &["storeId"]),
            "{mutation}"
        );
        // Another tenant's store is answered like one that does not exist.
        input["storeId"] = nowhere.clone();
        let unknown = refusals_of(&manager, (mutation, "seq"), input.clone()).await;
        input["storeId"] = others.clone();
        assert_eq!(refusals_of(&manager, (mutation, "seq"), input.clone()).await, unknown, "{mutation}");
        input["storeId"] = manager.store["id"].clone();
        assert_eq!(
            refusals_of(&manager, (mutation, "seq"), input).await,
            at_each_field("NOT_FOUND", &["productId"]),
            "{mutation}"
        );
    }
}
