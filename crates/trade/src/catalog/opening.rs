//! A product and its opening stock in one call.

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    catalog::{Catalog, Mode},
    ledger::{
        Ledger,
        opening::{OpeningLine, ProductWithStock, create_product_with_stock},
    },
};
use platform::path;

use super::{
    Product,
    inputs::{OpeningStockInput, ProductCreateInput},
    payload::{Parts, ProductPayload, parts, visibility},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        refusal::{ErrorCode, UserError, truncate_errors},
        scalars::Long,
    },
    stock::{receipt, stopped},
};

fn lines(reading: &mut InputErrors, lines: Vec<OpeningStockInput>) -> Vec<OpeningLine> {
    let line = |(index, line): (usize, OpeningStockInput)| {
        let at = |name: &str| path!["input", "openingStock", index, name];
        OpeningLine {
            store: reading.store(line.store, || at("store")),
            quantity: line.quantity.0,
            unit_cost: reading.money(line.unit_cost.as_ref(), || at("unitCost")),
            lot: line.lot.map(|lot| reading.lot(lot, || at("lot"))),
        }
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// Creates a product with its stock. If the product was created and its stock was refused, the
/// product is returned with the rejections: the next call with the key continues there.
pub async fn create(
    ctx: &Context<'_>,
    permit: Permit<kind::ProductWrite>,
    (input, opening): (ProductCreateInput, Vec<OpeningStockInput>),
    mode: Mode,
) -> Answer<ProductPayload> {
    let Some(key) = input.idempotency_key.clone() else {
        let message = "openingStock needs an idempotencyKey: a call that breaks off is finished by sending it again";
        return Ok(vec![UserError::new(ErrorCode::Required, message, path!["input", "idempotencyKey"])].into());
    };
    let lines = match read(|reading| lines(reading, opening)) {
        Ok(lines) => lines,
        Err(errors) => return Ok(errors.into()),
    };
    let rooms = (ctx.given::<Catalog>()?, ctx.given::<Ledger>()?);
    let ProductWithStock { batch, stock } =
        match create_product_with_stock(rooms, permit, (input.into(), lines), (key, mode)).await {
            Ok(opened) => opened,
            Err(stop) => return Ok(stopped(ctx, stop).await?.into()),
        };
    let visibility = visibility::<kind::ProductRead>(ctx)?;
    let Parts { mut entity, mut user_errors, mut replayed, mut seq } = parts(batch, visibility, Product::from);
    if let Some(done) = stock {
        match receipt(ctx, done).await? {
            Ok(receipt) => {
                replayed &= receipt.stored.is_some();
                seq = receipt.seq.map(Long).or(seq);
            }
            Err(errors) => {
                // Without an event nothing was written, including the product.
                entity = entity.filter(|_| seq.is_some());
                user_errors.extend(errors);
            }
        }
    }
    let user_errors = truncate_errors(user_errors.into_iter());
    Ok(ProductPayload { product: entity, user_errors, replayed, seq })
}
