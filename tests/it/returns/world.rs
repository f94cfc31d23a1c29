//! The small retailer of the orders' scenarios, with what happens to goods that come back.

use std::sync::Arc;

use async_graphql::{EmptySubscription, MergedObject, Request, Schema, Variables};
use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet},
    api::{
        insight::InsightQuery,
        orders::{OrdersMutation, OrdersQuery, ReturnsMutation, SourcingMutation, SourcingQuery},
        stock::{LotMutation, StockMutation, StockQuery},
    },
    graphql::{answer::data_json, fault::TopError},
    insight::verify::verify_tenant,
    ledger::{Grouping, Ledger},
    orders::jobs::fill_backorders,
    paging::CursorSigner,
    storage::{Reads, journal},
};
use serde_json::{Value, json};

use crate::orders::world::World as Shop;
pub use crate::{
    moves::world::{done, of_store, refused},
    orders::world::on_both as on_both_shops,
};

#[derive(MergedObject, Default)]
pub struct Query(OrdersQuery, StockQuery, InsightQuery, SourcingQuery);
#[derive(MergedObject, Default)]
pub struct Mutation(OrdersMutation, ReturnsMutation, SourcingMutation, StockMutation, LotMutation);

pub struct World {
    pub shop: Shop,
    schema: Served,
}

pub type Served = Schema<Query, Mutation, EmptySubscription>;

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

const RETURN: &str = "return { id number status version refund { amount } refunded { amount } rejectReason occurredAt receivedAt allowedActions \
    lines { id kind sku quantity received restocked quarantined writtenOff disposition \
    matches { quantity orderLine { fulfilled returned returnPending } } } }";
const ORDER: &str = "order { id number status version allowedActions lines { id sku quantity open backordered cancelled fulfilled returned returnPending \
    allocations { store { code } quantity } } holds { reason } }";

impl World {
    async fn of(shop: Shop) -> Self {
        let schema = Self::schema(&shop, shop.ledger.clone()).await;
        Self { shop, schema }
    }

    /// Where the same is asked of another process.
    pub async fn elsewhere(&self) -> Served {
        let ledger =
            Ledger::start(self.shop.db.clone(), self.shop.ledger.clock().clone(), Grouping::Together, entrepot::documents())
                .unwrap();
        Self::schema(&self.shop, ledger).await
    }

    async fn schema(shop: &Shop, ledger: Ledger) -> Served {
        Schema::build(Query::default(), Mutation::default(), EmptySubscription)
            .data(ledger)
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
            .finish()
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
        self.ask_on(&self.schema, caller, document, variables).await
    }

    async fn ask_on(&self, schema: &Served, caller: Caller, document: &str, variables: Value) -> Value {
        let scope = self.shop.db.tenant(caller.tenant);
        let request = Request::new(document).variables(Variables::from_json(variables)).data(caller);
        let response = schema.execute(entrepot::schema::attach(request, &scope)).await;
        let error = |error: &async_graphql::ServerError| json!({"code": error.source::<TopError>().map(|top| top.code().as_str()), "message": error.message});
        let errors: Vec<Value> = response.errors.iter().map(error).collect();
        let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
        if errors.is_empty() { data } else { json!({"data": data, "errors": errors}) }
    }

    /// Runs a mutation that takes `input`, with its document whole.
    pub async fn act(&self, mutation: &str, input: Value) -> Value {
        self.act_as(PermissionSet::all(), mutation, input).await
    }

    pub async fn act_as(&self, permissions: PermissionSet, mutation: &str, input: Value) -> Value {
        self.act_by(Caller::new(self.shop.tenant, self.shop.member, permissions), mutation, input).await
    }

    pub async fn act_by(&self, caller: Caller, mutation: &str, input: Value) -> Value {
        self.act_on(&self.schema, caller, mutation, input).await
    }

    /// The same of another process.
    pub async fn act_elsewhere(&self, served: &Served, mutation: &str, input: Value) -> Value {
        self.act_on(served, Caller::new(self.shop.tenant, self.shop.member, PermissionSet::all()), mutation, input).await
    }

    async fn act_on(&self, schema: &Served, caller: Caller, mutation: &str, input: Value) -> Value {
        let kind = match mutation {
            "returnApprove" => "ReturnActionInput".to_owned(),
            "orderConfirm" | "orderCancel" | "orderClose" => "ActionInput".to_owned(),
            _ => format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]),
        };
        let fields = match mutation {
            _ if mutation.starts_with("return") => RETURN,
            _ if mutation.starts_with("order") => ORDER,
            _ => "",
        };
        let fields = format!("{fields} userErrors {{ code message field }} replayed seq");
        let document = format!("mutation Act($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} }} }}");
        let answer = self.ask_on(schema, caller, &document, json!({ "input": input })).await;
        if answer.get("errors").is_some() { answer } else { answer["result"].clone() }
    }

    /// An order of these in the store.
    pub async fn order(&self, status: &str, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "quantity": n})).collect();
        let input = json!({"idempotencyKey": self.key(), "store": {"id": self.shop.store}, "status": status, "lines": lines});
        done(&self.act("orderCreate", input).await, "order").clone()
    }

    /// Mugs that were sold over the counter: the line's id.
    pub async fn sold(&self, quantity: i64) -> Value {
        self.order("FULFILLED", &[(self.shop.mug, quantity)]).await["lines"][0]["id"].clone()
    }

    /// The input that asks for these lines to come back.
    pub fn asking(&self, lines: Value) -> Value {
        json!({"idempotencyKey": self.key(), "store": {"id": self.shop.store}, "receive": false, "lines": lines})
    }

    /// A return that was asked for.
    pub async fn requested(&self, lines: Value) -> Value {
        done(&self.act("returnCreate", self.asking(lines)).await, "return").clone()
    }

    /// A return that was asked for and may come.
    pub async fn approved(&self, lines: Value) -> Value {
        let ret = self.requested(lines).await;
        self.does("returnApprove", &ret, json!({})).await
    }

    /// The input of a step.
    pub fn step(&self, ret: &Value, more: Value) -> Value {
        let mut input = json!({"id": ret["id"], "idempotencyKey": self.key()});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    }

    /// A step that is done.
    pub async fn does(&self, mutation: &str, of: &Value, more: Value) -> Value {
        let payload = self.act(mutation, self.step(of, more)).await;
        let document = if mutation.starts_with("order") { "order" } else { "return" };
        done(&payload, document).clone()
    }

    /// An order as it is.
    pub async fn read(&self, order: &Value) -> Value {
        let document = format!("query($id: ID!) {{ order(by: {{id: $id}}) {} }}", ORDER.strip_prefix("order ").unwrap());
        self.ask(&document, json!({"id": order["id"]})).await["order"].clone()
    }

    /// On hand, reserved and unavailable of a level.
    pub async fn level(&self, product: ProductId) -> [i64; 3] {
        self.shop.level(product, self.shop.store).await
    }

    /// Gives what has come to those who wait, and says to how many.
    pub async fn fill(&self) -> usize {
        fill_backorders(&self.shop.ledger).await.unwrap()
    }

    /// The kinds of all events about a noun.
    pub async fn events(&self, noun: &str) -> Vec<String> {
        let events = journal::after(&self.shop.db.tenant(self.shop.tenant), 0, 10_000).await.unwrap();
        events.into_iter().map(|event| event.kind).filter(|kind| kind.starts_with(noun)).collect()
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

/// A line that was sold, so much of it.
pub fn back(line: &Value, quantity: i64) -> Value {
    json!({"orderLineId": line, "quantity": quantity})
}
