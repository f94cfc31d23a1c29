//! Data that must exist before the first document: the store, the products, the customers. All of
//! it is idempotent by nature, so it needs no keys and a second run finds it unchanged.

use serde::Serialize;

use super::country;
use super::documents::{CHANGES_LIMIT, Ids, Input, Money};
use super::error::ReplayError;
use super::payload::{self, MutationAnswer, RowNode, StoreAnswer};
use super::plan::{Plan, TIME_ZONE};
use super::validation;
use super::wire::{Client, RequestLabel, request};

pub const STORE_CODE: &str = "MAIN";
const STORE_NAME: &str = "Main warehouse";

#[derive(Serialize)]
struct ByCode {
    code: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreInput {
    idempotency_key: &'static str,
    code: &'static str,
    name: &'static str,
    kind: &'static str,
    time_zone: &'static str,
}

#[derive(Serialize)]
struct Rows<T> {
    rows: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductRow<'a> {
    sku: &'a str,
    name: &'a str,
    /// Left out where the file never names a price: a price of 0 would be a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    unit_cost: Money,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerRow<'a> {
    external_ref: &'a str,
    /// The file has no names; people still need something to read in a list.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
}

/// Makes or finds all of it and gives the server's ids.
pub async fn ensure_catalogue(client: &Client, plan: &Plan) -> Result<Ids, ReplayError> {
    Ok(Ids {
        store: ensure_store(client).await?,
        products: ensure_products(client, plan).await?,
        customers: ensure_customers(client, plan).await?,
    })
}

async fn ensure_store(client: &Client) -> Result<String, ReplayError> {
    let label = RequestLabel::new("store", STORE_CODE);
    let stored: StoreAnswer = client.send_query(&label, request(payload::STORE, ByCode { code: STORE_CODE })?).await?;
    if let Some(store) = stored.result {
        if store.time_zone != TIME_ZONE {
            return Err(ReplayError::StoreZone { code: STORE_CODE, found: store.time_zone, wanted: TIME_ZONE });
        }
        return Ok(store.id.into());
    }
    let input =
        StoreInput { idempotency_key: "STORE-MAIN", code: STORE_CODE, name: STORE_NAME, kind: "WAREHOUSE", time_zone: TIME_ZONE };
    let created: MutationAnswer = client.change(&label, request(payload::STORE_CREATE, Input { input })?).await?;
    let store = created.result.store.ok_or_else(|| label.invalid_response("storeCreate gave no store"))?;
    Ok(store.id.into())
}

async fn ensure_products(client: &Client, plan: &Plan) -> Result<Vec<Box<str>>, ReplayError> {
    let mut ids = Vec::with_capacity(plan.products.len());
    for chunk in plan.products.chunks(CHANGES_LIMIT) {
        let rows = chunk.iter().map(|p| ProductRow {
            sku: &p.sku,
            name: &p.name,
            price: (p.price > 0).then(|| Money::pence(p.price)),
            unit_cost: Money::pence(p.cost),
        });
        let body = request(payload::PRODUCTS, Input { input: Rows { rows: rows.collect() } })?;
        let names: Vec<&str> = chunk.iter().map(|p| &*p.sku).collect();
        ids.extend(upsert_rows(client, "product", &names, body).await?);
    }
    Ok(ids)
}

async fn ensure_customers(client: &Client, plan: &Plan) -> Result<Vec<Box<str>>, ReplayError> {
    let mut ids = Vec::with_capacity(plan.customers.len());
    for chunk in plan.customers.chunks(CHANGES_LIMIT) {
        let rows = chunk.iter().map(|c| CustomerRow {
            external_ref: &c.external_ref,
            name: format!("Customer {}", c.external_ref).chars().take(validation::MAX_NAME_CHARS).collect(),
            country: country::iso_code(&c.country),
        });
        let body = request(payload::CUSTOMERS, Input { input: Rows { rows: rows.collect() } })?;
        let names: Vec<&str> = chunk.iter().map(|c| &*c.external_ref).collect();
        ids.extend(upsert_rows(client, "customer", &names, body).await?);
    }
    Ok(ids)
}

/// Sends one call of rows; the ids come back in the order of `names`, or the first refused row stops the replay.
async fn upsert_rows(
    client: &Client,
    document: &'static str,
    names: &[&str],
    body: Vec<u8>,
) -> Result<impl Iterator<Item = Box<str>>, ReplayError> {
    let label = RequestLabel::new(document, *names.first().unwrap_or(&""));
    let answer: MutationAnswer = client.change(&label, body).await?;
    let rows = answer.result.rows.unwrap_or_default();
    let mut ids: Vec<Option<Box<str>>> = names.iter().map(|_| None).collect();
    for RowNode { index, product, user_errors } in rows {
        let name = names.get(index).ok_or_else(|| label.invalid_response(format!("row {index} was not sent")))?;
        if let Some(first_error) = user_errors.first() {
            return Err(first_error.refusal(&RequestLabel::new(document, *name)));
        }
        ids[index] = product.map(|node| node.id);
    }
    if let Some(missing) = ids.iter().position(Option::is_none) {
        return Err(RequestLabel::new(document, names[missing]).invalid_response("its row has no id"));
    }
    Ok(ids.into_iter().flatten())
}
