-- Who has changed what is agreed since it was written, as kind and id; null where nobody has.
ALTER TABLE blanket_order ADD COLUMN editors {TEXT}
;;
CREATE INDEX blanket_order_reference ON blanket_order (tenant_id, external_ref) WHERE external_ref IS NOT NULL
;;
CREATE INDEX blanket_order_from ON blanket_order (tenant_id, valid_from, number)
;;
CREATE INDEX blanket_order_to ON blanket_order (tenant_id, valid_to, number)
