//! The mutations that the replay sends and the little it reads of their answers. Every root field answers as `result`,
//! so that one shape reads all payloads.

use serde::Deserialize;

use super::wire::{HasUserErrors, UserError};

pub const STORE: &str = "query ReplayStore($code: String!) { result: store(by: {code: $code}) { id timeZone } }";

pub const STORE_CREATE: &str = "mutation ReplayStoreCreate($input: StoreCreateInput!) \
     { result: storeCreate(input: $input) { store { id } replayed userErrors { code message field retryable } } }";

pub const PRODUCTS: &str = "mutation ReplayProducts($input: ProductBulkUpsertInput!) { result: productBulkUpsert(input: $input) \
     { rows { index product { id } userErrors { code message field retryable } } \
     replayed userErrors { code message field retryable } } }";

pub const CUSTOMERS: &str = "mutation ReplayCustomers($input: CustomerBulkUpsertInput!) { result: customerBulkUpsert(input: $input) \
     { rows { index customer { id } userErrors { code message field retryable } } \
     replayed userErrors { code message field retryable } } }";

pub const ADJUST: &str = "mutation ReplayAdjust($input: StockAdjustInput!) \
     { result: stockAdjust(input: $input) { replayed userErrors { code message field retryable } } }";

pub const ORDER: &str = "mutation ReplayOrder($input: OrderCreateInput!) \
     { result: orderCreate(input: $input) { replayed userErrors { code message field retryable } } }";

/// For orders that a later return names by their lines; the others are spared the reading.
pub const ORDER_WITH_LINES: &str = "mutation ReplayOrderWithLines($input: OrderCreateInput!) \
     { result: orderCreate(input: $input) { order { lines { id } } replayed userErrors { code message field retryable } } }";

pub const RETURN: &str = "mutation ReplayReturn($input: ReturnCreateInput!) \
     { result: returnCreate(input: $input) { replayed userErrors { code message field retryable } } }";

#[derive(Debug, Deserialize)]
pub struct StoreAnswer {
    pub result: Option<StoreNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreNode {
    pub id: Box<str>,
    pub time_zone: String,
}

#[derive(Debug, Deserialize)]
pub struct MutationAnswer {
    pub result: Payload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    pub replayed: bool,
    pub user_errors: Vec<UserError>,
    #[serde(default)]
    pub store: Option<Node>,
    #[serde(default)]
    pub order: Option<OrderNode>,
    #[serde(default)]
    pub rows: Option<Vec<RowNode>>,
}

#[derive(Debug, Deserialize)]
pub struct Node {
    pub id: Box<str>,
}

#[derive(Debug, Deserialize)]
pub struct OrderNode {
    /// In the order of the input.
    pub lines: Vec<Node>,
}

/// A row of a bulk upsert.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowNode {
    pub index: usize,
    #[serde(alias = "customer")]
    pub product: Option<Node>,
    pub user_errors: Vec<UserError>,
}

impl HasUserErrors for MutationAnswer {
    /// The caller, who knows the rows' names, distinguishes refusals of single rows.
    fn user_errors(&self) -> &[UserError] {
        &self.result.user_errors
    }
}
