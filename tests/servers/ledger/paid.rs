//! Payments, holds and customers that do not fit their orders: each is named.

use super::broken::{Case, case};

/// Statements that break the invariants of payments and holds. A cancelled order has nothing due,
/// whatever is authorised.
pub const CASES: &[Case] = &[
    case(
        "UPDATE customer SET merged_into = id WHERE @ AND id = (SELECT o.customer_id FROM sales_order o WHERE o.tenant_id = {tenant} AND o.id = {partly})",
        &["order: its party is", "customer: a merged one points"],
    ),
    case(
        "UPDATE customer SET merged_into = id WHERE @;
         UPDATE sales_return SET customer_id = (SELECT c.id FROM customer c WHERE c.tenant_id = {tenant} ORDER BY c.id LIMIT 1) WHERE @ AND id = {requested}",
        &["return: its party is", "order: its party is", "customer: a merged one points"],
    ),
    case("UPDATE sales_order SET authorised_minor = 5 WHERE @ AND id = {cancelled}", &["order: its authorised, captured"]),
    case(
        "INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'REFUND', 5, currency, 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         UPDATE sales_order SET refunded_minor = 5, refund_status = 'PARTIAL' WHERE @ AND id = {cancelled}",
        &["order: its sums are 0"],
    ),
    case(
        "INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'CAPTURE', 5, 'SEK', 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         UPDATE sales_order SET captured_minor = 5, payment_status = 'OVERPAID' WHERE @ AND id = {cancelled}",
        &["payment: it is of its order's currency"],
    ),
    case(
        "INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'AUTHORISATION', 5, currency, 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {original}, id, 'AUTHORISATION', 10, currency, 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, parent_id, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {twin}, id, 'VOID', 6, currency, 'CARD', {new}, 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         UPDATE sales_order SET authorised_minor = 9 WHERE @ AND id = {cancelled}",
        &["payment: no more than its"],
    ),
    case(
        "INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'CAPTURE', 5, currency, 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, return_id, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {twin}, id, 'REFUND', 5, currency, 'CARD', {received}, 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         UPDATE sales_order SET captured_minor = 5, refunded_minor = 5, payment_status = 'PAID', refund_status = 'FULL' WHERE @ AND id = {cancelled}",
        &["return: no more is paid"],
    ),
    case(
        "INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'CAPTURE', 5, currency, 'CARD', 0, 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {cancelled};
         INSERT INTO payment (tenant_id, id, order_id, kind, amount_minor, currency, method, occurred_at, recorded_at, actor_kind, actor_id, reverses_id)
           SELECT tenant_id, {twin}, id, 'CAPTURE', 4, currency, 'CARD', 0, 0, 'MEMBER', {new}, {new} FROM sales_order WHERE @ AND id = {cancelled};
         UPDATE sales_order SET captured_minor = 1, payment_status = 'OVERPAID' WHERE @ AND id = {cancelled}",
        &["payment: a reversal mirrors its original,"],
    ),
    case(
        "UPDATE order_line SET tax_rate = CASE WHEN tax_minor = 0 THEN 1000000 ELSE 0 END WHERE @ AND order_id = {sold} AND position = 2",
        &["order line: a tax rate"],
    ),
    case("UPDATE return_match SET given_minor = 1 WHERE @ AND return_id = {requested}", &["order: its returned amount is the sum"]),
    case("UPDATE sales_order SET payment_status = 'PAID' WHERE @ AND id = {pending}", &["order: its statuses and kinds"]),
    case("UPDATE sales_order SET refund_status = 'FULL' WHERE @ AND id = {pending}", &["order: its statuses and kinds"]),
    case("UPDATE sales_order SET hold_kinds = 'FRAUD' WHERE @ AND id = {pending}", &["order: its statuses and kinds"]),
    case(
        "INSERT INTO sales_hold (tenant_id, id, order_id, kind, reason, placed_at, actor_kind, actor_id)
           SELECT tenant_id, {new}, id, 'CREDIT', 'limit', 0, 'MEMBER', {new} FROM sales_order WHERE @ AND id = {pending}",
        &["order: its statuses and kinds"],
    ),
];
