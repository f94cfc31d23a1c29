//! The views that `entrepot demo` sets up: each runs, and is read as a table by its address, with a key and by a link.

use std::{collections::BTreeSet, time::Duration};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{client::Client, views};

/// Each view's slug, and the first row of its CSV.
const VIEWS: [(&str, &str); 3] = [
    ("low-stock-today", "product.sku,product.name,store.code,available,reorderPoint,status"),
    ("orders-to-ship", "number,orderNumber,store.code,dueAt,status"),
    ("sales-by-day", "key,orders,unitsSold,netRevenue.amount,netRevenue.currencyCode"),
];
/// The permissions that a reader of all three needs.
const READS: [&str; 6] = ["view.read", "stock.read", "product.read", "store.read", "fulfilment.read", "report.read"];

/// Checks that each view runs within the cost limit of saved views.
async fn run(owner: &Client) -> Vec<Value> {
    let query = "{ savedViews(first: 10) { nodes { id slug cost status } } }";
    let answer = owner.execute(query, json!({})).await;
    let views = answer["savedViews"]["nodes"].as_array().unwrap();
    for view in views {
        let cost = view["cost"].as_i64().unwrap();
        assert!(view["status"] == "READY" && (1..=1_000).contains(&cost), "{view}");
        let query = "query($slug: String!) { savedViewResult(view: { slug: $slug }) { data errors { code message } } }";
        let answer = owner.execute(query, json!({ "slug": view["slug"] })).await;
        let result = &answer["savedViewResult"];
        assert!(result["data"].is_object() && result["errors"] == json!([]), "{view}: {answer:#}");
    }
    let slugs: BTreeSet<&str> = views.iter().map(|view| view["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, VIEWS.iter().map(|(slug, _)| *slug).collect::<BTreeSet<_>>());
    views.clone()
}

/// The bytes of a table. Workers write events beside the reader, and a table that they have interrupted is requested again.
async fn table(url: &str, key: Option<&str>) -> Vec<u8> {
    let http = reqwest::Client::new();
    for _ in 0..40 {
        let request = http.get(url);
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        let answer = request.send().await.unwrap();
        let (status, bytes) = (answer.status(), answer.bytes().await.unwrap());
        if status != StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(status, StatusCode::OK, "{url}: {}", String::from_utf8_lossy(&bytes));
            return bytes.to_vec();
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{url} was interrupted each time");
}

async fn text(url: &str, key: Option<&str>) -> String {
    String::from_utf8(table(url, key).await).unwrap()
}

/// Checks that each view runs, and is a table with rows in every format.
pub async fn are_tables(owner: &Client) {
    let views = run(owner).await;
    let program = views::program(owner, &READS).await;
    let key = Some(program.token.as_str());
    for (slug, header) in VIEWS {
        let url = format!("{}/views/{slug}", owner.url);
        let csv = text(&format!("{url}.csv"), key).await;
        let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
        assert!(rows[0] == header && rows.len() > 1, "{slug}: {csv}");
        let lines = text(&format!("{url}.jsonl"), key).await;
        let objects = lines.lines().filter(|line| serde_json::from_str::<Value>(line).unwrap().is_object());
        assert_eq!(objects.count(), rows.len() - 1, "{slug}: {lines}");
        for (ending, start) in [("xlsx", "PK"), ("pdf", "%PDF"), ("parquet", "PAR1")] {
            assert!(table(&format!("{url}.{ending}"), key).await.starts_with(start.as_bytes()), "{slug}.{ending}");
        }
        let view = views.iter().find(|view| view["slug"] == slug).unwrap();
        let (_, secret) = views::linked(owner, &view["id"], json!({})).await;
        assert_eq!(text(&format!("{}/views/t/{secret}.csv", owner.url), None).await, csv, "{slug} by a link");
        assert_eq!(text(&format!("{}/views/t/{secret}.jsonl", owner.url), None).await, lines, "{slug} by a link");
    }
}
