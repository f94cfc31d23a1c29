//! A model of the server: just enough of its mutations to notice a client that sends too early, twice or something else
//! under the same key, and it makes trouble on the way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::reports;
pub use crate::world::answers::text;

pub struct Line {
    pub id: String,
    pub product: Option<String>,
    pub name: String,
    pub quantity: i64,
    pub pence: i64,
    pub matches: Vec<(String, i64)>,
}

pub struct Document {
    pub external_ref: String,
    pub customer: Option<String>,
    pub time: jiff::Timestamp,
    pub lines: Vec<Line>,
}

pub struct Movement {
    pub kind: String,
    pub external_ref: String,
    pub time: jiff::Timestamp,
    /// Product, delta.
    pub entries: Vec<(String, i64)>,
}

pub struct Product {
    pub sku: String,
    pub name: String,
    pub cost: i64,
    pub on_hand: i64,
}

#[derive(Default)]
pub struct Shop {
    pub store: bool,
    /// London's where none is given.
    pub time_zone: Option<&'static str>,
    pub products: BTreeMap<String, Product>,
    pub customers: BTreeMap<String, String>,
    pub orders: Vec<Document>,
    pub returns: Vec<Document>,
    pub movements: Vec<Movement>,
    pub keys: HashMap<String, (Value, Value)>,
    pub requests: u64,
    /// Refuses everything from this request on.
    pub stop_after: Option<u64>,
    /// Every so many requests something goes wrong that waiting helps with.
    pub trouble_every: Option<u64>,
}

pub type Shared = Arc<Mutex<Shop>>;

/// Serves the model on a port of its own; returns its URL.
pub async fn serve(shop: Shared) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/graphql", post(answer)).with_state(shop);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn answer(State(shop): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let caller = headers["authorization"].to_str().unwrap();
    let request: Value = serde_json::from_str(&body).unwrap();
    let (number, delay) = {
        let mut shop = shop.lock().unwrap();
        shop.requests += 1;
        (shop.requests, shop.requests * 7 % 5)
    };
    // Requests that came together leave in another order.
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let mut shop = shop.lock().unwrap();
    if shop.stop_after.is_some_and(|stop| number > stop) {
        let error = json!({"message": "the token has ended", "extensions": {"code": "UNAUTHENTICATED"}});
        return (StatusCode::UNAUTHORIZED, json!({"errors": [error]}).to_string()).into_response();
    }
    if let Some(every) = shop.trouble_every
        && number.is_multiple_of(every)
    {
        return trouble(&mut shop, number / every, caller, &request);
    }
    shop.respond(caller, &request).to_string().into_response()
}

fn trouble(shop: &mut Shop, index: u64, caller: &str, request: &Value) -> Response {
    let error =
        |code: &str| json!({"errors": [{"message": "later", "extensions": {"code": code, "retryAfterMs": 3}}], "data": null});
    let busy = json!({"code": "IDEMPOTENCY_IN_PROGRESS", "message": "later", "field": null, "retryable": true});
    match index % 5 {
        4 if !request["variables"]["input"].is_null() => {
            json!({"data": {"result": {"replayed": false, "userErrors": [busy]}}}).to_string().into_response()
        }
        0 => (StatusCode::SERVICE_UNAVAILABLE, "the proxy has nobody to ask").into_response(),
        1 => error("RATE_LIMITED").to_string().into_response(),
        2 => (StatusCode::SERVICE_UNAVAILABLE, error("OVERLOADED").to_string()).into_response(),
        // The change is made and its answer lost.
        _ => {
            shop.respond(caller, request);
            (StatusCode::BAD_GATEWAY, "").into_response()
        }
    }
}

fn pence(money: &Value) -> i64 {
    entrepot::replay::rule::parse_pence(&text(&money["amount"])).unwrap()
}

fn time(value: &Value) -> jiff::Timestamp {
    text(value).parse().unwrap()
}

impl Shop {
    fn respond(&mut self, caller: &str, request: &Value) -> Value {
        let query = text(&request["query"]);
        let (variables, input) = (&request["variables"], &request["variables"]["input"]);
        let operation = query.split_once("Replay").unwrap().1.split('(').next().unwrap().to_owned();
        let result = match operation.as_str() {
            "Store" => {
                let zone = self.time_zone.unwrap_or("Europe/London");
                return json!({"data": {"result": self.store.then(|| json!({"id": "sto_1", "timeZone": zone}))}});
            }
            "StoreCreate" => {
                self.store = true;
                json!({"store": {"id": "sto_1"}, "replayed": false, "userErrors": []})
            }
            "Products" => self.upsert(input, "sku", "prd", "product"),
            "Customers" => self.upsert(input, "externalRef", "cus", "customer"),
            "Adjust" | "Order" | "OrderWithLines" | "Return" => self.once(caller, &operation, input),
            _ => return json!({"data": reports::answer(self, &operation, variables)}),
        };
        json!({"data": {"result": result}})
    }

    fn upsert(&mut self, input: &Value, name: &str, prefix: &str, node: &str) -> Value {
        let rows = input["rows"].as_array().unwrap();
        assert!(rows.len() <= 500);
        let answered = rows.iter().enumerate().map(|(index, row)| {
            let key = text(&row[name]);
            let id = format!("{prefix}_{key}");
            if prefix == "prd" {
                let (cost, shown) = (pence(&row["unitCost"]), text(&row["name"]));
                let product =
                    self.products.entry(id.clone()).or_insert(Product { sku: key, name: String::new(), cost, on_hand: 0 });
                (product.name, product.cost) = (shown, cost);
            } else {
                self.customers.insert(id.clone(), key);
            }
            json!({"index": index, node: {"id": id}, "userErrors": []})
        });
        json!({"rows": answered.collect::<Vec<_>>(), "replayed": false, "userErrors": []})
    }

    /// A caller's first call under a key changes something; later ones get its answer.
    fn once(&mut self, caller: &str, operation: &str, input: &Value) -> Value {
        let kind = operation.strip_suffix("WithLines").unwrap_or(operation);
        let key = format!("{caller}/{kind}/{}", text(&input["idempotencyKey"]));
        if let Some((body, answer)) = self.keys.get(&key) {
            if body != input {
                return refused(
                    "IDEMPOTENCY_KEY_REUSED",
                    "the key was used for something else",
                    json!(["input", "idempotencyKey"]),
                );
            }
            let mut answer = answer.clone();
            answer["replayed"] = json!(true);
            return answer;
        }
        let new_order = match kind {
            "Adjust" => self.adjust(input),
            "Order" => self.order(input),
            _ => self.refund(input),
        };
        match new_order {
            Ok(mut answer) => {
                answer["replayed"] = json!(false);
                answer["userErrors"] = json!([]);
                self.keys.insert(key, (input.clone(), answer.clone()));
                answer
            }
            Err(refusal) => refusal,
        }
    }

    /// Returns the order line of an ID, which contains its position.
    pub fn sold(&self, id: &str) -> (&Document, &Line) {
        let (order, place) = id.strip_prefix("oln_").unwrap().split_once('_').unwrap();
        let order = &self.orders[order.parse::<usize>().unwrap()];
        (order, &order.lines[place.parse::<usize>().unwrap()])
    }

    /// Posts all of it or nothing; no quantity may become negative on the way.
    fn post(&mut self, movement: Movement) -> Result<(), Value> {
        for (done, (product, delta)) in movement.entries.iter().enumerate() {
            let shelf = self.products.get_mut(product).unwrap();
            if shelf.on_hand + delta < 0 {
                for (product, delta) in &movement.entries[..done] {
                    self.products.get_mut(product).unwrap().on_hand -= delta;
                }
                let field = json!(["input", "lines", "0", "quantity"]);
                return Err(refused("INSUFFICIENT_STOCK", &format!("not enough of {product}"), field));
            }
            shelf.on_hand += delta;
        }
        self.movements.push(movement);
        Ok(())
    }

    fn adjust(&mut self, input: &Value) -> Result<Value, Value> {
        let changes = input["changes"].as_array().unwrap();
        assert!((1..=500).contains(&changes.len()));
        let entries = changes.iter().map(|c| (text(&c["product"]["id"]), c["delta"].as_i64().unwrap())).collect();
        let (kind, external_ref) = (text(&input["kind"]), text(&input["externalRef"]));
        self.post(Movement { kind, external_ref, time: time(&input["occurredAt"]), entries })?;
        Ok(json!({}))
    }

    fn order(&mut self, input: &Value) -> Result<Value, Value> {
        assert_eq!(input["status"], "FULFILLED");
        let document = document(input, "placedAt", self.orders.len());
        taken(&self.orders, &document)?;
        self.post(moved("SALE", &document, -1))?;
        let lines: Vec<Value> = document.lines.iter().map(|l| json!({"id": l.id})).collect();
        self.orders.push(document);
        Ok(json!({"order": {"lines": lines}}))
    }

    fn refund(&mut self, input: &Value) -> Result<Value, Value> {
        assert_eq!(input["receive"], true);
        let document = document(input, "occurredAt", 0);
        taken(&self.returns, &document)?;
        for line in &document.lines {
            assert!(line.matches.iter().all(|(id, _)| self.sold(id).1.product == line.product), "a match of another product");
            assert!(line.matches.iter().map(|(_, units)| units).sum::<i64>() <= line.quantity);
        }
        self.post(moved("RETURN", &document, 1))?;
        self.returns.push(document);
        Ok(json!({}))
    }
}

fn refused(code: &str, message: &str, field: Value) -> Value {
    json!({"replayed": false, "userErrors": [{"code": code, "retryable": false, "message": message, "field": field}]})
}

fn taken(all: &[Document], new: &Document) -> Result<(), Value> {
    if all.iter().any(|there| there.external_ref == new.external_ref) {
        return Err(refused("DUPLICATE", "the reference is taken", json!(["input", "externalRef"])));
    }
    Ok(())
}

fn document(input: &Value, at: &str, number: usize) -> Document {
    assert_eq!(input["store"]["id"], "sto_1");
    let lines = input["lines"].as_array().unwrap();
    assert!((1..=2_000).contains(&lines.len()));
    let line = |(place, line): (usize, &Value)| {
        assert_eq!(line["kind"] == "CHARGE", line["product"].is_null());
        let matches = line["matches"].as_array().into_iter().flatten();
        Line {
            id: format!("oln_{number}_{place}"),
            product: line["product"]["id"].as_str().map(str::to_owned),
            name: line["name"].as_str().unwrap_or_default().to_owned(),
            quantity: line["quantity"].as_i64().unwrap(),
            pence: pence(&line["unitPrice"]),
            matches: matches.map(|m| (text(&m["orderLineId"]), m["quantity"].as_i64().unwrap())).collect(),
        }
    };
    Document {
        external_ref: text(&input["externalRef"]),
        customer: input["customerId"].as_str().map(str::to_owned),
        time: time(&input[at]),
        lines: lines.iter().enumerate().map(line).collect(),
    }
}

fn moved(kind: &str, document: &Document, sign: i64) -> Movement {
    let stock = document.lines.iter().filter_map(|l| Some((l.product.clone()?, sign * l.quantity)));
    Movement { kind: kind.to_owned(), external_ref: document.external_ref.clone(), time: document.time, entries: stock.collect() }
}
