//! The guard alone: its refusals, its speed, and its cache.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use entrepot::graphql::{
    code::Code,
    guard::{Guard, Kind},
    limits::Limits,
};

/// A guard without a schema: limits of size do not depend on it.
fn guard(limits: Limits) -> Guard {
    Guard::new(limits, Arc::default())
}

/// The code of a refusal that takes no time, in one of five tries: others work on this machine, too.
fn refused(text: &str) -> Code {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let refusal = guard(Limits::default()).operation(text, None).unwrap_err();
        let duration = started.elapsed();
        // Unoptimised code on a shared machine; the promise is 20 ms.
        if duration.as_millis() < 200 {
            return refusal.code;
        }
        times.push(duration);
    }
    panic!("{times:?} for {} bytes", text.len());
}

fn accepted(text: &str) -> bool {
    guard(Limits::default()).operation(text, None).is_ok()
}

/// `levels` fragments, each spreading the next one twice.
pub fn bomb(levels: usize, leaf: &str) -> String {
    let mut text = "{ ...F0 }".to_owned();
    for level in 0..levels {
        write!(text, " fragment F{level} on Query {{ ...F{} ...F{} }}", level + 1, level + 1).unwrap();
    }
    write!(text, " fragment F{levels} on Query {{ {leaf} }}").unwrap();
    text
}

#[test]
fn a_fragment_bomb_costs_no_more_than_its_text() {
    for leaf in ["ping", "__typename"] {
        for levels in [9, 20, 25, 28, 200, 1_000] {
            assert_eq!(refused(&bomb(levels, leaf)), Code::QueryTooComplex, "{levels} {leaf}");
        }
    }
    // No selection spreads the fragment, but validation would walk it.
    assert_eq!(refused(&format!("query {}", bomb(25, "ping").replacen("{ ...F0 }", "{ ping }", 1))), Code::QueryTooComplex);
    assert!(accepted(&bomb(3, "ping")));
}

#[test]
fn each_limit_holds_at_its_number() {
    let many = |count: usize, one: &str| one.repeat(count);
    let aliases = |count: usize| (0..count).map(|number| format!("a{number}: name ")).collect::<String>();
    let nested = |fields: usize| format!("{}{}{}", many(fields - 1, "{ thing "), "{ name", many(fields, " }"));
    let variables = |count: usize| (0..count).map(|number| format!("$v{number}: Int ")).collect::<String>();
    let cases: [(&str, String, String); 6] = [
        ("depth", nested(15), nested(16)),
        ("nodes", format!("{{ thing {{ {} }} }}", many(999, "name ")), format!("{{ thing {{ {} }} }}", many(1_000, "name "))),
        ("aliases", format!("{{ thing {{ {} }} }}", aliases(30)), format!("{{ thing {{ {} }} }}", aliases(31))),
        ("root fields", format!("{{ {} }}", many(10, "ping ")), format!("{{ {} }}", many(11, "ping "))),
        ("directives", format!("{{ ping {} }}", many(20, "@d ")), format!("{{ ping {} }}", many(21, "@d "))),
        ("variables", format!("query({}) {{ ping }}", variables(100)), format!("query({}) {{ ping }}", variables(101))),
    ];
    for (limit, most, too_many) in cases {
        assert!(accepted(&most), "{limit}");
        assert_eq!(refused(&too_many), Code::QueryTooComplex, "{limit}");
    }
}

#[test]
fn whatever_is_too_much_is_refused_quickly() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    for text in [
        format!("{{ {} }}", many(1_000, &|number| format!("a{number}: ping "))),
        format!("{{ {} }}", "ping ".repeat(10_000)),
        format!("{{ {} }}", "ping ".repeat(200_000)),
        format!("{{ ping {} }}", "@include(if: true) ".repeat(1_000)),
        format!("{{ __typename {} }}", "@include(if: true) ".repeat(1_000)),
        many(1_000, &|number| format!("query Q{number} {{ ping }} ")),
        format!("query({}) {{ ping }}", many(10_000, &|number| format!("$v{number}: Int "))),
        format!("mutation {{ {} }}", many(100, &|number| format!("a{number}: bump "))),
        format!("{{ {}{} }}", "thing { ".repeat(2_000), "}".repeat(2_000)),
        "{ thing ".repeat(100_000),
        format!("{{ echo(text: {}", "[".repeat(100_000)),
        format!("{{ echo(text: {}", "{a: ".repeat(100_000)),
        format!("query($v: {}Int{}) {{ ping }}", "[".repeat(2_000), "]".repeat(2_000)),
        format!("{{ __schema {{ types {{ {} name {} }} }} }}", "fields { type { ".repeat(8), "} } ".repeat(8)),
        format!("{{ {} ping {} }}", "... { ".repeat(40), "}".repeat(40)),
    ] {
        assert_eq!(refused(&text), Code::QueryTooComplex, "{}", &text[..60]);
    }
}

#[test]
fn fragments_that_spread_themselves_are_refused() {
    for text in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { thing { ...B } } fragment B on Thing { thing { ...C } } fragment C on Thing { ...B ...B }",
        "{ ping } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }",
    ] {
        assert_eq!(refused(text), Code::ValidationFailed, "{text}");
    }
}

#[test]
fn the_usual_introspection_fits() {
    // As deep as graphql-js's query: nine times ofType.
    let types = format!("kind name {}{}", "ofType { kind name ".repeat(9), "} ".repeat(9));
    let text = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
           types {{ ...FullType }} directives {{ name description locations args {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description fields(includeDeprecated: true) {{ name description
           args {{ ...InputValue }} type {{ ...TypeRef }} isDeprecated deprecationReason }} inputFields {{ ...InputValue }}
           interfaces {{ ...TypeRef }} enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
           possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ {types} }}"
    );
    assert!(accepted(&text));
}

#[test]
fn operations_are_found_by_name_and_kind() {
    let guard = guard(Limits::default());
    let text = "query A { ping } mutation B { bump } subscription C { silent }";
    for (name, kind) in [("A", Kind::Query), ("B", Kind::Mutation), ("C", Kind::Subscription)] {
        assert_eq!(guard.operation(text, Some(name)).unwrap().kind, kind);
    }
    for name in [None, Some("D")] {
        assert_eq!(guard.operation(text, name).unwrap_err().code, Code::BadRequest);
    }
    assert_eq!(guard.operation("{ ping }", Some("A")).unwrap_err().code, Code::BadRequest);
    assert_eq!(guard.operation("fragment A on Query { ping }", None).unwrap_err().code, Code::ParseFailed);
    // An invalid operation in the document is no reason to refuse another one.
    let text = format!("query A {{ ping }} query B {{ {} }}", "ping ".repeat(11));
    assert!(guard.operation(&text, Some("A")).is_ok());
    assert_eq!(guard.operation(&text, Some("B")).unwrap_err().code, Code::QueryTooComplex);
}

#[test]
fn documents_are_remembered_within_bounds() {
    let guard = guard(Limits { cached_documents: 160, cached_document_bytes: 1 << 20, ..Limits::default() });
    let first = guard.operation("{ ping }", None).unwrap();
    let again = guard.operation("{ ping }", None).unwrap();
    assert!(Arc::ptr_eq(&first, &again), "parsed once");
    for number in 0..5_000 {
        guard.operation(&format!("{{ a{number}: ping }}"), None).unwrap();
        guard.operation("{ ping }", None).unwrap();
    }
    let text: usize = format!("{guard:?}").chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!((16..=160).contains(&text), "{text} are kept");
    let again = guard.operation("{ ping }", None).unwrap();
    assert!(Arc::ptr_eq(&first, &again), "what is asked for often stays");
}

#[test]
fn a_list_in_a_querys_arguments_has_an_end() {
    let ids = |count: usize| format!("[{}]", "1 ".repeat(count));
    let of = |count: usize| format!("{{ nodes(ids: {}) {{ id }} }}", ids(count));
    assert!(accepted(&of(1_000)));
    assert_eq!(refused(&of(1_001)), Code::BadUserInput);
    assert_eq!(
        refused(&format!("{{ ...F }} fragment F on Query {{ a {{ b(in: {{ any: {} }}) }} }}", ids(1_001))),
        Code::BadUserInput
    );
    assert!(accepted(&format!("mutation {{ change(lines: {}) {{ id }} }}", ids(2_000))), "lines have limits of their own");
    let operation = guard(Limits::default()).operation("query($i: [ID!]) { nodes(ids: $i) { id } }", None).unwrap();
    for (count, is_taken) in [(1_000, true), (1_001, false)] {
        let sent = async_graphql::Variables::from_json(serde_json::json!({ "i": { "any": vec![1; count] } }));
        assert_eq!(operation.check_variables(&sent, &Limits::default()).is_ok(), is_taken, "{count}");
    }
}
