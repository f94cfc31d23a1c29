//! Commands as calls of the public API, by the IDs that clients know.

use entity::prelude::Timestamp;
use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::{
    asks::Ask,
    plain::{Shelf, State, Step},
};

/// Ids of what the model names by numbers.
#[derive(Debug, Default)]
pub struct Names {
    /// The kit is the last.
    pub products: Vec<String>,
    pub stores: Vec<String>,
    pub lots: Vec<String>,
    pub supplier: String,
    pub holds: Vec<String>,
    /// Documents with their lines.
    pub orders: Vec<(String, Vec<String>)>,
    pub transfers: Vec<(String, Vec<String>)>,
    pub buys: Vec<(String, Vec<String>)>,
    pub counts: Vec<String>,
    pub movements: Vec<String>,
}

/// A mutation with its input.
pub struct Call {
    pub name: &'static str,
    pub query: String,
    pub input: Value,
}

fn word(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Available => "AVAILABLE",
        Shelf::Quarantine => "QUARANTINE",
        Shelf::Damaged => "DAMAGED",
        Shelf::Gone => "WRITTEN_OFF",
    }
}

fn moment(at: Option<i64>) -> Value {
    at.map_or(Value::Null, |at| json!(rfc3339(Timestamp(at))))
}

fn money(pence: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", pence / 100, pence % 100), "currencyCode": "GBP" })
}

impl Names {
    fn product(&self, n: usize) -> Value {
        json!({ "id": self.products[n] })
    }
    fn store(&self, n: usize) -> Value {
        json!({ "id": self.stores[n] })
    }
    fn lot(&self, lot: Option<usize>) -> Value {
        lot.map_or(Value::Null, |lot| json!({ "id": self.lots[lot] }))
    }

    pub fn call(&self, ask: &Ask, key: &str) -> Call {
        let stock = "movement { id } levels { product { id } store { id } onHand reserved unavailable incoming inTransit }";
        let order = "order { id status lines { id open cancelled fulfilled returned } }";
        let transfer = "transfer { id status lines { id shipped received lost inTransit } }";
        let bought = "purchaseOrder { id status lines { id open } }";
        let input_for = |id: &str| json!({ "id": id });
        let (name, kind, selection, mut input) = match ask {
            Ask::Adjust { kind, product, store, lot, delta, cost, at } => (
                "stockAdjust",
                "StockAdjustInput",
                stock,
                json!({ "kind": kind, "reasonCode": "OTHER", "note": "model", "occurredAt": moment(*at), "changes": [{
                    "product": self.product(*product), "store": self.store(*store), "lot": self.lot(*lot), "delta": delta,
                    "unitCost": cost.map(money) }] }),
            ),
            Ask::Set { product, store, on_hand } => (
                "stockSet",
                "StockSetInput",
                stock,
                json!({ "reasonCode": "OTHER", "note": "model", "items": [{ "product": self.product(*product), "store": self.store(*store),
                    "onHand": on_hand, "compare": { "unconditional": true } }] }),
            ),
            Ask::Shelve { product, store, lot, from, to, quantity } => (
                "stockMove",
                "StockMoveInput",
                stock,
                json!({ "from": word(*from), "to": word(*to), "reasonCode": "OTHER", "note": "model", "items": [{
                    "product": self.product(*product), "store": self.store(*store), "lot": self.lot(*lot), "quantity": quantity }] }),
            ),
            Ask::Reserve { product, store, quantity } => (
                "stockReserve",
                "StockReserveInput",
                "reservations { id }",
                json!({ "ttlSeconds": 2_592_000, "items": [{ "product": self.product(*product), "store": self.store(*store),
                    "quantity": quantity }] }),
            ),
            Ask::Release(n) => ("stockRelease", "StockReleaseInput", "", json!({ "reservationIds": [self.holds[*n]] })),
            Ask::LotTo { lot, state } => {
                let name = match state {
                    State::Available => "lotRelease",
                    State::Quarantine => "lotQuarantine",
                    State::Recalled => "lotRecall",
                };
                (name, "LotStatusInput", "lot { status }", json!({ "id": self.lots[*lot] }))
            }
            Ask::Order { store, draft, lines } => {
                let lines: Vec<_> =
                    lines.iter().map(|(product, n)| json!({ "product": self.product(*product), "quantity": n })).collect();
                let status = if *draft { "DRAFT" } else { "CONFIRMED" };
                (
                    "orderCreate",
                    "OrderCreateInput",
                    order,
                    json!({ "store": self.store(*store), "status": status, "lines": lines }),
                )
            }
            Ask::Confirm(n) => ("orderConfirm", "ActionInput", order, input_for(&self.orders[*n].0)),
            Ask::Fulfil { order: n, part, at } => {
                let (id, lines) = &self.orders[*n];
                let part = part.map(|(line, quantity)| json!([{ "lineId": lines[line], "quantity": quantity }]));
                ("orderFulfil", "OrderFulfilInput", order, json!({ "id": id, "lines": part, "occurredAt": moment(*at) }))
            }
            Ask::Cancel(n) => ("orderCancel", "ActionInput", order, input_for(&self.orders[*n].0)),
            Ask::Return { order: n, line, quantity, store, disposition } => (
                "returnCreate",
                "ReturnCreateInput",
                "return { id }",
                json!({ "store": self.store(*store), "lines": [{ "orderLineId": self.orders[*n].1[*line], "quantity": quantity,
                    "disposition": disposition }] }),
            ),
            Ask::Transfer { from, to, lines } => {
                let lines: Vec<_> =
                    lines.iter().map(|(product, n)| json!({ "product": self.product(*product), "quantity": n })).collect();
                let input = json!({ "fromStore": self.store(*from), "toStore": self.store(*to), "lines": lines });
                ("transferCreate", "TransferCreateInput", transfer, input)
            }
            Ask::Amend { transfer: n, product, quantity } => {
                let line = json!({ "product": self.product(*product), "quantity": quantity });
                ("transferUpdate", "TransferUpdateInput", transfer, json!({ "id": self.transfers[*n].0, "lines": [line] }))
            }
            Ask::Ready(n) => ("transferMarkReady", "TransferActionInput", transfer, input_for(&self.transfers[*n].0)),
            Ask::Ship(n) => ("transferShip", "TransferShipmentInput", transfer, input_for(&self.transfers[*n].0)),
            Ask::Receive { transfer: n, part } => {
                let (id, lines) = &self.transfers[*n];
                let part = part.map(|(line, quantity)| json!([{ "lineId": lines[line], "quantity": quantity }]));
                ("transferReceive", "TransferShipmentInput", transfer, json!({ "id": id, "lines": part }))
            }
            Ask::Finish(n) => {
                ("transferClose", "TransferCloseInput", transfer, json!({ "id": self.transfers[*n].0, "reasonCode": "LOSS" }))
            }
            Ask::CallOff(n) => ("transferCancel", "TransferActionInput", transfer, input_for(&self.transfers[*n].0)),
            Ask::Count { store } => {
                let products = [0, 2].map(|product| self.product(product));
                let input = json!({ "kind": "LIST", "store": self.store(*store), "products": products });
                ("stocktakeCreate", "StocktakeCreateInput", "stocktake { id status }", input)
            }
            Ask::Start(n) => ("stocktakeStart", "StocktakeActionInput", "stocktake { id status }", input_for(&self.counts[*n])),
            Ask::Record { count, at, found } => {
                let line = |(product, lot, counted): &(usize, Option<usize>, i64)| json!({ "product": self.product(*product), "lot": self.lot(*lot), "counted": counted });
                let lines: Vec<_> = found.iter().map(line).collect();
                let input = json!({ "id": self.counts[*count], "countedAt": moment(Some(*at)), "lines": lines });
                ("stocktakeRecord", "StocktakeRecordInput", "stocktake { id status }", input)
            }
            Ask::Submit(n) => {
                let input = json!({ "id": self.counts[*n], "onUncounted": "LEAVE" });
                ("stocktakeSubmit", "StocktakeSubmitInput", "stocktake { id status }", input)
            }
            Ask::Approve(n) => {
                ("stocktakeApprove", "StocktakeActionInput", "stocktake { id status }", input_for(&self.counts[*n]))
            }
            Ask::Drop(n) => ("stocktakeCancel", "StocktakeActionInput", "stocktake { id status }", input_for(&self.counts[*n])),
            Ask::Buy { store, lines } => {
                let line = |(product, quantity, cost): &(usize, i64, i64)| json!({ "product": self.product(*product), "quantity": quantity, "unitCost": money(*cost) });
                let lines: Vec<_> = lines.iter().map(line).collect();
                let input = json!({ "store": self.store(*store), "supplier": { "id": self.supplier }, "currencyCode": "GBP", "lines": lines });
                ("purchaseOrderCreate", "PurchaseOrderCreateInput", bought, input)
            }
            Ask::Advance { order: n, step } => {
                let name = match step {
                    Step::Submit => "purchaseOrderSubmit",
                    Step::Approve => "purchaseOrderApprove",
                    Step::Order => "purchaseOrderPlace",
                };
                (name, "PurchaseOrderActionInput", bought, input_for(&self.buys[*n].0))
            }
            Ask::Deliver { order: n, line, sound, damaged, lot } => {
                let (id, lines) = &self.buys[*n];
                let lots = lot
                    .map_or(json!([]), |lot| json!([{ "lot": { "id": self.lots[lot] }, "quantity": sound, "damaged": damaged }]));
                let line = json!({ "purchaseOrderLineId": lines[*line], "quantity": sound, "damaged": damaged, "lots": lots });
                ("purchaseOrderReceive", "PurchaseOrderReceiveInput", bought, json!({ "id": id, "lines": [line] }))
            }
            Ask::Revalue { product, cost } => (
                "stockRevalue",
                "StockRevalueInput",
                "revaluation { id }",
                json!({ "note": "model", "lines": [{ "product": self.product(*product), "unitCost": money(*cost) }] }),
            ),
            Ask::Reverse(n) => {
                ("stockReverse", "StockReverseInput", stock, json!({ "movementId": self.movements[*n], "note": "model" }))
            }
        };
        input["idempotencyKey"] = json!(key);
        let query = format!(
            "mutation($input: {kind}!) {{ {name}(input: $input) {{ seq {selection} userErrors {{ code field message }} }} }}"
        );
        Call { name, query, input }
    }

    /// Stores the IDs of created objects; the movements are those without a document.
    pub fn keep(&mut self, ask: &Ask, payload: &Value) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let document = |value: &Value| {
            let lines = value["lines"].as_array().unwrap().iter().map(|line| text(&line["id"])).collect();
            (text(&value["id"]), lines)
        };
        match ask {
            Ask::Adjust { .. } | Ask::Set { .. } | Ask::Shelve { .. } => self.movements.push(text(&payload["movement"]["id"])),
            Ask::Reserve { .. } => self.holds.push(text(&payload["reservations"][0]["id"])),
            Ask::Order { .. } => self.orders.push(document(&payload["order"])),
            Ask::Transfer { .. } => self.transfers.push(document(&payload["transfer"])),
            Ask::Buy { .. } => self.buys.push(document(&payload["purchaseOrder"])),
            Ask::Count { .. } => self.counts.push(text(&payload["stocktake"]["id"])),
            _ => {}
        }
    }
}
