-- Invoices by their total in a currency. An invoice is written once.
CREATE INDEX invoice_total ON invoice (tenant_id, currency, total_minor, id)
;;
-- Works by the products of their lines, which do not change.
CREATE INDEX fulfilment_work_line_product ON fulfilment_work_line (tenant_id, product_id, work_id)
;;
-- Works by who took them, in the order in which they are listed.
CREATE INDEX fulfilment_work_assignee ON fulfilment_work (tenant_id, assignee_id, due_at, id) WHERE assignee_id IS NOT NULL
