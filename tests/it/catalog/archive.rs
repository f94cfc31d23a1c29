//! Archives and restores of categories, families, suppliers and channels.

use serde_json::{Value, json};

use super::{category, change, product, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

/// Archives or restores a row: `verb` is Archive or Restore.
async fn turn(world: &World, noun: &str, verb: &str, input: Value) -> Value {
    let kind = format!("{}{}", noun[..1].to_uppercase(), &noun[1..]);
    let fields = format!("{noun} {{ id archivedAt version }}");
    change(world, &format!("{noun}{verb}"), &format!("{kind}{verb}Input"), &fields, input).await
}
async fn new(world: &World, noun: &str, code: &str) -> Value {
    let kind = format!("{}{}", noun[..1].to_uppercase(), &noun[1..]);
    let input = json!({ "code": code, "name": code });
    let payload =
        change(world, &format!("{noun}Create"), &format!("{kind}CreateInput"), &format!("{noun} {{ id }}"), input).await;
    succeeded(payload)[noun]["id"].clone()
}
async fn grow(world: &World, name: &str, parent: Option<&Value>) -> Value {
    succeeded(category(world, json!({ "name": name, "parentId": parent })).await)["category"]["id"].clone()
}
fn message(payload: &Value) -> &str {
    payload["userErrors"][0]["message"].as_str().unwrap_or_default()
}

on_both!(lists_leave_out_what_is_archived_unless_they_are_asked, world: World => {
    let (acme, _) = (new(world, "supplier", "ACME").await, new(world, "supplier", "BOND").await);
    let web = new(world, "channel", "web").await;
    let old = grow(world, "Old", None).await;
    let new_one = succeeded(category(world, json!({ "name": "New", "position": 1 })).await)["category"]["id"].clone();
    let cup = grow(world, "Cups", Some(&new_one)).await;
    for (noun, id) in [("supplier", &acme), ("channel", &web), ("category", &old), ("category", &cup)] {
        let payload = succeeded(turn(world, noun, "Archive", json!({ "id": id, "expectedVersion": 1 })).await);
        assert!(payload[noun]["archivedAt"].is_string(), "{payload:#}");
        assert_eq!(payload[noun]["version"], 2);
    }
    let query = "query($filter: ArchiveFilter, $own: SupplierFilter) { suppliers(filter: $own) { nodes { code } } channels(filter: $filter) { nodes { code } }
        categories(filter: $filter) { nodes { slug } } below: categories(parent: { slug: \"new\" }, filter: $filter) { nodes { slug } } }";
    let cases = [
        (json!({}), [json!([{ "code": "BOND" }]), json!([{ "code": "DIRECT" }]), json!([{ "slug": "new" }]), json!([])]),
        (json!({ "filter": {} }), [json!([{ "code": "BOND" }]), json!([{ "code": "DIRECT" }]), json!([{ "slug": "new" }]), json!([])]),
        (json!({ "filter": { "isArchived": true } }),
            [json!([{ "code": "ACME" }]), json!([{ "code": "web" }]), json!([{ "slug": "old" }]), json!([{ "slug": "cups" }])]),
        (json!({ "filter": { "isArchived": null } }),
            [json!([{ "code": "ACME" }, { "code": "BOND" }]), json!([{ "code": "DIRECT" }, { "code": "web" }]),
                json!([{ "slug": "old" }, { "slug": "new" }]), json!([{ "slug": "cups" }])]),
    ];
    for (variables, wanted) in cases {
        let mut input_variables = variables.clone();
        if let Some(filter) = variables.get("filter") {
            input_variables["own"] = filter.clone();
        }
        let page = world.execute(query, input_variables).await;
        let found = ["suppliers", "channels", "categories", "below"].map(|list| page[list]["nodes"].clone());
        assert_eq!(found, wanted, "{variables}");
    }
    let query = "query($f: ArchiveFilter, $d: Direction!) { channels(filter: $f, sort: { field: CODE, direction: $d }) { nodes { code } } }";
    for (filter, direction, codes) in [
        (json!({ "isArchived": null }), "DESC", json!([{ "code": "web" }, { "code": "DIRECT" }])),
        (json!({ "isArchived": null, "code": { "eq": "WEB" } }), "ASC", json!([{ "code": "web" }])),
        (json!({ "isArchived": null, "id": { "in": [web] } }), "ASC", json!([{ "code": "web" }])),
        (json!({ "search": "dir" }), "ASC", json!([{ "code": "DIRECT" }])),
        (json!({ "search": "web" }), "ASC", json!([])),
    ] {
        let found = world.execute(query, json!({ "f": filter, "d": direction })).await;
        assert_eq!(found["channels"]["nodes"], codes, "{filter}");
    }
    let query = "query($s: ID!, $c: ID!) { supplier(by: { id: $s }) { code archivedAt } channel(by: { code: \"web\" }) { archivedAt }
        category(by: { id: $c }) { slug archivedAt } parent: category(by: { slug: \"new\" }) { children { slug } } }";
    let read = world.execute(query, json!({ "s": acme, "c": old })).await;
    assert_eq!((&read["supplier"]["code"], &read["category"]["slug"], &read["parent"]["children"]), (&json!("ACME"), &json!("old"), &json!([])));
    assert!(["supplier", "channel", "category"].iter().all(|noun| read[noun]["archivedAt"].is_string()), "{read:#}");
});

on_both!(a_customer_out_of_use_is_in_no_list_unless_it_is_asked_for, world: World => {
    let mut ids = Vec::new();
    for name in ["Ada", "Bo"] {
        let input = json!({ "name": name, "externalRef": name, "tags": ["vip"] });
        let payload = succeeded(change(world, "customerCreate", "CustomerCreateInput", "customer { id }", input).await);
        ids.push(payload["customer"]["id"].clone());
    }
    let gone = succeeded(turn(world, "customer", "Archive", json!({ "id": ids[0], "expectedVersion": 1 })).await);
    assert_eq!((gone["customer"]["archivedAt"].is_string(), &gone["customer"]["version"]), (true, &json!(2)), "{gone:#}");
    assert_eq!(succeeded(turn(world, "customer", "Archive", json!({ "id": ids[0] })).await)["seq"], Value::Null, "archived already");
    let query = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { name } } customersCount(filter: $filter) { count }
        one: customer(by: { externalRef: \"Ada\" }) { name archivedAt } }";
    for (filter, names) in [
        (Value::Null, vec!["Bo"]),
        (json!({ "tag": { "eq": "vip" } }), vec!["Bo"]),
        (json!({ "isArchived": true }), vec!["Ada"]),
        (json!({ "isArchived": null }), vec!["Ada", "Bo"]),
        (json!({ "or": [{ "isArchived": true }, { "externalRef": { "eq": "Bo" } }] }), vec!["Ada", "Bo"]),
    ] {
        let page = world.execute(query, json!({ "filter": filter })).await;
        let found: Vec<&str> = page["customers"]["nodes"].as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
        assert_eq!((found, &page["customersCount"]["count"]), (names.clone(), &json!(names.len())), "{filter}");
        assert!(page["one"]["name"] == "Ada" && page["one"]["archivedAt"].is_string(), "{page:#}");
    }
    let merge = json!({ "idempotencyKey": "ada", "id": ids[0], "intoId": ids[1] });
    let merge = change(world, "customerMerge", "CustomerMergeInput", "customer { id }", merge).await;
    assert_eq!(refusals(&merge), refusal("INVALID", "input.id"));
    let back = succeeded(turn(world, "customer", "Restore", json!({ "id": ids[0] })).await);
    assert_eq!((&back["customer"]["archivedAt"], &back["customer"]["version"]), (&Value::Null, &json!(3)));
    let reported_events: Vec<String> = world.events().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(reported_events, ["customer.created", "customer.created", "customer.archived", "customer.restored"]);
});

on_both!(a_category_in_use_stays_and_says_how_much_lies_in_it, world: World => {
    let home = grow(world, "Home", None).await;
    let (mugs, bowls) = (grow(world, "Mugs", Some(&home)).await, grow(world, "Bowls", Some(&home)).await);
    for sku in ["a", "b", "c"] {
        succeeded(product(world, json!({ "sku": sku, "name": sku, "categoryId": home })).await);
    }
    succeeded(product(world, json!({ "sku": "old", "name": "old", "categoryId": mugs, "status": "ARCHIVED" })).await);
    succeeded(product(world, json!({ "sku": "gone", "name": "gone", "categoryId": home, "status": "ARCHIVED" })).await);
    let payload = turn(world, "category", "Archive", json!({ "id": home })).await;
    assert_eq!(refusals(&payload), refusal("IN_USE", "input.id"));
    assert!(message(&payload).contains("(2)") && message(&payload).contains("(3)"), "{payload:#}");
    grow(world, "House", None).await;
    let input = json!({ "id": home, "moveTo": { "slug": "house" }, "idempotencyKey": "home goes" });
    let payload = turn(world, "category", "Archive", input.clone()).await;
    assert_eq!(refusals(&payload), refusal("IN_USE", "input.id"));
    assert!(message(&payload).contains("(2)") && !message(&payload).contains("(3)"), "products would go, categories hold it: {payload:#}");
    // Archived children do not keep a category from being archived.
    succeeded(turn(world, "category", "Archive", json!({ "id": mugs })).await);
    succeeded(turn(world, "category", "Archive", json!({ "id": bowls })).await);
    let payload = turn(world, "category", "Archive", json!({ "id": home })).await;
    assert!(!message(&payload).contains("categories") && message(&payload).contains("(3)"), "{payload:#}");
    let lies = async || {
        let one = |sku: &str| format!("{sku}: product(by: {{ sku: \"{sku}\" }}) {{ version category {{ slug }} }}");
        let page = world.execute(&format!("{{ {} {} {} }}", one("a"), one("c"), one("gone")), json!({})).await;
        assert_eq!((&page["a"], &page["a"]), (&page["c"], &page["gone"]), "{page}");
        page["a"].clone()
    };
    for (extra, code, field) in [
        (json!({ "moveToId": home, "idempotencyKey": "k" }), "INVALID_STATE", "input.moveToId"),
        (json!({ "moveToId": mugs, "idempotencyKey": "k" }), "INVALID", "input.moveToId"),
        (json!({ "moveTo": { "slug": "house" } }), "REQUIRED", "input.idempotencyKey"),
        (json!({ "moveTo": { "slug": "house" }, "idempotencyKey": "k".repeat(256) }), "TOO_LONG", "input.idempotencyKey"),
        (json!({ "moveTo": { "slug": "house" }, "idempotencyKey": "k", "expectedVersion": 9 }), "VERSION_CONFLICT", "input.expectedVersion"),
    ] {
        let mut wrong = extra;
        wrong["id"] = home.clone();
        assert_eq!(refusals(&turn(world, "category", "Archive", wrong).await), refusal(code, field));
    }
    let events = world.events().await.len();
    let dry = "mutation($input: CategoryArchiveInput!) { categoryArchive(input: $input, validateOnly: true) {
        category { version } seq userErrors { code } } }";
    let category_archive = world.execute(dry, json!({ "input": input })).await["categoryArchive"].clone();
    assert_eq!(category_archive, json!({ "category": { "version": 2 }, "seq": null, "userErrors": [] }));
    assert_eq!(lies().await, json!({ "version": 1, "category": { "slug": "home" } }), "refused or tried, nothing moves");
    let gone = succeeded(turn(world, "category", "Archive", input.clone()).await);
    assert_eq!((gone["category"]["archivedAt"].is_string(), &gone["category"]["version"]), (true, &json!(2)), "{gone:#}");
    assert_eq!(lies().await, json!({ "version": 2, "category": { "slug": "house" } }), "in the same step");
    assert_eq!(succeeded(turn(world, "category", "Archive", input).await)["replayed"], true);
    let reported_events: Vec<String> = world.events().await.into_iter().skip(events).map(|(kind, _)| kind).collect();
    assert_eq!(reported_events, ["product.updated", "product.updated", "product.updated", "product.updated", "category.archived"]);
});

on_both!(an_archived_category_takes_nothing_new, world: World => {
    let (home, mugs) = (grow(world, "Home", None).await, grow(world, "Mugs", None).await);
    let cup = succeeded(product(world, json!({ "sku": "cup", "name": "Cup", "categoryId": mugs })).await)["product"]["id"].clone();
    let update = async |input: Value| change(world, "productUpdate", "ProductUpdateInput", "product { version status }", input).await;
    succeeded(change(world, "productArchive", "ProductArchiveInput", "product { version }", json!({ "id": cup })).await);
    succeeded(turn(world, "category", "Archive", json!({ "id": mugs })).await);
    let new = product(world, json!({ "sku": "tea", "name": "Tea", "categoryId": mugs })).await;
    assert_eq!(refusals(&new), refusal("INVALID", "input.categoryId"));
    assert!(message(&new).contains("archived since 20") && message(&new).contains("categoryRestore"), "{new:#}");
    assert_eq!(refusals(&category(world, json!({ "name": "Deep", "parentId": mugs })).await), refusal("INVALID", "input.parentId"));
    let moved = json!({ "id": home, "expectedVersion": 1, "parentId": mugs });
    let moved = change(world, "categoryUpdate", "CategoryUpdateInput", "category { version }", moved).await;
    assert_eq!(refusals(&moved), refusal("INVALID", "input.parentId"));
    // A product in an archived category may be changed, but becomes active again only in another
    // category.
    succeeded(update(json!({ "id": cup, "expectedVersion": 2, "name": "Old cup", "categoryId": mugs })).await);
    let woken = update(json!({ "id": cup, "expectedVersion": 3, "status": "ACTIVE" })).await;
    assert_eq!(refusals(&woken), refusal("INVALID_STATE", "input.status"));
    succeeded(update(json!({ "id": cup, "expectedVersion": 3, "status": "ACTIVE", "categoryId": home })).await);
    succeeded(turn(world, "category", "Restore", json!({ "id": mugs })).await);
    succeeded(product(world, json!({ "sku": "tea", "name": "Tea", "categoryId": mugs })).await);
});

on_both!(a_branch_comes_back_from_its_root, world: World => {
    let home = grow(world, "Home", None).await;
    let mugs = grow(world, "Mugs", Some(&home)).await;
    for id in [&mugs, &home] {
        succeeded(turn(world, "category", "Archive", json!({ "id": id })).await);
    }
    let first = turn(world, "category", "Restore", json!({ "id": mugs })).await;
    assert_eq!(refusals(&first), refusal("INVALID_STATE", "input.id"));
    for id in [&home, &mugs] {
        let back = succeeded(turn(world, "category", "Restore", json!({ "id": id })).await);
        assert_eq!((&back["category"]["archivedAt"], &back["category"]["version"]), (&Value::Null, &json!(3)));
    }
});

on_both!(a_product_keeps_its_archived_supplier_and_no_other_gets_it, world: World => {
    let acme = new(world, "supplier", "ACME").await;
    let cup = succeeded(product(world, json!({ "sku": "cup", "name": "Cup", "supplierId": acme })).await)["product"]["id"].clone();
    succeeded(turn(world, "supplier", "Archive", json!({ "id": acme })).await);
    let new = product(world, json!({ "sku": "tea", "name": "Tea", "supplierId": acme })).await;
    assert_eq!(refusals(&new), refusal("INVALID", "input.supplierId"));
    assert!(message(&new).contains("supplierRestore"), "{new:#}");
    let same = json!({ "id": cup, "expectedVersion": 1, "name": "Best cup", "supplierId": acme });
    succeeded(change(world, "productUpdate", "ProductUpdateInput", "product { version }", same).await);
    let answer = world.execute("query($id: ID!) { product(by: { id: $id }) { supplier { code archivedAt } } }", json!({ "id": cup })).await;
    assert_eq!(answer["product"]["supplier"]["code"], "ACME");
    assert!(answer["product"]["supplier"]["archivedAt"].is_string(), "{answer:#}");
});

on_both!(each_step_is_told_once, world: World => {
    let web = new(world, "channel", "web").await;
    let acme = new(world, "supplier", "ACME").await;
    let home = grow(world, "Home", None).await;
    let dry = "mutation($input: ChannelArchiveInput!) { channelArchive(input: $input, validateOnly: true) { channel { archivedAt } userErrors { code } seq } }";
    let dry = world.execute(dry, json!({ "input": { "id": web } })).await["channelArchive"].clone();
    assert_eq!((dry["channel"]["archivedAt"].is_string(), &dry["seq"]), (true, &Value::Null), "{dry:#}");
    for (noun, id) in [("channel", &web), ("supplier", &acme), ("category", &home)] {
        let input = json!({ "id": id, "expectedVersion": 1, "idempotencyKey": format!("{noun} goes") });
        succeeded(turn(world, noun, "Archive", input.clone()).await);
        assert_eq!(succeeded(turn(world, noun, "Archive", input).await)["replayed"], true);
        // Archived already: nothing changes, and no event is written.
        assert_eq!(succeeded(turn(world, noun, "Archive", json!({ "id": id })).await)["seq"], Value::Null);
        let stale = turn(world, noun, "Restore", json!({ "id": id, "expectedVersion": 1 })).await;
        assert_eq!(refusals(&stale), refusal("VERSION_CONFLICT", "input.expectedVersion"));
        succeeded(turn(world, noun, "Restore", json!({ "id": id, "expectedVersion": 2 })).await);
    }
    let reported_events: Vec<(String, Value)> = world.events().await.into_iter().skip(3).map(|(kind, payload)| (kind, payload["version"].clone())).collect();
    let steps = |noun: &str| [(format!("{noun}.archived"), json!(2)), (format!("{noun}.restored"), json!(3))];
    assert_eq!(reported_events, [steps("channel"), steps("supplier"), steps("category")].concat());
    let direct = world.execute("{ channel(by: { code: \"direct\" }) { id } }", json!({})).await["channel"]["id"].clone();
    assert_eq!(refusals(&turn(world, "channel", "Archive", json!({ "id": direct })).await), refusal("INVALID_STATE", "input.id"));
    let nobody = turn(world, "supplier", "Archive", json!({ "id": home })).await;
    assert_eq!(refusals(&nobody), refusal("INVALID", "input.id"));
});

on_both!(a_family_retires_after_its_variants_and_takes_no_new_ones, world: World => {
    let document = "productFamily { id archivedAt version }";
    let turn = async |verb: &str, input: Value| {
        change(world, &format!("productFamily{verb}"), &format!("ProductFamily{verb}Input"), document, input).await
    };
    let shirts = json!({ "name": "Shirts", "optionNames": ["Size"] });
    let shirts = succeeded(change(world, "productFamilyCreate", "ProductFamilyCreateInput", document, shirts).await)["productFamily"]["id"].clone();
    let variant = |sku: &str, size: &str| json!({ "sku": sku, "name": sku, "familyId": shirts, "options": [{ "name": "Size", "value": size }] });
    let small = succeeded(product(world, variant("shirt-s", "S")).await)["product"]["id"].clone();
    let payload = turn("Archive", json!({ "id": shirts, "expectedVersion": 1 })).await;
    assert_eq!(refusals(&payload), refusal("IN_USE", "input.id"));
    assert!(message(&payload).contains("(1)"), "{payload:#}");
    succeeded(change(world, "productArchive", "ProductArchiveInput", "product { version }", json!({ "id": small })).await);
    let input = json!({ "id": shirts, "expectedVersion": 1, "idempotencyKey": "shirts go" });
    let gone = succeeded(turn("Archive", input.clone()).await);
    assert_eq!((gone["productFamily"]["archivedAt"].is_string(), &gone["productFamily"]["version"]), (true, &json!(2)), "{gone:#}");
    assert_eq!(succeeded(turn("Archive", input).await)["replayed"], true);
    assert_eq!(succeeded(turn("Archive", json!({ "id": shirts })).await)["seq"], Value::Null, "archived already");
    // An archived family takes no new product, and its products cannot be activated; they may be
    // changed, and may leave.
    let new = product(world, variant("shirt-m", "M")).await;
    assert_eq!(refusals(&new), refusal("INVALID", "input.familyId"));
    assert!(message(&new).contains("productFamilyRestore"), "{new:#}");
    let update = async |input: Value| change(world, "productUpdate", "ProductUpdateInput", "product { version }", input).await;
    let woken = update(json!({ "id": small, "expectedVersion": 2, "status": "ACTIVE" })).await;
    assert_eq!(refusals(&woken), refusal("INVALID_STATE", "input.status"));
    succeeded(update(json!({ "id": small, "expectedVersion": 2, "name": "Small shirt", "familyId": shirts })).await);
    let query = "query($filter: ArchiveFilter, $id: ID!) { productFamilies(filter: $filter) { nodes { name } } productFamily(id: $id) { name archivedAt } }";
    for (filter, names) in [
        (json!(null), json!([])),
        (json!({ "isArchived": true }), json!([{ "name": "Shirts" }])),
        (json!({ "isArchived": null }), json!([{ "name": "Shirts" }])),
        (json!({ "isArchived": null, "name": { "startsWith": "shi" }, "search": "SHIRTS", "id": { "eq": shirts } }), json!([{ "name": "Shirts" }])),
        (json!({ "isArchived": null, "search": "trousers" }), json!([])),
        (json!({ "isArchived": null, "code": { "startsWith": "s" } }), json!([])),
    ] {
        let read = world.execute(query, json!({ "filter": filter, "id": shirts })).await;
        assert_eq!((&read["productFamilies"]["nodes"], &read["productFamily"]["name"]), (&names, &json!("Shirts")), "{filter}");
    }
    let back = succeeded(turn("Restore", json!({ "id": shirts, "expectedVersion": 2 })).await);
    assert_eq!((&back["productFamily"]["archivedAt"], &back["productFamily"]["version"]), (&Value::Null, &json!(3)));
    succeeded(product(world, variant("shirt-m", "M")).await);
    succeeded(update(json!({ "id": small, "expectedVersion": 3, "status": "ACTIVE" })).await);
    let reported_events: Vec<String> = world.events().await.into_iter().map(|(kind, _)| kind).filter(|kind| kind.starts_with("family.")).collect();
    assert_eq!(reported_events, ["family.created", "family.archived", "family.restored"]);
});
