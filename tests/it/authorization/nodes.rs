//! Permissions that `node(id:)` needs, for every kind of object.

use std::collections::BTreeSet;

use entity::prelude::{Actor, MemberId};
use entrepot::access::Caller;
use serde_json::json;

use super::{calls::Calls, only_error, world::World};
use crate::world::on_both;

on_both!(a_node_needs_the_rights_of_its_type,);

/// Type and permission of a node, by the prefix of its ID. None: visible to its owner only.
const NODES: &[(&str, &str, Option<&str>)] = &[
    ("prd", "Product", Some("product.read")),
    ("cat", "Category", Some("product.read")),
    ("sup", "Supplier", Some("product.read")),
    ("fam", "ProductFamily", Some("product.read")),
    ("sto", "Store", Some("store.read")),
    ("cus", "Customer", Some("customer.read")),
    ("chn", "Channel", Some("channel.read")),
    ("lvl", "StockLevel", Some("stock.read")),
    ("mov", "StockMovement", Some("stock.movement.read")),
    ("ent", "StockEntry", Some("stock.movement.read")),
    ("rsv", "Reservation", Some("stock.read")),
    ("lot", "Lot", Some("stock.read")),
    ("ord", "Order", Some("order.read")),
    ("oln", "OrderLine", Some("order.read")),
    ("ful", "Fulfilment", Some("order.read")),
    ("fwk", "FulfilmentWork", Some("fulfilment.read")),
    ("fwv", "FulfilmentWave", Some("fulfilment.read")),
    ("pcl", "Parcel", Some("fulfilment.read")),
    ("car", "Carrier", Some("fulfilment.read")),
    ("ret", "Return", Some("order.read")),
    ("pay", "Payment", Some("order.read")),
    ("trf", "Transfer", Some("transfer.read")),
    ("cnt", "Stocktake", Some("count.read")),
    ("por", "PurchaseOrder", Some("purchase.read")),
    ("pol", "PurchaseOrderLine", Some("purchase.read")),
    ("grn", "GoodsReceipt", Some("purchase.read")),
    ("srt", "SupplierReturn", Some("purchase.read")),
    ("rvl", "StockRevaluation", Some("product.cost.read")),
    ("bor", "BlanketOrder", Some("purchase.read")),
    ("rev", "DocumentReversal", Some("stock.movement.read")),
    ("fxr", "ExchangeRate", Some("rate.read")),
    ("ten", "Tenant", None),
    ("mem", "Member", None),
    ("rol", "Role", Some("role.read")),
    ("grp", "StoreGroup", Some("store.read")),
    ("int", "Integration", Some("apikey.read")),
    ("key", "ApiKey", Some("apikey.read")),
    ("ses", "Session", None),
    ("aud", "AuditEntry", Some("audit.read")),
    ("job", "BackgroundJob", Some("job.read")),
    ("whe", "WebhookEndpoint", Some("webhook.read")),
    ("fil", "File", Some("file.write")),
    ("exc", "DataJob", Some("exchange.run")),
    ("img", "ProductImage", Some("product.read")),
    ("doc", "ProductDocument", Some("product.read")),
    ("alr", "Alert", Some("alert.read")),
    ("arl", "AlertRule", Some("alert_rule.write")),
    ("anm", "StockAnomaly", Some("report.read")),
    ("rpl", "ReplenishmentPlan", Some("purchase.read")),
    ("lqp", "LiquidationPlan", Some("purchase.read")),
    ("rpp", "ReplenishmentPolicy", Some("stock.policy")),
    ("nte", "Note", Some("product.read")),
    ("att", "Attachment", Some("product.read")),
    ("svw", "SavedView", Some("view.read")),
    ("ppr", "Paper", Some("order.read")),
    ("inv", "Invoice", Some("order.read")),
    ("len", "LegalEntity", Some("tenant.write")),
];

fn node(prefix: &str) -> &'static (&'static str, &'static str, Option<&'static str>) {
    NODES.iter().find(|(known, ..)| *known == prefix).unwrap_or_else(|| panic!("{prefix} has no case"))
}

/// The type of a node, by the prefix of its ID.
pub fn type_of(prefix: &str) -> &'static str {
    node(prefix).1
}

async fn a_node_needs_the_rights_of_its_type(world: &World) {
    let calls = Calls::of_the_schema();
    let company = &world.ours;
    let query = "query($id: ID!) { node(id: $id) { __typename id } }";
    for (prefix, id) in company.nodes() {
        let (_, kind, needed) = node(prefix);
        let variables = json!({ "id": id });
        if let Some(needed) = needed {
            let denied = world.execute(company, Some(company.owner_with(&[])), query, &variables).await;
            assert_eq!(only_error(&denied, kind), (json!("FORBIDDEN"), json!(needed)), "{kind}");
        }
        if let Some(guarded) = calls.needed_for(kind).filter(|_| *kind != "Member") {
            assert_eq!(Some(guarded.as_str()), *needed, "{kind}");
        }
        let allowed: Vec<&str> = needed.iter().copied().collect();
        let answer = world.execute(company, Some(company.owner_with(&allowed)), query, &variables).await;
        assert_eq!(answer, json!({ "data": { "node": { "__typename": kind, "id": id } }, "errors": null }), "{kind}");
        let anonymous = world.execute(company, None, query, &variables).await;
        assert_eq!(only_error(&anonymous, kind).0, json!("UNAUTHENTICATED"), "{kind}");
        let foreign = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &variables).await;
        assert_eq!(foreign, json!({ "data": { "node": null }, "errors": null }), "{kind} of another tenant");
    }
    // Interfaces of Node that no id leads to would be a promise that is not kept.
    let served: BTreeSet<String> = calls.members("Node").into_iter().collect();
    assert_eq!(served, NODES.iter().map(|(_, kind, _)| (*kind).to_owned()).collect(), "each kind of node has a case");
    let stranger = Caller { actor: Actor::member(MemberId::NIL), ..company.owner_with(&[]) };
    let denied = world.execute(company, Some(stranger), query, &json!({ "id": company.ids["mem"] })).await;
    assert_eq!(only_error(&denied, "another member"), (json!("FORBIDDEN"), json!("member.read")));
}
