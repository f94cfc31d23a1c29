//! `entrepot schema diff`: what it prints, and when it ends with 1.

use std::fs;

use serde_json::Value;

use super::server::entrepot_in;

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
    assert!(grown.well(), "{grown:?}");
    assert_eq!(grown.out, "Additions (1)\n  Order.label: field added: String [FIELD_ADDED]\n");
    // It tells of what breaks clients, and judges only if it is asked to.
    let told = diff(&["old.graphql", "shrunk.graphql", "--format", "markdown"]).await;
    assert!(told.well(), "{told:?}");
    assert_eq!(told.out, "### Breaking\n\n* `Order.note`: field removed.\n");
    let judged = diff(&["old.graphql", "shrunk.graphql", "--format", "json", "--check"]).await;
    assert_eq!(judged.code, Some(1), "{judged:?}");
    judged.refused(&["1 breaking changes are not allowed"]);
    let said: Value = serde_json::from_str(&judged.out).unwrap();
    assert_eq!((&said["isBreaking"], &said["changes"][0]["coordinate"]), (&Value::from(true), &Value::from("Order.note")));
    let listed = diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "listed.txt"]).await;
    assert!(listed.well(), "{listed:?}");
    let other = diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "other.txt"]).await;
    assert_eq!(other.code, Some(1), "{other:?}");
    diff(&["old.graphql", "shrunk.graphql", "--check", "--exceptions", "unreasoned.txt"])
        .await
        .refused(&["unreasoned.txt", "Line 1"]);
    diff(&["nowhere.graphql", "old.graphql"]).await.refused(&["nowhere.graphql", "cannot be read"]);
    diff(&["old.graphql", "broken.graphql"]).await.refused(&["New schema"]);
    // Exceptions without a check would say nothing.
    assert_eq!(diff(&["old.graphql", "old.graphql", "--exceptions", "listed.txt"]).await.code, Some(2));
}
