//! Stores, suppliers, customers, channels.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{change, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

async fn store(world: &World, input: Value) -> Value {
    change(world, "storeCreate", "StoreCreateInput", "store { id code kind timeZone groups { code } archivedAt version }", input)
        .await
}
async fn customer(world: &World, input: Value) -> Value {
    change(world, "customerCreate", "CustomerCreateInput", "customer { id externalRef name country email version }", input).await
}

on_both!(stores, world: World => {
    let shop = succeeded(store(world, json!({ "code": "Leeds", "name": "Leeds" })).await)["store"].clone();
    assert_eq!((&shop["kind"], &shop["timeZone"], &shop["groups"]), (&json!("SHOP"), &json!("Europe/London"), &json!([])));
    assert_eq!(refusals(&store(world, json!({ "code": "LEEDS", "name": "Other" })).await), refusal("DUPLICATE", "input.code"));
    assert_eq!(refusals(&store(world, json!({ "code": "x", "name": "X", "timeZone": "Mars/Base" })).await), refusal("INVALID", "input.timeZone"));
    let input = json!({ "id": shop["id"], "expectedVersion": 1, "name": "Leeds 2", "kind": "WAREHOUSE" });
    let fields = "store { name kind code version }";
    let changed = succeeded(change(world, "storeUpdate", "StoreUpdateInput", fields, input.clone()).await);
    assert_eq!(changed["store"], json!({ "name": "Leeds 2", "kind": "WAREHOUSE", "code": "Leeds", "version": 2 }));
    let stale = change(world, "storeUpdate", "StoreUpdateInput", fields, input).await;
    assert_eq!(refusals(&stale), refusal("VERSION_CONFLICT", "input.expectedVersion"));
    for n in 0..5 {
        succeeded(store(world, json!({ "code": format!("s{n}"), "name": "S", "kind": "VIRTUAL", "timeZone": "Asia/Tokyo" })).await);
    }
    let page = world.execute("{ stores(last: 2) { nodes { code } pageInfo { hasPreviousPage hasNextPage } } store(by: { code: \"S3\" }) { timeZone } }", json!({})).await;
    assert_eq!(page["stores"], json!({ "nodes": [{ "code": "s3" }, { "code": "s4" }], "pageInfo": { "hasPreviousPage": true, "hasNextPage": false } }));
    assert_eq!(page["store"]["timeZone"], json!("Asia/Tokyo"));
});

on_both!(suppliers_and_channels, world: World => {
    let input = json!({ "code": "ACME", "name": "Acme", "leadTimeDays": 7, "email": "orders@acme.example" });
    let acme = succeeded(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id leadTimeDays }", input.clone()).await);
    assert_eq!(refusals(&change(world, "supplierCreate", "SupplierCreateInput", "seq2: seq", input).await), refusal("DUPLICATE", "input.code"));
    let bad = json!({ "id": acme["supplier"]["id"], "expectedVersion": 1, "leadTimeDays": -1, "email": "nobody" });
    let bad = change(world, "supplierUpdate", "SupplierUpdateInput", "supplier { id }", bad).await;
    assert_eq!(refusals(&bad), refusal("INVALID", "input.email"), "ranges are told once the form is right");
    // The duplicate code is reported only if all required fields are present.
    let nameless = json!({ "code": "acme", "name": " ", "email": " " });
    let nameless = change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", nameless).await;
    assert_eq!(refusals(&nameless), [refusal("REQUIRED", "input.name"), refusal("REQUIRED", "input.email")].concat());
    let taken = json!({ "code": "acme", "name": "Acme again", "leadTimeDays": -1 });
    let taken = change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", taken).await;
    assert_eq!(refusals(&taken), refusal("OUT_OF_RANGE", "input.leadTimeDays"));
    let cleared = json!({ "id": acme["supplier"]["id"], "expectedVersion": 1, "leadTimeDays": null });
    let cleared = succeeded(change(world, "supplierUpdate", "SupplierUpdateInput", "supplier { leadTimeDays email version }", cleared).await);
    assert_eq!(cleared["supplier"], json!({ "leadTimeDays": null, "email": "orders@acme.example", "version": 2 }));
    succeeded(change(world, "channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "web", "name": "Web shop" })).await);
    let taken = change(world, "channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": "direct", "name": "Mine" })).await;
    assert_eq!(refusals(&taken), refusal("DUPLICATE", "input.code"));
    let all = world.execute("{ channels { nodes { code } } channel(by: { code: \"direct\" }) { name } suppliers { nodes { code } } }", json!({})).await;
    assert_eq!(all["channels"]["nodes"], json!([{ "code": "DIRECT" }, { "code": "web" }]));
    assert_eq!((&all["channel"]["name"], &all["suppliers"]["nodes"]), (&json!("Direct"), &json!([{ "code": "ACME" }])));
});

on_both!(customers, world: World => {
    let first = succeeded(customer(world, json!({ "externalRef": "17850", "name": "Ada", "country": "gb", "email": "ada@example.com" })).await)["customer"].clone();
    assert_eq!(first["country"], json!("GB"));
    assert_eq!(refusals(&customer(world, json!({ "externalRef": "17850" })).await), refusal("DUPLICATE", "input.externalRef"));
    assert_eq!(refusals(&customer(world, json!({ "country": "GB" })).await), refusal("REQUIRED", "input.name"));
    // Without a reference there may be any number.
    succeeded(customer(world, json!({ "name": "Walk-in" })).await);
    succeeded(customer(world, json!({ "name": "Walk-in" })).await);
    let rows = json!([{ "externalRef": "17850", "country": null }, { "externalRef": "2", "name": "Bo" }, { "externalRef": "2", "name": "Bo again" },
        { "externalRef": "17850x", "email": "no" }]);
    let fields = "rows { outcome customer { externalRef name country } userErrors { code field } }";
    let answer = change(world, "customerBulkUpsert", "CustomerBulkUpsertInput", fields, json!({ "rows": rows })).await;
    assert_json_snapshot!("rows", answer["rows"]);
    // A customer must keep one identifying field; only erasure removes all of them.
    let update = async |input: Value| change(world, "customerUpdate", "CustomerUpdateInput", "customer { externalRef name email version }", input).await;
    let version = world.execute("query($id: ID!) { customer(by: { id: $id }) { version } }", json!({ "id": first["id"] })).await["customer"]["version"].clone();
    let nobody = json!({ "id": first["id"], "expectedVersion": version, "externalRef": null, "name": null, "email": null });
    assert_eq!(refusals(&update(nobody).await), refusal("REQUIRED", "input.name"));
    let less = succeeded(update(json!({ "id": first["id"], "expectedVersion": version, "name": null, "email": null })).await);
    assert_eq!((&less["customer"]["externalRef"], &less["customer"]["name"]), (&json!("17850"), &Value::Null));
    let found = world.execute("{ customer(by: { externalRef: \"2\" }) { name } customersCount(limit: 3) { count precision } all: customersCount { count precision } }", json!({})).await;
    assert_eq!(found, json!({ "customer": { "name": "Bo" }, "customersCount": { "count": 3, "precision": "AT_LEAST" }, "all": { "count": 4, "precision": "EXACT" } }));
    let racing = (0..6).map(|_| customer(world, json!({ "idempotencyKey": "same", "externalRef": "race" })));
    let ids: std::collections::HashSet<_> =
        futures_util::future::join_all(racing).await.into_iter().map(succeeded).map(|answer| answer["customer"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
});

/// Names of a list that match a filter; their number equals its total.
async fn read_list(world: &World, query: &str, list: &str, filter: &Value) -> String {
    let whole = world.execute(query, json!({ "filter": filter })).await[list].clone();
    let one = world.execute(query, json!({ "filter": filter, "first": 1 })).await[list].clone();
    let names: Vec<&str> = whole["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(one["totalCount"]["count"], names.len(), "{filter}");
    names.join(" ")
}
/// The names of a list of three in an order, a page each.
async fn paged(world: &World, query: &str, list: &str, sort: &Value) -> String {
    let (mut names, mut after) = (Vec::new(), Value::Null);
    for nth in 0..3 {
        let page = world.execute(query, json!({ "sort": sort, "first": 1, "after": after })).await[list].clone();
        assert_eq!(page["pageInfo"]["hasNextPage"], nth < 2, "{sort}");
        after = page["pageInfo"]["endCursor"].clone();
        names.push(page["nodes"][0]["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(world.fails(query, json!({ "after": after })).await["code"], "BAD_USER_INPUT", "a cursor of {sort}");
    names.join(" ")
}

on_both!(stores_are_found_by_filters_inside_filters_and_sorted, world: World => {
    let leeds = json!({ "code": "Leeds", "name": "Mill", "address": { "city": "Leeds", "country": "gb" } });
    let leeds = succeeded(store(world, leeds).await)["store"].clone();
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    let oslo = json!({ "code": "OSLO", "name": "Zeta", "kind": "WAREHOUSE", "address": { "country": "Norway" } });
    succeeded(store(world, oslo).await);
    succeeded(store(world, json!({ "code": "web", "name": "alpha", "kind": "VIRTUAL" })).await);
    let change_of_leeds = json!({ "id": leeds["id"], "expectedVersion": 1, "name": "Mill" , "kind": "WAREHOUSE" });
    succeeded(change(world, "storeUpdate", "StoreUpdateInput", "store { version }", change_of_leeds).await);
    let query = "query($filter: StoreFilter, $sort: StoreSort, $first: Int, $after: Cursor) {
        stores(filter: $filter, sort: $sort, first: $first, after: $after) {
          nodes { name } totalCount { count } pageInfo { hasNextPage endCursor } } }";
    for (filter, expected) in [
        (json!({}), "Mill Zeta alpha"),
        (json!({ "code": { "eq": "LEEDS" } }), "Mill"),
        (json!({ "code": { "contains": "E" }, "not": { "name": { "startsWith": "MI" } } }), "alpha"),
        (json!({ "or": [{ "name": { "eq": "zeta" } }, { "search": "al we" }] }), "Zeta alpha"),
        (json!({ "search": "%" }), ""),
        (json!({ "kind": ["WAREHOUSE"] }), "Mill Zeta"),
        (json!({ "kind": [] }), ""),
        (json!({ "country": { "in": ["gb", "NORWAY"] } }), "Mill Zeta"),
        (json!({ "not": { "country": { "eq": "GB" } } }), "Zeta alpha"),
        (json!({ "isArchived": false }), "Mill Zeta alpha"),
        (json!({ "isArchived": true }), ""),
        (json!({ "createdAt": { "lt": between } }), "Mill"),
        (json!({ "updatedAt": { "lt": between } }), ""),
        (json!({ "id": { "in": [leeds["id"]] }, "createdAt": { "gte": between } }), ""),
    ] {
        assert_eq!(read_list(world, query, "stores", &filter).await, expected, "{filter}");
    }
    for (field, direction, expected) in [
        ("CODE", "DESC", "alpha Zeta Mill"),
        ("NAME", "ASC", "alpha Mill Zeta"),
        ("NAME", "DESC", "Zeta Mill alpha"),
        ("CREATED_AT", "DESC", "alpha Zeta Mill"),
        ("UPDATED_AT", "ASC", "Zeta alpha Mill"),
    ] {
        let sort = json!({ "field": field, "direction": direction });
        assert_eq!(paged(world, query, "stores", &sort).await, expected, "{sort}");
    }
});

on_both!(customers_are_found_by_filters_inside_filters_and_sorted, world: World => {
    let make = async |input: Value| succeeded(customer(world, input).await)["customer"]["id"].clone();
    let ada = json!({ "externalRef": "WEB-2", "name": "Ada", "country": "GB", "email": "ada@shop.example", "tags": ["VIP", "Late payer"] });
    let ada = make(ada).await;
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    let bo = json!({ "externalRef": "web-1", "name": "Bo", "country": "France", "email": "bo@shop.example", "tags": ["late payer"] });
    let bo = make(bo).await;
    let old = make(json!({ "externalRef": "OLD-9", "name": "Old" })).await;
    let merge = json!({ "idempotencyKey": "merge", "id": old, "intoId": bo });
    succeeded(change(world, "customerMerge", "CustomerMergeInput", "merged { id }", merge).await);
    make(json!({ "name": "Cy" })).await;
    let moved_input = json!({ "id": ada, "expectedVersion": 1, "country": "ie" });
    succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { version }", moved_input).await);
    let query = "query($filter: CustomerFilter, $sort: CustomerSort, $first: Int, $after: Cursor, $tag: String) {
        customers(filter: $filter, sort: $sort, first: $first, after: $after, tag: $tag) {
          nodes { name } totalCount { count } pageInfo { hasNextPage endCursor } } }";
    for (filter, expected) in [
        (json!({}), "Ada Bo Cy"),
        (json!({ "id": { "eq": ada } }), "Ada"),
        (json!({ "externalRef": { "in": ["web-1", "WEB-2", "OLD-9"] } }), "Ada Bo"),
        (json!({ "externalRef": { "eq": "web-2" } }), ""),
        (json!({ "not": { "externalRef": { "startsWith": "WEB" } } }), "Bo Cy"),
        (json!({ "search": "web" }), "Ada Bo"),
        (json!({ "search": "we" }), ""),
        (json!({ "search": "old-9" }), "Bo"),
        (json!({ "search": "ADA@shop.example" }), "Ada"),
        (json!({ "not": { "search": " " } }), "Ada Bo Cy"),
        (json!({ "or": [{ "email": "ADA@shop.example" }, { "externalRef": { "contains": "eb" } }] }), "Ada Bo"),
        (json!({ "not": { "email": "ada@shop.example" } }), "Bo Cy"),
        (json!({ "name": { "in": ["ADA", " bo "] } }), "Ada Bo"),
        (json!({ "name": { "startsWith": "A" }, "and": [{ "name": { "contains": "d" } }] }), "Ada"),
        (json!({ "name": { "eq": "ada" }, "country": { "eq": "GB" } }), ""),
        (json!({ "name": { "eq": "ada" }, "email": "ADA@shop.example" }), "Ada"),
        (json!({ "name": { "contains": "old" } }), ""),
        (json!({ "country": { "in": ["ie", "FRANCE"] } }), "Ada Bo"),
        (json!({ "not": { "country": { "startsWith": "f" } } }), "Ada Cy"),
        (json!({ "tag": { "in": ["vip", "none"] } }), "Ada"),
        (json!({ "tag": { "startsWith": "LATE" } }), "Ada Bo"),
        (json!({ "tag": { "eq": "late" } }), ""),
        (json!({ "not": { "tag": { "contains": "payer" } } }), "Cy"),
        (json!({ "hasOrders": false, "metadata": [] }), "Ada Bo Cy"),
        (json!({ "or": [{ "hasOrders": true }, { "metadata": [{ "key": "crm" }] }] }), ""),
        (json!({ "createdAt": { "gte": between } }), "Bo Cy"),
        (json!({ "createdAt": { "lt": between }, "updatedAt": { "gte": between } }), "Ada"),
    ] {
        assert_eq!(read_list(world, query, "customers", &filter).await, expected, "{filter}");
    }
    for (field, direction, expected) in [
        ("CREATED_AT", "DESC", "Cy Bo Ada"),
        ("UPDATED_AT", "ASC", "Bo Cy Ada"),
        ("UPDATED_AT", "DESC", "Ada Cy Bo"),
        ("EXTERNAL_REF", "ASC", "Cy Ada Bo"),
        ("EXTERNAL_REF", "DESC", "Bo Ada Cy"),
    ] {
        let sort = json!({ "field": field, "direction": direction });
        assert_eq!(paged(world, query, "customers", &sort).await, expected, "{sort}");
    }
    let counts = "query($filter: CustomerFilter) { few: customersCount(filter: $filter, limit: 1) { count precision } all: customersCount(filter: $filter) { count } }";
    for (filter, count) in [
        (json!({ "or": [{ "email": "ADA@shop.example" }, { "externalRef": { "startsWith": "web" } }] }), 2_i64),
        (json!({ "country": { "eq": "fr" }, "not": { "tag": { "eq": "vip" } } }), 0),
        (json!({ "name": { "in": ["ada", "bo"] } }), 2),
    ] {
        let precision = if count > 1 { "AT_LEAST" } else { "EXACT" };
        let expected = json!({ "few": { "count": count.min(1), "precision": precision }, "all": { "count": count } });
        assert_eq!(world.execute(counts, json!({ "filter": filter })).await, expected, "{filter}");
    }
    let both = json!({ "tag": "late payer", "filter": { "externalRef": { "eq": "WEB-2" } } });
    assert_eq!(world.execute(query, both).await["customers"]["nodes"], json!([{ "name": "Ada" }]));
    let many: Vec<Value> = (0..9).map(|nth| json!({ "email": format!("{nth}@shop.example") })).collect();
    assert_eq!(world.fails(query, json!({ "filter": { "or": many } })).await["code"], "LIMIT_EXCEEDED");
    let inside = json!({ "filter": { "or": [{ "name": { "eq": "Ada" } }] } });
    assert_eq!(world.fails(query, inside).await["field"], json!(["filter", "or", "0", "name"]));
    // A caller that may not see addresses cannot probe them by a filter.
    let clerk = world.with(&["customer.read"]);
    let run_query = async |filter: Value| world.execute_as(Some(clerk.clone()), query, json!({ "filter": filter })).await;
    let tested = run_query(json!({ "not": { "or": [{ "email": "ada@shop.example" }] } })).await;
    assert_eq!(tested["errors"][0]["code"], "FORBIDDEN", "{tested:#}");
    let ordered = run_query(json!({ "hasOrders": false })).await;
    assert_eq!(ordered["errors"][0]["code"], "FORBIDDEN", "{ordered:#}");
    let counted = world.execute_as(Some(clerk.clone()), counts, json!({ "filter": { "email": "ada@shop.example" } })).await;
    assert_eq!(counted["errors"][0]["code"], "FORBIDDEN", "{counted:#}");
    let searched = run_query(json!({ "or": [{ "search": "ada@shop.example" }, { "search": "OLD-9" }] })).await;
    assert_eq!(searched["data"]["customers"]["nodes"], json!([{ "name": "Bo" }]), "{searched:#}");
    // An erased customer is found no more.
    let bos = json!({ "filter": { "name": { "eq": "bo" } } });
    assert_eq!(world.execute(query, bos.clone()).await["customers"]["totalCount"], json!({ "count": 1 }));
    succeeded(change(world, "customerErase", "CustomerEraseInput", "customer { id }", json!({ "id": bo })).await);
    assert_eq!(world.execute(query, bos).await["customers"]["totalCount"], json!({ "count": 0 }));
});

on_both!(names_cost_as_many_as_were_compared, world: World => {
    for number in 0..26 {
        let country = if number == 0 { "FR" } else { "GB" };
        succeeded(customer(world, json!({ "name": format!("Shopper {number}"), "country": country })).await);
    }
    let query = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { name } } }";
    // A name among 10,000 customers costs 400 points, which are charged first.
    for (filter, points) in [
        (json!({ "country": { "eq": "FR" } }), 0),
        (json!({ "name": { "eq": "shopper 0" }, "country": { "eq": "DE" } }), 400),
        (json!({ "name": { "eq": "shopper 0" }, "country": { "eq": "FR" } }), 399),
        (json!({ "name": { "eq": "nobody" }, "country": { "eq": "GB" } }), 399),
        (json!({ "name": { "contains": "shopper" } }), 398),
    ] {
        assert_eq!(world.given_back(query, json!({ "filter": filter })).await, points, "{filter}");
    }
});

const CREATED: &str = "query {
      stores(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } }
      suppliers(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } }
      customers(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } }
      channels(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } }
      categories(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } }
      productFamilies(sort: { field: CREATED_AT, direction: DESC }, first: 1) { nodes { name createdAt updatedAt } } }";

on_both!(what_was_created_last_shows_when_and_keeps_it, world: World => {
    world.advance_clock(3600);
    let before = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    let shop = succeeded(store(world, json!({ "code": "NEW", "name": "New" })).await)["store"]["id"].clone();
    let coded = json!({ "code": "NEW", "name": "New" });
    succeeded(change(world, "supplierCreate", "SupplierCreateInput", "supplier { id }", coded.clone()).await);
    succeeded(change(world, "channelCreate", "ChannelCreateInput", "channel { id }", coded).await);
    let buyer = succeeded(customer(world, json!({ "name": "New" })).await)["customer"]["id"].clone();
    succeeded(change(world, "categoryCreate", "CategoryCreateInput", "category { id }", json!({ "name": "New" })).await);
    let family = json!({ "name": "New", "optionNames": ["Size"] });
    succeeded(change(world, "productFamilyCreate", "ProductFamilyCreateInput", "productFamily { id }", family).await);
    world.advance_clock(3600);
    let between = entrepot::clock::rfc3339(world.clock.now().plus_seconds(-1800));
    let created = world.execute(CREATED, json!({})).await;
    for list in ["stores", "suppliers", "customers", "channels", "categories", "productFamilies"] {
        let row = &created[list]["nodes"][0];
        let moment = row["createdAt"].as_str().unwrap();
        assert_eq!((&row["name"], moment), (&json!("New"), row["updatedAt"].as_str().unwrap()), "{list}");
        assert!(before.as_str() < moment && moment < between.as_str(), "{list}: {row}");
    }
    let input = json!({ "id": shop, "expectedVersion": 1, "name": "Changed" });
    succeeded(change(world, "storeUpdate", "StoreUpdateInput", "store { version }", input).await);
    let input = json!({ "id": buyer, "expectedVersion": 1, "country": "GB" });
    succeeded(change(world, "customerUpdate", "CustomerUpdateInput", "customer { version }", input).await);
    let changed = world.execute(CREATED, json!({})).await;
    for list in ["stores", "customers"] {
        let row = &changed[list]["nodes"][0];
        assert_eq!(row["createdAt"], created[list]["nodes"][0]["createdAt"], "{list}");
        assert!(row["updatedAt"].as_str().unwrap() > between.as_str(), "{list}: {row}");
    }
});
