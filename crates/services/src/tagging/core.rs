//! Tags and custom data of objects, and the kinds of objects that have them: pure.

use entity::{
    id::{Kind, kind},
    prelude::Timestamp,
};
use inventory::catalog::core::{Checker, Patch, Problem, goods};
use platform::audit::Target;
use serde_json::Value;

/// Tags and custom data of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTags {
    pub target: Target,
    pub tags: Vec<String>,
    /// A JSON object.
    pub metadata: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Data that this room stores for objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredData {
    TagsAndMetadata,
    /// Only tags: custom data is in the object's own row.
    TagsOnly,
    /// Only custom data: tags are in the object's own row.
    MetadataOnly,
}

/// Returns the data that is stored for objects with this ID prefix; `None` if there is none.
pub fn stored_data(prefix: &str) -> Option<StoredData> {
    match prefix {
        kind::StoreId::PREFIX
        | kind::GroupId::PREFIX
        | kind::SupplierId::PREFIX
        | kind::ChannelId::PREFIX
        | kind::FamilyId::PREFIX
        | kind::LotId::PREFIX
        | kind::FulfilmentWorkId::PREFIX
        | kind::FulfilmentWaveId::PREFIX
        | kind::GoodsReceiptId::PREFIX
        | kind::LegalEntityId::PREFIX
        | kind::ReturnId::PREFIX
        | kind::CountId::PREFIX
        | kind::PurchaseOrderId::PREFIX
        | kind::BlanketOrderId::PREFIX
        | kind::SupplierReturnId::PREFIX => Some(StoredData::TagsAndMetadata),
        kind::TransferId::PREFIX | kind::CategoryId::PREFIX => Some(StoredData::TagsOnly),
        kind::CustomerId::PREFIX => Some(StoredData::MetadataOnly),
        _ => None,
    }
}

impl NodeTags {
    /// Returns the state of an object without tags and custom data.
    pub fn untagged(target: Target, now: Timestamp) -> Self {
        Self { target, tags: Vec::new(), metadata: "{}".to_owned(), version: 0, created_at: now, updated_at: now }
    }

    /// Returns the state after a change; fields that are left out stay.
    ///
    /// # Errors
    /// The faults of the input.
    pub fn with_changes(&self, tags: &Patch<Vec<String>>, metadata: &Patch<Value>, now: Timestamp) -> Result<Self, Vec<Problem>> {
        let (mut checker, mut after) = (Checker::default(), self.clone());
        match checker.optional_patch(tags, |checker, list| goods::check_tags(checker, list)) {
            Patch::Keep => {}
            Patch::Clear => after.tags.clear(),
            Patch::Set(tags) => after.tags = tags,
        }
        match checker.optional_patch(metadata, |checker, value| checker.metadata(vec!["metadata".to_owned()], value)) {
            Patch::Keep => {}
            Patch::Clear => "{}".clone_into(&mut after.metadata),
            Patch::Set(text) => after.metadata = text,
        }
        if !checker.problems.is_empty() {
            return Err(checker.problems);
        }
        if after != *self {
            (after.version, after.updated_at) = (self.version + 1, now);
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_left_out_stays_and_what_is_equal_changes_nothing() {
        let none = NodeTags::untagged(Target { kind: "sup".to_owned(), id: Uuid::nil() }, Timestamp(1));
        let said = Patch::Set(vec!["Rush".to_owned(), "rush".to_owned()]);
        let first = none.with_changes(&said, &Patch::Set(json!({ "erp": 7 })), Timestamp(2)).unwrap();
        assert_eq!((first.tags.join(" "), first.metadata.as_str(), first.version), ("Rush".to_owned(), "{\"erp\":7}", 1));
        assert_eq!(first.with_changes(&said, &Patch::Keep, Timestamp(3)), Ok(first.clone()));
        let bare = first.with_changes(&Patch::Clear, &Patch::Clear, Timestamp(3)).unwrap();
        assert_eq!((bare.tags.len(), bare.metadata.as_str(), bare.version), (0, "{}", 2));
        let problems = none.with_changes(&Patch::Set(vec!["a|b".to_owned()]), &Patch::Set(json!([])), Timestamp(2)).unwrap_err();
        assert_eq!(problems.len(), 2);
    }
}
