-- From which sizes on patterns are anomalies. Null: the default of the detector, which an older release has for all.
ALTER TABLE tenant ADD COLUMN anomaly_loss_units {INT} CHECK (anomaly_loss_units BETWEEN 1 AND 1000000)
;;
ALTER TABLE tenant ADD COLUMN anomaly_loss_amount {INT} CHECK (anomaly_loss_amount BETWEEN 1 AND 1000000)
;;
ALTER TABLE tenant ADD COLUMN anomaly_reversals {INT} CHECK (anomaly_reversals BETWEEN 2 AND 10000)
;;
ALTER TABLE tenant ADD COLUMN anomaly_short_counts {INT} CHECK (anomaly_short_counts BETWEEN 2 AND 20)
;;
ALTER TABLE tenant ADD COLUMN anomaly_duplicate_minutes {INT} CHECK (anomaly_duplicate_minutes BETWEEN 1 AND 1440)
;;
ALTER TABLE tenant ADD COLUMN anomaly_unmoved_days {INT} CHECK (anomaly_unmoved_days BETWEEN 30 AND 730)
