CREATE TABLE history_block (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, block {INT} NOT NULL CHECK (block >= 0),
  recorded_at {INT} NOT NULL, PRIMARY KEY (tenant_id, product_id, store_id, block),
  FOREIGN KEY (tenant_id, product_id, store_id) REFERENCES stock_level (tenant_id, product_id, store_id)) {APPEND}
;;
CREATE TABLE history_sum (
  tenant_id {UUID} NOT NULL, product_id {UUID} NOT NULL, store_id {UUID} NOT NULL, block {INT} NOT NULL, occurred_at {INT} NOT NULL,
  on_hand_delta {INT} NOT NULL, PRIMARY KEY (tenant_id, product_id, store_id, block, occurred_at),
  FOREIGN KEY (tenant_id, product_id, store_id, block) REFERENCES history_block (tenant_id, product_id, store_id, block)) {APPEND}
