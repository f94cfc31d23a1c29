//! Source that a batch reads from.

use async_trait::async_trait;
use entity::prelude::TenantId;
use platform::storage::{Backend, Extensions, Fault, Reads, TenantScope, Work};
use sea_orm::{QueryResult, Statement};

/// Source of a batch's reads: its transaction with its locks, or the committed state.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Locked(&'a Work),
    Committed(&'a TenantScope),
}

#[async_trait]
impl Reads for Source<'_> {
    fn tenant(&self) -> TenantId {
        match self {
            Self::Locked(work) => work.tenant(),
            Self::Committed(scope) => scope.tenant(),
        }
    }
    fn backend(&self) -> Backend {
        match self {
            Self::Locked(work) => work.backend(),
            Self::Committed(scope) => scope.backend(),
        }
    }
    fn extensions(&self) -> &Extensions {
        match self {
            Self::Locked(work) => work.extensions(),
            Self::Committed(scope) => scope.extensions(),
        }
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        match self {
            Self::Locked(work) => work.query(statement).await,
            Self::Committed(scope) => scope.query(statement).await,
        }
    }
}
