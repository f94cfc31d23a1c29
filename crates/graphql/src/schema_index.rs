//! Schema as the guard looks it up: types, arguments, defaults and prices, read once from the SDL
//! that clients see, or from the engine's registry that writes it. The charged prices are therefore
//! the published ones.

mod document;
mod sdl;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{
        BaseType, ConstDirective, FieldDefinition, InputValueDefinition, OperationType, ServiceDocument, Type, TypeDefinition,
        TypeKind, TypeSystemDefinition,
    },
    registry::Registry,
};
use reference::Operation;

pub(crate) use self::sdl::{definitions, directive, weight};
pub use self::{document::Unreadable, sdl::base};

use super::{
    deprecated::DeprecatedIndex,
    introspection::SchemaNotes,
    price::{self, Millis},
    priced_inputs::PricedInputs,
};

/// The schema in short.
#[derive(Debug, Default, PartialEq)]
pub struct SchemaIndex {
    roots: Roots,
    /// Objects and interfaces; a union has no fields.
    types: HashMap<Name, Composite>,
    inputs: HashMap<Name, HashMap<Name, Input>>,
    /// Inputs that take exactly one of their fields.
    one_of: HashSet<Name>,
    /// The values of enums.
    enums: HashMap<Name, HashSet<Name>>,
    deprecated: DeprecatedIndex,
    priced_inputs: Arc<PricedInputs>,
    notes: SchemaNotes,
}

/// The names of the types that operations begin with.
#[derive(Debug, Default, PartialEq)]
struct Roots {
    query: Option<Name>,
    mutation: Option<Name>,
    subscription: Option<Name>,
}

/// An object, an interface or a union.
#[derive(Debug, PartialEq)]
pub struct Composite {
    /// Price of each of its objects.
    pub price: Millis,
    pub fields: HashMap<Name, Field>,
    /// The interfaces that it implements.
    interfaces: Vec<Name>,
    /// Whether its content depends on the caller's rights only: `@shared`. For an interface or a
    /// union: whether all its objects are `@shared`.
    pub is_shared: bool,
}

/// A field of an object or an interface.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// Type of the field, without lists and exclamation marks.
    pub of: Name,
    pub is_list: bool,
    pub arguments: HashMap<Name, Input>,
    /// Price of resolving it once, besides the objects that it returns.
    pub price: Millis,
    /// Number of objects that a list returns.
    pub size: ListSize,
    /// The permission that its caller must hold.
    pub requires: Option<String>,
    /// Whether it depends on the person who calls: `@personal`.
    pub is_personal: bool,
    /// Whether it may be called without signing in.
    pub is_public: bool,
}

/// An argument, or a field of an input object.
#[derive(Debug, PartialEq)]
pub struct Input {
    pub kind: Type,
    pub default: Option<Value>,
}

impl Input {
    /// Whether it is required.
    pub fn is_needed(&self) -> bool {
        !self.kind.nullable && self.default.is_none()
    }
}

/// `@listSize`, or its substitute.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ListSize {
    /// Size without a slicing argument.
    pub assumed: u32,
    /// Arguments whose number, or length, is the size.
    pub slicing: Vec<Name>,
    /// The fields that are the list, if the field itself is a page around it.
    pub sized: Vec<Name>,
}

impl SchemaIndex {
    /// # Errors
    /// The text is not SDL.
    pub fn of(sdl: &str) -> Result<Self, Unreadable> {
        Ok(Self::read(&document::of_sdl(sdl)?))
    }

    /// The index of the SDL that the engine writes of this registry.
    ///
    /// # Errors
    /// A type or a default value is written as SDL has none.
    pub fn of_registry(registry: &Registry) -> Result<Self, Unreadable> {
        Ok(Self::read(&document::of_registry(registry)?))
    }

    fn read(document: &ServiceDocument) -> Self {
        let prices = priced_objects(document);
        let roots = root_types(document);
        let mut schema_index = Self::default();
        for kind in definitions(document) {
            let name = kind.name.node.clone();
            match &kind.kind {
                TypeKind::Object(object) => {
                    schema_index
                        .types
                        .insert(name.clone(), composite(&name, (&object.fields, &object.implements), &prices, &roots));
                }
                TypeKind::Interface(interface) => {
                    schema_index
                        .types
                        .insert(name.clone(), composite(&name, (&interface.fields, &interface.implements), &prices, &roots));
                }
                TypeKind::Union(_) => {
                    schema_index.types.insert(name.clone(), composite(&name, (&[], &[]), &prices, &roots));
                }
                TypeKind::InputObject(input) => {
                    if directive(&kind.directives, "oneOf").is_some() {
                        schema_index.one_of.insert(name.clone());
                    }
                    schema_index.inputs.insert(name, inputs(&input.fields));
                }
                TypeKind::Enum(list) => {
                    schema_index
                        .enums
                        .insert(name, list.values.iter().map(|enum_value| enum_value.node.value.node.clone()).collect());
                }
                TypeKind::Scalar => {}
            }
        }
        schema_index.priced_inputs = Arc::new(PricedInputs::of(document));
        schema_index.note(document, &roots);
        schema_index.roots = roots;
        schema_index.deprecated = DeprecatedIndex::of(document, schema_index.roots.mutation.as_ref());
        schema_index.find_shared(document);
        schema_index
    }

    /// Adds notes of the permissions, effects and costs of fields and types.
    fn note(&mut self, document: &ServiceDocument, roots: &Roots) {
        let roots = [
            (Operation::Query, roots.query.as_ref()),
            (Operation::Mutation, roots.mutation.as_ref()),
            (Operation::Subscription, roots.subscription.as_ref()),
        ];
        for kind in definitions(document) {
            let (TypeKind::Object(object), name) = (&kind.kind, &kind.name.node) else { continue };
            let operation = roots.into_iter().find(|(_, root)| *root == Some(name)).map(|(operation, _)| operation);
            for field in &object.fields {
                let price = self.field(name, &field.node.name.node).map_or(0, |priced| priced.price);
                if let Some(operation) = operation {
                    self.notes.add_root(operation, name, &field.node, price);
                } else {
                    self.notes.add_field(name, &field.node, price);
                }
            }
            if operation.is_none() {
                let price = self.types.get(name).map_or(0, |priced| priced.price);
                self.notes.add_type(kind, price);
            }
        }
        self.notes.add_inputs(&self.priced_inputs);
    }

    /// Marks the `@shared` types; an interface or a union is shared if all its objects are.
    fn find_shared(&mut self, document: &ServiceDocument) {
        let is_marked = |kind: &&TypeDefinition| directive(&kind.directives, "shared").is_some();
        let shared: HashSet<&Name> = definitions(document).filter(is_marked).map(|kind| &kind.name.node).collect();
        for kind in definitions(document) {
            let is_shared = match &kind.kind {
                TypeKind::Object(_) => shared.contains(&kind.name.node),
                TypeKind::Interface(_) => {
                    let implements = |candidate: &&TypeDefinition| match &candidate.kind {
                        TypeKind::Object(object) => object.implements.iter().any(|name| name.node == kind.name.node),
                        _ => false,
                    };
                    definitions(document).filter(implements).all(|candidate| shared.contains(&candidate.name.node))
                }
                TypeKind::Union(union) => union.members.iter().all(|candidate| shared.contains(&candidate.node)),
                _ => false,
            };
            if let Some(composite) = self.types.get_mut(&kind.name.node) {
                composite.is_shared = is_shared;
            }
        }
    }

    /// The type that operations of this kind begin with.
    pub fn root(&self, operation_type: OperationType) -> Option<&Name> {
        match operation_type {
            OperationType::Query => self.roots.query.as_ref(),
            OperationType::Mutation => self.roots.mutation.as_ref(),
            OperationType::Subscription => self.roots.subscription.as_ref(),
        }
    }

    pub fn composite(&self, name: &str) -> Option<&Composite> {
        self.types.get(name)
    }

    pub fn field(&self, type_name: &str, name: &str) -> Option<&Field> {
        self.types.get(type_name)?.fields.get(name)
    }

    /// Whether every object of type `type_name` is also of type `on`.
    pub fn implements_type(&self, type_name: &str, on: &str) -> bool {
        type_name == on
            || self.types.get(type_name).is_some_and(|composite| composite.interfaces.iter().any(|interface| interface == on))
    }

    /// The fields of an input object.
    pub fn input(&self, name: &str) -> Option<&HashMap<Name, Input>> {
        self.inputs.get(name)
    }
    pub fn is_one_of(&self, input: &str) -> bool {
        self.one_of.contains(input)
    }
    /// Returns the deprecated parts of the schema.
    pub fn deprecated(&self) -> &DeprecatedIndex {
        &self.deprecated
    }
    /// Fields of inputs and values of enums that have a price.
    pub(crate) fn priced_inputs(&self) -> &Arc<PricedInputs> {
        &self.priced_inputs
    }
    /// Returns notes on the requirements, effects and costs of fields and types.
    pub fn notes(&self) -> &SchemaNotes {
        &self.notes
    }
    /// The values of an enum.
    pub fn enum_values(&self, name: &str) -> Option<&HashSet<Name>> {
        self.enums.get(name)
    }
}

fn root_types(document: &ServiceDocument) -> Roots {
    let schema = document.definitions.iter().find_map(|definition| match definition {
        TypeSystemDefinition::Schema(schema) => Some(&schema.node),
        _ => None,
    });
    let name = |name: &Option<Positioned<Name>>| name.as_ref().map(|name| name.node.clone());
    schema.map_or_else(Roots::default, |schema| Roots {
        query: name(&schema.query),
        mutation: name(&schema.mutation),
        subscription: name(&schema.subscription),
    })
}

/// Returns the price of each type's objects: that of `@cost`, else that of a row if the type has an
/// ID, else zero, as the object is part of a row. An interface or a union costs as much as the
/// dearest of its objects.
fn priced_objects(document: &ServiceDocument) -> HashMap<&str, Millis> {
    let mut prices = HashMap::new();
    for kind in definitions(document) {
        if let TypeKind::Object(object) = &kind.kind {
            let has_id = object.implements.iter().any(|interface| interface.node == "Node");
            let price = weight(&kind.directives).unwrap_or(if has_id { price::ROW } else { 0 });
            prices.insert(kind.name.node.as_str(), price);
        }
    }
    for kind in definitions(document) {
        let max_price = match &kind.kind {
            TypeKind::Interface(_) => {
                let implements = |object: &TypeDefinition| match &object.kind {
                    TypeKind::Object(fields) => fields.implements.iter().any(|candidate| candidate.node == kind.name.node),
                    _ => false,
                };
                let members = definitions(document).filter(|candidate| implements(candidate));
                members.filter_map(|candidate| prices.get(candidate.name.node.as_str())).max().copied()
            }
            TypeKind::Union(union) => {
                union.members.iter().filter_map(|candidate| prices.get(candidate.node.as_str())).max().copied()
            }
            _ => continue,
        };
        prices.insert(kind.name.node.as_str(), max_price.unwrap_or_default());
    }
    prices
}

fn composite(
    name: &Name,
    (fields, interfaces): (&[Positioned<FieldDefinition>], &[Positioned<Name>]),
    prices: &HashMap<&str, Millis>,
    roots: &Roots,
) -> Composite {
    let default_price = match Some(name) {
        root if root == roots.query.as_ref() => price::QUERY,
        root if root == roots.mutation.as_ref() => price::MUTATION,
        root if root == roots.subscription.as_ref() => price::SUBSCRIPTION,
        _ => 0,
    };
    let fields = fields.iter().map(|member| (member.node.name.node.clone(), field(&member.node, default_price))).collect();
    let interfaces = interfaces.iter().map(|member| member.node.clone()).collect();
    Composite { price: prices.get(name.as_str()).copied().unwrap_or_default(), fields, interfaces, is_shared: false }
}

fn field(field: &FieldDefinition, default_price: Millis) -> Field {
    let type_name = base(&field.ty.node).clone();
    let is_list = matches!(field.ty.node.base, BaseType::List(_));
    let size = directive(&field.directives, "listSize").map_or_else(unsized_list, list_size);
    let requires = match directive(&field.directives, "requires").and_then(|invocation| invocation.get_argument("permission")) {
        Some(Positioned { node: Value::String(code), .. }) => Some(code.clone()),
        _ => None,
    };
    let (arguments, price) = (inputs(&field.arguments), weight(&field.directives).unwrap_or(default_price));
    let (is_personal, is_public) =
        (directive(&field.directives, "personal").is_some(), directive(&field.directives, "public").is_some());
    Field { of: type_name, is_list, arguments, price, size, requires, is_personal, is_public }
}

fn unsized_list() -> ListSize {
    ListSize { assumed: price::ASSUMED, ..ListSize::default() }
}

fn list_size(directive: &ConstDirective) -> ListSize {
    let names = |argument: &str| match directive.get_argument(argument).map(|value| &value.node) {
        Some(Value::List(names)) => names
            .iter()
            .filter_map(|name| match name {
                Value::String(name) => Some(Name::new(name)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let assumed =
        directive.get_argument("assumedSize").and_then(|value| price::parse_size(&value.node)).unwrap_or(price::ASSUMED);
    ListSize { assumed, slicing: names("slicingArguments"), sized: names("sizedFields") }
}

fn inputs(definitions: &[Positioned<InputValueDefinition>]) -> HashMap<Name, Input> {
    let input = |input: &InputValueDefinition| Input {
        kind: input.ty.node.clone(),
        default: input.default_value.as_ref().map(|value| value.node.clone()),
    };
    definitions.iter().map(|definition| (definition.node.name.node.clone(), input(&definition.node))).collect()
}
