//! A fresh database with a tenant in it, one for each test.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use entity::{channel, customer, prelude::*, product, store, tenant};
use entrepot::{
    clock::Clock,
    insight::verify::{Report, verify},
    ledger::{Command, Grouping, Ledger, Outcome, Receipt},
    stock::{
        core::{LevelKey, Rejection},
        rows::read_levels,
    },
    storage::{Backend, Database, Options, TenantScope, idempotency::Key, journal},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;

use super::factory::CommandFactory;
use crate::databases::{Home, connect};

/// What the seeded products are, by their place in `World::products`.
pub const MUG: usize = 0;
/// Sold by the kilogram, counted in grams.
pub const RICE: usize = 1;
/// May be promised beyond stock.
pub const POSTER: usize = 2;
/// A service: no stock is kept.
pub const WRAPPING: usize = 3;
pub const ARCHIVED: usize = 4;
pub const PRODUCTS: usize = 5;
pub const STORES: usize = 2;

/// Runs a test on both databases: `async fn name(world: World)`.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            super::$name(crate::ledger::world::World::sqlite().await).await;
        })* }
        on_postgres!($($name),*);
    };
}
/// Runs a test on Postgres alone.
macro_rules! on_postgres {
    ($($name:ident),* $(,)?) => {
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            if let Some(world) = crate::ledger::world::World::postgres().await { super::$name(world).await; }
        })* }
    };
}

/// An open database with one tenant, and what is in it.
pub struct World {
    pub db: Database,
    pub ledger: Ledger,
    pub clock: Clock,
    pub tenant: TenantId,
    pub make: CommandFactory,
    pub home: Home,
}

impl World {
    pub async fn sqlite() -> Self {
        Self::on(Home::sqlite().await).await
    }

    /// None, said plainly, where there is no Postgres; in CI that is a failure.
    pub async fn postgres() -> Option<Self> {
        Some(Self::on(Home::postgres().await?).await)
    }

    async fn on(home: Home) -> Self {
        let db = Database::open(&home.url, Options::default()).await.unwrap();
        // Every reading is later than the one before, so that newest and oldest are never a matter of luck.
        let ticks = AtomicI64::new(1_700_000_000_000_000);
        let clock = Clock::manual(move || Timestamp(ticks.fetch_add(1, Ordering::Relaxed)), u64::from(std::process::id()));
        let ledger = Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
        let (tenant, make) = new_tenant(&db, &clock).await;
        Self { db, ledger, clock, tenant, make, home }
    }

    pub fn backend(&self) -> Backend {
        self.db.backend()
    }
    pub fn scope(&self) -> TenantScope {
        self.db.tenant(self.tenant)
    }
    /// What a second process on the same database would be: pools, lanes and a clock of its own.
    pub async fn second_process(&self) -> Ledger {
        Ledger::start(
            Database::open(&self.home.url, Options::default()).await.unwrap(),
            Clock::system(),
            Grouping::Together,
            entrepot::documents(),
        )
        .unwrap()
    }
    /// A connection that knows no rules.
    pub async fn raw(&self) -> DatabaseConnection {
        connect(&self.home.url).await
    }

    pub async fn outcome(&self, command: Command, key: Option<Key>) -> Outcome {
        self.ledger.submit(self.tenant, command, key).await
    }
    /// Accepted or refused; a fault fails the test.
    pub async fn submit(&self, command: Command) -> Result<Receipt, Rejection> {
        self.outcome(command, None).await.unwrap()
    }
    /// On hand, reserved, unavailable.
    pub async fn level(&self, key: LevelKey) -> [i64; 3] {
        let levels = read_levels(&self.scope(), &[key]).await.unwrap();
        levels.first().map_or([0; 3], |l| [l.on_hand, l.reserved, l.unavailable].map(Quantity::get))
    }
    pub async fn report(&self) -> Report {
        verify(&self.db, |_| {}).await.unwrap()
    }
    /// Every invariant holds.
    pub async fn verify(&self) {
        let report = self.report().await;
        assert!(report.is_sound(), "{report}");
    }
    /// Real time, for what is measured.
    pub fn clock_of_the_wall(&self) -> Duration {
        Duration::from_micros(Clock::system().now().micros().unsigned_abs())
    }
    /// The mug's level at the first store.
    pub fn mugs(&self) -> LevelKey {
        self.make.key(MUG, 0)
    }
    pub async fn stock(&self, product: usize, store: usize, quantity: i64) {
        self.submit(self.make.adjust(MovementKind::Receipt, &[(product, store, quantity)])).await.unwrap();
    }
}

/// A tenant with two stores, five products, a channel and a customer.
pub async fn new_tenant(db: &Database, clock: &Clock) -> (TenantId, CommandFactory) {
    let (tenant, now) = (clock.id(), clock.now());
    let work = db.global().maintenance_for(tenant).await.unwrap();
    work.insert_global::<tenant::Entity>(tenant::Model {
        id: tenant,
        slug: format!("t{}", tenant.uuid().simple()),
        name: "A tenant".to_owned(),
        default_currency: "GBP".to_owned(),
        time_zone: "Europe/London".to_owned(),
        mfa_required: false,
        sandbox: false,
        closed_through: None,
        reservation_seconds: 900,
        created_at: now,
    })
    .await
    .unwrap();
    journal::begin_tenant(&work, clock.uuid()).await.unwrap();
    let mut make = CommandFactory::new(clock.clone());
    for (index, store) in make.stores.iter().enumerate() {
        work.insert::<store::Entity>(store_row(tenant, *store, index, now)).await.unwrap();
    }
    for (index, product) in make.products.iter().enumerate() {
        work.insert::<product::Entity>(product_row(tenant, *product, index, now)).await.unwrap();
    }
    let (code, name) = ("web".to_owned(), "Web".to_owned());
    work.insert::<channel::Entity>(channel::Model {
        tenant_id: tenant,
        id: make.channel,
        code: code.clone(),
        code_key: code,
        name,
        version: 1,
        created_at: now,
        updated_at: now,
    })
    .await
    .unwrap();
    let customer = clock.id();
    work.insert::<customer::Entity>(customer::Model {
        tenant_id: tenant,
        id: customer,
        external_ref: None,
        name: Some("Ada".to_owned()),
        country: None,
        email: None,
        version: 1,
        created_at: now,
        updated_at: now,
    })
    .await
    .unwrap();
    make.customer = Some(customer);
    work.commit().await.unwrap();
    (tenant, make)
}

fn store_row(tenant: TenantId, id: StoreId, index: usize, now: Timestamp) -> store::Model {
    let code = format!("s{index}");
    store::Model {
        tenant_id: tenant,
        id,
        code: code.clone(),
        code_key: code,
        name: format!("Store {index}"),
        kind: StoreKind::Shop,
        time_zone: "Europe/London".to_owned(),
        archived_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// How a seeded product behaves: stock policy, state, decimals of its unit.
pub fn product_traits(index: usize) -> (StockPolicy, ProductStatus, i32) {
    match index {
        RICE => (StockPolicy::Tracked, ProductStatus::Active, 3),
        POSTER => (StockPolicy::Backorder, ProductStatus::Active, 0),
        WRAPPING => (StockPolicy::Untracked, ProductStatus::Active, 0),
        ARCHIVED => (StockPolicy::Tracked, ProductStatus::Archived, 0),
        _ => (StockPolicy::Tracked, ProductStatus::Active, 0),
    }
}

pub fn product_row(tenant: TenantId, id: ProductId, index: usize, now: Timestamp) -> product::Model {
    let (stock_policy, status, unit_decimals) = product_traits(index);
    let sku = format!("p{index}");
    product::Model {
        tenant_id: tenant,
        id,
        sku: sku.clone(),
        sku_key: sku.clone(),
        name: format!("Product {index}"),
        name_key: format!("product {index}"),
        description: None,
        status,
        stock_policy,
        category_id: None,
        supplier_id: None,
        family_id: None,
        options: "[]".to_owned(),
        former_skus: "[]".to_owned(),
        unit_code: "each".to_owned(),
        unit_decimals,
        price_minor: Some(255),
        price_currency: Some("GBP".to_owned()),
        cost_minor: Some(101),
        cost_currency: Some("GBP".to_owned()),
        low_stock_threshold: None,
        metadata: "{}".to_owned(),
        search_text: format!("{sku} product {index}"),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Lets the database take what it would refuse: its own checks are the first line, this is about the second.
pub async fn lift_constraints(world: &World) -> DatabaseConnection {
    let raw = world.raw().await;
    match world.backend() {
        Backend::Sqlite => {
            raw.execute_unprepared("PRAGMA foreign_keys = off").await.unwrap();
            raw.execute_unprepared("PRAGMA ignore_check_constraints = on").await.unwrap();
        }
        Backend::Postgres => {
            let drop_all = "DO $$ DECLARE c record; BEGIN
                FOR c IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
                         WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace LOOP
                  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', c.owner, c.conname);
                END LOOP; END $$";
            raw.execute_unprepared(drop_all).await.unwrap();
        }
    }
    raw.execute_unprepared("DROP INDEX movement_reverses").await.unwrap();
    raw
}

pub fn literal(backend: Backend, id: Uuid) -> String {
    match backend {
        Backend::Sqlite => format!("X'{}'", id.simple()),
        Backend::Postgres => format!("'{id}'::uuid"),
    }
}
