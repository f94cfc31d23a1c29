//! Permissions to see costs; and the proofs, broken by hand.

use entity::prelude::{ProductId, StoreId};
use entrepot::{
    access::{Permission, Reach, kind},
    insight::verify::verify_by_prefix,
    storage::Backend,
};
use serde_json::{Value, json};

use super::world::{Books, run_tenant_sql};
use crate::{
    authorization::{crossing::made_up, world::World},
    purchasing::{
        office::{gbp, key},
        proofs::{Break, each_is_named},
    },
    world::on_both,
};

on_both!(
    who_may_not_see_costs_sees_none,
    a_partner_of_a_channel_has_no_report_of_all_of_them,
    a_report_by_store_is_of_the_stores_that_one_sees,
    each_proof_of_costs_names_what_is_broken,
    each_posting_says_what_its_entry_says
);

async fn who_may_not_see_costs_sees_none(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let order = books.sell(&mug, 1).await;
    let blind =
        books.office.as_caller(world.ours.owner_with(&["order.read", "stock.movement.read", "product.read", "cost.write"]));
    let query = "query($id: ID!) { order(by: { id: $id }) { costOfGoodsSold { amount } } \
                 stockMovements(filter: { reference: { eq: $id } }) { nodes { entries { bookValue { amount } unitCost { amount } } } } }";
    let answer = blind.execute(query, json!({ "id": order["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    assert_eq!(answer["data"]["order"]["costOfGoodsSold"], Value::Null);
    assert_eq!(answer["data"]["stockMovements"]["nodes"][0]["entries"][0], json!({ "bookValue": null, "unitCost": null }));
    for field in ["stockValue { seq }", "costReport { seq }", "stockRevaluations { nodes { id } }"] {
        let answer = blind.execute(&format!("{{ {field} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
    }
    // A caller that may write costs but not see them learns only that the revaluation was written.
    let input = json!({ "idempotencyKey": key(), "note": "why", "lines": [{ "product": mug, "unitCost": gbp("1.00") }] });
    let payload = blind.mutate("stockRevalue", "StockRevalueInput", "revaluation { id }", input).await;
    assert!(payload["revaluation"].is_null() && payload["seq"].is_i64() && payload["userErrors"] == json!([]), "{payload}");
}

async fn a_partner_of_a_channel_has_no_report_of_all_of_them(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    books.sell(&mug, 1).await;
    let mut partner = books.office.caller.clone();
    partner.channel = Some(world.ours.ids["chn"].parse().unwrap());
    let query = "{ costReport { rows { costOfGoodsSold { amount } } } }";
    let answer = books.office.as_caller(partner).execute(query, json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
}

/// The trade of a store out of the caller's reach is hidden, in the rows and by the store's ID; the
/// company's own sums are shown.
async fn a_report_by_store_is_of_the_stores_that_one_sees(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let own = world.ours.depot.clone();
    let change = json!({ "product": mug, "store": { "id": own }, "delta": 5, "unitCost": gbp("2.00") });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await;
    let other = books.office.store["id"].as_str().unwrap();
    let query = "query($p: ProductRef!, $s: StoreRef, $g: CostGroup! = STORE) { costReport(product: $p, store: $s, groupBy: $g) {
        rows { key received { amount } } } }";
    let run_query = async |right: usize, extra: Value| {
        let mut caller = world.ours.owner_with(&["product.cost.read", "product.read", "store.read"]);
        caller.permissions.grant(right, &Reach::stores([own.parse().unwrap()]));
        let mut variables = json!({ "p": mug });
        variables.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        books.office.as_caller(caller).execute(query, variables).await
    };
    for right in [kind::StockRead::INDEX, kind::ReportRead::INDEX] {
        let mine = json!({ "data": { "costReport": { "rows": [{ "key": own, "received": { "amount": "10.00" } }] } } });
        for store in [json!({}), json!({ "s": { "id": own } })] {
            assert_eq!(run_query(right, store).await["data"], mine["data"]);
        }
        let theirs = run_query(right, json!({ "s": { "id": other } })).await;
        assert_eq!(theirs, run_query(right, json!({ "s": { "id": made_up(world, other) } })).await, "as one that nobody has");
        assert_eq!(theirs["data"]["costReport"]["rows"], json!([]));
        let theirs = run_query(right, json!({ "s": { "code": "DOCK" } })).await;
        assert_eq!(theirs, run_query(right, json!({ "s": { "code": "NOWHERE" } })).await);
        assert_eq!(theirs["errors"][0]["code"], "BAD_USER_INPUT", "{theirs}");
        let company = run_query(right, json!({ "g": "NONE" })).await;
        assert_eq!(company["data"]["costReport"]["rows"], json!([{ "key": null, "received": { "amount": "16.00" } }]));
    }
    let both = books.office.execute(query, json!({ "p": mug })).await;
    assert_eq!(both["data"]["costReport"]["rows"].as_array().map(Vec::len), Some(2), "{both:#}");
}

async fn each_proof_of_costs_names_what_is_broken(world: &World) {
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("cost_pool", "quantity", "quantity > 0", "cost pool: its units"),
        one("cost_pool", "average_minor", "average_minor > 0", "cost pool: units and both values"),
        one("cost_layer", "value_minor", "value_minor > 0", "cost layer"),
        one("revaluation_line", "position", "position > 0", "revaluation: each line"),
        one("cost_posting", "business_date", "business_date > 0", "cost posting: its fields"),
        one("cost_posting", "occurred_at", "occurred_at > 0", "cost posting: its fields"),
        one("cost_posting", "quantity", "quantity > 0", "cost posting: those of a movement"),
        one("cost_posting", "average_minor", "average_minor > 0", "cost posting: by the average"),
        one("cost_layer", "received_at", "received_at > 0", "cost layer: its first"),
        one("revaluation", "business_date", "business_date > 0", "revaluation: each of its"),
        one("tenant_counter", "revaluation_number", "revaluation_number > 0", "revaluation: numbers"),
    ];
    each_is_named(world, &breaks).await;
}

/// `verify` detects changes that leave the sums as they are: of fields by which a report groups,
/// and of how a product's value is split among its postings.
async fn each_posting_says_what_its_entry_says(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    let other = books.office.new_store("ELSEWHERE").await;
    books.receive(&mug, 10, "2.00").await;
    books.sell(&mug, 3).await;
    books.sell(&mug, 2).await;
    books.receive(&mug, 5, "3.00").await;
    assert_eq!(books.cost(&mug).await, json!([10, "25.00", "25.00", [[5, "10.00"], [5, "15.00"]]]));
    books.office.is_sound().await;
    let tenant = world.ours.owner.tenant;
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let literal = |uuid: uuid::Uuid| match world.node.db.backend() {
        Backend::Sqlite => format!("X'{}'", uuid.simple()),
        Backend::Postgres => format!("'{uuid}'::uuid"),
    };
    let mug = literal(id(&mug).parse::<ProductId>().unwrap().uuid());
    let (here, there) = (&books.office.store, &other);
    let [here, there] = [here, there].map(|store| literal(id(store).parse::<StoreId>().unwrap().uuid()));
    let own = format!("tenant_id = $1 AND product_id = {mug}");
    let first = format!("{own} AND seq = (SELECT min(p.seq) FROM cost_posting p WHERE p.{own} AND p.kind = 'SALE')");
    let second = format!("{own} AND seq = (SELECT max(p.seq) FROM cost_posting p WHERE p.{own} AND p.kind = 'SALE')");
    for (broken, mended, named) in [
        (
            vec![format!("UPDATE cost_posting SET kind = 'REMOVAL' WHERE {own} AND kind = 'SALE'")],
            vec![format!("UPDATE cost_posting SET kind = 'SALE' WHERE {own} AND kind = 'REMOVAL'")],
            "cost posting: its fields",
        ),
        (
            vec![format!("UPDATE cost_posting SET store_id = {there} WHERE {own}")],
            vec![format!("UPDATE cost_posting SET store_id = {here} WHERE {own}")],
            "cost posting: its fields",
        ),
        (
            vec![
                format!("UPDATE cost_posting SET average_minor = average_minor + 5 WHERE {first}"),
                format!("UPDATE cost_posting SET average_minor = average_minor - 5 WHERE {second}"),
            ],
            vec![
                format!("UPDATE cost_posting SET average_minor = average_minor - 5 WHERE {first}"),
                format!("UPDATE cost_posting SET average_minor = average_minor + 5 WHERE {second}"),
            ],
            "cost posting: by the average",
        ),
        (
            vec!["UPDATE cost_book SET seq = seq + 1000 WHERE tenant_id = $1".to_owned()],
            vec!["UPDATE cost_book SET seq = seq - 1000 WHERE tenant_id = $1".to_owned()],
            "cost book",
        ),
    ] {
        for sql in &broken {
            run_tenant_sql(world, sql).await;
        }
        let report = verify_by_prefix(&world.node.db, tenant, named).await.unwrap();
        let line = report.broken_lines().next().unwrap_or_else(|| panic!("{named}: {report}"));
        let (_, row) = line.broken.as_ref().unwrap();
        assert!(row.key.starts_with("seq ") || row.key == "the tenant", "the row is named: {row:?}");
        for sql in &mended {
            run_tenant_sql(world, sql).await;
        }
    }
    books.office.is_sound().await;
}
