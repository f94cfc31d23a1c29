//! Introspection: the same answer as the engine's, at its price, and never larger than a node can
//! bear.

use std::{sync::Arc, time::Instant};

use async_graphql::{Request, Variables};
use entrepot::graphql::{
    code::Code,
    guard::{Guard, Refusal},
    introspection::{IntrospectionResult, Introspector},
    limits::Limits,
    schema_index::SchemaIndex,
};
use serde_json::{Value, json};

use super::{
    server::FrontServer,
    wire::{JSON, NEW, Socket, get, post, post_operation},
};

/// As deep as graphql-js's query.
const REF: &str =
    "fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

/// The query of graphql-js, with all that its options add, or with nothing of it: GraphiQL, Apollo's and The Guild's codegen and
/// get-graphql-schema send one of these.
fn standard(is_new: bool) -> String {
    let new = |text: &'static str| if is_new { text } else { "" };
    let (specified, one_of, repeatable) = (new("specifiedByURL"), new("isOneOf"), new("isRepeatable"));
    let (inputs, deprecated) = (new("(includeDeprecated: true)"), new("isDeprecated deprecationReason"));
    let description = new("description");
    format!(
        "query IntrospectionQuery {{ __schema {{ {description} queryType {{ name kind }} mutationType {{ name }} subscriptionType {{ name }}
           types {{ ...FullType }} directives {{ name description {repeatable} locations args{inputs} {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description {specified} {one_of}
           fields(includeDeprecated: true) {{ name description args{inputs} {{ ...InputValue }} type {{ ...TypeRef }} isDeprecated deprecationReason }}
           inputFields{inputs} {{ ...InputValue }} interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue {deprecated} }}
         {REF}"
    )
}

/// `interfaces` and `possibleTypes` by turns: each pair multiplies the answer by the number of types that have an id.
fn bomb(pairs: usize) -> String {
    let (open, close) = ("interfaces { possibleTypes { ".repeat(pairs), "} } ".repeat(pairs));
    format!("{{ __type(name: \"Order\") {{ {open} name {close} }} }}")
}

/// The introspection of the real schema.
struct Real {
    schema: entrepot::schema::EntrepotSchema,
    guard: Guard,
    introspector: Introspector,
    limits: Limits,
}

impl Real {
    fn new() -> Self {
        let schema = entrepot::schema::schema_without_services();
        let guard = Guard::new(Limits::default(), Arc::new(SchemaIndex::of(&schema.sdl()).unwrap()));
        Self { schema, guard, introspector: Introspector::default(), limits: Limits::default() }
    }

    async fn introspect(&self, query: &str, variables: Value) -> Result<IntrospectionResult, Refusal> {
        let operation = self.guard.operation(query, None)?;
        let mut variables = Variables::from_json(variables);
        operation.complete(&mut variables);
        self.introspector.answer(&operation, &variables, (&self.schema, &self.limits)).await
    }
}

#[tokio::test]
async fn what_is_told_of_the_schema_is_what_the_engine_tells() {
    let real = Real::new();
    let some = "query($name: String = \"Order\", $old: Boolean = false, $y: Boolean!, $n: Boolean!) {
        __typename all: __schema { types { name } types { kind ...T } __typename }
        a: __type(name: $name) { ...T interfaces { name } fields(includeDeprecated: $old) { name __typename type { name ofType { name } } } }
        none: __type(name: \"Nothing\") { name }
        __type(name: \"[Order]\") { name }
        ... on Query @include(if: $n) { __schema { queryType { fields { name } } } }
        later: __schema @include(if: $y) { mutationType { name @skip(if: $y) description possibleTypes { name } ofType { name } } } }
      fragment T on __Type { name kind ... @include(if: $y) { possibleTypes { name } } ...U } fragment U on __Type { enumValues { name } }";
    let yes = json!({ "y": true, "n": false });
    for (query, variables) in [
        (standard(true), json!({})),
        (standard(false), json!({})),
        (some.to_owned(), yes.clone()),
        (some.to_owned(), json!({ "y": false, "n": true, "old": true, "name": "OrderStatus" })),
        ("{ __schema { directives { locations args { defaultValue type { kind } } isRepeatable } subscriptionType { name } } }".to_owned(), json!({})),
        ("query($n: String!) { __type(name: $n) { inputFields { name defaultValue isDeprecated type { name } } isOneOf specifiedByURL } }".to_owned(), json!({ "n": "ProductRef" })),
    ] {
        let engine = real.schema.execute(Request::new(query.clone()).variables(Variables::from_json(variables.clone()))).await;
        assert!(engine.errors.is_empty(), "{query}: {:?}", engine.errors);
        for _ in 0..2 {
            let answer = real.introspect(&query, variables.clone()).await.unwrap();
            assert!(answer.is_all, "{query}");
            let answer: Value = serde_json::from_str(&answer.json).unwrap();
            assert_eq!(answer, engine.data.clone().into_json().unwrap(), "{query}");
        }
    }
}

#[tokio::test]
async fn what_clients_send_at_their_start_is_written_once() {
    let real = Real::new();
    let first = real.introspect(&standard(true), json!({})).await.unwrap();
    println!("{} bytes, {} nodes, {} points", first.json.len(), first.nodes, first.points());
    assert!(first.json.len() < Limits::default().answer_bytes / 2 && first.nodes < Limits::default().introspection_nodes / 2);
    let again = real.introspect(&standard(true).replace("  ", " "), json!({})).await.unwrap();
    assert!(Arc::ptr_eq(&first.json, &again.json), "however it is formatted");
    // A point is a thousand nodes.
    assert_eq!(first.points(), first.nodes.div_ceil(1_000));
    assert_eq!(real.introspect("{ __type(name: \"Order\") { name } }", json!({})).await.unwrap().points(), 1);
    for number in 0..20 {
        let other = format!("{{ a{number}: __schema {{ types {{ name description }} }} }}");
        real.introspect(&other, json!({})).await.unwrap();
    }
    assert!(!Arc::ptr_eq(&first.json, &real.introspect(&standard(true), json!({})).await.unwrap().json), "few are kept");
}

#[tokio::test]
async fn fields_and_types_of_the_schema_say_what_they_ask_for() {
    let mut real = Real::new();
    let plain = real.introspect(&standard(true), json!({})).await.unwrap();
    let notes = SchemaIndex::of(&real.schema.sdl()).unwrap().notes().clone();
    real.introspector = Introspector::with_notes(notes);
    let noted = real.introspect(&standard(true), json!({})).await.unwrap();
    println!("{} bytes of {} are notes", noted.json.len() - plain.json.len(), noted.json.len());
    assert!(noted.json.len() - plain.json.len() < 128 << 10, "one line of what has a directive");
    assert_eq!(noted.points(), plain.points());

    let query = "query($name: String!) { __type(name: $name) { description fields { name description } } }";
    for (kind, of_type, field, of_field) in [
        ("Product", "Cost: 0.1 points for each object.", "availability", "Permission: stock.availability.read."),
        ("Product", "Cost: 0.1 points for each object.", "unitCost", "Masked: null without product.cost.read."),
        ("Order", "Permission: order.read. Cost: 0.1 points for each object.", "customer", "Masked: null without customer.read."),
        ("StockLevel", "Permission: stock.read. Cost: 0.05 points for each object.", "onHandAt", "Cost: 1 point."),
    ] {
        let answer = real.introspect(query, json!({ "name": kind })).await.unwrap();
        let answer: Value = serde_json::from_str(&answer.json).unwrap();
        let fields = answer["__type"]["fields"].as_array().unwrap();
        let found = fields.iter().find(|one| one["name"] == field).unwrap();
        for (note, of) in [(of_type, &answer["__type"]), (of_field, found)] {
            let text = of["description"].as_str().unwrap();
            assert!(text.ends_with(&format!("\n\n{note}")), "{kind}.{field}: {text}");
        }
    }
    let query =
        "query($name: String!) { __type(name: $name) { inputFields { name description } enumValues { name description } } }";
    for (kind, members, member, note) in [
        ("ProductFilter", "inputFields", "search", "Cost: 5 points."),
        ("IdFilter", "inputFields", "in", "Cost: 0.01 points for each value."),
        ("BackorderSortField", "enumValues", "BACKORDERED", "Cost: 5 points."),
    ] {
        let answer = real.introspect(query, json!({ "name": kind })).await.unwrap();
        let answer: Value = serde_json::from_str(&answer.json).unwrap();
        let found = answer["__type"][members].as_array().unwrap().iter().find(|one| one["name"] == member).unwrap();
        let text = found["description"].as_str().unwrap();
        assert!(text.ends_with(&format!("\n\n{note}")), "{kind}.{member}: {text}");
    }
}

#[tokio::test]
async fn no_question_about_the_schema_is_too_much_for_a_node() {
    let real = Real::new();
    real.introspect("{ __schema { types { name } } }", json!({})).await.unwrap();
    let wide: String = (0..29).map(|number| format!("a{number}: types {{ ...T }} ")).collect();
    for (query, code) in [
        (bomb(2), Code::QueryTooComplex),
        (bomb(4), Code::QueryTooComplex),
        (bomb(6), Code::QueryTooComplex),
        (bomb(20), Code::QueryTooComplex),
        ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".to_owned(), Code::QueryTooComplex),
        ("{ __type(name: \"Node\") { possibleTypes { ...A } } } fragment A on __Type { interfaces { ...B } } fragment B on __Type { possibleTypes { name } }".to_owned(), Code::QueryTooComplex),
        (format!("{{ __schema {{ {wide} }} }} fragment T on __Type {{ name description fields {{ name description args {{ name description }} }} }}"), Code::LimitExceeded),
    ] {
        let started_at = Instant::now();
        let refusal = real.introspect(&query, json!({})).await.unwrap_err();
        assert_eq!(refusal.code, code, "{query}");
        // Unoptimised code on a shared machine.
        assert!(started_at.elapsed().as_millis() < 2_000, "{:?}: {query}", started_at.elapsed());
    }
    assert!(real.introspect(&bomb(1), json!({})).await.is_ok());
}

#[tokio::test]
async fn the_schema_is_told_by_every_way_in_and_to_anybody() {
    let world = FrontServer::new().await;
    let query = "{ __schema { queryType { name } } }";
    let expected = json!({ "__schema": { "queryType": { "name": "Query" } } });
    assert_eq!(post_operation(world.address, query).await.json()["data"], expected);
    let target = "/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D";
    assert_eq!(get(world.address, target, &[]).await.json()["data"], expected);
    // An expired token does not prevent introspection.
    assert_eq!(get(world.address, target, &["authorization: Bearer bad"]).await.json()["data"], expected);
    let mut socket = Socket::ready(world.address).await;
    socket.subscribe("1", query).await;
    assert_eq!(socket.receive_message().await["payload"]["data"], expected);
    // Beside other fields the engine answers, in the order of the document.
    let beside = post_operation(world.address, "{ ping __type(name: \"Thing\") { name fields { name } } thing { name } }").await;
    assert_eq!(beside.json()["data"]["__type"]["fields"][0]["name"], "name");
    let keys: Vec<_> = beside.json()["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 3);
    let cost = post(
        world.address,
        &[JSON, NEW, "entrepot-cost: true", "authorization: Bearer ann"],
        json!({ "query": query }).to_string().as_bytes(),
    )
    .await;
    assert_eq!(cost.json()["extensions"]["cost"]["actual"], 1);
    for wrong in ["mutation { __schema { queryType { name } } }", "{ __schema { nothing } }", "{ __type { name } }"] {
        assert_eq!(post_operation(world.address, wrong).await.code(), "GRAPHQL_VALIDATION_FAILED", "{wrong}");
    }
}

#[test]
fn the_schema_says_what_specifies_its_scalars() {
    let sdl = entrepot::schema::sdl();
    let schema = entrepot::schema::schema_without_services();
    let answer = schema.execute(Request::new("{ __schema { types { name specifiedByURL } } }"));
    let response = futures_util::FutureExt::now_or_never(answer).unwrap();
    let told = response.data.into_json().unwrap();
    let mut count = 0;
    for kind in told["__schema"]["types"].as_array().unwrap() {
        let Some(url) = kind["specifiedByURL"].as_str() else { continue };
        let line = format!("scalar {} @specifiedBy(url: \"{url}\")", kind["name"].as_str().unwrap());
        assert!(sdl.contains(&line), "{line}");
        count += 1;
    }
    assert!(count > 0);
}
