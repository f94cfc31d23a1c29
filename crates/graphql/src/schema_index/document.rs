//! The document that a schema index is read from: parsed from SDL, or taken from the registry that the engine writes the SDL of. A start waits for the second
//! (`docs/decisions/0369-one-description-of-all-types-a-start.md`).

use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Positioned, Value,
    parser::{
        parse_query, parse_schema,
        types::{
            ConstDirective, EnumType, EnumValueDefinition, FieldDefinition, InputObjectType, InputValueDefinition, InterfaceType,
            ObjectType, SchemaDefinition, Selection, ServiceDocument, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
            UnionType,
        },
    },
    registry::{Deprecation, MetaDirectiveInvocation, MetaField, MetaInputValue, MetaType, Registry},
};

/// The SDL does not parse, or would not: it was not made by the engine.
#[derive(Debug, thiserror::Error)]
#[error("the schema cannot be read: {0}")]
pub struct Unreadable(String);

/// # Errors
/// The text is not SDL.
pub fn of_sdl(sdl: &str) -> Result<ServiceDocument, Unreadable> {
    parse_schema(without_descriptions(sdl)).map_err(|error| Unreadable(error.to_string()))
}

/// Removes the descriptions from the engine's SDL; each is between two lines of `"""`. They are
/// three quarters of the text, are not used here, and are slow to parse.
fn without_descriptions(sdl: &str) -> String {
    let mut is_description = false;
    let mut rest = String::with_capacity(sdl.len() / 2);
    for line in sdl.lines() {
        if line.trim() == "\"\"\"" {
            is_description = !is_description;
        } else if !is_description {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    rest
}

/// The document that the parser makes of the SDL that the engine writes of this registry, without positions, descriptions and definitions of directives.
///
/// # Errors
/// A type or a default value is written as SDL has none.
pub fn of_registry(registry: &Registry) -> Result<ServiceDocument, Unreadable> {
    let mut reader = Reader { registry, defaults: HashMap::new() };
    let kinds = registry.types.values().filter(|kind| !is_of_engine(kind.name()));
    let mut definitions = kinds.map(|kind| reader.definition(kind)).collect::<Result<Vec<_>, Unreadable>>()?;
    definitions.push(TypeSystemDefinition::Schema(unpositioned(SchemaDefinition {
        extend: false,
        directives: Vec::new(),
        query: Some(name(&registry.query_type)),
        mutation: registry.mutation_type.as_deref().map(name),
        subscription: registry.subscription_type.as_deref().map(name),
    })));
    Ok(ServiceDocument { definitions })
}

struct Reader<'a> {
    registry: &'a Registry,
    /// Default values that were parsed: hundreds of fields share a few.
    defaults: HashMap<&'a str, Value>,
}

impl<'a> Reader<'a> {
    fn definition(&mut self, kind: &'a MetaType) -> Result<TypeSystemDefinition, Unreadable> {
        let mut of_type = Vec::new();
        let (invocations, shape) = match kind {
            MetaType::Scalar { directive_invocations, .. } => (directive_invocations, TypeKind::Scalar),
            MetaType::Object { name, fields, directive_invocations, .. } => {
                let object = ObjectType { implements: self.interfaces(name), fields: self.fields(fields.values())? };
                (directive_invocations, TypeKind::Object(object))
            }
            MetaType::Interface { name, fields, directive_invocations, .. } => {
                let interface = InterfaceType { implements: self.interfaces(name), fields: self.fields(fields.values())? };
                (directive_invocations, TypeKind::Interface(interface))
            }
            MetaType::Union { possible_types, directive_invocations, .. } => {
                let members = possible_types.iter().map(|member| name(member)).collect();
                (directive_invocations, TypeKind::Union(UnionType { members }))
            }
            MetaType::Enum { enum_values, directive_invocations, .. } => {
                let values = enum_values.values().map(|value| {
                    let directives = const_directives(&value.deprecation, &value.directive_invocations);
                    unpositioned(EnumValueDefinition { description: None, value: name(&value.name), directives })
                });
                (directive_invocations, TypeKind::Enum(EnumType { values: values.collect() }))
            }
            MetaType::InputObject { input_fields, oneof, directive_invocations, .. } => {
                of_type.extend(oneof.then(|| directive("oneOf", Vec::new())));
                let fields = self.inputs(input_fields.values())?;
                (directive_invocations, TypeKind::InputObject(InputObjectType { fields }))
            }
        };
        of_type.extend(const_directives(&Deprecation::NoDeprecated, invocations));
        Ok(TypeSystemDefinition::Type(unpositioned(TypeDefinition {
            extend: false,
            description: None,
            name: name(kind.name()),
            directives: of_type,
            kind: shape,
        })))
    }

    fn interfaces(&self, type_name: &str) -> Vec<Positioned<Name>> {
        self.registry.implements.get(type_name).into_iter().flatten().map(|interface| name(interface)).collect()
    }

    fn fields(&mut self, fields: impl Iterator<Item = &'a MetaField>) -> Result<Vec<Positioned<FieldDefinition>>, Unreadable> {
        let mut definitions = Vec::new();
        for field in fields.filter(|field| !is_of_engine(&field.name)) {
            definitions.push(unpositioned(FieldDefinition {
                description: None,
                name: name(&field.name),
                arguments: self.inputs(field.args.values())?,
                ty: kind(&field.ty)?,
                directives: const_directives(&field.deprecation, &field.directive_invocations),
            }));
        }
        Ok(definitions)
    }

    fn inputs(
        &mut self,
        inputs: impl Iterator<Item = &'a MetaInputValue>,
    ) -> Result<Vec<Positioned<InputValueDefinition>>, Unreadable> {
        let mut definitions = Vec::new();
        for input in inputs {
            definitions.push(unpositioned(InputValueDefinition {
                description: None,
                name: name(&input.name),
                ty: kind(&input.ty)?,
                default_value: input.default_value.as_deref().map(|text| self.value(text)).transpose()?.map(unpositioned),
                directives: const_directives(&input.deprecation, &input.directive_invocations),
            }));
        }
        Ok(definitions)
    }

    /// Returns a default value; the registry has only its text.
    fn value(&mut self, text: &'a str) -> Result<Value, Unreadable> {
        if let Some(cached) = self.defaults.get(text) {
            return Ok(cached.clone());
        }
        let value = parse_value(text).ok_or_else(|| Unreadable(format!("{text} is no default value")))?;
        self.defaults.insert(text, value.clone());
        Ok(value)
    }
}

/// The parser reads whole documents.
fn parse_value(text: &str) -> Option<Value> {
    let document = parse_query(format!("{{ field(value: {text}) }}")).ok()?;
    let (_, operation) = document.operations.iter().next()?;
    let Selection::Field(field) = &operation.node.selection_set.node.items.first()?.node else { return None };
    field.node.get_argument("value")?.node.clone().into_const()
}

/// Whether it is the engine's own, which the SDL does not show.
fn is_of_engine(name: &str) -> bool {
    name.starts_with("__")
}

fn kind(text: &str) -> Result<Positioned<Type>, Unreadable> {
    Type::new(text).map(unpositioned).ok_or_else(|| Unreadable(format!("{text} is no type")))
}

fn const_directives(deprecation: &Deprecation, invocations: &[MetaDirectiveInvocation]) -> Vec<Positioned<ConstDirective>> {
    let deprecated = deprecation.is_deprecated().then(|| {
        let reason = deprecation.reason().map(|reason| (name("reason"), unpositioned(Value::String(reason.to_owned()))));
        directive("deprecated", reason.into_iter().collect())
    });
    let custom_directives = invocations.iter().map(|invocation| {
        let arguments = invocation.args.iter().map(|(argument, value)| (name(argument), unpositioned(value.clone())));
        directive(&invocation.name, arguments.collect())
    });
    deprecated.into_iter().chain(custom_directives).collect()
}

fn directive(directive_name: &str, arguments: Vec<(Positioned<Name>, Positioned<Value>)>) -> Positioned<ConstDirective> {
    unpositioned(ConstDirective { name: name(directive_name), arguments })
}

fn name(text: &str) -> Positioned<Name> {
    unpositioned(Name::new(text))
}

/// A node that comes from no text.
fn unpositioned<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}

#[cfg(test)]
mod tests {
    use async_graphql::registry::ObjectBuilder;

    use super::*;

    /// A query for `things`, with `first` as the default of its argument `first`.
    fn registry(things: &str, first: &str) -> Registry {
        let mut argument = MetaInputValue::new("first", "Int!");
        argument.default_value = Some(first.to_owned());
        let mut field = MetaField::new("things", things);
        field.args.insert("first".to_owned(), argument);
        let query = ObjectBuilder::new("Query", [("things".to_owned(), field)].into()).build();
        Registry { types: [("Query".to_owned(), query)].into(), query_type: "Query".to_owned(), ..Registry::default() }
    }

    #[test]
    fn types_and_defaults_that_are_no_graphql_are_refused_by_what_they_say() {
        assert!(of_registry(&registry("[Thing!]!", "20")).is_ok());
        for (things, first, what) in [("[Thing!", "20", "[Thing! is no type"), ("Thing", "20 30", "20 30 is no default value")] {
            let error = of_registry(&registry(things, first)).unwrap_err().to_string();
            assert!(error.ends_with(what), "{error}");
        }
    }
}
