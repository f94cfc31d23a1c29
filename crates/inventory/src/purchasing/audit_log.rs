//! Audit log entries of a purchase order that was edited, amended or confirmed: its fields under
//! the names that the API gives them. Other steps are logged by their events.

use iam::access::{code, kind};
use platform::{
    audit::{
        Fields,
        fields::{cap_differences, differences, line_differences},
        money,
    },
    clock,
};
use serde_json::{Value, json};

use super::core::{Charge, Line, PurchaseDecision, PurchaseOrder};

const COST: &str = code::<kind::ProductCostRead>();

/// Returns the changes of the order that a decision names.
pub(super) fn purchase_changes(decision: &PurchaseDecision) -> Vec<Value> {
    let order_pair = decision.before.as_deref().zip(decision.orders.first());
    let Some((before, after)) = order_pair.filter(|(before, after)| before.id == after.id) else { return Vec::new() };
    let mut listed_changes = differences(Some(&header(before)), Some(&header(after)), None);
    listed_changes.extend(line_differences(
        (&before.lines, |line: &Line| line_fields(before, line)),
        (&after.lines, |line: &Line| line_fields(after, line)),
    ));
    cap_differences(listed_changes)
}

fn header(order: &PurchaseOrder) -> Fields {
    let charge = |charge: &Charge| {
        json!({ "kind": charge.kind, "basis": charge.basis, "name": charge.name, "amount": money(Some(charge.amount)),
            "supplierId": charge.supplier })
    };
    Fields::default()
        .with("revision", order.revision)
        .with("fixedRate", order.fixed_rate.map(|fixed| fixed.rate.to_string()))
        .with("expectedOn", order.expected_on.map(clock::day_text))
        .with("externalRef", &order.external_ref)
        .with("note", &order.note)
        .with("overDeliveryPercent", order.over_percent)
        .with("underDeliveryPercent", order.under_percent)
        .masked("charges", COST, order.charges.iter().map(charge).collect::<Vec<_>>())
        .masked("total", COST, money(order.total()))
}

/// Returns the fields of a line, with its ID in their paths.
fn line_fields(order: &PurchaseOrder, line: &Line) -> Fields {
    let id = order.line_id(line.position);
    let path = |field: &str| format!("lines.{id}.{field}");
    Fields::default()
        .with(path("sku"), &line.sku)
        .with(path("quantity"), line.quantity)
        .masked(path("unitCost"), COST, money(Some(line.unit_cost)))
        .with(path("expectedOn"), line.expected_on.map(clock::day_text))
        .with(path("confirmedOn"), line.confirmed.on.map(clock::day_text))
        .with(path("confirmedQuantity"), line.confirmed.quantity)
        .with(path("cancelledAt"), line.cancelled_at.map(clock::rfc3339))
}
