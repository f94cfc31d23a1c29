//! Reading views and their results.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::{
    audit::Origin,
    paging::{ListPage, PageRequest},
    storage::{Fault, Nested},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    engine::{DocumentRefusal, Outcome, Reader},
    service::SavedViews,
};
use crate::saved_views::{
    core::{Variables, View, ViewReader, ViewRef, merge_variables},
    rows::{self, ViewFilter, ViewsSorted},
};

type ReadPermit = Permit<kind::ViewRead>;

/// Status of a saved view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ready,
    /// The document is invalid against the current schema.
    Broken,
    Paused,
}

/// Result of a view for its reader.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewResult {
    pub data: Value,
    /// GraphQL errors of the fields that the reader may not see, and of those that failed.
    pub errors: Vec<Value>,
    /// Seq of the last event before the execution.
    pub seq: i64,
    /// SHA-256 of the data, in hexadecimal digits.
    pub hash: String,
    /// Length of the data as JSON.
    pub bytes: usize,
}

/// Context of a request for a view.
#[derive(Debug, Clone, Default)]
pub struct ViewRequest {
    /// API key of the reading program.
    pub key: Option<ApiKeyId>,
    pub origin: Origin,
    /// Whether it is within an operation, whose place among its tenant's it takes.
    pub is_within: bool,
}

/// Error of reading a view.
#[derive(Debug)]
pub enum ReadError {
    NotFound,
    Paused,
    Refused(DocumentRefusal),
    Fault(Fault),
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SavedViews {
    /// Reads a page of the views that match the filter, sorted.
    pub async fn page(
        &self,
        permit: &ReadPermit,
        (filter, sorted): (&Nested<ViewFilter>, ViewsSorted),
        request: &PageRequest,
    ) -> Result<ListPage<View>, Fault> {
        let reader = self.view_reader(permit).await?;
        rows::view_page(&permit.scope(&self.0.db), &reader, (filter, sorted), request).await
    }

    /// Reads a view, if the caller may read it.
    pub async fn find(&self, permit: &ReadPermit, view_ref: &ViewRef) -> Result<Option<View>, Fault> {
        let Some(view) = rows::view(&permit.scope(&self.0.db), view_ref).await? else { return Ok(None) };
        if view.readers.is_none() {
            return Ok(Some(view));
        }
        let reader = self.view_reader(permit).await?;
        Ok(Some(view).filter(|view| view.is_readable_by(&reader)))
    }

    /// Returns the caller, with their current roles.
    async fn view_reader(&self, permit: &ReadPermit) -> Result<ViewReader, Fault> {
        let (actor, manages) = (permit.actor(), permit.caller().permissions.holds(kind::ViewManage::INDEX));
        let roles = if actor.kind == ActorKind::Member && !manages {
            rows::roles_of(&permit.scope(&self.0.db), MemberId::from_uuid(actor.id), self.0.clock.now()).await?
        } else {
            Vec::new()
        };
        Ok(ViewReader { actor, roles, manages })
    }

    pub async fn status(&self, view: &View) -> Result<Status, Fault> {
        if view.is_paused {
            return Ok(Status::Paused);
        }
        let examination = self.engine()?.examine(&view.fields.document, &view.fields.variables, false).await?;
        Ok(if examination.is_ok() { Status::Ready } else { Status::Broken })
    }

    /// Runs a view with the rights of its reader and at their cost.
    pub async fn read(
        &self,
        permit: &ReadPermit,
        view_ref: &ViewRef,
        overrides: Variables,
        request: ViewRequest,
    ) -> Result<ViewResult, ReadError> {
        let scope = permit.scope(&self.0.db);
        let view = self.find(permit, view_ref).await?.ok_or(ReadError::NotFound)?;
        if view.is_paused {
            return Err(ReadError::Paused);
        }
        let ViewRequest { key, origin, is_within } = request;
        let reader = Reader { caller: permit.caller().clone(), key, origin, is_within };
        let variables = merge_variables(&view.fields.variables, overrides);
        // Read before the execution: the data may be newer than this `seq`, and is never older.
        let seq = scope.head().await?.seq;
        match self.engine()?.answer(reader, &view.fields.document, variables).await? {
            Outcome::Ran { data, errors } => {
                let text = data.to_string();
                let hash = hex::encode(Sha256::digest(text.as_bytes()));
                Ok(ViewResult { data, errors, seq, hash, bytes: text.len() })
            }
            Outcome::Refused(refused) => Err(ReadError::Refused(refused)),
        }
    }
}
