//! A small retailer of two stores in a fresh database of its own.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use entity::{category, channel, customer, prelude::*, product, store, tenant};
use entrepot::{
    access::{Caller, PermissionSet, Permit, kind, permit},
    clock::Clock,
    ledger::{Command, Grouping, Ledger, Receipt, StockCommand},
    stock::core::{Adjust, Change, LevelKey, LotChoice, MovementHead, Shortage},
    storage::{Database, Options, TenantScope, Work, journal},
};

use crate::databases::Home;

pub struct World {
    pub db: Database,
    pub ledger: Ledger,
    pub clock: Clock,
    pub tenant: TenantId,
    /// In London and in Auckland, so that a moment has two dates.
    pub stores: Vec<StoreId>,
    pub channels: Vec<ChannelId>,
    /// The last one has no country.
    pub customers: Vec<CustomerId>,
    pub categories: Vec<CategoryId>,
    /// Pieces at £3; kilograms (three decimals) at 333p, both with a cost; a service without stock; one without cost and category.
    pub products: Vec<ProductId>,
    hand: Arc<AtomicI64>,
    _home: Home,
}

/// 2026-03-01T00:00:00Z.
pub const START: i64 = 1_772_323_200_000_000;
pub const HOUR: i64 = 3_600_000_000;

/// Runs a test on a fresh SQLite file and on a fresh Postgres database.
pub async fn on_both<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    test(World::new(Home::sqlite().await).await).await;
    if let Some(home) = Home::postgres().await {
        test(World::new(home).await).await;
    }
}

impl World {
    async fn new(home: Home) -> Self {
        let db = Database::open(&home.url, Options::default()).await.unwrap();
        let hand = Arc::new(AtomicI64::new(START));
        let read = hand.clone();
        let clock = Clock::manual(move || Timestamp(read.load(Ordering::SeqCst)), 7);
        let mut world = Self {
            ledger: Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap(),
            db,
            tenant: clock.id(),
            clock,
            stores: Vec::new(),
            channels: Vec::new(),
            customers: Vec::new(),
            categories: Vec::new(),
            products: Vec::new(),
            hand,
            _home: home,
        };
        world.provision().await;
        world
    }

    async fn provision(&mut self) {
        let (tenant_id, now, clock) = (self.tenant, self.clock.now(), self.clock.clone());
        let (version, created_at, updated_at) = (1, now, now);
        let work = self.db.global().maintenance_for(tenant_id).await.unwrap();
        let tenant = tenant::Model {
            id: tenant_id,
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            default_currency: "GBP".to_owned(),
            time_zone: "Europe/London".to_owned(),
            mfa_required: false,
            sandbox: false,
            closed_through: None,
            reservation_seconds: 900,
            created_at,
        };
        work.insert_global::<tenant::Entity>(tenant).await.unwrap();
        journal::begin_tenant(&work, clock.uuid()).await.unwrap();
        for (code, zone) in [("MAIN", "Europe/London"), ("FAR", "Pacific/Auckland")] {
            let (id, code, code_key) = (clock.id(), code.to_owned(), code.to_lowercase());
            let (name, time_zone, kind) = (code.clone(), zone.to_owned(), StoreKind::Shop);
            let archived_at = None;
            let row = store::Model {
                tenant_id,
                id,
                code,
                code_key,
                name,
                kind,
                time_zone,
                archived_at,
                version,
                created_at,
                updated_at,
            };
            work.insert::<store::Entity>(row).await.unwrap();
            self.stores.push(id);
        }
        for name in ["direct", "web"] {
            let (id, code, code_key, name) = (clock.id(), name.to_uppercase(), name.to_owned(), name.to_owned());
            let row = channel::Model { tenant_id, id, code, code_key, name, version, created_at, updated_at };
            work.insert::<channel::Entity>(row).await.unwrap();
            self.channels.push(id);
        }
        for country in [Some("GB"), Some("DE"), Some("GB"), None] {
            let (id, country) = (clock.id(), country.map(str::to_owned));
            let (external_ref, name, email) = (None, None, None);
            let row = customer::Model { tenant_id, id, external_ref, name, country, email, version, created_at, updated_at };
            work.insert::<customer::Entity>(row).await.unwrap();
            self.customers.push(id);
        }
        self.stack_shelves(&work).await;
        work.commit().await.unwrap();
    }

    async fn stack_shelves(&mut self, work: &Work) {
        let (tenant_id, now, clock) = (self.tenant, self.clock.now(), self.clock.clone());
        let (version, created_at, updated_at) = (1, now, now);
        for slug in ["mugs", "food"] {
            let (id, name, slug, metadata) = (clock.id(), slug.to_owned(), slug.to_owned(), "{}".to_owned());
            let (parent_id, position, image_url) = (None, 0, None);
            let row = category::Model {
                tenant_id,
                id,
                parent_id,
                name,
                slug,
                position,
                image_url,
                metadata,
                version,
                created_at,
                updated_at,
            };
            work.insert::<category::Entity>(row).await.unwrap();
            self.categories.push(id);
        }
        for row in self.range(tenant_id, now) {
            self.products.push(row.id);
            work.insert::<product::Entity>(row).await.unwrap();
        }
    }

    fn range(&self, tenant_id: TenantId, now: Timestamp) -> Vec<product::Model> {
        let all = [
            ("MUG", 0, Some(180), Some(0), StockPolicy::Tracked),
            ("RICE", 3, Some(199), Some(1), StockPolicy::Tracked),
            ("WRAPPING", 0, Some(7), Some(0), StockPolicy::Untracked),
            ("GIFT", 0, None, None, StockPolicy::Tracked),
        ];
        let row = |(sku, unit_decimals, cost, category, stock_policy): (&str, i32, Option<i64>, Option<usize>, StockPolicy)| {
            product::Model {
                tenant_id,
                id: self.clock.id(),
                sku: sku.to_owned(),
                sku_key: sku.to_lowercase(),
                name: sku.to_owned(),
                name_key: sku.to_lowercase(),
                description: None,
                status: ProductStatus::Active,
                stock_policy,
                category_id: category.map(|index| self.categories[index]),
                supplier_id: None,
                family_id: None,
                options: "[]".to_owned(),
                former_skus: "[]".to_owned(),
                unit_code: "each".to_owned(),
                unit_decimals,
                price_minor: Some(333),
                price_currency: Some("GBP".to_owned()),
                cost_minor: cost,
                cost_currency: cost.map(|_| "GBP".to_owned()),
                low_stock_threshold: None,
                metadata: "{}".to_owned(),
                search_text: sku.to_lowercase(),
                version: 1,
                created_at: now,
                updated_at: now,
            }
        };
        all.into_iter().map(row).collect()
    }

    pub fn scope(&self) -> TenantScope {
        self.db.tenant(self.tenant)
    }
    pub fn caller(&self, permissions: PermissionSet) -> Caller {
        Caller::new(self.tenant, Actor::SYSTEM, permissions)
    }
    pub fn reader(&self) -> Permit<kind::ReportRead> {
        permit(&self.caller(PermissionSet::all())).unwrap()
    }
    /// Moves the clock; a node's clock may also go back.
    pub fn pass(&self, micros: i64) {
        self.hand.fetch_add(micros, Ordering::SeqCst);
    }

    /// Submits a command that must be accepted.
    pub async fn done(&self, command: Command) -> Receipt {
        let outcome = self.ledger.submit(self.tenant, command, None).await;
        outcome.unwrap().unwrap_or_else(|rejection| panic!("refused: {rejection:?}"))
    }

    pub async fn adjust(&self, kind: MovementKind, changes: &[(LevelKey, i64)], occurred_at: Timestamp) -> Receipt {
        let head = MovementHead {
            id: self.clock.document_id(),
            kind,
            reason: Some(ReasonCode::Other),
            note: None,
            external_ref: Some(format!("{kind}-{}", changes.len())),
            reference: None,
            actor: Actor::SYSTEM,
            reverses: None,
            occurred_at,
        };
        let changes = changes.iter().map(|(key, delta)| Change {
            key: *key,
            delta: Quantity::new(*delta).unwrap(),
            expected_version: None,
            unit_cost: None,
            note: None,
            lot: LotChoice::Unsaid,
        });
        let (room, on_shortage) = (self.clock.document_id(), Shortage::Refuse);
        self.done(Command::of(StockCommand::Adjust(Adjust { head, room, on_shortage, changes: changes.collect() }))).await
    }
}
