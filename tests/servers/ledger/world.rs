//! A fresh database with a tenant in it, one for each test.

use std::time::Duration;

use entity::{channel, customer, prelude::*, product, store, tenant};
use entrepot::{
    clock::Clock,
    insight::verify::{Report, verify},
    ledger::{Command, Grouping, Ledger, Outcome, Receipt},
    stock::{
        core::{LevelKey, Rejection},
        rows::read_levels,
    },
    storage::{Backend, Database, Options, idempotency::Key},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;

use super::factory::CommandFactory;
use crate::{
    databases::{Home, connect},
    world::{self, Hands, OurTenant, Setup, rows},
};

/// Places of the seeded products in `World::products`.
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

/// One tenant with the ledger's rooms.
pub type World = world::World<Seeded>;

pub struct Seeded {
    pub ledger: Ledger,
    pub tenant: TenantId,
    pub make: CommandFactory,
}

impl Setup for Seeded {
    async fn set_up(home: Home) -> World {
        let db = Database::open(&home.url, Options::default()).await.unwrap();
        let hands = Hands::ticking(1_700_000_000_000_000);
        let clock = hands.clock(u64::from(std::process::id()));
        let ledger = Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
        let (tenant, make) = new_tenant(&db, &clock).await;
        World::new(home, db, (hands, clock), Self { ledger, tenant, make })
    }
}

impl OurTenant for Seeded {
    fn our_tenant(&self) -> TenantId {
        self.tenant
    }
}

impl World {
    pub fn backend(&self) -> Backend {
        self.db.backend()
    }
    /// Starts the ledger of a second process on the same database: with pools, lanes and a clock of
    /// its own.
    pub async fn second_process(&self) -> Ledger {
        Ledger::start(
            Database::open(&self.home.url, Options::default()).await.unwrap(),
            Clock::system(),
            Grouping::Together,
            entrepot::documents(),
        )
        .unwrap()
    }
    /// Returns a raw connection, without the storage layer.
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
    /// Returns real time, for measurements.
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
    let row = tenant::Model { name: "A tenant".to_owned(), ..rows::tenant(tenant, &format!("t{}", tenant.uuid().simple()), now) };
    let work = rows::begin_tenant(db, row, clock.uuid()).await;
    let mut make = CommandFactory::new(clock.clone());
    for (index, store) in make.stores.iter().enumerate() {
        work.insert::<store::Entity>(store_row(tenant, *store, index, now)).await.unwrap();
    }
    for (index, product) in make.products.iter().enumerate() {
        work.insert::<product::Entity>(product_row(tenant, *product, index, now)).await.unwrap();
    }
    let channel = channel::Model { name: "Web".to_owned(), ..rows::channel(tenant, make.channel, "web", now) };
    work.insert::<channel::Entity>(channel).await.unwrap();
    let customer = clock.id();
    work.insert::<customer::Entity>(rows::customer(tenant, customer, now)).await.unwrap();
    make.customer = Some(customer);
    work.commit().await.unwrap();
    (tenant, make)
}

fn store_row(tenant: TenantId, id: StoreId, index: usize, now: Timestamp) -> store::Model {
    store::Model { name: format!("Store {index}"), ..rows::store(tenant, id, &format!("s{index}"), now) }
}

/// Returns the stock policy, the state and the decimals of the unit of a seeded product.
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
        name: format!("Product {index}"),
        name_key: format!("product {index}"),
        status,
        stock_policy,
        unit_decimals,
        price_minor: Some(255),
        price_currency: Some("GBP".to_owned()),
        cost_minor: Some(101),
        cost_currency: Some("GBP".to_owned()),
        search_text: format!("{sku} product {index}"),
        ..rows::product(tenant, id, &sku, now)
    }
}

/// Drops constraints of the database: its own checks are the first line of defence, these tests are
/// about the second.
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
                         WHERE contype IN ('c', 'f') AND coninhcount = 0 AND connamespace = 'public'::regnamespace LOOP
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
