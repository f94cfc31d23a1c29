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
    server::{Ended, Server, command, entrepot, on_both},
};

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

/// Starts a replay and kills it when it says that about so many percent of the documents are done.
async fn break_off(client: &Client, file: &Path, percent: u64) {
    let mut child = command(&words(client, file, None)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let half_way = reached(child.stdout.take().unwrap(), percent).await;
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(half_way && !status.success(), "it ended before it could be broken off: {status}");
}

/// Reads what a replay says until about so many percent of the documents are done, and on in the background; false when it ended before.
pub async fn reached(out: ChildStdout, percent: u64) -> bool {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut tell = Some(tell);
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let Some((done, rest)) = line.split_once('/') else { continue };
            let all = rest.split(' ').next().and_then(|all| all.parse::<u64>().ok());
            if let (Ok(done), Some(all)) = (done.parse::<u64>(), all)
                && done * 100 >= all * percent
                && let Some(tell) = tell.take()
            {
                let _ = tell.send(());
            }
        }
    });
    told.await.is_ok()
}

/// Where the journal stands.
async fn head(client: &Client) -> Value {
    client.ask("{ stockLevels(first: 1) { streamCursor } }", json!({})).await
}

/// The documents that it sent, and those of them that were there already.
pub fn counts(ended: &Ended) -> (u64, u64) {
    let line = ended.out.lines().find(|line| line.contains("documents sent (")).unwrap_or_else(|| panic!("{ended:?}"));
    let (sent, rest) = line.split_once(" documents sent (").unwrap();
    (sent.parse().unwrap(), rest.split(' ').next().unwrap().parse().unwrap())
}

on_both!(the_sample_agrees_to_the_penny, site => {
    let Some(folder) = data() else { return };
    let (file, expect) = (folder.join("online-retail-sample.csv.gz"), folder.join("expected.json"));
    let server = Server::start(site).await;
    let client = server.tenant().await;
    break_off(&client, &file, 40).await;
    let first = replay(&client, &file, Some(&expect)).await;
    assert!(first.well(), "{first:?}");
    let (sent, there) = counts(&first);
    assert!(there > 0 && there < sent, "{there} of {sent} were there from the run that was broken off");
    let before = head(&client).await;
    let second = replay(&client, &file, Some(&expect)).await;
    assert!(second.well(), "{second:?}");
    assert_eq!(counts(&second), (sent, sent), "everything is already there");
    assert_eq!(head(&client).await, before, "a second run writes nothing");
    println!("{}", first.out.lines().chain(second.out.lines()).filter(|l| l.contains("documents sent")).collect::<Vec<_>>().join("\n"));
    drop(server);
    site.verify().await;
});

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const GOOD: &str = "536365,85123A,WHITE MUG,6,2010-12-01 08:26:00,2.55,17850,United Kingdom";

on_both!(a_file_with_something_wrong_sends_nothing, site => {
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let before = head(&client).await;
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
        ended.refused(says);
        println!("{}", ended.err.trim());
    }
    let missing = replay(&client, &site.folder.join("missing.csv"), None).await;
    missing.refused(&["missing.csv"]);
    assert_eq!(head(&client).await, before);
    let products = client.ask("{ products(first: 1) { nodes { id } } }", json!({})).await;
    assert_eq!(products["products"]["nodes"], json!([]));
});

on_both!(a_wrong_expectation_fails_the_run, site => {
    let Some(folder) = data() else { return };
    let server = Server::start(site).await;
    let client = server.tenant().await;
    let file = site.folder.join("small.csv");
    fs::write(&file, format!("{HEADER}\n{GOOD}\n")).unwrap();
    let all: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let wrong = site.folder.join("wrong.json");
    fs::write(&wrong, json!({ "sample": all["sample"] }).to_string()).unwrap();
    let ended = replay(&client, &file, Some(&wrong)).await;
    ended.refused(&["differ"]);
    let nonsense = site.folder.join("nonsense.json");
    fs::write(&nonsense, "{").unwrap();
    replay(&client, &file, Some(&nonsense)).await.refused(&["nonsense.json"]);
    let mut stranger = client.clone();
    "not-a-token".clone_into(&mut stranger.token);
    replay(&stranger, &file, None).await.refused(&["UNAUTHENTICATED"]);
});
