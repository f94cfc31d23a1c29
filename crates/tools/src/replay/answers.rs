//! The questions that end a replay, and the shapes of their answers. A list answers as `page`.

use serde::{Deserialize, Deserializer};

use super::rule;

pub const TOTALS: &str = "query ReplayTotals($top: Int!, $limit: Int!) { \
     all: salesReport(groupBy: NONE) { ...sums } months: salesReport(groupBy: MONTH) { ...sums } \
     top: salesReport(groupBy: PRODUCT, topBy: UNITS_SOLD, first: $top) { product { sku name } unitsSold } \
     movements: movementReport { kind entries unitsIn unitsOut value { amount } } \
     products: productsCount(limit: $limit) { count } customers: customersCount(limit: $limit) { count } } \
     fragment sums on SalesRow { key orders orderLines unitsSold grossRevenue { amount } returns returnLines unitsReturned \
     refunds { amount } netRevenue { amount } charges { amount } chargeCredits { amount } costOfGoodsSold { amount } }";

pub const PRODUCTS: &str = "query ReplayProductPages($first: Int!, $after: Cursor) { \
     page: products(orderBy: {field: SKU}, first: $first, after: $after) { nodes { sku name unitCost { amount } } \
     pageInfo { hasNextPage endCursor } } }";

pub const LEVELS: &str = "query ReplayLevelPages($first: Int!, $after: Cursor, $store: ID!) { \
     page: stockLevels(filter: {store: {eq: $store}}, orderBy: {field: PRODUCT_SKU}, first: $first, after: $after) \
     { nodes { product { sku } onHand } pageInfo { hasNextPage endCursor } } }";

pub const OPENING: &str = "query ReplayOpeningPages($first: Int!, $after: Cursor, $reference: String!) { \
     page: stockMovements(filter: {externalRef: {eq: $reference}}, first: $first, after: $after) \
     { nodes { entries { product { sku } onHandDelta unitCost { amount } } } pageInfo { hasNextPage endCursor } } }";

pub const ADJUSTMENTS: &str = "query ReplayAdjustmentPages($first: Int!, $after: Cursor) { \
     page: stockMovements(filter: {kind: [ADJUSTMENT]}, first: $first, after: $after) \
     { nodes { externalRef occurredAt } pageInfo { hasNextPage endCursor } } }";

pub const ORDERS: &str = "query ReplayOrderPages($first: Int!, $after: Cursor) { \
     page: orders(orderBy: {field: PLACED_AT, direction: ASC}, first: $first, after: $after) \
     { nodes { placedAt customer { id } lines { kind } } pageInfo { hasNextPage endCursor } } }";

pub const RETURNS: &str = "query ReplayReturnPages($first: Int!, $after: Cursor) { \
     page: returns(first: $first, after: $after) { nodes { externalRef receivedAt lines { kind product { sku } unitPrice { amount } \
     quantity matches { quantity orderLine { unitPrice { amount } order { externalRef } } } } } \
     pageInfo { hasNextPage endCursor } } }";

/// Whether anything ever moved.
pub const FIRST_MOVEMENT: &str = "query ReplayBegun($first: Int!) { \
     page: stockMovements(first: $first) { nodes { externalRef } pageInfo { hasNextPage endCursor } } }";

pub const MOVEMENT_PAGE: &str = "query ReplayMovedPages($first: Int!, $after: Cursor, $kind: [MovementKind!]!, $references: [String!]!) { \
     page: stockMovements(filter: {kind: $kind, externalRef: {in: $references}}, first: $first, after: $after) \
     { nodes { externalRef occurredAt entries { product { sku } onHandDelta } } pageInfo { hasNextPage endCursor } } }";

pub const EXISTING_ORDER: &str = "query ReplayOrderThere($first: Int!, $after: Cursor, $reference: String!) { \
     page: orders(filter: {externalRef: {eq: $reference}}, first: $first, after: $after) \
     { nodes { at: placedAt lines { id kind name sku quantity unitPrice { amount } } } pageInfo { hasNextPage endCursor } } }";

pub const EXISTING_RETURN: &str = "query ReplayReturnThere($first: Int!, $after: Cursor, $reference: String!) { \
     page: returns(filter: {externalRef: {eq: $reference}}, first: $first, after: $after) \
     { nodes { at: occurredAt lines { id kind name sku quantity unitPrice { amount } } } pageInfo { hasNextPage endCursor } } }";

/// The months after those that one report holds.
pub const MONTHS: &str = "query ReplayMonths($from: DateTime!) { \
     months: salesReport(groupBy: MONTH, from: $from) { key orders unitsSold grossRevenue { amount } refunds { amount } \
     netRevenue { amount } } }";

/// Query of the sales of products that a list of the best leaves out.
pub const UNITS_SOLD: &str = "query ReplaySold($products: [ID!]!) { \
     movements: movementReport(filter: {kind: [SALE], product: {in: $products}}) { kind unitsOut } }";

pub const PRODUCT_BY_SKU: &str = "query ReplayNamed($sku: String!) { product(by: {sku: $sku}) { id sku name } }";

/// Money of the API as pence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pence(pub i64);

impl<'de> Deserialize<'de> for Pence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Money {
            amount: String,
        }
        let money = Money::deserialize(from)?;
        let pence = rule::parse_pence(&money.amount);
        pence.map(Self).ok_or_else(|| serde::de::Error::custom(format!("{:?} is no amount", money.amount)))
    }
}

/// A `DateTime` of the API.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub jiff::Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom(format!("{text:?} is no time")))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LineKind {
    Product,
    Charge,
}

#[derive(Debug, Deserialize)]
pub struct Totals {
    pub all: Vec<Sales>,
    pub months: Vec<Sales>,
    pub top: Vec<TopProduct>,
    pub movements: Vec<Movements>,
    pub products: Count,
    pub customers: Count,
}

#[derive(Debug, Deserialize)]
pub struct Count {
    pub count: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sales {
    pub key: Option<String>,
    pub orders: u64,
    pub order_lines: u64,
    pub units_sold: i64,
    pub gross_revenue: Pence,
    pub returns: u64,
    pub return_lines: u64,
    pub units_returned: i64,
    pub refunds: Pence,
    pub net_revenue: Pence,
    pub charges: Pence,
    pub charge_credits: Pence,
    pub cost_of_goods_sold: Option<Pence>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopProduct {
    pub product: Option<ProductName>,
    pub units_sold: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ProductName {
    pub sku: String,
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Movements {
    pub kind: String,
    pub entries: u64,
    pub units_in: i64,
    pub units_out: i64,
    pub value: Option<Pence>,
}

#[derive(Debug, Deserialize)]
pub struct PagedAnswer<N> {
    pub page: Page<N>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<N> {
    pub nodes: Vec<N>,
    pub page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    pub sku: String,
    pub name: String,
    pub unit_cost: Option<Pence>,
}

#[derive(Debug, Deserialize)]
pub struct Sku {
    pub sku: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    pub product: Sku,
    pub on_hand: i64,
}

#[derive(Debug, Deserialize)]
pub struct Receipt {
    pub entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub product: Sku,
    pub on_hand_delta: i64,
    pub unit_cost: Option<Pence>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    pub external_ref: Option<String>,
    pub occurred_at: Moment,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub placed_at: Option<Moment>,
    pub customer: Option<super::payload::Node>,
    pub lines: Vec<OrderLineKind>,
}

#[derive(Debug, Deserialize)]
pub struct OrderLineKind {
    pub kind: LineKind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Return {
    pub external_ref: Option<String>,
    pub received_at: Option<Moment>,
    pub lines: Vec<ReturnLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnLine {
    pub kind: LineKind,
    pub product: Option<Sku>,
    pub unit_price: Pence,
    pub quantity: i64,
    pub matches: Vec<Match>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    pub quantity: i64,
    pub order_line: OrderLine,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    pub unit_price: Pence,
    pub order: OrderName,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderName {
    pub external_ref: Option<String>,
}

/// A movement with the changes that it made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementWithEntries {
    pub external_ref: Option<String>,
    pub occurred_at: Moment,
    pub entries: Vec<MovementEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementEntry {
    pub product: Sku,
    pub on_hand_delta: i64,
}

/// An order or a return that has the reference of one of the plan's.
#[derive(Debug, Deserialize)]
pub struct ExistingDocument {
    pub at: Option<Moment>,
    pub lines: Vec<ExistingLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExistingLine {
    pub id: Box<str>,
    pub kind: LineKind,
    pub name: String,
    pub sku: String,
    pub quantity: i64,
    pub unit_price: Pence,
}

impl ExistingLine {
    pub fn node(self) -> super::payload::Node {
        super::payload::Node { id: self.id }
    }
}

#[derive(Debug, Deserialize)]
pub struct Months {
    pub months: Vec<Sales>,
}
