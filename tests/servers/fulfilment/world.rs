//! The retailer with a depot: the store has 100 mugs and 4 lamps, the depot 50 mugs. Orders are sold by the store.

use entity::prelude::*;
use entrepot::access::{PermissionSet, Reach, index_of};
use serde_json::{Value, json};

pub use crate::{
    orders::world::Orders,
    world::answers::{accepted, refused},
};
use crate::{
    retailer::{Retailer, Work, input_of},
    world,
};

pub type World = world::World<Retailer<Works>>;

pub struct Works;

impl Work for Works {
    fn document(mutation: &str) -> (String, String) {
        let kind = match mutation {
            "fulfilmentWorkReady" => "FulfilmentWorkActionInput".to_owned(),
            _ => input_of(mutation),
        };
        let fields = match mutation {
            "fulfilmentWorkReady" => format!("work {{ {WORK} }} collectCode"),
            "carrierUpsert" => CARRIER.to_owned(),
            "fulfilmentWaveCreate" | "fulfilmentWaveClose" => format!("wave {{ {WAVE} }}"),
            "fulfilmentWavePick" | "fulfilmentWavePack" | "fulfilmentWaveReady" | "fulfilmentWaveShip" => {
                format!("wave {{ {WAVE} }} results {{ workId work {{ {WORK} }} userErrors {{ code message field }} }}")
            }
            "readyEmailSet" => "readyEmail { isOn locale text sends sendsIn sendsText version store { code } }".to_owned(),
            "documentReverse" => "documentReversal { id }".to_owned(),
            "orderHoldSet" | "orderHoldLift" => "hold { id }".to_owned(),
            "reorderPolicySet" | "stockAdjust" => "levels { binLocation }".to_owned(),
            _ => format!("work {{ {WORK} }}"),
        };
        (kind, format!("{fields} userErrors {{ code message field }} replayed seq"))
    }

    /// The books agree.
    async fn check(world: &World) {
        world.verify().await;
    }
}

pub const WORK: &str = "id number status version dueAt acceptedAt rejectReason rejectNote allowedActions orderNumber store { code } \
    order { number status total { amount currencyCode } } movedFrom { number } \
    lines { id sku name quantity open picked packed shipped dropped product { sku price { amount } } } \
    parcels { id position status weight service trackingNumber trackingUrl fulfilmentId carrier { code } lines { workLineId sku quantity } }";

const WAVE: &str = "id isOpen version store { code } works { number } \
    pickingList { sku name binLocation quantity product { sku } shares { workId lineId quantity } }";

const CARRIER: &str = "carrier { id code name services trackingUrlTemplate numberPattern isActive version }";

/// Returns the permissions of the role depot, in these stores.
pub fn of_depot(stores: &[StoreId]) -> PermissionSet {
    permissions_in(&["fulfilment.read", "fulfilment.work", "fulfilment.ship"], stores)
}

/// These permissions, in these stores.
pub fn permissions_in(codes: &[&str], stores: &[StoreId]) -> PermissionSet {
    let mut set = PermissionSet::default();
    for code in codes {
        set.grant(index_of(code).unwrap(), &Reach::stores(stores.iter().copied()));
    }
    set
}

impl World {
    /// An order of mugs sold by the store and held at the depot.
    pub async fn at_depot(&self, quantity: i64) -> Value {
        self.sold(json!([{"product": {"id": self.mug}, "quantity": quantity}]), json!({"sourcing": {}})).await
    }

    /// An order that the store sold.
    pub async fn sold(&self, lines: Value, extra: Value) -> Value {
        let mut input = json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "lines": lines});
        for (name, value) in extra.as_object().unwrap() {
            input[name] = value.clone();
        }
        accepted(&self.mutate_selecting::<Orders>("orderCreate", input).await, "order").clone()
    }

    /// The order as its seller sees it.
    pub async fn order_now(&self, order: &Value) -> Value {
        let document = "query($id: ID!) { order(by: { id: $id }) { number status holds { reason }
            lines { sku open backordered cancelled fulfilled allocations { store { code } quantity } }
            fulfilments { id status store { code } failedReason deliveredAt work { number }
              parcels { status trackingNumber lines { sku quantity } } } } }";
        self.execute(document, json!({"id": order["id"]})).await["order"].clone()
    }

    /// All works, or those of an order, as the owner sees them.
    pub async fn works(&self, order: &Value) -> Vec<Value> {
        let document = format!("query($of: FulfilmentWorkFilter) {{ fulfilmentWorks(filter: $of) {{ nodes {{ {WORK} }} }} }}");
        let filter = json!({"order": {"eq": order["id"]}});
        let answer = self.execute(&document, json!({"of": filter})).await;
        answer["fulfilmentWorks"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// The numbers of the works that are late, or are not.
    pub async fn late(&self, is_late: bool) -> Vec<String> {
        let document = "query($is: Boolean) { fulfilmentWorks(filter: { isLate: $is }, first: 50) { nodes { number isLate } } }";
        let answer = self.execute(document, json!({"is": is_late})).await;
        let nodes = answer["fulfilmentWorks"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
        assert!(nodes.iter().all(|work| work["isLate"] == is_late), "{nodes:?}");
        nodes.iter().map(|work| work["number"].as_str().unwrap().to_owned()).collect()
    }

    /// The only work of an order.
    pub async fn work(&self, order: &Value) -> Value {
        let works = self.works(order).await;
        assert_eq!(works.len(), 1, "{works:#?}");
        works[0].clone()
    }

    /// A step of staff of the depot who have nothing but the role depot there.
    pub async fn at(&self, mutation: &str, work: &Value, extra: Value) -> Value {
        self.mutate_as(of_depot(&[self.depot]), mutation, self.of(work, extra)).await
    }

    /// Runs a step as staff of both stores, and requires success.
    pub async fn complete_step(&self, mutation: &str, work: &Value, extra: Value) -> Value {
        let both = of_depot(&[self.depot, self.store]);
        accepted(&self.mutate_as(both, mutation, self.of(work, extra)).await, "work").clone()
    }

    /// The input of a step.
    pub fn of(&self, work: &Value, extra: Value) -> Value {
        let mut input = json!({"id": work["id"], "idempotencyKey": self.key()});
        for (name, value) in extra.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    }

    /// Picks and packs all of a work.
    pub async fn packed(&self, work: &Value) -> Value {
        self.complete_step("fulfilmentWorkPick", work, json!({})).await;
        self.complete_step("fulfilmentWorkPack", work, json!({"parcels": [{}]})).await
    }

    /// Returns how many movements of a kind were made for orders.
    pub async fn movements(&self, kind: &str) -> i64 {
        self.query_number(&format!(
            "SELECT count(*) FROM movement WHERE tenant_id = $1 AND kind = '{kind}' AND reference_kind = 'ORDER'"
        ))
        .await
    }

    /// On hand and reserved of mugs in the store and at the depot.
    pub async fn mugs(&self) -> [[i64; 2]; 2] {
        let [store, depot] = [self.level(self.mug, self.store).await, self.level(self.mug, self.depot).await];
        [store, depot].map(|[on_hand, reserved, _]| [on_hand, reserved])
    }
}

/// Open, picked, packed, shipped and dropped of a work's first line.
pub fn line(work: &Value) -> [i64; 5] {
    ["open", "picked", "packed", "shipped", "dropped"]
        .map(|name| work["lines"][0][name].as_i64().unwrap_or_else(|| panic!("{work}")))
}

/// Lines of an input: each with how much of it.
pub fn lines(work: &Value, quantities: &[i64]) -> Value {
    let each = quantities.iter().enumerate();
    each.map(|(index, quantity)| json!({"lineId": work["lines"][index]["id"], "quantity": quantity})).collect()
}

/// Store and state of works.
pub fn states(works: &[Value]) -> Vec<(&str, &str)> {
    works.iter().map(|work| (work["store"]["code"].as_str().unwrap(), work["status"].as_str().unwrap())).collect()
}
