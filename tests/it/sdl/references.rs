//! Inputs name things by references. An ID beside one is its earlier form (`docs/decisions/0251-earlier-forms-of-references-and-the-last-keys.md`).

use async_graphql::parser::types::{InputValueDefinition, TypeKind, TypeSystemDefinition};

use super::{parsed, served};
use crate::authorization::calls::base;

/// What a reference beside the ID is called: `product` of `productId`, `categories` of `categoryIds`.
fn references_beside(id: &str) -> Vec<String> {
    if let Some(stem) = id.strip_suffix("Ids") {
        let ending = stem.strip_suffix('y').map(|stem| format!("{stem}ies"));
        return [format!("{stem}s")].into_iter().chain(ending).collect();
    }
    id.strip_suffix("Id").map(ToOwned::to_owned).into_iter().collect()
}

/// IDs that may be left out and are not deprecated, though a reference to the same thing is beside them. `id`, the row itself, is none.
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
