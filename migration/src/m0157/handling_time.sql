-- The time that a store takes from an order to its shipment: hours, working days and weekdays of work. An object without fields is none.
ALTER TABLE store ADD COLUMN handling_time {TEXT} NOT NULL DEFAULT '{}'
