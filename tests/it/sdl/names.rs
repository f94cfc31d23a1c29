//! Names reveal the kind of a value, by the rules of
//! `docs/decisions/0333-names-that-follow-the-rules.md`. Names of the core stay, and deprecated
//! parts are not checked.

use async_graphql::{
    Positioned,
    parser::types::{ConstDirective, FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
};

use super::{parsed, served};
use crate::authorization::calls::base;

/// `core.graphql` has the name, and clients rely on it.
const CORE: &str = "a name of the core";
/// An instruction for the call, as `receive` of the core is; it is not stored.
const ORDER: &str = "says what the call does, and is a verb";

/// Names, everywhere or in one place, that deviate from the rules.
const OTHERS: [(&str, &str); 25] = [
    ("AuditEntry.actor", CORE),
    ("AuditVerification.ok", CORE),
    ("Dashboard.asOf", "the moment that a report is of, as books say it"),
    ("OrderHold.actor", CORE),
    ("OrderStep.actor", "a line of a log, as AuditEntry.actor"),
    ("StockAnomaly.person", "whose movements are unusual, who made no anomaly"),
    ("StockLevel.onHandAt", CORE),
    ("StockLevel.onHandAt(time:)", CORE),
    ("StockMovement.actor", CORE),
    ("Viewer.actor", CORE),
    ("all", CORE),
    ("assignee", "somebody who has yet to act"),
    ("close", ORDER),
    ("everyone", "one way of a choice, as `all` of the core"),
    ("gte", "an operator"),
    ("inFilter", CORE),
    ("lt", "an operator"),
    ("notify", ORDER),
    ("owner", "whose rights count, who need not have made it"),
    ("receive", CORE),
    ("replayed", CORE),
    ("requestedFor", "the moment that was asked for, beside that of the asking"),
    ("retryable", CORE),
    ("start", ORDER),
    ("unconditional", CORE),
];

/// Options of calls that are verbs, too, in the words of all APIs.
const OPTIONS: [&str; 2] = ["validateOnly", "withDescendants"];

/// Last words of a bound, which may be one of days or of moments.
const BOUNDS: [&str; 7] = ["after", "before", "from", "since", "through", "to", "until"];

/// A field, an argument or a field of an input.
struct Part {
    at: String,
    name: String,
    /// The type without lists and marks.
    kind: String,
}

/// Whether a part keeps a rule.
type Rule = fn(&Part) -> bool;

const RULES: [(&str, Rule); 8] = [
    ("a Boolean begins with is or has", is_clear_boolean),
    ("a moment ends with At, or is a bound", is_clear_moment),
    ("a day ends with On, or is a bound, a date, a day or a week", is_clear_day),
    ("…At is a moment and …On a day", ends_as_its_type),
    ("a status is called so, and not state", is_clear_status),
    ("a ReasonCode is a reasonCode", is_clear_code),
    ("a number of things is …Count with one thing: documentCount", is_clear_count),
    ("who did it is createdBy, or …By", is_clear_actor),
];

/// The first word of a name: `is` of `isCurrent`.
fn first_word(name: &str) -> &str {
    name.find(char::is_uppercase).map_or(name, |end| &name[..end])
}

/// The last word of a name: `at` of `createdAt`.
fn last_word(name: &str) -> String {
    name.rfind(char::is_uppercase).map_or(name, |start| &name[start..]).to_lowercase()
}

fn is_clear_boolean(part: &Part) -> bool {
    let first = first_word(&part.name);
    part.kind != "Boolean" || (["is", "has"].contains(&first) && first != part.name)
}

fn is_of_moments(kind: &str) -> bool {
    ["DateTime", "DateTimeFilter"].contains(&kind)
}

fn is_of_days(kind: &str) -> bool {
    ["Date", "DateFilter"].contains(&kind)
}

fn is_clear_moment(part: &Part) -> bool {
    let last = last_word(&part.name);
    !is_of_moments(&part.kind) || last == "at" || BOUNDS.contains(&last.as_str())
}

fn is_clear_day(part: &Part) -> bool {
    let last = last_word(&part.name);
    !is_of_days(&part.kind) || ["on", "date", "day", "week"].contains(&last.as_str()) || BOUNDS.contains(&last.as_str())
}

fn ends_as_its_type(part: &Part) -> bool {
    let is_moment = part.name.ends_with("At") && !is_of_moments(&part.kind);
    let is_day = part.name.ends_with("On") && !is_of_days(&part.kind) && part.kind != "Boolean";
    !is_moment && !is_day
}

fn is_clear_status(part: &Part) -> bool {
    let last = last_word(&part.name);
    let is_status = ["status", "statuses"].contains(&last.as_str());
    (is_status || !part.kind.ends_with("Status")) && !["state", "states"].contains(&last.as_str())
}

fn is_clear_code(part: &Part) -> bool {
    part.kind != "ReasonCode" || part.name.ends_with("easonCode")
}

fn is_clear_count(part: &Part) -> bool {
    !["Int", "Long"].contains(&part.kind.as_str()) || !part.name.ends_with("sCount")
}

fn is_clear_actor(part: &Part) -> bool {
    part.kind != "Actor" || last_word(&part.name) == "by"
}

fn is_deprecated(directives: &[Positioned<ConstDirective>]) -> bool {
    directives.iter().any(|directive| directive.node.name.node == "deprecated")
}

fn note_inputs(inputs: &[Positioned<InputValueDefinition>], place: impl Fn(&str) -> String, parts: &mut Vec<Part>) {
    for input in inputs.iter().map(|input| &input.node).filter(|input| !is_deprecated(&input.directives)) {
        let name = input.name.to_string();
        parts.push(Part { at: place(&name), name, kind: base(&input.ty.node) });
    }
}

fn note_fields(owner: &str, fields: &[Positioned<FieldDefinition>], parts: &mut Vec<Part>) {
    for field in fields.iter().map(|field| &field.node).filter(|field| !is_deprecated(&field.directives)) {
        let name = field.name.to_string();
        let at = format!("{owner}.{name}");
        note_inputs(&field.arguments, |argument| format!("{at}({argument}:)"), parts);
        parts.push(Part { at, name, kind: base(&field.ty.node) });
    }
}

/// All parts of a schema that are not deprecated.
fn parts(sdl: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let owner = kind.node.name.to_string();
        match &kind.node.kind {
            TypeKind::Object(object) => note_fields(&owner, &object.fields, &mut parts),
            TypeKind::Interface(interface) => note_fields(&owner, &interface.fields, &mut parts),
            TypeKind::InputObject(input) => note_inputs(&input.fields, |field| format!("{owner}.{field}"), &mut parts),
            TypeKind::Enum(_) | TypeKind::Union(_) | TypeKind::Scalar => {}
        }
    }
    parts
}

/// The parts that break a rule, each with the rule.
fn faults(parts: &[Part]) -> Vec<(&Part, &'static str)> {
    let mut found = Vec::new();
    for part in parts {
        let broken = RULES.iter().filter(|(_, is_kept)| !is_kept(part));
        found.extend(broken.map(|(rule, _)| (part, *rule)));
    }
    found
}

fn is_of(part: &Part, name: &str) -> bool {
    part.at == name || part.name == name
}

#[test]
fn names_say_of_which_kind_a_value_is() {
    let parts = parts(&served());
    assert!(parts.len() > 5_000, "{} parts are too few to be the schema", parts.len());
    let found = faults(&parts);
    let is_listed =
        |part: &Part| OTHERS.iter().any(|(name, _)| is_of(part, name)) || OPTIONS.iter().any(|name| is_of(part, name));
    let wrong: Vec<String> = found
        .iter()
        .filter(|(part, _)| !is_listed(part))
        .map(|(part, rule)| format!("{}: {}: {rule}", part.at, part.kind))
        .collect();
    assert!(wrong.is_empty(), "{} names are not by the rules: rename them, or write down why they stay: {wrong:#?}", wrong.len());
    let idle: Vec<&str> =
        OTHERS.iter().map(|(name, _)| *name).filter(|name| !found.iter().any(|(part, _)| is_of(part, name))).collect();
    assert!(idle.is_empty(), "these are by the rules, or are gone: {idle:?}");
}

#[test]
fn an_enum_of_a_life_cycle_is_called_status() {
    let document = parsed(&served());
    let of_states: Vec<String> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) if matches!(kind.node.kind, TypeKind::Enum(_)) => Some(kind.node.name.to_string()),
            _ => None,
        })
        .filter(|name| name.ends_with("State"))
        .collect();
    assert!(of_states.is_empty(), "name them …Status, as all others: {of_states:?}");
}

#[test]
fn a_name_against_a_rule_is_found() {
    let old = "old: Boolean @deprecated(reason: \"x\")";
    let object = format!(
        "type A {{ isOpen: Boolean! open: Boolean is: Boolean {old} createdAt: DateTime! created: DateTime dueBefore: DateTime }}"
    );
    let days =
        "type B { madeOn: Date! made: Date week: Date firstWeek: Date from: Date trainedOn: Int! isOn: Boolean onHandAt: Int! }";
    let states =
        "type C { state: String refundStatus: CStatus result: CStatus! f(states: [CStatus!], statuses: [CStatus!]): Int }";
    let codes = "input D { reasonCode: ReasonCode lossReason: ReasonCode documentsCount: Int documentCount: Int actor: Actor doneBy: Actor }";
    let parts = parts(&format!("{object} {days} {states} {codes}"));
    let found: Vec<&str> = faults(&parts).into_iter().map(|(part, _)| part.at.as_str()).collect();
    let expected = ["A.open", "A.is", "A.created", "B.made", "B.trainedOn", "B.onHandAt", "C.state", "C.result", "C.f(states:)"];
    assert_eq!(found[..expected.len()], expected);
    assert_eq!(found[expected.len()..], ["D.lossReason", "D.documentsCount", "D.actor"]);
}
