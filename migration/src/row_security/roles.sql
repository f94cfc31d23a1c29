DO $roles$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['entrepot_app', 'entrepot_steward'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database's migration was a moment earlier: roles belong to the whole server
      END;
    END IF;
    IF NOT pg_has_role(session_user, role, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
      EXECUTE format('GRANT %I TO %I', role, session_user);
    END IF;
  END LOOP;
END $roles$
