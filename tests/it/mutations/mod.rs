//! All mutations of the schema, with calls generated from it: each takes an idempotency key and
//! `validateOnly` or is listed as an exception; a dry run leaves the database and the files
//! unchanged and answers as the call does; a repeated call gets the stored answer. A new mutation
//! needs no line here: `authorization/calls.rs` generates its call, with a line in
//! `authorization/also.rs` for each input that the call needs and that is optional in the schema.

mod dry_runs;
mod exceptions;

use std::{fs, path::Path};

use async_graphql::{
    Positioned,
    parser::types::{FieldDefinition, InputValueDefinition, TypeKind},
};
use entrepot::{graphql::deprecated::KEYLESS_CREATORS, storage::Row};
use serde_json::{Value, json};

use crate::{
    authorization::{
        calls::{Calls, base},
        world::World,
    },
    world::on_both,
};
use exceptions::{Exception, MAKES_WITHOUT_KEY, NO_DRY_RUN, NO_KEY, REMOVES, SHOWS_LESS, is_on};

on_both!(
    a_dry_run_writes_nothing_at_all,
    a_dry_run_answers_as_the_call_and_a_repeated_call_is_answered_again,
    a_secret_is_shown_once
);

/// Place of a mutation's idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyPlace {
    Argument,
    Input,
}

fn has_argument(field: &FieldDefinition, name: &str) -> bool {
    field.arguments.iter().any(|argument| argument.node.name.node == name)
}

/// A mutation's idempotency key, and its place.
fn key_of<'a>(calls: &'a Calls, field: &'a FieldDefinition) -> Option<(KeyPlace, &'a InputValueDefinition)> {
    fn key(among: &[Positioned<InputValueDefinition>]) -> Option<&InputValueDefinition> {
        among.iter().map(|one| &one.node).find(|one| one.name.node == "idempotencyKey")
    }
    if let Some(argument) = key(&field.arguments) {
        return Some((KeyPlace::Argument, argument));
    }
    let input = field.arguments.iter().find(|argument| argument.node.name.node == "input")?;
    let kind = base(&input.node.ty.node);
    let found = calls.types().filter(|one| one.name.node == kind).find_map(|one| match &one.kind {
        TypeKind::InputObject(input) => key(&input.fields),
        _ => None,
    });
    found.map(|found| (KeyPlace::Input, found))
}

fn key_place(calls: &Calls, field: &FieldDefinition) -> Option<KeyPlace> {
    key_of(calls, field).map(|(place, _)| place)
}

fn mutations(calls: &Calls) -> Vec<&FieldDefinition> {
    calls.roots().filter(|(operation, _)| *operation == "mutation").map(|(_, field)| field).collect()
}

#[test]
fn each_mutation_takes_a_key_and_a_dry_run_or_is_on_the_list() {
    let calls = Calls::of_the_schema();
    let all = mutations(&calls);
    let differing = |list: &[Exception], has: &dyn Fn(&FieldDefinition) -> bool| -> Vec<String> {
        all.iter().filter(|field| has(field) == is_on(list, &field.name.node)).map(|field| field.name.to_string()).collect()
    };
    let keys = differing(NO_KEY, &|field| key_place(&calls, field).is_some());
    assert!(keys.is_empty(), "each takes an idempotency key or is on NO_KEY with its reason, and not both: {keys:?}");
    let dry_runs = differing(NO_DRY_RUN, &|field| has_argument(field, "validateOnly"));
    assert!(dry_runs.is_empty(), "each takes validateOnly or is on NO_DRY_RUN with its reason, and not both: {dry_runs:?}");
    for (name, _) in NO_KEY.iter().chain(NO_DRY_RUN).chain(SHOWS_LESS).chain(REMOVES) {
        assert!(all.iter().any(|field| field.name.node == *name), "{name} is no mutation any more");
    }
}

/// Last words of mutations that make something. An upsert is none: the key of its row finds what the first call has made.
const MAKES: [&str; 6] = ["Add", "Create", "Invite", "Issue", "Record", "Roll"];

#[test]
fn what_makes_something_requires_a_key_or_is_on_the_list() {
    let calls = Calls::of_the_schema();
    let makes = |field: &&&FieldDefinition| MAKES.iter().any(|word| field.name.node.ends_with(word));
    let all = mutations(&calls);
    let optional: Vec<&str> = all
        .iter()
        .filter(makes)
        .filter(|field| key_of(&calls, field).is_some_and(|(_, key)| key.ty.node.nullable))
        .map(|field| field.name.node.as_str())
        .collect();
    let unlisted: Vec<&&str> = optional.iter().filter(|name| !is_on(MAKES_WITHOUT_KEY, name)).collect();
    assert!(unlisted.is_empty(), "a retry without a key makes two: require the key of {unlisted:?}");
    let idle: Vec<&Exception> = MAKES_WITHOUT_KEY.iter().filter(|(name, _)| !optional.contains(name)).collect();
    assert!(idle.is_empty(), "these require a key, or make nothing: {idle:?}");
    let counted: Vec<&str> = MAKES_WITHOUT_KEY.iter().map(|(name, _)| *name).collect();
    assert_eq!(counted, KEYLESS_CREATORS, "calls of these without a key are counted as deprecated uses");
    assert!(all.iter().filter(makes).count() > optional.len() + 20, "what requires a key was not found");
}

/// Variables of a valid call, with a key of its own if the mutation takes one.
fn variables(calls: &Calls, world: &World, field: &FieldDefinition) -> Value {
    let mut variables = calls.variables(&world.ours, field, None);
    let key = json!(format!("proof-{}", field.name));
    match key_place(calls, field) {
        Some(KeyPlace::Argument) => variables["idempotencyKey"] = key,
        Some(KeyPlace::Input) => variables["input"]["idempotencyKey"] = key,
        None => {}
    }
    variables
}

/// Payload of the owner's call, with objects one level deep.
async fn called(calls: &Calls, world: &World, field: &FieldDefinition, variables: &Value) -> Value {
    let selection = calls.wide(&base(&field.ty.node), 1);
    let document = calls.document("mutation", field, variables, &selection);
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &document, variables).await;
    assert!(answer["errors"].is_null(), "{} {variables}: {answer:#}", field.name);
    answer["data"][field.name.node.as_str()].clone()
}

fn dry(variables: &Value) -> Value {
    let mut variables = variables.clone();
    variables["validateOnly"] = json!(true);
    variables
}

/// A field of a payload by the name that the schema has for it.
fn field_of<'a>(payload: &'a Value, name: &str) -> &'a Value {
    let members = payload.as_object().unwrap();
    members.iter().find(|(alias, _)| alias.ends_with(&format!("Payload_{name}"))).map_or(&Value::Null, |(_, value)| value)
}

fn is_done(payload: &Value) -> bool {
    field_of(payload, "userErrors") == &json!([])
}

/// All data that a dry run must not change: the tenant's rows, the users, and the files.
async fn everything(world: &World) -> Vec<String> {
    let mut lines = world.dump(world.ours.owner.tenant).await;
    // Read positions of derived books are left out: a query of costs or plans advances them.
    lines.retain(|line| !["cost_book:", "demand_", "stock_span:"].iter().any(|table| line.starts_with(table)));
    let users = world.node.db.global().rows("SELECT count(*) FROM app_user", Vec::new()).await.unwrap();
    let users: i64 = Row::new(&users[0]).take().unwrap();
    lines.push(format!("users: {users}"));
    listed(&world.files, &mut lines);
    lines
}

fn listed(folder: &Path, lines: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            listed(&path, lines);
        } else {
            lines.push(format!("file: {}, {} bytes", path.display(), fs::metadata(&path).unwrap().len()));
        }
    }
}

async fn a_dry_run_writes_nothing_at_all(world: &World) {
    let calls = Calls::of_the_schema();
    let before = everything(world).await;
    let mut done_count = 0;
    for field in mutations(&calls).into_iter().filter(|field| has_argument(field, "validateOnly")) {
        let variables = variables(&calls, world, field);
        let answer = called(&calls, world, field, &dry(&variables)).await;
        assert_eq!(field_of(&answer, "seq"), &Value::Null, "{}: an event has a number: {answer:#}", field.name);
        assert_eq!(field_of(&answer, "secret"), &Value::Null, "{}: a secret was made: {answer:#}", field.name);
        let now = everything(world).await;
        if now != before {
            let changed: Vec<&String> = now.iter().filter(|line| !before.contains(line)).collect();
            panic!("{} wrote in a dry run: {changed:#?}", field.name);
        }
        done_count += usize::from(is_done(&answer));
    }
    assert!(done_count > 40, "only {done_count} mutations would have been done: the others prove little");
}

/// Answers without values that differ between calls: IDs, numbers, times and versions; refusals by
/// code and place.
fn without_the_new(value: &Value) -> Value {
    const NEW: [&str; 12] = [
        "id",
        "seq",
        "version",
        "replayed",
        "secret",
        "secretStatus",
        "number",
        "message",
        "actualVersion",
        "prefix",
        "updatedAt",
        "publicKeys",
    ];
    match value {
        Value::Object(members) => {
            let name = |alias: &str| alias.rsplit_once('_').map_or(alias.to_owned(), |(_, name)| name.to_owned());
            let kept = members.iter().filter(|(alias, _)| !NEW.contains(&name(alias).as_str()));
            Value::Object(kept.map(|(alias, value)| (alias.clone(), without_the_new(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_the_new).collect(),
        // A link to a file is sealed again in each answer.
        Value::String(text) if is_new(text) || text.starts_with("/files/") => Value::Null,
        other => other.clone(),
    }
}

/// An id, or a moment.
fn is_new(text: &str) -> bool {
    let is_id = text.rsplit_once('_').is_some_and(|(prefix, rest)| prefix.len() <= 4 && rest.len() == 26);
    is_id || text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

async fn a_dry_run_answers_as_the_call_and_a_repeated_call_is_answered_again(world: &World) {
    let calls = Calls::of_the_schema();
    let mut all = mutations(&calls);
    // Calls that erase or delete for good come last, because afterwards no call on their objects is
    // valid.
    all.retain(|field| has_argument(field, "validateOnly"));
    all.sort_by_key(|field| field.name.node.ends_with("Erase") || is_on(REMOVES, &field.name.node));
    let mut done_count = 0;
    for field in all {
        let name = field.name.node.as_str();
        let variables = variables(&calls, world, field);
        let tried = called(&calls, world, field, &dry(&variables)).await;
        let real = called(&calls, world, field, &variables).await;
        assert_eq!(field_of(&real, "replayed"), &json!(false), "{name}: the dry run took the key: {real:#}");
        if is_on(SHOWS_LESS, name) {
            let codes = |payload: &Value| without_the_new(field_of(payload, "userErrors"));
            assert_eq!(codes(&tried), codes(&real), "{name}");
        } else {
            assert_eq!(without_the_new(&tried), without_the_new(&real), "{name}: a dry run is answered otherwise");
        }
        // Refusals are not stored, nor are calls that changed nothing.
        if !is_done(&real) || field_of(&real, "seq").is_null() || is_on(NO_KEY, name) {
            continue;
        }
        let again = called(&calls, world, field, &variables).await;
        assert_eq!((field_of(&again, "replayed"), is_done(&again)), (&json!(true), true), "{name}: {again:#}");
        if !is_on(REMOVES, name) {
            assert_eq!(without_the_new(&again), without_the_new(&real), "{name}: the first answer was another");
        }
        done_count += 1;
    }
    assert!(done_count > 40, "only {done_count} mutations were done twice: the others prove little");
}

async fn a_secret_is_shown_once(world: &World) {
    let query = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
        apiKey { id } secret secretStatus replayed seq userErrors { code field message } } }";
    let input = |name: &str| json!({ "input": { "idempotencyKey": "k-1", "integrationId": world.ours.ids["int"], "name": name, "permissions": ["apikey.write"] } });
    let payload = world.must_mutate(&world.ours, query, input("till")).await;
    assert_eq!((&payload["secretStatus"], &payload["replayed"]), (&json!("SHOWN"), &json!(false)));
    assert!(payload["secret"].is_string());
    let before = world.dump(world.ours.owner.tenant).await;
    let again = world.must_mutate(&world.ours, query, input("till")).await;
    assert_eq!(
        (&again["secretStatus"], &again["replayed"], &again["secret"]),
        (&json!("ALREADY_SHOWN"), &json!(true), &Value::Null)
    );
    assert_eq!((&again["apiKey"], &again["seq"]), (&payload["apiKey"], &payload["seq"]), "one key exists");
    let other = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &input("another till")).await;
    assert_eq!(other["data"]["apiKeyCreate"]["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(world.dump(world.ours.owner.tenant).await, before, "neither wrote anything");
    let receipts: Vec<&String> =
        before.iter().filter(|line| line.starts_with("idempotency: ") && line.contains("apiKeyCreate")).collect();
    assert_eq!(receipts.len(), 1);
    assert!(!receipts[0].contains(payload["secret"].as_str().unwrap()), "a receipt holds no secret");
}
