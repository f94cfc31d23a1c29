ALTER TABLE replenishment_line ADD COLUMN score_on {SMALL}
;;
ALTER TABLE replenishment_line ADD COLUMN promised_millionths {SMALL} CHECK (promised_millionths BETWEEN 0 AND 1000000)
