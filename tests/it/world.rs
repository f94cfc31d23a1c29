//! A database of its own for each scenario, with a tenant in it, and a schema to ask.

use std::{
    env, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_graphql::{EmptySubscription, Request, Schema, Variables};
use entity::prelude::{Actor, MemberId, TenantId, Timestamp};
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    catalog::{
        self, Catalog,
        graph::{CatalogMutation, CatalogQuery, attach},
    },
    clock::Clock,
    graphql::answer::data_json,
    graphql::{connection::CursorSigner, fault::TopError},
    schema::{Payload, Versioned},
    secrets::{self, KeyRing, KeySource},
    storage::{Database, Options, journal},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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
impl entrepot::identity::Furnish for Bare {
    async fn furnish(&self, _: &entrepot::storage::Work, _: MemberId) -> Result<(), entrepot::storage::Fault> {
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

/// Where the scenario's database is, to be taken away in the end.
enum Place {
    Directory(std::path::PathBuf),
    Postgres { maintenance: String, name: String },
}

pub struct World {
    pub db: Database,
    pub schema: TestSchema,
    pub owner: Caller,
    pub clock: Clock,
    place: Place,
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
        let directory = env::temp_dir().join(format!("entrepot-{}", random_name()));
        fs::create_dir_all(&directory).unwrap();
        let db =
            Database::open(&format!("sqlite://{}", directory.join("it.sqlite").display()), Options::default()).await.unwrap();
        db.migrate().await.unwrap();
        Self::in_place(db, Place::Directory(directory)).await
    }

    /// None, said plainly, where no Postgres is given; on CI that is a failure.
    pub async fn on_postgres() -> Option<Self> {
        let Ok(maintenance) = env::var("ENTREPOT_TEST_POSTGRES_URL") else {
            assert!(
                env::var("CI").as_deref() != Ok("true"),
                "CI runs every scenario on Postgres: set ENTREPOT_TEST_POSTGRES_URL"
            );
            eprintln!("SKIPPED on Postgres: ENTREPOT_TEST_POSTGRES_URL is not set");
            return None;
        };
        let template = template(&maintenance).await;
        let name = format!("entrepot_it_{}", random_name());
        let connection = sea_orm::Database::connect(&maintenance).await.unwrap();
        tell(&connection, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        connection.close().await.unwrap();
        let db = Database::open(&sibling(&maintenance, &name), Options { readers: 4, writers: 4, ..Options::default() })
            .await
            .unwrap();
        Some(Self::in_place(db, Place::Postgres { maintenance, name }).await)
    }

    async fn in_place(db: Database, place: Place) -> Self {
        let time = Arc::new(AtomicI64::new(NOON));
        let hand = time.clone();
        let clock = Clock::manual(move || Timestamp(hand.fetch_add(1, Ordering::Relaxed)), 7);
        let owner = tenant(&db, &clock, "first").await;
        db.shelf().leave(unkept_ring());
        let service = Catalog { db: db.clone(), clock: clock.clone(), signer: CursorSigner::new([7; 32]) };
        let schema = Schema::build(CatalogQuery::default(), CatalogMutation::default(), EmptySubscription)
            .register_output_type::<Payload>()
            .register_output_type::<Versioned>()
            .data(service)
            .finish();
        Self { db, schema, owner, clock, place, time }
    }

    /// Where the database is, when it is one of Postgres.
    pub fn postgres_url(&self) -> Option<String> {
        match &self.place {
            Place::Directory(_) => None,
            Place::Postgres { maintenance, name } => Some(sibling(maintenance, name)),
        }
    }
    /// The same database as another node opens it.
    pub async fn elsewhere(&self) -> Database {
        let url = match &self.place {
            Place::Directory(path) => format!("sqlite://{}", path.join("it.sqlite").display()),
            Place::Postgres { maintenance, name } => sibling(maintenance, name),
        };
        Database::open(&url, Options { readers: 2, writers: 1, ..Options::default() }).await.unwrap()
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
            request = entrepot::access::graph::attach(request, &Arc::new(scope.clone()));
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
        match self.place {
            Place::Directory(path) => fs::remove_dir_all(path).unwrap(),
            Place::Postgres { maintenance, name } => {
                let connection = sea_orm::Database::connect(&maintenance).await.unwrap();
                tell(&connection, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
                connection.close().await.unwrap();
            }
        }
    }
}

async fn tenant(db: &Database, clock: &Clock, slug: &str) -> Caller {
    let id: TenantId = clock.id();
    let work = db.global().begin_for(id).await.unwrap();
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

fn random_name() -> String {
    let mut bytes = [0; 8];
    Clock::system().fill(&mut bytes);
    u64::from_le_bytes(bytes).to_string()
}

/// The same server, another database.
fn sibling(maintenance: &str, name: &str) -> String {
    let (server, rest) = maintenance.rsplit_once('/').unwrap();
    let options = rest.find('?').map_or("", |at| &rest[at..]);
    format!("{server}/{name}{options}")
}

async fn tell(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap();
}

/// A migrated database to copy, made once for each text of the migrations. Tests are processes of their own: the server itself is the lock.
async fn template(maintenance: &str) -> String {
    let mut hasher = Sha256::new();
    digest(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migration/src")), &mut hasher);
    let name: String =
        hasher.finalize().iter().take(8).fold("entrepot_tpl_".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    let mut options = sea_orm::ConnectOptions::new(maintenance);
    options.max_connections(1).sqlx_logging(false);
    let connection = sea_orm::Database::connect(options).await.unwrap();
    tell(&connection, "SELECT pg_advisory_lock(7170152)").await;
    let sql = format!("SELECT 1 AS there FROM pg_database WHERE datname = '{name}'");
    let known = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    if known.is_empty() {
        let making = format!("{name}_making");
        tell(&connection, &format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await;
        tell(&connection, &format!("CREATE DATABASE {making}")).await;
        let db = Database::open(&sibling(maintenance, &making), Options { readers: 1, writers: 1, ..Options::default() })
            .await
            .unwrap();
        db.migrate().await.unwrap();
        db.close().await.unwrap();
        tell(&connection, &format!("ALTER DATABASE {making} RENAME TO {name}")).await;
    }
    tell(&connection, "SELECT pg_advisory_unlock(7170152)").await;
    connection.close().await.unwrap();
    name
}

fn digest(path: &Path, hasher: &mut Sha256) {
    let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            digest(&entry, hasher);
        } else {
            hasher.update(fs::read(&entry).unwrap());
        }
    }
}
