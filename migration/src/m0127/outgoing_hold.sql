-- At most one row: while it is there, jobs with an effect outside the deployment are not run.
CREATE TABLE outgoing_hold (
  scope {TEXT} NOT NULL PRIMARY KEY CHECK (scope = 'DEPLOYMENT'), held_at {INT} NOT NULL, reason {TEXT} NOT NULL)
