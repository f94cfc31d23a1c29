//! Checks of rates that documents stored, against the rates that they were computed from.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    // A rate that was corrected later is still stored. The pivot of two rates is the euro.
    Check {
        invariant: "rate: one that a document froze is derived from stored ones of its day and source, or agreed for its purchase order",
        table: "exchange_rate",
        rests_on: tables![goods_receipt, invoice, purchase_charge, revaluation],
        broken: "SELECT f.place, 'rates of ' || f.source || ' of day ' || f.day || ' that lead from ' || f.paid || ' to ' || f.booked,
                   f.above || ' over ' || f.below
                 FROM (SELECT 'por:' || HEX(c.purchase_order_id) || ' charge ' || c.position AS place, coalesce(c.currency, '') AS paid,
                         coalesce(c.books_currency, '') AS booked, c.rate_numerator AS above, c.rate_denominator AS below, c.rate_day AS day,
                         c.rate_source AS source
                       FROM purchase_charge c WHERE c.tenant_id = $1 AND c.rate_numerator IS NOT NULL
                       UNION ALL SELECT 'grn:' || HEX(r.id), o.currency, coalesce(r.books_currency, ''), r.rate_numerator, r.rate_denominator, r.rate_day,
                         r.rate_source
                       FROM goods_receipt r JOIN purchase_order o ON o.tenant_id = $1 AND o.id = r.purchase_order_id
                       WHERE r.tenant_id = $1 AND r.rate_numerator IS NOT NULL
                         AND NOT (r.rate_source = 'PURCHASE_ORDER' AND r.rate_denominator = '1' AND r.rate_numerator = coalesce(o.fixed_rate, ''))
                       UNION ALL SELECT 'rvl:' || HEX(v.id), coalesce(v.charge_currency, ''), coalesce(v.charge_books_currency, ''), v.rate_numerator,
                         v.rate_denominator, v.rate_day, v.rate_source
                       FROM revaluation v WHERE v.tenant_id = $1 AND v.rate_numerator IS NOT NULL
                       UNION ALL SELECT 'inv:' || HEX(i.id), i.currency, coalesce(i.books_currency, ''), i.rate_numerator, i.rate_denominator, i.rate_day,
                         i.rate_source
                       FROM invoice i WHERE i.tenant_id = $1 AND i.rate_numerator IS NOT NULL) f
                 WHERE NOT EXISTS (SELECT 1 FROM exchange_rate x WHERE x.tenant_id = $1 AND x.day = f.day AND x.source = f.source
                     AND x.base = f.paid AND x.quote = f.booked AND x.rate = f.above AND f.below = '1')
                   AND NOT EXISTS (SELECT 1 FROM exchange_rate x WHERE x.tenant_id = $1 AND x.day = f.day AND x.source = f.source
                     AND x.base = f.booked AND x.quote = f.paid AND x.rate = f.below AND f.above = '1')
                   AND NOT EXISTS (SELECT 1 FROM exchange_rate x JOIN exchange_rate y ON y.tenant_id = $1 AND y.day = x.day AND y.source = x.source
                       AND y.base = x.base
                     WHERE x.tenant_id = $1 AND x.day = f.day AND x.source = f.source AND x.base = 'EUR' AND x.quote = f.booked AND x.rate = f.above
                       AND y.quote = f.paid AND y.rate = f.below)
                 ORDER BY f.place LIMIT 1",
    },
];
