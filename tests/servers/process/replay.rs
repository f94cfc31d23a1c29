//! A retailer's file through the public API of a served database, by the binary's own `replay`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Stdio},
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    client::Client,
    server::{Ended, Server, Site, command, entrepot, free_address},
};
use crate::world::on_both;

/// The retailer's files, where they are.
fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let there = folder.join("online-retail-sample.csv.gz").exists();
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has ../shared/data");
        eprintln!("SKIPPED: there is no ../shared/data beside the project");
    }
    there.then_some(folder)
}

pub fn words<'a>(client: &'a Client, file: &'a Path, expect: Option<&'a Path>) -> Vec<&'a str> {
    let mut words = vec!["replay", file.to_str().unwrap(), "--url", &client.url, "--token", &client.token];
    if let Some(path) = expect {
        words.extend(["--expect", path.to_str().unwrap()]);
    }
    words
}

pub async fn replay(client: &Client, file: &Path, expect: Option<&Path>) -> Ended {
    entrepot(&words(client, file, expect)).await
}

/// Starts a replay and kills it when it reports that about this percentage of the documents is
/// done.
async fn break_off(client: &Client, file: &Path, percent: u64) {
    let mut child = command(&words(client, file, None)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let half_way = reached(child.stdout.take().unwrap(), percent).await;
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(half_way && !status.success(), "it ended before it could be broken off: {status}");
}

/// Reads the output of a replay until about this percentage of the documents is done, and on in the
/// background; false if it ended before.
pub async fn reached(out: ChildStdout, percent: u64) -> bool {
    let (tell, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut tell = Some(tell);
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let Some((progress, rest)) = line.split_once('/') else { continue };
            let all = rest.split(' ').next().and_then(|all| all.parse::<u64>().ok());
            if let (Ok(progress), Some(all)) = (progress.parse::<u64>(), all)
                && progress * 100 >= all * percent
                && let Some(tell) = tell.take()
            {
                let _ = tell.send(());
            }
        }
    });
    receiver.await.is_ok()
}

/// Returns the rows that a replay has written. The journal's head would not do: alerts and
/// backorders move it by themselves, a moment later.
async fn written(client: &Client) -> [Value; 3] {
    [
        client.execute("{ stockMovements(first: 250) { nodes { id } } }", json!({})).await,
        client.execute("{ orders(first: 250) { nodes { id version } } }", json!({})).await,
        client.execute("{ products(first: 250) { nodes { id version } } }", json!({})).await,
    ]
}

/// The documents that it sent, and those of them that were there already.
pub fn counts(output: &Ended) -> (u64, u64) {
    let line = output.out.lines().find(|line| line.contains("documents sent (")).unwrap_or_else(|| panic!("{output:?}"));
    let (sent, rest) = line.split_once(" documents sent (").unwrap();
    (sent.parse().unwrap(), rest.split(' ').next().unwrap().parse().unwrap())
}

on_both!(the_sample_agrees_to_the_penny, site: Site => {
    let Some(folder) = data() else { return };
    let (file, expect) = (folder.join("online-retail-sample.csv.gz"), folder.join("expected.json"));
    let server = Server::start(site).await;
    let client = server.tenant().await;
    break_off(&client, &file, 40).await;
    let first = replay(&client, &file, Some(&expect)).await;
    assert!(first.has_succeeded(), "{first:?}");
    let (sent, there) = counts(&first);
    assert!(there > 0 && there < sent, "{there} of {sent} were there from the run that was broken off");
    let before = written(&client).await;
    let second = replay(&client, &file, Some(&expect)).await;
    assert!(second.has_succeeded(), "{second:?}");
    assert_eq!(counts(&second), (sent, sent), "everything is already there");
    assert_eq!(written(&client).await, before, "a second run writes nothing");
    println!("{}", first.out.lines().chain(second.out.lines()).filter(|l| l.contains("documents sent")).collect::<Vec<_>>().join("\n"));
    facts_agree(&client, &serde_json::from_slice::<Value>(&fs::read(&expect).unwrap()).unwrap()["sample"]).await;
    drop(server);
    for words in [&["facts", "rebuild", "--check"][..], &["facts", "rebuild"], &["facts", "rebuild", "--check"]] {
        let output = entrepot(&[words, &["--database-url", &site.url]].concat()).await;
        assert!(output.has_succeeded(), "{output:?}");
        println!("{}", output.out.trim());
    }
    site.verify().await;
});

/// Demand facts against totals that were computed without any product code: of everything, and month by month.
async fn facts_agree(client: &Client, expected: &Value) {
    let query = "query($f: DemandFilter) { demandFacts(filter: $f) { isCurrent totals { soldUnits returnedUnits orderLines returnLines shippedUnits restockedUnits
        adjustedInUnits adjustedOutUnits receivedUnits netUnits grossRevenue { amount } refunds { amount } } } }";
    let pence = |money: &Value| money["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let found = client.execute(query, json!({})).await["demandFacts"].clone();
    assert_eq!(found["isCurrent"], true, "{found}");
    let totals = &found["totals"];
    for (field, name) in [
        ("soldUnits", "units_sold"),
        ("shippedUnits", "units_sold"),
        ("returnedUnits", "units_returned"),
        ("restockedUnits", "units_returned"),
        ("orderLines", "order_lines"),
        ("returnLines", "return_lines"),
        ("adjustedInUnits", "units_adjusted_in"),
        ("adjustedOutUnits", "units_adjusted_out"),
        ("receivedUnits", "opening_units"),
        ("netUnits", "final_on_hand_units"),
    ] {
        assert_eq!(totals[field], expected[name], "{field}: {totals}");
    }
    assert_eq!(json!(pence(&totals["grossRevenue"])), expected["gross_revenue_pence"]);
    assert_eq!(json!(pence(&totals["refunds"])), expected["refunds_pence"]);
    for kind in expected["monthly"].as_array().unwrap() {
        let month = kind["month"].as_str().unwrap();
        let first = entrepot::clock::parse_day(&format!("{month}-01")).unwrap();
        // A day of the next month, and from there the last day of this one.
        let next = entrepot::clock::day_text(first + 31);
        let last = entrepot::clock::day_text(entrepot::clock::parse_day(&format!("{}-01", &next[..7])).unwrap() - 1);
        let filter = json!({ "f": { "from": format!("{month}-01"), "to": last } });
        let totals = client.execute(query, filter).await["demandFacts"]["totals"].clone();
        let figures = json!([totals["soldUnits"], pence(&totals["grossRevenue"]), pence(&totals["refunds"])]);
        assert_eq!(figures, json!([kind["units_sold"], kind["gross_pence"], kind["refunds_pence"]]), "{month}");
    }
}

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const GOOD: &str = "536365,85123A,WHITE MUG,6,2010-12-01 08:26:00,2.55,17850,United Kingdom";

on_both!(a_file_with_something_wrong_sends_nothing, site: Site => {
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let before = written(&client).await;
    let rows = |row: &str| format!("{HEADER}\n{GOOD}\n{row}\n").into_bytes();
    let long = [HEADER, "\n", &[GOOD, "\n"].concat().repeat(5_000)].concat();
    let zst = zstd::encode_all(long.as_bytes(), 1).unwrap();
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        ("column.csv", format!("{}\n{GOOD}\n", HEADER.replace(",UnitPrice", "")).into_bytes(), &["column.csv", "UnitPrice"]),
        ("date.csv", rows(&GOOD.replace("2010-12-01", "2010-13-01")), &["date.csv", "row 2"]),
        ("price.csv", rows(&GOOD.replace("2.55", "-2.55")), &["price.csv", "row 2"]),
        ("quantity.csv", rows(&GOOD.replace(",6,", ",six,")), &["quantity.csv", "row 2"]),
        ("cut.csv.zst", zst[..zst.len() - 20].to_vec(), &["cut.csv.zst", "row"]),
        ("nothing.csv", Vec::new(), &["nothing.csv"]),
    ];
    for (name, bytes, says) in cases {
        let file = site.folder.join(name);
        fs::write(&file, bytes).unwrap();
        let ended = replay(&client, &file, None).await;
        ended.assert_failed(says);
        println!("{}", ended.err.trim());
    }
    let missing = replay(&client, &site.folder.join("missing.csv"), None).await;
    missing.assert_failed(&["missing.csv"]);
    assert_eq!(written(&client).await, before);
    let products = client.execute("{ products(first: 1) { nodes { id } } }", json!({})).await;
    assert_eq!(products["products"]["nodes"], json!([]));
});

on_both!(a_wrong_expectation_fails_the_run, site: Site => {
    let Some(folder) = data() else { return };
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let file = site.folder.join("small.csv");
    fs::write(&file, format!("{HEADER}\n{GOOD}\n")).unwrap();
    let all: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let wrong = site.folder.join("wrong.json");
    fs::write(&wrong, json!({ "sample": all["sample"] }).to_string()).unwrap();
    let ended = replay(&client, &file, Some(&wrong)).await;
    ended.assert_failed(&["differ"]);
    let nonsense = site.folder.join("nonsense.json");
    fs::write(&nonsense, "{").unwrap();
    replay(&client, &file, Some(&nonsense)).await.assert_failed(&["nonsense.json"]);
    let mut stranger = client.clone();
    "not-a-token".clone_into(&mut stranger.token);
    replay(&stranger, &file, None).await.assert_failed(&["UNAUTHENTICATED"]);
});

on_both!(another_credential_finds_what_was_sent_before, site: Site => {
    let server = Server::start(site).await;
    let owner = server.tenant().await;
    let file = site.folder.join("small.csv");
    let rows = ["1,POST,,1,2010-12-01 08:26:00,3.50,17850,UK", "C2,85123A,,-2,2010-12-02 09:00:00,2.55,17850,UK",
        "3,85123A,damaged,-1,2010-12-03 09:00:00,0,,UK"];
    fs::write(&file, format!("{HEADER}\n{}\n{}\n", GOOD.replace("536365", "1"), rows.join("\n"))).unwrap();
    let permissions = ["stock.read", "stock.movement.read", "stock.adjust", "product.read", "product.cost.read", "product.write",
        "store.read", "store.write", "customer.read", "customer.write", "order.read", "order.price", "order.write", "order.fulfil",
        "order.return", "return.approve", "channel.read", "cost.write"];
    let make = "mutation($p: [String!]!) { result: integrationCreate(input: { name: \"Loader\", permissions: $p, scope: { all: true } }) {
        integration { id } userErrors { code message } } }";
    let integration_id = owner.execute(make, json!({ "p": permissions })).await["result"]["integration"]["id"].clone();
    let key = "mutation($i: ID!) { result: apiKeyCreate(input: { integrationId: $i, name: \"one\" }) { secret userErrors { code message } } }";
    let answer = owner.execute(key, json!({ "i": integration_id })).await;
    let mut loader = owner.clone();
    answer["result"]["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut loader.token);
    let first = replay(&loader, &file, None).await;
    assert!(first.has_succeeded(), "{first:?}");
    let (sent, there) = counts(&first);
    assert_eq!(there, 0);
    let before = written(&owner).await;
    let second = replay(&owner, &file, None).await;
    assert!(second.has_succeeded(), "{second:?}");
    assert_eq!(counts(&second), (sent, sent), "everything is already there");
    assert_eq!(written(&owner).await, before, "the second run writes nothing");
    // The same tenant, another file.
    fs::write(&file, format!("{HEADER}\n{}\n", GOOD.replace("MUG,6", "BOWL,7"))).unwrap();
    replay(&owner, &file, None).await.assert_failed(&["the existing opening receipt is not this file's", "loaded from other data"]);
    assert_eq!(written(&owner).await, before);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_said_at_once() {
    let site = Site::empty_sqlite();
    let file = site.folder.join("small.csv");
    fs::write(&file, format!("{HEADER}\n{GOOD}\n")).unwrap();
    let url = format!("http://{}", free_address());
    let words = ["replay", file.to_str().unwrap(), "--url", &url, "--token", "t"];
    let mut child = command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let progress_line = tokio::task::spawn_blocking(move || lines.find(|line| line.contains("does not answer yet")));
    let progress_line = tokio::time::timeout(std::time::Duration::from_secs(10), progress_line).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(progress_line.expect("before it gives up").unwrap().unwrap().contains(&url));
}
