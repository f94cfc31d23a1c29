//! A desk with stock that does not sell.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, gbp, key},
};

pub const PLAN: &str = "id state version lineCount leftOut value { amount } expected { low { amount } high { amount } } \
    result { recovered { amount } expected { low { amount } } } lines { nodes { id action state issue product { id } store { id } toStore { id } supplier { id } \
    quantity until outcome stepsDone steps { percent price { amount } from } value { amount } expected { low { amount } likely { amount } high { amount } } \
    partner { id } bundlePrice { amount } kit { id } recovered { amount } reasons { code text } transfer { id status lines { quantity } } supplierReturn { id } movementId } }";

pub struct Clearance<'w> {
    pub world: &'w World,
    pub books: Books<'w>,
}

impl<'w> Clearance<'w> {
    pub async fn of(world: &'w World) -> Self {
        Self { world, books: Books::of(world).await }
    }
    pub fn office(&self) -> &Office<'w> {
        &self.books.office
    }

    /// A product with eighty units that cost 3.00, are priced at 9.00, were received 100 days ago
    /// and never sold.
    pub async fn dead_product(&self, sku: &str) -> Value {
        let product = self.product(sku).await;
        let input = json!({ "unitCost": gbp("3.00"), "occurredAt": days_ago(self.world, 100) });
        self.books.adjust("RECEIPT", &product, 80, input).await;
        product
    }
    pub async fn product(&self, sku: &str) -> Value {
        let supplier = self.office().supplier["id"].clone();
        let input = json!({ "sku": sku, "name": format!("A {sku}"), "unitCost": gbp("3.00"), "price": gbp("9.00"), "supplierId": supplier });
        let payload = self.office().mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
        json!({ "id": accepted(&payload, "product")["id"] })
    }

    /// Opens another store, in which 26 were sold ten days ago and four are left.
    pub async fn shop(&self, product: &Value) -> Value {
        let shop = self.office().new_store("SHOP").await;
        let change = json!({ "product": product, "store": shop, "delta": 30, "unitCost": gbp("3.00") });
        let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "occurredAt": days_ago(self.world, 100), "changes": [change] });
        accepted(&self.office().mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
        let lines = json!([{ "product": product, "quantity": 26, "unitPrice": gbp("9.00") }]);
        let input = json!({ "idempotencyKey": key(), "store": shop, "status": "FULFILLED", "placedAt": days_ago(self.world, 10), "lines": lines });
        accepted(&self.office().mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
        shop
    }

    pub async fn settings(&self, mut input: Value) -> Value {
        input["idempotencyKey"] = json!(key());
        let fields = "settings { version daysWithoutSale slowMonthlyUnits supplierTerms { supplier { id } creditPercent freight { amount } } }";
        self.office().mutate("liquidationSettingsSet", "LiquidationSettingsSetInput", fields, input).await
    }
    /// The supplier takes goods back at 85 % of their cost less 20.00, as in INSIGHT 8.2.
    pub async fn terms(&self) {
        let terms = json!([{ "supplier": { "id": self.office().supplier["id"] }, "creditPercent": 85, "freight": gbp("20.00") }]);
        accepted(&self.settings(json!({ "supplierTerms": terms, "slowDaysOfSupply": 180 })).await, "settings");
    }

    /// Dead stock of a product.
    pub async fn dead_stock_of(&self, product: &Value) -> Value {
        let query = "query($p: ID!) { deadStock(filter: { product: { eq: $p } }) { totals { levels withoutCost value { amount } expected { low { amount } } } currency isCurrent \
            nodes { quantity value { amount } price { amount } daysWithoutSale daysOfSupply weeklyDemand expiresOn reasons { code text } \
            priceResponse { likely products priceChanges } priceResponseSource best { action quantity until expected { low { amount } } } options { action toStore { id } } } } }";
        let answer = self.office().execute(query, json!({ "p": product["id"] })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["deadStock"].clone()
    }

    pub async fn plan(&self, mut input: Value) -> Value {
        input["idempotencyKey"] = json!(key());
        let fields = format!("plan {{ {PLAN} }}");
        let payload = self.office().mutate("liquidationPlanCreate", "LiquidationPlanCreateInput", &fields, input).await;
        accepted(&payload, "plan").clone()
    }
    pub async fn read(&self, plan: &Value) -> Value {
        let query = format!("query($id: ID!) {{ liquidationPlan(id: $id) {{ {PLAN} }} }}");
        let answer = self.office().execute(&query, json!({ "id": plan["id"] })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["liquidationPlan"].clone()
    }
    /// Approves all lines of a plan, and reads it again.
    pub async fn approved(&self, plan: &Value) -> Value {
        let payload = approve(self.office(), &key(), plan).await;
        assert_eq!((&payload["userErrors"], &payload["refused"]), (&json!([]), &json!([])), "{payload:#}");
        self.read(plan).await
    }
    pub async fn advance(&self, plan: &Value) -> Value {
        let input = json!({ "idempotencyKey": key(), "plan": plan["id"], "expectedVersion": plan["version"] });
        let fields = "cut skipped closed plan { id state version } refused { code }";
        self.office().mutate("liquidationPlanAdvance", "LiquidationPlanAdvanceInput", fields, input).await
    }
    pub async fn price(&self, product: &Value) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Product { price { amount } } } }";
        self.office().execute(query, json!({ "id": product["id"] })).await["data"]["node"]["price"]["amount"].clone()
    }
}

pub async fn approve(office: &Office<'_>, key: &str, plan: &Value) -> Value {
    let input =
        json!({ "idempotencyKey": key, "plan": plan["id"], "expectedVersion": plan["version"], "lines": { "all": true } });
    let fields = "approved leftOpen plan { id state version } refused { code message line { state issue action } }";
    office.mutate("liquidationPlanApprove", "LiquidationPlanApproveInput", fields, input).await
}
