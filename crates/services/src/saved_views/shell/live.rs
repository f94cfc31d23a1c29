//! Views with subscriptions, and the events after which they are read again.

use iam::access::{Permit, kind};
use platform::storage::Fault;

use super::{engine::DocumentProblem, service::SavedViews};
use crate::saved_views::core::{InvalidatedBy, MAX_LIVE_COST, Variables, View, ViewRef, merge_variables};

/// A view that allows subscriptions.
#[derive(Debug, Clone)]
pub struct LiveView {
    pub view: View,
    pub moved_by: InvalidatedBy,
}

/// Reason why a view cannot be followed.
#[derive(Debug)]
pub enum SubscribeRefusal {
    NotFound,
    Paused,
    Document(DocumentProblem),
    /// The view costs this many points, which is too much.
    TooDear(i64),
    /// The view has this field, which has no events.
    Unheard(String),
    Fault(Fault),
}

impl From<Fault> for SubscribeRefusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SavedViews {
    /// Returns the view, if the caller can subscribe to it with these variables.
    ///
    /// # Errors
    /// The caller cannot.
    pub async fn find_live_view(
        &self,
        permit: &Permit<kind::ViewRead>,
        view_ref: &ViewRef,
        overrides: &Variables,
    ) -> Result<LiveView, SubscribeRefusal> {
        let view = self.find(permit, view_ref).await?.ok_or(SubscribeRefusal::NotFound)?;
        let variables = merge_variables(&view.fields.variables, overrides.clone());
        let moved_by = self.invalidated_by(&view, &variables, permit.caller().trusted_only).await?;
        Ok(LiveView { view, moved_by })
    }

    /// Returns the reason why a view cannot be followed with its own variables; `None` if it can.
    pub async fn live_refusal(&self, view: &View) -> Result<Option<SubscribeRefusal>, Fault> {
        match self.invalidated_by(view, &view.fields.variables, false).await {
            Ok(_) => Ok(None),
            Err(SubscribeRefusal::Fault(fault)) => Err(fault),
            Err(reason) => Ok(Some(reason)),
        }
    }

    async fn invalidated_by(&self, view: &View, variables: &Variables, is_held: bool) -> Result<InvalidatedBy, SubscribeRefusal> {
        if view.is_paused {
            return Err(SubscribeRefusal::Paused);
        }
        let (engine, document) = (self.engine()?, &view.fields.document);
        let cost = engine.examine(document, variables, is_held).await?.map_err(SubscribeRefusal::Document)?;
        if cost > MAX_LIVE_COST {
            return Err(SubscribeRefusal::TooDear(cost));
        }
        engine.invalidated_by(document)?.map_err(SubscribeRefusal::Unheard)
    }
}
