//! GraphQL of documents' numbers: how they are shown and read, and their patterns.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, SimpleObject};
use entity::prelude::Numbered;
use iam::identity::Identity;
use inventory::numbering::{
    core::{KINDS, MAX_VERSIONS, Patterns, Problem},
    events::NUMBER_PATTERN_SET,
    rows, shell,
};
use macros::resolvers;
use platform::{paging::Key, path, storage::TenantScope};
use tokio::sync::Mutex;

use crate::{
    catalog::Direction,
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::Answer,
        lazy::OfTenant,
        once::{EarlierCall, ReplayablePayload},
        refusal::{ErrorCode, UserError, user_errors_of},
        scalars::{Cursor, Long},
    },
    short_lists::ShortList,
};

/// The patterns of the caller's tenant, read when the first number is shown, and again for a number
/// that was issued since.
pub struct Numbers {
    scope: TenantScope,
    /// Locked while the patterns are read, since the rows of a page request them concurrently.
    read: Mutex<Option<Arc<Patterns>>>,
}

impl OfTenant for Numbers {
    fn of(scope: TenantScope) -> Self {
        Self { scope, read: Mutex::default() }
    }
}

impl Numbers {
    /// The patterns as this request last read them.
    pub async fn patterns(&self) -> Answer<Arc<Patterns>> {
        self.patterns_satisfying(|_| true).await
    }

    /// Patterns that cover a number of a kind.
    pub async fn patterns_covering(&self, kind: Numbered, number: i64) -> Answer<Arc<Patterns>> {
        self.patterns_satisfying(|patterns| patterns.covers_number(kind, number)).await
    }

    /// Drops the patterns after this request has changed one, so that they are read again. An
    /// issued number is covered by `patterns_covering`; a number of a dry run has none.
    async fn forget(&self) {
        *self.read.lock().await = None;
    }

    /// Returns patterns that satisfy `is_sufficient`; they are read again if those in memory do not.
    async fn patterns_satisfying(&self, is_sufficient: impl Fn(&Patterns) -> bool + Send) -> Answer<Arc<Patterns>> {
        let mut cached_patterns = self.read.lock().await;
        if let Some(patterns) = cached_patterns.as_ref().filter(|patterns| is_sufficient(patterns)) {
            return Ok(patterns.clone());
        }
        let patterns = Arc::new(rows::load_patterns(&self.scope).await?);
        *cached_patterns = Some(patterns.clone());
        Ok(patterns)
    }
}

/// Formats a number of a kind of document; for 0, as in a dry run, the pattern with dots for
/// digits.
pub async fn format_number(ctx: &Context<'_>, kind: Numbered, number: i64) -> Answer<String> {
    Ok(ctx.lazy::<Numbers>()?.patterns_covering(kind, number).await?.text(kind, number))
}

/// The patterns by which numbers are read.
pub async fn patterns(ctx: &Context<'_>) -> Answer<Arc<Patterns>> {
    ctx.lazy::<Numbers>()?.patterns().await
}

/// The same for a filter: patterns are not read if it has no condition on numbers.
pub async fn patterns_if_needed(ctx: &Context<'_>, is_asked: bool) -> Answer<Arc<Patterns>> {
    if is_asked { patterns(ctx).await } else { Ok(Arc::default()) }
}

/// Parses a text as a number of a kind; None if it is none.
pub async fn parse_number(ctx: &Context<'_>, kind: Numbered, text: &str) -> Answer<Option<i64>> {
    Ok(patterns(ctx).await?.number(kind, text))
}

/// Kind of document whose numbers have a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DocumentKind {
    /// Sales order.
    Order,
    /// Purchase order.
    PurchaseOrder,
    /// Transfer between two stores.
    Transfer,
    /// Count of stock in a store.
    Stocktake,
    /// Return of a customer.
    Return,
    /// Return to a supplier.
    SupplierReturn,
    /// Blanket order with a supplier.
    BlanketOrder,
}

impl DocumentKind {
    fn of(kind: Numbered) -> Option<Self> {
        match kind {
            Numbered::Order => Some(Self::Order),
            Numbered::PurchaseOrder => Some(Self::PurchaseOrder),
            Numbered::Transfer => Some(Self::Transfer),
            Numbered::Count => Some(Self::Stocktake),
            Numbered::Return => Some(Self::Return),
            Numbered::SupplierReturn => Some(Self::SupplierReturn),
            Numbered::BlanketOrder => Some(Self::BlanketOrder),
            Numbered::Revaluation | Numbered::Reversal => None,
        }
    }
}

impl From<DocumentKind> for Numbered {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Order => Self::Order,
            DocumentKind::PurchaseOrder => Self::PurchaseOrder,
            DocumentKind::Transfer => Self::Transfer,
            DocumentKind::Stocktake => Self::Count,
            DocumentKind::Return => Self::Return,
            DocumentKind::SupplierReturn => Self::SupplierReturn,
            DocumentKind::BlanketOrder => Self::BlanketOrder,
        }
    }
}

/// Pattern of the numbers of a kind of document.
#[derive(Debug, Clone, SimpleObject)]
pub struct NumberPattern {
    /// Kind of document.
    pub kind: DocumentKind,
    /// Pattern of the next number: letters, and the number with zeros before it, as in SO-{n:6}.
    pub pattern: String,
    /// Number that the next document of this kind gets, unless another pattern is chosen before.
    pub next: String,
}

crate::connection!(counted NumberPatternConnection, NumberPatternEdge, NumberPattern, "patterns of numbers");

/// Filter of patterns of numbers. A condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct NumberPatternFilter {
    /// Kinds of document to include; an empty list matches nothing.
    pub kind: Option<Vec<DocumentKind>>,
}

/// Sort order of a list of patterns of numbers.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct NumberPatternSort {
    /// Field by which the patterns are sorted.
    pub field: NumberPatternSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which patterns of numbers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum NumberPatternSortField {
    /// Kind of document, in the order of DocumentKind.
    Kind,
    /// Pattern of the next number.
    Pattern,
}

fn pattern_of(patterns: &Patterns, kind: Numbered) -> Option<NumberPattern> {
    let (pattern, next) = patterns.next(kind);
    DocumentKind::of(kind).map(|kind| NumberPattern { kind, pattern: pattern.to_notation(), next })
}

/// The root fields that read patterns.
#[derive(Default)]
pub struct NumberQuery;

#[resolvers]
impl NumberQuery {
    /// Patterns of the numbers that documents get from now on, one for each kind. Documents keep the number that they were given.
    #[field(authenticated, deprecation = "2026-11-26: use numberPatternsList, which has pages. Removed after 2027-11-26.")]
    async fn number_patterns(&self, ctx: &Context<'_>) -> Answer<Vec<NumberPattern>> {
        let patterns = patterns(ctx).await?;
        Ok(KINDS.iter().filter_map(|(kind, _)| pattern_of(&patterns, *kind)).collect())
    }

    /// Patterns of the numbers that documents get from now on, one for each kind. Documents keep the number that they were given.
    #[field(authenticated, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn number_patterns_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the patterns; all patterns by default.")] filter: Option<NumberPatternFilter>,
        #[graphql(desc = "Sort of the patterns. Null for KIND, ASC.")] sort: Option<NumberPatternSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<NumberPatternConnection> {
        let field = sort.map_or(NumberPatternSortField::Kind, |sort| sort.field);
        let name = match field {
            NumberPatternSortField::Kind => "KIND",
            NumberPatternSortField::Pattern => "PATTERN",
        };
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "numberPatterns", sort.map(|sort| (name, sort.direction)), &args)?;
        let kind_filter = filter.and_then(|filter| filter.kind);
        let patterns = patterns(ctx).await?;
        let ranked_patterns = (0_i64..).zip(KINDS).filter_map(|(rank, (kind, _))| Some((rank, pattern_of(&patterns, kind)?)));
        let nodes = ranked_patterns
            .filter(|(_, number_pattern)| kind_filter.as_ref().is_none_or(|kinds| kinds.contains(&number_pattern.kind)))
            .map(|(rank, number_pattern)| {
                let first = match field {
                    NumberPatternSortField::Kind => None,
                    NumberPatternSortField::Pattern => Some(Key::Text(number_pattern.pattern.clone())),
                };
                let keys: Vec<Key> = first.into_iter().chain([Key::Int(rank)]).collect();
                (number_pattern, keys)
            });
        Ok(list.page(nodes).into())
    }
}

/// Pattern for the numbers that documents of a kind get from now on.
#[derive(Debug, Clone, InputObject)]
pub struct NumberPatternSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Kind of document.
    pub kind: DocumentKind,
    /// Pattern of 1 to 32 characters: two capital letters A to Z, then capitals, digits and hyphens, and at the end {n:W}, the number with zeros before it
    /// up to W digits, 1 to 12. No digit is next to the number. The letters belong to one kind for good.
    pub pattern: String,
}

crate::payload!(NumberPatternPayload, number_pattern: NumberPattern, "pattern");

impl ReplayablePayload for NumberPatternPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let kind = earlier.id::<String>().and_then(|word| Numbered::parse(&word));
        let number_pattern = match kind {
            Some(kind) => pattern_of(patterns(ctx).await?.as_ref(), kind),
            None => None,
        };
        Ok(Self { number_pattern, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

/// The root fields that change patterns.
#[derive(Default)]
pub struct NumberMutation;

#[resolvers]
impl NumberMutation {
    /// Chooses the pattern of the numbers that documents of a kind get from now on. Numbers that were given stay as they are, and are found by
    /// the letters that they had.
    #[mutation(permit = TenantWrite, emits(NUMBER_PATTERN_SET), step_up, once, dry_run(rolled_back))]
    async fn number_pattern_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Kind and pattern.")] input: NumberPatternSetInput,
    ) -> Answer<NumberPatternPayload> {
        let identity = ctx.required_data::<Identity>()?;
        let kind = Numbered::from(input.kind);
        Ok(match shell::set_once(identity.database(), identity.clock(), permit, (kind, &input.pattern)).await {
            Ok((patterns, seq)) => {
                ctx.lazy::<Numbers>()?.forget().await;
                NumberPatternPayload {
                    number_pattern: pattern_of(&patterns, kind),
                    user_errors: Vec::new(),
                    replayed: false,
                    seq: seq.map(Long),
                }
            }
            Err(stop) => user_errors_of(stop, pattern_error)?.into(),
        })
    }
}

fn pattern_error(problem: Problem) -> UserError {
    let (code, message) = match problem {
        Problem::Missing => (ErrorCode::Required, "a pattern is needed, as in SO-{n:6}".to_owned()),
        Problem::TooLong => (ErrorCode::TooLong, "at most 32 characters are kept".to_owned()),
        Problem::Token => (ErrorCode::Invalid, "one {n:1} to {n:12} is expected at the end, as in SO-{n:6}".to_owned()),
        Problem::Letters => {
            let message = "two capital letters are expected, then capitals, digits and hyphens, and no digit next to the number";
            (ErrorCode::Invalid, message.to_owned())
        }
        Problem::Taken(other) => {
            (ErrorCode::InUse, format!("numbers of another kind have these letters: {}", shell::name(other)))
        }
        Problem::TooMany => (ErrorCode::LimitExceeded, format!("a kind has at most {MAX_VERSIONS} patterns in all")),
    };
    UserError::new(code, message, path!["input", "pattern"])
}
