//! Reading histories.

use std::{slice, sync::Arc};

use inventory::stock::{
    core::Movement,
    rows::{MovementFilterSpec, movement_filter, movement_seqs, movements_by_seq, movements_source},
};
use platform::{
    audit::rows::{StoredEntry, history, history_sources},
    paging::{Key, ListSource, PageRequest, keyset},
    storage::{Backend, Fault, Nested, Reads},
};
use uuid::Uuid;

use super::core::{DatedItem, EntryKind, HistoryPosition, merge, own_kind_condition, related_kind_condition};
use crate::notes::{
    core::Note,
    rows::{self as notes, NoteFilter},
};

/// Request for a page of an object's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRequest {
    pub target: Uuid,
    /// Objects that belong to it and have entries of their own, as far as the reader may see each.
    pub related: Vec<Uuid>,
    /// Kinds of audit log entries to include; `None` for all.
    pub entries: Option<Vec<EntryKind>>,
    /// Filter of movements; `None` for no movements.
    pub movements: Option<MovementFilterSpec>,
    pub has_notes: bool,
}

/// An item of a history.
#[derive(Debug, Clone)]
pub enum Item {
    Entry(Arc<StoredEntry>),
    Moved(Arc<Movement>),
    Noted(Arc<Note>),
}

/// Returns the position at which the page begins, from its cursor.
fn start_position(request: &PageRequest) -> HistoryPosition {
    match request.after.as_deref() {
        Some([Key::Int(at), Key::Id(id), Key::Int(seq)]) => HistoryPosition { at: *at, id: *id, seq: *seq },
        _ => HistoryPosition::BEGIN,
    }
}

/// Returns the cursor keys of a position.
pub fn keys(place: HistoryPosition) -> Vec<Key> {
    vec![Key::Int(place.at), Key::Id(place.id), Key::Int(place.seq)]
}

/// Reads a page of a history, the newest first; one item more than its limit if there are more.
pub async fn page(
    reads: &impl Reads,
    history_request: &HistoryRequest,
    request: &PageRequest,
) -> Result<Vec<(Item, HistoryPosition)>, Fault> {
    let from = start_position(request);
    let page_after = |keys: Vec<Key>| PageRequest { after: (from != HistoryPosition::BEGIN).then_some(keys), ..request.clone() };
    let page_request = page_after(vec![Key::Int(from.at), Key::Id(from.id)]);
    let mut items: Vec<DatedItem<Item>> = Vec::new();
    items.extend(entries(reads, history_request, &page_request).await?.into_iter().map(|stored| {
        let (at, id) = (stored.entry.at.micros(), stored.entry.id.uuid());
        DatedItem { at, id, seq: None, item: Item::Entry(Arc::new(stored)) }
    }));
    if history_request.has_notes {
        let no_filter = Nested::plain(NoteFilter::default());
        items.extend(notes::page(reads, (history_request.target, &no_filter), true, &page_request).await?.rows.into_iter().map(
            |note| {
                let (at, id) = (note.created_at.micros(), note.id.uuid());
                DatedItem { at, id, seq: None, item: Item::Noted(Arc::new(note)) }
            },
        ));
    }
    let moved_items = match &history_request.movements {
        Some(spec) => movements(reads, spec, &page_after(vec![Key::Int(from.seq)])).await?,
        None => Vec::new(),
    };
    Ok(merge(items, moved_items, from, request.limit as usize + 1))
}

/// Returns the audit entries to read as targets with a condition on the requested kinds: first
/// those of the object, then those of its related objects.
fn targets_and_conditions(history_request: &HistoryRequest) -> Vec<(&[Uuid], String)> {
    let entry_kinds = history_request.entries.as_deref();
    let has = |kinds: &[EntryKind]| entry_kinds.is_none_or(|entry_kinds| entry_kinds.iter().any(|kind| kinds.contains(kind)));
    let mut target_conditions = Vec::new();
    if has(&[EntryKind::Change, EntryKind::Plain, EntryKind::Payment, EntryKind::Paper]) {
        target_conditions
            .push((slice::from_ref(&history_request.target), entry_kinds.map(own_kind_condition).unwrap_or_default()));
    }
    if !history_request.related.is_empty() && has(&[EntryKind::Document, EntryKind::Payment, EntryKind::Paper]) {
        target_conditions.push((history_request.related.as_slice(), entry_kinds.map(related_kind_condition).unwrap_or_default()));
    }
    target_conditions
}

async fn entries(reads: &impl Reads, history_request: &HistoryRequest, request: &PageRequest) -> Result<Vec<StoredEntry>, Fault> {
    let mut stored_entries = Vec::new();
    for (targets, conditions) in targets_and_conditions(history_request) {
        stored_entries.extend(history(reads, targets, &conditions, request).await?);
    }
    Ok(stored_entries)
}

/// Returns the sources of all pages of a history together.
pub fn sources(backend: Backend, history_request: &HistoryRequest) -> Vec<ListSource> {
    let sources_of = |(targets, conditions): (&[Uuid], String)| history_sources(backend, targets, &conditions);
    let mut sources: Vec<_> = targets_and_conditions(history_request).into_iter().flat_map(sources_of).collect();
    if history_request.has_notes {
        sources.push(notes::source(history_request.target));
    }
    if let Some(spec) = &history_request.movements {
        let filter = movement_filter(backend, spec, 2);
        sources.push(movements_source(&filter.on_movements(), filter.values));
    }
    sources
}

async fn movements(reads: &impl Reads, spec: &MovementFilterSpec, request: &PageRequest) -> Result<Vec<DatedItem<Item>>, Fault> {
    let filter = movement_filter(reads.backend(), spec, 2);
    let (conditions, mut values) = (filter.on_movements(), filter.values);
    let (bounds, order, bound) = keyset(&["m.seq"], true, request, values.len() + 2);
    values.extend(bound);
    let seqs = movement_seqs(reads, &format!("{conditions}{bounds}{order}"), values).await?;
    let dated_item = |movement: Movement| {
        let (at, id, seq) = (movement.recorded_at.micros(), movement.id.uuid(), Some(movement.seq));
        DatedItem { at, id, seq, item: Item::Moved(Arc::new(movement)) }
    };
    Ok(movements_by_seq(reads, &seqs).await?.into_iter().map(dated_item).collect())
}
