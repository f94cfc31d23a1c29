//! Data of a plan that the tenant has before it is sent. Keys belong to the credential that sent
//! them, so a second credential finds earlier documents by their references, and only identical
//! documents count as sent.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use serde::de::IgnoredAny;
use serde_json::json;

use super::answers::{self, Moved, Paged, There, ThereLine};
use super::audit::{RECEIPT_PAGE_ROWS, pages};
use super::documents::{self, CHANGES_LIMIT, OPENING};
use super::error::ReplayError;
use super::payload::{OrderNode, Payload};
use super::plan::{Document, DocumentKind, Plan};
use super::wire::{Client, RequestLabel, request};

/// Maximum references of one query for movements, and lines from which a query takes no more
/// references.
const MAX_REFERENCES: usize = 100;
const MAX_QUERY_LINES: usize = 2_000;

/// Time of a movement, and the change of each product.
type MovementRecord = (jiff::Timestamp, BTreeMap<String, i64>);

/// Calls of the opening receipt and of the adjustments that need not be sent.
#[derive(Debug, Default)]
pub struct ExistingData {
    opening: Vec<bool>,
    /// Calls by the document's number; only documents of which the server has some.
    adjusted: HashMap<u32, Vec<bool>>,
}

impl ExistingData {
    /// Looks up existing data; nothing is written. A new tenant needs one query. An opening from
    /// other data is refused.
    pub async fn query_server(client: &Client, plan: &Plan) -> Result<Self, ReplayError> {
        let label = RequestLabel::new("list", "stockMovements");
        let begun: Paged<IgnoredAny> = client.send_query(&label, request(answers::BEGUN, json!({"first": 1}))?).await?;
        if begun.page.nodes.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self { opening: opening(client, plan).await?, adjusted: adjusted(client, plan).await? })
    }

    pub fn is_opening_sent(&self, part: usize) -> bool {
        self.opening.get(part).copied().unwrap_or_default()
    }

    pub fn adjusted(&self, document: u32, part: usize) -> bool {
        self.adjusted.get(&document).and_then(|parts| parts.get(part)).copied().unwrap_or_default()
    }
}

async fn opening(client: &Client, plan: &Plan) -> Result<Vec<bool>, ReplayError> {
    let at = documents::instant(&documents::zone()?, plan.opening_time)?;
    let stocked: Vec<_> = plan.products.iter().filter(|p| p.opening > 0).collect();
    let parts = stocked.chunks(CHANGES_LIMIT).map(|some| (at, some.iter().map(|p| (p.sku.to_string(), p.opening)).collect()));
    let mut parts = Parts::new(parts.collect());
    let variables = json!({"kind": ["RECEIPT"], "references": [OPENING]});
    for moved in pages::<Moved>(client, "stockMovements", answers::MOVED, RECEIPT_PAGE_ROWS, variables).await? {
        if !parts.match_movement(&movement_record(moved)) {
            return Err(ReplayError::OtherData { what: "the existing opening receipt is not this file's".to_owned() });
        }
    }
    Ok(parts.there)
}

async fn adjusted(client: &Client, plan: &Plan) -> Result<HashMap<u32, Vec<bool>>, ReplayError> {
    let zone = documents::zone()?;
    let mut found = HashMap::new();
    let mut some: HashMap<String, u32> = HashMap::new();
    let mut lines = 0;
    let mut all = (0_u32..).zip(&plan.documents).filter(|(_, d)| d.kind == DocumentKind::Adjustment).peekable();
    while let Some((number, document)) = all.next() {
        some.insert(documents::adjustment_reference(document), number);
        lines += document.lines.len();
        if some.len() < MAX_REFERENCES && lines < MAX_QUERY_LINES && all.peek().is_some() {
            continue;
        }
        let references: Vec<&String> = some.keys().collect();
        let variables = json!({"kind": ["ADJUSTMENT"], "references": references});
        let first = MAX_REFERENCES as u32;
        let mut parts: HashMap<u32, Parts> = HashMap::new();
        for moved in pages::<Moved>(client, "stockMovements", answers::MOVED, first, variables).await? {
            let reference = moved.external_ref.clone().unwrap_or_default();
            let Some(&number) = some.get(&reference) else { continue };
            let parts = match parts.entry(number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Parts::of(plan, &plan.documents[number as usize], &zone)?),
            };
            if !parts.match_movement(&movement_record(moved)) {
                return Err(ReplayError::OtherData { what: format!("another stock adjustment {reference} already exists") });
            }
        }
        found.extend(parts.into_iter().map(|(number, parts)| (number, parts.there)));
        some.clear();
        lines = 0;
    }
    Ok(found)
}

/// The calls of a document, and whether the server already has each.
struct Parts {
    records: Vec<MovementRecord>,
    there: Vec<bool>,
}

impl Parts {
    fn new(records: Vec<MovementRecord>) -> Self {
        Self { there: vec![false; records.len()], records }
    }

    fn of(plan: &Plan, document: &Document, zone: &jiff::tz::TimeZone) -> Result<Self, ReplayError> {
        let at = documents::instant(zone, document.time)?;
        let parts = plan.lines_of(document).chunks(CHANGES_LIMIT).map(|lines| {
            let mut deltas = BTreeMap::new();
            for line in lines {
                *deltas.entry(plan.product(line).sku.to_string()).or_default() += line.quantity;
            }
            (at, deltas)
        });
        Ok(Self::new(parts.collect()))
    }

    /// Marks one call as done by this movement; each movement matches one call at most.
    fn match_movement(&mut self, moved: &MovementRecord) -> bool {
        let free = (0..self.records.len()).find(|part| !self.there[*part] && self.records[*part] == *moved);
        if let Some(part) = free {
            self.there[part] = true;
        }
        free.is_some()
    }
}

fn movement_record(moved: Moved) -> MovementRecord {
    let mut deltas = BTreeMap::new();
    for entry in moved.entries {
        *deltas.entry(entry.product.sku).or_default() += entry.on_hand_delta;
    }
    (moved.occurred_at.0, deltas)
}

/// Returns the server's order or return whose reference made it refuse `document`, if both are
/// equal.
pub async fn same(client: &Client, plan: &Plan, document: &Document) -> Result<Option<Payload>, ReplayError> {
    let at = documents::instant(&documents::zone()?, document.time)?;
    let (list, query) = match document.kind {
        DocumentKind::Order => ("orders", answers::ORDER_THERE),
        DocumentKind::Return => ("returns", answers::RETURN_THERE),
        DocumentKind::Adjustment => return Ok(None),
    };
    let wanted = lines(plan, document);
    let found: Vec<There> = pages(client, list, query, 10, json!({"reference": document.invoice})).await?;
    let is_same =
        |there: &There| there.at.is_some_and(|m| m.0 == at) && there.lines.iter().map(server_line).eq(wanted.iter().copied());
    let same = found.into_iter().find(is_same);
    Ok(same.map(|there| {
        let lines = there.lines.into_iter().map(ThereLine::node).collect();
        Payload { replayed: true, user_errors: Vec::new(), store: None, order: Some(OrderNode { lines }), rows: None }
    }))
}

/// A product's SKU or a charge's name, how many, and pence for one.
type Line<'a> = (answers::LineKind, &'a str, i64, i64);

fn lines<'a>(plan: &'a Plan, document: &'a Document) -> Vec<Line<'a>> {
    let products = plan.lines_of(document).iter();
    let products = products.map(|l| (answers::LineKind::Product, &*plan.product(l).sku, l.quantity, l.price));
    let charges = plan.charges_of(document).iter();
    let charges = charges.map(|c| (answers::LineKind::Charge, &*c.name, c.quantity.abs(), c.signed_price()));
    products.chain(charges).collect()
}

fn server_line(line: &ThereLine) -> Line<'_> {
    let name = if line.kind == answers::LineKind::Product { &line.sku } else { &line.name };
    (line.kind, name, line.quantity, line.unit_price.0)
}
