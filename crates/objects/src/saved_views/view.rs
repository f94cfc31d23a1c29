//! A view as clients see it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, Enum, ID};
use entity::prelude::SavedViewId;
use iam::access::kind;
use macros::resolvers;
use services::saved_views::{
    SavedViews,
    core::{Readers, View, ViewRef},
    shell::Status,
};

use super::{link::SavedViewLink, live_refusals::not_live_message, schedule::SavedViewSchedule};
use crate::{
    access::{Role, find_role},
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long},
    },
    identity::{Member, find_member},
    orders::links::{Actor, actor},
};

/// Status of a saved view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SavedViewStatus {
    /// The view can be read.
    Ready,
    /// The document does not fit the present schema and has to be changed.
    Broken,
    /// The view was paused and is not run.
    Paused,
}

impl From<Status> for SavedViewStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Ready => Self::Ready,
            Status::Broken => Self::Broken,
            Status::Paused => Self::Paused,
        }
    }
}

/// A view's row.
#[derive(Clone)]
pub struct SavedView(pub Arc<View>);

crate::connection!(counted SavedViewConnection, SavedViewEdge, SavedView, "saved views");

impl From<View> for SavedView {
    fn from(view: View) -> Self {
        Self(Arc::new(view))
    }
}

/// Query that is kept under a name. Reading it runs it with the rights of the reader.
#[resolvers(requires = ViewRead)]
impl SavedView {
    /// ID of the view.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.fields.name
    }
    /// Name for addresses, of which a tenant has one view.
    async fn slug(&self) -> &str {
        &self.0.fields.slug
    }
    /// GraphQL document with one query.
    async fn document(&self) -> &str {
        &self.0.fields.document
    }
    /// Values of the view's variables where a reader gives none, as an object.
    async fn variables(&self) -> Json {
        Json(serde_json::Value::Object(self.0.fields.variables.clone()))
    }
    /// Points that the view costs with its own variables, from 0 to 1,000, as of its last change.
    async fn cost(&self) -> Long {
        Long(self.0.cost)
    }
    /// Status of the view: it can be read while it is READY.
    #[field(cost = "1")]
    async fn status(&self, ctx: &Context<'_>) -> Answer<SavedViewStatus> {
        Ok(ctx.required_data::<SavedViews>()?.status(&self.0).await?.into())
    }
    /// True if savedViewChanged can follow the view with its own variables.
    #[field(cost = "1")]
    async fn is_live(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(ctx.required_data::<SavedViews>()?.live_refusal(&self.0).await?.is_none())
    }
    /// Reason for which savedViewChanged cannot follow it: the view is paused or does not fit the schema, it costs more than 200 points, or no event
    /// reports changes of something that it shows. Null when it can be followed.
    #[field(cost = "1")]
    async fn not_live_because(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        let reason = ctx.required_data::<SavedViews>()?.live_refusal(&self.0).await?;
        Ok(reason.map(not_live_message).transpose()?)
    }
    /// Links of the view, the oldest first, including those that have expired, at most 20.
    #[field(permit = ViewManage, cost = "1")]
    async fn links(&self, ctx: &Context<'_>) -> Answer<Vec<SavedViewLink>> {
        Ok(ctx.required_data::<SavedViews>()?.links(&permit, self.0.id).await?.into_iter().map(SavedViewLink).collect())
    }
    /// Schedules by which the view is sent, the oldest first, at most 20.
    #[field(permit = ViewManage, cost = "1")]
    async fn schedules(&self, ctx: &Context<'_>) -> Answer<Vec<SavedViewSchedule>> {
        Ok(ctx
            .required_data::<SavedViews>()?
            .schedules(&permit, self.0.id)
            .await?
            .into_iter()
            .map(SavedViewSchedule::from)
            .collect())
    }
    /// Members and roles whom it is shared with, beside its owner and those who hold view.manage. Null where all who hold view.read may read it.
    #[field(permit = ViewManage)]
    async fn readers(&self, ctx: &Context<'_>) -> Answer<Option<SavedViewReaders>> {
        Ok(self.0.readers.clone().map(SavedViewReaders))
    }
    /// Member or integration that created the view. A member other than the caller is shown with member.read only.
    async fn owner(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.0.maker).await
    }
    /// Time at which the view was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the view's last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Version of the view: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
}

/// Readers that a view is shared with.
#[derive(Clone)]
pub struct SavedViewReaders(Readers);

/// Members and roles whom a saved view is shared with.
#[resolvers(requires = ViewManage)]
impl SavedViewReaders {
    /// Roles whose members may read the view, at most 50, without those that have gone.
    #[field(permit = RoleRead)]
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<Role>> {
        let mut view_roles = Vec::with_capacity(self.0.roles.len());
        for id in &self.0.roles {
            view_roles.extend(find_role(ctx, *id).await?);
        }
        Ok(view_roles)
    }
    /// Members who may read the view, at most 50.
    async fn members(&self, ctx: &Context<'_>) -> Answer<Vec<Member>> {
        ctx.caller()?;
        let mut view_members = Vec::with_capacity(self.0.members.len());
        for id in &self.0.members {
            view_members.extend(find_member(ctx, *id).await?);
        }
        Ok(view_members)
    }
}

/// The view of an id.
pub async fn find_view(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<SavedView>> {
    let permit = ctx.permit::<kind::ViewRead>()?;
    let view_ref = ViewRef::Id(SavedViewId::from_uuid(id));
    Ok(ctx.required_data::<SavedViews>()?.find(&permit, &view_ref).await?.map(Into::into))
}

/// The views with these slugs that the caller may read.
pub async fn find_views_by_slug(ctx: &Context<'_>, slugs: &HashSet<String>) -> Answer<HashMap<String, SavedViewId>> {
    let (permit, views) = (ctx.permit::<kind::ViewRead>()?, ctx.required_data::<SavedViews>()?);
    let mut ids_by_slug = HashMap::new();
    // Postgres refuses a text with a NUL character; no slug has one.
    for slug in slugs.iter().filter(|slug| !slug.contains('\0')) {
        if let Some(view) = views.find(&permit, &ViewRef::Slug(slug.clone())).await? {
            ids_by_slug.insert(slug.clone(), view.id);
        }
    }
    Ok(ids_by_slug)
}
