//! Sends a plan's documents: the opening first, then as many at a time as their order allows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::catalogue;
use super::documents::{Input, LINES_LIMIT, Writer};
use super::error::ReplayError;
use super::existing_data::{self, ExistingData};
use super::payload::{self, MutationAnswer, Payload};
use super::plan::{Document, DocumentKind, Plan};
use super::progress::Progress;
use super::schedule::{Scheduler, StockEffect};
use super::wire::{Client, RequestLabel, request};

/// Documents to look ahead, for each that may be in flight.
const LOOK_AHEAD_FACTOR: usize = 8;

/// Result of a load. Documents are calls with an idempotency key; lines are stock movements.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LoadResult {
    pub documents: u64,
    /// Documents that an earlier run had already sent.
    pub replayed: u64,
    pub lines: u64,
    /// Requests sent again after a fault on the way.
    pub retries: u64,
    pub seconds: f64,
}

impl LoadResult {
    pub fn lines_per_second(&self) -> f64 {
        self.lines as f64 / self.seconds.max(0.001)
    }
}

impl std::fmt::Display for LoadResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { documents, replayed, lines, retries, seconds } = self;
        let rate = self.lines_per_second();
        write!(f, "{documents} documents sent ({replayed} already there), {lines} lines in {seconds:.1} s, {rate:.0} lines/s")?;
        if *retries > 0 { write!(f, ", {retries} requests sent again") } else { Ok(()) }
    }
}

/// A document's calls, to be made one after another.
struct Job {
    number: u32,
    label: RequestLabel,
    calls: Vec<Vec<u8>>,
    /// Number of calls that are skipped because the server has their data already.
    existing_parts: u64,
}

struct JobResult {
    number: u32,
    existing_parts: u64,
    payloads: Result<Vec<Payload>, ReplayError>,
}

/// Sends the plan, at most `parallel` documents at a time. A second load of the same plan changes
/// nothing, with any credential. The tenant's existing data are read before the first write.
pub async fn load(client: &Arc<Client>, plan: &Plan, parallel: usize) -> Result<LoadResult, ReplayError> {
    check_limits(plan)?;
    let mut progress = Progress::new(plan.documents.len() as u64);
    progress.print(&format!("{} products, {} customers …", plan.products.len(), plan.customers.len()));
    let existing = ExistingData::query_server(client, plan).await?;
    let ids = catalogue::ensure_catalogue(client, plan).await?;
    let mut load =
        Load { client, writer: Writer::new(plan, &ids)?, existing, matched: MatchedLines::of(plan), sum: LoadResult::default() };
    progress.print("opening receipt …");
    load.send_opening().await?;
    progress.print(&format!("{} documents, {} at a time …", plan.documents.len(), parallel.max(1)));
    load.send_documents(parallel.max(1), &mut progress).await?;
    progress.finish();
    Ok(LoadResult { seconds: progress.elapsed().as_secs_f64(), retries: client.retries(), ..load.sum })
}

/// Found before anything is sent.
fn check_limits(plan: &Plan) -> Result<(), ReplayError> {
    let size = |d: &Document| d.lines.len() + d.charges.len();
    let too_long = |d: &&Document| d.kind != DocumentKind::Adjustment && size(d) > LINES_LIMIT;
    match plan.documents.iter().find(too_long) {
        None => Ok(()),
        Some(d) => Err(ReplayError::TooManyLines { invoice: d.invoice.to_string(), lines: size(d), limit: LINES_LIMIT }),
    }
}

/// The order lines that returns name, and their IDs on the server once they exist.
struct MatchedLines {
    order_lines: HashSet<u32>,
    ids: HashMap<u32, Box<str>>,
}

impl MatchedLines {
    fn of(plan: &Plan) -> Self {
        Self { order_lines: plan.pieces.iter().map(|p| p.order_line).collect(), ids: HashMap::new() }
    }

    fn has_matched_lines(&self, document: &Document) -> bool {
        document.kind == DocumentKind::Order && document.lines.clone().any(|line| self.order_lines.contains(&line))
    }
}

struct Load<'a> {
    client: &'a Arc<Client>,
    writer: Writer<'a>,
    existing: ExistingData,
    matched: MatchedLines,
    sum: LoadResult,
}

impl<'a> Load<'a> {
    async fn send_opening(&mut self) -> Result<(), ReplayError> {
        for (part, input) in self.writer.opening_inputs()?.into_iter().enumerate() {
            if self.existing.is_opening_sent(part) {
                self.count_existing(1);
                continue;
            }
            let label = RequestLabel::new("stock adjustment", input.idempotency_key.clone());
            let body = request(payload::ADJUST, Input { input })?;
            let answer: MutationAnswer = self.client.change(&label, body).await.map_err(explain_error)?;
            self.count(&answer.result);
        }
        self.sum.lines += self.writer.plan.products.iter().filter(|p| p.opening > 0).count() as u64;
        Ok(())
    }

    async fn send_documents(&mut self, parallel: usize, progress: &mut Progress) -> Result<(), ReplayError> {
        let plan = self.writer.plan;
        let mut scheduler = Scheduler::new(parallel * LOOK_AHEAD_FACTOR);
        let mut waiting = (0..).zip(&plan.documents);
        // On an error the set is dropped and requests in flight are abandoned; a later run detects
        // them by their keys.
        let mut running: JoinSet<JobResult> = JoinSet::new();
        loop {
            while scheduler.has_room()
                && let Some((number, document)) = waiting.next()
            {
                scheduler.admit(number, stock_effect(plan, document));
            }
            while running.len() < parallel
                && let Some(number) = scheduler.start()
            {
                running.spawn(run_job(self.client.clone(), self.build_job(number)?));
            }
            let Some(join_result) = running.join_next().await else { return Ok(()) };
            let JobResult { number, existing_parts: existing_count, payloads } =
                join_result.map_err(|e| ReplayError::Task(e.to_string()))?;
            let document = &plan.documents[number as usize];
            let payloads = match payloads {
                Ok(payloads) => payloads,
                Err(error) => vec![self.find_existing(document, error).await?],
            };
            self.keep_line_ids(document, &payloads)?;
            payloads.iter().for_each(|payload| self.count(payload));
            self.count_existing(existing_count);
            self.sum.lines += document.lines.len() as u64;
            progress.finish_document(document.lines.len() as u64);
            scheduler.finish(number);
        }
    }

    fn build_job(&self, number: u32) -> Result<Job, ReplayError> {
        let document: &'a Document = &self.writer.plan.documents[number as usize];
        let mut existing_count = 0;
        let (name, calls) = match document.kind {
            DocumentKind::Order => {
                let query = if self.matched.has_matched_lines(document) { payload::ORDER_WITH_LINES } else { payload::ORDER };
                ("order", vec![request(query, Input { input: self.writer.order_input(document)? })?])
            }
            DocumentKind::Return => {
                let input = self.writer.return_input(document, |line| self.matched.ids.get(&line).map(|id| &**id))?;
                ("return", vec![request(payload::RETURN, Input { input })?])
            }
            DocumentKind::Adjustment => {
                let mut inputs = self.writer.adjustment_inputs(document)?;
                let all = inputs.len();
                let mut part = 0..;
                inputs.retain(|_| part.next().is_some_and(|part| !self.existing.is_adjustment_sent(number, part)));
                existing_count = (all - inputs.len()) as u64;
                let calls = inputs.into_iter().map(|input| request(payload::ADJUST, Input { input }));
                ("stock adjustment", calls.collect::<Result<_, _>>()?)
            }
        };
        Ok(Job { number, label: RequestLabel::new(name, &*document.invoice), calls, existing_parts: existing_count })
    }

    /// Returns the stored document if `error` says that it was sent before with another credential.
    async fn find_existing(&self, document: &Document, error: ReplayError) -> Result<Payload, ReplayError> {
        let is_taken = matches!(&error, ReplayError::Refused(refusal) if refusal.code == "DUPLICATE" && refusal.field == "input.externalRef");
        if !is_taken {
            return Err(explain_error(error));
        }
        let same = existing_data::find_identical(self.client, self.writer.plan, document).await?;
        let subject = || format!("the stored document {} differs from the file", document.invoice);
        same.ok_or_else(|| ReplayError::OtherData { what: subject() })
    }

    fn keep_line_ids(&mut self, document: &Document, payloads: &[Payload]) -> Result<(), ReplayError> {
        if !self.matched.has_matched_lines(document) {
            return Ok(());
        }
        let label = || RequestLabel::new("order", &*document.invoice);
        let lines = payloads.first().and_then(|p| p.order.as_ref()).map(|order| &order.lines);
        let lines = lines.filter(|lines| lines.len() == document.lines.len() + document.charges.len());
        let lines = lines.ok_or_else(|| label().invalid_response("orderCreate did not give a line for each line sent"))?;
        // Products go first and charges after them, so the plan's lines are the first ones.
        for (line, node) in document.lines.clone().zip(lines) {
            if self.matched.order_lines.contains(&line) {
                self.matched.ids.insert(line, node.id.clone());
            }
        }
        Ok(())
    }

    fn count(&mut self, payload: &Payload) {
        self.sum.documents += 1;
        self.sum.replayed += u64::from(payload.replayed);
    }

    fn count_existing(&mut self, calls: u64) {
        self.sum.documents += calls;
        self.sum.replayed += calls;
    }
}

/// Explains a reused idempotency key: other data were sent with it before.
fn explain_error(error: ReplayError) -> ReplayError {
    match error {
        ReplayError::Refused(refusal) if refusal.code == "IDEMPOTENCY_KEY_REUSED" => ReplayError::OtherData {
            what: format!("{} {} was sent before and was another one", refusal.document, refusal.external_ref),
        },
        other => other,
    }
}

async fn run_job(client: Arc<Client>, job: Job) -> JobResult {
    let Job { number, label, calls, existing_parts: existing_count } = job;
    JobResult { number, existing_parts: existing_count, payloads: send_all(&client, &label, calls).await }
}

async fn send_all(client: &Client, label: &RequestLabel, calls: Vec<Vec<u8>>) -> Result<Vec<Payload>, ReplayError> {
    let mut payloads = Vec::with_capacity(calls.len());
    for body in calls {
        let answer: MutationAnswer = client.change(label, body).await?;
        payloads.push(answer.result);
    }
    Ok(payloads)
}

/// Returns the products that a document adds and takes, and the documents that it waits for.
pub fn stock_effect(plan: &Plan, document: &Document) -> StockEffect {
    let sorted = |mut numbers: Vec<u32>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    let lines = plan.lines_of(document);
    let is_taking = |quantity: i64| (quantity < 0) != (document.kind == DocumentKind::Order);
    let products = |is_taken: bool| lines.iter().filter(move |l| is_taking(l.quantity) == is_taken).map(|l| l.product).collect();
    let after = match document.kind {
        DocumentKind::Return => plan.pieces_of(document).iter().map(|p| plan.document_of(p.order_line)).collect(),
        DocumentKind::Order | DocumentKind::Adjustment => Vec::new(),
    };
    StockEffect { adds: sorted(products(false)), takes: sorted(products(true)), after: sorted(after) }
}
