CREATE TABLE secret_key (
  id {TEXT} PRIMARY KEY, serial {INT} NOT NULL UNIQUE CHECK (serial > 0), check_sealed {BYTES} NOT NULL,
  created_at {INT} NOT NULL, retired_at {INT})
