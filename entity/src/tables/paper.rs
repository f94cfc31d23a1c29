//! A paper that was drawn of a document. Its files go; the row stays.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "paper")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaperId,
    /// Kind that every binary knows; `later_kind`, if it is set, is the paper's actual kind.
    pub kind: PaperKind,
    /// Type of the object that it was drawn of.
    pub target_kind: String,
    pub target_id: Uuid,
    /// The order that it is about, where it is about one.
    pub order_id: Option<OrderId>,
    /// Printed number.
    pub number: String,
    pub locale: PaperLocale,
    pub html_file_id: FileId,
    /// `None` if a text has a character that the font of PDFs lacks.
    pub pdf_file_id: Option<FileId>,
    /// In hexadecimal digits.
    pub html_sha256: String,
    pub pdf_sha256: Option<String>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub created_at: Timestamp,
    pub later_kind: Option<PaperKind>,
}
