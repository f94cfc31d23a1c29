-- Null where none was given.
ALTER TABLE transfer ADD COLUMN metadata {TEXT}
;;
-- The revaluation that this one undoes.
ALTER TABLE revaluation ADD COLUMN reverses_id {UUID}
;;
CREATE UNIQUE INDEX revaluation_reverses ON revaluation (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL
;;
-- What the units were worth before they were revalued, as JSON. Null of other postings, and of those that an older release booked.
ALTER TABLE cost_posting ADD COLUMN worth_before {TEXT}
