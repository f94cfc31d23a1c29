ALTER TABLE category ADD COLUMN description {TEXT}
;;
ALTER TABLE category ADD COLUMN seo_title {TEXT}
;;
ALTER TABLE category ADD COLUMN seo_description {TEXT}
;;
ALTER TABLE category ADD COLUMN is_active {BOOL} NOT NULL DEFAULT TRUE
;;
ALTER TABLE product ADD COLUMN weight_grams {SMALL} CHECK (weight_grams BETWEEN 0 AND 1000000000)
;;
ALTER TABLE product ADD COLUMN length_mm {SMALL} CHECK (length_mm BETWEEN 0 AND 1000000)
;;
ALTER TABLE product ADD COLUMN width_mm {SMALL} CHECK (width_mm BETWEEN 0 AND 1000000)
;;
ALTER TABLE product ADD COLUMN height_mm {SMALL} CHECK (height_mm BETWEEN 0 AND 1000000)
;;
ALTER TABLE product ADD COLUMN origin_country {TEXT}
;;
ALTER TABLE product ADD COLUMN tariff_number {TEXT}
;;
ALTER TABLE product ADD COLUMN tags {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE supplier ADD COLUMN contacts {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE supplier ADD COLUMN address {TEXT}
;;
ALTER TABLE supplier ADD COLUMN tax_ids {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE supplier ADD COLUMN payment_terms {TEXT}
;;
ALTER TABLE store ADD COLUMN contacts {TEXT} NOT NULL DEFAULT '[]'
;;
ALTER TABLE store ADD COLUMN address {TEXT}
