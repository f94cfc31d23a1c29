//! Tests of the policy of `docs/versioning.md`: each change that breaks clients of the last release
//! has a reason, the changelog lists the changes, and each deprecation notice names its day, its
//! replacement and an end at least a year later.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use async_graphql::parser::{
    Positioned, parse_schema,
    types::{ConstDirective, FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
};
use entrepot::graphql::deprecated::DeprecationNotice;
use reference::diff::{Diff, Exceptions};

use crate::authorization::calls::later_name;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The schema of the last release: the one that is kept.
fn released() -> String {
    let files = fs::read_dir(docs().join("api")).unwrap().map(|entry| entry.unwrap().path());
    let schemas: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "graphql")).collect();
    let [only] = schemas.as_slice() else { panic!("one schema of a release is expected: {schemas:?}") };
    fs::read_to_string(only).unwrap()
}

fn served() -> String {
    entrepot::schema::sdl()
}

#[test]
fn nothing_breaks_clients_of_the_last_release_without_a_reason() {
    let diff = Diff::between(&released(), &served()).unwrap();
    let list = fs::read_to_string(docs().join("api/exceptions.txt")).unwrap();
    let exceptions = Exceptions::parse(&list).unwrap_or_else(|error| panic!("docs/api/exceptions.txt: {error}"));
    let unlisted: Vec<String> = exceptions
        .unlisted_changes(&diff)
        .into_iter()
        .map(|change| format!("{} {} ({})", change.kind.code(), change.coordinate, change.text))
        .collect();
    assert!(
        unlisted.is_empty(),
        "{} changes break clients of the last release: take them back, or list them with a reason in docs/api/exceptions.txt: {unlisted:#?}",
        unlisted.len()
    );
    let unused = exceptions.unused_lines(&diff);
    assert!(unused.is_empty(), "docs/api/exceptions.txt lists what breaks nobody: {unused:#?}");
}

/// The generated section of the changelog, between the texts before and after it.
fn section(changelog: &str) -> (&str, &str, &str) {
    let (head, rest) = changelog.split_once("<!-- unreleased: written by make schema -->\n").unwrap();
    let (section, tail) = rest.split_once("<!-- end of unreleased -->\n").unwrap();
    (head, section, tail)
}

#[test]
fn the_changelog_says_what_has_changed_since_the_last_release() {
    let diff = Diff::between(&released(), &served()).unwrap();
    let (file, written) = (docs().join("api-changelog.md"), format!("\n{}\n", diff.markdown()));
    let mut changelog = fs::read_to_string(&file).unwrap();
    if env::var_os("ENTREPOT_WRITE_SCHEMA").is_some() {
        let (head, _, tail) = section(&changelog);
        let (begin, end) = ("<!-- unreleased: written by make schema -->", "<!-- end of unreleased -->");
        changelog = format!("{head}{begin}\n{written}{end}\n{tail}");
        fs::write(&file, &changelog).unwrap();
    }
    let (_, found, _) = section(&changelog);
    assert!(found == written, "docs/api-changelog.md is not what has changed: run `make schema`");
}

/// Something in the schema that can be deprecated.
struct Part {
    /// Coordinate of the type or field that contains the part.
    parent: String,
    reason: Option<String>,
    /// Whether a call without it is invalid.
    is_required: bool,
}

/// Parts of a schema, by coordinate.
struct Parts(BTreeMap<String, Part>);

impl Parts {
    fn of(sdl: &str) -> Self {
        let mut parts = Self(BTreeMap::new());
        for definition in &parse_schema(sdl).unwrap().definitions {
            let TypeSystemDefinition::Type(kind) = definition else { continue };
            let name = kind.node.name.to_string();
            match &kind.node.kind {
                TypeKind::Object(object) => parts.fields(&name, &object.fields),
                TypeKind::Interface(interface) => parts.fields(&name, &interface.fields),
                TypeKind::InputObject(input) => parts.inputs(&name, &input.fields, |field| format!("{name}.{field}")),
                TypeKind::Enum(values) => values.values.iter().for_each(|value| {
                    parts.note(format!("{name}.{}", value.node.value), &name, &value.node.directives, false);
                }),
                TypeKind::Union(_) | TypeKind::Scalar => {}
            }
        }
        parts
    }

    fn fields(&mut self, owner: &str, fields: &[Positioned<FieldDefinition>]) {
        for field in fields {
            let at = format!("{owner}.{}", field.node.name);
            self.note(at.clone(), owner, &field.node.directives, false);
            self.inputs(&at, &field.node.arguments, |argument| format!("{at}({argument}:)"));
        }
    }

    fn inputs(&mut self, owner: &str, inputs: &[Positioned<InputValueDefinition>], coordinate: impl Fn(&str) -> String) {
        for input in inputs {
            let is_required = !input.node.ty.node.nullable && input.node.default_value.is_none();
            self.note(coordinate(input.node.name.node.as_str()), owner, &input.node.directives, is_required);
        }
    }

    fn note(&mut self, coordinate: String, parent: &str, directives: &[Positioned<ConstDirective>], is_required: bool) {
        let deprecated = directives.iter().find(|directive| directive.node.name.node == "deprecated");
        let reason = deprecated.map(|directive| match directive.node.get_argument("reason") {
            Some(reason) => reason.node.clone().into_json().unwrap().as_str().unwrap_or_default().to_owned(),
            None => String::new(),
        });
        self.0.insert(coordinate, Part { parent: parent.to_owned(), reason, is_required });
    }

    /// Whether `name` is another part of the schema that is not deprecated.
    fn stays(&self, of: &str, parent: &str, name: &str) -> bool {
        let beside = [name.to_owned(), format!("{parent}.{name}"), format!("{parent}({name}:)")];
        beside.iter().any(|at| at != of && self.0.get(at).is_some_and(|part| part.reason.is_none()))
    }

    /// Faults of all deprecation notices.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (at, part) in &self.0 {
            let Some(reason) = &part.reason else { continue };
            if part.is_required {
                faults.push(format!("{at} must be given: only what may be left out can be deprecated"));
            }
            let Some(notice) = DeprecationNotice::read(reason) else {
                faults.push(format!("{at}: \"{reason}\" is not of the form \"2026-11-23: use x. Removed after 2027-11-23.\""));
                continue;
            };
            if !notice.gives_a_year_of_notice() {
                faults.push(format!("{at}: twelve months are promised: {reason}"));
            }
            for name in notice.replacements.iter().filter(|name| !self.stays(at, &part.parent, name)) {
                faults.push(format!("{at}: {name} is not there, or is deprecated too"));
            }
        }
        faults
    }
}

#[test]
fn each_notice_has_its_day_a_replacement_and_a_year() {
    let parts = Parts::of(&served());
    assert!(parts.0.values().any(|part| part.reason.is_some()), "nothing is deprecated: this test looks at nothing");
    let faults = parts.faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Type, arguments and directives of a field, but for its notice.
fn attributes(field: &FieldDefinition) -> String {
    let argument = |argument: &InputValueDefinition| {
        let default = argument.default_value.as_ref().map(ToString::to_string);
        format!("{}: {} = {default:?}", argument.name, argument.ty)
    };
    let directive = |directive: &ConstDirective| {
        let given: Vec<String> = directive.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("@{}({})", directive.name, given.join(", "))
    };
    let arguments: Vec<String> = field.arguments.iter().map(|one| argument(&one.node)).collect();
    let said = field.directives.iter().filter(|one| one.node.name.node != "deprecated");
    let directives: Vec<String> = said.map(|one| directive(&one.node)).collect();
    format!("{arguments:?} {} {directives:?}", field.ty)
}

#[test]
fn an_earlier_name_has_all_attributes_of_its_original() {
    let document = parse_schema(served()).unwrap();
    let mut compared = BTreeSet::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        for earlier in object.fields.iter().map(|field| &field.node) {
            let Some(name) = later_name(earlier) else { continue };
            let at = format!("{}.{}", kind.node.name, earlier.name);
            let original = object.fields.iter().map(|field| &field.node).find(|field| field.name.node == name);
            let original = original.unwrap_or_else(|| panic!("{at} is the name of {name}, which is not there"));
            assert_eq!(attributes(earlier), attributes(original), "{at}");
            let notice = earlier.directives.iter().find(|one| one.node.name.node == "deprecated");
            let reason = notice.and_then(|one| one.node.get_argument("reason")).map(ToString::to_string);
            assert!(
                reason.is_some_and(|reason| reason.contains(&format!(": use {name}. "))),
                "{at} has no notice that names {name}"
            );
            compared.insert(at);
        }
    }
    for root in
        ["Query.counts", "Mutation.countCreate", "Subscription.exchangeChanged", "StocktakeLine.book", "StocktakePayload.count"]
    {
        assert!(compared.contains(root), "{root}: {compared:?}");
    }
}

#[test]
fn a_notice_that_promises_too_little_is_found() {
    let faults = |text: &str| Parts::of(&format!("type Query {{ a: Int b(x: Int, y: Int): Int {text} }}")).faults().len();
    let noted = |reason: &str| faults(&format!("c: Int @deprecated(reason: \"{reason}\")"));
    for good in ["use a", "use a or b", "use a, which is better", "use Query.b(x:)", "use Query.a"] {
        assert_eq!(noted(&format!("2026-11-23: {good}. Removed after 2027-11-23.")), 0, "{good}");
    }
    for bad in ["use z", "use a or z", "use c", "use Query.z", "use Query.b(z:)", "use x"] {
        assert_eq!(noted(&format!("2026-11-23: {bad}. Removed after 2027-11-23.")), 1, "{bad}");
    }
    for bad in ["", "use a", "2026-11-23: use a. Removed after 2027-11-22.", "2026-11-23: use a."] {
        assert_eq!(noted(bad), 1, "{bad}");
    }
    assert_eq!(faults("c: Int @deprecated"), 1);
    let argument = |of: &str| {
        faults(&format!("c(x: Int, old: {of} @deprecated(reason: \"2026-11-23: use x. Removed after 2027-11-23.\")): Int"))
    };
    assert_eq!((argument("Int"), argument("Int! = 1"), argument("Int!")), (0, 0, 1));
}
