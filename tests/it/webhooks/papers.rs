//! The examples of docs/webhooks.md, run as they stand there.

use std::process::Command;

use entrepot::webhooks::core::{Secret, signature};
use serde_json::json;

const PAPER: &str = include_str!("../../../docs/webhooks.md");
const BODY: &str = r#"{"type":"stock.changed","seq":7,"data":{"name":"Tasse à café"}}"#;
const NOW: i64 = 1_790_000_000;

/// The first block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAPER.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// What the example says of messages: ours, one with another body, one under another secret, one that is too old, one with two signatures.
fn cases() -> Vec<(serde_json::Value, bool)> {
    let (secret, other) = (Secret::from_bytes(vec![7; 32]), Secret::from_bytes(vec![8; 32]));
    let id = "evt_01h455vb4pex5vsknk084sn02q";
    let case = |signatures: String, timestamp: i64, body: &str| {
        json!({ "secret": secret.text(), "now": NOW, "body": body,
            "headers": { "webhook-id": id, "webhook-timestamp": timestamp.to_string(), "webhook-signature": signatures } })
    };
    let (good, old) = (signature(&secret, id, NOW - 10, BODY), signature(&secret, id, NOW - 400, BODY));
    let foreign = signature(&other, id, NOW - 10, BODY);
    vec![
        (case(good.clone(), NOW - 10, BODY), true),
        (case(format!("{foreign} {good}"), NOW - 10, BODY), true),
        (case(good.clone(), NOW - 10, "{}"), false),
        (case(good, NOW - 11, BODY), false),
        (case(foreign, NOW - 10, BODY), false),
        (case(old, NOW - 400, BODY), false),
        (case(String::new(), NOW - 10, BODY), false),
    ]
}

fn run(program: &str, arguments: &[&str]) {
    let given = json!(cases().into_iter().map(|(case, _)| case).collect::<Vec<_>>()).to_string();
    let Ok(output) = Command::new(program).args(arguments).arg(given).output() else {
        eprintln!("SKIPPED: {program} is not there, so its example was not run");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, cases().into_iter().map(|(_, expected)| expected).collect::<Vec<_>>());
}

#[test]
fn the_example_in_python_runs() {
    let script = format!(
        "{}\nimport json, sys\nprint(json.dumps([verify(c['secret'], c['headers'], c['body'].encode(), c['now']) for c in json.loads(sys.argv[1])]))",
        block("python")
    );
    run("python3", &["-c", &script]);
}

#[test]
fn the_example_in_node_runs() {
    let script = format!(
        "{}\nconst cases = JSON.parse(process.argv[1])\nconsole.log(JSON.stringify(cases.map((c) => verify(c.secret, c.headers, Buffer.from(c.body), c.now))))",
        block("js")
    );
    run("node", &["-e", &script]);
}
