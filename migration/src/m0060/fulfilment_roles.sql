UPDATE policy SET version = version + 1 WHERE tenant_id IN (
  SELECT tenant_id FROM role WHERE permissions LIKE '%"order.fulfil"%' AND permissions NOT LIKE '%"fulfilment.%')
;;
UPDATE role SET version = version + 1,
  permissions = replace(permissions, '"order.fulfil"', '"order.fulfil","fulfilment.read","fulfilment.work","fulfilment.ship","fulfilment.address.read"')
WHERE permissions LIKE '%"order.fulfil"%' AND permissions NOT LIKE '%"fulfilment.%'
