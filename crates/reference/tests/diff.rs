//! The comparison of two schemas: a small pair of schemas for each kind of change, and the ways in which changes are written.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use reference::diff::{ChangeKind, Diff, DiffError, ExceptionError, Exceptions, Impact};

/// Definitions that every schema of these tests has.
const BASE: &str = "scalar Day
    type Query { order(id: ID!): Order! cart: Cart }
    type Cart { id: ID! }
    type Order { id: ID! note: String }";

fn compared(old: &str, new: &str) -> Diff {
    Diff::between(&format!("{BASE} {old}"), &format!("{BASE} {new}")).unwrap()
}

/// The changes as `KIND coordinate: text`.
fn lines(diff: &Diff) -> Vec<String> {
    diff.changes().iter().map(|change| format!("{} {}: {}", change.kind.code(), change.coordinate, change.text)).collect()
}

/// An old part of a schema, a new one, and the line of the change between them.
type Vector = (&'static str, &'static str, &'static str);

fn check_vectors(vectors: &[Vector], impact: Impact) {
    for (old, new, line) in vectors {
        let diff = compared(old, new);
        assert_eq!(lines(&diff), [*line], "{old} → {new}");
        assert!(diff.changes().iter().all(|change| change.kind.impact() == impact), "{line}");
        assert!(lines(&compared(old, old)).is_empty() && lines(&compared(new, new)).is_empty(), "{line}");
    }
}

#[test]
fn what_is_taken_away_breaks_clients() {
    let vectors: &[Vector] = &[
        ("type A { a: Int }", "", "TYPE_REMOVED A: type removed"),
        ("enum A { B }", "scalar A", "TYPE_KIND_CHANGED A: changed from enum to scalar"),
        ("type A { a: Int b: Int }", "type A { a: Int }", "FIELD_REMOVED A.b: field removed"),
        (
            "type A { a: Int b: Int @deprecated(reason: \"use a\") }",
            "type A { a: Int }",
            "FIELD_REMOVED A.b: deprecated field removed: use a",
        ),
        ("type A { a(x: Int): Int }", "type A { a: Int }", "ARGUMENT_REMOVED A.a(x:): argument removed"),
        ("input A { a: Int b: Int }", "input A { a: Int }", "INPUT_FIELD_REMOVED A.b: input field removed"),
        ("enum A { B C }", "enum A { B }", "ENUM_VALUE_REMOVED A.C: enum value removed"),
        (
            "interface N { a: Int } type A implements N { a: Int }",
            "interface N { a: Int } type A { a: Int }",
            "INTERFACE_REMOVED A: N removed",
        ),
        ("union A = Cart | Order", "union A = Cart", "UNION_MEMBER_REMOVED A: Order removed"),
    ];
    check_vectors(vectors, Impact::Breaking);
}

#[test]
fn what_is_asked_for_breaks_clients() {
    let vectors: &[Vector] = &[
        ("type A { a: Int }", "type A { a(x: Int!): Int }", "REQUIRED_INPUT_ADDED A.a(x:): required argument added: Int!"),
        ("input A { a: Int }", "input A { a: Int b: Day! }", "REQUIRED_INPUT_ADDED A.b: required input field added: Day!"),
        ("type A { a(x: Int): Int }", "type A { a(x: Int!): Int }", "INPUT_MADE_REQUIRED A.a(x:): type changed from Int to Int!"),
        ("input A { a: [Int] }", "input A { a: [Int!] }", "INPUT_MADE_REQUIRED A.a: type changed from [Int] to [Int!]"),
        ("input A { a: Int }", "input A { a: String }", "INPUT_TYPE_CHANGED A.a: type changed from Int to String"),
        ("input A { a: [Int] }", "input A { a: Int! }", "INPUT_TYPE_CHANGED A.a: type changed from [Int] to Int!"),
        (
            "type A { a(x: Int = 1): Int }",
            "type A { a(x: Int = 2): Int }",
            "DEFAULT_CHANGED A.a(x:): default changed from 1 to 2",
        ),
        ("input A { a: Int! = 1 }", "input A { a: Int! }", "DEFAULT_CHANGED A.a: default 1 removed"),
        ("input A { a: Int b: Int }", "input A @oneOf { a: Int b: Int }", "ONE_OF_ADDED A: exactly one field must be given"),
    ];
    check_vectors(vectors, Impact::Breaking);
}

#[test]
fn what_is_read_otherwise_breaks_clients() {
    let vectors: &[Vector] = &[
        ("type A { a: Int! }", "type A { a: Int }", "FIELD_MADE_NULLABLE A.a: type changed from Int! to Int"),
        ("type A { a: [Int!]! }", "type A { a: [Int]! }", "FIELD_MADE_NULLABLE A.a: type changed from [Int!]! to [Int]!"),
        // One of two is enough.
        ("type A { a: [Int!] }", "type A { a: [Int]! }", "FIELD_MADE_NULLABLE A.a: type changed from [Int!] to [Int]!"),
        ("type A { a: Int }", "type A { a: Long } scalar Long", "FIELD_TYPE_CHANGED A.a: type changed from Int to Long"),
        ("type A { a: Order }", "type A { a: [Order] }", "FIELD_TYPE_CHANGED A.a: type changed from Order to [Order]"),
    ];
    for (old, new, line) in vectors {
        let found = compared(old, new);
        assert_eq!(found.of(Impact::Breaking).count(), 1, "{line}");
        assert_eq!(lines(&found)[0], *line);
    }
}

#[test]
fn what_clients_may_not_expect_is_dangerous() {
    let vectors: &[Vector] = &[
        ("enum A { B }", "enum A { B C }", "ENUM_VALUE_ADDED A.C: enum value added"),
        ("union A = Cart", "union A = Cart | Order", "UNION_MEMBER_ADDED A: Order added"),
        (
            "interface N { a: Int } type A { a: Int }",
            "interface N { a: Int } type A implements N { a: Int }",
            "INTERFACE_ADDED A: N added",
        ),
        ("type A { a(x: Int): Int }", "type A { a(x: Int = 2): Int }", "DEFAULT_ADDED A.a(x:): default 2 added"),
        (
            "type A { a: Int @public }",
            "type A { a: Int @requires(permission: \"a.read\") }",
            "PERMISSION_CHANGED A.a: callers changed from anyone to those with a.read",
        ),
    ];
    check_vectors(vectors, Impact::Dangerous);
}

#[test]
fn notices_are_told() {
    let vectors: &[Vector] = &[
        ("type A { a: Int }", "type A { a: Int @deprecated(reason: \"x\") }", "DEPRECATED A.a: deprecated: x"),
        (
            "type A { a(x: Int): Int }",
            "type A { a(x: Int @deprecated): Int }",
            "DEPRECATED A.a(x:): deprecated: No longer supported",
        ),
        ("input A { a: Int }", "input A { a: Int @deprecated(reason: \"x\") }", "DEPRECATED A.a: deprecated: x"),
        ("enum A { B }", "enum A { B @deprecated(reason: \"x\") }", "DEPRECATED A.B: deprecated: x"),
        (
            "enum A { B @deprecated(reason: \"x\") }",
            "enum A { B @deprecated(reason: \"y\") }",
            "DEPRECATION_CHANGED A.B: deprecated otherwise: y",
        ),
        ("type A { a: Int @deprecated }", "type A { a: Int }", "DEPRECATION_WITHDRAWN A.a: deprecated no longer"),
    ];
    check_vectors(vectors, Impact::Deprecation);
}

#[test]
fn what_is_added_breaks_nobody() {
    let vectors: &[Vector] = &[
        ("", "type A { a: Int b: Day! }", "TYPE_ADDED A: type added"),
        ("type A { a: Int }", "type A { a: Int b: Day! }", "FIELD_ADDED A.b: field added: Day!"),
        ("type A { a: Int }", "type A { a(x: Int): Int }", "ARGUMENT_ADDED A.a(x:): argument added: Int"),
        ("type A { a: Int }", "type A { a(x: Int! = 1): Int }", "ARGUMENT_ADDED A.a(x:): argument added: Int!"),
        ("input A { a: Int }", "input A { a: Int b: [Day!] }", "INPUT_FIELD_ADDED A.b: input field added: [Day!]"),
        ("type A { a: [Int] }", "type A { a: [Int!]! }", "FIELD_MADE_NON_NULL A.a: type changed from [Int] to [Int!]!"),
        ("input A { a: Int! }", "input A { a: Int }", "INPUT_RELAXED A.a: type changed from Int! to Int"),
        ("input A { a: Int! }", "input A { a: Int! = 1 }", "INPUT_RELAXED A.a: default 1 added"),
        (
            "input A @oneOf { a: Int b: Int }",
            "input A { a: Int b: Int }",
            "INPUT_RELAXED A: more or fewer fields than one may be given",
        ),
    ];
    check_vectors(vectors, Impact::Addition);
}

#[test]
fn order_and_descriptions_are_no_changes() {
    let diff = compared(
        "type A { a: Int \"one\" b(x: Int, y: Int): Int } enum E { B C }",
        "enum E { C B } \"two\" type A { b(y: Int, x: Int): Int a: Int }",
    );
    assert!(diff.changes().is_empty(), "{:?}", lines(&diff));
    assert_eq!((diff.text().as_str(), diff.markdown().as_str()), ("No changes.\n", "No changes.\n"));
}

const OLD: &str = "type A { a: Int! b: Int } enum E { B }";
const NEW: &str = "type A { a: Int c: Int @deprecated(reason: \"Use b.\") } enum E { B C } type Z { z: Int }";

#[test]
fn changes_are_written_for_people_and_programs() {
    let diff = compared(OLD, NEW);
    let text = "Breaking (2)
  A.a: type changed from Int! to Int [FIELD_MADE_NULLABLE]
  A.b: field removed [FIELD_REMOVED]

Dangerous (1)
  E.C: enum value added [ENUM_VALUE_ADDED]

Additions (2)
  A.c: field added: Int [FIELD_ADDED]
  Z: type added [TYPE_ADDED]
";
    assert_eq!(diff.text(), text);
    let markdown = "### Breaking

* `A.a`: type changed from Int! to Int.
* `A.b`: field removed.

### Dangerous

* `E.C`: enum value added.

### Additions

* `A.c`: field added: Int.
* `Z`: type added.
";
    assert_eq!(diff.markdown(), markdown);
    let json: serde_json::Value = serde_json::from_str(&diff.json()).unwrap();
    assert_eq!(json["isBreaking"], true);
    let first = serde_json::json!({
        "impact": "BREAKING", "kind": "FIELD_MADE_NULLABLE", "coordinate": "A.a", "text": "type changed from Int! to Int"
    });
    assert_eq!((&json["changes"][0], json["changes"].as_array().unwrap().len()), (&first, 5));
    let none: serde_json::Value = serde_json::from_str(&compared(OLD, OLD).json()).unwrap();
    assert_eq!(none, serde_json::json!({ "isBreaking": false, "changes": [] }));
}

#[test]
fn a_breaking_change_needs_a_line_with_a_reason() {
    let diff = compared(OLD, NEW);
    let left = |list: &str| -> Vec<ChangeKind> {
        Exceptions::parse(list).unwrap().unlisted_changes(&diff).into_iter().map(|change| change.kind).collect()
    };
    assert_eq!(left("# none\n\n"), [ChangeKind::FieldMadeNullable, ChangeKind::FieldRemoved]);
    assert_eq!(left("FIELD_REMOVED A.b Nobody has it yet."), [ChangeKind::FieldMadeNullable]);
    assert_eq!(left("FIELD_REMOVED A.a Another place.").len(), 2, "kind and place are both compared");
    let list =
        Exceptions::parse("FIELD_REMOVED A.b Gone.\nFIELD_REMOVED A.z Gone.\nENUM_VALUE_ADDED E.C Breaks nobody.").unwrap();
    assert_eq!(list.unused_lines(&diff), ["FIELD_REMOVED A.z", "ENUM_VALUE_ADDED E.C"]);
    for (list, line) in [("FIELD_REMOVED A.b", 1), ("# x\n\nFIELD_REMOVED", 3)] {
        assert_eq!(Exceptions::parse(list), Err(ExceptionError { line }), "{list}");
    }
}

#[test]
fn the_schema_that_cannot_be_read_is_named() {
    let broken = "type Query {";
    assert!(matches!(Diff::between(broken, BASE), Err(DiffError::Old(_))));
    assert!(matches!(Diff::between(BASE, broken), Err(DiffError::New(_))));
}
