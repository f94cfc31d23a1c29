//! Inputs identify objects by references. An ID beside one is its earlier form
//! (`docs/decisions/0251-earlier-forms-of-references-and-the-last-keys.md`), and an object that has
//! references is never identified by an ID alone
//! (`docs/decisions/0321-no-bare-id-for-what-has-a-reference.md`).

use std::collections::BTreeSet;

use async_graphql::{
    Positioned,
    parser::types::{ConstDirective, InputValueDefinition, TypeKind, TypeSystemDefinition},
};

use super::{parsed, served};
use crate::authorization::calls::base;

/// Returns the possible names of the reference beside an ID: `product` of `productId`, `categories`
/// of `categoryIds`.
fn references_beside(id: &str) -> Vec<String> {
    if let Some(stem) = id.strip_suffix("Ids") {
        let ending = stem.strip_suffix('y').map(|stem| format!("{stem}ies"));
        return [format!("{stem}s")].into_iter().chain(ending).collect();
    }
    id.strip_suffix("Id").map(ToOwned::to_owned).into_iter().collect()
}

/// Optional IDs that are not deprecated although a reference to the same object is beside them.
/// `id`, the row itself, does not count.
fn bare_ids(sdl: &str) -> Vec<String> {
    let mut found = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::InputObject(input) = &kind.node.kind else { continue };
        let fields: Vec<&InputValueDefinition> = input.fields.iter().map(|field| &field.node).collect();
        let is_reference = |name: &String| {
            fields.iter().any(|field| field.name.node.as_str() == name.as_str() && base(&field.ty.node).ends_with("Ref"))
        };
        for field in &fields {
            let may_be_left_out = field.ty.node.nullable || field.default_value.is_some();
            let is_deprecated = field.directives.iter().any(|directive| directive.node.name.node == "deprecated");
            if may_be_left_out && !is_deprecated && references_beside(&field.name.node).iter().any(is_reference) {
                found.push(format!("{}.{}", kind.node.name, field.name));
            }
        }
    }
    found
}

/// IDs that have no reference beside them, with the reason. `id`, the row that a mutation changes,
/// is covered by `ROWS_BY_ID`.
const WITHOUT_A_REFERENCE: [(&str, &str); 2] = [
    ("Mutation.memberInvite(roleIds:)", "the core requires it, and what is required cannot be deprecated: `roles` is beside it"),
    ("ReverseLine.lotId", "a code means a lot with its product alone, and lineId names no product"),
];

/// Inputs and arguments that take an object of almost any kind, by the ID that `node` takes. They
/// stay: most of those kinds have no key, two kinds may have the same one, and the ID alone
/// determines the kind of the object and the permission that it needs
/// (`docs/decisions/0345-references-to-roles-and-views.md`).
const OF_ANY_NODE: [&str; 6] = [
    "AttachmentAddInput.nodeId",
    "NodeTagsSetInput.nodeId",
    "NoteAddInput.nodeId",
    "Query.attachments(nodeId:)",
    "Query.history(nodeId:)",
    "Query.notes(nodeId:)",
];

/// Returns a name with its first letter in upper case, such as `Store` for `store`.
fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn has(directives: &[Positioned<ConstDirective>], name: &str) -> bool {
    directives.iter().any(|directive| directive.node.name.node == name)
}

/// Returns the types that have a reference, by the references' names: `Store` of `input StoreRef
/// @oneOf`.
fn things(sdl: &str) -> BTreeSet<String> {
    let reference = |definition: &TypeSystemDefinition| match definition {
        TypeSystemDefinition::Type(kind) if has(&kind.node.directives, "oneOf") => {
            kind.node.name.node.strip_suffix("Ref").map(ToOwned::to_owned)
        }
        _ => None,
    };
    parsed(sdl).definitions.iter().filter_map(reference).collect()
}

/// Whether a name is that of a type, with a prefix (`toStoreId`) or shortened (`groupIds` for
/// `StoreGroup`).
fn names(field: &str, thing: &str) -> bool {
    let stem = ["Ids", "Id", "s"].iter().find_map(|ending| field.strip_suffix(ending)).unwrap_or(field);
    let stem = capitalised(stem);
    !stem.is_empty() && (stem.ends_with(thing) || thing.ends_with(&stem))
}

/// IDs, among the fields of one input or the arguments of one field, of a type with references,
/// that have no reference beside them or are not deprecated.
fn alone<'a>(fields: &'a [Positioned<InputValueDefinition>], things: &BTreeSet<String>) -> Vec<&'a str> {
    let is_alone = |field: &&InputValueDefinition| {
        let mut named = things.iter().filter(|thing| names(&field.name.node, thing)).peekable();
        let is_of_a_thing = base(&field.ty.node) == "ID" && field.name.node != "id" && named.peek().is_some();
        let is_reference = |thing: &String| fields.iter().any(|other| base(&other.node.ty.node) == format!("{thing}Ref"));
        is_of_a_thing && !(named.any(is_reference) && has(&field.directives, "deprecated"))
    };
    fields.iter().map(|field| &field.node).filter(is_alone).map(|field| field.name.node.as_str()).collect()
}

/// Such IDs in a whole schema. Deprecated fields and inputs need no reference any more.
fn without_a_reference(sdl: &str) -> Vec<String> {
    let (things, mut found) = (things(sdl), Vec::new());
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let name = &kind.node.name.node;
        match &kind.node.kind {
            TypeKind::InputObject(input) => {
                found.extend(alone(&input.fields, &things).into_iter().map(|field| format!("{name}.{field}")));
            }
            TypeKind::Object(object) => {
                for field in object.fields.iter().map(|field| &field.node).filter(|field| !has(&field.directives, "deprecated")) {
                    let arguments = alone(&field.arguments, &things).into_iter();
                    found.extend(arguments.map(|argument| format!("{name}.{}({argument}:)", field.name)));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn no_bare_id_names_what_has_a_reference() {
    let found = without_a_reference(&served());
    let is_listed = |one: &&String| WITHOUT_A_REFERENCE.iter().any(|(listed, _)| listed == one);
    let bare: Vec<&String> = found.iter().filter(|one| !is_listed(one)).collect();
    assert!(bare.is_empty(), "put a reference beside each and deprecate the ID, or write down why it stays: {bare:#?}");
    let idle: Vec<_> = WITHOUT_A_REFERENCE.iter().filter(|(listed, _)| !found.iter().any(|one| one == listed)).collect();
    assert!(idle.is_empty(), "these have a reference now, or are gone: {idle:#?}");
}

/// A core input keeps its required ID.
const OF_THE_CORE: &str = "the core requires the ID";
/// A lot is found by its code with its product alone, and these inputs name no product.
const WITHOUT_A_PRODUCT: &str = "a code means a lot with its product alone";
/// The reference of a merged row leads to the row that stays.
const LEADS_ELSEWHERE: &str = "what is merged is found under the one that stays";

/// Inputs that select the row to change by `id` alone, though its type may have references, with
/// the reason.
const ROWS_BY_ID: [(&str, &str); 10] = [
    ("CustomerUnmergeInput", LEADS_ELSEWHERE),
    ("LotStatusInput", WITHOUT_A_PRODUCT),
    ("LotUpdateInput", WITHOUT_A_PRODUCT),
    ("OrderFulfilInput", OF_THE_CORE),
    ("OrderHoldLiftInput", "it is the hold's ID"),
    ("ProductDocumentRemoveInput", "it is the document's ID"),
    ("ProductImageRemoveInput", "it is the picture's ID"),
    ("ProductUpdateInput", OF_THE_CORE),
    ("SavedViewScheduleDeleteInput", "it is the schedule's ID"),
    ("SupplierUnmergeInput", LEADS_ELSEWHERE),
];

/// Inputs of a schema, by name, that are named after a type with references, have an `id` and take
/// no reference.
fn rows_by_id(sdl: &str) -> Vec<String> {
    let (things, mut found) = (things(sdl), Vec::new());
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::InputObject(input) = &kind.node.kind else { continue };
        let name = kind.node.name.node.as_str();
        let called = things.iter().filter(|thing| name.ends_with("Input") && name.starts_with(thing.as_str()));
        let Some(thing) = called.max_by_key(|thing| thing.len()) else { continue };
        let has = |is_one: &dyn Fn(&InputValueDefinition) -> bool| input.fields.iter().any(|field| is_one(&field.node));
        let reference = format!("{thing}Ref");
        if has(&|field| field.name.node == "id") && !has(&|field| base(&field.ty.node) == reference) {
            found.push(name.to_owned());
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn what_a_mutation_changes_is_named_by_a_reference_too() {
    let expected = ROWS_BY_ID.map(|(input, _)| input);
    assert_eq!(rows_by_id(&served()), expected, "put a reference beside `id`, or say here why there is none");
}

#[test]
fn a_row_that_has_an_id_alone_is_found() {
    let references = "input StoreRef @oneOf { id: ID code: String } input StoreGroupRef @oneOf { id: ID code: String }";
    let inputs = "input StoreUpdateInput { id: ID! } input StoreArchiveInput { id: ID store: StoreRef } input StoreGroupUpdateInput { id: ID! store: StoreRef }
        input StoreScope { id: ID! } input StoreCreateInput { code: String } input AlertActionInput { id: ID! }";
    assert_eq!(rows_by_id(&format!("{references} {inputs}")), ["StoreGroupUpdateInput", "StoreUpdateInput"]);
}

/// The inputs and arguments that are called `nodeId`, each with its type.
fn of_any_node(sdl: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut note = |input: &InputValueDefinition, at: String| {
        if input.name.node == "nodeId" {
            found.push((at, input.ty.to_string()));
        }
    };
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let name = &kind.node.name.node;
        match &kind.node.kind {
            TypeKind::InputObject(input) => input.fields.iter().for_each(|one| note(&one.node, format!("{name}.nodeId"))),
            TypeKind::Object(object) => {
                for field in object.fields.iter().map(|field| &field.node) {
                    field.arguments.iter().for_each(|one| note(&one.node, format!("{name}.{}(nodeId:)", field.name)));
                }
            }
            _ => {}
        }
    }
    found.sort();
    found
}

#[test]
fn a_thing_of_any_kind_is_named_by_its_id_alone() {
    let expected = OF_ANY_NODE.map(|at| (at.to_owned(), "ID!".to_owned()));
    assert_eq!(
        of_any_node(&served()),
        expected,
        "an input of one kind of things takes a reference, and one of any kind says why it takes none"
    );
}

#[test]
fn a_bare_id_is_found_by_the_name_of_what_it_names() {
    let references = "input StoreRef @oneOf { id: ID code: String } input StoreGroupRef @oneOf { id: ID code: String }
        input ExternalRef { channelId: ID }";
    let input = "input A { id: ID! storeId: ID! toStoreId: ID groupIds: [ID!] lineId: ID! imageIds: [ID!] storeName: String }
        input B { storeId: ID @deprecated(reason: \"x\") store: StoreRef storeIds: [ID!] stores: [StoreRef!] }";
    let object = "type Query { a(storeId: ID!, code: String): Int b(store: ID): Int c(group: StoreGroupRef, storeGroup: ID @deprecated(reason: \"x\")): Int
        d(storeId: ID!): Int @deprecated(reason: \"x\") }";
    let found = without_a_reference(&format!("{references} {input} {object}"));
    let expected = ["A.storeId", "A.toStoreId", "A.groupIds", "B.storeIds", "Query.a(storeId:)", "Query.b(store:)"];
    assert_eq!(found, expected);
}

#[test]
fn an_id_beside_a_reference_is_deprecated() {
    let found = bare_ids(&served());
    assert!(found.is_empty(), "deprecate them as their neighbours are, the reference takes an ID too: {found:#?}");
}

#[test]
fn a_bare_id_is_found_beside_its_reference_alone() {
    let fields = "id: ID product: ProductRef productId: ID stores: [StoreRef!] storeIds: [ID!]! = [] categoryIds: [ID!] categories: [CategoryRef!]
        supplierId: ID lineId: ID line: Int channel: ChannelRef channelId: ID! order: OrderRef orderId: ID @deprecated(reason: \"x\")";
    let found = bare_ids(&format!("input A {{ {fields} }} type B {{ product: ProductRef productId: ID }}"));
    assert_eq!(found, ["A.productId", "A.storeIds", "A.categoryIds"]);
}
