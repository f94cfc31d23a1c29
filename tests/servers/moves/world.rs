//! Products to move and to count: the mugs, tea and lamps of the retailer in a store and a depot.

use entity::prelude::*;
use entrepot::{
    access::{PermissionSet, REGISTRY, Reach},
    stock::{core::LevelKey, rows::read_levels},
};
use serde_json::{Value, json};

pub use crate::{
    orders::world::Orders,
    world::answers::{accepted, refused},
};
use crate::{
    retailer::{Retailer, Work, input_of},
    world,
};

pub type World = world::World<Retailer<Moves>>;

pub struct Moves;

impl Work for Moves {
    fn document(mutation: &str) -> (String, String) {
        let (kind, fields) = match mutation {
            "transferCreate" | "transferUpdate" | "transferClose" => (input_of(mutation), TRANSFER),
            "transferShip" | "transferReceive" => ("TransferShipmentInput".to_owned(), TRANSFER),
            "transferMarkReady" | "transferCancel" => ("TransferActionInput".to_owned(), TRANSFER),
            "stocktakeStart" | "stocktakeApprove" | "stocktakeCancel" => ("StocktakeActionInput".to_owned(), COUNT),
            _ if mutation.starts_with("stocktake") => (input_of(mutation), COUNT),
            _ => (input_of(mutation), ""),
        };
        let fields = format!("{fields} userErrors {{ code message field }} replayed seq");
        (kind, fields)
    }

    /// The books agree.
    async fn check(world: &World) {
        world.verify().await;
    }
}

const TRANSFER: &str = "transfer { id number status version externalRef note metadata expectedAt shippedAt receivedAt lossReasonCode lossNote allowedActions \
    fromStore { code } toStore { code } lines { id sku quantity shipped received lost inTransit unitCost { amount } } }";

const COUNT: &str = "stocktake { id number kind status version isBlind note allowedActions completedAt progress { lines counted uncounted recount found } \
    lines(first: 250) { nodes { id sku state attempts counted book difference isExpected differenceValue { amount } tries { attempt counted } } } }";

impl World {
    /// A transfer of these from the store to the depot, as a DRAFT.
    pub async fn draft(&self, lines: &[(ProductId, i64)]) -> Value {
        let payload = self.mutate("transferCreate", self.asking(lines)).await;
        accepted(&payload, "transfer").clone()
    }

    /// The input of such a transfer.
    pub fn asking(&self, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "quantity": n})).collect();
        json!({"idempotencyKey": self.key(), "fromStore": {"id": self.store}, "toStore": {"code": "DEPOT"}, "lines": lines})
    }

    /// Creates a count in the store and starts it, with the input's fields in `more`.
    pub async fn start_count(&self, extra: Value) -> Value {
        let mut input = json!({"idempotencyKey": self.key(), "kind": "FULL", "store": {"id": self.store}});
        for (name, value) in extra.as_object().unwrap() {
            input[name] = value.clone();
        }
        let payload = self.mutate("stocktakeCreate", input).await;
        let count = accepted(&payload, "stocktake").clone();
        self.complete_count_step("stocktakeStart", &count).await
    }

    /// A step of a count that is done.
    pub async fn complete_count_step(&self, mutation: &str, count: &Value) -> Value {
        let payload = self.mutate(mutation, self.step(count)).await;
        accepted(&payload, "stocktake").clone()
    }

    /// The input that records these.
    pub fn counted_input(&self, count: &Value, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "counted": n})).collect();
        json!({"id": count["id"], "idempotencyKey": self.key(), "lines": lines})
    }

    /// Records these.
    pub async fn record_counted(&self, count: &Value, lines: &[(ProductId, i64)]) -> Value {
        let payload = self.mutate("stocktakeRecord", self.counted_input(count, lines)).await;
        accepted(&payload, "stocktake").clone()
    }

    /// The input of a step.
    pub fn step(&self, transfer: &Value) -> Value {
        json!({"id": transfer["id"], "idempotencyKey": self.key()})
    }

    /// A step that is done.
    pub async fn complete_step(&self, mutation: &str, transfer: &Value) -> Value {
        let payload = self.mutate(mutation, self.step(transfer)).await;
        accepted(&payload, "transfer").clone()
    }

    /// A transfer that has left.
    pub async fn sent(&self, lines: &[(ProductId, i64)]) -> Value {
        let draft = self.draft(lines).await;
        self.complete_step("transferMarkReady", &draft).await;
        self.complete_step("transferShip", &draft).await
    }

    /// On hand, reserved and in transit of a level.
    pub async fn level_in_transit(&self, product: ProductId, store: StoreId) -> [i64; 3] {
        let key = LevelKey { product, store };
        let levels = read_levels(&self.scope(), &[key]).await.unwrap();
        levels.first().map_or([0; 3], |level| [level.on_hand, level.reserved, level.in_transit].map(Quantity::get))
    }
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
