-- At most one row, on Postgres alone: the timeline of the server that the journals' epochs belong to, and whether commits waited for a standby then.
CREATE TABLE database_timeline (
  scope {TEXT} NOT NULL PRIMARY KEY CHECK (scope = 'DEPLOYMENT'), timeline {INT} NOT NULL, is_synchronous {BOOL} NOT NULL)
;;
@postgres CREATE FUNCTION kept_timeline() RETURNS TABLE (timeline bigint, is_synchronous boolean) LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
BEGIN ATOMIC
  SELECT t.timeline, t.is_synchronous FROM database_timeline t WHERE t.scope = 'DEPLOYMENT';
END
