//! Tags as rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::node_tags,
};
use inventory::catalog::core::text;
use platform::{
    audit::Target,
    storage::{Fault, Finds, Reads, Work},
};
use uuid::Uuid;

use super::core::NodeTags;

#[derive(Record)]
#[record(of = node_tags, alias = "n")]
struct TagsRow {
    target_id: Uuid,
    target_kind: String,
    tags: String,
    metadata: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Reads the tags and custom data of these objects; objects without any are left out.
pub async fn of(reads: &impl Reads, targets: &[Uuid]) -> Result<Vec<NodeTags>, Fault> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql =
        format!("SELECT {} FROM node_tags n WHERE n.tenant_id = $1 AND {}", TagsRow::SELECT, backend.in_ids("n.target_id", 2));
    // The database does not distinguish the kinds of IDs.
    let ids = backend.ids(targets.iter().map(|id| AttachmentId::from_uuid(*id)));
    let rows = reads.records::<TagsRow>(&sql, vec![ids]).await?;
    rows.into_iter().map(tags).collect()
}

fn tags(row: TagsRow) -> Result<NodeTags, Fault> {
    let tags = serde_json::from_str(&row.tags).map_err(|_| Fault::corrupt("node_tags", "its tags are a list of texts"))?;
    Ok(NodeTags {
        target: Target { kind: row.target_kind, id: row.target_id },
        tags,
        metadata: row.metadata,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Writes the tags and custom data of an object; the first version is a new row.
pub async fn write(work: &Work, tags: &NodeTags) -> Result<(), Fault> {
    let folded: Vec<String> = tags.tags.iter().map(|tag| text::fold(tag)).collect();
    let row = node_tags::Model {
        tenant_id: work.tenant(),
        target_id: tags.target.id,
        target_kind: tags.target.kind.clone(),
        tags: serde_json::Value::from(tags.tags.clone()).to_string(),
        tag_keys: if folded.is_empty() { String::new() } else { format!("\n{}\n", folded.join("\n")) },
        metadata: tags.metadata.clone(),
        version: tags.version,
        created_at: tags.created_at,
        updated_at: tags.updated_at,
    };
    if tags.version == 1 { work.insert::<node_tags::Entity>(row).await } else { work.update::<node_tags::Entity>(row).await }
}
