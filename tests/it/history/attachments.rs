//! Files attached to documents and master data.

use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::history_of;
use crate::{
    authorization::world::{Company, World, text},
    world::on_both,
};

on_both!(
    a_file_hangs_on_every_kind_of_thing_that_takes_notes,
    who_may_not_read_an_order_does_not_see_its_delivery_note,
    another_company_finds_neither_the_order_nor_the_file,
    what_is_removed_goes_with_its_bytes_and_stays_in_the_history,
    a_file_is_attached_once_for_a_key_and_never_by_a_trial,
    a_customers_files_go_when_the_customer_is_erased,
    a_merged_customers_files_are_listed_with_the_other,
    files_are_found_by_their_words_and_their_time,
    a_thing_has_fifty_files_at_most,
);

const ADD: &str =
    "mutation($input: AttachmentAddInput!, $dry: Boolean! = false) { attachmentAdd(input: $input, validateOnly: $dry) {
    attachment { id nodeId name description mediaType size url } userErrors { code field } replayed seq } }";
const REMOVE: &str = "mutation($input: AttachmentRemoveInput!) { attachmentRemove(input: $input) {
    attachment { id } userErrors { code field } replayed } }";
const LIST: &str = "query($id: ID!) { attachments(nodeId: $id) { nodes { id nodeId name url } } }";
const PDF: &[u8] = b"%PDF-1.7\n%%EOF";

async fn sent(world: &World, company: &Company) -> String {
    world.sent_as(company, ("DOCUMENT", "delivery.pdf"), PDF.to_vec()).await
}

async fn add(world: &World, company: &Company, input: Value) -> Value {
    let answer = world.execute(company, Some(company.owner.clone()), ADD, &json!({ "input": input })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["attachmentAdd"].clone()
}

async fn attached(world: &World, node: &str, key: &str) -> Value {
    let file = sent(world, &world.ours).await;
    let input = json!({ "idempotencyKey": key, "nodeId": node, "fileId": file });
    let payload = add(world, &world.ours, input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload["attachment"].clone()
}

async fn remove(world: &World, key: &str, id: &Value) -> Value {
    let input = json!({ "input": { "idempotencyKey": key, "id": id } });
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), REMOVE, &input).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["attachmentRemove"].clone()
}

async fn listed(world: &World, node: &str) -> Vec<Value> {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), LIST, &json!({ "id": node })).await;
    answer["data"]["attachments"]["nodes"].as_array().cloned().unwrap_or_else(|| panic!("{answer:#}"))
}

async fn is_there(world: &World, link: &Value) -> bool {
    world.node.files.fetch(link.as_str().unwrap().rsplit('/').next().unwrap()).await.is_ok()
}

async fn a_file_hangs_on_every_kind_of_thing_that_takes_notes(world: &World) {
    let company = &world.ours;
    for (prefix, id) in company.nodes() {
        let file = sent(world, company).await;
        let input = json!({ "idempotencyKey": prefix, "nodeId": id, "fileId": file, "name": format!("of {prefix}") });
        let payload = add(world, company, input).await;
        if ["ses", "fil", "exc", "ppr", "nte", "att"].contains(prefix) {
            assert_eq!(payload["userErrors"][0], json!({ "code": "INVALID", "field": ["input", "nodeId"] }), "{prefix}");
            continue;
        }
        assert_eq!(payload["userErrors"], json!([]), "{prefix}");
        let found = listed(world, id).await;
        assert_eq!((&found[0]["name"], &found[0]["nodeId"]), (&json!(format!("of {prefix}")), &json!(id)), "{prefix}");
    }
}

async fn who_may_not_read_an_order_does_not_see_its_delivery_note(world: &World) {
    let company = &world.ours;
    let order = &company.ids["por"];
    let note = attached(world, order, "note").await;
    assert_eq!((&note["name"], &note["mediaType"]), (&json!("delivery.pdf"), &json!("application/pdf")));
    assert_eq!(note["size"].to_string().trim_matches('"'), PDF.len().to_string());
    assert!(is_there(world, &note["url"]).await);
    let clerk = company.owner_with(&["product.read", "product.write", "file.write"]);
    let node = "query($id: ID!) { node(id: $id) { ... on Attachment { name } } }";
    for (query, id) in [(LIST, json!(order)), (node, note["id"].clone())] {
        let answer = world.execute(company, Some(clerk.clone()), query, &json!({ "id": id })).await;
        assert!(!answer.to_string().contains("delivery.pdf"), "{answer:#}");
    }
    let reader = company.owner_with(&["purchase.read"]);
    let seen_answer = world.execute(company, Some(reader.clone()), LIST, &json!({ "id": order })).await;
    assert_eq!(seen_answer["data"]["attachments"]["nodes"][0]["name"], json!("delivery.pdf"));
    let input = json!({ "input": { "idempotencyKey": "gone", "id": note["id"] } });
    let denied = world.execute(company, Some(reader), REMOVE, &input).await;
    assert_eq!(denied["errors"][0]["permission"], json!("purchase.write"));
}

async fn another_company_finds_neither_the_order_nor_the_file(world: &World) {
    let (ours, theirs) = (&world.ours, &world.theirs);
    let note = attached(world, &ours.ids["por"], "note").await;
    let own = sent(world, theirs).await;
    let answer = add(world, theirs, json!({ "idempotencyKey": "a", "nodeId": ours.ids["por"], "fileId": own })).await;
    assert_eq!(answer["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["input", "nodeId"] }]));
    let answer = add(world, ours, json!({ "idempotencyKey": "b", "nodeId": ours.ids["por"], "fileId": own })).await;
    assert_eq!(answer["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["input", "fileId"] }]));
    let input = json!({ "input": { "idempotencyKey": "c", "id": note["id"] } });
    let answer = world.execute(theirs, Some(theirs.owner.clone()), REMOVE, &input).await;
    let refused = &answer["data"]["attachmentRemove"]["userErrors"];
    assert_eq!(refused, &json!([{ "code": "NOT_FOUND", "field": ["input", "id"] }]));
    assert_eq!(listed(world, &ours.ids["por"]).await.len(), 1);
}

async fn what_is_removed_goes_with_its_bytes_and_stays_in_the_history(world: &World) {
    let company = &world.ours;
    let order = &company.ids["ord"];
    let photo = attached(world, order, "photo").await;
    world.advance_clock(30 * 24 * 3_600);
    world.node.files.delete_expired_files().await.unwrap();
    let link = listed(world, order).await[0]["url"].clone();
    assert!(is_there(world, &link).await, "what is attached stays, however long");
    let payload = remove(world, "gone", &photo["id"]).await;
    assert_eq!((&payload["userErrors"], &payload["replayed"]), (&json!([]), &json!(false)));
    assert_eq!(remove(world, "gone", &photo["id"]).await["replayed"], json!(true));
    let late_payload = remove(world, "late", &photo["id"]).await;
    assert_eq!(late_payload["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["input", "id"] }]));
    assert!(listed(world, order).await.is_empty());
    world.advance_clock(1);
    world.node.files.delete_expired_files().await.unwrap();
    assert!(!is_there(world, &link).await);
    let history = history_of(world, company, order, &[]).await;
    let actions: Vec<&str> = history.iter().filter_map(|item| item["action"].as_str()).collect();
    assert!(actions.contains(&"attachmentAdd") && actions.contains(&"attachmentRemove"), "{actions:?}");
}

async fn a_file_is_attached_once_for_a_key_and_never_by_a_trial(world: &World) {
    let company = &world.ours;
    let file = sent(world, company).await;
    let input = |name: &str| json!({ "idempotencyKey": "once", "nodeId": company.ids["sto"], "fileId": file, "name": name });
    let trial = json!({ "input": input("Lease"), "dry": true });
    let tried = world.execute(company, Some(company.owner.clone()), ADD, &trial).await["data"]["attachmentAdd"].clone();
    assert_eq!((&tried["attachment"]["name"], &tried["seq"]), (&json!("Lease"), &Value::Null));
    assert!(listed(world, &company.ids["sto"]).await.is_empty(), "a trial writes nothing");
    let first = add(world, company, input("Lease")).await;
    let second = add(world, company, input("Lease")).await;
    assert_eq!((&second["attachment"]["id"], &second["replayed"]), (&first["attachment"]["id"], &json!(true)));
    let other = add(world, company, input("Plan")).await;
    assert_eq!(other["userErrors"][0]["code"], json!("IDEMPOTENCY_KEY_REUSED"));
    let payload = add(world, company, json!({ "idempotencyKey": "held", "nodeId": company.ids["cus"], "fileId": file })).await;
    assert_eq!(payload["userErrors"], json!([{ "code": "INVALID_STATE", "field": ["input", "fileId"] }]));
    for (name, code) in [(" ", "REQUIRED"), (&*"x".repeat(201), "TOO_LONG")] {
        let input = json!({ "idempotencyKey": "name", "nodeId": company.ids["sto"], "fileId": file, "name": name });
        assert_eq!(add(world, company, input).await["userErrors"][0]["code"], json!(code));
    }
}

async fn a_customers_files_go_when_the_customer_is_erased(world: &World) {
    let company = &world.ours;
    let customer = &company.ids["cus"];
    let contract = attached(world, customer, "contract").await;
    let input = json!({ "id": customer, "expectedVersion": super::version_of(world, company, customer, "Customer").await });
    let erase = "mutation($input: CustomerEraseInput!) { customerErase(input: $input) { userErrors { code field message } } }";
    world.must_mutate(company, erase, json!({ "input": input })).await;
    assert!(listed(world, customer).await.is_empty());
    world.advance_clock(1);
    world.node.files.delete_expired_files().await.unwrap();
    assert!(!is_there(world, &contract["url"]).await);
    let scope = world.node.db.tenant(company.owner.tenant);
    let named = "SELECT 1 FROM file WHERE tenant_id = $1 AND name = 'delivery.pdf'";
    let named = entrepot::storage::Reads::rows(&scope, named, vec![]).await.unwrap();
    assert!(named.is_empty(), "its name may tell who somebody is");
    // A file attached after the erasure would stay for good, so it is refused.
    let late_input = json!({ "idempotencyKey": "late", "nodeId": customer, "fileId": sent(world, company).await });
    let refused = add(world, company, late_input).await;
    assert_eq!(refused["userErrors"], json!([{ "code": "INVALID", "field": ["input", "nodeId"] }]));
    assert!(listed(world, customer).await.is_empty());
}

async fn a_merged_customers_files_are_listed_with_the_other(world: &World) {
    let company = &world.ours;
    let query = "mutation($input: CustomerCreateInput!) { customerCreate(input: $input) { customer { id } userErrors { code field message } } }";
    let input = json!({ "idempotencyKey": "twin", "name": "Ada again" });
    let twin = text(&world.must_mutate(company, query, json!({ "input": input })).await["customer"]["id"]);
    let contract = attached(world, &twin, "contract").await;
    let query = "mutation($input: CustomerMergeInput!) { customerMerge(input: $input) { merged { id } userErrors { code field message } } }";
    let input = json!({ "idempotencyKey": "merge", "id": twin, "intoId": company.ids["cus"] });
    world.must_mutate(company, query, json!({ "input": input })).await;
    assert_eq!(listed(world, &company.ids["cus"]).await[0]["id"], contract["id"]);
    let query = "mutation($input: CustomerUnmergeInput!) { customerUnmerge(input: $input) { customer { id } userErrors { code field message } } }";
    world.must_mutate(company, query, json!({ "input": { "idempotencyKey": "back", "id": twin } })).await;
    assert!(listed(world, &company.ids["cus"]).await.is_empty());
    assert_eq!(listed(world, &twin).await[0]["id"], contract["id"]);
}

async fn files_are_found_by_their_words_and_their_time(world: &World) {
    let company = &world.ours;
    let store = &company.ids["sto"];
    let mut later = Vec::new();
    for name in ["Lease", "Floor plan"] {
        let file = sent(world, company).await;
        let input = json!({ "idempotencyKey": name, "nodeId": store, "fileId": file, "name": name });
        assert_eq!(add(world, company, input).await["userErrors"], json!([]), "{name}");
        world.advance_clock(60);
        later.push(rfc3339(world.node.clock.now()));
    }
    let between = &later[0];
    let query = "query($id: ID!, $filter: AttachmentFilter) { attachments(nodeId: $id, filter: $filter) { nodes { name } totalCount { count } } }";
    let since = json!({ "createdAt": { "gte": between } });
    for (filter, names) in [
        (json!({}), vec!["Floor plan", "Lease"]),
        (since.clone(), vec!["Floor plan"]),
        (json!({ "createdAt": { "lt": between } }), vec!["Lease"]),
        (json!({ "not": since }), vec!["Lease"]),
        (json!({ "or": [since, { "search": "LEASE" }] }), vec!["Floor plan", "Lease"]),
        (json!({ "search": "lease", "and": [since] }), vec![]),
        (json!({ "createdAt": { "isNull": true } }), vec![]),
    ] {
        let answer = world.execute(company, Some(company.owner.clone()), query, &json!({ "id": store, "filter": filter })).await;
        let nodes: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        let expected = json!({ "nodes": nodes, "totalCount": { "count": names.len() } });
        assert_eq!(answer["data"]["attachments"], expected, "{filter}: {answer:#}");
    }
    let filter = json!({ "or": [{ "search": "x".repeat(256) }] });
    let refused = world.execute(company, Some(company.owner.clone()), query, &json!({ "id": store, "filter": filter })).await;
    let error = &refused["errors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("BAD_USER_INPUT"), &json!(["filter", "or", "0", "search"])));
}

async fn a_thing_has_fifty_files_at_most(world: &World) {
    let company = &world.ours;
    let store = &company.ids["sto"];
    for number in 0..50 {
        attached(world, store, &format!("photo-{number}")).await;
    }
    let file = sent(world, company).await;
    let input = json!({ "idempotencyKey": "more", "nodeId": store, "fileId": file });
    let refused = add(world, company, input.clone()).await;
    assert_eq!(refused["userErrors"], json!([{ "code": "LIMIT_EXCEEDED", "field": ["input", "nodeId"] }]));
    let first = listed(world, store).await[0]["id"].clone();
    remove(world, "room", &first).await;
    assert_eq!(add(world, company, input).await["userErrors"], json!([]));
}
