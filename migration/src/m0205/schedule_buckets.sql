ALTER TABLE saved_view_schedule ADD COLUMN endpoint {TEXT}
;;
ALTER TABLE saved_view_schedule ADD COLUMN bucket {TEXT}
;;
ALTER TABLE saved_view_schedule ADD COLUMN region {TEXT}
;;
ALTER TABLE saved_view_schedule ADD COLUMN prefix {TEXT}
;;
ALTER TABLE saved_view_schedule ADD COLUMN access_key_id {TEXT}
;;
ALTER TABLE saved_view_schedule ADD COLUMN secret_sealed {BYTES}
