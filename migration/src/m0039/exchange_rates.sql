CREATE TABLE exchange_rate (
    tenant_id {UUID} NOT NULL, id {UUID} NOT NULL,
    base {TEXT} NOT NULL CHECK (length(base) = 3), quote {TEXT} NOT NULL CHECK (length(quote) = 3),
    rate {TEXT} NOT NULL, day {SMALL} NOT NULL, source {TEXT} NOT NULL,
    actor_kind {TEXT} NOT NULL CHECK (actor_kind IN ('MEMBER', 'INTEGRATION', 'SYSTEM')), actor_id {UUID} NOT NULL,
    recorded_at {INT} NOT NULL, replaced_by {UUID},
    PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id) REFERENCES tenant, CHECK (base <> quote)
)
;;
CREATE UNIQUE INDEX exchange_rate_live ON exchange_rate (tenant_id, base, quote, day, source) WHERE replaced_by IS NULL
;;
CREATE INDEX exchange_rate_page ON exchange_rate (tenant_id, day, id)
;;
ALTER TABLE goods_receipt ADD COLUMN rate_numerator {TEXT}
;;
ALTER TABLE goods_receipt ADD COLUMN rate_denominator {TEXT}
;;
ALTER TABLE goods_receipt ADD COLUMN rate_day {SMALL}
;;
ALTER TABLE goods_receipt ADD COLUMN rate_source {TEXT}
;;
ALTER TABLE goods_receipt ADD COLUMN books_currency {TEXT}
;;
ALTER TABLE goods_receipt_line ADD COLUMN books_minor {INT}
