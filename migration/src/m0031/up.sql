CREATE TABLE schema_compatibility (
  id {SMALL} PRIMARY KEY CHECK (id = 1),
  needs {TEXT} NOT NULL
)
