//! GraphQL of the audit log.

pub use objects::audit::*;

mod audited;
mod filter;

use async_graphql::Context;
use macros::resolvers;
use platform::{
    audit::{Audit, rows, verify},
    paging::{CursorSigner, Key, keyset},
};

pub use audited::{Audited, AuditedSubscription};
pub use filter::{AuditEntrySort, AuditFilter};

use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        limits::Limits,
        scalars::{Cursor, Long},
    },
    keyed_filters::resolve_filter_keys,
};

/// Maximum entries of one `auditVerify`: about a second.
const MAX_VERIFIED: i64 = 100_000;

#[derive(Default)]
pub struct AuditQuery;

#[resolvers]
impl AuditQuery {
    /// The audit log, the newest entry first unless another order is asked for. An entry shows about a second after it was written, when it has its
    /// place in the chain.
    #[field(permit = AuditRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the entries; all entries by default.")] filter: Option<AuditFilter>,
        #[graphql(desc = "Sort of the entries. Null for SEQ, DESC.")] sort: Option<AuditEntrySort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<AuditEntryConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let scope = permit.scope(ctx.required_data::<Audit>()?.database());
        let args = PageArgs { first, after, last, before };
        let (descending, list) = filter::parse_sort(sort);
        let request = args.check(list, signer, ctx.required_data::<Limits>()?.page)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let (mut conditions, mut values) = filter.sql(platform::storage::Reads::backend(&scope))?;
        let source = rows::source(&conditions, values.clone());
        let (bounds, order, bound_values) = keyset(&["seq"], descending, &request, values.len() + 2);
        conditions += &bounds;
        values.extend(bound_values);
        let entries = rows::page(&scope, &conditions, &order, values).await?;
        let nodes = entries.into_iter().filter_map(|stored| {
            let seq = stored.seal?.seq;
            Some((AuditEntry::of(stored)?, vec![Key::Int(seq)]))
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, source).into())
    }

    /// Verifies a part of the audit log: that no entry was changed, removed or inserted. A toSeq
    /// beyond the end means up to the end.
    #[field(permit = AuditRead, cost = "100")]
    async fn audit_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first entry; 1 is the tenant's first.")] from_seq: Long,
        #[graphql(desc = "The last entry, at most 100,000 behind the first.")] to_seq: Long,
    ) -> Answer<AuditVerification> {
        let audit = ctx.required_data::<Audit>()?;
        if from_seq.0 < 1 {
            return Err(TopError::bad_input("the first entry is number 1", vec!["fromSeq".to_owned()]));
        }
        if to_seq.0 < from_seq.0 || to_seq.0 - from_seq.0 >= MAX_VERIFIED {
            let message = format!("a number from fromSeq to {} behind it is expected", MAX_VERIFIED - 1);
            return Err(TopError::bad_input(message, vec!["toSeq".to_owned()]));
        }
        let scope = permit.scope(audit.database());
        let end = rows::head(&scope).await?.map_or(0, |head| head.chain.seq);
        let verification = verify::range(&scope, Some(audit.audit_writer()), from_seq.0, to_seq.0.min(end)).await?;
        Ok(AuditVerification {
            ok: verification.is_ok(),
            first_broken_seq: verification.broken.map(|(seq, _)| Long(seq)),
            head_hash: hex::encode(verification.head),
        })
    }
}
