@postgres CREATE FUNCTION products_with_terms(uuid, tsquery, tsquery) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
BEGIN ATOMIC
  WITH few AS MATERIALIZED (
    SELECT p.tenant_id, p.id, p.search_text FROM product p WHERE to_tsvector('simple', p.search_text) @@ $2 LIMIT 201)
  SELECT f.id FROM few f
  WHERE numnode($2) > 0 AND (SELECT count(*) FROM few) <= 200 AND f.tenant_id = $1 AND to_tsvector('simple', f.search_text) @@ $3
  UNION ALL
  SELECT p.id FROM product p
  WHERE (numnode($2) = 0 OR (SELECT count(*) FROM few) > 200) AND p.tenant_id = $1 AND to_tsvector('simple', p.search_text) @@ $3;
END
