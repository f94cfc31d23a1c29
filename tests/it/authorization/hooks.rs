//! What a company has beside its trade: somewhere to be told of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{House, World};

impl World {
    /// A webhook endpoint, and a job that is to send something to it again.
    pub async fn hooks(&self, house: &House, ids: &mut BTreeMap<&'static str, String>) {
        let word = house.word;
        let errors = "userErrors { code field message }";
        let query = format!(
            "mutation($input: WebhookEndpointCreateInput!) {{ webhookEndpointCreate(input: $input) {{ webhookEndpoint {{ id }} {errors} }} }}"
        );
        let input =
            json!({ "url": format!("https://{word}.example/hooks"), "eventTypes": ["*"], "description": format!("{word} hook") });
        ids.insert("whe", told(&self.must(house, &query, json!({ "input": input })).await["webhookEndpoint"]["id"]));
        let query = format!(
            "mutation($input: WebhookEndpointReplayInput!) {{ webhookEndpointReplay(input: $input) {{ job {{ id }} {errors} }} }}"
        );
        let input = json!({ "id": ids["whe"], "fromSeq": 1, "toSeq": 1 });
        ids.insert("job", told(&self.must(house, &query, json!({ "input": input })).await["job"]["id"]));
    }
}

fn told(id: &Value) -> String {
    id.as_str().unwrap().to_owned()
}
