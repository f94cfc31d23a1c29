//! Orders by their numbers, products, totals, stores and last changes, and in pages where many have the same value.

use serde_json::{Value, json};

use super::world::{START, World, accepted};
use crate::world::answers::digits;

const LIST: &str = "query($filter: OrderFilter, $orderBy: OrderOrder, $first: Int, $after: Cursor) \
    { orders(filter: $filter, orderBy: $orderBy, first: $first, after: $after) \
    { nodes { id number store { code } total { amount currencyCode } lines { sku } } totalCount { count } pageInfo { hasNextPage endCursor } } }";

async fn place(world: &World, store: Value, status: &str, lines: Value) {
    let input = json!({"idempotencyKey": world.key(), "store": {"id": store}, "status": status, "customerId": world.customer, "lines": lines});
    accepted(&world.mutate("orderCreate", input).await, "order");
}

/// Five orders, a minute apart: one to four mugs, every second order from the depot, and a draft of wrapping alone.
async fn create_five_orders(world: &World) {
    for quantity in 1..=4_i64 {
        let store = if quantity % 2 == 0 { json!(world.depot) } else { json!(world.store) };
        place(world, store, "CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": quantity}])).await;
        world.advance_clock(60);
    }
    place(world, json!(world.store), "DRAFT", json!([{"product": {"id": world.wrap}, "quantity": 1}])).await;
}

async fn page(world: &World, variables: Value) -> Value {
    let answer = world.execute(LIST, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["orders"].clone()
}

fn numbers(page: &Value) -> String {
    page["nodes"].as_array().unwrap().iter().map(|node| digits(&node["number"])).collect::<Vec<_>>().join("")
}

#[tokio::test]
async fn orders_are_found_by_what_they_are_made_of() {
    World::on_both(async |world| {
        create_five_orders(&world).await;
        let asc = json!({"field": "NUMBER", "direction": "ASC"});
        let all = page(&world, json!({"orderBy": asc})).await;
        let [third, fourth] = [2, 3].map(|place| all["nodes"][place].clone());
        let (sku, currency) = (third["lines"][0]["sku"].as_str().unwrap(), &third["total"]["currencyCode"]);
        let depot = fourth["store"]["code"].as_str().unwrap().to_lowercase();
        let total = |order: &Value| order["total"]["amount"].clone();
        let at = |minutes: i64| entrepot::clock::rfc3339(entity::prelude::Timestamp(START).plus_seconds(60 * minutes));
        for (filter, expected) in [
            (json!({"number": {"eq": "SO-0003"}}), "3"),
            (json!({"number": {"in": ["1", "so-5", "PO-2", "x"]}}), "15"),
            (json!({"number": {"startsWith": "4"}}), "4"),
            (json!({"number": {"startsWith": "SO-"}}), "12345"),
            (json!({"number": {"startsWith": "so"}}), "12345"),
            (json!({"number": {"startsWith": "TR-"}}), ""),
            (json!({"number": {"contains": "2"}}), "2"),
            (json!({"number": {"contains": "0002"}}), "2"),
            (json!({"number": {"contains": "o-00"}}), "12345"),
            (json!({"number": {"contains": "SO-000004"}}), "4"),
            (json!({"number": {"contains": "SO-4"}}), ""),
            (json!({"not": {"number": {"contains": "0002"}}}), "1345"),
            (json!({"number": {"contains": "TR"}}), ""),
            (json!({"number": {"contains": "%"}}), ""),
            (json!({"not": {"number": {"eq": "3"}}}), "1245"),
            (json!({"product": {"eq": world.mug}}), "1234"),
            (json!({"product": {"in": [world.wrap, world.tea]}}), "5"),
            (json!({"product": {"eq": world.foreign.mug}}), ""),
            (json!({"sku": {"eq": sku.to_lowercase()}}), "1234"),
            (json!({"not": {"sku": {"eq": sku}}}), "5"),
            (json!({"sku": {"startsWith": &sku[..2]}, "number": {"in": ["1", "5"]}}), "1"),
            (json!({"sku": {"contains": "_"}}), ""),
            (json!({"total": {"currencyCode": currency, "gte": total(&third)}}), "34"),
            (json!({"total": {"currencyCode": currency, "gte": total(&third), "lte": total(&third)}}), "3"),
            (json!({"product": {"eq": world.mug}, "total": {"currencyCode": currency, "lte": total(&third)}}), "123"),
            (json!({"total": {"currencyCode": "JPY"}}), ""),
            (json!({"updatedAt": {"gte": at(2), "lt": at(4)}}), "34"),
            (json!({"createdAt": {"gte": at(2), "lt": at(4)}}), "34"),
            (json!({"id": {"in": [third["id"], fourth["id"]]}, "not": {"id": {"eq": third["id"]}}}), "4"),
            (json!({"store": {"key": [depot, "none-such"]}}), "24"),
            (json!({"not": {"store": {"key": [depot]}}, "customer": {"key": ["C-1"]}}), "135"),
            (json!({"product": {"key": ["mug"]}, "store": {"key": [depot], "eq": world.store}}), ""),
            (json!({"customer": {"key": ["none-such"]}}), ""),
            (json!({"allocatedStore": {"eq": world.depot}}), "24"),
            (json!({"allocatedStore": {"key": [depot, "none-such"]}}), "24"),
            (json!({"allocatedStore": {"key": []}}), ""),
            (json!({"allocatedStore": {"eq": world.foreign.store}}), ""),
            (json!({"not": {"allocatedStore": {"eq": world.depot}}}), "135"),
        ] {
            let found = page(&world, json!({"filter": filter, "orderBy": asc, "first": 1})).await;
            let whole = page(&world, json!({"filter": filter, "orderBy": asc})).await;
            assert_eq!(numbers(&whole), expected, "{filter}");
            assert_eq!(found["totalCount"]["count"], expected.len(), "{filter}");
        }
    })
    .await;
}

/// A search that is counted has the pages of one that is not.
async fn what_was_found_is_paged_through(world: &World) {
    for (direction, expected) in [("ASC", ["1", "2"]), ("DESC", ["2", "1"])] {
        let mut input = json!({"filter": {"search": "web"}, "orderBy": {"field": "NUMBER", "direction": direction}, "first": 1});
        let first = page(world, input.clone()).await;
        input["after"] = first["pageInfo"]["endCursor"].clone();
        let rest = page(world, input.clone()).await;
        assert_eq!([numbers(&first), numbers(&rest)], expected, "{direction}");
        let more = [&first, &rest].map(|page| page["pageInfo"]["hasNextPage"] == true);
        assert_eq!((more, &rest["totalCount"]["count"]), ([true, false], &json!(2)), "{direction}");
        input["after"] = rest["pageInfo"]["endCursor"].clone();
        let behind = page(world, input).await;
        assert_eq!(
            (numbers(&behind), &behind["totalCount"]["count"]),
            (String::new(), &json!(2)),
            "{direction}: behind the last"
        );
    }
    let (_, sent) = world.db.record_statements(page(world, json!({"filter": {"search": "web"}, "first": 1}))).await;
    let looked = sent.iter().filter(|statement| statement.sql.contains("sales_order x")).count();
    assert_eq!(looked, 1, "a page and its number are found at once: {sent:?}");
}

#[tokio::test]
async fn orders_are_found_by_words_that_name_them() {
    World::on_both(async |world| {
        let lines = json!([{"product": {"id": world.mug}, "quantity": 1}]);
        for extra in [
            json!({"externalRef": "Web-1001", "noteForStaff": "Fragile: wrap 100% well", "contact": {"name": "Grace"}, "tags": ["Rush", "VIP"]}),
            json!({"externalRef": "web-1002", "noteForCustomer": "A gift. Not fragile", "metadata": {"wrap": "Red ribbon"}}),
            json!({"customerId": world.customer, "externalRef": "till 3"}),
            json!({}),
        ] {
            let mut input =
                json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "DRAFT", "lines": lines});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            accepted(&world.mutate("orderCreate", input).await, "order");
        }
        let asc = json!({"field": "NUMBER", "direction": "ASC"});
        for (search, expected) in [
            // In the original spelling, in capitals, in small letters, and with an initial capital.
            ("WEB-10", "12"),
            ("wEB-10", "12"),
            ("web-1001", "1"),
            ("  web-1002\tweb ", "2"),
            // Text in the middle is no prefix, and a short text must match the whole number.
            ("1002", ""),
            ("we", ""),
            ("SO-4", "4"),
            ("so-2 web", "2"),
            ("so-1 web-1002", ""),
            ("TR-4", ""),
            ("1", "1"),
            ("c-1", "3"),
            ("till c-1", "3"),
            ("web c-1", ""),
            // Neither notes nor encrypted fields.
            ("fragile", ""),
            ("grace", ""),
            ("%", ""),
            ("x' OR 1=1 --", ""),
            (" ", ""),
        ] {
            let filter = json!({"search": search});
            let whole = page(&world, json!({"filter": filter, "orderBy": asc})).await;
            assert_eq!(numbers(&whole), expected, "{search}");
            let first = page(&world, json!({"filter": filter, "orderBy": asc, "first": 1})).await;
            assert_eq!(first["totalCount"]["count"], expected.len(), "{search}");
        }
        what_was_found_is_paged_through(&world).await;
        let without = page(&world, json!({"filter": {"not": {"search": "web"}}, "orderBy": asc})).await;
        assert_eq!(numbers(&without), "34");
        for (note, expected) in [
            (json!({"contains": "FRAGILE"}), "12"),
            (json!({"contains": "100%"}), "1"),
            (json!({"contains": "_"}), ""),
            (json!({"startsWith": "a gift"}), "2"),
            (json!({"eq": "a gift. not fragile"}), "2"),
            (json!({"in": []}), ""),
            (json!({"contains": "grace"}), ""),
        ] {
            let whole = page(&world, json!({"filter": {"note": note}, "orderBy": asc})).await;
            assert_eq!(numbers(&whole), expected, "{note}");
        }
        for (metadata, expected) in [
            (json!([{"key": "wrap"}]), "2"),
            (json!([{"key": "wrap", "value": {"startsWith": "Red"}}]), "2"),
            (json!([{"key": "wrap", "value": {"eq": "red ribbon"}}]), ""),
            (json!([{"key": "wrap"}, {"key": "Wrap"}]), ""),
        ] {
            let whole = page(&world, json!({"filter": {"metadata": metadata}, "orderBy": asc})).await;
            assert_eq!(numbers(&whole), expected, "{metadata}");
        }
        for (tag, expected) in [
            (json!({"eq": "rush"}), "1"),
            (json!({"in": ["gift", "vip"]}), "1"),
            (json!({"startsWith": "vi", "contains": "US"}), "1"),
            (json!({"contains": "\""}), ""),
        ] {
            let whole = page(&world, json!({"filter": {"tag": tag}, "orderBy": asc})).await;
            assert_eq!(numbers(&whole), expected, "{tag}");
        }
        let both = json!({"and": [{"note": {"contains": "fragile"}}, {"search": "web-1002"}]});
        assert_eq!(numbers(&page(&world, json!({"filter": both, "orderBy": asc})).await), "2");
        // A caller that may not see customers cannot find orders by them.
        let variables = json!({"filter": {"search": "c-1"}});
        let document = "query($filter: OrderFilter) { orders(filter: $filter) { nodes { number } totalCount { count } } }";
        let blind = world.execute_without(&["customer.read"], document, variables).await;
        assert_eq!(blind["orders"], json!({"nodes": [], "totalCount": {"count": 0}}), "{blind}");
        let (words, long, nul) = ("a b c d e f g h i".to_owned(), "x".repeat(256), "a\0".to_owned());
        for (search, code) in [(words, "LIMIT_EXCEEDED"), (long, "BAD_USER_INPUT"), (nul, "BAD_USER_INPUT")] {
            let answer = world.execute(LIST, json!({"filter": {"search": search}})).await;
            assert_eq!(answer["errors"][0]["code"], code, "{search:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn filters_that_make_no_sense_are_refused_at_their_place() {
    World::on_both(async |world| {
        let statements_before = world.db.statements();
        let many: Vec<String> = (0..251).map(|n| n.to_string()).collect();
        for filter in [
            json!({"total": {"currencyCode": "XXX"}}),
            json!({"total": {"currencyCode": "GBP", "gte": "0.001"}}),
            json!({"total": {"currencyCode": "GBP", "gte": "2.00", "lte": "1.99"}}),
            json!({"product": {"eq": world.store}}),
            json!({"allocatedStore": {"in": [world.mug]}}),
            json!({"sku": {"eq": "a\u{0}b"}}),
        ] {
            let answer = world.execute(LIST, json!({"filter": filter})).await;
            assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{filter}");
        }
        for filter in [json!({"allocatedStore": {"key": many}}), json!({"number": {"in": many}})] {
            let answer = world.execute(LIST, json!({"filter": filter})).await;
            assert_eq!(answer["errors"][0]["code"], "LIMIT_EXCEEDED", "{filter}");
        }
        assert_eq!(world.db.statements(), statements_before, "bad input is refused before any statement");
    })
    .await;
}

#[tokio::test]
async fn a_page_ends_anywhere_among_orders_of_one_total_and_one_moment() {
    World::on_both(async |world| {
        for _ in 0..5 {
            place(&world, json!(world.store), "DRAFT", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        }
        for field in ["TOTAL", "UPDATED_AT", "NUMBER"] {
            for direction in ["ASC", "DESC"] {
                let by = json!({"field": field, "direction": direction});
                let whole = numbers(&page(&world, json!({"orderBy": by})).await);
                let (mut found, mut after) = (String::new(), Value::Null);
                loop {
                    let part = page(&world, json!({"orderBy": by, "first": 2, "after": after})).await;
                    found.push_str(&numbers(&part));
                    after = part["pageInfo"]["endCursor"].clone();
                    if part["pageInfo"]["hasNextPage"] == false {
                        break;
                    }
                }
                assert_eq!((found.len(), &found), (5, &whole), "{field} {direction}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_customer_leads_to_the_orders() {
    World::on_both(async |world| {
        create_five_orders(&world).await;
        let document = "{ orders(first: 1) { nodes { customer { orders(filter: { status: [CONFIRMED] }, first: 3) { \
            nodes { number } totalCount { count } } } } } }";
        let answer = world.execute(document, json!({})).await;
        let orders = &answer["orders"]["nodes"][0]["customer"]["orders"];
        assert_eq!((numbers(orders), &orders["totalCount"]["count"]), ("432".to_owned(), &json!(4)), "{answer:#}");
    })
    .await;
}
