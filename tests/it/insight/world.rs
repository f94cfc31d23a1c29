//! A small retailer with two stores in a fresh database of its own.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use entity::{category, channel, customer, prelude::*, product, store, tenant};
use entrepot::{
    access::{Caller, PermissionSet, Permit, kind, permit},
    ledger::{Command, Grouping, Ledger, Receipt, StockCommand},
    stock::core::{Adjust, Change, Costs, LevelKey, LotChoice, MovementHead, Shortage},
    storage::{Database, Options, Work},
};

use crate::{
    databases::Home,
    world::{self, Hands, OurTenant, Setup, rows},
};

pub type World = world::World<TwoStores>;

pub struct TwoStores {
    pub ledger: Ledger,
    pub tenant: TenantId,
    /// In London and in Auckland, so that a moment has two dates.
    pub stores: Vec<StoreId>,
    pub channels: Vec<ChannelId>,
    /// The last one has no country.
    pub customers: Vec<CustomerId>,
    pub categories: Vec<CategoryId>,
    /// Pieces at £3; kilograms (three decimals) at 333p, both with a cost; a service without stock; one without cost and category.
    pub products: Vec<ProductId>,
}

/// 2026-03-01T00:00:00Z.
pub const START: i64 = 1_772_323_200_000_000;
pub const HOUR: i64 = 3_600_000_000;

impl Setup for TwoStores {
    async fn set_up(home: Home) -> World {
        let db = Database::open(&home.url, Options::default()).await.unwrap();
        let hands = Hands::still(START);
        let clock = hands.clock(7);
        let setup = Self {
            ledger: Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap(),
            tenant: clock.id(),
            stores: Vec::new(),
            channels: Vec::new(),
            customers: Vec::new(),
            categories: Vec::new(),
            products: Vec::new(),
        };
        let mut world = World::new(home, db, (hands, clock), setup);
        world.provision().await;
        world
    }
}

impl OurTenant for TwoStores {
    fn our_tenant(&self) -> TenantId {
        self.tenant
    }
}

impl World {
    async fn provision(&mut self) {
        let (tenant_id, now, clock) = (self.tenant, self.clock.now(), self.clock.clone());
        let row = tenant::Model { name: "Acme".to_owned(), ..rows::tenant(tenant_id, "acme", now) };
        let work = rows::begin_tenant(&self.db, row, clock.uuid()).await;
        for (code, zone) in [("MAIN", "Europe/London"), ("FAR", "Pacific/Auckland")] {
            let id = clock.id();
            let row = store::Model { time_zone: zone.to_owned(), ..rows::store(tenant_id, id, code, now) };
            work.insert::<store::Entity>(row).await.unwrap();
            self.stores.push(id);
        }
        for name in ["direct", "web"] {
            let id = clock.id();
            let row = channel::Model { name: name.to_owned(), ..rows::channel(tenant_id, id, &name.to_uppercase(), now) };
            work.insert::<channel::Entity>(row).await.unwrap();
            self.channels.push(id);
        }
        for country in [Some("GB"), Some("DE"), Some("GB"), None] {
            let id = clock.id();
            let row = customer::Model { name: None, country: country.map(str::to_owned), ..rows::customer(tenant_id, id, now) };
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
            let (parent_id, position, image_url, archived_at) = (None, 0, None, None);
            let row = category::Model {
                tenant_id,
                id,
                parent_id,
                name,
                slug,
                position,
                image_url,
                metadata,
                archived_at,
                version,
                created_at,
                updated_at,
                description: None,
                seo_title: None,
                seo_description: None,
                is_active: true,
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
                stock_policy,
                category_id: category.map(|index| self.categories[index]),
                unit_decimals,
                price_minor: Some(333),
                price_currency: Some("GBP".to_owned()),
                cost_minor: cost,
                cost_currency: cost.map(|_| "GBP".to_owned()),
                ..rows::product(tenant_id, self.clock.id(), sku, now)
            }
        };
        all.into_iter().map(row).collect()
    }

    /// Moves a category below another one.
    pub async fn put_below(&self, child: usize, parent: usize) {
        let work = self.scope().begin().await.unwrap();
        let sql = "UPDATE category SET parent_id = $2 WHERE tenant_id = $1 AND id = $3";
        work.execute(sql, vec![self.categories[parent].into(), self.categories[child].into()]).await.unwrap();
        work.commit().await.unwrap();
    }

    pub fn caller(&self, permissions: PermissionSet) -> Caller {
        Caller::new(self.tenant, Actor::SYSTEM, permissions)
    }
    pub fn reader(&self) -> Permit<kind::ReportRead> {
        permit(&self.caller(PermissionSet::all())).unwrap()
    }
    /// Submits a command that must be accepted.
    pub async fn must_submit(&self, command: Command) -> Receipt {
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
        let command = Adjust { head, room, on_shortage, changes: changes.collect(), costs: Costs::default() };
        self.must_submit(Command::of(StockCommand::Adjust(command))).await
    }
}
