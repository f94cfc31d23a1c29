//! Comparison of all data that the API shows with the model.

use entity::prelude::Timestamp;
use entrepot::clock::rfc3339;
use serde_json::{Value, json};

use super::{
    Run,
    plain::{Buy, LevelRef, Line, Model, Order, Parcel, State, Transfer},
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

fn shown_order(order: &Order) -> Value {
    let line = |line: &Line| json!({ "open": line.open, "cancelled": line.cancelled, "fulfilled": line.fulfilled, "returned": line.returned });
    json!({ "status": order.status, "lines": order.lines.iter().map(line).collect::<Vec<_>>() })
}

fn shown_transfer(transfer: &Transfer) -> Value {
    let line = |line: &Parcel| json!({ "quantity": line.quantity, "shipped": line.shipped, "received": line.received, "lost": line.lost });
    json!({ "status": transfer.status, "lines": transfer.lines.iter().map(line).collect::<Vec<_>>() })
}

fn shown_buy(buy: &Buy) -> Value {
    json!({ "status": buy.status, "lines": buy.lines.iter().map(|line| json!({ "open": line.open })).collect::<Vec<_>>() })
}

impl Run {
    /// Compares figures and documents: all documents, or those that were to change since the last time.
    pub async fn compare(&mut self, is_whole: bool) {
        let at = format!("ENTREPOT_MODEL_SEED={} after round {}", self.seed, self.round);
        let query = "query($filter: StockFilter) { stockLevels(first: 50, filter: $filter) { nodes { product { id } store { id } onHand reserved
            unavailable incoming inTransit } } }";
        let answer = self.execute(query, json!({ "filter": { "product": { "in": self.names.products } } })).await;
        assert_eq!(answer["stockLevels"]["nodes"].as_array().map(Vec::len), Some(6));
        levels(&self.model, &self.names, &answer["stockLevels"]["nodes"], &at);
        self.lots(&at).await;
        self.documents(&at, is_whole).await;
        self.costs(&at).await;
    }

    async fn lots(&self, at: &str) {
        let query =
            "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Lot { status levels { store { id } onHand unavailable } } } }";
        let shown = self.execute(query, json!({ "ids": self.names.lots })).await;
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

    async fn documents(&mut self, at: &str, is_whole: bool) {
        let (model, names) = (&self.model, &self.names);
        let holds = names.holds.iter().zip(&model.holds).map(|(id, hold)| (id.clone(), json!(hold.remaining)));
        let orders = names.orders.iter().zip(&model.orders).map(|(named, order)| (named.0.clone(), shown_order(order)));
        let transfers = names.transfers.iter().zip(&model.transfers);
        let transfers = transfers.map(|(named, transfer)| (named.0.clone(), shown_transfer(transfer)));
        let buys = names.buys.iter().zip(&model.buys).map(|(named, buy)| (named.0.clone(), shown_buy(buy)));
        let holds = Vec::from_iter(holds);
        let kinds = [
            (Vec::from_iter(orders), "... on Order { status lines { open cancelled fulfilled returned } }"),
            (Vec::from_iter(transfers), "... on Transfer { status lines { quantity shipped received lost } }"),
            (Vec::from_iter(buys), "... on PurchaseOrder { status lines { open } }"),
        ];
        for (id, expected, shown) in self.shown(holds, is_whole, "... on Reservation { quantity status }").await {
            let remaining = expected.as_i64().unwrap();
            assert_eq!(shown["status"] == "ACTIVE", remaining > 0, "hold {id}: {shown}, {at}");
            assert!(remaining == 0 || shown["quantity"] == remaining, "hold {id}: {shown}, not {remaining}, {at}");
        }
        for (documents, selection) in kinds {
            for (id, expected, shown) in self.shown(documents, is_whole, selection).await {
                assert_eq!(shown, expected, "{id}, {at}");
            }
        }
    }

    /// Documents with their expected and their actual state: all, or those whose expected state has
    /// changed since the last comparison.
    async fn shown(&mut self, all: Vec<(String, Value)>, is_whole: bool, selection: &str) -> Vec<(String, Value, Value)> {
        let mut due = all;
        due.retain(|(id, expected)| self.compared.insert(id.clone(), expected.clone()).as_ref() != Some(expected) || is_whole);
        let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selection} }} }}");
        let mut found = Vec::new();
        for some in due.chunks(100) {
            let ids: Vec<_> = some.iter().map(|(id, _)| id).collect();
            let shown = self.execute(&query, json!({ "ids": ids })).await;
            let nodes = shown["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), some.len(), "{ids:?}");
            found.extend(some.iter().cloned().zip(nodes).map(|((id, expected), shown)| (id, expected, shown.clone())));
        }
        found
    }

    async fn costs(&self, at: &str) {
        for (product, pool) in self.model.pools.iter().enumerate() {
            let query = "query($product: ProductRef!) { productCost(product: $product) { isCurrent quantity averageValue { amount } fifoValue { amount } } }";
            let mut shown = Value::Null;
            // The book is kept in pages, and each query continues it.
            for _ in 0..20 {
                let product = json!({ "product": { "id": self.names.products[product] } });
                shown = self.execute(query, product).await["productCost"].clone();
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

    /// Compares on hand at so many moments, as known now and as known then.
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
            let answer = self.execute(query, variables).await;
            for level in answer["stockLevels"]["nodes"].as_array().unwrap() {
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
