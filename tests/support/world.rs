//! The world of a test: a database of its own, a clock that the test moves, and the room's test
//! data.

pub mod answers;
mod both;
mod hands;
pub mod rows;

use std::{
    env, fs,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::Arc,
};

use entity::prelude::{MemberId, TenantId};
use entrepot::{
    clock::Clock,
    identity::Settings,
    ledger::Grouping,
    secrets::{self, KeyRing, KeySource},
    serve::Node,
    storage::{Database, Options, Reads, RowSecurityProof, TenantScope},
};

use super::databases::Home;
pub(crate) use both::on_both;
pub use hands::Hands;

/// Fixture of the tests of a room.
pub trait Setup: Sized {
    /// A world in a migrated database.
    async fn set_up(home: Home) -> World<Self>;

    /// A world on SQLite, and one on Postgres. Setups that do much copy a database in which it was done.
    async fn on_sqlite() -> World<Self> {
        Self::set_up(Home::sqlite().await).await
    }
    async fn on_postgres() -> Option<World<Self>> {
        Some(Self::set_up(Home::postgres().await?).await)
    }

    /// Asserts what holds at the end of each scenario of `World::on_both`.
    async fn check(_: &World<Self>) {}
}

/// A setup whose scenarios are about one tenant before all.
pub trait OurTenant: Setup {
    fn our_tenant(&self) -> TenantId;
}

/// A database with a clock, and the setup of a room, whose fields and verbs are the world's.
pub struct World<S> {
    setup: S,
    pub db: Database,
    pub clock: Clock,
    hands: Hands,
    /// The last field: the database is dropped after all that uses it.
    pub home: Home,
}

impl<S> Deref for World<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.setup
    }
}

impl<S> DerefMut for World<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.setup
    }
}

impl<S: Setup> World<S> {
    pub async fn sqlite() -> Self {
        S::on_sqlite().await
    }

    /// `None`, with a message, if no Postgres is configured; on CI that is a failure.
    pub async fn postgres() -> Option<Self> {
        S::on_postgres().await
    }

    /// Runs a scenario on both databases, one after the other, in one test.
    pub async fn on_both(scenario: impl AsyncFn(Arc<Self>)) {
        let run = async |world: Self| {
            let world = Arc::new(world);
            scenario(world.clone()).await;
            S::check(&world).await;
        };
        run(Self::sqlite().await).await;
        if let Some(world) = Self::postgres().await {
            run(world).await;
        }
    }
}

impl<S> World<S> {
    pub fn new(home: Home, db: Database, (hands, clock): (Hands, Clock), setup: S) -> Self {
        Self { setup, db, clock, hands, home }
    }

    pub async fn end(self) {
        drop(self.close().await);
    }

    /// Ends, and leaves its database and folder.
    pub async fn close(self) -> Home {
        let Self { setup, db, home, .. } = self;
        drop(setup);
        db.close().await.unwrap();
        home
    }

    pub fn advance_clock(&self, seconds: i64) {
        self.hands.advance_clock(seconds * 1_000_000);
    }

    /// Sets the machine's clock forward or back by seconds: no time passes.
    pub fn set_clock(&self, seconds: i64) {
        self.hands.set(seconds * 1_000_000);
    }

    /// The hands of its clock: for a node beside, or to move it by less than a second, or back.
    pub fn hands(&self) -> &Hands {
        &self.hands
    }

    /// Returns the URL of the database.
    pub fn url(&self) -> &str {
        &self.home.url
    }

    /// Runs what only the owner of the tables can, as if a part of the product had done it that this test is not about.
    pub async fn as_owner(&self, statements: &[&str]) {
        for sql in statements {
            self.home.run_sql(sql).await;
        }
    }
}

impl<S: OurTenant> World<S> {
    pub fn scope(&self) -> TenantScope {
        self.db.tenant(self.our_tenant())
    }

    /// Runs SQL of the tenant's, `$1`, as if a part of the product had done it that this test is not about.
    pub async fn run_tenant_sql(&self, sql: &str, values: Vec<sea_orm::Value>) {
        let work = self.scope().begin().await.unwrap();
        work.execute(sql, values).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Runs a query on the tenant's rows that returns one number.
    pub async fn query_number(&self, sql: &str) -> i64 {
        let rows = self.scope().rows(sql, vec![]).await.unwrap();
        rows[0].try_get_by_index(0).unwrap()
    }
}

/// Returns the text of a file in the folder beside the repository. `None`, with a message, if it is
/// missing; on CI that is a failure.
pub fn shared(path: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has {}", file.display());
        eprintln!("SKIPPED: {} is not there", file.display());
    }
    text
}

/// The folder of real data, where there is one; on CI there is.
pub fn data_folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.join("expected.json").is_file() {
        return Some(folder);
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "CI has {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

/// A node on a copy of a migrated database. The row security of all copies is checked when test
/// companies are set up, by each process that tests start, and by tests of its own: each check
/// writes eight hundred rows.
pub async fn node(url: &str, clock: Clock, settings: Settings, keys: &KeySource) -> Node {
    let options = Options { row_security_proof: RowSecurityProof::Copied, ..Options::default() };
    Node::open_with_redis((None, None), url, options, clock, settings, Grouping::Together, keys).await.unwrap()
}

/// The keys of scenarios' databases: random once, and no secret.
pub fn keys() -> KeySource {
    KeySource::Given("k1:H7cvDlndLShHO1JTp25WZn9ILxeC1zsS+8XK/NXdCcM=".to_owned())
}

/// The ring of a scenario's database.
pub async fn ring(db: &Database, clock: &Clock) -> KeyRing {
    secrets::open(db, &keys(), clock).await.unwrap()
}

/// Provisioner that creates nothing, as tests create tenants by hand.
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
    async fn revoke_all_rights(&self, _: &entrepot::storage::Work, _: MemberId) -> Result<(), entrepot::storage::Fault> {
        Ok(())
    }
}
