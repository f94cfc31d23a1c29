//! A request for a paper, and the frame that all papers of a store share.

use async_graphql::Context;
use entity::prelude::*;
use platform::{
    clock::{day_text, local_day},
    path,
    storage::{Fault, TenantScope},
};
use services::papers::{
    Papers,
    core::{DrawError, Frame, Phrases, Sheet},
    rows,
    shell::{Drawing, NewPaper},
};

use crate::{
    graphql::{
        fault::Answer,
        refusal::{ErrorCode, UserError},
    },
    orders::links,
};

pub(super) type DrawResult = Answer<Result<Drawing, UserError>>;

/// Request for a paper: the service, the caller's tenant scope, and the paper to draw.
pub(super) struct PaperRequest<'a> {
    pub(super) papers: &'a Papers,
    pub(super) scope: TenantScope,
    pub(super) new: &'a NewPaper,
}

impl PaperRequest<'_> {
    /// Returns the frame that all papers of a store share; `number` is that of the order or the
    /// purchase order.
    pub(super) async fn frame(&self, ctx: &Context<'_>, store: StoreId, number: String) -> Answer<Frame> {
        let store = links::store(ctx, store).await?;
        let today = local_day(self.papers.clock().now(), &store.0.time_zone);
        Ok(Frame {
            words: Phrases::of(self.new.locale),
            from: vec![rows::tenant_name(&self.scope).await?, store.0.name.clone()],
            number,
            day: day_text(today),
            day_text,
        })
    }

    pub(super) fn finish(number: String, order: Option<OrderId>, sheet: Result<Sheet, DrawError>) -> Result<Drawing, UserError> {
        sheet.map(|sheet| Drawing { number, order, sheet }).map_err(|reason| {
            let message = match reason {
                DrawError::NothingPacked => "nothing of this work is packed",
                DrawError::NothingToPick => "nothing is left to be picked",
                DrawError::NothingAwaited => "no goods are awaited: the return is not approved, or all of it has come",
                DrawError::NotCollected => "the order is shipped: its deliveryMethod is not COLLECT",
                DrawError::NothingToCollect => "nothing of this work is left to be collected",
                DrawError::Draft => "a draft has no order confirmation: confirm the order first",
                DrawError::TooLarge => "its sums are beyond what can be printed exactly",
            };
            UserError::new(ErrorCode::InvalidState, message, path!["input", "documentId"])
        })
    }
}

pub(super) fn missing_row_fault(table: &'static str) -> Fault {
    Fault::corrupt(table, "a document that was found stays")
}
