//! Checks of payments and holds against their orders.

use entity::prelude::{OrderId, PaymentStatus, RefundStatus};
use inventory::orders::{core::Order, rows};
use platform::storage::{Fault, Reads, Row, Snapshot};

use super::{
    check::{Check, tables},
    report::Violation,
};

pub(super) const STATUSES: &str = "order: its statuses and kinds of holds follow from its lines, its sums and its active holds";
/// Orders read at once, with their lines.
const PAGE: i64 = 1_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "order: its authorised, captured and refunded amounts are the sums of its payments",
        table: "sales_order",
        rests_on: tables![sales_order],
        broken: "SELECT 'ord:' || HEX(o.id), 'authorised ' || coalesce(s.authorised, 0) || ' captured ' || coalesce(s.captured, 0) || ' refunded ' || coalesce(s.refunded, 0),
                   'authorised ' || o.authorised_minor || ' captured ' || o.captured_minor || ' refunded ' || o.refunded_minor
                 FROM sales_order o LEFT JOIN (
                   SELECT order_id, sum(CASE WHEN kind = 'AUTHORISATION' THEN amount WHEN kind = 'VOID' OR (kind = 'CAPTURE' AND parent_id IS NOT NULL)
                       THEN -amount ELSE 0 END) AS authorised,
                     sum(CASE WHEN kind = 'CAPTURE' THEN amount ELSE 0 END) AS captured,
                     sum(CASE WHEN kind = 'REFUND' THEN amount ELSE 0 END) AS refunded
                   FROM (SELECT order_id, kind, parent_id, CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END AS amount
                     FROM payment WHERE tenant_id = $1) f GROUP BY order_id) s ON s.order_id = o.id
                 WHERE o.tenant_id = $1 AND (o.authorised_minor <> coalesce(s.authorised, 0) OR o.captured_minor <> coalesce(s.captured, 0)
                   OR o.refunded_minor <> coalesce(s.refunded, 0))
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "order: its sums are 0 or more, and no more is refunded than was captured",
        table: "sales_order",
        rests_on: tables![sales_order],
        broken: "SELECT 'ord:' || HEX(id), 'sums of 0 or more, refunded up to ' || captured_minor,
                   'authorised ' || authorised_minor || ' captured ' || captured_minor || ' refunded ' || refunded_minor || ' returned ' || returned_minor
                 FROM sales_order WHERE tenant_id = $1 AND (authorised_minor < 0 OR captured_minor < 0 OR refunded_minor < 0 OR returned_minor < 0
                   OR refunded_minor > captured_minor)
                 ORDER BY id LIMIT 1",
    },
    // Orders with returns that were closed before refunds were stored for each order are skipped.
    Check {
        invariant: "order: its returned amount is the sum that its closed returns refunded",
        table: "sales_order",
        rests_on: tables![return_match],
        broken: "SELECT 'ord:' || HEX(o.id), 'returned ' || s.given, 'returned ' || o.returned_minor
                 FROM sales_order o JOIN (
                   SELECT g.order_id, sum(g.given) AS given, max(g.unkept) AS unkept FROM (
                     SELECT m.order_id, m.return_id, sum(coalesce(m.given_minor, 0)) AS given,
                       CASE WHEN r.status = 'CLOSED' AND count(m.given_minor) = 0 THEN 1 ELSE 0 END AS unkept
                     FROM return_match m JOIN sales_return r ON r.tenant_id = $1 AND r.id = m.return_id
                     WHERE m.tenant_id = $1 GROUP BY m.order_id, m.return_id, r.status) g
                   GROUP BY g.order_id) s ON s.order_id = o.id
                 WHERE o.tenant_id = $1 AND s.unkept = 0 AND o.returned_minor <> s.given ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "payment: it is of its order's currency, and refers to a payment of that order and of an allowed kind",
        table: "payment",
        rests_on: tables![payment],
        broken: "SELECT 'pay:' || HEX(p.id), 'a ' || p.kind || ' of ord:' || HEX(p.order_id) || ' in ' || o.currency,
                   p.currency || ' of ' || coalesce(a.kind || ' of ord:' || HEX(a.order_id), 'no other')
                 FROM payment p JOIN sales_order o ON o.tenant_id = $1 AND o.id = p.order_id
                 LEFT JOIN payment a ON a.tenant_id = $1 AND a.id = p.parent_id
                 WHERE p.tenant_id = $1 AND (p.amount_minor <= 0 OR p.currency <> o.currency OR (p.kind = 'VOID' AND p.parent_id IS NULL)
                   OR (a.id IS NOT NULL AND (a.order_id <> p.order_id OR a.kind <> CASE WHEN p.kind = 'REFUND' THEN 'CAPTURE'
                     WHEN p.kind IN ('CAPTURE', 'VOID') THEN 'AUTHORISATION' ELSE '' END)))
                 ORDER BY p.id LIMIT 1",
    },
    Check {
        invariant: "payment: no more than its amount is captured, voided or refunded",
        table: "payment",
        rests_on: tables![payment],
        broken: "SELECT 'pay:' || HEX(a.id), 'up to ' || CASE WHEN b.id IS NULL THEN a.amount_minor ELSE 0 END, CAST(s.spent AS text)
                 FROM payment a JOIN (SELECT parent_id, sum(CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END) AS spent
                   FROM payment WHERE tenant_id = $1 AND parent_id IS NOT NULL GROUP BY parent_id) s ON s.parent_id = a.id
                 LEFT JOIN payment b ON b.tenant_id = $1 AND b.reverses_id = a.id
                 WHERE a.tenant_id = $1 AND s.spent > CASE WHEN b.id IS NULL THEN a.amount_minor ELSE 0 END ORDER BY a.id LIMIT 1",
    },
    Check {
        invariant: "payment: a reversal mirrors its original, and reverses no reversal",
        table: "payment",
        rests_on: tables![payment],
        broken: "SELECT 'pay:' || HEX(p.id), 'a ' || o.kind || ' of ' || o.amount_minor || ' ' || o.currency || ', ' || o.method,
                   'a ' || p.kind || ' of ' || p.amount_minor || ' ' || p.currency || ', ' || p.method
                 FROM payment p JOIN payment o ON o.tenant_id = $1 AND o.id = p.reverses_id
                 WHERE p.tenant_id = $1 AND (o.reverses_id IS NOT NULL OR o.order_id <> p.order_id OR o.kind <> p.kind OR o.amount_minor <> p.amount_minor
                   OR o.currency <> p.currency OR o.method <> p.method OR (o.parent_id IS NULL) <> (p.parent_id IS NULL) OR o.parent_id <> p.parent_id
                   OR (o.return_id IS NULL) <> (p.return_id IS NULL) OR o.return_id <> p.return_id OR p.reference IS NOT NULL)
                 ORDER BY p.id LIMIT 1",
    },
    Check {
        invariant: "return: no more is paid out for it than its refund",
        table: "sales_return",
        rests_on: tables![sales_return],
        broken: "SELECT 'ret:' || HEX(r.id), 'up to ' || coalesce(r.refunded_minor, 0), CAST(s.refunded AS text)
                 FROM sales_return r JOIN (SELECT return_id, sum(CASE WHEN reverses_id IS NULL THEN amount_minor ELSE -amount_minor END) AS refunded
                   FROM payment WHERE tenant_id = $1 AND return_id IS NOT NULL GROUP BY return_id) s ON s.return_id = r.id
                 WHERE r.tenant_id = $1 AND s.refunded > coalesce(r.refunded_minor, 0) ORDER BY r.id LIMIT 1",
    },
];

/// Derives the statuses of holds and payments of all orders again, and compares them with their
/// rows. Counts the orders in `count`.
pub(super) async fn verify_statuses(snapshot: &Snapshot, count: &mut u64) -> Result<Option<Violation>, Fault> {
    let mut after = OrderId::NIL;
    loop {
        let sql = "SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.id > $2 ORDER BY o.id LIMIT $3";
        let page = snapshot.rows(sql, vec![after.into(), PAGE.into()]).await?;
        let ids = page.iter().map(Row::scalar).collect::<Result<Vec<OrderId>, Fault>>()?;
        let Some(last) = ids.last() else { return Ok(None) };
        after = *last;
        *count += ids.len() as u64;
        let holds = rows::active_holds_by_order(snapshot, &ids).await?;
        for order in load_readable_orders(snapshot, &ids).await? {
            let kinds = holds.get(&order.id).into_iter().flatten().map(|hold| hold.kind.clone());
            if let Some(broken) = find_violation(&order, kinds.collect()) {
                return Ok(Some(broken));
            }
        }
    }
}

/// The readable orders, in the order of their IDs: faults of the others are reported by the checks
/// of words and lines.
async fn load_readable_orders(snapshot: &Snapshot, ids: &[OrderId]) -> Result<Vec<Order>, Fault> {
    match rows::orders(snapshot, ids).await {
        Err(Fault::Corrupt { .. }) if ids.len() > 1 => {}
        Err(Fault::Corrupt { .. }) => return Ok(Vec::new()),
        orders => return orders,
    }
    let mut orders = Vec::with_capacity(ids.len());
    for id in ids {
        match rows::orders(snapshot, &[*id]).await {
            Err(Fault::Corrupt { .. }) => {}
            found => orders.extend(found?),
        }
    }
    Ok(orders)
}

/// Returns the difference between an order's row and its derived payment status, if there is one.
fn find_violation(order: &Order, mut kinds: Vec<String>) -> Option<Violation> {
    kinds.sort_unstable();
    let (stored_status, derived_status) = (order.paid, order.derived_paid());
    let summary = |payment: PaymentStatus, refund: RefundStatus, holds: &[String]| {
        format!("{payment}, refunded {refund}, holds {}", if holds.is_empty() { "none".to_owned() } else { holds.join(", ") })
    };
    (stored_status != derived_status || kinds != order.hold_kinds).then(|| Violation {
        table: "sales_order",
        key: order.id.to_string(),
        expected: summary(derived_status.payment, derived_status.refund, &kinds),
        found: summary(stored_status.payment, stored_status.refund, &order.hold_kinds),
    })
}
