//! The rooms' events in one list.

use std::sync::LazyLock;

use iam::{access::events as access, tenancy::events as tenancy};
use inventory::{
    catalog::events as catalog, costing::events as costing, counts::events as counts, currency::events as currency,
    fulfilment::events as fulfilment, numbering::events as numbering, orders::events as orders, payments::events as payments,
    purchasing::events as purchasing, returns::events as returns, reversals::events as reversals, stock::events as stock,
    transfers::events as transfers,
};
use platform::storage::events::{Registry, Topic};
use services::{
    alerts::events as alerts, anomalies::events as anomalies, attachments::events as attachments, exchange::events as exchange,
    export_schedules::events as export_schedules, files::events as files, forecasting::events as forecasting,
    liquidation::events as liquidation, media::events as media, notes::events as notes, papers::events as papers,
    replenishment::events as replenishment, saved_views::events as saved_views, tagging::events as tagging,
    webhooks::events as webhooks,
};

/// All families of events, in the order in which they are sent to clients.
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    Registry::of(&[
        stock::STOCK.events(),
        stock::LOT.events(),
        orders::ORDER.events(),
        fulfilment::WORK.events(),
        fulfilment::FULFILMENT.events(),
        fulfilment::WAVE.events(),
        fulfilment::CARRIER.events(),
        fulfilment::READY_EMAIL.events(),
        returns::RETURN.events(),
        payments::PAYMENT.events(),
        transfers::TRANSFER.events(),
        counts::COUNT.events(),
        purchasing::PURCHASE_ORDER.events(),
        purchasing::SUPPLIER_RETURN.events(),
        purchasing::BLANKET_ORDER.events(),
        purchasing::SUPPLIER_PRODUCT.events(),
        reversals::REVERSAL.events(),
        stock::STOCK_POLICY.events(),
        forecasting::FACTOR_SERIES.events(),
        forecasting::FORECAST.events(),
        forecasting::FORECAST_DRIFT.events(),
        replenishment::REPLENISHMENT_POLICY.events(),
        replenishment::REPLENISHMENT_RULE.events(),
        replenishment::REPLENISHMENT_BUDGET.events(),
        replenishment::REPLENISHMENT_PLAN.events(),
        replenishment::REPLENISHMENT_SCORE.events(),
        anomalies::ANOMALY.events(),
        liquidation::LIQUIDATION_SETTINGS.events(),
        liquidation::LIQUIDATION_PLAN.events(),
        liquidation::LIQUIDATION_SCORE.events(),
        saved_views::SAVED_VIEW.events(),
        saved_views::VIEW.events(),
        saved_views::SAVED_VIEW_SCHEDULE.events(),
        papers::PAPER.events(),
        papers::INVOICE.events(),
        papers::LEGAL_ENTITY.events(),
        papers::PAPER_SETTINGS.events(),
        costing::REVALUATION.events(),
        currency::EXCHANGE_RATE.events(),
        alerts::ALERT.events(),
        alerts::ALERT_RULE.events(),
        catalog::PRODUCT.events(),
        media::MEDIA.events(),
        catalog::FAMILY.events(),
        catalog::CATEGORY.events(),
        catalog::SUPPLIER.events(),
        catalog::STORE.events(),
        orders::SOURCING.events(),
        orders::HOLD_RULE.events(),
        access::STORE_GROUP.events(),
        catalog::CUSTOMER.events(),
        catalog::CHANNEL.events(),
        access::MEMBER.events(),
        access::ROLE.events(),
        access::INTEGRATION.events(),
        access::API_KEY.events(),
        tenancy::TENANT.events(),
        numbering::NUMBER_PATTERN.events(),
        webhooks::WEBHOOK.events(),
        files::FILE.events(),
        exchange::EXCHANGE.events(),
        export_schedules::EXPORT_SCHEDULE.events(),
        notes::NOTE.events(),
        attachments::ATTACHMENT.events(),
        tagging::NODE_TAGS.events(),
    ])
});

/// Subscription that carries the events of each topic.
const SUBSCRIPTIONS: [(Topic, &str); 4] = [
    (catalog::LEVELS, "stockChanged"),
    (orders::ORDERS, "orderChanged"),
    (alerts::ALERTS, "alertChanged"),
    (fulfilment::WORKS, "fulfilmentWorkChanged"),
];

/// The subscription that carries the events of a topic.
pub fn subscription(topic: Topic) -> Option<&'static str> {
    SUBSCRIPTIONS.iter().find(|(candidate, _)| *candidate == topic).map(|(_, name)| *name)
}

/// Every event that there is.
pub fn registry() -> &'static Registry {
    &REGISTRY
}
