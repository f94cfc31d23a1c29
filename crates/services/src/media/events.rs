//! Events of products' pictures and documents.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

platform::events! {
    /// Pictures and documents.
    MEDIA: MediaChanged = Terms { permission: code::<kind::ProductRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        PRODUCT_IMAGES_CHANGED "product.images_changed",
        PRODUCT_DOCUMENTS_CHANGED "product.documents_changed",
    }
}

/// The payload of an event about a product's pictures and documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaChanged {
    pub id: ProductId,
}
