//! The schema as pages need it: types by name, with who uses them.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql_parser::{
    Positioned, parse_schema,
    types::{
        BaseType, ConstDirective, EnumValueDefinition, FieldDefinition, InputValueDefinition, ObjectType, SchemaDefinition, Type,
        TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};

use crate::{build_error::ReferenceError, directives::Directives, operation::Operation};

/// Kinds of types, with the word that pages use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Object,
    Interface,
    Union,
    Input,
    Enum,
    Scalar,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Object => "type",
            Self::Interface => "interface",
            Self::Union => "union",
            Self::Input => "input",
            Self::Enum => "enum",
            Self::Scalar => "scalar",
        }
    }
}

/// An argument, or a field of an input.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) ty: Type,
    /// Default value in GraphQL syntax.
    pub(crate) default: Option<String>,
    pub(crate) directives: Directives,
}

impl Input {
    /// Whether a call without it is invalid.
    pub(crate) fn is_required(&self) -> bool {
        !self.ty.nullable && self.default.is_none()
    }
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) arguments: Vec<Input>,
    pub(crate) ty: Type,
    pub(crate) directives: Directives,
}

#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) directives: Directives,
}

/// A named type. Its kind determines the lists that are filled.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) description: String,
    pub(crate) directives: Directives,
    /// The interfaces that it implements.
    pub(crate) implements: Vec<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) values: Vec<Value>,
    /// The members of a union, or the objects that implement an interface.
    pub(crate) members: Vec<String>,
}

/// A place that names a type: the page of its owner, and its words there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeUse {
    /// Below `/docs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Schema {
    types: BTreeMap<String, Definition>,
    roots: Vec<(Operation, String)>,
    uses: BTreeMap<String, BTreeSet<TypeUse>>,
}

/// The path of a root field's page below `/docs`.
pub(crate) fn field_path(operation: Operation, field: &Field) -> String {
    format!("fields/{}.{}", operation.root(), field.name)
}

/// The name of a type without its list and `!`.
pub(crate) fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

/// Whether the type is a list.
pub(crate) fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

impl Schema {
    pub(crate) fn parse(sdl: &str) -> Result<Self, ReferenceError> {
        let document = parse_schema(sdl).map_err(|error| ReferenceError::Schema(error.to_string()))?;
        let (mut types, mut roots) = (BTreeMap::new(), Vec::new());
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(positioned) => {
                    let definition = definition_of(positioned.node);
                    types.insert(definition.name.clone(), definition);
                }
                TypeSystemDefinition::Schema(positioned) => roots = roots_of(&positioned.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        if roots.is_empty() {
            roots = Operation::ALL.iter().map(|operation| (*operation, operation.root().to_owned())).collect();
            roots.retain(|(_, name)| types.contains_key(name));
        }
        if let Some((_, name)) = roots.iter().find(|(_, name)| !types.contains_key(name)) {
            return Err(ReferenceError::UnknownType { name: name.clone(), place: "schema".to_owned() });
        }
        if !roots.iter().any(|(operation, _)| *operation == Operation::Query) {
            return Err(ReferenceError::NoQuery);
        }
        let mut schema = Self { types, roots, uses: BTreeMap::new() };
        schema.check_names()?;
        schema.note_members();
        schema.note_uses();
        Ok(schema)
    }

    pub(crate) fn definition(&self, name: &str) -> Option<&Definition> {
        self.types.get(name)
    }

    /// All types including the roots, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Definition> {
        self.types.values()
    }

    /// All types except the roots, by name.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Definition> {
        self.types.values().filter(|definition| !self.is_root(&definition.name))
    }

    pub(crate) fn is_root(&self, name: &str) -> bool {
        self.roots.iter().any(|(_, root)| root == name)
    }

    /// The fields of one root, by name.
    pub(crate) fn root_fields(&self, operation: Operation) -> Vec<&Field> {
        let root =
            self.roots.iter().find(|(root_operation, _)| *root_operation == operation).and_then(|(_, name)| self.types.get(name));
        let mut fields: Vec<_> = root.into_iter().flat_map(|definition| &definition.fields).collect();
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        fields
    }

    pub(crate) fn root_field(&self, operation: Operation, name: &str) -> Option<&Field> {
        let (_, root) = self.roots.iter().find(|(root_operation, _)| *root_operation == operation)?;
        self.types.get(root)?.fields.iter().find(|field| field.name == name)
    }

    /// The page of a root field or a type of this name.
    pub(crate) fn path_of(&self, name: &str) -> Option<String> {
        let fields = Operation::ALL.into_iter().filter_map(|operation| Some((operation, self.root_field(operation, name)?)));
        let field = fields.map(|(operation, field)| field_path(operation, field)).next();
        field.or_else(|| self.types.get(name).filter(|_| !self.is_root(name)).map(|_| format!("types/{name}")))
    }

    pub(crate) fn uses(&self, name: &str) -> impl Iterator<Item = &TypeUse> {
        self.uses.get(name).into_iter().flatten()
    }

    pub(crate) fn is_leaf(&self, name: &str) -> bool {
        self.types.get(name).is_none_or(|definition| matches!(definition.kind, Kind::Enum | Kind::Scalar))
    }

    /// Every type that is named exists, but for the five scalars of GraphQL.
    fn check_names(&self) -> Result<(), ReferenceError> {
        let is_known = |name: &str| self.types.contains_key(name) || BUILT_IN.contains(&name);
        for definition in self.types.values() {
            let fields =
                definition.fields.iter().flat_map(|field| field.arguments.iter().map(|argument| &argument.ty).chain([&field.ty]));
            let type_names = fields.chain(definition.inputs.iter().map(|input| &input.ty)).map(base);
            let related_names = definition.implements.iter().chain(&definition.members).map(String::as_str);
            if let Some(name) = type_names.chain(related_names).find(|name| !is_known(name)) {
                return Err(ReferenceError::UnknownType { name: name.to_owned(), place: definition.name.clone() });
            }
        }
        Ok(())
    }

    /// Enters each object at the interfaces that it implements.
    fn note_members(&mut self) {
        let mut implementations: Vec<(String, String)> = Vec::new();
        for definition in self.types.values().filter(|definition| definition.kind == Kind::Object) {
            implementations.extend(definition.implements.iter().map(|interface| (interface.clone(), definition.name.clone())));
        }
        for (interface, object) in implementations {
            if let Some(definition) = self.types.get_mut(&interface) {
                definition.members.push(object);
            }
        }
    }

    fn note_uses(&mut self) {
        let mut uses: BTreeMap<String, BTreeSet<TypeUse>> = BTreeMap::new();
        for definition in self.types.values() {
            let owner = &definition.name;
            for field in &definition.fields {
                let root = self.roots.iter().find(|(_, root)| root == owner);
                let path = root.map_or_else(|| format!("types/{owner}"), |(operation, _)| field_path(*operation, field));
                let text = format!("{owner}.{}", field.name);
                for used_type in field.arguments.iter().map(|argument| &argument.ty).chain([&field.ty]) {
                    uses.entry(base(used_type).to_owned())
                        .or_default()
                        .insert(TypeUse { path: path.clone(), text: text.clone() });
                }
            }
            let path = format!("types/{owner}");
            for input in &definition.inputs {
                let text = format!("{owner}.{}", input.name);
                uses.entry(base(&input.ty).to_owned()).or_default().insert(TypeUse { path: path.clone(), text });
            }
            for member in definition.members.iter().filter(|_| definition.kind == Kind::Union) {
                uses.entry(member.clone()).or_default().insert(TypeUse { path: path.clone(), text: owner.clone() });
            }
        }
        self.uses = uses;
    }
}

/// The scalars that a schema need not define.
const BUILT_IN: [&str; 5] = ["ID", "String", "Int", "Float", "Boolean"];

fn roots_of(schema: &SchemaDefinition) -> Vec<(Operation, String)> {
    let root_types = [
        (Operation::Query, &schema.query),
        (Operation::Mutation, &schema.mutation),
        (Operation::Subscription, &schema.subscription),
    ];
    root_types.into_iter().filter_map(|(operation, name)| Some((operation, name.as_ref()?.node.to_string()))).collect()
}

fn definition_of(source: TypeDefinition) -> Definition {
    let mut definition = Definition {
        name: source.name.node.to_string(),
        kind: Kind::Scalar,
        description: text(source.description),
        directives: directives(source.directives),
        implements: Vec::new(),
        fields: Vec::new(),
        inputs: Vec::new(),
        values: Vec::new(),
        members: Vec::new(),
    };
    match source.kind {
        TypeKind::Scalar => {}
        TypeKind::Object(ObjectType { implements, fields }) => {
            definition.kind = Kind::Object;
            definition.implements = implements.into_iter().map(|positioned| positioned.node.to_string()).collect();
            definition.fields = fields.into_iter().map(field).collect();
        }
        TypeKind::Interface(interface) => {
            definition.kind = Kind::Interface;
            definition.implements = interface.implements.into_iter().map(|positioned| positioned.node.to_string()).collect();
            definition.fields = interface.fields.into_iter().map(field).collect();
        }
        TypeKind::Union(union) => {
            definition.kind = Kind::Union;
            definition.members = union.members.into_iter().map(|positioned| positioned.node.to_string()).collect();
        }
        TypeKind::Enum(values) => {
            definition.kind = Kind::Enum;
            definition.values = values.values.into_iter().map(value).collect();
        }
        TypeKind::InputObject(inputs) => {
            definition.kind = Kind::Input;
            definition.inputs = inputs.fields.into_iter().map(input).collect();
        }
    }
    definition
}

fn text(description: Option<Positioned<String>>) -> String {
    description.map(|text| text.node.trim().to_owned()).unwrap_or_default()
}

fn directives(positioned: Vec<Positioned<ConstDirective>>) -> Directives {
    Directives::new(positioned.into_iter().map(|directive| directive.node).collect())
}

fn field(source: Positioned<FieldDefinition>) -> Field {
    let source = source.node;
    Field {
        name: source.name.node.to_string(),
        description: text(source.description),
        arguments: source.arguments.into_iter().map(input).collect(),
        ty: source.ty.node,
        directives: directives(source.directives),
    }
}

fn input(source: Positioned<InputValueDefinition>) -> Input {
    let source = source.node;
    Input {
        name: source.name.node.to_string(),
        description: text(source.description),
        ty: source.ty.node,
        default: source.default_value.map(|value| value.node.to_string()),
        directives: directives(source.directives),
    }
}

fn value(source: Positioned<EnumValueDefinition>) -> Value {
    let source = source.node;
    Value {
        name: source.value.node.to_string(),
        description: text(source.description),
        directives: directives(source.directives),
    }
}
