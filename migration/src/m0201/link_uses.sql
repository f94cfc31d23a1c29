-- The minute in which a link was last used; null where nobody has since. An older release leaves it as it is.
ALTER TABLE saved_view_link ADD COLUMN last_used_at {INT}
