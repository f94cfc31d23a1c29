//! Filters of the largest size, and larger ones, written in each way.

use async_graphql::parser::parse_query;
use serde_json::{Value as Json, json};

use super::*;

const SDL: &str = "schema { query: Query }
    type Query { things(filter: ThingFilter, ids: [ID!]): Query report(filter: ReportFilter): Query thing: Query }
    input ReportFilter { thing: ThingFilter, name: TextFilter }
    input ThingFilter { and: [ThingFilter!], or: [ThingFilter!], not: ThingFilter, name: TextFilter, status: [String!], metadata: [PairFilter!] }
    input TextFilter { eq: String, in: [String!] }
    input PairFilter { key: String!, value: TextFilter }";

/// The place and the message of a refusal.
fn refused(query: &str, variables: Json) -> Option<(String, String)> {
    let (Ok(query), Ok(index)) = (parse_query(query), SchemaIndex::of(SDL)) else { panic!("{query} can be read") };
    let arguments = FilterArguments::of(&query, &index);
    let written = arguments.written_refusal().cloned();
    let refusal = written.or_else(|| arguments.check(&Variables::from_json(variables)).err())?;
    Some((refusal.field.join("."), refusal.message))
}

fn of_variable(filter: Json) -> Option<(String, String)> {
    refused("query($f: ThingFilter) { thing { things(filter: $f) { thing } } }", json!({ "f": filter }))
}

fn deep(levels: usize) -> Json {
    (0..levels).fold(json!({ "status": ["a"] }), |inner, _| json!({ "not": inner }))
}

#[test]
fn a_filter_is_as_large_as_is_allowed() {
    let name = json!({ "name": { "eq": "x" } });
    for filter in [
        json!(null),
        json!({}),
        deep(MAX_NESTING),
        json!({ "and": vec![name.clone(); MAX_LEAVES] }),
        json!({ "or": vec![name.clone(); MAX_BRANCHES], "and": [] }),
        json!({ "status": vec!["x"; MAX_VALUES], "name": null }),
        json!({ "metadata": [{ "key": "k", "value": { "in": vec!["x"; MAX_VALUES] } }] }),
    ] {
        assert_eq!(of_variable(filter.clone()), None, "{filter}");
    }
    // Lists of other arguments have their own limits.
    let ids = json!({ "ids": vec!["x"; 300] });
    assert_eq!(refused("query($ids: [ID!]) { things(ids: $ids) { thing } }", ids), None);
}

#[test]
fn a_filter_that_is_too_large_is_refused_at_its_place_with_the_count() {
    let many = vec!["x"; MAX_VALUES + 1];
    let empty = vec![json!({}); MAX_BRANCHES + 1];
    for (filter, place, message) in [
        (deep(5), "filter.not.not.not.not.not", "filter has 5 levels of and, or and not: at most 4 are taken"),
        (deep(9), "filter.not.not.not.not.not", "filter has 9 levels of and, or and not: at most 4 are taken"),
        (json!({ "and": vec![deep(0); 51] }), "filter", "filter has 51 conditions: at most 50 are taken"),
        (json!({ "and": vec![json!({}); 51] }), "filter", "filter has 51 conditions: at most 50 are taken"),
        (json!({ "not": { "or": empty } }), "filter.not.or", "filter.not.or has 11 branches: at most 10 are taken"),
        (json!({ "status": many }), "filter.status", "filter.status has 251 values: at most 250 are taken"),
        (
            json!({ "and": [{ "name": { "in": many } }] }),
            "filter.and.0.name.in",
            "filter.and.0.name.in has 251 values: at most 250 are taken",
        ),
        (
            json!({ "metadata": [{ "key": "k", "value": { "in": many } }] }),
            "filter.metadata.0.value.in",
            "filter.metadata.0.value.in has 251 values: at most 250 are taken",
        ),
    ] {
        assert_eq!(of_variable(filter.clone()), Some((place.to_owned(), message.to_owned())), "{filter}");
    }
}

#[test]
fn filters_are_measured_however_they_are_written() {
    let deep = "{ things(filter: { not: { not: { not: { not: { not: {} } } } } }) { thing } }";
    let place = |query: &str, variables: Json| refused(query, variables).map(|(place, _)| place);
    assert_eq!(place(deep, json!({})).as_deref(), Some("filter.not.not.not.not.not"));
    let spread = "query($in: [String!]) { ...F } fragment F on Query { thing { things(filter: { and: [{ name: { in: $in } }] }) { thing } } }";
    assert_eq!(place(spread, json!({ "in": vec!["x"; 251] })).as_deref(), Some("filter.and.0.name.in"));
    assert_eq!(place(spread, json!({ "in": ["x"] })), None);
    assert_eq!(place(spread, json!({})), None);
    let default = "query($f: ThingFilter = { not: { not: { not: { not: { not: {} } } } } }) { things(filter: $f) { thing } }";
    assert_eq!(place(default, json!({})).as_deref(), Some("filter.not.not.not.not.not"));
    assert_eq!(place(default, json!({ "f": null })), None);
    assert_eq!(place(default, json!({ "f": {} })), None);
}

#[test]
fn a_filter_in_a_field_of_a_filter_is_measured() {
    let report =
        |thing: Json| refused("query($f: ThingFilter) { report(filter: { thing: $f }) { thing } }", json!({ "f": thing }));
    assert_eq!(report(deep(MAX_NESTING)), None);
    for (thing, place, count) in [
        (deep(5), "filter.thing.not.not.not.not.not", "5 levels"),
        (json!({ "or": vec![json!({}); 11] }), "filter.thing.or", "11 branches"),
        (json!({ "and": vec![json!({}); 51] }), "filter", "51 conditions"),
    ] {
        let (found, message) = report(thing).unwrap();
        assert!(found == place && message.contains(count), "{found}: {message}");
    }
}

#[test]
fn a_variable_in_many_places_is_not_counted_without_end() {
    let large = json!({ "f": { "and": vec![json!({}); 10_000] } });
    let (places, levels) = (vec!["$f"; 4_000].join(", "), "{ not: ".repeat(4));
    for filter in [format!("{{ and: [{places}] }}"), format!("{levels}{{ not: {{ and: [{places}] }} }}{}", " }".repeat(4))] {
        let query = format!("query($f: ThingFilter!) {{ things(filter: {filter}) {{ thing }} }}");
        let (_, message) = refused(&query, large.clone()).unwrap();
        assert!(message.contains("more than 500000 values"), "{message}");
    }
}
