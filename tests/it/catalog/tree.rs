//! The tree of categories.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{category, change, product, refusal, refusals, succeeded};
use crate::{catalog::world::World, world::on_both};

async fn update(world: &World, input: Value) -> Value {
    change(world, "categoryUpdate", "CategoryUpdateInput", "category { id slug version parent { slug } }", input).await
}
async fn grow(world: &World, name: &str, parent: Option<&Value>, position: i32) -> Value {
    succeeded(category(world, json!({ "name": name, "parentId": parent, "position": position })).await)["category"]["id"].clone()
}

on_both!(a_tree_is_walked_both_ways, world: World => {
    let home = grow(world, "Home", None, 1).await;
    let garden = grow(world, "Garden", None, 0).await;
    let kitchen = grow(world, "Kitchen", Some(&home), 2).await;
    let bath = grow(world, "Bath", Some(&home), 1).await;
    let mugs = grow(world, "Mugs", Some(&kitchen), 0).await;
    for (sku, category) in [("a", &mugs), ("b", &mugs), ("c", &home), ("d", &bath)] {
        succeeded(product(world, json!({ "sku": sku, "name": sku, "categoryId": category })).await);
    }
    succeeded(product(world, json!({ "sku": "old", "name": "old", "categoryId": mugs, "status": "ARCHIVED" })).await);
    let query = "{ categories { nodes { slug productCount all: productCount(withDescendants: true)
        children { slug children { slug path { slug } } } } } }";
    let (answer, statements) = world.counted(query, json!({})).await;
    assert_json_snapshot!("categories", answer["categories"]["nodes"]);
    assert!(statements <= 6, "one a level: {statements}");
    let below = world.execute("{ categories(parent: { slug: \"home\" }, first: 1) { nodes { slug } pageInfo { hasNextPage endCursor } } }", json!({})).await;
    assert_eq!(below["categories"]["nodes"], json!([{ "slug": "bath" }]));
    let next = "query($after: Cursor) { categories(parent: { slug: \"home\" }, after: $after) { nodes { slug } } none: categories(parent: { slug: \"x\" }) { nodes { slug } } }";
    let next = world.execute(next, json!({ "after": below["categories"]["pageInfo"]["endCursor"] })).await;
    assert_eq!((&next["categories"]["nodes"], &next["none"]["nodes"]), (&json!([{ "slug": "kitchen" }]), &json!([])));
    let sorted = "query($sort: CategorySort) { categories(parent: { slug: \"home\" }, sort: $sort) { nodes { slug } } }";
    for (field, direction, first) in [("NAME", "ASC", "bath"), ("SLUG", "DESC", "kitchen"), ("POSITION", "DESC", "kitchen")] {
        let found = world.execute(sorted, json!({ "sort": { "field": field, "direction": direction } })).await;
        assert_eq!(found["categories"]["nodes"][0]["slug"], first, "{field}");
    }
    let anywhere = "query($f: ArchiveFilter, $all: Boolean!) { categories(filter: $f, withDescendants: $all, sort: { field: SLUG }) { nodes { slug } }
        below: categories(parent: { slug: \"home\" }, filter: $f, withDescendants: $all, sort: { field: SLUG }) { nodes { slug } } }";
    let slugs = |answer: &Value, list: &str| -> Vec<String> {
        answer[list]["nodes"].as_array().unwrap().iter().map(|node| node["slug"].as_str().unwrap().to_owned()).collect()
    };
    for (filter, all, listed, under) in [
        (json!({}), true, vec!["bath", "garden", "home", "kitchen", "mugs"], vec!["bath", "kitchen", "mugs"]),
        (json!({ "search": "MU" }), true, vec!["mugs"], vec!["mugs"]),
        (json!({ "search": "mu" }), false, vec![], vec![]),
        (json!({ "name": { "contains": "E" } }), true, vec!["garden", "home", "kitchen"], vec!["kitchen"]),
        (json!({ "code": { "in": ["Bath", "garden"] } }), true, vec!["bath", "garden"], vec!["bath"]),
        (json!({ "id": { "in": [home, mugs] } }), true, vec!["home", "mugs"], vec!["mugs"]),
        (json!({ "createdAt": { "lt": "2020-01-01T00:00:00Z" } }), true, vec![], vec![]),
        (json!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } }), false, vec!["garden", "home"], vec!["bath", "kitchen"]),
    ] {
        let answer = world.execute(anywhere, json!({ "f": filter, "all": all })).await;
        let (listed, under): (Vec<&str>, Vec<&str>) = (listed, under);
        assert_eq!(slugs(&answer, "categories"), listed, "{filter} {all}");
        assert_eq!(slugs(&answer, "below"), under, "{filter} {all}");
    }
    assert_ne!(garden, home);
});

on_both!(nobody_lies_below_themselves, world: World => {
    let a = grow(world, "A", None, 0).await;
    let b = grow(world, "B", Some(&a), 0).await;
    let c = grow(world, "C", Some(&b), 0).await;
    for parent in [&a, &b, &c] {
        let answer = update(world, json!({ "id": a, "expectedVersion": 1, "parentId": parent })).await;
        assert_eq!(refusals(&answer), refusal("INVALID", "input.parentId"), "{parent}");
    }
    let both = tokio::join!(
        update(world, json!({ "id": b, "expectedVersion": 1, "parentId": null })),
        update(world, json!({ "id": c, "expectedVersion": 1, "parentId": a })),
    );
    succeeded(both.0);
    succeeded(both.1);
    // Moving b below c and c below b at once would be a cycle.
    let both = tokio::join!(
        update(world, json!({ "id": b, "expectedVersion": 2, "parentId": c })),
        update(world, json!({ "id": c, "expectedVersion": 2, "parentId": b })),
    );
    let refusals: Vec<_> = [both.0, both.1].iter().flat_map(refusals).collect();
    assert_eq!(refusals, refusal("INVALID", "input.parentId"));
});

on_both!(what_moves_takes_its_height_along, world: World => {
    let mut tops = Vec::new();
    for name in ["b", "c"] {
        let rows: Vec<Value> = (1..=20)
            .map(|level| json!({ "slug": format!("{name}{level}"), "name": name, "parentSlug": (level > 1).then(|| format!("{name}{}", level - 1)) }))
            .collect();
        let fields = "rows { outcome category { id } }";
        let payload = change(world, "categoryBulkUpsert", "CategoryBulkUpsertInput", fields, json!({ "rows": rows })).await;
        tops.push([payload["rows"][0]["category"]["id"].clone(), payload["rows"][11]["category"]["id"].clone(), payload["rows"][19]["category"]["id"].clone()]);
    }
    // Twenty below twenty are forty; below the twelfth they are the 32 that may be.
    let below = |parent: &Value| json!({ "id": tops[0][0], "expectedVersion": 1, "parentId": parent });
    assert_eq!(refusals(&update(world, below(&tops[1][2])).await), refusal("LIMIT_EXCEEDED", "input.parentId"));
    succeeded(update(world, below(&tops[1][1])).await);
    let path = world.execute("{ category(by: { slug: \"b20\" }) { path { slug } } }", json!({})).await["category"]["path"].clone();
    assert_eq!((path.as_array().map(Vec::len), &path[0]["slug"]), (Some(32), &json!("c1")));
});

on_both!(slugs_are_made_checked_and_unique, world: World => {
    assert_eq!(succeeded(category(world, json!({ "name": "Candles & T-Lights" })).await)["category"]["slug"], json!("candles-t-lights"));
    assert_eq!(refusals(&category(world, json!({ "name": "Other", "slug": "candles-t-lights" })).await), refusal("DUPLICATE", "input.slug"));
    assert_eq!(refusals(&category(world, json!({ "name": "Other", "slug": "Not A Slug" })).await), refusal("INVALID", "input.slug"));
    assert_eq!(refusals(&category(world, json!({ "name": "灯" })).await), refusal("REQUIRED", "input.slug"));
    assert_eq!(refusals(&category(world, json!({ "name": "X", "parentId": "cat_00000000000000000000000000" })).await), refusal("NOT_FOUND", "input.parentId"));
    assert_eq!(refusals(&category(world, json!({ "name": "X", "imageUrl": "javascript:alert(1)" })).await), refusal("INVALID", "input.imageUrl"));
    for name in ["sortIndex", "position"] {
        let refused = category(world, json!({ "name": "X", "slug": "x", name: -1 })).await;
        assert_eq!(refusals(&refused), refusal("OUT_OF_RANGE", "input.sortIndex"), "the present name of {name}");
    }
});

on_both!(many_categories_at_once, world: World => {
    let rows = json!([
        { "slug": "home", "name": "Home" }, { "slug": "mugs", "name": "Mugs", "parentSlug": "home", "position": 3 },
        { "slug": "home", "name": "Again" }, { "slug": "lost", "name": "Lost", "parentSlug": "nowhere" }, { "slug": "nameless" }]);
    let fields = "rows { index outcome category { slug position parent { slug } } userErrors { code field } }";
    let answer = change(world, "categoryBulkUpsert", "CategoryBulkUpsertInput", fields, json!({ "rows": rows })).await;
    assert_json_snapshot!("rows", answer["rows"]);
    let rows = json!([{ "slug": "home", "parentSlug": "mugs" }, { "slug": "mugs", "parentSlug": null }, { "slug": "mugs2", "name": "More", "parentSlug": "mugs" }]);
    let answer = change(world, "categoryBulkUpsert", "CategoryBulkUpsertInput", fields, json!({ "rows": rows })).await;
    let outcomes: Vec<_> = answer["rows"].as_array().unwrap().iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(outcomes, [json!("REFUSED"), json!("UPDATED"), json!("CREATED")]);
});
