//! Earlier postings that later ones depend on.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_posting, product, return_match, revaluation, revaluation_line},
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use super::book::SumsRow;
use crate::costing::core::{Fact, Posting, PostingHistory, PostingKey, Values};

#[derive(Record)]
struct MatchedRow {
    #[record(of = return_match, alias = "m")]
    return_id: ReturnId,
    #[record(sql = "coalesce(p.product_id, l.product_id)")]
    product: ProductId,
    #[record(of = return_match, alias = "m")]
    order_id: OrderId,
    #[record(sql = "CAST(sum(m.quantity * coalesce(p.quantity, 1)) AS bigint)")]
    quantity: i64,
}

#[derive(Record)]
#[record(of = cost_posting, alias = "")]
struct PostingRow {
    seq: i64,
    line: i32,
    product_id: ProductId,
    kind: CostKind,
    basis: CostBasis,
    reference_id: Option<Uuid>,
    quantity: i64,
    average_minor: i64,
    fifo_minor: i64,
    occurred_at: Timestamp,
    business_date: i32,
    recorded_at: Timestamp,
}

#[derive(Record)]
struct BookedRow {
    #[record(of = cost_posting, alias = "")]
    seq: i64,
    #[record(of = cost_posting, alias = "")]
    product_id: ProductId,
    sums: SumsRow,
}

#[derive(Record)]
struct RevaluedRow {
    #[record(of = revaluation_line, alias = "l")]
    product_id: ProductId,
    #[record(of = revaluation, alias = "v")]
    seq: i64,
    #[record(of = revaluation, alias = "v")]
    reverses_id: Option<RevaluationId>,
    #[record(of = revaluation_line, alias = "l")]
    unit_cost_minor: i64,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
}

/// Reads the history that the facts after an event depend on: the remainders of sales that returns
/// come back from and of movements that are reversed, and the revaluations of products.
pub async fn load_posting_history(
    reads: &impl Reads,
    after: i64,
    facts: &[Fact],
    returns: &BTreeSet<Uuid>,
) -> Result<PostingHistory, Fault> {
    let mut history = PostingHistory::default();
    let return_facts = facts.iter().filter(|fact| fact.reference.is_some_and(|document| returns.contains(&document)));
    let products: BTreeSet<ProductId> = return_facts.map(|fact| fact.product).collect();
    if !products.is_empty() {
        read_matches(reads, returns, &mut history).await?;
        read_remainders(reads, &products, &mut history).await?;
        history.booked.clear();
    }
    let reversed = facts.iter().filter_map(|fact| Some((fact.reverses?, fact.product)));
    let (seqs, products): (BTreeSet<i64>, BTreeSet<ProductId>) = reversed.unzip();
    if !seqs.is_empty() {
        load_reversed_sums(reads, &seqs, &mut history).await?;
        load_revaluations(reads, after, &products, &mut history).await?;
    }
    Ok(history)
}

/// Reads the quantity that returns bring back from each order, by return and product: for these
/// returns and, transitively, for all that share an order with them, because units that one brought
/// back from an order are not available to the next. Kits count by their parts.
async fn read_matches(reads: &impl Reads, returns: &BTreeSet<Uuid>, history: &mut PostingHistory) -> Result<(), Fault> {
    let backend = reads.backend();
    // CROSS JOIN tells SQLite to begin with these orders: left to itself it begins with all that ever came back to the tenant.
    let sql = format!(
        "WITH RECURSIVE tied (order_id) AS (
           SELECT m.order_id FROM return_match m WHERE m.tenant_id = $1 AND {of}
           UNION SELECT n.order_id FROM tied t JOIN return_match m ON m.tenant_id = $1 AND m.order_id = t.order_id
           JOIN return_match n ON n.tenant_id = $1 AND n.return_id = m.return_id)
         SELECT {select}
         FROM tied t CROSS JOIN return_match m
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = m.order_id AND l.position = m.order_position AND l.product_id IS NOT NULL
         LEFT JOIN order_line_part p ON p.tenant_id = $1 AND p.order_id = m.order_id AND p.position = m.order_position
         WHERE m.tenant_id = $1 AND m.order_id = t.order_id
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        select = MatchedRow::SELECT,
        of = backend.in_ids("m.return_id", 2)
    );
    let ids = backend.ids(returns.iter().copied().map(ReturnId::from_uuid));
    for row in reads.records::<MatchedRow>(&sql, vec![ids]).await? {
        let key = (row.return_id.uuid(), row.product);
        history.matched.entry(key).or_default().push((row.order_id.uuid(), row.quantity));
    }
    Ok(())
}

/// Replays the postings of those orders and returns.
async fn read_remainders(reads: &impl Reads, products: &BTreeSet<ProductId>, history: &mut PostingHistory) -> Result<(), Fault> {
    let documents: BTreeSet<Uuid> = history
        .matched
        .iter()
        .filter(|((_, product), _)| products.contains(product))
        .flat_map(|((return_id, _), orders)| std::iter::once(*return_id).chain(orders.iter().map(|(order, _)| *order)))
        .collect();
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select}
         FROM cost_posting WHERE tenant_id = $1 AND {of} AND {goods} AND kind IN ('SALE', 'RETURN') ORDER BY seq, line",
        select = PostingRow::SELECT,
        of = backend.in_ids("reference_id", 2),
        goods = backend.in_ids("product_id", 3)
    );
    let documents = backend.ids(documents.into_iter().map(OrderId::from_uuid));
    for row in reads.records::<PostingRow>(&sql, vec![documents, backend.ids(products.iter().copied())]).await? {
        history.record_posting(&row.into(), None);
    }
    Ok(())
}

impl From<PostingRow> for Posting {
    fn from(row: PostingRow) -> Self {
        Self {
            posting_key: PostingKey { seq: row.seq, line: row.line as u16 },
            product: row.product_id,
            store: None,
            kind: row.kind,
            basis: row.basis,
            reference: row.reference_id,
            quantity: row.quantity,
            values: Values { average: row.average_minor, fifo: row.fifo_minor },
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            recorded_at: row.recorded_at,
        }
    }
}

/// Reads the effects of movements that are reversed, less those that earlier partial reversals have
/// undone.
async fn load_reversed_sums(reads: &impl Reads, seqs: &BTreeSet<i64>, history: &mut PostingHistory) -> Result<(), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (
           SELECT c.seq, c.product_id, c.quantity, c.average_minor, c.fifo_minor FROM cost_posting c WHERE c.tenant_id = $1 AND {own}
           UNION ALL SELECT o.seq, c.product_id, c.quantity, c.average_minor, c.fifo_minor FROM movement o
           JOIN movement r ON r.tenant_id = $1 AND r.reverses_id = o.id JOIN cost_posting c ON c.tenant_id = $1 AND c.seq = r.seq
           WHERE o.tenant_id = $1 AND {undone}) p GROUP BY seq, product_id",
        select = BookedRow::SELECT,
        own = backend.in_numbers("c.seq", 2),
        undone = backend.in_numbers("o.seq", 2)
    );
    for row in reads.records::<BookedRow>(&sql, vec![backend.numbers(seqs.iter().copied())]).await? {
        history.booked.insert((row.seq, row.product_id), row.sums.into());
    }
    Ok(())
}

/// Reads the stated values of a whole unit of products from revaluations that have not been undone,
/// as far as the book is posted.
async fn load_revaluations(
    reads: &impl Reads,
    last_seq: i64,
    products: &BTreeSet<ProductId>,
    history: &mut PostingHistory,
) -> Result<(), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM cost_posting c
         JOIN revaluation v ON v.tenant_id = $1 AND v.seq = c.seq
         JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id AND l.position = c.line
         JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE c.tenant_id = $1 AND c.kind = 'REVALUATION' AND l.charge_minor IS NULL AND c.seq <= $3 AND {of} ORDER BY v.seq",
        select = RevaluedRow::SELECT,
        of = backend.in_ids("c.product_id", 2)
    );
    for row in reads.records::<RevaluedRow>(&sql, vec![backend.ids(products.iter().copied()), last_seq.into()]).await? {
        let product_revaluations = history.revalued.entry(row.product_id).or_default();
        if row.reverses_id.is_some() {
            // Only the latest revaluation that has not been undone can be undone.
            product_revaluations.pop();
        } else {
            product_revaluations.push((row.seq, row.unit_cost_minor, row.unit_decimals as u8));
        }
    }
    Ok(())
}
