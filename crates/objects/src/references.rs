//! Master data and documents that an input names by a reference instead of an ID: `category` beside `categoryId`.
//!
//! A reference is replaced by the ID beside it before the rest of the input is read, one statement per kind. An unknown key becomes a unique ID
//! without a row: the mutation refuses it later, after it has looked for an earlier call with the same idempotency key.

pub mod documents;
pub mod families;
pub mod ids;
pub mod names;
pub mod people;
pub mod reference;
pub mod settings;

use std::collections::HashMap;

use async_graphql::{Context, ID, MaybeUndefined};
use iam::access::kind;
use inventory::catalog::rows::keys::{KeyKind, ids_by_keys};
use platform::{
    audit::{self, Target},
    path,
};
use uuid::Uuid;

use self::{
    documents::Documents,
    families::Families,
    people::PeopleByEmail,
    reference::{IdSlot, conflicting_id},
    settings::Settings,
};
pub use self::{
    ids::{UnknownIds, id_of, is_unknown},
    names::{DocumentName, DocumentRef, Name, VisibleOrder, VisibleReturn},
    reference::{NamedReference, ResolvedReference},
};
use crate::{
    catalog::catalog_loaders,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        refusal::{ErrorCode, InputError, Path, UserError},
    },
};

/// Reads the references of an input, or of an object in it.
pub struct Names<'a> {
    path: Path,
    found: Vec<NamedReference<'a>>,
    wrong: Vec<UserError>,
    /// Lists of IDs and the lists of references that fill them: a refusal of the whole list is reported at the references.
    lists: Vec<(Path, Path)>,
}

impl<'a> Names<'a> {
    /// Starts reading the object at `path`.
    pub fn of(path: Path) -> Self {
        Self { path, found: Vec::new(), wrong: Vec::new(), lists: Vec::new() }
    }
    fn at(&self, name: &str) -> Path {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        path
    }
    /// Reads an optional reference beside an ID.
    #[must_use]
    pub fn optional(
        mut self,
        (field, reference): (&str, Option<impl Into<Name>>),
        (id_field, id): (&str, &'a mut Option<ID>),
    ) -> Self {
        if let Some(name) = reference {
            let (at, id_at) = (self.at(field), self.at(id_field));
            self.found.push(NamedReference { name: name.into(), id: IdSlot::Option(id), id_at, at });
        }
        self
    }
    /// Reads a reference beside an ID; one of the two is required.
    #[must_use]
    pub fn required(mut self, (field, reference): (&str, Option<impl Into<Name>>), id: (&str, &'a mut Option<ID>)) -> Self {
        if reference.is_none() && id.1.is_none() {
            let message = format!("{field} or {} is needed", id.0);
            self.wrong.push(UserError::new(ErrorCode::Required, message, self.at(field)));
        }
        self.optional((field, reference), id)
    }
    /// Reads references beside a list of IDs; both together are refused.
    #[must_use]
    pub fn list(
        mut self,
        (field, references): (&str, Option<Vec<impl Into<Name>>>),
        (id_field, ids): (&str, &'a mut Option<Vec<ID>>),
    ) -> Self {
        let Some(references) = references else { return self };
        if ids.is_some() {
            self.wrong.push(both_given_error(self.at(field), id_field));
            return self;
        }
        let slots = ids.insert(vec![ID(String::new()); references.len()]);
        self.push_all((field, references), (id_field, slots))
    }
    /// Reads references beside a list of IDs that is empty if it is left out.
    #[must_use]
    pub fn or_empty(
        mut self,
        (field, references): (&str, Option<Vec<impl Into<Name>>>),
        (id_field, ids): (&str, &'a mut Vec<ID>),
    ) -> Self {
        let Some(references) = references else { return self };
        if !ids.is_empty() {
            self.wrong.push(both_given_error(self.at(field), id_field));
            return self;
        }
        ids.resize(references.len(), ID(String::new()));
        self.push_all((field, references), (id_field, ids))
    }
    fn push_all(mut self, (field, references): (&str, Vec<impl Into<Name>>), (id_field, slots): (&str, &'a mut Vec<ID>)) -> Self {
        let (at, id_at) = (self.at(field), self.at(id_field));
        for (index, (name, slot)) in references.into_iter().zip(slots).enumerate() {
            let below = |path: &Path| path.iter().cloned().chain([index.to_string()]).collect();
            self.found.push(NamedReference { name: name.into(), id: IdSlot::Listed(slot), id_at: below(&id_at), at: below(&at) });
        }
        self.lists.push((id_at, at));
        self
    }
    /// Reads a reference beside an ID in a change: null clears the relation.
    #[must_use]
    pub fn patch(
        mut self,
        (field, reference): (&str, MaybeUndefined<impl Into<Name>>),
        (id_field, id): (&str, &'a mut MaybeUndefined<ID>),
    ) -> Self {
        let (at, id_at) = (self.at(field), self.at(id_field));
        match reference {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null if id.is_value() => self.wrong.push(conflicting_id(at, &id_at)),
            MaybeUndefined::Null => *id = MaybeUndefined::Null,
            MaybeUndefined::Value(_) if id.is_null() => self.wrong.push(conflicting_id(at, &id_at)),
            MaybeUndefined::Value(name) => {
                self.found.push(NamedReference { name: name.into(), id: IdSlot::Patch(id), id_at, at });
            }
        }
        self
    }
    /// With those of another object.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        self.wrong.extend(other.wrong);
        self.lists.extend(other.lists);
        self
    }
}

fn both_given_error(at: Path, id_field: &str) -> UserError {
    let field = at.last().map_or("it", String::as_str);
    let message = format!("{field} stands in place of {id_field}: leave one of the two out");
    UserError::new(ErrorCode::Invalid, message, at)
}

/// Fields that a reference was given for: a refusal of the ID is about the reference.
#[derive(Default)]
pub struct ReferencePaths {
    /// Paths of fields with IDs, and of the references given instead.
    paths: Vec<(Path, Path)>,
    /// Paths of references that several things have, and the message of each. The ID in its place is none that a row has, so the mutation refuses it.
    shared: Vec<(Path, String)>,
}

impl ReferencePaths {
    /// The path of the reference that was given instead of the field at `from`.
    pub fn at(&self, from: Path) -> Path {
        self.paths.iter().find(|(moved_path, _)| *moved_path == from).map_or(from, |(_, to)| to.clone())
    }
    pub fn redirect_errors(&self, errors: &mut [UserError]) {
        for error in errors {
            let redirect =
                error.field_mut().and_then(|field| self.paths.iter().find(|(from, _)| from == field).map(|(_, to)| (field, to)));
            if let Some((field, to)) = redirect {
                field.clone_from(to);
            }
            let UserError::InputError(InputError { code, message, field: Some(field), .. }) = error else { continue };
            if let Some((_, shared_message)) = self.shared.iter().find(|(at, _)| at == field) {
                *code = ErrorCode::Invalid;
                message.clone_from(shared_message);
            }
        }
    }
}

/// Writes the ID of each object that is named by a reference. Refused if another ID is given beside it.
pub async fn resolve_references(ctx: &Context<'_>, names: Names<'_>) -> Answer<Result<ReferencePaths, Vec<UserError>>> {
    let Names { found: references, mut wrong, lists, .. } = names;
    let mut reference_paths = ReferencePaths { paths: lists, shared: Vec::new() };
    if references.is_empty() {
        return Ok(if wrong.is_empty() { Ok(reference_paths) } else { Err(wrong) });
    }
    let ids_by_key = load_ids_by_key(ctx, &references).await?;
    let people = PeopleByEmail::of(ctx, &references).await?;
    let documents = Documents::of(ctx, &references).await?;
    let settings = Settings::of(ctx, &references).await?;
    let families = Families::of(ctx, &references).await?;
    let mut unknown = UnknownIds::default();
    for NamedReference { name, id: slot, id_at, mut at } in references {
        let ResolvedReference { id, last, shared } = match name {
            Name::Id(id) => ResolvedReference { id, last: path!["id"], shared: None },
            Name::Key(kind, key, field) => {
                let id = ids_by_key.get(&(kind, key)).copied().unwrap_or_else(|| unknown.next_id());
                ResolvedReference { id: id_of(kind, id), last: path![field], shared: None }
            }
            Name::Email(email) => people.customer(&email, slot.id(), &mut unknown),
            Name::MemberEmail(email) => people.member(&email, &mut unknown),
            Name::RoleKey(key) => settings.role(&key, slot.id(), &mut unknown),
            Name::ViewSlug(slug) => settings.view(&slug, &mut unknown),
            Name::FamilyName(name) => families.resolve_name(&name, slot.id(), &mut unknown),
            Name::Document(name) => match documents.resolve_name(&name, (&at, slot.id()), &mut unknown) {
                Ok(resolved) => resolved,
                Err(error) => {
                    wrong.push(error);
                    continue;
                }
            },
        };
        if slot.id().is_some_and(|other| *other != id) {
            wrong.push(conflicting_id(at, &id_at));
            continue;
        }
        slot.set(id);
        at.extend(last);
        reference_paths.shared.extend(shared.map(|message| (at.clone(), message)));
        reference_paths.paths.push((id_at, at));
    }
    Ok(if wrong.is_empty() { Ok(reference_paths) } else { Err(wrong) })
}

/// The same for the arguments of a query, whose first error becomes an error of the field.
pub async fn resolve_argument_references(ctx: &Context<'_>, names: Names<'_>) -> Answer<ReferencePaths> {
    let reference_paths = resolve_references(ctx, names).await?.map_err(|errors| match errors.into_iter().next() {
        Some(UserError::InputError(InputError { message, field, .. })) => TopError::bad_input(message, field.unwrap_or_default()),
        // References are refused as inputs alone.
        _ => TopError::bad_input("a reference is not what is taken here", Vec::new()),
    })?;
    match reference_paths.shared.first() {
        Some((at, shared_message)) => Err(TopError::bad_input(shared_message.clone(), at.clone())),
        None => Ok(reference_paths),
    }
}

/// Records in the audit context the ID that a reference was resolved to, also for refused calls: the log cannot find it among the arguments.
pub fn record_audited_id(id: &ID) {
    if let Some(target) = Target::parse(id).filter(|_| !is_unknown(id)) {
        audit::set_target(target);
    }
}

/// The rows that keys name, one statement a kind. Asking for a carrier by its code needs the permission to see carriers, whether there is one or not.
async fn load_ids_by_key(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<HashMap<(KeyKind, String), Uuid>> {
    let mut keys: HashMap<KeyKind, Vec<&str>> = HashMap::new();
    for reference in references {
        if let Name::Key(kind, key, _) = &reference.name {
            keys.entry(*kind).or_default().push(key);
        }
    }
    if keys.contains_key(&KeyKind::CarrierCode) {
        ctx.permit::<kind::FulfilmentRead>()?;
    }
    let (scope, mut known_ids) = (catalog_loaders(ctx)?.scope(), HashMap::new());
    for (kind, keys) in keys {
        let ids = ids_by_keys(scope, kind, &keys).await?;
        known_ids.extend(ids.into_iter().map(|(key, id)| ((kind, key), id)));
    }
    Ok(known_ids)
}

/// Evaluates a call with the references of its input replaced by IDs. Refusals of such an ID are reported at the reference, with the value that was
/// sent there.
#[macro_export]
macro_rules! named {
    ($ctx:ident, $input:ident, $payload:ident, $call:expr) => {{
        let mut $input = $input;
        let moved = match $crate::references::resolve_references($ctx, $input.names()).await? {
            Ok(moved) => moved,
            Err(wrong) => return Ok(wrong.into()),
        };
        let answer: $crate::graphql::fault::Answer<$payload> = async { $call }.await;
        let mut answer = answer?;
        moved.redirect_errors(&mut answer.user_errors);
        $crate::graphql::refusal::add_sent_values($ctx, &mut answer.user_errors);
        Ok(answer)
    }};
}

/// Lets inputs name the document that they change by a reference instead of `id`; `as` converts the reference to another type first.
#[macro_export]
macro_rules! row_names {
    ($name:literal: $field:ident of $($input:ident),+) => {
        $(impl $input {
            pub fn names(&mut self) -> $crate::references::Names<'_> {
                $crate::references::Names::of(platform::path!["input"]).required(($name, self.$field.take()), ("id", &mut self.id))
            }
        })+
    };
    ($name:literal: $field:ident as $reference:ident of $($input:ident),+) => {
        $(impl $input {
            pub fn names(&mut self) -> $crate::references::Names<'_> {
                let given = self.$field.take().map($reference);
                $crate::references::Names::of(platform::path!["input"]).required(($name, given), ("id", &mut self.id))
            }
        })+
    };
}
