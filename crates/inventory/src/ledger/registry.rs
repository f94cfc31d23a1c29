//! The kinds of documents that a ledger writes.

use std::marker::PhantomData;

use async_trait::async_trait;
use entity::prelude::*;
use futures_util::future::{BoxFuture, try_join_all};
use platform::{
    audit::Target,
    storage::{
        Fault, TenantScope,
        journal::{Counter, CounterRequest, NewEvent},
    },
};
use serde_json::{Map, Value};

use super::{
    decision::{Books, Decision},
    document::{Document, DocumentPhase, Rows},
    needs::Needs,
    parts::{Part, Parts},
    source::Source,
};
use crate::stock::core::{Book, Rejection};

/// Memory of a lane for a kind of document, and the book that a batch is decided against.
type MemoryAndBook = (Box<dyn Part>, Box<dyn Part>);

/// A kind of document as a trait object, without its associated types.
#[async_trait]
trait DynDocument: Send + Sync {
    fn lock_phase(&self) -> DocumentPhase;
    fn number_phase(&self) -> DocumentPhase;
    fn is_answer(&self) -> bool;
    fn needs_locks(&self, needs: &Needs) -> bool;
    async fn expand(&self, reads: &Source<'_>, needs: &mut Needs, books: &mut Books) -> Result<(), Fault>;
    async fn load(&self, reads: &Source<'_>, needs: &Needs, books: &mut Books) -> Result<(), Fault>;
    async fn load_lots(&self, reads: &Source<'_>, needs: &Needs, stock: &mut Book, books: &mut Books) -> Result<(), Fault>;
    async fn load_names(&self, reads: &Source<'_>, needs: &Needs, books: &mut Books) -> Result<(), Fault>;
    fn plan<'a>(
        &self,
        scope: &'a TenantScope,
        needs: &'a Needs,
        memory: &mut Parts,
    ) -> Option<BoxFuture<'a, Result<MemoryAndBook, Fault>>>;
    async fn complete(&self, reads: &Source<'_>, books: &Books, decided: &mut [(usize, Decision)]) -> Result<(), Fault>;
    fn follow(&self, stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection>;
    fn evolve(&self, books: &mut Books, decided: &Parts);
    fn facts(&self, decided: &Parts) -> usize;
    fn request_numbers(&self, decided: &Parts, counter_request: CounterRequest) -> CounterRequest;
    fn number(&self, decided: &mut Parts, counter: &mut Counter);
    fn events(&self, decided: &Parts) -> Vec<NewEvent>;
    fn rows(&self, tenant: TenantId, decided: &[&Parts], now: Timestamp) -> Rows;
    fn target(&self, decided: &Parts) -> Option<Target>;
    fn field_changes(&self, decided: &Parts) -> Vec<Value>;
    fn stored_part(&self, decided: &Parts) -> Map<String, Value>;
}

struct Kind<D>(PhantomData<fn() -> D>);

#[async_trait]
impl<D: Document> DynDocument for Kind<D> {
    fn lock_phase(&self) -> DocumentPhase {
        D::LOCK_PHASE
    }
    fn number_phase(&self) -> DocumentPhase {
        D::NUMBER_PHASE
    }
    fn is_answer(&self) -> bool {
        D::IS_ANSWER
    }
    fn needs_locks(&self, needs: &Needs) -> bool {
        needs.documents.get().is_some_and(D::needs_locks)
    }
    async fn expand(&self, reads: &Source<'_>, needs: &mut Needs, books: &mut Books) -> Result<(), Fault> {
        D::expand(reads, needs, books).await
    }
    async fn load(&self, reads: &Source<'_>, needs: &Needs, books: &mut Books) -> Result<(), Fault> {
        let Some(needs) = needs.documents.get() else { return Ok(()) };
        let mut book = books.take().unwrap_or_default();
        D::load(reads, needs, &mut book).await?;
        books.put(book);
        Ok(())
    }
    async fn load_lots(&self, reads: &Source<'_>, needs: &Needs, stock: &mut Book, books: &mut Books) -> Result<(), Fault> {
        D::load_lots(reads, needs, stock, books).await
    }
    async fn load_names(&self, reads: &Source<'_>, needs: &Needs, books: &mut Books) -> Result<(), Fault> {
        let Some(needs) = needs.documents.get() else { return Ok(()) };
        let mut book = books.take().unwrap_or_default();
        D::load_names(reads, needs, &mut book).await?;
        books.put(book);
        Ok(())
    }
    fn plan<'a>(
        &self,
        scope: &'a TenantScope,
        needs: &'a Needs,
        memory: &mut Parts,
    ) -> Option<BoxFuture<'a, Result<MemoryAndBook, Fault>>> {
        let needs: &D::Needs = needs.documents.get()?;
        let mut memory: D::Memory = memory.take().unwrap_or_default();
        Some(Box::pin(async move {
            let book = D::plan(scope, needs, &mut memory).await?;
            Ok((Box::new(memory) as Box<dyn Part>, Box::new(book) as Box<dyn Part>))
        }))
    }
    async fn complete(&self, reads: &Source<'_>, books: &Books, decided: &mut [(usize, Decision)]) -> Result<(), Fault> {
        D::complete(reads, books, decided).await
    }
    fn follow(&self, stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection> {
        D::follow(stock, books, decision)
    }
    fn evolve(&self, books: &mut Books, decided: &Parts) {
        if let Some(decision) = decided.get() {
            books.with(|book| D::evolve(book, decision));
        }
    }
    fn facts(&self, decided: &Parts) -> usize {
        decided.get().map_or(0, D::facts)
    }
    fn request_numbers(&self, decided: &Parts, counter_request: CounterRequest) -> CounterRequest {
        match decided.get() {
            Some(decision) => D::request_numbers(decision, counter_request),
            None => counter_request,
        }
    }
    fn number(&self, decided: &mut Parts, counter: &mut Counter) {
        if let Some(decision) = decided.get_mut() {
            D::number(decision, counter);
        }
    }
    fn events(&self, decided: &Parts) -> Vec<NewEvent> {
        decided.get().map_or_else(Vec::new, D::events)
    }
    fn rows(&self, tenant: TenantId, decided: &[&Parts], now: Timestamp) -> Rows {
        let decisions: Vec<&D::Decision> = decided.iter().filter_map(|parts| parts.get()).collect();
        if decisions.is_empty() { Rows::default() } else { D::rows(tenant, &decisions, now) }
    }
    fn target(&self, decided: &Parts) -> Option<Target> {
        D::target(decided.get()?)
    }
    fn field_changes(&self, decided: &Parts) -> Vec<Value> {
        decided.get().map_or_else(Vec::new, D::field_changes)
    }
    fn stored_part(&self, decided: &Parts) -> Map<String, Value> {
        // A stored part is a plain struct: it always has a JSON form.
        match decided.get().map(|decision| serde_json::to_value(D::stored_part(decision))) {
            Some(Ok(Value::Object(fields))) => fields,
            _ => Map::new(),
        }
    }
}

/// The kinds of documents that a ledger writes, in the order in which their rows are locked and written.
#[derive(Default)]
pub struct Documents(Vec<Box<dyn DynDocument>>);

impl Documents {
    /// Appends a kind.
    #[must_use]
    pub fn and<D: Document>(mut self) -> Self {
        self.0.push(Box::new(Kind::<D>(PhantomData)));
        self
    }

    pub(super) fn need_locks(&self, needs: &Needs) -> bool {
        self.0.iter().any(|kind| kind.needs_locks(needs))
    }
    pub(super) async fn expand(&self, reads: &Source<'_>, needs: &mut Needs) -> Result<Books, Fault> {
        let mut books = Books::default();
        for kind in &self.0 {
            kind.expand(reads, needs, &mut books).await?;
        }
        Ok(books)
    }
    pub(super) async fn load(
        &self,
        phase: DocumentPhase,
        reads: &Source<'_>,
        needs: &Needs,
        books: &mut Books,
    ) -> Result<(), Fault> {
        for kind in self.0.iter().filter(|kind| kind.lock_phase() == phase) {
            kind.load(reads, needs, books).await?;
        }
        Ok(())
    }
    pub(super) async fn load_lots(
        &self,
        reads: &Source<'_>,
        needs: &Needs,
        stock: &mut Book,
        books: &mut Books,
    ) -> Result<(), Fault> {
        for kind in &self.0 {
            kind.load_lots(reads, needs, stock, books).await?;
        }
        Ok(())
    }
    pub(super) async fn load_names(&self, reads: &Source<'_>, needs: &Needs, books: &mut Books) -> Result<(), Fault> {
        for kind in &self.0 {
            kind.load_names(reads, needs, books).await?;
        }
        Ok(())
    }
    /// Returns the books of a batch that needs no locks; all kinds are read at once. If that fails,
    /// the lane's memory is lost.
    pub(super) async fn plan(&self, scope: &TenantScope, needs: &Needs, memory: &mut Parts) -> Result<Books, Fault> {
        let planned: Vec<_> = self.0.iter().filter_map(|kind| kind.plan(scope, needs, memory)).collect();
        let mut books = Books::default();
        for (remembered, book) in try_join_all(planned).await? {
            memory.push(remembered);
            books.push(book);
        }
        Ok(books)
    }
    pub(super) async fn complete(
        &self,
        reads: &Source<'_>,
        books: &Books,
        decided: &mut [(usize, Decision)],
    ) -> Result<(), Fault> {
        for kind in &self.0 {
            kind.complete(reads, books, decided).await?;
        }
        Ok(())
    }
    /// Adds the consequences of a decision for documents, kind by kind.
    pub(super) fn follow(&self, stock: &Book, books: &Books, decision: &mut Decision) -> Result<(), Rejection> {
        self.0.iter().try_for_each(|kind| kind.follow(stock, books, decision))
    }
    pub(super) fn evolve(&self, books: &mut Books, decided: &Parts) {
        self.0.iter().for_each(|kind| kind.evolve(books, decided));
    }
    pub(super) fn facts(&self, decided: &Parts) -> usize {
        self.0.iter().map(|kind| kind.facts(decided)).sum()
    }
    pub(super) fn request_numbers(&self, decided: &Parts, counter_request: CounterRequest) -> CounterRequest {
        self.0.iter().fold(counter_request, |counter_request, kind| kind.request_numbers(decided, counter_request))
    }
    pub(super) fn number(&self, decided: &mut Parts, counter: &mut Counter) {
        self.0.iter().for_each(|kind| kind.number(decided, counter));
    }
    pub(super) fn events(&self, phase: DocumentPhase, decided: &Parts) -> Vec<NewEvent> {
        self.0.iter().filter(|kind| kind.number_phase() == phase).flat_map(|kind| kind.events(decided)).collect()
    }
    pub(super) fn rows(&self, tenant: TenantId, decided: &[&Parts], now: Timestamp) -> Rows {
        let mut rows = Rows::default();
        for kind in &self.0 {
            let mut kind_rows = kind.rows(tenant, decided, now);
            rows.heads.append(&mut kind_rows.heads);
            rows.rest.append(&mut kind_rows.rest);
        }
        rows
    }
    /// Returns the document that the audit log names, and its changed fields.
    pub(super) fn audit_target(&self, decided: &Parts) -> Option<(Target, Vec<Value>)> {
        self.by_turn().find_map(|kind| Some((kind.target(decided)?, kind.field_changes(decided))))
    }
    pub(super) fn stored_part(&self, decided: &Parts) -> Map<String, Value> {
        let mut fields =
            self.by_turn().map(|kind| kind.stored_part(decided)).find(|fields| !fields.is_empty()).unwrap_or_default();
        // Adds the changes of documents of the last turn, which a command makes along with others,
        // and those that the command is answered with.
        let behind = self.0.iter().filter(|kind| kind.number_phase() == DocumentPhase::AfterLots || kind.is_answer());
        fields.extend(behind.flat_map(|kind| kind.stored_part(decided)));
        fields
    }
    /// Returns the kinds in the order in which their events are numbered.
    fn by_turn(&self) -> impl Iterator<Item = &dyn DynDocument> {
        let kinds_in_phase =
            |phase: DocumentPhase| self.0.iter().map(Box::as_ref).filter(move |kind| kind.number_phase() == phase);
        DocumentPhase::ALL.into_iter().flat_map(kinds_in_phase)
    }
}
