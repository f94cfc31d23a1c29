//! Deprecated parts of a schema, by type and name.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{ConstDirective, FieldDefinition, InputValueDefinition, ServiceDocument, TypeKind},
};

use super::{
    keyless::{KEYLESS_CREATORS, REASON, coordinate},
    notice::Deprecation,
};
use crate::schema_index::{base, definitions};

/// Default reason of the specification for a directive without one.
const NO_REASON: &str = "No longer supported";

/// Deprecated parts by name, read once from the SDL: a document is searched by names alone.
#[derive(Debug, Default, PartialEq)]
pub struct DeprecatedIndex {
    /// Fields of objects and interfaces, fields of inputs, and values of enums: of types that have a deprecated one.
    members: HashMap<Name, HashMap<Name, Arc<Deprecation>>>,
    /// Arguments, by the type and the field that they are of.
    arguments: HashMap<Name, HashMap<Name, HashMap<Name, Arc<Deprecation>>>>,
    /// Inputs and enums that have something deprecated in them, however deep.
    holders: HashSet<Name>,
    /// Calls without an idempotency key, by the mutation type and its field.
    keyless: HashMap<Name, HashMap<Name, Arc<Deprecation>>>,
}

impl DeprecatedIndex {
    pub fn of(document: &ServiceDocument, mutation: Option<&Name>) -> Self {
        let mut index = Self::default();
        for kind in definitions(document) {
            match &kind.kind {
                TypeKind::Object(object) => index.fields(&kind.name.node, &object.fields),
                TypeKind::Interface(interface) => index.fields(&kind.name.node, &interface.fields),
                TypeKind::InputObject(input) => {
                    for field in &input.fields {
                        index.member(&kind.name.node, &field.node.name.node, &field.node.directives);
                    }
                }
                TypeKind::Enum(values) => {
                    for value in &values.values {
                        index.member(&kind.name.node, &value.node.value.node, &value.node.directives);
                    }
                }
                TypeKind::Union(_) | TypeKind::Scalar => {}
            }
        }
        index.find_holders(document);
        if let Some(mutation) = mutation {
            index.find_keyless(document, mutation);
        }
        index
    }

    /// A field of an object, interface or input, or a value of an enum, if it is deprecated.
    pub fn of_member(&self, type_name: &str, name: &str) -> Option<&Arc<Deprecation>> {
        self.members.get(type_name)?.get(name)
    }

    /// An argument, if it is deprecated.
    pub fn of_argument(&self, type_name: &str, field: &str, name: &str) -> Option<&Arc<Deprecation>> {
        self.arguments.get(type_name)?.get(field)?.get(name)
    }

    /// Whether a value of this input or enum may use something deprecated.
    pub fn holds(&self, input: &str) -> bool {
        self.holders.contains(input)
    }

    /// A call of this field without an idempotency key, if that is deprecated.
    pub fn deprecation_of_keyless_call(&self, type_name: &str, field: &str) -> Option<&Arc<Deprecation>> {
        self.keyless.get(type_name)?.get(field)
    }

    fn fields(&mut self, type_name: &Name, fields: &[Positioned<FieldDefinition>]) {
        for field in fields {
            let field = &field.node;
            self.member(type_name, &field.name.node, &field.directives);
            for argument in &field.arguments {
                self.argument(type_name, &field.name.node, &argument.node);
            }
        }
    }

    fn member(&mut self, type_name: &Name, name: &Name, directives: &[Positioned<ConstDirective>]) {
        if let Some(reason) = deprecation_reason(directives) {
            let deprecation = Deprecation { coordinate: format!("{type_name}.{name}"), reason };
            self.members.entry(type_name.clone()).or_default().insert(name.clone(), Arc::new(deprecation));
        }
    }

    fn argument(&mut self, type_name: &Name, field: &Name, argument: &InputValueDefinition) {
        if let Some(reason) = deprecation_reason(&argument.directives) {
            let name = argument.name.node.clone();
            let deprecation = Deprecation { coordinate: format!("{type_name}.{field}({name}:)"), reason };
            let arguments = self.arguments.entry(type_name.clone()).or_default().entry(field.clone()).or_default();
            arguments.insert(name, Arc::new(deprecation));
        }
    }

    fn find_keyless(&mut self, document: &ServiceDocument, mutation: &Name) {
        for kind in definitions(document).filter(|kind| kind.name.node == *mutation) {
            let TypeKind::Object(object) = &kind.kind else { continue };
            for field in object.fields.iter().map(|field| &field.node) {
                let name = &field.name.node;
                if KEYLESS_CREATORS.contains(&name.as_str())
                    && let Some(coordinate) = coordinate(document, mutation, field)
                {
                    let deprecation = Deprecation { coordinate, reason: REASON.to_owned() };
                    self.keyless.entry(mutation.clone()).or_default().insert(name.clone(), Arc::new(deprecation));
                }
            }
        }
    }

    /// Inputs may contain one another, so this repeats until it finds no more.
    fn find_holders(&mut self, document: &ServiceDocument) {
        for kind in definitions(document) {
            let is_value = matches!(kind.kind, TypeKind::InputObject(_) | TypeKind::Enum(_));
            if is_value && self.members.contains_key(&kind.name.node) {
                self.holders.insert(kind.name.node.clone());
            }
        }
        let mut is_complete = self.holders.is_empty();
        while !is_complete {
            is_complete = true;
            for kind in definitions(document) {
                let TypeKind::InputObject(input) = &kind.kind else { continue };
                let is_holder = input.fields.iter().any(|field| self.holders.contains(base(&field.node.ty.node)));
                if is_holder && self.holders.insert(kind.name.node.clone()) {
                    is_complete = false;
                }
            }
        }
    }
}

fn deprecation_reason(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    let directive = directives.iter().find(|directive| directive.node.name.node == "deprecated")?;
    Some(match directive.node.get_argument("reason").map(|value| &value.node) {
        Some(Value::String(reason)) => reason.clone(),
        _ => NO_REASON.to_owned(),
    })
}
