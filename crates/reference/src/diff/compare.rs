//! The comparison itself, type by type.

use async_graphql_parser::types::{BaseType, Type};

use super::change::{Change, ChangeKind};
use crate::{
    directives::{Access, Directives},
    schema::{Definition, Field, Input, Kind, Schema, Value},
};

/// All changes, in the order in which they are found.
pub(super) fn compare_schemas(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut found = Found::default();
    for was in old.all() {
        match new.definition(&was.name) {
            None => found.add(ChangeKind::TypeRemoved, was.name.clone(), format!("{} removed", was.kind.word())),
            Some(is) if is.kind != was.kind => {
                let text = format!("changed from {} to {}", was.kind.word(), is.kind.word());
                found.add(ChangeKind::TypeKindChanged, was.name.clone(), text);
            }
            Some(is) => found.definition(was, is),
        }
    }
    for is in new.all().filter(|is| old.definition(&is.name).is_none()) {
        found.add(ChangeKind::TypeAdded, is.name.clone(), format!("{} added", is.kind.word()));
    }
    found.0
}

/// Element with a name that is unique among others of its kind.
trait Named {
    fn name(&self) -> &str;
}

impl Named for Field {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Input {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Value {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Outcome for a name: removed, kept or added.
enum NameMatch<'a, T> {
    Removed(&'a T),
    Kept(&'a T, &'a T),
    Added(&'a T),
}

fn match_names<'a, T: Named>(old: &'a [T], new: &'a [T]) -> Vec<NameMatch<'a, T>> {
    let in_old = old.iter().map(|was| match new.iter().find(|is| is.name() == was.name()) {
        Some(is) => NameMatch::Kept(was, is),
        None => NameMatch::Removed(was),
    });
    let added = new.iter().filter(|is| old.iter().all(|was| was.name() != is.name())).map(NameMatch::Added);
    in_old.chain(added).collect()
}

/// Owner of an argument or input field.
#[derive(Clone, Copy)]
enum Owner<'a> {
    /// Argument of the field at this coordinate.
    Field(&'a str),
    /// Field of this input.
    Input(&'a str),
}

impl Owner<'_> {
    fn coordinate(self, name: &str) -> String {
        match self {
            Self::Field(field) => format!("{field}({name}:)"),
            Self::Input(input) => format!("{input}.{name}"),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Field(_) => "argument",
            Self::Input(_) => "input field",
        }
    }

    fn removed(self) -> ChangeKind {
        match self {
            Self::Field(_) => ChangeKind::ArgumentRemoved,
            Self::Input(_) => ChangeKind::InputFieldRemoved,
        }
    }

    fn added(self) -> ChangeKind {
        match self {
            Self::Field(_) => ChangeKind::ArgumentAdded,
            Self::Input(_) => ChangeKind::InputFieldAdded,
        }
    }
}

/// Difference of a type from an earlier one.
#[derive(Debug, Clone, Copy, Default)]
struct TypeChange {
    /// The names differ, or only one of the types is a list.
    is_other: bool,
    /// Null where there was none.
    is_looser: bool,
    /// No null where there was one.
    is_stricter: bool,
}

impl TypeChange {
    fn between(old: &Type, new: &Type) -> Self {
        let within = match (&old.base, &new.base) {
            (BaseType::Named(was), BaseType::Named(is)) => Self { is_other: was != is, ..Self::default() },
            (BaseType::List(was), BaseType::List(is)) => Self::between(was, is),
            _ => Self { is_other: true, ..Self::default() },
        };
        Self {
            is_looser: within.is_looser || (!old.nullable && new.nullable),
            is_stricter: within.is_stricter || (old.nullable && !new.nullable),
            ..within
        }
    }

    /// Returns the change for clients that read a field.
    fn of_output(self) -> Option<ChangeKind> {
        match self {
            Self { is_other: true, .. } => Some(ChangeKind::FieldTypeChanged),
            Self { is_looser: true, .. } => Some(ChangeKind::FieldMadeNullable),
            Self { is_stricter: true, .. } => Some(ChangeKind::FieldMadeNonNull),
            _ => None,
        }
    }

    /// Returns the change for clients that pass a value.
    fn of_input(self) -> Option<ChangeKind> {
        match self {
            Self { is_other: true, .. } => Some(ChangeKind::InputTypeChanged),
            Self { is_stricter: true, .. } => Some(ChangeKind::InputMadeRequired),
            Self { is_looser: true, .. } => Some(ChangeKind::InputRelaxed),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn add(&mut self, kind: ChangeKind, coordinate: String, text: String) {
        self.0.push(Change { kind, coordinate, text });
    }

    /// Compares two definitions of one name and one kind.
    fn definition(&mut self, was: &Definition, is: &Definition) {
        let owner = was.name.as_str();
        self.names(
            owner,
            (was.implements.as_slice(), is.implements.as_slice()),
            [ChangeKind::InterfaceRemoved, ChangeKind::InterfaceAdded],
        );
        if was.kind == Kind::Union {
            self.names(
                owner,
                (was.members.as_slice(), is.members.as_slice()),
                [ChangeKind::UnionMemberRemoved, ChangeKind::UnionMemberAdded],
            );
        }
        if was.kind == Kind::Input && was.directives.has("oneOf") != is.directives.has("oneOf") {
            let (kind, text) = if is.directives.has("oneOf") {
                (ChangeKind::OneOfAdded, "exactly one field must be given")
            } else {
                (ChangeKind::InputRelaxed, "more or fewer fields than one may be given")
            };
            self.add(kind, owner.to_owned(), text.to_owned());
        }
        for fate in match_names(&was.fields, &is.fields) {
            match fate {
                NameMatch::Removed(old) => {
                    self.add(ChangeKind::FieldRemoved, format!("{owner}.{}", old.name), removed("field", &old.directives));
                }
                NameMatch::Kept(old, new) => self.field(owner, old, new),
                NameMatch::Added(new) => {
                    self.add(ChangeKind::FieldAdded, format!("{owner}.{}", new.name), format!("field added: {}", new.ty));
                }
            }
        }
        self.inputs(Owner::Input(owner), &was.inputs, &is.inputs);
        for fate in match_names(&was.values, &is.values) {
            match fate {
                NameMatch::Removed(old) => {
                    let text = removed("enum value", &old.directives);
                    self.add(ChangeKind::EnumValueRemoved, format!("{owner}.{}", old.name), text);
                }
                NameMatch::Kept(old, new) => {
                    self.deprecation(&format!("{owner}.{}", old.name), &old.directives, &new.directives);
                }
                NameMatch::Added(new) => {
                    self.add(ChangeKind::EnumValueAdded, format!("{owner}.{}", new.name), "enum value added".to_owned());
                }
            }
        }
    }

    /// Interfaces of an object, or members of a union.
    fn names(&mut self, owner: &str, (old, new): (&[String], &[String]), [removed, added]: [ChangeKind; 2]) {
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.add(removed, owner.to_owned(), format!("{name} removed"));
        }
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.add(added, owner.to_owned(), format!("{name} added"));
        }
    }

    fn field(&mut self, owner: &str, old: &Field, new: &Field) {
        let at = format!("{owner}.{}", old.name);
        if let Some(kind) = TypeChange::between(&old.ty, &new.ty).of_output() {
            self.add(kind, at.clone(), format!("type changed from {} to {}", old.ty, new.ty));
        }
        let (was, is) = (old.directives.access(), new.directives.access());
        if was != is {
            let text = format!("callers changed from {} to {}", callers(&was), callers(&is));
            self.add(ChangeKind::PermissionChanged, at.clone(), text);
        }
        self.deprecation(&at, &old.directives, &new.directives);
        self.inputs(Owner::Field(&at), &old.arguments, &new.arguments);
    }

    fn inputs(&mut self, owner: Owner<'_>, old: &[Input], new: &[Input]) {
        for fate in match_names(old, new) {
            match fate {
                NameMatch::Removed(was) => {
                    self.add(owner.removed(), owner.coordinate(&was.name), removed(owner.word(), &was.directives));
                }
                NameMatch::Kept(was, is) => self.input(owner.coordinate(&was.name), was, is),
                NameMatch::Added(is) if is.is_required() => {
                    let text = format!("required {} added: {}", owner.word(), is.ty);
                    self.add(ChangeKind::RequiredInputAdded, owner.coordinate(&is.name), text);
                }
                NameMatch::Added(is) => {
                    self.add(owner.added(), owner.coordinate(&is.name), format!("{} added: {}", owner.word(), is.ty));
                }
            }
        }
    }

    fn input(&mut self, at: String, was: &Input, is: &Input) {
        if let Some(kind) = TypeChange::between(&was.ty, &is.ty).of_input() {
            self.add(kind, at.clone(), format!("type changed from {} to {}", was.ty, is.ty));
        }
        let change = match (&was.default, &is.default) {
            (Some(old), Some(new)) if old != new => {
                Some((ChangeKind::DefaultChanged, format!("default changed from {old} to {new}")))
            }
            (Some(old), None) => Some((ChangeKind::DefaultChanged, format!("default {old} removed"))),
            (None, Some(new)) if was.is_required() => Some((ChangeKind::InputRelaxed, format!("default {new} added"))),
            (None, Some(new)) => Some((ChangeKind::DefaultAdded, format!("default {new} added"))),
            _ => None,
        };
        if let Some((kind, text)) = change {
            self.add(kind, at.clone(), text);
        }
        self.deprecation(&at, &was.directives, &is.directives);
    }

    fn deprecation(&mut self, at: &str, old: &Directives, new: &Directives) {
        let (kind, text) = match (old.deprecated(), new.deprecated()) {
            (None, Some(reason)) => (ChangeKind::Deprecated, format!("deprecated: {reason}")),
            (Some(was), Some(is)) if was != is => (ChangeKind::DeprecationChanged, format!("deprecated otherwise: {is}")),
            (Some(_), None) => (ChangeKind::DeprecationWithdrawn, "deprecated no longer".to_owned()),
            _ => return,
        };
        self.add(kind, at.to_owned(), text);
    }
}

/// With the notice that was given.
fn removed(word: &str, directives: &Directives) -> String {
    match directives.deprecated() {
        Some(reason) => format!("deprecated {word} removed: {reason}"),
        None => format!("{word} removed"),
    }
}

fn callers(access: &Access) -> String {
    match access {
        Access::Public => "anyone".to_owned(),
        Access::Authenticated => "any token".to_owned(),
        Access::Requires(permission) => format!("those with {permission}"),
        Access::Unsaid => "those of the parent".to_owned(),
    }
}
