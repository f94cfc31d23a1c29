//! The roots: what every room adds to queries, mutations and subscriptions.

use async_graphql::MergedSubscription;

use super::nodes::NodeQuery;
use crate::{
    access::{AccessMutation, AccessQuery},
    alerts::{AlertMutation, AlertQuery, AlertSubscription},
    anomalies::{AnomalyMutation, AnomalyQuery},
    attachments::{AttachmentMutation, AttachmentQuery},
    audit::{AuditQuery, Audited, AuditedSubscription},
    backups::BackupQuery,
    catalog::{CatalogMutation, CatalogQuery},
    costing::{AgeingQuery, CostMutation, CostQuery, CostSummaryQuery},
    counts::{CountsMutation, CountsQuery},
    currency::{CurrencyMutation, CurrencyQuery},
    demand::{DemandQuery, StockPerformanceQuery},
    exchange::{ExchangeSubscription, FileMutations, FileQueries},
    export_schedules::{ExportScheduleMutation, ExportScheduleQuery},
    forecasting::{ForecastMutation, ForecastQuery},
    fulfilment::{
        CarrierMutation, CarrierQuery, FulfilmentMutation, FulfilmentQuery, FulfilmentWaveMutation, FulfilmentWaveQuery,
        FulfilmentWorkSubscription, ReadyEmailMutation, ReadyEmailQuery,
    },
    graphql::{boxed::Boxed, merged::Merged, rate_limit::RateLimitQuery},
    history::HistoryQuery,
    identity::{FactorMutation, IdentityMutation, IdentityQuery, PeopleMutation, SandboxMutation, SessionMutation},
    insight::{EventQuery, InsightQuery, SummaryQuery},
    jobs::{JobMutation, JobQuery},
    liquidation::{LiquidationMutation, LiquidationQuery},
    notes::{NoteMutation, NoteQuery},
    numbering::{NumberMutation, NumberQuery},
    orders::{
        HoldMutation, HoldRuleMutation, HoldRuleQuery, OrderSubscription, OrdersMutation, OrdersQuery, SourcingMutation,
        SourcingQuery,
    },
    papers::{InvoiceMutation, InvoiceQuery, PaperMutation, PaperQuery, PaperSettingsMutation, PaperSettingsQuery},
    payments::PaymentMutation,
    purchasing::{BlanketQuery, PurchaseQuery, PurchasingMutation},
    replenishment::{ReplenishmentMutation, ReplenishmentQuery},
    reports::{DashboardSubscription, ReportsQuery},
    returns::{ReturnsMutation, ReturnsQuery},
    reversals::{ReversalMutation, ReversalQuery},
    saved_views::{SavedViewMutation, SavedViewQuery, SavedViewSubscription},
    scan::ScanQuery,
    search::SearchQuery,
    stock::{DigestQuery, LotMutation, LotQuery, StockMutation, StockQuery, StockSubscription},
    suggestions::{DescriptionMutation, DescriptionQuery, SuggestionMutation, SuggestionQuery},
    tagging::NodeTagsMutation,
    tenancy::TenancyMutation,
    transfers::{TransfersMutation, TransfersQuery},
    webhooks::{WebhookMutation, WebhookQuery},
};

// A merged object tries its parts from the last to the first: in both roots the most frequent ones
// come last.

crate::merged_object!(
    "Queries of the API. Each field says which permission it needs.",
    #[graphql(name = "Query")]
    Queries(
        Boxed<Merged<OtherQueries>>,
        Boxed<PurchaseQuery>,
        Boxed<StockQuery>,
        Boxed<OrdersQuery>,
        Boxed<CatalogQuery>,
    )
);

crate::merged_object!(
    "What is asked less often.",
    OtherQueries(
        NodeQuery,
        LotQuery,
        RateLimitQuery,
        IdentityQuery,
        AccessQuery,
        InsightQuery,
        AuditQuery,
        EventQuery,
        JobQuery,
        BackupQuery,
        WebhookQuery,
        TransfersQuery,
        CountsQuery,
        FileQueries,
        ExportScheduleQuery,
        CostQuery,
        CurrencyQuery,
        AgeingQuery,
        DemandQuery,
        StockPerformanceQuery,
        ForecastQuery,
        AnomalyQuery,
        ReplenishmentQuery,
        LiquidationQuery,
        SavedViewQuery,
        PaperQuery,
        PaperSettingsQuery,
        InvoiceQuery,
        NumberQuery,
        ReversalQuery,
        SuggestionQuery,
        DescriptionQuery,
        ReportsQuery,
        NoteQuery,
        AttachmentQuery,
        BlanketQuery,
        HistoryQuery,
        AlertQuery,
        SourcingQuery,
        HoldRuleQuery,
        CarrierQuery,
        ReadyEmailQuery,
        FulfilmentQuery,
        FulfilmentWaveQuery,
        ReturnsQuery,
        SummaryQuery,
        CostSummaryQuery,
        ScanQuery,
        SearchQuery,
        DigestQuery,
    )
);

crate::merged_object!(
    "Mutations of the API. A refusal is data, in userErrors.",
    #[graphql(name = "Mutation")]
    Mutations(
        Boxed<Merged<OtherMutations>>,
        Boxed<PurchasingMutation>,
        Boxed<CatalogMutation>,
        Boxed<OrdersMutation>,
        StockMutation,
    )
);

crate::merged_object!(
    "What is changed less often.",
    OtherMutations(
        LotMutation,
        IdentityMutation,
        SessionMutation,
        FactorMutation,
        PeopleMutation,
        SandboxMutation,
        AccessMutation,
        TenancyMutation,
        JobMutation,
        WebhookMutation,
        TransfersMutation,
        CountsMutation,
        ReturnsMutation,
        HoldMutation,
        HoldRuleMutation,
        PaymentMutation,
        FileMutations,
        ExportScheduleMutation,
        CostMutation,
        CurrencyMutation,
        ReversalMutation,
        AnomalyMutation,
        ForecastMutation,
        ReplenishmentMutation,
        LiquidationMutation,
        SavedViewMutation,
        PaperMutation,
        PaperSettingsMutation,
        InvoiceMutation,
        NumberMutation,
        AlertMutation,
        SourcingMutation,
        CarrierMutation,
        ReadyEmailMutation,
        FulfilmentMutation,
        FulfilmentWaveMutation,
        SuggestionMutation,
        DescriptionMutation,
        NoteMutation,
        AttachmentMutation,
        NodeTagsMutation,
    )
);

/// Subscriptions of the API: changes as they happen, without a gap.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscriptions(
    StockSubscription,
    OrderSubscription,
    FulfilmentWorkSubscription,
    ExchangeSubscription,
    AlertSubscription,
    DashboardSubscription,
    SavedViewSubscription,
);

/// Root of queries as served: wrapped, so that its fields are audited.
pub type Query = Audited<Merged<Queries>>;
pub type Mutation = Audited<Merged<Mutations>>;
pub type Subscription = AuditedSubscription<Subscriptions>;
