//! Queries and mutations of all kinds, generated from the schema.

use async_graphql::{
    Positioned,
    parser::types::{BaseType, EnumValueDefinition, FieldDefinition, InputValueDefinition, TypeKind},
};
use serde_json::{Map, Value, json};

use crate::authorization::{
    calls::{Calls, base, is_needed, is_report, least, meant},
    nodes::type_of,
    world::World,
};

/// Limit of the rows that an answer may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Few rows that are named: by an id, a key, a filter that hardly anything passes.
    Few,
    /// The first page of all rows in some order.
    Page,
    /// A change: its input names the rows that it needs.
    Change,
}

#[derive(Debug)]
pub struct Ask {
    pub name: String,
    pub document: String,
    pub variables: Value,
    pub wants: Wants,
    pub sort: Option<Sort>,
}

/// A sort of a list.
#[derive(Debug)]
pub struct Sort {
    pub list: String,
    /// Whether the sort has points of its own in the cost of an operation.
    pub is_weighted: bool,
}

/// Reports with fewer points than others (`is_report`): they read many of a tenant's rows by
/// design, and have tests of their speed, as all reports have.
const CHEAP_REPORTS: &[&str] = &[
    "costSummary",
    "countsDue",
    "fulfilmentWorksCount",
    "movementSummary",
    "salesSummary",
    "stockValueSummary",
    "stocktakesDueList",
    "supplierPerformance",
];
/// Fields that take as many points as a report and read no more rows than others.
const NO_REPORTS: &[&str] = &["forecast", "forecastSum", "liquidationScore", "replenishmentScore"];

/// Arguments that select a page, a limit or a figure.
const PAGING: &[&str] = &["after", "before", "first", "last", "lead", "limit"];

pub async fn all(world: &World) -> Vec<Ask> {
    let calls = Calls::of_the_schema();
    let mut asks = nodes(world, &calls);
    asks.extend(numbers());
    let mut excepted = 0;
    for (operation, field) in calls.roots() {
        let name = field.name.node.as_str();
        let exceptions = if is_report(field) { NO_REPORTS } else { CHEAP_REPORTS };
        excepted += usize::from(exceptions.contains(&name));
        match operation {
            "query" if is_report(field) == exceptions.contains(&name) => asks.extend(query(world, &calls, field)),
            "mutation" => {
                let variables = calls.variables(&world.ours, field, None);
                let document = calls.document(operation, field, &variables, least(&calls, field));
                asks.push(Ask { name: name.to_owned(), document, variables, wants: Wants::Change, sort: None });
            }
            _ => {}
        }
    }
    assert_eq!(excepted, CHEAP_REPORTS.len() + NO_REPORTS.len(), "an exception is no root field, or none that needs to be one");
    // Queries first: a change may remove the rows that they select.
    asks.sort_by_key(|ask| ask.wants == Wants::Change);
    asks
}

/// Each kind of node with its fields and references, in a document of its own type: a document with
/// the fields of all types takes longer to validate than to execute.
fn nodes(world: &World, calls: &Calls) -> Vec<Ask> {
    let ask = |(prefix, id): (&&str, &String)| {
        let kind = type_of(prefix);
        Ask {
            name: format!("node {prefix}"),
            document: format!("query($id: ID!) {{ node(id: $id) {{ __typename ... on {kind} {} }} }}", calls.wide(kind, 2)),
            variables: json!({ "id": id }),
            wants: Wants::Few,
            sort: None,
        }
    };
    world.ours.nodes().map(ask).collect()
}

/// Searches of everything with a number: a document, an invoice with its prefix, a work with the
/// number of its order. Texts that only the schema leads to have none.
fn numbers() -> Vec<Ask> {
    let fields = [
        ("search", "query($text: String!) { search(query: $text) { nodes { kind } } }"),
        ("scanCode", "query($text: String!) { scanCode(code: $text) { matches { kind } } }"),
        ("fulfilmentWorks", "query($text: String!) { fulfilmentWorks(filter: { search: $text }) { nodes { id } } }"),
    ];
    let of = |text: &'static str| {
        fields.map(|(field, document)| Ask {
            name: format!("{field} {text}"),
            document: document.to_owned(),
            variables: json!({ "text": text }),
            wants: Wants::Few,
            sort: None,
        })
    };
    ["0001", "INV-1", "1-1"].into_iter().flat_map(of).collect()
}

fn query(world: &World, calls: &Calls, field: &FieldDefinition) -> Vec<Ask> {
    let name = field.name.node.as_str();
    let plain = calls.variables(&world.ours, field, None);
    let kind = base(&field.ty.node);
    let is_list = kind.ends_with("Connection");
    let wide = |kind: &str| match calls.wide(kind, 2) {
        none if none == "{ __typename }" => least(calls, field).to_owned(),
        some => some,
    };
    let ask = |name: String, variables: Value, wants: Wants| {
        let selection = if is_list { "{ nodes { __typename } pageInfo { hasNextPage endCursor } }" } else { least(calls, field) };
        Ask { document: calls.document("query", field, &variables, selection), name, variables, wants, sort: None }
    };
    let of_all = if is_list || plain == json!({}) { Wants::Page } else { Wants::Few };
    let mut asks = vec![Ask {
        name: name.to_owned(),
        document: calls.document("query", field, &plain, &wide(&kind)),
        variables: plain.clone(),
        wants: of_all,
        sort: None,
    }];
    let with = |extra: Value| {
        let mut variables = plain.clone();
        variables.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        variables
    };
    // Each place of an ID.
    for path in calls.slots(field) {
        let id = &world.ours.ids[meant(name, &path)];
        let variables = calls.variables(&world.ours, field, Some((&path, id)));
        asks.push(ask(format!("{name} {}", path.join(".")), variables, Wants::Few));
    }
    for argument in field.arguments.iter().map(|argument| &argument.node) {
        let (given, kind) = (argument.name.node.as_str(), base(&argument.ty.node));
        if given == "last" {
            asks.push(ask(format!("{name} last"), with(json!({ "last": 10 })), of_all));
        }
        // `orderBy` has the same meaning.
        if given == "sort" {
            for Order { value, words, is_weighted } in orders(calls, &kind) {
                let sort = Some(Sort { list: name.to_owned(), is_weighted });
                asks.push(Ask { sort, ..ask(format!("{name} by {words}"), with(json!({ given: value })), Wants::Page) });
            }
        }
        if given.ends_with("ilter") {
            for (test, filter) in filters(calls, &kind) {
                asks.push(ask(format!("{name} where {test}"), with(json!({ given: filter })), Wants::Few));
            }
        }
        let is_list = matches!(argument.ty.node.base, BaseType::List(_));
        // Lists of texts take values that the schema does not list.
        let is_of_texts = is_list && kind == "String";
        let is_left_out = PAGING.contains(&given) || given == "sort" || is_needed(argument) || is_of_texts;
        if !is_left_out && inputs(calls, &kind).is_empty() {
            for (test, value) in tests(calls, &kind, is_list) {
                asks.push(ask(format!("{name} where {given}{test}"), with(json!({ given: value })), Wants::Few));
            }
        }
    }
    asks
}

fn inputs<'a>(calls: &'a Calls, kind: &str) -> &'a [Positioned<InputValueDefinition>] {
    match calls.types().find(|one| one.name.node == kind).map(|one| &one.kind) {
        Some(TypeKind::InputObject(input)) => &input.fields,
        _ => &[],
    }
}

fn words(calls: &Calls, kind: &str) -> Vec<String> {
    weighed_words(calls, kind).into_iter().map(|(word, _)| word).collect()
}

/// The values of an enum, and whether each has points of its own.
fn weighed_words(calls: &Calls, kind: &str) -> Vec<(String, bool)> {
    let weighed = |word: &EnumValueDefinition| {
        (word.value.node.to_string(), word.directives.iter().any(|directive| directive.node.name.node == "cost"))
    };
    match calls.types().find(|one| one.name.node == kind).map(|one| &one.kind) {
        Some(TypeKind::Enum(words)) => words.values.iter().map(|word| weighed(&word.node)).collect(),
        _ => Vec::new(),
    }
}

/// An order of a list.
struct Order {
    value: Value,
    words: String,
    is_weighted: bool,
}

/// Every order of a list, both ways where it has a direction.
fn orders(calls: &Calls, kind: &str) -> Vec<Order> {
    let alone = weighed_words(calls, kind).into_iter();
    let alone = alone.map(|(word, is_weighted)| Order { value: json!(word), words: word, is_weighted });
    let field = inputs(calls, kind).iter().find(|field| field.node.name.node == "field");
    let fields = field.map(|field| weighed_words(calls, &base(&field.node.ty.node))).unwrap_or_default().into_iter();
    let both = |(field, is_weighted): (String, bool)| {
        ["ASC", "DESC"].map(|way| Order {
            value: json!({ "field": field, "direction": way }),
            words: format!("{field} {way}"),
            is_weighted,
        })
    };
    // RELEVANCE needs a search, which has a weight.
    alone.chain(fields.filter(|(field, _)| field != "RELEVANCE").flat_map(both)).collect()
}

/// All tests of all fields of a filter, one in each filter. IDs are covered as places of an ID.
fn filters(calls: &Calls, kind: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for field in inputs(calls, kind).iter().map(|field| &field.node) {
        let (name, of) = (field.name.node.as_str(), base(&field.ty.node));
        // A customer's name is compared with the customers that other tests of the filter leave,
        // and refused if they are as many as here.
        if of == kind || of == "IdFilter" || (kind, name) == ("CustomerFilter", "name") {
            continue;
        }
        for (test, value) in tests(calls, &of, matches!(field.ty.node.base, BaseType::List(_))) {
            found.push((format!("{name}{test}"), json!({ name: value })));
        }
    }
    found
}

fn tests(calls: &Calls, kind: &str, is_list: bool) -> Vec<(String, Value)> {
    let value = |kind: &str| match kind {
        "String" => json!("none-such"),
        "Date" => json!("2020-01-31"),
        "Boolean" => json!(true),
        "Quantity" | "Int" | "Long" => json!(7),
        "CurrencyCode" => json!("GBP"),
        "Decimal" => json!("7.00"),
        "RelativePeriod" => json!("TODAY"),
        _ => Value::Null,
    };
    match kind {
        // Later than all, and earlier than all.
        "DateTimeFilter" => vec![
            (" gte".to_owned(), json!({ "gte": "2090-01-01T00:00:00Z" })),
            (" lt".to_owned(), json!({ "lt": "2020-01-01T00:00:00Z" })),
            (" period".to_owned(), json!({ "period": "NEXT_30_DAYS" })),
            (" isNull".to_owned(), json!({ "isNull": true })),
        ],
        _ if !inputs(calls, kind).is_empty() => {
            let fields = || inputs(calls, kind).iter().map(|field| &field.node);
            let of = |field: &InputValueDefinition| {
                let of = value(&base(&field.ty.node));
                if matches!(field.ty.node.base, BaseType::List(_)) { json!([of]) } else { of }
            };
            let named = |field: &InputValueDefinition| (field.name.node.to_string(), of(field));
            // Required fields are given with each tested field. IDs are tried as places where IDs
            // can be.
            let needed: Map<String, Value> = fields().filter(|field| is_needed(field)).map(named).collect();
            let whole = |field: &InputValueDefinition| {
                let mut whole = needed.clone();
                whole.extend([named(field)]);
                if is_list { json!([whole]) } else { json!(whole) }
            };
            let tested = fields().filter(|field| base(&field.ty.node) != "ID");
            tested.map(|field| (format!(" {}", field.name.node), whole(field))).collect()
        }
        _ if !words(calls, kind).is_empty() => {
            let one = |word: String| (format!(" {word}"), if is_list { json!([word]) } else { json!(word) });
            words(calls, kind).into_iter().map(one).collect()
        }
        _ if value(kind).is_null() => Vec::new(),
        _ => vec![(String::new(), value(kind))],
    }
}
