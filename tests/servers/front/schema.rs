use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Context, Error, ErrorExtensions, InputObject, MaybeUndefined, Object, Result, Schema, SimpleObject, Subscription,
    ValidationMode,
};
use entrepot::graphql::{
    code::Code,
    directives::{cost, paged, public},
    fault::TopError,
    scalars::{DateTime, Quantity},
    session::UserErrorCount,
    validation_cache::{DocumentValidator, ValidationOnly},
    yielding::YieldDirective,
};
use futures_util::{Stream, StreamExt, stream};

/// Number of resolvers that ran: a refusal must not change it.
#[derive(Debug, Clone, Default)]
pub struct Ran(pub Arc<AtomicU32>);

/// Owner of the session, added by `attach`.
pub struct Caller(pub String);

pub type TestSchema = Schema<Query, Mutation, Events>;

pub fn schema(ran: Ran) -> TestSchema {
    Schema::build(Query, Mutation, Events)
        .data(ran)
        .directive(YieldDirective)
        .validation_mode(ValidationMode::Fast)
        .disable_suggestions()
        .finish()
}

/// Counts its calls.
pub fn validator(examined: Arc<AtomicU32>) -> DocumentValidator {
    let strict = Schema::build(Query, Mutation, Events).extension(ValidationOnly).disable_suggestions().finish();
    DocumentValidator::new(move |request| {
        examined.fetch_add(1, Ordering::Relaxed);
        let strict = strict.clone();
        Box::pin(async move { strict.execute(request).await })
    })
}

fn count(ctx: &Context<'_>) {
    if let Ok(ran) = ctx.data::<Ran>() {
        ran.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub struct Query;

pub struct Thing;

/// A page of things.
pub struct Things(i32);

#[Object]
impl Things {
    async fn nodes(&self) -> Vec<Thing> {
        (0..self.0).map(|_| Thing).collect()
    }
}

#[derive(InputObject)]
pub struct Patch {
    name: MaybeUndefined<String>,
}

#[derive(InputObject)]
pub struct ScaleInput {
    #[graphql(default = 10)]
    by: i32,
}

#[derive(InputObject)]
pub struct CountInput {
    lines: Vec<LineInput>,
}

#[derive(InputObject)]
pub struct LineInput {
    delta: Quantity,
    at: Option<DateTime>,
}

#[derive(SimpleObject)]
pub struct Ordered {
    slow: String,
    quick: String,
}

#[Object(directive = cost::apply("2".to_owned()))]
impl Thing {
    async fn name(&self, ctx: &Context<'_>) -> &str {
        count(ctx);
        "thing"
    }
    async fn thing(&self) -> Thing {
        Thing
    }
    async fn counted(&self, delta: Quantity) -> i64 {
        delta.0.get()
    }
    async fn failing(&self) -> Result<i32> {
        Err(Code::Forbidden.error("not yours"))
    }
    async fn failing_or_none(&self) -> Option<Result<i32>> {
        Some(Err(Code::Forbidden.error("not yours")))
    }
    /// Things of a thing.
    #[graphql(directive = paged::apply())]
    async fn things(&self, first: Option<i32>, #[graphql(default)] found: i32) -> Things {
        Things(first.unwrap_or(50).min(found))
    }
    async fn late(&self) -> String {
        tokio::time::sleep(Duration::from_millis(30)).await;
        "late".into()
    }
}

#[Object]
impl Query {
    async fn ping(&self, ctx: &Context<'_>) -> &str {
        count(ctx);
        "pong"
    }
    async fn caller(&self, ctx: &Context<'_>) -> String {
        ctx.data::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default()
    }
    async fn echo(&self, ctx: &Context<'_>, text: String) -> String {
        count(ctx);
        text
    }
    async fn page(&self, ctx: &Context<'_>, #[graphql(validator(minimum = 1, maximum = 250))] first: i32) -> i32 {
        count(ctx);
        first
    }
    async fn thing(&self) -> Thing {
        Thing
    }
    /// So many things, or as many as there are.
    #[graphql(directive = paged::apply())]
    async fn things(&self, first: Option<i32>, #[graphql(default)] found: i32) -> Things {
        Things(first.unwrap_or(50).min(found))
    }
    #[graphql(directive = cost::apply("400".to_owned()))]
    async fn dear(&self) -> i32 {
        1
    }
    async fn maybe_thing(&self) -> Option<Thing> {
        Some(Thing)
    }
    async fn scaled(&self, #[graphql(default = 10)] by: i32) -> i32 {
        by
    }
    async fn scaled_or_not(&self, #[graphql(default = 10)] by: Option<i32>) -> Option<i32> {
        by
    }
    async fn scaled_in(&self, input: ScaleInput) -> i32 {
        input.by
    }
    async fn counted(&self, input: CountInput) -> i64 {
        input.lines.iter().filter(|line| line.at.is_none()).map(|line| line.delta.0.get()).sum()
    }
    async fn ordered(&self) -> Ordered {
        Ordered { slow: "s".into(), quick: "q".into() }
    }
    async fn database(&self) -> Option<Result<i32>> {
        Some(Err(Error::from(std::io::Error::other("connection refused at 10.0.0.3:5432"))))
    }
    /// In the engine's words for a client's mistake, but none.
    async fn misleading(&self) -> Option<Result<i32>> {
        Some(Err(Error::from(std::io::Error::other("Failed to parse \"Int\" in table secret_things"))))
    }
    async fn fault(&self) -> Option<Result<i32>> {
        Some(Err(Code::Internal.error("secret_things").extend_with(|_, extensions| extensions.set("sql", "secret_things"))))
    }
    async fn bare_error(&self) -> Option<Result<i32>> {
        Some(Err(Error::new("table secret_things is missing")))
    }
    async fn forbidden(&self) -> Option<Result<i32>> {
        Some(Err(Code::Forbidden.error("not yours")))
    }
    async fn busy(&self) -> Result<i32> {
        Err(Code::Overloaded.error("too busy, try again"))
    }
    async fn panics(&self) -> i32 {
        "on purpose".parse().unwrap()
    }
    async fn slow(&self, seconds: i32) -> i32 {
        tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
        seconds
    }
    async fn patch(&self, input: Patch) -> String {
        match input.name {
            MaybeUndefined::Undefined => "leave".into(),
            MaybeUndefined::Null => "clear".into(),
            MaybeUndefined::Value(name) => format!("set {name}"),
        }
    }
    async fn large(&self, bytes: i32) -> String {
        "x".repeat(bytes as usize)
    }
}

pub struct Mutation;

#[derive(SimpleObject)]
pub struct Payload {
    user_errors: Vec<String>,
}

#[Object]
impl Mutation {
    async fn bump(&self, ctx: &Context<'_>) -> i32 {
        count(ctx);
        1
    }
    /// Open to anybody.
    #[graphql(directive = public::apply())]
    async fn enter(&self, ctx: &Context<'_>) -> String {
        ctx.data::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default()
    }
    async fn large(&self, bytes: i32) -> String {
        "x".repeat(bytes as usize)
    }
    async fn dawdle(&self, seconds: i32) -> i32 {
        tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
        seconds
    }
    async fn throttled(&self) -> Option<Result<i32, TopError>> {
        Some(Err(TopError::RateLimited { retry_after_ms: 7_400 }))
    }
    async fn long_secret(&self) -> String {
        "secret".repeat(500)
    }
    async fn refuse(&self, ctx: &Context<'_>) -> Result<Payload> {
        ctx.data::<UserErrorCount>()?.add(2);
        Ok(Payload { user_errors: vec!["a".into(), "b".into()] })
    }
    async fn capped(&self, #[graphql(validator(maximum = 5))] first: i32) -> i32 {
        first
    }
}

pub struct Events;

#[Subscription]
impl Events {
    /// 0, 1, … and then the end.
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(0..to)
    }
    /// Never waits for anything.
    async fn hot(&self, ctx: &Context<'_>) -> impl Stream<Item = String> + use<> {
        let ran = ctx.data::<Ran>().cloned().unwrap_or_default();
        stream::repeat_with(move || {
            ran.0.fetch_add(1, Ordering::Relaxed);
            "x".repeat(512)
        })
    }
    /// A few things, and as many in each of them as are asked for.
    async fn pages(&self) -> impl Stream<Item = Things> {
        stream::iter([Things(50), Things(50)])
    }
    async fn large(&self, bytes: i32) -> impl Stream<Item = String> {
        stream::iter([1, bytes]).map(|bytes| "x".repeat(bytes as usize))
    }
    async fn silent(&self) -> impl Stream<Item = i32> {
        stream::pending()
    }
    async fn ticking(&self) -> impl Stream<Item = i32> {
        stream::iter(0..).then(|number| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            number
        })
    }
    async fn refused(&self) -> Result<stream::Pending<i32>> {
        Err(Code::Forbidden.error("not yours"))
    }
}
