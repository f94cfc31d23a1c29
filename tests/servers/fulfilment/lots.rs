//! Staff of a store name the lots and serial numbers that they put into parcels: those leave, and no others.

use entity::prelude::*;
use serde_json::{Value, json};

use super::world::{Orders, World, accepted, line, lines, refused};
use crate::world::answers::refusals;

impl World {
    /// A product whose stock is kept by lots or serial numbers.
    pub(super) async fn tracked(&self, sku: &str, tracking: &str) -> ProductId {
        let id: ProductId = self.ledger.clock().id();
        self.product_of(self.tenant, id, (sku, StockPolicy::Tracked, 0, 1_000)).await;
        let work = self.db.tenant(self.tenant).begin().await.unwrap();
        let sql = "UPDATE product SET tracking = $2 WHERE tenant_id = $1 AND id = $3";
        work.execute(sql, vec![tracking.into(), id.into()]).await.unwrap();
        work.commit().await.unwrap();
        id
    }

    /// Books a receipt of units of a lot into a store.
    pub(super) async fn takes_in(&self, product: ProductId, store: StoreId, (code, units): (&str, i64)) {
        let change = json!([{"product": {"id": product}, "store": {"id": store}, "delta": units, "lot": {"code": code}}]);
        let input = json!({"idempotencyKey": self.key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": change});
        let adjust = "mutation($input: StockAdjustInput!) { result: stockAdjust(input: $input) { userErrors { code message } } }";
        let answer = self.execute(adjust, json!({"input": input})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
    }

    /// Returns the errors that refuse to take so many units of a lot out of the depot.
    async fn takes_out(&self, product: ProductId, (code, units): (&str, i64)) -> Value {
        let change = json!([{"product": {"id": product}, "store": {"id": self.depot}, "delta": -units, "lot": {"code": code}}]);
        let input = json!({"idempotencyKey": self.key(), "kind": "ADJUSTMENT", "reasonCode": "OTHER", "changes": change});
        let adjust = "mutation($input: StockAdjustInput!) { result: stockAdjust(input: $input) { userErrors { code message } } }";
        self.execute(adjust, json!({"input": input})).await["result"]["userErrors"].clone()
    }

    /// Checks that units of lots in parcels stay for them: no adjustment can take them by their
    /// lot, and the till takes the rest.
    async fn others_take_the_rest(&self, cheese: ProductId, drill: ProductId) {
        for (product, lot) in [(drill, ("S-3", 1)), (cheese, ("L-1", 10))] {
            let errors = self.takes_out(product, lot).await;
            assert_eq!(errors[0]["code"], "INSUFFICIENT_STOCK", "{errors}");
            assert!(errors[0]["message"].as_str().unwrap().contains("fulfilmentWorkUnpick"), "{errors}");
        }
        let all = json!([{"product": {"id": cheese}, "quantity": 15}]);
        self.sold(all, json!({"status": "FULFILLED", "store": {"id": self.depot}})).await;
        assert_eq!(self.on_hand(["L-1", "L-2"]).await, [1, 4], "what is packed is left");
        self.takes_in(cheese, self.depot, ("L-1", 9)).await;
        self.takes_in(cheese, self.depot, ("L-2", 6)).await;
    }

    /// A line that names no lot is before one of the same product that names all of the first to leave: it takes the other.
    async fn unnamed_lines_leave_named_lots(&self, cheese: ProductId) {
        let of = json!([{"product": {"id": cheese}, "quantity": 4}, {"product": {"id": cheese}, "quantity": 9}]);
        let order = self.sold(of, json!({"sourcing": {}})).await;
        let work = self.work(&order).await;
        self.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        let unnamed = json!({"lineId": work["lines"][0]["id"], "quantity": 4});
        let parcel = json!({"parcels": [{"lines": [unnamed, of_lots(&work, 1, &[("L-1", 9)])]}]});
        self.complete_step("fulfilmentWorkPack", &work, parcel).await;
        self.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!(self.on_hand(["L-1", "L-2"]).await, [0, 2]);
    }

    /// Two units are held, and two are packed for a later order; when the others break, the hold
    /// gives way and the packed units stay packed.
    async fn what_is_packed_is_promised_to_no_other(&self, cheese: ProductId) {
        self.takes_in(cheese, self.depot, ("L-1", 2)).await;
        let two = json!([{"product": {"id": cheese}, "quantity": 2}]);
        let order = self.sold(two.clone(), json!({"sourcing": {}})).await;
        self.advance_clock(1);
        let work = self.work(&self.sold(two, json!({"sourcing": {}})).await).await;
        self.complete_step("fulfilmentWorkPick", &work, json!({})).await;
        self.complete_step("fulfilmentWorkPack", &work, json!({"parcels": [{"lines": [of_lots(&work, 0, &[("L-2", 2)])]}]}))
            .await;
        let change = json!([{"product": {"id": cheese}, "store": {"id": self.depot}, "delta": -2, "lot": {"code": "L-1"}}]);
        let broken = json!({"idempotencyKey": self.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN", "changes": change});
        let adjust = "mutation($input: StockAdjustInput!) { result: stockAdjust(input: $input) { userErrors { code message } } }";
        let answer = self.execute(adjust, json!({"input": broken})).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
        let cancel = json!({"idempotencyKey": self.key(), "id": order["id"]});
        accepted(&self.mutate_selecting::<Orders>("orderCancel", cancel).await, "order");
        let lines = json!([{"product": {"id": cheese}, "quantity": 1}]);
        let one = json!({"idempotencyKey": self.key(), "store": {"id": self.depot}, "lines": lines});
        let answer = self.mutate_selecting::<Orders>("orderCreate", one).await;
        assert_eq!(answer["userErrors"][0]["code"], "INSUFFICIENT_STOCK", "{answer}");
        assert!(answer["userErrors"][0]["message"].as_str().unwrap().contains("packed for orders"), "{answer}");
    }

    /// Returns how many rows have a column `has_left` that differs from the state of their parcel.
    async fn marks_that_differ(&self) -> i64 {
        let sql = "SELECT count(*) FROM parcel_line_lot x JOIN parcel p ON p.tenant_id = x.tenant_id AND p.id = x.parcel_id
             WHERE x.tenant_id = $1 AND x.has_left <> (p.fulfilment_id IS NOT NULL)";
        self.query_number(sql).await
    }

    /// Returns the units on hand of these lots in the stores.
    async fn on_hand<const N: usize>(&self, codes: [&str; N]) -> [i64; N] {
        let mut found = [0; N];
        for (index, code) in codes.into_iter().enumerate() {
            let sql = format!("SELECT on_hand FROM lot WHERE tenant_id = $1 AND code = '{code}'");
            found[index] = self.query_number(&sql).await;
        }
        found
    }

    /// The lots that lines of an order's first work name, parcel by parcel, by their codes.
    async fn named_in_parcels(&self, order: &Value) -> Vec<Value> {
        let document = "query($id: ID!) { order(by: { id: $id }) { works { parcels { lines { lots { code quantity } } } } } }";
        let answer = self.execute(document, json!({"id": order["id"]})).await;
        let parcels = answer["order"]["works"][0]["parcels"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let lines = parcels.iter().flat_map(|parcel| parcel["lines"].as_array().unwrap());
        let lots = lines.map(|line| {
            let mut lots = line["lots"].as_array().unwrap().clone();
            lots.sort_by_key(|lot| lot["code"].to_string());
            Value::from(lots)
        });
        lots.collect()
    }

    /// Lots that are not the line's, not there, named twice, or do not sum to the line are refused.
    async fn refuses_strange_lots(&self, work: &Value) {
        let strange = |index: usize, lots: &[(&str, i64)]| json!({"parcels": [{"lines": [of_lots(work, index, lots)]}]});
        let line = "input.parcels.0.lines.0";
        let at = |code: &str, place: &str| (code.to_owned(), format!("{line}.{place}"));
        let pack = async |input: Value| self.at("fulfilmentWorkPack", work, input).await;
        refused(&pack(strange(0, &[("S-1", 1)])).await, "NOT_FOUND", &format!("{line}.lots.0.lot.code"));
        refused(&pack(strange(1, &[("S-1", 1), ("S-9", 1)])).await, "OUT_OF_RANGE", &format!("{line}.lots.1.quantity"));
        refused(&pack(strange(1, &[("S-1", 1), ("S-1", 1)])).await, "INVALID", &format!("{line}.lots.1.lot"));
        // First all unknown lots of a line, then all lots that cannot be packed; their sum is
        // checked only if each of them is valid.
        let mut unknown = strange(0, &[("L-8", 1), ("L-1", 90), ("L-9", 1), ("L-1", 1)]);
        unknown["parcels"][0]["lines"][0]["quantity"] = json!(5);
        assert_eq!(refusals(&pack(unknown).await), [at("NOT_FOUND", "lots.0.lot.code"), at("NOT_FOUND", "lots.2.lot.code")]);
        let mut wrong = strange(0, &[("L-1", 90), ("L-2", 2), ("l-2", 1), ("L-2", 0)]);
        wrong["parcels"][0]["lines"][0]["quantity"] = json!(5);
        let each = [at("OUT_OF_RANGE", "lots.0.quantity"), at("INVALID", "lots.2.lot"), at("INVALID", "lots.3.lot")];
        assert_eq!(refusals(&pack(wrong).await), each);
        let blank = strange(0, &[(" ", 1), ("L-2", 3), ("", 1)]);
        assert_eq!(refusals(&pack(blank).await), [at("REQUIRED", "lots.0.lot.code"), at("REQUIRED", "lots.2.lot.code")]);
        let mut half = strange(0, &[("L-2", 3)]);
        half["parcels"][0]["lines"][0]["quantity"] = json!(5);
        refused(&pack(half).await, "INVALID", &format!("{line}.lots"));
        let picked = strange(0, &[("L-2", 6)]);
        refused(&pack(picked).await, "OUT_OF_RANGE", "input.parcels.0.lines.0.quantity");
        let twice = json!({"parcels": [
            {"lines": [of_lots(work, 1, &[("S-3", 1)])]},
            {"lines": [of_lots(work, 1, &[("S-3", 1)])]}
        ]});
        refused(&pack(twice).await, "OUT_OF_RANGE", "input.parcels.1.lines.0.lots.0.quantity");
    }
}

/// A parcel's line with the lots that it names.
fn of_lots(work: &Value, index: usize, lots: &[(&str, i64)]) -> Value {
    let each: Vec<Value> = lots.iter().map(|(code, units)| json!({"lot": {"code": code}, "quantity": units})).collect();
    let all: i64 = lots.iter().map(|(_, units)| units).sum();
    json!({"lineId": work["lines"][index]["id"], "quantity": all, "lots": each})
}

#[tokio::test]
async fn the_lots_and_serial_numbers_that_parcels_name_leave_come_back_and_leave_again() {
    World::on_both(async |world| {
        let (cheese, drill) = (world.tracked("CHEESE", "LOT").await, world.tracked("DRILL", "SERIAL").await);
        for (product, store, lot) in [
            (cheese, world.depot, ("L-1", 10)),
            (cheese, world.depot, ("L-2", 10)),
            (drill, world.depot, ("S-0", 1)),
            (drill, world.depot, ("S-1", 1)),
            (drill, world.depot, ("S-2", 1)),
            (drill, world.depot, ("S-3", 1)),
            (drill, world.store, ("S-9", 1)),
        ] {
            world.takes_in(product, store, lot).await;
        }
        let of = json!([{"product": {"id": cheese}, "quantity": 5}, {"product": {"id": drill}, "quantity": 2}]);
        let order = world.sold(of, json!({"sourcing": {}})).await;
        let work = world.work(&order).await;
        let early = json!({"lines": [of_lots(&work, 0, &[("L-2", 5)])]});
        refused(&world.at("fulfilmentWorkPick", &work, early).await, "INVALID", "input.lines.0.lots");
        world.complete_step("fulfilmentWorkPick", &work, json!({})).await;

        world.refuses_strange_lots(&work).await;
        let parcels = json!({"parcels": [
            {"lines": [of_lots(&work, 0, &[("L-1", 1), ("L-2", 4)]), of_lots(&work, 1, &[("S-3", 1)])]},
            {"lines": [of_lots(&work, 1, &[("s-2", 1)])]}
        ]});
        let packed = world.complete_step("fulfilmentWorkPack", &work, parcels).await;
        assert_eq!((&packed["status"], line(&packed)), (&json!("PACKED"), [0, 0, 5, 0, 0]));
        let lot = |code: &str, units: i64| json!({"code": code, "quantity": units});
        let in_parcels = [json!([lot("L-1", 1), lot("L-2", 4)]), json!([lot("S-3", 1)]), json!([lot("S-2", 1)])];
        assert_eq!(world.named_in_parcels(&order).await, in_parcels);
        let part = json!({"lines": lines(&work, &[2])});
        refused(&world.at("fulfilmentWorkUnpick", &work, part).await, "INVALID", "input.lines.0.quantity");

        // A unit that is in another order's parcel already cannot be in a second one.
        let other = world.sold(json!([{"product": {"id": drill}, "quantity": 1}]), json!({"sourcing": {}})).await;
        let second = world.work(&other).await;
        world.complete_step("fulfilmentWorkPick", &second, json!({})).await;
        let taken = json!({"parcels": [{"lines": [of_lots(&second, 0, &[("S-3", 1)])]}]});
        let taken = world.at("fulfilmentWorkPack", &second, taken).await;
        refused(&taken, "OUT_OF_RANGE", "input.parcels.0.lines.0.lots.0.quantity");
        world.others_take_the_rest(cheese, drill).await;

        let codes = ["L-1", "L-2", "S-1", "S-2", "S-3", "S-9"];
        let left = [9, 6, 1, 0, 0, 1];
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!(world.on_hand(codes).await, left, "the first to expire and the first to come stay");
        let sent = world.order_now(&order).await["fulfilments"][0]["id"].clone();
        let back = json!({"idempotencyKey": world.key(), "documentId": sent, "note": "never left"});
        accepted(&world.mutate("documentReverse", back).await, "documentReversal");
        assert_eq!(world.on_hand(codes).await, [10, 10, 1, 1, 1, 1]);
        assert_eq!(world.named_in_parcels(&order).await, in_parcels, "parcels are packed again as they were");
        assert_eq!(world.marks_that_differ().await, 0);
        world.complete_step("fulfilmentWorkShip", &work, json!({})).await;
        assert_eq!(world.on_hand(codes).await, left);

        // Put back, lots are free again.
        let free = json!({"parcels": [{"lines": [of_lots(&second, 0, &[("S-1", 1)])]}]});
        world.complete_step("fulfilmentWorkPack", &second, free.clone()).await;
        world.complete_step("fulfilmentWorkUnpick", &second, json!({})).await;
        world.complete_step("fulfilmentWorkPick", &second, json!({})).await;
        world.complete_step("fulfilmentWorkPack", &second, free).await;
        world.complete_step("fulfilmentWorkShip", &second, json!({})).await;
        assert_eq!(world.on_hand(["S-1", "S-9"]).await, [0, 1]);
        world.unnamed_lines_leave_named_lots(cheese).await;
        world.what_is_packed_is_promised_to_no_other(cheese).await;
        assert_eq!(world.marks_that_differ().await, 0);
    })
    .await;
}
