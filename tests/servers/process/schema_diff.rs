//! `entrepot schema diff`: its output, its exit code 1, and the changelog that is generated from
//! it.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::server::entrepot_in;

const BINARY: &str = env!("CARGO_BIN_EXE_entrepot");

const OLD: &str = "type Query { order: Order } type Order { id: ID! note: String }";
const GROWN: &str = "type Query { order: Order } type Order { id: ID! note: String label: String }";
const SHRUNK: &str = "type Query { order: Order } type Order { id: ID! }";

#[tokio::test]
async fn two_schemas_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("old.graphql", OLD),
        ("grown.graphql", GROWN),
        ("shrunk.graphql", SHRUNK),
        ("broken.graphql", "type Query {"),
        ("listed.txt", "# No client has it.\nFIELD_REMOVED Order.note It was never released."),
        ("other.txt", "FIELD_REMOVED Order.label It was never released."),
        ("unreasoned.txt", "FIELD_REMOVED Order.note"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let diff = async |words: &[&str]| entrepot_in(folder.path(), &[&["schema", "diff"], words].concat()).await;
    let grown = diff(&["old.graphql", "grown.graphql", "--check"]).await;
    assert!(grown.has_succeeded(), "{grown:?}");
    assert_eq!(grown.out, "Additions (1)\n  Order.label: field added: String [FIELD_ADDED]\n");
    // Breaking changes are listed, and make the command fail only if that was requested.
    let output = diff(&["old.graphql", "shrunk.graphql", "--format", "markdown"]).await;
    assert!(output.has_succeeded(), "{output:?}");
    assert_eq!(output.out, "### Breaking\n\n* `Order.note`: field removed.\n");
    let judged = diff(&["old.graphql", "shrunk.graphql", "--format", "json", "--check"]).await;
    assert_eq!(judged.code, Some(1), "{judged:?}");
    judged.assert_failed(&["1 breaking changes are not allowed"]);
    let verdict: Value = serde_json::from_str(&judged.out).unwrap();
    assert_eq!((&verdict["isBreaking"], &verdict["changes"][0]["coordinate"]), (&Value::from(true), &Value::from("Order.note")));
    let listed = diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "listed.txt"]).await;
    assert!(listed.has_succeeded(), "{listed:?}");
    let other = diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "other.txt"]).await;
    assert_eq!(other.code, Some(1), "{other:?}");
    diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "unreasoned.txt"])
        .await
        .assert_failed(&["unreasoned.txt", "Line 1"]);
    diff(&["nowhere.graphql", "old.graphql"]).await.assert_failed(&["nowhere.graphql", "cannot be read"]);
    diff(&["old.graphql", "broken.graphql"]).await.assert_failed(&["New schema"]);
    // Exceptions without a check would have no effect.
    assert_eq!(diff(&["old.graphql", "old.graphql", "--exceptions", "listed.txt"]).await.code, Some(2));
}

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test]
async fn the_changelog_is_written_compared_and_given_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| fs::read_to_string(at(name)).unwrap();
    fs::create_dir_all(at("scripts")).unwrap();
    fs::create_dir_all(at("docs/api")).unwrap();
    for script in ["scripts/lib.sh", "scripts/api-changelog.sh"] {
        fs::copy(Path::new(REPOSITORY).join(script), at(script)).unwrap();
    }
    let empty =
        "# Changes\n\n<!-- unreleased: written by make schema -->\n\nNo changes.\n\n<!-- end of unreleased -->\n\n## 0.1\n";
    fs::write(at("docs/api-changelog.md"), empty).unwrap();
    fs::write(at("docs/api/exceptions.txt"), "# None.\n").unwrap();
    fs::write(at("docs/api/0.1.graphql"), OLD).unwrap();
    fs::write(at("schema.graphql"), GROWN).unwrap();
    let script = |words: &[&str]| {
        let mut command = Command::new("bash");
        command.arg(at("scripts/api-changelog.sh")).args(words).arg(BINARY);
        command.output().unwrap()
    };
    assert!(!script(&["--check"]).status.success(), "nothing was written yet");
    assert!(script(&[]).status.success());
    let written_text = text("docs/api-changelog.md");
    assert!(written_text.contains("-->\n\n### Additions\n\n* `Order.label`: field added: String.\n\n<!-- end"), "{written_text}");
    assert!(script(&["--check"]).status.success() && script(&[]).status.success());
    assert_eq!(text("docs/api-changelog.md"), written_text);
    // Breaking changes are written to the changelog, and refused until they have a reason.
    fs::write(at("schema.graphql"), SHRUNK).unwrap();
    assert!(script(&[]).status.success());
    let refused = script(&["--check"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("1 breaking changes"), "{refused:?}");
    assert!(!script(&["--release", "0.2"]).status.success());
    fs::write(at("docs/api/exceptions.txt"), "# None.\nFIELD_REMOVED Order.note It was never released.\n").unwrap();
    assert!(script(&["--check"]).status.success());
    assert!(!script(&["--release", "next"]).status.success());
    let released = script(&["--release", "0.2"]);
    assert!(released.status.success(), "{released:?}");
    let last = "# Changes\n\n<!-- unreleased: written by make schema -->\n\nNo changes.\n\n<!-- end of unreleased -->\n\n## 0.2\n\n\
        ### Breaking\n\n* `Order.note`: field removed.\n\n## 0.1\n";
    assert_eq!((text("docs/api-changelog.md").as_str(), text("docs/api/exceptions.txt").as_str()), (last, "# None.\n"));
    assert!(text("docs/api/0.2.graphql") == SHRUNK && !at("docs/api/0.1.graphql").exists());
    assert!(script(&["--check"]).status.success(), "nothing has changed since");
}
