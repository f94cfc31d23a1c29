//! Queries that are saved under a name: their validation, and the rights with which they are
//! executed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod buckets;
mod dependencies;
mod failing;
mod links;
mod live;
mod mailbox;
mod missed;
mod outputs;
mod runs;
mod schedules;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::{Request, Variables};
use async_trait::async_trait;
use entrepot::{
    audit::{Origin, rows as log},
    exchange::Requester,
    graphql::{cost_limiter::Charge, rate_limit::OperationCharge},
    saved_views::{
        core::{InvalidatedBy, Variables as Values},
        shell::{DocumentProblem, Outcome, Reader, TableOutcome, TableRequest, ViewEngine},
    },
    schema,
    storage::Fault,
};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::{answers::refusals, on_both},
};

on_both!(
    a_view_shows_what_its_document_asks_for,
    a_view_is_read_with_the_rights_of_its_reader,
    owners_see_their_own_name_without_seeing_members,
    whose_contacts_a_view_shows_is_logged_with_where_it_was_read,
    what_is_not_one_plain_query_cannot_be_a_view,
    a_view_costs_a_thousand_points_at_most,
    a_reader_sets_the_variables_that_the_document_declares,
    a_paused_view_is_not_run,
    views_of_one_operation_are_run_one_after_another,
    an_address_belongs_to_one_view,
    all_that_is_wrong_with_a_view_is_told_stage_by_stage,
    a_repeated_call_makes_one_view_and_a_dry_run_none,
    a_view_that_has_changed_is_not_overwritten,
    a_removed_view_is_gone,
    another_companys_views_are_not_found,
);

const VIEW: &str = "savedView { id slug name document variables cost status owner { __typename } version }";
const READ: &str = "query($view: SavedViewRef!, $variables: JSON) { savedViewResult(view: $view, variables: $variables) {
    data errors { code message path permission } seq hash } }";
const STORES: &str = "{ stores { nodes { id code } } }";

async fn change(office: &Office<'_>, what: &str, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate(&format!("savedView{what}"), &format!("SavedView{what}Input"), VIEW, input).await
}

async fn create_view(office: &Office<'_>, slug: &str, document: &str) -> Value {
    let payload = change(office, "Create", json!({ "name": "A view", "slug": slug, "document": document })).await;
    accepted(&payload, "savedView").clone()
}

/// Returns the payload of a view's creation from this document.
async fn attempt(office: &Office<'_>, document: &str) -> Value {
    change(office, "Create", json!({ "name": "A view", "slug": key(), "document": document })).await
}

async fn answer(office: &Office<'_>, view: Value, variables: Value) -> Value {
    office.execute(READ, json!({ "view": view, "variables": variables })).await
}

async fn read(office: &Office<'_>, view: Value, variables: Value) -> Value {
    let answer = answer(office, view, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["savedViewResult"].clone()
}

async fn a_view_shows_what_its_document_asks_for(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "all-stores", STORES).await;
    assert_eq!((&view["status"], &view["version"], &view["variables"]), (&json!("READY"), &json!(1), &json!({})), "{view:#}");
    assert_eq!((&view["document"], &view["owner"]["__typename"]), (&json!(STORES), &json!("Member")), "{view:#}");
    let first = read(&office, json!({ "id": view["id"] }), Value::Null).await;
    assert_eq!((&first["data"], &first["errors"]), (&office.execute(STORES, json!({})).await["data"], &json!([])), "{first:#}");
    assert_eq!(first["hash"].as_str().unwrap().len(), 64);
    let second = read(&office, json!({ "slug": "all-stores" }), Value::Null).await;
    assert_eq!(second["hash"], first["hash"], "nothing has changed");
    office.new_store("ANNEX").await;
    let third = read(&office, json!({ "slug": "all-stores" }), Value::Null).await;
    assert_ne!(third["hash"], first["hash"], "a store more");
    assert!(third["seq"].as_i64() > first["seq"].as_i64(), "{third:#}");
    let listed = office.execute("{ savedViews { nodes { slug } } }", json!({})).await;
    let slugs = listed["data"]["savedViews"]["nodes"].as_array().unwrap();
    assert!(slugs.contains(&json!({ "slug": "all-stores" })), "{listed:#}");
    office.is_sound().await;
}

async fn a_view_is_read_with_the_rights_of_its_reader(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "orders", "{ stores { nodes { id } } order(by: { number: \"1\" }) { id } }").await;
    let view = json!({ "slug": "orders" });
    assert_eq!(read(&office, view.clone(), Value::Null).await["errors"], json!([]));
    let clerk = office.as_caller(world.ours.owner_with(&["view.read", "store.read"]));
    let shown_document = read(&clerk, view.clone(), Value::Null).await;
    let codes = (&shown_document["data"]["order"], &shown_document["errors"][0]["code"]);
    assert_eq!(codes, (&Value::Null, &json!("FORBIDDEN")), "{shown_document:#}");
    assert!(!shown_document["data"]["stores"]["nodes"].as_array().unwrap().is_empty(), "{shown_document:#}");
    let error = &shown_document["errors"][0];
    assert_eq!((&error["path"], &error["permission"]), (&json!(["order"]), &json!("order.read")), "{shown_document:#}");
    let stranger = office.as_caller(world.ours.owner_with(&["store.read", "order.read"]));
    let answer = answer(&stranger, view, Value::Null).await;
    assert_eq!(answer["errors"][0]["permission"], "view.read", "{answer:#}");
}

async fn owners_see_their_own_name_without_seeing_members(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "owned", STORES).await;
    let query = "{ savedView(by: { slug: \"owned\" }) { owner { __typename ... on Member { displayName } } } }";
    let own = office.as_caller(world.ours.owner_with(&["view.read"])).execute(query, json!({})).await;
    assert!(own["errors"].is_null(), "{own:#}");
    assert!(own["data"]["savedView"]["owner"]["displayName"].is_string(), "{own:#}");
    let create =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "clerk", "name": "Clerk", "permissions": ["view.read"] });
    let role = world.must_mutate(&world.ours, create, json!({ "input": input })).await["role"]["id"].clone();
    let person = world.add_member_with("clerk", json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let denied = office.as_caller(world.caller(person).await).execute(query, json!({})).await;
    assert_eq!(denied["errors"][0]["permission"], "member.read", "{denied:#}");
}

async fn whose_contacts_a_view_shows_is_logged_with_where_it_was_read(world: &World) {
    let office = Office::of(world).await;
    let ada = json!({ "name": "Ada", "email": "ada@example.com" });
    accepted(&office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", ada).await, "customer");
    create_view(&office, "people", "{ customers { nodes { email } } }").await;
    let (company, caller) = (&world.ours, world.ours.owner.clone());
    let tenant = caller.tenant;
    let origin = Origin { request_id: "r-view".to_owned(), ip: Some("192.0.2.7".to_owned()), session: Some(company.session.id) };
    let charge = OperationCharge { charge: Charge { requested: 1, actual: 1, level: None }, at: 0 };
    let request = Request::new(READ).variables(Variables::from_json(json!({ "view": { "slug": "people" } })));
    let request = schema::attach(request, &world.node.db.tenant(tenant)).data(caller).data(charge);
    let answer = world.node.schema.execute(request.data(company.session.clone()).data(origin)).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    // The answer does not wait for the log.
    for _ in 0..100 {
        world.node.audit.seal_all().await.unwrap();
        let all = log::chain(&world.node.db.tenant(tenant), 1, 10_000).await.unwrap();
        let mut read = all.into_iter().map(|stored| stored.entry).filter(|entry| entry.action == "customer.contact.read");
        if let Some(entry) = read.find(|entry| entry.request_id == "r-view") {
            assert_eq!((entry.session, entry.ip_commitment.is_some()), (Some(company.session.id), true), "{entry:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("what the view has shown is not in the log");
}

async fn what_is_not_one_plain_query_cannot_be_a_view(world: &World) {
    let office = Office::of(world).await;
    let documents = [
        "{ stores { nodes { id }",
        "{ stores { nodes { colourOfTheDoor } } }",
        "query A { stores { nodes { id } } } query B { stores { nodes { id } } }",
        "mutation { savedViewDelete(input: { idempotencyKey: \"k\", id: \"x\" }) { replayed } }",
        "{ __schema { types { name } } }",
        "{ savedViewResult(view: { slug: \"a\" }) { hash } }",
        "{ ...Again } fragment Again on Query { savedViewResult(view: { slug: \"a\" }) { hash } }",
    ];
    for document in documents {
        refused(&attempt(&office, document).await, "INVALID", "input.document");
    }
    let long = format!("{STORES}{}", " ".repeat(20_480));
    refused(&attempt(&office, &long).await, "TOO_LONG", "input.document");
    let input = json!({ "name": "A view", "slug": "more", "document": STORES, "variables": { "colour": "red" } });
    refused(&change(&office, "Create", input).await, "INVALID", "input.variables");
    let products = "query($ids: [ID!]) { products(filter: { id: { in: $ids } }) { nodes { id } } }";
    let input = json!({ "name": "A view", "slug": "more", "document": products, "variables": { "ids": vec!["x"; 1_001] } });
    refused(&change(&office, "Create", input).await, "INVALID", "input.variables");
    let input = json!({ "name": "A view", "slug": "more", "document": STORES, "variables": [1] });
    refused(&change(&office, "Create", input).await, "INVALID", "input.variables");
}

async fn a_view_costs_a_thousand_points_at_most(world: &World) {
    let office = Office::of(world).await;
    let dear = "{ stores(first: 250) { nodes { id stockLevels(first: 250) { nodes { id } } } } }";
    refused(&attempt(&office, dear).await, "LIMIT_EXCEEDED", "input.document");
    let few = "query($n: Int!) { stores(first: $n) { nodes { id stockLevels(first: $n) { nodes { id } } } } }";
    let input = json!({ "name": "A view", "slug": "few", "document": few, "variables": { "n": 250 } });
    refused(&change(&office, "Create", input).await, "LIMIT_EXCEEDED", "input.document");
    let input = json!({ "name": "A view", "slug": "few", "document": few, "variables": { "n": 5 } });
    let payload = change(&office, "Create", input).await;
    let cost = accepted(&payload, "savedView")["cost"].as_i64().unwrap();
    assert!((1..=1_000).contains(&cost), "{payload:#}");
    // Each status is a document of up to 20 KiB that is parsed and validated.
    let input = json!({ "name": "A view", "slug": "states", "document": "{ savedViews(first: 250) { nodes { status } } }" });
    let payload = change(&office, "Create", input).await;
    assert!(accepted(&payload, "savedView")["cost"].as_i64().unwrap() >= 250, "{payload:#}");
}

async fn a_reader_sets_the_variables_that_the_document_declares(world: &World) {
    let office = Office::of(world).await;
    office.new_store("ANNEX").await;
    let document = "query($n: Int!) { stores(first: $n) { nodes { id } } }";
    let input = json!({ "name": "Some", "slug": "some", "document": document, "variables": { "n": 1 } });
    accepted(&change(&office, "Create", input).await, "savedView");
    for (variables, expected) in [(Value::Null, 1), (json!({}), 1), (json!({ "n": 2 }), 2)] {
        let shown_document = read(&office, json!({ "slug": "some" }), variables.clone()).await;
        assert_eq!(
            shown_document["data"]["stores"]["nodes"].as_array().unwrap().len(),
            expected,
            "{variables}: {shown_document:#}"
        );
    }
    for variables in [json!({ "n": "two" }), json!({ "m": 2 }), json!([2])] {
        let answer = answer(&office, json!({ "slug": "some" }), variables.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{variables}: {answer:#}");
    }
}

async fn a_paused_view_is_not_run(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "pause", STORES).await;
    let input = json!({ "id": view["id"], "expectedVersion": 1, "isPaused": true });
    let payload = change(&office, "Update", input).await;
    assert_eq!(accepted(&payload, "savedView")["status"], "PAUSED");
    let refused = answer(&office, json!({ "slug": "pause" }), Value::Null).await;
    assert_eq!(refused["errors"][0]["message"], "this saved view is paused", "{refused:#}");
    let input = json!({ "id": view["id"], "expectedVersion": 2, "isPaused": false, "name": "Again" });
    let payload = change(&office, "Update", input).await;
    let again = accepted(&payload, "savedView");
    assert_eq!((&again["status"], &again["name"], &again["version"]), (&json!("READY"), &json!("Again"), &json!(3)));
    read(&office, json!({ "slug": "pause" }), Value::Null).await;
}

/// Counts the documents that run, and how many at once.
#[derive(Default)]
struct Counting {
    all: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl ViewEngine for Counting {
    async fn examine(&self, _document: &str, _variables: &Values, _is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault> {
        Ok(Ok(1))
    }
    fn invalidated_by(&self, _document: &str) -> Result<Result<InvalidatedBy, String>, Fault> {
        Ok(Ok(InvalidatedBy::Everything))
    }
    async fn answer(&self, _reader: Reader, _document: &str, _variables: Values) -> Result<Outcome, Fault> {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(self.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        // Long enough for the other calls to start.
        tokio::time::sleep(Duration::from_millis(30)).await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        Ok(Outcome::Ran { data: Value::Null, errors: Vec::new() })
    }
    fn table_problem(&self, _document: &str, _rows: Option<&str>) -> Option<String> {
        None
    }
    async fn table(&self, _requester: Requester, _request: TableRequest) -> Result<TableOutcome, Fault> {
        Ok(TableOutcome::Gone)
    }
}

async fn views_of_one_operation_are_run_one_after_another(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "all-stores", STORES).await;
    let counting = Arc::new(Counting::default());
    let engine: Arc<dyn ViewEngine> = counting.clone();
    world.node.saved_views.set_engine(&engine);
    let of = |alias: &str| format!("{alias}: savedViewResult(view: {{ slug: \"all-stores\" }}) {{ hash }}");
    let answer = office.execute(&format!("{{ {} {} {} }}", of("a"), of("b"), of("c")), json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    assert_eq!((counting.all.load(Ordering::Relaxed), counting.most.load(Ordering::Relaxed)), (3, 1));
}

async fn an_address_belongs_to_one_view(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "one", STORES).await;
    let other = create_view(&office, "other", STORES).await;
    let input = json!({ "name": "A view", "slug": "one", "document": STORES });
    refused(&change(&office, "Create", input).await, "DUPLICATE", "input.slug");
    let input = json!({ "id": other["id"], "expectedVersion": 1, "slug": "one" });
    refused(&change(&office, "Update", input).await, "DUPLICATE", "input.slug");
    let input = json!({ "name": "A view", "slug": "Not Good", "document": STORES });
    refused(&change(&office, "Create", input).await, "INVALID", "input.slug");
    // No slug can have this character, so Postgres is not queried.
    let query = "query($by: SavedViewRef!) { savedView(by: $by) { id } }";
    let answer = office.execute(query, json!({ "by": { "slug": "o\u{0}ne" } })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}

async fn all_that_is_wrong_with_a_view_is_told_stage_by_stage(world: &World) {
    let office = Office::of(world).await;
    let expected = |pairs: &[(&str, &str)]| pairs.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect::<Vec<_>>();
    create_view(&office, "one", STORES).await;
    let (mine, theirs) = (&world.ours.ids["mem"], &world.theirs.ids["mem"]);
    let readers = json!({ "roleIds": ["rol_01k5q0000000000000000000b2"], "memberIds": [mine, theirs] });
    let mut input = json!({ "name": " ", "slug": "Not Good", "document": "", "readers": readers });
    let create = async |input: &Value| refusals(&change(&office, "Create", input.clone()).await);
    let shape = [("REQUIRED", "input.name"), ("INVALID", "input.slug"), ("REQUIRED", "input.document")];
    assert_eq!(create(&input).await, expected(&shape));
    // The limit of a list of readers applies in each call that has one.
    let all = json!({ "roleIds": vec!["rol_01k5q0000000000000000000b2"; 51], "memberIds": vec![mine; 51] });
    let many = [("LIMIT_EXCEEDED", "input.readers.roleIds"), ("LIMIT_EXCEEDED", "input.readers.memberIds")];
    let crowded = json!({ "name": "A view", "slug": "crowded", "document": STORES, "readers": all });
    assert_eq!(create(&crowded).await, expected(&many));
    (input["name"], input["slug"], input["document"]) = (json!("A view"), json!("one"), json!("{ nothing }"));
    let references = [("NOT_FOUND", "input.readers.roleIds.0"), ("NOT_FOUND", "input.readers.memberIds.1")];
    assert_eq!(create(&input).await, expected(&references));
    input["readers"] = json!({ "memberIds": [mine] });
    assert_eq!(create(&input).await, expected(&[("INVALID", "input.document")]), "before the slug, which is another view's");
    input["document"] = json!(STORES);
    assert_eq!(create(&input).await, expected(&[("DUPLICATE", "input.slug")]));
    // Fields that a change does not modify are not checked.
    let other = create_view(&office, "other", STORES).await;
    let mut renamed = json!({ "id": other["id"], "expectedVersion": 9, "slug": "one" });
    let state = [("VERSION_CONFLICT", "input.expectedVersion"), ("DUPLICATE", "input.slug")];
    assert_eq!(refusals(&change(&office, "Update", renamed.clone()).await), expected(&state));
    renamed["readers"] = all;
    assert_eq!(refusals(&change(&office, "Update", renamed.clone()).await), expected(&many));
    renamed["name"] = json!("");
    let shape = [("REQUIRED", "input.name"), many[0], many[1]];
    assert_eq!(refusals(&change(&office, "Update", renamed).await), expected(&shape));
}

async fn a_repeated_call_makes_one_view_and_a_dry_run_none(world: &World) {
    let office = Office::of(world).await;
    let input = json!({ "idempotencyKey": key(), "name": "A view", "slug": "once", "document": STORES });
    let first = change(&office, "Create", input.clone()).await;
    let again = change(&office, "Create", input.clone()).await;
    assert_eq!((&again["savedView"], &again["replayed"], &again["seq"]), (&first["savedView"], &json!(true), &first["seq"]));
    let mut other = input;
    other["name"] = json!("Another");
    refused(&change(&office, "Create", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let dry = "mutation($input: SavedViewCreateInput!) { savedViewCreate(input: $input, validateOnly: true) {
        savedView { slug cost } userErrors { code } seq } }";
    let input = json!({ "idempotencyKey": key(), "name": "A view", "slug": "dry", "document": STORES });
    let answer = office.execute(dry, json!({ "input": input })).await;
    let payload = &answer["data"]["savedViewCreate"];
    assert_eq!((&payload["savedView"]["slug"], &payload["seq"]), (&json!("dry"), &Value::Null), "{answer:#}");
    let found = office.execute("{ savedView(by: { slug: \"dry\" }) { id } }", json!({})).await;
    assert_eq!(found["data"], json!({ "savedView": null }), "{found:#}");
}

async fn a_view_that_has_changed_is_not_overwritten(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "shared", STORES).await;
    let input = json!({ "id": view["id"], "expectedVersion": 2, "name": "Mine" });
    refused(&change(&office, "Update", input).await, "VERSION_CONFLICT", "input.expectedVersion");
    let input = json!({ "id": view["id"], "expectedVersion": 1, "document": "{ nothing }" });
    refused(&change(&office, "Update", input).await, "INVALID", "input.document");
}

async fn a_removed_view_is_gone(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "gone", STORES).await;
    let payload = change(&office, "Delete", json!({ "id": view["id"] })).await;
    assert_eq!(accepted(&payload, "savedView")["id"], view["id"]);
    refused(&change(&office, "Delete", json!({ "id": view["id"] })).await, "NOT_FOUND", "input.id");
    let answer = answer(&office, json!({ "slug": "gone" }), Value::Null).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    office.is_sound().await;
}

async fn another_companys_views_are_not_found(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "ours", STORES).await;
    let (theirs, query) = (&world.theirs, "query($by: SavedViewRef!) { savedView(by: $by) { id } }");
    for by in [json!({ "id": view["id"] }), json!({ "slug": "ours" })] {
        let answer = world.execute(theirs, Some(theirs.owner.clone()), query, &json!({ "by": by })).await;
        assert_eq!(answer["data"], json!({ "savedView": null }), "{answer:#}");
    }
}
