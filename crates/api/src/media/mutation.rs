//! Mutations that add and remove pictures and documents of products.

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::{DocumentId, FileId, ImageId, ProductId};
use iam::access::{ChangedValue, kind};
use macros::resolvers;
use platform::path;
use services::media::{
    Media, MediaChange, MediaError, NewDocument, NewImage,
    core::Rejection,
    events::{PRODUCT_DOCUMENTS_CHANGED, PRODUCT_IMAGES_CHANGED},
};

use super::{
    ProductDocument, ProductImage, documents_of, find_product_document, find_product_image, images_of,
    inputs::{
        ProductDocumentAddInput, ProductDocumentRemoveInput, ProductImageAddInput, ProductImageRemoveInput,
        ProductImageReorderInput,
    },
    loaders::media,
};
use crate::{
    catalog::catalog_loaders,
    files::refuse as refuse_file,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::{InputErrors, read},
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    named,
};

/// Result of a change of a product's pictures.
#[derive(SimpleObject, Default)]
pub struct ProductImagePayload {
    /// The picture that was added, or with validateOnly would be, under an ID that is not kept; null otherwise, and for callers without product.read.
    pub image: Option<ProductImage>,
    /// Pictures of the product as they are now, or with validateOnly as they would be, in their order; empty for callers without product.read.
    pub images: Vec<ProductImage>,
    /// Reasons for which the change was refused; empty when it was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

/// Result of a change of a product's documents.
#[derive(SimpleObject, Default)]
pub struct ProductDocumentPayload {
    /// The document that was added, or with validateOnly would be, under an ID that is not kept; null otherwise, and for callers without product.read.
    pub document: Option<ProductDocument>,
    /// Documents of the product as they are now, or with validateOnly as they would be, the oldest first; empty for callers without product.read.
    pub documents: Vec<ProductDocument>,
    /// Reasons for which the change was refused; empty when it was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

fn refusal_error(error: MediaError) -> Result<UserError, TopError> {
    let rejection = match error {
        MediaError::Fault(fault) => return Err(fault.into()),
        MediaError::File(error) => return refuse_file(error, path!["input", "fileId"]),
        MediaError::BadKey(reason) => return Ok(UserError::invalid_key(reason, path!["input", "idempotencyKey"])),
        MediaError::Rejected(rejection) => rejection,
    };
    let (code, message, field) = match rejection {
        Rejection::NotFound { what: noun, field } => return Ok(UserError::not_found(noun, path!["input", field])),
        Rejection::TooMany { what: noun, most: limit } => {
            (ErrorCode::LimitExceeded, format!("a product has at most {limit} {noun}: remove one first"), "productId")
        }
        Rejection::TooLong { field, most: limit } => (ErrorCode::TooLong, format!("at most {limit} characters are kept"), field),
        Rejection::NotPlain { field } => (ErrorCode::Invalid, "a text without NUL characters is expected".to_owned(), field),
        Rejection::NoPlace { last } => (ErrorCode::OutOfRange, format!("a place from 1 to {last} is expected"), "position"),
        Rejection::Twice => (ErrorCode::Invalid, "a picture is named twice: name each once".to_owned(), "imageIds"),
        Rejection::NoTitle => (ErrorCode::Required, "say what the document is, as in Data sheet".to_owned(), "title"),
        Rejection::KeyReused => (
            ErrorCode::IdempotencyKeyReused,
            "this key was used before with another input: use a new key for a new change".to_owned(),
            "idempotencyKey",
        ),
    };
    Ok(UserError::new(code, message, path!["input", field]))
}

impl From<Vec<UserError>> for ProductImagePayload {
    fn from(errors: Vec<UserError>) -> Self {
        Self::from_errors(errors)
    }
}

impl ProductImagePayload {
    fn from_errors(errors: Vec<UserError>) -> Self {
        Self { user_errors: errors, ..Self::default() }
    }

    /// Builds the payload with the current images, or after a dry run with those that would result,
    /// if the caller may read the product.
    async fn of<I>(
        ctx: &Context<'_>,
        outcome: Result<ChangedValue<MediaChange<I>>, MediaError>,
        added: impl FnOnce(I) -> Option<ImageId>,
    ) -> Answer<Self> {
        let ChangedValue { value: MediaChange { id, product, replayed, would_be }, seq } = match outcome {
            Ok(changed) => changed,
            Err(error) => return Ok(Self::from_errors(vec![refusal_error(error)?])),
        };
        let mut payload = Self { replayed, seq: seq.map(Long), ..Self::default() };
        catalog_loaders(ctx)?.forget();
        if !ctx.holds::<kind::ProductRead>() {
            return Ok(payload);
        }
        let added = added(id);
        if let Some(would_be) = would_be {
            payload.images = Box::pin(media(ctx)?.dry_run_images(would_be.images)).await?;
            payload.image = payload.images.iter().find(|image| Some(image.0.0.id) == added).cloned();
        } else {
            if let Some(id) = added {
                payload.image = find_product_image(ctx, id).await?;
            }
            payload.images = images_of(ctx, product).await?;
        }
        Ok(payload)
    }
}

impl From<Vec<UserError>> for ProductDocumentPayload {
    fn from(errors: Vec<UserError>) -> Self {
        Self::from_errors(errors)
    }
}

impl ProductDocumentPayload {
    fn from_errors(errors: Vec<UserError>) -> Self {
        Self { user_errors: errors, ..Self::default() }
    }

    /// Builds the payload with the current documents, or after a dry run with those that would
    /// result, if the caller may read the product.
    async fn of(ctx: &Context<'_>, outcome: Result<ChangedValue<MediaChange<DocumentId>>, MediaError>) -> Answer<Self> {
        let ChangedValue { value: MediaChange { id, product, replayed, would_be }, seq } = match outcome {
            Ok(changed) => changed,
            Err(error) => return Ok(Self::from_errors(vec![refusal_error(error)?])),
        };
        let mut payload = Self { replayed, seq: seq.map(Long), ..Self::default() };
        catalog_loaders(ctx)?.forget();
        if !ctx.holds::<kind::ProductRead>() {
            return Ok(payload);
        }
        // A document that was removed is missing here.
        if let Some(would_be) = would_be {
            payload.documents = Box::pin(media(ctx)?.dry_run_documents(would_be.documents)).await?;
            payload.document = payload.documents.iter().find(|document| document.0.0.id == id).cloned();
        } else {
            payload.document = find_product_document(ctx, id).await?;
            payload.documents = documents_of(ctx, product).await?;
        }
        Ok(payload)
    }
}

/// Returns the product that an input refers to; an input without one has been refused before.
fn parse_product_id(reader: &mut InputErrors, product: Option<&ID>) -> ProductId {
    reader.id_opt(product, || path!["input", "productId"]).unwrap_or(ProductId::NIL)
}

fn product_and_file(reader: &mut InputErrors, product: Option<&ID>, file: &ID) -> (ProductId, FileId) {
    (parse_product_id(reader, product), reader.id(file, || path!["input", "fileId"]))
}

#[derive(Default)]
pub struct MediaMutation;

#[resolvers]
impl MediaMutation {
    /// Adds an uploaded picture to a product. It is kept until it is removed; its smaller sizes are
    /// generated a moment later.
    #[mutation(permit = ProductWrite, emits(PRODUCT_IMAGES_CHANGED), dry_run(rolled_back))]
    async fn product_image_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Picture to add to a product.")] input: ProductImageAddInput,
    ) -> Answer<ProductImagePayload> {
        named!(ctx, input, ProductImagePayload, {
            let (product, file) = match read(|reader| product_and_file(reader, input.product_id.as_ref(), &input.file_id)) {
                Ok(ids) => ids,
                Err(errors) => return Ok(ProductImagePayload::from_errors(errors)),
            };
            let position = input.position.map(|position| position.0);
            let new = NewImage { key: input.idempotency_key, product, file, alt: input.alt, position };
            let outcome = ctx.required_data::<Media>()?.image_add(permit, new).await;
            ProductImagePayload::of(ctx, outcome, Some).await
        })
    }

    /// Removes a picture from a product. Its bytes are deleted within the hour.
    #[mutation(permit = ProductWrite, emits(PRODUCT_IMAGES_CHANGED), dry_run(rolled_back))]
    async fn product_image_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Picture to remove.")] input: ProductImageRemoveInput,
    ) -> Answer<ProductImagePayload> {
        let id: ImageId = match read(|reader| reader.id(&input.id, || path!["input", "id"])) {
            Ok(id) => id,
            Err(errors) => return Ok(ProductImagePayload::from_errors(errors)),
        };
        let outcome = ctx.required_data::<Media>()?.image_remove(permit, &input.idempotency_key, id).await;
        ProductImagePayload::of(ctx, outcome, |_removed| None).await
    }

    /// Moves some pictures of a product to the front, in the given order; the others follow as
    /// before.
    #[mutation(permit = ProductWrite, emits(PRODUCT_IMAGES_CHANGED), dry_run(rolled_back))]
    async fn product_image_reorder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product and the new order of its pictures.")] input: ProductImageReorderInput,
    ) -> Answer<ProductImagePayload> {
        named!(ctx, input, ProductImagePayload, {
            let product_and_images = read(|reader| {
                (parse_product_id(reader, input.product_id.as_ref()), reader.ids(Some(input.image_ids), "imageIds"))
            });
            let product_and_images: (ProductId, Vec<ImageId>) = match product_and_images {
                Ok(product_and_images) => product_and_images,
                Err(errors) => return Ok(ProductImagePayload::from_errors(errors)),
            };
            let outcome = ctx.required_data::<Media>()?.image_reorder(permit, &input.idempotency_key, product_and_images).await;
            ProductImagePayload::of(ctx, outcome, |_product| None).await
        })
    }

    /// Adds an uploaded document to a product. It is kept until it is removed.
    #[mutation(permit = ProductWrite, emits(PRODUCT_DOCUMENTS_CHANGED), dry_run(rolled_back))]
    async fn product_document_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Document to add to a product.")] input: ProductDocumentAddInput,
    ) -> Answer<ProductDocumentPayload> {
        named!(ctx, input, ProductDocumentPayload, {
            let (product, file) = match read(|reader| product_and_file(reader, input.product_id.as_ref(), &input.file_id)) {
                Ok(ids) => ids,
                Err(errors) => return Ok(ProductDocumentPayload::from_errors(errors)),
            };
            let new = NewDocument { key: input.idempotency_key, product, file, title: input.title };
            let outcome = ctx.required_data::<Media>()?.document_add(permit, new).await;
            ProductDocumentPayload::of(ctx, outcome).await
        })
    }

    /// Removes a document from a product. Its bytes are deleted within the hour.
    #[mutation(permit = ProductWrite, emits(PRODUCT_DOCUMENTS_CHANGED), dry_run(rolled_back))]
    async fn product_document_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Document to remove.")] input: ProductDocumentRemoveInput,
    ) -> Answer<ProductDocumentPayload> {
        let id: DocumentId = match read(|reader| reader.id(&input.id, || path!["input", "id"])) {
            Ok(id) => id,
            Err(errors) => return Ok(ProductDocumentPayload::from_errors(errors)),
        };
        let outcome = ctx.required_data::<Media>()?.document_remove(permit, &input.idempotency_key, id).await;
        ProductDocumentPayload::of(ctx, outcome).await
    }
}
