//! Asking for views, and for what they show.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::{
    audit::Origin,
    paging::{Listed, PageRequest},
    storage::{Fault, Nested},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    SavedViews,
    engine::{Outcome, Reader, Refused},
};
use crate::saved_views::{
    core::{Asker, Variables, View, ViewRef, chosen},
    rows::{self, ViewFilter, ViewsSorted},
};

type May = Permit<kind::ViewRead>;

/// Status of a saved view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ready,
    /// Its document does not hold against the schema of now.
    Broken,
    Paused,
}

/// What a view shows to its reader.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewResult {
    pub data: Value,
    /// What its reader may not see, and what failed, as GraphQL says it.
    pub errors: Vec<Value>,
    /// The last event before it was read.
    pub seq: i64,
    /// SHA-256 of the data, in hexadecimal digits.
    pub hash: String,
    /// Length of the data as JSON.
    pub bytes: usize,
}

/// How somebody asks for a view.
#[derive(Debug, Clone, Default)]
pub struct ViewRequest {
    /// The key that a program reads with.
    pub key: Option<ApiKeyId>,
    pub origin: Origin,
    /// Whether it is within an operation, whose place among its tenant's it takes.
    pub is_within: bool,
}

/// Why a view was not read.
#[derive(Debug)]
pub enum ReadError {
    NotFound,
    Paused,
    Refused(Refused),
    Fault(Fault),
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SavedViews {
    /// A page of the views that the filter leaves, in this order.
    pub async fn page(
        &self,
        permit: &May,
        (filter, sorted): (&Nested<ViewFilter>, ViewsSorted),
        request: &PageRequest,
    ) -> Result<Listed<View>, Fault> {
        let asker = self.asker(permit).await?;
        rows::view_page(&permit.scope(&self.0.db), &asker, (filter, sorted), request).await
    }

    /// A view that the caller may read.
    pub async fn find(&self, permit: &May, meant: &ViewRef) -> Result<Option<View>, Fault> {
        let Some(view) = rows::view(&permit.scope(&self.0.db), meant).await? else { return Ok(None) };
        if view.readers.is_none() {
            return Ok(Some(view));
        }
        let asker = self.asker(permit).await?;
        Ok(Some(view).filter(|view| view.is_for(&asker)))
    }

    /// Who asks, with the roles that they have now.
    async fn asker(&self, permit: &May) -> Result<Asker, Fault> {
        let (actor, manages) = (permit.actor(), permit.caller().permissions.holds(kind::ViewManage::INDEX));
        let roles = if actor.kind == ActorKind::Member && !manages {
            rows::roles_of(&permit.scope(&self.0.db), MemberId::from_uuid(actor.id), self.0.clock.now()).await?
        } else {
            Vec::new()
        };
        Ok(Asker { actor, roles, manages })
    }

    pub async fn status(&self, view: &View) -> Result<Status, Fault> {
        if view.is_paused {
            return Ok(Status::Paused);
        }
        let examined = self.engine()?.examine(&view.fields.document, &view.fields.variables, false).await?;
        Ok(if examined.is_ok() { Status::Ready } else { Status::Broken })
    }

    /// Runs a view with the rights of its reader and at their cost.
    pub async fn read(
        &self,
        permit: &May,
        meant: &ViewRef,
        given: Variables,
        request: ViewRequest,
    ) -> Result<ViewResult, ReadError> {
        let scope = permit.scope(&self.0.db);
        let view = self.find(permit, meant).await?.ok_or(ReadError::NotFound)?;
        if view.is_paused {
            return Err(ReadError::Paused);
        }
        let ViewRequest { key, origin, is_within } = request;
        let reader = Reader { caller: permit.caller().clone(), key, origin, is_within };
        let variables = chosen(&view.fields.variables, given);
        // Before it runs: what is read may be newer, and never older.
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
