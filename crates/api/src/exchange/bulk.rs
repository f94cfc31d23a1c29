//! `bulkOperationRun`: a mutation for each line of a file.

use async_graphql::{Context, ID, InputObject};
use iam::access::ChangedValue;
use macros::resolvers;
use platform::path;
use services::exchange::{BulkRequest, Exchange as Service, core::WriteMode, events::EXCHANGE_CREATED};

use super::mutation::{DataJobPayload, refusal_error};
use crate::{
    access::KeyUse,
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        scalars::Long,
    },
};

/// A mutation that is to be run for each line of a file.
#[derive(Debug, Clone, InputObject)]
pub struct BulkOperationRunInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The file: one of yours, with the purpose IMPORT, whose bytes have come. JSON lines in UTF-8, each with the mutation's input:
    /// {"input": {…}}. At most 100,000 lines and 100 MiB.
    pub file_id: ID,
    /// Document with one mutation of one field, as in mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { movement
    /// { id } userErrors { code message field } } }. The result has its selection for each line.
    pub mutation: String,
    /// Report the outcome of each line without writing anything. The document declares
    /// $validateOnly: Boolean! for this and passes it to its mutation's validateOnly. Default false.
    #[graphql(default)]
    pub validate_only: bool,
    /// Deprecated name of `validateOnly`.
    #[graphql(default, deprecation = "2026-11-25: use validateOnly. Removed after 2027-11-25.")]
    pub dry_run: bool,
}

#[derive(Default)]
pub struct BulkMutation;

#[resolvers]
impl BulkMutation {
    /// Runs a mutation for each line of a file, beside the requests, with your rights as they are then and charged to your rate limit. Each line is
    /// answered by itself; one bulk operation of a tenant runs at a time. A line without an idempotencyKey gets one, where its mutation takes one.
    #[mutation(permit = ExchangeRun, cost = "100", emits(EXCHANGE_CREATED))]
    async fn bulk_operation_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Mutation to run, with the file of its inputs.")] input: BulkOperationRunInput,
    ) -> Answer<DataJobPayload> {
        let read_file = |reader: &mut InputErrors| {
            if input.mutation.trim().is_empty() {
                reader.required("a mutation is needed", || path!["input", "mutation"]);
            }
            reader.id(&input.file_id, || path!["input", "fileId"])
        };
        let file = match read(read_file) {
            Ok(file) => file,
            Err(errors) => return Ok(DataJobPayload::from_errors(errors)),
        };
        let bulk_request = BulkRequest {
            idempotency_key: input.idempotency_key,
            mutation: input.mutation,
            input: file,
            earnest: if input.validate_only || input.dry_run { WriteMode::DryRun } else { WriteMode::Write },
            key: ctx.data_opt::<KeyUse>().map(|used| used.key),
        };
        Ok(match ctx.required_data::<Service>()?.request_bulk(permit, bulk_request).await {
            Ok(ChangedValue { value: (run, replayed), seq }) => {
                DataJobPayload { data_job: Some(run.into()), replayed, seq: seq.map(Long), ..DataJobPayload::default() }
            }
            Err(error) => DataJobPayload::from_errors(vec![refusal_error(error, "fileId")?]),
        })
    }
}
