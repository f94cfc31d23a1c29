-- In millionths of the price less the discount; null where the tax of a line is stated as an amount.
ALTER TABLE order_line ADD COLUMN tax_rate {INT} CHECK (tax_rate BETWEEN 0 AND 1000000)
