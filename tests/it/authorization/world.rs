//! A node without its HTTP server, on a database of its own, with two companies that have one row
//! of each kind.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

pub mod furnished;

use std::{collections::BTreeMap, path::PathBuf, sync::Mutex, time::Duration};

use async_graphql::{
    Request, Response, Variables,
    parser::{parse_query, types::ExecutableDocument},
};
use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    api::access::KeyUse,
    files::FileLocation,
    graphql::{cost_limiter::Charge, rate_limit::OperationCharge},
    identity::{LoginOutcome, NewTenant, Session, Settings, Visit},
    ledger::Grouping,
    schema,
    serve::Node,
    storage::{Backend, Reads},
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::typenames::told;
pub use crate::world::answers::text;
use crate::{
    databases::{self, Home},
    world::{self, Hands, OurTenant, Setup, keys},
};

/// A company. Its word is in every text of its rows, and nowhere else.
pub struct Company {
    pub word: &'static str,
    pub owner: Caller,
    pub session: Session,
    /// An id of every kind, by its prefix.
    pub ids: BTreeMap<&'static str, String>,
    /// ID of a second store.
    pub depot: String,
    /// Files for a picture and a document, which belong to nothing yet.
    pub picture: String,
    pub manual: String,
    /// A file for an attachment, which belongs to nothing yet.
    pub delivery: String,
    /// A hold that was lifted. It is no node.
    pub hold: String,
}

pub type World = world::World<TwoCompanies>;

pub struct TwoCompanies {
    pub node: Node,
    pub ours: Company,
    pub theirs: Company,
    /// Directory of the files.
    pub files: PathBuf,
    /// The last document, parsed: each place of the schema is called with a hundred IDs, and a
    /// document of all fields is long.
    last: Mutex<Option<(String, ExecutableDocument)>>,
}

impl TwoCompanies {
    /// A request of a document, which is parsed once as long as the document stays the same. A
    /// document with a syntax error is left to the engine.
    fn request(&self, query: &str) -> Request {
        let mut last = self.last.lock().unwrap();
        if last.as_ref().is_none_or(|(text, _)| text != query) {
            *last = parse_query(query).ok().map(|document| (query.to_owned(), document));
        }
        let mut request = Request::new(query);
        if let Some((_, document)) = last.as_ref() {
            request.set_parsed_query(document.clone());
        }
        request
    }
}

impl Setup for TwoCompanies {
    async fn set_up(home: Home) -> World {
        let hands = Hands::ticking(1_790_000_000_000_000);
        let clock = hands.clock(11);
        let node = Node::open(&home.url, clock.clone(), Settings::default(), Grouping::Together, &keys()).await.unwrap();
        let files = home.folder.join("files");
        node.files.set_location(FileLocation::Folder(files.clone()));
        let ours = Company::founded(&node, "alpha").await;
        let theirs = Company::founded(&node, "bravo").await;
        let db = node.db.clone();
        let mut world = World::new(home, db, (hands, clock), Self { node, ours, theirs, files, last: Mutex::default() });
        world.ours.depot = world.depot(&world.ours).await;
        world.theirs.depot = world.depot(&world.theirs).await;
        (world.ours.picture, world.ours.manual, world.ours.delivery) = world.unused_files(&world.ours).await;
        (world.theirs.picture, world.theirs.manual, world.theirs.delivery) = world.unused_files(&world.theirs).await;
        world.ours.ids = world.provision(&world.ours).await;
        world.theirs.ids = world.provision(&world.theirs).await;
        world.ours.hold = world.ours.ids.remove("hld").unwrap();
        world.theirs.hold = world.theirs.ids.remove("hld").unwrap();
        world
    }

    async fn on_sqlite() -> World {
        furnished::again(databases::furnished::sqlite(furnished::furnish).await).await
    }
    async fn on_postgres() -> Option<World> {
        Some(furnished::again(databases::furnished::postgres(furnished::furnish).await?).await)
    }
}

impl OurTenant for TwoCompanies {
    fn our_tenant(&self) -> TenantId {
        self.ours.owner.tenant
    }
}

impl World {
    /// Answers an operation; of a stream, its first item. Errors come as `{code, permission, message}`.
    pub async fn execute(&self, company: &Company, caller: Option<Caller>, query: &str, variables: &Value) -> Value {
        told(self.answer(company, caller, query, variables).await)
    }

    /// The same answer, as the engine returns it.
    pub async fn answer(&self, company: &Company, caller: Option<Caller>, query: &str, variables: &Value) -> Response {
        let mut request = self.request(query).variables(Variables::from_json(variables.clone()));
        if let Some(caller) = caller {
            let scope = self.node.db.tenant(caller.tenant);
            let charge = OperationCharge { charge: Charge { requested: 1, actual: 1, level: None }, at: 0 };
            // People have a session, programs the key that they call with.
            request = match caller.actor.kind {
                ActorKind::Integration => {
                    request.data(KeyUse { key: ApiKeyId::NIL, created_at: company.session.authenticated_at })
                }
                _ => request.data(company.session.clone()),
            };
            request = schema::attach(request, &scope).data(caller).data(charge);
        }
        if query.starts_with("subscription") {
            let mut stream = Box::pin(self.node.schema.execute_stream(request));
            tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap().unwrap()
        } else {
            self.node.schema.execute(request).await
        }
    }

    /// The answer of the owner's mutation, which is not refused.
    pub async fn must_mutate(&self, company: &Company, query: &str, variables: Value) -> Value {
        let answer = self.execute(company, Some(company.owner.clone()), query, &variables).await;
        let payload = answer["data"].as_object().and_then(|data| data.values().next()).cloned().unwrap_or_default();
        assert!(answer["errors"].is_null() && payload["userErrors"] == json!([]), "{query} {variables} → {answer:#}");
        payload
    }

    /// Creates one row of each kind.
    async fn provision(&self, company: &Company) -> BTreeMap<&'static str, String> {
        let word = company.word;
        let mut ids: BTreeMap<&'static str, String> = BTreeMap::new();
        let plain = [
            ("sto", "store", "storeCreate", "Store", json!({ "code": format!("{word}-shop"), "name": format!("{word} shop") })),
            ("cat", "category", "categoryCreate", "Category", json!({ "name": format!("{word} things") })),
            (
                "sup",
                "supplier",
                "supplierCreate",
                "Supplier",
                json!({ "code": format!("{word}-sup"), "name": format!("{word} supplies") }),
            ),
            (
                "fam",
                "productFamily",
                "productFamilyCreate",
                "ProductFamily",
                json!({ "name": format!("{word} mugs"), "optionNames": ["Size"] }),
            ),
            (
                "chn",
                "channel",
                "channelCreate",
                "Channel",
                json!({ "code": format!("{word}-web"), "name": format!("{word} web") }),
            ),
            (
                "cus",
                "customer",
                "customerCreate",
                "Customer",
                json!({ "externalRef": format!("{word}-1"), "name": format!("{word} buyer"), "email": format!("{word}@example.com") }),
            ),
        ];
        for (prefix, field, mutation, kind, input) in plain {
            let query = format!(
                "mutation($input: {kind}CreateInput!) {{ {mutation}(input: $input) {{ {field} {{ id }} userErrors {{ code field message }} }} }}"
            );
            let payload = self.must_mutate(company, &query, json!({ "input": input })).await;
            ids.insert(prefix, text(&payload[field]["id"]));
        }
        let input = json!({ "sku": format!("{word}-mug"), "name": format!("{word} mug"), "categoryId": ids["cat"], "supplierId": ids["sup"],
            "price": { "amount": "4.00", "currencyCode": "GBP" }, "unitCost": { "amount": "1.00", "currencyCode": "GBP" } });
        let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code field message } } }";
        ids.insert("prd", text(&self.must_mutate(company, query, json!({ "input": input })).await["product"]["id"]));
        self.trade(company, &mut ids).await;
        self.lots(company, &mut ids).await;
        self.purchases(company, &mut ids).await;
        self.revalued(company, &mut ids).await;
        self.rights(company, &mut ids).await;
        self.hooks(company, &mut ids).await;
        self.files(company, &mut ids).await;
        let input =
            json!({ "idempotencyKey": format!("{word}-note"), "nodeId": ids["prd"], "text": format!("{word} is fragile") });
        let query =
            "mutation($input: NoteAddInput!) { noteAdd(input: $input) { note { id } userErrors { code field message } } }";
        ids.insert("nte", text(&self.must_mutate(company, query, json!({ "input": input })).await["note"]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-paper"), "kind": "ORDER_CONFIRMATION", "documentId": ids["ord"] });
        let query = "mutation($input: PaperCreateInput!) { paperCreate(input: $input) { paper { id } userErrors { code field message } } }";
        ids.insert("ppr", text(&self.must_mutate(company, query, json!({ "input": input })).await["paper"]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-entity"), "code": format!("{word}-ltd"), "name": format!("{word} Ltd"), "storeIds": [ids["sto"]] });
        let query = "mutation($input: LegalEntityUpsertInput!) { legalEntityUpsert(input: $input) { legalEntity { id } userErrors { code field message } } }";
        ids.insert("len", text(&self.must_mutate(company, query, json!({ "input": input })).await["legalEntity"]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-invoice"), "orderId": ids["ord"] });
        let query = "mutation($input: InvoiceIssueInput!) { invoiceIssue(input: $input) { invoice { id } userErrors { code field message } } }";
        ids.insert("inv", text(&self.must_mutate(company, query, json!({ "input": input })).await["invoice"]["id"]));
        // The log gets its places from a job, which here is this line.
        self.node.audit.seal_all().await.unwrap();
        let log =
            self.execute(company, Some(company.owner.clone()), "{ auditEntries(first: 1) { nodes { id } } }", &json!({})).await;
        ids.insert("aud", text(&log["data"]["auditEntries"]["nodes"][0]["id"]));
        ids.insert("ten", company.owner.tenant.to_string());
        ids.insert("mem", MemberId::from_uuid(company.owner.actor.id).to_string());
        ids.insert("ses", company.session.id.to_string());
        ids
    }

    /// A group of stores, a role that another one inherits, an integration and a key of it.
    async fn rights(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let errors = "userErrors { code field message }";
        let input = json!({ "code": format!("{word}-north"), "name": format!("{word} north"), "storeIds": [ids["sto"]] });
        let query = format!(
            "mutation($input: StoreGroupCreateInput!) {{ storeGroupCreate(input: $input) {{ storeGroup {{ id }} {errors} }} }}"
        );
        ids.insert("grp", text(&self.must_mutate(company, &query, json!({ "input": input })).await["storeGroup"]["id"]));
        let query = format!("mutation($input: RoleCreateInput!) {{ roleCreate(input: $input) {{ role {{ id }} {errors} }} }}");
        let input = json!({ "key": format!("{word}-clerk"), "name": format!("{word} clerk"), "permissions": ["store.read"] });
        ids.insert("rol", text(&self.must_mutate(company, &query, json!({ "input": input })).await["role"]["id"]));
        let input =
            json!({ "key": format!("{word}-heir"), "name": format!("{word} heir"), "permissions": [], "inherits": [ids["rol"]] });
        self.must_mutate(company, &query, json!({ "input": input })).await;
        let input =
            json!({ "name": format!("{word} partner"), "permissions": ["apikey.write", "store.read"], "scope": { "all": true } });
        let query = format!(
            "mutation($input: IntegrationCreateInput!) {{ integrationCreate(input: $input) {{ integration {{ id }} {errors} }} }}"
        );
        ids.insert("int", text(&self.must_mutate(company, &query, json!({ "input": input })).await["integration"]["id"]));
        let input = json!({ "integrationId": ids["int"], "name": format!("{word} key"), "permissions": ["apikey.write"] });
        let query =
            format!("mutation($input: ApiKeyCreateInput!) {{ apiKeyCreate(input: $input) {{ apiKey {{ id }} {errors} }} }}");
        ids.insert("key", text(&self.must_mutate(company, &query, json!({ "input": input })).await["apiKey"]["id"]));
    }

    /// Stock, a reservation, an order that is half shipped, and a return.
    pub async fn trade(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let (product, store) = (json!({ "id": ids["prd"] }), json!({ "id": ids["sto"] }));
        let input = json!({ "idempotencyKey": format!("{word}-1"), "kind": "RECEIPT", "reasonCode": "PURCHASE", "note": format!("{word} note"),
            "changes": [{ "product": product, "store": store, "delta": 1_000_000 }] });
        let query = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) {
            levels { id } movement { id entries { id } } userErrors { code field message } } }";
        let payload = self.must_mutate(company, query, json!({ "input": input })).await;
        ids.insert("lvl", text(&payload["levels"][0]["id"]));
        // A small one, which can be reversed.
        let mut small = input.clone();
        (small["idempotencyKey"], small["changes"][0]["delta"]) = (json!(format!("{word}-0")), json!(7));
        let payload = self.must_mutate(company, query, json!({ "input": small })).await;
        ids.insert("mov", text(&payload["movement"]["id"]));
        ids.insert("ent", text(&payload["movement"]["entries"][0]["id"]));
        let input =
            json!({ "idempotencyKey": format!("{word}-2"), "items": [{ "product": product, "store": store, "quantity": 5 }] });
        let query = "mutation($input: StockReserveInput!) { stockReserve(input: $input) { reservations { id } userErrors { code field message } } }";
        ids.insert("rsv", text(&self.must_mutate(company, query, json!({ "input": input })).await["reservations"][0]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-3"), "store": store, "channelId": ids["chn"], "customerId": ids["cus"],
            "externalRef": format!("{word}-order"), "lines": [{ "product": product, "quantity": 10 }] });
        let query = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id lines { id } } userErrors { code field message } } }";
        let payload = self.must_mutate(company, query, json!({ "input": input })).await;
        ids.insert("ord", text(&payload["order"]["id"]));
        ids.insert("oln", text(&payload["order"]["lines"][0]["id"]));
        let lines = json!([{ "lineId": ids["oln"], "quantity": 4 }]);
        let input = json!({ "idempotencyKey": format!("{word}-4"), "id": ids["ord"], "lines": lines });
        let query = "mutation($input: OrderFulfilInput!) { orderFulfil(input: $input) { order { fulfilments { id } } userErrors { code field message } } }";
        let payload = self.must_mutate(company, query, json!({ "input": input })).await;
        ids.insert("ful", text(&payload["order"]["fulfilments"][0]["id"]));
        let input = json!({ "idempotencyKey": format!("{word}-5"), "store": store, "customerId": ids["cus"], "externalRef": format!("{word}-return"),
            "lines": [{ "product": product, "orderLineId": ids["oln"], "quantity": 1 }] });
        let query = "mutation($input: ReturnCreateInput!) { returnCreate(input: $input) { return { id } userErrors { code field message } } }";
        ids.insert("ret", text(&self.must_mutate(company, query, json!({ "input": input })).await["return"]["id"]));
        self.money(company, ids).await;
        self.works(company, ids).await;
        self.moves(company, ids).await;
    }

    /// Every row of a furnished tenant as text: head, keys, versions and all.
    pub async fn dump(&self, tenant: TenantId) -> Vec<String> {
        let lines = self.rows_of(tenant).await;
        assert!(lines.len() > 15, "a dump that sees too little proves nothing: {lines:#?}");
        lines
    }

    /// The rows of any tenant, without a minimum number.
    pub async fn rows_of(&self, tenant: TenantId) -> Vec<String> {
        // As the deployment's own role: sessions and keys cannot be read by a request, and must not
        // change either.
        let scope = self.node.db.global().snapshot_for(tenant).await.unwrap();
        let is_sqlite = scope.backend() == Backend::Sqlite;
        let tables = if is_sqlite {
            "SELECT name FROM sqlite_master m WHERE type = 'table' AND $1 IS NOT NULL
             AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'tenant_id') ORDER BY 1"
        } else {
            "SELECT table_name::text AS name FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_schema = 'public'
             AND $1::uuid IS NOT NULL ORDER BY 1"
        };
        let mut lines = Vec::new();
        for table in scope.rows(tables, Vec::new()).await.unwrap() {
            let table: String = table.try_get("", "name").unwrap();
            // The audit log has entries of the denied attempts, as it should.
            if table.starts_with("audit_") {
                continue;
            }
            let line = if is_sqlite {
                let columns = format!(
                    "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS line FROM pragma_table_info('{table}') WHERE $1 IS NOT NULL"
                );
                scope.rows(&columns, Vec::new()).await.unwrap()[0].try_get::<String>("", "line").unwrap()
            } else {
                format!("{table}::text")
            };
            let rows = scope
                .rows(&format!("SELECT {line} AS line FROM {table} WHERE tenant_id = $1 ORDER BY 1"), Vec::new())
                .await
                .unwrap();
            lines.extend(rows.iter().map(|row| format!("{table}: {}", row.try_get::<String>("", "line").unwrap())));
        }
        lines
    }
}

impl Company {
    /// IDs that `node` resolves, by their kind: all but the link and the schedule of a view, and
    /// the schedule of an export.
    pub fn nodes(&self) -> impl Iterator<Item = (&&'static str, &String)> {
        self.ids.iter().filter(|(prefix, _)| !["svl", "svs", "xsc"].contains(*prefix))
    }
    async fn founded(node: &Node, word: &'static str) -> Self {
        Self::founded_by(node, word, &format!("{word}@example.com")).await
    }
    async fn founded_by(node: &Node, word: &'static str, email: &str) -> Self {
        let new = NewTenant {
            email: email.to_owned(),
            password: "correct horse battery staple".to_owned(),
            display_name: format!("{word} owner"),
            tenant_name: format!("{word} company"),
            tenant_slug: format!("{word}-company"),
        };
        let LoginOutcome::In(logged_in) = node.identity.register(new, &Visit::default()).await.unwrap() else {
            panic!("not let in")
        };
        let claims = node.identity.tokens().verify(&logged_in.access_token).unwrap().0;
        let owner = node.node_authenticator.caller(claims.tid, claims.mid).await.unwrap().unwrap();
        let session = Session {
            id: claims.sid,
            user: claims.sub,
            tenant: claims.tid,
            member: claims.mid,
            authenticated_at: node.clock.now(),
            mfa: false,
            risk: 0,
            visit: Default::default(),
        };
        let none = String::new;
        Self {
            word,
            owner,
            session,
            ids: BTreeMap::new(),
            depot: none(),
            picture: none(),
            manual: none(),
            delivery: none(),
            hold: none(),
        }
    }

    /// The owner with only these permissions.
    pub fn owner_with(&self, codes: &[&str]) -> Caller {
        let mut permissions = PermissionSet::default();
        for code in codes {
            permissions.insert(REGISTRY.iter().position(|known| known.code == *code).unwrap());
        }
        Caller { permissions, ..self.owner.clone() }
    }
}
