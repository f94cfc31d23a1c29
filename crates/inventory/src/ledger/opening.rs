//! A product with its opening stock: the catalogue writes the product, then the ledger the stock,
//! both under the caller's one key. If a failure separates the two, the next call with that key
//! completes the stock.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::store,
};
use iam::access::{Permit, Reach, kind};
use platform::{
    clock::local_day,
    storage::{
        Fault, Finds as _, Reads as _, TenantScope,
        idempotency::{self, Key, hash_of},
    },
};
use serde::Serialize;

use super::{
    Checks, Ledger, LotRef, Mode, ProductRef, Stop, StoreRef, SubmitResult,
    adjust::{AdjustInput, ChangeInput, submit_adjustment},
    check_key, key_of, load_known_store, load_stores_by_code, store_of,
};
use crate::{
    catalog::{
        self, Batch, CallOptions, Catalog, Outcome,
        core::{
            product::{ProductDoc, ProductFields},
            text::fold,
        },
    },
    currency::shell::load_rate_on,
    stock::core::{At, EarliestRefusals, Field, LotRefusal, Noun, Refusal, Rejection, Shortage, check_dates},
};

/// Maximum lines of opening stock.
pub const MAX_OPENING_LINES: usize = 100;
/// Mutation name of the ledger's key: the catalogue stores the key under the mutation's own name.
const STOCK_KEY: &str = "productCreate.openingStock";

/// Opening stock of a product in a store.
#[derive(Debug, Clone, Serialize)]
pub struct OpeningLine {
    pub store: StoreRef,
    pub quantity: Quantity,
    pub unit_cost: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}

/// Results of the product and of its opening stock.
#[derive(Debug)]
pub struct ProductWithStock {
    pub batch: Batch<ProductDoc>,
    /// None if the ledger was not called: the product was refused, or only validated.
    pub stock: Option<SubmitResult>,
}

/// Creates a product and receives its opening stock. Foreseeable rejections of the stock are found
/// before the product is written.
pub async fn create_product_with_stock(
    (catalog, ledger): (&Catalog, &Ledger),
    permit: Permit<kind::ProductWrite>,
    (fields, lines): (ProductFields, Vec<OpeningLine>),
    (key, mode): (String, catalog::Mode),
) -> Result<ProductWithStock, Stop> {
    let adjust_permit = permit.also::<kind::StockAdjust>()?;
    check_form(&key, &lines)?;
    let hash = hash_of(&(&fields, &lines));
    let product_key = Key { owner: permit.actor().id, mutation: "productCreate", key: key.clone(), hash };
    let scope = permit.scope(&catalog.db);
    let used_keys = idempotency::look_up(&scope, [&product_key]).await?;
    // The product of an earlier call exists: the ledger checks later changes, and a completed call
    // keeps its answer.
    let is_known = idempotency::key_use(&product_key, &used_keys).is_some();
    let call_options = |mode| CallOptions { key: Some(key.clone()), mode };
    if !is_known {
        let mut problems = EarliestRefusals::default();
        let closed_stores = closed_store_rejections(&scope, &adjust_permit.reach(), &lines).await?;
        let missing_rates = find_missing_rates(ledger, &scope, &adjust_permit.reach(), &lines).await?;
        for rejection in closed_stores.into_iter().chain(missing_rates).chain(find_conflicts(&fields, &lines)) {
            problems.add(rejection);
        }
        let problems = problems.into_rejections();
        if !problems.is_empty() {
            let batch = catalog.product_create_of(permit, &fields, hash, call_options(catalog::Mode::Check)).await?;
            return Ok(ProductWithStock { batch, stock: Some(Err(Stop::Refused(problems))) });
        }
    }
    let batch = catalog.product_create_of(permit, &fields, hash, call_options(mode)).await?;
    let row = batch.rows.first().filter(|row| row.outcome != Outcome::Refused).and_then(|row| row.row.as_ref());
    let product = row.map(|doc| doc.row.id);
    let mode = if mode == catalog::Mode::Check { Mode::Validate } else { Mode::Commit };
    let stock = match product {
        Some(product) if is_known || mode == Mode::Commit => {
            Some(Box::pin(receive_stock(ledger, adjust_permit, (product, lines), (key, mode))).await)
        }
        _ => None,
    };
    Ok(ProductWithStock { batch, stock })
}

/// Checks the form of the input.
fn check_form(key: &str, lines: &[OpeningLine]) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    checks.items(lines.len(), MAX_OPENING_LINES, || At::input(Field::OpeningStock));
    for (index, line) in lines.iter().enumerate().take(MAX_OPENING_LINES) {
        let at = At::row(Field::OpeningStock, index);
        if !line.quantity.is_positive() {
            checks.refuse(Refusal::NotPositive.at(at.field(Field::Quantity)));
        }
        if line.unit_cost.is_some_and(|cost| cost.minor < 0) {
            checks.refuse(Refusal::NegativeCost.at(at.field(Field::UnitCost)));
        }
        checks.lot(line.lot.as_ref(), || at.field(Field::Lot));
    }
    checks.done()
}

/// Returns the conflicts between the lines and the fields of the new product.
fn find_conflicts(fields: &ProductFields, lines: &[OpeningLine]) -> Vec<Rejection> {
    let sku = fields.sku.set().cloned().unwrap_or_default();
    let tracking = fields.tracking.set().copied().unwrap_or(Tracking::None);
    let decimals = fields.unit.set().map_or(0, |unit| u8::try_from(unit.decimals.clamp(0, 9)).unwrap_or_default());
    let mut line_conflicts = Vec::new();
    if fields.stock_policy.set() == Some(&StockPolicy::Untracked) {
        line_conflicts.push(Refusal::Untracked { sku: sku.clone() }.at(At::input(Field::OpeningStock)));
    }
    if fields.status.set() == Some(&ProductStatus::Archived) {
        line_conflicts.push(Refusal::ProductArchived { sku: sku.clone() }.at(At::input(Field::OpeningStock)));
    }
    let mut total = 0_i64;
    let mut lots = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let at = At::row(Field::OpeningStock, index);
        if line.unit_cost.is_some_and(|cost| cost.times(line.quantity, decimals).is_none()) {
            line_conflicts.push(Refusal::LineTooLarge.at(at.field(Field::UnitCost)));
        }
        total = total.saturating_add(line.quantity.get());
        if Quantity::new(total).is_none() {
            line_conflicts.push(Refusal::StockTooLarge.at(at.field(Field::Quantity)));
        }
        line_conflicts.extend(check_lot((sku.as_str(), tracking), line, &mut lots, at).err());
    }
    line_conflicts
}

/// Lots of earlier lines, by folded code, with their dates.
type Lots = HashMap<String, (Option<i32>, Option<i32>)>;

fn check_lot((sku, tracking): (&str, Tracking), line: &OpeningLine, lots: &mut Lots, at: At) -> Result<(), Rejection> {
    let lot = at.field(Field::Lot);
    let (code, made_on, expires_on) = match (&line.lot, tracking) {
        (None, Tracking::None) => return Ok(()),
        (Some(_), Tracking::None) => return Err(LotRefusal::NotTracked { sku: sku.to_owned() }.at(lot)),
        (None, tracking) => return Err(LotRefusal::Unsaid { sku: sku.to_owned(), tracking }.at(lot)),
        // A product that is being created has no lots yet.
        (Some(LotRef::Id(_)), _) => return Err(Rejection::not_found(Noun::Lot, lot)),
        (Some(LotRef::Code { code, made_on, expires_on }), _) => (code.trim(), *made_on, *expires_on),
    };
    check_dates(made_on, expires_on, at.expires_on())?;
    if tracking == Tracking::Serial && line.quantity != Quantity::ONE {
        return Err(LotRefusal::SerialNotOne.at(at.field(Field::Quantity)));
    }
    match lots.insert(fold(code), (made_on, expires_on)) {
        Some(_) if tracking == Tracking::Serial => Err(LotRefusal::SerialInStock { code: code.to_owned() }.at(lot)),
        Some(dates) if dates != (made_on, expires_on) => Err(LotRefusal::OtherDates { code: code.to_owned() }.at(lot)),
        _ => Ok(()),
    }
}

#[derive(Record)]
#[record(of = store, alias = "")]
struct StoreState {
    id: StoreId,
    archived_at: Option<Timestamp>,
}

/// Returns rejections of stores that are unknown to the caller, or closed.
async fn closed_store_rejections(scope: &TenantScope, reach: &Reach, lines: &[OpeningLine]) -> Result<Vec<Rejection>, Fault> {
    let store_refs: Vec<&StoreRef> = lines.iter().map(|line| &line.store).collect();
    let by_code = load_stores_by_code(scope, &store_refs).await?;
    let lined_stores: Vec<(Option<StoreId>, At)> = store_refs
        .iter()
        .enumerate()
        .map(|(index, store)| {
            let at = At::row(Field::OpeningStock, index).field(Field::Store);
            (store_of(store, &by_code, || at).ok().filter(|store| reach.covers(*store)), at)
        })
        .collect();
    let backend = scope.backend();
    let (select, id_condition) = (StoreState::SELECT, backend.in_ids("id", 2));
    let sql = format!("SELECT {select} FROM store WHERE tenant_id = $1 AND {id_condition}");
    let stores =
        scope.records::<StoreState>(&sql, vec![backend.ids(lined_stores.iter().filter_map(|(store, _)| *store))]).await?;
    let archived_by_store: HashMap<StoreId, Option<Timestamp>> =
        stores.into_iter().map(|store| (store.id, store.archived_at)).collect();
    let refusal = |(store, at): (Option<StoreId>, At)| match store.and_then(|store| archived_by_store.get(&store)) {
        None => Some(Rejection::not_found(Noun::Store, at)),
        Some(Some(_)) => Some(Refusal::StoreArchived.at(at)),
        Some(None) => None,
    };
    Ok(lined_stores.into_iter().filter_map(refusal).collect())
}

/// Returns rejections of costs in currencies without a rate to that of the books today, in the
/// first line's store.
async fn find_missing_rates(
    ledger: &Ledger,
    scope: &TenantScope,
    reach: &Reach,
    lines: &[OpeningLine],
) -> Result<Vec<Rejection>, Fault> {
    let book_currency = ledger.terms(scope).await?.currency;
    let foreign_currency = |line: &OpeningLine| {
        line.unit_cost.map(|cost| cost.currency).filter(|foreign_currency| *foreign_currency != book_currency)
    };
    let foreign_costs: Vec<(usize, Currency)> =
        lines.iter().enumerate().filter_map(|(index, line)| Some((index, foreign_currency(line)?))).collect();
    let Some(first) = lines.first().filter(|_| !foreign_costs.is_empty()) else { return Ok(Vec::new()) };
    let Some(store) = load_known_store(scope, &first.store, reach).await? else { return Ok(Vec::new()) };
    let day = local_day(ledger.clock().now(), &store.time_zone);
    let mut has_rates: HashMap<Currency, bool> = HashMap::new();
    let mut rejections = Vec::new();
    for (index, foreign_currency) in foreign_costs {
        let is_rated = match has_rates.get(&foreign_currency) {
            Some(is_rated) => *is_rated,
            None => load_rate_on(scope, foreign_currency, book_currency, day).await?.is_some(),
        };
        has_rates.insert(foreign_currency, is_rated);
        if !is_rated {
            let at = At::row(Field::OpeningStock, index).field(Field::UnitCost);
            rejections.push(Refusal::RateMissing { from: foreign_currency, to: book_currency, day }.at(at));
        }
    }
    Ok(rejections)
}

/// Receives the stock, once for the key.
async fn receive_stock(
    ledger: &Ledger,
    permit: Permit<kind::StockAdjust>,
    (product, lines): (ProductId, Vec<OpeningLine>),
    (key, mode): (String, Mode),
) -> SubmitResult {
    let change = |line: OpeningLine| ChangeInput {
        product: ProductRef::Id(product),
        store: line.store,
        delta: line.quantity,
        expected_version: None,
        unit_cost: line.unit_cost,
        note: None,
        lot: line.lot,
    };
    let input = AdjustInput {
        idempotency_key: key,
        kind: MovementKind::Receipt,
        reason: ReasonCode::Opening,
        note: None,
        external_ref: None,
        occurred_at: None,
        on_shortage: Shortage::Refuse,
        changes: lines.into_iter().map(change).collect(),
    };
    let key = key_of(&permit, STOCK_KEY, &input.idempotency_key, &input);
    match submit_adjustment(ledger, &permit, (&input, &Reach::Everywhere), key, mode).await {
        Err(Stop::Refused(rejections)) => Err(Stop::Refused(rejections.into_iter().map(at_input_place).collect())),
        done => done,
    }
}

/// Returns a rejection of the movement with its place in this call's input.
fn at_input_place(rejection: Rejection) -> Rejection {
    let renamed = |field| match field {
        Field::Changes | Field::OccurredAt => Field::OpeningStock,
        Field::Delta => Field::Quantity,
        other => other,
    };
    let at = rejection.at;
    // The input has no field for the product that is being created.
    let field = at.field.filter(|field| *field != Field::Product).map(renamed);
    let at = At { row: at.row.map(|(list, index)| (renamed(list), index)), field, ..at };
    Rejection { at, ..rejection }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::core::{Patch, product::UnitText},
        stock::core::Reason,
    };

    fn line(quantity: i64, lot: Option<&str>) -> OpeningLine {
        let lot = lot.map(|code| LotRef::Code { code: code.to_owned(), made_on: None, expires_on: None });
        OpeningLine { store: StoreRef::Code("LDN".to_owned()), quantity: Quantity::new(quantity).unwrap(), unit_cost: None, lot }
    }
    fn tracked_by(tracking: Tracking) -> ProductFields {
        ProductFields { sku: Patch::Set("MUG".to_owned()), tracking: Patch::Set(tracking), ..ProductFields::default() }
    }
    fn refused(fields: &ProductFields, lines: &[OpeningLine]) -> Vec<Refusal> {
        let why = |rejection: Rejection| match rejection.why {
            Reason::Stock(refusal) => refusal,
            other => panic!("{other:?}"),
        };
        find_conflicts(fields, lines).into_iter().map(why).collect()
    }

    #[test]
    fn a_lot_is_said_where_there_are_lots_and_nowhere_else() {
        let mug = || "MUG".to_owned();
        assert!(refused(&tracked_by(Tracking::None), &[line(5, None)]).is_empty());
        assert_eq!(
            refused(&tracked_by(Tracking::None), &[line(5, Some("L1"))]),
            [Refusal::Lot(LotRefusal::NotTracked { sku: mug() })]
        );
        let unsaid = Refusal::Lot(LotRefusal::Unsaid { sku: mug(), tracking: Tracking::Lot });
        assert_eq!(refused(&tracked_by(Tracking::Lot), &[line(5, Some("L1")), line(5, Some("l1 ")), line(1, None)]), [unsaid]);
    }

    #[test]
    fn a_serial_number_opens_once_with_one_unit() {
        let twice = [line(1, Some("S1")), line(1, Some("s1"))];
        let told = Refusal::Lot(LotRefusal::SerialInStock { code: "s1".to_owned() });
        assert_eq!(refused(&tracked_by(Tracking::Serial), &twice), [told]);
        assert_eq!(refused(&tracked_by(Tracking::Serial), &[line(2, Some("S1"))]), [Refusal::Lot(LotRefusal::SerialNotOne)]);
    }

    #[test]
    fn more_than_can_be_counted_or_paid_is_refused_before_the_product_is_made() {
        let most = Quantity::new((1 << 53) - 1).unwrap().get();
        assert_eq!(refused(&tracked_by(Tracking::None), &[line(most, None), line(1, None)]), [Refusal::StockTooLarge]);
        let gbp = Currency::parse("GBP").unwrap();
        let dear = |decimals| {
            let unit = Patch::Set(UnitText { code: "g".to_owned(), decimals });
            let cost = Some(Money { minor: 1_000_000_000, currency: gbp });
            refused(
                &ProductFields { unit, ..tracked_by(Tracking::None) },
                &[OpeningLine { unit_cost: cost, ..line(1_000_000_000, None) }],
            )
        };
        assert_eq!((dear(0), dear(3)), (vec![Refusal::LineTooLarge], Vec::new()));
    }

    #[test]
    fn the_ledgers_refusals_name_what_was_sent() {
        let of = |at| at_input_place(Refusal::StockTooLarge.at(at)).at;
        let line = At::row(Field::OpeningStock, 3);
        assert_eq!(of(At::row(Field::Changes, 3).field(Field::Delta)), line.field(Field::Quantity));
        assert_eq!(of(At::row(Field::Changes, 3).field(Field::Store)), line.field(Field::Store));
        assert_eq!(of(At::row(Field::Changes, 3).field(Field::Product)), line);
        assert_eq!(of(At::input(Field::Changes)), At::input(Field::OpeningStock));
    }
}
