//! The examples of docs/webhooks.md, run unchanged.

use std::process::Command;

use entrepot::webhooks::core::{Secret, Signer, signatures};
use serde_json::json;

const PAPER: &str = include_str!("../../../docs/webhooks.md");
const BODY: &str = r#"{"type":"stock.changed","seq":7,"data":{"name":"Tasse à café"}}"#;
const NOW: i64 = 1_790_000_000;

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAPER.split(&fence).skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// Messages that the examples are run with, and whether each is valid: ours, one with another body,
/// one under another secret, one that is too old, one with signatures of two secrets.
fn cases() -> Vec<(serde_json::Value, bool)> {
    let (secret, other) = (Secret::from_bytes(vec![7; 32]), Secret::from_bytes(vec![8; 32]));
    let public_key = Signer::of(secret.clone()).public_key();
    let id = "evt_01h455vb4pex5vsknk084sn02q";
    let case = |signatures: String, timestamp: i64, body: &str| {
        json!({ "secret": secret.text(), "publicKey": public_key, "now": NOW, "body": body,
            "headers": { "webhook-id": id, "webhook-timestamp": timestamp.to_string(), "webhook-signature": signatures } })
    };
    let of = |secret: &Secret, at: i64| signatures(&[Signer::of(secret.clone())], id, at, BODY);
    let (good, old, foreign) = (of(&secret, NOW - 10), of(&secret, NOW - 400), of(&other, NOW - 10));
    vec![
        (case(good.clone(), NOW - 10, BODY), true),
        (case(format!("{foreign} {good}"), NOW - 10, BODY), true),
        (case(good.clone(), NOW - 10, "{}"), false),
        (case(good, NOW - 11, BODY), false),
        (case(foreign, NOW - 10, BODY), false),
        (case(old, NOW - 400, BODY), false),
        (case(String::new(), NOW - 10, BODY), false),
        (case("v1, v1a, v1a v2,AAAA".to_owned(), NOW - 10, BODY), false),
    ]
}

fn run(program: &str, arguments: &[&str]) {
    let input = json!(cases().into_iter().map(|(case, _)| case).collect::<Vec<_>>()).to_string();
    let Ok(output) = Command::new(program).args(arguments).arg(input).output() else {
        eprintln!("SKIPPED: {program} is not there, so its example was not run");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let verdicts: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts, cases().into_iter().map(|(_, expected)| expected).collect::<Vec<_>>());
}

#[test]
fn the_example_in_python_runs() {
    let script = format!(
        "{}\nimport json, sys\nprint(json.dumps([verify(c['secret'], c['headers'], c['body'].encode(), c['now']) for c in json.loads(sys.argv[1])]))",
        blocks("python")[0]
    );
    run("python3", &["-c", &script]);
}

#[test]
fn the_examples_in_node_run() {
    for (block, by) in [(0, "verify(c.secret"), (1, "verifyByKey(c.publicKey")] {
        let script = format!(
            "{}\nconst cases = JSON.parse(process.argv[1])\nconsole.log(JSON.stringify(cases.map((c) => {by}, c.headers, Buffer.from(c.body), c.now))))",
            blocks("js")[block]
        );
        run("node", &["-e", &script]);
    }
}
