//! Orders, and returns that are shown as orders.

use platform::storage::Backend;

/// Orders count from their confirmation on: before it nothing is sold, and orders that were
/// cancelled or expired as a whole do not count either. (A cancellation after a part was delivered
/// leaves the order FULFILLED, with the rest in `uncounted_units`.)
const ORDERS: &str = "sales_order o";
pub(super) const SOLD: &str = "o.tenant_id = $1 AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')";

/// Returns count from their receipt on, with their received units. The filter sees them as orders:
/// their own store, customer and moment; their channel, or else that of the first order line they
/// were matched with (`{nil_id_literal}` for none); the status FULFILLED, as only delivered units can be
/// returned; and no external reference, because a return's own is not an order's.
pub(super) const RETURNS: &str = "(SELECT r.tenant_id, r.id, 'FULFILLED' AS status, r.store_id, r.customer_id, NULL AS external_ref, r.currency,
    coalesce(r.channel_id, (SELECT s.channel_id FROM return_match m JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
      WHERE m.tenant_id = $1 AND m.return_id = r.id ORDER BY m.return_position, m.order_id, m.order_position LIMIT 1), {nil}) AS channel_id,
    coalesce((SELECT s.country FROM return_match m JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
      WHERE m.tenant_id = $1 AND m.return_id = r.id ORDER BY m.return_position, m.order_id, m.order_position LIMIT 1), r.country) AS country,
    r.occurred_at AS placed_at, r.business_date, r.refund_minor, r.refunded_minor
    FROM sales_return r WHERE r.tenant_id = $1 AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED')) o";

/// Within these bounds no product of two columns exceeds 64 bits, and 2,000 lines at the bounds can
/// be summed; the few larger lines are summed in Rust.
const OUT_OF_BOUNDS: &str =
    "l.quantity > 268435456 OR l.unit_cost_minor > 16777216 OR l.total_minor > 17179869184 OR l.total_minor < -17179869184";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Sales,
    Returns,
}

impl Side {
    /// The documents of the side as `o`.
    pub(super) fn documents(self, backend: Backend) -> String {
        match self {
            Self::Sales => ORDERS.to_owned(),
            Self::Returns => RETURNS.replace("{nil}", nil_id_literal(backend)),
        }
    }
    /// A condition that a document counts, the table of the side's lines, and the column of their
    /// document.
    pub(super) const fn lines(self) -> [&'static str; 3] {
        match self {
            Self::Sales => [SOLD, "order_line", "order_id"],
            Self::Returns => ["TRUE", "return_line", "return_id"],
        }
    }
    /// Units of a line `l` that do not count: cancelled units, and those of a return that were not
    /// received.
    pub(super) const fn uncounted_units(self) -> &'static str {
        match self {
            Self::Sales => "l.cancelled",
            Self::Returns => "(l.quantity - l.received)",
        }
    }
    /// The cost of a unit of a line `l`; 0 for returns.
    pub(super) const fn unit_cost(self) -> &'static str {
        match self {
            Self::Sales => "coalesce(l.unit_cost_minor, 0)",
            Self::Returns => "0",
        }
    }
    /// A condition that a line `l` is too large for the database to sum.
    pub(super) fn large_line_condition(self) -> String {
        match self {
            Self::Sales => OUT_OF_BOUNDS.to_owned(),
            Self::Returns => OUT_OF_BOUNDS.replace("l.unit_cost_minor", "0"),
        }
    }
    /// 1 for a closed return, whose refund is distributed to its lines; otherwise 0.
    pub(super) const fn settlement_flag(self) -> &'static str {
        match self {
            Self::Sales => "0",
            Self::Returns => "CASE WHEN o.refunded_minor IS NULL THEN 0 ELSE 1 END",
        }
    }
}

/// Returns the SQL literal of the nil ID.
pub(super) const fn nil_id_literal(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "zeroblob(16)",
        Backend::Postgres => "'00000000-0000-0000-0000-000000000000'::uuid",
    }
}
