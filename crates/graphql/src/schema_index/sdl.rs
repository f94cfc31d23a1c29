//! Lookups in a document of SDL: definitions of types, their directives, and the weight in `@cost`.

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{BaseType, ConstDirective, ServiceDocument, Type, TypeDefinition, TypeSystemDefinition},
};

use crate::price::{self, Millis};

pub(crate) fn definitions(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(kind) => Some(&kind.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    })
}

/// The name of a type without its lists.
pub fn base(kind: &Type) -> &Name {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

pub(crate) fn directive<'a>(directives: &'a [Positioned<ConstDirective>], name: &str) -> Option<&'a ConstDirective> {
    directives.iter().map(|invocation| &invocation.node).find(|invocation| invocation.name.node == name)
}

/// Returns the weight in `@cost`.
pub(crate) fn weight(directives: &[Positioned<ConstDirective>]) -> Option<Millis> {
    match directive(directives, "cost")?.get_argument("weight").map(|value| &value.node) {
        Some(Value::String(text)) => price::parse(text),
        _ => None,
    }
}
