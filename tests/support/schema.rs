//! The schema as its text declares it: root fields, and the fields and members of types.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition},
};

/// The types of the schema by their names, from which calls are made.
pub struct Calls {
    pub types: BTreeMap<String, TypeDefinition>,
}

/// The kinds of operation and the types of their root fields.
const ROOTS: [(&str, &str); 3] = [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")];

impl Calls {
    pub fn of_the_schema() -> Self {
        let document = parse_schema(entrepot::schema::sdl()).unwrap();
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) => Some((kind.node.name.to_string(), by_name(kind.node))),
            _ => None,
        });
        Self { types: types.collect() }
    }

    /// The root fields. One under its earlier name is left out: it is the same method, and `api_versions.rs` compares the two.
    pub fn roots(&self) -> impl Iterator<Item = (&'static str, &FieldDefinition)> {
        ROOTS.into_iter().flat_map(|(operation, root)| {
            let own = self.fields(root).iter().filter(|field| later_name(&field.node).is_none());
            own.map(move |field| (operation, &field.node))
        })
    }
    pub fn fields(&self, kind: &str) -> &[Positioned<FieldDefinition>] {
        match self.types.get(kind).map(|kind| &kind.kind) {
            Some(TypeKind::Object(object)) => &object.fields,
            Some(TypeKind::Interface(interface)) => &interface.fields,
            _ => &[],
        }
    }

    /// The object types of a union or an interface.
    pub fn members(&self, kind: &str) -> Vec<String> {
        match self.types.get(kind).map(|kind| &kind.kind) {
            Some(TypeKind::Union(union)) => union.members.iter().map(ToString::to_string).collect(),
            Some(TypeKind::Interface(_)) => {
                let implements = |one: &&TypeDefinition| matches!(&one.kind, TypeKind::Object(object) if object.implements.iter().any(|name| name.node == kind));
                self.types.values().filter(implements).map(|one| one.name.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Sorts the members of a type by name: calls do not depend on the order of declarations.
fn by_name(mut kind: TypeDefinition) -> TypeDefinition {
    let inputs = |inputs: &mut Vec<Positioned<InputValueDefinition>>| inputs.sort_by_key(|one| one.node.name.node.to_string());
    let fields = |fields: &mut Vec<Positioned<FieldDefinition>>| {
        fields.sort_by_key(|one| one.node.name.node.to_string());
        fields.iter_mut().for_each(|one| inputs(&mut one.node.arguments));
    };
    match &mut kind.kind {
        TypeKind::Object(object) => fields(&mut object.fields),
        TypeKind::Interface(interface) => fields(&mut interface.fields),
        TypeKind::InputObject(input) => inputs(&mut input.fields),
        TypeKind::Enum(words) => words.values.sort_by_key(|one| one.node.value.node.to_string()),
        TypeKind::Scalar | TypeKind::Union(_) => {}
    }
    kind
}

/// The name that a field has now, where this is its earlier one.
pub fn later_name(field: &FieldDefinition) -> Option<&str> {
    let text = field.description.as_ref()?.node.trim().strip_prefix("Deprecated name of `")?;
    text.split_once('`').map(|(name, _)| name)
}

pub fn is_needed(input: &InputValueDefinition) -> bool {
    !input.ty.node.nullable && input.default_value.is_none()
}

pub fn base(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}
