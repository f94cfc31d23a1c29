ALTER TABLE replenishment_policy ADD COLUMN safety_stock_method {TEXT} CHECK (safety_stock_method IN ('QUANTILE', 'NORMAL', 'FILL_RATE'))
