ALTER TABLE replenishment_policy ADD COLUMN xyz_class {TEXT} CHECK (xyz_class IN ('X', 'Y', 'Z'))
;;
ALTER TABLE factor_series ADD COLUMN product_id {UUID}
;;
ALTER TABLE factor_series ADD COLUMN category_id {UUID}
