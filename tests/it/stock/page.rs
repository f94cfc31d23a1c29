//! A page of products with the levels of twenty stores: its contents and its cost.

use async_graphql::{Request, Variables};
use entrepot::{
    graphql::answer::data_json,
    schema::{self, EntrepotSchema},
};
use serde_json::{Value, json};

pub use super::full_schema::{execute_on, whole_schema};
use crate::{catalog::world::World, world::on_both};

/// Fifty products of one category and supplier, each with stock in twenty stores.
async fn stocked(schema: &EntrepotSchema, world: &World) {
    let shape = "mutation($c: CategoryCreateInput!, $s: SupplierCreateInput!) {
        categoryCreate(input: $c) { category { id } userErrors { message } } supplierCreate(input: $s) { supplier { id } userErrors { message } } }";
    let new_answer = execute_on(
        schema,
        world,
        shape,
        json!({ "c": { "slug": "mugs", "name": "Mugs" }, "s": { "code": "KILN", "name": "The Kiln" } }),
    )
    .await;
    let (category, supplier) = (&new_answer["categoryCreate"]["category"]["id"], &new_answer["supplierCreate"]["supplier"]["id"]);
    for store in 1..=20 {
        let input = json!({ "code": format!("S{store:03}"), "name": format!("Shop \"{store}\"") });
        execute_on(
            schema,
            world,
            "mutation($i: StoreCreateInput!) { storeCreate(input: $i) { store { id } } }",
            json!({ "i": input }),
        )
        .await;
    }
    let rows: Vec<_> = (1..=50)
        .map(|n| {
            json!({ "sku": format!("MUG-{n:03}"), "name": format!("Mug {n}"), "categoryId": category, "supplierId": supplier,
            "lowStockThreshold": 5, "price": { "amount": "4.50", "currencyCode": "GBP" } })
        })
        .collect();
    let upsert = "mutation($r: [ProductUpsertInput!]!) { productBulkUpsert(input: { rows: $r }) { rows { outcome } userErrors { message } } }";
    execute_on(schema, world, upsert, json!({ "r": rows })).await;
    for half in [1..=25, 26..=50] {
        let changes: Vec<_> = half
            .clone()
            .flat_map(|n| (1..=20).map(move |s| json!({ "product": { "sku": format!("MUG-{n:03}") }, "store": { "code": format!("S{s:03}") }, "delta": n })))
            .collect();
        let adjust = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { seq userErrors { message field } } }";
        let input =
            json!({ "idempotencyKey": format!("open-{half:?}"), "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
        let answer = execute_on(schema, world, adjust, json!({ "i": input })).await;
        assert_eq!(answer["stockAdjust"]["userErrors"], json!([]));
    }
}

const PAGE: &str =
    "query { products(filter: { status: [ACTIVE] }, orderBy: { field: NAME }, first: 50) { nodes { id sku name price { amount }
    category { id name } supplier { id name } stock { onHand reserved store { id code } } } pageInfo { hasNextPage } } }";

on_both!(a_page_with_everything_costs_four_statements, world: World => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let before = world.db.statements();
    let page = execute_on(&schema, world, PAGE, json!({})).await;
    assert_eq!(world.db.statements() - before, 4);
    let nodes = page["products"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 50);
    assert!(nodes.iter().all(|node| node["stock"].as_array().unwrap().len() == 20 && node["supplier"]["name"] == "The Kiln"));
});

on_both!(levels_written_straight_say_what_resolvers_say, world: World => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let fields = |on_hand: &str| {
        format!(
            "query {{ products(first: 3) {{ nodes {{ stock {{ __typename id {on_hand} reserved unavailable available incoming inTransit safetyStock
             reorderPoint status version seq updatedAt ...More at: store {{ id where: name kind timeZone version __typename }} }} }} }} }}
             fragment More on StockLevel {{ left: available store {{ code }} }}"
        )
    };
    let lean = execute_on(&schema, world, &fields("onHand"), json!({})).await;
    // A directive sends the whole list to the ordinary resolvers.
    let ordinary = execute_on(&schema, world, &fields("onHand @include(if: true)"), json!({})).await;
    assert_eq!(lean, ordinary);
    assert_eq!(lean["products"]["nodes"][2]["stock"][0]["onHand"], 3);
    assert_eq!(lean["products"]["nodes"][2]["stock"][0]["status"], "CRITICAL");
});

on_both!(a_page_written_straight_says_what_resolvers_say, world: World => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let bare = "mutation { productCreate(input: { sku: \"BARE \\\"1\\\"\", name: \"Nothing \\\\ at all\" }) { userErrors { message } } }";
    let answer = execute_on(&schema, world, bare, json!({})).await;
    assert_eq!(answer["productCreate"]["userErrors"], json!([]));
    let page = |id: &str| {
        format!(
            "query {{ products(orderBy: {{ field: NAME }}, first: 60) {{ nodes {{ __typename {id} ...Told price {{ amount currencyCode }}
             category {{ id name slug position version }} from: supplier {{ id code name }} createdAt
             stock {{ onHand left: available store {{ code where: name }} }} }} edges {{ node {{ sku }} }} pageInfo {{ hasNextPage }} }} }}
             fragment Told on Product {{ sku called: name description status stockPolicy version updatedAt }}"
        )
    };
    let lean = execute_on(&schema, world, &page("id"), json!({})).await;
    // A directive sends the whole list to the ordinary resolvers.
    assert_eq!(lean, execute_on(&schema, world, &page("id @include(if: true)"), json!({})).await);
    let nodes = lean["products"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 51);
    assert_eq!(nodes[0]["from"]["name"], "The Kiln");
    assert_eq!(nodes[50]["sku"], "BARE \"1\"");
    assert_eq!((&nodes[50]["stock"], &nodes[50]["price"]), (&json!([]), &Value::Null));
});

on_both!(whoever_may_not_see_stock_gets_no_page_with_it, world: World => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let clerk = world.with(&["product.read"]);
    let request = schema::attach(Request::new(PAGE), &world.db.tenant(clerk.tenant)).data(clerk);
    let response = schema.execute(request).await;
    assert!(!response.errors.is_empty());
    assert!(!String::from_utf8(data_json(&response.data)).unwrap().contains("onHand"));
});

on_both!(many_requests_for_products_share_statements, world: World => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let page = execute_on(&schema, world, "query { products(first: 50) { nodes { id sku } } }", json!({})).await;
    let other = world.other_tenant().await;
    let wanted: Vec<(String, String)> = page["products"]["nodes"].as_array().unwrap().iter()
        .map(|node| (node["id"].as_str().unwrap().to_owned(), node["sku"].as_str().unwrap().to_owned())).collect();
    let one = |caller: entrepot::access::Caller, id: String| {
        let request = Request::new("query($id: ID!) { product(by: { id: $id }) { sku } }").variables(Variables::from_json(json!({ "id": id })));
        schema.execute(schema::attach(request, &world.db.tenant(caller.tenant)).data(caller))
    };
    let before = world.db.statements();
    let own = futures_util::future::join_all(wanted.iter().cycle().take(200).map(|(id, _)| one(world.owner.clone(), id.clone())));
    let foreign = futures_util::future::join_all(wanted.iter().map(|(id, _)| one(other.clone(), id.clone())));
    let (own, foreign) = futures_util::future::join(own, foreign).await;
    let statements = world.db.statements() - before;
    assert!(statements < 190, "250 questions took {statements} statements");
    for ((_, sku), answer) in wanted.iter().cycle().zip(own) {
        assert_eq!(serde_json::from_slice::<Value>(&data_json(&answer.data)).unwrap()["product"]["sku"], **sku);
    }
    for answer in foreign {
        assert_eq!(serde_json::from_slice::<Value>(&data_json(&answer.data)).unwrap()["product"], Value::Null);
    }
});
