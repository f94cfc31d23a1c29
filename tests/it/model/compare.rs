//! Everything that can be asked about, against the model.

use entity::prelude::Timestamp;
use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::{
    Run,
    plain::{LevelRef, Model, State},
    send::Names,
};

/// Levels as the API shows them.
pub fn levels(model: &Model, names: &Names, shown: &Value, place: &str) {
    for level in shown.as_array().into_iter().flatten() {
        let of = |names: &[String], id: &Value| names.iter().position(|name| id == name);
        let (Some(product), Some(store)) =
            (of(&names.products, &level["product"]["id"]), of(&names.stores, &level["store"]["id"]))
        else {
            continue;
        };
        let figures = ["onHand", "reserved", "unavailable", "incoming", "inTransit"].map(|name| level[name].as_i64().unwrap());
        assert_eq!(
            figures,
            expected(model, (product, store)),
            "on hand, reserved, unavailable, incoming, in transit of {product} in {store}; {place}"
        );
    }
}

fn expected(model: &Model, place: LevelRef) -> [i64; 5] {
    let level = model.levels.get(&place).copied().unwrap_or_default();
    [level.on_hand, level.reserved, model.unavailable(place), level.incoming, level.in_transit]
}

impl Run {
    pub async fn compare(&self) {
        let at = format!("ENTREPOT_MODEL_SEED={} after round {}", self.seed, self.round);
        let query = "query($filter: StockFilter) { stockLevels(first: 50, filter: $filter) { nodes { product { id } store { id } onHand reserved
            unavailable incoming inTransit } } }";
        let shown = self.ask(query, json!({ "filter": { "product": { "in": self.names.products } } })).await;
        assert_eq!(shown["stockLevels"]["nodes"].as_array().map(Vec::len), Some(6));
        levels(&self.model, &self.names, &shown["stockLevels"]["nodes"], &at);
        self.lots(&at).await;
        self.documents(&at).await;
        self.costs(&at).await;
    }

    async fn lots(&self, at: &str) {
        let query =
            "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Lot { status levels { store { id } onHand unavailable } } } }";
        let shown = self.ask(query, json!({ "ids": self.names.lots })).await;
        for (lot, shown) in shown["nodes"].as_array().unwrap().iter().enumerate() {
            let status = match self.model.lots[lot] {
                State::Available => "AVAILABLE",
                State::Quarantine => "QUARANTINE",
                State::Recalled => "RECALLED",
            };
            assert_eq!(shown["status"], status, "lot {lot}, {at}");
            for (store, id) in self.names.stores.iter().enumerate() {
                let level = shown["levels"].as_array().unwrap().iter().find(|level| level["store"]["id"] == *id);
                let figures = level.map_or([0, 0], |level| ["onHand", "unavailable"].map(|name| level[name].as_i64().unwrap()));
                let on_hand = self.model.lot_on_hand(lot, store);
                let expected = [on_hand, on_hand - self.model.sellable(lot, store)];
                assert_eq!(figures, expected, "on hand and unavailable of lot {lot} in {store}, {at}");
            }
        }
    }

    async fn documents(&self, at: &str) {
        let nodes = async |ids: Vec<&String>, selection: &str| {
            let mut all = Vec::new();
            for some in ids.chunks(100) {
                let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selection} }} }}");
                all.extend(self.ask(&query, json!({ "ids": some })).await["nodes"].as_array().unwrap().clone());
            }
            all
        };
        let holds = nodes(self.names.holds.iter().collect(), "... on Reservation { quantity status }").await;
        for (n, shown) in holds.iter().enumerate() {
            let expected = self.model.holds[n].remaining;
            assert_eq!(shown["status"] == "ACTIVE", expected > 0, "hold {n}: {shown}, {at}");
            assert!(expected == 0 || shown["quantity"] == expected, "hold {n}: {shown}, not {expected}, {at}");
        }
        let ids = self.names.orders.iter().map(|order| &order.0).collect();
        let orders = nodes(ids, "... on Order { status lines { open cancelled fulfilled returned } }").await;
        for (order, shown) in self.model.orders.iter().zip(&orders) {
            let line = |line: &super::plain::Line| json!({ "open": line.open, "cancelled": line.cancelled, "fulfilled": line.fulfilled, "returned": line.returned });
            let lines: Vec<_> = order.lines.iter().map(line).collect();
            assert_eq!(*shown, json!({ "status": order.status, "lines": lines }), "{order:?}, {at}");
        }
        let ids = self.names.transfers.iter().map(|transfer| &transfer.0).collect();
        let transfers = nodes(ids, "... on Transfer { status lines { quantity shipped received lost } }").await;
        for (transfer, shown) in self.model.transfers.iter().zip(&transfers) {
            let line = |line: &super::plain::Parcel| json!({ "quantity": line.quantity, "shipped": line.shipped, "received": line.received, "lost": line.lost });
            let lines: Vec<_> = transfer.lines.iter().map(line).collect();
            assert_eq!(*shown, json!({ "status": transfer.status, "lines": lines }), "{transfer:?}, {at}");
        }
        let ids = self.names.buys.iter().map(|buy| &buy.0).collect();
        let buys = nodes(ids, "... on PurchaseOrder { status lines { open } }").await;
        for (buy, shown) in self.model.buys.iter().zip(&buys) {
            let lines: Vec<_> = buy.lines.iter().map(|line| json!({ "open": line.open })).collect();
            assert_eq!(*shown, json!({ "status": buy.status, "lines": lines }), "{buy:?}, {at}");
        }
    }

    async fn costs(&self, at: &str) {
        for (product, pool) in self.model.pools.iter().enumerate() {
            let query = "query($product: ProductRef!) { productCost(product: $product) { isCurrent quantity averageValue { amount } fifoValue { amount } } }";
            let mut shown = Value::Null;
            // The book follows in pages; whoever asks again goes on.
            for _ in 0..20 {
                let product = json!({ "product": { "id": self.names.products[product] } });
                shown = self.ask(query, product).await["productCost"].clone();
                if shown["isCurrent"] == true {
                    break;
                }
            }
            let amount =
                |pence: i64| json!(format!("{}{}.{:02}", if pence < 0 { "-" } else { "" }, pence.abs() / 100, pence.abs() % 100));
            let units: i64 =
                self.model.levels.iter().filter(|(place, _)| place.0 == product).map(|(_, l)| l.on_hand + l.in_transit).sum();
            assert_eq!(shown["quantity"], units, "units of {product} in the book, {at}");
            if pool.knows_average {
                assert_eq!(pool.units, units, "the model's own units of {product}, {at}");
                assert_eq!(shown["averageValue"]["amount"], amount(pool.average), "the average's worth of {product}, {at}");
            }
            if pool.knows_layers {
                assert_eq!(
                    shown["fifoValue"]["amount"],
                    amount(pool.fifo()),
                    "what {product} is worth first in, first out, {at}"
                );
            }
        }
    }

    /// What was on hand at so many moments, as known now and as known then.
    pub async fn past(&mut self, moments: usize) {
        let query =
            "query($filter: StockFilter, $time: DateTime!, $known: DateTime) { stockLevels(first: 50, filter: $filter) { nodes {
            product { id } store { id } onHandAt(time: $time, knownAt: $known) } } }";
        for n in 0..moments {
            let all = self.model.moments.clone();
            let time = all[self.dice.below(all.len())];
            let known = (n % 2 == 1).then(|| all[self.dice.below(all.len())]);
            let text = |at: i64| rfc3339(Timestamp(at));
            let variables =
                json!({ "filter": { "product": { "in": self.names.products } }, "time": text(time), "known": known.map(text) });
            let shown = self.ask(query, variables).await;
            for level in shown["stockLevels"]["nodes"].as_array().unwrap() {
                let product = self.names.products.iter().position(|id| level["product"]["id"] == *id).unwrap();
                let store = self.names.stores.iter().position(|id| level["store"]["id"] == *id).unwrap();
                let expected = self.model.on_hand_at((product, store), time, known.unwrap_or(i64::MAX));
                let (seed, round) = (self.seed, self.round);
                assert_eq!(
                    level["onHandAt"], expected,
                    "ENTREPOT_MODEL_SEED={seed} after round {round}: {product} in {store} at {time}, as known at {known:?}"
                );
            }
        }
    }
}
