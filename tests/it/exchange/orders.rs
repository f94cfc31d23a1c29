//! Imports of orders: placed once, whole or not at all, and only within available stock.

use entrepot::storage::{Reads, Row};
use serde_json::{Value, json};

use super::world::{Works, World, counts, download, execute, export, import, read_exchange, result, wait_for_end, wait_until};
use crate::world::on_both;

on_both!(
    a_file_of_orders_becomes_orders,
    an_order_stands_or_falls_as_a_whole,
    an_order_that_is_there_is_left_as_it_is,
    a_dry_run_of_orders_places_none,
    what_was_exported_can_be_imported_again,
    a_tax_rate_comes_with_a_line_and_is_exported,
    a_register_comes_with_an_order_and_is_exported,
    orders_are_placed_once_however_often_the_worker_dies,
    the_last_of_something_goes_to_the_first_in_the_file,
    orders_of_charges_alone_ask_for_no_store_and_are_numbered_as_in_the_file,
    long_orders_are_whole_and_endless_ones_refused,
    orders_are_placed_by_whoever_may_place_them,
);

const HEADER: &str =
    "externalRef,channel,store,customer,placedAt,status,kind,sku,name,quantity,currency,unitPrice,discount,tax\n";

fn sheet(rows: &[&str]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

/// Reads an order of this channel, or of `DIRECT`, the default channel.
async fn order(world: &World, channel: Option<&str>, reference: &str) -> Value {
    let channel = match channel {
        Some(channel) => channel.to_owned(),
        None => {
            let found = execute(world, "{ channels(first: 50) { nodes { id code } } }", json!({})).await;
            let all = found["channels"]["nodes"].as_array().unwrap().clone();
            all.iter().find(|one| one["code"] == "DIRECT").unwrap()["id"].as_str().unwrap().to_owned()
        }
    };
    let query = "query($by: OrderRef!) { order(by: $by) { status placedAt customer { externalRef } total { amount currencyCode }
        lines { kind sku name quantity fulfilled unitPrice { amount } discount { amount } tax { amount } } } }";
    execute(world, query, json!({ "by": { "external": { "channelId": channel, "ref": reference } } })).await["order"].clone()
}

/// On hand and reserved of a product in the company's shop.
async fn level(world: &World, sku: &str) -> (i64, i64) {
    let query = "query($sku: String!) { product(by: { sku: $sku }) { stock { onHand reserved store { code } } } }";
    let found = execute(world, query, json!({ "sku": sku })).await;
    let all = found["product"]["stock"].as_array().unwrap();
    let shop = all.iter().find(|level| level["store"]["code"] == "alpha-shop").unwrap();
    (shop["onHand"].as_i64().unwrap(), shop["reserved"].as_i64().unwrap())
}

async fn orders(world: &World) -> i64 {
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let rows = scope.rows("SELECT count(*) FROM sales_order WHERE tenant_id = $1", vec![]).await.unwrap();
    Row::new(&rows[0]).take().unwrap()
}

/// Imports a product and its stock in the company's shop.
async fn stocked(world: &World, sku: &str, quantity: i64) {
    let text = format!("sku,name,price,priceCurrency\n{sku},{sku},2.00,GBP\n");
    wait_for_end(world, &import(world, "PRODUCTS", text, json!({})).await).await;
    let text = format!("sku,store,onHand\n{sku},alpha-shop,{quantity}\n");
    let exchange = wait_for_end(world, &import(world, "STOCK", text, json!({})).await).await;
    assert_eq!(counts(&exchange)[4], 0, "{}", result(world, &exchange).await);
}

/// Row, code and field of each refusal.
async fn refusals(world: &World, exchange: &Value) -> Vec<String> {
    let text = result(world, exchange).await;
    text.lines().skip(1).map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect()
}

async fn a_file_of_orders_becomes_orders(world: &World) {
    let works = Works::begin(world);
    let (before, (on_hand, reserved)) = (orders(world).await, level(world, "alpha-mug").await);
    // As Excel saves it: the order's own fields are in its first row only.
    let text = "\u{feff}Order Number;Channel;Location;Customer;Occurred At;Status;Kind;SKU;Name;Qty;Currency;Price;Discount;Tax\r\n\
        w-1;alpha-web;alpha-shop;alpha-1;2026-09-21T10:00:00+02:00;;;alpha-mug;;3;;;1.00;0.40\r\n\
        w-1;;;;;;charge;;Postage;1;GBP;2.50;;\r\n\
        w-2;ALPHA-WEB;alpha-shop;;;draft;;alpha-mug;;1;GBP;3.50;;\r\n\
        w-1;DIRECT;ALPHA-SHOP;;;FULFILLED;;ALPHA-MUG;;2;;;;\r\n\
        w-3;alpha-web;alpha-shop;nobody;yesterday;;;nothing;;1;;;;\r\n";
    let mapping = json!({ "mapping": [{ "column": "Location", "field": "store" }] });
    let exchange = wait_for_end(world, &import(world, "ORDERS", text, mapping).await).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [5, 4, 0, 0, 1]), "{exchange:#}");
    assert_eq!(refusals(world, &exchange).await, ["5,INVALID,placedAt"]);
    let web = world.ours.ids["chn"].as_str();
    let first = order(world, Some(web), "w-1").await;
    assert_eq!(
        (&first["status"], &first["placedAt"], &first["customer"]["externalRef"], &first["total"]["amount"]),
        (&json!("CONFIRMED"), &json!("2026-09-21T08:00:00.000000Z"), &json!("alpha-1"), &json!("13.90"))
    );
    assert_eq!(first["lines"][1]["name"], "Postage");
    let draft = order(world, Some(web), "w-2").await;
    assert_eq!((&draft["status"], &draft["total"]["amount"]), (&json!("DRAFT"), &json!("3.50")));
    let till = order(world, None, "w-1").await;
    assert_eq!((&till["status"], &till["lines"][0]["fulfilled"]), (&json!("FULFILLED"), &json!(2)));
    assert_eq!((orders(world).await - before, order(world, Some(web), "w-3").await), (3, Value::Null));
    assert_eq!(level(world, "alpha-mug").await, (on_hand - 2, reserved + 3));
    works.kill().await;
}

async fn an_order_stands_or_falls_as_a_whole(world: &World) {
    let works = Works::begin(world);
    let before = (orders(world).await, level(world, "alpha-mug").await);
    let rows = [
        "a,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "a,,alpha-shop,,,,,nobody,,1,,,,",
        "b,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "b,,alpha-shop,,,,,alpha-mug,,99000000,,,,",
        "c,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "d,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "c,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "e,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "e,,nowhere,,,,,alpha-mug,,1,,,,",
        "f,,alpha-shop,,,,,alpha-mug,,1,,,,",
        ",,alpha-shop,,,,,alpha-mug,,1,,,,",
        "g,,alpha-shop,,,,,alpha-mug,,1",
        "h,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "j,,alpha-shop,,,CANCELLED,,alpha-mug,,1,,,,",
        "i,,alpha-shop,,,,,alpha-mug,,1,EUR,1.00,,",
        "i,,alpha-shop,,,,,alpha-mug,,1,,,,",
    ];
    let exchange = wait_for_end(world, &import(world, "ORDERS", sheet(&rows), json!({})).await).await;
    assert_eq!(
        refusals(world, &exchange).await,
        [
            "1,NOT_FOUND,",
            "2,NOT_FOUND,sku",
            "3,INSUFFICIENT_STOCK,",
            "4,INSUFFICIENT_STOCK,quantity",
            "5,INVALID,externalRef",
            "7,INVALID,externalRef",
            "8,INVALID,",
            "9,INVALID,store",
            "10,INVALID,externalRef",
            "11,REQUIRED,externalRef",
            "12,INVALID,",
            "13,INVALID,externalRef",
            "14,INVALID,status",
            "15,INVALID,",
            "16,INVALID,currency",
        ],
        "{}",
        result(world, &exchange).await
    );
    let text = result(world, &exchange).await;
    for words in ["see row 2", "sort the file", "has another store", "correct that row", "begins as DRAFT"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    assert_eq!(counts(&exchange), [16, 1, 0, 0, 15], "{text}");
    assert_eq!(orders(world).await, before.0 + 1);
    let (on_hand, reserved) = before.1;
    assert_eq!(level(world, "alpha-mug").await, (on_hand, reserved + 1), "d alone");
    works.kill().await;
}

async fn an_order_that_is_there_is_left_as_it_is(world: &World) {
    let works = Works::begin(world);
    let rows = [
        "s-1,alpha-web,alpha-shop,alpha-1,2026-09-21T08:00:00Z,,,alpha-mug,,3,GBP,3.90,,",
        "s-1,alpha-web,,,,,CHARGE,,Postage,1,GBP,2.50,,",
        "s-2,,alpha-shop,,,,,alpha-mug,,1,,,,",
    ];
    let exchange = wait_for_end(world, &import(world, "ORDERS", sheet(&rows), json!({})).await).await;
    assert_eq!(counts(&exchange), [3, 3, 0, 0, 0], "{}", result(world, &exchange).await);
    let before = (orders(world).await, level(world, "alpha-mug").await);
    for mode in [json!({}), json!({ "validateOnly": true })] {
        let again = wait_for_end(world, &import(world, "ORDERS", sheet(&rows), mode).await).await;
        assert_eq!(counts(&again), [3, 0, 0, 3, 0], "{}", result(world, &again).await);
    }
    let strict = wait_for_end(world, &import(world, "ORDERS", sheet(&rows), json!({ "mode": "CREATE" })).await).await;
    assert_eq!(counts(&strict), [3, 0, 0, 0, 3], "{}", result(world, &strict).await);
    assert!(refusals(world, &strict).await[0].starts_with("1,DUPLICATE,externalRef"));
    for (changed, field) in [
        ("s-1,alpha-web,alpha-shop,alpha-1,2026-09-21T08:00:00Z,,,alpha-mug,,4,GBP,3.90,,", "quantity"),
        ("s-1,alpha-web,alpha-shop,alpha-1,2026-09-21T08:00:00Z,,,alpha-mug,,3,GBP,3.80,,", "unitPrice"),
        ("s-1,alpha-web,alpha-shop,alpha-1,2026-09-21T08:00:00Z,,,alpha-mug,,3,GBP,3.90,1.00,", "discount"),
        ("s-1,alpha-web,alpha-shop,alpha-1,2026-09-21T08:00:01Z,,,alpha-mug,,3,GBP,3.90,,", "placedAt"),
    ] {
        let exchange = wait_for_end(world, &import(world, "ORDERS", sheet(&[changed, rows[1]]), json!({})).await).await;
        assert_eq!(refusals(world, &exchange).await, [format!("1,DUPLICATE,{field}"), "2,DUPLICATE,".to_owned()]);
    }
    let short = wait_for_end(world, &import(world, "ORDERS", sheet(&rows[..1]), json!({})).await).await;
    assert_eq!(refusals(world, &short).await, ["1,DUPLICATE,lines"]);
    assert_eq!((orders(world).await, level(world, "alpha-mug").await), before);
    works.kill().await;
}

async fn a_dry_run_of_orders_places_none(world: &World) {
    let works = Works::begin(world);
    let before = (orders(world).await, level(world, "alpha-mug").await);
    let rows = [
        "n-1,,alpha-shop,,,,,alpha-mug,,1,,,,",
        "n-2,,alpha-shop,,,FULFILLED,,alpha-mug,,99000000,,,,",
        "alpha-order,alpha-web,alpha-shop,,,,,alpha-mug,,10,,,,",
    ];
    let exchange = wait_for_end(world, &import(world, "ORDERS", sheet(&rows), json!({ "validateOnly": true })).await).await;
    assert_eq!(counts(&exchange), [3, 1, 0, 1, 1], "{}", result(world, &exchange).await);
    assert_eq!(refusals(world, &exchange).await, ["2,INSUFFICIENT_STOCK,quantity"]);
    assert_eq!((orders(world).await, level(world, "alpha-mug").await), before);
    works.kill().await;
}

async fn a_tax_rate_comes_with_a_line_and_is_exported(world: &World) {
    let works = Works::begin(world);
    let text = "externalRef,store,kind,sku,name,quantity,currency,unitPrice,tax,taxRate\n\
        r-1,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,,0.2\n\
        r-2,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,0.98,0.2\n\
        r-3,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,,20\n";
    let exchange = wait_for_end(world, &import(world, "ORDERS", text, json!({})).await).await;
    assert_eq!(counts(&exchange), [3, 1, 0, 0, 2], "{}", result(world, &exchange).await);
    assert_eq!(refusals(world, &exchange).await, ["2,INVALID,taxRate", "3,INVALID,taxRate"]);
    let first = order(world, None, "r-1").await;
    assert_eq!((&first["total"]["amount"], &first["lines"][0]["tax"]["amount"]), (&json!("5.94"), &json!("0.99")));
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "ORDERS", "format": "CSV" })).await).await;
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    assert!(String::from_utf8_lossy(&bytes).contains(",0.99,0.2,5.94"), "tax, taxRate and total stand side by side");
    let again = wait_for_end(world, &import(world, "ORDERS", bytes, json!({})).await).await;
    assert_eq!(counts(&again)[4], 0, "{}", result(world, &again).await);
    works.kill().await;
}

async fn a_register_comes_with_an_order_and_is_exported(world: &World) {
    let works = Works::begin(world);
    // The order's own field may be in one of its rows, in all of them, or in none.
    let text = "externalRef,store,kind,sku,name,quantity,currency,unitPrice,register\n\
        g-1,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,T3\n\
        g-1,alpha-shop,CHARGE,,Ribbon,1,GBP,0.50,\n\
        g-2,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,\n\
        g-3,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,T3\n\
        g-3,alpha-shop,CHARGE,,Ribbon,1,GBP,0.50,t3\n\
        g-4,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,a register with a name of its own\n";
    let exchange = wait_for_end(world, &import(world, "ORDERS", text, json!({})).await).await;
    assert_eq!(refusals(world, &exchange).await, ["4,INVALID,", "5,INVALID,register", "6,TOO_LONG,register"]);
    let query = "query($filter: OrderFilter) { orders(filter: $filter) { nodes { externalRef register } } }";
    let found = execute(world, query, json!({ "filter": { "register": { "eq": "T3" } } })).await;
    assert_eq!(found["orders"]["nodes"], json!([{ "externalRef": "g-1", "register": "T3" }]), "{found:#}");
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "ORDERS", "format": "CSV" })).await).await;
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    let exported = String::from_utf8_lossy(&bytes).into_owned();
    assert_eq!(exported.lines().filter(|line| line.contains("g-1") && line.ends_with(",T3")).count(), 2, "{exported}");
    let again = wait_for_end(world, &import(world, "ORDERS", bytes, json!({})).await).await;
    assert_eq!(counts(&again)[4], 0, "{}", result(world, &again).await);
    let moved =
        "externalRef,store,kind,sku,name,quantity,currency,unitPrice,register\ng-2,alpha-shop,CHARGE,,Wrapping,1,GBP,4.95,T4\n";
    let exchange = wait_for_end(world, &import(world, "ORDERS", moved, json!({})).await).await;
    assert_eq!(refusals(world, &exchange).await, ["1,DUPLICATE,register"]);
    works.kill().await;
}

async fn what_was_exported_can_be_imported_again(world: &World) {
    let works = Works::begin(world);
    // An order without a reference, as tills make them; a half shipped one exists already.
    let rows = ["x-1,,alpha-shop,,,,,alpha-mug,,2,,,,", "x-1,,,,,,CHARGE,,Wrapping,1,GBP,0.50,,0.10"];
    wait_for_end(world, &import(world, "ORDERS", sheet(&rows), json!({})).await).await;
    let create =
        "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code field message } } }";
    let input = json!({ "idempotencyKey": "till", "store": { "code": "alpha-shop" }, "status": "FULFILLED",
        "lines": [{ "product": { "sku": "alpha-mug" }, "quantity": 1 }] });
    world.must_mutate(&world.ours, create, json!({ "input": input })).await;
    let before = (orders(world).await, level(world, "alpha-mug").await);
    for format in ["CSV", "JSONL", "XLSX"] {
        let exchange = wait_for_end(world, &export(world, json!({ "entity": "ORDERS", "format": format })).await).await;
        let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
        let again = wait_for_end(world, &import(world, "ORDERS", bytes, json!({})).await).await;
        let all = counts(&exchange)[0];
        assert!(all >= 4, "{exchange:#}");
        assert_eq!(counts(&again), [all, 0, 0, all, 0], "{format}: {}", result(world, &again).await);
    }
    assert_eq!((orders(world).await, level(world, "alpha-mug").await), before);
    works.kill().await;
}

async fn orders_are_placed_once_however_often_the_worker_dies(world: &World) {
    let works = Works::begin(world);
    stocked(world, "cup", 100_000).await;
    works.kill().await;
    let before = orders(world).await;
    // Orders of one to three lines; each twentieth exceeds the stock.
    let lines = |n: usize| {
        let quantity = if n % 20 == 7 { 99_000_000 } else { 2 };
        format!("k-{n},,alpha-shop,,,,,cup,,{quantity},,,,\n").repeat(n % 3 + 1)
    };
    let rows: String = (0..600).map(lines).collect();
    let total = rows.lines().count() as i64;
    let refused: i64 = (0..600).filter(|n| n % 20 == 7).map(|n| n as i64 % 3 + 1).sum();
    let id = import(world, "ORDERS", format!("{HEADER}{rows}"), json!({})).await;
    for _ in 0..3 {
        // Dies while a chunk is half placed.
        let (works, placed) = (Works::begin(world), orders(world).await);
        wait_until("the next worker to place some", async || {
            orders(world).await > placed + 37 || read_exchange(world, &id).await["state"] == "DONE"
        })
        .await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    let expected = (Some("DONE"), [total, total - refused, 0, 0, refused]);
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), expected, "{exchange:#}");
    assert_eq!(orders(world).await - before, 600 - 30);
    assert_eq!(level(world, "cup").await, (100_000, (total - refused) * 2));
    works.kill().await;
}

async fn the_last_of_something_goes_to_the_first_in_the_file(world: &World) {
    let works = Works::begin(world);
    stocked(world, "rare", 25).await;
    let rows: String = (0..40)
        .map(|n| format!("r-{n},,alpha-shop,,,{},,rare,,1,,,,\n", if n % 2 == 0 { "FULFILLED" } else { "CONFIRMED" }))
        .collect();
    let exchange = wait_for_end(world, &import(world, "ORDERS", format!("{HEADER}{rows}"), json!({})).await).await;
    assert_eq!(counts(&exchange), [40, 25, 0, 0, 15], "{exchange:#}");
    let expected: Vec<String> = (26..=40).map(|row| format!("{row},INSUFFICIENT_STOCK,quantity")).collect();
    assert_eq!(refusals(world, &exchange).await, expected);
    assert_eq!(level(world, "rare").await, (25 - 13, 12));
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let sql = "SELECT external_ref FROM sales_order WHERE tenant_id = $1 AND external_ref LIKE 'r-%' ORDER BY number";
    let placed: Vec<String> = scope.rows(sql, vec![]).await.unwrap().iter().map(|row| Row::scalar(row).unwrap()).collect();
    assert_eq!(placed, (0..25).map(|n| format!("r-{n}")).collect::<Vec<_>>(), "numbered as in the file");
    works.kill().await;
}

async fn orders_of_charges_alone_ask_for_no_store_and_are_numbered_as_in_the_file(world: &World) {
    let rows: String = (0..40).map(|n| format!("c-{n},,alpha-shop,,,,CHARGE,,Wrapping,1,GBP,4.95,,\n")).collect();
    let id = import(world, "ORDERS", format!("{HEADER}{rows}"), json!({})).await;
    let placing = async {
        let works = Works::begin(world);
        let exchange = wait_for_end(world, &id).await;
        works.kill().await;
        exchange
    };
    let (exchange, sent) = world.node.db.record_statements(placing).await;
    assert_eq!(counts(&exchange), [40, 40, 0, 0, 0], "{exchange:#}");
    // The chunk has found the store by its code, and the ledger reads the stores of a batch together.
    let lone = sent.iter().filter(|one| one.sql.contains(" FROM store WHERE tenant_id = $1 AND id = $2")).count();
    assert_eq!(lone, 0);
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let sql = "SELECT external_ref FROM sales_order WHERE tenant_id = $1 AND external_ref LIKE 'c-%' ORDER BY number";
    let placed: Vec<String> = scope.rows(sql, vec![]).await.unwrap().iter().map(|row| Row::scalar(row).unwrap()).collect();
    assert_eq!(placed, (0..40).map(|n| format!("c-{n}")).collect::<Vec<_>>());
}

async fn long_orders_are_whole_and_endless_ones_refused(world: &World) {
    let works = Works::begin(world);
    stocked(world, "pin", 10_000).await;
    let before = orders(world).await;
    let row = |name: &str| format!("{name},,alpha-shop,,,,,pin,,1,,,,\n");
    // The first chunk would end within an order.
    let runs = [("l-1", 499), ("l-2", 2_000), ("l-3", 4_700), ("l-4", 1)];
    let rows: String = runs.map(|(name, count)| row(name).repeat(count)).concat();
    let exchange = wait_for_end(world, &import(world, "ORDERS", format!("{HEADER}{rows}"), json!({})).await).await;
    assert_eq!(counts(&exchange), [7_200, 2_500, 0, 0, 4_700], "{exchange:#}");
    assert!(refusals(world, &exchange).await[0].starts_with("2500,LIMIT_EXCEEDED,externalRef"));
    assert_eq!((orders(world).await - before, level(world, "pin").await), (3, (10_000, 2_500)));
    works.kill().await;
}

/// Imports orders as a member with these permissions, and returns the finished exchange or the refusal.
async fn imported_as(world: &World, name: &str, permissions: &[&str], text: &str) -> Value {
    let query = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
    let all: Vec<&str> = ["exchange.run", "file.write"].iter().chain(permissions).copied().collect();
    let input = json!({ "key": name, "name": name, "permissions": all });
    let role = world.must_mutate(&world.ours, query, json!({ "input": input })).await["role"]["id"].clone();
    let person = world.add_member_with(name, json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let caller = world.caller(person).await;
    let upload = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";
    let input = json!({ "input": { "purpose": "IMPORT", "name": "x.csv" } });
    let file = world.execute(&world.ours, Some(caller.clone()), upload, &input).await["data"]["fileUploadCreate"].clone();
    let token = file["uploadUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let parts = futures_util::stream::iter([Ok(text.as_bytes().to_vec().into())]);
    world.node.files.receive(&token, None, Default::default(), parts).await.unwrap_or_else(|error| panic!("{error:?}"));
    let input = json!({ "input": { "idempotencyKey": name, "fileId": file["file"]["id"], "entity": "ORDERS" } });
    let create =
        "mutation($input: ImportCreateInput!) { importCreate(input: $input) { dataJob { id } userErrors { code message } } }";
    let answer = world.execute(&world.ours, Some(caller), create, &input).await;
    let Some(id) = answer["data"]["importCreate"]["dataJob"]["id"].as_str() else { return answer };
    wait_for_end(world, id).await
}

async fn orders_are_placed_by_whoever_may_place_them(world: &World) {
    let works = Works::begin(world);
    let before = orders(world).await;
    let priced = sheet(&["p-1,,alpha-shop,,,,,alpha-mug,,1,GBP,0.01,,", "p-2,,alpha-shop,alpha-1,,,,alpha-mug,,1,,,,"]);
    let denied = imported_as(world, "reader", &["order.read"], &priced).await;
    assert_eq!((&denied["errors"][0]["code"], &denied["errors"][0]["permission"]), (&json!("FORBIDDEN"), &json!("order.write")));
    // Setting a price needs a permission of its own, and so does naming customers.
    let clerk = imported_as(world, "clerk", &["order.write"], &priced).await;
    assert_eq!((clerk["state"].as_str(), counts(&clerk)), (Some("DONE"), [2, 0, 0, 0, 2]), "{clerk:#}");
    assert_eq!(orders(world).await, before);
    let manager = imported_as(world, "boss", &["order.write", "order.price", "customer.read"], &priced).await;
    assert_eq!(counts(&manager), [2, 2, 0, 0, 0], "{manager:#}");
    works.kill().await;
}
