//! Things that calls name by keys of the retailer's own: customers by their addresses, orders by their channel's reference, stores of groups and
//! exports, products of kits and pictures.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod documents;
mod lists;
mod members;
mod numbers;
mod rows;
mod settings;

use entrepot::access::{Caller, REGISTRY};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::{answers::refusals, on_both},
};

on_both!(
    a_customer_is_named_by_an_address_that_one_has,
    an_address_names_nobody_to_who_may_not_see_addresses,
    an_order_is_named_by_the_reference_of_a_channel,
    a_kit_is_made_of_products_by_their_keys,
    a_kit_is_told_every_product_that_is_not_there,
    what_is_not_there_is_named_as_it_was_sent,
    a_picture_is_of_a_product_by_its_key,
    an_export_and_a_group_name_their_stores_by_code,
);

const BUYER: &str = "order { id customer { id } }";
const ORDERS: &str = "query($search: String) { orders(filter: { search: $search }) { nodes { id } totalCount { count } } }";

/// A draft of one mug for a customer.
fn draft(office: &Office<'_>, mug: &Value, customer: Value) -> Value {
    json!({ "idempotencyKey": key(), "store": office.store, "status": "DRAFT", "customer": customer,
        "lines": [{ "product": mug, "quantity": 1 }] })
}

/// Our owner without a permission.
fn without(world: &World, lacking: &str) -> Caller {
    let codes: Vec<&str> = REGISTRY.iter().map(|known| known.code).filter(|code| *code != lacking).collect();
    world.ours.owner_with(&codes)
}

async fn a_customer_is_named_by_an_address_that_one_has(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-7", "1.00").await;
    let buyer = json!(world.ours.ids["cus"]);
    let order =
        async |customer: Value| office.mutate("orderCreate", "OrderCreateInput", BUYER, draft(&office, &mug, customer)).await;
    let input = draft(&office, &mug, json!({ "email": " ALPHA@example.com" }));
    let payload = office.mutate("orderCreate", "OrderCreateInput", BUYER, input.clone()).await;
    assert_eq!(accepted(&payload, "order")["customer"]["id"], buyer);
    let found = office.execute("{ customer(by: { email: \"alpha@EXAMPLE.com\" }) { id } }", json!({})).await;
    assert_eq!(found["data"]["customer"]["id"], buyer, "{found:#}");
    // An order is found by the address, too.
    let found = office.execute(ORDERS, json!({ "search": "alpha@example.com" })).await["data"]["orders"].clone();
    let id = &payload["order"]["id"];
    assert!(found["nodes"].as_array().unwrap().iter().any(|node| node["id"] == *id), "{found:#}");
    assert_eq!(found["totalCount"]["count"], found["nodes"].as_array().unwrap().len());
    // Neither an unknown address nor another company's.
    for nobody in ["nobody@example.com", "bravo@example.com"] {
        refused(&order(json!({ "email": nobody })).await, "NOT_FOUND", "input.customer.email");
        let answer =
            office.execute("query($email: String!) { customer(by: { email: $email }) { id } }", json!({ "email": nobody })).await;
        assert_eq!(answer["data"], json!({ "customer": null }), "{answer:#}");
        assert_eq!(office.execute(ORDERS, json!({ "search": nobody })).await["data"]["orders"]["nodes"], json!([]));
    }
    let twin = json!({ "externalRef": "twin", "name": "Twin", "email": "Alpha@example.com" });
    accepted(&office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", twin).await, "customer");
    let message = refused(&order(json!({ "email": "alpha@example.com" })).await, "INVALID", "input.customer.email");
    assert!(message.contains("2 customers"), "{message}");
    // A retry of what one of them ordered before has the answer of that, and an ID beside the address chooses one of the two.
    let again = office.mutate("orderCreate", "OrderCreateInput", BUYER, input).await;
    assert_eq!((&accepted(&again, "order")["id"], &again["replayed"]), (&payload["order"]["id"], &json!(true)));
    let mut both = draft(&office, &mug, json!({ "email": "alpha@example.com" }));
    both["customerId"] = buyer.clone();
    let chosen = office.mutate("orderCreate", "OrderCreateInput", BUYER, both).await;
    assert_eq!(accepted(&chosen, "order")["customer"]["id"], buyer);
    let answer = office.execute("{ customer(by: { email: \"alpha@example.com\" }) { id } }", json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}

async fn an_address_names_nobody_to_who_may_not_see_addresses(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-7", "1.00").await;
    let payload = office
        .mutate("orderCreate", "OrderCreateInput", BUYER, draft(&office, &mug, json!({ "email": "alpha@example.com" })))
        .await;
    accepted(&payload, "order");
    let clerk = office.as_caller(without(world, "customer.contact.read"));
    let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } } }";
    for email in ["alpha@example.com", "nobody@example.com"] {
        let input = draft(&office, &mug, json!({ "email": email }));
        let answer = clerk.execute(document, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
        let answer =
            clerk.execute("query($email: String!) { customer(by: { email: $email }) { id } }", json!({ "email": email })).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
        // A search skips the fields that the caller may not see.
        let answer = clerk.execute(ORDERS, json!({ "search": email })).await;
        assert_eq!(answer["data"]["orders"]["nodes"], json!([]), "{answer:#}");
    }
}

async fn an_order_is_named_by_the_reference_of_a_channel(world: &World) {
    let office = Office::of(world).await;
    let (order, channel) = (&world.ours.ids["ord"], &world.ours.ids["chn"]);
    let code = office.execute("query($id: ID!) { channel(by: { id: $id }) { code } }", json!({ "id": channel })).await;
    let code = code["data"]["channel"]["code"].as_str().unwrap().to_owned();
    let fair =
        office.mutate("channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "FAIR", "name": "Fair" })).await;
    let fair = accepted(&fair, "channel")["id"].clone();
    let bound = |id: &Value| Caller { channel: Some(id.as_str().unwrap().parse().unwrap()), ..office.caller.clone() };
    let (shop, stall) = (office.as_caller(bound(&json!(channel))), office.as_caller(bound(&fair)));
    let find = async |office: &Office<'_>, extra: Value| {
        let mut external = json!({ "ref": "alpha-order" });
        external.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        office.execute("query($by: OrderRef!) { order(by: $by) { id } }", json!({ "by": { "external": external } })).await
    };
    for extra in [
        json!({ "channelId": channel }),
        json!({ "channel": { "code": code.to_lowercase() } }),
        json!({ "channel": { "id": channel }, "channelId": channel }),
    ] {
        let found = find(&office, extra.clone()).await;
        assert_eq!(found["data"]["order"]["id"], json!(order), "{extra}: {found:#}");
    }
    assert_eq!(find(&shop, json!({})).await["data"]["order"]["id"], json!(order), "that of the channel that it is bound to");
    for (office, extra) in [
        (&stall, json!({})),
        (&office, json!({ "channel": { "code": "NONE" } })),
        (&office, json!({ "channel": { "code": "FAIR" } })),
    ] {
        assert_eq!(find(office, extra.clone()).await["data"], json!({ "order": null }), "{extra}");
    }
    for extra in
        [json!({}), json!({ "channel": { "code": "FAIR" }, "channelId": channel }), json!({ "channel": { "id": order } })]
    {
        let answer = find(&office, extra.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{extra}: {answer:#}");
    }
    let pay = async |office: &Office<'_>, external: Value| {
        let input = json!({ "idempotencyKey": key(), "order": { "external": external }, "kind": "CAPTURE", "amount": gbp("1.00"), "method": "CARD" });
        office.mutate("paymentRecord", "PaymentRecordInput", "payment { order { id } }", input).await
    };
    for (office, external) in
        [(&office, json!({ "channel": { "code": code }, "ref": "alpha-order" })), (&shop, json!({ "ref": "alpha-order" }))]
    {
        assert_eq!(accepted(&pay(office, external).await, "payment")["order"]["id"], json!(order));
    }
    let nowhere = json!({ "ref": "alpha-order" });
    refused(&pay(&office, nowhere.clone()).await, "REQUIRED", "input.order.external.channel");
    refused(&pay(&stall, nowhere).await, "NOT_FOUND", "input.order.external.ref");
    let two = json!({ "channel": { "code": "FAIR" }, "channelId": channel, "ref": "alpha-order" });
    refused(&pay(&office, two).await, "INVALID", "input.order.external.channel");
    let list = json!({ "idempotencyKey": key(), "payments": [
        { "order": { "id": order }, "kind": "CAPTURE", "amount": gbp("1.00"), "method": "CARD" },
        { "order": { "external": { "ref": "alpha-order" } }, "kind": "CAPTURE", "amount": gbp("1.00"), "method": "CARD" }] });
    let answer = office.mutate("paymentsRecord", "PaymentsRecordInput", "payments { id }", list).await;
    refused(&answer, "REQUIRED", "input.payments.1.order.external.channel");
}

async fn a_kit_is_made_of_products_by_their_keys(world: &World) {
    let office = Office::of(world).await;
    let (set, cup) = (office.product("SET-7", "0.00").await, office.product("CUP-7", "1.00").await);
    office.product("TRAY-7", "2.00").await;
    let kit = async |components: Value| {
        let input = json!({ "idempotencyKey": key(), "id": set["id"], "components": components });
        office.mutate("kitSet", "KitSetInput", "product { components { product { sku } quantity } }", input).await
    };
    let payload =
        kit(json!([{ "product": { "sku": "tray-7" }, "quantity": 1 }, { "productId": cup["id"], "quantity": 4 }])).await;
    let mut skus: Vec<&str> = accepted(&payload, "product")["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| component["product"]["sku"].as_str().unwrap())
        .collect();
    skus.sort_unstable();
    assert_eq!(skus, ["CUP-7", "TRAY-7"]);
    let unknown = kit(json!([{ "productId": cup["id"], "quantity": 1 }, { "product": { "sku": "NONE" }, "quantity": 1 }])).await;
    refused(&unknown, "NOT_FOUND", "input.components.1.product.sku");
    refused(&kit(json!([{ "quantity": 1 }])).await, "REQUIRED", "input.components.0.product");
    let two = json!([{ "product": { "sku": "TRAY-7" }, "productId": cup["id"], "quantity": 1 }]);
    refused(&kit(two).await, "INVALID", "input.components.0.product");
}

async fn a_kit_is_told_every_product_that_is_not_there(world: &World) {
    let office = Office::of(world).await;
    let (set, cup) = (office.product("SET-7", "0.00").await, office.product("CUP-7", "1.00").await);
    let kit = async |set: &Value, components: Value| {
        let input = json!({ "idempotencyKey": key(), "product": set, "components": components });
        office.mutate("kitSet", "KitSetInput", "product { id }", input).await
    };
    let missing =
        |paths: &[String]| -> Vec<(String, String)> { paths.iter().map(|path| ("NOT_FOUND".to_owned(), path.clone())).collect() };
    let input_for = |sku: &str, quantity: i64| json!({ "product": { "sku": sku }, "quantity": quantity });
    let one = |nth: usize| format!("input.components.{nth}.product.sku");
    let payload = kit(&set, json!([input_for("NONE", 1), input_for("NOR", 1)])).await;
    assert_eq!(refusals(&payload), missing(&[one(0), one(1)]));
    let messages: Vec<&Value> = payload["userErrors"].as_array().unwrap().iter().map(|error| &error["message"]).collect();
    assert_eq!(messages, ["there is no such product: \"NONE\"", "there is no such product: \"NOR\""]);
    assert_eq!(
        refusals(&kit(&set, json!([input_for("NONE", 1), input_for("NONE", 1)])).await),
        missing(&[one(0), one(1)]),
        "the same twice"
    );
    let theirs = json!({ "product": { "id": world.theirs.ids["prd"] }, "quantity": 1 });
    let by_id = |nth: usize| format!("input.components.{nth}.product.id");
    assert_eq!(refusals(&kit(&set, json!([theirs, theirs])).await), missing(&[by_id(0), by_id(1)]));
    // Missing references are reported before errors in the other lines.
    let lines = json!([input_for("CUP-7", 1), input_for("CUP-7", 0), input_for("NONE", 0), input_for("CUP-7", 1)]);
    assert_eq!(refusals(&kit(&set, lines).await), missing(&[one(2)]));
    let nobody = json!({ "sku": "NOBODY" });
    assert_eq!(refusals(&kit(&nobody, json!([input_for("NONE", 1)])).await), missing(&["input.product.sku".to_owned(), one(0)]));
    refused(
        &kit(&set, json!([input_for("CUP-7", 1), { "product": cup, "quantity": 2 }])).await,
        "DUPLICATE",
        "input.components.1.product.id",
    );
    accepted(&kit(&set, json!([input_for("CUP-7", 4)])).await, "product");
}

async fn what_is_not_there_is_named_as_it_was_sent(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-7", "1.00").await;
    let order = async |name: &str, sent: Value| {
        let mut input = draft(&office, &mug, json!({ "id": world.ours.ids["cus"] }));
        input[name] = sent;
        office.mutate("orderCreate", "OrderCreateInput", BUYER, input).await
    };
    let message = refused(&order("channel", json!({ "code": "BAZAAR" })).await, "NOT_FOUND", "input.channel.code");
    assert_eq!(message, "there is no such channel: \"BAZAAR\"");
    let message =
        refused(&order("customer", json!({ "externalRef": "nobody-7" })).await, "NOT_FOUND", "input.customer.externalRef");
    assert_eq!(message, "there is no such customer: \"nobody-7\"");
    let product = async |category: &str| {
        let input = json!({ "sku": "PLATE-7", "name": "Plate", "category": { "slug": category } });
        office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await
    };
    let message = refused(&product("cutlery").await, "NOT_FOUND", "input.category.slug");
    assert_eq!(message, "there is no such category: \"cutlery\"");
    let message = refused(&product(&"x".repeat(80)).await, "NOT_FOUND", "input.category.slug");
    assert_eq!(message, format!("there is no such category: \"{}…\"", "x".repeat(64)));
}

async fn a_picture_is_of_a_product_by_its_key(world: &World) {
    let office = Office::of(world).await;
    office.product("MUG-7", "1.00").await;
    let add = async |extra: Value| {
        let mut input = json!({ "idempotencyKey": key(), "fileId": world.ours.picture });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        office.mutate("productImageAdd", "ProductImageAddInput", "image { id }", input).await
    };
    refused(&add(json!({})).await, "REQUIRED", "input.product");
    refused(&add(json!({ "product": { "sku": "NONE" } })).await, "NOT_FOUND", "input.product.sku");
    let added = add(json!({ "product": { "sku": "mug-7" } })).await;
    assert!(accepted(&added, "image")["id"].is_string(), "{added:#}");
}

async fn an_export_and_a_group_name_their_stores_by_code(world: &World) {
    let office = Office::of(world).await;
    let run = async |extra: Value| {
        let mut input = json!({ "idempotencyKey": key(), "entity": "STOCK" });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        office.mutate("exportCreate", "ExportCreateInput", "dataJob { id }", input).await
    };
    let both = json!({ "stores": [{ "code": "DOCK" }], "storeIds": [office.store["id"]] });
    refused(&run(both).await, "INVALID", "input.stores");
    refused(&run(json!({ "stores": [{ "id": world.ours.ids["prd"] }] })).await, "INVALID", "input.stores.0.id");
    let requested_run =
        run(json!({ "stores": [{ "code": "dock" }], "products": [{ "sku": "alpha-mug" }], "categories": [{ "slug": "none" }] }))
            .await;
    assert!(accepted(&requested_run, "dataJob")["id"].is_string(), "{requested_run:#}");
    let group = async |stores: Value| {
        let input = json!({ "code": "SOUTH", "name": "South", "stores": stores });
        office.mutate("storeGroupCreate", "StoreGroupCreateInput", "storeGroup { id stores { id } }", input).await
    };
    let unknown = group(json!([{ "code": "DOCK" }, { "code": "NONE" }])).await;
    refused(&unknown, "NOT_FOUND", "input.stores.1.code");
    let payload = group(json!([{ "code": "dock" }])).await;
    let only = json!([{ "id": office.store["id"] }]);
    assert_eq!(accepted(&payload, "storeGroup")["stores"], only);
    let filter = json!({ "filter": { "group": { "eq": payload["storeGroup"]["id"] } } });
    let listed = office.execute("query($filter: StoreFilter) { stores(filter: $filter) { nodes { id } } }", filter).await;
    assert_eq!(listed["data"]["stores"]["nodes"], only, "{listed:#}");
}
