//! Drawing papers.

use async_graphql::{Context, ID, InputObject};
use iam::access::Caller;
use macros::resolvers;
use platform::{audit::Target, path};
use services::{
    files::events::FILE_UPLOADED,
    papers::{
        Papers,
        core::source_kinds,
        events::PAPER_ISSUED,
        rows,
        shell::{NewPaper, PaperError, PaperResult},
    },
};

use super::{
    Paper, PaperKind, PaperLocale,
    apply_design::apply_paper_design,
    document::{Document, find_document},
    drawing::draw_paper,
};
use crate::{
    files,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    named,
    notes::NodeAccess,
    payload,
    purchasing::check_key,
    references::{DocumentRef, Names, is_unknown},
};

/// A paper to draw.
#[derive(Debug, Clone, InputObject)]
pub struct PaperCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Kind of the paper.
    pub kind: PaperKind,
    /// Deprecated form of `document`: its ID.
    #[graphql(deprecation = "2026-11-28: use document. Removed after 2027-11-28.")]
    pub document_id: Option<ID>,
    /// Fulfilment work for PACKING_SLIP, PICKING_LIST and COLLECT_SLIP, or wave for PICKING_LIST, fulfilment for DELIVERY_NOTE, order for
    /// ORDER_CONFIRMATION, purchase order for PURCHASE_ORDER, invoice for INVOICE, credit note for CREDIT_NOTE, return for RETURN_LABEL. Waves and
    /// fulfilments have no number. Required, unless the deprecated `documentId` is given.
    pub document: Option<DocumentRef>,
    /// Language of the paper's own words. Null for that of `paperSettings`, which is EN unless it is set.
    pub locale: Option<PaperLocale>,
}

impl PaperCreateInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("document", self.document.take()), ("documentId", &mut self.document_id))
    }
}

payload!(PaperPayload, paper: Paper, "paper");

impl From<UserError> for PaperPayload {
    fn from(user_error: UserError) -> Self {
        vec![user_error].into()
    }
}
impl From<PaperResult> for PaperPayload {
    fn from(result: PaperResult) -> Self {
        Self {
            paper: Some(result.paper.into()),
            user_errors: Vec::new(),
            replayed: result.is_replayed,
            seq: result.seq.map(Long),
        }
    }
}

/// The root fields that draw papers.
#[derive(Default)]
pub struct PaperMutation;

#[resolvers]
impl PaperMutation {
    /// Draws a paper of a document, as an HTML page and as a PDF that are kept for seven days. It shows what you may see: without
    /// the permissions for them, addresses are left out.
    ///
    /// Requires the permission that reading the document requires, and product.cost.read for a purchase order.
    #[mutation(authenticated, cost = "50", emits(PAPER_ISSUED, FILE_UPLOADED), dry_run)]
    async fn paper_create(&self, ctx: &Context<'_>, #[graphql(desc = "Paper.")] input: PaperCreateInput) -> Answer<PaperPayload> {
        named!(ctx, input, PaperPayload, {
            if let Err(errors) = read(|reader| check_key(reader, &input.idempotency_key)) {
                return Ok(errors.into());
            }
            let (target, document, access) = match find_source(ctx, caller, &input).await? {
                Ok(found) => found,
                Err(refused) => return Ok(refused.into()),
            };
            let PaperCreateInput { idempotency_key, kind, locale, .. } = input;
            let document_id = target.to_string();
            let papers = ctx.required_data::<Papers>()?;
            let settings = rows::settings(&papers.scope(caller)).await?;
            let requested_locale = locale.unwrap_or(PaperLocale::English).into();
            let locale = locale.map_or(settings.design.locale, Into::into);
            let new = NewPaper { idempotency_key, kind: kind.into(), target, document_id, said: requested_locale, locale };
            match papers.replayed_result(caller, &new).await {
                Ok(None) => {}
                Ok(Some(result)) => return Ok(result.into()),
                Err(error) => return Ok(refusal_error(error)?.into()),
            }
            let mut drawing = match Box::pin(draw_paper(ctx, papers, &new, &document)).await? {
                Ok(drawing) => drawing,
                Err(refused) => return Ok(refused.into()),
            };
            Box::pin(apply_paper_design(ctx, papers, (&new, &document), &settings, &mut drawing)).await?;
            let readers = access.readers();
            let result = Box::pin(papers.store_paper((caller, &readers), &new, drawing, dry_run)).await;
            Ok(match result {
                Ok(result) => result.into(),
                Err(error) => refusal_error(error)?.into(),
            })
        })
    }
}

/// Returns the document, if papers of this kind can be drawn of it and the caller may read it.
async fn find_source(
    ctx: &Context<'_>,
    caller: &Caller,
    input: &PaperCreateInput,
) -> Answer<Result<(Target, Document, NodeAccess), UserError>> {
    let document_path = || path!["input", "documentId"];
    let not_found = || UserError::not_found("document", document_path());
    let (prefixes, id) = (source_kinds(input.kind.into()), input.document_id.clone().unwrap_or_default());
    // A reference that named no document is not found, whatever its kind and the caller's
    // permissions.
    if is_unknown(&id) {
        return Ok(Err(not_found()));
    }
    let Some(target) = Target::parse(&id).filter(|target| prefixes.contains(&target.kind.as_str())) else {
        let message = format!("a document whose ID begins with {}_ is expected for a paper of this kind", prefixes.join("_ or "));
        return Ok(Err(UserError::new(ErrorCode::Invalid, message, document_path())));
    };
    let Some(document) = find_document(ctx, &id).await? else { return Ok(Err(not_found())) };
    let access = document.access(ctx).await?.filter(|access| access.may_read(caller));
    Ok(access.map_or_else(|| Err(not_found()), |access| Ok((target, document, access))))
}

fn refusal_error(error: PaperError) -> Result<UserError, TopError> {
    let key = || path!["input", "idempotencyKey"];
    Ok(match error {
        PaperError::BadKey(reason) => UserError::invalid_key(reason, key()),
        PaperError::KeyReused => {
            UserError::new(ErrorCode::IdempotencyKeyReused, "this key was used before with another input", key())
        }
        PaperError::File(error) => files::refuse(error, path!["input"])?,
    })
}
