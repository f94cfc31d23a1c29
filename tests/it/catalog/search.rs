//! Search, the same on both databases: the expected orders below are written once and hold on each.

use entrepot::storage::Backend;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use super::{category, change, product, succeeded};
use crate::{catalog::world::World, databases::connect, world::on_both};

const SHELF: &[(&str, &str)] = &[
    ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER"),
    ("71053", "WHITE METAL LANTERN"),
    ("84406B", "CREAM CUPID HEARTS COAT HANGER"),
    ("84029G", "KNITTED UNION FLAG HOT WATER BOTTLE"),
    ("22469", "HEART OF WICKER SMALL"),
    ("22470", "HEART OF WICKER LARGE"),
    ("21730", "GLASS STAR FROSTED T-LIGHT HOLDER"),
    ("POST", "POSTAGE"),
    ("22423", "REGENCY CAKESTAND 3 TIER"),
    ("47566", "PARTY BUNTING"),
    ("20725", "LUNCH BAG RED RETROSPOT"),
    ("22720", "SET OF 3 CAKE TINS PANTRY DESIGN"),
    ("MUG-É", "Café crème Straße"),
];

async fn stock_up(world: &World) -> Value {
    let hearts = succeeded(category(world, json!({ "name": "Hearts" })).await)["category"]["id"].clone();
    let rows: Vec<Value> = SHELF
        .iter()
        .map(|(sku, name)| {
            let category = if name.contains("HEART") { hearts.clone() } else { Value::Null };
            json!({ "sku": sku, "name": name, "categoryId": category, "barcodes": [{ "code": format!("BC{sku}") }] })
        })
        .chain([json!({ "sku": "EAN", "name": "Pencil", "barcodes": [{ "code": "4006381333931" }] })])
        .collect();
    let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    assert_eq!(answer["userErrors"], json!([]));
    hearts
}

const SEARCH: &str =
    "query($filter: ProductFilter, $orderBy: ProductOrder, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    products(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
      nodes { sku } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn search_skus(world: &World, variables: Value) -> Vec<String> {
    let page = world.execute(SEARCH, variables).await;
    page["products"]["nodes"].as_array().unwrap().iter().map(|node| node["sku"].as_str().unwrap().to_owned()).collect()
}
async fn search(world: &World, text: &str) -> Vec<String> {
    search_skus(world, json!({ "filter": { "search": text } })).await
}

on_both!(a_typo_is_forgiven, world: World => {
    stock_up(world).await;
    for (text, first) in [
        ("heart tlight holdr", "85123A"), ("white hanging heart t-light holder", "85123A"), ("cakstand", "22423"), ("regencey cake stand", "22423"),
        ("haert wicker small", "22469"), ("bunitng", "47566"), ("lanten", "71053"), ("knited flag", "84029G"), ("CAFÉ", "MUG-É"), ("strasse", "MUG-É"),
        ("creme", "MUG-É"), ("white lantern frobnicated metal", "71053"), ("knited uniom xwater botle", "84029G"),
        // Words that other products have too, or with a wrong letter.
        ("hearts wicker", "22469"), ("regency cakestand 7", "22423"),
    ] {
        assert_eq!(search(world, text).await.first().map(String::as_str), Some(first), "{text}");
    }
    assert_eq!(search(world, "xylophone").await, [""; 0]);
    assert_eq!(search(world, "  ").await, [""; 0]);
});

on_both!(the_order_is_the_same_everywhere, world: World => {
    stock_up(world).await;
    for (text, order) in [
        ("85123a", &["85123A"][..]),
        ("post", &["POST"]),
        ("224", &["22423", "22469", "22470"]),
        ("4006381333931", &["EAN"]),
        ("bc47566", &["47566"]),
        ("heart", &["22469", "22470", "85123A", "84406B"]),
        ("t light holder", &["21730", "85123A"]),
        ("w", &["85123A", "71053"]),
    ] {
        let mut got = search(world, text).await;
        let mut want: Vec<String> = order.iter().map(|sku| (*sku).to_owned()).collect();
        if text == "w" {
            // One letter finds the words that begin with it; the order is not compared, only the
            // set.
            got.sort();
            want.sort();
        }
        assert_eq!(got, want, "{text}");
    }
});

on_both!(a_search_narrows_and_is_narrowed, world: World => {
    let hearts = stock_up(world).await;
    let filter = json!({ "search": "heart", "not": { "sku": { "startsWith": "2" } } });
    assert_eq!(search_skus(world, json!({ "filter": filter })).await, ["85123A", "84406B"]);
    let filter = json!({ "search": "wicker", "category": { "eq": hearts } });
    assert_eq!(search_skus(world, json!({ "filter": filter, "orderBy": { "field": "SKU", "direction": "DESC" } })).await, ["22470", "22469"]);
    let filter = json!({ "or": [{ "search": "bunting" }, { "search": "postage" }] });
    assert_eq!(search_skus(world, json!({ "filter": filter })).await, ["47566", "POST"]);
    let filter = json!({ "category": { "eq": hearts }, "not": { "search": "wicker" } });
    assert_eq!(search_skus(world, json!({ "filter": filter })).await, ["84406B", "85123A"]);
    let count = world.execute("{ productsCount(filter: { search: \"heart\" }) { count precision } }", json!({})).await;
    assert_eq!(count["productsCount"], json!({ "count": 4, "precision": "EXACT" }));
});

on_both!(the_best_is_found_among_very_many, world: World => {
    for half in [0..500, 500..700] {
        let rows: Vec<Value> =
            half.map(|n| json!({ "sku": format!("A{n:04}"), "name": format!("White ceramic mug number {n}") })).collect();
        change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    }
    for (sku, name) in [("ZZ1", "White"), ("ZZ2", "White mug"), ("ZZ3", "Black hat")] {
        succeeded(product(world, json!({ "sku": sku, "name": name })).await);
    }
    for (text, first) in [("white", "ZZ1"), ("white mug", "ZZ2"), ("whit mug", "ZZ2"), ("a0007", "A0007"), ("mug 412", "A0412")] {
        assert_eq!(search(world, text).await[0], first, "{text}");
    }
    let sorted = json!({ "filter": { "search": "white" }, "orderBy": { "field": "SKU", "direction": "DESC" }, "first": 3 });
    assert_eq!(search_skus(world, sorted).await, ["ZZ2", "ZZ1", "A0699"]);
    let count = "query($filter: ProductFilter) { productsCount(filter: $filter) { count precision } }";
    for (filter, counted) in [
        (json!({ "search": "white" }), 702),
        (json!({ "not": { "search": "white" } }), 1),
        (json!({ "or": [{ "search": "white" }, { "sku": { "eq": "zz3" } }] }), 703),
        (json!({ "or": [{ "search": "white" }], "name": { "eq": "White" } }), 1),
        (json!({ "search": "white", "sku": { "startsWith": "zz" } }), 2),
    ] {
        let got = world.execute(count, json!({ "filter": filter })).await["productsCount"].take();
        assert_eq!(got, json!({ "count": counted, "precision": "EXACT" }), "{filter}");
    }
    // More products than the search ranks contain the word: names that equal the query or begin
    // with it still come first, and no additional statement counts.
    let rows: Vec<Value> = (700..1_100).map(|n| json!({ "sku": format!("A{n:04}"), "name": format!("Mug number {n} of white clay") })).collect();
    change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    succeeded(product(world, json!({ "sku": "ZZ4", "name": "Whitest of all" })).await);
    let page = "query($text: String!) { products(filter: { search: $text }, first: 2) { nodes { sku } totalCount { count precision } all: totalCount(limit: 5000) { count precision } } }";
    for (text, first, all) in [("white", "ZZ1", 1103), ("whites", "ZZ4", 1), ("white mug", "ZZ2", 1101), ("wihtest", "ZZ4", 1), ("a", "A0000", 1100)] {
        let found = world.execute(page, json!({ "text": text })).await["products"].take();
        assert_eq!(found["nodes"][0]["sku"], json!(first), "{text}");
        let counted = if all > 1_000 { json!({ "count": 1_000, "precision": "AT_LEAST" }) } else { json!({ "count": all, "precision": "EXACT" }) };
        assert_eq!((&found["totalCount"], &found["all"]), (&counted, &json!({ "count": all, "precision": "EXACT" })), "{text}");
    }
});

on_both!(a_typo_is_corrected_by_the_products_that_hold_the_other_words, world: World => {
    // Many names that resemble the intended word in the index come before the only product that has
    // it.
    let rows: Vec<Value> = (0..150).map(|n| json!({ "sku": format!("L{n:03}"), "name": format!("Holly ladder {n}") })).collect();
    change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    for (sku, name) in [("Z1", "Zinc candle holder"), ("Z2", "Zinc bucket")] {
        succeeded(product(world, json!({ "sku": sku, "name": name })).await);
    }
    assert_eq!(search(world, "holqer zinc").await, ["Z1"]);
    assert_eq!(search(world, "zinc backet").await, ["Z2"]);
    let narrowed = json!({ "filter": { "search": "holqer zinc", "sku": { "eq": "Z2" } } });
    assert_eq!(search_skus(world, narrowed).await, [""; 0], "other conditions hold for what is corrected too");
});

on_both!(a_typo_beside_a_word_that_many_products_have_is_corrected_among_them, world: World => {
    // The most similar word belongs to products without zinc, and more products of zinc than are
    // read whole come before the right one.
    let ladders = (0..150).map(|n| json!({ "sku": format!("L{n:03}"), "name": format!("Holly ladder {n}") })).collect::<Vec<_>>();
    let buckets = |from: u32| (from..from + 300).map(|n| json!({ "sku": format!("B{n:03}"), "name": format!("Zinc bucket {n}") })).collect::<Vec<_>>();
    for rows in [ladders, buckets(0), buckets(300)] {
        let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
        assert_eq!(answer["userErrors"], json!([]));
    }
    succeeded(product(world, json!({ "sku": "Z1", "name": "Zinc candle holder" })).await);
    assert_eq!(search(world, "holqer zinc").await, ["Z1"]);
    assert_eq!(search(world, "zinc candle holdr").await, ["Z1"], "fewer have both words");
    let page = "{ products(filter: { search: \"holqer zinc\" }) { totalCount { count precision } } }";
    let counted = world.execute(page, json!({})).await["products"]["totalCount"].take();
    assert_eq!(counted, json!({ "count": 1, "precision": "AT_LEAST" }), "others may have a word that is alike");
    let narrowed = json!({ "filter": { "search": "holqer zinc", "sku": { "startsWith": "B" } } });
    assert_eq!(search_skus(world, narrowed).await, [""; 0]);
    // All zinc products that can match were read to correct the word, so those with both words are
    // known and the index of words is not queried for them.
    let (_, sent) = world.db.record_statements(search(world, "holqer zinc")).await;
    let total = sent.iter().filter(|statement| statement.sql.contains("MATCH") || statement.sql.contains("products_with_")).count();
    assert_eq!(total, 4, "the words, whether there are such words, the first or whole words of zinc, and the others: {sent:?}");
    if world.db.backend() == Backend::Sqlite {
        let last = sent.iter().rfind(|statement| statement.sql.contains("branch_0")).unwrap();
        let plan = world.db.explain(&last.sql).await.unwrap().join("\n");
        assert!(plan.contains("(tenant_id=? AND id=?)"), "{plan}");
    }
});

on_both!(a_short_word_is_corrected_among_the_products_of_a_frequent_word, world: World => {
    // No part of "mug" is left in "mgu", which is a part of the other one.
    for (sku, name) in [("M1", "Zinc mug"), ("M2", "Zinc emgu")] {
        succeeded(product(world, json!({ "sku": sku, "name": name })).await);
    }
    for part in 0..2 {
        let buckets = (0..300).map(|n| json!({ "sku": format!("B{part}{n:03}"), "name": format!("Zinc bucket {part}{n:03}") })).collect::<Vec<_>>();
        let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": buckets })).await;
        assert_eq!(answer["userErrors"], json!([]));
    }
    let mut found = search(world, "mgu zinc").await;
    found.sort();
    assert_eq!(found, ["M1", "M2"]);
});

on_both!(a_typo_is_corrected_among_the_first_products_that_hold_a_word_of_thousands, world: World => {
    succeeded(product(world, json!({ "sku": "Z1", "name": "Zinc candle holder" })).await);
    for part in 0..5 {
        let buckets = (0..420).map(|n| json!({ "sku": format!("B{part}{n:03}"), "name": format!("Zinc bucket {part}{n:03}") })).collect::<Vec<_>>();
        let answer = change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": buckets })).await;
        assert_eq!(answer["userErrors"], json!([]));
    }
    for (sku, name) in [("Z2", "Zinc wall holder"), ("Z3", "Zinc tealightholder"), ("Z4", "Copper holder")] {
        succeeded(product(world, json!({ "sku": sku, "name": name })).await);
    }
    // The first zinc products determine the correction, and the corrected word is then searched in
    // all products.
    let page = "query($text: String!) { products(filter: { search: $text }) { nodes { sku } totalCount { count precision } } }";
    for text in ["holqer zinc", "zinc hodler"] {
        let found = world.execute(page, json!({ "text": text })).await["products"].take();
        assert_eq!(found["nodes"], json!([{ "sku": "Z1" }, { "sku": "Z2" }]), "{text}");
        assert_eq!(found["totalCount"], json!({ "count": 2, "precision": "AT_LEAST" }), "{text}");
    }
    assert_eq!(search(world, "copqer holder").await, ["Z4"], "few hold the other word");
});

on_both!(a_word_of_nearly_all_products_is_found_beside_a_rare_one, world: World => {
    let rows: Vec<Value> = (0..300).map(|n| json!({ "sku": format!("sku-{n:04}"), "name": format!("Plain mug {n:04}") })).collect();
    change(world, "productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    succeeded(product(world, json!({ "sku": "gift", "name": "Card for sku 0007" })).await);
    succeeded(product(world, json!({ "sku": "bowl", "name": "Skull bowl, size XL" })).await);
    for (text, found) in [
        ("sku-0007", &["sku-0007", "gift"][..]),
        ("0007 sku", &["gift", "sku-0007"]),
        ("sku size x", &["bowl"]),
        ("mug 029", &["sku-0290", "sku-0291", "sku-0292", "sku-0293", "sku-0294", "sku-0295", "sku-0296", "sku-0297", "sku-0298", "sku-0299"]),
    ] {
        let (mut got, mut want) = (search(world, text).await, found.iter().map(|sku| (*sku).to_owned()).collect::<Vec<_>>());
        got.sort();
        want.sort();
        assert_eq!(got, want, "{text}");
    }
    // More than a few products hold each of the words.
    let filter = json!({ "search": "mug sku", "sku": { "startsWith": "sku-01" } });
    let count = world.execute("query($filter: ProductFilter) { productsCount(filter: $filter) { count precision } }", json!({ "filter": filter })).await;
    assert_eq!(count["productsCount"], json!({ "count": 100, "precision": "EXACT" }));
});

async fn number(connection: &DatabaseConnection, sql: &str) -> i64 {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_word_that_other_tenants_have_often_is_not_looked_up_in_all_their_products() {
    let Some(world) = World::postgres().await else { return };
    succeeded(product(&world, json!({ "sku": "OURS", "name": "White cup" })).await);
    let (ours, other) = (world.owner.tenant.uuid(), world.other_tenant().await.tenant.uuid());
    let theirs = format!(
        "INSERT INTO product SELECT x.* FROM product p, generate_series(1, 1000) g, jsonb_populate_record(p, jsonb_build_object(
           'tenant_id', '{other}', 'id', gen_random_uuid(), 'sku', 'W' || g, 'sku_key', 'w' || g, 'search_text', ' w' || g || ' white mug ')) x"
    );
    // VACUUM moves the index's pending entries into the index.
    world.as_owner(&[&theirs, "VACUUM ANALYZE product"]).await;

    let owner = connect(world.url()).await;
    for sql in ["BEGIN", "SET LOCAL enable_seqscan = off"] {
        owner.execute_unprepared(sql).await.unwrap();
    }
    let rows_read =
        "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'product'";
    let before = number(&owner, rows_read).await;
    let found = format!(
        "SELECT count(*) FROM products_with_terms('{ours}', to_tsquery('simple', 'white:*'), to_tsquery('simple', 'white:* & cup:*'))"
    );
    assert_eq!(number(&owner, &found).await, 1);
    let read = number(&owner, rows_read).await - before;
    assert!((1..=210).contains(&read), "{read} of 1,001 products that have the first word");
    owner.execute_unprepared("ROLLBACK").await.unwrap();
    owner.close().await.unwrap();
    world.end().await;
}

on_both!(short_words_are_forgiven_too, world: World => {
    let names = ["Storage box", "Desk lamp", "Straw hat", "Frying pan", "Red mug", "Soup bowl", "Vitamin C", "한국어 컵"];
    for (number, name) in names.iter().enumerate() {
        succeeded(product(world, json!({ "sku": format!("K{number}"), "name": name })).await);
    }
    for (text, meant) in [
        ("bxo", 0), ("obx", 0), ("bix", 0), ("lmap", 1), ("dsek", 1), ("hta", 2), ("hst", 2), ("pna", 3), ("mgu", 4), ("mog", 4), ("bwol", 5),
        ("c", 6), ("vitamin c", 6), ("컵", 7), ("한국어 컵", 7),
    ] {
        assert_eq!(search(world, text).await.first(), Some(&format!("K{meant}")), "{text}");
    }
    assert_eq!(search(world, "zzz").await, [""; 0]);
});

on_both!(relevance_has_pages_too, world: World => {
    stock_up(world).await;
    let filter = json!({ "search": "heart" });
    let whole = search(world, "heart").await;
    let first = world.execute(SEARCH, json!({ "filter": filter, "first": 3 })).await["products"].clone();
    assert_eq!(first["pageInfo"]["hasNextPage"], json!(true));
    let after = first["pageInfo"]["endCursor"].clone();
    assert_eq!(search_skus(world, json!({ "filter": filter, "first": 3, "after": after })).await, whole[3..]);
    assert_eq!(search_skus(world, json!({ "filter": filter, "last": 2, "before": after })).await, whole[..2]);
    assert_eq!(search_skus(world, json!({ "filter": filter, "last": 2, "orderBy": { "field": "RELEVANCE", "direction": "DESC" } })).await, whole[2..]);
    let failed = world.fails(SEARCH, json!({ "filter": { "search": "mug" }, "after": after })).await;
    assert_eq!((&failed["code"], &failed["field"]), (&json!("BAD_USER_INPUT"), &json!(["after"])));
});

on_both!(a_renamed_product_is_found_by_its_new_name, world: World => {
    let id = succeeded(product(world, json!({ "sku": "m1", "name": "Blue mug" })).await)["product"]["id"].clone();
    let other = world.other_tenant().await;
    let query = "mutation { productCreate(input: { sku: \"x\", name: \"Green jug\" }) { product { id } } }";
    world.execute_as(Some(other), query, json!({})).await;
    let input = json!({ "id": id, "expectedVersion": 1, "name": "Green jug" });
    succeeded(change(world, "productUpdate", "ProductUpdateInput", "product { id }", input).await);
    assert_eq!(search(world, "blue").await, [""; 0]);
    assert_eq!(search(world, "gren jug").await, ["m1"], "and nothing of another tenant");
});

on_both!(who_scans_a_code_finds_its_product_first, world: World => {
    let row = |sku: &str, name: &str, codes: &[&str]| {
        let codes: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
        json!({ "sku": sku, "name": name, "barcodes": codes })
    };
    for input in [
        // Names that contain the codes, with SKUs that sort first.
        row("A-1", "Label for 4006381333931", &[]),
        row("A-2", "036000291452", &[]),
        row("A-3", "BOX 77", &[]),
        row("A-4", "Z-4 small", &[]),
        row("Z-1", "Pencil of the kind that has a long name", &["4006381333931"]),
        row("Z-2", "Tissues", &["036000291452", "10036000291459"]),
        row("Z-3", "Crate of tissues", &["BOX-77"]),
        row("Z-4", "Small things", &[]),
    ] {
        succeeded(product(world, input).await);
    }
    for (text, first) in [
        ("4006381333931", "Z-1"), (" 4 006381 333931 ", "Z-1"), ("036000291452", "Z-2"), ("0036000291452", "Z-2"), ("10036000291459", "Z-2"),
        ("BOX-77", "Z-3"), ("z-4", "Z-4"),
    ] {
        assert_eq!(search(world, text).await.first().map(String::as_str), Some(first), "{text}");
    }
    let page = search_skus(world, json!({ "filter": { "or": [{ "search": "0036000291452" }] } })).await;
    assert_eq!(page, ["Z-2"], "one number in two lengths");
});

on_both!(a_search_of_more_than_eight_words_is_refused, world: World => {
    succeeded(product(world, json!({ "sku": "LONG-1", "name": "Set of six red glass tealight holders" })).await);
    assert_eq!(search(world, "set of six red glass tealight holders long").await, ["LONG-1"]);
    let nine = "set of six red glass tealight holders long-1";
    for (filter, place) in [
        (json!({ "search": nine }), json!(["filter", "search"])),
        (json!({ "or": [{ "not": { "search": nine } }] }), json!(["filter", "or", "0", "not", "search"])),
    ] {
        let before = world.db.statements();
        let failed = world.fails(SEARCH, json!({ "filter": filter })).await;
        assert_eq!((&failed["code"], &failed["field"]), (&json!("LIMIT_EXCEEDED"), &place), "{filter}");
        assert!(failed["message"].as_str().unwrap().ends_with("has 9 words: at most 8 are taken"), "{failed}");
        assert_eq!(world.db.statements(), before, "{filter}");
    }
});
