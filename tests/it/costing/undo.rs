//! Revaluations that are reversed: the units' previous value is restored to the penny, and the
//! reversal is refused if a later document depends on the revaluation.

use entrepot::insight::verify::verify_tenant;
use serde_json::{Value, json};

use super::world::{Books, run_tenant_sql};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    what_is_undone_is_worth_what_it_was,
    what_came_by_mistake_goes_with_what_it_brought_once_the_revaluation_is_undone,
    what_was_sold_or_came_since_is_named,
    a_later_revaluation_is_undone_first,
    what_cannot_be_undone_is_refused,
    it_is_undone_once_whoever_asks,
    a_sale_comes_before_it_or_after_it,
    the_proof_finds_an_undoing_that_is_off_by_a_penny,
);

const FIELDS: &str = "revaluation { id number note reversesId lines { product { id } unitCost { amount } change { amount } } }";

/// The payload of `revaluationReverse`, with the documents that rest on it.
async fn undo(books: &Books<'_>, revaluation: &Value, extra: Value, is_dry: bool) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "id": revaluation["id"], "note": "the list was last year's" });
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    let query = format!(
        "mutation($input: RevaluationReverseInput!, $dry: Boolean!) {{ revaluationReverse(input: $input, validateOnly: $dry) {{ {FIELDS}
           userErrors {{ code field message ... on InUse {{ documents {{ __typename id }} documentCount }} }} replayed seq }} }}"
    );
    let answer = books.office.execute(&query, json!({ "input": input, "dry": is_dry })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["revaluationReverse"].clone()
}

async fn revalued(books: &Books<'_>, product: &Value, cost: &str) -> Value {
    let payload = books.revalue(json!({ "lines": [{ "product": product, "unitCost": gbp(cost) }] })).await;
    accepted(&payload, "revaluation").clone()
}

async fn what_is_undone_is_worth_what_it_was(world: &World) {
    let books = Books::of(world).await;
    let (mug, jug) = (books.office.product("MUG", "2.00").await, books.office.product("JUG", "1.00").await);
    books.receive(&mug, 3, "2.00").await;
    books.receive(&mug, 7, "5.00").await;
    books.receive(&jug, 3, "3.33").await;
    books.sell(&mug, 1).await;
    let lines = json!([{ "product": mug, "unitCost": gbp("1.50") }, { "product": jug, "unitCost": gbp("9.00") }]);
    let revaluation = books.revalue(json!({ "lines": lines })).await;
    let revaluation = accepted(&revaluation, "revaluation").clone();
    assert_eq!(books.cost(&mug).await, json!([9, "13.50", "13.50", [[2, "3.00"], [7, "10.50"]]]));
    let before = world.dump(books.office.caller.tenant).await;
    let foreseen = undo(&books, &revaluation, json!({}), true).await;
    assert_eq!((&foreseen["seq"], world.dump(books.office.caller.tenant).await), (&Value::Null, before));
    let payload = undo(&books, &revaluation, json!({}), false).await;
    let (foreseen, undone) = (accepted(&foreseen, "revaluation"), accepted(&payload, "revaluation"));
    assert_eq!((&foreseen["number"], undone["number"] != "·"), (&json!("·"), true));
    assert_eq!(foreseen["lines"], undone["lines"], "a dry run says what is done");
    assert_eq!((&undone["reversesId"], &undone["note"]), (&revaluation["id"], &json!("the list was last year's")));
    let query = "query($id: ID!) { node(id: $id) { ... on StockRevaluation { reversedBy { id reversedBy { id } } } } }";
    let found = books.office.execute(query, json!({ "id": revaluation["id"] })).await["data"]["node"].clone();
    assert_eq!(found, json!({ "reversedBy": { "id": undone["id"], "reversedBy": null } }), "each names the other");
    let line = |product: &Value, cost: &str, change: &str| json!({ "product": { "id": product["id"] }, "unitCost": { "amount": cost }, "change": { "amount": change } });
    assert_eq!(undone["lines"], json!([line(&mug, "4.10", "23.40"), line(&jug, "3.33", "-17.01")]));
    assert_eq!(books.cost(&mug).await, json!([9, "36.90", "39.00", [[2, "4.00"], [7, "35.00"]]]));
    assert_eq!(books.cost(&jug).await, json!([3, "9.99", "9.99", [[3, "9.99"]]]));
    assert_eq!(books.report(&mug, "MOVING_AVERAGE").await, ["41.00", "4.10", "0.00", "0.00", "0.00", "0.00", "36.90"]);
    assert_eq!(books.sell(&mug, 2).await["costOfGoodsSold"]["amount"], "8.20");
    books.office.is_sound().await;
}

async fn what_came_by_mistake_goes_with_what_it_brought_once_the_revaluation_is_undone(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let mistake = books.receive(&mug, 7, "5.00").await;
    let revaluation = revalued(&books, &mug, "1.00").await;
    accepted(&undo(&books, &revaluation, json!({}), false).await, "revaluation");
    let input = json!({ "idempotencyKey": key(), "movementId": mistake["id"], "note": "it was for somebody else" });
    accepted(&books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await, "movement");
    assert_eq!(books.cost(&mug).await, json!([3, "6.00", "6.00", [[3, "6.00"]]]), "not seven pounds, as the revaluation said");
    books.office.is_sound().await;
}

async fn what_was_sold_or_came_since_is_named(world: &World) {
    let books = Books::of(world).await;
    let (mug, jug) = (books.office.product("MUG", "2.00").await, books.office.product("JUG", "1.00").await);
    books.receive(&mug, 10, "2.00").await;
    books.receive(&jug, 10, "2.00").await;
    let revaluation = revalued(&books, &mug, "3.00").await;
    // Sales of another product, holds and transfers do not block the reversal.
    books.sell(&jug, 1).await;
    let holds = json!({ "idempotencyKey": key(), "items": [{ "product": mug, "store": books.office.store, "quantity": 1 }] });
    accepted(&books.office.mutate("stockReserve", "StockReserveInput", "reservations { id }", holds).await, "reservations");
    let annex = books.office.new_store("ANNEX").await;
    let lines = json!([{ "product": mug, "quantity": 2 }]);
    let van = json!({ "idempotencyKey": key(), "fromStore": books.office.store, "toStore": annex, "status": "IN_TRANSIT", "lines": lines });
    accepted(&books.office.mutate("transferCreate", "TransferCreateInput", "transfer { id }", van).await, "transfer");
    accepted(&undo(&books, &revaluation, json!({}), true).await, "revaluation");
    books.sell(&mug, 1).await;
    let came = books.receive(&mug, 2, "2.00").await;
    for is_dry in [true, false] {
        let payload = undo(&books, &revaluation, json!({}), is_dry).await;
        refused(&payload, "IN_USE", "input.id");
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["documentCount"], &error["documents"][0]["id"]),
            (&json!(2), &came["id"]),
            "the newest first: {payload}"
        );
    }
    assert_eq!(books.cost(&mug).await[1], "31.00");
    books.office.is_sound().await;
}

async fn a_later_revaluation_is_undone_first(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "1.11").await;
    books.receive(&mug, 4, "2.22").await;
    let before = books.cost(&mug).await;
    let (first, second) = (revalued(&books, &mug, "5.00").await, revalued(&books, &mug, "0.00").await);
    let payload = undo(&books, &first, json!({}), false).await;
    refused(&payload, "IN_USE", "input.id");
    assert_eq!(payload["userErrors"][0]["documents"], json!([{ "__typename": "StockRevaluation", "id": second["id"] }]));
    accepted(&undo(&books, &second, json!({}), false).await, "revaluation");
    assert_eq!(books.cost(&mug).await[1], "35.00");
    accepted(&undo(&books, &first, json!({}), false).await, "revaluation");
    assert_eq!(books.cost(&mug).await, before);
    books.office.is_sound().await;
}

async fn what_cannot_be_undone_is_refused(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let revaluation = revalued(&books, &mug, "3.00").await;
    refused(&undo(&books, &revaluation, json!({ "note": " " }), false).await, "REQUIRED", "input.note");
    refused(&undo(&books, &revaluation, json!({ "note": "x".repeat(1_001) }), false).await, "TOO_LONG", "input.note");
    refused(&undo(&books, &json!({ "id": world.theirs.ids["rvl"] }), json!({}), false).await, "NOT_FOUND", "input.id");
    let input = json!({ "idempotencyKey": key(), "documentId": revaluation["id"], "note": "why" });
    let payload = books.office.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await;
    let message = refused(&payload, "INVALID", "input.documentId");
    assert!(message.contains("revaluationReverse"), "it says what does: {message}");
    let reader = books.office.as_caller(world.ours.owner_with(&["product.cost.read"]));
    let query = "mutation($input: RevaluationReverseInput!) { revaluationReverse(input: $input) { seq } }";
    let answer =
        reader.execute(query, json!({ "input": { "idempotencyKey": key(), "id": revaluation["id"], "note": "why" } })).await;
    assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
    let payload = undo(&books, &revaluation, json!({}), false).await;
    let undone = accepted(&payload, "revaluation").clone();
    refused(&undo(&books, &revaluation, json!({}), false).await, "INVALID_STATE", "input.id");
    refused(&undo(&books, &undone, json!({}), false).await, "INVALID_STATE", "input.id");
    assert_eq!(books.cost(&mug).await[1], "6.00");
    books.office.is_sound().await;
}

async fn it_is_undone_once_whoever_asks(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let revaluation = revalued(&books, &mug, "3.00").await;
    let all = futures_util::future::join_all((0..6).map(|_| undo(&books, &revaluation, json!({}), false))).await;
    let codes: Vec<&Value> = all.iter().map(|payload| &payload["userErrors"][0]["code"]).collect();
    assert_eq!(codes.iter().filter(|code| code.is_null()).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| code.is_null() || **code == "INVALID_STATE"), "{codes:?}");
    let again = revalued(&books, &mug, "4.00").await;
    let input = json!({ "idempotencyKey": key() });
    let first = undo(&books, &again, input.clone(), false).await;
    books.sell(&mug, 1).await;
    let second = undo(&books, &again, input.clone(), false).await;
    assert_eq!(
        (&second["revaluation"], &second["seq"], &second["replayed"]),
        (&first["revaluation"], &first["seq"], &json!(true))
    );
    let mut other = input;
    other["note"] = json!("another reason");
    refused(&undo(&books, &again, other, false).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    assert_eq!(books.cost(&mug).await[1], "4.00");
    books.office.is_sound().await;
}

async fn a_sale_comes_before_it_or_after_it(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 30, "2.00").await;
    for round in 0..5 {
        revalued(&books, &mug, "2.00").await;
        let revaluation = revalued(&books, &mug, "3.00").await;
        let (sold, undone) = futures_util::join!(books.sell(&mug, 1), undo(&books, &revaluation, json!({}), false));
        let was_undone = undone["userErrors"] == json!([]);
        assert!(was_undone || undone["userErrors"][0]["code"] == "IN_USE", "round {round}: {undone}");
        books.cost(&mug).await;
        let query = "query($id: ID!) { order(by: { id: $id }) { costOfGoodsSold { amount } } }";
        let answer = books.office.execute(query, json!({ "id": sold["id"] })).await;
        let cost = if was_undone { "2.00" } else { "3.00" };
        assert_eq!(answer["data"]["order"]["costOfGoodsSold"]["amount"], cost, "round {round}: {undone}");
        books.office.is_sound().await;
    }
}

async fn the_proof_finds_an_undoing_that_is_off_by_a_penny(world: &World) {
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 3, "2.00").await;
    let revaluation = revalued(&books, &mug, "3.00").await;
    accepted(&undo(&books, &revaluation, json!({}), false).await, "revaluation");
    books.office.is_sound().await;
    let off = |by: i64| {
        format!(
            "UPDATE cost_posting SET fifo_minor = fifo_minor + {by} WHERE tenant_id = $1 AND kind = 'REVALUATION' AND basis = 'REVERSED'"
        )
    };
    run_tenant_sql(world, &off(1)).await;
    let report = verify_tenant(&world.node.db, world.ours.owner.tenant, |_| {}).await.unwrap();
    assert!(report.broken_lines().any(|line| line.invariant.starts_with("revaluation: a reversal negates")), "{report}");
    run_tenant_sql(world, &off(-1)).await;
    books.office.is_sound().await;
}
