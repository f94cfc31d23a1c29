//! Views that are followed: they are shown again when something else is to be seen, and only then.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::{Request, Response, Variables};
use async_trait::async_trait;
use entrepot::{
    access::{Caller, LiveRights},
    exchange::Requester,
    saved_views::{
        core::{InvalidatedBy, Variables as Values},
        shell::{DocumentProblem, DocumentRefusal, Outcome, Reader, TableOutcome, TableRequest, ViewEngine},
    },
    schema,
    storage::Fault,
};
use futures_util::{StreamExt, stream::BoxStream};
use serde_json::{Value, json};

use super::{STORES, change, create_view, read};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(
    a_followed_view_is_shown_again_when_something_else_is_to_be_seen,
    many_changes_are_shown_at_most_once_a_second,
    a_view_is_read_again_after_events_of_its_kinds_only,
    what_was_refused_for_now_is_read_later,
    a_follower_goes_on_from_what_it_has_seen,
    a_follower_goes_on_from_events_that_are_gone_and_starts_over_where_commits_are_lost,
    a_follower_sees_with_the_rights_of_now,
    a_view_that_changes_itself_is_followed,
    what_costs_too_much_or_changes_unheard_is_not_followed,
    another_companys_view_is_not_followed,
);

const FOLLOW: &str = "subscription($view: SavedViewRef!, $variables: JSON, $after: Cursor) {
    savedViewChanged(view: $view, variables: $variables, after: $after) { phase cursor data errors { code path } seq hash reset } }";

/// Responses that a follower of a view receives.
struct Feed(BoxStream<'static, Response>);

impl Feed {
    fn open(world: &World, caller: Caller, standing: Option<LiveRights>, variables: Value) -> Self {
        let request = Request::new(FOLLOW).variables(Variables::from_json(variables));
        let request = schema::attach(request, &world.node.db.tenant(caller.tenant)).data(caller);
        let request = request.data(world.ours.session.clone());
        let request = match standing {
            Some(standing) => request.data(standing),
            None => request,
        };
        Self(world.node.schema.execute_stream(request))
    }

    fn of(office: &Office<'_>, slug: &str) -> Self {
        Self::open(office.world, office.caller.clone(), None, json!({ "view": { "slug": slug } }))
    }

    async fn answer(&mut self) -> Option<Response> {
        tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("an item in time")
    }

    async fn next(&mut self) -> Value {
        let answer = self.answer().await.expect("the stream goes on");
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        answer.data.into_json().unwrap()["savedViewChanged"].take()
    }

    /// The words with which it ends.
    async fn refusal(&mut self) -> String {
        let answer = self.answer().await.expect("a refusal");
        let message = answer.errors.first().expect("a refusal").message.clone();
        assert!(self.answer().await.is_none(), "it has ended");
        message
    }

    /// Waits until `runs` documents have been executed, and expects no update meanwhile.
    async fn quiet_until(&mut self, engine: &Scripted, runs: usize) {
        let started_at = Instant::now();
        while engine.runs.load(Ordering::Relaxed) < runs {
            assert!(started_at.elapsed() < Duration::from_secs(20), "it is not run");
            self.hears_nothing(Duration::from_millis(50)).await;
        }
    }

    async fn hears_nothing(&mut self, time: Duration) {
        let heard = tokio::time::timeout(time, self.0.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

fn nodes(update: &Value) -> usize {
    update["data"]["stores"]["nodes"].as_array().map_or(0, Vec::len)
}

/// Engine with scripted answers, for views of stores.
#[derive(Default)]
struct Scripted {
    runs: AtomicUsize,
    shown: Mutex<Value>,
    /// Number of refusals still to come.
    refusals: AtomicUsize,
}

impl Scripted {
    fn running(world: &World) -> (Arc<Self>, Arc<dyn ViewEngine>) {
        let scripted = Arc::new(Self::default());
        let engine: Arc<dyn ViewEngine> = scripted.clone();
        world.node.saved_views.set_engine(&engine);
        (scripted, engine)
    }
    fn shows(&self, data: Value) {
        *self.shown.lock().unwrap() = data;
    }
}

#[async_trait]
impl ViewEngine for Scripted {
    async fn examine(&self, _document: &str, _variables: &Values, _is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault> {
        Ok(Ok(1))
    }
    fn invalidated_by(&self, _document: &str) -> Result<Result<InvalidatedBy, String>, Fault> {
        Ok(Ok(InvalidatedBy::Nouns(["store"].into())))
    }
    async fn answer(&self, _reader: Reader, _document: &str, _variables: Values) -> Result<Outcome, Fault> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let refuses = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuses).is_ok() {
            let (code, message) = ("RATE_LIMITED".to_owned(), "the budget is spent".to_owned());
            return Ok(Outcome::Refused(DocumentRefusal { code, message, retry_after_ms: Some(10) }));
        }
        Ok(Outcome::Ran { data: self.shown.lock().unwrap().clone(), errors: Vec::new() })
    }
    fn table_problem(&self, _document: &str, _rows: Option<&str>) -> Option<String> {
        None
    }
    async fn table(&self, _requester: Requester, _request: TableRequest) -> Result<TableOutcome, Fault> {
        Ok(TableOutcome::Gone)
    }
}

async fn a_followed_view_is_shown_again_when_something_else_is_to_be_seen(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "all-stores", STORES).await;
    let mut feed = Feed::of(&office, "all-stores");
    let ready = feed.next().await;
    let fresh = read(&office, json!({ "slug": "all-stores" }), Value::Null).await;
    assert_eq!((&ready["phase"], &ready["reset"], &ready["errors"]), (&json!("READY"), &Value::Null, &json!([])), "{ready:#}");
    assert_eq!((&ready["data"], &ready["hash"], &ready["seq"]), (&fresh["data"], &fresh["hash"], &fresh["seq"]));
    office.new_store("ANNEX").await;
    let live = feed.next().await;
    let fresh = read(&office, json!({ "slug": "all-stores" }), Value::Null).await;
    assert_eq!((&live["phase"], nodes(&live)), (&json!("LIVE"), nodes(&ready) + 1), "{live:#}");
    assert_eq!((&live["data"], &live["hash"]), (&fresh["data"], &fresh["hash"]));
    assert!(live["seq"].as_i64() > ready["seq"].as_i64(), "{live:#}");
    office.is_sound().await;
}

async fn many_changes_are_shown_at_most_once_a_second(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "all-stores", STORES).await;
    let mut feed = Feed::of(&office, "all-stores");
    let (ready, started_at) = (feed.next().await, Instant::now());
    let open = async {
        for number in 0..20 {
            office.new_store(&format!("POPUP{number}")).await;
        }
    };
    let hear = async {
        let mut heard = vec![feed.next().await];
        while heard.last().map(nodes) != Some(nodes(&ready) + 20) {
            heard.push(feed.next().await);
        }
        heard
    };
    let ((), heard) = tokio::join!(open, hear);
    let most = started_at.elapsed().as_secs() + 1;
    assert!(heard.len() as u64 <= most, "{} items, at most {most}", heard.len());
    let fresh = read(&office, json!({ "slug": "all-stores" }), Value::Null).await;
    assert_eq!(heard.last().unwrap()["hash"], fresh["hash"], "the last is as things are");
}

async fn a_view_is_read_again_after_events_of_its_kinds_only(world: &World) {
    let office = Office::of(world).await;
    let (engine, _kept) = Scripted::running(world);
    create_view(&office, "our-stores", STORES).await;
    engine.shows(json!({ "n": 1 }));
    let mut feed = Feed::of(&office, "our-stores");
    assert_eq!(feed.next().await["data"], json!({ "n": 1 }));
    // The view depends on stores; this new store runs its document, which returns the same data.
    office.new_store("ANNEX").await;
    feed.quiet_until(&engine, 2).await;
    engine.shows(json!({ "n": 2 }));
    // A supplier is not.
    let supplier = json!({ "code": "GLASS", "name": "Glaziers" });
    accepted(&office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", supplier).await, "supplier");
    feed.hears_nothing(Duration::from_millis(1_200)).await;
    office.new_store("BARN").await;
    let live = feed.next().await;
    assert_eq!((&live["phase"], &live["data"]), (&json!("LIVE"), &json!({ "n": 2 })), "{live:#}");
    assert_eq!(engine.runs.load(Ordering::Relaxed), 3, "one reading for each of the stores, and the first");
}

async fn what_was_refused_for_now_is_read_later(world: &World) {
    let office = Office::of(world).await;
    let (engine, _kept) = Scripted::running(world);
    create_view(&office, "our-stores", STORES).await;
    engine.shows(json!({ "n": 1 }));
    let mut feed = Feed::of(&office, "our-stores");
    assert_eq!(feed.next().await["data"], json!({ "n": 1 }));
    engine.shows(json!({ "n": 2 }));
    engine.refusals.store(1, Ordering::Relaxed);
    office.new_store("ANNEX").await;
    assert_eq!(feed.next().await["data"], json!({ "n": 2 }), "a budget fills again");
    // A follower without a response yet is refused at once.
    engine.refusals.store(1, Ordering::Relaxed);
    assert!(Feed::of(&office, "our-stores").refusal().await.starts_with("too many attempts"));
}

async fn a_follower_goes_on_from_what_it_has_seen(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "all-stores", STORES).await;
    let ready = Feed::of(&office, "all-stores").next().await;
    let after = |view: &str| json!({ "view": { "slug": view }, "after": ready["cursor"] });
    let mut same = Feed::open(world, office.caller.clone(), None, after("all-stores"));
    same.hears_nothing(Duration::from_millis(200)).await;
    office.new_store("ANNEX").await;
    // A follower that reconnects before or after the change gets the update that it has not seen.
    for feed in [&mut same, &mut Feed::open(world, office.caller.clone(), None, after("all-stores"))] {
        let live = feed.next().await;
        assert_eq!((&live["phase"], nodes(&live)), (&json!("LIVE"), nodes(&ready) + 1), "{live:#}");
    }
    create_view(&office, "others", STORES).await;
    for variables in [after("others"), json!({ "view": { "slug": "all-stores" }, "after": "nonsense" })] {
        let mut feed = Feed::open(world, office.caller.clone(), None, variables);
        let last = feed.next().await;
        assert_eq!((&last["phase"], &last["reset"]), (&json!("RESET"), &json!("CURSOR_FOREIGN")), "{last:#}");
        assert!(feed.answer().await.is_none());
    }
}

async fn a_follower_goes_on_from_events_that_are_gone_and_starts_over_where_commits_are_lost(world: &World) {
    let office = Office::of(world).await;
    let write = async |sql: &str| {
        let work = world.node.db.global().maintenance_for(office.caller.tenant).await.unwrap();
        assert_eq!(work.execute(sql, vec![]).await.unwrap(), 1, "{sql}");
        work.commit().await.unwrap();
    };
    let after = |cursor: &Value| {
        let variables = json!({ "view": { "slug": "all-stores" }, "after": cursor });
        Feed::open(world, office.caller.clone(), None, variables)
    };
    create_view(&office, "all-stores", STORES).await;
    let ready = Feed::of(&office, "all-stores").next().await;
    office.new_store("ANNEX").await;
    // Its events need not be kept: what a view shows is whole.
    write("UPDATE tenant_counter SET low_seq = head WHERE tenant_id = $1").await;
    let live = after(&ready["cursor"]).next().await;
    assert_eq!((&live["phase"], nodes(&live)), (&json!("LIVE"), nodes(&ready) + 1), "{live:#}");
    // A new primary lacks the last commit, which the cursor comes after.
    write("UPDATE tenant_counter SET low_seq = 0, head = head - 1 WHERE tenant_id = $1").await;
    let mut feed = after(&live["cursor"]);
    let last = feed.next().await;
    assert_eq!((&last["phase"], &last["reset"]), (&json!("RESET"), &json!("EPOCH_CHANGED")), "{last:#}");
    assert!(feed.answer().await.is_none());
}

async fn a_follower_sees_with_the_rights_of_now(world: &World) {
    let office = Office::of(world).await;
    create_view(&office, "all-stores", STORES).await;
    let mut roles = Vec::new();
    let expected =
        [("clerk-a", json!(["view.read", "store.read"])), ("clerk-b", json!(["view.read"])), ("clerk-c", json!(["store.read"]))];
    for (name, permissions) in expected {
        let query = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
        let input = json!({ "idempotencyKey": key(), "key": name, "name": name, "permissions": permissions });
        let view_payload = world.must_mutate(&world.ours, query, json!({ "input": input })).await;
        roles.push(json!([{ "roleId": view_payload["role"]["id"], "scope": { "all": true } }]));
    }
    let clerk = world.add_member_with("clerk", roles[0].clone()).await;
    let caller = world.caller(clerk).await;
    let standing = world.node.access.watch_member(caller.tenant, clerk.0, &caller);
    let mut feed = Feed::open(world, caller, Some(standing), json!({ "view": { "slug": "all-stores" } }));
    assert!(nodes(&feed.next().await) > 0);
    world.set_grants(&world.ours.owner, clerk, roles[1].clone()).await;
    world.node.access.refresh_live().await;
    let live = feed.next().await;
    assert_eq!((&live["phase"], &live["data"]), (&json!("LIVE"), &Value::Null), "{live:#}");
    assert_eq!(live["errors"], json!([{ "code": "FORBIDDEN", "path": ["stores"] }]), "{live:#}");
    world.set_grants(&world.ours.owner, clerk, roles[2].clone()).await;
    world.node.access.refresh_live().await;
    let last = feed.next().await;
    assert_eq!((&last["phase"], &last["reset"]), (&json!("RESET"), &json!("SCOPE_CHANGED")), "{last:#}");
    assert!(feed.answer().await.is_none());
}

async fn a_view_that_changes_itself_is_followed(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "moving", STORES).await;
    let mut feed = Feed::of(&office, "moving");
    assert_eq!(feed.next().await["phase"], "READY");
    let document = "{ suppliers { nodes { code } } }";
    let input = json!({ "id": view["id"], "expectedVersion": 1, "document": document, "slug": "moved" });
    accepted(&change(&office, "Update", input).await, "savedView");
    let live = feed.next().await;
    assert_eq!(live["data"], office.execute(document, json!({})).await["data"], "{live:#}");
    // The view depends on suppliers now.
    let supplier = json!({ "code": "GLASS", "name": "Glaziers" });
    accepted(&office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", supplier).await, "supplier");
    assert_eq!(feed.next().await["data"], office.execute(document, json!({})).await["data"]);
    let input = json!({ "id": view["id"], "expectedVersion": 2, "isPaused": true });
    accepted(&change(&office, "Update", input).await, "savedView");
    assert_eq!(feed.refusal().await, "this saved view is paused");
    assert_eq!(Feed::of(&office, "moved").refusal().await, "this saved view is paused");
}

async fn what_costs_too_much_or_changes_unheard_is_not_followed(world: &World) {
    let office = Office::of(world).await;
    let read_view = async |slug: &str| {
        let query = "query($by: SavedViewRef!) { savedView(by: $by) { cost isLive notLiveBecause } }";
        office.execute(query, json!({ "by": { "slug": slug } })).await["data"]["savedView"].take()
    };
    create_view(
        &office,
        "dear",
        "query($n: Int = 100) { stores(first: $n) { nodes { id stockLevels(first: $n) { nodes { id } } } } }",
    )
    .await;
    let dear = read_view("dear").await;
    assert!(dear["cost"].as_i64() > Some(200) && dear["isLive"] == false, "{dear:#}");
    let message = Feed::of(&office, "dear").refusal().await;
    assert_eq!(dear["notLiveBecause"], json!(message), "{dear:#}");
    // With the reader's own variables the document is cheap.
    let few = json!({ "view": { "slug": "dear" }, "variables": { "n": 3 } });
    assert_eq!(Feed::open(world, office.caller.clone(), None, few).next().await["phase"], "READY");
    create_view(&office, "log", "{ auditEntries(first: 5) { nodes { id } } }").await;
    let log = read_view("log").await;
    assert_eq!((&log["isLive"], &log["notLiveBecause"]), (&json!(false), &json!(Feed::of(&office, "log").refusal().await)));
    create_view(&office, "plain", STORES).await;
    let plain = read_view("plain").await;
    assert_eq!((&plain["isLive"], &plain["notLiveBecause"]), (&json!(true), &Value::Null), "{plain:#}");
}

async fn another_companys_view_is_not_followed(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "ours", STORES).await;
    for by in [json!({ "id": view["id"] }), json!({ "slug": "ours" })] {
        let mut feed = Feed::open(world, world.theirs.owner.clone(), None, json!({ "view": by }));
        assert_eq!(feed.refusal().await, "there is no such saved view");
    }
}
