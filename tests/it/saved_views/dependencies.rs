//! Dependencies of saved views: the events that move a view.

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};

use api::{
    saved_views::dependencies::{FIELDS, OBJECTS, PERMISSIONS, TYPES_WITHOUT_EVENTS, event_nouns_of, invalidated_by},
    schema::{self, events::registry},
};
use graphql::{
    guard::field_reads::FieldRead,
    schema_index::{Field, SchemaIndex, base},
};
use services::saved_views::core::{InvalidatedBy, noun};

fn read(on: &str, name: &str, of: &str, requires: Option<&str>) -> FieldRead {
    FieldRead { on: on.to_owned(), name: name.to_owned(), of: of.to_owned(), requires: requires.map(ToOwned::to_owned) }
}

/// A field of the schema, as a document reads it.
fn read_of(on: &str, name: &str, field: &Field) -> FieldRead {
    read(on, name, &field.of, field.requires.as_deref())
}

/// The type of a field's filter, where it has one.
fn filter_of(field: &Field) -> Option<String> {
    field.arguments.get("filter").map(|filter| base(&filter.kind).to_string())
}

fn told(reads: &[FieldRead]) -> Result<InvalidatedBy, String> {
    invalidated_by(&reads.iter().cloned().collect())
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
    let unsaid: Vec<String> =
        nodes.filter(|name| event_nouns_of(name).is_none() && !TYPES_WITHOUT_EVENTS.contains(&name.as_str())).collect();
    assert!(unsaid.is_empty(), "OBJECTS or TYPES_WITHOUT_EVENTS has to name {unsaid:?}");
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
    assert_eq!(told(&[read("Query", "salesSummary", "SalesSummary", Some("report.read"))]), Ok(InvalidatedBy::Everything));
    assert_eq!(told(&[read("Query", "secrets", "Secret", Some("secret.read"))]), Ok(InvalidatedBy::Everything));
    assert_eq!(told(&[read("Query", "node", "Node", None)]), Ok(InvalidatedBy::Everything));
    assert!(told(&[read("Query", "auditEntries", "AuditEntryConnection", Some("audit.read"))]).is_err());
    assert!(told(&[read("Query", "weather", "Weather", None)]).is_err(), "nothing is known of it");
}

#[test]
fn counts_are_moved_by_all_that_moves_their_lists() {
    let index = SchemaIndex::of(&schema::sdl()).unwrap();
    let roots = &index.composite("Query").unwrap().fields;
    let mut compared = 0;
    for (count, field) in roots.iter().filter(|(name, _)| name.ends_with("Count")) {
        let Some(filter) = filter_of(field) else { continue };
        let count = told(&[read_of("Query", count, field)]).unwrap();
        let is_list = |list: &Field| list.of.ends_with("Connection") && filter_of(list).as_ref() == Some(&filter);
        for (name, list) in roots.iter().filter(|(_, list)| is_list(list)) {
            let list = told(&[read_of("Query", name, list)]).unwrap();
            let events = registry().events().map(|event| event.name());
            let missed: Vec<&str> = events.filter(|event| list.includes(event) && !count.includes(event)).collect();
            assert!(missed.is_empty(), "the count with the filter of {name} is not moved by {missed:?}");
            compared += 1;
        }
    }
    assert!(compared >= 4, "{compared}");
}

/// Filters compare the SKU that a product has now, which may be another one.
#[test]
fn lists_that_are_filtered_by_sku_are_moved_by_products() {
    let sdl = schema::sdl();
    let index = SchemaIndex::of(&sdl).unwrap();
    let document = parse_schema(&sdl).unwrap();
    let objects = document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(kind) if matches!(kind.node.kind, TypeKind::Object(_)) => {
            Some(kind.node.name.node.to_string())
        }
        _ => None,
    });
    let (mut lists, mut still) = (0, Vec::new());
    for object in objects.filter(|object| object != "Subscription") {
        for (name, field) in &index.composite(&object).unwrap().fields {
            let inputs = filter_of(field).and_then(|filter| index.input(&filter));
            if !inputs.is_some_and(|inputs| inputs.contains_key("sku")) {
                continue;
            }
            lists += 1;
            // A field that cannot be followed is moved by no event.
            if told(&[read_of(&object, name, field)]).is_ok_and(|moved_by| !moved_by.includes("product.updated")) {
                still.push(format!("{object}.{name}"));
            }
        }
    }
    assert!(lists >= 20 && still.is_empty(), "{lists} lists, and these stand still when a product has another SKU: {still:?}");
}

#[test]
fn numbers_of_invoices_are_moved_by_invoices() {
    let list = read("Query", "legalEntitiesList", "LegalEntityConnection", Some("tenant.write"));
    let moved_by = told(&[list, read("LegalEntity", "invoiceCount", "Long", None)]).unwrap();
    assert_eq!(["invoice.issued", "credit_note.issued"].map(|event| moved_by.includes(event)), [true, false]);
}
