WITH mine AS (
  SELECT c.oid, c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_forced, c.relname = 'tenant' OR
    EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = c.oid AND i.indisprimary AND a.attname = 'tenant_id') AS is_tenants, c.relowner
  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname !~ '{part}')
SELECT name || ' has no policy for its tenant''s rows' AS gap FROM mine WHERE is_tenants AND NOT (is_forced
  AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = mine.oid AND p.polname = 'of_tenant'
    AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%app.tenant_ids%'))
UNION ALL SELECT name || ' cannot be read by entrepot_steward' FROM mine WHERE NOT has_table_privilege('entrepot_steward', oid, 'SELECT')
UNION ALL SELECT name || ' can be reached by entrepot_app, and is no tenant''s' FROM mine WHERE NOT is_tenants AND name <> 'seaql_migrations'
  AND has_table_privilege('entrepot_app', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
UNION ALL SELECT c.relname || ' is a part of a table, and can be reached past its policies' FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname ~ '{part}'
    AND (has_table_privilege('entrepot_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
      OR has_table_privilege('entrepot_steward', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))
UNION ALL SELECT rolname || ' could pass by the policies' FROM pg_roles
  WHERE rolname IN ('entrepot_app', 'entrepot_steward') AND (rolsuper OR rolbypassrls)
UNION ALL SELECT pg_get_userbyid(relowner) || ' owns ' || name FROM mine WHERE pg_get_userbyid(relowner) IN ('entrepot_app', 'entrepot_steward')
UNION ALL SELECT m.rolname || ' is a member of ' || r.rolname FROM pg_auth_members g JOIN pg_roles m ON m.oid = g.member
  JOIN pg_roles r ON r.oid = g.roleid WHERE m.rolname IN ('entrepot_app', 'entrepot_steward')
ORDER BY 1
