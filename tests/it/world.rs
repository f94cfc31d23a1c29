//! A database of its own for each scenario, with a tenant in it, and a schema to ask.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_graphql::{EmptySubscription, Request, Schema, Variables};
use entity::prelude::{Actor, MemberId, TenantId, Timestamp};
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    api::catalog::{CatalogMutation, CatalogQuery, attach},
    catalog::{self, Catalog},
    clock::Clock,
    graphql::{answer::data_json, fault::TopError},
    paging::CursorSigner,
    schema::{Payload, Versioned},
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Options, journal},
};
use serde_json::{Value, json};

use crate::databases::Home;

pub type TestSchema = Schema<CatalogQuery, CatalogMutation, EmptySubscription>;

/// Runs a scenario on SQLite, and on Postgres where there is one.
#[macro_export]
macro_rules! scenario {
    ($name:ident, $world:ident => $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every scenario needs all that its neighbours do")]
            use super::*;

            async fn run($world: &$crate::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let world = $crate::world::World::on_sqlite().await;
                run(&world).await;
                world.end().await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let Some(world) = $crate::world::World::on_postgres().await else { return };
                run(&world).await;
                world.end().await;
            }
        }
    };
}

/// The keys of scenarios' databases: random once, and no secret.
pub fn keys() -> KeySource {
    KeySource::Given("k1:H7cvDlndLShHO1JTp25WZn9ILxeC1zsS+8XK/NXdCcM=".to_owned())
}

/// The ring of a scenario's database.
pub async fn ring(db: &Database, clock: &Clock) -> KeyRing {
    secrets::open(db, &keys(), clock).await.unwrap()
}

/// The same keys without a trace in the database.
pub fn unkept_ring() -> KeyRing {
    let KeySource::Given(text) = keys() else { panic!("keys of scenarios are given") };
    KeyRing::new(secrets::Keys::parse(&text).unwrap(), Clock::system(), Arc::new(secrets::Given(text)))
}

/// What a tenant begins with here: nothing, as tenants are made by hand.
pub struct Bare;
#[async_trait::async_trait]
impl entrepot::identity::TenantProvisioner for Bare {
    async fn provision(&self, _: &entrepot::storage::Work, _: MemberId) -> Result<(), entrepot::storage::Fault> {
        Ok(())
    }
    async fn before_members_change(&self, _: &entrepot::storage::Work) -> Result<(), entrepot::storage::Fault> {
        Ok(())
    }
    async fn has_owner(&self, _: &entrepot::storage::Work) -> Result<bool, entrepot::storage::Fault> {
        Ok(true)
    }
    async fn holds_all_of(
        &self,
        _: &entrepot::storage::Work,
        _: MemberId,
        _: MemberId,
    ) -> Result<bool, entrepot::storage::Fault> {
        Ok(true)
    }
    async fn take_rights(&self, _: &entrepot::storage::Work, _: MemberId) -> Result<(), entrepot::storage::Fault> {
        Ok(())
    }
}

pub struct World {
    pub db: Database,
    pub schema: TestSchema,
    pub owner: Caller,
    pub clock: Clock,
    home: Home,
    time: Arc<AtomicI64>,
}

/// The text of a file that lies beside the repository. None, said plainly, where it does not; on CI that is a failure.
pub fn shared(path: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has {}", file.display());
        eprintln!("SKIPPED: {} is not there", file.display());
    }
    text
}

const NOON: i64 = 1_790_000_000_000_000;

impl World {
    pub async fn on_sqlite() -> Self {
        Self::at(Home::sqlite().await, Options::default()).await
    }

    /// None, said plainly, where no Postgres is given; on CI that is a failure.
    pub async fn on_postgres() -> Option<Self> {
        Some(Self::at(Home::postgres().await?, Options { readers: 4, writers: 4, ..Options::default() }).await)
    }

    /// A path that is nobody else's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.folder.join(name)
    }

    async fn at(home: Home, options: Options) -> Self {
        let db = Database::open(&home.url, options).await.unwrap();
        let time = Arc::new(AtomicI64::new(NOON));
        let hand = time.clone();
        let clock = Clock::manual(move || Timestamp(hand.fetch_add(1, Ordering::Relaxed)), 7);
        let owner = tenant(&db, &clock, "first").await;
        db.extensions().insert(unkept_ring());
        let service = Catalog { db: db.clone(), clock: clock.clone(), signer: CursorSigner::new([7; 32]) };
        let schema = Schema::build(CatalogQuery::default(), CatalogMutation::default(), EmptySubscription)
            .register_output_type::<Payload>()
            .register_output_type::<Versioned>()
            .data(service)
            .finish();
        Self { db, schema, owner, clock, home, time }
    }

    /// Where the database is.
    pub fn url(&self) -> &str {
        &self.home.url
    }
    /// The same database as another node opens it.
    pub async fn elsewhere(&self) -> Database {
        Database::open(self.url(), Options { readers: 2, writers: 1, ..Options::default() }).await.unwrap()
    }
    /// Another tenant of the same database, and its owner.
    pub async fn other_tenant(&self) -> Caller {
        tenant(&self.db, &self.clock, "other").await
    }
    pub fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
    /// The same member with only some permissions.
    pub fn with(&self, codes: &[&str]) -> Caller {
        let mut permissions = PermissionSet::default();
        for (index, _) in REGISTRY.iter().enumerate().filter(|(_, known)| codes.contains(&known.code)) {
            permissions.insert(index);
        }
        Caller { permissions, ..self.owner.clone() }
    }

    /// Asks as the owner, who is answered without errors.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask_as(Some(self.owner.clone()), query, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].clone()
    }
    /// The code of the one error that the owner meets.
    pub async fn fails(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask_as(Some(self.owner.clone()), query, variables).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
        answer["errors"][0].clone()
    }
    pub async fn ask_as(&self, caller: Option<Caller>, query: &str, variables: Value) -> Value {
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        if let Some(caller) = caller {
            let scope = self.db.tenant(caller.tenant);
            request = entrepot::api::access::attach(request, &Arc::new(scope.clone()));
            request = attach(request.data(caller), &Arc::new(scope));
        }
        let response = self.schema.execute(request).await;
        let errors: Vec<Value> = response
            .errors
            .iter()
            .map(|error| {
                let top = error.source::<TopError>();
                let field = match top {
                    Some(TopError::BadUserInput { field, .. }) => json!(field),
                    _ => Value::Null,
                };
                json!({ "code": top.map(|top| top.code().as_str()), "message": error.message, "field": field })
            })
            .collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        json!({ "data": data, "errors": if errors.is_empty() { Value::Null } else { Value::from(errors) } })
    }
    /// Asks, and how many statements the answer took.
    pub async fn counted(&self, query: &str, variables: Value) -> (Value, u64) {
        let before = self.db.statements();
        let answer = self.ask(query, variables).await;
        (answer, self.db.statements() - before)
    }

    /// The events of the tenant: kind and payload.
    pub async fn events(&self) -> Vec<(String, Value)> {
        let events = journal::after(&self.db.tenant(self.owner.tenant), 0, 10_000).await.unwrap();
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the journal has a gap");
        events.into_iter().map(|event| (event.kind, serde_json::from_str(&event.payload).unwrap())).collect()
    }
    /// Runs SQL that belongs to a room which is not built yet, with the tenant as $1.
    pub async fn pretend(&self, sql: &str, values: Vec<sea_orm::Value>) {
        let work = self.db.tenant(self.owner.tenant).begin().await.unwrap();
        work.execute(sql, values).await.unwrap();
        work.commit().await.unwrap();
    }

    pub async fn end(self) {
        self.db.close().await.unwrap();
        drop(self.home);
    }
}

async fn tenant(db: &Database, clock: &Clock, slug: &str) -> Caller {
    let id: TenantId = clock.id();
    let work = db.global().maintenance_for(id).await.unwrap();
    let row = entity::tenant::Model {
        id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        default_currency: "GBP".to_owned(),
        time_zone: "Europe/London".to_owned(),
        mfa_required: false,
        sandbox: false,
        closed_through: None,
        reservation_seconds: 900,
        created_at: clock.now(),
    };
    work.insert_global::<entity::tenant::Entity>(row).await.unwrap();
    journal::begin_tenant(&work, clock.uuid()).await.unwrap();
    catalog::begin_tenant(&work, clock).await.unwrap();
    work.commit().await.unwrap();
    let member: MemberId = clock.id();
    Caller::new(id, Actor::member(member), PermissionSet::all())
}
