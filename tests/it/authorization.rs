//! Permissions of callers over the whole schema: a root field without a case here fails, and so
//! does a way around a permission.

mod also;
pub mod calls;
pub mod crossing;
mod exporting;
mod hooks;
mod id_names;
mod kinds;
mod money;
mod costs;
mod moves;
mod need;
pub mod nodes;
mod purchases;
mod refusals;
mod roads;
mod shapes;
mod stale_sessions;
mod step_up;
mod typenames;
mod ways;
pub mod world;

use std::collections::BTreeSet;

use async_graphql::parser::types::FieldDefinition;
use entrepot::access::REGISTRY;
use serde_json::{Value, json};

use also::{FOR_MORE, LAST, ON_OBJECTS};
use calls::{Calls, least, required};
use need::Needs::{self, May, Nothing, SignIn};
use world::World;

on_both!(each_root_field_asks_for_its_permission);

use crate::world::on_both;

/// Root fields and the permissions that they need. A new field needs a line here, which states its
/// callers independently of the code.
const CASES: &[(&str, Needs)] = &[
    ("node", SignIn),
    ("nodes", SignIn),
    ("scan", SignIn),
    ("scanCode", SignIn),
    ("search", SignIn),
    ("viewer", SignIn),
    ("rateLimit", SignIn),
    ("numberPatterns", SignIn),
    ("product", May("product.read")),
    ("products", May("product.read")),
    ("productsCount", May("product.read")),
    ("productFamily", May("product.read")),
    ("productFamilies", May("product.read")),
    ("category", May("product.read")),
    ("categories", May("product.read")),
    ("supplier", May("product.read")),
    ("suppliers", May("product.read")),
    ("permissions", SignIn),
    ("roles", May("role.read")),
    ("integrations", May("apikey.read")),
    ("store", May("store.read")),
    ("storeGroups", May("store.read")),
    ("stores", May("store.read")),
    ("customer", May("customer.read")),
    ("customers", May("customer.read")),
    ("customersCount", May("customer.read")),
    ("channel", May("channel.read")),
    ("channels", May("channel.read")),
    ("stockLevels", May("stock.read")),
    ("stockMovements", May("stock.movement.read")),
    ("lots", May("stock.read")),
    ("lotTrace", May("stock.movement.read")),
    ("expiringLots", May("stock.read")),
    ("availabilityExplanation", May("stock.read")),
    ("availabilityForecast", May("stock.read")),
    ("forecasts", May("report.read")),
    ("lotCreate", May("lot.write")),
    ("lotUpdate", May("lot.write")),
    ("lotQuarantine", May("lot.write")),
    ("lotRelease", May("lot.write")),
    ("lotRecall", May("lot.write")),
    ("stockMove", May("stock.adjust")),
    ("order", May("order.read")),
    ("orders", May("order.read")),
    ("ordersCount", May("order.read")),
    ("return", May("order.read")),
    ("returns", May("order.read")),
    ("backorders", May("order.read")),
    ("sourcing", May("store.read")),
    ("sourcingSet", May("store.write")),
    ("blanketOrder", May("purchase.read")),
    ("blanketOrders", May("purchase.read")),
    ("blanketOrderCreate", May("purchase.write")),
    ("blanketOrderActivate", May("purchase.approve")),
    ("blanketOrderClose", May("purchase.write")),
    ("purchaseOrder", May("purchase.read")),
    ("purchaseOrders", May("purchase.read")),
    ("purchaseOrderHtml", May("purchase.read")),
    ("supplierReturns", May("purchase.read")),
    ("supplierProducts", May("product.read")),
    ("supplierPerformance", May("purchase.read")),
    ("reorderSuggestions", May("purchase.read")),
    ("purchaseOrderCreate", May("purchase.write")),
    ("purchaseOrderUpdate", May("purchase.write")),
    ("purchaseOrderSubmit", May("purchase.write")),
    ("purchaseOrderPlace", May("purchase.write")),
    ("purchaseOrderClose", May("purchase.write")),
    ("purchaseOrderCancel", May("purchase.write")),
    ("purchaseOrderSend", May("purchase.write")),
    ("purchaseOrderConfirm", May("purchase.write")),
    ("purchaseOrderAmend", May("purchase.write")),
    ("purchaseOrderApprove", May("purchase.approve")),
    ("purchaseOrderReject", May("purchase.approve")),
    ("purchaseOrderReceive", May("purchase.receive")),
    ("supplierReturnCreate", May("purchase.receive")),
    ("supplierProductBulkUpsert", May("product.write")),
    ("supplierProductArchive", May("product.write")),
    ("supplierProductRestore", May("product.write")),
    ("reorderPolicySet", May("stock.policy")),
    ("purchaseOrdersCreateFromSuggestions", May("purchase.write")),
    ("salesReport", May("report.read")),
    ("movementReport", May("report.read")),
    ("salesSummary", May("report.read")),
    ("stockDigest", May("stock.read")),
    ("stockDigestLevels", May("stock.read")),
    ("movementSummary", May("report.read")),
    ("auditEntries", May("audit.read")),
    ("auditVerify", May("audit.read")),
    ("jobs", May("job.read")),
    ("recurringJobs", May("job.read")),
    ("backups", May("job.read")),
    ("webhookEndpoints", May("webhook.read")),
    ("webhookEventTypes", SignIn),
    ("dataJobs", May("exchange.run")),
    ("productLabels", May("product.read")),
    ("register", Nothing),
    ("login", Nothing),
    ("sessionRefresh", Nothing),
    ("mfaVerify", Nothing),
    ("passwordResetRequest", Nothing),
    ("passwordReset", Nothing),
    ("emailVerify", Nothing),
    ("emailVerificationRequest", SignIn),
    ("passwordChange", SignIn),
    ("profileUpdate", SignIn),
    ("tenantSwitch", SignIn),
    ("tenantLeave", SignIn),
    ("member", May("member.read")),
    ("members", May("member.read")),
    ("memberInvite", May("member.invite")),
    ("invitationAccept", Nothing),
    ("invitationResend", May("member.invite")),
    ("invitationRevoke", May("member.invite")),
    ("memberRemove", May("member.write")),
    ("sandboxCreate", May("sandbox.write")),
    ("memberSuspend", May("member.write")),
    ("memberResume", May("member.write")),
    ("reauthenticate", SignIn),
    ("totpEnrol", SignIn),
    ("totpConfirm", SignIn),
    ("totpRemove", SignIn),
    ("backupCodesRegenerate", SignIn),
    ("memberMfaReset", May("member.write")),
    ("roleCreate", May("role.write")),
    ("roleUpdate", May("role.write")),
    ("roleDelete", May("role.write")),
    ("memberRolesSet", May("member.write")),
    ("integrationCreate", May("apikey.write")),
    ("integrationUpdate", May("apikey.write")),
    ("integrationDisable", May("apikey.write")),
    ("apiKeyCreate", May("apikey.write")),
    ("apiKeyRoll", May("apikey.write")),
    ("apiKeyRevoke", May("apikey.write")),
    ("storeGroupCreate", May("store.write")),
    ("storeGroupUpdate", May("store.write")),
    ("logout", SignIn),
    ("sessionRename", SignIn),
    ("sessionRevoke", SignIn),
    ("sessionRevokeOthers", SignIn),
    ("tenantUpdate", May("tenant.write")),
    ("numberPatternSet", May("tenant.write")),
    ("jobRetry", May("job.manage")),
    ("webhookEndpointCreate", May("webhook.manage")),
    ("webhookEndpointUpdate", May("webhook.manage")),
    ("webhookEndpointDelete", May("webhook.manage")),
    ("webhookEndpointRotateSecret", May("webhook.manage")),
    ("webhookEndpointTest", May("webhook.manage")),
    ("webhookEndpointReplay", May("webhook.manage")),
    ("fileUploadCreate", May("file.write")),
    ("importCreate", May("exchange.run")),
    ("exportCreate", May("exchange.run")),
    ("dataJobCancel", May("exchange.run")),
    ("bulkOperationRun", May("exchange.run")),
    ("dataJobChanged", May("exchange.run")),
    ("productImageAdd", May("product.write")),
    ("productImageRemove", May("product.write")),
    ("productImageReorder", May("product.write")),
    ("productDocumentAdd", May("product.write")),
    ("productDocumentRemove", May("product.write")),
    ("productLabelSheetCreate", May("product.read")),
    ("productCreate", May("product.write")),
    ("productUpdate", May("product.write")),
    ("productArchive", May("product.write")),
    ("kitSet", May("product.write")),
    ("productBulkUpsert", May("product.write")),
    ("productFamilyCreate", May("product.write")),
    ("productFamilyArchive", May("product.write")),
    ("productFamilyRestore", May("product.write")),
    ("categoryCreate", May("product.write")),
    ("categoryUpdate", May("product.write")),
    ("categoryArchive", May("product.write")),
    ("categoryRestore", May("product.write")),
    ("categoryBulkUpsert", May("product.write")),
    ("supplierCreate", May("product.write")),
    ("supplierUpdate", May("product.write")),
    ("supplierArchive", May("product.write")),
    ("supplierRestore", May("product.write")),
    ("storeCreate", May("store.write")),
    ("storeUpdate", May("store.write")),
    ("storeArchive", May("store.write")),
    ("customerCreate", May("customer.write")),
    ("customerUpdate", May("customer.write")),
    ("customerErase", May("customer.erase")),
    ("customerBulkUpsert", May("customer.write")),
    ("channelCreate", May("channel.write")),
    ("channelArchive", May("channel.write")),
    ("channelRestore", May("channel.write")),
    ("stockAdjust", May("stock.adjust")),
    ("stockSet", May("stock.set")),
    ("stockReverse", May("stock.reverse")),
    ("documentReverse", May("document.reverse")),
    ("documentReversals", May("stock.movement.read")),
    ("stockReserve", May("stock.reserve")),
    ("stockRelease", May("stock.reserve")),
    ("orderCreate", May("order.write")),
    ("orderConfirm", May("order.write")),
    ("orderClose", May("order.write")),
    ("orderUpdate", May("order.write")),
    ("orderReopen", May("order.write")),
    ("orderFulfil", May("order.fulfil")),
    ("orderCancel", May("order.cancel")),
    ("orderHoldSet", May("order.hold")),
    ("orderHoldLift", May("order.hold")),
    ("paymentRecord", May("payment.write")),
    ("paymentsRecord", May("payment.write")),
    ("returnCreate", May("order.return")),
    ("returnApprove", May("return.approve")),
    ("returnReject", May("return.approve")),
    ("returnReceive", May("order.return")),
    ("returnInspect", May("order.return")),
    ("returnClose", May("return.approve")),
    ("stockChanged", May("stock.read")),
    ("stockThresholdCrossed", May("stock.read")),
    ("orderChanged", May("order.read")),
    ("events", SignIn),
];

/// Error codes that a valid call may get because of the state of the database: earlier calls have
/// closed the order, or changed the rows that it would change.
const BY_STATE: [&str; 6] =
    ["INVALID_STATE", "IN_USE", "INVALID_CREDENTIALS", "TOKEN_EXPIRED", "MFA_INVALID", "VERSION_CONFLICT"];

fn needs(field: &FieldDefinition) -> Needs {
    let case = CASES.iter().chain(moves::CASES).chain(costs::CASES).find(|(name, _)| *name == field.name.node);
    case.unwrap_or_else(|| panic!("{} has no case in tests/it/authorization.rs: say who may call it", field.name)).1
}

/// Returns the one permission of a caller that may call a field of signed-in callers.
fn just_enough(field: &FieldDefinition) -> &'static str {
    if let May(permission) = needs(field) { permission } else { "product.read" }
}

#[test]
fn each_root_field_says_who_may_call_it() {
    let calls = Calls::of_the_schema();
    let mut seen = BTreeSet::new();
    for (_, field) in calls.roots() {
        let says: Vec<String> = field
            .directives
            .iter()
            .map(|directive| directive.node.name.to_string())
            .filter(|name| ["requires", "authenticated", "public"].contains(&name.as_str()))
            .collect();
        let expected = match needs(field) {
            Nothing => "public",
            SignIn => "authenticated",
            May(_) => "requires",
        };
        assert_eq!(says, [expected], "{} says exactly one of @requires, @authenticated and @public", field.name);
        if let May(permission) = needs(field) {
            assert_eq!(required(&field.directives).as_deref(), Some(permission), "{}", field.name);
            assert!(REGISTRY.iter().any(|known| known.code == permission), "{permission} is not in the registry");
        }
        seen.insert(field.name.to_string());
    }
    let idle: Vec<_> = CASES.iter().chain(moves::CASES).chain(costs::CASES).filter(|(name, _)| !seen.contains(*name)).collect();
    assert!(idle.is_empty(), "cases of fields that are not served: {idle:?}");
}

fn only_error(answer: &Value, what: &str) -> (Value, Value) {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{what} was answered: {answer:#}"));
    assert_eq!(errors.len(), 1, "{what}: {answer:#}");
    (errors[0]["code"].clone(), errors[0]["permission"].clone())
}

async fn each_root_field_asks_for_its_permission(world: &World) {
    let calls = Calls::of_the_schema();
    let company = &world.ours;
    let before = world.dump(company.owner.tenant).await;
    for (operation, field) in calls.roots() {
        let (needed, name) = (needs(field), field.name.node.as_str());
        let variables = calls.variables(company, field, None);
        let document = calls.document(operation, field, &variables, least(&calls, field));
        if needed != Nothing {
            let answer = world.execute(company, None, &document, &variables).await;
            assert_eq!(only_error(&answer, name), (json!("UNAUTHENTICATED"), Value::Null), "anonymous: {name}");
        }
        if let May(permission) = needed {
            let answer = world.execute(company, Some(company.owner_with(&[])), &document, &variables).await;
            assert_eq!(only_error(&answer, name), (json!("FORBIDDEN"), json!(permission)), "without permissions: {name}");
            let others: Vec<&str> = REGISTRY.iter().map(|known| known.code).filter(|code| *code != permission).collect();
            let answer = world.execute(company, Some(company.owner_with(&others)), &document, &variables).await;
            assert_eq!(only_error(&answer, name), (json!("FORBIDDEN"), json!(permission)), "with all other permissions: {name}");
        }
    }
    assert_eq!(world.dump(company.owner.tenant).await, before, "a denial changed something");
    for (operation, field) in calls.roots() {
        // A tenant's owner who names another tenant's rows finds nothing, with any selection.
        let variables = calls.variables(company, field, None);
        let document = calls.document(operation, field, &variables, least(&calls, field));
        let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), &document, &variables).await;
        assert!(!answer.to_string().contains(company.word), "{}: {answer:#}", field.name);
    }
    assert_eq!(world.dump(company.owner.tenant).await, before, "another tenant's owner changed something");
    // Calls that erase or delete for good come last, because afterwards no call on their objects is
    // valid.
    let mut roots: Vec<_> = calls.roots().collect();
    roots.sort_by_key(|(_, field)| field.name.node.ends_with("Erase") || LAST.contains(&field.name.node.as_str()));
    for (operation, field) in roots {
        let variables = calls.variables(company, field, None);
        let document = calls.document(operation, field, &variables, least(&calls, field));
        let permissions = match needs(field) {
            // A caller that writes on a product must be able to change it.
            SignIn if ON_OBJECTS.contains(&field.name.node.as_str()) => vec!["product.read", "product.write"],
            // A paper is created and shown with the right to its document, here an order.
            SignIn if ["papers", "paperCreate"].contains(&field.name.node.as_str()) => vec!["order.read"],
            // Objects behind an ID or a code need permissions of their own.
            SignIn if field.name.node != "viewer" => vec!["product.read"],
            Nothing | SignIn => vec![],
            May(_) if FOR_MORE.contains(&field.name.node.as_str()) => REGISTRY.iter().map(|known| known.code).collect(),
            May(permission) => vec![permission],
        };
        let caller = (needs(field) != Nothing).then(|| company.owner_with(&permissions));
        let answer = world.execute(company, caller, &document, &variables).await;
        assert!(answer["errors"].is_null(), "{} with just {permissions:?}: {answer:#}", field.name);
        // A case that is refused for its form would prove little: what remains are refusals by the state of things.
        let refusals = answer["data"][field.name.node.as_str()]["userErrors"].as_array().cloned().unwrap_or_default();
        let by_form = refusals.iter().find(|refusal| !BY_STATE.iter().any(|code| refusal["code"] == *code));
        assert_eq!(by_form, None, "{} is not called validly", field.name);
    }
}
