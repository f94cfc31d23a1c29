//! What mutations answer, as one interface.

use async_graphql::Interface;

use super::{
    access, alerts, anomalies, catalog, costing, counts, exchange, fulfilment, job, liquidation, orders, payments, purchasing,
    replenishment, returns, reversals, stock, transfers, webhook,
};
use crate::{
    currency,
    graphql::{refusal::UserError, scalars::Long},
    tenancy::TenantPayload,
};

/// Result of a mutation. userErrors is empty exactly when the change was made, or with validateOnly would have been.
#[derive(Interface)]
#[graphql(
    field(
        name = "user_errors",
        ty = "&Vec<UserError>",
        desc = "Reasons for which the change was refused; empty when it was made."
    ),
    field(name = "replayed", ty = "&bool", desc = "Whether this is the answer to an earlier call with the same key."),
    field(name = "seq", ty = "&Option<Long>", desc = "The last event of this change; null when nothing was written.")
)]
pub enum Payload {
    CategoryPayload(catalog::CategoryPayload),
    CategoryBulkUpsertPayload(catalog::CategoryBulkUpsertPayload),
    ChannelPayload(catalog::ChannelPayload),
    CustomerPayload(catalog::CustomerPayload),
    CustomerBulkUpsertPayload(catalog::CustomerBulkUpsertPayload),
    ProductPayload(catalog::ProductPayload),
    ProductBulkUpsertPayload(catalog::ProductBulkUpsertPayload),
    ProductFamilyPayload(catalog::ProductFamilyPayload),
    StorePayload(catalog::StorePayload),
    SupplierPayload(catalog::SupplierPayload),
    StockPayload(stock::StockPayload),
    ReservationPayload(stock::ReservationPayload),
    LotPayload(stock::LotPayload),
    OrderPayload(orders::OrderPayload),
    OrderHoldPayload(orders::OrderHoldPayload),
    FulfilmentWorkPayload(fulfilment::FulfilmentWorkPayload),
    FulfilmentWorkReadyPayload(fulfilment::FulfilmentWorkReadyPayload),
    CarrierPayload(fulfilment::CarrierPayload),
    ReturnPayload(returns::ReturnPayload),
    PaymentPayload(payments::PaymentPayload),
    PaymentsPayload(payments::PaymentsPayload),
    SourcingPayload(orders::SourcingPayload),
    TransferPayload(transfers::TransferPayload),
    CountPayload(counts::CountPayload),
    PurchaseOrderPayload(purchasing::PurchaseOrderPayload),
    ReorderOrderPayload(purchasing::ReorderOrderPayload),
    SupplierReturnPayload(purchasing::SupplierReturnPayload),
    SupplierProductBulkUpsertPayload(purchasing::SupplierProductBulkUpsertPayload),
    StockPolicyPayload(purchasing::StockPolicyPayload),
    RevaluationPayload(costing::RevaluationPayload),
    DocumentReversalPayload(reversals::DocumentReversalPayload),
    ExchangeRatePayload(currency::ExchangeRatePayload),
    ExchangeRatesImportPayload(currency::ExchangeRatesImportPayload),
    LoginPayload(crate::identity::LoginPayload),
    TotpPayload(crate::identity::TotpPayload),
    RolePayload(access::RolePayload),
    MemberPayload(access::MemberPayload),
    StoreGroupPayload(access::StoreGroupPayload),
    IntegrationPayload(access::IntegrationPayload),
    ApiKeyPayload(access::ApiKeyPayload),
    TenantPayload(TenantPayload),
    NumberPatternPayload(crate::numbering::NumberPatternPayload),
    OkPayload(crate::identity::OkPayload),
    SessionPayload(crate::identity::SessionPayload),
    SandboxPayload(crate::identity::SandboxPayload),
    JobPayload(job::JobPayload),
    WebhookEndpointPayload(webhook::WebhookEndpointPayload),
    WebhookReplayPayload(webhook::WebhookReplayPayload),
    FileUploadPayload(crate::files::FileUploadPayload),
    ExchangePayload(exchange::ExchangePayload),
    ProductImagePayload(crate::media::ProductImagePayload),
    ProductDocumentPayload(crate::media::ProductDocumentPayload),
    ProductTextAcceptPayload(crate::suggestions::ProductTextAcceptPayload),
    ProductSuggestionRefusePayload(crate::suggestions::ProductSuggestionRefusePayload),
    ProductLabelSheetPayload(crate::labels::ProductLabelSheetPayload),
    AlertPayload(alerts::AlertPayload),
    AlertRulePayload(alerts::AlertRulePayload),
    StockAnomalyPayload(anomalies::StockAnomalyPayload),
    ReplenishmentPolicyPayload(replenishment::ReplenishmentPolicyPayload),
    ReplenishmentPlanPayload(replenishment::ReplenishmentPlanPayload),
    ReplenishmentApprovalPayload(replenishment::ReplenishmentApprovalPayload),
    LiquidationSettingsPayload(liquidation::LiquidationSettingsPayload),
    LiquidationPlanPayload(liquidation::LiquidationPlanPayload),
    LiquidationApprovalPayload(liquidation::LiquidationApprovalPayload),
    LiquidationAdvancePayload(liquidation::LiquidationAdvancePayload),
    NotePayload(crate::notes::NotePayload),
    SavedViewPayload(crate::saved_views::SavedViewPayload),
}
