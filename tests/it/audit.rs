//! The audit log: nothing happens without an entry, and no entry changes without being found out.

use async_graphql::{Request, Variables};
use entity::prelude::*;
use entrepot::{
    access::Caller,
    audit::{Origin, rows, verify},
    schema,
    storage::{Backend, Fault},
};
use serde_json::{Value, json};

use crate::{
    authorization::world::{Company, World},
    support::sessions::lets_in,
    world::on_both,
};

mod chain;
mod overload;

on_both!(
    every_event_of_a_tenant_has_its_entry,
    what_comes_to_nothing_is_there_too,
    a_payment_names_its_return_however_that_was_named,
    logins_are_in_the_log_of_where_they_lead,
    a_refresh_token_that_comes_back_is_in_the_log_with_what_it_ended,
    a_withdrawn_access_token_is_in_the_log_with_what_it_ended,
    what_was_written_stays,
    an_address_can_be_erased_and_the_chain_holds,
    the_log_can_be_read_in_pages_and_searched,
);

fn session() -> SessionId {
    SessionId::from_uuid(uuid::Uuid::from_u128(7))
}

fn origin() -> Origin {
    Origin { request_id: "req-1".to_owned(), ip: Some("192.0.2.7".to_owned()), session: Some(session()) }
}

async fn execute(world: &World, caller: Option<Caller>, query: &str, variables: Value) -> Value {
    let mut request = Request::new(query).variables(Variables::from_json(variables)).data(origin());
    if let Some(caller) = caller {
        request = schema::attach(request, &world.node.db.tenant(caller.tenant)).data(caller);
    }
    let response = world.node.schema.execute(request).await;
    json!({ "data": response.data.into_json().unwrap(), "errors": response.errors.len() })
}

async fn entries(world: &World, tenant: TenantId) -> Vec<rows::StoredEntry> {
    world.node.audit.seal_all().await.unwrap();
    rows::chain(&world.node.db.tenant(tenant), 1, 10_000).await.unwrap()
}

async fn whole(world: &World, tenant: TenantId) -> verify::Verification {
    let now = world.node.clock.now();
    verify::verify_chain(&world.node.db.tenant(tenant), Some(world.node.audit.audit_writer()), Some(now)).await.unwrap()
}

/// With the rights of the deployment's own jobs: a request has fewer (`row_security`).
async fn change(world: &World, tenant: TenantId, sql: &str) -> Result<u64, Fault> {
    let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
    let outcome = work.execute(sql, vec![]).await;
    if outcome.is_ok() {
        work.commit().await.unwrap();
    } else {
        let _ = work.rollback().await;
    }
    outcome
}

/// Removes or disables the triggers, which only the database's owner can do.
async fn without_triggers(world: &World) {
    let statements: &[&str] = match world.node.db.backend() {
        Backend::Sqlite => &[
            "DROP TRIGGER audit_entry_kept",
            "DROP TRIGGER audit_entry_stays",
            "DROP TRIGGER audit_checkpoint_kept",
            "DROP TRIGGER audit_checkpoint_stays",
        ],
        Backend::Postgres => &["ALTER TABLE audit_entry DISABLE TRIGGER ALL", "ALTER TABLE audit_checkpoint DISABLE TRIGGER ALL"],
    };
    world.as_owner(statements).await;
}

const ADJUST: &str =
    "mutation($input: StockAdjustInput!, $dry: Boolean! = false) { stockAdjust(input: $input, validateOnly: $dry) {
    movement { id } userErrors { code } replayed } }";

fn adjust(company: &Company, key: &str, delta: i64) -> Value {
    let line = json!({ "product": { "id": company.ids["prd"] }, "store": { "id": company.ids["sto"] }, "delta": delta });
    json!({ "input": { "idempotencyKey": key, "reasonCode": "OTHER", "changes": [line] } })
}

/// A change that is no command of the ledger: its entry gets its place later.
async fn open_store(world: &World, company: &Company, code: &str) {
    let create = "mutation($input: StoreCreateInput!) { storeCreate(input: $input) { userErrors { code } } }";
    let answer = execute(world, Some(company.owner.clone()), create, json!({ "input": { "code": code, "name": code } })).await;
    assert_eq!(answer["data"]["storeCreate"]["userErrors"], json!([]), "{answer}");
}

async fn every_event_of_a_tenant_has_its_entry(world: &World) {
    let company = &world.ours;
    let answer = execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "a1", 3)).await;
    let movement = answer["data"]["stockAdjust"]["movement"]["id"].as_str().unwrap().to_owned();
    let log = entries(world, company.owner.tenant).await;
    let head = world.node.db.tenant(company.owner.tenant).head().await.unwrap().seq;
    assert!(head > 10, "the world has a past");
    let mut sequences: Vec<i64> = Vec::new();
    for stored in log.iter().filter(|stored| stored.entry.outcome.as_str() == "DONE") {
        let changes: Value = serde_json::from_str(&stored.entry.changes).unwrap();
        if let Some(events) = changes["events"].as_array() {
            sequences.extend(events[0].as_i64().unwrap()..=events[1].as_i64().unwrap());
        }
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=head).collect::<Vec<_>>(), "each event belongs to one entry");
    let last = &log.last().unwrap().entry;
    assert_eq!((last.action.as_str(), last.actor), ("stockAdjust", Some(company.owner.actor)));
    assert_eq!(last.target.as_ref().map(ToString::to_string), Some(movement), "it names what it made");
    assert_eq!((last.request_id.as_str(), last.session), ("req-1", Some(session())));
    let create = log.iter().find(|stored| stored.entry.action == "productCreate").unwrap();
    assert_eq!(create.entry.target.as_ref().map(ToString::to_string).as_ref(), Some(&company.ids["prd"]));
    assert!(log.iter().all(|stored| stored.entry.tenant == company.owner.tenant));
}

async fn what_comes_to_nothing_is_there_too(world: &World) {
    let company = &world.ours;
    let tenant = company.owner.tenant;
    execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "n1", 1)).await;
    let before = entries(world, tenant).await.len();
    let replay = execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "n1", 1)).await;
    assert_eq!(replay["data"]["stockAdjust"]["replayed"], json!(true));
    execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "n2", -9_000_000)).await;
    let create = "mutation($input: StoreCreateInput!) { storeCreate(input: $input) { userErrors { code } } }";
    execute(world, Some(company.owner.clone()), create, json!({ "input": { "code": "alpha-shop", "name": "again" } })).await;
    // The entry also names the object that a reference resolves to.
    let archive = "mutation($input: StoreArchiveInput!) { storeArchive(input: $input) { userErrors { code } } }";
    let stale = json!({ "input": { "store": { "code": "alpha-shop" }, "expectedVersion": 99 } });
    execute(world, Some(company.owner.clone()), archive, stale).await;
    execute(world, Some(company.owner_with(&["product.read"])), ADJUST, adjust(company, "n3", 1)).await;
    let levels = "{ stockLevels { nodes { id } } }";
    for _ in 0..3 {
        execute(world, Some(company.owner_with(&["product.read"])), levels, json!({})).await;
    }
    // A field that may be null swallows its error; the log does not.
    let order = "query($id: ID!) { order(by: { id: $id }) { id } }";
    execute(world, Some(company.owner_with(&["product.read"])), order, json!({ "id": company.ids["ord"] })).await;
    let mut dry = adjust(company, "n4", 1);
    dry["dry"] = json!(true);
    execute(world, Some(company.owner.clone()), ADJUST, dry).await;
    execute(world, Some(company.owner.clone()), levels, json!({})).await;
    let log = entries(world, tenant).await;
    let reported_entries: Vec<(String, &str, Value)> = log[before..]
        .iter()
        .map(|stored| {
            let changes: Value = serde_json::from_str(&stored.entry.changes).unwrap();
            (stored.entry.action.clone(), stored.entry.outcome.as_str(), changes["codes"].clone())
        })
        .collect();
    let line = |action: &str, outcome, codes: Value| (action.to_owned(), outcome, codes);
    assert_eq!(
        reported_entries,
        [
            line("stockAdjust", "UNCHANGED", Value::Null),
            line("stockAdjust", "REFUSED", json!(["INSUFFICIENT_STOCK"])),
            line("storeCreate", "REFUSED", json!(["DUPLICATE"])),
            line("storeArchive", "REFUSED", json!(["VERSION_CONFLICT"])),
            line("stockAdjust", "DENIED", json!(["FORBIDDEN"])),
            // Repeated denials are one line; dry runs and permitted queries have none.
            line("stockLevels", "DENIED", json!(["FORBIDDEN"])),
            line("order", "DENIED", json!(["FORBIDDEN"])),
        ]
    );
    let archive = log.iter().find(|stored| stored.entry.action == "storeArchive").unwrap();
    assert_eq!(archive.entry.target.as_ref().map(ToString::to_string).as_ref(), Some(&company.ids["sto"]));
}

async fn a_payment_names_its_return_however_that_was_named(world: &World) {
    let company = &world.ours;
    let run_query =
        async |query: &str, variables: Value| execute(world, Some(company.owner.clone()), query, variables).await["data"].clone();
    let found = run_query("query($id: ID!) { return(by: { id: $id }) { number } }", json!({ "id": company.ids["ret"] })).await;
    let record =
        "mutation($input: PaymentRecordInput!) { paymentRecord(input: $input) { payment { id } userErrors { code message } } }";
    let (number, own) = (&found["return"]["number"], Some(company.ids["ret"].clone()));
    // The return is not closed, so each of the calls is refused.
    for (key, named, target) in [
        ("r1", json!({ "returnId": company.ids["ret"] }), own.clone()),
        ("r2", json!({ "return": { "id": company.ids["ret"] } }), own.clone()),
        ("r3", json!({ "return": { "number": number } }), own),
        ("r4", json!({ "return": { "number": "RT-999999" } }), None),
    ] {
        let mut input = json!({ "idempotencyKey": key, "order": { "id": company.ids["ord"] }, "kind": "REFUND", "method": "CARD",
            "amount": { "amount": "0.01", "currencyCode": "GBP" } });
        input.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        let answer = run_query(record, json!({ "input": input })).await;
        assert_eq!(answer["paymentRecord"]["payment"], Value::Null, "{answer:#}");
        let last = entries(world, company.owner.tenant).await.pop().unwrap().entry;
        assert_eq!((last.action.as_str(), last.outcome.as_str()), ("paymentRecord", "REFUSED"), "{named}");
        assert_eq!(last.target.as_ref().map(ToString::to_string), target, "{named}");
    }
}

async fn logins_are_in_the_log_of_where_they_lead(world: &World) {
    let company = &world.ours;
    let tenant = company.owner.tenant;
    let (before, head) = (entries(world, tenant).await.len(), world.node.db.tenant(tenant).head().await.unwrap());
    let nowhere = entries(world, TenantId::NIL).await.len();
    let login =
        "mutation($email: String!, $password: String!) { login(email: $email, password: $password) { userErrors { code } } }";
    for (email, password) in [
        ("alpha@example.com", "not the password at all"),
        ("alpha@example.com", "correct horse battery staple"),
        ("nobody@example.com", "not the password at all"),
    ] {
        execute(world, None, login, json!({ "email": email, "password": password })).await;
    }
    let log = entries(world, tenant).await;
    let reported_entries: Vec<_> =
        log[before..].iter().map(|s| (s.entry.action.as_str(), s.entry.outcome.as_str(), s.entry.actor)).collect();
    assert_eq!(reported_entries[0], ("login", "REFUSED", Some(company.owner.actor)), "somebody tried to come in as the owner");
    assert_eq!(reported_entries[1], ("login", "DONE", Some(company.owner.actor)));
    assert_eq!(reported_entries.len(), 2);
    let unknown = entries(world, TenantId::NIL).await;
    assert_eq!(unknown.len(), nowhere + 1, "a login as nobody belongs to no tenant");
    assert_eq!(unknown.last().unwrap().entry.actor, None);
    let text = format!("{log:?}{unknown:?}");
    assert!(
        !text.contains("password at all") && !text.contains("horse") && !text.contains("@example"),
        "arguments are never kept"
    );
    assert_eq!(world.node.db.tenant(tenant).head().await.unwrap(), head, "logins leave the stock's counter alone");
}

async fn a_refresh_token_that_comes_back_is_in_the_log_with_what_it_ended(world: &World) {
    let tenant = world.ours.owner.tenant;
    let login = "mutation { login(email: \"alpha@example.com\", password: \"correct horse battery staple\") { result { ... on TokenPair { refreshToken } } } }";
    let refresh = "mutation($token: String!) { sessionRefresh(refreshToken: $token) { result { ... on TokenPair { refreshToken } } userErrors { code } } }";
    let first = execute(world, None, login, json!({})).await["data"]["login"]["result"]["refreshToken"].clone();
    let second =
        execute(world, None, refresh, json!({ "token": first })).await["data"]["sessionRefresh"]["result"]["refreshToken"]
            .clone();
    let third =
        execute(world, None, refresh, json!({ "token": second })).await["data"]["sessionRefresh"]["result"]["refreshToken"]
            .clone();
    assert!(third.is_string(), "the session goes on");
    let stolen = execute(world, None, refresh, json!({ "token": first })).await;
    assert_eq!(stolen["data"]["sessionRefresh"]["userErrors"][0]["code"], json!("TOKEN_EXPIRED"));
    let log = entries(world, tenant).await;
    let reported_entries: Vec<_> =
        log[log.len() - 4..].iter().map(|s| (s.entry.action.as_str(), s.entry.outcome.as_str())).collect();
    assert_eq!(
        reported_entries,
        [("login", "DONE"), ("sessionRefresh", "DONE"), ("sessionRefresh", "DONE"), ("sessionRefresh", "REFUSED")]
    );
    let last = &log.last().unwrap().entry;
    assert!(last.changes.contains("REFRESH_TOKEN_REUSED"), "{last:?}");
    assert_eq!(
        (last.actor, last.target.as_ref().map(|target| target.kind.as_str())),
        (Some(world.ours.owner.actor), Some("ses"))
    );
}

async fn a_withdrawn_access_token_is_in_the_log_with_what_it_ended(world: &World) {
    let tenant = world.ours.owner.tenant;
    let pair = "result { ... on TokenPair { accessToken refreshToken session { id } } }";
    let login = format!(
        "mutation {{ it: login(email: \"alpha@example.com\", password: \"correct horse battery staple\") {{ {pair} }} }}"
    );
    let refresh = format!("mutation($token: String!) {{ it: sessionRefresh(refreshToken: $token) {{ {pair} }} }}");
    let given = |answer: Value| answer["data"]["it"]["result"].clone();
    let first = given(execute(world, None, &login, json!({})).await);
    let lost = given(execute(world, None, &refresh, json!({ "token": first["refreshToken"] })).await);
    world.advance_clock(11);
    let again = given(execute(world, None, &refresh, json!({ "token": first["refreshToken"] })).await);
    assert!(again["accessToken"].is_string(), "the reply was lost, and is given again");
    let before = entries(world, tenant).await.len();
    assert!(!lets_in(&world.node, lost["accessToken"].as_str().unwrap()).await, "what was lost turns up");
    assert!(!lets_in(&world.node, again["accessToken"].as_str().unwrap()).await, "and ends the session");
    let log = entries(world, tenant).await;
    assert_eq!(log.len(), before + 1);
    let last = &log.last().unwrap().entry;
    assert_eq!(
        (last.action.as_str(), last.outcome.as_str(), last.actor),
        ("session.end", "REFUSED", Some(world.ours.owner.actor))
    );
    assert!(last.changes.contains("REFRESH_TOKEN_REUSED") && last.ip_commitment.is_some(), "{last:?}");
    let session_id = first["session"]["id"].as_str().unwrap();
    assert_eq!(last.session.map(|id| id.to_string()).as_deref(), Some(session_id));
    assert_eq!(last.target.as_ref().map(|target| (target.kind.as_str(), target.id)), last.session.map(|id| ("ses", id.uuid())));
    assert!(whole(world, tenant).await.is_ok());
}

async fn what_was_written_stays(world: &World) {
    let tenant = world.ours.owner.tenant;
    entries(world, tenant).await;
    for sql in [
        "UPDATE audit_entry SET action = 'nothing' WHERE tenant_id = $1 AND seq = 2",
        "UPDATE audit_entry SET outcome = 'REFUSED' WHERE tenant_id = $1 AND seq = 2",
        "UPDATE audit_entry SET hash = prev_hash WHERE tenant_id = $1 AND seq = 2",
        "UPDATE audit_entry SET seq = 900, prev_hash = hash WHERE tenant_id = $1 AND seq = 2",
        "UPDATE audit_entry SET ip = '198.51.100.1' WHERE tenant_id = $1 AND seq = 2",
        "DELETE FROM audit_entry WHERE tenant_id = $1 AND seq = 2",
        "DELETE FROM audit_checkpoint WHERE tenant_id = $1",
        "UPDATE audit_checkpoint SET hash = signature WHERE tenant_id = $1",
    ] {
        let refused = change(world, tenant, sql).await.unwrap_err().to_string();
        assert!(refused.contains("audit"), "{sql}: {refused}");
    }
    assert!(whole(world, tenant).await.is_ok());
}

async fn an_address_can_be_erased_and_the_chain_holds(world: &World) {
    let (company, tenant) = (&world.ours, world.ours.owner.tenant);
    execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "ip", 1)).await;
    let last = entries(world, tenant).await.pop().unwrap();
    assert_eq!(last.address.as_ref().unwrap().ip, "192.0.2.7");
    change(world, tenant, "UPDATE audit_entry SET ip = NULL, ip_salt = NULL WHERE tenant_id = $1 AND ip IS NOT NULL")
        .await
        .unwrap();
    let erased = entries(world, tenant).await.pop().unwrap();
    assert!(erased.address.is_none() && erased.entry.ip_commitment.is_some());
    assert!(whole(world, tenant).await.is_ok());
}

async fn the_log_can_be_read_in_pages_and_searched(world: &World) {
    let (company, other) = (&world.ours, &world.theirs);
    let answer = execute(world, Some(company.owner.clone()), ADJUST, adjust(company, "g1", 2)).await;
    let movement = answer["data"]["stockAdjust"]["movement"]["id"].clone();
    let log = entries(world, company.owner.tenant).await;
    let query =
        "query($filter: AuditFilter, $first: Int, $after: Cursor) { auditEntries(filter: $filter, first: $first, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { id seq at action outcome requestId ip changes prevHash hash targetId
            target { __typename id } actor { __typename ... on Member { email } ... on SystemActor { name } } } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = execute(world, Some(company.owner.clone()), query, json!({ "first": 7, "after": after })).await;
        assert_eq!(page["errors"], json!(0), "{page:#}");
        let page = &page["data"]["auditEntries"];
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["seq"].as_i64().unwrap()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] != json!(true) {
            break;
        }
    }
    assert_eq!(seen, (1..=log.len() as i64).rev().collect::<Vec<_>>(), "every entry once, the newest first");
    let only = async |filter: Value| {
        let answer = execute(world, Some(company.owner.clone()), query, json!({ "filter": filter })).await;
        answer["data"]["auditEntries"]["nodes"].as_array().cloned().unwrap_or_default()
    };
    let found = only(json!({ "target": { "eq": movement } })).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["target"], json!({ "__typename": "StockMovement", "id": movement }));
    assert_eq!((&found[0]["outcome"], &found[0]["ip"]), (&json!("DONE"), &json!("192.0.2.7")));
    assert_eq!(found[0]["actor"]["email"], json!("alpha@example.com"));
    assert!(only(json!({ "action": { "eq": "STOCKADJUST" } })).await.len() >= 3, "case does not count");
    assert!(
        only(json!({ "action": { "startsWith": "stock" } }))
            .await
            .iter()
            .all(|node| node["action"].as_str().unwrap().starts_with("stock"))
    );
    assert!(!only(json!({ "action": { "contains": "Create" } })).await.is_empty());
    assert_eq!(only(json!({ "action": { "in": [] } })).await.len(), 0);
    assert_eq!(only(json!({ "actor": { "eq": company.ids["prd"] } })).await.len(), 0);
    assert!(only(json!({ "actor": { "eq": company.ids["mem"] } })).await.len() > 5);
    assert_eq!(only(json!({ "at": { "lt": "2011-01-01T00:00:00Z" } })).await.len(), 0);
    assert!(only(json!({ "outcome": ["DENIED", "FAILED"] })).await.iter().all(|node| node["outcome"] != "DONE"));
    assert!(!only(json!({ "outcome": ["DONE"] })).await.is_empty());
    let oldest = "{ auditEntries(sort: { field: SEQ, direction: ASC }, first: 3) { nodes { seq } } }";
    let oldest = execute(world, Some(company.owner.clone()), oldest, json!({})).await;
    assert_eq!(oldest["data"]["auditEntries"]["nodes"], json!([{ "seq": 1 }, { "seq": 2 }, { "seq": 3 }]), "{oldest:#}");
    let end = "query($before: Cursor) { auditEntries(last: 2, before: $before) { nodes { seq } pageInfo { startCursor hasPreviousPage } } }";
    let end_page = execute(world, Some(company.owner.clone()), end, json!({})).await["data"]["auditEntries"].clone();
    assert_eq!(end_page["nodes"], json!([{ "seq": 2 }, { "seq": 1 }]), "the last of the newest first: {end_page:#}");
    let above = execute(world, Some(company.owner.clone()), end, json!({ "before": end_page["pageInfo"]["startCursor"] })).await;
    assert_eq!(above["data"]["auditEntries"]["nodes"], json!([{ "seq": 4 }, { "seq": 3 }]), "{above:#}");

    let proof = "query($to: Long!) { auditVerify(fromSeq: 1, toSeq: $to) { ok firstBrokenSeq headHash } }";
    let answer = execute(world, Some(company.owner.clone()), proof, json!({ "to": 50_000 })).await;
    let head = rows::head(&world.node.db.tenant(company.owner.tenant)).await.unwrap().unwrap();
    let expected = json!({ "ok": true, "firstBrokenSeq": null, "headHash": hex::encode(head.chain.hash) });
    assert_eq!(answer["data"]["auditVerify"], expected);
    for to in [0, 200_001] {
        assert_eq!(execute(world, Some(company.owner.clone()), proof, json!({ "to": to })).await["errors"], json!(1));
    }
    let theirs = execute(world, Some(other.owner.clone()), query, json!({ "filter": { "target": { "eq": movement } } })).await;
    assert_eq!(theirs["data"]["auditEntries"]["nodes"], json!([]), "another tenant's log is another log");
}
