//! Rows of counts and their lines, and their conversion into the types of the rules.

use entity::{
    prelude::*,
    record::Record,
    tables::{count_line, stock_count},
};
use platform::storage::Fault;
use uuid::Uuid;

use crate::{
    counts::core::{
        BookVisibility, Count, CountState, CountedLot, Finding, Line, LineOrigin, LineState, Selection, Stage, Tally,
    },
    ledger::DocumentNumber,
};

#[derive(Record)]
#[record(of = stock_count, alias = "c")]
pub(super) struct CountRow {
    id: CountId,
    number: i64,
    kind: CountKind,
    status: CountStatus,
    store_id: StoreId,
    category_id: Option<CategoryId>,
    abc_class: Option<AbcClass>,
    is_blind: i32,
    external_ref: Option<String>,
    note: Option<String>,
    started_at: Option<Timestamp>,
    submitted_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    approver_kind: Option<String>,
    approver_id: Option<Uuid>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = count_line, alias = "l")]
pub(super) struct LineRow {
    product_id: ProductId,
    id: CountLineId,
    sku: String,
    name: String,
    unit_decimals: i32,
    is_expected: i32,
    state: CountLineState,
    attempts: i64,
    counted: Option<Quantity>,
    counted_at: Option<Timestamp>,
    book: Option<i64>,
    book_version: Option<i64>,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    posted: Option<i64>,
    reversed_at: Option<Timestamp>,
    lot_key: String,
    lot_id: Option<LotId>,
    lot_code: Option<String>,
    made_on: Option<i32>,
    expires_on: Option<i32>,
}

/// Returns None if a row has columns that its kind does not have, or lacks one that it has.
fn parse_selection(row: &CountRow) -> Option<Selection> {
    Some(match (row.kind, row.category_id, row.abc_class) {
        (CountKind::Full, None, None) => Selection::Full,
        (CountKind::Category, Some(category), None) => Selection::Category(category),
        (CountKind::Cycle, None, Some(class)) => Selection::Cycle(class),
        (CountKind::List, None, None) => Selection::List,
        _ => return None,
    })
}

/// Returns None if a row has columns that its status does not have, or lacks one that it has.
fn parse_state(row: &CountRow) -> Option<CountState> {
    let stage = match (row.started_at, row.submitted_at) {
        (None, None) => Stage::Open,
        (Some(started_at), None) => Stage::Counting { started_at },
        (Some(started_at), Some(submitted_at)) => Stage::Review { started_at, submitted_at },
        (None, Some(_)) => return None,
    };
    let approval = match (row.completed_at, row.approver_kind.as_deref(), row.approver_id) {
        (None, None, None) => None,
        (Some(completed_at), Some(kind), Some(id)) => Some((completed_at, Actor { kind: ActorKind::parse(kind)?, id })),
        _ => return None,
    };
    Some(match (row.status, stage, approval) {
        (CountStatus::Open, Stage::Open, None)
        | (CountStatus::Counting, Stage::Counting { .. }, None)
        | (CountStatus::Review, Stage::Review { .. }, None) => CountState::Active(stage),
        (CountStatus::Cancelled, _, None) => CountState::Cancelled(stage),
        (CountStatus::Completed, Stage::Review { started_at, submitted_at }, Some((completed_at, approver))) => {
            CountState::Completed { started_at, submitted_at, completed_at, approver }
        }
        _ => return None,
    })
}

impl TryFrom<CountRow> for Count {
    type Error = Fault;
    fn try_from(row: CountRow) -> Result<Self, Fault> {
        let corrupt = |rule| move || Fault::corrupt("stock_count", rule);
        Ok(Self {
            id: row.id,
            number: DocumentNumber::Given(row.number),
            selection: parse_selection(&row).ok_or_else(corrupt("category and class are those of the kind"))?,
            state: parse_state(&row).ok_or_else(corrupt("times and approver are those of the status"))?,
            store: row.store_id,
            sight: if row.is_blind == 1 { BookVisibility::Blind } else { BookVisibility::Open },
            external_ref: row.external_ref,
            note: row.note,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Returns None if a row has columns that its state does not have, or lacks one that it has.
fn parse_line_state(row: &LineRow) -> Option<LineState> {
    let finding = match (row.counted, row.counted_at, row.book, row.book_version) {
        (Some(counted), Some(counted_at), Some(book), Some(book_version)) => {
            let unit_cost = cost(row.unit_cost_minor, row.cost_currency.as_deref());
            let tally = Tally { counted, counted_at, book, book_version };
            Some(Finding { attempts: row.attempts, tally, unit_cost })
        }
        (None, None, None, None) => None,
        _ => return None,
    };
    Some(match (row.state, finding, row.posted, row.reversed_at) {
        (CountLineState::Uncounted, None, None, None) => LineState::Uncounted,
        (CountLineState::Counted, Some(finding), None, None) => LineState::Counted(finding),
        (CountLineState::Counted, Some(finding), Some(difference), None) => LineState::Posted(finding, difference),
        (CountLineState::Counted, Some(finding), Some(difference), Some(at)) => LineState::Reversed(finding, difference, at),
        (CountLineState::Recount, Some(finding), None, None) => LineState::Recount(finding),
        _ => return None,
    })
}

impl TryFrom<LineRow> for Line {
    type Error = Fault;
    fn try_from(row: LineRow) -> Result<Self, Fault> {
        let state = parse_line_state(&row).ok_or_else(|| Fault::corrupt("count_line", "figures are those of the state"))?;
        let (id, key, made_on, expires_on) = (row.lot_id, row.lot_key, row.made_on, row.expires_on);
        Ok(Self {
            id: row.id,
            product: row.product_id,
            lot: row.lot_code.map(|code| CountedLot { id, code, key, made_on, expires_on }),
            sku: row.sku,
            name: row.name,
            decimals: row.unit_decimals as u8,
            expected: if row.is_expected == 1 { LineOrigin::Listed } else { LineOrigin::Found },
            state,
        })
    }
}

pub(super) fn cost(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    minor.zip(currency.and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column that is set if the mask has its bit.
    fn at(mask: u32, bit: u32) -> Option<Timestamp> {
        (mask & 1 << bit != 0).then_some(Timestamp(i64::from(bit)))
    }
    fn full() -> CountRow {
        CountRow {
            id: CountId::NIL,
            number: 1,
            kind: CountKind::Full,
            status: CountStatus::Open,
            store_id: StoreId::NIL,
            category_id: None,
            abc_class: None,
            is_blind: 0,
            external_ref: None,
            note: None,
            started_at: None,
            submitted_at: None,
            completed_at: None,
            actor_kind: ActorKind::Member,
            actor_id: Uuid::nil(),
            approver_kind: None,
            approver_id: None,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn a_row_has_what_its_status_has_and_nothing_else() {
        let mut legal = 0;
        for status in CountStatus::ALL {
            for mask in 0..1_u32 << 4 {
                let row = CountRow {
                    status: *status,
                    started_at: at(mask, 0),
                    submitted_at: at(mask, 1),
                    completed_at: at(mask, 2),
                    approver_kind: at(mask, 3).map(|_| "MEMBER".to_owned()),
                    approver_id: at(mask, 3).map(|_| Uuid::from_u128(1)),
                    ..full()
                };
                let Some(state) = parse_state(&row) else { continue };
                legal += 1;
                assert_eq!((state.status(), state.completed_at()), (row.status, row.completed_at));
                assert_eq!((state.started_at(), state.submitted_at()), (row.started_at, row.submitted_at));
                assert_eq!(state.approver().map(|actor| actor.id), row.approver_id);
            }
        }
        assert_eq!(legal, 7, "of 5 * 2^4");
    }

    #[test]
    fn a_row_has_what_its_kind_has_and_nothing_else() {
        let mut legal = 0;
        for kind in CountKind::ALL {
            for mask in 0..1_u32 << 2 {
                let (category_id, abc_class) = (at(mask, 0).map(|_| CategoryId::NIL), at(mask, 1).map(|_| AbcClass::B));
                let row = CountRow { kind: *kind, category_id, abc_class, ..full() };
                let Some(selection) = parse_selection(&row) else { continue };
                legal += 1;
                assert_eq!((selection.kind(), selection.category(), selection.class()), (*kind, category_id, abc_class));
            }
        }
        assert_eq!(legal, 4, "of 4 * 2^2");
    }
}
