//! A desk whose mug is the worked example of INSIGHT 6.1.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use entity::{
    prelude::*,
    tables::{forecast_pool, forecast_run, forecast_series},
};
use entrepot::{
    access::{Permission, Reach, kind},
    clock::local_day,
    demand::core::week_of,
};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, gbp, key},
};

pub const PLAN: &str = "id state version lineCount cutCount leftOut isNightly forecastWeek costs { amount currencyCode } lines { nodes { id position kind \
    state issue incomingOrder { id } product { id } store { id } fromStore { id } supplier { id } quantity urgencyDays confidence policyId cost { amount } \
    reasons { code text numbers { name value } } figures { policyKind serviceLevel safetyStockMethod position drafted undershootUnits exactPoint point upTo surplus freight { amount } saving { amount } moved needed afterPriceBreak stockoutProbability overstockUnits } \
    purchaseOrder { id status lines { sku quantity unitCost { amount } } } transfer { status fromStore { id } lines { quantity } } } }";

pub struct Desk<'w> {
    pub world: &'w World,
    pub books: Books<'w>,
}

impl<'w> Desk<'w> {
    pub async fn of(world: &'w World) -> Self {
        Self { world, books: Books::of(world).await }
    }

    /// Stock of a product in a store.
    pub async fn put(&self, product: &Value, store: &Value, units: i64) {
        let change = json!({ "product": product, "store": store, "delta": units, "unitCost": gbp("2.00") });
        let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
        let payload = self.books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await;
        accepted(&payload, "movement");
    }

    /// A product with 300 sold two weeks ago and 27 left, which POT sells in packs of 12, at least
    /// 24, with three weeks of lead time.
    pub async fn product(&self, sku: &str) -> Value {
        let office = &self.books.office;
        let product = office.product(sku, "2.00").await;
        let extra_input = json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(self.world, 30) });
        self.books.adjust("RECEIPT", &product, 327, extra_input).await;
        let lines = json!([{ "product": product, "quantity": 300, "unitPrice": gbp("9.00") }]);
        let placed_at = days_ago(self.world, 14);
        let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "placedAt": placed_at, "lines": lines });
        accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
        let row = json!({ "supplier": office.supplier, "product": product, "packSize": 12, "minimumOrder": 24, "leadTimeDays": 21,
            "preferred": true, "unitCost": gbp("1.80") });
        let input = json!({ "idempotencyKey": key(), "rows": [row] });
        office.mutate("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", "rows { outcome }", input).await;
        product
    }

    /// The worked example: a forecast of 33.379 in three weeks with an error of 6.447, and a promise of 95 %. 76.61 last for three weeks. A point of 86 lasts
    /// for what may be sold before a plan sees it as well: 300 at once are cut to a weekly deviation of two steps.
    pub async fn mug(&self) -> Value {
        let mug = self.product("MUG").await;
        self.forecast(&[&mug]).await;
        self.set_service_level().await;
        mug
    }

    /// 95 % for everything, without days to cover.
    pub async fn set_service_level(&self) {
        let input = json!({ "idempotencyKey": key(), "kind": "REORDER_POINT", "serviceLevel": 0.95, "coverDays": 0 });
        let payload =
            self.books.office.mutate("replenishmentPolicySet", "ReplenishmentPolicySetInput", "policy { id }", input).await;
        accepted(&payload, "policy");
    }

    /// The run of this week, as if it had been made: each product sells as the worked example does, in this desk's store.
    pub async fn forecast(&self, products: &[&Value]) {
        self.forecast_with(products, json!({})).await;
    }

    /// The same run, with `more` in the bodies of the series.
    pub async fn forecast_with(&self, products: &[&Value], mut more: Value) {
        let (node, tenant_id) = (&self.world.node, self.world.ours.owner.tenant);
        let first_week = week_of(local_day(node.clock.now(), "UTC"));
        let work = node.db.tenant(tenant_id).begin().await.unwrap();
        let run = forecast_run::Model {
            tenant_id,
            first_week,
            made_at: node.clock.now(),
            seq: 0,
            weeks: 30,
            series: products.len() as i64,
            version: "test".to_owned(),
            choices: "[]".to_owned(),
            fingerprint: "0".repeat(16),
            factors: "[]".to_owned(),
            watched_at: None,
        };
        work.insert::<forecast_run::Entity>(run).await.unwrap();
        let errors = json!(vec![vec![6.447; 300]; 8]).to_string();
        work.insert::<forecast_pool::Entity>(forecast_pool::Model { tenant_id, first_week, method: 0, body: errors })
            .await
            .unwrap();
        let week = json!({ "mean": 33.379 / 3.0, "median": 11.0, "bounds": null });
        let mut body = json!({ "method": "SES", "why": "", "naive": 11.0, "known_weeks": 30, "missing_weeks": 0, "score": 80.0, "deductions": [],
            "excluded": [], "step": 6.7056, "pool": 0, "points": [[26, week]] });
        body.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
        for product in products {
            let series = forecast_series::Model {
                tenant_id,
                first_week,
                product_id: product["id"].as_str().unwrap().parse().unwrap(),
                store_id: self.books.office.store["id"].as_str().unwrap().parse().unwrap(),
                class: DemandClass::Smooth,
                computed_class: DemandClass::Smooth,
                status: ForecastStatus::Ready,
                body: body.to_string(),
            };
            work.insert::<forecast_series::Entity>(series).await.unwrap();
        }
        work.commit().await.unwrap();
    }

    /// Sets what moving costs and what suppliers take; everything else has its default.
    pub async fn settings(&self, mut input: Value) {
        input["idempotencyKey"] = json!(key());
        let fields = "settings { version transferCosts { fromStore { id } toStore { id } freight { amount } } supplierTerms { cancelDays } }";
        let payload = self.books.office.mutate("liquidationSettingsSet", "LiquidationSettingsSetInput", fields, input).await;
        accepted(&payload, "settings");
    }

    /// A plan that is made now, for this desk's store unless the input names others.
    pub async fn plan(&self, mut input: Value) -> Value {
        if input["storeIds"].is_null() {
            input["storeIds"] = json!([self.books.office.store["id"]]);
        }
        self.make(input).await
    }
    pub async fn plan_of_all(&self) -> Value {
        self.make(json!({})).await
    }
    async fn make(&self, mut input: Value) -> Value {
        input["idempotencyKey"] = json!(key());
        let fields = format!("plan {{ {PLAN} }}");
        let payload = self.books.office.mutate("replenishmentPlanCreate", "ReplenishmentPlanCreateInput", &fields, input).await;
        accepted(&payload, "plan").clone()
    }

    /// Reads the current state of a plan.
    pub async fn read(&self, plan: &Value) -> Value {
        let query = format!("query($id: ID!) {{ replenishmentPlan(id: $id) {{ {PLAN} }} }}");
        let answer = self.books.office.execute(&query, json!({ "id": plan["id"] })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["replenishmentPlan"].clone()
    }

    /// IDs and states of all plans.
    pub async fn plans(&self) -> Value {
        let answer = self.books.office.execute("{ replenishmentPlans { nodes { id state } } }", json!({})).await;
        answer["data"]["replenishmentPlans"]["nodes"].clone()
    }

    /// Approves lines of a plan as it was read, and returns the payload.
    pub async fn approve_with(&self, plan: &Value, lines: Value) -> Value {
        approve(&self.books.office, &key(), plan, lines).await
    }
    /// Approves lines of a plan, and expects that the call is not refused.
    pub async fn approve(&self, plan: &Value, lines: Value) -> Value {
        let payload = self.approve_with(plan, lines).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        payload
    }

    /// An office whose caller may buy for one store.
    pub fn as_buyer(&self, store: &Value) -> Office<'w> {
        let mut caller = self.world.ours.owner_with(&["store.read", "product.read"]);
        let reach = Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]);
        for permission in [kind::PurchaseRead::INDEX, kind::PurchaseWrite::INDEX] {
            caller.permissions.grant(permission, &reach);
        }
        self.books.office.as_caller(caller)
    }
}

pub async fn approve(office: &Office<'_>, key: &str, plan: &Value, lines: Value) -> Value {
    let input = json!({ "idempotencyKey": key, "plan": plan["id"], "expectedVersion": plan["version"], "lines": lines });
    let fields = "approved leftOpen plan { id state version } refused { code message line { id state issue product { id } } } refusedCount";
    office.mutate("replenishmentPlanApprove", "ReplenishmentPlanApproveInput", fields, input).await
}
