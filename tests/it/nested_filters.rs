//! Nested filters: `and`, `or` and `not` mean the same in all lists, and their nesting is limited.

mod short;

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::Variables;
use entrepot::{
    access::Caller,
    graphql::{code::Code, guard::Guard, limits::Limits, schema_index::SchemaIndex},
};
use serde_json::{Value, json};

use crate::{authorization::world::World, totals::of_the_depot, world::on_both};

on_both!(
    and_or_and_not_mean_the_same_in_every_list,
    filters_inside_filters_are_bounded,
    no_filter_inside_another_shows_more_than_one_may_see,
    reports_of_movements_take_no_filters_inside_filters,
);

/// Lists whose filters nest, with the types of their filters.
const LISTS: [(&str, &str); 17] = [
    ("blanketOrders", "BlanketOrderFilter"),
    ("customers", "CustomerFilter"),
    ("documentReversals", "ReversalFilter"),
    ("fulfilmentWorks", "FulfilmentWorkFilter"),
    ("invoices", "InvoiceFilter"),
    ("lots", "LotFilter"),
    ("stocktakes", "StocktakeFilter"),
    ("orders", "OrderFilter"),
    ("products", "ProductFilter"),
    ("purchaseOrders", "PurchaseOrderFilter"),
    ("returns", "ReturnFilter"),
    ("stockLevels", "StockFilter"),
    ("stockMovements", "MovementFilter"),
    ("stores", "StoreFilter"),
    ("supplierReturns", "SupplierReturnFilter"),
    ("suppliers", "SupplierFilter"),
    ("transfers", "TransferFilter"),
];

/// Lists that are filtered by ID, not by store.
const BY_ID: [&str; 5] = ["customers", "lots", "products", "stores", "suppliers"];

/// Filters by one store, by another one, and by one of another company; lists in `BY_ID` are
/// filtered by IDs of their own rows, and blanket orders, which have no store, by their supplier.
fn leaves(world: &World, list: &str) -> [Value; 3] {
    let (ours, theirs) = (&world.ours, &world.theirs);
    match list {
        "lots" => [
            json!({ "code": { "startsWith": "a" } }),
            json!({ "id": { "eq": ours.ids["lot"] } }),
            json!({ "id": { "eq": theirs.ids["lot"] } }),
        ],
        "customers" => [
            json!({ "externalRef": { "startsWith": "a" } }),
            json!({ "id": { "eq": ours.ids["cus"] } }),
            json!({ "id": { "eq": theirs.ids["cus"] } }),
        ],
        "stores" => [
            json!({ "group": { "eq": ours.ids["grp"] } }),
            json!({ "search": "alpha" }),
            json!({ "id": { "eq": theirs.ids["sto"] } }),
        ],
        "suppliers" => [
            json!({ "search": "alpha" }),
            json!({ "id": { "eq": ours.ids["sup"] } }),
            json!({ "id": { "eq": theirs.ids["sup"] } }),
        ],
        "products" => [
            json!({ "sku": { "contains": "m" } }),
            json!({ "id": { "eq": ours.ids["prd"] } }),
            json!({ "id": { "eq": theirs.ids["prd"] } }),
        ],
        "blanketOrders" => [
            json!({ "supplier": { "eq": ours.ids["sup"] } }),
            json!({ "product": { "eq": ours.ids["cat"].replacen("cat", "prd", 1) } }),
            json!({ "supplier": { "eq": theirs.ids["sup"] } }),
        ],
        _ => [&ours.depot, &ours.ids["sto"], &theirs.depot].map(|store| json!({ "store": { "eq": store } })),
    }
}

async fn answer(world: &World, caller: &Caller, (list, kind): (&str, &str), filter: &Value) -> Value {
    let document = format!(
        "query($filter: {kind}) {{ list: {list}(filter: $filter, first: 250) {{ nodes {{ id }} totalCount {{ count }} }} }}"
    );
    world.execute(&world.ours, Some(caller.clone()), &document, &json!({ "filter": filter })).await
}

/// IDs that match a filter; their number equals the list's total.
pub async fn find_ids(world: &World, caller: &Caller, list: (&str, &str), filter: Value) -> BTreeSet<String> {
    let answer = answer(world, caller, list, &filter).await;
    assert!(answer["errors"].is_null(), "{list:?} {filter}: {answer:#}");
    let page = &answer["data"]["list"];
    let ids: BTreeSet<String> =
        page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(page["totalCount"]["count"], ids.len(), "{list:?} {filter}");
    ids
}

async fn and_or_and_not_mean_the_same_in_every_list(world: &World) {
    let owner = world.ours.owner.clone();
    for list in LISTS {
        let all = find_ids(world, &owner, list, json!({})).await;
        assert!(!all.is_empty(), "{list:?} is empty: that proves nothing");
        let [one, other, foreign] = leaves(world, list.0);
        for nothing in [
            json!({ "not": {} }),
            json!({ "or": [] }),
            json!({ "and": [{}, { "or": [] }] }),
            json!({ "not": { "and": [] } }),
            json!({ "or": [foreign, { "not": {} }] }),
            json!({ "and": [one, { "not": one }] }),
        ] {
            assert_eq!(find_ids(world, &owner, list, nothing.clone()).await, BTreeSet::new(), "{list:?} {nothing}");
        }
        for everything in [
            json!({ "and": [] }),
            json!({ "not": { "or": [] } }),
            json!({ "or": [{}, foreign] }),
            json!({ "not": foreign }),
            json!({ "or": [one, { "not": one }] }),
            json!({ "not": { "not": {} } }),
        ] {
            assert_eq!(find_ids(world, &owner, list, everything.clone()).await, all, "{list:?} {everything}");
        }
        let both = async |filter: Value, same: Value| {
            let [left, right] = [find_ids(world, &owner, list, filter.clone()).await, find_ids(world, &owner, list, same).await];
            assert_eq!(left, right, "{list:?} {filter}");
        };
        both(json!({ "or": [one] }), one.clone()).await;
        both(json!({ "not": { "or": [one, other] } }), json!({ "and": [{ "not": one }, { "not": other }] })).await;
        both(json!({ "not": { "and": [one, other] } }), json!({ "or": [{ "not": one }, { "not": other }] })).await;
        both(json!({ "not": { "not": { "not": other } } }), json!({ "not": other })).await;
    }
}

async fn filters_inside_filters_are_bounded(world: &World) {
    let owner = world.ours.owner.clone();
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    let ids = vec![world.ours.ids["sto"].clone(); 10_000];
    let products = vec![world.ours.ids["prd"].clone(); 10_000];
    let suppliers = vec![world.ours.ids["sup"].clone(); 10_000];
    for list in LISTS {
        let many = match list.0 {
            list if BY_ID.contains(&list) => json!({ "id": { "in": products } }),
            "blanketOrders" => json!({ "supplier": { "in": suppliers } }),
            _ => json!({ "store": { "in": ids } }),
        };
        for (case, filter) in [
            ("too deep", deep(5)),
            ("too many", json!({ "or": vec![json!({}); 101] })),
            ("too many ids", many.clone()),
            ("too many ids inside", json!({ "and": [{ "not": many }] })),
        ] {
            let answer = answer(world, &owner, list, &filter).await;
            assert_eq!(answer["errors"][0]["code"], "LIMIT_EXCEEDED", "{list:?} {case}");
        }
        assert!(answer(world, &owner, list, &deep(4)).await["errors"].is_null(), "{list:?}");
    }
}

async fn no_filter_inside_another_shows_more_than_one_may_see(world: &World) {
    let clerk = of_the_depot(&world.ours);
    let owner = world.ours.owner.clone();
    for list in LISTS {
        let seen = find_ids(world, &clerk, list, json!({})).await;
        let [one, other, _] = leaves(world, list.0);
        for filter in [
            json!({ "or": [one, other, {}] }),
            json!({ "not": one }),
            json!({ "not": other }),
            json!({ "or": [{ "not": one }, { "not": other }] }),
        ] {
            let found = find_ids(world, &clerk, list, filter.clone()).await;
            assert!(found.is_subset(&seen), "{list:?} {filter}");
        }
    }
    // Movements of both stores are found only by entries that the caller may see, not by their
    // other entries.
    let movements = ("stockMovements", "MovementFilter");
    let other = json!({ "store": { "eq": world.ours.ids["sto"] } });
    assert!(!find_ids(world, &owner, movements, other.clone()).await.is_empty(), "that proves nothing");
    assert_eq!(find_ids(world, &clerk, movements, json!({ "or": [other] })).await, BTreeSet::new());
    let rest = find_ids(world, &clerk, movements, json!({ "not": { "and": [other] } })).await;
    assert_eq!(rest, find_ids(world, &clerk, movements, json!({})).await);
}

async fn reports_of_movements_take_no_filters_inside_filters(world: &World) {
    for inside in [json!({ "and": [] }), json!({ "or": [{}] }), json!({ "not": {} })] {
        let document = "query($filter: MovementFilter) { movementSummary(filter: $filter) { __typename } }";
        let variables = json!({ "filter": inside });
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), document, &variables).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{inside}: {answer}");
    }
}

/// By the guard, which every way in passes: no resolver has run yet.
#[test]
fn filters_that_are_too_large_are_refused_before_anything_runs() {
    let guard = Guard::new(Limits::default(), Arc::new(SchemaIndex::of(&entrepot::schema::sdl()).unwrap()));
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    let branches = |count: usize| json!({ "or": vec![json!({}); count] });
    let conditions = |count: usize| json!({ "and": vec![json!({}); count] });
    for (list, kind) in LISTS {
        let field = match list {
            list if BY_ID.contains(&list) => "id",
            "blanketOrders" => "supplier",
            _ => "store",
        };
        let listed = format!("filter.not.{field}.in");
        let values = |count: usize| json!({ "not": { field: { "in": vec!["x"; count] } } });
        let query = format!("query($filter: {kind}) {{ {list}(filter: $filter) {{ __typename }} }}");
        let operation = guard.operation(&query, None).unwrap();
        let check =
            |filter: &Value| operation.check_variables(&Variables::from_json(json!({ "filter": filter })), &Limits::default());
        for filter in [deep(4), branches(10), conditions(50), values(250)] {
            assert!(check(&filter).is_ok(), "{list} {filter}");
        }
        for (filter, place, message) in [
            (deep(5), "filter.not.not.not.not.not", "filter has 5 levels of and, or and not: at most 4 are taken".to_owned()),
            (branches(11), "filter.or", "filter.or has 11 branches: at most 10 are taken".to_owned()),
            (conditions(51), "filter", "filter has 51 conditions: at most 50 are taken".to_owned()),
            (values(251), listed.as_str(), format!("{listed} has 251 values: at most 250 are taken")),
        ] {
            let refusal = check(&filter).unwrap_err();
            let found = (refusal.code, refusal.field.join("."), refusal.message);
            assert_eq!(found, (Code::LimitExceeded, place.to_owned(), message), "{list}");
        }
    }
}
