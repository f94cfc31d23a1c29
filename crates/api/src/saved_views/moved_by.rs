//! Which events change what a view shows: by the kinds of objects that its document brings, and by the permissions that its fields ask for.
//!
//! Too many events cost a reading whose hash is the old one; one too few would be a view that stands still. So what is not known here is
//! moved by everything, and what no event tells of cannot be followed.

use std::collections::BTreeSet;

use services::saved_views::core::{MovedBy, noun};

use crate::{graphql::guard::field_reads::FieldRead, schema::events::registry};

/// Of each kind of object the nouns of the events that change it, or that bring it into the filters of its lists.
const OBJECTS: &[(&str, &[&str])] = &[
    ("Alert", &["alert", "product", "category", "store"]),
    ("AlertRule", &["alert_rule"]),
    ("ApiKey", &["api_key", "integration"]),
    ("AvailabilityExplanation", &["stock", "stock_policy", "order", "lot"]),
    ("AvailabilityForecast", &["stock", "order", "purchase_order", "transfer"]),
    ("Backorder", &["order", "stock"]),
    ("Carrier", &["carrier"]),
    ("Category", &["category", "product"]),
    ("Channel", &["channel"]),
    ("BlanketOrder", &["blanket_order", "supplier", "product"]),
    ("StocktakeDue", &["count", "stock", "product"]),
    ("Customer", &["customer"]),
    ("DocumentReversal", &["document"]),
    ("ExchangeRate", &["exchange_rate"]),
    ("ExpectedStock", &["stock", "purchase_order", "transfer"]),
    ("FactorSeries", &["factor_series"]),
    ("Fulfilment", &["fulfilment", "order", "store"]),
    ("FulfilmentWork", &["fulfilment_work", "fulfilment", "order", "store"]),
    ("Integration", &["integration", "api_key"]),
    ("Invoice", &["invoice", "credit_note"]),
    ("LegalEntity", &["legal_entity"]),
    ("LiquidationPlan", &["liquidation_plan", "order", "stock"]),
    ("Lot", &["lot", "stock", "product"]),
    ("LotLevel", &["lot", "stock"]),
    ("LotShare", &["lot", "stock"]),
    ("Member", &["member", "role"]),
    ("Note", &["note"]),
    ("Attachment", &["attachment"]),
    ("Order", &["order", "payment", "return", "fulfilment", "customer", "channel", "store", "product"]),
    ("OrderLine", &["order", "return", "fulfilment"]),
    ("Paper", &["paper"]),
    ("Parcel", &["fulfilment_work", "fulfilment"]),
    ("Payment", &["payment", "order"]),
    ("Product", &["product", "family", "stock_policy", "category", "supplier"]),
    ("ProductDocument", &["product"]),
    ("ProductFamily", &["family", "product"]),
    ("ProductImage", &["product"]),
    ("PurchaseOrder", &["purchase_order", "blanket_order", "supplier_return", "supplier", "store", "product"]),
    ("PurchaseOrderLine", &["purchase_order", "supplier_return"]),
    ("ReplenishmentPlan", &["replenishment_plan", "purchase_order"]),
    ("ReplenishmentPolicy", &["replenishment_policy", "replenishment_rule"]),
    ("Reservation", &["stock", "order", "product", "store"]),
    ("Return", &["return", "order", "payment", "customer", "store"]),
    ("StockRevaluation", &["revaluation"]),
    ("Role", &["role"]),
    ("SavedView", &["saved_view"]),
    ("Sourcing", &["sourcing", "store"]),
    ("StockAvailability", &["stock", "stock_policy", "sourcing", "product"]),
    ("Stocktake", &["count", "store", "product", "category"]),
    ("StockEntry", &["stock", "document", "product", "store"]),
    ("StockLevel", &["stock", "stock_policy", "product", "category", "supplier", "store", "store_group"]),
    ("StockMovement", &["stock", "document", "product", "store"]),
    ("StockPolicy", &["stock_policy"]),
    ("Store", &["store"]),
    ("StoreGroup", &["store_group", "store"]),
    ("Supplier", &["supplier"]),
    ("SupplierProduct", &["supplier_product"]),
    ("SupplierReturn", &["supplier_return"]),
    ("Tenant", &["tenant"]),
    ("Transfer", &["transfer", "store", "product"]),
    ("WebhookEndpoint", &["webhook"]),
];

/// Fields that other events change than those of their object.
const FIELDS: &[(&str, &str, &[&str])] = &[
    ("Product", "unitCost", &["stock", "revaluation", "supplier_product"]),
    // Their filters ask of stock.
    ("Query", "products", &["stock", "store"]),
    ("Query", "productsCount", &["stock", "store"]),
    ("Category", "products", &["stock", "store"]),
    ("Supplier", "products", &["stock", "store"]),
    ("Order", "costOfGoodsSold", &["stock", "revaluation"]),
    ("OrderLine", "unitCost", &["stock", "revaluation"]),
];

/// Permissions whose fields show more than the events that are seen with them.
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("product.cost.read", &["stock", "purchase_order", "exchange_rate", "document", "order"]),
    ("stock.availability.read", &["stock", "stock_policy", "sourcing"]),
    ("stock.movement.read", &["stock"]),
    ("purchase.read", &["supplier_product", "stock"]),
];

/// Fields of this permission add up what all rooms write.
const EVERYTHING: &str = "report.read";

/// What changes without an event: logs, sessions, work under way, and figures that a job works out.
const UNHEARD: &[&str] = &[
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
    "ProductDuplicate",
    "ProductNameCleanup",
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

/// The kind of the objects in a connection or an edge; any other type is itself.
fn kind(of: &str) -> &str {
    of.strip_suffix("Connection").or_else(|| of.strip_suffix("Edge")).unwrap_or(of)
}

fn nouns_of(of: &str) -> Option<&'static [&'static str]> {
    OBJECTS.iter().find(|(object, _)| *object == of).map(|(_, nouns)| *nouns)
}

/// The events after which a document may show something else.
///
/// # Errors
/// In words, what it shows that no event tells of.
pub fn moved_by(reads: &BTreeSet<FieldRead>) -> Result<MovedBy, String> {
    let mut nouns: BTreeSet<&'static str> = BTreeSet::new();
    let mut is_everything = false;
    for read in reads {
        let of = kind(&read.of);
        let is_known = nouns_of(of).is_some();
        let is_at_hand = is_known || read.requires.is_some() || read.on != ROOT || of == "Node";
        if UNHEARD.contains(&of) || UNHEARD.contains(&read.on.as_str()) || !is_at_hand {
            return Err(format!("no event tells of what {}.{} shows", read.on, read.name));
        }
        // Any kind of object may stand behind an id or a code.
        is_everything |= read.on == ROOT && of == "Node";
        for own in [of, read.on.as_str()] {
            nouns.extend(nouns_of(own).into_iter().flatten());
        }
        let further = FIELDS.iter().filter(|(on, name, _)| *on == read.on && *name == read.name);
        nouns.extend(further.flat_map(|(_, _, further)| *further));
        match read.requires.as_deref() {
            None => {}
            Some(EVERYTHING) => is_everything = true,
            Some(permission) => {
                let more = of_permission(permission);
                is_everything |= more.is_empty() && !is_known;
                nouns.extend(more);
            }
        }
    }
    Ok(if is_everything { MovedBy::Everything } else { MovedBy::Nouns(nouns) })
}

/// The nouns of the events that somebody sees by a permission, and of those that what it shows is worked out of.
fn of_permission(permission: &str) -> BTreeSet<&'static str> {
    let seen = registry().events().filter(|event| event.permission() == permission).map(|event| noun(event.name()));
    let further = PERMISSIONS.iter().filter(|(code, _)| *code == permission).flat_map(|(_, nouns)| *nouns);
    seen.chain(further.copied()).collect()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{
        parse_schema,
        types::{TypeKind, TypeSystemDefinition},
    };

    use super::*;

    fn read(on: &str, name: &str, of: &str, requires: Option<&str>) -> FieldRead {
        FieldRead { on: on.to_owned(), name: name.to_owned(), of: of.to_owned(), requires: requires.map(ToOwned::to_owned) }
    }

    fn told(reads: &[FieldRead]) -> Result<MovedBy, String> {
        moved_by(&reads.iter().cloned().collect())
    }

    #[test]
    fn every_kind_of_node_says_which_events_change_it() {
        let sdl = crate::schema::sdl();
        let document = parse_schema(&sdl).unwrap();
        let nodes = document.definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) => match &kind.node.kind {
                TypeKind::Object(object) if object.implements.iter().any(|one| one.node == "Node") => {
                    Some(kind.node.name.node.to_string())
                }
                _ => None,
            },
            _ => None,
        });
        let unsaid: Vec<String> = nodes.filter(|name| nouns_of(name).is_none() && !UNHEARD.contains(&name.as_str())).collect();
        assert!(unsaid.is_empty(), "OBJECTS or UNHEARD has to name {unsaid:?}");
    }

    #[test]
    fn every_noun_is_one_of_an_event() {
        let known: BTreeSet<&str> = registry().events().map(|event| noun(event.name())).collect();
        let objects = OBJECTS.iter().flat_map(|(_, nouns)| *nouns);
        let fields = FIELDS.iter().flat_map(|(_, _, nouns)| *nouns);
        let permissions = PERMISSIONS.iter().flat_map(|(_, nouns)| *nouns);
        let unknown: Vec<&&str> = objects.chain(fields).chain(permissions).filter(|noun| !known.contains(**noun)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(PERMISSIONS.iter().all(|(code, _)| iam::access::REGISTRY.iter().any(|info| info.code == *code)));
    }

    #[test]
    fn stores_are_moved_by_what_happens_to_stores_and_not_by_sales() {
        let stores = [read("Query", "stores", "StoreConnection", Some("store.read")), read("Store", "id", "ID", None)];
        let moved_by = told(&stores).unwrap();
        let types = ["store.created", "stock.changed", "order.created"];
        assert_eq!(types.map(|event_type| moved_by.includes(event_type)), [true, false, false]);
        let levels = [stores[0].clone(), read("Store", "stockLevels", "StockLevelConnection", None)];
        let moved_by = told(&levels).unwrap();
        assert_eq!(types.map(|event_type| moved_by.includes(event_type)), [true, true, false]);
    }

    #[test]
    fn lists_of_products_are_moved_by_stock_that_their_filters_ask_of() {
        let list = told(&[read("Query", "products", "ProductConnection", Some("product.read"))]).unwrap();
        let one = told(&[read("Query", "product", "Product", Some("product.read"))]).unwrap();
        assert_eq!([list, one].map(|moved_by| moved_by.includes("stock.changed")), [true, false]);
    }

    #[test]
    fn reports_are_moved_by_everything_and_logs_cannot_be_followed() {
        assert_eq!(told(&[read("Query", "salesSummary", "SalesSummary", Some("report.read"))]), Ok(MovedBy::Everything));
        assert_eq!(told(&[read("Query", "secrets", "Secret", Some("secret.read"))]), Ok(MovedBy::Everything));
        assert_eq!(told(&[read("Query", "node", "Node", None)]), Ok(MovedBy::Everything));
        assert!(told(&[read("Query", "auditEntries", "AuditEntryConnection", Some("audit.read"))]).is_err());
        assert!(told(&[read("Query", "weather", "Weather", None)]).is_err(), "nothing is known of it");
    }
}
