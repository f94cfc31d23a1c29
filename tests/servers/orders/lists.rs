//! Lists of orders and returns.

use entity::prelude::OrderStatus;
use entrepot::{
    orders::rows::{Filter, IdColumn, OrdersSorted, count, page_statement},
    paging::PageRequest,
    storage::{Backend, Reads},
};
use serde_json::{Value, json};

use super::world::{START, World, accepted};
use crate::world::answers::digits;

/// Six orders: mugs 1 to 6, a minute apart, every second one from the depot and the web, with a customer.
async fn create_six_orders(world: &World) {
    for quantity in 1..=6_i64 {
        let even = quantity % 2 == 0;
        let input = json!({
            "idempotencyKey": world.key(), "store": {"id": if even { world.depot } else { world.store }},
            "channelId": if even { world.web } else { world.direct }, "customerId": even.then_some(world.customer),
            "externalRef": format!("REF-{quantity}"), "status": if quantity < 5 { "CONFIRMED" } else { "DRAFT" },
            "lines": [{"product": {"id": world.mug}, "quantity": quantity}, {"product": {"id": world.wrap}, "quantity": 1}],
        });
        accepted(&world.mutate("orderCreate", input).await, "order");
        world.advance_clock(60);
    }
}

const LIST: &str = "query($filter: OrderFilter, $orderBy: OrderOrder, $first: Int, $after: Cursor, $last: Int, $before: Cursor) \
    { orders(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) \
    { nodes { number } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn numbers(world: &World, variables: Value) -> String {
    let answer = world.execute(LIST, variables).await;
    let nodes = answer["orders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    nodes.iter().map(|node| digits(&node["number"])).collect::<Vec<_>>().join("")
}

#[tokio::test]
async fn filters_say_what_they_mean() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let at = |minutes: i64| entrepot::clock::rfc3339(entity::prelude::Timestamp(START).plus_seconds(60 * minutes));
        let asc = json!({"field": "NUMBER", "direction": "ASC"});
        for (filter, expected) in [
            (json!({}), "123456"),
            (json!({"store": {"eq": world.depot}}), "246"),
            (json!({"store": {"in": [world.depot, world.store]}, "status": ["DRAFT"]}), "56"),
            (json!({"store": {"in": []}}), ""),
            (json!({"status": []}), ""),
            (json!({"or": []}), ""),
            (json!({"and": []}), "123456"),
            (json!({"not": {"store": {"in": []}}}), "123456"),
            (json!({"customer": {"eq": world.customer}}), "246"),
            (json!({"not": {"customer": {"eq": world.customer}}}), "135"),
            (json!({"customer": {"isNull": true}}), "135"),
            (json!({"customer": {"isNull": false}, "status": ["DRAFT"]}), "6"),
            (json!({"channel": {"eq": world.web}, "not": {"externalRef": {"eq": "REF-4"}}}), "26"),
            (json!({"externalRef": {"in": ["REF-1", "REF-6", "NOPE"]}}), "16"),
            (json!({"externalRef": {"startsWith": "REF-", "contains": "3"}}), "3"),
            (json!({"externalRef": {"startsWith": "ref"}}), ""),
            (json!({"placedAt": {"gte": at(1), "lt": at(3)}}), "23"),
            (
                json!({"or": [{"placedAt": {"lt": at(1)}}, {"and": [{"status": ["DRAFT"]}, {"store": {"eq": world.depot}}]}]}),
                "16",
            ),
            (json!({"store": {"eq": world.foreign.store}}), ""),
            (json!({"store": {"eq": null}, "status": null}), "123456"),
        ] {
            assert_eq!(numbers(&world, json!({"filter": filter, "orderBy": asc})).await, expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_paged_both_ways_in_every_order() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        for (field, direction, all) in [
            ("PLACED_AT", "DESC", "654321"),
            ("PLACED_AT", "ASC", "123456"),
            ("NUMBER", "ASC", "123456"),
            ("NUMBER", "DESC", "654321"),
            ("TOTAL", "ASC", "123456"),
            ("TOTAL", "DESC", "654321"),
        ] {
            let by = json!({"field": field, "direction": direction});
            let (mut forward, mut after) = (String::new(), Value::Null);
            loop {
                let answer = world.execute(LIST, json!({"orderBy": by, "first": 4, "after": after})).await;
                for node in answer["orders"]["nodes"].as_array().unwrap() {
                    forward.push_str(&digits(&node["number"]));
                }
                after = answer["orders"]["pageInfo"]["endCursor"].clone();
                if answer["orders"]["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(forward, all, "{field} {direction}");
            assert_eq!(numbers(&world, json!({"orderBy": by, "last": 2})).await, all[4..]);
            assert_eq!(numbers(&world, json!({"orderBy": by, "last": 2, "before": after})).await, all[3..5]);
        }
        assert_eq!(numbers(&world, json!({"first": 2})).await, "65");
        let answer = world.execute(LIST, json!({"first": 1})).await;
        let cursor = &answer["orders"]["edges"][0]["cursor"];
        let other = json!({"orderBy": {"field": "TOTAL"}, "after": cursor});
        for bad in [other, json!({"first": 0}), json!({"first": 251}), json!({"first": 1, "last": 1}), json!({"after": "junk"})] {
            let answer = world.execute(LIST, bad.clone()).await;
            assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{bad}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_is_found_by_each_of_its_names() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let document = "query($by: OrderRef!) { order(by: $by) { number lines { quantity } } }";
        let found = world.execute(document, json!({"by": {"external": {"channelId": world.web, "ref": "REF-2"}}})).await;
        assert_eq!(found["order"], json!({"number": "SO-000002", "lines": [{"quantity": 2}, {"quantity": 1}]}));
        for five in ["5", "SO-5", "so-000005"] {
            assert_eq!(world.execute(document, json!({"by": {"number": five}})).await["order"]["number"], "SO-000005");
        }
        for by in [
            json!({"number": "7"}),
            json!({"number": "five"}),
            json!({"number": "PO-5"}),
            json!({"external": {"channelId": world.direct, "ref": "REF-2"}}),
            json!({"id": "ord_00000000000000000000000000"}),
        ] {
            assert_eq!(world.execute(document, json!({"by": by})).await, json!({"order": null}), "{by}");
        }
        let statements_before = world.db.statements();
        for by in [json!({"id": world.mug}), json!({"id": "junk"}), json!({"external": {"channelId": world.mug, "ref": "x"}})] {
            let answer = world.execute(document, json!({"by": by})).await;
            assert_eq!(
                (&answer["data"]["order"], &answer["errors"][0]["code"]),
                (&Value::Null, &json!("BAD_USER_INPUT")),
                "{by}"
            );
        }
        let answer = world.execute(LIST, json!({"filter": {"and": [{"store": {"in": [world.mug]}}]}})).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT");
        let mut deep = json!({"status": ["DRAFT"]});
        for _ in 0..5 {
            deep = json!({"not": deep});
        }
        assert_eq!(world.execute(LIST, json!({"filter": deep})).await["errors"][0]["code"], "LIMIT_EXCEEDED");
        assert_eq!(world.db.statements(), statements_before, "bad input is refused before any statement");
    })
    .await;
}

#[tokio::test]
async fn orders_are_counted_up_to_a_limit() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let document =
            "query($filter: OrderFilter, $limit: Int! = 10000) { ordersCount(filter: $filter, limit: $limit) { count precision } }";
        for (variables, expected) in [
            (json!({}), json!({"count": 6, "precision": "EXACT"})),
            (json!({"limit": 6}), json!({"count": 6, "precision": "EXACT"})),
            (json!({"limit": 5}), json!({"count": 5, "precision": "AT_LEAST"})),
            (json!({"filter": {"status": ["DRAFT"]}}), json!({"count": 2, "precision": "EXACT"})),
        ] {
            let answer = world.execute(document, variables).await;
            assert_eq!(answer["ordersCount"], expected, "{answer}");
        }
        assert_eq!(world.execute(document, json!({"limit": 0})).await["errors"][0]["code"], "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn a_page_costs_five_statements() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let document = "query($filter: OrderFilter) { orders(first: 20, filter: $filter) { nodes { id number placedAt customer { name } \
            total { amount currencyCode } lines { quantity unitPrice { amount } product { sku } } } } }";
        let statements_before = world.db.statements();
        let answer = world.execute(document, json!({"filter": {"store": {"eq": world.depot}}})).await;
        // Orders, lines, products, customers, and the patterns of numbers.
        assert_eq!(world.db.statements() - statements_before, 5);
        let nodes = answer["orders"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 3);
        assert_eq!((&nodes[0]["customer"]["name"], &nodes[0]["lines"][1]["product"]["sku"]), (&json!("Ada"), &json!("WRAP")));
        let statements_before = world.db.statements();
        world.execute("{ orders { nodes { number } } }", json!({})).await;
        assert_eq!(world.db.statements() - statements_before, 2);
        // All nested data of orders: one statement for each kind, whatever the number of orders.
        let document = "{ orders { nodes { holds { reason } store { code } channel { code } lines { allocations { store { code } } } \
            fulfilments { id } returns { lines { matches { orderLine { id } } } } } } }";
        let statements_before = world.db.statements();
        world.execute(document, json!({})).await;
        assert!(world.db.statements() - statements_before <= 9, "{}", world.db.statements() - statements_before);
    })
    .await;
}

#[tokio::test]
async fn a_new_order_by_ids_costs_its_batch_alone() {
    World::on_both(async |world| {
        world.order("CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        let document = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id number status total { amount } \
            lines { id quantity } } userErrors { code } } }";
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": [{"product": {"id": world.mug}, "quantity": 1}]});
        let statements_before = world.db.statements();
        let answer = world.execute(document, json!({"input": input})).await;
        assert!(answer["orderCreate"]["order"]["id"].is_string());
        // Locks, keys and names: 6; the counter; levels, order, lines, movement, entries, holds, key and event; the patterns of numbers.
        let cost = world.db.statements() - statements_before;
        assert!(cost <= 15, "{cost} statements");
    })
    .await;
}

#[tokio::test]
async fn the_stream_cursor_is_the_first_pages() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let document = "query($after: Cursor) { orders(first: 2, after: $after) { streamCursor pageInfo { endCursor } } }";
        let first = world.execute(document, json!({})).await;
        world.order("DRAFT", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        let second = world.execute(document, json!({"after": first["orders"]["pageInfo"]["endCursor"]})).await;
        assert_eq!(second["orders"]["streamCursor"], first["orders"]["streamCursor"]);
        assert_ne!(world.execute(document, json!({})).await["orders"]["streamCursor"], first["orders"]["streamCursor"]);
    })
    .await;
}

/// Returns SQLite's plan for the second page of such orders.
async fn plan(world: &World, filter: Filter) -> Vec<String> {
    let request = PageRequest {
        limit: 20,
        backward: false,
        after: Some(vec![entrepot::paging::Key::Int(START), world.store.into()]),
        before: None,
    };
    let (sql, values) = page_statement(Backend::Sqlite, &Filter::All(vec![filter]), OrdersSorted::default(), &request);
    let rows = world.db.tenant(world.tenant).rows(&format!("EXPLAIN QUERY PLAN {sql}"), values).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(3).unwrap()).collect()
}

#[tokio::test]
async fn the_newest_orders_of_a_store_and_those_that_are_open_come_from_their_indexes() {
    World::on_both(async |world| {
        if world.db.backend() != Backend::Sqlite {
            return;
        }
        let plan_of_store = plan(&world, Filter::Ids(IdColumn::Store, vec![world.store.uuid()])).await;
        assert_eq!(plan_of_store.len(), 1, "no sort of its own: {plan_of_store:?}");
        assert!(
            plan_of_store[0].contains("sales_order_store (tenant_id=? AND store_id=? AND (placed_at,id)<(?,?))"),
            "{plan_of_store:?}"
        );

        // Few of a million orders are open, and few of these are drafts: a list of drafts reads
        // neither the closed orders nor the other open ones.
        let by_status = "sales_order_status_placed (tenant_id=? AND status=? AND (placed_at,id)<(?,?))";
        let open = "sales_order_open_placed (tenant_id=? AND (placed_at,id)<(?,?))";
        for (statuses, index) in [
            (vec![OrderStatus::Draft], by_status),
            (vec![OrderStatus::Cancelled], by_status),
            (vec![OrderStatus::Confirmed], open),
            (vec![OrderStatus::Pending, OrderStatus::Confirmed, OrderStatus::PartiallyFulfilled], open),
        ] {
            let plan_of_few = plan(&world, Filter::Status(statuses)).await;
            assert!(plan_of_few[0].contains(index), "{plan_of_few:?}");
            assert!(
                !plan_of_few.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")),
                "no sort of its own: {plan_of_few:?}"
            );
        }
        // Cancelled orders stay in their index for ever: a narrower condition is looked up by its
        // own index.
        let customers = Filter::Ids(IdColumn::Customer, vec![world.customer.uuid()]);
        let few_by_id = Filter::Ids(IdColumn::Order, vec![world.customer.uuid(), world.store.uuid()]);
        for (narrower, index) in [
            (customers, "sales_order_customer (tenant_id=? AND customer_id=? AND (placed_at,id)<(?,?))"),
            (few_by_id, "sqlite_autoindex_sales_order_1 (tenant_id=? AND id=?)"),
        ] {
            let cancelled = Filter::Status(vec![OrderStatus::Cancelled]);
            let plan_of_both = plan(&world, Filter::All(vec![narrower, cancelled])).await;
            assert!(plan_of_both[0].contains(index), "{plan_of_both:?}");
        }
        let plan_of_some = plan(&world, Filter::Status(vec![OrderStatus::Draft, OrderStatus::Fulfilled])).await;
        assert!(plan_of_some[0].contains("sales_order_placed"), "{plan_of_some:?}");
    })
    .await;
}

#[tokio::test]
async fn orders_of_a_status_that_most_have_are_counted_on_every_page() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let document = "query($after: Cursor) { orders(filter: { status: [CONFIRMED, FULFILLED] }, first: 2, after: $after) { nodes { number } \
            totalCount { count precision } one: totalCount(limit: 1) { count precision } pageInfo { endCursor } } }";
        let mut after = Value::Null;
        for expected in ["43", "21", ""] {
            let page = world.execute(document, json!({"after": after})).await["orders"].take();
            let found: String = page["nodes"].as_array().unwrap().iter().map(|node| digits(&node["number"])).collect();
            assert_eq!(found, expected);
            assert_eq!(page["totalCount"], json!({"count": 4, "precision": "EXACT"}), "{page}");
            assert_eq!(page["one"], json!({"count": 1, "precision": "AT_LEAST"}), "{page}");
            after = page["pageInfo"]["endCursor"].clone();
        }
        if world.db.backend() != Backend::Sqlite {
            return;
        }
        // The oldest orders are counted, which lie beside each other, and not those with the lowest totals, which lie anywhere.
        let (scope, filter) = (world.db.tenant(world.tenant), Filter::All(vec![Filter::Status(vec![OrderStatus::Fulfilled])]));
        let (counted, sent) = world.db.record_statements(count(&scope, &filter, 1_000)).await;
        assert_eq!((counted.unwrap(), sent.len()), (0, 1), "{sent:?}");
        let plan = world.db.explain(&sent[0].sql).await.unwrap().join("\n");
        assert!(plan.contains("sales_order_placed (tenant_id=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
    })
    .await;
}

#[tokio::test]
async fn returns_are_listed_newest_first() {
    World::on_both(async |world| {
        for number in 1..=3 {
            let input = json!({"idempotencyKey": world.key(), "store": {"id": if number == 2 { world.depot } else { world.store }},
                "customerId": (number == 3).then_some(world.customer), "externalRef": format!("RMA-{number}"), "receive": number != 1,
                "lines": [{"product": {"id": world.mug}, "quantity": number}]});
            accepted(&world.mutate("returnCreate", input).await, "return");
            world.advance_clock(60);
        }
        let document = "query($filter: ReturnFilter, $first: Int, $after: Cursor, $last: Int) { returns(filter: $filter, first: $first, \
            after: $after, last: $last) { nodes { number lines { quantity product { sku } } } pageInfo { endCursor hasNextPage } } }";
        let list = async |variables: Value| {
            let answer = world.execute(document, variables).await;
            let nodes = answer["returns"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            nodes.iter().map(|node| digits(&node["number"])).collect::<String>()
        };
        let at = |minutes: i64| entrepot::clock::rfc3339(entity::prelude::Timestamp(START).plus_seconds(60 * minutes));
        for (variables, expected) in [
            (json!({}), "321"),
            (json!({"last": 1}), "1"),
            (json!({"filter": {"store": {"eq": world.store}}}), "31"),
            (json!({"filter": {"customer": {"eq": world.customer}}}), "3"),
            (json!({"filter": {"externalRef": {"startsWith": "RMA", "contains": "2"}}}), "2"),
            (json!({"filter": {"receivedAt": {"gte": at(1)}}}), "32"),
            (json!({"filter": {"receivedAt": {"lt": at(1)}}}), ""),
        ] {
            assert_eq!(list(variables.clone()).await, expected, "{variables}");
        }
        let first = world.execute(document, json!({"first": 2})).await;
        let after = &first["returns"]["pageInfo"]["endCursor"];
        assert_eq!(first["returns"]["pageInfo"]["hasNextPage"], true);
        assert_eq!(list(json!({"first": 2, "after": after})).await, "1");
    })
    .await;
}

#[tokio::test]
async fn a_page_written_straight_says_what_resolvers_say() {
    World::on_both(async |world| {
        create_six_orders(&world).await;
        let charge = json!({
            "idempotencyKey": world.key(), "store": {"id": world.store}, "status": "CONFIRMED",
            "lines": [{"kind": "CHARGE", "name": "Post \"age\"", "quantity": 1, "unitPrice": {"amount": "3.95", "currencyCode": "GBP"}}],
        });
        accepted(&world.mutate("orderCreate", charge).await, "order");
        let page = |id: &str, product: &str| {
            format!(
                "query {{ orders(orderBy: {{ field: NUMBER, direction: ASC }}) {{ nodes {{ __typename {id} number status store {{ code }} placedAt
                 customer {{ id name externalRef }} total {{ amount currencyCode }} externalRef expiresAt version createdAt updatedAt
                 lines {{ id kind product {{ {product} }} sku name quantity open backordered cancelled fulfilled returned unitPrice {{ amount }}
                 discount {{ amount }} tax {{ amount }} sum: total {{ amount }} }} }} pageInfo {{ hasNextPage }} }} }}"
            )
        };
        for product in ["id sku called: name", "id sku status price { amount }", "id metadata"] {
            let lean = world.execute(&page("id", product), json!({})).await;
            // A directive sends the whole list to the ordinary resolvers.
            assert_eq!(lean, world.execute(&page("id @include(if: true)", product), json!({})).await);
            assert_eq!(lean["orders"]["nodes"].as_array().unwrap().len(), 7);
            assert_eq!(lean["orders"]["nodes"][6]["lines"][0]["name"], "Post \"age\"");
        }
    })
    .await;
}
