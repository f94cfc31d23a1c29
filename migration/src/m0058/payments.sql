ALTER TABLE sales_order ADD COLUMN authorised_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE sales_order ADD COLUMN captured_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE sales_order ADD COLUMN refunded_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE sales_order ADD COLUMN returned_minor {INT} NOT NULL DEFAULT 0
;;
ALTER TABLE sales_order ADD COLUMN payment_status {TEXT} NOT NULL DEFAULT 'UNPAID'
  CHECK (payment_status IN ('NOTHING_DUE', 'UNPAID', 'PARTIALLY_AUTHORISED', 'AUTHORISED', 'PARTIALLY_PAID', 'PAID', 'OVERPAID'))
;;
ALTER TABLE sales_order ADD COLUMN refund_status {TEXT} NOT NULL DEFAULT 'NONE' CHECK (refund_status IN ('NONE', 'PARTIAL', 'FULL'))
;;
CREATE TABLE payment (
  tenant_id {UUID} NOT NULL, id {UUID} NOT NULL, order_id {UUID} NOT NULL,
  kind {TEXT} NOT NULL CHECK (kind IN ('AUTHORISATION', 'CAPTURE', 'VOID', 'REFUND')),
  amount_minor {INT} NOT NULL CHECK (amount_minor > 0), currency {TEXT} NOT NULL, method {TEXT} NOT NULL, reference {TEXT}, parent_id {UUID},
  return_id {UUID}, occurred_at {INT} NOT NULL, recorded_at {INT} NOT NULL,
  actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL, note {TEXT},
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id), FOREIGN KEY (tenant_id, parent_id) REFERENCES payment (tenant_id, id),
  FOREIGN KEY (tenant_id, return_id) REFERENCES sales_return (tenant_id, id),
  CHECK (return_id IS NULL OR kind = 'REFUND'), CHECK (parent_id IS NULL OR kind <> 'AUTHORISATION'), CHECK (parent_id IS NOT NULL OR kind <> 'VOID'))
;;
CREATE UNIQUE INDEX payment_reference ON payment (tenant_id, method, reference, kind) WHERE reference IS NOT NULL
;;
CREATE INDEX payment_order ON payment (tenant_id, order_id, recorded_at, id)
;;
CREATE INDEX payment_return ON payment (tenant_id, return_id) WHERE return_id IS NOT NULL
;;
CREATE INDEX sales_order_payment ON sales_order (tenant_id, payment_status, placed_at, id)
;;
CREATE INDEX sales_order_refund ON sales_order (tenant_id, placed_at, id) WHERE refund_status <> 'NONE'
;;
@sqlite
UPDATE sales_order SET returned_minor = coalesce((
  SELECT sum(CAST(r.refunded_minor * w.part / w.whole AS INTEGER)) FROM (
    SELECT m.return_id, sum(m.received * l.unit_price_minor) AS part,
      (SELECT sum(a.received * a.unit_price_minor) FROM return_line a
       WHERE a.tenant_id = sales_order.tenant_id AND a.return_id = m.return_id AND a.unit_price_minor > 0) AS whole
    FROM return_match m JOIN return_line l ON l.tenant_id = m.tenant_id AND l.return_id = m.return_id AND l.position = m.return_position
    WHERE m.tenant_id = sales_order.tenant_id AND m.order_id = sales_order.id AND l.unit_price_minor > 0 GROUP BY m.return_id) w
  JOIN sales_return r ON r.tenant_id = sales_order.tenant_id AND r.id = w.return_id AND r.status = 'CLOSED' AND w.whole > 0), 0)
WHERE EXISTS (SELECT 1 FROM return_match m WHERE m.tenant_id = sales_order.tenant_id AND m.order_id = sales_order.id)
;;
@postgres
UPDATE sales_order o SET returned_minor = s.given FROM (
  SELECT w.tenant_id, w.order_id, CAST(sum(trunc(CAST(r.refunded_minor AS numeric) * w.part / a.whole)) AS bigint) AS given FROM (
    SELECT m.tenant_id, m.order_id, m.return_id, sum(CAST(m.received AS numeric) * l.unit_price_minor) AS part FROM return_match m
    JOIN return_line l ON l.tenant_id = m.tenant_id AND l.return_id = m.return_id AND l.position = m.return_position
    WHERE l.unit_price_minor > 0 GROUP BY m.tenant_id, m.order_id, m.return_id) w
  JOIN (SELECT tenant_id, return_id, sum(CAST(received AS numeric) * unit_price_minor) AS whole FROM return_line
    WHERE unit_price_minor > 0 GROUP BY tenant_id, return_id) a ON a.tenant_id = w.tenant_id AND a.return_id = w.return_id AND a.whole > 0
  JOIN sales_return r ON r.tenant_id = w.tenant_id AND r.id = w.return_id AND r.status = 'CLOSED'
  GROUP BY w.tenant_id, w.order_id) s
WHERE o.tenant_id = s.tenant_id AND o.id = s.order_id
;;
@sqlite
UPDATE sales_order SET payment_status = 'NOTHING_DUE' WHERE returned_minor = (
  SELECT coalesce(sum(CAST(CASE WHEN c.cancelled = 0 THEN c.total_minor
      ELSE c.gross - min(round(1.0 * c.discount_minor * (c.quantity - c.cancelled) / c.quantity), max(c.gross, 0))
        + round(1.0 * c.tax_minor * (c.quantity - c.cancelled) / c.quantity) END AS INTEGER)), 0)
  FROM (SELECT l.*, round(1.0 * l.unit_price_minor * (l.quantity - l.cancelled) / CAST('1e' || l.unit_decimals AS REAL)) AS gross FROM order_line l
    WHERE l.tenant_id = sales_order.tenant_id AND l.order_id = sales_order.id) c)
;;
@sqlite
UPDATE sales_order SET payment_status = 'OVERPAID' WHERE payment_status = 'UNPAID' AND returned_minor > (
  SELECT coalesce(sum(CAST(CASE WHEN c.cancelled = 0 THEN c.total_minor
      ELSE c.gross - min(round(1.0 * c.discount_minor * (c.quantity - c.cancelled) / c.quantity), max(c.gross, 0))
        + round(1.0 * c.tax_minor * (c.quantity - c.cancelled) / c.quantity) END AS INTEGER)), 0)
  FROM (SELECT l.*, round(1.0 * l.unit_price_minor * (l.quantity - l.cancelled) / CAST('1e' || l.unit_decimals AS REAL)) AS gross FROM order_line l
    WHERE l.tenant_id = sales_order.tenant_id AND l.order_id = sales_order.id) c)
;;
@postgres
UPDATE sales_order o SET payment_status = CASE WHEN o.returned_minor = s.now_total THEN 'NOTHING_DUE' ELSE 'OVERPAID' END FROM (
  SELECT c.tenant_id, c.order_id, sum(CASE WHEN c.cancelled = 0 THEN c.total_minor
      ELSE c.gross - least(round(CAST(c.discount_minor AS numeric) * (c.quantity - c.cancelled) / c.quantity), greatest(c.gross, 0))
        + round(CAST(c.tax_minor AS numeric) * (c.quantity - c.cancelled) / c.quantity) END) AS now_total
  FROM (SELECT l.*, round(CAST(l.unit_price_minor AS numeric) * (l.quantity - l.cancelled) / power(CAST(10 AS numeric), l.unit_decimals)) AS gross
    FROM order_line l) c
  GROUP BY c.tenant_id, c.order_id) s
WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id AND s.now_total <= o.returned_minor
