//! What earlier postings say that later ones rest on.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};
use uuid::Uuid;

use super::book::{SUMS, sums};
use crate::costing::core::{Fact, Posting, PostingHistory, PostingKey, Values};

/// What the facts after an event rest on: what is left of sales that returns come back from, of movements that are reversed, and what products were
/// revalued at.
pub async fn posting_history(
    reads: &impl Reads,
    after: i64,
    facts: &[Fact],
    returns: &BTreeSet<Uuid>,
) -> Result<PostingHistory, Fault> {
    let mut history = PostingHistory::default();
    let back = facts.iter().filter(|fact| fact.reference.is_some_and(|document| returns.contains(&document)));
    let products: BTreeSet<ProductId> = back.map(|fact| fact.product).collect();
    if !products.is_empty() {
        matches(reads, returns, &mut history).await?;
        replay(reads, &products, &mut history).await?;
        history.booked.clear();
    }
    let reversed = facts.iter().filter_map(|fact| Some((fact.reverses?, fact.product)));
    let (seqs, products): (BTreeSet<i64>, BTreeSet<ProductId>) = reversed.unzip();
    if !seqs.is_empty() {
        booked(reads, &seqs, &mut history).await?;
        revalued(reads, after, &products, &mut history).await?;
    }
    Ok(history)
}

/// How much of what comes back on which order, by return and product: of these returns and of all that share an order with them, and so on, because
/// what one brought back of an order is not there for the next. Of kits, their parts.
async fn matches(reads: &impl Reads, returns: &BTreeSet<Uuid>, history: &mut PostingHistory) -> Result<(), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "WITH RECURSIVE tied (order_id) AS (
           SELECT m.order_id FROM return_match m WHERE m.tenant_id = $1 AND {}
           UNION SELECT n.order_id FROM tied t JOIN return_match m ON m.tenant_id = $1 AND m.order_id = t.order_id
           JOIN return_match n ON n.tenant_id = $1 AND n.return_id = m.return_id)
         SELECT m.return_id, coalesce(p.product_id, l.product_id), m.order_id, CAST(sum(m.quantity * coalesce(p.quantity, 1)) AS bigint)
         FROM tied t JOIN return_match m ON m.tenant_id = $1 AND m.order_id = t.order_id
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = m.order_id AND l.position = m.order_position AND l.product_id IS NOT NULL
         LEFT JOIN order_line_part p ON p.tenant_id = $1 AND p.order_id = m.order_id AND p.position = m.order_position
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        backend.in_ids("m.return_id", 2)
    );
    let ids = backend.ids(returns.iter().copied().map(ReturnId::from_uuid));
    for row in &reads.rows(&sql, vec![ids]).await? {
        let mut row = Row::new(row);
        let key = (row.take()?, row.take()?);
        history.matched.entry(key).or_default().push((row.take()?, row.take()?));
    }
    Ok(())
}

/// Goes once more through what was booked for those orders and returns.
async fn replay(reads: &impl Reads, products: &BTreeSet<ProductId>, history: &mut PostingHistory) -> Result<(), Fault> {
    let documents: BTreeSet<Uuid> = history
        .matched
        .iter()
        .filter(|((_, product), _)| products.contains(product))
        .flat_map(|((ret, _), orders)| std::iter::once(*ret).chain(orders.iter().map(|(order, _)| *order)))
        .collect();
    let backend = reads.backend();
    let sql = format!(
        "SELECT seq, line, product_id, kind, basis, reference_id, quantity, average_minor, fifo_minor, occurred_at, business_date, recorded_at
         FROM cost_posting WHERE tenant_id = $1 AND {} AND {} AND kind IN ('SALE', 'RETURN') ORDER BY seq, line",
        backend.in_ids("reference_id", 2),
        backend.in_ids("product_id", 3)
    );
    let documents = backend.ids(documents.into_iter().map(OrderId::from_uuid));
    for row in &reads.rows(&sql, vec![documents, backend.ids(products.iter().copied())]).await? {
        history.note(&posting(&mut Row::new(row))?, None);
    }
    Ok(())
}

fn posting(row: &mut Row<'_>) -> Result<Posting, Fault> {
    Ok(Posting {
        posting_key: PostingKey { seq: row.take()?, line: row.take::<i32>()? as u16 },
        product: row.take()?,
        store: None,
        kind: row.word("cost_posting", CostKind::parse)?,
        basis: row.word("cost_posting", CostBasis::parse)?,
        reference: row.take()?,
        quantity: row.take()?,
        values: Values { average: row.take()?, fifo: row.take()? },
        occurred_at: row.time()?,
        business_date: row.take()?,
        recorded_at: row.time()?,
    })
}

/// What movements that are reversed did.
async fn booked(reads: &impl Reads, seqs: &BTreeSet<i64>, history: &mut PostingHistory) -> Result<(), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT seq, product_id, {SUMS} FROM cost_posting WHERE tenant_id = $1 AND {} GROUP BY seq, product_id",
        backend.in_numbers("seq", 2)
    );
    for row in &reads.rows(&sql, vec![backend.numbers(seqs.iter().copied())]).await? {
        let mut row = Row::new(row);
        history.booked.insert((row.take()?, row.take()?), sums(&mut row)?);
    }
    Ok(())
}

/// What a whole unit of products was last said to be worth, as far as the book is.
async fn revalued(
    reads: &impl Reads,
    upto: i64,
    products: &BTreeSet<ProductId>,
    history: &mut PostingHistory,
) -> Result<(), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.product_id, v.seq, l.unit_cost_minor, p.unit_decimals FROM cost_posting c
         JOIN revaluation v ON v.tenant_id = $1 AND v.seq = c.seq
         JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id AND l.position = c.line
         JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE c.tenant_id = $1 AND c.kind = 'REVALUATION' AND c.seq <= $3 AND {} ORDER BY v.seq",
        backend.in_ids("c.product_id", 2)
    );
    for row in &reads.rows(&sql, vec![backend.ids(products.iter().copied()), upto.into()]).await? {
        let mut row = Row::new(row);
        let product = row.take()?;
        history.revalued.insert(product, (row.take()?, row.take()?, row.take::<i32>()? as u8));
    }
    Ok(())
}
