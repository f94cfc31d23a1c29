@postgres CREATE FUNCTION products_with_text(uuid, text) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
BEGIN ATOMIC
  SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.search_text LIKE $2;
END
