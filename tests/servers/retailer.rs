//! A small retailer: two stores, four products, two channels, a customer; and a neighbour that must not be seen.

mod inputs;
mod state;

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_graphql::{EmptySubscription, MergedObject, Request, Schema, Variables};
use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY},
    api::{
        audit::Audited,
        catalog::CatalogMutation,
        counts::{CountsMutation, CountsQuery},
        fulfilment::{
            CarrierMutation, CarrierQuery, FulfilmentMutation, FulfilmentQuery, FulfilmentWaveMutation, FulfilmentWaveQuery,
            ReadyEmailMutation, ReadyEmailQuery,
        },
        insight::InsightQuery,
        orders::{HoldMutation, HoldRuleMutation, HoldRuleQuery, OrdersMutation, OrdersQuery, SourcingMutation, SourcingQuery},
        payments::PaymentMutation,
        purchasing::PurchasingMutation,
        returns::{ReturnsMutation, ReturnsQuery},
        reversals::ReversalMutation,
        stock::{LotMutation, StockMutation, StockQuery},
        transfers::{TransfersMutation, TransfersQuery},
    },
    catalog::Catalog,
    graphql::{answer::data_json, fault::TopError, limits::Limits},
    identity::{Identity, Settings},
    insight::verify::verify_tenant,
    ledger::{Command, Grouping, Ledger, StockCommand},
    paging::CursorSigner,
    stock::core::{Adjust, Change, Costs, LevelKey, LotChoice, MovementHead, Reserve, ReserveItem, Shortage},
    storage::{Database, Options},
};
use serde_json::{Value, json};

pub use inputs::input_of;

use crate::{
    databases::Home,
    world::{Bare, Hands, OurTenant, Setup, World, ring, rows},
};

/// 2026-11-20T09:00:00Z.
pub const START: i64 = 1_795_165_200_000_000;

#[derive(MergedObject, Default)]
pub struct Query(
    CountsQuery,
    TransfersQuery,
    OrdersQuery,
    ReturnsQuery,
    StockQuery,
    InsightQuery,
    SourcingQuery,
    HoldRuleQuery,
    FulfilmentQuery,
    FulfilmentWaveQuery,
    CarrierQuery,
    ReadyEmailQuery,
);
#[derive(MergedObject, Default)]
pub struct Mutation(
    CountsMutation,
    TransfersMutation,
    OrdersMutation,
    ReturnsMutation,
    SourcingMutation,
    StockMutation,
    LotMutation,
    FulfilmentMutation,
    FulfilmentWaveMutation,
    CarrierMutation,
    ReadyEmailMutation,
    HoldMutation,
    HoldRuleMutation,
    CatalogMutation,
    PaymentMutation,
    PurchasingMutation,
    ReversalMutation,
);

/// Its roots are wrapped as the server's are: keys are compared by the arguments that were sent,
/// and dry runs commit nothing.
pub type RetailSchema = Schema<Audited<Query>, Audited<Mutation>, EmptySubscription>;

/// The part of the retailer's work that a room's scenarios are about.
pub trait Work: Sized {
    /// The input type of a mutation, and the fields of its payload that the scenarios look at.
    fn document(mutation: &str) -> (String, String);

    /// Asserts what holds at the end of each scenario.
    async fn check(_: &World<Retailer<Self>>) {}
}

/// The retailer, at some work.
pub struct Retailer<W> {
    pub ledger: Ledger,
    pub schema: RetailSchema,
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
    next_key: AtomicU32,
    work: PhantomData<W>,
}

/// IDs of another tenant.
pub struct Foreign {
    pub tenant: TenantId,
    pub store: StoreId,
    pub mug: ProductId,
}

impl<W: Work> Setup for Retailer<W> {
    async fn set_up(home: Home) -> World<Self> {
        let db = Database::open(&home.url, Options { readers: 4, writers: 4, ..Options::default() }).await.unwrap();
        let hands = Hands::still(START);
        let clock = hands.clock(7);
        let ledger = Ledger::start(db.clone(), clock.clone(), Grouping::Together, entrepot::documents()).unwrap();
        let schema = schema(&db, ledger.clone()).await;
        let (tenant, other) = (clock.id(), clock.id());
        let member = Actor { kind: ActorKind::Member, id: clock.uuid() };
        let retailer = Self {
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
            ledger,
            schema,
            next_key: AtomicU32::new(0),
            work: PhantomData,
        };
        let world = World::new(home, db, (hands, clock), retailer);
        world.provision().await;
        world
    }

    async fn check(world: &World<Self>) {
        W::check(world).await;
    }
}

impl<W: Work> OurTenant for Retailer<W> {
    fn our_tenant(&self) -> TenantId {
        self.tenant
    }
}

async fn schema(db: &Database, ledger: Ledger) -> RetailSchema {
    let clock = ledger.clock().clone();
    let ring = ring(db, &clock).await;
    let identity = Identity::open(db.clone(), clock.clone(), Settings::default(), Arc::new(Bare), ring).await.unwrap();
    Schema::build(Audited::<Query>::default(), Audited::<Mutation>::default(), EmptySubscription)
        .data(ledger)
        .data(CursorSigner::new([7; 32]))
        .data(Limits::default())
        .data(Catalog { db: db.clone(), clock, signer: CursorSigner::new([7; 32]) })
        .data(identity)
        .data(entrepot::schema::object_fields())
        .finish()
}

impl<W: Work> World<Retailer<W>> {
    async fn provision(&self) {
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
            external_ref: Some("C-1".to_owned()),
            country: Some("GB".to_owned()),
            ..rows::customer(self.tenant, self.customer, Timestamp(START))
        };
        work.insert::<entity::customer::Entity>(customer).await.unwrap();
        let barcode = "INSERT INTO barcode (tenant_id, code_key, code, product_id, pack_quantity, position)
            VALUES ($1, '05012345678900', '5012345678900', $2, 1, 1)";
        work.execute(barcode, vec![self.mug.into()]).await.unwrap();
        work.commit().await.unwrap();
        self.stock(&[(self.mug, self.store, 100), (self.tea, self.store, 5_000), (self.lamp, self.store, 4)]).await;
        self.stock(&[(self.mug, self.depot, 50)]).await;
        self.tenant_of(self.foreign.tenant, "other").await;
        self.store_of(self.foreign.tenant, self.foreign.store, "LDN").await;
        self.product_of(self.foreign.tenant, self.foreign.mug, ("MUG", StockPolicy::Tracked, 0, 255)).await;
    }

    async fn tenant_of(&self, id: TenantId, slug: &str) {
        rows::begin_tenant(&self.db, rows::tenant(id, slug, Timestamp(START)), id.uuid()).await.commit().await.unwrap();
    }

    async fn channel(&self, tenant_id: TenantId, id: ChannelId, code: &str) {
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = rows::channel(tenant_id, id, code, Timestamp(START));
        work.insert::<entity::channel::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn store_of(&self, tenant_id: TenantId, id: StoreId, code: &str) {
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = rows::store(tenant_id, id, code, Timestamp(START));
        work.insert::<entity::store::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    pub async fn product_of(&self, tenant_id: TenantId, id: ProductId, what: (&str, StockPolicy, i32, i64)) {
        let (sku, stock_policy, unit_decimals, price) = what;
        let work = self.db.tenant(tenant_id).begin().await.unwrap();
        let row = entity::product::Model {
            name: format!("A {sku}"),
            name_key: format!("a {}", sku.to_lowercase()),
            stock_policy,
            unit_decimals,
            price_minor: Some(price),
            price_currency: Some("GBP".to_owned()),
            cost_minor: Some(100),
            cost_currency: Some("GBP".to_owned()),
            ..rows::product(tenant_id, id, sku, Timestamp(START))
        };
        work.insert::<entity::product::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Receives stock.
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
        let adjust = Adjust { head, changes: changes.collect(), on_shortage: Shortage::Refuse, costs: Costs::default(), room };
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

    /// A key that was not used before.
    pub fn key(&self) -> String {
        format!("key-{}", self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// Every invariant of the retailer's holds.
    pub async fn verify(&self) {
        let report = verify_tenant(&self.db, self.tenant, |_| {}).await.unwrap();
        assert!(report.is_sound(), "{report}");
    }

    /// Returns the schema as another process would serve it.
    pub async fn served_elsewhere(&self) -> RetailSchema {
        schema(&self.db, Ledger::start(self.db.clone(), self.clock.clone(), Grouping::Together, entrepot::documents()).unwrap())
            .await
    }

    /// Returns the response to the owner, with faults and missing permissions as `errors`.
    pub async fn execute(&self, document: &str, variables: Value) -> Value {
        self.execute_as(PermissionSet::all(), document, variables).await
    }

    /// Returns the response to a caller without these permissions.
    pub async fn execute_without(&self, lacking: &[&str], document: &str, variables: Value) -> Value {
        let mut set = PermissionSet::default();
        for (index, info) in REGISTRY.iter().enumerate() {
            if !lacking.contains(&info.code) {
                set.insert(index);
            }
        }
        self.execute_as(set, document, variables).await
    }

    pub async fn execute_as(&self, permissions: PermissionSet, document: &str, variables: Value) -> Value {
        self.execute_by(self.caller(permissions), document, variables).await
    }

    pub async fn execute_by(&self, caller: Caller, document: &str, variables: Value) -> Value {
        self.execute_on(&self.schema, caller, document, variables).await
    }

    async fn execute_on(&self, schema: &RetailSchema, caller: Caller, document: &str, variables: Value) -> Value {
        let scope = self.db.tenant(caller.tenant);
        let request = Request::new(document).variables(Variables::from_json(variables)).data(caller);
        let response = schema.execute(entrepot::schema::attach(request, &scope)).await;
        let error = |error: &async_graphql::ServerError| json!({"code": error.source::<TopError>().map(|top| top.code().as_str()), "message": error.message});
        let errors: Vec<Value> = response.errors.iter().map(error).collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        if errors.is_empty() { data } else { json!({"data": data, "errors": errors}) }
    }

    fn caller(&self, permissions: PermissionSet) -> Caller {
        Caller::new(self.tenant, self.member, permissions)
    }

    /// Runs a mutation that takes `input` and gives its payload.
    pub async fn mutate(&self, mutation: &str, input: Value) -> Value {
        self.mutate_selecting::<W>(mutation, input).await
    }

    /// Like `mutate`, with the fields of another work's scenarios.
    pub async fn mutate_selecting<Other: Work>(&self, mutation: &str, input: Value) -> Value {
        self.mutate_on::<Other>(&self.schema, self.caller(PermissionSet::all()), mutation, input).await
    }

    pub async fn mutate_as(&self, permissions: PermissionSet, mutation: &str, input: Value) -> Value {
        self.mutate_by(self.caller(permissions), mutation, input).await
    }

    pub async fn mutate_by(&self, caller: Caller, mutation: &str, input: Value) -> Value {
        self.mutate_on::<W>(&self.schema, caller, mutation, input).await
    }

    /// Like `mutate`, in another process.
    pub async fn mutate_elsewhere(&self, served: &RetailSchema, mutation: &str, input: Value) -> Value {
        self.mutate_on::<W>(served, self.caller(PermissionSet::all()), mutation, input).await
    }

    /// Like `mutate_elsewhere`, with the fields of another work's scenarios.
    pub async fn mutate_elsewhere_selecting<Other: Work>(&self, served: &RetailSchema, mutation: &str, input: Value) -> Value {
        self.mutate_on::<Other>(served, self.caller(PermissionSet::all()), mutation, input).await
    }

    async fn mutate_on<Of: Work>(&self, schema: &RetailSchema, caller: Caller, mutation: &str, input: Value) -> Value {
        let (kind, fields) = Of::document(mutation);
        let document = format!("mutation Act($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} }} }}");
        let answer = self.execute_on(schema, caller, &document, json!({"input": input})).await;
        if answer.get("errors").is_some() { answer } else { answer["result"].clone() }
    }

    /// Reserves stock in the world's store without a reference.
    pub async fn reserve(&self, product: ProductId, quantity: i64, expires_at: Option<Timestamp>) -> ReservationId {
        let id = self.ledger.clock().id();
        let key = LevelKey { product, store: self.store };
        let items = vec![ReserveItem { id, key, quantity: Quantity::new(quantity).unwrap() }];
        let reserve = Reserve { head: self.head(MovementKind::Reserve), expires_at, channel: None, items };
        self.ledger.submit(self.tenant, Command::of(StockCommand::Reserve(reserve)), None).await.unwrap().unwrap();
        id
    }
}
