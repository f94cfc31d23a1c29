-- In millionths of the price less the discount; null where the tax of the line was stated as an amount, and on older invoices.
ALTER TABLE invoice_line ADD COLUMN tax_rate {INT}
;;
-- A kind of paper that older binaries do not know: `kind` is then one that they do. No rule lists the words, so that the next one needs no rebuilt table.
ALTER TABLE paper ADD COLUMN later_kind {TEXT}
