//! Uses of deprecated parts: listed in the answer, counted for the operator, and shown with the API
//! key of the calls.

use serde_json::{Value, json};

use super::{
    client::Client,
    operations::figure,
    server::{Server, Site, free_address},
};
use crate::world::on_both;

const OLD: &str = "{ movementReport { kind } }";
const USES: &str = "query($id: ID!) { node(id: $id) { ... on ApiKey {
    deprecatedUse { coordinate reason calls lastUsedAt removedAfter } } } }";

const CATEGORY: &str = "mutation($input: CategoryCreateInput!, $dry: Boolean! = false) {
    categoryCreate(input: $input, validateOnly: $dry) { userErrors { code } } }";

const INTEGRATION: &str =
    "mutation { result: integrationCreate(input: { name: \"Reports\", permissions: [\"report.read\", \"product.write\"], scope: { all: true } }) {
        integration { id } userErrors { code } } }";
const KEY: &str = "mutation($i: ID!) { result: apiKeyCreate(input: { integrationId: $i, name: \"Reports\" }) {
    secret apiKey { id } userErrors { code } } }";

/// A client with a new key, and the key's id.
async fn new_key(owner: &Client, integration: &Value) -> (Client, Value) {
    let answer = owner.execute(KEY, json!({ "i": integration })).await["result"].take();
    let mut client = owner.clone();
    client.token = answer["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (client, answer["apiKey"]["id"].clone())
}

/// The notice as the schema has it.
fn reason() -> String {
    let sdl = entrepot::schema::sdl();
    let (_, after) = sdl.split_once("): [MovementReportRow!]! @deprecated(reason: \"").unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn uses(owner: &Client, key: &Value) -> Value {
    owner.execute(USES, json!({ "id": key })).await["node"]["deprecatedUse"].take()
}

on_both!(uses_of_what_is_deprecated_are_counted_by_key, site: Site => {
    let inside = free_address();
    let server = Server::start_with(site, free_address(), &["--metrics-listen", &inside.to_string()]).await;
    let owner = server.tenant().await;
    let integration = owner.execute(INTEGRATION, json!({})).await["result"]["integration"]["id"].clone();
    let ((till, key), (_, other)) = (new_key(&owner, &integration).await, new_key(&owner, &integration).await);
    let input = json!([{ "coordinate": "Query.movementReport", "reason": reason() }]);
    assert_eq!(till.send(OLD, &json!({})).await.unwrap()["extensions"]["entrepot"]["deprecated"], input);
    // Two uses in one operation count once; a member's uses are not counted for a key; an operation
    // that fails validation uses nothing.
    till.execute("{ a: movementReport { kind } b: movementReport { kind } }", json!({})).await;
    assert_eq!(owner.send(OLD, &json!({})).await.unwrap()["extensions"]["entrepot"]["deprecated"], input);
    till.send("{ movementReport { nowhere } }", &json!({})).await.unwrap();
    let fresh = till.send("{ viewer { tenant { slug } } }", &json!({})).await.unwrap();
    assert_eq!(fresh["extensions"], Value::Null, "{fresh:#}");
    let shown = uses(&owner, &key).await;
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["coordinate"]), (1, &json!("Query.movementReport")), "{shown:#}");
    assert_eq!((&shown[0]["reason"], &shown[0]["removedAfter"]), (&json!(reason()), &json!("2027-11-23")));
    assert_eq!(shown[0]["calls"], 2, "{shown:#}");
    assert!(shown[0]["lastUsedAt"].is_string());
    assert_eq!(uses(&owner, &other).await, json!([]), "another key of the same integration");
    // A field that the key may not use is a use too: its client still sends it.
    let refused = till.send("{ counts(first: 1) { nodes { id } } }", &json!({})).await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused:#}");
    let after = uses(&owner, &key).await;
    let is_of_counts = |used: &Value| used["coordinate"] == "Query.counts" && used["calls"] == 1;
    assert!(after.as_array().unwrap().iter().any(is_of_counts), "{after:#}");
    // A creator without an idempotency key is a use: with a key, and as a dry run, it is none.
    let keyed = json!({ "input": { "name": "Mugs", "idempotencyKey": "mugs" } });
    let keyless = json!({ "input": { "name": "Cups" } });
    let counted = |uses: &Value| {
        let found = uses.as_array().unwrap().iter().find(|used| used["coordinate"] == "CategoryCreateInput.idempotencyKey");
        found.map(|used| (used["calls"].clone(), used["removedAfter"].clone()))
    };
    let dry = json!({ "input": keyless["input"], "dry": true });
    for variables in [&keyed, &dry] {
        let answer = till.send(CATEGORY, variables).await.unwrap();
        let deprecated = &answer["extensions"]["entrepot"]["deprecated"];
        assert_eq!((&answer["data"]["categoryCreate"]["userErrors"], deprecated), (&json!([]), &Value::Null), "{answer:#}");
    }
    assert_eq!(counted(&uses(&owner, &key).await), None);
    let answer = till.send(CATEGORY, &keyless).await.unwrap();
    assert_eq!(answer["extensions"]["entrepot"]["deprecated"][0]["coordinate"], "CategoryCreateInput.idempotencyKey", "{answer:#}");
    assert_eq!(counted(&uses(&owner, &key).await), Some((json!(1), Value::Null)), "the key stays optional");
    // Another tenant sees no key of ours.
    let stranger = server.tenant().await;
    assert_eq!(stranger.send(USES, &json!({ "id": key })).await.unwrap()["data"]["node"], Value::Null);
    let text = reqwest::get(format!("http://{inside}/metrics")).await.unwrap().text().await.unwrap();
    let counted = figure(&text, "entrepot_graphql_deprecated_uses_total", "coordinate=\"Query.movementReport\"").unwrap();
    assert!(counted >= 3.0, "{counted}: {text}");
});
