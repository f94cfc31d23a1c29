//! A shop whose stock moves, and helpers for actions on its alerts.

use std::sync::atomic::{AtomicU32, Ordering};

use entity::prelude::*;
use entrepot::{
    access::{Caller, PermissionSet, REGISTRY, Reach},
    insight::verify,
};
use serde_json::{Value, json};

pub(crate) use crate::authorization::world::World;
pub use crate::world::answers::{accepted, refused, text};

static KEYS: AtomicU32 = AtomicU32::new(0);

pub fn key() -> String {
    format!("alert-key-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

pub struct Shop<'w> {
    pub world: &'w World,
    pub caller: Caller,
    pub store: Value,
}

pub const ALERT: &str = "id kind state version quantity threshold day openedSeq snoozedUntil resolvedAt note allowedActions \
    store { id } product { sku } lot { code } purchaseOrder { number } transfer { number } stocktake { number } count { number } \
    price { amount } unitCost { amount } assignee { id } resolvedBy { __typename }";
pub const RULE: &str = "id kind version isEnabled threshold days emails digest digestHour timeZone quietHours { from to } \
    store { id } category { id } product { sku } members { id }";

impl<'w> Shop<'w> {
    /// Our company's owner, with a store of its own. The alerts of the company's initial stock are
    /// evaluated and resolved.
    pub async fn open(world: &'w World) -> Self {
        let mut shop = Self { world, caller: world.ours.owner.clone(), store: Value::Null };
        shop.store = shop.new_store("CORNER").await;
        // Both companies have an order to ship, which becomes overdue as days pass.
        for owner in [&world.ours.owner, &world.theirs.owner] {
            shop.as_caller(owner.clone()).rule(json!({ "kind": "FULFILMENT_OVERDUE", "isEnabled": false })).await;
        }
        shop.evaluate_alerts().await;
        for alert in shop.alerts(json!({ "state": ["OPEN"] })).await {
            shop.must_mutate("alertResolve", json!({ "id": alert["id"] })).await;
        }
        shop
    }
    pub fn at(&self, store: &Value) -> Self {
        Self { world: self.world, caller: self.caller.clone(), store: store.clone() }
    }
    pub fn as_caller(&self, caller: Caller) -> Self {
        Self { world: self.world, caller, store: self.store.clone() }
    }
    /// The owner with only these permissions, limited to this store where a permission can be.
    pub fn clerk(&self, codes: &[&str]) -> Self {
        let mut permissions = PermissionSet::default();
        for code in codes {
            let index = REGISTRY.iter().position(|known| known.code == *code).unwrap();
            match REGISTRY[index].class {
                entrepot::access::Class::Tenant => permissions.insert(index),
                entrepot::access::Class::Store => {
                    permissions.grant(index, &Reach::stores([self.store["id"].as_str().unwrap().parse().unwrap()]));
                }
            }
        }
        self.as_caller(Caller { permissions, ..self.caller.clone() })
    }

    pub async fn execute(&self, query: &str, variables: Value) -> Value {
        self.world.execute(&self.world.ours, Some(self.caller.clone()), query, &variables).await
    }
    /// The payload of a mutation that takes one input.
    pub async fn mutate(&self, mutation: &str, kind: &str, fields: &str, mut input: Value) -> Value {
        let is_document = ["purchaseOrder", "transfer", "stocktake", "lot"].iter().any(|noun| mutation.starts_with(noun));
        let is_keyed = is_document || !["Create", "Update"].iter().any(|end| mutation.ends_with(end));
        if input["idempotencyKey"].is_null() && is_keyed {
            input["idempotencyKey"] = json!(key());
        }
        let query = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message field }} replayed seq }} }}"
        );
        let answer = self.execute(&query, json!({ "input": input })).await;
        assert!(answer["errors"].is_null(), "{mutation} {input}: {answer:#}");
        answer["data"][mutation].clone()
    }

    pub async fn new_store(&self, code: &str) -> Value {
        let input = json!({ "code": code, "name": format!("{code} & Sons"), "timeZone": "Europe/London" });
        json!({ "id": accepted(&self.mutate("storeCreate", "StoreCreateInput", "store { id }", input).await, "store")["id"] })
    }
    pub async fn product(&self, sku: &str, extra: Value) -> Value {
        let mut input = json!({ "sku": sku, "name": format!("A <{sku}>") });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({ "id": accepted(&self.mutate("productCreate", "ProductCreateInput", "product { id }", input).await, "product")["id"] })
    }
    pub async fn update_product(&self, product: &Value, mut input: Value) {
        let found = self.execute("query($by: ProductRef!) { product(by: $by) { version } }", json!({ "by": product })).await;
        input["id"] = product["id"].clone();
        input["expectedVersion"] = found["data"]["product"]["version"].clone();
        accepted(&self.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    }
    /// Stock changes in one movement; returns its `seq`.
    pub async fn move_stock(&self, changes: &[(&Value, i64)]) -> i64 {
        let kind = if changes[0].1 < 0 { "SALE" } else { "RECEIPT" };
        let reason = if changes[0].1 < 0 { "SALE" } else { "OPENING" };
        let lines: Vec<Value> =
            changes.iter().map(|(product, delta)| json!({ "product": product, "store": self.store, "delta": delta })).collect();
        let input = json!({ "kind": kind, "reasonCode": reason, "changes": lines });
        let payload = self.mutate("stockAdjust", "StockAdjustInput", "levels { available }", input).await;
        accepted(&payload, "levels");
        payload["seq"].as_i64().unwrap()
    }
    pub async fn policy(&self, product: &Value, reorder_point: i64, maximum: Value) {
        let item = json!({ "product": product, "store": self.store, "reorderPoint": reorder_point, "maximum": maximum });
        accepted(
            &self.mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { id }", json!({ "items": [item] })).await,
            "levels",
        );
    }

    /// Runs the workers in turn: follows the journal, scans the day, wakes snoozed alerts. Returns
    /// how many alerts were opened.
    pub async fn evaluate_alerts(&self) -> usize {
        let alerts = &self.world.node.alerts;
        let opened = alerts.follow_all().await.unwrap() + alerts.scan_all().await.unwrap();
        alerts.wake_all().await.unwrap();
        opened
    }
    /// Alerts, the oldest first.
    pub async fn alerts(&self, filter: Value) -> Vec<Value> {
        let query =
            format!("query($filter: AlertListFilter) {{ alerts(filter: $filter, first: 250) {{ nodes {{ {ALERT} }} }} }}");
        let answer = self.execute(&query, json!({ "filter": filter })).await;
        let mut nodes = answer["data"]["alerts"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
        nodes.reverse();
        nodes
    }
    /// Kinds and states of the alerts of this store, the oldest first.
    pub async fn alert_states(&self) -> Vec<(String, String)> {
        let own = self.alerts(json!({ "store": { "eq": self.store["id"] } })).await;
        own.iter().map(|alert| (text(&alert["kind"]), text(&alert["state"]))).collect()
    }
    /// The only alert of a kind that is not resolved.
    pub async fn only_alert(&self, kind: &str) -> Value {
        let mut found = self.alerts(json!({ "kind": [kind], "state": ["OPEN", "ACKNOWLEDGED", "SNOOZED"] })).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }
    /// A step of an alert.
    pub async fn step(&self, mutation: &str, input: Value) -> Value {
        let kind = match mutation {
            "alertSnooze" => "AlertSnoozeInput",
            "alertAssign" => "AlertAssignInput",
            _ => "AlertActionInput",
        };
        self.mutate(mutation, kind, &format!("alert {{ {ALERT} }}"), input).await
    }
    pub async fn must_mutate(&self, mutation: &str, input: Value) -> Value {
        accepted(&self.step(mutation, input).await, "alert").clone()
    }
    pub async fn try_rule(&self, input: Value) -> Value {
        self.mutate("alertRuleUpsert", "AlertRuleUpsertInput", &format!("alertRule {{ {RULE} }}"), input).await
    }
    pub async fn rule(&self, input: Value) -> Value {
        accepted(&self.try_rule(input).await, "alertRule").clone()
    }

    /// The events of alerts since a number, in their order.
    pub async fn alert_events_after(&self, seq: i64) -> Vec<String> {
        let sql = "SELECT kind FROM event WHERE tenant_id = $1 AND seq > $2 AND kind LIKE 'alert.%' ORDER BY seq";
        self.texts(sql, vec![seq.into()]).await
    }
    pub async fn texts(&self, sql: &str, values: Vec<sea_orm::Value>) -> Vec<String> {
        use entrepot::storage::Reads;
        let rows = self.world.node.db.tenant(self.caller.tenant).rows(sql, values).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
    /// Every invariant of our company holds.
    pub async fn is_sound(&self) {
        self.world.node.audit.seal_all().await.unwrap();
        let report = verify::verify_tenant(&self.world.node.db, self.caller.tenant, |_| {}).await.unwrap();
        assert!(report.is_sound(), "{report:#?}");
    }
    pub fn now(&self) -> Timestamp {
        self.world.node.clock.now()
    }
}

pub fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, state)| ((*kind).to_owned(), (*state).to_owned())).collect()
}
