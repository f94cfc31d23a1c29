ALTER TABLE stock_level ADD COLUMN bin_location {TEXT}
