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
    journal::{Event, NewEvent},
};
use crate::traces;

/// What an event can be about, finely enough to find those who follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    kind: &'static str,
    id: Uuid,
}

impl Subject {
    pub fn of<K: Kind>(id: Id<K>) -> Self {
        Self { kind: K::PREFIX, id: id.uuid() }
    }
    /// The id, if it is one of a `K`.
    pub fn id<K: Kind>(self) -> Option<Id<K>> {
        (self.kind == K::PREFIX).then(|| Id::from_uuid(self.id))
    }
}

/// What a stream is about. Its room declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic(pub &'static str);

/// The followers of a topic that an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    Nobody,
    /// Those who follow one of the subjects, or everything.
    Of(Vec<Subject>),
    All,
}

/// The stream that carries a family, and whom each of its events concerns there.
pub struct Stream<P> {
    pub topic: Topic,
    pub concerns: fn(&P) -> Audience,
}

/// Somebody who asks to see events.
pub trait Viewer {
    fn id(&self) -> Uuid;
    /// Whether they hold a permission, for whatever it may be.
    fn holds(&self, permission: &str) -> bool;
    /// Whether they hold a permission for this subject.
    fn covers(&self, permission: &str, subject: Subject) -> bool;
    /// The one subject that they are confined to, of documents that have a subject of its kind.
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
    /// Whether the viewer holds the family's permission for whatever it may be.
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
        self.viewer.confined_to().is_none_or(|own| own == Subject::of(id))
    }
    pub fn is_confined(&self) -> bool {
        self.viewer.confined_to().is_some()
    }
}

/// What a viewer is shown of a payload.
pub enum Shown<P> {
    /// All of it, as it is stored, for holders of the family's permission.
    Whole,
    /// What this returns; None hides the event.
    Part(fn(&P, EventViewer<'_>) -> Option<Value>),
}

/// What holds for all events of a family. Nothing of it has a default.
pub struct Terms<P> {
    /// The permission that somebody needs to see any of its events.
    pub permission: &'static str,
    pub shown: Shown<P>,
    /// None: no stream carries it.
    pub stream: Option<Stream<P>>,
}

/// What makes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A mutation, which says so in its `@emits`.
    Mutation,
    /// A job or a step of the system's own; no mutation names it.
    System,
}

/// What is declared of an event.
pub struct Declaration<P> {
    /// As it is stored.
    pub name: &'static str,
    pub source: Source,
    /// The things that its family is about, in words.
    pub description: &'static str,
    pub terms: Terms<P>,
}

/// A declared kind of event with payloads of type `P`: the one way to make such an event, and to recognise and read one.
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
    pub const fn new(declared: &'static Declaration<P>) -> Self {
        Self(declared)
    }
    /// As it is stored.
    pub const fn name(&self) -> &'static str {
        self.0.name
    }
    /// Its name, for `@emits`.
    pub fn text(&self) -> String {
        self.0.name.to_owned()
    }
    pub fn is(&self, event: &Event) -> bool {
        event.kind == self.0.name
    }
    /// An event with a payload that is JSON already.
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
    /// The payload; None of an event of another kind.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn read(&self, event: &Event) -> Result<Option<P>, Fault> {
        self.is(event).then(|| payload(event)).transpose()
    }
}

fn payload<P: DeserializeOwned>(event: &Event) -> Result<P, Fault> {
    let payload = traces::without(&event.payload);
    serde_json::from_str(&payload).map_err(|err| Fault::corrupt("event", format!("{}: {err}", event.seq)))
}

/// The payload of one event, as it was first read.
#[derive(Debug, Default)]
pub struct ReadOnce(OnceLock<Arc<dyn Any + Send + Sync>>);

impl ReadOnce {
    /// The event's payload, which the first call reads for all.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn payload<P: DeserializeOwned + Send + Sync + 'static>(&self, event: &Event) -> Result<Arc<P>, Fault> {
        if let Some(known) = self.0.get().and_then(|known| known.clone().downcast::<P>().ok()) {
            return Ok(known);
        }
        let read = Arc::new(payload::<P>(event)?);
        // Whoever came first has left the same.
        let _ = self.0.set(read.clone());
        Ok(read)
    }
}

/// A declared kind of event, whatever its payloads are.
pub trait Declared: Send + Sync {
    fn name(&self) -> &'static str;
    fn source(&self) -> Source;
    fn permission(&self) -> &'static str;
    /// The things that the event's family is about, in words.
    fn description(&self) -> &'static str;
    /// The topic of the stream that carries the event.
    fn topic(&self) -> Option<Topic>;
    /// What a viewer may see of an event; None for nothing.
    ///
    /// # Errors
    /// The payload has another shape.
    fn shown(&self, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error>;
    /// The topic whose stream carries the event, and whom it concerns there. An event that cannot be read concerns all: they meet its fault
    /// themselves.
    fn audience(&self, event: &Event, read: &ReadOnce) -> Option<(Topic, Audience)>;
}

impl<P: DeserializeOwned + Send + Sync + 'static> Declared for EventType<P> {
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
    fn shown(&self, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error> {
        let viewer = EventViewer { viewer, permission: self.0.terms.permission };
        let payload = traces::without(payload);
        match self.0.terms.shown {
            Shown::Whole => viewer.is_permitted().then(|| serde_json::from_str(&payload)).transpose(),
            Shown::Part(shown) => Ok(shown(&serde_json::from_str(&payload)?, viewer)),
        }
    }
    fn audience(&self, event: &Event, read: &ReadOnce) -> Option<(Topic, Audience)> {
        let Stream { topic, concerns } = self.0.terms.stream.as_ref()?;
        Some((*topic, read.payload::<P>(event).map_or(Audience::All, |payload| concerns(&payload))))
    }
}

/// What stands before the point of an event's name.
fn noun(name: &str) -> &str {
    name.split_once('.').map_or(name, |(noun, _)| noun)
}

/// The events of one noun that have their payload's type and their terms in common.
pub struct EventFamily<P> {
    events: &'static [&'static dyn Declared],
    payload: PhantomData<fn() -> P>,
}

impl<P> EventFamily<P> {
    /// For `events!`.
    pub const fn new(events: &'static [&'static dyn Declared]) -> Self {
        Self { events, payload: PhantomData }
    }
    pub const fn events(&self) -> &'static [&'static dyn Declared] {
        self.events
    }
    /// Whether the event is about the family's noun: one of these, or one of another family or version of Entrepot.
    pub fn is_about(&self, event: &Event) -> bool {
        self.events.first().is_some_and(|known| noun(known.name()) == noun(&event.kind))
    }
}

impl<P: DeserializeOwned> EventFamily<P> {
    /// The payload of one of these; None of any other event.
    ///
    /// # Errors
    /// It has another shape: the row is corrupt.
    pub fn read(&self, event: &Event) -> Result<Option<P>, Fault> {
        self.events.iter().any(|known| known.name() == event.kind).then(|| payload(event)).transpose()
    }
}

/// All declared events.
pub struct Registry {
    events: Vec<&'static dyn Declared>,
    by_name: HashMap<&'static str, &'static dyn Declared>,
    /// The first of each noun.
    by_noun: HashMap<&'static str, &'static dyn Declared>,
}

impl Registry {
    pub fn of(families: &[&[&'static dyn Declared]]) -> Self {
        let events = families.concat();
        let by_name = events.iter().map(|event| (event.name(), *event)).collect();
        let by_noun = events.iter().rev().map(|event| (noun(event.name()), *event)).collect();
        Self { events, by_name, by_noun }
    }
    /// In the order of their families.
    pub fn events(&self) -> impl Iterator<Item = &'static dyn Declared> + '_ {
        self.events.iter().copied()
    }
    /// What a viewer may see of an event; None for nothing, and for an event that nobody has declared.
    ///
    /// # Errors
    /// The payload has another shape.
    pub fn shown(&self, name: &str, payload: &str, viewer: &dyn Viewer) -> Result<Option<Value>, serde_json::Error> {
        self.by_name.get(name).map_or(Ok(None), |event| event.shown(payload, viewer))
    }
    /// Whom an event concerns on which stream. One that only a later version declares goes where its noun does.
    pub fn audience(&self, event: &Event, read: &ReadOnce) -> Option<(Topic, Audience)> {
        let name = event.kind.as_str();
        self.by_name.get(name).or_else(|| self.by_noun.get(noun(name)))?.audience(event, read)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events.iter().map(|event| event.name())).finish()
    }
}

/// The payload of an event that says no more of a row than which it is.
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

/// Declares a room's events, family by family: the family's constant, the payload's type, its `Terms`, and each event's constant with its name;
/// `by system` where no mutation emits it. The comment of a family says what its events are about, and clients are shown it.
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
