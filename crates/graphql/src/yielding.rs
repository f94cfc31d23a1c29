//! Work that never waits, cut into pieces.
//!
//! The engine resolves an operation as one future, and where no resolver waits for anything, one poll of it is all of the work: meanwhile the
//! thread answers nobody else, and no deadline is looked at. So what is run has a mark (a directive that clients do not see) on one
//! field of each object. The engine hands marked fields to us, and we let a poll resolve so many objects and no more. They are counted, too: a list
//! may be longer than its price assumed.

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
const AT_ONCE: u32 = 1_024;

/// Of one operation, in its data.
#[derive(Debug, Clone)]
pub struct Pieces(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Objects that this poll may still resolve.
    left: AtomicU32,
    /// This poll has resolved its share, and somebody waits for the next.
    is_spent: AtomicBool,
    /// Objects of this answer.
    count: AtomicU32,
    most: u32,
    exceeded: Notify,
}

/// The operation has more objects than one may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl Pieces {
    /// For answers of so many objects at most.
    pub fn new(most: u32) -> Self {
        let (left, is_spent, count) = (AtomicU32::new(AT_ONCE), AtomicBool::new(false), AtomicU32::new(0));
        Self(Arc::new(Shared { left, is_spent, count, most, exceeded: Notify::new() }))
    }

    /// Runs an operation in pieces.
    ///
    /// # Errors
    /// It has too many objects; it is dropped then.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, TooMany> {
        let mut work = pin!(work);
        let work = async {
            loop {
                let piece = poll_fn(|context| {
                    self.0.left.store(AT_ONCE, Ordering::Relaxed);
                    self.0.is_spent.store(false, Ordering::Release);
                    let waker = Waker::from(Arc::new(Patient { shared: self.0.clone(), task: context.waker().clone() }));
                    match work.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
                        Poll::Ready(done) => Poll::Ready(Some(done)),
                        Poll::Pending if self.0.is_spent.load(Ordering::Acquire) => Poll::Ready(None),
                        Poll::Pending => Poll::Pending,
                    }
                });
                match piece.await {
                    Some(done) => return done,
                    // Whoever is woken at once comes before connections are looked at, sixty times over; whoever yields comes behind them.
                    None => tokio::task::yield_now().await,
                }
            }
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.0.exceeded.notified() => Err(TooMany),
        }
    }

    /// The next of a stream of answers, each of which is counted by itself.
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
        if shared.count.fetch_add(1, Ordering::Relaxed) >= shared.most {
            shared.exceeded.notify_one();
            // Whoever runs the operation drops it.
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

/// Wakes an operation's task, but not for what has its turn in the next piece anyway.
struct Patient {
    shared: Arc<Shared>,
    task: Waker,
}

impl Wake for Patient {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Spent: the next piece follows whatever happens, and looks at everything that was woken.
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
        if let Some(pieces) = ctx.data_opt::<Pieces>() {
            pieces.enter().await;
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
pub fn mark(document: &mut ExecutableDocument) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    operations.into_iter().for_each(|operation| mark_below(&mut operation.node.selection_set.node));
    for fragment in document.fragments.values_mut() {
        mark_set(&mut fragment.node.selection_set.node);
    }
}

/// The root is no object of a list, and what stands there belongs to the engine.
fn mark_below(root: &mut SelectionSet) {
    for item in &mut root.items {
        match &mut item.node {
            Selection::Field(field) => mark_set(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => mark_below(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

// As deep as the guard lets documents in.
fn mark_set(set: &mut SelectionSet) {
    let mut is_marked = false;
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => {
                // The engine names a type without asking anybody.
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
