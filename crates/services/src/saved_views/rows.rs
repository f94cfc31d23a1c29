//! The table of saved views.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::saved_view,
};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Fault, Finds, Reads, Row, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{Fields, View, ViewRef};

/// Names the order of views in cursors.
pub const VIEWS: &str = "savedViews:SLUG:ASC";

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
}

impl TryFrom<ViewRow> for View {
    type Error = Fault;
    fn try_from(row: ViewRow) -> Result<Self, Fault> {
        let variables =
            serde_json::from_str(&row.variables).map_err(|_| Fault::corrupt("saved_view", "variables are a JSON object"))?;
        Ok(Self {
            id: row.id,
            fields: Fields { name: row.name, slug: row.slug, document: row.document, variables },
            cost: row.cost,
            is_paused: row.is_paused != 0,
            maker: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn row_of(tenant_id: TenantId, view: &View) -> saved_view::Model {
    saved_view::Model {
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
    }
}

/// Views: conditions and lock are SQL over `v`, values from `$2`.
async fn views_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<View>, Fault> {
    let sql = format!("SELECT {} FROM saved_view v WHERE v.tenant_id = $1{conditions}", ViewRow::SELECT);
    reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect()
}

/// The view that is meant.
pub async fn view(reads: &impl Reads, meant: &ViewRef) -> Result<Option<View>, Fault> {
    let found = match meant {
        ViewRef::Id(id) => views_where(reads, " AND v.id = $2", vec![(*id).into()]).await?,
        ViewRef::Slug(slug) => views_where(reads, " AND v.slug = $2", vec![slug.as_str().into()]).await?,
    };
    Ok(found.into_iter().next())
}

/// The view of an id, locked until the transaction ends.
pub async fn lock_view(work: &Work, id: SavedViewId) -> Result<Option<View>, Fault> {
    let lock = work.backend().for_update("v");
    Ok(views_where(work, &format!(" AND v.id = $2{lock}"), vec![id.into()]).await?.pop())
}

pub async fn count_views(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM saved_view WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

pub async fn insert_view(work: &Work, view: &View) -> Result<(), Fault> {
    work.insert::<saved_view::Entity>(row_of(work.tenant(), view)).await
}

pub async fn update_view(work: &Work, view: &View) -> Result<(), Fault> {
    work.update::<saved_view::Entity>(row_of(work.tenant(), view)).await
}

pub async fn remove_view(work: &Work, id: SavedViewId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

/// Where a view stands in its list.
pub fn view_keys(view: &View) -> Vec<Key> {
    vec![Key::Text(view.fields.slug.clone()), view.id.into()]
}

/// A page of views, by their slugs.
pub async fn view_page(reads: &impl Reads, request: &PageRequest) -> Result<Vec<View>, Fault> {
    let source = ListSource { from: "FROM saved_view v WHERE v.tenant_id = $1".to_owned(), values: Vec::new() };
    let (sql, values) = source.page(ViewRow::SELECT, &["v.slug", "v.id"], false, request);
    reads.records::<ViewRow>(&sql, values).await?.into_iter().map(View::try_from).collect()
}
