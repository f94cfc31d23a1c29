//! A small retailer on a database of its own: two stores, four products, two channels, a customer; and a neighbour that must not be seen.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use async_graphql::{EmptySubscription, Request, Schema, Variables};
use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    api::orders::{OrdersMutation, OrdersQuery},
    clock::Clock,
    graphql::{answer::data_json, fault::TopError},
    ledger::{Command, Grouping, Ledger, StockCommand},
    paging::CursorSigner,
    stock::core::{Adjust, Change, LevelKey, LotChoice, MovementHead, Reserve, ReserveItem, Shortage},
    storage::{Database, Options, journal},
};
use serde_json::{Value, json};

use crate::databases::Home;

/// 2026-11-20T09:00:00Z.
pub const START: i64 = 1_795_165_200_000_000;

pub struct World {
    pub db: Database,
    pub ledger: Ledger,
    pub schema: Schema<OrdersQuery, OrdersMutation, EmptySubscription>,
    pub tenant: TenantId,
    pub foreign: Foreign,
    pub store: StoreId,
    pub depot: StoreId,
    /// 2.55 GBP, 100 in the store.
    pub mug: ProductId,
    /// 3.33 GBP a kilogram of 1,000 grams, 5 kg in the store.
    pub tea: ProductId,
    /// Backordered, 4 in the store.
    pub lamp: ProductId,
    /// A service.
    pub wrap: ProductId,
    pub direct: ChannelId,
    pub web: ChannelId,
    pub customer: CustomerId,
    pub member: Actor,
    now: Arc<AtomicI64>,
    next_key: AtomicU32,
    _home: Home,
}

/// What another tenant has.
pub struct Foreign {
    pub tenant: TenantId,
    pub store: StoreId,
    pub mug: ProductId,
}

/// Runs a scenario on a fresh database of each kind.
pub async fn on_both<F: Future<Output = ()>>(scenario: impl Fn(World) -> F) {
    scenario(World::on(Home::sqlite().await).await).await;
    if let Some(home) = Home::postgres().await {
        scenario(World::on(home).await).await;
    }
}

impl World {
    async fn on(home: Home) -> Self {
        let db = Database::open(&home.url, Options { readers: 4, writers: 4, ..Options::default() }).await.unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let read = now.clone();
        let clock = Clock::manual(move || Timestamp(read.load(Ordering::Relaxed)), 7);
        let ledger = Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
        let schema = Schema::build(OrdersQuery, OrdersMutation, EmptySubscription)
            .data(ledger.clone())
            .data(CursorSigner::new([7; 32]))
            .data(entrepot::catalog::Catalog { db: db.clone(), clock: clock.clone(), signer: CursorSigner::new([7; 32]) })
            .data(
                entrepot::identity::Identity::open(
                    db.clone(),
                    clock.clone(),
                    entrepot::identity::Settings::default(),
                    Arc::new(crate::world::Bare),
                    crate::world::ring(&db, &clock).await,
                )
                .await
                .unwrap(),
            )
            .finish();
        let (tenant, other) = (clock.id(), clock.id());
        let member = Actor { kind: ActorKind::Member, id: clock.uuid() };
        let world = Self {
            tenant,
            foreign: Foreign { tenant: other, store: clock.id(), mug: clock.id() },
            store: clock.id(),
            depot: clock.id(),
            mug: clock.id(),
            tea: clock.id(),
            lamp: clock.id(),
            wrap: clock.id(),
            direct: clock.id(),
            web: clock.id(),
            customer: clock.id(),
            member,
            db,
            ledger,
            schema,
            now,
            next_key: AtomicU32::new(0),
            _home: home,
        };
        world.fill().await;
        world
    }

    async fn fill(&self) {
        self.tenant_of(self.tenant, "acme").await;
        self.channel(self.tenant, self.direct, "DIRECT").await;
        self.channel(self.tenant, self.web, "WEB").await;
        self.store_of(self.tenant, self.store, "LDN").await;
        self.store_of(self.tenant, self.depot, "DEPOT").await;
        let products = [
            (self.mug, "MUG", StockPolicy::Tracked, 0, 255),
            (self.tea, "TEA", StockPolicy::Tracked, 3, 333),
            (self.lamp, "LAMP", StockPolicy::Backorder, 0, 1_000),
            (self.wrap, "WRAP", StockPolicy::Untracked, 0, 150),
        ];
        for (id, sku, policy, decimals, price) in products {
            self.product_of(self.tenant, id, (sku, policy, decimals, price)).await;
        }
        let work = self.db.tenant(self.tenant).begin().await.unwrap();
        let customer = entity::customer::Model {
            tenant_id: self.tenant,
            id: self.customer,
            external_ref: Some("C-1".to_owned()),
            name: Some("Ada".to_owned()),
            country: Some("GB".to_owned()),
            email: None,
            version: 1,
            created_at: Timestamp(START),
            updated_at: Timestamp(START),
        };
        work.insert::<entity::customer::Entity>(customer).await.unwrap();
        work.execute(
            "INSERT INTO barcode (tenant_id, code_key, code, product_id, pack_quantity, position) VALUES ($1, '05012345678900', '5012345678900', $2, 1, 1)",
            vec![self.mug.into()],
        )
        .await
        .unwrap();
        work.commit().await.unwrap();
        self.stock(&[(self.mug, self.store, 100), (self.tea, self.store, 5_000), (self.lamp, self.store, 4)]).await;
        self.stock(&[(self.mug, self.depot, 50)]).await;
        self.tenant_of(self.foreign.tenant, "other").await;
        self.store_of(self.foreign.tenant, self.foreign.store, "LDN").await;
        self.product_of(self.foreign.tenant, self.foreign.mug, ("MUG", StockPolicy::Tracked, 0, 255)).await;
    }

    async fn tenant_of(&self, id: TenantId, slug: &str) {
        let work = self.db.global().maintenance_for(id).await.unwrap();
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
            created_at: Timestamp(START),
        };
        work.insert_global::<entity::tenant::Entity>(row).await.unwrap();
        journal::begin_tenant(&work, id.uuid()).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn channel(&self, tenant_id: TenantId, id: ChannelId, code: &str) {
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = entity::channel::Model {
            tenant_id,
            id,
            code: code.to_owned(),
            code_key: code.to_lowercase(),
            name: code.to_owned(),
            version: 1,
            created_at: Timestamp(START),
            updated_at: Timestamp(START),
        };
        work.insert::<entity::channel::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn store_of(&self, tenant_id: TenantId, id: StoreId, code: &str) {
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = entity::store::Model {
            tenant_id,
            id,
            code: code.to_owned(),
            code_key: code.to_lowercase(),
            name: code.to_owned(),
            kind: StoreKind::Shop,
            time_zone: "Europe/London".to_owned(),
            archived_at: None,
            version: 1,
            created_at: Timestamp(START),
            updated_at: Timestamp(START),
        };
        work.insert::<entity::store::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    pub async fn product_of(&self, tenant_id: TenantId, id: ProductId, what: (&str, StockPolicy, i32, i64)) {
        let (sku, stock_policy, unit_decimals, price) = what;
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = entity::product::Model {
            tenant_id,
            id,
            sku: sku.to_owned(),
            sku_key: sku.to_lowercase(),
            name: format!("A {sku}"),
            name_key: format!("a {}", sku.to_lowercase()),
            description: None,
            status: ProductStatus::Active,
            stock_policy,
            category_id: None,
            supplier_id: None,
            family_id: None,
            options: "[]".to_owned(),
            former_skus: "[]".to_owned(),
            unit_code: "each".to_owned(),
            unit_decimals,
            price_minor: Some(price),
            price_currency: Some("GBP".to_owned()),
            cost_minor: Some(100),
            cost_currency: Some("GBP".to_owned()),
            low_stock_threshold: None,
            metadata: "{}".to_owned(),
            search_text: sku.to_lowercase(),
            version: 1,
            created_at: Timestamp(START),
            updated_at: Timestamp(START),
        };
        work.insert::<entity::product::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Brings stock in.
    pub async fn stock(&self, what: &[(ProductId, StoreId, i64)]) {
        let changes = what.iter().map(|(product, store, delta)| Change {
            key: LevelKey { product: *product, store: *store },
            delta: Quantity::new(*delta).unwrap(),
            expected_version: None,
            unit_cost: None,
            note: None,
            lot: LotChoice::Unsaid,
        });
        let head = self.head(MovementKind::Receipt);
        let room = self.ledger.clock().document_id();
        let adjust = Adjust { head, changes: changes.collect(), on_shortage: Shortage::Refuse, room };
        self.ledger.submit(self.tenant, Command::of(StockCommand::Adjust(adjust)), None).await.unwrap().unwrap();
    }

    /// A movement of the world's own.
    pub fn head(&self, kind: MovementKind) -> MovementHead {
        MovementHead {
            id: self.ledger.clock().document_id(),
            kind,
            reason: None,
            note: None,
            external_ref: None,
            reference: None,
            actor: self.member,
            reverses: None,
            occurred_at: self.ledger.clock().now(),
        }
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// A key that was not used before.
    pub fn key(&self) -> String {
        format!("key-{}", self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// What the owner gets, with faults and missing rights as `errors`.
    pub async fn ask(&self, document: &str, variables: Value) -> Value {
        self.ask_as(PermissionSet::all(), document, variables).await
    }

    /// What a caller gets that lacks these permissions.
    pub async fn ask_without(&self, lacking: &[&str], document: &str, variables: Value) -> Value {
        let mut set = PermissionSet::default();
        for (index, info) in REGISTRY.iter().enumerate() {
            if !lacking.contains(&info.code) {
                set.insert(index);
            }
        }
        self.ask_as(set, document, variables).await
    }

    async fn ask_as(&self, permissions: PermissionSet, document: &str, variables: Value) -> Value {
        let caller = Caller::new(self.tenant, self.member, permissions);
        let request = Request::new(document).variables(Variables::from_json(variables)).data(caller);
        let response = self.schema.execute(entrepot::schema::attach(request, &self.db.tenant(self.tenant))).await;
        let codes: Vec<Value> = response
            .errors
            .iter()
            .map(|error| {
                let top = error.source::<TopError>();
                json!({"code": top.map(|top| top.code().as_str()), "message": error.message})
            })
            .collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        if codes.is_empty() { data } else { json!({"data": data, "errors": codes}) }
    }

    /// Runs a mutation of orders that takes `input` and gives its payload.
    pub async fn act(&self, mutation: &str, input: Value) -> Value {
        let kind = match mutation {
            "orderCreate" => "OrderCreateInput",
            "orderFulfil" => "OrderFulfilInput",
            "returnCreate" => "ReturnCreateInput",
            _ => "ActionInput",
        };
        let fields = if mutation == "returnCreate" { RETURN } else { ORDER };
        let document = format!("mutation Act($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} }} }}");
        let answer = self.ask(&document, json!({"input": input})).await;
        if answer.get("errors").is_some() { answer } else { answer["result"].clone() }
    }

    /// Places an order of `lines` in the world's store.
    pub async fn order(&self, status: &str, lines: Value) -> Value {
        let input = json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "status": status, "lines": lines});
        self.act("orderCreate", input).await
    }

    /// On hand, reserved and unavailable of a level.
    pub async fn level(&self, product: ProductId, store: StoreId) -> [i64; 3] {
        let key = LevelKey { product, store };
        let levels = entrepot::stock::rows::read_levels(&self.db.tenant(self.tenant), &[key]).await.unwrap();
        levels.first().map_or([0; 3], |level| [level.on_hand, level.reserved, level.unavailable].map(Quantity::get))
    }
}

const ORDER: &str = "order { id number status version externalRef total { amount currencyCode } allowedActions \
    channel { code } customer { name } store { code } holds { reason } \
    lines { id kind sku name quantity open backordered cancelled fulfilled returned unitPrice { amount } discount { amount } \
    tax { amount } total { amount } unitCost { amount } allocations { store { code } quantity } } \
    fulfilments { status store { code } lines { orderLine { sku } quantity } } returns { number } } \
    userErrors { code message field retryable } replayed seq";

const RETURN: &str = "return { id number status version externalRef refund { amount currencyCode } receivedAt store { code } \
    lines { id kind sku name quantity unitPrice { amount } total { amount } disposition product { sku } orderLine { id } \
    matches { quantity orderLine { id returned order { number } } } } } userErrors { code message field retryable } replayed seq";

/// The code and path of each refusal of a payload.
pub fn refusals(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("a payload is expected: {payload}"));
    let path = |field: &Value| {
        let parts = field.as_array().into_iter().flatten();
        parts.map(|part| part.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(".")
    };
    errors.iter().map(|error| (error["code"].as_str().unwrap().to_owned(), path(&error["field"]))).collect()
}

/// Asserts that the payload is exactly this refusal.
#[track_caller]
pub fn refused(payload: &Value, code: &str, field: &str) {
    assert_eq!(refusals(payload), [(code.to_owned(), field.to_owned())], "{payload}");
    assert!(payload["order"].is_null() && payload["return"].is_null(), "{payload}");
}

/// Asserts that nothing was refused and gives the document.
#[track_caller]
pub fn done<'p>(payload: &'p Value, document: &str) -> &'p Value {
    assert!(payload["userErrors"].as_array().is_some_and(Vec::is_empty), "{payload}");
    &payload[document]
}

impl World {
    /// Holds stock in the world's store for nobody in particular.
    pub async fn reserve(&self, product: ProductId, quantity: i64, expires_at: Option<Timestamp>) -> ReservationId {
        let id = self.ledger.clock().id();
        let key = LevelKey { product, store: self.store };
        let items = vec![ReserveItem { id, key, quantity: Quantity::new(quantity).unwrap() }];
        let reserve = Reserve { head: self.head(MovementKind::Reserve), expires_at, channel: None, items };
        self.ledger.submit(self.tenant, Command::of(StockCommand::Reserve(reserve)), None).await.unwrap().unwrap();
        id
    }
}
