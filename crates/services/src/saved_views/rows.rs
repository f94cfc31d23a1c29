//! The table of saved views.

mod list;
mod schedules;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{saved_view, saved_view_link},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{Fields, Link, View, ViewReader, ViewRef};

pub use self::list::{ViewFilter, ViewSort, ViewsSorted, view_page};
pub use self::schedules::{
    begin_run, count_schedules, due_schedules, end_run, forget_runs, insert_schedule, is_active_member, lock_schedule,
    note_error, note_sent, remove_schedule, remove_schedules_of, schedule, schedules_of, skip_to, tenant_name, tenant_zone,
    tenants_due, update_schedule,
};

#[derive(Record)]
#[record(of = saved_view, alias = "v")]
struct ViewRow {
    id: SavedViewId,
    slug: String,
    name: String,
    document: String,
    variables: String,
    cost: i64,
    is_paused: i32,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    readers: Option<String>,
}

impl TryFrom<ViewRow> for View {
    type Error = Fault;
    fn try_from(row: ViewRow) -> Result<Self, Fault> {
        let variables =
            serde_json::from_str(&row.variables).map_err(|_| Fault::corrupt("saved_view", "variables are a JSON object"))?;
        let readers = row.readers.map(|text| serde_json::from_str(&text)).transpose();
        let readers = readers.map_err(|_| Fault::corrupt("saved_view", "readers are lists of roles and members"))?;
        Ok(Self {
            id: row.id,
            fields: Fields { name: row.name, slug: row.slug, document: row.document, variables },
            cost: row.cost,
            is_paused: row.is_paused != 0,
            maker: Actor { kind: row.actor_kind, id: row.actor_id },
            readers,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn row_of(tenant_id: TenantId, view: &View) -> Result<saved_view::Model, Fault> {
    let readers = view.readers.as_ref().map(serde_json::to_string).transpose();
    let readers = readers.map_err(|err| Fault::Broken(format!("readers have no JSON: {err}")))?;
    Ok(saved_view::Model {
        tenant_id,
        id: view.id,
        slug: view.fields.slug.clone(),
        name: view.fields.name.clone(),
        document: view.fields.document.clone(),
        variables: serde_json::Value::Object(view.fields.variables.clone()).to_string(),
        cost: view.cost,
        is_paused: i32::from(view.is_paused),
        actor_kind: view.maker.kind,
        actor_id: view.maker.id,
        version: view.version,
        created_at: view.created_at,
        updated_at: view.updated_at,
        readers,
    })
}

/// Views: conditions and lock are SQL over `v`, values from `$2`.
async fn views_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<View>, Fault> {
    let sql = format!("SELECT {} FROM saved_view v WHERE v.tenant_id = $1{conditions}", ViewRow::SELECT);
    reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect()
}

/// Reads a view by its reference.
pub async fn view(reads: &impl Reads, meant: &ViewRef) -> Result<Option<View>, Fault> {
    let found = match meant {
        ViewRef::Id(id) => views_where(reads, " AND v.id = $2", vec![(*id).into()]).await?,
        ViewRef::Slug(slug) => views_where(reads, " AND v.slug = $2", vec![slug.as_str().into()]).await?,
    };
    Ok(found.into_iter().next())
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

/// Returns the condition on views that an actor may read, as SQL with values from `$2`: the
/// equivalent of `View::is_for`. Lists of IDs are texts in which each ID is quoted.
fn shared_with(asker: &ViewReader) -> (String, Vec<Value>) {
    if asker.manages {
        return (String::new(), Vec::new());
    }
    let mut sql = " AND (v.readers IS NULL OR (v.actor_kind = $2 AND v.actor_id = $3)".to_owned();
    let mut values: Vec<Value> = vec![asker.actor.kind.as_str().into(), asker.actor.id.into()];
    let member = (asker.actor.kind == ActorKind::Member).then(|| MemberId::from_uuid(asker.actor.id).to_string());
    for id in member.into_iter().chain(asker.roles.iter().map(ToString::to_string)) {
        values.push(format!("%\"{id}\"%").into());
        sql.push_str(&format!(" OR v.readers LIKE ${}", values.len() + 1));
    }
    sql.push(')');
    (sql, values)
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
