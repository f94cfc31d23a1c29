//! Data that `entrepot demo` creates beside the data that it replays, counted through the API.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{
    client::Client,
    demo_forecasts, demo_tabs, demo_views,
    server::{Server, Site, entrepot_in},
};

const SHOP: &str = "{ stores(first: 50) { nodes { code } } suppliers(first: 50) { nodes { code } } productFamilies(first: 50) { nodes { name } }
    categories(first: 50) { nodes { slug } } purchaseOrders(first: 50) { nodes { status } } transfers(first: 50) { nodes { status } }
    stocktakes(first: 50) { nodes { status } } savedViews(first: 50) { nodes { slug } } fulfilmentWorks(first: 100) { nodes { status } } }";
const STOCK: &str = "{ lots(first: 100) { nodes { code } } returns(first: 50) { nodes { status } } webhookEndpoints { isEnabled }
    kit: product(by: { sku: \"DS-KIT-TABLE\" }) { components { quantity } }
    availabilityExplanation(product: { sku: \"DS-MUGS-4\" }, store: { code: \"LDN\" }) { available } }";

/// The demo's owner, at a server on its database.
async fn owner(server: &Server) -> Client {
    let mut client = Client::register(&server.url(), "visitor").await;
    let login = "mutation { login(email: \"owner@demo.example\", password: \"a warehouse full of mugs\", tenant: \"demo\") {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";
    let answer = client.execute(login, json!({})).await;
    answer["login"]["result"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut client.token);
    client
}

/// E-mail address and password of those who work there, the store whose stock they see, if it is one alone, and what none of their rights shows.
const STAFF: [(&str, &str, Option<&str>, &str); 4] = [
    ("depot@demo.example", "three pallets by the gate", Some("DEPOT"), "{ savedViews(first: 1) { nodes { slug } } }"),
    ("shop@demo.example", "seven tumblers in a row", Some("LDN"), "{ purchaseOrders(first: 1) { nodes { id } } }"),
    ("buyer@demo.example", "forty crates of green tea", None, "{ orders(first: 1) { nodes { id } } }"),
    ("accounts@demo.example", "each penny has a column", None, "{ replenishmentPolicies(first: 1) { nodes { id } } }"),
];

/// Checks that each member can log in with the printed password, and has only the permissions of
/// the role.
async fn staff_come_in(owner: &Client) {
    let login = "mutation($e: String!, $p: String!) { login(email: $e, password: $p, tenant: \"demo\") {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";
    for (email, password, store, unseen) in STAFF {
        let answer = owner.execute(login, json!({ "e": email, "p": password })).await;
        let mut client = owner.clone();
        answer["login"]["result"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut client.token);
        let seen_answer = client.execute("{ stockLevels(first: 250) { nodes { store { code } } } }", json!({})).await;
        let levels = seen_answer["stockLevels"]["nodes"].as_array().unwrap();
        let stores: BTreeSet<&str> = levels.iter().map(|level| level["store"]["code"].as_str().unwrap()).collect();
        match store {
            Some(store) => assert_eq!(stores, BTreeSet::from([store]), "{email}"),
            None => assert!(stores.len() >= 3, "{email}: {stores:?}"),
        }
        let shown_answer =
            client.execute("{ products(first: 1) { nodes { sku } } stores(first: 5) { nodes { code } } }", json!({})).await;
        assert_eq!(shown_answer["stores"]["nodes"].as_array().unwrap().len(), 5, "{email}: {shown_answer}");
        assert!(shown_answer["products"]["nodes"][0]["sku"].is_string(), "{email}: {shown_answer}");
        let refused = client.send(unseen, &json!({})).await.unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{email}: {refused:#}");
    }
}

/// Invoices, suggestions and plans.
async fn the_office_has_its_papers(owner: &Client) {
    let query = "{ legalEntities { code invoiceCount creditNoteCount } reorderSuggestions(first: 100) { quantity }
        replenishmentPlans(first: 5) { nodes { state lineCount } } replenishmentPolicies(first: 5) { nodes { kind } }
        liquidationPlans(first: 5) { nodes { state lineCount } } deadStock(first: 10) { nodes { quantity } } }";
    let there = owner.execute(query, json!({})).await;
    assert_eq!(there["legalEntities"], json!([{ "code": "demo-retail", "invoiceCount": 6, "creditNoteCount": 1 }]));
    let counted = |of: &str| there[of]["nodes"].as_array().unwrap().len();
    assert_eq!((counted("replenishmentPolicies"), counted("liquidationPlans")), (2, 1));
    let suggestions = there["reorderSuggestions"].as_array().unwrap();
    assert!(suggestions.len() >= 20, "{} suggestions", suggestions.len());
    assert!(suggestions.iter().all(|suggested| suggested["quantity"].as_i64().unwrap() > 0), "{suggestions:?}");
    for (of, least) in [("replenishmentPlans", 15), ("liquidationPlans", 4)] {
        // After two o'clock the night's plan may be there, too.
        let plans = there[of]["nodes"].as_array().unwrap();
        let is_of_use = |plan: &serde_json::Value| plan["state"] == "DRAFT" && plan["lineCount"].as_i64().unwrap() >= least;
        assert!(plans.len() <= 2 && plans.iter().any(is_of_use), "{of}: {plans:#?}");
    }
    assert!(counted("deadStock") >= 4, "{there:#}");
}

/// Four products of each range have a picture that can be fetched.
async fn products_have_pictures(owner: &Client) {
    let mut pictures = 0;
    for range in ["MUGS", "GLASSES", "PLATES", "BOWLS", "TEXTILES", "LIGHTS", "TOOLS"] {
        let one = |number: u8| {
            format!("p{number}: product(by: {{ sku: \"DS-{range}-{number}\" }}) {{ images {{ mediaType width height url }} }}")
        };
        let query = format!("{{ {} }}", (1..=4).map(one).collect::<Vec<_>>().join(" "));
        let answer = owner.execute(&query, json!({})).await;
        for product in answer.as_object().unwrap().values() {
            let image = &product["images"][0];
            assert_eq!((&image["mediaType"], &image["width"], &image["height"]), (&json!("image/png"), &json!(320), &json!(320)));
            assert!(image["url"].as_str().unwrap().starts_with('/'), "{image}");
            pictures += 1;
        }
    }
    assert_eq!(pictures, 28);
}

/// Seven in ten levels of each store have stock, those of the replayed retailer's as well; about one in eight is low, and some are too many.
async fn stores_have_stock(owner: &Client) {
    let query = "{ stores(first: 10) { nodes { code stockLevels(first: 250) { nodes { available status } } } } }";
    let answer = owner.execute(query, json!({})).await;
    let (mut all, mut low, mut too_many) = (0, 0, 0);
    for store in answer["stores"]["nodes"].as_array().unwrap() {
        let levels = store["stockLevels"]["nodes"].as_array().unwrap();
        let stocked = levels.iter().filter(|level| level["available"].as_i64().unwrap() > 0).count();
        assert!(!levels.is_empty() && stocked * 10 >= levels.len() * 7, "{}: {stocked} of {}", store["code"], levels.len());
        let having = |status: &str| levels.iter().filter(|level| level["status"] == status).count();
        all += levels.len();
        low += having("LOW");
        too_many += having("OVERSTOCK");
    }
    assert!((5..=20).contains(&(low * 100 / all)), "{low} of {all} are low");
    assert!((1..=10).contains(&(too_many * 100 / all)), "{too_many} of {all} are overstocked");
}

/// Checks that the best seller is still being sold: its forecast uses the weeks before today.
async fn best_sellers_have_forecasts(owner: &Client) {
    let best = "{ abcXyz(first: 1, filter: { period: LAST_365_DAYS }) { nodes { product { sku } } } }";
    let best = owner.execute(best, json!({})).await["abcXyz"]["nodes"][0]["product"]["sku"].clone();
    let query = "query($sku: String!) { forecast(product: { sku: $sku }) { status weeks { mean } } }";
    let forecast = owner.execute(query, json!({ "sku": best })).await["forecast"].clone();
    let status = forecast["status"].as_str().unwrap_or_else(|| panic!("{best}: {forecast}"));
    assert!(!["ENDED", "DORMANT"].contains(&status), "{best}: {forecast:#}");
    assert!(forecast["weeks"][0]["mean"].as_f64().unwrap() > 0.0, "{best}: {forecast:#}");
}

/// Packing slips of four works, and invoices of two of the orders that have left.
async fn what_was_sent_has_papers(owner: &Client) {
    let query = "{ fulfilmentWorks(first: 100, filter: { status: [SHIPPED, PACKED] }) { nodes { id } }
        invoices(first: 10, filter: { kind: [INVOICE] }) { nodes { total { amount } paper { kind } order { status fulfilments { id } } } } }";
    let there = owner.execute(query, json!({})).await;
    for work in there["fulfilmentWorks"]["nodes"].as_array().unwrap() {
        let papers = "query($id: ID!) { papers(documentId: $id) { nodes { kind html } } }";
        let papers = owner.execute(papers, json!({ "id": work["id"] })).await["papers"]["nodes"].clone();
        assert_eq!((papers.as_array().unwrap().len(), &papers[0]["kind"]), (1, &json!("PACKING_SLIP")), "{papers}");
        assert!(papers[0]["html"].as_str().unwrap().starts_with('/'), "{papers}");
    }
    let invoices = there["invoices"]["nodes"].as_array().unwrap();
    let sent = |invoice: &&serde_json::Value| invoice["paper"]["kind"] == "INVOICE" && invoice["order"]["status"] == "FULFILLED";
    assert_eq!((invoices.len(), invoices.iter().filter(sent).count()), (6, 2), "{invoices:#?}");
}

/// Checks the data that the demo creates beside the replayed data.
pub async fn is_there(server: &Server) {
    let client = owner(server).await;
    staff_come_in(&client).await;
    stores_have_stock(&client).await;
    the_office_has_its_papers(&client).await;
    products_have_pictures(&client).await;
    best_sellers_have_forecasts(&client).await;
    demo_forecasts::are_there(&client).await;
    demo_views::are_tables(&client).await;
    what_was_sent_has_papers(&client).await;
    let mut there = client.execute(SHOP, json!({})).await;
    there.as_object_mut().unwrap().append(client.execute(STOCK, json!({})).await.as_object_mut().unwrap());
    let nodes = |of: &str| there[of]["nodes"].as_array().unwrap().clone();
    let having = |of: &str, field: &str, is: &str| nodes(of).iter().filter(|node| node[field] == is).count();
    let counts =
        ["stores", "suppliers", "productFamilies", "categories", "purchaseOrders", "transfers", "stocktakes", "savedViews"];
    assert_eq!(counts.map(|of| nodes(of).len()), [5, 8, 4, 4, 9, 4, 2, 3], "{there:#}");
    assert_eq!(having("purchaseOrders", "status", "PENDING_APPROVAL"), 1);
    assert_eq!(having("purchaseOrders", "status", "ORDERED"), 5);
    assert_eq!(having("transfers", "status", "IN_TRANSIT"), 1);
    assert_eq!(["SHIPPED", "PACKED"].map(|status| having("fulfilmentWorks", "status", status)), [3, 1]);
    assert!(having("fulfilmentWorks", "status", "OPEN") >= 12 && nodes("lots").len() >= 16 && nodes("returns").len() >= 6);
    assert_eq!(there["webhookEndpoints"], json!([{ "isEnabled": false }]));
    assert_eq!(there["kit"]["components"].as_array().unwrap().len(), 2, "{there:#}");
    // The tabs of GraphiQL name these objects.
    assert!(there["availabilityExplanation"]["available"].as_i64().unwrap() > 2, "{there:#}");
    demo_tabs::guide_runs(&client).await;
    demo_tabs::run(&client).await;
    // Workers open alerts a moment after their cause.
    let mut kinds = BTreeSet::new();
    for _ in 0..400 {
        let answer = client.execute("{ alerts(first: 250, filter: { state: [OPEN] }) { nodes { kind } } }", json!({})).await;
        kinds.extend(answer["alerts"]["nodes"].as_array().unwrap().iter().map(|alert| alert["kind"].to_string()));
        if kinds.len() >= 4 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("alerts of four kinds were waited for, and there are {kinds:?}");
}

/// The week of `commands`, in a database of Postgres.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_is_lived_on_postgres() {
    let Some(site) = Site::empty_postgres().await else { return };
    let words = ["demo", "--exit", "--plain", "--rows", "50", "--listen", "127.0.0.1:0", "--database-url", &site.url];
    let week = entrepot_in(&site.folder, &[&words[..], &["--week"]].concat()).await;
    assert!(week.has_succeeded() && week.out.contains(" (new)") && week.out.contains("invariants hold"), "{week:?}");
    assert_eq!(week.out.matches("\n  refuses ").count(), 8, "{week:?}");
    let again = entrepot_in(&site.folder, &words).await;
    assert!(again.has_succeeded() && again.out.contains("by an earlier start"), "{again:?}");
    // A record of another database does not open this one.
    let record = |demo: &str| site.folder.join(format!("{demo}.postgres.filled.json"));
    std::fs::copy(record(".entrepot/demo"), record("elsewhere")).unwrap();
    let elsewhere = entrepot_in(&site.folder, &[&words[..], &["--file", "elsewhere.sqlite"]].concat()).await;
    elsewhere.assert_failed(&["--database-url", "not empty"]);
    entrepot_in(&site.folder, &["demo", "--database-url", "sqlite://demo.sqlite"])
        .await
        .assert_failed(&["postgres://", "--file"]);
}
