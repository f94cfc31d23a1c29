@postgres CREATE FUNCTION products_with_words(uuid, tsquery) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
BEGIN ATOMIC
  SELECT p.id FROM product p WHERE p.tenant_id = $1 AND to_tsvector('simple', p.search_text) @@ $2;
END
