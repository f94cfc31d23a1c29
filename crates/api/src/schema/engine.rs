//! The schema behind functions that are not generic, so that the engine with all resolvers is
//! compiled in this crate only, not again in each crate that executes operations.

use std::sync::Arc;

use async_graphql::{Data, Executor, Request, Response, SDLExportOptions, Schema};
use futures_util::{future::BoxFuture, stream::BoxStream};

use super::roots::{Mutation, Query, Subscription};

/// The schema as it is served. Cheap to clone.
#[derive(Clone)]
pub struct EntrepotSchema(Schema<Query, Mutation, Subscription>);

impl EntrepotSchema {
    pub(super) fn new(schema: Schema<Query, Mutation, Subscription>) -> Self {
        Self(schema)
    }
    pub fn execute(&self, request: impl Into<Request>) -> BoxFuture<'_, Response> {
        self.run(request.into())
    }
    pub fn execute_stream(&self, request: impl Into<Request>) -> BoxStream<'static, Response> {
        self.follow(request.into(), None)
    }
    /// The SDL.
    pub fn sdl(&self) -> String {
        self.0.sdl()
    }
    pub fn sdl_with_options(&self, options: SDLExportOptions) -> String {
        self.0.sdl_with_options(options)
    }

    fn run(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.0.execute(request))
    }
    fn follow(&self, request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, session_data)
    }
}

impl Executor for EntrepotSchema {
    fn execute(&self, request: Request) -> impl Future<Output = Response> + Send {
        self.run(request)
    }
    fn execute_stream(&self, request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.follow(request, session_data)
    }
}
