//! Data of a plan that the tenant has before it is sent. Keys belong to the credential that sent
//! them, so a second credential finds earlier documents by their references, and only identical
//! documents count as sent.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use serde::de::IgnoredAny;
use serde_json::json;

use super::answers::{self, ExistingDocument, ExistingLine, MovementWithEntries, PagedAnswer};
use super::audit::{RECEIPT_PAGE_ROWS, fetch_pages};
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
        let first_page: PagedAnswer<IgnoredAny> =
            client.send_query(&label, request(answers::FIRST_MOVEMENT, json!({"first": 1}))?).await?;
        if first_page.page.nodes.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self { opening: query_opening(client, plan).await?, adjusted: query_adjusted(client, plan).await? })
    }

    pub fn is_opening_sent(&self, part: usize) -> bool {
        self.opening.get(part).copied().unwrap_or_default()
    }

    pub fn is_adjustment_sent(&self, document: u32, part: usize) -> bool {
        self.adjusted.get(&document).and_then(|parts| parts.get(part)).copied().unwrap_or_default()
    }
}

async fn query_opening(client: &Client, plan: &Plan) -> Result<Vec<bool>, ReplayError> {
    let at = documents::to_instant(&documents::time_zone()?, plan.opening_time)?;
    let stocked: Vec<_> = plan.products.iter().filter(|p| p.opening > 0).collect();
    let parts = stocked.chunks(CHANGES_LIMIT).map(|chunk| (at, chunk.iter().map(|p| (p.sku.to_string(), p.opening)).collect()));
    let mut parts = Parts::new(parts.collect());
    let variables = json!({"kind": ["RECEIPT"], "references": [OPENING]});
    for movement in
        fetch_pages::<MovementWithEntries>(client, "stockMovements", answers::MOVEMENT_PAGE, RECEIPT_PAGE_ROWS, variables).await?
    {
        if !parts.match_movement(&movement_record(movement)) {
            return Err(ReplayError::OtherData { what: "the existing opening receipt is not this file's".to_owned() });
        }
    }
    Ok(parts.matched)
}

async fn query_adjusted(client: &Client, plan: &Plan) -> Result<HashMap<u32, Vec<bool>>, ReplayError> {
    let zone = documents::time_zone()?;
    let mut matched_parts = HashMap::new();
    let mut batch: HashMap<String, u32> = HashMap::new();
    let mut lines = 0;
    let mut all = (0_u32..).zip(&plan.documents).filter(|(_, d)| d.kind == DocumentKind::Adjustment).peekable();
    while let Some((number, document)) = all.next() {
        batch.insert(documents::adjustment_reference(document), number);
        lines += document.lines.len();
        if batch.len() < MAX_REFERENCES && lines < MAX_QUERY_LINES && all.peek().is_some() {
            continue;
        }
        let references: Vec<&String> = batch.keys().collect();
        let variables = json!({"kind": ["ADJUSTMENT"], "references": references});
        let first = MAX_REFERENCES as u32;
        let mut parts: HashMap<u32, Parts> = HashMap::new();
        for movement in
            fetch_pages::<MovementWithEntries>(client, "stockMovements", answers::MOVEMENT_PAGE, first, variables).await?
        {
            let reference = movement.external_ref.clone().unwrap_or_default();
            let Some(&number) = batch.get(&reference) else { continue };
            let parts = match parts.entry(number) {
                Entry::Occupied(occupied) => occupied.into_mut(),
                Entry::Vacant(new) => new.insert(Parts::of(plan, &plan.documents[number as usize], &zone)?),
            };
            if !parts.match_movement(&movement_record(movement)) {
                return Err(ReplayError::OtherData { what: format!("another stock adjustment {reference} already exists") });
            }
        }
        matched_parts.extend(parts.into_iter().map(|(number, parts)| (number, parts.matched)));
        batch.clear();
        lines = 0;
    }
    Ok(matched_parts)
}

/// The calls of a document, and whether the server already has each.
struct Parts {
    records: Vec<MovementRecord>,
    matched: Vec<bool>,
}

impl Parts {
    fn new(records: Vec<MovementRecord>) -> Self {
        Self { matched: vec![false; records.len()], records }
    }

    fn of(plan: &Plan, document: &Document, zone: &jiff::tz::TimeZone) -> Result<Self, ReplayError> {
        let at = documents::to_instant(zone, document.time)?;
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
    fn match_movement(&mut self, movement: &MovementRecord) -> bool {
        let free_part = (0..self.records.len()).find(|part| !self.matched[*part] && self.records[*part] == *movement);
        if let Some(part) = free_part {
            self.matched[part] = true;
        }
        free_part.is_some()
    }
}

fn movement_record(movement: MovementWithEntries) -> MovementRecord {
    let mut deltas = BTreeMap::new();
    for entry in movement.entries {
        *deltas.entry(entry.product.sku).or_default() += entry.on_hand_delta;
    }
    (movement.occurred_at.0, deltas)
}

/// Returns the server's order or return whose reference made it refuse `document`, if both are
/// equal.
pub async fn find_identical(client: &Client, plan: &Plan, document: &Document) -> Result<Option<Payload>, ReplayError> {
    let at = documents::to_instant(&documents::time_zone()?, document.time)?;
    let (list, query) = match document.kind {
        DocumentKind::Order => ("orders", answers::EXISTING_ORDER),
        DocumentKind::Return => ("returns", answers::EXISTING_RETURN),
        DocumentKind::Adjustment => return Ok(None),
    };
    let expected_lines = expected_lines_of(plan, document);
    let candidates: Vec<ExistingDocument> = fetch_pages(client, list, query, 10, json!({"reference": document.invoice})).await?;
    let is_same = |stored_document: &ExistingDocument| {
        stored_document.at.is_some_and(|m| m.0 == at)
            && stored_document.lines.iter().map(server_line).eq(expected_lines.iter().copied())
    };
    let same = candidates.into_iter().find(is_same);
    Ok(same.map(|stored_document| {
        let lines = stored_document.lines.into_iter().map(ExistingLine::node).collect();
        Payload { replayed: true, user_errors: Vec::new(), store: None, order: Some(OrderNode { lines }), rows: None }
    }))
}

/// A product's SKU or a charge's name, how many, and pence for one.
type Line<'a> = (answers::LineKind, &'a str, i64, i64);

fn expected_lines_of<'a>(plan: &'a Plan, document: &'a Document) -> Vec<Line<'a>> {
    let products = plan.lines_of(document).iter();
    let products = products.map(|l| (answers::LineKind::Product, &*plan.product(l).sku, l.quantity, l.price));
    let charges = plan.charges_of(document).iter();
    let charges = charges.map(|c| (answers::LineKind::Charge, &*c.name, c.quantity.abs(), c.signed_price()));
    products.chain(charges).collect()
}

fn server_line(line: &ExistingLine) -> Line<'_> {
    let name = if line.kind == answers::LineKind::Product { &line.sku } else { &line.name };
    (line.kind, name, line.quantity, line.unit_price.0)
}
