//! Lines that count packs: `packs` of a barcode become smallest units before the rest of an input is read.

use std::collections::HashMap;

use async_graphql::{Context, ID};
use entity::prelude::{
    self, FulfilmentWaveId, FulfilmentWorkId, FulfilmentWorkLineId, OrderId, OrderLineId, ProductId, PurchaseOrderId, ReturnId,
    ReturnLineId, SupplierReturnId, TransferId, TransferLineId,
};
use iam::access::{Permission, Permit};
use inventory::{
    catalog::core::gtin,
    fulfilment,
    ledger::{Ledger, Pack, load_packs},
    orders, purchasing, returns, transfers,
};
use platform::{
    path,
    storage::{Fault, TenantScope},
};

use crate::{
    catalog::ProductRef,
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, Path, UserError, truncate_errors},
        scalars::Quantity,
    },
};

/// Quantity of an input's line, in smallest units or in packs.
pub struct PackLine<'a> {
    pub product: Option<&'a ProductRef>,
    pub units: &'a mut Option<Quantity>,
    pub packs: Option<i32>,
    /// The field that counts smallest units.
    pub name: &'static str,
    /// The place of the line in the input.
    pub at: Path,
}

/// Parts of a line's quantity: its product, the field that counts its smallest units, and its
/// packs.
pub type LineAmount<'a> = (Option<&'a ProductRef>, &'a mut Option<Quantity>, Option<i32>);

/// The lines of a list of the input, for `convert_packs`; `name` is the field that counts smallest units.
pub fn pack_lines<'a, L>(
    lines: &'a mut [L],
    list: &str,
    name: &'static str,
    amount: impl Fn(&'a mut L) -> LineAmount<'a>,
) -> Vec<PackLine<'a>> {
    let line = |(index, line): (usize, &'a mut L)| {
        let (product, units, packs) = amount(line);
        PackLine { product, units, packs, name, at: path!["input", list, index] }
    };
    lines.iter_mut().enumerate().map(line).collect()
}

impl PackLine<'_> {
    fn field_error(&self, code: ErrorCode, message: impl Into<String>, name: &str) -> UserError {
        field_error(&self.at, code, message, name)
    }
}

/// Quantity of a line that is named by its ID, in smallest units or in packs of a barcode.
pub struct CodedLine<'a> {
    pub line: Option<&'a ID>,
    pub units: &'a mut Option<Quantity>,
    pub packs: Option<i32>,
    /// The barcode of the packs: one of the line's product.
    pub barcode: Option<&'a str>,
    /// The place of the line in the input.
    pub at: Path,
}

impl<'a> CodedLine<'a> {
    /// The line at an index of `input.setLines`; None if it has no quantity, which then stays
    /// unchanged.
    pub fn set(
        index: usize,
        line: Option<&'a ID>,
        units: &'a mut Option<Quantity>,
        packs: Option<i32>,
        barcode: Option<&'a str>,
    ) -> Option<Self> {
        let set_line = Self { line, units, packs, barcode, at: path!["input", "setLines", index] };
        set_line.is_counted().then_some(set_line)
    }
    /// The line at a place of `input.lines`.
    pub fn of(
        index: usize,
        line: Option<&'a ID>,
        units: &'a mut Option<Quantity>,
        packs: Option<i32>,
        barcode: Option<&'a str>,
    ) -> Self {
        Self { line, units, packs, barcode, at: platform::path!["input", "lines", index] }
    }
    /// Whether the line has a quantity.
    pub fn is_counted(&self) -> bool {
        self.units.is_some() || self.packs.is_some() || self.barcode.is_some()
    }
    fn field_error(&self, code: ErrorCode, message: impl Into<String>, name: &str) -> UserError {
        field_error(&self.at, code, message, name)
    }
}

fn field_error(at: &Path, code: ErrorCode, message: impl Into<String>, name: &str) -> UserError {
    let mut path = at.clone();
    path.push(name.to_owned());
    UserError::new(code, message, path)
}

/// The units of a number of packs; None on overflow.
fn units_of_packs(packs: i32, pack: i64) -> Option<Quantity> {
    i64::from(packs).checked_mul(pack).and_then(prelude::Quantity::new).map(Quantity)
}

const TOO_MANY: &str = "these are more units than can be counted";

/// Converts each line to smallest units, and returns the errors of lines. An unknown barcode is
/// refused later, with the other references. One statement if a line counts packs, else none.
pub async fn convert_packs(ctx: &Context<'_>, lines: Vec<PackLine<'_>>) -> Answer<Vec<UserError>> {
    let (mut errors, mut pack_lines) = (Vec::new(), Vec::new());
    for line in lines {
        let name = line.name;
        match (line.packs, line.units.is_some(), line.product) {
            (None, true, _) => {}
            (None, false, _) => errors.push(line.field_error(ErrorCode::Required, format!("{name} or packs is needed"), name)),
            (Some(_), true, _) => {
                errors.push(line.field_error(ErrorCode::Invalid, format!("{name} or packs is expected, not both"), "packs"));
            }
            (Some(packs), false, Some(ProductRef::Barcode(code))) => pack_lines.push((gtin::key(code.trim()), packs, line)),
            (Some(_), false, _) => {
                let message = "packs are counted of a product that is named by a barcode";
                errors.push(line.field_error(ErrorCode::Invalid, message, "packs"));
            }
        }
    }
    if !pack_lines.is_empty() {
        let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
        let packs_by_key = load_packs(&scope, pack_lines.iter().map(|(key, ..)| key.clone()).collect()).await?;
        for (key, packs, line) in pack_lines {
            let pack = packs_by_key.get(&key).map_or(1, |pack| pack.quantity);
            match units_of_packs(packs, pack) {
                Some(units) => *line.units = Some(units),
                None => errors.push(line.field_error(ErrorCode::OutOfRange, TOO_MANY, "packs")),
            }
        }
    }
    Ok(truncate_errors(errors.into_iter()))
}

/// A document whose lines are named by their IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOwner {
    Order,
    Transfer,
    PurchaseOrder,
    Return,
    /// Named by their products.
    SupplierReturn,
    Work,
    /// The lines of all works of a wave.
    Wave,
}

impl LineOwner {
    /// The products of the document's lines, by the lines' IDs. Empty if the document does not
    /// exist or the permit does not cover it, which look the same.
    async fn products<P: Permission>(
        self,
        scope: &TenantScope,
        permit: &Permit<P>,
        document: &ID,
    ) -> Result<HashMap<String, ProductId>, Fault> {
        let mut products = HashMap::new();
        match self {
            Self::Order => {
                let Ok(id) = document.parse::<OrderId>() else { return Ok(products) };
                let mut visible_orders = orders::rows::orders(scope, &[id]).await?;
                visible_orders.retain(|order| permit.covers_document(order.store, order.channel));
                for (order, line) in visible_orders.iter().flat_map(|order| order.lines.iter().map(move |line| (order, line))) {
                    let id: OrderLineId = order.line_id(line.position);
                    products.extend(line.product().map(|product| (id.to_string(), product)));
                }
            }
            Self::Transfer => {
                let Ok(id) = document.parse::<TransferId>() else { return Ok(products) };
                let mut visible_orders = transfers::rows::load_transfers(scope, &[id]).await?;
                visible_orders.retain(|transfer| permit.covers(transfer.from) || permit.covers(transfer.to));
                for line in visible_orders.iter().flat_map(|transfer| &transfer.lines) {
                    let id: TransferLineId = id.line(line.position);
                    products.insert(id.to_string(), line.product);
                }
            }
            Self::PurchaseOrder => {
                let Ok(id) = document.parse::<PurchaseOrderId>() else { return Ok(products) };
                let places = purchasing::rows::places_of(scope, &[id]).await?;
                if places.values().any(|(store, _)| permit.covers(*store)) {
                    let lines = purchasing::rows::products_of_lines(scope, &[id]).await?;
                    products.extend(lines.into_iter().map(|(id, product)| (id.to_string(), product)));
                }
            }
            Self::Return => {
                let Ok(id) = document.parse::<ReturnId>() else { return Ok(products) };
                if may_see_return(scope, permit, id).await? {
                    for line in returns::rows::load_return_lines(scope, &[id]).await?.into_values().flatten() {
                        let id: ReturnLineId = id.line(line.position);
                        products.extend(line.product.map(|product| (id.to_string(), product)));
                    }
                }
            }
            Self::SupplierReturn => {
                let Ok(id) = document.parse::<SupplierReturnId>() else { return Ok(products) };
                products = load_products_of_supplier_return(scope, permit, id).await?;
            }
            Self::Work => {
                let Ok(id) = document.parse::<FulfilmentWorkId>() else { return Ok(products) };
                products = load_products_of_works(scope, permit, &[id]).await?;
            }
            Self::Wave => {
                let Ok(id) = document.parse::<FulfilmentWaveId>() else { return Ok(products) };
                let works = fulfilment::rows::works_of_waves(scope, &[id]).await?;
                let works: Vec<FulfilmentWorkId> = works.into_iter().map(|(_, work)| work).collect();
                products = load_products_of_works(scope, permit, &works).await?;
            }
        }
        Ok(products)
    }
}

/// The products of the lines of works of the permit's stores, by the lines' IDs.
async fn load_products_of_works<P: Permission>(
    scope: &TenantScope,
    permit: &Permit<P>,
    works: &[FulfilmentWorkId],
) -> Result<HashMap<String, ProductId>, Fault> {
    let mut products = HashMap::new();
    let mut visible_works = fulfilment::rows::load_works(scope, works).await?;
    visible_works.retain(|work| permit.covers(work.head.store));
    for work in &visible_works {
        for line in &work.lines {
            let id: FulfilmentWorkLineId = work.head.id.line(line.nth);
            products.insert(id.to_string(), line.product);
        }
    }
    Ok(products)
}

/// The products of a return to a supplier by their IDs, if it belongs to one of the permit's
/// stores.
async fn load_products_of_supplier_return<P: Permission>(
    scope: &TenantScope,
    permit: &Permit<P>,
    id: SupplierReturnId,
) -> Result<HashMap<String, ProductId>, Fault> {
    let supplier_returns = purchasing::rows::returns(scope, &[id]).await?;
    if !supplier_returns.iter().any(|supplier_return| permit.covers(supplier_return.store)) {
        return Ok(HashMap::new());
    }
    let lines = purchasing::rows::return_lines(scope, &[id]).await?.into_values().flatten();
    Ok(lines.map(|line| (line.product.to_string(), line.product)).collect())
}

/// Whether a return belongs to one of the permit's stores, and to the caller's channel.
async fn may_see_return<P: Permission>(scope: &TenantScope, permit: &Permit<P>, id: ReturnId) -> Result<bool, Fault> {
    if !permit.is_limited() {
        return Ok(true);
    }
    let location = returns::rows::load_return_place(scope, id).await?;
    if location.is_none_or(|location| !permit.covers(location.store)) {
        return Ok(false);
    }
    match permit.channel() {
        None => Ok(true),
        Some(channel) => Ok(!returns::rows::filter_returns_by_channel(scope, &[id], channel).await?.is_empty()),
    }
}

/// Converts each line of a document to smallest units, and returns the errors of lines. Packs are
/// those of a barcode of the line's product, so a scan of another case is refused. A few statements
/// if a line counts packs, else none.
pub async fn convert_coded_lines<P: Permission>(
    ctx: &Context<'_>,
    permit: &Permit<P>,
    (kind, document): (LineOwner, &ID),
    lines: Vec<CodedLine<'_>>,
) -> Answer<Vec<UserError>> {
    let (mut errors, mut pack_lines) = (Vec::new(), Vec::new());
    for line in lines {
        match (line.packs, line.units.is_some(), line.barcode) {
            (None, true, None) => {}
            (None, true, Some(_)) => {
                errors.push(line.field_error(ErrorCode::Invalid, "a barcode is expected with packs alone", "barcode"));
            }
            (None, false, _) => errors.push(line.field_error(ErrorCode::Required, "quantity or packs is needed", "quantity")),
            (Some(_), true, _) => {
                errors.push(line.field_error(ErrorCode::Invalid, "quantity or packs is expected, not both", "packs"));
            }
            (Some(_), false, None) => {
                errors.push(line.field_error(ErrorCode::Required, "the barcode of the packs is needed", "barcode"));
            }
            (Some(packs), false, Some(code)) => pack_lines.push((gtin::key(code.trim()), packs, line)),
        }
    }
    if !pack_lines.is_empty() {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let products = Box::pin(kind.products(&scope, permit, document)).await?;
        let packs_by_key = load_packs(&scope, pack_lines.iter().map(|(key, ..)| key.clone()).collect()).await?;
        for (key, packs, line) in pack_lines {
            match units_of_line(&line, packs, &products, packs_by_key.get(&key)) {
                Ok(units) => *line.units = Some(units),
                Err(error) => errors.push(error),
            }
        }
    }
    Ok(truncate_errors(errors.into_iter()))
}

fn units_of_line(
    line: &CodedLine<'_>,
    packs: i32,
    products: &HashMap<String, ProductId>,
    pack: Option<&Pack>,
) -> Result<Quantity, UserError> {
    let Some(id) = line.line else {
        return Err(line.field_error(ErrorCode::Required, "the line is needed", "lineId"));
    };
    let Some(product) = products.get(id.as_str()) else {
        return Err(line.field_error(ErrorCode::NotFound, "there is no such line", "lineId"));
    };
    let Some(pack) = pack else {
        return Err(line.field_error(ErrorCode::NotFound, "there is no such barcode", "barcode"));
    };
    if pack.product != *product {
        return Err(line.field_error(ErrorCode::Invalid, "the barcode is of another product than the line", "barcode"));
    }
    units_of_packs(packs, pack.quantity).ok_or_else(|| line.field_error(ErrorCode::OutOfRange, TOO_MANY, "packs"))
}
