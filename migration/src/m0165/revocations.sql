-- What was revoked lately is looked for each minute, across tenants, to be listed beside the backups.
CREATE INDEX api_key_revoked ON api_key (revoked_at) WHERE revoked_at IS NOT NULL
;;
CREATE INDEX member_suspended ON member (updated_at) WHERE status = 'SUSPENDED'
;;
CREATE INDEX customer_forgotten ON customer (updated_at) WHERE personal IS NULL AND name IS NULL AND email IS NULL AND external_ref IS NULL
