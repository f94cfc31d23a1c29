//! Executes lines through the rooms' own shells. The created documents have the group of their
//! lines as external reference, by which they are found again.

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach, kind};
use inventory::{
    catalog::{
        CallOptions, Catalog, Mode as Write,
        core::{
            Patch,
            kit::{ComponentText, KitFields},
            product::{MoneyText, ProductFields},
            text,
        },
        shell::RowRef,
    },
    ledger::{
        Ledger, Mode, ProductRef, Stop, StoreRef,
        shell::{AdjustInput, ChangeInput, stock_adjust},
    },
    purchasing::shell::{NewReturnLine, SupplierRef, SupplierReturnCreate, supplier_return_create},
    stock::core::Shortage,
    transfers::shell::{TransferCreate, TransferLine, transfer_create},
};
use platform::storage::{Fault, Reads, Row, idempotency};
use uuid::Uuid;

use super::refusal::Refusal;
use crate::liquidation::{
    core::{Bundle, Document, LineAction, PlanLine, ReasonCode as Why},
    rows,
};

type ReadPermit = Permit<kind::PurchaseRead>;

/// Result of executing a group of lines.
pub enum GroupOutcome {
    Made(Document),
    Refused(Refusal),
    /// The caller lacks the permission, or another caller began it: the lines stay claimed.
    Denied,
}

/// The rooms that lines are carried out through.
#[derive(Clone, Copy)]
pub struct Rooms<'a> {
    pub ledger: &'a Ledger,
    pub catalog: &'a Catalog,
}

/// The permission that a line needs in the store where its stock is.
pub fn required_permission(line: &PlanLine) -> &'static str {
    match line.act {
        LineAction::Transfer { .. } => kind::TransferWrite::info().code,
        LineAction::Return { .. } => kind::PurchaseReceive::info().code,
        LineAction::WriteOff => kind::StockAdjust::info().code,
        LineAction::Markdown { .. } | LineAction::Bundle(_) | LineAction::Keep => kind::ProductWrite::info().code,
    }
}

pub fn may_execute(permit: &ReadPermit, line: &PlanLine) -> bool {
    match line.act {
        LineAction::Transfer { .. } => permit.also::<kind::TransferWrite>().is_ok_and(|permit| permit.covers(line.store)),
        LineAction::Return { .. } => permit.also::<kind::PurchaseReceive>().is_ok_and(|permit| permit.covers(line.store)),
        LineAction::WriteOff => permit.also::<kind::StockAdjust>().is_ok_and(|permit| permit.covers(line.store)),
        // A price is the same in all stores, and so is a kit.
        LineAction::Markdown { .. } | LineAction::Bundle(_) => {
            permit.also::<kind::ProductWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere)
        }
        LineAction::Keep => false,
    }
}

/// Carries a group out, or finds that it was. `claimer` began it.
pub async fn execute_lines(
    rooms: Rooms<'_>,
    permit: &ReadPermit,
    (group, claimer): (Uuid, Uuid),
    lines: &[PlanLine],
    (today, currency): (i32, Currency),
) -> Result<GroupOutcome, Fault> {
    let Some(first) = lines.first() else { return Ok(GroupOutcome::Denied) };
    let scope = permit.scope(rooms.ledger.database());
    let reference = format!("liquidation-{}", group.simple());
    if let Some(document) = find_document(&scope, first, &reference).await? {
        return Ok(GroupOutcome::Made(document));
    }
    if let LineAction::Markdown { steps } = &first.act {
        let due = first.due_price(today).map(|(_, price)| price);
        let Some(price) = due.or_else(|| steps.first().map(|step| step.price_minor)) else { return Ok(GroupOutcome::Denied) };
        return Ok(match cut_price(rooms.catalog, permit, first.product, Money::new(price, currency)).await? {
            CutOutcome::Made => GroupOutcome::Made(Document::Price),
            CutOutcome::Refused(reason) => GroupOutcome::Refused(reason),
            CutOutcome::Denied => GroupOutcome::Denied,
        });
    }
    // Only its idempotency key keeps a return, a removal or a kit from being created twice, and
    // keys belong to their member.
    if !matches!(first.act, LineAction::Transfer { .. }) && claimer != permit.actor().id {
        return Ok(GroupOutcome::Denied);
    }
    if let LineAction::Bundle(bundle) = &first.act {
        return match make_kit(rooms.catalog, permit, (&reference, first.product), bundle, currency).await? {
            CutOutcome::Made => find_document(&scope, first, &reference)
                .await?
                .map(GroupOutcome::Made)
                .ok_or_else(|| Fault::Broken("the kit of an executed line was not found".to_owned())),
            CutOutcome::Refused(reason) => Ok(GroupOutcome::Refused(reason)),
            CutOutcome::Denied => Ok(GroupOutcome::Denied),
        };
    }
    let refused = match execute_action(rooms.ledger, permit, &reference, lines, currency).await {
        Ok(()) => Vec::new(),
        Err(Stop::Refused(rejections)) => rejections,
        Err(Stop::Denied(_)) => return Ok(GroupOutcome::Denied),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    // Created now, or by a concurrent call, which has taken the reference.
    match find_document(&scope, first, &reference).await? {
        Some(document) => Ok(GroupOutcome::Made(document)),
        None if refused.is_empty() => Err(Fault::Broken("the document of an executed line was not found".to_owned())),
        None => Ok(GroupOutcome::Refused(Refusal::Ledger(refused))),
    }
}

/// One call of the room that the lines are for. The idempotency key identifies the group only.
async fn execute_action(
    ledger: &Ledger,
    permit: &ReadPermit,
    reference: &str,
    lines: &[PlanLine],
    currency: Currency,
) -> Result<(), Stop> {
    let Some(first) = lines.first() else { return Ok(()) };
    match &first.act {
        LineAction::Transfer { to } => {
            let permit = permit.also::<kind::TransferWrite>()?;
            let input = transfer_input((first.store, *to), reference, lines)?;
            Box::pin(idempotency::by_key(transfer_create(ledger, permit, input, Mode::Commit))).await?;
        }
        LineAction::Return { supplier } => {
            let permit = permit.also::<kind::PurchaseReceive>()?;
            let input = supplier_return_input((first.store, *supplier), reference, (lines, currency))?;
            Box::pin(idempotency::by_key(supplier_return_create(ledger, permit, input, Mode::Commit))).await?;
        }
        LineAction::WriteOff => {
            let permit = permit.also::<kind::StockAdjust>()?;
            let input = write_off_input(first.store, reference, lines)?;
            Box::pin(idempotency::by_key(stock_adjust(ledger, permit, input, Mode::Commit))).await?;
        }
        LineAction::Markdown { .. } | LineAction::Bundle(_) | LineAction::Keep => {}
    }
    Ok(())
}

async fn find_document(reads: &impl Reads, line: &PlanLine, reference: &str) -> Result<Option<Document>, Fault> {
    let values = vec![reference.into()];
    match line.act {
        LineAction::Transfer { .. } => {
            let sql = "SELECT t.id FROM transfer t WHERE t.tenant_id = $1 AND t.external_ref = $2";
            let rows = reads.rows(sql, values).await?;
            rows.first().map(|row| Row::scalar(row).map(Document::Transfer)).transpose()
        }
        LineAction::Return { .. } => {
            let sql = "SELECT r.id FROM supplier_return r WHERE r.tenant_id = $1 AND r.external_ref = $2";
            let rows = reads.rows(sql, values).await?;
            rows.first().map(|row| Row::scalar(row).map(Document::SupplierReturn)).transpose()
        }
        LineAction::WriteOff => {
            let sql = "SELECT m.id FROM movement m WHERE m.tenant_id = $1 AND m.external_ref = $2 ORDER BY m.seq LIMIT 1";
            let rows = reads.rows(sql, values).await?;
            rows.first().map(|row| Row::scalar(row).map(Document::Movement)).transpose()
        }
        LineAction::Bundle(_) => Ok(find_bundle_product(reads, reference, true).await?.map(Document::Kit)),
        LineAction::Markdown { .. } | LineAction::Keep => Ok(None),
    }
}

/// The SKU of a bundle's kit, by which it is found again.
fn kit_sku(reference: &str) -> String {
    reference.replacen("liquidation-", "BUNDLE-", 1)
}

/// The product that was created for a bundle: its kit, or a product that an interrupted call has
/// not made a kit yet.
async fn find_bundle_product(reads: &impl Reads, reference: &str, is_kit: bool) -> Result<Option<ProductId>, Fault> {
    // Only keys have an index.
    let sql = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.sku_key = $2 AND p.sku = $3 AND p.is_kit = {}",
        i32::from(is_kit)
    );
    let sku = kit_sku(reference);
    let rows = reads.rows(&sql, vec![text::fold(&sku).into(), sku.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Creates the kit of a bundle: a draft product at the bundle's price, which a person reviews
/// before it is sold. Idempotency keys identify the group only.
async fn make_kit(
    catalog: &Catalog,
    permit: &ReadPermit,
    (reference, product): (&str, ProductId),
    bundle: &Bundle,
    currency: Currency,
) -> Result<CutOutcome, Fault> {
    let (Ok(product_permit), Ok(kit_permit)) = (permit.also::<kind::ProductWrite>(), permit.also::<kind::ProductWrite>()) else {
        return Ok(CutOutcome::Denied);
    };
    let scope = permit.scope(&catalog.db);
    let names = rows::names(&scope, &[product, bundle.partner]).await?;
    let decimals = rows::products(&scope, &[product]).await?.pop().map_or(0, |facts| facts.unit_decimals);
    let price = Money::new(bundle.price_minor, currency);
    let fields = ProductFields {
        sku: Patch::Set(kit_sku(reference)),
        name: Patch::Set(names.join(" + ")),
        price: Patch::Set(MoneyText { amount: price.amount(), currency: currency.to_string() }),
        status: Patch::Set(ProductStatus::Draft),
        ..ProductFields::default()
    };
    // Idempotency keys belong to their member: another member finds the kit by its SKU.
    let kit = if let Some(created) = find_bundle_product(&scope, reference, false).await? {
        created
    } else {
        let options = CallOptions { key: Some(reference.to_owned()), mode: Write::WriteAll };
        let created = Box::pin(idempotency::by_key(catalog.product_create(product_permit, fields, options))).await?;
        let mut problems = created.refused;
        let mut kit = None;
        for row in created.rows {
            problems.extend(row.problems);
            kit = row.row.map(|doc| doc.row.id);
        }
        let Some(kit) = kit.filter(|_| problems.is_empty()) else { return Ok(CutOutcome::Refused(Refusal::Catalog(problems))) };
        kit
    };
    let component = |product: ProductId, decimals: u32| ComponentText {
        product_id: product.to_string(),
        quantity: 10_i64.pow(decimals.min(9)),
    };
    let own_component = component(product, u32::try_from(decimals).unwrap_or_default());
    let fields = KitFields { components: vec![own_component, component(bundle.partner, bundle.partner_decimals.into())] };
    let row_ref = RowRef { id: kit.to_string(), expected_version: None };
    let options = CallOptions { key: Some(format!("{reference}-kit")), mode: Write::WriteAll };
    let kit_batch = Box::pin(idempotency::by_key(catalog.kit_set(kit_permit, row_ref, fields, options))).await?;
    let mut problems = kit_batch.refused;
    problems.extend(kit_batch.rows.into_iter().flat_map(|row| row.problems));
    Ok(if problems.is_empty() { CutOutcome::Made } else { CutOutcome::Refused(Refusal::Catalog(problems)) })
}

/// Result of a price cut, or of a kit's creation.
pub enum CutOutcome {
    Made,
    Refused(Refusal),
    Denied,
}

/// Sets a price that is lower than the present one; one that is lower already stays. Doing it twice is doing it once.
pub async fn cut_price(catalog: &Catalog, permit: &ReadPermit, product: ProductId, price: Money) -> Result<CutOutcome, Fault> {
    let Ok(permit) = permit.also::<kind::ProductWrite>() else { return Ok(CutOutcome::Denied) };
    let Some(facts) = rows::products(&permit.scope(&catalog.db), &[product]).await?.pop() else {
        return Ok(CutOutcome::Refused(Refusal::Catalog(Vec::new())));
    };
    let is_own = facts.price_currency.as_deref() == Some(price.currency.as_str());
    let Some(current_price) = facts.price_minor.filter(|_| is_own) else {
        return Ok(CutOutcome::Refused(Refusal::Catalog(Vec::new())));
    };
    if current_price <= price.minor {
        return Ok(CutOutcome::Made);
    }
    let row_ref = RowRef { id: product.to_string(), expected_version: None };
    let text = MoneyText { amount: price.amount(), currency: price.currency.to_string() };
    let fields = ProductFields { price: Patch::Set(text), ..ProductFields::default() };
    let options = CallOptions { key: None, mode: Write::WriteAll };
    let batch = Box::pin(catalog.products_update(permit, "liquidationPlanApprove", vec![(row_ref, fields)], options)).await?;
    let mut problems = batch.refused;
    problems.extend(batch.rows.into_iter().flat_map(|row| row.problems));
    Ok(if problems.is_empty() { CutOutcome::Made } else { CutOutcome::Refused(Refusal::Catalog(problems)) })
}

fn quantity(line: &PlanLine) -> Result<Quantity, Fault> {
    Quantity::new(line.quantity).ok_or_else(|| Fault::corrupt("liquidation_line", "a quantity can be counted exactly"))
}

fn transfer_input((from, to): (StoreId, StoreId), reference: &str, lines: &[PlanLine]) -> Result<TransferCreate, Fault> {
    let line = |line: &PlanLine| -> Result<TransferLine, Fault> {
        Ok(TransferLine { product: ProductRef::Id(line.product), quantity: quantity(line)? })
    };
    Ok(TransferCreate {
        idempotency_key: reference.to_owned(),
        from: StoreRef::Id(from),
        to: StoreRef::Id(to),
        external_ref: Some(reference.to_owned()),
        note: None,
        expected_at: None,
        lines: lines.iter().map(line).collect::<Result<_, Fault>>()?,
        status: None,
        metadata: None,
    })
}

fn supplier_return_input(
    (store, supplier): (StoreId, SupplierId),
    reference: &str,
    (lines, currency): (&[PlanLine], Currency),
) -> Result<SupplierReturnCreate, Fault> {
    let line = |line: &PlanLine| -> Result<NewReturnLine, Fault> {
        Ok(NewReturnLine {
            product: Some(ProductRef::Id(line.product)),
            of: None,
            quantity: quantity(line)?,
            source: ReturnSource::Available,
            unit_credit: Some(Money::new(line.figures.credit_minor, currency)),
            lot: None,
        })
    };
    Ok(SupplierReturnCreate {
        idempotency_key: reference.to_owned(),
        supplier: SupplierRef::Id(supplier),
        store: StoreRef::Id(store),
        external_ref: Some(reference.to_owned()),
        reason: ReasonCode::Other,
        note: None,
        occurred_at: None,
        lines: lines.iter().map(line).collect::<Result<_, Fault>>()?,
    })
}

fn write_off_input(store: StoreId, reference: &str, lines: &[PlanLine]) -> Result<AdjustInput, Fault> {
    let change = |line: &PlanLine| -> Result<ChangeInput, Fault> {
        Ok(ChangeInput {
            product: ProductRef::Id(line.product),
            store: StoreRef::Id(store),
            delta: quantity(line)?.negated(),
            expected_version: None,
            unit_cost: None,
            note: None,
            lot: None,
        })
    };
    let is_expired = lines.iter().all(|line| line.reasons.iter().any(|reason| reason.code == Why::Expires));
    Ok(AdjustInput {
        idempotency_key: reference.to_owned(),
        kind: MovementKind::Removal,
        reason: if is_expired { ReasonCode::Expiry } else { ReasonCode::Other },
        note: None,
        external_ref: Some(reference.to_owned()),
        occurred_at: None,
        on_shortage: Shortage::Refuse,
        changes: lines.iter().map(change).collect::<Result<_, Fault>>()?,
    })
}
