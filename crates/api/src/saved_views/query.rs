//! Queries of saved views and of their results.

use async_graphql::{Context, SimpleObject};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{audit::Origin, paging::CursorSigner, path, storage::TenantScope};
use serde_json::Value;
use services::saved_views::{
    SavedViews,
    shell::{DocumentRefusal, ReadError, ViewRequest, ViewResult},
};
use tokio::sync::Mutex;

use super::{
    filter::{SavedViewFilter, SavedViewSort},
    view::{SavedView, SavedViewConnection},
    view_ref::{SavedViewRef, parse_variables, parse_view_ref},
};
use crate::{
    access::KeyUse,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        lazy::OfTenant,
        scalars::{Cursor, Json, Long},
    },
    keyed_filters::resolve_filter_keys,
    purchasing::links::MAX_PAGE_SIZE,
};

/// Default wait in milliseconds before a view is read again.
pub(super) const DEFAULT_RETRY_MS: u64 = 1_000;

/// Lock for the views that one operation reads. The operation has one place among its tenant's
/// operations: its documents run one after another in it.
#[derive(Default)]
pub struct ViewReadLock(Mutex<()>);

impl OfTenant for ViewReadLock {
    fn of(_scope: TenantScope) -> Self {
        Self::default()
    }
}

/// An error of a view's document.
#[derive(SimpleObject)]
pub struct SavedViewError {
    /// Stable code, as of an error of a request. FORBIDDEN is a field that the reader may not see.
    pub code: String,
    /// Text for people.
    pub message: String,
    /// Names and positions that lead to the field in the data, as text. Empty of an error of the whole document.
    pub path: Vec<String>,
    /// Permission that the reader lacks, as in order.read. Null of other errors.
    pub permission: Option<String>,
}

/// Data that a saved view shows to its reader.
#[derive(SimpleObject)]
pub struct SavedViewResult {
    /// Data as the document selects it. Null when an error takes all of it away.
    pub data: Option<Json>,
    /// Fields that the reader may not see, and fields that failed, at most 10. They are null in the data.
    pub errors: Vec<SavedViewError>,
    /// Number of the tenant's last event before it was read: the data is no older.
    pub seq: Long,
    /// SHA-256 of the data, as 64 hexadecimal digits. Two readings with the same hash show the same.
    pub hash: String,
}

impl From<ViewResult> for SavedViewResult {
    fn from(result: ViewResult) -> Self {
        let data = Some(result.data).filter(|data| !data.is_null()).map(Json);
        let errors = result.errors.iter().map(view_error).collect();
        Self { data, errors, seq: Long(result.seq), hash: result.hash }
    }
}

pub(super) fn view_error(error_json: &Value) -> SavedViewError {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    SavedViewError {
        code: error_json["extensions"]["code"].as_str().unwrap_or("INTERNAL").to_owned(),
        message: error_json["message"].as_str().unwrap_or_default().to_owned(),
        path: error_json["path"].as_array().map(|path| path.iter().map(text).collect()).unwrap_or_default(),
        permission: error_json["extensions"]["permission"].as_str().map(ToOwned::to_owned),
    }
}

/// Converts the error of a view's read into that of a request.
pub(super) fn read_error(error: ReadError) -> TopError {
    match error {
        ReadError::Fault(fault) => fault.into(),
        ReadError::NotFound => TopError::bad_input("there is no such saved view", path!["view"]),
        ReadError::Paused => TopError::bad_input("this saved view is paused", path!["view"]),
        ReadError::Refused(DocumentRefusal { code, message, retry_after_ms }) => match code.as_str() {
            "RATE_LIMITED" => TopError::RateLimited { retry_after_ms: retry_after_ms.unwrap_or(DEFAULT_RETRY_MS) },
            "OVERLOADED" => TopError::Overloaded,
            "UNAVAILABLE" | "TIMEOUT" => TopError::Unavailable,
            "UNAUTHENTICATED" => TopError::Unauthenticated,
            "INTERNAL" => TopError::Internal,
            // The view itself is valid, but too large for this reader or with these variables.
            "COST_EXCEEDED" | "LIMIT_EXCEEDED" => TopError::limit_exceeded(message, path!["view"]),
            _ => TopError::bad_input(message, path!["view"]),
        },
    }
}

/// The root fields of saved views.
#[derive(Default)]
pub struct SavedViewQuery;

#[resolvers]
impl SavedViewQuery {
    /// Saved views of the tenant, by their slugs unless another order is asked for.
    #[field(permit = ViewRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn saved_views(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Conditions on the saved views. Null for all.")] filter: Option<SavedViewFilter>,
        #[graphql(desc = "Sort of the saved views. Null for SLUG, ASC.")] sort: Option<SavedViewSort>,
    ) -> Answer<SavedViewConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = SavedViewSort::sorted(sort);
        let kind = sorted.kind("savedViews");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let page_rows = ctx.required_data::<SavedViews>()?.page(&permit, (&filter, sorted), &request).await?;
        let nodes = page_rows.rows.into_iter().map(|view| {
            let keys = sorted.keys(&view);
            (SavedView::from(view), keys)
        });
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, page_rows.source).into())
    }

    /// A saved view. Null when there is none.
    #[field(permit = ViewRead)]
    async fn saved_view(&self, ctx: &Context<'_>, #[graphql(desc = "View.")] by: SavedViewRef) -> Answer<Option<SavedView>> {
        let view_ref = parse_view_ref(by, "by")?;
        Ok(ctx.required_data::<SavedViews>()?.find(&permit, &view_ref).await?.map(Into::into))
    }

    /// Data of a saved view, read with your own rights. Its document's points are charged to your rate limit beside those of this field.
    #[field(permit = ViewRead)]
    async fn saved_view_result(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "View.")] view: SavedViewRef,
        #[graphql(desc = "Values of the view's variables, as an object. Variables left out have the view's own values.")]
        variables: Option<Json>,
    ) -> Answer<SavedViewResult> {
        let (view_ref, variables) = (parse_view_ref(view, "view")?, parse_variables(variables)?);
        let request = ViewRequest {
            key: ctx.data_opt::<KeyUse>().map(|used| used.key),
            origin: ctx.data_opt::<Origin>().cloned().unwrap_or_default(),
            is_within: true,
        };
        let _turn = ctx.lazy::<ViewReadLock>()?.0.lock().await;
        let read = Box::pin(ctx.required_data::<SavedViews>()?.read(&permit, &view_ref, variables, request)).await;
        read.map(Into::into).map_err(read_error)
    }
}
