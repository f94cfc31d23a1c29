//! The answers of the reference's examples: each run compares its answers with the recorded ones,
//! which are the same on both databases. A run with ENTREPOT_GOLDEN=write records them, on SQLite
//! only, as there is one file.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use reference::{Example, Operation};
use serde_json::{Map, Value, json};

use super::{
    example_placeholders::{Cut, Placeholders},
    server::Site,
};

/// The examples whose answers differ in each run, one per line: they show results of a job, a clock
/// or a machine. Only the form of these is compared, as of streams, and of examples that may be
/// refused.
const VARYING: &str = include_str!("varying_answers.txt");
/// The examples that may be refused, one per line, followed by the reason: they need a state that
/// the shop cannot be in. Lines with `#` are comments.
const MAY_BE_REFUSED: &str = include_str!("may_be_refused.txt");
/// Limits of the part of an answer that is shown: the second if the first makes it too long.
const CUTS: [Cut; 2] = [Cut { nodes: 2, characters: 160 }, Cut { nodes: 1, characters: 60 }];
const MAX_BYTES: usize = 4_000;

/// An answer as it is recorded.
#[derive(Clone, PartialEq)]
struct Recorded {
    is_refused: bool,
    /// JSON; empty for a stream that has sent nothing.
    text: String,
}

impl Recorded {
    fn value(&self) -> Value {
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// Whether there is more to see than in another.
    fn is_better_than(&self, other: &Self) -> bool {
        (other.is_refused && !self.is_refused) || (other.text.is_empty() && !self.text.is_empty())
    }
}

/// Answers to the examples of a run, by title: `Query.orders`, and for a dry run
/// `Mutation.orderCreate dry`.
#[derive(Default)]
pub struct Answers(BTreeMap<String, Recorded>);

impl Answers {
    pub fn record(&mut self, example: &Example, variables: &Value, answer: &Value) {
        self.0.insert(title(example), recorded(example, variables, answer));
    }

    pub fn record_dry_run(&mut self, example: &Example, variables: &Value, answer: &Value) {
        self.0.insert(format!("{} dry", title(example)), recorded(example, variables, answer));
    }

    /// A stream that has sent nothing.
    pub fn record_silence(&mut self, example: &Example) {
        self.0.insert(title(example), Recorded { is_refused: false, text: String::new() });
    }

    /// Compares the answers with the recorded ones, or records them if the database is SQLite.
    pub fn check(&self, site: &Site) {
        let path = path_of("crates/reference/assets/answers.txt");
        let golden = read(&fs::read_to_string(&path).unwrap_or_default());
        if is_recording() {
            if site.postgres.is_none() {
                fs::write(&path, self.written(&golden)).unwrap();
            }
            return;
        }
        let missing: Vec<_> = self.0.keys().filter(|title| !golden.contains_key(*title)).collect();
        assert!(missing.is_empty(), "{} examples have no recorded answer: {RUN}: {missing:?}", missing.len());
        let deleted_keys: Vec<_> = golden.keys().filter(|title| !self.0.contains_key(*title)).collect();
        assert!(deleted_keys.is_empty(), "{} recorded answers are of no example: {RUN}: {deleted_keys:?}", deleted_keys.len());
        let others = self.0.iter().filter(|(title, found)| !agree(title, &golden[*title], found));
        let others: Vec<(&String, String)> =
            others.map(|(title, found)| (title, difference(&golden[title].value(), &found.value(), title))).collect();
        let names: Vec<&str> = others.iter().map(|(title, _)| field(title)).collect();
        let differences: Vec<&str> = others.iter().map(|(_, difference)| difference.as_str()).collect();
        assert!(
            others.is_empty(),
            "{} answers are others than those recorded: {RUN}, and read the difference. Those that are others in each run belong to \
             varying_answers.txt: {names:?}\n{}",
            others.len(),
            differences.join("\n")
        );
    }

    /// Returns the content of the file: recorded answers stay unchanged if they agree with the new
    /// ones.
    fn written(&self, golden: &BTreeMap<String, Recorded>) -> String {
        let blocks = self.0.iter().map(|(title, found)| {
            let kept = golden.get(title).filter(|kept| agree(title, kept, found) && !found.is_better_than(kept));
            let Recorded { is_refused, text } = kept.unwrap_or(found);
            format!("# {title}{}\n{text}\n", if *is_refused { " refused" } else { "" })
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

const RUN: &str = "run `ENTREPOT_GOLDEN=write cargo nextest run --test servers every_example`";

/// Takes the examples that succeeded off the list of those that may be refused, where a run on SQLite records.
pub fn take_off(site: &Site, succeeded: &[&str]) {
    if is_recording() && site.postgres.is_none() {
        let is_left = |line: &&str| line.split_whitespace().next().is_none_or(|field| !succeeded.contains(&field));
        let left: Vec<&str> = MAY_BE_REFUSED.lines().filter(is_left).collect();
        fs::write(path_of("tests/servers/process/may_be_refused.txt"), format!("{}\n", left.join("\n"))).unwrap();
    }
}

fn is_recording() -> bool {
    env::var("ENTREPOT_GOLDEN").as_deref() == Ok("write")
}

fn path_of(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn title(example: &Example) -> String {
    let root = match example.operation {
        Operation::Query => "Query",
        Operation::Mutation => "Mutation",
        Operation::Subscription => "Subscription",
    };
    format!("{root}.{}", example.field)
}

/// The field of a title.
fn field(title: &str) -> &str {
    title.split(['.', ' ']).nth(1).unwrap()
}

/// Every field that `may_be_refused.txt` lists.
pub fn may_be_refused() -> Vec<&'static str> {
    let lines = MAY_BE_REFUSED.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

/// Every field that `varying_answers.txt` lists.
pub fn varying_fields() -> Vec<&'static str> {
    VARYING.lines().collect()
}

fn recorded(example: &Example, variables: &Value, answer: &Value) -> Recorded {
    let refusals = answer["data"][&example.field]["userErrors"].as_array();
    let is_refused = answer["errors"].is_array() || refusals.is_some_and(|refusals| !refusals.is_empty());
    let shown: Value = serde_json::from_str(&example.variables).unwrap();
    let mut whole = Map::new();
    whole.insert("data".to_owned(), answer["data"].clone());
    if let Some(errors) = answer["errors"].as_array() {
        // The rest of the extensions is the server's: points, times and the ID of the request.
        let errors = errors.iter().map(|error| {
            json!({ "message": error["message"], "path": error["path"], "extensions": { "code": error["extensions"]["code"] } })
        });
        whole.insert("errors".to_owned(), errors.collect());
    }
    let whole = Value::Object(whole);
    let texts = CUTS.map(|cut| Placeholders::new(&example.document, &shown, variables, cut).text_of(&whole));
    let [long, short] = texts;
    Recorded { is_refused, text: if long.len() <= MAX_BYTES { long } else { short } }
}

/// The recorded answers of a file: see `crates/reference/src/example/answers.rs`.
fn read(text: &str) -> BTreeMap<String, Recorded> {
    let text = format!("\n{text}");
    let blocks = text.split("\n# ").skip(1).filter_map(|block| block.split_once('\n'));
    blocks
        .map(|(head, text)| {
            let (title, is_refused) = head.strip_suffix(" refused").map_or((head, false), |title| (title, true));
            (title.to_owned(), Recorded { is_refused, text: text.trim().to_owned() })
        })
        .collect()
}

fn varies(title: &str) -> bool {
    let field = field(title);
    title.starts_with("Subscription.") || varying_fields().contains(&field) || may_be_refused().contains(&field)
}

fn agree(title: &str, kept: &Recorded, found: &Recorded) -> bool {
    if varies(title) {
        return kept.is_refused != found.is_refused || has_form_of(&kept.value(), &found.value());
    }
    kept.is_refused == found.is_refused && unlike(&kept.value(), &found.value(), title).is_none()
}

/// Whether two answers have the same members with values of the same kinds, as far as both have any.
fn has_form_of(kept: &Value, found: &Value) -> bool {
    match (kept, found) {
        (Value::Null, _) | (_, Value::Null) => true,
        // Another member of a union has other fields.
        (Value::Object(one), Value::Object(other)) if one.get("__typename") != other.get("__typename") => true,
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| has_form_of(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => one.iter().zip(other).all(|(one, other)| has_form_of(one, other)),
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Returns the first place at which two answers differ, with both values.
fn difference(kept: &Value, found: &Value, place: &str) -> String {
    unlike(kept, found, place).unwrap_or_else(|| both(kept, found, place))
}

/// Like `difference`, but `None` if they differ only in times that one of them lacks: a job records
/// when a member was last seen.
fn unlike(kept: &Value, found: &Value, place: &str) -> Option<String> {
    match (kept, found) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => one.iter().find_map(|(name, value)| {
            let other = &other[name];
            let may_come = name.ends_with("At") && (value.is_null() || other.is_null());
            if may_come { None } else { unlike(value, other, &format!("{place} {name}")) }
        }),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(index, (one, other))| unlike(one, other, &format!("{place} {index}")))
        }
        _ => (kept != found).then(|| both(kept, found, place)),
    }
}

fn both(kept: &Value, found: &Value, place: &str) -> String {
    format!("{place}: {kept} is recorded, {found} was answered")
}

#[test]
fn a_file_of_answers_is_read_as_it_is_written() {
    let one = |is_refused, text: &str| Recorded { is_refused, text: text.to_owned() };
    let answers = Answers(BTreeMap::from([
        ("Mutation.a dry".to_owned(), one(true, "{\n  \"data\": null\n}")),
        ("Query.b".to_owned(), one(false, "{ \"data\": 1 }")),
        ("Subscription.c".to_owned(), one(false, "")),
    ]));
    assert!(read(&answers.written(&BTreeMap::new())) == answers.0);
    assert!(read("").is_empty());
}

#[test]
fn values_are_compared_but_of_what_varies_only_the_form() {
    let one = |text: &str| Recorded { is_refused: false, text: text.to_owned() };
    let (kept, found) = (one("{ \"data\": { \"n\": 1, \"of\": [] } }"), one("{ \"data\": { \"n\": 2, \"of\": [1] } }"));
    assert!(!agree("Query.orders", &kept, &found) && agree("Query.orders", &kept, &kept));
    assert!(agree("Subscription.orderChanged", &kept, &found) && agree("Query.jobs", &kept, &found));
    assert!(!agree("Query.jobs", &kept, &one("{ \"data\": { \"n\": \"2\", \"of\": [] } }")));
    assert_eq!(difference(&kept.value(), &found.value(), "Query.orders"), "Query.orders data n: 1 is recorded, 2 was answered");
    let (unseen, seen) = (one("{ \"seenAt\": null, \"z\": 1 }"), one("{ \"seenAt\": \"now\", \"z\": 1 }"));
    assert!(agree("Query.orders", &unseen, &seen), "a moment may come");
    let other = one("{ \"seenAt\": \"now\", \"z\": 2 }").value();
    assert_eq!(difference(&unseen.value(), &other, "Query.orders"), "Query.orders z: 1 is recorded, 2 was answered");
    let answers = Answers(BTreeMap::from([("Query.jobs".to_owned(), found.clone())]));
    let golden = |kept: &Recorded| BTreeMap::from([("Query.jobs".to_owned(), kept.clone())]);
    assert!(answers.written(&golden(&kept)).contains("\"n\": 1"), "what agrees is left as it is");
    assert!(answers.written(&golden(&Recorded { is_refused: true, ..kept })).contains("\"n\": 2"), "a refusal gives way");
}
