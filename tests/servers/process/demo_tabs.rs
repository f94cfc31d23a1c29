//! GraphiQL's tabs and the guide of orders, each operation unchanged, on the shop that `entrepot
//! demo` sets up.

use serde_json::{Value, json};

use super::client::{Client, Socket};

const TABS: &str = include_str!("../../../assets/graphiql/src/tabs.js");
const GUIDE: &str = include_str!("../../../docs/orders.md");

/// A literal of JavaScript as JSON: names in quotes, texts in double ones, no comma before an end.
fn as_json(literal: &str) -> Value {
    let mut json = String::new();
    for (index, part) in literal.split('\'').enumerate() {
        if index % 2 == 1 {
            json.push_str(&Value::from(part).to_string());
            continue;
        }
        let bare: String = part.split_whitespace().collect();
        let mut name = String::new();
        for sign in bare.replace(",}", "}").replace(",]", "]").chars() {
            match sign {
                'a'..='z' | 'A'..='Z' | '_' => name.push(sign),
                ':' => {
                    json.push_str(&Value::from(std::mem::take(&mut name)).to_string());
                    json.push(':');
                }
                _ => {
                    json.push_str(&std::mem::take(&mut name));
                    json.push(sign);
                }
            }
        }
        json.push_str(&name);
    }
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Returns the document and the variables of each tab.
fn tabs() -> Vec<(String, Value)> {
    let tab = |text: &str| {
        let (document, rest) = text.split_once('`').unwrap();
        let variables = rest.find('{').map_or_else(|| json!({}), |start| as_json(&rest[start..=rest.rfind('}').unwrap()]));
        (document.trim().to_owned(), variables)
    };
    TABS.split("tab(`").skip(1).map(tab).collect()
}

fn is_subscription(document: &str) -> bool {
    document.lines().any(|line| line.starts_with("subscription "))
}

/// The answer's one root field, without an error.
fn root(document: &str, answer: &Value) -> Value {
    assert!(answer["errors"].is_null(), "{document}: {answer:#}");
    answer["data"].as_object().unwrap().values().next().unwrap().clone()
}

/// Checks that all tabs run without refusals, and that lists have rows.
pub async fn run(client: &Client) {
    let tabs = tabs();
    assert_eq!(tabs.len(), TABS.matches("  tab(").count());
    for (document, variables) in &tabs {
        let first = if is_subscription(document) {
            let mut socket = Socket::open(client).await;
            socket.subscribe(document, variables).await;
            let message = socket.receive_message().await.unwrap();
            assert_eq!(message["type"], "next", "{document}: {message:#}");
            root(document, &message["payload"])
        } else {
            root(document, &client.send(document, variables).await.unwrap())
        };
        let (refusals, rows) = (&first["userErrors"], &first["nodes"]);
        assert!(refusals.is_null() || *refusals == json!([]), "{document}: {first:#}");
        assert!(rows.as_array().is_none_or(|rows| !rows.is_empty()), "{document}: {first:#}");
    }
}

/// The guide's operations by their names, in its order.
fn operations() -> Vec<(&'static str, &'static str)> {
    let blocks = GUIDE.split("```graphql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| (block.split([' ', '(']).nth(1).unwrap(), block)).collect()
}

/// Returns the codes with which the guide expects an operation to be refused.
fn refused(name: &str) -> &'static [&'static str] {
    match name {
        "Edit" => &["VERSION_CONFLICT"],
        "Refused" => &["NOT_FOUND", "NOT_FOUND"],
        _ => &[],
    }
}

/// Runs the guide's steps in order: steps that it calls refused are refused, and a repeated call is
/// a replay. No stock stays reserved.
pub async fn guide_runs(client: &Client) {
    let mut input = json!({});
    let mut codes = Vec::new();
    for (name, document) in operations() {
        let mut given = input.clone();
        given.as_object_mut().unwrap().retain(|variable, _| document.contains(&format!("${variable}:")));
        let payload = root(document, &client.send(document, &given).await.unwrap());
        let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("{name}: {payload:#}"));
        codes.push((name, errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()));
        match name {
            "Hold" => input["reservation"] = payload["reservations"][0]["id"].clone(),
            "Try" => assert_eq!(payload["order"]["lines"][0]["quantity"], 2, "{payload:#}"),
            "Create" => {
                assert_eq!(payload["order"]["status"], "PENDING", "{payload:#}");
                (input["order"], input["version"]) = (payload["order"]["id"].clone(), payload["order"]["version"].clone());
                let again = root(document, &client.send(document, &given).await.unwrap());
                assert_eq!((&again["replayed"], &again["order"]["id"]), (&json!(true), &input["order"]), "{again:#}");
            }
            "Confirm" => assert_eq!(payload["order"]["status"], "CONFIRMED", "{payload:#}"),
            "Refused" => assert_eq!(errors[1]["value"], "NO-SUCH-BOWL", "{payload:#}"),
            "Cancel" => assert_eq!(payload["order"]["status"], "CANCELLED", "{payload:#}"),
            _ => {}
        }
    }
    assert_eq!(codes.len(), 7, "{codes:?}");
    for (name, found) in codes {
        assert_eq!(found, refused(name), "{name}");
    }
}
