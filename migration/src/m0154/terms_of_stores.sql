-- Tax numbers and payment terms of stores, as suppliers have them.
ALTER TABLE store ADD COLUMN tax_ids {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE store ADD COLUMN payment_terms {TEXT}
