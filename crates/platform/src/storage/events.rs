//! Kinds of events, as their rooms declare them: one declaration states the name, the payload's type, the permission, what a viewer is shown and
//! which stream carries the event. The journal, streams, webhooks and the schema read it. `docs/decisions/0105-one-registry-of-events.md`.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use entity::id::{Id, Kind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fault,
    journal_event::{Event, NewEvent},
};
use crate::traces;

/// Subject of an event, fine enough to find its followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    kind: &'static str,
    id: Uuid,
}

impl Subject {
    pub fn of<K: Kind>(id: Id<K>) -> Self {
        Self { kind: K::PREFIX, id: id.uuid() }
    }
    /// Returns the ID, if it is one of a `K`.
    pub fn id<K: Kind>(self) -> Option<Id<K>> {
        (self.kind == K::PREFIX).then(|| Id::from_uuid(self.id))
    }
}

/// Subject of a stream. Its room declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic(pub &'static str);

/// The followers of a topic that an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    Nobody,
    /// Followers of one of the subjects, or of everything.
    Of(Vec<Subject>),
    All,
}

/// Stream that carries a family, and the followers that each of its events concerns there.
pub struct Stream<P> {
    pub topic: Topic,
    pub concerns: fn(&P) -> Audience,
}

/// Caller that requests events.
pub trait Viewer {
    fn id(&self) -> Uuid;
    /// Whether the viewer holds a permission, for any subject.
    fn holds(&self, permission: &str) -> bool;
    /// Whether they hold a permission for this subject.
    fn covers(&self, permission: &str, subject: Subject) -> bool;
    /// Returns the one subject that the viewer is confined to, for documents that have a subject of
    /// its kind.
    fn confined_to(&self) -> Option<Subject>;
}

/// A viewer before the events of a family.
#[derive(Clone, Copy)]
pub struct EventViewer<'a> {
    viewer: &'a dyn Viewer,
    permission: &'static str,
}

impl EventViewer<'_> {
    pub fn viewer(&self) -> Uuid {
        self.viewer.id()
    }
    /// Whether the viewer holds the family's permission for any subject.
    pub fn is_permitted(&self) -> bool {
        self.viewer.holds(self.permission)
    }
    /// Whether the viewer holds the family's permission for this subject.
    pub fn covers<K: Kind>(&self, id: Id<K>) -> bool {
        self.covers_with(self.permission, id)
    }
    /// Whether the viewer holds another permission for this subject.
    pub fn covers_with<K: Kind>(&self, permission: &str, id: Id<K>) -> bool {
        self.viewer.covers(permission, Subject::of(id))
    }
    pub fn holds(&self, permission: &str) -> bool {
        self.viewer.holds(permission)
    }
    /// Whether the viewer is confined to no subject, or to this one.
    pub fn includes<K: Kind>(&self, id: Id<K>) -> bool {
        self.viewer.confined_to().is_none_or(|own_subject| own_subject == Subject::of(id))
    }
    pub fn is_confined(&self) -> bool {
        self.viewer.confined_to().is_some()
    }
}

/// Part of a payload that a viewer may see.
pub enum PayloadVisibility<P> {
    /// The whole payload as stored, for holders of the family's permission.
    Whole,
    /// The part that this function returns; `None` hides the event.
    Part(fn(&P, EventViewer<'_>) -> Option<Value>),
}

/// Terms of all events of a family. None of them has a default.
pub struct Terms<P> {
    /// Permission required to see any of the family's events.
    pub permission: &'static str,
    pub shown: PayloadVisibility<P>,
    /// None if no stream carries the family's events.
    pub stream: Option<Stream<P>>,
}

/// Source of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A mutation, which lists the event in its `@emits`.
    Mutation,
    /// A job or a step of the system itself; no mutation lists the event.
    System,
}

/// Declaration of an event.
pub struct Declaration<P> {
    /// Stored name, such as `order.created`.
    pub name: &'static str,
    pub source: Source,
    /// Description of the subject of the family.
    pub description: &'static str,
    pub terms: Terms<P>,
}

/// A declared kind of event with payloads of type `P`: the only way to make such an event, and to
/// recognise and read one.
pub struct EventType<P: 'static>(&'static Declaration<P>);

impl<P> Clone for EventType<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P> Copy for EventType<P> {}
impl<P> PartialEq for EventType<P> {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}
impl<P> Eq for EventType<P> {}
impl<P> fmt::Debug for EventType<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl<P> EventType<P> {
    /// For `events!`.
    pub const fn new(declaration: &'static Declaration<P>) -> Self {
        Self(declaration)
    }
    /// Returns the stored name.
    pub const fn name(&self) -> &'static str {
        self.0.name
    }
    /// Returns the name as a `String`, for `@emits`.
    pub fn text(&self) -> String {
        self.0.name.to_owned()
    }
    pub fn is(&self, event: &Event) -> bool {
        event.kind == self.0.name
    }
    /// Returns an event whose payload is JSON text already.
    pub fn with_text(&self, payload: String) -> NewEvent {
        NewEvent::new(self.0.name, payload)
    }
}

impl<P: Serialize> EventType<P> {
    pub fn event(&self, payload: &P) -> NewEvent {
        // Payloads are plain structs with text keys: they always have a JSON form.
        self.with_text(serde_json::to_string(payload).unwrap_or_default())
    }
}

impl<P: DeserializeOwned> EventType<P> {
    /// Returns the payload; None for an event of another kind.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn read(&self, event: &Event) -> Result<Option<P>, Fault> {
        self.is(event).then(|| payload(event)).transpose()
    }
}

fn payload<P: DeserializeOwned>(event: &Event) -> Result<P, Fault> {
    let payload = traces::without_trace(&event.payload);
    serde_json::from_str(&payload).map_err(|err| Fault::corrupt("event", format!("{}: {err}", event.seq)))
}

/// Parsed payload of one event.
#[derive(Debug, Default)]
pub struct ParsedPayload(OnceLock<Arc<dyn Any + Send + Sync>>);

impl ParsedPayload {
    /// Returns the event's payload, which the first call parses for all.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn payload<P: DeserializeOwned + Send + Sync + 'static>(&self, event: &Event) -> Result<Arc<P>, Fault> {
        if let Some(cached) = self.0.get().and_then(|cached| cached.clone().downcast::<P>().ok()) {
            return Ok(cached);
        }
        let parsed = Arc::new(payload::<P>(event)?);
        // Another caller that was first has stored an equal payload.
        let _ = self.0.set(parsed.clone());
        Ok(parsed)
    }
}

/// A declared kind of event, for any type of payload.
pub trait AnyEventType: Send + Sync {
    fn name(&self) -> &'static str;
    fn source(&self) -> Source;
    fn permission(&self) -> &'static str;
    /// Returns the description of the subject of the event's family.
    fn description(&self) -> &'static str;
    /// Returns the topic of the stream that carries the event.
    fn topic(&self) -> Option<Topic>;
    /// Returns the part of an event that a viewer may see; `None` hides the event.
    ///
    /// # Errors
    /// The payload has another shape.
    fn visible_payload(&self, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error>;
    /// Returns the topic whose stream carries the event, and the followers that it concerns there.
    /// An event that cannot be parsed concerns all: they report its fault.
    fn audience(&self, event: &Event, read: &ParsedPayload) -> Option<(Topic, Audience)>;
}

impl<P: DeserializeOwned + Send + Sync + 'static> AnyEventType for EventType<P> {
    fn name(&self) -> &'static str {
        self.0.name
    }
    fn source(&self) -> Source {
        self.0.source
    }
    fn permission(&self) -> &'static str {
        self.0.terms.permission
    }
    fn description(&self) -> &'static str {
        self.0.description.trim()
    }
    fn topic(&self) -> Option<Topic> {
        self.0.terms.stream.as_ref().map(|stream| stream.topic)
    }
    fn visible_payload(&self, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error> {
        let viewer = EventViewer { viewer, permission: self.0.terms.permission };
        let payload = traces::without_trace(payload);
        match self.0.terms.shown {
            PayloadVisibility::Whole => viewer.is_permitted().then(|| serde_json::from_str(&payload)).transpose(),
            PayloadVisibility::Part(projection) => Ok(projection(&serde_json::from_str(&payload)?, viewer)),
        }
    }
    fn audience(&self, event: &Event, parsed: &ParsedPayload) -> Option<(Topic, Audience)> {
        let Stream { topic, concerns: audience_of } = self.0.terms.stream.as_ref()?;
        Some((*topic, parsed.payload::<P>(event).map_or(Audience::All, |payload| audience_of(&payload))))
    }
}

/// Returns the part of an event's name before the point.
fn noun(name: &str) -> &str {
    name.split_once('.').map_or(name, |(noun, _)| noun)
}

/// The events of one noun that have their payload's type and their terms in common.
pub struct EventFamily<P> {
    events: &'static [&'static dyn AnyEventType],
    payload: PhantomData<fn() -> P>,
}

impl<P> EventFamily<P> {
    /// For `events!`.
    pub const fn new(events: &'static [&'static dyn AnyEventType]) -> Self {
        Self { events, payload: PhantomData }
    }
    pub const fn events(&self) -> &'static [&'static dyn AnyEventType] {
        self.events
    }
    /// Whether the event is about the family's noun: one of these, or one of another family or version of Entrepot.
    pub fn is_about(&self, event: &Event) -> bool {
        self.events.first().is_some_and(|event_type| noun(event_type.name()) == noun(&event.kind))
    }
}

impl<P: DeserializeOwned> EventFamily<P> {
    /// Returns the payload of an event of the family; None for any other event.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn read(&self, event: &Event) -> Result<Option<P>, Fault> {
        self.events.iter().any(|event_type| event_type.name() == event.kind).then(|| payload(event)).transpose()
    }
}

/// All declared events.
pub struct Registry {
    events: Vec<&'static dyn AnyEventType>,
    by_name: HashMap<&'static str, &'static dyn AnyEventType>,
    /// First declared event of each noun.
    by_noun: HashMap<&'static str, &'static dyn AnyEventType>,
}

impl Registry {
    pub fn of(families: &[&[&'static dyn AnyEventType]]) -> Self {
        let events = families.concat();
        let by_name = events.iter().map(|event| (event.name(), *event)).collect();
        let by_noun = events.iter().rev().map(|event| (noun(event.name()), *event)).collect();
        Self { events, by_name, by_noun }
    }
    /// In the order of their families.
    pub fn events(&self) -> impl Iterator<Item = &'static dyn AnyEventType> + '_ {
        self.events.iter().copied()
    }
    /// Returns the part of an event that a viewer may see; `None` if the event is hidden or not
    /// declared.
    ///
    /// # Errors
    /// The payload has another shape.
    pub fn visible_payload(&self, name: &str, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error> {
        self.by_name.get(name).map_or(Ok(None), |event| event.visible_payload(payload, viewer))
    }
    /// Returns the stream and the followers that an event concerns. An event that only a later
    /// version declares is treated like others of its noun.
    pub fn audience(&self, event: &Event, parsed: &ParsedPayload) -> Option<(Topic, Audience)> {
        let name = event.kind.as_str();
        self.by_name.get(name).or_else(|| self.by_noun.get(noun(name)))?.audience(event, parsed)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events.iter().map(|event| event.name())).finish()
    }
}

/// Payload of an event that only names the changed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "K: Kind")]
pub struct RowChanged<K: Kind> {
    pub id: Id<K>,
    pub version: i64,
}

impl<K: Kind> EventType<RowChanged<K>> {
    pub fn of(&self, id: Id<K>, version: i64) -> NewEvent {
        self.event(&RowChanged { id, version })
    }
}

/// Declares a room's events, family by family: the family's constant, the payload's type, its
/// `Terms`, and each event's constant with its name; `by system` if no mutation emits it. The doc
/// comment of a family describes the subject of its events and is shown to clients.
#[macro_export]
macro_rules! events {
    (@source) => { $crate::storage::events::Source::Mutation };
    (@source system) => { $crate::storage::events::Source::System };
    (@events $about:expr; $payload:ty, $terms:expr; $($name:ident $text:literal $(by $source:ident)?),+) => {
        $(
            #[doc = concat!("`", $text, "`.")]
            pub const $name: $crate::storage::events::EventType<$payload> = {
                const DECLARED: $crate::storage::events::Declaration<$payload> = $crate::storage::events::Declaration {
                    name: $text,
                    source: $crate::events!(@source $($source)?),
                    description: $about,
                    terms: $terms,
                };
                $crate::storage::events::EventType::new(&DECLARED)
            };
        )+
    };
    ($($(#[doc = $doc:literal])* $family:ident: $payload:ty = $terms:expr => { $($name:ident $text:literal $(by $source:ident)?),+ $(,)? })+) => { $(
        $crate::events!(@events concat!($($doc),*); $payload, $terms; $($name $text $(by $source)?),+);
        $(#[doc = $doc])*
        pub const $family: $crate::storage::events::EventFamily<$payload> = $crate::storage::events::EventFamily::new(&[$(&$name),+]);
    )+ };
}
