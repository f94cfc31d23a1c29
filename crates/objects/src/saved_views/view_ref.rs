//! References to saved views, and the values of their variables.

use async_graphql::{ID, OneofObject};
use entity::prelude::SavedViewId;
use platform::path;
use services::saved_views::core::{Variables, ViewRef};

use crate::{
    graphql::{
        fault::{Answer, TopError},
        filters::refuse_nul,
        scalars::Json,
    },
    purchasing::links::argument,
};

/// A saved view.
#[derive(Debug, Clone, OneofObject)]
pub enum SavedViewRef {
    /// ID of the view.
    Id(ID),
    /// Slug of the saved view. Needs view.read.
    Slug(String),
}

/// The view that an argument means.
pub fn parse_view_ref(by: SavedViewRef, name: &str) -> Answer<ViewRef> {
    Ok(match by {
        SavedViewRef::Id(id) => {
            let id: SavedViewId = argument(&id, || path![name, "id"])?;
            ViewRef::Id(id)
        }
        SavedViewRef::Slug(slug) => {
            refuse_nul(&slug, || path![name, "slug"])?;
            ViewRef::Slug(slug)
        }
    })
}

/// The values of variables that a reader passes.
pub fn parse_variables(variables: Option<Json>) -> Answer<Variables> {
    match variables.map(|all| all.0) {
        None | Some(serde_json::Value::Null) => Ok(Variables::new()),
        Some(serde_json::Value::Object(values)) => Ok(values),
        Some(_) => Err(TopError::bad_input("a JSON object is expected", path!["variables"])),
    }
}
