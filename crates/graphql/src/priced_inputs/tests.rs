//! Prices of filters, written in each way.

use async_graphql::parser::parse_schema;
use serde_json::{Value as Json, json};

use super::*;

const SDL: &str = "input ThingFilter {
        and: [ThingFilter!], or: [ThingFilter!], not: ThingFilter, id: IdFilter, name: TextFilter
        tag: TextFilter @cost(weight: \"5\"), status: [Status!] @cost(weight: \"3\"), search: String @cost(weight: \"7\") }
    input TextFilter { eq: String, contains: String @cost(weight: \"2\") }
    input IdFilter { eq: ID, in: [ID!] @cost(weight: \"0.01\") }
    input PlainFilter { eq: ID }
    input ThingSort { field: ThingSortField!, direction: Direction = ASC }
    enum ThingSortField { NAME WEIGHT @cost(weight: \"4\") }
    enum Direction { ASC DESC }
    enum Status { OPEN DONE }";

fn argument(of: &str, value: &InputValue, default: Option<&Value>) -> Option<PricedArgument> {
    let index = Arc::new(PricedInputs::of(&parse_schema(SDL).ok()?));
    PricedArgument::of(&index, &Name::new(of), value, &|_| default)
}

/// The price of a filter that is sent as a whole, and of the same one written in the document.
fn price(filter: &Json) -> Millis {
    let variables = Variables::from_json(json!({ "f": filter }));
    let sent =
        argument("ThingFilter", &InputValue::Variable(Name::new("f")), None).map_or(0, |argument| argument.price(&variables));
    let written = Value::from_json(filter.clone()).unwrap_or_default().into_value();
    let written = argument("ThingFilter", &written, None).map_or(0, |argument| argument.price(&Variables::default()));
    assert_eq!(sent, written, "{filter}");
    sent
}

#[test]
fn what_costs_more_weighs_more_wherever_it_stands() {
    let search = json!({ "search": "a" });
    for (filter, millis) in [
        (json!(null), 0),
        (json!({}), 0),
        (json!({ "id": { "eq": "1" }, "name": { "eq": "a" } }), 0),
        (json!({ "id": { "in": ["1", "2", "3"] } }), 30),
        (json!({ "id": { "in": [] } }), 0),
        (json!({ "name": { "contains": "a" } }), 2_000),
        (json!({ "search": null }), 0),
        (search.clone(), 7_000),
        // Each search is made; each list of states is one condition.
        (json!({ "or": [search, { "not": { "search": "b" } }] }), 14_000),
        (json!({ "status": ["OPEN", "DONE"] }), 3_000),
        // Rows are scanned once for the tags, and each text is searched for.
        (json!({ "tag": { "eq": "a" }, "and": [{ "tag": { "contains": "b" } }] }), 7_000),
    ] {
        assert_eq!(price(&filter), millis, "{filter}");
    }
}

#[test]
fn variables_are_priced_by_what_they_stand_for() {
    let field = |name: &str, value: InputValue| InputValue::Object([(Name::new(name), value)].into_iter().collect());
    let variable = || InputValue::Variable(Name::new("v"));
    let two = InputValue::List(vec![variable(), variable()]);
    for (filter, variables, millis) in [
        (field("search", variable()), json!({ "v": "a" }), 7_000),
        (field("search", variable()), json!({ "v": null }), 0),
        (field("search", variable()), json!({}), 0),
        (field("tag", variable()), json!({ "v": { "contains": "a" } }), 7_000),
        (field("id", field("in", variable())), json!({ "v": ["1", "2"] }), 20),
        (field("id", field("in", two.clone())), json!({ "v": "1" }), 20),
        (field("and", two), json!({ "v": { "tag": { "eq": "a" } } }), 5_000),
    ] {
        let priced = argument("ThingFilter", &filter, None).unwrap();
        assert_eq!(priced.price(&Variables::from_json(variables.clone())), millis, "{filter} {variables}");
    }
    let default = Value::from_json(json!({ "contains": "a" })).unwrap();
    let priced = argument("ThingFilter", &field("tag", variable()), Some(&default)).unwrap();
    assert_eq!(priced.price(&Variables::default()), 7_000, "its default");
    assert_eq!(priced.price(&Variables::from_json(json!({ "v": null }))), 0);
}

#[test]
fn an_input_without_prices_is_not_looked_at() {
    assert!(argument("PlainFilter", &InputValue::Variable(Name::new("f")), None).is_none());
    let equality = Value::from_json(json!({ "name": { "eq": "a" } })).unwrap().into_value();
    assert!(argument("ThingFilter", &equality, None).is_none());
}

#[test]
fn a_value_of_an_enum_is_priced_wherever_it_stands() {
    let word = |word: &str| InputValue::Enum(Name::new(word));
    let by = |field: InputValue| InputValue::Object([(Name::new("field"), field)].into_iter().collect());
    let variable = || InputValue::Variable(Name::new("v"));
    for (of, value, variables, millis) in [
        ("ThingSort", by(word("WEIGHT")), json!({}), 4_000),
        ("ThingSort", by(variable()), json!({ "v": "WEIGHT" }), 4_000),
        ("ThingSort", by(variable()), json!({ "v": "NAME" }), 0),
        ("ThingSort", variable(), json!({ "v": { "field": "WEIGHT", "direction": "DESC" } }), 4_000),
        ("ThingSort", variable(), json!({ "v": null }), 0),
        ("ThingSortField", word("WEIGHT"), json!({}), 4_000),
        ("ThingSortField", variable(), json!({ "v": ["WEIGHT", "NAME", "WEIGHT"] }), 8_000),
    ] {
        let priced = argument(of, &value, None).unwrap();
        assert_eq!(priced.price(&Variables::from_json(variables.clone())), millis, "{value} {variables}");
    }
    assert!(argument("ThingSort", &by(word("NAME")), None).is_none());
    assert!(argument("Direction", &variable(), None).is_none());
    let default = Value::Enum(Name::new("WEIGHT"));
    let priced = argument("ThingSort", &by(variable()), Some(&default)).unwrap();
    assert_eq!(priced.price(&Variables::default()), 4_000, "its default");
}
