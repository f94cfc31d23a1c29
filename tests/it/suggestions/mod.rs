//! Categories, duplicates and clean names that are suggested from a company's own products; accepted and refused.

mod descriptions;
mod shop;
mod tags;

use entrepot::storage::journal;
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{accepted, key, refused},
    world::on_both,
};
use shop::{ACCEPT, CLEANUPS, DUPLICATES, MODEL, SUGGESTIONS, Shop, texts};

on_both!(
    an_uncategorised_mug_is_suggested_the_mugs,
    a_refused_category_is_not_suggested_again,
    another_companys_catalogue_teaches_nothing,
    who_may_not_read_products_gets_nothing,
    a_catalogue_of_three_products_says_why_it_suggests_nothing,
    accepting_changes_the_category_and_tells_it,
    one_stale_line_refuses_all_lines,
    a_product_that_was_entered_twice_is_found,
    names_are_cleaned_by_rules_that_say_what_they_did,
    suggestions_come_in_pages,
);

async fn an_uncategorised_mug_is_suggested_the_mugs(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let mug = shop.product("Dragonfly mug", None).await;
    let page = shop.suggestions(&mug).await;
    assert_eq!((&page["status"], &page["isPartial"]), (&json!("READY"), &json!(false)));
    let best = &page["nodes"][0]["categories"][0];
    assert_eq!((&page["nodes"][0]["product"]["id"], &best["category"]["name"]), (&mug["id"], &json!("Mugs")), "{page:#}");
    let words = texts(&best["reasons"], "text");
    assert!(words.contains(&"mug".to_owned()), "the word mug spoke for it: {page:#}");
    let confidence = |place: usize| page["nodes"][0]["categories"][place]["confidence"].as_f64().unwrap();
    assert!(confidence(0) > confidence(1) && confidence(0) <= 1.0, "{page:#}");
    // The accuracy is measured on this company's own products, each predicted by a model that was
    // trained without it.
    let model = shop.execute(MODEL, json!({})).await["productTextModel"].clone();
    let learned = ["status", "productCount", "classes", "heldOut", "isPartial"].map(|name| model[name].clone());
    assert_eq!(learned, [json!("READY"), json!(24), json!(2), json!(24), json!(false)], "{model:#}");
    assert!(model["accuracyTop1"].as_f64() > model["baseline"].as_f64(), "{model:#}");
    // A product with a category gets no suggestion, unless the filter includes it.
    let owl = shop.named("owl mug").await;
    assert_eq!(shop.suggestions(&owl).await["nodes"], json!([]));
    let filter = json!({ "products": [{ "sku": owl["sku"] }, { "sku": "no such" }], "isWithoutCategory": false });
    let page = shop.execute(SUGGESTIONS, json!({ "filter": filter })).await["productCategorySuggestions"].clone();
    assert_eq!(page["nodes"][0]["categories"][0]["category"]["name"], "Mugs", "{page:#}");
}

async fn a_refused_category_is_not_suggested_again(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let (mug, other) = (shop.product("Dragonfly mug", None).await, shop.product("Heron mug", None).await);
    let third = shop.product("Crane mug", None).await;
    let categories = async |product: &Value| {
        let page = shop.suggestions(product).await;
        let found = page["nodes"][0]["categories"].as_array().unwrap().clone();
        found.iter().map(|one| one["category"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(categories(&mug).await, ["Mugs", "Lamps"]);
    for _ in 0..2 {
        let payload = shop.refuse(&mug["id"], &shop.mugs).await;
        assert_eq!(payload["userErrors"], json!([]), "refusing twice is refusing once: {payload:#}");
    }
    assert_eq!(categories(&mug).await, ["Lamps"]);
    assert_eq!(categories(&other).await, ["Mugs", "Lamps"], "another product is another question");
    // Many at once, all or none.
    let theirs = json!(world.theirs.ids["prd"]);
    let input_for = |product: &Value, category: &Value| json!({ "product": { "id": product }, "category": { "id": category } });
    let both = async |second: Value| {
        let input = json!({ "suggestions": [input_for(&other["id"], &shop.mugs), second] });
        shop.execute(shop::REFUSE, json!({ "input": input })).await["productSuggestionRefuse"].clone()
    };
    refused(&both(input_for(&theirs, &shop.mugs)).await, "NOT_FOUND", "input.suggestions.1.product.id");
    refused(&both(json!({ "product": { "id": third["id"] } })).await, "REQUIRED", "input.suggestions.1.category");
    assert_eq!(categories(&other).await, ["Mugs", "Lamps"], "none was kept");
    assert_eq!(both(input_for(&third["id"], &shop.lamps)).await["userErrors"], json!([]));
    assert_eq!((categories(&other).await, categories(&third).await), (vec!["Lamps".to_owned()], vec!["Mugs".to_owned()]));
    refused(&shop.refuse(&theirs, &shop.mugs).await, "NOT_FOUND", "input.productId");
    refused(&shop.refuse(&mug["id"], &json!(world.theirs.ids["cat"])).await, "NOT_FOUND", "input.categoryId");
    shop.office.is_sound().await;
}

async fn another_companys_catalogue_teaches_nothing(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    for name in ["Dragonfly mug", "DRAGONFLY MUG"] {
        shop.product(name, None).await;
    }
    let pairs = shop.execute(DUPLICATES, json!({})).await.to_string();
    assert!(pairs.contains("Dragonfly"), "{pairs}");
    assert_eq!(shop.execute(MODEL, json!({})).await["productTextModel"]["status"], "READY");
    let theirs = world.theirs.owner.clone();
    let answer = world.execute(&world.theirs, Some(theirs.clone()), SUGGESTIONS, &json!({})).await;
    let page = &answer["data"]["productCategorySuggestions"];
    assert_eq!((&page["status"], &page["nodes"]), (&json!("TOO_FEW_CATEGORIES"), &json!([])), "{answer:#}");
    let answer = world.execute(&world.theirs, Some(theirs), DUPLICATES, &json!({})).await;
    assert!(answer["errors"].is_null() && !answer.to_string().contains("Dragonfly"), "{answer:#}");
}

async fn who_may_not_read_products_gets_nothing(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let mug = shop.product("Dragonfly mug", None).await;
    let clerk = shop.office.as_caller(world.ours.owner_with(&["store.read", "product.write"]));
    for query in [SUGGESTIONS, MODEL, DUPLICATES, CLEANUPS] {
        let answer = clerk.execute(query, json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
    }
    let reader = shop.office.as_caller(world.ours.owner_with(&["product.read"]));
    let lines = json!([{ "productId": mug["id"], "categoryId": shop.mugs, "expectedVersion": 1 }]);
    let answer = reader.execute(ACCEPT, json!({ "input": { "idempotencyKey": key(), "categories": lines } })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
    let answer = reader.execute(shop::REFUSE, json!({ "input": { "productId": mug["id"], "categoryId": shop.mugs } })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer:#}");
}

async fn a_catalogue_of_three_products_says_why_it_suggests_nothing(world: &World) {
    let shop = Shop::of(world).await;
    for name in ["owl mug", "fern mug"] {
        shop.product(name, Some(&shop.mugs)).await;
    }
    let mug = shop.product("Dragonfly mug", None).await;
    let nothing = async || {
        let page = shop.suggestions(&mug).await;
        assert_eq!((&page["status"], &page["nodes"]), (&json!("TOO_FEW_CATEGORIES"), &json!([])), "{page:#}");
        shop.execute(MODEL, json!({})).await["productTextModel"].clone()
    };
    let model = nothing().await;
    assert_eq!((&model["productCount"], &model["accuracyTop1"], &model["baseline"]), (&json!(0), &Value::Null, &Value::Null));
    // Nor are there suggestions if all products are mugs, as there is only one category.
    shop.stock("mug", &shop.mugs).await;
    nothing().await;
    // With a second category the model is trained.
    shop.stock("lamp", &shop.lamps).await;
    assert_eq!(shop.suggestions(&mug).await["nodes"][0]["categories"][0]["category"]["name"], "Mugs");
}

async fn accepting_changes_the_category_and_tells_it(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let (mug, heron) = (shop.product("Dragonfly mug 12CM", None).await, shop.product("Heron mug", None).await);
    let input_for = |product: &Value| json!({ "productId": product["id"], "categoryId": shop.mugs, "expectedVersion": 1 });
    let input = json!({ "idempotencyKey": key(), "categories": [input_for(&mug), input_for(&heron)],
        "names": [{ "productId": mug["id"], "name": "Dragonfly mug 12 cm", "expectedVersion": 1 }] });
    let looked = shop.accept(&input, true).await;
    assert_eq!((accepted(&looked, "products")[0]["version"].clone(), &looked["seq"]), (json!(2), &Value::Null), "{looked:#}");
    assert_eq!(shop.named("Dragonfly mug 12CM").await["version"], 1, "validating writes nothing");
    let payload = shop.accept(&input, false).await;
    let products: Vec<Value> = accepted(&payload, "products").as_array().unwrap().clone();
    let shown = |product: &Value| [&product["name"], &product["category"]["name"], &product["version"]].map(Clone::clone);
    assert_eq!(shown(&products[0]), [json!("Dragonfly mug 12 cm"), json!("Mugs"), json!(2)], "both in one change");
    assert_eq!(shown(&products[1]), [json!("Heron mug"), json!("Mugs"), json!(2)]);
    let seq = payload["seq"].as_i64().unwrap();
    let events = journal::after(&world.node.db.tenant(world.ours.owner.tenant), seq - 2, 10).await.unwrap();
    let event_facts: Vec<(&str, Value)> =
        events.iter().map(|event| (event.kind.as_str(), serde_json::from_str(&event.payload).unwrap())).collect();
    assert_eq!(event_facts.len(), 2, "one event a product: {event_facts:?}");
    assert!(
        event_facts.iter().all(|(kind, payload)| *kind == "product.updated" && payload["categoryAfter"] == shop.mugs),
        "{event_facts:?}"
    );
    let again = shop.accept(&input, false).await;
    assert_eq!((&again["replayed"], &again["seq"], &again["userErrors"]), (&json!(true), &json!(seq), &json!([])), "{again:#}");
    assert_eq!(shop.suggestions(&mug).await["nodes"], json!([]), "it has its category now");
    shop.office.is_sound().await;
}

async fn one_stale_line_refuses_all_lines(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let (mug, heron) = (shop.product("Dragonfly mug", None).await, shop.product("Heron mug", None).await);
    let input_for = |product: &Value, version: i64| json!({ "productId": product["id"], "categoryId": shop.mugs, "expectedVersion": version });
    let accept = async |categories: Value, names: Value| {
        shop.accept(&json!({ "idempotencyKey": key(), "categories": categories, "names": names }), false).await
    };
    let stale = accept(json!([input_for(&mug, 1), input_for(&heron, 7)]), json!([])).await;
    refused(&stale, "VERSION_CONFLICT", "input.categories.1.expectedVersion");
    assert_eq!((&stale["products"], &stale["seq"]), (&json!([]), &Value::Null));
    let nowhere = json!({ "productId": heron["id"], "categoryId": world.theirs.ids["cat"], "expectedVersion": 1 });
    refused(&accept(json!([input_for(&mug, 1), nowhere]), json!([])).await, "NOT_FOUND", "input.categories.1.categoryId");
    let name = |product: &Value, name: &str, version: i64| json!({ "productId": product["id"], "name": name, "expectedVersion": version });
    let empty = accept(json!([input_for(&mug, 1)]), json!([name(&heron, " ", 1)])).await;
    refused(&empty, "REQUIRED", "input.names.0.name");
    let foreign = json!({ "id": world.theirs.ids["prd"] });
    refused(
        &accept(json!([input_for(&mug, 1), input_for(&foreign, 1)]), json!([])).await,
        "NOT_FOUND",
        "input.categories.1.productId",
    );
    let product = shop.named("Dragonfly mug").await;
    assert_eq!((&product["version"], &product["category"]), (&json!(1), &Value::Null), "nothing is half done");
    // Contradictory input is refused before any row is read.
    refused(&accept(json!([]), json!([])).await, "REQUIRED", "input.categories");
    refused(
        &accept(json!([input_for(&mug, 1), input_for(&mug, 1)]), json!([])).await,
        "DUPLICATE",
        "input.categories.1.productId",
    );
    let other = accept(json!([input_for(&mug, 1)]), json!([name(&mug, "Mug", 2)])).await;
    refused(&other, "INVALID", "input.names.0.expectedVersion");
    let many: Vec<Value> = (0..501).map(|_| input_for(&mug, 1)).collect();
    refused(&accept(json!(many), json!([])).await, "LIMIT_EXCEEDED", "input.categories");
}

async fn a_product_that_was_entered_twice_is_found(world: &World) {
    let shop = Shop::of(world).await;
    let ring = shop.product("Key ring daisy garden", None).await;
    shop.product("Keyring daisy garden", None).await;
    for variant in ["Jumbo bag red retrospot", "Jumbo bag pink retrospot"] {
        shop.product(variant, None).await;
    }
    let pairs = async || {
        let page = shop.execute(DUPLICATES, json!({})).await["productDuplicates"].clone();
        assert_eq!(page["status"], "READY", "{page:#}");
        let is_ours =
            |pair: &&Value| ["Key", "Jumbo"].iter().any(|word| pair["first"]["name"].as_str().unwrap().starts_with(word));
        page["nodes"].as_array().unwrap().iter().filter(is_ours).cloned().collect::<Vec<_>>()
    };
    let found = pairs().await;
    assert_eq!(found.len(), 1, "another colour is another product: {found:#?}");
    assert_eq!((&found[0]["first"]["id"], &found[0]["second"]["name"]), (&ring["id"], &json!("Keyring daisy garden")));
    assert_eq!((&found[0]["score"], &found[0]["reasons"]), (&json!(0.97), &json!([{ "kind": "JOINED", "words": [] }])));
    // A pair of different products is refused once, in either order, until one of them has another
    // name.
    let second = found[0]["second"].clone();
    let input_for =
        |product: &Value, other: &Value| json!({ "product": { "id": product["id"] }, "otherProduct": { "id": other["id"] } });
    let theirs = json!({ "id": world.theirs.ids["prd"] });
    refused(&shop.refuse_all(json!([input_for(&ring, &ring)])).await, "INVALID", "input.suggestions.0.otherProduct.id");
    let foreign = shop.refuse_all(json!([input_for(&second, &ring), input_for(&ring, &theirs)])).await;
    refused(&foreign, "NOT_FOUND", "input.suggestions.1.otherProduct.id");
    assert_eq!(pairs().await.len(), 1, "all or none");
    let both = json!([input_for(&second, &ring), input_for(&ring, &second)]);
    assert_eq!(shop.refuse_all(both).await["userErrors"], json!([]), "the same pair twice is one");
    assert_eq!(pairs().await, Vec::<Value>::new());
    shop.rename(&second, "Keyring Daisy garden").await;
    assert_eq!(pairs().await.len(), 1, "another name is a new question");
    shop.office.is_sound().await;
    shop.archive(&ring).await;
    assert_eq!(pairs().await, Vec::<Value>::new(), "one of them is gone");
}

async fn names_are_cleaned_by_rules_that_say_what_they_did(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("Dragonfly mug 12CM", None).await;
    shop.product("Cable USB-C 3M", None).await;
    let cleanups = async || {
        let page = shop.execute(CLEANUPS, json!({})).await["productNameCleanups"].clone();
        assert_eq!(page["status"], "READY", "{page:#}");
        page["nodes"].as_array().unwrap().clone()
    };
    let found = cleanups().await;
    let of_mug = found.iter().find(|one| one["product"]["id"] == mug["id"]).unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!((&of_mug["name"], &of_mug["proposed"]), (&json!("Dragonfly mug 12CM"), &json!("Dragonfly mug 12 cm")));
    let change = json!([{ "rule": "UNIT", "before": "Dragonfly mug 12CM", "after": "Dragonfly mug 12 cm" }]);
    assert_eq!(of_mug["changes"], change);
    assert!(!found.iter().any(|one| one["name"] == "Cable USB-C 3M"), "codes stay: {found:#?}");
    // A name that a member marks as right.
    let right = json!([{ "product": { "id": mug["id"] }, "isNameRight": true }]);
    assert_eq!(shop.refuse_all(right).await["userErrors"], json!([]));
    assert!(!cleanups().await.iter().any(|one| one["product"]["id"] == mug["id"]), "nobody asks again");
    shop.rename(&mug, "Dragonfly mug 14CM").await;
    let found = cleanups().await;
    assert!(found.iter().any(|one| one["proposed"] == "Dragonfly mug 14 cm"), "until it has another name: {found:#?}");
    let names = json!([{ "productId": mug["id"], "name": of_mug["proposed"], "expectedVersion": 2 }]);
    accepted(&shop.accept(&json!({ "idempotencyKey": key(), "names": names }), false).await, "products");
    assert!(!cleanups().await.iter().any(|one| one["product"]["id"] == mug["id"]), "it is clean now");
}

async fn suggestions_come_in_pages(world: &World) {
    let shop = Shop::with_mugs_and_lamps(world).await;
    let mut wanted = Vec::new();
    for name in ["Dragonfly mug", "Heron mug", "Heron lamp"] {
        wanted.push(shop.product(name, None).await["id"].as_str().unwrap().to_owned());
    }
    wanted.sort();
    let mut variables = json!({ "first": 2, "filter": { "productIds": wanted } });
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = shop.execute(SUGGESTIONS, variables.clone()).await["productCategorySuggestions"].clone();
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["product"]["id"].as_str().unwrap().to_owned()));
        pages += 1;
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        variables["after"] = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!((seen, pages), (wanted, 2));
    let answer = shop.office.execute(SUGGESTIONS, json!({ "filter": { "productIds": [shop.mugs] } })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "a category is no product: {answer:#}");
    let both = json!({ "filter": { "productIds": [], "products": [{ "sku": "SKU-1" }] } });
    assert_eq!(shop.office.execute(SUGGESTIONS, both).await["errors"][0]["code"], "BAD_USER_INPUT", "one of the two");
}
