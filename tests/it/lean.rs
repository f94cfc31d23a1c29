//! Lists that are written straight to JSON, without resolvers: their fields, and that all callers
//! get the same values as from resolvers.

use std::collections::BTreeSet;

use async_graphql::{
    Request,
    parser::{
        parse_query,
        types::{FieldDefinition, TypeKind},
    },
};
use entity::prelude::StoreId;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY, Reach},
    graphql::{
        answer::data_json,
        yielding::{self, YieldCounters},
    },
    schema::{self, EntrepotSchema},
};
use serde_json::{Value, json};

use crate::{
    authorization::calls::{Calls, base, is_needed},
    catalog::world::World,
    stock::page::{execute_on, whole_schema},
    world::on_both,
};

/// The lists, and a query for a field of their rows. `%` stands for the arguments of the list, `$`
/// for the field.
const LISTS: [(&str, &str); 4] = [
    ("Product", "{ products(%) { nodes { $ } } }"),
    ("StockLevel", "{ products(%) { nodes { stock { $ } } } }"),
    ("Order", "{ orders(%) { nodes { $ } } }"),
    ("OrderLine", "{ orders(%) { nodes { lines { $ } } } }"),
];

/// Fields of each list that are written without a resolver.
const LEAN: [(&str, &str); 4] = [
    (
        "Product",
        "barcodes category createdAt description formerSkus id lowStockThreshold metadata \
         minimumRemainingDays name options price sku status stock stockPolicy supplier tracking unit unitCost \
         updatedAt version",
    ),
    (
        "StockLevel",
        "available id inTransit incoming maximum onHand reorderPoint reserved safetyStock seq status store \
         unavailable updatedAt version",
    ),
    (
        "Order",
        "allowedActions channel createdAt customer expiresAt externalRef id lines number placedAt \
         register shippingCountry status store total updatedAt version",
    ),
    (
        "OrderLine",
        "backordered cancelled discount fulfilled id kind name open product quantity returnPending returned \
         sku tax total unitPrice",
    ),
];

/// Fields of rows that others refer to.
const REFERENCES: [(&str, &str); 7] = [
    ("Product", "category { id name slug position imageUrl version updatedAt }"),
    ("Product", "supplier { id code name leadTimeDays email version updatedAt }"),
    ("StockLevel", "store { id code name kind timeZone archivedAt version updatedAt }"),
    ("Order", "channel { id code name version updatedAt }"),
    ("Order", "customer { id externalRef name country version updatedAt }"),
    ("Order", "store { id code name kind timeZone archivedAt version updatedAt }"),
    (
        "OrderLine",
        "product { id sku formerSkus name options { name value } unit { code decimals } metadata price { amount currencyCode } }",
    ),
];

/// Fields of a type without required arguments, with the leaves of the objects that they refer to.
fn selections(calls: &Calls, kind: &str) -> Vec<(String, String)> {
    let without_arguments = |kind: &str| {
        let fields = calls.fields(kind).iter().map(|field| &field.node);
        fields.filter(|field| !field.arguments.iter().any(|argument| is_needed(&argument.node))).collect::<Vec<_>>()
    };
    let selection = |field: &&FieldDefinition| {
        let (name, kind) = (field.name.node.to_string(), base(&field.ty.node));
        // A scalar of the language is not in the list of types.
        let is_leaf = |kind: &str| {
            calls
                .types()
                .find(|known| known.name.node == kind)
                .is_none_or(|known| matches!(known.kind, TypeKind::Enum(_) | TypeKind::Scalar))
        };
        if is_leaf(&kind) {
            return (name.clone(), name);
        }
        let leaves: Vec<String> = without_arguments(&kind)
            .into_iter()
            .filter(|field| is_leaf(&base(&field.ty.node)))
            .map(|field| field.name.node.to_string())
            .collect();
        (name.clone(), format!("{name} {{ __typename {} }}", leaves.join(" ")))
    };
    without_arguments(kind).iter().map(selection).collect()
}

fn query(list: &str, arguments: &str, selection: &str) -> String {
    list.replace('%', arguments).replace('$', selection)
}

fn request(world: &World, caller: Caller, query: &str) -> Request {
    schema::attach(Request::new(query), &world.db.tenant(world.owner.tenant)).data(caller)
}

/// Returns the response to a caller: the data, and the errors with their paths.
async fn told(schema: &EntrepotSchema, world: &World, caller: &Caller, query: &str) -> (Value, Vec<String>) {
    let response = schema.execute(request(world, caller.clone(), query)).await;
    let mut errors: Vec<String> = response.errors.iter().map(|error| format!("{:?} {}", error.path, error.message)).collect();
    errors.sort();
    (serde_json::from_slice(&data_json(&response.data)).unwrap(), errors)
}

/// Whether the engine resolves nothing below the list itself: that is one object, the connection.
async fn is_lean(schema: &EntrepotSchema, world: &World, query: &str) -> bool {
    let mut document = parse_query(query).unwrap();
    yielding::mark_fields(&mut document);
    let pieces = YieldCounters::new(1);
    let mut request = request(world, world.owner.clone(), query).data(pieces.clone());
    request.set_parsed_query(document);
    match pieces.run(schema.execute(request)).await {
        Ok(response) => {
            assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
            true
        }
        Err(_) => false,
    }
}

/// A mug with all optional data of a product, tea without any, and a set of both; orders in all
/// states, with each kind of line.
async fn trade(schema: &EntrepotSchema, world: &World) {
    let run = async |mutation: &str, kind: &str, input: Value, payload: &str| {
        let document =
            format!("mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {payload} userErrors {{ message field }} }} }}");
        let answer = execute_on(schema, world, &document, json!({ "i": input })).await[mutation].clone();
        assert_eq!(answer["userErrors"], json!([]), "{mutation}");
        answer
    };
    let create = async |mutation: &str, kind: &str, input: Value, part: &str| {
        run(mutation, kind, input, &format!("{part} {{ id }}")).await[part]["id"].clone()
    };
    let category = create("categoryCreate", "CategoryCreateInput", json!({ "slug": "mugs", "name": "Mugs" }), "category").await;
    let supplier = create(
        "supplierCreate",
        "SupplierCreateInput",
        json!({ "code": "KILN", "name": "The Kiln", "leadTimeDays": 3 }),
        "supplier",
    )
    .await;
    for store in ["S1", "S2"] {
        create("storeCreate", "StoreCreateInput", json!({ "code": store, "name": format!("Shop \"{store}\"") }), "store").await;
    }
    let pounds = |amount: &str| json!({ "amount": amount, "currencyCode": "GBP" });
    let mug = json!({ "sku": "MUG \\1", "name": "A mug", "description": "Holds\ntea", "categoryId": category, "supplierId": supplier,
        "lowStockThreshold": 5, "price": pounds("4.50"), "unitCost": pounds("1.25"), "barcodes": [{ "code": "CASE-12", "packQuantity": 12 }, { "code": "M1" }],
        "metadata": { "b": [1, 2.5, "x\""], "a": null }, "minimumRemainingDays": 2 });
    let mug = create("productCreate", "ProductCreateInput", mug, "product").await;
    let tea = create(
        "productCreate",
        "ProductCreateInput",
        json!({ "sku": "TEA", "name": "Tea", "price": pounds("3"), "unitCost": pounds("2") }),
        "product",
    )
    .await;
    let set = create(
        "productCreate",
        "ProductCreateInput",
        json!({ "sku": "SET", "name": "Zen set", "price": pounds("9") }),
        "product",
    )
    .await;
    let parts = json!([{ "productId": mug, "quantity": 2 }, { "productId": tea, "quantity": 1 }]);
    run("kitSet", "KitSetInput", json!({ "id": set, "idempotencyKey": "kit", "components": parts }), "").await;
    let at = |product: &Value, store: &str| json!({ "product": { "id": product }, "store": { "code": store } });
    let with = |mut place: Value, extra: Value| {
        place.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        place
    };
    let changes = [(&mug, "S1", 60), (&mug, "S2", 50), (&tea, "S1", 40)]
        .map(|(what, store, delta)| with(at(what, store), json!({ "delta": delta })));
    run(
        "stockAdjust",
        "StockAdjustInput",
        json!({ "idempotencyKey": "open", "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes }),
        "",
    )
    .await;
    let items = [
        with(at(&mug, "S1"), json!({ "reorderPoint": 55, "maximum": 100, "safetyStock": 1 })),
        with(at(&mug, "S2"), json!({ "maximum": 40 })),
    ];
    run("reorderPolicySet", "ReorderPolicySetInput", json!({ "idempotencyKey": "policy", "items": items }), "").await;
    let customer = json!({ "externalRef": "C-1", "name": "Ada", "email": "ada@example.com", "country": "GB" });
    let customer = create("customerCreate", "CustomerCreateInput", customer, "customer").await;
    let line = |product: &Value, quantity: i64| json!({ "product": { "id": product }, "quantity": quantity });
    let charge = json!({ "kind": "CHARGE", "name": "Post \"age\"", "quantity": 1, "unitPrice": pounds("3.95") });
    let orders = [
        (
            "S1",
            "CONFIRMED",
            json!([line(&mug, 2), charge]),
            json!({ "customerId": customer, "externalRef": "REF-1", "shippingCountry": "FR", "register": "T3" }),
        ),
        ("S1", "DRAFT", json!([line(&tea, 1)]), json!({})),
        ("S2", "CONFIRMED", json!([line(&mug, 3)]), json!({ "customerId": customer })),
        ("S1", "FULFILLED", json!([line(&mug, 1)]), json!({})),
        ("S1", "CONFIRMED", json!([line(&set, 2)]), json!({})),
        ("S1", "PENDING", json!([line(&tea, 2)]), json!({})),
        ("S2", "CONFIRMED", json!([charge]), json!({})),
    ];
    for (index, (store, status, lines, extra)) in orders.into_iter().enumerate() {
        let input =
            json!({ "idempotencyKey": format!("order-{index}"), "store": { "code": store }, "status": status, "lines": lines });
        create("orderCreate", "OrderCreateInput", with(input, extra), "order").await;
    }
}

/// The owner, but with some permissions for one store alone, and without others.
fn limited(world: &World, store: StoreId, limited: &[&str], lacking: &[&str]) -> Caller {
    let mut permissions = PermissionSet::default();
    for (index, info) in REGISTRY.iter().enumerate().filter(|(_, info)| !lacking.contains(&info.code)) {
        let reach = if limited.contains(&info.code) { Reach::stores([store]) } else { Reach::Everywhere };
        permissions.grant(index, &reach);
    }
    Caller { permissions, ..world.owner.clone() }
}

on_both!(the_fields_that_are_written_straight, world: World => {
    let schema = whole_schema(world).await;
    trade(&schema, world).await;
    let calls = Calls::of_the_schema();
    for ((kind, list), (_, wanted)) in LISTS.into_iter().zip(LEAN) {
        // The first product is no kit: the cost of a kit is derived from its components.
        let arguments = if list.contains("products") { "first: 1, orderBy: { field: NAME }" } else { "first: 5" };
        let mut found = BTreeSet::new();
        for (field, selection) in selections(&calls, kind) {
            let least = if selection.contains('{') { format!("{field} {{ __typename }}") } else { selection };
            if is_lean(&schema, world, &query(list, arguments, &least)).await {
                found.insert(field);
            }
        }
        assert_eq!(found, wanted.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>(), "{kind}");
        for (_, reference) in REFERENCES.iter().filter(|(of, _)| *of == kind) {
            assert!(is_lean(&schema, world, &query(list, arguments, reference)).await, "{kind}: {reference}");
        }
    }
});

on_both!(every_field_is_told_as_its_resolver_tells_it, world: World => {
    let schema = whole_schema(world).await;
    trade(&schema, world).await;
    let calls = Calls::of_the_schema();
    let store = execute_on(&schema, world, "{ store(by: { code: \"S1\" }) { id } }", json!({})).await["store"]["id"].clone();
    let store: StoreId = store.as_str().unwrap().parse().unwrap();
    let everything: &[&str] = &["stock.read", "stock.movement.read", "order.read", "order.fulfil", "order.cancel"];
    let callers = [
        ("the owner", world.owner.clone()),
        ("a shop", limited(world, store, everything, &[])),
        ("a shop's shipper", limited(world, store, &["order.fulfil"], &["order.write", "product.cost.read"])),
        ("who sees no costs and customers", limited(world, store, &["stock.read"], &["product.cost.read", "customer.read"])),
        ("who sees no contacts", limited(world, store, &[], &["customer.contact.read"])),
        ("who sees no stock", limited(world, store, &[], &["stock.read", "stock.availability.read"])),
        ("who sees no products", limited(world, store, &[], &["product.read", "store.read"])),
    ];
    for (name, caller) in callers {
        for (kind, list) in LISTS {
            for (_, selection) in selections(&calls, kind) {
                let ask = |marker: &str| query(list, "first: 10", &format!("{marker} {selection}"));
                let lean = told(&schema, world, &caller, &ask("marker: id")).await;
                // A directive sends the whole list to the ordinary resolvers.
                let ordinary = told(&schema, world, &caller, &ask("marker: id @include(if: true)")).await;
                assert_eq!(lean, ordinary, "{name}: {kind} {selection}");
            }
        }
    }
});

on_both!(a_shop_sees_its_own_levels_alone, world: World => {
    let schema = whole_schema(world).await;
    trade(&schema, world).await;
    let store = execute_on(&schema, world, "{ store(by: { code: \"S2\" }) { id } }", json!({})).await["store"]["id"].clone();
    let shop = limited(world, store.as_str().unwrap().parse().unwrap(), &["stock.read"], &[]);
    let page = "{ products(orderBy: { field: NAME }) { nodes { name stock { id onHand version status maximum store { code } } } } }";
    let before = world.db.statements();
    let lean = told(&schema, world, &shop, page).await;
    assert_eq!((&lean.1, world.db.statements() - before), (&vec![], 3));
    let stock = |index: usize| lean.0["products"]["nodes"][index]["stock"].as_array().unwrap();
    assert_eq!((stock(0).len(), stock(1).len(), stock(2).len()), (1, 0, 0));
    assert_eq!((&stock(0)[0]["store"]["code"], &stock(0)[0]["status"]), (&json!("S2"), &json!("OVERSTOCK")));
    let ordinary = told(&schema, world, &shop, &page.replace("stock {", "stock @include(if: true) {")).await;
    assert_eq!(lean, ordinary);
});

on_both!(what_is_unknown_sends_itself_alone, world: World => {
    let schema = whole_schema(world).await;
    trade(&schema, world).await;
    // Selections beyond the lean fields: arguments, the same field twice, fragments, references to
    // further objects, and fields of other tables.
    for query in [
        "{ products(first: 10) { nodes { # images { id } name first: stock(stores: [{ code: \"S1\" }]) { onHand entries(first: 1) { nodes { quantity } } }
           stock { id store { code groups { id } } } } } }",
        "{ products(first: 10) { nodes { # sku a: stock { onHand } b: stock { id version } ...More } } }
         fragment More on Product { availability { available } kits { sku } category { id children { id } } }",
        "{ orders(first: 10) { nodes { # number lines { sku allocations { quantity store { code } } } total { amount } currentTotal { amount }
           channel { id } allowedActions fulfilments { id } } } }",
        "{ orders(first: 10) { nodes { # a: lines { sku } b: lines { open product { sku stock { onHand } } } holds { reason } customer { id email } } } }",
    ] {
        let (data, errors) = told(&schema, world, &world.owner, &query.replace('#', "marker: id")).await;
        assert_eq!(errors, Vec::<String>::new(), "{query}");
        assert!(data[if query.contains("orders") { "orders" } else { "products" }]["nodes"][0]["marker"].is_string());
        let ordinary = told(&schema, world, &world.owner, &query.replace('#', "marker: id @include(if: true)")).await;
        assert_eq!((data, errors), ordinary, "{query}");
    }
});

on_both!(what_is_read_for_a_page, world: World => {
    let schema = whole_schema(world).await;
    trade(&schema, world).await;
    for (statements, page) in [
        // Products, levels, stores.
        (3, "{ products(first: 10) { nodes { id stock { id version status onHand store { id code } } } } }"),
        // And categories with suppliers, and barcodes.
        (5, "{ products(first: 10) { nodes { id category { name } supplier { name } barcodes { code } stock { id seq store { code } } } } }"),
        // Orders, lines, channels.
        (3, "{ orders(first: 10) { nodes { id channel { code } allowedActions lines { id open quantity } } } }"),
        (3, "{ orders(first: 10) { nodes { id channel { code } allowedActions lines { id sku } } } }"),
        // The lines are read for their open quantities.
        (2, "{ orders(first: 10) { nodes { id allowedActions } } }"),
        (1, "{ orders(first: 10) { nodes { id shippingCountry } } }"),
    ] {
        let before = world.db.statements();
        let (_, errors) = told(&schema, world, &world.owner, page).await;
        assert_eq!((errors, world.db.statements() - before), (vec![], statements), "{page}");
    }
});
