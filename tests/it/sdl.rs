//! The schema as clients get it: committed as it is served, with descriptions, and with all parts
//! of the core that are implemented.

use std::{collections::BTreeMap, env, fs, path::Path};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{
            BaseType, ConstDirective, DirectiveDefinition, FieldDefinition, InputValueDefinition, ServiceDocument,
            TypeDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

mod bare;
mod bounded;
mod descriptions;
mod filters;
mod names;
mod nulls;
mod published;
mod references;
mod repeated;
mod sorts;

/// Parts of the core that a later subject adds. A line names a path of the core; it covers
/// everything below it. A line that the served schema has, or that the core does not know, fails
/// the test: remove it.
const LATER: &[(&str, &[&str])] = &[];

/// Required inputs of the core that are optional now, because `packs` or `channel` can replace
/// them.
const RELAXED: [&str; 5] = [
    "ExternalRef.channelId",
    "OrderLineInput.quantity",
    "ReserveItem.quantity",
    "ReturnLineInput.quantity",
    "StockChangeInput.delta",
];

/// Guarantees for clients, each under a path: `Product.stock` → `[StockLevel!]!`.
type Shapes = BTreeMap<String, String>;

fn shapes(sdl: &str) -> Shapes {
    let mut shapes = Shapes::new();
    for definition in &parsed(sdl).definitions {
        match definition {
            TypeSystemDefinition::Schema(_) => {}
            TypeSystemDefinition::Directive(directive) => directive_shape(&directive.node, &mut shapes),
            TypeSystemDefinition::Type(kind) => type_shape(&kind.node, &mut shapes),
        }
    }
    shapes
}

fn parsed(sdl: &str) -> ServiceDocument {
    parse_schema(sdl).unwrap()
}

fn directive_shape(directive: &DirectiveDefinition, shapes: &mut Shapes) {
    let path = format!("directive @{}", directive.name);
    for location in &directive.locations {
        shapes.insert(format!("{path} on {:?}", location.node), String::new());
    }
    input_shapes(&path, &directive.arguments, shapes);
    shapes.insert(path, String::new());
}

/// The path of the type itself: `type Product`.
fn head(kind: &TypeDefinition) -> String {
    let word = match kind.kind {
        TypeKind::Scalar => "scalar",
        TypeKind::Object(_) => "type",
        TypeKind::Interface(_) => "interface",
        TypeKind::Union(_) => "union",
        TypeKind::Enum(_) => "enum",
        TypeKind::InputObject(_) => "input",
    };
    format!("{word} {}", kind.name)
}

fn type_shape(kind: &TypeDefinition, shapes: &mut Shapes) {
    let (head, name) = (head(kind), &kind.name.node);
    match &kind.kind {
        TypeKind::Scalar => {}
        TypeKind::Object(object) => {
            object.implements.iter().for_each(|one| drop(shapes.insert(format!("{head} implements {one}"), String::new())));
            object.fields.iter().for_each(|field| field_shape(name, &field.node, shapes));
        }
        TypeKind::Interface(interface) => interface.fields.iter().for_each(|field| field_shape(name, &field.node, shapes)),
        TypeKind::Union(union) => {
            union.members.iter().for_each(|one| drop(shapes.insert(format!("{head} | {one}"), String::new())))
        }
        TypeKind::Enum(words) => {
            words.values.iter().for_each(|word| drop(shapes.insert(format!("{name}.{}", word.node.value), String::new())))
        }
        TypeKind::InputObject(input) => input_shapes(name, &input.fields, shapes),
    }
    directives(&head, &kind.directives, shapes);
    shapes.insert(head, String::new());
}

fn field_shape(parent: &str, field: &FieldDefinition, shapes: &mut Shapes) {
    let path = format!("{parent}.{}", field.name);
    directives(&path, &field.directives, shapes);
    input_shapes(&path, &field.arguments, shapes);
    shapes.insert(path, field.ty.to_string());
}

fn input_shapes(parent: &str, inputs: &[Positioned<InputValueDefinition>], shapes: &mut Shapes) {
    for input in inputs {
        let default = input.node.default_value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
        shapes.insert(format!("{parent}.{}", input.node.name), format!("{}{default}", input.node.ty));
    }
}

fn directives(parent: &str, applied: &[Positioned<ConstDirective>], shapes: &mut Shapes) {
    for directive in applied {
        // One path for each event: a mutation may emit more events than in the core.
        if directive.node.name.node == "emits" {
            let events = directive.node.get_argument("events").map(|events| events.node.to_string()).unwrap_or_default();
            for event in events.split(['[', ']', ',', ' ']).filter(|event| !event.is_empty()) {
                shapes.insert(format!("{parent} @emits {event}"), String::new());
            }
            continue;
        }
        let mut arguments: Vec<String> =
            directive.node.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        arguments.sort();
        shapes.insert(format!("{parent} @{}", directive.node.name), arguments.join(", "));
    }
}

fn served() -> String {
    entrepot::schema::sdl()
}

#[test]
fn the_committed_schema_is_the_served_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    if env::var_os("ENTREPOT_WRITE_SCHEMA").is_some() {
        fs::write(&file, served()).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let differs = committed.lines().zip(served().lines()).position(|(a, b)| a != b).map(|line| line + 1);
    assert!(
        committed == served(),
        "schema.graphql is not what is served, from line {differs:?} on: run `make schema` and look at the difference"
    );
}

/// The core's schema, if its file is beside the repository.
fn core() -> Option<Shapes> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/core.graphql");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("SKIPPED: {} is not there, so the served schema was not compared with it", file.display());
        return None;
    };
    Some(shapes(&text))
}

/// Whether the path equals the line or is below it: `type Role` covers `Role.key` too.
fn covers(line: &str, path: &str) -> bool {
    let below = |line: &str| path.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']));
    below(line) || ["type ", "input ", "enum "].iter().filter_map(|word| line.strip_prefix(word)).any(below)
}

#[test]
fn the_core_is_served() {
    let Some(core) = core() else { return };
    let served = shapes(&served());
    let later: Vec<&str> = LATER.iter().flat_map(|(_, lines)| *lines).copied().collect();
    let mut wrong: Vec<String> = Vec::new();
    for (path, shape) in core.iter().filter(|(path, _)| !later.iter().any(|line| covers(line, path))) {
        match served.get(path) {
            None => wrong.push(format!("{path} is missing: {shape}")),
            // Clients of the core send the value: it may be optional if another input can replace
            // it.
            Some(other) if RELAXED.contains(&path.as_str()) && *shape == format!("{other}!") => {}
            Some(other) if other != shape => wrong.push(format!("{path} should be {shape}, it is {other}")),
            Some(_) => {}
        }
    }
    for line in later {
        if !core.contains_key(line) {
            wrong.push(format!("{line} is on the list of what comes later, but the core does not have it"));
        } else if served.contains_key(line) {
            wrong.push(format!("{line} is served now: take it off the list of what comes later"));
        }
    }
    assert!(wrong.is_empty(), "{} differences: {wrong:#?}", wrong.len());
}

/// Fields that the core does not have must be optional, for clients that know only the core.
#[test]
fn nothing_is_asked_for_that_the_core_does_not_name() {
    let Some(core) = core() else { return };
    let document = parsed(&served());
    let mut requested = Vec::new();
    let mut look = |parent: &str, inputs: &[Positioned<InputValueDefinition>]| {
        for input in inputs {
            let path = format!("{parent}.{}", input.node.name);
            let is_needed = !input.node.ty.node.nullable && input.node.default_value.is_none();
            if is_needed && !core.contains_key(&path) {
                requested.push(path);
            }
        }
    };
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let name = &kind.node.name.node;
        match &kind.node.kind {
            TypeKind::InputObject(input) if core.contains_key(&format!("input {name}")) => look(name, &input.fields),
            TypeKind::Object(object) => {
                for field in &object.fields {
                    let path = format!("{name}.{}", field.node.name);
                    if core.contains_key(&path) {
                        look(&path, &field.node.arguments);
                    }
                }
            }
            _ => {}
        }
    }
    assert!(requested.is_empty(), "{requested:#?}");
}

/// Unused types of a schema promise features that do not exist.
#[test]
fn every_type_is_used() {
    let document = parsed(&served());
    let mut used: Vec<String> = ["Query", "Mutation", "Subscription"].map(ToOwned::to_owned).to_vec();
    fn base(ty: &BaseType) -> String {
        match ty {
            BaseType::Named(name) => name.to_string(),
            BaseType::List(inner) => base(&inner.base),
        }
    }
    let mut interfaces = Vec::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let fields = match &kind.node.kind {
            TypeKind::Object(object) => {
                if !object.implements.is_empty() {
                    used.push(kind.node.name.to_string());
                }
                interfaces.extend(object.implements.iter().map(ToString::to_string));
                object.fields.as_slice()
            }
            TypeKind::Interface(interface) => interface.fields.as_slice(),
            TypeKind::Union(union) => {
                used.extend(union.members.iter().map(ToString::to_string));
                continue;
            }
            TypeKind::InputObject(input) => {
                used.extend(input.fields.iter().map(|field| base(&field.node.ty.node.base)));
                continue;
            }
            TypeKind::Enum(_) | TypeKind::Scalar => continue,
        };
        for field in fields {
            used.push(base(&field.node.ty.node.base));
            used.extend(field.node.arguments.iter().map(|argument| base(&argument.node.ty.node.base)));
        }
    }
    used.extend(interfaces);
    let idle: Vec<String> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) if !used.contains(&kind.node.name.to_string()) => Some(head(&kind.node)),
            _ => None,
        })
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}
