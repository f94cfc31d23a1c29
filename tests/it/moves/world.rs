//! The small retailer of the orders' scenarios, with what can be moved and counted: mugs, tea and lamps in a store and a depot.

use std::sync::Arc;

use async_graphql::{EmptySubscription, MergedObject, Request, Schema, Variables};
use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY, Reach},
    api::{
        counts::{CountsMutation, CountsQuery},
        orders::{OrdersMutation, OrdersQuery},
        stock::{LotMutation, StockMutation, StockQuery},
        transfers::{TransfersMutation, TransfersQuery},
    },
    graphql::{answer::data_json, fault::TopError},
    insight::verify::verify_tenant,
    paging::CursorSigner,
    stock::core::LevelKey,
    storage::{Reads, journal},
};
use serde_json::{Value, json};

use crate::orders::world::World as Shop;
pub use crate::orders::world::{on_both as on_both_shops, refusals};

#[derive(MergedObject, Default)]
pub struct Query(CountsQuery, TransfersQuery, OrdersQuery, StockQuery);
#[derive(MergedObject, Default)]
pub struct Mutation(CountsMutation, TransfersMutation, OrdersMutation, StockMutation, LotMutation);

pub struct World {
    pub shop: Shop,
    schema: Schema<Query, Mutation, EmptySubscription>,
}

/// Runs a scenario on a fresh database of each kind; in the end the books agree.
pub async fn on_both<F>(scenario: impl Fn(Arc<World>) -> F)
where
    F: Future<Output = ()>,
{
    on_both_shops(async |shop| {
        let world = Arc::new(World::of(shop).await);
        scenario(world.clone()).await;
        world.verify().await;
    })
    .await;
}

const TRANSFER: &str = "transfer { id number status version externalRef note expectedAt shippedAt receivedAt lossReason lossNote allowedActions \
    fromStore { code } toStore { code } lines { id sku quantity shipped received lost inTransit unitCost { amount } } }";

const COUNT: &str = "count { id number kind status version isBlind note allowedActions completedAt progress { lines counted uncounted recount found } \
    lines(first: 250) { nodes { id sku state attempts counted book difference isExpected differenceValue { amount } tries { attempt counted } } } }";

impl World {
    async fn of(shop: Shop) -> Self {
        let schema = Schema::build(Query::default(), Mutation::default(), EmptySubscription)
            .data(shop.ledger.clone())
            .data(CursorSigner::new([7; 32]))
            .data(entrepot::graphql::limits::Limits::default())
            .data(entrepot::catalog::Catalog {
                db: shop.db.clone(),
                clock: shop.ledger.clock().clone(),
                signer: CursorSigner::new([7; 32]),
            })
            .data(
                entrepot::identity::Identity::open(
                    shop.db.clone(),
                    shop.ledger.clock().clone(),
                    entrepot::identity::Settings::default(),
                    Arc::new(crate::world::Bare),
                    crate::world::ring(&shop.db, shop.ledger.clock()).await,
                )
                .await
                .unwrap(),
            )
            .finish();
        Self { shop, schema }
    }

    pub fn key(&self) -> String {
        self.shop.key()
    }

    /// The books agree.
    pub async fn verify(&self) {
        let report = verify_tenant(&self.shop.db, self.shop.tenant, |_| {}).await.unwrap();
        assert!(report.is_sound(), "{report}");
    }

    pub async fn ask(&self, document: &str, variables: Value) -> Value {
        self.ask_as(PermissionSet::all(), document, variables).await
    }

    pub async fn ask_as(&self, permissions: PermissionSet, document: &str, variables: Value) -> Value {
        self.ask_by(Caller::new(self.shop.tenant, self.shop.member, permissions), document, variables).await
    }

    pub async fn ask_by(&self, caller: Caller, document: &str, variables: Value) -> Value {
        let scope = self.shop.db.tenant(caller.tenant);
        let request = Request::new(document).variables(Variables::from_json(variables)).data(caller);
        let response = self.schema.execute(entrepot::schema::attach(request, &scope)).await;
        let error = |error: &async_graphql::ServerError| json!({"code": error.source::<TopError>().map(|top| top.code().as_str()), "message": error.message});
        let errors: Vec<Value> = response.errors.iter().map(error).collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        if errors.is_empty() { data } else { json!({"data": data, "errors": errors}) }
    }

    /// Runs a mutation that takes `input`, with its payload's document whole.
    pub async fn act(&self, mutation: &str, input: Value) -> Value {
        self.act_as(PermissionSet::all(), mutation, input).await
    }

    pub async fn act_as(&self, permissions: PermissionSet, mutation: &str, input: Value) -> Value {
        self.act_by(Caller::new(self.shop.tenant, self.shop.member, permissions), mutation, input).await
    }

    pub async fn act_by(&self, caller: Caller, mutation: &str, input: Value) -> Value {
        let (kind, fields) = match mutation {
            "transferCreate" | "transferUpdate" | "transferClose" => (input_of(mutation), TRANSFER),
            "transferShip" | "transferReceive" => ("TransferMoveInput".to_owned(), TRANSFER),
            "transferReady" | "transferCancel" => ("TransferActionInput".to_owned(), TRANSFER),
            "countStart" | "countApprove" | "countCancel" => ("CountActionInput".to_owned(), COUNT),
            _ if mutation.starts_with("count") => (input_of(mutation), COUNT),
            _ => (input_of(mutation), ""),
        };
        let fields = format!("{fields} userErrors {{ code message field }} replayed seq");
        let document = format!("mutation Act($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} }} }}");
        let answer = self.ask_by(caller, &document, json!({ "input": input })).await;
        if answer.get("errors").is_some() { answer } else { answer["result"].clone() }
    }

    /// A transfer of these from the store to the depot, as a DRAFT.
    pub async fn draft(&self, lines: &[(ProductId, i64)]) -> Value {
        let payload = self.act("transferCreate", self.asking(lines)).await;
        done(&payload, "transfer").clone()
    }

    /// The input of such a transfer.
    pub fn asking(&self, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "quantity": n})).collect();
        json!({"idempotencyKey": self.key(), "fromStore": {"id": self.shop.store}, "toStore": {"code": "DEPOT"}, "lines": lines})
    }

    /// A count in the store that has begun, of what `more` says.
    pub async fn counting(&self, more: Value) -> Value {
        let mut input = json!({"idempotencyKey": self.key(), "kind": "FULL", "store": {"id": self.shop.store}});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        let payload = self.act("countCreate", input).await;
        let count = done(&payload, "count").clone();
        self.counts("countStart", &count).await
    }

    /// A step of a count that is done.
    pub async fn counts(&self, mutation: &str, count: &Value) -> Value {
        let payload = self.act(mutation, self.step(count)).await;
        done(&payload, "count").clone()
    }

    /// The input that records these.
    pub fn found(&self, count: &Value, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "counted": n})).collect();
        json!({"id": count["id"], "idempotencyKey": self.key(), "lines": lines})
    }

    /// Records these.
    pub async fn finds(&self, count: &Value, lines: &[(ProductId, i64)]) -> Value {
        let payload = self.act("countRecord", self.found(count, lines)).await;
        done(&payload, "count").clone()
    }

    /// The input of a step.
    pub fn step(&self, transfer: &Value) -> Value {
        json!({"id": transfer["id"], "idempotencyKey": self.key()})
    }

    /// A step that is done.
    pub async fn does(&self, mutation: &str, transfer: &Value) -> Value {
        let payload = self.act(mutation, self.step(transfer)).await;
        done(&payload, "transfer").clone()
    }

    /// A transfer that has left.
    pub async fn sent(&self, lines: &[(ProductId, i64)]) -> Value {
        let draft = self.draft(lines).await;
        self.does("transferReady", &draft).await;
        self.does("transferShip", &draft).await
    }

    /// On hand, reserved and in transit of a level.
    pub async fn level(&self, product: ProductId, store: StoreId) -> [i64; 3] {
        let key = LevelKey { product, store };
        let levels = entrepot::stock::rows::read_levels(&self.shop.db.tenant(self.shop.tenant), &[key]).await.unwrap();
        levels.first().map_or([0; 3], |level| [level.on_hand, level.reserved, level.in_transit].map(Quantity::get))
    }

    /// The kinds of all events.
    pub async fn events(&self) -> Vec<String> {
        let events = journal::after(&self.shop.db.tenant(self.shop.tenant), 0, 10_000).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    /// Runs SQL of the tenant's, `$1`.
    pub async fn pretend(&self, sql: &str, values: Vec<sea_orm::Value>) {
        let work = self.shop.db.tenant(self.shop.tenant).begin().await.unwrap();
        work.execute(sql, values).await.unwrap();
        work.commit().await.unwrap();
    }

    /// One number of the tenant's.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.shop.db.tenant(self.shop.tenant).rows(sql, vec![]).await.unwrap();
        rows[0].try_get_by_index(0).unwrap()
    }
}

fn input_of(mutation: &str) -> String {
    format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..])
}

/// All permissions of a store, and those of the whole tenant.
pub fn of_store(store: StoreId) -> PermissionSet {
    let mut set = PermissionSet::default();
    for (index, info) in REGISTRY.iter().enumerate() {
        match info.class {
            entrepot::access::Class::Store => set.grant(index, &Reach::stores([store])),
            entrepot::access::Class::Tenant => set.insert(index),
        }
    }
    set
}

/// Asserts that the payload is exactly this refusal.
#[track_caller]
pub fn refused(payload: &Value, code: &str, field: &str) {
    assert_eq!(refusals(payload), [(code.to_owned(), field.to_owned())], "{payload}");
}

/// Asserts that nothing was refused and gives the document.
#[track_caller]
pub fn done<'p>(payload: &'p Value, document: &str) -> &'p Value {
    assert!(payload["userErrors"].as_array().is_some_and(Vec::is_empty), "{payload}");
    &payload[document]
}
