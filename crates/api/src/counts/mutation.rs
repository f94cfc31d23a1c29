//! Changing counts.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::{counts::shell, ledger::Mode};

use super::{
    inputs::{CountActionInput, CountCreateInput, CountRecordInput, CountRecountInput, CountSubmitInput},
    payload::CountPayload,
};
use crate::{
    graphql::{
        context::ContextExt,
        directives::{emits, requires},
        fault::Answer,
    },
    step,
};

/// The root fields that change counts.
#[derive(Default)]
pub struct CountsMutation;

/// What can be done to counts.
#[Object]
impl CountsMutation {
    /// Plans a count: of everything, a category, an ABC class or a list. What it is of, but for a list, is looked up when it is started.
    #[graphql(
        directive = requires::apply("count.write".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_CREATED.text()])
    )]
    async fn count_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The count.")] input: CountCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountWrite, input, shell::count_create, Mode::of(validate_only))
    }

    /// Begins to count: every stocked product that fits the count, and has a level in the store now, gets a line.
    #[graphql(
        directive = requires::apply("count.write".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_STARTED.text()])
    )]
    async fn count_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which count.")] input: CountActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountWrite, input, shell::count_start, Mode::of(validate_only))
    }

    /// Writes down what somebody found, also of what was not on the list. Several may count at once; each time is kept, and the last one holds.
    #[graphql(
        directive = requires::apply("count.record".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_RECORDED.text()])
    )]
    async fn count_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was found.")] input: CountRecordInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountRecord, input, shell::count_record, Mode::of(validate_only))
    }

    /// Hands a count in for review.
    #[graphql(
        directive = requires::apply("count.record".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_SUBMITTED.text()])
    )]
    async fn count_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which count.")] input: CountSubmitInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountRecord, input, shell::count_submit, Mode::of(validate_only))
    }

    /// Has lines of a count in REVIEW counted once more.
    #[graphql(
        directive = requires::apply("count.review".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_RECOUNTED.text()])
    )]
    async fn count_recount(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to count again.")] input: CountRecountInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountReview, input, shell::count_recount, Mode::of(validate_only))
    }

    /// Approves a count and posts it: each line's difference to what the books had when it was counted goes on what they have now, so that nothing
    /// that moved meanwhile is lost; holds give way where they must. Where the differences are worth more than the tenant's approvalLimit, nobody
    /// approves what they counted themselves.
    #[graphql(
        directive = requires::apply("count.approve".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_COMPLETED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn count_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which count.")] input: CountActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountApprove, input, shell::count_approve, Mode::of(validate_only))
    }

    /// Calls a count off; nothing is posted.
    #[graphql(
        directive = requires::apply("count.write".to_owned()),
        directive = emits::apply(vec![inventory::counts::events::COUNT_CANCELLED.text()])
    )]
    async fn count_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which count.")] input: CountActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<CountPayload> {
        step!(CountPayload, ctx, kind::CountWrite, input, shell::count_cancel, Mode::of(validate_only))
    }
}
