//! The table of saved views.

mod list;
mod schedules;
mod view_row;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{saved_view, saved_view_link},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;
use uuid::Uuid;

use self::view_row::{ViewRow, row_of};
use super::core::{Link, View, ViewRef};

pub use self::list::{ViewFilter, ViewSort, ViewsSorted, view_page};
pub use self::schedules::{
    SECRET, begin_run, bucket_row, count_schedules, discard_unfinished_runs, due_schedules, end_run, insert_schedule,
    is_active_member, lock_schedule, record_error, record_sent, remove_schedule, remove_schedules_of, schedule, schedules_of,
    skip_to, tenant_name, tenant_zone, tenants_due, update_schedule,
};

/// Views: conditions and lock are SQL over `v`, values from `$2`.
async fn views_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<View>, Fault> {
    let sql = format!("SELECT {} FROM saved_view v WHERE v.tenant_id = $1{conditions}", ViewRow::SELECT);
    reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect()
}

/// Reads a view by its reference.
pub async fn view(reads: &impl Reads, view_ref: &ViewRef) -> Result<Option<View>, Fault> {
    let views = match view_ref {
        ViewRef::Id(id) => views_where(reads, " AND v.id = $2", vec![(*id).into()]).await?,
        ViewRef::Slug(slug) => views_where(reads, " AND v.slug = $2", vec![slug.as_str().into()]).await?,
    };
    Ok(views.into_iter().next())
}

/// Reads a view by ID, locked until the transaction ends.
pub async fn lock_view(work: &Work, id: SavedViewId) -> Result<Option<View>, Fault> {
    let lock = work.backend().for_update("v");
    Ok(views_where(work, &format!(" AND v.id = $2{lock}"), vec![id.into()]).await?.pop())
}

pub async fn count_views(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM saved_view WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn insert_view(work: &Work, view: &View) -> Result<(), Fault> {
    work.insert::<saved_view::Entity>(row_of(work.tenant(), view)?).await
}

pub async fn update_view(work: &Work, view: &View) -> Result<(), Fault> {
    work.update::<saved_view::Entity>(row_of(work.tenant(), view)?).await
}

pub async fn remove_view(work: &Work, id: SavedViewId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

/// Reads the roles of a member at a time.
pub async fn roles_of(reads: &impl Reads, member: MemberId, now: Timestamp) -> Result<Vec<RoleId>, Fault> {
    let sql =
        "SELECT role_id FROM role_grant WHERE tenant_id = $1 AND member_id = $2 AND (expires_at IS NULL OR expires_at > $3)";
    let rows = reads.rows(sql, vec![member.into(), now.micros().into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

#[derive(Record)]
#[record(of = saved_view_link, alias = "l")]
struct LinkRow {
    id: SavedViewLinkId,
    view_id: SavedViewId,
    secret_hash: String,
    variables: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    key_id: Option<ApiKeyId>,
    expires_at: Timestamp,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl LinkRow {
    /// Returns the link, and the hash of its secret.
    fn link(self) -> Result<(Link, String), Fault> {
        let variables = serde_json::from_str(&self.variables)
            .map_err(|_| Fault::corrupt("saved_view_link", "variables are a JSON object"))?;
        let link = Link {
            id: self.id,
            view: self.view_id,
            variables,
            maker: Actor { kind: self.actor_kind, id: self.actor_id },
            key: self.key_id,
            expires_at: self.expires_at,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        };
        Ok((link, self.secret_hash))
    }
}

/// The links of a view, the oldest first.
pub async fn links_of(reads: &impl Reads, view: SavedViewId) -> Result<Vec<Link>, Fault> {
    let sql = format!(
        "SELECT {} FROM saved_view_link l WHERE l.tenant_id = $1 AND l.view_id = $2 ORDER BY l.created_at, l.id",
        LinkRow::SELECT
    );
    let rows = reads.records::<LinkRow>(&sql, vec![view.into()]).await?;
    rows.into_iter().map(|row| row.link().map(|(link, _)| link)).collect()
}

/// Reads a link by ID, and the hash of its secret.
pub async fn link(reads: &impl Reads, id: SavedViewLinkId) -> Result<Option<(Link, String)>, Fault> {
    let sql = format!("SELECT {} FROM saved_view_link l WHERE l.tenant_id = $1 AND l.id = $2", LinkRow::SELECT);
    reads.records::<LinkRow>(&sql, vec![id.into()]).await?.pop().map(LinkRow::link).transpose()
}

pub async fn insert_link(work: &Work, link: &Link, secret_hash: String) -> Result<(), Fault> {
    let row = saved_view_link::Model {
        tenant_id: work.tenant(),
        id: link.id,
        view_id: link.view,
        secret_hash,
        variables: serde_json::Value::Object(link.variables.clone()).to_string(),
        actor_kind: link.maker.kind,
        actor_id: link.maker.id,
        key_id: link.key,
        expires_at: link.expires_at,
        created_at: link.created_at,
        last_used_at: link.last_used_at,
    };
    work.insert::<saved_view_link::Entity>(row).await
}

/// Records a use. The latest minute of concurrent writes by several nodes stays.
pub async fn record_link_use(work: &Work, id: SavedViewLinkId, minute: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE saved_view_link SET last_used_at = $3
         WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    work.execute(sql, vec![id.into(), minute.micros().into()]).await?;
    Ok(())
}

pub async fn remove_link(work: &Work, id: SavedViewLinkId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view_link WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

pub async fn remove_links_of(work: &Work, view: SavedViewId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view_link WHERE tenant_id = $1 AND view_id = $2", vec![view.into()]).await
}
