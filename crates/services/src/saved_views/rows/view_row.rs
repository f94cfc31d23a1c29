//! A view as a row of its table.

use entity::{prelude::*, record::Record, tables::saved_view};
use platform::storage::Fault;
use uuid::Uuid;

use crate::saved_views::core::{Fields, View};

#[derive(Record)]
#[record(of = saved_view, alias = "v")]
pub(super) struct ViewRow {
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

pub(super) fn row_of(tenant_id: TenantId, view: &View) -> Result<saved_view::Model, Fault> {
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
