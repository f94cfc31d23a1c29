//! Work that never waits, cut into pieces.
//!
//! The engine resolves an operation as one future, and if no resolver waits for anything, one poll
//! of it is all of the work: meanwhile the thread serves no other request, and deadlines are not
//! checked. So the executed document has a mark (a directive that clients do not see) on one field
//! of each object. The engine hands marked fields to us, and a poll resolves a limited number of
//! objects. They are counted, too: a list may be longer than its price assumed.

use std::{
    borrow::Cow,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
};

use async_graphql::{
    Context, ContextDirective, CustomDirective, CustomDirectiveFactory, Name, Positioned, ResolveFut, ServerResult, Value,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet},
    registry::Registry,
};
use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use tokio::sync::Notify;

/// No client can send it: the schema that documents are validated by does not have it.
const MARK: &str = "entrepotObject";

/// Objects that one poll resolves: about a millisecond of work.
const MAX_OBJECTS_PER_POLL: u32 = 1_024;

/// Counters of one operation, in its data.
#[derive(Debug, Clone)]
pub struct YieldCounters(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Objects that this poll may still resolve.
    left: AtomicU32,
    /// This poll has resolved its share, and a field waits for the next.
    is_spent: AtomicBool,
    /// Objects of this answer.
    count: AtomicU32,
    max_objects: u32,
    exceeded: Notify,
}

/// The operation has more objects than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl YieldCounters {
    /// For answers of at most this number of objects.
    pub fn new(limit: u32) -> Self {
        let (remaining, is_spent, count) = (AtomicU32::new(MAX_OBJECTS_PER_POLL), AtomicBool::new(false), AtomicU32::new(0));
        Self(Arc::new(Shared { left: remaining, is_spent, count, max_objects: limit, exceeded: Notify::new() }))
    }

    /// Runs an operation in pieces.
    ///
    /// # Errors
    /// It has too many objects; it is dropped then.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, TooMany> {
        let mut work = pin!(work);
        let work = async {
            loop {
                let slice = poll_fn(|context| {
                    self.0.left.store(MAX_OBJECTS_PER_POLL, Ordering::Relaxed);
                    self.0.is_spent.store(false, Ordering::Release);
                    let waker = Waker::from(Arc::new(DeferredWaker { shared: self.0.clone(), task: context.waker().clone() }));
                    match work.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
                        Poll::Ready(output) => Poll::Ready(Some(output)),
                        Poll::Pending if self.0.is_spent.load(Ordering::Acquire) => Poll::Ready(None),
                        Poll::Pending => Poll::Pending,
                    }
                });
                match slice.await {
                    Some(output) => return output,
                    // A task that wakes itself may run sixty times before connections are polled; a
                    // task that yields runs after them.
                    None => tokio::task::yield_now().await,
                }
            }
        };
        tokio::select! {
            biased;
            output = work => Ok(output),
            () = self.0.exceeded.notified() => Err(TooMany),
        }
    }

    /// Returns the next of a stream of answers, each of which is counted separately.
    ///
    /// # Errors
    /// As in `run`.
    pub async fn next<S: Stream + Unpin>(&self, answers: &mut S) -> Result<Option<S::Item>, TooMany> {
        self.0.count.store(0, Ordering::Relaxed);
        self.run(answers.next()).await
    }

    /// Takes an object into this poll, or the next.
    async fn enter(&self) {
        let shared = &self.0;
        if shared.count.fetch_add(1, Ordering::Relaxed) >= shared.max_objects {
            shared.exceeded.notify_one();
            // The runner of the operation drops this future.
            return std::future::pending().await;
        }
        poll_fn(|context| {
            let less = |left: u32| left.checked_sub(1);
            if shared.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
                return Poll::Ready(());
            }
            shared.is_spent.store(true, Ordering::Release);
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Wakes an operation's task, except for futures that are polled in the next piece anyway.
struct DeferredWaker {
    shared: Arc<Shared>,
    task: Waker,
}

impl Wake for DeferredWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Spent: the next piece follows in any case, and polls everything that was woken.
        if !self.shared.is_spent.load(Ordering::Acquire) {
            self.task.wake_by_ref();
        }
    }
}

/// The directive, for the schema that executes. It is in no SDL.
#[derive(Debug)]
pub struct YieldDirective;

impl CustomDirectiveFactory for YieldDirective {
    fn name(&self) -> Cow<'static, str> {
        MARK.into()
    }

    fn register(&self, _: &mut Registry) {}

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl CustomDirective for YieldDirective {
    async fn resolve_field(&self, ctx: &Context<'_>, resolve: ResolveFut<'_>) -> ServerResult<Option<Value>> {
        if let Some(counters) = ctx.data_opt::<YieldCounters>() {
            counters.enter().await;
        }
        resolve.await
    }
}

/// Whether a directive is the mark.
pub fn is_mark(directive: &Positioned<Directive>) -> bool {
    directive.node.name.node == MARK
}

pub(super) fn mark_field(field: &mut Positioned<Field>) {
    let name = Positioned::new(Name::new(MARK), field.pos);
    field.node.directives.push(Positioned::new(Directive { name, arguments: Vec::new() }, field.pos));
}

/// Marks one field of each object below the root.
pub fn mark_fields(document: &mut ExecutableDocument) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    operations.into_iter().for_each(|operation| mark_below(&mut operation.node.selection_set.node));
    for fragment in document.fragments.values_mut() {
        mark_set(&mut fragment.node.selection_set.node);
    }
}

/// Marks the objects below the root, which is not an object of a list and is handled by the engine.
fn mark_below(root: &mut SelectionSet) {
    for item in &mut root.items {
        match &mut item.node {
            Selection::Field(field) => mark_set(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => mark_below(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

// Recursion is bounded by the guard's limit on depth.
fn mark_set(set: &mut SelectionSet) {
    let mut is_marked = false;
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => {
                // The engine resolves `__typename` without calling a resolver.
                if !is_marked && field.node.name.node != "__typename" {
                    is_marked = true;
                    mark_field(field);
                }
                mark_set(&mut field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => mark_set(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}
