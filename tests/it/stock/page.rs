//! A page of products with the levels of twenty stores: what it says, and what it costs.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use entrepot::{
    audit::{Audit, Pen},
    catalog::Catalog,
    graphql::{connection::CursorSigner, limits::Limits},
    identity::{Identity, Settings},
    ledger::{Grouping, Ledger},
    schema::{self, EntrepotSchema, Given},
};
use serde_json::{Value, json};

use crate::{
    scenario,
    world::{Bare, World},
};

async fn whole_schema(world: &World) -> EntrepotSchema {
    let ring = crate::world::ring(&world.db, &world.clock).await;
    let audit = Audit::start(world.db.clone(), Pen::new(ring.clone(), world.clock.clone()));
    let identity =
        Identity::open(world.db.clone(), world.clock.clone(), Settings::default(), Arc::new(Bare), ring).await.unwrap();
    let signer = CursorSigner::new([7; 32]);
    let catalog = Catalog { db: world.db.clone(), clock: world.clock.clone(), signer: signer.clone() };
    let ledger = Ledger::start(world.db.clone(), world.clock.clone(), Grouping::Together);
    schema::build(Given { identity, catalog, ledger, audit, signer, limits: Limits::default() })
}

async fn ask(schema: &EntrepotSchema, world: &World, query: &str, variables: Value) -> Value {
    let request = Request::new(query).variables(Variables::from_json(variables));
    let request = schema::attach(request, &world.db.tenant(world.owner.tenant)).data(world.owner);
    let response = schema.execute(request).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    // Written and read again, as a client would: ready JSON inside the answer is a matter of the writer.
    serde_json::from_str(&serde_json::to_string(&response.data).unwrap()).unwrap()
}

/// Fifty products of one category and supplier, each with stock in twenty stores.
async fn stocked(schema: &EntrepotSchema, world: &World) {
    let shape = "mutation($c: CategoryCreateInput!, $s: SupplierCreateInput!) {
        categoryCreate(input: $c) { category { id } userErrors { message } } supplierCreate(input: $s) { supplier { id } userErrors { message } } }";
    let made = ask(
        schema,
        world,
        shape,
        json!({ "c": { "slug": "mugs", "name": "Mugs" }, "s": { "code": "KILN", "name": "The Kiln" } }),
    )
    .await;
    let (category, supplier) = (&made["categoryCreate"]["category"]["id"], &made["supplierCreate"]["supplier"]["id"]);
    for store in 1..=20 {
        let input = json!({ "code": format!("S{store:03}"), "name": format!("Shop \"{store}\"") });
        ask(schema, world, "mutation($i: StoreCreateInput!) { storeCreate(input: $i) { store { id } } }", json!({ "i": input }))
            .await;
    }
    let rows: Vec<_> = (1..=50)
        .map(|n| {
            json!({ "sku": format!("MUG-{n:03}"), "name": format!("Mug {n}"), "categoryId": category, "supplierId": supplier,
            "lowStockThreshold": 5, "price": { "amount": "4.50", "currencyCode": "GBP" } })
        })
        .collect();
    let upsert = "mutation($r: [ProductUpsertInput!]!) { productBulkUpsert(input: { rows: $r }) { rows { outcome } userErrors { message } } }";
    ask(schema, world, upsert, json!({ "r": rows })).await;
    for half in [1..=25, 26..=50] {
        let changes: Vec<_> = half
            .clone()
            .flat_map(|n| (1..=20).map(move |s| json!({ "product": { "sku": format!("MUG-{n:03}") }, "store": { "code": format!("S{s:03}") }, "delta": n })))
            .collect();
        let adjust = "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { seq userErrors { message field } } }";
        let input =
            json!({ "idempotencyKey": format!("open-{half:?}"), "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
        let done = ask(schema, world, adjust, json!({ "i": input })).await;
        assert_eq!(done["stockAdjust"]["userErrors"], json!([]));
    }
}

const PAGE: &str =
    "query { products(filter: { status: [ACTIVE] }, orderBy: { field: NAME }, first: 50) { nodes { id sku name price { amount }
    category { id name } supplier { id name } stock { onHand reserved store { id code } } } pageInfo { hasNextPage } } }";

scenario!(a_page_with_everything_costs_four_statements, world => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let before = world.db.statements();
    let page = ask(&schema, world, PAGE, json!({})).await;
    assert_eq!(world.db.statements() - before, 4);
    let nodes = page["products"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 50);
    assert!(nodes.iter().all(|node| node["stock"].as_array().unwrap().len() == 20 && node["supplier"]["name"] == "The Kiln"));
});

scenario!(levels_written_straight_say_what_resolvers_say, world => {
    let schema = whole_schema(world).await;
    stocked(&schema, world).await;
    let fields = |on_hand: &str| {
        format!(
            "query {{ products(first: 3) {{ nodes {{ stock {{ __typename id {on_hand} reserved unavailable available incoming inTransit safetyStock
             reorderPoint status version seq updatedAt ...More at: store {{ id where: name kind timeZone version __typename }} }} }} }} }}
             fragment More on StockLevel {{ left: available store {{ code }} }}"
        )
    };
    let lean = ask(&schema, world, &fields("onHand"), json!({})).await;
    // A directive sends the whole list to the ordinary resolvers.
    let ordinary = ask(&schema, world, &fields("onHand @include(if: true)"), json!({})).await;
    assert_eq!(lean, ordinary);
    assert_eq!(lean["products"]["nodes"][2]["stock"][0]["onHand"], 3);
    assert_eq!(lean["products"]["nodes"][2]["stock"][0]["status"], "CRITICAL");
});
