ALTER TABLE order_line ADD COLUMN return_pending {INT} NOT NULL DEFAULT 0 CHECK (return_pending >= 0 AND return_pending <= fulfilled - returned)
;;
ALTER TABLE sales_return ADD COLUMN refunded_minor {INT} CHECK (refunded_minor >= 0)
;;
ALTER TABLE sales_return ADD COLUMN reject_reason {TEXT}
;;
ALTER TABLE return_line ADD COLUMN received {INT} NOT NULL DEFAULT 0 CHECK (received >= 0 AND received <= quantity)
;;
ALTER TABLE return_line ADD COLUMN restocked {INT} NOT NULL DEFAULT 0 CHECK (restocked >= 0)
;;
ALTER TABLE return_line ADD COLUMN quarantined {INT} NOT NULL DEFAULT 0 CHECK (quarantined >= 0)
;;
ALTER TABLE return_line ADD COLUMN written_off {INT} NOT NULL DEFAULT 0
  CHECK (written_off >= 0 AND restocked + quarantined + written_off <= received)
;;
ALTER TABLE return_match ADD COLUMN received {INT} NOT NULL DEFAULT 0 CHECK (received >= 0 AND received <= quantity)
;;
CREATE TABLE return_lot (
  tenant_id {UUID} NOT NULL, return_id {UUID} NOT NULL, position {SMALL} NOT NULL, lot_id {UUID} NOT NULL,
  received {INT} NOT NULL CHECK (received > 0), inspected {INT} NOT NULL CHECK (inspected >= 0 AND inspected <= received),
  PRIMARY KEY (tenant_id, return_id, position, lot_id),
  FOREIGN KEY (tenant_id, return_id, position) REFERENCES return_line (tenant_id, return_id, position),
  FOREIGN KEY (tenant_id, lot_id) REFERENCES lot (tenant_id, id)) {APPEND}
;;
UPDATE return_line SET received = quantity,
  restocked = CASE WHEN kind = 'PRODUCT' AND disposition = 'RESTOCK' THEN quantity ELSE 0 END,
  quarantined = CASE WHEN kind = 'PRODUCT' AND disposition = 'QUARANTINE' THEN quantity ELSE 0 END,
  written_off = CASE WHEN kind = 'PRODUCT' AND disposition = 'WRITE_OFF' THEN quantity ELSE 0 END
WHERE EXISTS (SELECT 1 FROM sales_return r WHERE r.tenant_id = return_line.tenant_id AND r.id = return_line.return_id
  AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED'))
;;
UPDATE return_match SET received = quantity
WHERE EXISTS (SELECT 1 FROM sales_return r WHERE r.tenant_id = return_match.tenant_id AND r.id = return_match.return_id
  AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED'))
;;
-- Requests did not count until now: those that ask together for more than was delivered cannot all stand, and none of them is better than the others.
UPDATE sales_return SET status = 'REJECTED', reject_reason = 'more was asked for than was delivered', version = version + 1
WHERE status IN ('REQUESTED', 'APPROVED') AND EXISTS (
  SELECT 1 FROM return_match m JOIN order_line l ON l.tenant_id = m.tenant_id AND l.order_id = m.order_id AND l.position = m.order_position
  WHERE m.tenant_id = sales_return.tenant_id AND m.return_id = sales_return.id AND l.fulfilled - l.returned < (
    SELECT sum(a.quantity) FROM return_match a JOIN sales_return r ON r.tenant_id = a.tenant_id AND r.id = a.return_id AND r.status IN ('REQUESTED', 'APPROVED')
    WHERE a.tenant_id = m.tenant_id AND a.order_id = m.order_id AND a.order_position = m.order_position))
;;
UPDATE order_line SET return_pending = (
  SELECT sum(m.quantity) FROM return_match m JOIN sales_return r ON r.tenant_id = m.tenant_id AND r.id = m.return_id AND r.status IN ('REQUESTED', 'APPROVED')
  WHERE m.tenant_id = order_line.tenant_id AND m.order_id = order_line.order_id AND m.order_position = order_line.position)
WHERE EXISTS (
  SELECT 1 FROM return_match m JOIN sales_return r ON r.tenant_id = m.tenant_id AND r.id = m.return_id AND r.status IN ('REQUESTED', 'APPROVED')
  WHERE m.tenant_id = order_line.tenant_id AND m.order_id = order_line.order_id AND m.order_position = order_line.position)
