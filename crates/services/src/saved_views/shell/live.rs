//! Which views can be followed, and what events they are read again after.

use iam::access::{Permit, kind};
use platform::storage::Fault;

use super::{SavedViews, engine::DocumentProblem};
use crate::saved_views::core::{MOST_LIVE_COST, MovedBy, Variables, View, ViewRef, chosen};

/// A view that can be followed.
#[derive(Debug, Clone)]
pub struct Live {
    pub view: View,
    pub moved_by: MovedBy,
}

/// Why a view cannot be followed.
#[derive(Debug)]
pub enum NotLive {
    NotFound,
    Paused,
    Document(DocumentProblem),
    /// It costs so many points.
    TooDear(i64),
    /// It shows something that no event tells of: in words.
    Unheard(String),
    Fault(Fault),
}

impl From<Fault> for NotLive {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SavedViews {
    /// The view that is meant, if somebody can follow it with these variables.
    ///
    /// # Errors
    /// They cannot.
    pub async fn live(&self, permit: &Permit<kind::ViewRead>, meant: &ViewRef, given: &Variables) -> Result<Live, NotLive> {
        let view = self.find(permit, meant).await?.ok_or(NotLive::NotFound)?;
        let variables = chosen(&view.fields.variables, given.clone());
        let moved_by = self.moved_by(&view, &variables, permit.caller().trusted_only).await?;
        Ok(Live { view, moved_by })
    }

    /// Why a view cannot be followed with its own variables; None when it can.
    pub async fn not_live(&self, view: &View) -> Result<Option<NotLive>, Fault> {
        match self.moved_by(view, &view.fields.variables, false).await {
            Ok(_) => Ok(None),
            Err(NotLive::Fault(fault)) => Err(fault),
            Err(reason) => Ok(Some(reason)),
        }
    }

    async fn moved_by(&self, view: &View, variables: &Variables, is_held: bool) -> Result<MovedBy, NotLive> {
        if view.is_paused {
            return Err(NotLive::Paused);
        }
        let (engine, document) = (self.engine()?, &view.fields.document);
        let cost = engine.examine(document, variables, is_held).await?.map_err(NotLive::Document)?;
        if cost > MOST_LIVE_COST {
            return Err(NotLive::TooDear(cost));
        }
        engine.moved_by(document)?.map_err(NotLive::Unheard)
    }
}
