//! Bulk operations, a mutation for each line of a file: each line has its own answer, none runs
//! twice, one file of a tenant runs at a time.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{Works, World, counts, execute, import, read_exchange, result, wait_for_end, wait_until};
use crate::world::on_both;

on_both!(
    each_line_is_answered_by_itself,
    a_refusal_counts_as_one_whatever_was_refused,
    no_line_is_done_twice_however_often_the_worker_dies,
    what_knows_no_call_again_is_not_begun_twice,
    lines_wait_for_their_makers_budget,
    one_of_a_tenant_is_run_at_a_time,
    what_is_cancelled_tells_what_was_done,
    rights_that_were_taken_away_end_it,
    a_dry_run_writes_nothing,
    what_cannot_be_run_for_each_line_is_told,
);

pub const ADJUST: &str = "mutation($input: StockAdjustInput!, $validateOnly: Boolean!) {
    stockAdjust(input: $input, validateOnly: $validateOnly) { levels { onHand } replayed userErrors { code field } } }";
pub const GROUP: &str =
    "mutation($input: StoreGroupCreateInput!) { storeGroupCreate(input: $input) { storeGroup { code } userErrors { code } } }";
const RUN: &str = "mutation($input: BulkOperationRunInput!) {
    bulkOperationRun(input: $input) { dataJob { id kind noun mutation state } replayed userErrors { code field message } } }";

/// Input that adds one to the company's mug.
fn one_more(world: &World) -> Value {
    let ids = &world.ours.ids;
    json!({ "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [{ "product": { "id": ids["prd"] }, "store": { "id": ids["sto"] }, "delta": 1 }] })
}

fn lines(inputs: impl IntoIterator<Item = Value>) -> String {
    inputs.into_iter().map(|input| json!({ "input": input }).to_string() + "\n").collect()
}

fn groups(range: std::ops::Range<usize>) -> String {
    lines(range.map(|n| json!({ "code": format!("g-{n}"), "name": format!("Group {n}"), "storeIds": [] })))
}

/// Starts a bulk operation of `mutation`, and returns the ID of the exchange.
pub async fn run(world: &World, mutation: &str, text: impl Into<Vec<u8>>) -> String {
    let file = world.sent(&world.ours, "lines.jsonl", text.into()).await;
    let input = json!({ "idempotencyKey": file, "fileId": file, "mutation": mutation });
    world.must_mutate(&world.ours, RUN, json!({ "input": input })).await["dataJob"]["id"].as_str().unwrap().to_owned()
}

async fn on_hand(world: &World) -> i64 {
    let query = "query($id: ID!) { product(by: { id: $id }) { stock { onHand } } }";
    let found = execute(world, query, json!({ "id": world.ours.ids["prd"] })).await;
    found["product"]["stock"].as_array().unwrap().iter().map(|level| level["onHand"].as_i64().unwrap()).sum()
}

/// The lines of a result.
async fn answers(world: &World, exchange: &Value) -> Vec<Value> {
    result(world, exchange).await.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(answers: &[Value]) -> Vec<i64> {
    answers.iter().map(|line| line["line"].as_i64().unwrap()).collect()
}

async fn each_line_is_answered_by_itself(world: &World) {
    let before = on_hand(world).await;
    let (mut nobody, mut short) = (one_more(world), one_more(world));
    nobody["changes"][0]["product"] = json!({ "sku": "nobody" });
    short["changes"][0]["delta"] = json!(0);
    let good = lines([one_more(world)]);
    let text = format!(
        "{good}{}{}\n{{\"input\": {{\"kind\": \"RECEIPT\"\n[]\n{{\"other\": 1}}\n{}\n{}{}",
        lines([nobody]),
        lines([short]),
        "x".repeat(3 << 20),
        lines([json!({ "kind": "RECEIPT" })]),
        good.trim_end(),
    );
    let id = run(world, ADJUST, text).await;
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [9, 0, 2, 0, 7]), "{exchange:#}");
    let line_answers = answers(world, &exchange).await;
    // The blank line has a number and no answer.
    assert_eq!(numbers(&line_answers), [1, 2, 3, 5, 6, 7, 8, 9, 10], "{line_answers:#?}");
    assert_eq!(line_answers[0]["data"]["stockAdjust"]["userErrors"], json!([]));
    assert_eq!(line_answers[1]["data"]["stockAdjust"]["userErrors"][0]["code"], "NOT_FOUND", "{:#}", line_answers[1]);
    for (at, reason) in [(3, "no JSON object"), (4, "no JSON object"), (5, "says no input"), (6, "longer than 1 MiB")] {
        let message = line_answers[at]["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{:#}", line_answers[at]));
        assert!(message.contains(reason), "{message}");
    }
    // A missing field is reported by the engine; the next line is not affected.
    assert!(line_answers[7]["errors"].is_array() && line_answers[7]["data"].is_null(), "{:#}", line_answers[7]);
    assert_eq!(line_answers[7]["errors"][0]["extensions"]["field"], json!(["input", "changes"]), "{:#}", line_answers[7]);
    assert_eq!(line_answers[8]["data"]["stockAdjust"]["replayed"], false);
    assert_eq!(on_hand(world).await, before + 2);
    works.kill().await;
}

async fn a_refusal_counts_as_one_whatever_was_refused(world: &World) {
    let works = Works::begin(world);
    for (kind, name) in [
        ("Product", json!({ "sku": "twice" })),
        ("Store", json!({ "code": "twice" })),
        ("Supplier", json!({ "code": "twice" })),
        ("Channel", json!({ "code": "twice" })),
        ("Customer", json!({ "externalRef": "twice" })),
        ("StoreGroup", json!({ "code": "twice", "stores": [] })),
    ] {
        let mut input = json!({ "name": "Twice" });
        input.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
        let field = format!("{}{}Create", kind[..1].to_lowercase(), &kind[1..]);
        // The mutation does not select `userErrors`, so a refusal is visible only in the answer's
        // count.
        let mutation = format!("mutation($input: {kind}CreateInput!) {{ {field}(input: $input) {{ seq }} }}");
        let id = run(world, &mutation, lines([input.clone(), input])).await;
        let exchange = wait_for_end(world, &id).await;
        assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [2, 0, 1, 0, 1]), "{field}: {exchange:#}");
        let answer_lines = answers(world, &exchange).await;
        assert!(answer_lines[0]["extensions"].is_null(), "{:#}", answer_lines[0]);
        assert_eq!(answer_lines[1]["extensions"]["entrepot"]["userErrorCount"], 1, "{:#}", answer_lines[1]);
    }
    // Refusals that an answer leaves out are counted: of names that mean nothing, and of ids that are none.
    let order = |product: Value| {
        let lines = vec![json!({ "product": product, "quantity": 1 }); 150];
        json!({ "store": { "id": world.ours.ids["sto"] }, "lines": lines })
    };
    let mutation = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { userErrors { code } } }";
    let id = run(world, mutation, lines([order(json!({ "sku": "NONE" })), order(json!({ "id": "none" }))])).await;
    for answer_lines in answers(world, &wait_for_end(world, &id).await).await {
        let refusal_count = answer_lines["data"]["orderCreate"]["userErrors"].as_array().map(Vec::len);
        assert_eq!(
            (refusal_count, &answer_lines["extensions"]["entrepot"]["userErrorCount"]),
            (Some(100), &json!(150)),
            "{answer_lines:#}"
        );
    }
    works.kill().await;
}

async fn no_line_is_done_twice_however_often_the_worker_dies(world: &World) {
    const LINES: i64 = 300;
    let before = on_hand(world).await;
    let id = run(world, ADJUST, lines((0..LINES).map(|_| one_more(world)))).await;
    for round in 0..5 {
        let (works, before) = (Works::begin(world), counts(&read_exchange(world, &id).await)[0]);
        wait_until("the next worker to get on", async || {
            let now = read_exchange(world, &id).await;
            counts(&now)[0] > before || now["state"] == "DONE"
        })
        .await;
        sleep(Duration::from_millis(round * 7)).await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [LINES, 0, LINES, 0, 0]), "{exchange:#}");
    assert_eq!(numbers(&answers(world, &exchange).await), (1..=LINES).collect::<Vec<_>>(), "each line once, in order");
    assert_eq!(on_hand(world).await, before + LINES, "each line was done once");
    works.kill().await;
}

async fn what_knows_no_call_again_is_not_begun_twice(world: &World) {
    const LINES: usize = 120;
    let id = run(world, GROUP, groups(0..LINES)).await;
    for round in 0..4 {
        let (works, before) = (Works::begin(world), counts(&read_exchange(world, &id).await)[0]);
        wait_until("the next worker to get on", async || {
            let now = read_exchange(world, &id).await;
            counts(&now)[0] > before || now["state"] == "DONE"
        })
        .await;
        sleep(Duration::from_millis(round * 5)).await;
        works.kill().await;
    }
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    let line_answers = answers(world, &exchange).await;
    assert_eq!(numbers(&line_answers), (1..=LINES as i64).collect::<Vec<_>>(), "each line once, in order");
    let uncertain = line_answers.iter().filter(|line| line["errors"][0]["extensions"]["code"] == "UNCERTAIN").count();
    assert!(uncertain <= 4, "a death leaves one line uncertain: {uncertain}");
    let refused = line_answers.iter().filter(|line| line["data"]["storeGroupCreate"]["userErrors"] != json!([])).count();
    assert_eq!(refused, uncertain, "nothing was refused as being there already: {line_answers:#?}");
    assert_eq!(counts(&exchange), [LINES as i64, 0, (LINES - uncertain) as i64, 0, uncertain as i64]);
    let there = execute(world, "{ storeGroups { code } }", json!({})).await["storeGroups"].as_array().unwrap().len() - 1;
    assert!((LINES - uncertain..=LINES).contains(&there), "{there} groups of {LINES}, {uncertain} uncertain");
    works.kill().await;
}

async fn lines_wait_for_their_makers_budget(world: &World) {
    const LINES: i64 = 1_100;
    let id = run(world, ADJUST, lines((0..LINES).map(|_| one_more(world)))).await;
    let works = Works::begin(world);
    // The clock does not advance, so the budget is not refilled.
    let mut far = -1;
    wait_until("the budget to be spent", async || {
        let before = std::mem::replace(&mut far, counts(&read_exchange(world, &id).await)[0]);
        sleep(Duration::from_millis(700)).await;
        far > 100 && far == before
    })
    .await;
    assert_eq!(read_exchange(world, &id).await["state"], "RUNNING");
    assert!(far < LINES, "{far} lines were let in");
    for _ in 0..3 {
        world.advance_clock(20);
        sleep(Duration::from_millis(10)).await;
    }
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [LINES, 0, LINES, 0, 0]), "{exchange:#}");
    works.kill().await;
}

async fn one_of_a_tenant_is_run_at_a_time(world: &World) {
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(run(world, GROUP, groups(n * 40..n * 40 + 40)).await);
    }
    // A waiting operation can be cancelled; an import does not wait for bulk operations.
    let cancel = "mutation($id: ID!) { dataJobCancel(id: $id) { dataJob { state } userErrors { code } } }";
    world.must_mutate(&world.ours, cancel, json!({ "id": ids[1] })).await;
    let rows = import(world, "PRODUCTS", "sku,name\nbeside,Beside\n", json!({})).await;
    let works = Works::begin(world);
    let running = "{ dataJobs(states: [RUNNING]) { nodes { kind } } }";
    wait_until("all to be over", async || {
        let now = execute(world, running, json!({})).await["dataJobs"]["nodes"].clone();
        let bulk = now.as_array().unwrap().iter().filter(|one| one["kind"] == "BULK").count();
        assert!(bulk <= 1, "{now:#}");
        let last = read_exchange(world, &ids[3]).await;
        last["state"] == "DONE"
    })
    .await;
    let mut ends = Vec::new();
    for id in &ids {
        let query = "query($id: ID!) { node(id: $id) { ... on DataJob { state startedAt finishedAt } } }";
        ends.push(execute(world, query, json!({ "id": id })).await["node"].clone());
    }
    let states: Vec<_> = ends.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["DONE", "CANCELLED", "DONE", "DONE"]);
    for (earlier, later) in [(0, 2), (2, 3)] {
        assert!(ends[earlier]["finishedAt"].as_str() <= ends[later]["startedAt"].as_str(), "{ends:#?}");
    }
    assert_eq!(wait_for_end(world, &rows).await["state"], "DONE");
    works.kill().await;
}

async fn what_is_cancelled_tells_what_was_done(world: &World) {
    let first = run(world, GROUP, groups(0..2_000)).await;
    let second = run(world, GROUP, groups(5_000..5_001)).await;
    let works = Works::begin(world);
    wait_until("some lines to be done", async || counts(&read_exchange(world, &first).await)[0] > 5).await;
    let cancel = "mutation($id: ID!) { dataJobCancel(id: $id) { dataJob { state } userErrors { code } } }";
    let payload = world.must_mutate(&world.ours, cancel, json!({ "id": first })).await;
    assert_eq!(payload["dataJob"]["state"], "CANCELLED");
    // A cancelled operation does not delay the next one.
    assert_eq!(wait_for_end(world, &second).await["state"], "DONE");
    wait_until("its result", async || !read_exchange(world, &first).await["result"].is_null()).await;
    let now = read_exchange(world, &first).await;
    let line_answers = answers(world, &now).await;
    assert_eq!(line_answers.len() as i64, counts(&now)[0], "{now:#}");
    assert!(line_answers.len() < 2_000);
    works.kill().await;
}

async fn rights_that_were_taken_away_end_it(world: &World) {
    let admin = entrepot::access::BUILT_IN.iter().find(|role| role.key == "admin").unwrap();
    let person = world.add_member_with("runner", json!([{ "roleId": admin.id.to_string(), "scope": { "all": true } }])).await;
    let caller = world.caller(person).await;
    let upload = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code } } }";
    let upload_answer =
        world.execute(&world.ours, Some(caller.clone()), upload, &json!({ "input": { "purpose": "IMPORT", "name": "x" } })).await;
    let upload_answer = upload_answer["data"]["fileUploadCreate"].clone();
    let token = upload_answer["uploadUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let parts = futures_util::stream::iter([Ok(groups(0..5).into_bytes().into())]);
    world.node.files.receive(&token, None, Default::default(), parts).await.unwrap();
    let input = json!({ "idempotencyKey": "late", "fileId": upload_answer["file"]["id"], "mutation": GROUP });
    let answer = world.execute(&world.ours, Some(caller), RUN, &json!({ "input": input })).await;
    let id = answer["data"]["bulkOperationRun"]["dataJob"]["id"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned();
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap();
    world.set_grants(&world.ours.owner, person, json!([{ "roleId": viewer.id.to_string(), "scope": { "all": true } }])).await;
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)[0]), (Some("FAILED"), 0), "{exchange:#}");
    assert!(exchange["error"].as_str().unwrap().contains("exchange.run"), "{exchange:#}");
    works.kill().await;
}

async fn a_dry_run_writes_nothing(world: &World) {
    let before = on_hand(world).await;
    let mut nobody = one_more(world);
    nobody["changes"][0]["product"] = json!({ "sku": "nobody" });
    let file = world.sent(&world.ours, "x", lines([one_more(world), nobody]).into_bytes()).await;
    let input = json!({ "idempotencyKey": "dry", "fileId": file, "mutation": ADJUST, "validateOnly": true });
    let id = world.must_mutate(&world.ours, RUN, json!({ "input": input })).await["dataJob"]["id"].as_str().unwrap().to_owned();
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((&exchange["isDryRun"], counts(&exchange)), (&json!(true), [2, 0, 1, 0, 1]), "{exchange:#}");
    assert_eq!(on_hand(world).await, before);
    works.kill().await;
}

async fn what_cannot_be_run_for_each_line_is_told(world: &World) {
    let file = world.sent(&world.ours, "x", lines([one_more(world)]).into_bytes()).await;
    let one = |name: &str| {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename }} }}")
    };
    let cases = [
        (one("bulkOperationRun"), "call it directly"),
        (one("importCreate"), "call it directly"),
        (one("fileUploadCreate"), "call it directly"),
        (one("roleCreate"), "a fresh login of a person"),
        (one("apiKeyCreate"), "a fresh login of a person"),
        (one("login"), "a file runs without one"),
        (one("passwordChange"), "a file runs without one"),
        (one("jobRetry"), "not one input"),
        ("mutation($input: X!) { stockAdjust(input: $input) { seq } }".to_owned(), "\"StockAdjustInput!\" is expected"),
        (one("nonsense"), "there is no mutation nonsense"),
        ("query { viewer { __typename } }".to_owned(), "one mutation of one field"),
        (
            "mutation($input: StockAdjustInput!) { a: stockAdjust(input: $input) { seq } b: stockAdjust(input: $input) { seq } }"
                .to_owned(),
            "one mutation of one field",
        ),
        ("mutation($input: StockAdjustInput!, $id: ID!) { stockAdjust(input: $input) { seq } }".to_owned(), "$id has no value"),
        ("mutation($input: StockAdjustInput!) { stockAdjust(input: { changes: [] }) { seq } }".to_owned(), "(input: $input)"),
        (
            "mutation($input: StockAdjustInput!) { stockAdjust(input: $input, validateOnly: true) { seq } }".to_owned(),
            "said by dryRun",
        ),
        ("mutation($input: StockAdjustInput!) { stockAdjust(input: $input) @skip(if: true) { seq } }".to_owned(), "directive"),
        ("mutation { ".to_owned(), ""),
    ];
    let none = json!({ "input": { "idempotencyKey": "x", "fileId": file, "mutation": " " } });
    let refused = execute(world, RUN, none).await["bulkOperationRun"]["userErrors"].clone();
    assert_eq!((&refused[0]["code"], &refused[0]["field"]), (&json!("REQUIRED"), &json!(["input", "mutation"])), "{refused:#}");
    for (mutation, reason) in cases {
        let input = json!({ "idempotencyKey": "x", "fileId": file, "mutation": mutation });
        let refused = execute(world, RUN, json!({ "input": input })).await["bulkOperationRun"]["userErrors"].clone();
        let refusal = &refused[0];
        assert_eq!(
            (&refusal["code"], &refusal["field"]),
            (&json!("INVALID"), &json!(["input", "mutation"])),
            "{mutation}: {refused:#}"
        );
        assert!(refusal["message"].as_str().unwrap().contains(reason), "{mutation}: {refusal:#}");
    }
    let plain = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { seq } }";
    // Mutations that cannot be tried without effects have no dry run.
    let again = "mutation($input: WebhookEndpointReplayInput!) { webhookEndpointReplay(input: $input) { seq } }";
    for (mutation, field) in [(plain, "mutation"), (again, "validateOnly")] {
        let input = json!({ "idempotencyKey": "x", "fileId": file, "mutation": mutation, "validateOnly": true });
        let refused = execute(world, RUN, json!({ "input": input })).await["bulkOperationRun"]["userErrors"].clone();
        assert_eq!(refused[0]["field"], json!(["input", field]), "{refused:#}");
    }
    // The same key returns the same job; another tenant's file is not found; a workbook has no
    // lines.
    let input = json!({ "idempotencyKey": "once", "fileId": file, "mutation": plain });
    let racing = (0..6).map(|_| world.must_mutate(&world.ours, RUN, json!({ "input": input })));
    let made = futures_util::future::join_all(racing).await;
    let ids: BTreeSet<String> = made.iter().map(|made| made["dataJob"]["id"].to_string()).collect();
    assert_eq!((ids.len(), made.iter().filter(|made| made["replayed"] == false).count()), (1, 1));
    let stored_input = json!({ "kind": "BULK", "noun": null, "mutation": "stockAdjust", "state": "QUEUED" });
    let mut data_job = made[0]["dataJob"].clone();
    data_job.as_object_mut().unwrap().remove("id");
    assert_eq!(data_job, stored_input);
    let theirs = world.sent(&world.theirs, "x", b"{}".to_vec()).await;
    let workbook = world.sent(&world.ours, "x.xlsx", b"PK\x03\x04rest".to_vec()).await;
    for (file, mutation, code) in
        [(&theirs, plain, "NOT_FOUND"), (&workbook, plain, "INVALID"), (&file, GROUP, "IDEMPOTENCY_KEY_REUSED")]
    {
        let input = json!({ "idempotencyKey": "once", "fileId": file, "mutation": mutation });
        let input = if code == "IDEMPOTENCY_KEY_REUSED" {
            input
        } else {
            json!({ "idempotencyKey": code, "fileId": file, "mutation": mutation })
        };
        let refused = execute(world, RUN, json!({ "input": input })).await["bulkOperationRun"]["userErrors"].clone();
        assert_eq!(refused[0]["code"], code, "{refused:#}");
    }
}
