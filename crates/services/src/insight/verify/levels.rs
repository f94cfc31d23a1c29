//! Checks of levels, their chains of entries, and their reservations.

use inventory::stock::rows::BLOCK_VERSIONS;

use super::check::{Check, tables};

// The statement below has this number as a literal.
const _: () = assert!(BLOCK_VERSIONS == 1_024);

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "level: buckets are never negative nor oversold",
        table: "stock_level",
        rests_on: tables![stock_level],
        broken: "SELECT 'prd:' || HEX(product_id) || ' sto:' || HEX(store_id), '0 <= reserved <= on hand - unavailable',
                   'on hand ' || on_hand || ' reserved ' || reserved || ' unavailable ' || unavailable
                 FROM stock_level WHERE tenant_id = $1
                   AND (on_hand < 0 OR reserved < 0 OR unavailable < 0 OR incoming < 0 OR in_transit < 0 OR reserved > on_hand - unavailable)
                 ORDER BY product_id, store_id LIMIT 1",
    },
    Check {
        invariant: "level: equals the sum of its entries",
        table: "stock_level",
        rests_on: tables![stock_level],
        broken: "SELECT 'prd:' || HEX(l.product_id) || ' sto:' || HEX(l.store_id),
                   'on hand ' || coalesce(s.h, 0) || ' reserved ' || coalesce(s.r, 0) || ' unavailable ' || coalesce(s.u, 0)
                     || ' incoming ' || coalesce(s.i, 0) || ' in transit ' || coalesce(s.t, 0),
                   'on hand ' || l.on_hand || ' reserved ' || l.reserved || ' unavailable ' || l.unavailable
                     || ' incoming ' || l.incoming || ' in transit ' || l.in_transit
                 FROM stock_level l LEFT JOIN (
                   SELECT product_id, store_id, sum(on_hand_delta) h, sum(reserved_delta) r, sum(unavailable_delta) u,
                     sum(incoming_delta) i, sum(in_transit_delta) t
                   FROM entry WHERE tenant_id = $1 GROUP BY product_id, store_id
                 ) s ON s.product_id = l.product_id AND s.store_id = l.store_id
                 WHERE l.tenant_id = $1 AND (l.on_hand <> coalesce(s.h, 0) OR l.reserved <> coalesce(s.r, 0)
                   OR l.unavailable <> coalesce(s.u, 0) OR l.incoming <> coalesce(s.i, 0) OR l.in_transit <> coalesce(s.t, 0))
                 ORDER BY l.product_id, l.store_id LIMIT 1",
    },
    Check {
        invariant: "level: its quantities are those after its last entry",
        table: "stock_level",
        rests_on: tables![stock_level],
        broken: "SELECT 'prd:' || HEX(l.product_id) || ' sto:' || HEX(l.store_id) || ' version ' || l.version,
                   'on hand ' || e.on_hand_after || ' reserved ' || e.reserved_after || ' unavailable ' || e.unavailable_after
                     || ' occurred ' || e.occurred_max || ' seq ' || e.seq || ' and no later entry',
                   'on hand ' || l.on_hand || ' reserved ' || l.reserved || ' unavailable ' || l.unavailable
                     || ' occurred ' || l.last_occurred_at || ' seq ' || l.seq
                 FROM stock_level l LEFT JOIN entry e
                   ON e.tenant_id = $1 AND e.product_id = l.product_id AND e.store_id = l.store_id AND e.version_after = l.version
                 WHERE l.tenant_id = $1 AND ((e.seq IS NULL AND l.version <> 0) OR e.on_hand_after <> l.on_hand
                   OR e.reserved_after <> l.reserved OR e.unavailable_after <> l.unavailable OR e.occurred_max <> l.last_occurred_at
                   OR e.seq > l.seq OR e.recorded_at > l.updated_at
                   OR EXISTS (SELECT 1 FROM entry n WHERE n.tenant_id = $1 AND n.product_id = l.product_id
                                AND n.store_id = l.store_id AND n.version_after > l.version))
                 ORDER BY l.product_id, l.store_id LIMIT 1",
    },
    Check {
        invariant: "entry: a level's versions run 1, 2, 3 without gaps",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'prd:' || HEX(product_id) || ' sto:' || HEX(store_id) || ' seq ' || seq || ' line ' || line,
                   'version ' || nth, 'version ' || version_after
                 FROM (SELECT product_id, store_id, seq, line, version_after,
                         row_number() OVER (PARTITION BY product_id, store_id ORDER BY version_after) AS nth
                       FROM entry WHERE tenant_id = $1) c
                 WHERE version_after <> nth ORDER BY product_id, store_id, version_after LIMIT 1",
    },
    Check {
        invariant: "entry: each after-value is the one before plus the change",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'prd:' || HEX(product_id) || ' sto:' || HEX(store_id) || ' version ' || version_after || ' seq ' || seq,
                   'on hand ' || (h + on_hand_delta) || ' reserved ' || (r + reserved_delta) || ' unavailable ' || (u + unavailable_delta),
                   'on hand ' || on_hand_after || ' reserved ' || reserved_after || ' unavailable ' || unavailable_after
                 FROM (SELECT product_id, store_id, seq, version_after, on_hand_delta, reserved_delta, unavailable_delta,
                         on_hand_after, reserved_after, unavailable_after,
                         coalesce(lag(on_hand_after) OVER w, 0) AS h, coalesce(lag(reserved_after) OVER w, 0) AS r,
                         coalesce(lag(unavailable_after) OVER w, 0) AS u
                       FROM entry WHERE tenant_id = $1 WINDOW w AS (PARTITION BY product_id, store_id ORDER BY version_after)) c
                 WHERE on_hand_after <> h + on_hand_delta OR reserved_after <> r + reserved_delta
                   OR unavailable_after <> u + unavailable_delta
                 ORDER BY product_id, store_id, version_after LIMIT 1",
    },
    Check {
        invariant: "entry: occurred_max is the latest moment so far, and seq and time of recording never decrease",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'prd:' || HEX(product_id) || ' sto:' || HEX(store_id) || ' version ' || version_after || ' seq ' || seq,
                   'occurred_max ' || CASE WHEN before > occurred_at THEN before ELSE occurred_at END
                     || ' seq from ' || coalesce(before_seq, 1) || ' recorded from ' || coalesce(before_recorded, 0),
                   'occurred_max ' || occurred_max || ' seq ' || seq || ' recorded ' || recorded_at
                 FROM (SELECT product_id, store_id, seq, version_after, occurred_at, occurred_max, recorded_at,
                         lag(occurred_max) OVER w AS before, lag(seq) OVER w AS before_seq, lag(recorded_at) OVER w AS before_recorded
                       FROM entry WHERE tenant_id = $1 WINDOW w AS (PARTITION BY product_id, store_id ORDER BY version_after)) c
                 WHERE occurred_max <> CASE WHEN before > occurred_at THEN before ELSE occurred_at END
                   OR before_seq > seq OR before_recorded > recorded_at
                 ORDER BY product_id, store_id, version_after LIMIT 1",
    },
    Check {
        invariant: "history: the condensed value of late entries is their sum",
        table: "history_sum",
        rests_on: tables![history_block, history_sum],
        broken: "SELECT 'prd:' || HEX(b.product_id) || ' sto:' || HEX(b.store_id) || ' block ' || b.block || ' occurred ' || b.occurred_at,
                   CAST(max(b.expected) AS text), CAST(max(b.found) AS text)
                 FROM (SELECT product_id, store_id, block, occurred_at, sum(delta) OVER (PARTITION BY product_id, store_id, block ORDER BY occurred_at) AS expected,
                         NULL AS found
                       FROM (SELECT e.product_id, e.store_id, h.block, e.occurred_at, sum(e.on_hand_delta) AS delta
                             FROM history_block h JOIN entry e ON e.tenant_id = $1 AND e.product_id = h.product_id AND e.store_id = h.store_id
                               AND e.version_after > h.block * 1024 AND e.version_after <= (h.block + 1) * 1024 AND e.occurred_at < e.occurred_max
                             WHERE h.tenant_id = $1 GROUP BY e.product_id, e.store_id, h.block, e.occurred_at) c
                       UNION ALL SELECT product_id, store_id, block, occurred_at, NULL, on_hand_delta FROM history_sum WHERE tenant_id = $1) b
                 GROUP BY b.product_id, b.store_id, b.block, b.occurred_at
                 HAVING max(b.expected) IS NULL OR max(b.found) IS NULL OR max(b.expected) <> max(b.found)
                 ORDER BY 1 LIMIT 1",
    },
    Check {
        invariant: "entry: no after-value is negative or oversold",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'seq ' || seq || ' line ' || line, '0 <= reserved <= on hand - unavailable',
                   'on hand ' || on_hand_after || ' reserved ' || reserved_after || ' unavailable ' || unavailable_after
                 FROM entry WHERE tenant_id = $1 AND (on_hand_after < 0 OR reserved_after < 0 OR unavailable_after < 0
                   OR reserved_after > on_hand_after - unavailable_after)
                 ORDER BY seq, line LIMIT 1",
    },
    Check {
        invariant: "entry: lines run 1, 2, 3 inside their movement and share its id and moments",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'seq ' || e.seq || ' line ' || e.line,
                   'line ' || e.nth || ' of mov:' || HEX(m.id) || ' occurred ' || m.occurred_at || ' recorded ' || m.recorded_at,
                   'line ' || e.line || ' of mov:' || HEX(e.movement_id) || ' occurred ' || e.occurred_at || ' recorded ' || e.recorded_at
                 FROM (SELECT seq, line, movement_id, occurred_at, recorded_at, row_number() OVER (PARTITION BY seq ORDER BY line) AS nth
                       FROM entry WHERE tenant_id = $1) e
                 LEFT JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                 WHERE m.seq IS NULL OR m.id <> e.movement_id OR m.occurred_at <> e.occurred_at OR m.recorded_at <> e.recorded_at
                   OR e.line <> e.nth
                 ORDER BY e.seq, e.line LIMIT 1",
    },
    // Entries of a purchase order's receipt have the value of the receipt; a value beyond exact
    // integers is null.
    Check {
        invariant: "entry: its value is its unit cost times the moved quantity, to the minor unit",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'seq ' || e.seq || ' line ' || e.line,
                   coalesce(e.unit_cost_minor || ' ' || e.cost_currency || ' times ' || e.on_hand_delta, 'no value without a cost in a currency'),
                   'value ' || coalesce(CAST(e.value_minor AS text), 'none')
                 FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                 JOIN product p ON p.tenant_id = $1 AND p.id = e.product_id
                 WHERE e.tenant_id = $1 AND ((e.unit_cost_minor IS NULL) <> (e.cost_currency IS NULL) OR (e.unit_cost_minor IS NULL AND e.value_minor IS NOT NULL)
                   OR (NOT (m.kind = 'RECEIPT' AND coalesce(m.reference_kind, '') = 'PURCHASE_ORDER')
                     AND abs(CAST(e.unit_cost_minor AS double precision) * e.on_hand_delta) < 2e18
                     AND CASE WHEN e.value_minor IS NULL THEN
                         abs(CAST(e.unit_cost_minor AS NUMERIC) * e.on_hand_delta) < 9007199254740991 * CAST('1' || substr('000000000', 1, p.unit_decimals) AS NUMERIC)
                       ELSE abs(CAST(e.value_minor AS NUMERIC) * 2 * CAST('1' || substr('000000000', 1, p.unit_decimals) AS NUMERIC)
                           - CAST(e.unit_cost_minor AS NUMERIC) * e.on_hand_delta * 2) > CAST('1' || substr('000000000', 1, p.unit_decimals) AS NUMERIC) END))
                 ORDER BY e.seq, e.line LIMIT 1",
    },
    Check {
        invariant: "movement: has entries",
        table: "movement",
        rests_on: tables![movement],
        broken: "SELECT 'seq ' || m.seq, 'at least one entry', 'none' FROM movement m
                 WHERE m.tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.seq = m.seq)
                 ORDER BY m.seq LIMIT 1",
    },
    Check {
        invariant: "reservation: open ones of a level sum to its reserved",
        table: "stock_level",
        rests_on: tables![stock_level],
        broken: "SELECT 'prd:' || HEX(l.product_id) || ' sto:' || HEX(l.store_id), 'reserved ' || coalesce(s.held, 0), 'reserved ' || l.reserved
                 FROM stock_level l LEFT JOIN (
                   SELECT product_id, store_id, sum(remaining) AS held FROM reservation
                   WHERE tenant_id = $1 AND status = 'ACTIVE' GROUP BY product_id, store_id
                 ) s ON s.product_id = l.product_id AND s.store_id = l.store_id
                 WHERE l.tenant_id = $1 AND l.reserved <> coalesce(s.held, 0)
                 ORDER BY l.product_id, l.store_id LIMIT 1",
    },
    Check {
        invariant: "reservation: is ACTIVE exactly while something remains",
        table: "reservation",
        rests_on: tables![reservation],
        broken: "SELECT 'rsv:' || HEX(id), 'ACTIVE with 1 to ' || quantity || ' or ended with 0', status || ' with ' || remaining
                 FROM reservation WHERE tenant_id = $1
                   AND ((status = 'ACTIVE') <> (remaining > 0) OR remaining < 0 OR remaining > quantity)
                 ORDER BY id LIMIT 1",
    },
    Check {
        invariant: "reservation: an order's hold is for its open line and no more",
        table: "reservation",
        rests_on: tables![reservation],
        broken: "SELECT 'ord:' || HEX(r.order_id) || ' line ' || r.order_position,
                   'at most ' || coalesce(l.open, 0) || ' of prd:' || HEX(l.product_id) || ' or their parts, in a state that holds',
                   r.held || ' held of prd:' || HEX(r.product_id) || ' by an order that is ' || coalesce(o.status, 'missing')
                 FROM (SELECT order_id, order_position, product_id, sum(remaining) AS held FROM reservation
                       WHERE tenant_id = $1 AND order_id IS NOT NULL GROUP BY order_id, order_position, product_id) r
                 LEFT JOIN order_line l ON l.tenant_id = $1 AND l.order_id = r.order_id AND l.position = r.order_position
                 LEFT JOIN order_line_part n ON n.tenant_id = $1 AND n.order_id = r.order_id AND n.position = r.order_position
                   AND n.product_id = r.product_id
                 LEFT JOIN sales_order o ON o.tenant_id = $1 AND o.id = r.order_id
                 WHERE l.order_id IS NULL OR (n.product_id IS NULL AND l.product_id <> r.product_id) OR r.held > l.open * coalesce(n.quantity, 1)
                   OR (r.held > 0 AND o.status NOT IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED'))
                 ORDER BY r.order_id, r.order_position LIMIT 1",
    },
];
