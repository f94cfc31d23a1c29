//! Events that change the result of a view: by the kinds of objects in its document, and by the
//! permissions that its fields require.
//!
//! An event too many costs a read whose hash is unchanged; an event too few would leave the view
//! outdated. So an object that is not listed here is changed by every event, and a view of an
//! object that changes without events cannot be followed.

use std::collections::BTreeSet;

use services::saved_views::core::{InvalidatedBy, noun};

use crate::{graphql::guard::field_reads::FieldRead, schema::events::registry};

/// Nouns of the events that change each kind of object, or move it into or out of the filters of
/// its lists.
pub const OBJECTS: &[(&str, &[&str])] = &[
    ("Alert", &["alert", "product", "category", "store"]),
    ("AlertRule", &["alert_rule"]),
    ("ApiKey", &["api_key", "integration"]),
    ("AvailabilityExplanation", &["stock", "stock_policy", "order", "lot"]),
    ("AvailabilityForecast", &["stock", "order", "purchase_order", "transfer"]),
    ("Backorder", &["order", "stock", "product"]),
    ("Carrier", &["carrier"]),
    ("Category", &["category", "product", "node_tags"]),
    ("Channel", &["channel", "node_tags"]),
    ("BlanketOrder", &["blanket_order", "supplier", "product", "node_tags"]),
    ("StocktakeDue", &["count", "stock", "product"]),
    ("Customer", &["customer", "node_tags"]),
    ("DocumentReversal", &["document", "product"]),
    ("ExchangeRate", &["exchange_rate"]),
    ("ExpectedStock", &["stock", "purchase_order", "transfer"]),
    ("ExpiringLot", &["lot", "stock", "product"]),
    ("FactorSeries", &["factor_series"]),
    ("Fulfilment", &["fulfilment", "order", "store"]),
    ("FulfilmentWave", &["fulfilment_wave", "fulfilment_work", "fulfilment", "order", "store", "node_tags"]),
    ("FulfilmentWork", &["fulfilment_work", "fulfilment", "order", "store", "customer", "product", "node_tags"]),
    ("GoodsReceipt", &["purchase_order", "document", "node_tags"]),
    ("Integration", &["integration", "api_key"]),
    ("Invoice", &["invoice", "credit_note"]),
    ("LegalEntity", &["legal_entity", "node_tags"]),
    ("LiquidationPlan", &["liquidation_plan", "order", "stock"]),
    ("Lot", &["lot", "stock", "product", "node_tags"]),
    ("LotLevel", &["lot", "stock"]),
    ("LotShare", &["lot", "stock"]),
    ("Member", &["member", "role"]),
    ("Note", &["note"]),
    ("Attachment", &["attachment"]),
    ("Order", &["order", "payment", "return", "fulfilment", "customer", "channel", "store", "product"]),
    ("OrderLine", &["order", "return", "fulfilment"]),
    ("Paper", &["paper"]),
    ("PaperSettings", &["paper_settings"]),
    ("Parcel", &["fulfilment_work", "fulfilment"]),
    ("Payment", &["payment", "order"]),
    ("Product", &["product", "family", "stock_policy", "category", "supplier"]),
    ("ProductDocument", &["product"]),
    ("ProductFamily", &["family", "product", "node_tags"]),
    ("ProductImage", &["product"]),
    ("PurchaseOrder", &["purchase_order", "blanket_order", "supplier_return", "supplier", "store", "product", "node_tags"]),
    ("PurchaseOrderLine", &["purchase_order", "supplier_return"]),
    ("ReadyEmail", &["ready_email", "store"]),
    ("ReplenishmentPlan", &["replenishment_plan", "purchase_order"]),
    ("ReplenishmentPolicy", &["replenishment_policy", "replenishment_rule"]),
    ("Reservation", &["stock", "order", "product", "store"]),
    ("Return", &["return", "order", "payment", "customer", "store", "product", "node_tags"]),
    ("StockRevaluation", &["revaluation"]),
    ("Role", &["role"]),
    ("SavedView", &["saved_view"]),
    ("Sourcing", &["sourcing", "store"]),
    ("StockAvailability", &["stock", "stock_policy", "sourcing", "product"]),
    ("Stocktake", &["count", "store", "product", "category", "node_tags"]),
    ("StockEntry", &["stock", "document", "product", "store"]),
    ("StockLevel", &["stock", "stock_policy", "product", "category", "supplier", "store", "store_group"]),
    ("StockMovement", &["stock", "document", "product", "store"]),
    ("StockPolicy", &["stock_policy"]),
    ("Store", &["store", "node_tags"]),
    ("StoreGroup", &["store_group", "store", "node_tags"]),
    ("Supplier", &["supplier", "node_tags"]),
    ("SupplierProduct", &["supplier_product"]),
    ("SupplierReturn", &["supplier_return", "product", "node_tags"]),
    ("Tenant", &["tenant"]),
    ("Transfer", &["transfer", "store", "product", "node_tags"]),
    ("WebhookEndpoint", &["webhook"]),
];

/// Fields that are changed by other events than their object.
pub const FIELDS: &[(&str, &str, &[&str])] = &[
    ("Product", "unitCost", &["stock", "revaluation", "supplier_product"]),
    // The filters of these lists have conditions on stock.
    ("Query", "products", &["stock", "store"]),
    ("Query", "productsCount", &["stock", "store"]),
    ("Category", "products", &["stock", "store"]),
    ("Supplier", "products", &["stock", "store"]),
    // The filters of these lists have conditions on orders.
    ("Query", "customers", &["order"]),
    ("Query", "customersCount", &["order"]),
    // The filters of these lists have conditions on SKUs, barcodes, codes and categories, and on
    // merged suppliers.
    ("Query", "supplierProducts", &["product"]),
    ("Query", "stockRevaluations", &["product"]),
    ("Query", "revaluations", &["product"]),
    ("Query", "replenishmentPolicies", &["product", "store", "supplier"]),
    ("ReplenishmentPlan", "lines", &["product", "category", "supplier", "store"]),
    ("LiquidationPlan", "lines", &["product", "category", "supplier", "store"]),
    ("LegalEntity", "invoiceCount", &["invoice"]),
    ("LegalEntity", "creditNoteCount", &["credit_note"]),
    ("Order", "costOfGoodsSold", &["stock", "revaluation"]),
    ("OrderLine", "unitCost", &["stock", "revaluation"]),
    ("FulfilmentWave", "pickingList", &["stock_policy"]),
    ("ReplenishmentBudget", "current", &["purchase_order", "replenishment_plan"]),
    ("WorkLine", "binLocation", &["stock_policy"]),
];

/// Root fields that count objects of a kind. The same events change them and the lists.
pub const COUNTS: &[(&str, &str)] = &[
    ("customersCount", "Customer"),
    ("fulfilmentWorksCount", "FulfilmentWork"),
    ("ordersCount", "Order"),
    ("productsCount", "Product"),
];

/// Permissions whose fields depend on more events than the permission makes visible.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("product.cost.read", &["stock", "purchase_order", "exchange_rate", "document", "order"]),
    ("stock.availability.read", &["stock", "stock_policy", "sourcing"]),
    ("stock.movement.read", &["stock"]),
    ("purchase.read", &["supplier_product", "stock"]),
];

/// Permission whose fields aggregate data of all rooms.
const REPORT_PERMISSION: &str = "report.read";

/// Objects that change without an event: logs, sessions, running work, and figures that a job
/// computes.
pub const TYPES_WITHOUT_EVENTS: &[&str] = &[
    "AbcXyz",
    "AuditEntry",
    "AuditVerification",
    "BoughtTogether",
    "CustomerCohort",
    "CustomerScore",
    "DemandFact",
    "Event",
    "DataJob",
    "ExpiryRisk",
    "ExportSchedule",
    "File",
    "Forecast",
    "ForecastAccuracy",
    "ForecastRun",
    "ForecastSum",
    "HistoryItem",
    "History",
    "BackgroundJob",
    "LostSales",
    "ProductCategorySuggestion",
    "ProductDescriptionEndpoint",
    "ProductDescriptionPrompt",
    "ProductDuplicate",
    "ProductNameCleanup",
    "ProductTagModel",
    "ProductTagSuggestion",
    "ProductTextModel",
    "RateLimit",
    "ReorderSuggestion",
    "SavedViewSchedule",
    "Session",
    "StockAnomaly",
    "StockPerformance",
    "StockProductivity",
    "StockSimulation",
    "Viewer",
    "WebhookAttempt",
    "WebhookDelivery",
];

/// The type that operations begin with.
const ROOT: &str = "Query";

/// Returns the kind of the objects in a connection or an edge, and any other type unchanged.
fn element_type(type_name: &str) -> &str {
    type_name.strip_suffix("Connection").or_else(|| type_name.strip_suffix("Edge")).unwrap_or(type_name)
}

/// The nouns of the events that change an object of a kind.
pub fn event_nouns_of(type_name: &str) -> Option<&'static [&'static str]> {
    OBJECTS.iter().find(|(object, _)| *object == type_name).map(|(_, nouns)| *nouns)
}

/// Returns the events after which a document's result may differ.
///
/// # Errors
/// Text that names the field whose changes no event announces.
pub fn invalidated_by(reads: &BTreeSet<FieldRead>) -> Result<InvalidatedBy, String> {
    let mut nouns: BTreeSet<&'static str> = BTreeSet::new();
    let mut is_everything = false;
    for read in reads {
        let type_name = element_type(&read.of);
        let is_known = event_nouns_of(type_name).is_some();
        let is_at_hand = is_known || read.requires.is_some() || read.on != ROOT || type_name == "Node";
        if TYPES_WITHOUT_EVENTS.contains(&type_name) || TYPES_WITHOUT_EVENTS.contains(&read.on.as_str()) || !is_at_hand {
            return Err(format!("no event reports changes of {}.{}", read.on, read.name));
        }
        // An ID or a code can refer to any kind of object.
        is_everything |= read.on == ROOT && type_name == "Node";
        let counted = COUNTS.iter().find(|(name, _)| read.on == ROOT && *name == read.name).map(|(_, counted)| *counted);
        for event_type in [type_name, read.on.as_str()].into_iter().chain(counted) {
            nouns.extend(event_nouns_of(event_type).into_iter().flatten());
        }
        let further = FIELDS.iter().filter(|(on, name, _)| *on == read.on && *name == read.name);
        nouns.extend(further.flat_map(|(_, _, further)| *further));
        match read.requires.as_deref() {
            None => {}
            Some(REPORT_PERMISSION) => is_everything = true,
            Some(permission) => {
                let permission_nouns = nouns_of_permission(permission);
                is_everything |= permission_nouns.is_empty() && !is_known;
                nouns.extend(permission_nouns);
            }
        }
    }
    Ok(if is_everything { InvalidatedBy::Everything } else { InvalidatedBy::Nouns(nouns) })
}

/// Returns the nouns of the events that a permission makes visible, and of the events that change
/// data calculated for that permission.
fn nouns_of_permission(permission: &str) -> BTreeSet<&'static str> {
    let event_nouns = registry().events().filter(|event| event.permission() == permission).map(|event| noun(event.name()));
    let further = PERMISSIONS.iter().filter(|(code, _)| *code == permission).flat_map(|(_, nouns)| *nouns);
    event_nouns.chain(further.copied()).collect()
}
