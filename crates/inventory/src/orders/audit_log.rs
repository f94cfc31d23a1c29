//! Audit log entries of an order that was edited, held or released: its fields under their names in
//! the API. Other steps are described by their events.

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

use super::{
    core::{DraftSourcing, Line, Order, OrderDecision, OrderDetail, hold::Hold},
    events::{ORDER_HELD, ORDER_HOLD_LIFTED},
};

const CUSTOMER: &str = code::<kind::CustomerRead>();
/// Permission for fields that all readers of the order see. For free text an entry says only that
/// it changed, as no entry is ever erased.
const READER: &str = code::<kind::OrderRead>();

/// Returns the changed fields of the order that a decision names.
pub(super) fn order_changes(decision: &OrderDecision) -> Vec<Value> {
    let Some(order) = decision.orders.first() else { return Vec::new() };
    let mut listed_changes = Vec::new();
    if let Some(before) = &decision.before {
        let empty_detail = OrderDetail::of(order.id);
        let change = decision.details.iter().find(|detail_change| detail_change.after.order == order.id);
        let (old_detail, new_detail) =
            change.map(|detail_change| (detail_change.before.as_ref().unwrap_or(&empty_detail), &detail_change.after)).unzip();
        listed_changes.extend(differences(Some(&header(before, old_detail)), Some(&header(order, new_detail)), None));
        for draft in &decision.resourced {
            listed_changes.extend(differences(Some(&sourcing(draft.before)), Some(&sourcing(draft.after)), None));
        }
        listed_changes.extend(decision.personal.iter().cloned());
        listed_changes.extend(line_differences(
            (&before.lines, |line: &Line| line_fields(before, line)),
            (&order.lines, |line: &Line| line_fields(order, line)),
        ));
    }
    let is_held = decision.events.first().is_some_and(|fact| fact.kind == ORDER_HELD || fact.kind == ORDER_HOLD_LIFTED);
    if is_held || decision.before.is_some() {
        listed_changes.extend(decision.holds.iter().filter(|hold| hold.order == order.id).flat_map(hold_change));
    }
    cap_differences(listed_changes)
}

fn header(order: &Order, detail: Option<&OrderDetail>) -> Fields {
    let fields = Fields::default()
        .with("storeId", order.store)
        .with("channelId", order.channel)
        .with("placedAt", clock::rfc3339(order.placed_at))
        .masked("customerId", CUSTOMER, order.customer)
        .with("externalRef", &order.external_ref)
        .with("shippingCountry", &order.country)
        .with("currentTotal", money(Some(order.current_total())));
    let Some(detail) = detail else { return fields };
    let metadata: Value = serde_json::from_str(&detail.metadata).unwrap_or_default();
    fields
        .with("requestedFor", detail.requested_for.map(clock::rfc3339))
        .with("deliveryMethod", detail.delivery_method)
        .personal("noteForCustomer", READER, &detail.note_for_customer)
        .personal("noteForStaff", READER, &detail.note_for_staff)
        .with("tags", &detail.tags)
        .personal("metadata", READER, metadata)
}

/// Fields of a draft's sourcing, without its destination, which is the customer's location.
fn sourcing(draft_sourcing: Option<DraftSourcing>) -> Fields {
    let rule = draft_sourcing.map(|(rule, destination)| {
        let is_destined = destination.is_some();
        json!({ "strategy": rule.strategy, "split": rule.split, "maxStores": rule.max_stores, "hasDestination": is_destined })
    });
    Fields::default().with("sourcing", rule)
}

/// Fields of a line under its ID, for the quantity that is not cancelled.
fn line_fields(order: &Order, line: &Line) -> Fields {
    let id = order.line_id(line.position);
    let add_field = |fields: Fields, (name, value): (&str, Value)| fields.with(format!("lines.{id}.{name}"), value);
    line.audit_fields().into_iter().fold(Fields::default(), add_field)
}

/// The hold's reason and note are free text, and left out.
fn hold_change(hold: &Hold) -> Vec<Value> {
    let value = json!({ "kind": hold.kind, "ruleCode": hold.rule });
    let fields = Fields::default().with(format!("holds.{}", hold.id), value);
    match hold.lifted {
        None => differences(None, Some(&fields), None),
        Some(_) => differences(Some(&fields), None, None),
    }
}
