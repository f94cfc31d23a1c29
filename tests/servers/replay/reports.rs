//! The model server's answers to the questions that end a replay.

use std::collections::{BTreeMap, BTreeSet};

use entrepot::replay::rule::format_amount;
use serde_json::{Value, json};

use super::model::{Document, Line, Movement, Shop, text};

pub fn answer(shop: &Shop, operation: &str, variables: &Value) -> Value {
    match operation {
        "Totals" => totals(shop, variables),
        "Months" => json!({"months": months(shop, text(&variables["from"]).parse().unwrap())}),
        "Named" => {
            let product = shop.products.iter().find(|(_, p)| variables["sku"] == p.sku);
            json!({"product": product.map(|(id, p)| json!({"id": id, "sku": p.sku, "name": p.name}))})
        }
        "Sold" => {
            let entries = shop.movements.iter().filter(|m| m.kind == "SALE").flat_map(|m| &m.entries);
            let mine = entries.filter(|(product, _)| variables["products"] == json!([product]));
            json!({"movements": [{"kind": "SALE", "unitsOut": mine.map(|(_, delta)| -delta).sum::<i64>()}]})
        }
        "Begun" => page(variables, &shop.movements.iter().collect::<Vec<_>>(), |m| json!({"externalRef": m.external_ref})),
        "MovedPages" => {
            let listed = |list: &Value, text: &str| list.as_array().unwrap().iter().any(|one| one == text);
            let wanted = |m: &&Movement| listed(&variables["references"], &m.external_ref) && listed(&variables["kind"], &m.kind);
            page(variables, &shop.movements.iter().filter(wanted).collect::<Vec<_>>(), |m| {
                let entries =
                    m.entries.iter().map(|(id, by)| json!({"product": {"sku": shop.products[id].sku}, "onHandDelta": by}));
                json!({"externalRef": m.external_ref, "occurredAt": m.time.to_string(), "entries": entries.collect::<Vec<_>>()})
            })
        }
        "OrderThere" => there(shop, variables, &shop.orders),
        "ReturnThere" => there(shop, variables, &shop.returns),
        "ProductPages" => {
            let mut all: Vec<_> = shop.products.values().collect();
            all.sort_by(|a, b| a.sku.cmp(&b.sku));
            page(variables, &all, |p| json!({"sku": p.sku, "name": p.name, "unitCost": money(p.cost)}))
        }
        "LevelPages" => {
            let all: Vec<_> = shop.products.values().collect();
            page(variables, &all, |p| json!({"product": {"sku": p.sku}, "onHand": p.on_hand}))
        }
        "OpeningPages" => {
            let reference = text(&variables["reference"]);
            let all: Vec<_> = shop.movements.iter().filter(|m| m.external_ref == reference).collect();
            page(variables, &all, |m| {
                json!({"entries": m.entries.iter().map(|(product, delta)| {
                let p = &shop.products[product];
                json!({"product": {"sku": p.sku}, "onHandDelta": delta, "unitCost": money(p.cost)})
            }).collect::<Vec<_>>()})
            })
        }
        "AdjustmentPages" => {
            let all: Vec<_> = shop.movements.iter().filter(|m| m.kind == "ADJUSTMENT").collect();
            page(variables, &all, |m| json!({"externalRef": m.external_ref, "occurredAt": m.time.to_string()}))
        }
        "OrderPages" => page(variables, &shop.orders.iter().collect::<Vec<_>>(), |o| {
            let lines: Vec<Value> = o.lines.iter().map(|l| json!({"kind": kind(l)})).collect();
            json!({"placedAt": o.time.to_string(), "customer": o.customer.as_ref().map(|id| json!({"id": id})), "lines": lines})
        }),
        "ReturnPages" => page(variables, &shop.returns.iter().collect::<Vec<_>>(), |r| returned(shop, r)),
        costs if costs.starts_with("Costs") => worths(shop),
        _ => panic!("{operation} is not known"),
    }
}

fn there(shop: &Shop, variables: &Value, all: &[Document]) -> Value {
    let found: Vec<_> = all.iter().filter(|d| variables["reference"] == d.external_ref).collect();
    page(variables, &found, |d| {
        let lines = d.lines.iter().map(|l| {
            let sku = l.product.as_ref().map(|id| shop.products[id].sku.clone()).unwrap_or_default();
            json!({"id": l.id, "kind": kind(l), "name": l.name, "sku": sku, "quantity": l.quantity, "unitPrice": money(l.pence)})
        });
        json!({"at": d.time.to_string(), "lines": lines.collect::<Vec<_>>()})
    })
}

/// A product's cost never changes here, so both methods give the same values.
fn worths(shop: &Shop) -> Value {
    let of = |report: &Value| report["value"].clone();
    let row = json!({"received": of(&report(shop, "RECEIPT")), "costOfGoodsSold": of(&report(shop, "SALE"))});
    let left = shop.products.values().map(|p| p.on_hand * p.cost).sum();
    let (cost, worth) = (json!({"isCurrent": true, "rows": [row]}), json!({"isCurrent": true, "total": {"value": money(left)}}));
    json!({"averageCost": cost, "averageWorth": worth, "fifoCost": cost, "fifoWorth": worth})
}

fn page<T>(variables: &Value, all: &[T], node: impl Fn(&T) -> Value) -> Value {
    let first = variables["first"].as_u64().unwrap() as usize;
    assert!((1..=250).contains(&first));
    let from = variables["after"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let to = all.len().min(from + first);
    let nodes: Vec<Value> = all[from..to].iter().map(node).collect();
    json!({"page": {"nodes": nodes, "pageInfo": {"hasNextPage": to < all.len(), "endCursor": to.to_string()}}})
}

fn money(pence: i64) -> Value {
    json!({"amount": format_amount(pence), "currencyCode": "GBP"})
}

fn kind(line: &Line) -> &'static str {
    if line.product.is_some() { "PRODUCT" } else { "CHARGE" }
}

fn returned(shop: &Shop, r: &Document) -> Value {
    let lines = r.lines.iter().map(|l| {
        let matches = l.matches.iter().map(|(id, units)| {
            let (order, line) = shop.sold(id);
            let order = json!({"externalRef": order.external_ref});
            json!({"quantity": units, "orderLine": {"unitPrice": money(line.pence), "order": order}})
        });
        let product = l.product.as_ref().map(|id| json!({"sku": shop.products[id].sku}));
        json!({"kind": kind(l), "product": product, "unitPrice": money(l.pence), "quantity": l.quantity,
            "matches": matches.collect::<Vec<_>>()})
    });
    json!({"externalRef": r.external_ref, "receivedAt": r.time.to_string(), "lines": lines.collect::<Vec<_>>()})
}

/// At most 250 of them.
fn months(shop: &Shop, from: jiff::Timestamp) -> Vec<Value> {
    let month = |d: &Document| d.time.in_tz("Europe/London").unwrap().strftime("%Y-%m").to_string();
    let all = shop.orders.iter().chain(&shop.returns).filter(|d| d.time >= from);
    let months: BTreeSet<String> = all.map(month).collect();
    months.iter().take(250).map(|m| sales(shop, Some(m), |d| month(d) == *m)).collect()
}

fn totals(shop: &Shop, variables: &Value) -> Value {
    let mut units: BTreeMap<&str, i64> = BTreeMap::new();
    for line in shop.orders.iter().flat_map(|o| &o.lines) {
        if let Some(product) = &line.product {
            *units.entry(product).or_default() += line.quantity;
        }
    }
    let mut top: Vec<_> = units.into_iter().collect();
    // Ties are in an arbitrary order.
    top.sort_by_key(|(id, units)| (-units, id.bytes().rev().collect::<Vec<_>>()));
    let top = top.iter().take(variables["top"].as_u64().unwrap() as usize).map(|(id, units)| {
        let product = &shop.products[*id];
        json!({"product": {"sku": product.sku, "name": product.name}, "unitsSold": units})
    });
    let movements = ["RECEIPT", "SALE", "RETURN", "ADJUSTMENT"].map(|kind| report(shop, kind));
    json!({
        "all": [sales(shop, None, |_| true)],
        "months": months(shop, jiff::Timestamp::MIN),
        "top": top.collect::<Vec<_>>(),
        "movements": movements,
        "products": {"count": shop.products.len()},
        "customers": {"count": shop.customers.len()},
    })
}

fn sales(shop: &Shop, key: Option<&String>, of: impl Fn(&Document) -> bool) -> Value {
    let orders: Vec<_> = shop.orders.iter().filter(|d| of(d)).collect();
    let returns: Vec<_> = shop.returns.iter().filter(|d| of(d)).collect();
    let lines = |documents: &[&Document], products: bool| -> Vec<(i64, i64, i64)> {
        let lines = documents.iter().flat_map(|d| &d.lines).filter(|l| l.product.is_some() == products);
        let cost = |l: &Line| l.product.as_ref().map_or(0, |id| shop.products[id].cost);
        lines.map(|l| (l.quantity, l.quantity * l.pence, l.quantity * cost(l))).collect()
    };
    let (sold, back) = (lines(&orders, true), lines(&returns, true));
    let (charges, credits) = (lines(&orders, false), lines(&returns, false));
    let value = |lines: &[(i64, i64, i64)]| lines.iter().map(|l| l.1).sum::<i64>();
    let units = |lines: &[(i64, i64, i64)]| lines.iter().map(|l| l.0).sum::<i64>();
    json!({
        "key": key, "orders": orders.len(), "orderLines": sold.len(), "unitsSold": units(&sold),
        "grossRevenue": money(value(&sold)), "returns": returns.len(), "returnLines": back.len(),
        "unitsReturned": units(&back), "refunds": money(value(&back)), "netRevenue": money(value(&sold) - value(&back)),
        "charges": money(value(&charges)), "chargeCredits": money(value(&credits)),
        "costOfGoodsSold": money(sold.iter().map(|l| l.2).sum()),
    })
}

fn report(shop: &Shop, kind: &str) -> Value {
    let movements: Vec<&Movement> = shop.movements.iter().filter(|m| m.kind == kind).collect();
    let entries = || movements.iter().flat_map(|m| &m.entries);
    let value = entries().map(|(product, delta)| delta.abs() * shop.products[product].cost).sum();
    json!({"kind": kind, "movements": movements.len(), "entries": entries().count(), "value": money(value),
        "unitsIn": entries().map(|(_, d)| (*d).max(0)).sum::<i64>(), "unitsOut": -entries().map(|(_, d)| (*d).min(0)).sum::<i64>()})
}
