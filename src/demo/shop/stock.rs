//! Stock of the stores: mostly plenty, some low, some too much, some sold out; lots with their
//! dates and numbered pieces.

use serde_json::{Value, json};
use tools::replay::catalogue::STORE_CODE;

use super::{
    goods::{LOT_TRACKED_PRODUCTS, SERIAL_TRACKED_PRODUCTS},
    state::{LEEDS, LONDON, MIN_PLENTY_UNITS, PARIS, STORES, Shop, store_input},
};
use crate::demo::{error::DemoError, steps::print_step};

/// Units received of a product that is then sold out.
const LAST_UNITS: u64 = 6;
/// Units of a product that is at its reorder point, or below it.
const LOW_STOCK_UNITS: u64 = 8;
/// Units of a product that is a little above its reorder point.
const UNITS_NEAR_REORDER: u64 = 13;
const REORDER_POINT: u64 = 10;
const MAXIMUM: u64 = 120;
/// Days until the last day of a lot that is far from it.
const FAR_EXPIRY_DAYS: i64 = 400;
const STORE: &str = "query($code: String!) { store(by: { code: $code }) { id } }";
/// A page of the stock of the replayed retailer's store.
const MAIN_STORE_STOCK: &str = "query($store: ID!, $after: Cursor) {
    stockLevels(first: 250, after: $after, filter: { store: { eq: $store } }) {
        nodes { product { sku } } pageInfo { hasNextPage endCursor } } }";

impl Shop<'_> {
    pub(super) async fn stock_up(&mut self) -> Result<(), DemoError> {
        let mut orders = 0;
        for store in 0..STORES.len() {
            let mut changes = Vec::new();
            for index in 0..self.goods.len() {
                let quantity = self.quantity(index);
                self.goods[index].on_hand[store] = quantity;
                changes
                    .push(json!({ "product": { "sku": self.goods[index].sku }, "store": store_input(store), "delta": quantity }));
            }
            self.receive(changes).await?;
            orders += Box::pin(self.create_past_sales(store)).await?;
            // Policies that are set below or above the existing stock are crossed by it: alerts.
            let policy = |change: &Value| json!({ "product": change, "store": store_input(store), "reorderPoint": REORDER_POINT, "maximum": MAXIMUM });
            let items: Vec<Value> = self.goods.iter().map(|good| policy(&json!({ "sku": good.sku }))).collect();
            self.call("reorderPolicySet", "ReorderPolicySetInput", "levels { id }", json!({ "items": items })).await?;
            self.sell_out(store).await?;
        }
        // One store after another: the first call that names a lot creates it, and the others use
        // it.
        for store in [LONDON, LEEDS, PARIS] {
            let dated_changes = self.stock_by_lots(store);
            self.receive(dated_changes).await?;
        }
        print_step(
            "stocks",
            "54 products in each store, some low, some sold out; 8 foods by lots, two lots past their dates; numbered machines",
        );
        print_step("sold", &format!("{orders} orders of the depot and the shops in the last half year, of 28 products"));
        Ok(())
    }

    /// The replayed retailer had sold all of its goods by the end of its year: nine in ten of them
    /// are received again. The calls have their own keys and dice, so that those of the shop do not
    /// change. One in eight products is then low, and one in thirty above its maximum.
    pub(super) async fn refill(&self) -> Result<(), DemoError> {
        let (mut dice, mut products, mut cursor) = (self.dice.clone(), 0, Value::Null);
        let store = self.send_query("store", STORE, json!({ "code": STORE_CODE })).await?["id"].take();
        for page in 1.. {
            let mut levels = self.send_query("stockLevels", MAIN_STORE_STOCK, json!({ "store": store, "after": cursor })).await?;
            let (mut changes, mut items) = (Vec::new(), Vec::new());
            for level in levels["nodes"].as_array().into_iter().flatten() {
                if dice.happens_permille(900) {
                    let product = json!({ "sku": level["product"]["sku"] });
                    let quantity = dice.between(20, 200);
                    let store_ref = json!({ "code": STORE_CODE });
                    match (products + changes.len()) % 30 {
                        0 => items.push(json!({ "product": product, "store": store_ref, "maximum": quantity })),
                        1..5 => items.push(json!({ "product": product, "store": store_ref, "reorderPoint": quantity * 3 / 4 })),
                        _ => {}
                    }
                    changes.push(json!({ "product": product, "store": store_ref, "delta": quantity }));
                }
            }
            products += changes.len();
            if !changes.is_empty() {
                let key = format!("demo-refill-{page}");
                let input = json!({ "idempotencyKey": key, "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
                self.send("stockAdjust", "StockAdjustInput", "movement { id }", input).await?;
            }
            if !items.is_empty() {
                let input = json!({ "idempotencyKey": format!("demo-points-{page}"), "items": items });
                self.send("reorderPolicySet", "ReorderPolicySetInput", "levels { id }", input).await?;
            }
            if levels["pageInfo"]["hasNextPage"] != true {
                break;
            }
            cursor = levels["pageInfo"]["endCursor"].take();
        }
        print_step("refills", &format!("{products} products of the replayed retailer are in stock again"));
        Ok(())
    }

    /// The first products are what every seed has: one sold out, one low, one too many, three plentiful.
    fn quantity(&mut self, index: usize) -> u64 {
        let roll = self.dice.below(100);
        let plenty = self.dice.between(MIN_PLENTY_UNITS, 90);
        match (index, roll) {
            (0, _) => LAST_UNITS,
            (1, _) => LOW_STOCK_UNITS,
            (2, _) => MAXIMUM + 10,
            (3..6, _) => plenty,
            (_, 0..5) => LAST_UNITS,
            (_, 5..14) => LOW_STOCK_UNITS,
            (_, 14..17) => MAXIMUM + 10,
            (_, 17..29) => UNITS_NEAR_REORDER,
            _ => plenty,
        }
    }

    pub(super) async fn receive(&mut self, changes: Vec<Value>) -> Result<(), DemoError> {
        let input = json!({ "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
        self.call("stockAdjust", "StockAdjustInput", "movement { id }", input).await?;
        Ok(())
    }

    /// Over the counter goes what there are a last few of.
    async fn sell_out(&mut self, store: usize) -> Result<(), DemoError> {
        let scarce_goods = self.goods.iter().filter(|good| good.on_hand[store] == LAST_UNITS);
        let lines: Vec<Value> =
            scarce_goods.map(|good| json!({ "product": { "sku": good.sku }, "quantity": LAST_UNITS })).collect();
        let input = json!({ "store": store_input(store), "status": "FULFILLED", "lines": lines });
        self.call("orderCreate", "OrderCreateInput", "order { id }", input).await?;
        Ok(())
    }

    /// Returns a shop's stock by lots: foods, in London also two lots past their dates and five
    /// near them, and machines by their numbers.
    fn stock_by_lots(&self, store: usize) -> Vec<Value> {
        let mut changes = Vec::new();
        let mut add = |sku: String, lot: Value, quantity: u64| {
            changes.push(
                json!({ "product": { "sku": sku }, "store": store_input(store), "delta": quantity, "lot": { "create": lot } }),
            );
        };
        for (index, days) in (1..=LOT_TRACKED_PRODUCTS.len()).zip([-4, -1, 3, 5, 8, 12, 20, FAR_EXPIRY_DAYS]) {
            let sku = format!("DS-FOOD-{index}");
            add(sku.clone(), json!({ "code": format!("L{index}-B"), "expiresOn": self.day(FAR_EXPIRY_DAYS) }), 24);
            if store == LONDON {
                add(sku, json!({ "code": format!("L{index}-A"), "expiresOn": self.day(days) }), 8);
            }
        }
        if store == LONDON {
            for index in 1..=SERIAL_TRACKED_PRODUCTS.len() {
                for serial in 1..=3 {
                    add(format!("DS-MACHINE-{index}"), json!({ "code": format!("SN-{index}00{serial}") }), 1);
                }
            }
        }
        changes
    }
}
