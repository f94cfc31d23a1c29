//! Examples: one for each root field, and each one can be sent.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod shared;

use std::collections::BTreeSet;

use reference::{Answer, Example, Operation, Reference};
use serde_json::{Value, json};
use shared::Checker;

const SDL: &str = include_str!("../../../schema.graphql");

fn root(operation: Operation) -> &'static str {
    match operation {
        Operation::Query => "Query",
        Operation::Mutation => "Mutation",
        Operation::Subscription => "Subscription",
    }
}

#[test]
fn every_root_field_has_an_example_that_fits_the_schema() {
    let (reference, checker) = (Reference::new(SDL, &[]).unwrap(), Checker::new(SDL));
    let mut wrong = Vec::new();
    let mut found = BTreeSet::new();
    for example in reference.examples() {
        let root = root(example.operation);
        found.insert((root, example.field.clone()));
        let dry_run = example.dry_run.iter().map(|dry_run| &dry_run.document);
        for document in dry_run.chain([&example.document]) {
            let faults = checker.check(root, document, &example.variables);
            wrong.extend(faults.into_iter().map(|what| format!("{root}.{}: {what}", example.field)));
        }
    }
    let fields = |root: &'static str| checker.fields(root).into_iter().map(move |field| (root, field.name.node.to_string()));
    let wanted: BTreeSet<_> = ["Query", "Mutation", "Subscription"].into_iter().flat_map(fields).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(found, wanted);
    assert!(wanted.len() > 200, "{}", wanted.len());
}

/// The most bytes of a recorded answer; the test that records them cuts lists and texts.
const MAX_BYTES: usize = 12_000;

/// Returns the fault of a root field's recorded response, or `None` if it is right.
fn faults(example: &Example, answer: Answer) -> Option<String> {
    if answer.text.is_empty() {
        return (example.operation != Operation::Subscription).then(|| "no answer is empty".to_owned());
    }
    let value: Value = match serde_json::from_str(answer.text) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let is_whole = value["data"].get(&example.field).is_some() || value["errors"].is_array();
    (!is_whole || answer.text.len() > MAX_BYTES).then(|| format!("{} bytes: {value}", answer.text.len()))
}

#[test]
fn every_example_has_an_answer() {
    let reference = Reference::new(SDL, &[]).unwrap();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for example in reference.examples() {
        let dry_run = example.dry_run.as_ref().map(|dry_run| dry_run.answer);
        for (word, answer) in [("", Some(example.answer)), (" dry", dry_run)] {
            let title = format!("{}.{}{word}", root(example.operation), example.field);
            match answer {
                Some(Some(answer)) => wrong.extend(faults(&example, answer).map(|what| format!("{title}: {what}"))),
                Some(None) => missing.push(title),
                None => {}
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} examples have no answer in assets/answers.txt: run `ENTREPOT_GOLDEN=write cargo nextest run --test servers every_example`: {missing:?}",
        missing.len()
    );
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_dry_run_is_the_same_call_with_one_argument_more() {
    let reference = Reference::new(SDL, &[]).unwrap();
    let of = |field: &str| reference.examples().find(|example| example.field == field).unwrap();
    let example = of("orderCreate");
    let dry_run = example.dry_run.unwrap().document;
    assert_eq!(dry_run, example.document.replace("(input: $input)", "(input: $input, validateOnly: true)"));
    assert_eq!(of("orders").dry_run, None);
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let checker = Checker::new(SDL);
    let check = |document: &str, variables: Value| checker.check("Query", document, &variables.to_string());
    let order = "query ($by: OrderRef!) { order(by: $by) { id } }";
    assert_eq!(check(order, json!({ "by": { "number": "1" } })), Vec::<String>::new());
    for (document, variables) in [
        ("query { order { id }", json!({})),
        ("query { order { id } }", json!({})),
        ("query { order(by: {}) { id } }", json!({})),
        ("query ($by: OrderRef!) { order(by: $by) { nothing } }", json!({ "by": { "number": "1" } })),
        ("query ($by: OrderRef!) { order(by: $by) }", json!({ "by": { "number": "1" } })),
        ("query ($by: OrderRef!) { order(by: $by) { id { id } } }", json!({ "by": { "number": "1" } })),
        ("query ($by: OrderRef!) { order(by: $by) { id id } }", json!({ "by": { "number": "1" } })),
        ("query ($by: ProductRef!) { order(by: $by) { id } }", json!({ "by": { "sku": "1" } })),
        ("query ($id: ID!) { node(id: $id) { ... on Money { amount } } }", json!({ "id": "ord_01h455vb4pex5vsknk084sn02q" })),
        (order, json!({})),
        (order, json!({ "by": {} })),
        (order, json!({ "by": { "number": "1", "id": "ord_01h455vb4pex5vsknk084sn02q" } })),
        (order, json!({ "by": { "number": 1 } })),
        (order, json!({ "by": { "id": "1" } })),
        (order, json!({ "by": { "external": {} } })),
        (order, json!({ "by": { "colour": "blue" } })),
        (order, json!({ "by": null })),
        (order, json!({ "by": { "number": "1" }, "more": 1 })),
    ] {
        assert_ne!(check(document, variables.clone()), Vec::<String>::new(), "{document} {variables}");
    }
}

fn example(sdl: &str, field: &str) -> (String, Value) {
    let reference = Reference::new(sdl, &[]).unwrap();
    let example = reference.examples().find(|example| example.field == field).unwrap();
    (example.document, serde_json::from_str(&example.variables).unwrap())
}

#[test]
fn a_page_asks_for_ten_rows_and_where_the_next_page_begins() {
    let (document, variables) = example(SDL, "orders");
    assert!(document.starts_with("query Orders($first: Int) {\n  orders(first: $first) {\n    nodes {"), "{document}");
    assert!(document.contains("pageInfo { hasNextPage endCursor }"), "{document}");
    assert!(document.contains("id number status"), "{document}");
    assert_eq!(variables, json!({ "first": 10 }));
}

#[test]
fn a_mutation_gives_what_is_required_and_asks_why_it_was_refused() {
    let (document, variables) = example(SDL, "orderCreate");
    assert!(document.contains("orderCreate(input: $input) {"), "{document}");
    assert!(document.contains("userErrors { code message field }"), "{document}");
    let input = json!({
        "idempotencyKey": "order-create-1",
        "lines": [{ "product": { "sku": "MUG-BLUE" }, "quantity": 2 }],
        "store": { "code": "LONDON" },
    });
    assert_eq!(variables, json!({ "input": input }));
}

#[test]
fn an_id_in_an_example_is_of_the_kind_that_the_field_takes() {
    let id = |field: &str, place: &str| example(SDL, field).1.pointer(place).unwrap().as_str().unwrap()[..4].to_owned();
    assert_eq!(id("orderCancel", "/input/id"), "ord_");
    assert_eq!(id("purchaseOrderApprove", "/input/id"), "por_");
    assert_eq!(id("apiKeyRevoke", "/id"), "key_");
    assert_eq!(id("countsDue", "/storeId"), "sto_");
    assert_eq!(id("productImageRemove", "/input/id"), "img_");
    assert_eq!(id("invitationRevoke", "/id"), "mem_");
    assert_eq!(id("purchaseOrderReceive", "/input/lines/0/lineId"), "pol_");
    assert_eq!(id("transferShip", "/input/lines/0/lineId"), "tln_");
    assert_eq!(id("jobRetry", "/id"), "job_");
    assert_eq!(id("dataJobChanged", "/id"), "exc_");
    assert_eq!(id("webhookEndpointTest", "/id"), "whe_");
    assert_eq!(id("fulfilmentWavePick", "/input/id"), "fwv_");
    assert_eq!(id("savedViewLinkRevoke", "/input/savedViewLinkId"), "svl_");
    assert_eq!(id("noteAdd", "/input/nodeId"), "prd_");
    assert_eq!(id("fulfilmentTrackingSet", "/input/id"), "pcl_");
    assert_eq!(id("paperCreate", "/input/document/id"), "fwk_");
    assert_eq!(id("papers", "/document/id"), "ord_");
    assert_eq!(id("documentReverse", "/input/document/id"), "trf_");
    assert_eq!(id("memberRolesSet", "/input/member/id"), "mem_");
    assert_eq!(id("memberRolesSet", "/input/grants/0/role/id"), "rol_");
}

#[test]
fn an_example_is_also_called_by_both_clients() {
    let reference = Reference::new(SDL, &[]).unwrap();
    let calls = |field: &str| reference.examples().find(|example| example.field == field).unwrap().calls.unwrap();
    let order = calls("orderCreate");
    for part in [
        "import { apiKey, createClient } from '@entrepot/client';",
        "await client.mutate(\n  `mutation OrderCreate(",
        "data.orderCreate",
    ] {
        assert!(order.typescript.contains(part), "{part}: {}", order.typescript);
    }
    for part in [
        "os.environ[\"ENTREPOT_KEY\"]) as shop:\n    data = shop.execute(\n        \"\"\"mutation OrderCreate(",
        "print(data[\"orderCreate\"])",
    ] {
        assert!(order.python.contains(part), "{part}: {}", order.python);
    }
    assert!(calls("integrationCreate").python.contains("\"all\": True"), "{}", calls("integrationCreate").python);
    assert!(calls("apiKeyCreate").typescript.contains("auth: session("), "with a key it would be refused");
    assert!(!calls("login").typescript.contains("auth:"));
    assert!(calls("stockChanged").python.contains("for event in shop.live.stock():"));
    let without: Vec<_> = reference.examples().filter(|example| example.calls.is_none()).collect();
    assert!(without.iter().all(|example| example.operation == Operation::Subscription), "{without:?}");
}

/// Returns the JSON that a shell passes to curl after `-d`.
fn curl_body(curl: &str) -> Value {
    let (_, quoted) = curl.split_once("\n  -d '").unwrap();
    let body = quoted.strip_suffix("'\n").unwrap();
    assert!(!body.contains('\''), "the shell would end the text there: {curl}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn curl_sends_the_example_of_every_root_field() {
    let reference = Reference::new(SDL, &[]).unwrap();
    for example in reference.examples() {
        let variables: Value = serde_json::from_str(&example.variables).unwrap();
        let mut body = json!({ "query": example.document });
        if variables != json!({}) {
            body["variables"] = variables;
        }
        assert_eq!(curl_body(&example.curl), body, "{}", example.curl);
        assert!(example.curl.contains("\"$ENTREPOT_URL/graphql\""), "{}", example.curl);
        let is_stream = example.curl.contains("-H 'Accept: text/event-stream'");
        assert_eq!(is_stream, example.operation == Operation::Subscription, "{}", example.curl);
    }
    let curl = |field: &str| reference.examples().find(|example| example.field == field).unwrap().curl;
    assert!(curl("orderCreate").contains("Bearer $ENTREPOT_KEY"));
    assert!(curl("apiKeyCreate").contains("Bearer $ENTREPOT_TOKEN"), "with a key it would be refused");
    assert!(!curl("login").contains("Bearer"));
}

#[test]
fn a_subscription_shows_its_phase_its_cursor_and_the_changes() {
    let (document, _) = example(SDL, "stockChanged");
    for part in ["phase cursor reset", "changes {", "seq inFilter", "level {"] {
        assert!(document.contains(part), "{part}: {document}");
    }
}

#[test]
fn examples_leave_out_what_is_deprecated_or_needs_another_permission() {
    let sdl = r#"
        type Query { shop: Shop! @requires(permission: "shop.read") }
        type Shop { id: ID!  old: String @deprecated(reason: "x")  owner: Owner!  cost: String @requires(permission: "cost.read")
          by(key: String!): String  partner: Owner! @requires(permission: "shop.read") sign: String @stepUp }
        type Owner @requires(permission: "owner.read") { name: String! }
    "#;
    let (document, variables) = example(sdl, "shop");
    assert_eq!(document, "query Shop {\n  shop { id }\n}");
    assert_eq!(variables, json!({}));
}

#[test]
fn an_interface_is_shown_by_one_of_its_members() {
    let (document, _) = example(SDL, "node");
    assert!(document.contains("node(id: $id) {\n    __typename\n    ... on Product {"), "{document}");
    let (document, _) = example(SDL, "login");
    assert!(document.contains("__typename") && document.contains("... on TokenPair {"), "{document}");
}

#[test]
fn the_operations_of_the_new_guides_fit_the_schema() {
    let checker = Checker::new(SDL);
    let guides = [include_str!("../../../docs/first-query.md"), include_str!("../../../docs/live-stock.md")];
    let blocks: Vec<_> = guides.iter().flat_map(|guide| guide.split("```graphql\n").skip(1)).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        let document = block.split("```").next().unwrap();
        let root = match document.split_whitespace().next() {
            Some("mutation") => "Mutation",
            Some("subscription") => "Subscription",
            _ => "Query",
        };
        assert_eq!(checker.check(root, document, "{}"), Vec::<String>::new(), "{document}");
    }
    for body in guides.iter().flat_map(|guide| guide.split("\"query\": \"").skip(1)) {
        let document = body.split('"').next().unwrap();
        let (root, variables) = match document.starts_with("mutation") {
            true => ("Mutation", json!({ "email": "e", "password": "p", "tenant": "t" })),
            false if document.starts_with("subscription") => ("Subscription", json!({})),
            false => ("Query", json!({})),
        };
        assert_eq!(checker.check(root, document, &variables.to_string()), Vec::<String>::new(), "{document}");
    }
}
