//! Checks of demand facts against documents and the ledger. Events after the book's position count
//! on neither side; documents are compared only while no event after that position concerns one.

use entity::{
    record::{Record, Selected, TableRecord},
    tables::{DemandDay, DemandWeek, StockSpan, demand_book},
};
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Fault, Finds, Reads, Row, RowSum, Snapshot},
};

use super::{
    check::{Check, tables},
    report::Violation,
};

/// The current book, if all documents are counted in their current state.
macro_rules! settled {
    () => {
        "demand_book b ON b.tenant_id = $1 AND b.is_current AND NOT EXISTS (SELECT 1 FROM event v WHERE v.tenant_id = $1 AND v.seq > b.seq
           AND (v.kind LIKE 'order.%' OR v.kind LIKE 'return.%'))"
    };
}

/// Rows of a table that belong to the current book.
macro_rules! current {
    ($table:literal, $alias:literal) => {
        concat!(
            $table,
            " ",
            $alias,
            " JOIN demand_book b ON b.tenant_id = $1 AND b.is_current AND b.generation = ",
            $alias,
            ".generation"
        )
    };
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "demand facts: sold units and revenue = lines of orders that are confirmed and neither cancelled nor expired",
        table: "demand_day",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' day ' || c.business_date,
               'sold ' || sum(c.ordered) || ' less ' || sum(c.cancelled) || ' for ' || sum(c.amount) || ' of ' || sum(c.lines) || ' lines',
               'sold ' || sum(c.facts) || ' less ' || sum(c.less) || ' for ' || sum(c.gross) || ' of ' || sum(c.counted) || ' lines'
             FROM (SELECT l.product_id, o.store_id, o.business_date, l.quantity AS ordered, l.cancelled,
                     CASE WHEN l.quantity > l.cancelled THEN 1 ELSE 0 END AS lines,
                     CASE WHEN l.cancelled = 0 THEN l.total_minor WHEN l.quantity > 268435456 OR abs(l.total_minor) > 17179869184 THEN 0
                       ELSE (l.total_minor * (l.quantity - l.cancelled) + CASE WHEN l.total_minor < 0 THEN -(l.quantity / 2) ELSE l.quantity / 2 END) / l.quantity
                       END AS amount,
                     CASE WHEN l.cancelled > 0 AND (l.quantity > 268435456 OR abs(l.total_minor) > 17179869184) THEN 1 ELSE 0 END AS large,
                     0 AS facts, 0 AS less, 0 AS gross, 0 AS counted
                   FROM sales_order o JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id AND l.product_id IS NOT NULL JOIN ",
            settled!(),
            " WHERE o.tenant_id = $1 AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')
                   UNION ALL SELECT d.product_id, d.store_id, d.business_date, 0, 0, 0, 0, 0, d.ordered_units, d.cancelled_units, d.gross_minor, d.order_lines
                   FROM demand_day d JOIN ",
            settled!(),
            " AND b.generation = d.generation WHERE d.tenant_id = $1) c
             GROUP BY c.product_id, c.store_id, c.business_date
             HAVING sum(c.ordered) <> sum(c.facts) OR sum(c.cancelled) <> sum(c.less) OR sum(c.lines) <> sum(c.counted)
               OR (sum(c.large) = 0 AND sum(c.amount) <> sum(c.gross))
             ORDER BY c.product_id, c.store_id, c.business_date LIMIT 1"
        ),
    },
    Check {
        invariant: "demand facts: returned units and lines = those that returns received",
        table: "demand_day",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' day ' || c.business_date,
               'returned ' || sum(c.received) || ' of ' || sum(c.lines) || ' lines', 'returned ' || sum(c.facts) || ' of ' || sum(c.counted) || ' lines'
             FROM (SELECT l.product_id, r.store_id, r.business_date, l.received, CASE WHEN l.received > 0 THEN 1 ELSE 0 END AS lines, 0 AS facts, 0 AS counted
                   FROM sales_return r JOIN return_line l ON l.tenant_id = $1 AND l.return_id = r.id AND l.product_id IS NOT NULL JOIN ",
            settled!(),
            " WHERE r.tenant_id = $1 AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED')
                   UNION ALL SELECT d.product_id, d.store_id, d.business_date, 0, 0, d.returned_units, d.return_lines FROM demand_day d JOIN ",
            settled!(),
            " AND b.generation = d.generation WHERE d.tenant_id = $1) c
             GROUP BY c.product_id, c.store_id, c.business_date HAVING sum(c.received) <> sum(c.facts) OR sum(c.lines) <> sum(c.counted)
             ORDER BY c.product_id, c.store_id, c.business_date LIMIT 1"
        ),
    },
    Check {
        invariant: "demand facts: shipped, restocked, received, moved, adjusted and removed units = the ledger's entries up to the book's position",
        table: "demand_day",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' ' || c.kind, CAST(sum(c.ledger) AS text), CAST(sum(c.facts) AS text)
             FROM (SELECT e.product_id, e.store_id,
                     CASE WHEN coalesce(r.kind, m.kind) IN ('SALE', 'RETURN', 'RECEIPT', 'REMOVAL', 'TRANSFER_IN', 'TRANSFER_OUT') THEN
                       CASE WHEN coalesce(r.kind, m.kind) LIKE 'TRANSFER%' THEN 'TRANSFER' ELSE coalesce(r.kind, m.kind) END ELSE 'ADJUSTMENT' END AS kind,
                     e.on_hand_delta AS ledger, 0 AS facts
                   FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq LEFT JOIN movement r ON r.tenant_id = $1 AND r.id = m.reverses_id
                   JOIN demand_book b ON b.tenant_id = $1 AND b.is_current AND e.seq <= b.seq WHERE e.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'SALE', 0, -d.shipped_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'RETURN', 0, d.restocked_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'RECEIPT', 0, d.received_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'REMOVAL', 0, -d.removed_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'TRANSFER', 0, d.moved_in_units - d.moved_out_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, 'ADJUSTMENT', 0, d.adjusted_in_units - d.adjusted_out_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1) c
             GROUP BY c.product_id, c.store_id, c.kind HAVING sum(c.ledger) <> sum(c.facts) ORDER BY c.product_id, c.store_id, c.kind LIMIT 1"
        ),
    },
    Check {
        invariant: "demand facts: the change of on hand on each day = its entries up to the book's position",
        table: "demand_day",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' day ' || c.business_date, CAST(sum(c.ledger) AS text), CAST(sum(c.facts) AS text)
             FROM (SELECT e.product_id, e.store_id, m.business_date, e.on_hand_delta AS ledger, 0 AS facts
                   FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                   JOIN demand_book b ON b.tenant_id = $1 AND b.is_current AND e.seq <= b.seq WHERE e.tenant_id = $1
                   UNION ALL SELECT d.product_id, d.store_id, d.business_date, 0, d.net_units FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1) c
             GROUP BY c.product_id, c.store_id, c.business_date HAVING sum(c.ledger) <> sum(c.facts)
             ORDER BY c.product_id, c.store_id, c.business_date LIMIT 1"
        ),
    },
    Check {
        invariant: "demand week: equals the sum of its days",
        table: "demand_week",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' week ' || c.week,
               'ordered ' || sum(c.o1) || ' cancelled ' || sum(c.c1) || ' taken back ' || sum(c.t1) || ' returned ' || sum(c.r1) || ' shipped ' || sum(c.s1),
               'ordered ' || sum(c.o2) || ' cancelled ' || sum(c.c2) || ' taken back ' || sum(c.t2) || ' returned ' || sum(c.r2) || ' shipped ' || sum(c.s2)
             FROM (SELECT d.product_id, d.store_id, d.business_date - ((d.business_date + 3) % 7 + 7) % 7 AS week, d.ordered_units AS o1, d.cancelled_units AS c1,
                     d.taken_back_units AS t1, d.returned_units AS r1, d.shipped_units AS s1, 0 AS o2, 0 AS c2, 0 AS t2, 0 AS r2, 0 AS s2 FROM ",
            current!("demand_day", "d"),
            " WHERE d.tenant_id = $1
                   UNION ALL SELECT w.product_id, w.store_id, w.week_date, 0, 0, 0, 0, 0, w.ordered_units, w.cancelled_units, w.taken_back_units,
                     w.returned_units, w.shipped_units FROM ",
            current!("demand_week", "w"),
            " WHERE w.tenant_id = $1) c
             GROUP BY c.product_id, c.store_id, c.week
             HAVING sum(c.o1) <> sum(c.o2) OR sum(c.c1) <> sum(c.c2) OR sum(c.t1) <> sum(c.t2) OR sum(c.r1) <> sum(c.r2) OR sum(c.s1) <> sum(c.s2)
             ORDER BY c.product_id, c.store_id, c.week LIMIT 1"
        ),
    },
    Check {
        invariant: "stock span: those of a level begin with its first entry, follow each other without a gap and change with each",
        table: "stock_span",
        rests_on: tables![demand_book],
        // Not a FULL JOIN: SQLite would compare every level's spans with every first entry.
        broken: concat!(
            "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' from ' || coalesce(CAST(c.from_date AS text), 'nothing'),
               'from ' || coalesce(CAST(c.should AS text), 'a first entry') || ', an end if another follows, and another state',
               'from ' || coalesce(CAST(c.from_date AS text), 'nothing') || ' to ' || coalesce(CAST(c.to_date AS text), 'now') || ' ' || coalesce(c.state, '')
             FROM (SELECT u.product_id, u.store_id, u.from_date, u.to_date, u.state, u.before, u.next, u.is_first, count(u.from_date) OVER p AS spans,
                     coalesce(u.ended + 1, max(u.first) OVER p) AS should
                   FROM (SELECT s.product_id, s.store_id, s.from_date, s.to_date, s.state, lag(s.to_date) OVER w AS ended, lag(s.state) OVER w AS before,
                           lead(s.from_date) OVER w AS next, NULL AS first, 0 AS is_first FROM ",
            current!("stock_span", "s"),
            " WHERE s.tenant_id = $1 WINDOW w AS (PARTITION BY s.product_id, s.store_id ORDER BY s.from_date)
                         UNION ALL SELECT e.product_id, e.store_id, NULL, NULL, NULL, NULL, NULL, NULL, min(m.business_date), 1
                         FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                           JOIN demand_book b ON b.tenant_id = $1 AND b.is_current AND e.seq <= b.seq
                         WHERE e.tenant_id = $1 AND e.on_hand_delta <> 0 GROUP BY e.product_id, e.store_id) u
                   WINDOW p AS (PARTITION BY u.product_id, u.store_id)) c
             WHERE CASE WHEN c.is_first = 1 THEN c.spans = 0
               ELSE c.should IS NULL OR c.from_date <> c.should OR (c.to_date IS NULL) <> (c.next IS NULL) OR c.before = c.state END
             ORDER BY 1 LIMIT 1"
        ),
    },
    Check {
        invariant: "stock span: a level is OUT exactly while its days close with nothing on hand",
        table: "stock_span",
        rests_on: tables![demand_book],
        broken: "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id) || ' day ' || c.business_date, 'a state for ' || c.closing || ' on hand',
               coalesce(s.state, 'no span')
             FROM (SELECT n.product_id, n.store_id, n.business_date, b.generation,
                     sum(n.net) OVER (PARTITION BY n.product_id, n.store_id ORDER BY n.business_date) AS closing
                   FROM (SELECT e.product_id, e.store_id, m.business_date, sum(e.on_hand_delta) AS net FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                         JOIN demand_book b ON b.tenant_id = $1 AND b.is_current AND e.seq <= b.seq
                         WHERE e.tenant_id = $1 AND e.on_hand_delta <> 0 GROUP BY e.product_id, e.store_id, m.business_date) n
                   JOIN demand_book b ON b.tenant_id = $1 AND b.is_current) c
             LEFT JOIN stock_span s ON s.tenant_id = $1 AND s.generation = c.generation AND s.product_id = c.product_id AND s.store_id = c.store_id
               AND s.from_date <= c.business_date AND (s.to_date IS NULL OR s.to_date >= c.business_date)
             WHERE s.state IS NULL OR (s.state = 'OUT') <> (c.closing <= 0)
             ORDER BY c.product_id, c.store_id, c.business_date LIMIT 1",
    },
    Check {
        invariant: "demand document: it exists for exactly the orders and returns that count",
        table: "demand_document",
        rests_on: tables![demand_book],
        broken: concat!(
            "SELECT 'document ' || HEX(c.id), CASE WHEN sum(c.counts) > 0 THEN 'counted' ELSE 'not counted' END,
               CASE WHEN sum(c.noted) > 0 THEN 'counted' ELSE 'not counted' END
             FROM (SELECT o.id, 1 AS counts, 0 AS noted FROM sales_order o JOIN ",
            settled!(),
            " WHERE o.tenant_id = $1 AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')
                   UNION ALL SELECT r.id, 1, 0 FROM sales_return r JOIN ",
            settled!(),
            " WHERE r.tenant_id = $1 AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED')
                   UNION ALL SELECT d.document_id, 0, 1 FROM demand_document d JOIN ",
            settled!(),
            " AND b.generation = d.generation WHERE d.tenant_id = $1) c
             GROUP BY c.id HAVING sum(c.counts) <> sum(c.noted) ORDER BY c.id LIMIT 1"
        ),
    },
    Check {
        invariant: "demand book: its position is not beyond the journal's head",
        table: "demand_book",
        rests_on: tables![demand_book],
        broken: "SELECT 'generation ' || b.generation, 'at most seq ' || c.head, 'seq ' || b.seq || ' and documents up to ' || b.documents_seq
                 FROM demand_book b JOIN tenant_counter c ON c.tenant_id = $1
                 WHERE b.tenant_id = $1 AND (b.seq > c.head OR b.documents_seq > c.head) ORDER BY b.generation LIMIT 1",
    },
];

pub(super) const SUMS: &str = "demand book: rows and checksum = those of its days, weeks and spans";

/// Rows read at once.
const PAGE: u32 = 4_000;

#[derive(Record)]
#[record(of = demand_book, alias = "b")]
struct BookRow {
    generation: i64,
    row_count: i64,
    checksum: String,
}

/// Sums the rows of the current book, and counts its days.
pub(super) async fn sums(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    let sql = format!("SELECT {} FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current", BookRow::SELECT);
    let Some(book) = snapshot.records::<BookRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let (mut sum, mut days) = (RowSum::default(), 0);
    let add = |row: DemandDay| {
        days += 1;
        sum.add(row.tenant_id, row.summed());
        vec![
            Key::Int(row.business_date.into()),
            row.product_id.into(),
            row.store_id.into(),
            row.channel_id.into(),
            Key::Text(row.currency),
        ]
    };
    read_pages(snapshot, book.generation, &["business_date", "product_id", "store_id", "channel_id", "currency"], add).await?;
    let add = |row: DemandWeek| {
        let keys = vec![Key::Int(row.week_date.into()), row.product_id.into(), row.store_id.into()];
        sum.add(row.tenant_id, DemandWeek { generation: 0, ..row });
        keys
    };
    read_pages(snapshot, book.generation, &["week_date", "product_id", "store_id"], add).await?;
    let add = |row: StockSpan| {
        let keys = vec![row.product_id.into(), row.store_id.into(), Key::Int(row.from_date.into())];
        sum.add(row.tenant_id, StockSpan { generation: 0, ..row });
        keys
    };
    read_pages(snapshot, book.generation, &["product_id", "store_id", "from_date"], add).await?;
    *rows = u64::try_from(days).unwrap_or_default();
    let (expected, found) = (format!("{days} rows, sum {sum}"), format!("{} rows, sum {}", book.row_count, book.checksum));
    let key = format!("generation {}", book.generation);
    Ok((expected != found).then_some(Violation { table: "demand_book", key, expected, found }))
}

/// Reads all rows of a generation in pages; `add` takes a row and returns its values of the columns that the table is keyed by.
async fn read_pages<R: TableRecord + Send>(
    snapshot: &Snapshot,
    generation: i64,
    columns: &[&str],
    mut add: impl FnMut(R) -> Vec<Key> + Send,
) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let request = PageRequest { limit: PAGE, backward: false, after, before: None };
        let (page_condition, order, values) = keyset(columns, false, &request, 3);
        let sql = format!(
            "SELECT {} FROM {} d WHERE d.tenant_id = $1 AND d.generation = $2{page_condition}{order}",
            R::select("d"),
            R::TABLE
        );
        let values = std::iter::once(generation.into()).chain(values).collect();
        let page = snapshot.rows(&sql, values).await?;
        after = None;
        for row in page.iter().take(PAGE as usize) {
            after = Some(add(Row::new(row).record()?));
        }
        if page.len() <= PAGE as usize {
            return Ok(());
        }
    }
}
