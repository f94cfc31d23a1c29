//! Which events move a view.

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};

use api::{
    saved_views::moved_by::{FIELDS, OBJECTS, PERMISSIONS, UNHEARD, moved_by, nouns_of},
    schema::{self, events::registry},
};
use graphql::guard::field_reads::FieldRead;
use services::saved_views::core::{MovedBy, noun};

fn read(on: &str, name: &str, of: &str, requires: Option<&str>) -> FieldRead {
    FieldRead { on: on.to_owned(), name: name.to_owned(), of: of.to_owned(), requires: requires.map(ToOwned::to_owned) }
}

fn told(reads: &[FieldRead]) -> Result<MovedBy, String> {
    moved_by(&reads.iter().cloned().collect())
}

#[test]
fn every_kind_of_node_says_which_events_change_it() {
    let sdl = schema::sdl();
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
    let buyers = told(&[read("Query", "customers", "CustomerConnection", Some("customer.read"))]).unwrap();
    assert!(buyers.includes("order.created"), "whether they have orders");
}

#[test]
fn reports_are_moved_by_everything_and_logs_cannot_be_followed() {
    assert_eq!(told(&[read("Query", "salesSummary", "SalesSummary", Some("report.read"))]), Ok(MovedBy::Everything));
    assert_eq!(told(&[read("Query", "secrets", "Secret", Some("secret.read"))]), Ok(MovedBy::Everything));
    assert_eq!(told(&[read("Query", "node", "Node", None)]), Ok(MovedBy::Everything));
    assert!(told(&[read("Query", "auditEntries", "AuditEntryConnection", Some("audit.read"))]).is_err());
    assert!(told(&[read("Query", "weather", "Weather", None)]).is_err(), "nothing is known of it");
}
