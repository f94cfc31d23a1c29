//! What `entrepot demo` sets up beside the data that it replays, counted through the API.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{client::Client, server::Server};

const SHOP: &str = "{ stores(first: 50) { nodes { code } } suppliers(first: 50) { nodes { code } } productFamilies(first: 50) { nodes { name } }
    categories(first: 50) { nodes { slug } } purchaseOrders(first: 50) { nodes { status } } transfers(first: 50) { nodes { status } }
    counts(first: 50) { nodes { status } } savedViews(first: 50) { nodes { slug } } fulfilmentWorks(first: 100) { nodes { status } }
    lots(first: 100) { nodes { code } } returns(first: 50) { nodes { status } } webhookEndpoints { isEnabled }
    stockLevels(first: 250) { nodes { available } } kit: product(by: { sku: \"DS-KIT-TABLE\" }) { components { quantity } }
    explainAvailability(product: { sku: \"DS-MUGS-4\" }, store: { code: \"LDN\" }) { available } }";

/// The demo's owner, at a server on its database.
async fn owner(server: &Server) -> Client {
    let mut client = Client::register(&server.url(), "visitor").await;
    let login = "mutation { login(email: \"owner@demo.example\", password: \"a warehouse full of mugs\", tenant: \"demo\") {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";
    let answer = client.ask(login, json!({})).await;
    answer["login"]["result"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut client.token);
    client
}

/// What the demo sets up beside the replayed data.
pub async fn is_there(server: &Server) {
    let client = owner(server).await;
    let there = client.ask(SHOP, json!({})).await;
    let nodes = |of: &str| there[of]["nodes"].as_array().unwrap().clone();
    let having = |of: &str, field: &str, is: &str| nodes(of).iter().filter(|node| node[field] == is).count();
    let counts = ["stores", "suppliers", "productFamilies", "categories", "purchaseOrders", "transfers", "counts", "savedViews"];
    assert_eq!(counts.map(|of| nodes(of).len()), [5, 8, 4, 4, 9, 4, 2, 3], "{there:#}");
    assert_eq!(having("purchaseOrders", "status", "PENDING_APPROVAL"), 1);
    assert_eq!(having("purchaseOrders", "status", "ORDERED"), 5);
    assert_eq!(having("transfers", "status", "IN_TRANSIT"), 1);
    assert!(having("fulfilmentWorks", "status", "OPEN") >= 12 && nodes("lots").len() >= 16 && nodes("returns").len() >= 6);
    assert_eq!(there["webhookEndpoints"], json!([{ "isEnabled": false }]));
    assert_eq!(there["kit"]["components"].as_array().unwrap().len(), 2, "{there:#}");
    // What the tabs of GraphiQL name.
    assert!(there["explainAvailability"]["available"].as_i64().unwrap() > 2, "{there:#}");
    let levels = nodes("stockLevels");
    let stocked = levels.iter().filter(|level| level["available"].as_i64().unwrap() > 0).count();
    assert!(stocked * 10 >= levels.len() * 7, "{stocked} of {}", levels.len());
    for slug in ["low-stock-today", "orders-to-ship", "sales-by-day"] {
        let query = "query($slug: String!) { savedViewResult(view: { slug: $slug }) { data errors { code message } } }";
        let shown = client.ask(query, json!({ "slug": slug })).await;
        assert!(shown["savedViewResult"]["data"].is_object(), "{slug}: {shown:#}");
    }
    // Workers open alerts a moment after what they are about.
    let mut kinds = BTreeSet::new();
    for _ in 0..400 {
        let told = client.ask("{ alerts(first: 250, filter: { state: [OPEN] }) { nodes { kind } } }", json!({})).await;
        kinds.extend(told["alerts"]["nodes"].as_array().unwrap().iter().map(|alert| alert["kind"].to_string()));
        if kinds.len() >= 4 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("alerts of four kinds were waited for, and there are {kinds:?}");
}
