//! Moves and counts of a company's stock.

use std::collections::BTreeMap;

use entity::{
    prelude::{FulfilmentWaveId, Timestamp},
    tables::fulfilment_wave,
};
use serde_json::json;

use super::{
    Needs::{self, May, SignIn},
    world::{Company, World, text},
};

/// Root fields of reversed payments, works, transfers, counts, alerts, merges, archiving, drafts of
/// blanket orders and short lists, and the permissions that they need.
pub const CASES: &[(&str, Needs)] = &[
    ("blanketOrderUpdate", May("purchase.write")),
    ("paymentReverse", May("payment.write")),
    ("purchaseOrderChargeAdd", May("cost.write")),
    ("paperSettings", May("tenant.write")),
    ("paperSettingsSet", May("tenant.write")),
    ("supplierPerformances", May("purchase.read")),
    ("productTagSuggestions", May("product.read")),
    ("productDescriptionEndpoint", May("tenant.write")),
    ("productDescriptionEndpointSet", May("tenant.write")),
    ("productDescriptionPrompt", May("product.read")),
    ("productDescriptionPropose", May("product.write")),
    ("customerMerge", May("customer.merge")),
    ("supplierMerge", May("supplier.merge")),
    ("customerUnmerge", May("customer.merge")),
    ("supplierUnmerge", May("supplier.merge")),
    ("nodeTagsSet", SignIn),
    ("customerArchive", May("customer.write")),
    ("customerRestore", May("customer.write")),
    ("storeRestore", May("store.write")),
    ("legalEntityArchive", May("tenant.write")),
    ("legalEntityRestore", May("tenant.write")),
    ("storeGroupArchive", May("store.write")),
    ("storeGroupRestore", May("store.write")),
    ("fulfilmentWork", May("fulfilment.read")),
    ("fulfilmentWorks", May("fulfilment.read")),
    ("fulfilmentWorksCount", May("fulfilment.read")),
    ("fulfilmentWorkChanged", May("fulfilment.read")),
    ("fulfilmentWorkAccept", May("fulfilment.work")),
    ("fulfilmentWorkReject", May("fulfilment.work")),
    ("fulfilmentWorkPick", May("fulfilment.work")),
    ("fulfilmentWorkUnpick", May("fulfilment.work")),
    ("fulfilmentWorkPack", May("fulfilment.work")),
    ("fulfilmentWorkReady", May("fulfilment.work")),
    ("fulfilmentWorkShip", May("fulfilment.ship")),
    ("fulfilmentWorkCollect", May("fulfilment.ship")),
    ("fulfilmentWorkMove", May("fulfilment.assign")),
    ("fulfilmentDeliver", May("fulfilment.ship")),
    ("fulfilmentFail", May("fulfilment.ship")),
    ("fulfilmentTrackingSet", May("fulfilment.ship")),
    ("fulfilmentWave", May("fulfilment.read")),
    ("fulfilmentWaves", May("fulfilment.read")),
    ("fulfilmentWaveCreate", May("fulfilment.work")),
    ("fulfilmentWavePick", May("fulfilment.work")),
    ("fulfilmentWavePack", May("fulfilment.work")),
    ("fulfilmentWaveReady", May("fulfilment.work")),
    ("readyEmail", May("store.read")),
    ("readyEmailSet", May("store.write")),
    ("fulfilmentWaveShip", May("fulfilment.ship")),
    ("fulfilmentWaveClose", May("fulfilment.work")),
    ("carriers", May("fulfilment.read")),
    ("carrierUpsert", May("store.write")),
    ("transfer", May("transfer.read")),
    ("stocktake", May("count.read")),
    ("stocktakesDueList", May("count.read")),
    ("stocktakes", May("count.read")),
    ("countsDue", May("count.read")),
    ("transfers", May("transfer.read")),
    ("stocktakeCreate", May("count.write")),
    ("stocktakeStart", May("count.write")),
    ("stocktakeRecord", May("count.record")),
    ("stocktakeSubmit", May("count.record")),
    ("stocktakeRecount", May("count.review")),
    ("stocktakeApprove", May("count.approve")),
    ("stocktakeCancel", May("count.write")),
    ("transferCreate", May("transfer.write")),
    ("transferUpdate", May("transfer.write")),
    ("transferMarkReady", May("transfer.ship")),
    ("transferShip", May("transfer.ship")),
    ("transferReceive", May("transfer.receive")),
    ("transferClose", May("transfer.receive")),
    ("transferCancel", May("transfer.write")),
    ("alerts", May("alert.read")),
    ("alertChanged", May("alert.read")),
    ("alertRules", May("alert_rule.write")),
    ("alertAcknowledge", May("alert.write")),
    ("alertSnooze", May("alert.write")),
    ("alertAssign", May("alert.write")),
    ("alertResolve", May("alert.write")),
    ("alertRuleUpsert", May("alert_rule.write")),
    ("alertRuleDelete", May("alert_rule.write")),
    ("reorderSuggestionsList", May("purchase.read")),
    ("outgoingHeldSince", May("job.read")),
    ("standingJobs", May("job.read")),
    ("recurringJobsList", May("job.read")),
    ("permissionsList", SignIn),
    ("rolesList", May("role.read")),
    ("storeGroupsList", May("store.read")),
    ("integrationsList", May("apikey.read")),
    ("carriersList", May("fulfilment.read")),
    ("holdRulesList", May("tenant.write")),
    ("alertRulesList", May("alert_rule.write")),
    ("legalEntitiesList", May("tenant.write")),
    ("numberPatternsList", SignIn),
    ("webhookEndpointsList", May("webhook.read")),
    ("eventTypes", SignIn),
];

impl World {
    /// The order's work, its shipped parcel, and a carrier; and goods in the other store, to which
    /// the rest can be moved.
    pub async fn works(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let input = json!({ "idempotencyKey": format!("{word}-works"), "kind": "RECEIPT", "reasonCode": "PURCHASE",
            "changes": [{ "product": { "id": ids["prd"] }, "store": { "id": company.depot }, "delta": 1_000 }] });
        let query = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { levels { id } userErrors { code field message } } }";
        self.must_mutate(company, query, json!({ "input": input })).await;
        let query = "query($order: ID!) { fulfilmentWorks(filter: { order: { eq: $order } }) { nodes { id parcels { id } } } }";
        let found = self.execute(company, Some(company.owner.clone()), query, &json!({ "order": ids["ord"] })).await;
        let work = &found["data"]["fulfilmentWorks"]["nodes"][0];
        ids.insert("fwk", text(&work["id"]));
        ids.insert("pcl", text(&work["parcels"][0]["id"]));
        self.wave(company, ids).await;
        let input = json!({ "idempotencyKey": format!("{word}-carrier"), "code": format!("{word}-post"), "name": format!("{word} post") });
        let query = "mutation($input: CarrierUpsertInput!) { carrierUpsert(input: $input) { carrier { id } userErrors { code field message } } }";
        ids.insert("car", text(&self.must_mutate(company, query, json!({ "input": input })).await["carrier"]["id"]));
    }

    /// A wave without works, inserted directly: other scenarios need the company's work outside of a
    /// wave.
    async fn wave(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let (id, now): (FulfilmentWaveId, Timestamp) = (self.node.clock.id(), self.node.clock.now());
        let (tenant_id, store_id) = (company.owner.tenant, ids["sto"].parse().unwrap());
        let wave =
            fulfilment_wave::Model { tenant_id, id, store_id, closed_at: None, version: 1, created_at: now, updated_at: now };
        let work = self.node.db.tenant(tenant_id).begin().await.unwrap();
        work.insert::<fulfilment_wave::Entity>(wave).await.unwrap();
        work.commit().await.unwrap();
        ids.insert("fwv", id.to_string());
    }

    /// A second store, which goods can be sent to.
    pub async fn depot(&self, company: &Company) -> String {
        let word = company.word;
        let query = "mutation($input: StoreCreateInput!) { storeCreate(input: $input) { store { id } userErrors { code field message } } }";
        let input = json!({ "code": format!("{word}-depot"), "name": format!("{word} depot") });
        text(&self.must_mutate(company, query, json!({ "input": input })).await["store"]["id"])
    }

    /// A transfer from the store to the other one.
    pub async fn moves(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let (product, store) = (json!({ "id": ids["prd"] }), json!({ "id": ids["sto"] }));
        let input = json!({ "idempotencyKey": format!("{word}-6"), "fromStore": store, "toStore": { "id": company.depot },
            "note": format!("{word} note"), "lines": [{ "product": product, "quantity": 1 }] });
        let query = "mutation($input: TransferCreateInput!) { transferCreate(input: $input) { transfer { id } userErrors { code field message } } }";
        let transfer = text(&self.must_mutate(company, query, json!({ "input": input })).await["transfer"]["id"]);
        ids.insert("trf", transfer);
        let input = json!({ "idempotencyKey": format!("{word}-7"), "kind": "FULL", "store": { "id": ids["sto"] }, "note": format!("{word} note") });
        let query = "mutation($input: StocktakeCreateInput!) { stocktakeCreate(input: $input) { stocktake { id } userErrors { code field message } } }";
        ids.insert("cnt", text(&self.must_mutate(company, query, json!({ "input": input })).await["stocktake"]["id"]));
    }
}
